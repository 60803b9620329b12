/* How a set reaches the chat, whatever state its photos are in: each made photo once, in order, in albums of up to ten,
 * from wherever a restart left it. */
#include "core/delivery.h"

#include "tests/check.h"

enum { ROUNDS = 20000, TOTAL_MAX = STYLE_PHOTOS_MAX };

static uint32_t seed = 1;

static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525U + 1013904223U;
    return (seed >> 8) % below;
}

static struct arena arena;
static struct chat chat = {.id = 7};
static struct effects effects;
static struct event event;

static struct step begin(void)
{
    arena_reset(&arena);
    effects = (struct effects){0};
    return (struct step){.arena = &arena, .chat = &chat, .event = &event, .effects = &effects};
}

/* Notes what was sent; the same photo twice, or one that does not exist, fails. */
static void note_sent(const struct job *before, uint8_t *times)
{
    for (size_t i = 0; i < effects.count; i++) {
        const struct effect *effect = &effects.list[i];
        CHECK_INT(effect->kind, EFFECT_ALBUM);
        CHECK(effect->album.job_id == before->id);
        CHECK(effect->album.count >= 1 && effect->album.count <= ALBUM_MAX);
        CHECK(!effect->album.again);
        for (size_t k = 0; k < effect->album.count; k++) {
            CHECK_INT(before->shots[effect->album.indexes[k]], SHOT_MADE);
            CHECK_INT(times[effect->album.indexes[k]]++, 0);
        }
    }
}

/* Photos come in any order, some fail, albums arrive when they like, and the process dies between any two steps: then
 * the states are all that is left, which is what plan is given each time anyway. */
static void play_set(struct job *job)
{
    uint8_t times[TOTAL_MAX] = {0}, was_sent[TOTAL_MAX] = {0};
    int32_t last = -1;
    for (int32_t i = 0; i < job->total; i++)
        was_sent[i] = job->shots[i] == SHOT_QUEUED || job->shots[i] == SHOT_SENT;
    for (int steps = 0; !delivery_complete(job) && steps < 2000; steps++) {
        int32_t i = (int32_t)draw((uint32_t)job->total);
        if (job->shots[i] == SHOT_WAITING)
            job->shots[i] = draw(12) == 0 ? SHOT_FAILED : SHOT_MADE;
        else if (job->shots[i] == SHOT_QUEUED)
            job->shots[i] = SHOT_SENT;
        struct job before = *job;
        struct step step = begin();
        delivery_plan(&step, job);
        note_sent(&before, times);
        for (size_t k = 0; k < effects.count; k++) {
            CHECK(last < effects.list[k].album.indexes[0]);
            last = effects.list[k].album.indexes[effects.list[k].album.count - 1];
        }
        for (int32_t k = 0; k < job->total; k++)
            if (before.shots[k] != job->shots[k])
                CHECK(before.shots[k] == SHOT_MADE && job->shots[k] == SHOT_QUEUED && times[k] == 1);
    }
    CHECK(delivery_complete(job));
    for (int32_t i = 0; i < job->total; i++)
        CHECK_INT(times[i] + was_sent[i], job->shots[i] == SHOT_SENT);
}

static void test_any_state(void)
{
    for (int round = 0; round < ROUNDS; round++) {
        struct job job = {.id = 3, .total = 1 + (int32_t)draw(round % 10 == 0 ? TOTAL_MAX : 30)};
        /* What a restart finds: a sent beginning, then anything. */
        int32_t sent = (int32_t)draw((uint32_t)job.total + 1);
        for (int32_t i = 0; i < job.total; i++)
            job.shots[i] = (uint8_t)(i < sent      ? (draw(10) == 0  ? SHOT_FAILED
                                                      : draw(2) == 0 ? SHOT_SENT
                                                                     : SHOT_QUEUED)
                                     : draw(3) > 0 ? SHOT_WAITING
                                                   : SHOT_MADE);
        play_set(&job);
    }
}

/* Full albums where there are enough: 23 photos at once are 10, 10 and 3. */
static void test_sizes(void)
{
    struct job job = {.id = 3, .total = 23};
    memset(job.shots, SHOT_MADE, 23);
    struct step step = begin();
    delivery_plan(&step, &job);
    CHECK_INT(effects.count, 3);
    CHECK_INT(effects.list[0].album.count, 10);
    CHECK_INT(effects.list[1].album.count, 10);
    CHECK_INT(effects.list[2].album.count, 3);
    CHECK_INT(effects.list[2].album.indexes[2], 22);
    step = begin();
    delivery_plan(&step, &job);
    CHECK_INT(effects.count, 0);
}

/* Nothing goes past a photo that is still being made, and less than ten only at the end. */
static void test_waits(void)
{
    struct job job = {.id = 3, .total = 23};
    memset(job.shots, SHOT_MADE, 23);
    job.shots[9] = SHOT_WAITING;
    struct step step = begin();
    delivery_plan(&step, &job);
    CHECK_INT(effects.count, 0);
    job.shots[9] = SHOT_FAILED;
    job.shots[22] = SHOT_WAITING;
    delivery_plan(&step, &job);
    CHECK_INT(effects.count, 2);
    CHECK_INT(effects.list[0].album.indexes[9], 10);
    job.shots[22] = SHOT_FAILED;
    delivery_plan(&step, &job);
    CHECK_INT(effects.count, 3);
    CHECK_INT(effects.list[2].album.count, 1);
    CHECK_INT(effects.list[2].album.indexes[0], 21);
}

static void test_repeat(void)
{
    struct job job = {.id = 3, .total = 12};
    memset(job.shots, SHOT_SENT, 12);
    job.shots[2] = SHOT_FAILED;
    struct job before = job;
    struct step step = begin();
    delivery_repeat(&step, &job, true);
    CHECK_INT(effects.count, 2);
    CHECK_INT(effects.list[0].kind, EFFECT_FILES);
    CHECK(effects.list[0].files.again);
    CHECK_INT(effects.list[0].files.indexes[2], 3);
    CHECK_INT(effects.list[1].files.count, 1);
    CHECK(memcmp(&before, &job, sizeof job) == 0);
    step = begin();
    delivery_repeat(&step, &job, false);
    CHECK_INT(effects.list[0].kind, EFFECT_ALBUM);
    CHECK(effects.list[0].album.again);
}

static void test_bar(void)
{
    CHECK_TEXT(delivery_bar(&arena, 0, 23), "░░░░░░░░░░░░");
    CHECK_TEXT(delivery_bar(&arena, 9, 23), "▓▓▓▓░░░░░░░░");
    CHECK_TEXT(delivery_bar(&arena, 23, 23), "▓▓▓▓▓▓▓▓▓▓▓▓");
    CHECK_TEXT(delivery_bar(&arena, 0, 0), "░░░░░░░░░░░░");
}

int main(void)
{
    arena_init(&arena);
    test_sizes();
    test_waits();
    test_repeat();
    test_bar();
    test_any_state();
    arena_done(&arena);
    return 0;
}
