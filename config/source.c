/* Files in libconfig's format. libconfig 1.5 truncates an integer above 2^31 silently when the L is forgotten
 * (5000000000 becomes 705032704), which would make somebody else the owner; after parsing nothing can be seen of it.
 * So the text is walked once before: such literals, NUL bytes and @include (which would escape the walk and the size
 * limit) are refused with their line. The walk follows libconfig's own tokens: names, numbers, strings, comments. */
#include "config/source.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum err source_slurp(struct arena *arena, const char *path, size_t max_bytes, struct findings *findings,
                      const char **ret_text, size_t *ret_length)
{
    struct stat status;
    enum err err = ERR_IO;
    size_t length = 0;
    char *text = NULL;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) != 0) {
        findings_add(findings, FINDING_ERROR, path, 0, "give the right path, or the right to read it",
                     "can't be read: %s", strerror(errno));
    } else if (!S_ISREG(status.st_mode)) {
        findings_add(findings, FINDING_ERROR, path, 0, "name a file", "is not a regular file");
    } else if ((uintmax_t)status.st_size > max_bytes) {
        findings_add(findings, FINDING_ERROR, path, 0, "this can't be the right file: name another one",
                     "is larger than %zu bytes", max_bytes);
        err = ERR_TOO_LARGE;
    } else {
        text = arena_alloc(arena, (size_t)status.st_size + 1);
        ssize_t got = 1;
        while (length < (size_t)status.st_size && (got = read(fd, text + length, (size_t)status.st_size - length)) > 0)
            length += (size_t)got;
        if (got < 0)
            findings_add(findings, FINDING_ERROR, path, 0, "look at the disk", "can't be read: %s", strerror(errno));
        else
            err = ERR_OK;
    }
    if (fd >= 0)
        (void)close(fd);
    if (err == ERR_OK) {
        *ret_text = text;
        *ret_length = length;
    }
    return err;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '*';
}

struct walk {
    const struct source *source;
    const char *at;
    int line;
    bool parsable; /* a literal too large is told, and the rest of the file is looked at all the same */
};

static void refuse(struct walk *walk, const char *remedy, const char *message)
{
    findings_add(walk->source->findings, FINDING_ERROR, walk->source->file, walk->line, remedy, "%s", message);
}

/* libconfig takes an unclosed comment for the end of the file, and half of the keys would be gone without a word. */
static void refuse_open(struct walk *walk, int line, const char *what)
{
    walk->line = line;
    refuse(walk, "close it", what);
    walk->parsable = false;
}

static void walk_string(struct walk *walk)
{
    int line = walk->line;
    for (walk->at++; *walk->at != '\0' && *walk->at != '"'; walk->at++) {
        if (*walk->at == '\\' && walk->at[1] != '\0')
            walk->at++;
        walk->line += *walk->at == '\n';
    }
    if (*walk->at == '"')
        walk->at++;
    else
        refuse_open(walk, line, "a text begins here and is never closed");
}

static void walk_comment(struct walk *walk)
{
    int line = walk->line;
    const char *end = strstr(walk->at + 2, "*/");
    const char *stop = end == NULL ? walk->at + strlen(walk->at) : end + 2;
    for (; walk->at < stop; walk->at++)
        walk->line += *walk->at == '\n';
    if (end == NULL)
        refuse_open(walk, line, "a comment begins here and is never closed");
}

/* The literal's value, saturated at UINT64_MAX. */
static uint64_t literal_value(const char *digits, const char *end, unsigned base)
{
    uint64_t value = 0;
    for (; digits < end; digits++) {
        unsigned digit = is_digit(*digits) ? (unsigned)(*digits - '0') : (unsigned)((*digits | 0x20) - 'a') + 10;
        if (value > (UINT64_MAX - digit) / base)
            return UINT64_MAX;
        value = value * base + digit;
    }
    return value;
}

