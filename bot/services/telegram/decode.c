/* The body of getUpdates to a batch of events. It is parsed whole; if that fails (nesting too deep, broken UTF-8, one
 * spoilt update), it is cut into its updates by brackets and each is parsed alone, so that one of them can't stop the
 * other 99. An update is poison when its id is known and nothing else makes sense; the shell records it and moves on.
 *
 * next_offset comes from this batch alone: update_id may restart at a random number after a quiet week. Must not
 * drop anything silently but updates that have no id at all. */
#include "bot/services/telegram/decode.h"

#include <stdlib.h>
#include <string.h>
#include "bot/base/json.h"
#include "bot/services/telegram/update.h"

static const int64_t UPDATE_ID_MAX = (int64_t)1 << 52;

static struct telegram_update *add_update(struct telegram_batch *batch, int64_t update_id)
{
    struct telegram_update *update = &batch->updates[batch->count++];
    *update = (struct telegram_update){.update_id = update_id};
    update->event.kind = EVENT_NONE;
    update->event.update_id = update_id;
    if (update_id >= batch->next_offset)
        batch->next_offset = update_id + 1;
    return update;
}

static void poison(struct arena *arena, struct telegram_update *update, const char *why, const char *raw, size_t bytes)
{
    update->why = why;
    update->raw_bytes = bytes < TELEGRAM_POISON_MAX_BYTES ? bytes : TELEGRAM_POISON_MAX_BYTES;
    update->raw = arena_copy_n(arena, raw, update->raw_bytes);
    update->event = (struct event){.kind = EVENT_NONE, .update_id = update->update_id};
}

/* Add one parsed update. raw may be NULL: then it is written out again if needed. False: it has no usable id. */
static bool take_update(struct arena *arena, struct json_object *json, const char *raw, size_t raw_bytes,
                        struct telegram_batch *batch)
{
    int64_t id = json_peek_number(json, "update_id");
    if (id <= 0 || id > UPDATE_ID_MAX)
        return false;
    struct telegram_update *update = add_update(batch, id);
    const char *why = update_decode(arena, json, &update->event);
    if (why == NULL)
        return true;
    if (raw == NULL)
        raw = json_object_to_json_string_length(json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE,
                                                &raw_bytes);
    poison(arena, update, why, raw, raw_bytes);
    return true;
}

/* ---- the slow path: a body that does not parse as a whole ---- */

/* Bytes of the JSON value ({…} or […]) at text, by brackets outside strings; 0 = it does not end. */
static size_t bracketed(const char *text, size_t bytes)
{
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < bytes; i++) {
        char c = text[i];
        if (quoted) {
            if (c == '\\')
                i++;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']') {
            if (--depth == 0)
                return i + 1;
        }
    }
    return 0;
}

/* The id in an update that can't be parsed: its first "update_id", which the server writes first. 0 = none. */
static int64_t id_in_ruins(const char *raw, size_t bytes)
{
    static const char key[] = "\"update_id\"";
    size_t at = 0, length = sizeof key - 1;
    while (at + length <= bytes && memcmp(raw + at, key, length) != 0)
        at++;
    at += length;
    while (at < bytes && (raw[at] == ' ' || raw[at] == ':'))
        at++;
    int64_t id = 0;
    for (; at < bytes && raw[at] >= '0' && raw[at] <= '9' && id <= UPDATE_ID_MAX; at++)
        id = id * 10 + (raw[at] - '0');
    return id <= UPDATE_ID_MAX ? id : 0;
}

/* The next update of a body from *at on, which is moved past it; NULL: there is none. It begins with *at = 0. */
static const char *next_piece(const char *body, size_t bytes, size_t *at, size_t *ret_bytes)
{
    static const char key[] = "\"result\"";
    size_t length = sizeof key - 1;
    if (*at == 0) {
        while (*at + length <= bytes && memcmp(body + *at, key, length) != 0)
            (*at)++;
        *at += length;
        while (*at < bytes && body[*at] != '[')
            (*at)++;
        (*at)++;
    }
    while (*at < bytes && body[*at] != '{' && body[*at] != ']')
        (*at)++;
    if (*at >= bytes || body[*at] == ']')
        return NULL;
    const char *piece = body + *at;
    *ret_bytes = bracketed(piece, bytes - *at);
    if (*ret_bytes == 0)
        *ret_bytes = bytes - *at; /* it never ends: what follows comes again with the next offset */
    *at += *ret_bytes;
    return piece;
}

static enum err decode_pieces(struct arena *arena, const char *body, size_t bytes, struct telegram_batch *batch)
{
    size_t at = 0, length;
    const char *piece;
    batch->updates = arena_array(arena, TELEGRAM_BATCH_MAX, sizeof *batch->updates);
    while (batch->count < TELEGRAM_BATCH_MAX && (piece = next_piece(body, bytes, &at, &length)) != NULL) {
        struct json_object *json = json_read(piece, length, TELEGRAM_JSON_MAX_DEPTH);
        int64_t id = id_in_ruins(piece, length);
        bool whole = json != NULL && take_update(arena, json, piece, length, batch);
        if (!whole && id > 0)
            poison(arena, add_update(batch, id), "not valid JSON", piece, length);
        json_object_put(json);
    }
    return batch->count > 0 ? ERR_OK : ERR_INVALID;
}

static enum err decode_whole(struct arena *arena, struct json_object *reply, struct telegram_batch *batch)
{
    struct json_object *result = json_peek(reply, "result", json_type_array);
    if (!json_peek_true(reply, "ok") || result == NULL)
        return ERR_INVALID;
    size_t count = json_object_array_length(result);
    if (count > TELEGRAM_BATCH_MAX)
        count = TELEGRAM_BATCH_MAX;
    size_t lost = 0;
    batch->updates = arena_array(arena, count, sizeof *batch->updates);
    for (size_t i = 0; i < count; i++)
        lost += take_update(arena, json_object_array_get_idx(result, i), NULL, 0, batch) ? 0 : 1;
    return lost > 0 && lost == count ? ERR_INVALID : ERR_OK;
}

enum err telegram_decode(struct arena *arena, const char *body, size_t bytes, struct telegram_batch *ret_batch)
{
    if (bytes > TELEGRAM_BATCH_MAX_BYTES)
        return ERR_INVALID;
    struct telegram_batch batch = {0};
    struct json_object *reply = json_read(body, bytes, TELEGRAM_JSON_MAX_DEPTH);
    enum err err = ERR_INVALID;
    if (reply != NULL)
        err = decode_whole(arena, reply, &batch);
    else if (bytes > 0 && body[0] == '{')
        err = decode_pieces(arena, body, bytes, &batch);
    json_object_put(reply);
    if (err == ERR_OK)
        *ret_batch = batch;
    return err;
}

const char *telegram_decode_raw(const char *body, size_t bytes, int64_t update_id, size_t *ret_bytes)
{
    size_t at = 0, length;
    for (const char *piece; (piece = next_piece(body, bytes, &at, &length)) != NULL;)
        if (id_in_ruins(piece, length) == update_id) {
            *ret_bytes = length;
            return piece;
        }
    return NULL;
}

enum err telegram_decode_one(struct arena *arena, const char *raw, size_t bytes, struct telegram_update *ret_update)
{
    struct telegram_batch batch;
    const char *body = arena_format(arena, "{\"ok\":true,\"result\":[%.*s]}", (int)bytes, raw);
    enum err err = telegram_decode(arena, body, strlen(body), &batch);
    if (err == ERR_OK && batch.count != 1)
        err = ERR_INVALID;
    if (err == ERR_OK)
        *ret_update = batch.updates[0];
    return err;
}
