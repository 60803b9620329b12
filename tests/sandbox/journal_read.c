/* Reads the journal back into a fresh world, line by line, the last line about a thing winning.
 *
 * It runs once, before anything is served, with the journal switched off, so restoring writes nothing.
 */
#include "tests/sandbox/journal_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sandbox/files.h"
#include "tests/sandbox/keys.h"
#include "tests/sandbox/payments.h"
#include "tests/sandbox/receipts.h"
#include "tests/sandbox/refunds.h"
#include "tests/sandbox/stars.h"
#include "tests/sandbox/tax.h"
#include "tests/sandbox/updates.h"

static const char *text(json_object *line, const char *key)
{
    json_object *value = NULL;
    return json_object_object_get_ex(line, key, &value) ? json_object_get_string(value) : NULL;
}

static int64_t number(json_object *line, const char *key)
{
    json_object *value = NULL;
    return json_object_object_get_ex(line, key, &value) ? json_object_get_int64(value) : 0;
}

static void set(char **at, const char *value)
{
    char *copy = mem_text(value);
    free(*at);
    *at = copy;
}

static void read_user(struct sandbox *sb, json_object *line)
{
    int64_t id = number(line, "id");
    struct user *user = world_user(sb, id);
    if (user == NULL)
        user = world_user_add(sb, id, text(line, "first_name"), text(line, "username"), text(line, "language_code"));
    user->started = user->started || number(line, "started") != 0;
    user->blocked = number(line, "blocked") != 0;
}

static void read_message(struct sandbox *sb, json_object *line)
{
    int64_t id = number(line, "id");
    struct user *chat = world_user(sb, number(line, "chat"));
    if (chat == NULL || id <= 0)
        return;
    struct message *message = (uint64_t)id < sb->world.message_count ? sb->world.messages[id] : NULL;
    if (message == NULL)
        message = world_message_add(sb, chat, MESSAGE_TEXT, false, id);
    message->kind = (enum message_kind)number(line, "kind");
    message->from_bot = number(line, "from_bot") != 0;
    message->deleted = number(line, "deleted") != 0;
    message->date_ms = number(line, "date_ms");
    message->edit_ms = number(line, "edit_ms");
    message->reply_to = number(line, "reply_to");
    message->thread_id = number(line, "thread_id");
    const char *file = text(line, "file");
    message->file = file == NULL ? NULL : files_find(sb, file);
    set(&message->text, text(line, "text"));
    set(&message->entities, text(line, "entities"));
    set(&message->markup, text(line, "markup"));
    set(&message->keyboard, text(line, "keyboard"));
    set(&message->extra, text(line, "extra"));
    set(&message->group_id, text(line, "group_id"));
    if (message->group_id != NULL && strlen(message->group_id) > 4) {
        int64_t group = strtoll(message->group_id + 4, NULL, 10);
        sb->world.next_group = group >= sb->world.next_group ? group + 1 : sb->world.next_group;
    }
    chat->version++;
}

static void read_callback(struct sandbox *sb, json_object *line)
{
    void *found = NULL;
    struct user *user = world_user(sb, number(line, "user"));
    if (lh_table_lookup_ex(sb->world.callbacks, text(line, "id"), &found))
        ((struct callback *)found)->answered = number(line, "answered") != 0;
    else if (user != NULL)
        updates_callback_restore(sb, text(line, "id"), user, number(line, "at_ms"))->answered = number(line,
                                                                                                       "answered") != 0;
}

static void read_state(struct sandbox *sb, json_object *line)
{
    json_object *value = NULL;
    sb->world.next_update_id = number(line, "next_update_id");
    sb->world.next_group = number(line, "next_group");
    sb->clock_shift_ms = number(line, "clock_shift_ms");
    set(&sb->webhook_url, text(line, "webhook_url"));
    if (text(line, "receipts") != NULL)
        snprintf(sb->world.shop.receipts, sizeof(sb->world.shop.receipts), "%s", text(line, "receipts"));
    sb->world.shop.is_live = number(line, "live") != 0;
    if (json_object_object_get_ex(line, "settings", &value)) {
        json_object_put(sb->world.settings);
        sb->world.settings = json_object_get(value);
    }
    json_object_put(sb->world.allowed);
    sb->world.allowed = json_object_object_get_ex(line, "allowed", &value) ? json_object_get(value) : NULL;
}

static void read_line(struct sandbox *sb, json_object *line)
{
    const char *what = text(line, "t");
    if (what == NULL)
        return;
    if (strcmp(what, "user") == 0)
        read_user(sb, line);
    else if (strcmp(what, "message") == 0)
        read_message(sb, line);
    else if (strcmp(what, "file") == 0)
        files_restore(sb, line);
    else if (strcmp(what, "update") == 0)
        updates_restore(sb, number(line, "id"), number(line, "expires_ms"), text(line, "body"));
    else if (strcmp(what, "left") == 0)
        updates_confirm(sb, number(line, "count") == 0 ? INT64_MAX : -number(line, "count"));
    else if (strcmp(what, "delayed") == 0 && number(line, "gone") != 0)
        updates_drop_delayed(sb, number(line, "key"));
    else if (strcmp(what, "delayed") == 0)
        updates_restore_delayed(sb, number(line, "key"), number(line, "due_ms"), text(line, "kind"),
                                text(line, "body"));
    else if (strcmp(what, "callback") == 0)
        read_callback(sb, line);
    else if (strcmp(what, "payment") == 0)
        payments_restore(sb, line);
    else if (strcmp(what, "refund") == 0)
        refunds_restore(sb, line);
    else if (strcmp(what, "receipt") == 0)
        receipts_restore(sb, line);
    else if (strcmp(what, "tax_token") == 0)
        tax_token_restore(sb, line);
    else if (strcmp(what, "income") == 0)
        tax_income_restore(sb, line);
    else if (strcmp(what, "star_invoice") == 0)
        stars_restore_invoice(sb, line);
    else if (strcmp(what, "star_transaction") == 0)
        stars_restore_transaction(sb, line);
    else if (strcmp(what, "idempotence") == 0)
        keys_restore(sb, text(line, "key"), text(line, "request"), text(line, "answer"), number(line, "at_ms"));
    else if (strcmp(what, "state") == 0)
        read_state(sb, line);
}

enum err journal_read(struct sandbox *sb, const char *path)
{
    FILE *in = fopen(path, "r");
    if (in == NULL)
        return errno == ENOENT ? ERR_OK : ERR_IO;
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, in) > 0) {
        json_object *object = json_tokener_parse(line);
        if (object != NULL)
            read_line(sb, object);
        json_object_put(object);
    }
    free(line);
    fclose(in);
    return ERR_OK;
}
