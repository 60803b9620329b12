/* Rows that are there before the dialogue, or that somebody else changes in the middle of it. */
#include "tests/talk/stored.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/talk/script.h"

struct line {
    struct stage *stage;
    struct arena *arena;
    const char *rest;
};

static const char *state(const struct line *line)
{
    line->stage->session.state = sheet_state(line->rest); /* as loading does: NULL for an unknown one */
    return NULL;
}

/* "offer 0": agreed to which version, "data 1". */
static const char *consent(const struct line *line)
{
    script_version(line->arena, line->rest, line->stage->user.consents);
    return NULL;
}

/* A user of the web application who has never met the bot. */
static const char *user(const struct line *line)
{
    line->stage->user.id = strtol(line->rest, NULL, 10);
    return NULL;
}

/* Somebody else deleted the newest avatar, in the web application or on another device. */
static const char *gone(const struct line *line)
{
    return stage_delete_newest(line->stage) ? NULL : "there is no avatar";
}

/* Somebody else took it out of the database. */
static const char *no_contact(const struct line *line)
{
    line->stage->user.contact = NULL;
    return NULL;
}

/* "12 Имя": an avatar with so many good photos. */
static const char *avatar(const struct line *line)
{
    const char *rest = line->rest;
    long photos = strtol(script_word(line->arena, &rest), NULL, 10);
    stage_add_avatar(line->stage, script_unescape(line->arena, rest), photos);
    return NULL;
}

/* "3 lifestyle": so many more sets of the newest avatar have come, one a day. */
static const char *sets(const struct line *line)
{
    const char *rest = line->rest;
    for (long count = strtol(script_word(line->arena, &rest), NULL, 10); count > 0; count--)
        stage_add_set(line->stage, rest);
    return NULL;
}

/* "SUMMER 20%", "MINUS 300" (roubles), and behind it: each 1, used_up, off, over, not_begun, style lifestyle. A second
 * line of the same code is what became of it. */
static const char *code(const struct line *line)
{
    enum { ROUBLE_KOPECKS = 100, DAY_MS = 86400000 };
    struct stage *stage = line->stage;
    const char *rest = line->rest, *name = script_word(line->arena, &rest), *amount = script_word(line->arena, &rest);
    size_t at = 0;
    while (at < stage->code_count && strcmp(stage->codes[at].promo.code, name) != 0)
        at++;
    if (at == STAGE_CODES_MAX)
        return "too many codes";
    struct stage_code *row = &stage->codes[at];
    stage->code_count += at == stage->code_count;
    *row = (struct stage_code){.promo = {.code = arena_copy(&stage->keep, name), .on = true}};
    if (strchr(amount, '%') != NULL)
        row->promo.percent = (int32_t)strtol(amount, NULL, 10);
    else
        row->promo.off_kopecks = strtol(amount, NULL, 10) * ROUBLE_KOPECKS;
    while (*rest != '\0') {
        const char *word = script_word(line->arena, &rest);
        if (strcmp(word, "each") == 0)
            row->each = (int32_t)strtol(script_word(line->arena, &rest), NULL, 10);
        else if (strcmp(word, "style") == 0)
            row->promo.styles = arena_format(&stage->keep, "%s ", script_word(line->arena, &rest));
        else if (strcmp(word, "used_up") == 0)
            row->promo.used_up = true;
        else if (strcmp(word, "off") == 0)
            row->promo.on = false;
        else if (strcmp(word, "over") == 0)
            row->promo.until_ms = stage->now_ms;
        else if (strcmp(word, "not_begun") == 0)
            row->promo.from_ms = stage->now_ms + DAY_MS;
        else
            return "a code is not that";
    }
    return NULL;
}

/* "2": sets as a gift. */
static const char *gift(const struct line *line)
{
    struct stage *stage = line->stage;
    stage->grants[stage->grant_count++] = (struct grant){.id = stage->next_id++,
                                                         .unused = (int32_t)strtol(line->rest, NULL, 10)};
    return NULL;
}

/* Somebody has used them elsewhere. */
static const char *no_gifts(const struct line *line)
{
    line->stage->grant_count = 0;
    return NULL;
}

/* "3 129000": a pack that is sold, in kopecks. */
static const char *pack(const struct line *line)
{
    struct stage *stage = line->stage;
    const char *rest = line->rest;
    struct pack *row = &stage->packs[stage->rules.pack_count++];
    row->sets = (int32_t)strtol(script_word(line->arena, &rest), NULL, 10);
    row->price_kopecks = strtol(rest, NULL, 10);
    stage->rules.packs = stage->packs;
    return NULL;
}

const char *stored_play(struct stage *stage, struct arena *arena, const char *what, const char *rest)
{
    static const struct {
        const char *what;
        const char *(*play)(const struct line *line);
    } lines[] = {{"stored state", state},
                 {"stored consent", consent},
                 {"stored user", user},
                 {"stored gone", gone},
                 {"stored avatar", avatar},
                 {"stored sets", sets},
                 {"stored no contact", no_contact},
                 {"stored code", code},
                 {"stored gift", gift},
                 {"stored no gifts", no_gifts},
                 {"stored pack", pack}};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        if (strcmp(lines[i].what, what) == 0)
            return lines[i].play(&(struct line){stage, arena, rest});
    return "a line that says nothing to me";
}
