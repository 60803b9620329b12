/* The promises, as a list of things that abort. Telegram's limits are counted the way Telegram counts: UTF-16 units of
 * the text that is left when tags and entities are resolved. */
#include "tests/talk/promise.h"

#include <string.h>

enum { CAPTION_MAX_UNITS = 1024, TOAST_MAX_UNITS = 200, DEEP_MAX = 8, LABEL_MAX_UNITS = 128 };

static size_t utf16_units(const char *text)
{
    size_t units = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++)
        if ((*p & 0xc0) != 0x80)
            units += *p >= 0xf0 ? 2 : 1;
    return units;
}

/* Every tag is closed in order, every & begins an entity, no stray < or >. Names that were not escaped fail here. */
static void promise_html(const struct stage *stage, const char *html)
{
    char open[DEEP_MAX][16];
    size_t deep = 0;
    for (const char *p = html; *p != '\0'; p++) {
        if (*p == '&' && strncmp(p, "&lt;", 4) != 0 && strncmp(p, "&gt;", 4) != 0 && strncmp(p, "&amp;", 5) != 0 &&
            strncmp(p, "&quot;", 6) != 0)
            stage_fail(stage, "a bare & in: %s", html);
        if (*p == '>')
            stage_fail(stage, "a bare > in: %s", html);
        if (*p != '<')
            continue;
        bool closing = p[1] == '/';
        const char *name = p + 1 + closing;
        size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz-");
        const char *end = strchr(name, '>');
        if (length == 0 || length >= sizeof open[0] || end == NULL || (!closing && deep == DEEP_MAX))
            stage_fail(stage, "a bare < in: %s", html);
        if (closing && (deep == 0 || strlen(open[deep - 1]) != length || strncmp(open[deep - 1], name, length) != 0))
            stage_fail(stage, "a tag closed out of order in: %s", html);
        if (closing) {
            deep--;
        } else {
            memset(open[deep], 0, sizeof open[deep]);
            memcpy(open[deep++], name, length);
        }
        p = end;
    }
    if (deep != 0)
        stage_fail(stage, "a tag is not closed in: %s", html);
}

static void promise_button(const struct stage *stage, const struct button *button, bool asks_contact)
{
    struct press press;
    if (button->label == NULL || button->label[0] == '\0' || !text_is_clean(button->label) ||
        utf16_units(button->label) > LABEL_MAX_UNITS)
        stage_fail(stage, "a button without a fit label");
    if (asks_contact ? button->data != NULL || button->url != NULL : (button->data == NULL) == (button->url == NULL))
        stage_fail(stage, "the button %s has not exactly one of data and link", button->label);
    if (button->data != NULL &&
        (strlen(button->data) > BUTTON_DATA_MAX_BYTES || press_parse(button->data, &press) != ERR_OK))
        stage_fail(stage, "the data of button %s can't be read again: %s", button->label, button->data);
}

static void promise_message(const struct stage *stage, const struct effect *effect)
{
    bool screen = effect->kind == EFFECT_SCREEN;
    const struct message *message = screen ? effect->screen.message : effect->notice.message;
    struct arena arena;
    if (message == NULL || message->html == NULL || !text_is_clean(message->html))
        stage_fail(stage, "a message without words, or with broken ones");
    promise_html(stage, message->html);
    arena_init(&arena);
    size_t units = utf16_units(text_plain(&arena, message->html));
    arena_done(&arena);
    if (units == 0 || units > (message->picture != NULL ? CAPTION_MAX_UNITS : TEXT_MESSAGE_MAX_UNITS))
        stage_fail(stage, "a message of %zu units", units);
    if (message->button_count > KEYBOARD_BUTTONS_MAX)
        stage_fail(stage, "too many buttons");
    if (message->ask_contact && (message->button_count != 2 || !screen || !effect->screen.fresh))
        stage_fail(stage,
                   "a message that asks for a contact has that button and the way back, and is always sent anew");
    if (message->button_count == 0)
        stage_fail(stage, "a screen without a way out: %s", message->html);
    for (size_t i = 0; i < message->button_count; i++)
        promise_button(stage, &message->buttons[i], message->ask_contact);
}

/* Of the chat after the step: no photo is kept that may not be. */
static void promise_consent(const struct stage *stage, const struct chat *chat)
{
    for (int i = 0; i < CONSENT_COUNT; i++)
        if (chat->user.consents[i] < stage->rules.consents[i])
            stage_fail(stage, "a photo is kept, or used, without consent %d", i);
}

static void promise_shots(const struct stage *stage, const struct shots *shots)
{
    if (shots->count == 0 || shots->count > ALBUM_MAX)
        stage_fail(stage, "an album of %zu photos", shots->count);
    for (size_t i = 1; i < shots->count; i++)
        if (shots->indexes[i - 1] >= shots->indexes[i])
            stage_fail(stage, "an album out of order");
}

/* A settlement locks the avatar and then its order: who does it the other way round waits for it, and it for them. */
static void promise_locks(const struct stage *stage, const struct effects *effects)
{
    bool order = false;
    for (size_t i = 0; i < effects->count; i++) {
        if (order && effects->list[i].kind == EFFECT_AVATAR_DELETE)
            stage_fail(stage, "an order is canceled, and then its avatar deleted");
        order = order || effects->list[i].kind == EFFECT_ORDER_CANCEL;
    }
}

