/* Reading the names out of the sources is crude and right: a step that is added tomorrow is killed at tomorrow. Those
 * that every chore has are made from the engine's own tables. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "tests/system/steps.h"

#include "bot/chores/chores.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct steps *found; /* nftw has no context */

static void add(struct steps *steps, const char *at, size_t length)
{
    if (steps->count == STEPS_MAX || length >= STEP_NAME_BYTES)
        abort();
    for (size_t i = 0; i < steps->count; i++)
        if (strlen(steps->list[i].name) == length && strncmp(steps->list[i].name, at, length) == 0)
            return;
    memcpy(steps->list[steps->count++].name, at, length);
}

static void read_line(struct steps *steps, const char *line)
{
    static const char call[] = "failpoint(\"";
    const char *at = strstr(line, call);
    if (at != NULL)
        add(steps, at + sizeof call - 1, strcspn(at + sizeof call - 1, "\""));
}

static void add_of_chore(struct steps *steps, const char *chore, enum chore_hold hold)
{
    char name[STEP_NAME_BYTES];
#define X(upper, lower, condition)                                                                                     \
    if (condition)                                                                                                     \
        add(steps, name, (size_t)snprintf(name, sizeof name, "%s.%s", chore, #lower));
    CHORE_STEPS(X)
#undef X
}

static void add_chores(struct steps *steps)
{
#define X(upper, lower, hold) add_of_chore(steps, #lower, hold);
    CHORES(X)
#undef X
}

static int read_source(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    const char *dot = strrchr(path, '.');
    char line[512];
    (void)stat;
    (void)ftw;
    FILE *file = type == FTW_F && dot != NULL && strcmp(dot, ".c") == 0 ? fopen(path, "r") : NULL;
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        read_line(found, line);
    if (file != NULL)
        (void)fclose(file);
    return 0;
}

void steps_find(struct steps *steps)
{
    *steps = (struct steps){0};
    found = steps;
    if (nftw(SOURCE_DIR "/bot", read_source, 8, FTW_PHYS) != 0 || steps->count == 0) {
        fprintf(stderr, "no named steps in %s\n", SOURCE_DIR "/bot");
        exit(1);
    }
    add_chores(steps);
}

void steps_part(struct steps *steps, const char *prefix, bool keep)
{
    size_t count = 0;
    for (size_t i = 0; i < steps->count; i++)
        if ((strncmp(steps->list[i].name, prefix, strlen(prefix)) == 0) == keep)
            steps->list[count++] = steps->list[i];
    steps->count = count;
}

/* The more it was met, the more it weighs. Where an update's fate is decided, a kill proves most. */
static long weight(const struct step *step)
{
    bool decides = strncmp(step->name, "turn.", 5) == 0 || strncmp(step->name, "poll.", 5) == 0;
    return (2 * step->kills + step->misses) * 2 / (decides ? 6 : 2);
}

struct step *steps_choose(struct steps *steps, steps_open_fn *open, const void *context, uint64_t random)
{
    struct step *best = NULL;
    size_t start = (size_t)(random % steps->count);
    for (size_t i = 0; i < steps->count; i++) {
        struct step *step = &steps->list[(start + i) % steps->count];
        if (open(context, step->name) && (best == NULL || weight(step) < weight(best)))
            best = step;
    }
    return best;
}

struct step *steps_named(struct steps *steps, const char *name)
{
    for (size_t i = 0; i < steps->count; i++)
        if (strcmp(steps->list[i].name, name) == 0)
            return &steps->list[i];
    return NULL;
}

long steps_kills(const struct steps *steps)
{
    long kills = 0;
    for (size_t i = 0; i < steps->count; i++)
        kills += steps->list[i].kills;
    return kills;
}

size_t steps_met(const struct steps *steps)
{
    size_t met = 0;
    for (size_t i = 0; i < steps->count; i++)
        met += steps->list[i].kills > 0;
    return met;
}
