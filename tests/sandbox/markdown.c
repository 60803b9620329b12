/* A parser for MarkdownV2.
 *
 * Follows the server: which characters are reserved where, what a backslash hides, how a quote ends with its line, the
 * texts of the complaints with byte offsets. The old "Markdown" is not there: nobody should begin with it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/entities.h"
#include "tests/sandbox/html.h"

#define NESTED_MAX 64

static const struct kind {
    const char *mark, *type, *name; /* how it ends, what it makes, what complaints call it */
} kinds[] = {{"```", "pre", "Pre"},       {"`", "code", "Code"},
             {"*", "bold", "Bold"},       {"__", "underline", "Underline"},
             {"_", "italic", "Italic"},   {"~", "strikethrough", "Strikethrough"},
             {"||", "spoiler", "Spoiler"}};
/* Those that begin and end in ways of their own. */
static const struct kind link_kind = {"]", "text_link", "TextUrl"}, emoji_kind = {"]", "custom_emoji", "CustomEmoji"},
                         quote_kind = {"", "blockquote", "BlockQuote"}, no_kind = {"", "", ""};

struct open_mark {
    const struct kind *kind;
    char *argument;             /* a language */
    size_t from, at, text_from; /* UTF-16 units, byte in the source, byte in the text */
};

struct parser {
    const char *source;
    size_t at, units;
    struct buf text;
    struct entities entities;
    struct open_mark stack[NESTED_MAX]; /* the lowest is of no_kind */
    size_t depth;
    bool quoted, at_line_start;
    char *error;
    size_t error_room;
};

PRINTF_LIKE(2, 3) static bool refuse(struct parser *parser, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(parser->error, parser->error_room, format, args);
    va_end(args);
    return false;
}

static const struct open_mark *top(const struct parser *parser)
{
    return &parser->stack[parser->depth - 1];
}

static bool begins(const char *at, const char *mark)
{
    return strncmp(at, mark, strlen(mark)) == 0;
}

static bool is_escape(const char *at)
{
    return at[0] == '\\' && at[1] > 0 && at[1] <= 126;
}

static void emit(struct parser *parser, char c)
{
    unsigned char byte = (unsigned char)c;
    parser->units += (byte & 0xc0) == 0x80 ? 0 : byte >= 0xf0 ? 2 : 1;
    if (c != '\r' && (byte & 0xc0) != 0x80)
        parser->at_line_start = c == '\n';
    buf_add(&parser->text, &c, 1);
}

static bool unfinished(struct parser *parser, const struct open_mark *mark)
{
    return refuse(parser, "Can't find end of %s entity at byte offset %zu", mark->kind->name, mark->at);
}

static bool push(struct parser *parser, const struct kind *kind, size_t used)
{
    if (parser->depth == NESTED_MAX)
        return refuse(parser, "Too many nested entities at byte offset %zu", parser->at);
    parser->stack[parser->depth++] = (struct open_mark){
        .kind = kind, .from = parser->units, .at = parser->at, .text_from = parser->text.len};
    parser->at += used;
    return true;
}

static void pop(struct parser *parser, const char *type, const char *argument)
{
    struct open_mark *mark = &parser->stack[--parser->depth];
    entities_add(&parser->entities, type, argument == NULL ? mark->argument : argument, mark->from,
                 parser->units - mark->from);
    free(mark->argument);
    mark->argument = NULL;
}

/* "(url)" at `at`, its backslashes resolved; false when it does not end. */
static bool take_url(struct parser *parser, struct buf *url)
{
    size_t from = ++parser->at;
    const char *source = parser->source;
    for (; source[parser->at] != ')'; parser->at++) {
        if (source[parser->at] == '\0')
            return refuse(parser, "Can't find end of a URL at byte offset %zu", from);
        parser->at += is_escape(source + parser->at) ? 1 : 0;
        buf_add(url, source + parser->at, 1);
    }
    parser->at++;
    return true;
}

/* Behind "]" of a link or of a custom emoji or time. */
static bool close_link(struct parser *parser)
{
    static const char emoji[] = "tg://emoji?id=", date[] = "tg://time?unix=";
    bool is_link = top(parser)->kind == &link_kind;
    struct buf url = {0};
    parser->at++;
    buf_adds(&url, "");
    if (parser->source[parser->at] == '(') {
        if (!take_url(parser, &url)) {
            buf_done(&url);
            return false;
        }
    } else if (is_link) {
        buf_adds(&url, parser->text.at + top(parser)->text_from); /* its text is the URL */
    } else {
        return refuse(parser, "The entity must contain a tg://emoji or tg://time URL");
    }
    bool ok = true;
    if (is_link)
        pop(parser, "text_link", url.at);
    else if (begins(url.at, emoji) && html_is_emoji_id(url.at + sizeof(emoji) - 1))
        pop(parser, "custom_emoji", url.at + sizeof(emoji) - 1);
    else if (begins(url.at, date))
        pop(parser, "date_time", url.at + sizeof(date) - 1);
    else
        ok = refuse(parser, "Invalid tg://emoji or tg://time URL specified");
    buf_done(&url);
    return ok;
}