static void promise_form(const struct stage *stage, const struct form *form)
{
#define WORD(field, max_bytes)                                                                                         \
    if (memchr(form->field, '\0', sizeof form->field) == NULL)                                                         \
        stage_fail(stage, "%s", #field " of the form has no end");
#define NUMBER(field, least, most)                                                                                     \
    if (form->field < (least) || form->field > (most))                                                                 \
        stage_fail(stage, "%s", #field " of the form is out of its bounds");
#include "core/form.def"
}

void promise_effects(const struct stage *stage, const struct event *event, const struct effects *effects,
                     const struct chat *chat, uint32_t version_before)
{
    size_t answers = 0, screens = 0;
    promise_locks(stage, effects);
    for (size_t i = 0; i < effects->count; i++) {
        const struct effect *effect = &effects->list[i];
        if (effect->chat_id != chat->id || effect->thread_id != chat->session.thread_id)
            stage_fail(stage, "an effect for another chat, or another topic of it");
        if (effect->kind == EFFECT_SCREEN || effect->kind == EFFECT_NOTICE)
            promise_message(stage, effect);
        screens += effect->kind == EFFECT_SCREEN;
        if (effect->kind == EFFECT_PHOTO_ADD || effect->kind == EFFECT_ORDER_CREATE ||
            effect->kind == EFFECT_ORDER_TAKE)
            promise_consent(stage, chat);
        if (effect->kind == EFFECT_ALBUM)
            promise_shots(stage, &effect->album);
        if (effect->kind == EFFECT_FILES)
            promise_shots(stage, &effect->files);
        const char *toast = effect->kind == EFFECT_ANSWER ? effect->answer.toast : NULL;
        if (toast != NULL && (utf16_units(toast) > TOAST_MAX_UNITS || toast[0] == '\0' || strpbrk(toast, "<>")))
            stage_fail(stage, "an answer that does not fit: %s", toast);
        answers += effect->kind == EFFECT_ANSWER;
    }
    promise_form(stage, &chat->session.form);
    if (answers != (event->kind == EVENT_BUTTON))
        stage_fail(stage, "%zu answers to an event of kind %d", answers, (int)event->kind);
    if (screens > 1)
        stage_fail(stage, "%zu screens for one event", screens);
    if (chat->session.version < version_before)
        stage_fail(stage, "the version went back");
    if (chat->session.state != NULL && chat->session.version == 0)
        stage_fail(stage, "a state without a version");
    if (event_is_from_user(event) && !event->edited && chat->session.state == NULL)
        stage_fail(stage, "somebody wrote and is nowhere");
    if (effects->count > 0 && effects->count > STAGE_BATCH_MAX)
        stage_fail(stage, "%zu effects of one event", effects->count);
}

static bool same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* Of what was loaded. */
static void promise_facts(const struct stage *stage, const struct chat *changed, const struct chat *loaded)
{
    const struct facts *a = changed->facts, *b = loaded->facts;
    if (a->avatars.count != b->avatars.count)
        stage_fail(stage, "%zu avatars as changed, %zu as written", a->avatars.count, b->avatars.count);
    for (size_t i = 0; i < a->avatars.count; i++) {
        const struct avatar *one = &a->avatars.list[i], *other = &b->avatars.list[i];
        if (one->id != other->id || !same(one->name, other->name) || one->good != other->good ||
            one->pending != other->pending || one->sent != other->sent)
            stage_fail(stage, "avatar %lld as changed and as written differ", (long long)one->id);
    }
    if (a->grants.count != b->grants.count)
        stage_fail(stage, "%zu gifts as changed, %zu as written", a->grants.count, b->grants.count);
    for (size_t i = 0; i < a->grants.count; i++)
        if (a->grants.list[i].unused != b->grants.list[i].unused ||
            a->grants.list[i].owed_kopecks != b->grants.list[i].owed_kopecks)
            stage_fail(stage, "gift %lld as changed and as written differ", (long long)a->grants.list[i].id);
    if (a->held.count != b->held.count)
        stage_fail(stage, "%zu held photos as changed, %zu as written", a->held.count, b->held.count);
    if (changed->session.order_id == loaded->session.order_id &&
        (a->order.id != b->order.id || a->order.status != b->order.status))
        stage_fail(stage, "the order as changed and as written differ");
    for (size_t i = 0; i < a->jobs.count; i++) {
        const struct job *one = &a->jobs.list[i], *other = facts_job(b, one->id);
        if (other != NULL &&
            (one->finished != other->finished || memcmp(one->shots, other->shots, sizeof other->shots) != 0))
            stage_fail(stage, "job %lld as changed and as written differ", (long long)one->id);
        if (other == NULL && !one->finished && (a->loaded & FACT_JOBS) != 0)
            stage_fail(stage, "job %lld is there as changed, not as written", (long long)one->id);
    }
}

void promise_records(const struct stage *stage, const struct chat *changed, const struct chat *loaded)
{
    if (changed->user.id != loaded->user.id ||
        memcmp(changed->user.consents, loaded->user.consents, sizeof loaded->user.consents) != 0 ||
        changed->user.blocked != loaded->user.blocked || !same(changed->user.contact, loaded->user.contact))
        stage_fail(stage, "the user as changed and as written differ");
    promise_facts(stage, changed, loaded);
    if (changed->dirty && changed->session.state != loaded->session.state)
        stage_fail(stage, "the session was not written");
}
