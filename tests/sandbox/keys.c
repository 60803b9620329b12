/* Idempotence: for 24 hours of the sandbox's clock a key belongs to the request that came with it first. The same one
 * is answered with the first answer, to the letter, whatever became of the payment since; another path or body is
 * refused. After that the key is forgotten: the same request is a new operation, as with the real one.
 */
#include "tests/sandbox/keys.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/journal.h"
#include "tests/sandbox/yookassa.h"

#define KEY_MAX 64
#define KEY_LIFE_MS (86400LL * 1000)

/* The path and the body. */
static char *request_of(const struct request *request, const char *path)
{
    struct buf text = {0};
    buf_addf(&text, "%s\n", path);
    buf_adds(&text, request->body.at == NULL ? "" : request->body.at);
    return buf_take(&text);
}

bool keys_begin(struct request *request, const char *path)
{
    struct sandbox *sb = request->sb;
    const char *key = http_header(request, "Idempotence-Key");
    size_t len = key == NULL ? 0 : strlen(key);
    void *found = NULL;
    if (len == 0 || len > KEY_MAX) {
        yookassa_fail(request, 400, "invalid_request",
                      len == 0 ? "Idempotence key is empty" : "Idempotence key is too long. Max. length is 64",
                      "Idempotence-Key");
        return false;
    }
    if (strspn(key, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-_.") != len) {
        yookassa_fail(request, 400, "invalid_request", "Idempotence key is illegal", "Idempotence-Key");
        return false;
    }
    json_object_object_add(request->params, "idempotence_key", json_object_new_string(key)); /* for the record */
    if (!lh_table_lookup_ex(sb->world.idempotence, key, &found))
        return true;
    const struct idempotence *idem = found;
    if (sandbox_now_ms(sb) - idem->at_ms >= KEY_LIFE_MS)
        return true;
    char *asked = request_of(request, path);
    bool same = strcmp(idem->request, asked) == 0;
    free(asked);
    if (same) {
        struct buf answer = {0};
        buf_adds(&answer, idem->answer);
        http_answer_json(request, 200, &answer);
    } else {
        yookassa_fail(request, 400, "invalid_request", "Duplicate idempotence key", "Idempotence-Key");
    }
    return false;
}

void keys_end(struct request *request, const char *path)
{
    struct sandbox *sb = request->sb;
    const char *key = http_header(request, "Idempotence-Key");
    void *found = NULL;
    if (request->status != 200)
        return;
    char *asked = request_of(request, path);
    keys_restore(sb, key, asked, request->answer, sandbox_now_ms(sb));
    free(asked);
    if (lh_table_lookup_ex(sb->world.idempotence, key, &found))
        journal_idempotence(sb, key, found);
}

void keys_restore(struct sandbox *sb, const char *key, const char *asked, const char *answer, int64_t at_ms)
{
    void *found = NULL;
    struct idempotence *idem = NULL;
    if (key == NULL || asked == NULL || answer == NULL)
        return;
    if (lh_table_lookup_ex(sb->world.idempotence, key, &found)) {
        idem = found;
    } else {
        idem = mem_new(sizeof(*idem));
        lh_table_insert(sb->world.idempotence, mem_text(key), idem);
    }
    free(idem->request);
    free(idem->answer);
    idem->request = mem_text(asked);
    idem->answer = mem_text(answer);
    idem->at_ms = at_ms;
}

void keys_done(struct world *world)
{
    struct lh_entry *entry, *next;
    lh_foreach_safe(world->idempotence, entry, next)
    {
        struct idempotence *idem = (struct idempotence *)(uintptr_t)lh_entry_v(entry);
        free(idem->request);
        free(idem->answer);
        free(idem);
        free(lh_entry_k(entry));
    }
    lh_table_free(world->idempotence);
}
