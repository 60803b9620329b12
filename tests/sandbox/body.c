/* Gathers the body of a request: urlencoded forms into parts through libmicrohttpd's post processor, multipart ones
 * through multipart.c once they are whole, anything else as it came.
 *
 * All of it is kept in memory, up to REQUEST_BODY_MAX, since the sandbox has to look at whole requests before it
 * decides what goes wrong with them.
 */
#include "tests/sandbox/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/sandbox/multipart.h"

static enum MHD_Result take(void *context, enum MHD_ValueKind kind, const char *name, const char *filename,
                            const char *mime, const char *encoding, const char *bytes, uint64_t at, size_t len)
{
    (void)kind, (void)filename, (void)mime, (void)encoding;
    struct request *request = context;
    struct part *part = at > 0 && request->part_count > 0 ? &request->parts[request->part_count - 1] : NULL;
    if (name == NULL || (part == NULL && (part = http_part_add(request)) == NULL))
        return MHD_NO;
    if (part->name == NULL)
        part->name = mem_text(name);
    buf_add(&part->bytes, bytes, len);
    return MHD_YES;
}

static bool is_type(const char *type, const char *wanted)
{
    return type != NULL && strncasecmp(type, wanted, strlen(wanted)) == 0;
}

void body_begin(struct request *request)
{
    /* the control API takes JSON under any name, so that curl -d works */
    if (is_type(http_header(request, MHD_HTTP_HEADER_CONTENT_TYPE), "application/x-www-form-urlencoded") &&
        strncmp(request->path, "/api/", 5) != 0)
        request->form = MHD_create_post_processor(request->connection, 16384, take, request);
}

bool body_add(struct request *request, const char *bytes, size_t len)
{
    if (request->too_large || request->body.len + len > REQUEST_BODY_MAX) {
        request->too_large = true;
        return false;
    }
    if (request->form == NULL) {
        buf_add(&request->body, bytes, len);
        return true;
    }
    request->body.len += len; /* counted only: the parts hold the bytes */
    return MHD_post_process(request->form, bytes, len) == MHD_YES;
}

void body_done(struct request *request)
{
    const char *type = http_header(request, MHD_HTTP_HEADER_CONTENT_TYPE);
    if (request->form != NULL) {
        MHD_destroy_post_processor(request->form);
        request->form = NULL;
        request->body.len = 0;
    } else if (is_type(type, "multipart/form-data") && !request->too_large) {
        request->malformed = !multipart_read(request, type);
        buf_done(&request->body);
    }
    for (size_t i = 0; i < request->part_count; i++) /* a part may hold no bytes at all */
        buf_add(&request->parts[i].bytes, "", 0);
}
