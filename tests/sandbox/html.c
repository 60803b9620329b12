/* A parser for Telegram's HTML.
 *
 * Follows the server's behaviour: which tags exist, that every '<' begins a tag, named and numeric character
 * references, the texts of its complaints with byte offsets, and offsets of entities in UTF-16 units. It only judges
 * and converts; limits on the length are checked by the caller, on what comes out.
 */
#include "tests/sandbox/html.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/entities.h"

#define TAG_MAX 32
#define ATTRIBUTE_MAX 2048

struct open_tag {
    char name[TAG_MAX];
    char argument[ATTRIBUTE_MAX];
    bool expandable;
    size_t from, from_byte;
};

struct parser {
    const char *html;
    size_t at, units;
    struct buf text;
    struct open_tag *stack;
    size_t depth;
    struct entities entities;
    char *error;
    size_t error_room;
};

static const struct {
    const char *tag, *type;
} tags[] = {{"b", "bold"},
            {"strong", "bold"},
            {"i", "italic"},
            {"em", "italic"},
            {"u", "underline"},
            {"ins", "underline"},
            {"s", "strikethrough"},
            {"strike", "strikethrough"},
            {"del", "strikethrough"},
            {"tg-spoiler", "spoiler"},
            {"span", "spoiler"},
            {"a", "text_link"},
            {"code", "code"},
            {"pre", "pre"},
            {"blockquote", "blockquote"},
            {"tg-emoji", "custom_emoji"},
            {"tg-time", "date_time"}};

static const char *type_of(const char *tag)
{
    for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
        if (strcmp(tags[i].tag, tag) == 0)
            return tags[i].type;
    }
    return NULL;
}

PRINTF_LIKE(2, 3) static bool refuse(struct parser *parser, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(parser->error, parser->error_room, format, args);
    va_end(args);
    return false;
}

static void add_code_point(struct buf *out, unsigned long code)
{
    char utf8[4];
    size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = len - 1; i > 0; i--) {
        utf8[i] = (char)(0x80 | (code & 0x3f));
        code >>= 6;
    }
    utf8[0] = (char)(lead[len] | code);
    buf_add(out, utf8, len);
}

