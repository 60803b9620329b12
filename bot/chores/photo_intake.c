/* The intake of reference photos. A photo goes fetch → examine → name → store → commit, each step ending in a callback;
 * a trouble that may pass puts it aside and it begins again (at the store, if the picture is known; at the commit, if
 * the verdict is). It is named before it is stored (bot/chores/store_sweep.c says why). A good one is
 * compared with the other good ones of its avatar: the commit takes nothing in while there are some that it was not
 * compared with, and hands those out instead. What waits is only ids and file ids; the bytes of at most AT_ONCE_MAX
 * photos are in memory.
 *
 * Must not look at the picture itself. */
#include "bot/chores/photo_intake.h"

#include <stdlib.h>
#include <string.h>
#include "bot/base/failpoint.h"
#include "bot/services/telegram/files.h"
#include "core/bug.h"
#include "db/photos.h"

enum {
    AT_ONCE_MAX = 4, /* photos held in memory at the same time: each is up to 20 MiB */
    KNOWN_MAX = 4096,
    BASE_MS = 2000,
    CAP_MS = 60 * 1000,
    LOUD = 5,
    AWAY_FOR_MS = 15 * 60 * 1000 /* so long it is believed to pass that Telegram has not got the file */
};

struct photo_intake {
    struct photo_intake_ports ports;
};

/* What is known of a photo; kept over its attempts. */
struct taking {
    int64_t away_ms; /* since when Telegram has not got the file; 0 = it did not say so */
    bool broke;      /* the darkroom ended under it: once may be chance (a stop of the service, want of memory) */
    bool developing; /* the darkroom has it */
    bool judged;     /* verdict and, for a good one, url and sketch are known */
    enum photo_verdict verdict;
    /* Of a good one, else empty: */
    uint8_t *jpeg; /* until it is in the store */
    size_t jpeg_bytes;
    bool named; /* its row has the url */
    char url[STORE_URL_BYTES];
    uint8_t *sketch;
    int64_t *seen;     /* the photos that it was compared with */
    size_t seen_count; /* … and those that it is being compared with */
    size_t comparing_count;
};

static const struct photo_intake_ports *ports_of(const struct errand *errand)
{
    const struct photo_intake *self = errand_self(errand);
    return &self->ports;
}

/* ---- the end ---- */

enum { VERDICT_AT = 1, UNSEEN_AT };

static void write_end(void *unused, const struct errand *errand, struct db_unit *unit, struct arena *arena)
{
    const struct taking *taking = errand->work;
    (void)unused;
    if (errand->end == ERRAND_NOTED) {
        (void)photos_add_named(unit, arena, errand->id, taking->url);
        return;
    }
    (void)photos_add_examined(
        unit, arena,
        &(struct photos_examined){.id = errand->id,
                                  .verdict = taking->verdict,
                                  .url = taking->url[0] == '\0' ? NULL : taking->url,
                                  .sketch = taking->sketch,
                                  .sketch_bytes = taking->sketch == NULL ? 0 : DARKROOM_SKETCH_BYTES,
                                  .seen = taking->seen,
                                  .seen_count = taking->seen_count});
}

static void darkroom_compared(void *ctx, enum err err, struct darkroom_result *result)
{
    struct errand *errand = ctx;
    struct taking *taking = errand->work;
    taking->developing = false;
    if (err != ERR_OK) {
        errand_retry(errand, 0, err_name(err));
        return;
    }
    taking->seen_count += taking->comparing_count;
    if (result->is_same)
        taking->verdict = PHOTO_DUPLICATE;
    errand_end(errand);
}

/* With those that it was not compared with yet. */
static void compare(struct errand *errand, const struct db_result *result)
{
    struct taking *taking = errand->work;
    struct arena arena;
    size_t count = (size_t)db_rows(result, UNSEEN_AT);
    count = count < DARKROOM_SKETCHES_MAX ? count : DARKROOM_SKETCHES_MAX; /* the rest after these */
    uint8_t *sketches = calloc(count + 1, DARKROOM_SKETCH_BYTES);
    taking->seen = realloc(taking->seen, (taking->seen_count + count) * sizeof *taking->seen);
    if (sketches == NULL || taking->seen == NULL)
        bug("out of memory");
    memcpy(sketches, taking->sketch, DARKROOM_SKETCH_BYTES);
    arena_init(&arena);
    for (size_t i = 0; i < count; i++) {
        struct photos_unseen other = photos_read_unseen(result, VERDICT_AT, (int)i, &arena);
        taking->seen[taking->seen_count + i] = other.id;
        if (other.sketch_bytes == DARKROOM_SKETCH_BYTES)
            memcpy(sketches + (i + 1) * DARKROOM_SKETCH_BYTES, other.sketch, DARKROOM_SKETCH_BYTES);
    }
    arena_done(&arena);
    taking->comparing_count = count;
    taking->developing = true;
    enum err err = darkroom_compare(ports_of(errand)->darkroom, sketches, count + 1, darkroom_compared, errand);
    free(sketches);
    if (err != ERR_OK)
        darkroom_compared(errand, err, NULL);
}

