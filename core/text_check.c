/* Is one catalogue entry right? Checked once, when the files are read, so that a slip of the pen is a line in
 * `fotosetd check` and not a 400 from Telegram in the middle of somebody's order. It follows Telegram's HTML mode:
 * the tags we use, properly nested; < > & only as entities. Plural forms hold plain words, no tags and no
 * placeholders, so that the balance of tags does not depend on a number. It must accept nothing text_format would
 * abort on. */
#include "core/text.h"
#include "core/utf8.h"

#include <string.h>

enum { TAGS_DEEP_MAX = 8 };

struct checker {
    struct arena *arena;
    enum lang lang;
    const char *params;
    const char *why; /* the first fault, or NULL */
    const char *open[TAGS_DEEP_MAX];
    size_t deep;
};

static const char *const tags[] = {"b", "i", "u", "s", "code", "pre", "a", "blockquote", "tg-spoiler"};

static bool is_param(const char *params, const char *name, size_t length)
{
    while (*params != '\0') {
        size_t word = strcspn(params, " ");
        if (word == length && length > 0 && memcmp(params, name, length) == 0)
            return true;
        params += word;
        params += strspn(params, " ");
    }
    return false;
}

/* The forms of {name|…} or {name?…}, from the separator to the end. */
static bool forms_right(struct checker *check, const char *at, size_t name, size_t length)
{
    const size_t plurals = check->lang == LANG_RU ? 3 : 2;
    size_t forms = at[name] == '?';
    for (size_t i = name; i < length; i++)
        forms += at[i] == '|';
    if (at[name] == '?' && forms != 2)
        check->why = arena_format(check->arena, "{%.*s} has %zu form(s); a list needs two: one|many", (int)length, at,
                                  forms);
    else if (at[name] == '|' && forms != plurals)
        check->why = arena_format(check->arena, "{%.*s} has %zu plural form(s); %s", (int)length, at, forms,
                                  check->lang == LANG_RU ? "Russian needs three: one|few|many"
                                                         : "English needs two: one|other");
    return check->why == NULL;
}

/* at points behind '{'. Returns what follows '}', or NULL after setting why. */
static const char *check_placeholder(struct checker *check, const char *at)
{
    size_t length = strcspn(at, "{}<>&");
    size_t name = strcspn(at, "|?{}<>&");
    if (at[length] != '}') {
        check->why = arena_format(
            check->arena, "a placeholder that is not closed, or with one of { < > & inside: {%.*s", (int)length, at);
        return NULL;
    }
    if (!is_param(check->params, at, name)) {
        check->why = arena_format(check->arena, "unknown placeholder {%.*s}; this text knows: %s", (int)name, at,
                                  check->params[0] == '\0' ? "none" : check->params);
        return NULL;
    }
    return forms_right(check, at, name, length) ? at + length + 1 : NULL;
}

static bool attributes_right(const char *tag, const char *attributes, size_t length)
{
    if (strcmp(tag, "a") == 0) {
        static const char href[] = " href=\"";
        const size_t head = sizeof href - 1;
        return length > head + 1 && memcmp(attributes, href, head) == 0 &&
               memchr(attributes + head, '"', length - head) == attributes + length - 1;
    }
    if (strcmp(tag, "blockquote") == 0 && length == strlen(" expandable"))
        return memcmp(attributes, " expandable", length) == 0;
    return length == 0;
}

static const char *known_tag(const char *name, size_t length)
{
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        if (strlen(tags[i]) == length && memcmp(tags[i], name, length) == 0)
            return tags[i];
    }
    return NULL;
}

/* at points behind '<'. Placeholders inside are checked by a walk of their own: {url} in href="{url}". */
static const char *check_tag(struct checker *check, const char *at)
{
    bool closing = *at == '/';
    at += closing;
    size_t length = strcspn(at, "<>");
    size_t name = strcspn(at, " <>");
    const char *tag = known_tag(at, name);
    if (at[length] != '>' || tag == NULL ||
        !(closing ? length == name : attributes_right(tag, at + name, length - name))) {
        check->why = arena_format(check->arena,
                                  "<%s%.*s is not a tag Telegram takes here (b i u s code pre a blockquote "
                                  "tg-spoiler); a bare < is written &lt;",
                                  closing ? "/" : "", (int)length, at);
        return NULL;
    }
    if (closing && (check->deep == 0 || check->open[check->deep - 1] != tag)) {
        check->why = arena_format(check->arena, "</%s> closes nothing, or closes in the wrong order", tag);
        return NULL;
    }
    if (!closing && check->deep == TAGS_DEEP_MAX) {
        check->why = "tags are nested too deeply";
        return NULL;
    }
    if (closing)
        check->deep--;
    else
        check->open[check->deep++] = tag;
    for (const char *c = at; c < at + length;) {
        if (*c++ == '{' && (c = check_placeholder(check, c)) == NULL)
            return NULL;
    }
    return at + length + 1;
}

