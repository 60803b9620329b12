/* The shell in miniature: tables, loading, applying. Promises about messages are in promise.c. It must stay dumber than
 * the core: it copies what effects say, and compares. */
#include "tests/talk/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/needs.h"
#include "tests/talk/orders.h"
#include "tests/talk/promise.h"
#include "tests/talk/script.h"

enum { START_S = 1700000000 };

void stage_fail(const struct stage *stage, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s: ", stage->where);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    abort();
}

struct stage *stage_new(const struct rules *rules)
{
    struct stage *stage = calloc(1, sizeof *stage);
    if (stage == NULL)
        abort();
    stage->where = "stage";
    stage->rules = *rules;
    stage->now_ms = START_S * INT64_C(1000);
    stage->next_id = 100;
    stage->next_message_id = 1;
    stage->language_code = "ru";
    arena_init(&stage->keep);
    arena_init(&stage->load);
    return stage;
}

void stage_free(struct stage *stage)
{
    if (stage == NULL)
        return;
    arena_done(&stage->keep);
    arena_done(&stage->load);
    free(stage);
}

void stage_own(struct stage *stage, bool owner)
{
    static const int64_t admins[] = {STAGE_CHAT_ID - 1, STAGE_CHAT_ID};
    stage->rules.admins = admins;
    stage->rules.admin_count = owner ? 2 : 1;
}

bool stage_is_full(const struct stage *stage)
{
    size_t limit = STAGE_ROWS_MAX - 8 * STAGE_BATCH_MAX;
    return stage->avatar_count > limit || stage->intake_count > limit || stage->order_count > limit ||
           stage->message_count > limit || stage->job_count > CHAT_JOBS_MAX - 2;
}

void stage_mark(struct stage *stage)
{
    stage->told = NULL;
    stage->told_count = stage->told_capacity = 0;
    stage->shown_from = stage->message_count;
}

struct stage_avatar *stage_avatar(struct stage *stage, int64_t id)
{
    for (size_t i = 0; i < stage->avatar_count; i++)
        if (stage->avatars[i].id == id && stage->avatars[i].name != NULL)
            return &stage->avatars[i];
    stage_fail(stage, "an effect names avatar %lld, which this user has not", (long long)id);
}

static struct job *find_job(struct stage *stage, int64_t id)
{
    for (size_t i = 0; i < stage->job_count; i++)
        if (stage->jobs[i].id == id)
            return &stage->jobs[i];
    stage_fail(stage, "an effect names job %lld, which this user has not", (long long)id);
}

static void load_avatar(struct stage *stage, struct chat *chat, const struct stage_avatar *row)
{
    struct avatar *avatar = facts_add_avatar(chat->facts, &stage->load);
    *avatar = (struct avatar){.id = row->id, .name = arena_copy(&stage->load, row->name)};
    for (size_t i = 0; i < stage->order_count; i++)
        avatar->touched = avatar->touched || stage->orders[i].avatar_id == row->id;
    for (size_t i = 0; i < stage->intake_count; i++) {
        const struct stage_intake *intake = &stage->intakes[i];
        if (intake->avatar_id != row->id)
            continue;
        bool good = intake->verdict == PHOTO_GOOD && !intake->dropped;
        avatar->good += good;
        if (good && intake->as_photo)
            avatar->thumbnail = "sent";
        avatar->pending += intake->verdict == PHOTO_PENDING;
        avatar->sent = intake->number;
    }
    for (size_t i = 0; i < stage->job_count; i++) {
        if (stage->jobs[i].avatar_id != row->id)
            continue;
        avatar->made += job_made(&stage->jobs[i]);
        if (job_count(&stage->jobs[i], SHOT_SENT) > 0)
            avatar->thumbnail = "made";
        avatar->status = job_running(&stage->jobs[i]) || avatar->status == AVATAR_PROCESSING ? AVATAR_PROCESSING
                                                                                             : AVATAR_READY;
    }
}

/* Newest first. */
static void load_jobs(struct stage *stage, struct chat *chat, unsigned facts)
{
    int64_t spoken_of[] = {chat->session.job_id, stage->named_id}, named = stage->named_id;
    int64_t of[] = {chat->session.avatar_id, named, 0, 0};
    for (size_t i = 0; i < stage->job_count; i++)
        for (size_t k = 0; k < 2; k++)
            if (stage->jobs[i].id == spoken_of[k])
                of[2 + k] = stage->jobs[i].avatar_id;
    for (size_t i = stage->job_count; i-- > 0;) {
        const struct job *job = &stage->jobs[i];
        bool wanted = job->id == spoken_of[0] || job->id == spoken_of[1];
        wanted = wanted || ((facts & FACT_JOBS) != 0 && !job->finished);
        for (size_t k = 0; k < 4; k++)
            wanted = wanted || ((facts & FACT_SETS) != 0 && job->avatar_id == of[k]);
        if (job->avatar_id != 0 && wanted)
            *facts_add_job(chat->facts, &stage->load) = *job;
    }
}

