/* What was asked and answered: kept for /api/log and written to --record. */
#ifndef TESTS_SANDBOX_RECORD_H
#define TESTS_SANDBOX_RECORD_H

#include "tests/sandbox/http.h"

#define LOG_ENTRIES_MAX 20000
#define LOG_BYTES_MAX (64u << 20)

enum err record_open(struct sandbox *sb) MUST_CHECK;
void record_close(struct sandbox *sb);
void record_flush(struct sandbox *sb);
void record_clear(struct sandbox *sb);
/* Once for each request of a service, when its answer is settled. */
void record_request(struct request *request);
/* A notification was sent; status 0 = nothing came back. */
void record_notice(struct sandbox *sb, const char *event, const char *body, long status);
/* {"next":N,"requests":[…]} with those from number `since` on. service/method NULL = all. */
void record_add_json(const struct sandbox *sb, struct buf *out, const char *service, const char *method, int64_t since);

#endif
