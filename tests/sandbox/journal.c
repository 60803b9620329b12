/* The journal: DIR/journal.jsonl, one line per changed thing, the last line wins.
 *
 * Lines are gathered during a turn of the loop and written by one write() at its end: a killed sandbox keeps all it
 * answered, and no request waits for a disk. On opening, everything is read and written back compactly, so the file
 * does not grow over restarts. Bytes of files lie beside it (files.c).
 */
#include "tests/sandbox/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/sandbox/journal_read.h"

static bool is_off(const struct sandbox *sb)
{
    return sb->journal_fd < 0 || sb->journal_off;
}

static void add_member(struct buf *out, const char *key, const char *text)
{
    if (text == NULL)
        return;
    buf_addf(out, ",\"%s\":", key);
    buf_add_json(out, text);
}

static void add_number(struct buf *out, const char *key, int64_t number)
{
    buf_addf(out, ",\"%s\":%" PRId64, key, number);
}

void journal_user(struct sandbox *sb, const struct user *user)
{
    struct buf *out = &sb->journal;
    if (is_off(sb))
        return;
    buf_adds(out, "{\"t\":\"user\"");
    add_number(out, "id", user->id);
    add_member(out, "first_name", user->first_name);
    add_member(out, "username", user->username);
    add_member(out, "language_code", user->language_code);
    add_number(out, "started", user->started);
    add_number(out, "blocked", user->blocked);
    buf_adds(out, "}\n");
}

void journal_message(struct sandbox *sb, const struct message *message)
{
    struct buf *out = &sb->journal;
    if (is_off(sb))
        return;
    buf_adds(out, "{\"t\":\"message\"");
    add_number(out, "id", message->id);
    add_number(out, "chat", message->chat->id);
    add_number(out, "kind", message->kind);
    add_number(out, "from_bot", message->from_bot);
    add_number(out, "deleted", message->deleted);
    add_number(out, "date_ms", message->date_ms);
    add_number(out, "edit_ms", message->edit_ms);
    add_number(out, "reply_to", message->reply_to);
    add_number(out, "thread_id", message->thread_id);
    add_member(out, "file", message->file == NULL ? NULL : message->file->id);
    add_member(out, "text", message->text);
    add_member(out, "entities", message->entities);
    add_member(out, "markup", message->markup);
    add_member(out, "keyboard", message->keyboard);
    add_member(out, "extra", message->extra);
    add_member(out, "group_id", message->group_id);
    buf_adds(out, "}\n");
}

void journal_file(struct sandbox *sb, const struct file *file)
{
    struct buf *out = &sb->journal;
    if (is_off(sb))
        return;
    buf_adds(out, "{\"t\":\"file\"");
    add_number(out, "number", file->number);
    add_number(out, "photo", file->is_photo);
    add_number(out, "width", file->source_width);
    add_number(out, "height", file->source_height);
    add_number(out, "size", (int64_t)file->blob->size);
    add_member(out, "hash", file->blob->hash);
    add_member(out, "name", file->name);
    add_member(out, "mime", file->source_mime);
    buf_adds(out, "}\n");
}

void journal_update(struct sandbox *sb, const struct update *update)
{
    struct buf *out = &sb->journal;
    if (is_off(sb))
        return;
    buf_adds(out, "{\"t\":\"update\"");
    add_number(out, "id", update->id);
    add_number(out, "expires_ms", update->expires_ms);
    add_member(out, "body", update->body);
    buf_adds(out, "}\n");
}

void journal_confirm(struct sandbox *sb)
{
    if (!is_off(sb))
        buf_addf(&sb->journal, "{\"t\":\"left\",\"count\":%zu}\n", sb->world.update_count - sb->world.update_head);
}

void journal_delayed(struct sandbox *sb, const struct delayed *delayed, bool gone)
{
    struct buf *out = &sb->journal;
    if (is_off(sb))
        return;
    buf_adds(out, "{\"t\":\"delayed\"");
    add_number(out, "key", delayed->key);
    add_number(out, "gone", gone);
    if (!gone) {
        add_number(out, "due_ms", delayed->due_ms);
        add_member(out, "kind", delayed->kind);
        add_member(out, "body", delayed->body);
    }
    buf_adds(out, "}\n");
}

void journal_callback(struct sandbox *sb, const struct callback *callback)
{
    if (!is_off(sb))
        buf_addf(&sb->journal,
                 "{\"t\":\"callback\",\"id\":\"%s\",\"user\":%" PRId64 ",\"at_ms\":%" PRId64 ",\"answered\":%d}\n",
                 callback->id, callback->user->id, callback->at_ms, callback->answered ? 1 : 0);
}