/* What was loaded is what the step said that it needs, as in the database. */
static void load_chat(struct stage *stage, struct chat *chat, unsigned facts)
{
    *chat = (struct chat){.id = STAGE_CHAT_ID, .session = stage->session, .user = stage->user};
    chat->facts = arena_alloc(&stage->load, sizeof *chat->facts);
    chat->facts->loaded = facts;
    chat->facts->health = (struct health){.parked = 3, .waiting = HEALTH_COUNT_MAX, .refused = 2, .receipts = 4};
    for (size_t i = 0; (facts & FACT_HELD) != 0 && i < stage->held_count; i++)
        *facts_add_held(chat->facts, &stage->load) = stage->held[i];
    for (size_t i = 0; (facts & FACT_AVATARS) != 0 && i < stage->avatar_count; i++)
        if (stage->avatars[i].name != NULL)
            load_avatar(stage, chat, &stage->avatars[i]);
    for (size_t i = 0; (facts & FACT_REFUSALS) != 0 && i < stage->intake_count; i++) {
        const struct stage_intake *row = &stage->intakes[i];
        if (row->avatar_id != chat->session.avatar_id || row->avatar_id == 0)
            continue;
        if (row->verdict > PHOTO_GOOD && !row->told && chat->facts->refusals.count < CHAT_REFUSALS_MAX)
            *facts_add_refusal(chat->facts, &stage->load) = (struct refusal){row->id, row->number, row->verdict};
    }
    for (size_t i = 0; (facts & FACT_ORDER) != 0 && i < stage->order_count; i++)
        if (stage->orders[i].id == chat->session.order_id)
            chat->facts->order = stage->orders[i];
    if ((facts & FACT_OPEN) != 0)
        orders_load_open(stage, chat->facts);
    if ((facts & FACT_OFFERS) != 0)
        orders_load_offers(stage, chat->facts);
    if ((facts & (FACT_JOB | FACT_JOBS | FACT_SETS)) != 0)
        load_jobs(stage, chat, facts);
}

static void apply_photo_add(struct stage *stage, const struct effect *effect)
{
    (void)stage_avatar(stage, effect->photo_add.avatar_id);
    stage->intakes[stage->intake_count++] = (struct stage_intake){.id = effect->photo_add.intake_id,
                                                                  .avatar_id = effect->photo_add.avatar_id,
                                                                  .number = effect->photo_add.number,
                                                                  .as_photo = effect->photo_add.file->as_photo};
}

static void apply_photo_drop(struct stage *stage, int64_t avatar_id)
{
    struct stage_intake *last = NULL;
    (void)stage_avatar(stage, avatar_id);
    for (size_t i = 0; i < stage->intake_count; i++) {
        struct stage_intake *row = &stage->intakes[i];
        if (row->avatar_id == avatar_id && row->verdict == PHOTO_GOOD && !row->dropped)
            last = row;
    }
    if (last == NULL)
        stage_fail(stage, "a photo is dropped of an avatar that has none");
    last->dropped = true;
}

static void apply_photos_clear(struct stage *stage, int64_t avatar_id)
{
    (void)stage_avatar(stage, avatar_id);
    for (size_t i = 0; i < stage->intake_count; i++)
        if (stage->intakes[i].avatar_id == avatar_id)
            stage->intakes[i].avatar_id = 0;
}

static void apply_shots(struct stage *stage, const struct shots *shots)
{
    struct job *job = find_job(stage, shots->job_id);
    for (size_t i = 0; i < shots->count; i++) {
        uint8_t *shot = &job->shots[shots->indexes[i]];
        if (*shot != (shots->again ? SHOT_SENT : SHOT_MADE))
            stage_fail(stage, "photo %d is sent although it is in state %d", shots->indexes[i], *shot);
        if (!shots->again)
            *shot = SHOT_QUEUED;
    }
}

void stage_add_avatar(struct stage *stage, const char *name, long photos)
{
    int64_t id = stage->next_id++;
    stage->avatars[stage->avatar_count++] = (struct stage_avatar){id, name};
    for (long i = 0; i < photos; i++)
        stage->intakes[stage->intake_count++] = (struct stage_intake){
            .id = stage->next_id++, .avatar_id = id, .number = (int32_t)i + 1, .verdict = PHOTO_GOOD};
}