/* A character reference at `at`: adds the character and returns its length in the source; 0 when it is none. */
static size_t take_reference(const char *at, struct buf *out)
{
    static const struct {
        const char *name;
        char letter;
    } named[] = {{"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}};
    for (size_t i = 0; i < 4; i++) {
        if (strncmp(at, named[i].name, strlen(named[i].name)) == 0) {
            buf_add(out, &named[i].letter, 1);
            return strlen(named[i].name);
        }
    }
    if (at[1] != '#')
        return 0;
    bool hex = at[2] == 'x' || at[2] == 'X';
    const char *digits = at + (hex ? 3 : 2);
    if (!isxdigit((unsigned char)*digits))
        return 0;
    char *end = NULL;
    unsigned long code = strtoul(digits, &end, hex ? 16 : 10);
    if (end == digits || code == 0 || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
        return 0;
    add_code_point(out, code);
    return (size_t)(end - at) + (*end == ';' ? 1 : 0);
}

static bool is_end(char c)
{
    return c == '\0' || c == '>' || isspace((unsigned char)c);
}

/* One attribute: its name lower-cased, its value with references resolved. */
static bool take_attribute(struct parser *parser, const char *tag, size_t tag_at, char *name, struct buf *value)
{
    const char *html = parser->html;
    size_t len = 0;
    while (!is_end(html[parser->at]) && html[parser->at] != '=') {
        if (len + 1 < TAG_MAX)
            name[len++] = (char)tolower((unsigned char)html[parser->at]);
        parser->at++;
    }
    name[len] = '\0';
    if (len == 0)
        return refuse(parser, "Empty attribute name in the tag \"%s\" at byte offset %zu", tag, tag_at);
    while (isspace((unsigned char)html[parser->at]))
        parser->at++;
    if (html[parser->at] != '=') /* an attribute without a value: <blockquote expandable> */
        return true;
    parser->at++;
    while (isspace((unsigned char)html[parser->at]))
        parser->at++;
    char quote = html[parser->at];
    bool quoted = quote == '"' || quote == '\'';
    if (quoted)
        parser->at++;
    while (quoted ? html[parser->at] != quote && html[parser->at] != '\0' : !is_end(html[parser->at])) {
        size_t used = html[parser->at] == '&' ? take_reference(html + parser->at, value) : 0;
        if (used == 0)
            buf_add(value, html + parser->at, 1);
        parser->at += used == 0 ? 1 : used;
    }
    if (quoted && html[parser->at] == '\0')
        return refuse(parser, "Unclosed start tag at byte offset %zu", tag_at);
    parser->at += quoted ? 1 : 0;
    return true;
}

static void keep_attribute(struct open_tag *tag, const char *name, const char *value)
{
    bool wanted = (strcmp(tag->name, "a") == 0 && strcmp(name, "href") == 0) ||
                  (strcmp(tag->name, "tg-emoji") == 0 && strcmp(name, "emoji-id") == 0) ||
                  (strcmp(tag->name, "tg-time") == 0 && strcmp(name, "unix") == 0) ||
                  (strcmp(tag->name, "span") == 0 && strcmp(name, "class") == 0) ||
                  (strcmp(tag->name, "code") == 0 && strcmp(name, "class") == 0 && strncmp(value, "language-", 9) == 0);
    if (wanted)
        snprintf(tag->argument, sizeof(tag->argument), "%s", value);
    if (strcmp(tag->name, "blockquote") == 0 && strcmp(name, "expandable") == 0)
        tag->expandable = true;
}

static bool take_start(struct parser *parser)
{
    const char *html = parser->html;
    size_t tag_at = parser->at++, len = 0;
    struct open_tag tag = {.from = parser->units, .from_byte = parser->text.len};
    while (!is_end(html[parser->at])) {
        if (len + 1 < TAG_MAX)
            tag.name[len++] = (char)tolower((unsigned char)html[parser->at]);
        parser->at++;
    }
    if (html[parser->at] == '\0')
        return refuse(parser, "Unclosed start tag at byte offset %zu", tag_at);
    if (type_of(tag.name) == NULL)
        return refuse(parser, "Unsupported start tag \"%s\" at byte offset %zu", tag.name, tag_at);
    while (html[parser->at] != '>') {
        while (isspace((unsigned char)html[parser->at]))
            parser->at++;
        if (html[parser->at] == '>')
            break;
        if (html[parser->at] == '\0')
            return refuse(parser, "Unclosed start tag at byte offset %zu", tag_at);
        char name[TAG_MAX];
        struct buf value = {0};
        bool ok = take_attribute(parser, tag.name, tag_at, name, &value);
        if (ok)
            keep_attribute(&tag, name, value.at == NULL ? "" : value.at);
        buf_done(&value);
        if (!ok)
            return false;
    }
    parser->at++;
    if (strcmp(tag.name, "span") == 0 && strcmp(tag.argument, "tg-spoiler") != 0)
        return refuse(parser, "Tag \"span\" must have class \"tg-spoiler\" at byte offset %zu", tag_at);
    if (parser->depth == HTML_DEPTH_MAX)
        return refuse(parser, "Too many nested tags at byte offset %zu", tag_at);
    parser->stack[parser->depth++] = tag;
    return true;
}

/* False when the call is refused for it. */
static bool close_entity(struct parser *parser, struct open_tag *tag)
{
    const char *type = tag->expandable ? "expandable_blockquote" : type_of(tag->name);
    if (strcmp(tag->name, "span") == 0)
        tag->argument[0] = '\0';
    if (strcmp(tag->name, "a") == 0 && tag->argument[0] == '\0')
        snprintf(tag->argument, sizeof(tag->argument), "%s", parser->text.at + tag->from_byte);
    if (strcmp(tag->name, "code") == 0 && tag->argument[0] != '\0') {
        /* <pre><code class="language-x">: the language belongs to the pre around it */
        if (parser->depth > 0 && strcmp(parser->stack[parser->depth - 1].name, "pre") == 0) {
            snprintf(parser->stack[parser->depth - 1].argument, ATTRIBUTE_MAX, "%s", tag->argument + 9);
            return true;
        }
        tag->argument[0] = '\0';
    }
    if (strcmp(tag->name, "tg-emoji") == 0 && !html_is_emoji_id(tag->argument))
        return refuse(parser, "Invalid custom emoji identifier specified");
    entities_add(&parser->entities, type, tag->argument, tag->from, parser->units - tag->from);
    return true;
}

static bool take_end(struct parser *parser)
{
    const char *html = parser->html;
    size_t tag_at = parser->at, len = 0;
    char name[TAG_MAX] = "";
    parser->at += 2;
    if (parser->depth == 0)
        return refuse(parser, "Unexpected end tag at byte offset %zu", tag_at);
    for (; !is_end(html[parser->at]); parser->at++) {
        if (len + 1 < TAG_MAX)
            name[len++] = (char)tolower((unsigned char)html[parser->at]);
    }
    while (isspace((unsigned char)html[parser->at]))
        parser->at++;
    if (html[parser->at] != '>')
        return refuse(parser, "Unclosed end tag at byte offset %zu", tag_at);
    parser->at++;
    struct open_tag *tag = &parser->stack[parser->depth - 1];
    if (len > 0 && strcmp(name, tag->name) != 0)
        return refuse(parser, "Unmatched end tag at byte offset %zu, expected \"</%s>\", found \"</%s>\"", tag_at,
                      tag->name, name);
    parser->depth--;
    return close_entity(parser, tag);
}

static size_t units_of(unsigned char lead)
{
    return (lead & 0xc0) == 0x80 ? 0 : lead >= 0xf0 ? 2 : 1;
}

static bool parse(struct parser *parser)
{
    const char *html = parser->html;
    while (html[parser->at] != '\0') {
        if (html[parser->at] == '<') {
            if (!(html[parser->at + 1] == '/' ? take_end(parser) : take_start(parser)))
                return false;
            continue;
        }
        size_t before = parser->text.len;
        size_t used = html[parser->at] == '&' ? take_reference(html + parser->at, &parser->text) : 0;
        if (used == 0)
            buf_add(&parser->text, html + parser->at, 1);
        parser->at += used == 0 ? 1 : used;
        for (size_t i = before; i < parser->text.len; i++)
            parser->units += units_of((unsigned char)parser->text.at[i]);
    }
    if (parser->depth > 0)
        return refuse(parser, "Can't find end tag corresponding to start tag \"%s\"",
                      parser->stack[parser->depth - 1].name);
    return true;
}

bool html_parse(const char *html, char **ret_text, char **ret_entities, char *error, size_t error_room)
{
    struct parser parser = {.html = html, .error = error, .error_room = error_room};
    if (strpbrk(html, "<") != NULL) /* most texts have no tags and need none; not zeroed: 128 kB a call */
        parser.stack = mem_grow(NULL, HTML_DEPTH_MAX * sizeof(struct open_tag));
    buf_adds(&parser.text, "");
    bool ok = parse(&parser);
    if (ok)
        entities_finish(&parser.entities, parser.text.at, ret_text, ret_entities);
    free(parser.stack);
    entities_done(&parser.entities);
    buf_done(&parser.text);
    return ok;
}
