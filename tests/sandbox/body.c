/* Gathers the body of a request: forms into parts through libmicrohttpd's post processor, anything else as it came.
 *
 * All of it is kept in memory, up to REQUEST_BODY_MAX, since the sandbox has to look at whole requests before it
 * decides what goes wrong with them.
 */
#include "tests/sandbox/http.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static enum MHD_Result take(void *context, enum MHD_ValueKind kind, const char *name, const char *filename,
                            const char *mime, const char *encoding, const char *bytes, uint64_t at, size_t len)
{
    (void)kind, (void)encoding;
    struct request *request = context;
    if (name == NULL)
        return MHD_NO;
    if (at == 0) {
        if (request->part_count == REQUEST_PARTS_MAX)
            return MHD_NO;
        if (request->part_count == request->part_room) {
            request->part_room = request->part_room == 0 ? 8 : request->part_room * 2;
            request->parts = mem_grow(request->parts, request->part_room * sizeof(struct part));
        }
        request->parts[request->part_count++] = (struct part){.name = mem_text(name),
                                                              .filename = mem_text(filename),
                                                              .mime = mem_text(mime),
                                                              .is_file = filename != NULL};
    }
    if (request->part_count == 0)
        return MHD_NO;
    buf_add(&request->parts[request->part_count - 1].bytes, bytes, len);
    return MHD_YES;
}

void body_begin(struct request *request)
{
    /* the control API takes JSON under any name, so that curl -d works */
    const char *type = http_header(request, MHD_HTTP_HEADER_CONTENT_TYPE);
    if (type == NULL)
        return;
    if (strncasecmp(type, "multipart/form-data", 19) == 0 ||
        (strncasecmp(type, "application/x-www-form-urlencoded", 33) == 0 && strncmp(request->path, "/api/", 5) != 0))
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
    if (request->form != NULL) {
        MHD_destroy_post_processor(request->form);
        request->form = NULL;
        request->body.len = 0;
    }
    /* A part may hold no bytes at all. */
    for (size_t i = 0; i < request->part_count; i++)
        buf_add(&request->parts[i].bytes, "", 0);
}
