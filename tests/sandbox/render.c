/* Text around entities: lengths, trimming, and safe HTML for the chat page.
 *
 * The rendering is built from the parsed text, never from what the bot sent, so the page can put it into itself as is.
 * Links keep only schemes that do no harm.
 */
#include "tests/sandbox/html.h"

#include <ctype.h>
#include <string.h>

#include <json-c/json.h>

size_t html_length(const char *text)
{
    size_t units = 0;
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        units += (c & 0xc0) == 0x80 ? 0 : c >= 0xf0 ? 2 : 1;
    }
    return units;
}

bool html_is_utf8(const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    while (*at != '\0') {
        size_t more = *at < 0x80 ? 0 : *at >= 0xc2 && *at < 0xe0 ? 1 : *at >= 0xe0 && *at < 0xf0 ? 2 : 3;
        if (*at >= 0x80 && (*at < 0xc2 || *at > 0xf4))
            return false;
        bool bad = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
                   (at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f);
        for (size_t i = 1; i <= more; i++) {
            if (bad || (at[i] & 0xc0) != 0x80)
                return false;
        }
        at += more + 1;
    }
    return true;
}

bool html_is_emoji_id(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits <= 19 && text[digits] == '\0';
}

/* The spaces and the empty characters that Telegram's client library knows. */
bool html_is_blank(const char *text)
{
    static const char *const blanks[] = {"\xc2\xa0",     "\xe1\x9a\x80", "\xe1\xa0\x8e", "\xe2\x80\xae",
                                         "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe2\xa0\x80", "\xe3\x80\x80",
                                         "\xef\xbf\xbc", "\xef\xbb\xbf"};
    while (*text != '\0') {
        size_t len = (unsigned char)*text <= ' ' ? 1 : 0;
        for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]) && len == 0; i++) {
            if (strncmp(text, blanks[i], strlen(blanks[i])) == 0)
                len = strlen(blanks[i]);
        }
        if (len == 0 && strncmp(text, "\xe2\x80", 2) == 0 && (unsigned char)text[2] <= 0x8f)
            len = 3; /* U+2000 to U+200F */
        if (len == 0)
            return false;
        text += len;
    }
    return true;
}

char *html_trim(const char *text, size_t *ret_cut_front)
{
    size_t from = 0, to = strlen(text);
    while (isspace((unsigned char)text[from]))
        from++;
    while (to > from && isspace((unsigned char)text[to - 1]))
        to--;
    *ret_cut_front = from; /* each of these spaces is one UTF-16 unit */
    return mem_text_n(text + from, to - from);
}

#define OPEN_MAX 64
#define SPANS_MAX 256 /* of a user's commands; a bot has at most 100 */

struct span {
    size_t from, to;
    const char *type, *argument;
};

static const char *tag_of(const char *type)
{
    static const char *const pairs[][2] = {{"bold", "b"},
                                           {"italic", "i"},
                                           {"underline", "u"},
                                           {"code", "code"},
                                           {"strikethrough", "s"},
                                           {"pre", "pre"},
                                           {"text_link", "a"},
                                           {"blockquote", "blockquote"},
                                           {"expandable_blockquote", "blockquote"},
                                           {"spoiler", "span"},
                                           {"bot_command", "a"}};
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        if (strcmp(pairs[i][0], type) == 0)
            return pairs[i][1];
    }
    return NULL;
}

static void open_span(struct buf *out, const struct span *span)
{
    if (strcmp(span->type, "text_link") == 0) {
        bool safe = strncmp(span->argument, "https://", 8) == 0 || strncmp(span->argument, "http://", 7) == 0 ||
                    strncmp(span->argument, "tg://", 5) == 0 || strncmp(span->argument, "mailto:", 7) == 0;
        buf_adds(out, "<a target=\"_blank\" rel=\"noopener\"");
        if (safe) {
            buf_adds(out, " href=\"");
            buf_add_html(out, span->argument, strlen(span->argument));
            buf_adds(out, "\"");
        }
        buf_adds(out, ">");
    } else if (strcmp(span->type, "bot_command") == 0) {
        buf_adds(out, "<a class=\"command\">");
    } else if (strcmp(span->type, "spoiler") == 0) {
        buf_adds(out, "<span class=\"spoiler\">");
    } else {
        buf_addf(out, "<%s>", tag_of(span->type));
    }
}

static size_t read_spans(json_object *list, struct span *spans)
{
    size_t count = 0;
    for (size_t i = 0; i < json_object_array_length(list) && count < SPANS_MAX; i++) {
        json_object *entity = json_object_array_get_idx(list, i), *value = NULL;
        struct span span = {.argument = ""};
        if (json_object_object_get_ex(entity, "type", &value))
            span.type = json_object_get_string(value);
        if (json_object_object_get_ex(entity, "url", &value))
            span.argument = json_object_get_string(value);
        if (json_object_object_get_ex(entity, "offset", &value))
            span.from = (size_t)json_object_get_int64(value);
        if (json_object_object_get_ex(entity, "length", &value))
            span.to = span.from + (size_t)json_object_get_int64(value);
        if (span.type != NULL && tag_of(span.type) != NULL && span.to > span.from)
            spans[count++] = span;
    }
    return count;
}

void html_render(struct buf *out, const char *text, const char *entities)
{
    json_object *list = entities == NULL ? NULL : json_tokener_parse(entities);
    struct span spans[SPANS_MAX];
    const struct span *open[OPEN_MAX];
    size_t count = json_object_is_type(list, json_type_array) ? read_spans(list, spans) : 0;
    size_t depth = 0, next = 0, units = 0;
    for (const char *at = text;; at++) {
        unsigned char c = (unsigned char)*at;
        if ((c & 0xc0) != 0x80) { /* between two characters: tags end, then begin */
            while (depth > 0 && (open[depth - 1]->to <= units || c == '\0'))
                buf_addf(out, "</%s>", tag_of(open[--depth]->type));
            for (; next < count && spans[next].from <= units && c != '\0'; next++) {
                if (depth < OPEN_MAX) {
                    open_span(out, &spans[next]);
                    open[depth++] = &spans[next];
                }
            }
            units += c >= 0xf0 ? 2 : 1;
        }
        if (c == '\0')
            break;
        buf_add_html(out, at, 1);
    }
    json_object_put(list);
}