void journal_payment(struct sandbox *sb, const struct payment *payment)
{
    struct buf *out = &sb->journal;
    if (is_off(sb))
        return;
    buf_adds(out, "{\"t\":\"payment\"");
    add_member(out, "id", payment->id);
    add_member(out, "status", payment->status);
    add_member(out, "reason", payment->reason);
    add_member(out, "party", payment->party);
    add_member(out, "method", payment->method);
    add_member(out, "card", payment->card);
    add_number(out, "created_ms", payment->created_ms);
    add_number(out, "expires_ms", payment->expires_ms);
    add_number(out, "captured_ms", payment->captured_ms);
    add_number(out, "canceled_ms", payment->canceled_ms);
    add_number(out, "kopecks", payment->kopecks);
    add_number(out, "refunded", payment->refunded_kopecks);
    add_number(out, "refunding", payment->refunding_kopecks);
    add_number(out, "paid", payment->paid);
    add_number(out, "live", payment->is_live);
    buf_addf(out, ",\"asked\":%s}\n", json_object_to_json_string_ext(payment->asked, JSON_C_TO_STRING_PLAIN));
}

void journal_refund(struct sandbox *sb, const struct refund *refund)
{
    struct buf *out = &sb->journal;
    if (is_off(sb))
        return;
    buf_adds(out, "{\"t\":\"refund\"");
    add_member(out, "id", refund->id);
    add_member(out, "payment", refund->payment->id);
    add_member(out, "status", refund->status);
    add_member(out, "reason", refund->reason);
    add_number(out, "created_ms", refund->created_ms);
    add_number(out, "due_ms", refund->due_ms);
    add_number(out, "kopecks", refund->kopecks);
    buf_addf(out, ",\"asked\":%s}\n", json_object_to_json_string_ext(refund->asked, JSON_C_TO_STRING_PLAIN));
}

void journal_receipt(struct sandbox *sb, const struct receipt *receipt)
{
    struct buf *out = &sb->journal;
    if (is_off(sb))
        return;
    buf_adds(out, "{\"t\":\"receipt\"");
    add_member(out, "id", receipt->id);
    add_member(out, "payment", receipt->payment_id);
    add_member(out, "refund", receipt->refund_id);
    add_member(out, "status", receipt->status);
    add_number(out, "is_refund", receipt->is_refund);
    add_number(out, "created_ms", receipt->created_ms);
    add_number(out, "registered_ms", receipt->registered_ms);
    add_number(out, "kopecks", receipt->kopecks);
    buf_addf(out, ",\"asked\":%s}\n", json_object_to_json_string_ext(receipt->asked, JSON_C_TO_STRING_PLAIN));
}

void journal_tax_token(struct sandbox *sb, const struct tax_token *token)
{
    struct buf *out = &sb->journal;
    if (is_off(sb))
        return;
    buf_adds(out, "{\"t\":\"tax_token\"");
    add_member(out, "device", token->device);
    add_member(out, "access", token->access);
    add_member(out, "refresh", token->refresh);
    add_number(out, "expires_ms", token->expires_ms);
    buf_adds(out, "}\n");
}

void journal_income(struct sandbox *sb, const struct income *income)
{
    struct buf *out = &sb->journal;
    if (is_off(sb))
        return;
    buf_adds(out, "{\"t\":\"income\"");
    add_member(out, "uuid", income->uuid);
    add_member(out, "device", income->device);
    add_member(out, "comment", income->comment);
    add_number(out, "operation_ms", income->operation_ms);
    add_number(out, "request_ms", income->request_ms);
    add_number(out, "registered_ms", income->registered_ms);
    add_number(out, "kopecks", income->kopecks);
    add_number(out, "cancel_ms", income->cancel_ms);
    add_number(out, "canceled_ms", income->canceled_ms);
    buf_addf(out, ",\"asked\":%s}\n", json_object_to_json_string_ext(income->asked, JSON_C_TO_STRING_PLAIN));
}

void journal_idempotence(struct sandbox *sb, const char *key, const struct idempotence *idem)
{
    struct buf *out = &sb->journal;
    if (is_off(sb))
        return;
    buf_adds(out, "{\"t\":\"idempotence\"");
    add_member(out, "key", key);
    add_member(out, "request", idem->request);
    add_member(out, "answer", idem->answer);
    add_number(out, "at_ms", idem->at_ms);
    buf_adds(out, "}\n");
}

void journal_star_invoice(struct sandbox *sb, const struct star_invoice *invoice)
{
    struct buf *out = &sb->journal;
    if (is_off(sb))
        return;
    buf_adds(out, "{\"t\":\"star_invoice\"");
    add_member(out, "slug", invoice->slug);
    add_member(out, "title", invoice->title);
    add_member(out, "payload", invoice->payload);
    add_number(out, "stars", invoice->stars);
    buf_adds(out, "}\n");
}

void journal_star_transaction(struct sandbox *sb, const struct star_transaction *transaction)
{
    struct buf *out = &sb->journal;
    if (is_off(sb))
        return;
    buf_adds(out, "{\"t\":\"star_transaction\"");
    add_member(out, "id", transaction->id);
    add_member(out, "payload", transaction->payload);
    add_number(out, "user", transaction->user->id);
    add_number(out, "stars", transaction->stars);
    add_number(out, "at_ms", transaction->at_ms);
    add_number(out, "refund", transaction->is_refund);
    add_number(out, "refunded", transaction->is_refunded);
    add_number(out, "affiliate", transaction->affiliate);
    buf_adds(out, "}\n");
}