void stage_add_set(struct stage *stage, const char *style_id)
{
    struct job *job = &stage->jobs[stage->job_count++];
    *job = (struct job){.id = stage->next_id++,
                        .avatar_id = stage->avatars[stage->avatar_count - 1].id,
                        .style_id = arena_copy(&stage->keep, style_id),
                        .since_ms = stage->now_ms,
                        .total = STAGE_JOB_PHOTOS,
                        .finished = true};
    memset(job->shots, SHOT_SENT, (size_t)job->total);
    stage->now_ms += DAY * INT64_C(1000);
}

void stage_delete(struct stage *stage, int64_t avatar_id)
{
    stage_avatar(stage, avatar_id)->name = NULL;
    for (size_t i = 0; i < stage->intake_count; i++)
        if (stage->intakes[i].avatar_id == avatar_id)
            stage->intakes[i].avatar_id = 0;
    for (size_t i = 0; i < stage->job_count; i++)
        if (stage->jobs[i].avatar_id == avatar_id)
            stage->jobs[i].avatar_id = 0;
    for (size_t i = 0; i < stage->order_count; i++)
        if (stage->orders[i].avatar_id == avatar_id)
            stage->orders[i].avatar_id = 0;
}

bool stage_delete_newest(struct stage *stage)
{
    size_t at = stage->avatar_count;
    while (at > 0 && stage->avatars[at - 1].name == NULL)
        at--;
    if (at > 0)
        stage_delete(stage, stage->avatars[at - 1].id);
    return at > 0;
}

static void apply_told(struct stage *stage, int64_t intake_id)
{
    for (size_t i = 0; i < stage->intake_count; i++)
        stage->intakes[i].told = stage->intakes[i].told || stage->intakes[i].id == intake_id;
}

static void apply_notice(struct stage *stage, const struct effect *effect)
{
    if (effect->notice.closes_job_id == 0)
        return;
    struct job *job = find_job(stage, effect->notice.closes_job_id);
    *(effect->notice.closes_files ? &job->files_coming : &job->again_coming) = true;
}

static void apply_avatar_create(struct stage *stage, const struct effect *effect)
{
    const char *name = arena_copy(&stage->keep, effect->avatar_create.name);
    stage->avatars[stage->avatar_count++] = (struct stage_avatar){effect->avatar_create.avatar_id, name};
}

static void apply_record(struct stage *stage, const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_REGISTER:
        stage->user.id = effect->register_user.user_id;
        stage->referral = arena_copy(&stage->keep, effect->register_user.referral_code);
        break;
    case EFFECT_CONSENT:
        stage->user.consents[effect->consent.kind] = effect->consent.given ? effect->consent.version : 0;
        break;
    case EFFECT_PHOTO_HOLD:
        stage->held[stage->held_count++] = (struct held){effect->photo_hold.held_id, *effect->photo_hold.file};
        break;
    case EFFECT_HELD_CLEAR: stage->held_count = 0; break;
    case EFFECT_CONTACT: stage->user.contact = arena_copy(&stage->keep, effect->contact.contact); break;
    case EFFECT_BLOCKED: stage->user.blocked = effect->blocked.is_blocked; break;
    case EFFECT_AVATAR_CREATE: apply_avatar_create(stage, effect); break;
    case EFFECT_AVATAR_RENAME:
        stage_avatar(stage, effect->avatar_rename.avatar_id)->name = arena_copy(&stage->keep,
                                                                                effect->avatar_rename.name);
        break;
    case EFFECT_AVATAR_DELETE: stage_delete(stage, effect->avatar_delete.avatar_id); break;
    case EFFECT_PHOTO_TOLD: apply_told(stage, effect->photo_told.intake_id); break;
    case EFFECT_PHOTO_ADD: apply_photo_add(stage, effect); break;
    case EFFECT_PHOTO_DROP: apply_photo_drop(stage, effect->photo_drop.avatar_id); break;
    case EFFECT_PHOTOS_CLEAR: apply_photos_clear(stage, effect->photos_clear.avatar_id); break;
    case EFFECT_ORDER_CREATE: orders_create(stage, effect); break;
    case EFFECT_ORDER_TAKE: orders_take(stage, effect); break;
    case EFFECT_ORDER_STARS: stage->orders[stage->order_count - 1].stars = effect->order_stars.stars; break;
    case EFFECT_ORDER_CANCEL: orders_cancel(stage, effect->order_cancel.order_id); break;
    case EFFECT_ALBUM: apply_shots(stage, &effect->album); break;
    case EFFECT_FILES: apply_shots(stage, &effect->files); break;
    case EFFECT_NOTICE: apply_notice(stage, effect); break;
    case EFFECT_JOB_FINISHED: find_job(stage, effect->job_finished.job_id)->finished = true; break;
    case EFFECT_SCREEN:
    case EFFECT_EXAMPLES:
    case EFFECT_ANSWER:
    case EFFECT_PAYMENT_CHECK:
    case EFFECT_STARS_PAID:
    case EFFECT_STARS_REFUNDED:
    case EFFECT_COUNT: break;
    }
}

