/* The record of requests: one JSON object a line, in memory (bounded) and in the --record file.
 *
 * A line holds what was understood of the request, not its bytes, and never the path, so no token can get in.
 * While a load runs only what went wrong gets a line. The file is written through stdio and flushed once per turn of
 * the loop.
 */
#include "tests/sandbox/record.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tests/sandbox/load.h"

enum err record_open(struct sandbox *sb)
{
    sb->log = mem_new(LOG_ENTRIES_MAX * sizeof(sb->log[0]));
    sb->log_next = 1;
    if (sb->opt.record_file == NULL)
        return ERR_OK;
    sb->record = fopen(sb->opt.record_file, "a");
    return sb->record == NULL ? ERR_IO : ERR_OK;
}

static void drop_oldest(struct sandbox *sb)
{
    struct log_entry *entry = &sb->log[sb->log_head];
    sb->log_bytes -= entry->len;
    free(entry->line);
    entry->line = NULL;
    sb->log_head = (sb->log_head + 1) % LOG_ENTRIES_MAX;
    sb->log_count--;
}

void record_clear(struct sandbox *sb)
{
    while (sb->log_count > 0)
        drop_oldest(sb);
}

void record_close(struct sandbox *sb)
{
    record_clear(sb);
    free(sb->log);
    if (sb->record != NULL)
        fclose(sb->record);
}

void record_flush(struct sandbox *sb)
{
    if (sb->record != NULL)
        fflush(sb->record);
}

static void add_response(struct buf *line, const struct request *request)
{
    const char *body = request->answer != NULL ? request->answer : request->answer_static;
    if (request->no_store_record) {
        buf_addf(line, "{\"bytes\":%zu}", request->answer_bytes);
    } else if (request->answer != NULL && strcmp(request->content_type, "application/json") == 0) {
        buf_add(line, body, request->answer_bytes);
    } else if (request->answer_bytes > 0 && request->content_type[0] == 't') {
        buf_add_json_n(line, body, request->answer_bytes);
    } else {
        buf_adds(line, "null");
    }
}

/* The line is complete but for its end: it goes to the file and into the ring. */
static void keep(struct sandbox *sb, struct buf *line, const char *service, const char *method)
{
    if (sb->record != NULL) {
        fwrite(line->at, 1, line->len, sb->record);
        fputc('\n', sb->record);
    }
    while (sb->log_count == LOG_ENTRIES_MAX || (sb->log_count > 0 && sb->log_bytes + line->len > LOG_BYTES_MAX))
        drop_oldest(sb);
    struct log_entry *entry = &sb->log[(sb->log_head + sb->log_count++) % LOG_ENTRIES_MAX];
    entry->number = sb->log_next++;
    snprintf(entry->service, sizeof(entry->service), "%s", service);
    snprintf(entry->method, sizeof(entry->method), "%s", method);
    entry->len = line->len;
    entry->line = buf_take(line);
    sb->log_bytes += entry->len;
}

void record_request(struct request *request)
{
    struct sandbox *sb = request->sb;
    if (request->service == NULL || (request->status == 200 && load_is_running(sb)))
        return;
    struct buf line = {0};
    buf_addf(&line, "{\"n\":%" PRId64 ",\"at_ms\":%" PRId64 ",\"service\":\"%s\",\"method\":", sb->log_next,
             request->at_ms, request->service);
    buf_add_json(&line, request->method);
    buf_adds(&line, ",\"params\":");
    buf_adds(&line, request->params == NULL
                        ? "{}"
                        : json_object_to_json_string_ext(request->params,
                                                         JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    if (request->has_fault)
        buf_addf(&line, ",\"fault\":\"%s\"", request->fault.kind);
    buf_addf(&line, ",\"status\":%u,\"response\":", request->status);
    add_response(&line, request);
    buf_adds(&line, "}");
    keep(sb, &line, request->service, request->method);
}

void record_notice(struct sandbox *sb, const char *event, const char *body, long status)
{
    struct buf line = {0};
    buf_addf(&line,
             "{\"n\":%" PRId64 ",\"at_ms\":%" PRId64 ",\"service\":\"notice\",\"method\":\"%s\",\"params\":%s,"
             "\"status\":%ld,\"response\":null}",
             sb->log_next, sandbox_now_ms(sb), event, body, status);
    keep(sb, &line, "notice", event);
}

void record_add_json(const struct sandbox *sb, struct buf *out, const char *service, const char *method, int64_t since)
{
    buf_addf(out, "{\"next\":%" PRId64 ",\"requests\":[", sb->log_next);
    bool first = true;
    for (size_t i = 0; i < sb->log_count; i++) {
        const struct log_entry *entry = &sb->log[(sb->log_head + i) % LOG_ENTRIES_MAX];
        if (entry->number < since || (service != NULL && strcmp(service, entry->service) != 0) ||
            (method != NULL && strcasecmp(method, entry->method) != 0))
            continue;
        buf_adds(out, first ? "" : ",");
        buf_add(out, entry->line, entry->len);
        first = false;
    }
    buf_adds(out, "]}");
}
