/* The list of findings, kept in the order of the files' lines, because that is how the owner will mend them. Nothing
 * here prints or decides what a finding means for the run. */
#include "config/finding.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/bug.h"

enum { NAME_MAX_BYTES = 64 };

void findings_init(struct findings *findings, struct arena *arena)
{
    *findings = (struct findings){.arena = arena};
}

void findings_add(struct findings *findings, enum finding_level level, const char *file, int line, const char *remedy,
                  const char *format, ...)
{
    findings->errors += level == FINDING_ERROR;
    if (findings->count == FINDINGS_MAX)
        return;
    if (findings->items == NULL)
        findings->items = arena_array(findings->arena, FINDINGS_MAX, sizeof *findings->items);

    va_list args;
    va_start(args, format);
    struct finding finding = {
        .level = level,
        .file = arena_copy(findings->arena, file),
        .line = line,
        .message = arena_vformat(findings->arena, format, args),
        .remedy = arena_copy(findings->arena, remedy),
    };
    va_end(args);

    size_t at = findings->count++;
    for (; at > 0; at--) {
        const struct finding *before = &findings->items[at - 1];
        if (strcmp(before->file, finding.file) != 0 || before->line <= line)
            break;
        findings->items[at] = *before;
    }
    findings->items[at] = finding;
}

const char *finding_level_name(enum finding_level level)
{
    switch (level) {
    case FINDING_ERROR: return "error";
    case FINDING_WARNING: return "warning";
    case FINDING_LEVEL_COUNT: break;
    }
    bug("a level that findings do not have");
}

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein, one row. Names over the maximum are as far away as can be. */
static size_t distance(const char *a, const char *b)
{
    size_t row[NAME_MAX_BYTES + 1];
    size_t a_length = strlen(a), b_length = strlen(b);
    if (a_length > NAME_MAX_BYTES || b_length > NAME_MAX_BYTES)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            size_t above = row[j];
            row[j] = least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
            diagonal = above;
        }
    }
    return row[b_length];
}

static const char *last_part(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot == NULL ? name : dot + 1;
}

const char *finding_nearest(const char *name, const char *const *names, size_t count)
{
    const char *best = NULL;
    bool best_twin = false; /* the same last part: the right key in the wrong group, however far the groups are */
    size_t best_distance = strlen(name) / 3 + 1;
    for (size_t i = 0; i < count; i++) {
        bool twin = strcmp(last_part(name), last_part(names[i])) == 0;
        size_t far = distance(name, names[i]);
        if (twin ? !best_twin || far < best_distance
                 : !best_twin && (far < best_distance || (far == best_distance && best == NULL))) {
            best = names[i];
            best_twin = twin;
            best_distance = far;
        }
    }
    return best;
}
