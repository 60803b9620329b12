/* The list of entities that the parsers of HTML and MarkdownV2 fill, and how it goes out: by place, cut to the text.
 */
#include "tests/sandbox/entities.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/html.h"

void entities_add(struct entities *entities, const char *type, const char *argument, size_t from, size_t length)
{
    if (length == 0)
        return;
    if (entities->count == entities->room) {
        entities->room = entities->room == 0 ? 16 : entities->room * 2;
        entities->list = mem_grow(entities->list, entities->room * sizeof(struct entity));
    }
    bool has = argument != NULL && argument[0] != '\0';
    entities->list[entities->count++] = (struct entity){
        .type = type, .argument = has ? mem_text(argument) : NULL, .from = from, .length = length};
}

static int by_place(const void *left, const void *right)
{
    const struct entity *a = left, *b = right;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    return a->length == b->length ? strcmp(a->type, b->type) : a->length > b->length ? -1 : 1;
}

static void add_json(struct buf *out, const struct entity *entity, size_t from, size_t length)
{
    const char *key = strcmp(entity->type, "text_link") == 0      ? "url"
                      : strcmp(entity->type, "pre") == 0          ? "language"
                      : strcmp(entity->type, "custom_emoji") == 0 ? "custom_emoji_id"
                                                                  : NULL;
    buf_addf(out, "%s{\"offset\":%zu,\"length\":%zu,\"type\":\"%s\"", out->len == 0 ? "[" : ",", from, length,
             entity->type);
    if (key != NULL && entity->argument != NULL) {
        buf_addf(out, ",\"%s\":", key);
        buf_add_json(out, entity->argument);
    } else if (strcmp(entity->type, "date_time") == 0) {
        buf_addf(out, ",\"unix_time\":%lld", entity->argument == NULL ? 0 : strtoll(entity->argument, NULL, 10));
    }
    buf_adds(out, "}");
}

void entities_finish(struct entities *entities, const char *text, char **ret_text, char **ret_entities)
{
    struct buf out = {0};
    size_t cut = 0;
    *ret_text = html_trim(text, &cut);
    size_t total = html_length(*ret_text);
    if (entities->count > 0)
        qsort(entities->list, entities->count, sizeof(entities->list[0]), by_place);
    for (size_t i = 0; i < entities->count; i++) {
        const struct entity *entity = &entities->list[i];
        size_t end = entity->from + entity->length;
        size_t from = entity->from > cut ? entity->from - cut : 0;
        end = end > cut ? end - cut : 0;
        end = end > total ? total : end;
        if (end > from)
            add_json(&out, entity, from, end - from);
    }
    if (out.len > 0)
        buf_adds(&out, "]");
    *ret_entities = out.len == 0 ? NULL : buf_take(&out);
}

void entities_done(struct entities *entities)
{
    for (size_t i = 0; i < entities->count; i++)
        free(entities->list[i].argument);
    free(entities->list);
    *entities = (struct entities){0};
}
