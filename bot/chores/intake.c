/* The intake of reference photos. A photo goes fetch → examine → store → commit, each step ending in a callback; a
 * trouble that may pass puts it aside with back-off and it begins again (at the commit, if the verdict is known). A
 * good one is compared with the other good ones of its avatar: the commit takes nothing in while there are some that it
 * was not compared with, and hands those out instead. Reason: one photo's whole way is read in one place. What waits is
 * only ids and file ids; the bytes of at most INTAKE_AT_ONCE_MAX photos are in memory.
 *
 * The truth is photo_intake in the database: this is only a list of what is to be done, so it may overflow (the rest
 * is loaded when there is room) and may be lost (it is loaded at start).
 *
 * Must not look at the picture itself. */
#include "bot/chores/intake.h"

#include <stdlib.h>
#include <string.h>
#include "bot/services/darkroom/darkroom.h"
#include "bot/base/log.h"
#include "bot/base/random.h"
#include "bot/services/store/store.h"
#include "bot/services/telegram/files.h"
#include "bot/base/timers.h"
#include "bot/turn/turns.h"
#include "core/backoff.h"
#include "core/bug.h"
#include "db/photos.h"

enum {
    LIST_MAX = 4096, /* photos known at a time */
    AGAIN_BASE_MS = 2000,
    AGAIN_CAP_MS = 10 * 60 * 1000,
    AWAY_CAP_MS = 60 * 1000,      /* while Telegram says that it has not got the file now … */
    AWAY_FOR_MS = 15 * 60 * 1000, /* … which is believed to pass for so long */
    LOUD_ATTEMPT = 5              /* trouble that lasts so long is a warning */
};

enum where { QUEUED, FETCHING, EXAMINING, STORING, COMMITTING, COMPARING, ASIDE };

struct photo {
    struct photo *next, *previous; /* all known ones, oldest first */
    struct intake *intake;         /* NULL: the intake was freed while Telegram or the store was asked */
    int64_t id, chat_id, size_bytes;
    char *file_id;
    enum where where;
    int64_t again_ms; /* ASIDE until then */
    int attempts;
    int64_t away_ms; /* since when Telegram has not got the file; 0 = it did not say so */
    bool broke;      /* the darkroom ended under it: once may be chance (a stop of the service, want of memory) */
    bool judged;     /* verdict and, for a good one, url and sketch are known */
    enum photo_verdict verdict;
    char url[STORE_URL_BYTES]; /* "" unless good */
    uint8_t *sketch;           /* NULL unless good */
    int64_t *seen;             /* the photos that it was compared with */
    size_t seen_count;         /* … and those that it is being compared with */
    size_t comparing_count;
};

struct intake {
    struct shop *shop;
    struct photo *first, *last;
    size_t known, working;
    bool more;    /* the database knows photos that are not in the list */
    bool loading; /* … and is being asked */
    bool pumping;
    int load_attempts;
};

static void pump(struct intake *intake);

static void photo_free(struct photo *photo)
{
    free(photo->file_id);
    free(photo->sketch);
    free(photo->seen);
    free(photo);
}

struct intake *intake_new(struct shop *shop)
{
    struct intake *intake = calloc(1, sizeof *intake);
    if (intake == NULL)
        bug("out of memory");
    intake->shop = shop;
    return intake;
}

/* Answers of the darkroom are called off, those of the database are dropped with it; a photo that Telegram or the store
 * will still answer is left to that answer. */
void intake_free(struct intake *intake)
{
    if (intake == NULL)
        return;
    for (struct photo *photo = intake->first, *next; photo != NULL; photo = next) {
        next = photo->next;
        photo->intake = NULL;
        if ((photo->where == EXAMINING || photo->where == COMPARING) && intake->shop->darkroom != NULL)
            darkroom_cancel(intake->shop->darkroom, photo);
        if (photo->where != FETCHING && photo->where != STORING)
            photo_free(photo);
    }
    free(intake);
}

size_t intake_pending(const struct intake *intake)
{
    return intake->working;
}

static void forget(struct photo *photo)
{
    struct intake *intake = photo->intake;
    *(photo->previous == NULL ? &intake->first : &photo->previous->next) = photo->next;
    *(photo->next == NULL ? &intake->last : &photo->next->previous) = photo->previous;
    intake->known--;
    intake->working--;
    photo_free(photo);
    pump(intake);
}