static bool end_heard(void *unused, struct errand *errand, const struct db_result *result)
{
    struct taking *taking = errand->work;
    (void)unused;
    if (errand->end == ERRAND_NOTED) {
        taking->named = true;
        taking->judged = db_rows(result, 0) == 0; /* it went with its user, or was judged: nothing is to be stored */
        return false;
    }
    struct event news = {
        .kind = EVENT_PHOTO_READY, .object = errand->id, .news_id = photos_read_news(result, VERDICT_AT)};
    if (db_rows(result, UNSEEN_AT) > 0) {
        compare(errand, result);
        return false;
    }
    if (photos_read_examined(result, VERDICT_AT, &news.verdict))
        errand_tell(errand, news);
    if (taking->named && news.verdict != PHOTO_GOOD) /* it is a picture that nobody names now */
        engine_wake(ports_of(errand)->engine, CHORE_STORE_SWEEP, 0);
    return true;
}

static void judge(struct errand *errand, enum photo_verdict verdict)
{
    struct taking *taking = errand->work;
    taking->judged = true;
    taking->verdict = verdict;
    errand_end(errand);
}

/* ---- fetch, examine, store ---- */

static void photo_stored(void *ctx, enum err err, const struct store_object *object)
{
    struct errand *errand = ctx;
    if (!errand_answered(errand))
        return;
    struct taking *taking = errand->work;
    if (err != ERR_OK) {
        errand_trouble(errand, 0, "the store does not take a photo");
        return;
    }
    failpoint("photo_intake.after_store");
    (void)object;
    free(taking->jpeg);
    taking->jpeg = NULL;
    judge(errand, PHOTO_GOOD);
}

static void put_in_store(struct errand *errand)
{
    const struct taking *taking = errand->work;
    failpoint("photo_intake.before_store");
    if (errand_call(errand))
        store_put(ports_of(errand)->store, taking->jpeg, taking->jpeg_bytes, photo_stored, errand);
}

/* The picture is taken over from the darkroom, and put once its row names it. */
static void name_picture(struct errand *errand, struct darkroom_result *result)
{
    struct taking *taking = errand->work;
    char name[STORE_NAME_BYTES];
    taking->sketch = malloc(DARKROOM_SKETCH_BYTES);
    if (taking->sketch == NULL)
        bug("out of memory");
    memcpy(taking->sketch, result->sketch, DARKROOM_SKETCH_BYTES);
    taking->verdict = PHOTO_GOOD;
    taking->jpeg = result->jpeg;
    taking->jpeg_bytes = result->jpeg_len;
    result->jpeg = NULL;
    store_name(taking->jpeg, taking->jpeg_bytes, name);
    store_url(name, taking->url);
    errand_note(errand, taking->url);
}

static void darkroom_examined(void *ctx, enum err err, struct darkroom_result *result)
{
    struct errand *errand = ctx;
    struct taking *taking = errand->work;
    bool broke = err == ERR_CLOSED || err == ERR_TIMEOUT, before = taking->broke;
    taking->developing = false;
    taking->broke = before || broke;
    if (broke && before && !ports_of(errand)->stop->asked)
        judge(errand, PHOTO_UNREADABLE);
    else if (err != ERR_OK)
        errand_retry(errand, 0, err_name(err));
    else if (result->verdict != PHOTO_GOOD)
        judge(errand, result->verdict);
    else
        name_picture(errand, result);
}

static void examine(struct errand *errand, const char *data, size_t bytes)
{
    const struct photo_intake_ports *ports = ports_of(errand);
    struct taking *taking = errand->work;
    taking->developing = true;
    enum err err = darkroom_examine(ports->darkroom, data, bytes, ports->min_side_px, darkroom_examined, errand);
    if (err == ERR_OK)
        return;
    taking->developing = false;
    if (err == ERR_TOO_LARGE)
        judge(errand, PHOTO_TOO_BIG);
    else
        errand_retry(errand, 0, err_name(err));
}

/* Telegram refuses the file, or fails on it. That passes, as a rule within minutes; then the user is told. */
static void wait_for_file(struct errand *errand, const struct telegram_verdict *verdict)
{
    struct taking *taking = errand->work;
    int64_t now_ms = ports_of(errand)->clock->unix_ms;
    if (taking->away_ms == 0)
        taking->away_ms = now_ms;
    if (now_ms - taking->away_ms < AWAY_FOR_MS)
        errand_retry(errand, 0, verdict->description);
    else
        judge(errand, PHOTO_UNREACHABLE);
}

