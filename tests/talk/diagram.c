/* Prints all conversations as Mermaid diagrams, or brings the ones in a document up to date: what stands between the
 * two marks there is the output of this program. With --check it only tells whether it still is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/sheet.h"

#define MARK_BEGIN "<!-- diagram: begin -->\n"
#define MARK_END "<!-- diagram: end -->\n"

static const char *time_limit(struct arena *arena, int64_t limit_s)
{
    if (limit_s % DAY == 0)
        return arena_format(arena, "%d d", (int)(limit_s / DAY));
    return arena_format(arena, "%d h", (int)(limit_s / HOUR));
}

/* One sheet: its states, its moves, and the states of other sheets they lead to. */
static const char *sheet_diagram(struct arena *arena, const struct sheet *sheet)
{
    const char *out = arena_format(arena, "### %s\n\n```mermaid\nstateDiagram-v2\n", sheet->name);
    for (const struct state *const *state = sheet_states(); *state != NULL; state++)
        if ((*state)->sheet == sheet)
            out = arena_format(arena, "%s    %s: %s (%s)\n", out, (*state)->id, (*state)->name,
                               time_limit(arena, (*state)->limit_s));
    for (size_t i = 0; i < sheet->move_count; i++) {
        const struct move *move = &sheet->moves[i];
        out = arena_format(arena, "%s    %s --> %s: %s\n", out, move->from->id, move->to->id,
                           sheet->outcomes[move->on - OUT_FIRST]);
    }
    return arena_format(arena, "%s```\n\n", out);
}

static const char *all_diagrams(struct arena *arena)
{
    const char *out = "";
    const struct sheet *last = NULL;
    for (const struct state *const *state = sheet_states(); *state != NULL; state++) {
        if ((*state)->sheet != last)
            out = arena_format(arena, "%s%s", out, sheet_diagram(arena, (*state)->sheet));
        last = (*state)->sheet;
    }
    return out;
}

static const char *read_all(struct arena *arena, const char *path)
{
    enum { DOCUMENT_MAX_BYTES = 256 * 1024 };
    char *text = arena_alloc(arena, DOCUMENT_MAX_BYTES + 1);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return NULL;
    size_t length = fread(text, 1, DOCUMENT_MAX_BYTES, file);
    (void)fclose(file);
    text[length] = '\0';
    return text;
}

static int update(struct arena *arena, const char *path, bool check)
{
    const char *old = read_all(arena, path);
    const char *begin = old == NULL ? NULL : strstr(old, MARK_BEGIN);
    const char *end = begin == NULL ? NULL : strstr(begin, MARK_END);
    if (end == NULL) {
        fprintf(stderr, "%s: can't be read, or has not both marks\n", path);
        return 1;
    }
    const char *text = arena_format(arena, "%.*s%s\n%s%s", (int)(begin - old), old, MARK_BEGIN, all_diagrams(arena),
                                    end);
    if (strcmp(old, text) == 0)
        return 0;
    if (check) {
        fprintf(stderr, "%s: the diagram is not that of the sheets; run `diagram %s`\n", path, path);
        return 1;
    }
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(text, file) == EOF || fclose(file) != 0) {
        fprintf(stderr, "%s: can't be written\n", path);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct arena arena;
    int status = 0;
    arena_init(&arena);
    if (argc == 1)
        fputs(all_diagrams(&arena), stdout);
    else if (argc == 2)
        status = update(&arena, argv[1], false);
    else
        status = strcmp(argv[1], "--check") == 0 ? update(&arena, argv[2], true) : 1;
    arena_done(&arena);
    return status;
}