static void due(void *ctx, int64_t id)
{
    struct intake *intake = ctx;
    for (struct photo *photo = intake->first; photo != NULL; photo = photo->next)
        if (photo->id == id && photo->where == ASIDE && photo->again_ms <= intake->shop->clock.unix_ms)
            photo->where = QUEUED;
    pump(intake);
}

static void put_aside(struct photo *photo, const char *doing, const char *why)
{
    struct intake *intake = photo->intake;
    int64_t cap_ms = photo->away_ms != 0 ? AWAY_CAP_MS : AGAIN_CAP_MS;
    int64_t wait_ms = backoff_ms(photo->attempts, AGAIN_BASE_MS, cap_ms, random_number());
    log_line(photo->attempts == LOUD_ATTEMPT ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "intake",
             "photo %lld: %s: %s; again in %lld ms", (long long)photo->id, doing, why, (long long)wait_ms);
    photo->attempts++;
    photo->where = ASIDE;
    photo->again_ms = intake->shop->clock.unix_ms + wait_ms;
    intake->working--;
    timers_add(intake->shop->timers, photo->again_ms, due, intake, photo->id);
    pump(intake);
}

/* ---- the commit ---------------------------------------------------------------------------------------------------
 */

static void commit(struct photo *photo);

static void compared(void *ctx, enum err err, struct darkroom_result *result)
{
    struct photo *photo = ctx;
    if (err != ERR_OK) {
        put_aside(photo, "comparing", err_name(err));
        return;
    }
    photo->seen_count += photo->comparing_count;
    if (result->is_same)
        photo->verdict = PHOTO_DUPLICATE;
    commit(photo);
}

/* With those that it was not compared with yet. */
static void compare(struct photo *photo, const struct db_result *result, int statement)
{
    struct arena arena;
    size_t count = (size_t)db_rows(result, statement + 1);
    count = count < DARKROOM_SKETCHES_MAX ? count : DARKROOM_SKETCHES_MAX; /* the rest after these */
    uint8_t *sketches = calloc(count + 1, DARKROOM_SKETCH_BYTES);
    photo->seen = realloc(photo->seen, (photo->seen_count + count) * sizeof *photo->seen);
    if (sketches == NULL || photo->seen == NULL)
        bug("out of memory");
    memcpy(sketches, photo->sketch, DARKROOM_SKETCH_BYTES);
    arena_init(&arena);
    for (size_t i = 0; i < count; i++) {
        struct photos_unseen other = photos_read_unseen(result, statement, (int)i, &arena);
        photo->seen[photo->seen_count + i] = other.id;
        if (other.sketch_bytes == DARKROOM_SKETCH_BYTES)
            memcpy(sketches + (i + 1) * DARKROOM_SKETCH_BYTES, other.sketch, DARKROOM_SKETCH_BYTES);
    }
    arena_done(&arena);
    photo->comparing_count = count;
    photo->where = COMPARING;
    enum err err = darkroom_compare(photo->intake->shop->darkroom, sketches, count + 1, compared, photo);
    free(sketches);
    if (err != ERR_OK)
        put_aside(photo, "comparing", err_name(err));
}

static void committed(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct photo *photo = ctx;
    enum { VERDICT_AT = 1, UNSEEN_AT };
    if (failure != NULL) {
        put_aside(photo, "recording the verdict", failure->message);
        return;
    }
    if (db_rows(result, UNSEEN_AT) > 0) {
        compare(photo, result, VERDICT_AT);
        return;
    }
    failpoint("intake.after_commit");
    struct event news = {.kind = EVENT_PHOTO_READY,
                         .chat_id = photo->chat_id,
                         .object = photo->id,
                         .news_id = photos_read_news(result, VERDICT_AT)};
    if (photos_read_examined(result, VERDICT_AT, &news.verdict))
        mailbox_put(photo->intake->shop->mailbox, &news);
    forget(photo);
}

static void commit(struct photo *photo)
{
    struct shop *shop = photo->intake->shop;
    struct arena arena;
    struct db_unit *unit = db_unit_new();
    photo->where = COMMITTING;
    arena_init(&arena);
    (void)photos_add_examined(
        unit, &arena,
        &(struct photos_examined){.id = photo->id,
                                  .verdict = photo->verdict,
                                  .url = photo->url[0] == '\0' ? NULL : photo->url,
                                  .sketch = photo->sketch,
                                  .sketch_bytes = photo->sketch == NULL ? 0 : DARKROOM_SKETCH_BYTES,
                                  .seen = photo->seen,
                                  .seen_count = photo->seen_count});
    arena_done(&arena);
    failpoint("intake.before_commit");
    db_submit(shop->chores_db, unit, committed, photo);
}

