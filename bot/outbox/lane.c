/* The lanes. A row enters a line after its commit and leaves through the outcomes. In a line, a screen that has a newer
 * screen right behind it is not sent at all: the living message shows the present, not the past.
 *
 * The two lines of a chat go side by side, so a screen passes between two albums; Telegram's client lets one call of a
 * chat go at a time, words first. Once the daemon is asked to stop no new head is begun: what is on its way comes home,
 * the rest stands in the database. */
#include "bot/outbox/lane.h"

#include <inttypes.h>
#include <search.h>
#include <stdlib.h>

#include "bot/base/failpoint.h"
#include "bot/base/log.h"
#include "bot/base/memory.h"
#include "bot/base/random.h"
#include "bot/base/stop.h"
#include "bot/base/timers.h"
#include "bot/outbox/album.h"
#include "bot/outbox/compose.h"
#include "core/backoff.h"
#include "core/bug.h"

enum { AGAIN_BASE_MS = 500, AGAIN_CAP_MS = 60 * 1000, LOST_CAP_MS = 15 * 60 * 1000, DECIMAL = 10 };

static int compare_lanes(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

struct lane *lane_of(const struct outbox *outbox, int64_t chat_id)
{
    void *node = tfind(&chat_id, (void *const *)&outbox->lanes, compare_lanes);
    return node == NULL ? NULL : *(struct lane **)node;
}

struct lane *lane_make(struct outbox *outbox, int64_t chat_id)
{
    struct lane *lane = lane_of(outbox, chat_id);
    if (lane != NULL)
        return lane;
    lane = memory_need(calloc(1, sizeof *lane));
    lane->chat_id = chat_id;
    lane->outbox = outbox;
    for (size_t i = 0; i < LINE_COUNT; i++)
        TAILQ_INIT(&lane->lines[i].items);
    (void)memory_need(tsearch(lane, &outbox->lanes, compare_lanes));
    return lane;
}

static void item_free(struct item *item)
{
    free(item->body);
    free(item->picture);
    free(item->upload);
    free(item->trial);
    free(item);
}

static void lane_free(struct lane *lane)
{
    for (size_t i = 0; i < LINE_COUNT; i++)
        for (struct item *item; (item = TAILQ_FIRST(&lane->lines[i].items)) != NULL;) {
            TAILQ_REMOVE(&lane->lines[i].items, item, next);
            item_free(item);
        }
    free(lane);
}

static void lane_drop(struct lane *lane)
{
    (void)tdelete(lane, &lane->outbox->lanes, compare_lanes);
    lane_free(lane);
}

void lane_drop_if_empty(struct lane *lane)
{
    bool empty = !lane->noted && !lane->taking;
    for (size_t i = 0; i < LINE_COUNT; i++)
        empty = empty && TAILQ_EMPTY(&lane->lines[i].items);
    if (empty)
        lane_drop(lane);
}

void lane_free_all(struct outbox *outbox)
{
    while (outbox->lanes != NULL)
        lane_drop(*(struct lane **)outbox->lanes);
}

bool lane_has_passed(const struct lane *lane, int64_t message_id)
{
    size_t count = lane->passed_count < PASSED_MAX ? lane->passed_count : PASSED_MAX;
    bool has = message_id == lane->screen_message_id;
    for (size_t i = 0; i < count; i++)
        has = has || lane->passed[i] == message_id;
    return has;
}

void lane_passed(struct lane *lane, int64_t message_id)
{
    if (!lane_has_passed(lane, message_id))
        lane->passed[lane->passed_count++ % PASSED_MAX] = message_id;
}

/* Rows that were tried know, from an earlier life, who passed them. */
static void read_passed(struct lane *lane, const char *passed)
{
    for (char *end; passed != NULL && *passed != '\0'; passed = *end == ',' ? end + 1 : end)
        lane_passed(lane, strtoll(passed, &end, DECIMAL));
}

void lane_put(struct lane *lane, const struct outbox_row *row)
{
    const struct kind *kind = kind_of(row->kind);
    struct item *item = memory_need(calloc(1, sizeof *item));
    *item = (struct item){.lane = lane,
                          .kind = kind,
                          .id = row->id,
                          .job_id = row->job_id,
                          .thread_id = row->thread_id,
                          .fresh = row->fresh,
                          .replace = row->replace};
    if (kind->is_album) {
        item->index_count = (uint8_t)compose_read_indexes(row->body, item->indexes);
        if (row->tried_after != 0)
            album_was_tried(item, row->tried_after, row->tried_photo);
    } else {
        item->body = memory_copy(row->body);
        item->picture = memory_copy(row->picture);
        item->above = row->tried_after;
        item->in_doubt = row->tried_after != 0;
    }
    if (!lane->noted && !lane->taking && lane->lines[LINE_WORDS].state == LINE_FREE) {
        lane->screen_message_id = row->screen_message_id;
        lane->screen_is_photo = row->screen_is_photo;
    }
    read_passed(lane, row->passed);
    outbox_see_message(lane->outbox, row->tried_after); /* known to an earlier life that did not come to keep it */
    TAILQ_INSERT_TAIL(&lane->lines[kind->line].items, item, next);
    lane->outbox->pending++;
}

static struct line *line_of(struct item *item)
{
    return &item->lane->lines[item->kind->line];
}

/* The item leaves the line; its row is to be deleted. */
static void leave(struct item *item)
{
    outbox_note_done(item->lane, item->id, item->passed);
    TAILQ_REMOVE(&line_of(item)->items, item, next);
    item->lane->outbox->pending--;
    item_free(item);
}

/* Drops from the head the screens that a newer one stands right behind. */
static void skip(struct line *line)
{
    struct item *item = TAILQ_FIRST(&line->items), *newer;
    for (; item != NULL && item->kind->is_living; item = newer) {
        newer = TAILQ_NEXT(item, next);
        if (newer == NULL || !newer->kind->is_living)
            return;
        newer->fresh |= item->fresh;
        newer->replace |= item->replace;
        leave(item);
    }
}

/* False: the lane may be gone. */
static void run_line(struct lane *lane, enum line_name name)
{
    struct line *line = &lane->lines[name];
    if (line->state != LINE_FREE || lane->outbox->ports.stop->asked || (name == LINE_WORDS && lane->searching))
        return;
    skip(line);
    struct item *item = TAILQ_FIRST(&line->items);
    if (item == NULL)
        return;
    line->state = LINE_BUSY;
    item->kind->send(item); /* NOLINT(clang-analyzer-unix.Malloc): it does not see that TAILQ_REMOVE moves the head */
}

void lane_run(struct lane *lane)
{
    struct outbox *outbox = lane->outbox;
    int64_t chat_id = lane->chat_id;
    run_line(lane, LINE_WORDS);
    lane = lane_of(outbox, chat_id); /* what was sent at once may have been the last */
    if (lane != NULL)
        run_line(lane, LINE_SETS);
    lane = lane_of(outbox, chat_id);
    if (lane != NULL)
        lane_drop_if_empty(lane);
}

/* The head of its line is not on its way any more. Returns the search that waited for that, or NULL: it may go on when
 * all is said about the item, for it may let the line run. */
static struct shipment *come_home(struct item *item, enum line_state state)
{
    struct lane *lane = item->lane;
    struct shipment *search = lane->search;
    line_of(item)->state = state;
    if (item->kind->line != LINE_WORDS)
        return NULL;
    lane->search = NULL;
    return search;
}

/* Its album is still in line afterwards, so the lane is there. */
static void search_on(struct shipment *search)
{
    if (search != NULL)
        album_search_on(search);
}

bool lane_leave_topic(struct item *item)
{
    bool had = item->thread_id != 0;
    if (had)
        log_info("outbox", "a topic of chat %" PRId64 " is gone: its message goes without", item->lane->chat_id);
    item->thread_id = 0;
    return had;
}

void lane_done(struct item *item)
{
    struct lane *lane = item->lane;
    failpoint("outbox.sent");
    item->in_doubt = false;
    struct shipment *search = come_home(item, LINE_FREE);
    leave(item);
    search_on(search);
    lane_run(lane);
}

static void again_due(void *ctx, int64_t object)
{
    struct item *item = ctx;
    (void)object;
    line_of(item)->state = LINE_FREE;
    lane_run(item->lane);
}

void lane_again(struct item *item, int64_t wait_ms)
{
    const struct outbox_ports *ports = &item->lane->outbox->ports;
    timers_add(ports->timers, ports->clock->unix_ms + wait_ms, again_due, item, 0);
    search_on(come_home(item, LINE_RESTING));
}

int64_t lane_backoff_ms(const struct item *item, bool may_be_there)
{
    return backoff_ms(item->tries, AGAIN_BASE_MS, may_be_there ? LOST_CAP_MS : AGAIN_CAP_MS, random_number());
}

/* The head of the other line may be on its way, too: it hears the same from Telegram. */
void lane_unreachable(struct item *item)
{
    struct lane *lane = item->lane;
    outbox_note_news(lane->outbox, EVENT_BLOCKED, lane->chat_id, 0);
    item->in_doubt = false;
    struct shipment *search = come_home(item, LINE_FREE);
    for (size_t i = 0; i < LINE_COUNT; i++) {
        struct line *line = &lane->lines[i];
        struct item *at = TAILQ_FIRST(&line->items), *next;
        if (at != NULL && line->state != LINE_FREE)
            at = TAILQ_NEXT(at, next);
        for (; at != NULL; at = next) {
            next = TAILQ_NEXT(at, next);
            if (at->kind->put_back != NULL)
                at->kind->put_back(at);
            leave(at);
        }
    }
    search_on(search);
    lane_drop_if_empty(lane);
}

bool lane_search_begin(struct lane *lane, struct shipment *shipment)
{
    const struct item *word;
    bool may_be_there = false; /* not only the head: what went before it may have been committed too late */
    TAILQ_FOREACH(word, &lane->lines[LINE_WORDS].items, next)
        may_be_there = may_be_there || word->in_doubt;
    lane->searching = lane->lines[LINE_WORDS].state != LINE_BUSY && !may_be_there;
    if (!lane->searching)
        lane->search = shipment;
    return lane->searching;
}

void lane_search_end(struct lane *lane)
{
    lane->searching = false;
    run_line(lane, LINE_WORDS);
}