/* The line that ends a quote. "||" just before its end makes the quote an expandable one. */
static bool close_quote(struct parser *parser)
{
    const struct open_mark *mark = top(parser);
    const char *type = quote_kind.type;
    if (strcmp(mark->kind->type, "spoiler") == 0 && mark->at + 2 == parser->at && parser->depth > 2) {
        parser->depth--;
        mark = top(parser);
        type = "expandable_blockquote";
    }
    if (mark->kind != &quote_kind)
        return unfinished(parser, mark);
    pop(parser, type, NULL);
    parser->quoted = false;
    return true;
}

static bool ends_here(const struct parser *parser, const char *at)
{
    const struct open_mark *mark = top(parser);
    if (mark->kind == &quote_kind || mark->kind == &no_kind)
        return false;
    if (strcmp(mark->kind->mark, "_") == 0)
        return at[0] == '_' && at[1] != '_';
    return begins(at, mark->kind->mark);
}

static bool close_mark(struct parser *parser)
{
    const struct kind *kind = top(parser)->kind;
    if (kind == &link_kind || kind == &emoji_kind)
        return close_link(parser);
    pop(parser, kind->type, NULL);
    parser->at += strlen(kind->mark);
    return true;
}

/* "```lang\n": the language, and one line break, are not part of what is shown. */
static void take_language(struct parser *parser)
{
    const char *at = parser->source + parser->at;
    size_t len = strcspn(at, " \t\r\n`");
    if (len > 0 && at[len] != '\0' && at[len] != '`') {
        parser->stack[parser->depth - 1].argument = mem_text_n(at, len);
        at += len;
    }
    bool two = (begins(at, "\r\n") || begins(at, "\n\r"));
    at += two ? 2 : *at == '\n' || *at == '\r' ? 1 : 0;
    parser->at = (size_t)(at - parser->source);
}

static bool open_mark(struct parser *parser)
{
    const char *at = parser->source + parser->at;
    if (*at == '>' && parser->at_line_start) {
        parser->at_line_start = false;
        if (parser->quoted) { /* the quote goes on */
            parser->at++;
            return true;
        }
        parser->quoted = true;
        return push(parser, &quote_kind, 1);
    }
    if (*at == '[')
        return push(parser, &link_kind, 1);
    if (begins(at, "!["))
        return push(parser, &emoji_kind, 2);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (begins(at, kinds[i].mark)) {
            if (!push(parser, &kinds[i], strlen(kinds[i].mark)))
                return false;
            if (i == 0)
                take_language(parser);
            return true;
        }
    }
    return refuse(parser, "Character '%c' is reserved and must be escaped with the preceding '\\'", *at);
}

static bool parse(struct parser *parser)
{
    for (const char *at; *(at = parser->source + parser->at) != '\0';) {
        const struct open_mark *mark = top(parser);
        bool code = strcmp(mark->kind->type, "code") == 0 || strcmp(mark->kind->type, "pre") == 0;
        if (is_escape(at)) {
            emit(parser, at[1]);
            parser->at += 2;
        } else if (*at == '\n' && !code && parser->quoted && at[1] != '>') {
            if (!close_quote(parser))
                return false;
            emit(parser, '\n');
            parser->at++;
        } else if (strchr(code ? "`" : "_*[]()~`>#+-=|{}.!", *at) == NULL) {
            emit(parser, *at);
            parser->at++;
        } else if (!(ends_here(parser, at) ? close_mark(parser) : open_mark(parser))) {
            return false;
        }
    }
    if (parser->quoted && !close_quote(parser))
        return false;
    return parser->depth == 1 || unfinished(parser, top(parser));
}

bool markdown_parse(const char *markdown, char **ret_text, char **ret_entities, char *error, size_t error_room)
{
    struct parser parser = {.source = markdown, .error = error, .error_room = error_room, .at_line_start = true};
    parser.stack[parser.depth++] = (struct open_mark){.kind = &no_kind};
    buf_adds(&parser.text, "");
    bool ok = parse(&parser);
    if (ok)
        entities_finish(&parser.entities, parser.text.at, ret_text, ret_entities);
    while (parser.depth > 0)
        free(parser.stack[--parser.depth].argument);
    entities_done(&parser.entities);
    buf_done(&parser.text);
    return ok;
}
