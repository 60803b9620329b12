/* Effects on their way out. Nothing here leaves the house before the commit: the key of a payment is made and stored
 * first, and used by the chore that reads it back (bot/chores/payment_create.c). */
#include "bot/turn/effects.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/mailbox.h"
#include "bot/chores/engine.h"
#include "bot/outbox/compose.h"
#include "bot/outbox/outbox.h"
#include "bot/base/mailbox.h"
#include "bot/base/random.h"
#include "bot/services/telegram/stars.h"
#include "bot/services/yookassa/body.h"
#include "core/bug.h"
#include "core/offer.h"

static const struct chat *chat_of(const struct effect *effect, const struct chat *chats, size_t count)
{
    const struct chat *chat = chat_find(chats, count, effect->chat_id);
    if (chat == NULL)
        bug("an effect for a chat that was not loaded");
    return chat;
}

static const char *payment_body(const struct turns *turns, struct arena *arena, const struct effect *effect,
                                const struct chat *chat, const struct style *style)
{
    const struct config_yookassa *config = turns->ports.yookassa;
    const struct config_receipts *receipts = turns->ports.receipts;
    enum lang lang = chat->session.lang;
    const char *contact = chat->user.contact, *why = "";
    bool email = contact != NULL && strchr(contact, '@') != NULL;
    const char *item = offer_item(arena, turns->ports.rules->texts, lang, style, effect->order_create.sets);
    struct yookassa_receipt receipt = {.email = email ? contact : NULL,
                                       .phone = email ? NULL : contact,
                                       .item = item,
                                       .vat_code = receipts->vat_code,
                                       .tax_system_code = receipts->tax_system_code,
                                       .subject = receipts->payment_subject,
                                       .mode = receipts->payment_mode};
    struct yookassa_order order = {.order_id = effect->order_create.order_id,
                                   .amount_kopecks = effect->order_create.price_kopecks,
                                   .description = item,
                                   .return_url = config->return_url != NULL
                                                     ? config->return_url
                                                     : arena_format(arena, "https://t.me/%s", turns->stand.username),
                                   .locale = lang == LANG_RU ? "ru_RU" : "en_US",
                                   .receipt = receipts->mode == CONFIG_RECEIPTS_YOOKASSA ? &receipt : NULL};
    char *body = NULL;
    if (yookassa_body_payment(&order, &body, &why) != ERR_OK)
        bug("a payment's body that the config's checks let through can't be made");
    const char *kept = arena_copy(arena, body);
    free(body);
    return kept;
}

static struct order_terms terms_of(const struct turns *turns, struct arena *arena, const struct effect *effect,
                                   const struct chat *chat)
{
    const struct style *style = style_find(turns->ports.rules->styles, effect->order_create.style_id);
    const char **prompts = arena_array(arena, style->look_count, sizeof *prompts);
    const char **recipes = arena_array(arena, style->look_count, sizeof *recipes);
    struct order_terms terms = {.order_id = effect->order_create.order_id,
                                .prompts = prompts,
                                .recipes = recipes,
                                .look_count = style->look_count};
    for (size_t i = 0; i < style->look_count; i++) {
        prompts[i] = style->looks[i].prompt;
        recipes[i] = style->looks[i].recipe;
    }
    if (effect->kind == EFFECT_ORDER_TAKE) /* there is nothing to pay */
        return terms;
    char *key = arena_alloc(arena, RANDOM_UUID_BYTES);
    random_uuid(key);
    terms.payment_key = key;
    terms.payment_body = payment_body(turns, arena, effect, chat, style);
    terms.shop = turns->ports.yookassa->shop_id;
    terms.test_shop = turns->ports.yookassa->test_shop;
    if (turns->ports.receipts->mode == CONFIG_RECEIPTS_NPD)
        terms.npd_item = offer_item(arena, turns->ports.rules->texts, LANG_RU, style, effect->order_create.sets);
    return terms;
}

static bool is_order(const struct effect *effect)
{
    return effect->kind == EFFECT_ORDER_CREATE || effect->kind == EFFECT_ORDER_TAKE;
}

