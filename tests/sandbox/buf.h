/* A growing text, and the allocation helpers of the sandbox: running out of memory aborts. */
#ifndef TESTS_SANDBOX_BUF_H
#define TESTS_SANDBOX_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

struct buf {
    char *at; /* NUL-terminated once anything was added; NULL when empty */
    size_t len, room;
};

void *mem_new(size_t bytes); /* zeroed */
void *mem_grow(void *old, size_t bytes);
char *mem_text(const char *text); /* a copy; NULL stays NULL */
char *mem_text_n(const char *text, size_t len);

void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_adds(struct buf *buf, const char *text);
void buf_addf(struct buf *buf, const char *format, ...) PRINTF_LIKE(2, 3);
/* Adds `text` as a JSON string, quoted and escaped. */
void buf_add_json(struct buf *buf, const char *text);
void buf_add_json_n(struct buf *buf, const char *text, size_t len);
/* Adds `text` escaped for HTML. */
void buf_add_html(struct buf *buf, const char *text, size_t len);
/* Moves the text out (never NULL) and leaves the buffer empty. */
char *buf_take(struct buf *buf);
void buf_done(struct buf *buf);

/* FNV-1a, 64 bits: for names that must be stable, not for secrets. */
uint64_t hash_bytes(const void *bytes, size_t len, uint64_t seed);

#endif
