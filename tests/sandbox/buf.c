/* A growing text and the few helpers around it.
 *
 * Answers, records and the journal are all built by appending to one of these, which is several times cheaper than
 * building JSON trees and printing them: the load generator drives this program at many thousand requests a second.
 * It must not be used where a size limit has to be reported: it aborts when memory runs out.
 */
#include "tests/sandbox/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *mem_new(size_t bytes)
{
    void *memory = calloc(1, bytes == 0 ? 1 : bytes);
    if (memory == NULL)
        abort();
    return memory;
}

void *mem_grow(void *old, size_t bytes)
{
    void *memory = realloc(old, bytes == 0 ? 1 : bytes);
    if (memory == NULL)
        abort();
    return memory;
}

char *mem_text_n(const char *text, size_t len)
{
    char *copy = mem_new(len + 1);
    if (len > 0)
        memcpy(copy, text, len);
    return copy;
}

char *mem_text(const char *text)
{
    return text == NULL ? NULL : mem_text_n(text, strlen(text));
}

static void reserve(struct buf *buf, size_t more)
{
    if (buf->len + more + 1 <= buf->room)
        return;
    size_t room = buf->room == 0 ? 256 : buf->room;
    while (room < buf->len + more + 1)
        room *= 2;
    buf->at = mem_grow(buf->at, room);
    buf->room = room;
}

void buf_add(struct buf *buf, const void *bytes, size_t len)
{
    reserve(buf, len);
    if (len > 0)
        memcpy(buf->at + buf->len, bytes, len);
    buf->len += len;
    buf->at[buf->len] = '\0';
}

void buf_adds(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_addf(struct buf *buf, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        abort();
    reserve(buf, (size_t)len);
    vsnprintf(buf->at + buf->len, (size_t)len + 1, format, again);
    va_end(again);
    buf->len += (size_t)len;
}

void buf_add_json_n(struct buf *buf, const char *text, size_t len)
{
    buf_add(buf, "\"", 1);
    size_t from = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(buf, text + from, i - from);
        from = i + 1;
        if (c == '\n')
            buf_add(buf, "\\n", 2);
        else if (c == '"' || c == '\\')
            buf_addf(buf, "\\%c", c);
        else
            buf_addf(buf, "\\u%04x", c);
    }
    buf_add(buf, text + from, len - from);
    buf_add(buf, "\"", 1);
}

void buf_add_json(struct buf *buf, const char *text)
{
    buf_add_json_n(buf, text == NULL ? "" : text, text == NULL ? 0 : strlen(text));
}

void buf_add_html(struct buf *buf, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '&')
            buf_adds(buf, "&amp;");
        else if (text[i] == '<')
            buf_adds(buf, "&lt;");
        else if (text[i] == '>')
            buf_adds(buf, "&gt;");
        else if (text[i] == '"')
            buf_adds(buf, "&quot;");
        else
            buf_add(buf, text + i, 1);
    }
}

char *buf_take(struct buf *buf)
{
    char *text = buf->at == NULL ? mem_new(1) : buf->at;
    *buf = (struct buf){0};
    return text;
}

void buf_done(struct buf *buf)
{
    free(buf->at);
    *buf = (struct buf){0};
}

uint64_t hash_bytes(const void *bytes, size_t len, uint64_t seed)
{
    uint64_t hash = 0xcbf29ce484222325ULL ^ (seed * 0x9e3779b97f4a7c15ULL);
    const unsigned char *at = bytes;
    for (size_t i = 0; i < len; i++) {
        hash ^= at[i];
        hash *= 0x100000001b3ULL;
    }
    return hash;
}