/* The invoice of an order that may be paid with stars as well. Nobody can guess its payload. */
static void add_invoice(const struct turns *turns, struct arena *arena, const struct effect *effect, enum lang lang,
                        struct order_terms *terms)
{
    const struct rules *rules = turns->ports.rules;
    const struct style *style = style_find(rules->styles, effect->order_stars.style_id);
    const char *title = text_plain(arena, text_format(arena, rules->texts, lang, TEXT_INVOICE, NO_ARGS));
    const char *item = offer_item(arena, rules->texts, lang, style, 1);
    char *key = arena_alloc(arena, RANDOM_UUID_BYTES);
    random_uuid(key);
    char *body = telegram_stars_invoice(title, item,
                                        arena_format(arena, "%" PRId64 ":%s", effect->order_stars.order_id, key),
                                        effect->order_stars.stars);
    terms->invoice_key = key;
    terms->invoice_body = arena_copy(arena, body);
    free(body);
}

size_t turn_effects_price(const struct turns *turns, struct arena *arena, const struct effects *effects,
                          const struct chat *chats, size_t chat_count, struct order_terms **ret_terms)
{
    size_t count = 0;
    for (size_t i = 0; i < effects->count; i++)
        count += is_order(&effects->list[i]);
    struct order_terms *terms = arena_array(arena, count, sizeof *terms);
    count = 0;
    for (size_t i = 0; i < effects->count; i++) {
        const struct effect *effect = &effects->list[i];
        if (is_order(effect))
            terms[count++] = terms_of(turns, arena, effect, chat_of(effect, chats, chat_count));
        for (size_t k = 0; k < count && effect->kind == EFFECT_ORDER_STARS; k++)
            if (terms[k].order_id == effect->order_stars.order_id)
                add_invoice(turns, arena, effect, chat_of(effect, chats, chat_count)->session.lang, &terms[k]);
    }
    *ret_terms = terms;
    return count;
}

/* ---- the rows of the outbox, one function a kind (core/effects.def) ---- */

static void fill_message(struct arena *arena, const struct message *message, struct outbox_row *row)
{
    row->body = compose_message(arena, message);
    row->picture = message->picture;
}

static void row_screen(struct arena *arena, const struct effect *effect, struct outbox_row *row)
{
    row->kind = effect->screen.news ? "news" : "screen";
    row->fresh = effect->screen.fresh;
    row->replace = effect->screen.replace;
    fill_message(arena, effect->screen.message, row);
}

static void row_notice(struct arena *arena, const struct effect *effect, struct outbox_row *row)
{
    const char *closing = effect->notice.closes_files ? OUTBOX_FILES_END : OUTBOX_AGAIN_END;
    row->kind = effect->notice.closes_job_id == 0 ? "notice" : closing;
    row->job_id = effect->notice.closes_job_id;
    fill_message(arena, effect->notice.message, row);
}

static void row_examples(struct arena *arena, const struct effect *effect, struct outbox_row *row)
{
    (void)arena;
    (void)effect;
    row->kind = "examples";
    row->body = "{}";
}

static void row_album(struct arena *arena, const struct effect *effect, struct outbox_row *row)
{
    row->kind = effect->album.again ? "again" : "album";
    row->job_id = effect->album.job_id;
    row->body = compose_indexes(arena, effect->album.indexes, effect->album.count);
}

static void row_files(struct arena *arena, const struct effect *effect, struct outbox_row *row)
{
    row->kind = "files";
    row->job_id = effect->files.job_id;
    row->body = compose_indexes(arena, effect->files.indexes, effect->files.count);
}

/* ---- the chores that go on with what is committed ---- */

/* What it is that the chore knows by its id. */
static int64_t object_of_photo_add(const struct effect *effect)
{
    return effect->photo_add.intake_id;
}

static int64_t object_of_order_create(const struct effect *effect)
{
    return effect->order_create.order_id;
}

static int64_t object_of_order_stars(const struct effect *effect)
{
    return effect->order_stars.order_id;
}

static int64_t object_of_order_take(const struct effect *effect)
{
    return effect->order_take.order_id;
}

static int64_t object_of_order_cancel(const struct effect *effect)
{
    return effect->order_cancel.order_id;
}

/* The database notes which pictures nobody names any more; the chore finds them. */
static int64_t object_of_photo_drop(const struct effect *effect)
{
    return effect->photo_drop.avatar_id;
}