void journal_state(struct sandbox *sb)
{
    struct buf *out = &sb->journal;
    const struct world *world = &sb->world;
    if (is_off(sb))
        return;
    buf_adds(out, "{\"t\":\"state\"");
    add_number(out, "next_update_id", world->next_update_id);
    add_number(out, "next_group", world->next_group);
    add_number(out, "clock_shift_ms", sb->clock_shift_ms);
    add_member(out, "webhook_url", sb->webhook_url);
    add_member(out, "receipts", world->shop.receipts);
    add_number(out, "live", world->shop.is_live);
    buf_addf(out, ",\"settings\":%s", json_object_to_json_string_ext(world->settings, JSON_C_TO_STRING_PLAIN));
    if (world->allowed != NULL)
        buf_addf(out, ",\"allowed\":%s", json_object_to_json_string_ext(world->allowed, JSON_C_TO_STRING_PLAIN));
    buf_adds(out, "}\n");
}

/* Everything, from the world as it is. */
static void write_all(struct sandbox *sb)
{
    const struct world *world = &sb->world;
    struct lh_entry *entry;
    journal_state(sb);
    for (size_t i = 0; i < world->user_count; i++)
        journal_user(sb, world->user_list[i]);
    lh_foreach(world->files, entry)
    {
        const struct file *file = lh_entry_v(entry);
        if (file->head == file)
            journal_file(sb, file);
    }
    for (size_t i = 0; i < world->message_count; i++) {
        if (world->messages[i] != NULL)
            journal_message(sb, world->messages[i]);
        if (sb->journal.len > 1u << 20)
            journal_flush(sb);
    }
    for (size_t i = world->update_head; i < world->update_count; i++)
        journal_update(sb, &world->updates[i]);
    for (size_t i = 0; i < world->delayed_count; i++)
        journal_delayed(sb, &world->delayed[i], false);
    for (size_t i = world->callback_head; i < world->callback_count; i++)
        journal_callback(sb, world->callback_list[i]);
    for (size_t i = 0; i < world->payment_count; i++)
        journal_payment(sb, world->payment_list[i]);
    for (size_t i = 0; i < world->refund_count; i++)
        journal_refund(sb, world->refund_list[i]);
    for (size_t i = 0; i < world->receipt_count; i++)
        journal_receipt(sb, world->receipt_list[i]);
    for (size_t i = 0; i < world->token_count; i++)
        journal_tax_token(sb, world->token_list[i]);
    for (size_t i = 0; i < world->income_count; i++)
        journal_income(sb, world->income_list[i]);
    for (size_t i = 0; i < world->star_invoice_count; i++)
        journal_star_invoice(sb, world->star_invoices[i]);
    for (size_t i = 0; i < world->star_transaction_count; i++)
        journal_star_transaction(sb, world->star_transactions[i]);
    lh_foreach(world->idempotence, entry)
    {
        journal_idempotence(sb, lh_entry_k(entry), lh_entry_v(entry));
    }
    journal_state(sb); /* again: reading updates moves next_update_id */
}

enum err journal_open(struct sandbox *sb)
{
    char path[4096], fresh[4096];
    if (sb->opt.data_dir == NULL)
        return ERR_OK;
    snprintf(path, sizeof(path), "%s/files", sb->opt.data_dir);
    if (mkdir(sb->opt.data_dir, 0777) != 0 && errno != EEXIST)
        return ERR_IO;
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
        return ERR_IO;
    snprintf(path, sizeof(path), "%s/journal.jsonl", sb->opt.data_dir);
    snprintf(fresh, sizeof(fresh), "%s/journal.new", sb->opt.data_dir);
    sb->journal_off = true;
    enum err err = journal_read(sb, path);
    sb->journal_off = false;
    if (err != ERR_OK)
        return err;
    sb->journal_fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (sb->journal_fd < 0)
        return ERR_IO;
    write_all(sb);
    journal_flush(sb);
    return rename(fresh, path) == 0 ? ERR_OK : ERR_IO;
}

void journal_flush(struct sandbox *sb)
{
    size_t at = 0;
    while (at < sb->journal.len) {
        ssize_t wrote = write(sb->journal_fd, sb->journal.at + at, sb->journal.len - at);
        if (wrote < 0 && errno != EINTR) {
            fprintf(stderr, "sandbox: can't write the journal\n");
            abort();
        }
        at += wrote > 0 ? (size_t)wrote : 0;
    }
    sb->journal.len = 0;
}

void journal_close(struct sandbox *sb)
{
    if (sb->journal_fd >= 0)
        close(sb->journal_fd);
    sb->journal_fd = -1;
    buf_done(&sb->journal);
}

void journal_reset(struct sandbox *sb)
{
    sb->journal.len = 0;
    if (sb->journal_fd >= 0 && (ftruncate(sb->journal_fd, 0) != 0 || lseek(sb->journal_fd, 0, SEEK_SET) != 0))
        abort();
    journal_state(sb);
}
