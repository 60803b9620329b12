/* Takes a multipart/form-data body apart.
 *
 * Its own reader, because clients of the Bot API write all that the standard allows: names of headers in any case, no
 * space behind the colon, parameters without quotes. The body is in memory as a whole, so parts are found by searching
 * for the delimiter.
 */
#include "tests/sandbox/multipart.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BOUNDARY_MAX 70 /* as the standard has it */
#define HEADERS_MAX 4096

struct reader {
    const char *at, *end;
    char delimiter[BOUNDARY_MAX + 5]; /* "\r\n--boundary" */
    size_t delimiter_len;
};

/* `text` within [at, end), or NULL. */
static const char *find(const char *at, const char *end, const char *text, size_t len)
{
    while ((size_t)(end - at) >= len) {
        at = memchr(at, text[0], (size_t)(end - at) - len + 1);
        if (at == NULL || memcmp(at, text, len) == 0)
            return at;
        at++;
    }
    return NULL;
}

/* A parameter of a header's value ('form-data; name="a"; filename=b.jpg'), as new memory; NULL when it isn't there. */
static char *parameter_of(const char *value, const char *name)
{
    size_t name_len = strlen(name);
    for (const char *at = strchr(value, ';'); at != NULL;) {
        at += 1 + strspn(at + 1, " \t");
        size_t len = strcspn(at, "=;");
        bool wanted = at[len] == '=' && len == name_len && strncasecmp(at, name, len) == 0;
        at += at[len] == '=' ? len + 1 : len;
        struct buf text = {0};
        bool quoted = *at == '"';
        at += quoted ? 1 : 0;
        while (*at != '\0' && *at != (quoted ? '"' : ';')) {
            at += quoted && at[0] == '\\' && (at[1] == '"' || at[1] == '\\') ? 1 : 0;
            buf_add(&text, at++, 1);
        }
        if (wanted)
            return buf_take(&text);
        buf_done(&text);
        at = strchr(at, ';');
    }
    return NULL;
}

static void take_header(struct part *part, char *line)
{
    char *value = strchr(line, ':');
    if (value == NULL)
        return;
    *value++ = '\0';
    value += strspn(value, " \t");
    if (strcasecmp(line, "content-disposition") == 0 && part->name == NULL) {
        part->name = parameter_of(value, "name");
        part->filename = parameter_of(value, "filename");
        part->is_file = part->filename != NULL;
    } else if (strcasecmp(line, "content-type") == 0 && part->mime == NULL) {
        part->mime = mem_text(value);
    }
}

/* The headers up to the empty line; false when there is none, or no name. */
static bool take_headers(struct reader *reader, struct part *part)
{
    const char *end = find(reader->at, reader->end, "\r\n\r\n", 4);
    if (end == NULL || end - reader->at > HEADERS_MAX)
        return false;
    char *lines = mem_text_n(reader->at, (size_t)(end - reader->at));
    for (char *line = lines, *next = NULL; line != NULL; line = next) {
        next = strstr(line, "\r\n");
        if (next != NULL) {
            *next = '\0';
            next += 2;
        }
        take_header(part, line);
    }
    free(lines);
    reader->at = end + 4;
    return part->name != NULL;
}

static bool open_reader(struct reader *reader, const char *content_type, const struct buf *body)
{
    char *boundary = parameter_of(content_type, "boundary");
    size_t len = boundary == NULL ? 0 : strlen(boundary);
    bool ok = len > 0 && len <= BOUNDARY_MAX && body->len > len + 2;
    if (ok) {
        reader->delimiter_len = (size_t)snprintf(reader->delimiter, sizeof(reader->delimiter), "\r\n--%s", boundary);
        reader->at = body->at;
        reader->end = body->at + body->len;
        /* the first one may stand at the very beginning, without a line before it */
        if (memcmp(reader->at, reader->delimiter + 2, reader->delimiter_len - 2) == 0)
            reader->at += reader->delimiter_len - 2;
        else if ((reader->at = find(reader->at, reader->end, reader->delimiter, reader->delimiter_len)) != NULL)
            reader->at += reader->delimiter_len;
        ok = reader->at != NULL;
    }
    free(boundary);
    return ok;
}

bool multipart_read(struct request *request, const char *content_type)
{
    struct reader reader = {0};
    if (!open_reader(&reader, content_type, &request->body))
        return false;
    while (reader.end - reader.at >= 2 && memcmp(reader.at, "--", 2) != 0) {
        const char *line = find(reader.at, reader.end, "\r\n", 2);
        struct part *part = line == NULL ? NULL : http_part_add(request);
        if (part == NULL)
            return false;
        reader.at = line + 2;
        if (!take_headers(&reader, part))
            return false;
        const char *to = find(reader.at, reader.end, reader.delimiter, reader.delimiter_len);
        if (to == NULL)
            return false;
        buf_add(&part->bytes, reader.at, (size_t)(to - reader.at));
        reader.at = to + reader.delimiter_len;
    }
    return reader.end - reader.at >= 2;
}