static void judge(struct photo *photo, enum photo_verdict verdict)
{
    photo->judged = true;
    photo->verdict = verdict;
    commit(photo);
}

/* ---- fetch, examine, store ----------------------------------------------------------------------------------------
 */

static void stored(void *ctx, enum err err, const struct store_object *object)
{
    struct photo *photo = ctx;
    if (photo->intake == NULL) {
        photo_free(photo);
        return;
    }
    if (err != ERR_OK) {
        put_aside(photo, "storing", err_name(err));
        return;
    }
    failpoint("intake.after_store");
    store_url(object->name, photo->url);
    judge(photo, PHOTO_GOOD);
}

static void examined(void *ctx, enum err err, struct darkroom_result *result)
{
    struct photo *photo = ctx;
    bool broke = err == ERR_CLOSED || err == ERR_TIMEOUT;
    if (broke && photo->broke && !photo->intake->shop->stop.asked) {
        judge(photo, PHOTO_UNREADABLE);
        return;
    }
    photo->broke = photo->broke || broke;
    if (err != ERR_OK) {
        put_aside(photo, "examining", err_name(err));
        return;
    }
    if (result->verdict != PHOTO_GOOD) {
        judge(photo, result->verdict);
        return;
    }
    free(photo->sketch); /* of an attempt that got no further */
    photo->sketch = malloc(DARKROOM_SKETCH_BYTES);
    if (photo->sketch == NULL)
        bug("out of memory");
    memcpy(photo->sketch, result->sketch, DARKROOM_SKETCH_BYTES);
    photo->where = STORING;
    failpoint("intake.before_store");
    store_put(photo->intake->shop->store, result->jpeg, result->jpeg_len, stored, photo);
}

static void examine(struct photo *photo, const char *data, size_t bytes)
{
    struct shop *shop = photo->intake->shop;
    photo->where = EXAMINING;
    enum err err = darkroom_examine(shop->darkroom, data, bytes, shop->config->shop.min_side_px, examined, photo);
    if (err == ERR_TOO_LARGE)
        judge(photo, PHOTO_TOO_BIG);
    else if (err != ERR_OK)
        put_aside(photo, "examining", err_name(err));
}

/* Telegram refuses the file, or fails on it. That passes, as a rule within minutes; then the user is told. */
static void wait_for_file(struct photo *photo, const struct telegram_verdict *verdict)
{
    int64_t now_ms = photo->intake->shop->clock.unix_ms;
    if (photo->away_ms == 0)
        photo->away_ms = now_ms;
    if (now_ms - photo->away_ms < AWAY_FOR_MS)
        put_aside(photo, "fetching", verdict->description);
    else
        judge(photo, PHOTO_UNREACHABLE);
}

static void fetched(void *ctx, const struct telegram_verdict *verdict, char *data, size_t bytes)
{
    struct photo *photo = ctx;
    if (photo->intake == NULL) {
        free(data);
        photo_free(photo);
        return;
    }
    failpoint("intake.after_fetch");
    switch (verdict->class) {
    case TELEGRAM_OK: examine(photo, data, bytes); break;
    case TELEGRAM_FILE_TOO_BIG: judge(photo, PHOTO_TOO_BIG); break;
    case TELEGRAM_FILE_BAD: judge(photo, PHOTO_UNREACHABLE); break;
    case TELEGRAM_FILE_AWAY:
    case TELEGRAM_UNREACHABLE:
    case TELEGRAM_GONE:
    case TELEGRAM_UNPARSED:
    case TELEGRAM_BAD: wait_for_file(photo, verdict); break;
    case TELEGRAM_RETRY:
    case TELEGRAM_AMBIGUOUS:
        if (verdict->error_code >= 500) {
            wait_for_file(photo, verdict);
            break;
        }
        photo->away_ms = 0; /* the line is down, for who knows how long: that says nothing of the file */
        put_aside(photo, "fetching", verdict->description);
        break;
    case TELEGRAM_CONFLICT:
    case TELEGRAM_UNAUTHORIZED:
    case TELEGRAM_CANCELED:
    case TELEGRAM_CLASS_COUNT: put_aside(photo, "fetching", verdict->description); break;
    }
    free(data);
}

