/* Albums go out as soon as ten neighbours are ready, so the first photos arrive while the last are being made; order
 * is kept because a photo that is still waiting ends the run. It must not count or send: the shots' states, kept per
 * photo in Postgres, are the only truth, which is why a delivery resumes where it was. */
#include "core/delivery.h"

enum { BAR_CELLS = 12 };

static struct shots shots_of(const struct job *job, bool again, const uint8_t *indexes, size_t count)
{
    struct shots shots = {.job_id = job->id, .again = again, .count = count};
    for (size_t i = 0; i < count; i++)
        shots.indexes[i] = indexes[i];
    return shots;
}

void delivery_plan(struct step *step, struct job *job)
{
    uint8_t run[ALBUM_MAX];
    size_t count = 0;
    int32_t end = 0; /* the first photo still being made: nothing from there on goes yet */
    while (end < job->total && job->shots[end] != SHOT_WAITING)
        end++;
    for (int32_t i = 0; i < end; i++) {
        if (job->shots[i] == SHOT_MADE)
            run[count++] = (uint8_t)i;
        if (count == 0 || (count < ALBUM_MAX && i + 1 < job->total))
            continue;
        for (size_t k = 0; k < count; k++)
            job->shots[run[k]] = SHOT_QUEUED;
        step_effect(step, EFFECT_ALBUM)->album = shots_of(job, false, run, count);
        count = 0;
    }
}

void delivery_repeat(struct step *step, struct job *job, bool files)
{
    uint8_t run[ALBUM_MAX];
    size_t count = 0;
    for (int32_t i = 0; i < job->total; i++) {
        if (job->shots[i] == SHOT_SENT)
            run[count++] = (uint8_t)i;
        if (count == ALBUM_MAX || (i + 1 == job->total && count > 0)) {
            if (files)
                step_effect(step, EFFECT_FILES)->files = shots_of(job, true, run, count);
            else
                step_effect(step, EFFECT_ALBUM)->album = shots_of(job, true, run, count);
            count = 0;
        }
    }
}

bool delivery_complete(const struct job *job)
{
    return job_count(job, SHOT_SENT) + job_count(job, SHOT_FAILED) == job->total;
}

const char *delivery_bar(struct arena *arena, int32_t done, int32_t total)
{
    char *bar = arena_alloc(arena, BAR_CELLS * 3 + 1);
    int32_t full = total > 0 ? done * BAR_CELLS / total : 0;
    for (int32_t i = 0; i < BAR_CELLS; i++) {
        bar[i * 3] = '\xe2';
        bar[i * 3 + 1] = '\x96';
        bar[i * 3 + 2] = i < full ? '\x93' : '\x91';
    }
    return bar;
}

void delivery_result(struct step *step, const struct job *job)
{
    int32_t failed = job_count(job, SHOT_FAILED), made = job_made(job);
    enum text_key none = job->was_free ? TEXT_RESULT_NONE_FREE : TEXT_RESULT_NONE;
    enum text_key partly = job->was_free ? TEXT_RESULT_PARTLY_FREE : TEXT_RESULT_PARTLY;
    enum text_key key = made == 0 ? none : failed == 0 ? TEXT_RESULT : partly;
    screen_text(step, key, ARGS(ARG_N("made", made), ARG_N("failed", failed)));
    if (made > 0)
        screen_go(step, TEXT_BUTTON_FILES, "files", job->id);
    screen_go(step, TEXT_BUTTON_ANOTHER_STYLE, "style", job->avatar_id);
    screen_primary(step);
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
}