/* The message lives on in keep: the load arena is reset at the next step. */
static const struct message *keep_message(struct stage *stage, const struct message *message)
{
    struct message *copy = arena_alloc(&stage->keep, sizeof *copy);
    *copy = *message;
    copy->html = arena_copy(&stage->keep, message->html);
    copy->picture = arena_copy(&stage->keep, message->picture);
    for (size_t i = 0; i < copy->button_count; i++) {
        struct button *button = &copy->buttons[i];
        button->label = arena_copy(&stage->keep, button->label);
        button->data = arena_copy(&stage->keep, button->data);
        button->url = arena_copy(&stage->keep, button->url);
    }
    return copy;
}

static void apply_message(struct stage *stage, struct session *session, const struct effect *effect)
{
    bool screen = effect->kind == EFFECT_SCREEN;
    const struct message *message = screen ? effect->screen.message : effect->notice.message;
    int64_t old = session->screen_message_id;
    bool anew = !screen || effect->screen.fresh || old == 0;
    int64_t id = anew ? stage->next_message_id++ : old;
    for (size_t i = 0; i < stage->message_count; i++) {
        struct stage_message *shown = &stage->messages[i];
        if (screen && shown->id == old && (!anew || effect->screen.replace)) {
            if (!anew && !shown->gone && shown->thread_id != effect->thread_id)
                stage_fail(stage, "the user is in another topic than the screen that is edited");
            if (!anew && !shown->gone && shown->message->ask_contact)
                stage_fail(stage, "a message with a keyboard can't be edited");
            shown->gone = true;
        }
    }
    stage->messages[stage->message_count++] = (struct stage_message){.id = id,
                                                                     .thread_id = effect->thread_id,
                                                                     .kind = effect->kind,
                                                                     .fresh = anew,
                                                                     .message = keep_message(stage, message)};
    if (screen) {
        session->screen_message_id = id;
        session->screen_is_photo = message->picture != NULL;
    }
}

static void tell(struct stage *stage, const struct effect *effect)
{
    if (stage->told_count == stage->told_capacity) {
        size_t capacity = stage->told_capacity * 2 + STAGE_BATCH_MAX;
        const char **told = arena_array(&stage->keep, capacity, sizeof *told);
        if (stage->told_count > 0)
            memcpy(told, stage->told, stage->told_count * sizeof *told);
        stage->told = told;
        stage->told_capacity = capacity;
    }
    stage->told[stage->told_count++] = arena_copy(&stage->keep, script_effect(&stage->keep, effect));
}

/* A message of the bot's stays in the topic it was sent to. */
static int64_t thread_of(const struct stage *stage, int64_t message_id)
{
    for (size_t i = stage->message_count; i-- > 0;)
        if (stage->messages[i].id == message_id)
            return stage->messages[i].thread_id;
    return EVENT_THREAD_UNKNOWN;
}

void stage_step(struct stage *stage, struct event event)
{
    arena_reset(&stage->load);
    struct arena *arena = &stage->load;
    struct chat *chat = arena_alloc(arena, sizeof *chat), *after = arena_alloc(arena, sizeof *after);
    struct effects effects = {0};
    struct id_pool pool = {0};
    int64_t *ids = arena_array(arena, STAGE_BATCH_MAX, sizeof *ids);
    for (size_t i = 0; i < STAGE_BATCH_MAX; i++)
        ids[i] = stage->next_id++;
    for (size_t i = 0; i < ID_KIND_COUNT; i++) {
        pool.ids[i] = ids + i * (STAGE_BATCH_MAX / ID_KIND_COUNT);
        pool.count[i] = 1; /* an event creates at most one of a kind */
    }
    event.chat_id = STAGE_CHAT_ID;
    if (event.message_id == 0 && event_is_message(&event))
        event.message_id = stage->next_message_id++;
    event.thread_id = event.kind == EVENT_BUTTON ? thread_of(stage, event.message_id) : stage->thread_id;
    event.language_code = stage->language_code;
    event.first_name = stage->first_name;
    struct needs needs = {.who = rules_who(&stage->rules, STAGE_CHAT_ID)};
    stage->named_id = needs_add(&needs, &event);
    unsigned facts = needs_of(&needs, &stage->session);
    load_chat(stage, chat, facts);
    uint32_t version = chat->session.version;
    struct step step = {.arena = arena,
                        .rules = &stage->rules,
                        .now_ms = stage->now_ms,
                        .chat = chat,
                        .event = &event,
                        .effects = &effects,
                        .ids = &pool};
    engine_step(&step);
    promise_effects(stage, &event, &effects, chat, version);
    for (size_t i = 0; i < effects.count; i++) {
        const struct effect *effect = &effects.list[i];
        if (effect->kind == EFFECT_SCREEN || effect->kind == EFFECT_NOTICE)
            apply_message(stage, &chat->session, effect);
        apply_record(stage, effect);
        tell(stage, effect);
    }
    if (chat->dirty)
        stage->session = chat->session;
    load_chat(stage, after, facts);
    promise_records(stage, chat, after);
}