/* The line is down, for who knows how long: that says nothing of the file. */
static void wait_for_line(struct errand *errand, const struct telegram_verdict *verdict)
{
    struct taking *taking = errand->work;
    taking->away_ms = 0;
    errand_retry(errand, 0, verdict->description);
}

static void file_fetched(void *ctx, const struct telegram_verdict *verdict, char *data, size_t bytes)
{
    struct errand *errand = ctx;
    if (!errand_answered(errand)) {
        free(data);
        return;
    }
    switch (verdict->class) {
    case TELEGRAM_OK: examine(errand, data, bytes); break;
    case TELEGRAM_FILE_TOO_BIG: judge(errand, PHOTO_TOO_BIG); break;
    case TELEGRAM_FILE_BAD: judge(errand, PHOTO_UNREACHABLE); break;
    case TELEGRAM_FILE_AWAY:
    case TELEGRAM_UNREACHABLE:
    case TELEGRAM_GONE:
    case TELEGRAM_UNPARSED:
    case TELEGRAM_BAD: wait_for_file(errand, verdict); break;
    case TELEGRAM_RETRY:
    case TELEGRAM_AMBIGUOUS:
        if (verdict->error_code >= 500)
            wait_for_file(errand, verdict);
        else
            wait_for_line(errand, verdict);
        break;
    case TELEGRAM_CONFLICT:
    case TELEGRAM_UNAUTHORIZED:
    case TELEGRAM_CANCELED:
    case TELEGRAM_CLASS_COUNT: errand_retry(errand, 0, verdict->description); break;
    }
    free(data);
}

static void begin(void *ctx, struct errand *errand, const struct chore_row *row)
{
    const struct photo_intake_ports *ports = &((struct photo_intake *)ctx)->ports;
    struct taking *taking = errand->work == NULL ? calloc(1, sizeof *taking) : errand->work;
    (void)row;
    if (taking == NULL)
        bug("out of memory");
    errand->work = taking;
    if (taking->judged) {
        errand_end(errand);
        return;
    }
    if (taking->named) {
        put_in_store(errand);
        return;
    }
    if (!errand_call(errand))
        return;
    enum err err = telegram_file_fetch(ports->telegram, ports->clock->mono_ms, errand->outside,
                                       (size_t)ports->photo_max_bytes, file_fetched, errand);
    if (err != ERR_OK && errand_answered(errand))
        errand_retry(errand, 0, err_name(err));
}

static void forget(void *ctx, struct errand *errand)
{
    const struct photo_intake *self = ctx;
    struct taking *taking = errand->work;
    if (taking == NULL)
        return;
    if (taking->developing)
        darkroom_cancel(self->ports.darkroom, errand);
    free(taking->jpeg);
    free(taking->sketch);
    free(taking->seen);
    free(taking);
}

/* ---- its rows are photo_intake ---- */

static int load(void *unused, struct db_unit *unit, struct arena *arena, int limit)
{
    (void)unused;
    return photos_add_pending(unit, arena, limit);
}

static int find(void *unused, struct db_unit *unit, struct arena *arena, int64_t id)
{
    (void)unused;
    return photos_add_find(unit, arena, id);
}

static bool read_row(void *unused, const struct chore_row *row, struct errand *errand)
{
    struct photos_pending photo = photos_read_pending(row->result, row->statement, row->row);
    (void)unused;
    errand->id = photo.id;
    errand->chat_id = photo.chat_id;
    errand_name(errand, photo.file_id);
    return true;
}

static const struct chore_table photo_rows = {.load = load, .find = find, .read = read_row};

struct photo_intake *photo_intake_new(const struct photo_intake_ports *ports)
{
    struct photo_intake *self = calloc(1, sizeof *self);
    if (self == NULL)
        bug("out of memory");
    self->ports = *ports;
    if (ports->photo_max_bytes <= 0 || ports->photo_max_bytes > TELEGRAM_FILE_MAX_BYTES)
        self->ports.photo_max_bytes = TELEGRAM_FILE_MAX_BYTES;
    engine_add(ports->engine, CHORE_PHOTO_INTAKE,
               &(struct chore){.self = self,
                               .table = &photo_rows,
                               .at_once = AT_ONCE_MAX,
                               .known_max = KNOWN_MAX,
                               .loud = LOUD,
                               .base_ms = BASE_MS,
                               .cap_ms = CAP_MS,
                               .begin = begin,
                               .write = write_end,
                               .heard = end_heard,
                               .cancel = forget});
    return self;
}

void photo_intake_free(struct photo_intake *self)
{
    free(self);
}