static int64_t object_of_photos_clear(const struct effect *effect)
{
    return effect->photos_clear.avatar_id;
}

static int64_t object_of_avatar_delete(const struct effect *effect)
{
    return effect->avatar_delete.avatar_id;
}

/* The database notes what goes back for photos that are not there; the chore finds it. */
static int64_t object_of_job_finished(const struct effect *effect)
{
    return effect->job_finished.job_id;
}

static int64_t object_of_payment_check(const struct effect *effect)
{
    return effect->payment_check.order_id;
}

static void say_answer(const struct turns_ports *ports, const struct effect *effect)
{
    outbox_answer(ports->outbox, effect->chat_id, effect->answer.callback_id, effect->answer.toast);
}

/* What becomes of each kind, beside its statement: its row, what is said at once after the commit, and the chore that
 * is told then; NULL for none. */
static const struct {
    void (*row)(struct arena *arena, const struct effect *effect, struct outbox_row *row);
    void (*say)(const struct turns_ports *ports, const struct effect *effect);
    void (*tell)(struct engine *engine, enum chore_name chore, int64_t object);
    int64_t (*object)(const struct effect *effect);
    enum chore_name chore;
} deeds[EFFECT_COUNT] = {
#define ANSWER(NAME, word) [EFFECT_##NAME] = {.say = say_##word},
#define MESSAGE(NAME, word) [EFFECT_##NAME] = {.row = row_##word},
#define RECORD(NAME, word) [EFFECT_##NAME] = {.row = NULL},
#define MESSAGE_RECORD(NAME, word) [EFFECT_##NAME] = {.row = row_##word},
#define RECORD_WAKES(NAME, word, CHORE)                                                                                \
    [EFFECT_##NAME] = {.tell = engine_wake, .object = object_of_##word, .chore = CHORE_##CHORE},
#define WAKES(NAME, word, CHORE)                                                                                       \
    [EFFECT_##NAME] = {.tell = engine_ask, .object = object_of_##word, .chore = CHORE_##CHORE},
#include "core/effects.def"
};

size_t turn_effects_rows(struct arena *arena, const struct effects *effects, const struct chat *chats,
                         size_t chat_count, struct id_pool *ids, struct outbox_row **ret_rows)
{
    struct outbox_row *rows = arena_array(arena, effects->count, sizeof *rows);
    size_t count = 0;
    for (size_t i = 0; i < effects->count; i++) {
        const struct effect *effect = &effects->list[i];
        if (deeds[effect->kind].row == NULL)
            continue;
        deeds[effect->kind].row(arena, effect, &rows[count]);
        rows[count].chat_id = effect->chat_id;
        rows[count].thread_id = effect->thread_id;
        const struct chat *chat = chat_of(effect, chats, chat_count);
        if (ids->used[ID_OWN] == ids->count[ID_OWN])
            bug("more ids were drawn than the turn can need");
        rows[count].id = ids->ids[ID_OWN][ids->used[ID_OWN]++];
        rows[count].screen_message_id = chat->session.screen_message_id;
        rows[count].screen_is_photo = chat->session.screen_is_photo;
        count++;
    }
    *ret_rows = rows;
    return count;
}

/* What the commit itself decided: who is reachable again gets the photos that were put back meanwhile; stars that came
 * are a set to be made, or are to go back; a set that costs nothing has begun. */
static void look_around(const struct turns_ports *ports, const struct effect *effect)
{
    if (effect->kind == EFFECT_STARS_PAID)
        engine_look(ports->engine);
    if (effect->kind == EFFECT_STARS_PAID || effect->kind == EFFECT_ORDER_TAKE ||
        (effect->kind == EFFECT_BLOCKED && !effect->blocked.is_blocked))
        mailbox_look(ports->mailbox);
}

void turn_effects_start(const struct turns_ports *ports, const struct effects *effects)
{
    for (size_t i = 0; i < effects->count; i++) {
        const struct effect *effect = &effects->list[i];
        look_around(ports, effect);
        if (deeds[effect->kind].say != NULL)
            deeds[effect->kind].say(ports, effect);
        if (deeds[effect->kind].tell != NULL)
            deeds[effect->kind].tell(ports->engine, deeds[effect->kind].chore, deeds[effect->kind].object(effect));
    }
}
