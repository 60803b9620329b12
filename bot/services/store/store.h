/* Where pictures are kept: an interface over content-named objects. The name is the hash of the bytes, so putting the
 * same picture twice is one object and a repeated put after a crash is harmless. The database holds "store:<name>".
 *
 * Who keeps a picture names it in the database first, then puts it; who removes one looks at it first, then asks
 * whether a row names it, and removes only what it looked at: every put gives the object another version, also one that
 * finds it there already. Why nothing that is named is ever lost so: bot/chores/store_sweep.c.
 *
 * Every call answers once, through its done function. The directory store answers before the call returns, a store
 * behind the network will answer later: write done so that both are right. What done is shown is borrowed and lives
 * until done returns. */
#ifndef BOT_SERVICES_STORE_STORE_H
#define BOT_SERVICES_STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/err.h"

enum {
    STORE_NAME_LENGTH = 64,                    /* lower-case hex of a 256-bit hash */
    STORE_NAME_BYTES = STORE_NAME_LENGTH + 1,  /* with the final 0 */
    STORE_URL_BYTES = STORE_NAME_BYTES + 6,    /* "store:" before it */
    STORE_OBJECT_MAX_BYTES = 32 * 1024 * 1024, /* a reference is at most 20 MiB, a made picture at most 10 */
    STORE_VERSION_BYTES = 64,
    STORE_SLICE_MAX = 256 /* names of one slice */
};

struct store_object {
    char name[STORE_NAME_BYTES];
    const unsigned char *bytes; /* get only */
    size_t length;
    char version[STORE_VERSION_BYTES]; /* look only: what stands there; any put changes it */
    int64_t put_ms;                    /* look only: when it was put last, unix time by the store's clock */
};

/* Some of the names that are there, in no order that means anything. */
struct store_slice {
    char names[STORE_SLICE_MAX][STORE_NAME_BYTES];
    size_t count;                /* may be 0 before the end */
    char next[STORE_NAME_BYTES]; /* where the next slice begins; "" = this was the last one */
};

/* object is NULL unless err is ERR_OK. */
typedef void store_done_fn(void *context, enum err err, const struct store_object *object);
/* slice is NULL unless err is ERR_OK. */
typedef void store_list_fn(void *context, enum err err, const struct store_slice *slice);

/* An implementation begins with this struct. */
struct store {
    void (*put)(struct store *store, const void *bytes, size_t length, store_done_fn *done, void *context);
    void (*get)(struct store *store, const char *name, store_done_fn *done, void *context);
    void (*look)(struct store *store, const char *name, store_done_fn *done, void *context);
    void (*list)(struct store *store, const char *from, store_list_fn *done, void *context);
    void (*remove)(struct store *store, const char *name, const char *version, store_done_fn *done, void *context);
    void (*free)(struct store *store);
};

/* Durable when it answers ERR_OK. ERR_TOO_LARGE over STORE_OBJECT_MAX_BYTES, ERR_INVALID for no bytes at all,
 * ERR_AGAIN when it may work on a second try, ERR_IO. */
void store_put(struct store *store, const void *bytes, size_t length, store_done_fn *done, void *context);
/* The bytes are checked against the name: ERR_IO when they are not what was put. ERR_NOT_FOUND, ERR_INVALID (name). */
void store_get(struct store *store, const char *name, store_done_fn *done, void *context);
/* What stands there now, without its bytes. ERR_NOT_FOUND, ERR_INVALID (name), ERR_IO. */
void store_look(struct store *store, const char *name, store_done_fn *done, void *context);
/* The next names, as many as can be read without holding anybody up: from "" = from the beginning, else what the last
 * slice said. What is put or removed between two slices may or may not be among them. ERR_INVALID (from), ERR_IO. */
void store_list(struct store *store, const char *from, store_list_fn *done, void *context);
/* Removes what store_look saw there. ERR_OK also when nothing is there; ERR_CONFLICT when it was put since: then it
 * stays. One object may stand behind several rows: the caller asked, after it looked, and none is left. ERR_AGAIN when
 * somebody is just putting it, ERR_INVALID (name), ERR_IO. */
void store_remove(struct store *store, const char *name, const char *version, store_done_fn *done, void *context);
void store_free(struct store *store); /* accepts NULL */

/* The content name of these bytes. */
void store_name(const void *bytes, size_t length, char ret_name[STORE_NAME_BYTES]);
/* Is it exactly a content name: 64 characters of 0-9a-f? */
bool store_name_valid(const char *name);
/* "store:<name>", as the database keeps it. */
void store_url(const char *name, char ret_url[STORE_URL_BYTES]);
/* The name inside such a URL (points into it), or NULL if it is none of ours. */
const char *store_name_in_url(const char *url);

#endif