void stage_wait(struct stage *stage, int64_t ms)
{
    int64_t until = stage->now_ms + ms;
    for (;;) {
        const struct session *session = &stage->session;
        int64_t due = session->refresh_at_ms;
        if (due == 0 || (session->limit_at_ms != 0 && session->limit_at_ms < due))
            due = session->limit_at_ms;
        if (due == 0 || due > until)
            break;
        if (stage->now_ms < due)
            stage->now_ms = due;
        stage_step(stage, (struct event){.kind = EVENT_WAKE});
        if (session->refresh_at_ms == due || session->limit_at_ms == due)
            stage_fail(stage, "a wish to be woken is still there after the wake");
    }
    stage->now_ms = until;
}

bool stage_examine(struct stage *stage, enum photo_verdict verdict)
{
    for (size_t i = 0; i < stage->intake_count; i++) {
        struct stage_intake *row = &stage->intakes[i];
        if (row->avatar_id == 0 || row->verdict != PHOTO_PENDING)
            continue;
        row->verdict = verdict;
        stage_step(stage, (struct event){.kind = EVENT_PHOTO_READY, .object = row->id, .verdict = verdict});
        return true;
    }
    return false;
}

bool stage_make(struct stage *stage, struct job *job, bool made)
{
    for (int32_t i = 0; i < job->total; i++) {
        if (job->shots[i] != SHOT_WAITING)
            continue;
        job->shots[i] = made ? SHOT_MADE : SHOT_FAILED;
        stage_step(stage, (struct event){.kind = EVENT_JOB_PROGRESS, .object = job->id});
        return true;
    }
    return false;
}

bool stage_is_kind(const struct stage_message *shown, const char *kind)
{
    if (strcmp(kind, "notice") == 0)
        return shown->kind == EFFECT_NOTICE;
    if (strcmp(kind, "fresh") == 0)
        return shown->kind == EFFECT_SCREEN && shown->fresh;
    if (strcmp(kind, "screen") == 0)
        return shown->kind == EFFECT_SCREEN && !shown->fresh;
    return true;
}

bool stage_leads_to(const struct stage *stage, const char *url)
{
    const struct message *newest = stage->message_count == 0 ? NULL : stage->messages[stage->message_count - 1].message;
    bool leads = false;
    for (size_t i = 0; newest != NULL && i < newest->button_count; i++)
        leads = leads || (newest->buttons[i].url != NULL && strcmp(newest->buttons[i].url, url) == 0);
    return leads;
}

void stage_deliver(struct stage *stage, struct job *job)
{
    bool any = false;
    job->again_coming = job->files_coming = false;
    for (int32_t i = 0; i < job->total; i++) {
        any = any || job->shots[i] == SHOT_QUEUED;
        if (job->shots[i] == SHOT_QUEUED)
            job->shots[i] = SHOT_SENT;
    }
    if (any)
        stage_step(stage, (struct event){.kind = EVENT_DELIVERED, .object = job->id});
}

const char *stage_read(struct stage *stage, const char *html)
{
    return stage_spaces(stage, text_plain(&stage->keep, html));
}

const char *stage_spaces(struct stage *stage, const char *text)
{
    static const char nbsp[] = "\xc2\xa0";
    char *read = arena_alloc(&stage->keep, strlen(text) + 1);
    size_t length = 0;
    for (const char *c = text; *c != '\0'; c++) {
        bool wide = strncmp(c, nbsp, 2) == 0;
        bool space = wide || *c == '\n';
        c += wide;
        if (!space)
            read[length++] = *c;
        else if (length == 0 || read[length - 1] != ' ')
            read[length++] = ' ';
    }
    return read;
}
