/* What every store shares: content names, their URLs, and the checks before an implementation is asked. A name comes
 * from the database, which others write too, so it is looked at again each time: nothing but 64 hex digits ever
 * becomes a path or a URL. */
#include "bot/services/store/store.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bug.h"

static const char URL_PREFIX[] = "store:";

void store_name(const void *bytes, size_t length, char ret_name[STORE_NAME_BYTES])
{
    unsigned char hash[STORE_NAME_LENGTH / 2];
    if (crypto_generichash(hash, sizeof hash, bytes, length, NULL, 0) != 0)
        bug("no hash");
    sodium_bin2hex(ret_name, STORE_NAME_BYTES, hash, sizeof hash);
}

bool store_name_valid(const char *name)
{
    return strspn(name, "0123456789abcdef") == STORE_NAME_LENGTH && name[STORE_NAME_LENGTH] == '\0';
}

void store_url(const char *name, char ret_url[STORE_URL_BYTES])
{
    if (!store_name_valid(name))
        bug("a name that no store object has");
    (void)snprintf(ret_url, STORE_URL_BYTES, "%s%s", URL_PREFIX, name);
}

const char *store_name_in_url(const char *url)
{
    if (strncmp(url, URL_PREFIX, sizeof URL_PREFIX - 1) != 0)
        return NULL;
    const char *name = url + sizeof URL_PREFIX - 1;
    return store_name_valid(name) ? name : NULL;
}

void store_put(struct store *store, const void *bytes, size_t length, store_done_fn *done, void *context)
{
    if (length == 0)
        done(context, ERR_INVALID, NULL);
    else if (length > STORE_OBJECT_MAX_BYTES)
        done(context, ERR_TOO_LARGE, NULL);
    else
        store->put(store, bytes, length, done, context);
}

void store_get(struct store *store, const char *name, store_done_fn *done, void *context)
{
    if (!store_name_valid(name))
        done(context, ERR_INVALID, NULL);
    else
        store->get(store, name, done, context);
}

void store_look(struct store *store, const char *name, store_done_fn *done, void *context)
{
    if (!store_name_valid(name))
        done(context, ERR_INVALID, NULL);
    else
        store->look(store, name, done, context);
}

void store_list(struct store *store, const char *from, store_list_fn *done, void *context)
{
    if (from[0] != '\0' && !store_name_valid(from))
        done(context, ERR_INVALID, NULL);
    else
        store->list(store, from, done, context);
}

void store_remove(struct store *store, const char *name, const char *version, store_done_fn *done, void *context)
{
    if (!store_name_valid(name))
        done(context, ERR_INVALID, NULL);
    else
        store->remove(store, name, version, done, context);
}

void store_free(struct store *store)
{
    if (store != NULL)
        store->free(store);
}