static void begin(struct photo *photo)
{
    struct shop *shop = photo->intake->shop;
    int64_t max_bytes = shop->config->shop.photo_max_bytes;
    if (max_bytes <= 0 || max_bytes > TELEGRAM_FILE_MAX_BYTES)
        max_bytes = TELEGRAM_FILE_MAX_BYTES;
    photo->intake->working++;
    if (photo->judged) {
        commit(photo);
        return;
    }
    if (photo->size_bytes > max_bytes) {
        judge(photo, PHOTO_TOO_BIG);
        return;
    }
    photo->where = FETCHING;
    failpoint("intake.before_fetch");
    enum err err = telegram_file_fetch(shop->telegram, shop->clock.mono_ms, photo->file_id, (size_t)max_bytes, fetched,
                                       photo);
    if (err != ERR_OK)
        put_aside(photo, "fetching", err_name(err));
}

/* ---- the list -----------------------------------------------------------------------------------------------------
 */

static bool is_known(const struct intake *intake, int64_t id)
{
    for (const struct photo *photo = intake->last; photo != NULL; photo = photo->previous)
        if (photo->id == id)
            return true;
    return false;
}

static void append(struct intake *intake, int64_t id, int64_t chat_id, const char *file_id, int64_t size_bytes)
{
    struct photo *photo = calloc(1, sizeof *photo);
    if (photo == NULL || (photo->file_id = strdup(file_id)) == NULL)
        bug("out of memory");
    photo->intake = intake;
    photo->id = id;
    photo->chat_id = chat_id;
    photo->size_bytes = size_bytes;
    photo->previous = intake->last;
    *(intake->last == NULL ? &intake->first : &intake->last->next) = photo;
    intake->last = photo;
    intake->known++;
}

void intake_add(struct intake *intake, int64_t id, int64_t chat_id, const char *file_id, int64_t size_bytes)
{
    if (is_known(intake, id))
        return;
    if (intake->known >= LIST_MAX || intake->more)
        intake->more = true; /* it waits its turn in the database */
    else
        append(intake, id, chat_id, file_id, size_bytes);
    pump(intake);
}

static void load(struct intake *intake);

static void load_again(void *ctx, int64_t unused)
{
    (void)unused;
    load(ctx);
}

static void loaded(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct intake *intake = ctx;
    intake->loading = false;
    if (failure != NULL) {
        int64_t wait_ms = backoff_ms(intake->load_attempts++, AGAIN_BASE_MS, AGAIN_CAP_MS, random_number());
        log_warn("intake", "can't load the pending photos: %s; again in %lld ms", failure->message, (long long)wait_ms);
        timers_add(intake->shop->timers, intake->shop->clock.unix_ms + wait_ms, load_again, intake, 0);
        return;
    }
    intake->load_attempts = 0;
    for (int row = 0; row < db_rows(result, 0); row++) {
        struct photos_pending photo = photos_read_pending(result, 0, row);
        if (!is_known(intake, photo.id))
            append(intake, photo.id, photo.chat_id, photo.file_id, 0);
    }
    intake->more = intake->more || db_rows(result, 0) >= LIST_MAX;
    pump(intake);
}

static void load(struct intake *intake)
{
    if (intake->loading)
        return;
    struct arena arena;
    struct db_unit *unit = db_unit_new();
    arena_init(&arena);
    (void)photos_add_pending(unit, &arena, LIST_MAX);
    arena_done(&arena);
    intake->loading = true;
    db_submit(intake->shop->chores_db, unit, loaded, intake);
}

void intake_resume(struct intake *intake)
{
    load(intake);
}

/* Start what may start. A photo may end before begin() returns, and then calls this again: hence the guard, and the
 * search from the front. */
static void pump(struct intake *intake)
{
    struct photo *photo = intake->first;
    if (intake->pumping || intake->shop->stop.asked)
        return;
    intake->pumping = true;
    while (photo != NULL && intake->working < INTAKE_AT_ONCE_MAX) {
        if (photo->where == QUEUED) {
            begin(photo);
            photo = intake->first;
        } else {
            photo = photo->next;
        }
    }
    intake->pumping = false;
    if (photo == NULL && intake->more && !intake->loading && intake->known < LIST_MAX / 2) {
        intake->more = false;
        load(intake);
    }
}