static void walk_number(struct walk *walk, bool negative)
{
    struct arena *arena = walk->source->findings->arena;
    const char *start = walk->at;
    bool hex = start[0] == '0' && (start[1] | 0x20) == 'x' && is_hex(start[2]);
    const char *digits = start + (hex ? 2 : 0), *end = digits;
    while (hex ? is_hex(*end) : is_digit(*end))
        end++;
    walk->at = end;
    if (!hex && (*end == '.' || *end == 'e' || *end == 'E')) {
        walk->at += strspn(end, "0123456789.eE+-");
        return;
    }
    uint64_t value = literal_value(digits, end, hex ? 16 : 10);
    int shown = (int)(end - start < 40 ? end - start : 40);
    if (*end == 'L') {
        walk->at += end[1] == 'L' ? 2 : 1;
        if (value > (uint64_t)INT64_MAX)
            refuse(walk, "write a smaller number",
                   arena_format(arena, "%.*sL does not fit into 64 bits", shown, start));
    } else if (value > (uint64_t)INT32_MAX + (negative && !hex)) {
        refuse(walk,
               arena_format(arena, "write %s%.*sL: numbers above 2147483647 need the L at the end", negative ? "-" : "",
                            shown, start),
               arena_format(arena, "%.*s does not fit into 32 bits and would be cut to another number", shown, start));
    }
}

static bool walk_text(const struct source *source, const char *text, size_t length)
{
    struct walk walk = {.source = source, .at = text, .line = 1, .parsable = true};
    while (*walk.at != '\0') {
        char c = *walk.at;
        if (c == '"') {
            walk_string(&walk);
        } else if (c == '#' || (c == '/' && walk.at[1] == '/')) {
            walk.at += strcspn(walk.at, "\n");
        } else if (c == '/' && walk.at[1] == '*') {
            walk_comment(&walk);
        } else if (is_letter(c)) {
            while (is_letter(*walk.at) || is_digit(*walk.at) || *walk.at == '-' || *walk.at == '_')
                walk.at++;
        } else if (is_digit(c)) {
            walk_number(&walk, walk.at > text && walk.at[-1] == '-');
        } else if (c == '.') {
            walk.at++;
            walk.at += strspn(walk.at, "0123456789");
        } else {
            if (c == '@') {
                refuse(&walk, "write everything into this one file", "@include is not supported");
                walk.parsable = false;
            }
            walk.line += c == '\n';
            walk.at++;
        }
    }
    if ((size_t)(walk.at - text) < length) {
        refuse(&walk, "write the file as plain UTF-8 text", "a NUL byte in the text");
        walk.parsable = false;
    }
    return walk.parsable;
}

enum err source_parse(struct source *source, struct findings *findings, const char *path, const char *text,
                      size_t length)
{
    source->file = arena_copy(findings->arena, path);
    source->findings = findings;
    if (!walk_text(source, text, length))
        return ERR_INVALID;
    config_init(&source->tree);
    if (config_read_string(&source->tree, text) == CONFIG_TRUE)
        return ERR_OK;

    const char *why = config_error_text(&source->tree);
    const char *remedy = "look at this line and the end of the one before: a missing quote, brace, comma or '='";
    if (why != NULL && strstr(why, "duplicate") != NULL)
        remedy = "this name stands twice in its group: remove one";
    if (why != NULL && strstr(why, "mismatched") != NULL)
        remedy = "an array holds things of one kind: if one number has the L, all need it";
    findings_add(findings, FINDING_ERROR, path, config_error_line(&source->tree), remedy, "%s",
                 why == NULL ? "syntax error" : why);
    config_destroy(&source->tree);
    return ERR_INVALID;
}

void source_done(struct source *source)
{
    config_destroy(&source->tree);
}

const char *source_name(const struct source *source, const config_setting_t *setting)
{
    const config_setting_t *parent = config_setting_parent(setting);
    const char *name = config_setting_name(setting);
    if (name == NULL)
        name = "";
    if (parent == NULL || config_setting_is_root(parent))
        return name;
    return arena_format(source->findings->arena, "%s.%s", source_name(source, parent), name);
}