static const char *check_entity(struct checker *check, const char *at)
{
    static const char *const entities[] = {"&lt;", "&gt;", "&amp;", "&quot;"};
    for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
        if (strncmp(at, entities[i], strlen(entities[i])) == 0)
            return at + strlen(entities[i]);
    }
    check->why = "a bare & is written &amp; (the entities are &lt; &gt; &amp; &quot;)";
    return NULL;
}

/* Length of the character at text, 0 if it is broken or a control character. */
static size_t character_length(const char *text)
{
    uint32_t code;
    size_t length = utf8_decode(text, &code);
    bool shows = length > 0 && (code >= 0x20 || code == '\n') && code != 0x7f;
    return shows ? length : 0;
}

bool text_is_clean(const char *text)
{
    const char *at = text;
    while (*at != '\0') {
        size_t length = character_length(at);
        if (length == 0)
            return false;
        at += length;
    }
    return true;
}

static void walk(struct checker *check, const char *at)
{
    while (check->why == NULL && at != NULL) {
        at += strcspn(at, "{}<>&");
        switch (*at) {
        case '\0': at = NULL; break;
        case '{': at = check_placeholder(check, at + 1); break;
        case '<': at = check_tag(check, at + 1); break;
        case '&': at = check_entity(check, at); break;
        case '>': check->why = "a bare > is written &gt;"; break;
        default: check->why = "a } without its {"; break;
        }
    }
    if (check->why == NULL && check->deep > 0)
        check->why = arena_format(check->arena, "<%s> is never closed", check->open[check->deep - 1]);
}

/* Texts for places where Telegram takes few characters (UTF-16 units of the plain text). The placeholders are counted
 * as they are written: what is put in for them (numbers, a price) is no longer. */
static const struct {
    enum text_key first, last; /* a run of core/texts.def */
    size_t units_max;
} short_texts[] = {
    {TEXT_ABOUT, TEXT_ABOUT, 512},
    {TEXT_ABOUT_SHORT, TEXT_ABOUT_SHORT, 120},
    {TEXT_COMMAND_START, TEXT_COMMAND_CANCEL, 256},
    {TEXT_STALE_BUTTON, TEXT_GONE, 200}, /* answers to a press */
    {TEXT_PHOTOS_EXAMINING, TEXT_PHOTOS_FEW, 200},
    {TEXT_PAY_CHECKING, TEXT_PAY_CHECKING, 200},
    {TEXT_FILES_COMING, TEXT_AGAIN_COMING, 200},
};

static const char *check_length(struct arena *arena, enum text_key key, const char *words)
{
    size_t units = utf8_units(text_plain(arena, words));
    for (size_t i = 0; i < sizeof short_texts / sizeof short_texts[0]; i++) {
        if (key >= short_texts[i].first && key <= short_texts[i].last && units > short_texts[i].units_max)
            return arena_format(arena, "the text is longer than %zu characters, which is all that Telegram shows here",
                                short_texts[i].units_max);
    }
    return NULL;
}

enum err text_check(struct arena *arena, enum lang lang, enum text_key key, const char *words, const char **ret_why)
{
    struct checker check = {.arena = arena, .lang = lang, .params = text_key_params(key)};
    if (words[0] == '\0')
        check.why = "the text is empty";
    else if (strlen(words) > TEXT_MAX_BYTES)
        check.why = arena_format(arena, "the text is longer than %d bytes", TEXT_MAX_BYTES);
    else if (!text_is_clean(words))
        check.why = "the text is not valid UTF-8, or holds a control character other than a line break";
    else
        walk(&check, words);
    if (check.why == NULL)
        check.why = check_length(arena, key, words);
    if (check.why == NULL)
        return ERR_OK;
    *ret_why = check.why;
    return ERR_INVALID;
}
