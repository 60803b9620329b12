/* The world on disk: one JSON line per changed thing, the last line wins. */
#ifndef TESTS_SANDBOX_JOURNAL_H
#define TESTS_SANDBOX_JOURNAL_H

#include "tests/sandbox/sandbox.h"

/* Reads what DIR holds into the (fresh) world, writes it back compactly and keeps the file open. */
enum err journal_open(struct sandbox *sb) MUST_CHECK;
/* Writes what was gathered, with one write() and no sync: a killed process loses nothing, a dead machine may. */
void journal_flush(struct sandbox *sb);
void journal_close(struct sandbox *sb);
/* Forgets all that was kept. */
void journal_reset(struct sandbox *sb);

void journal_user(struct sandbox *sb, const struct user *user);
void journal_message(struct sandbox *sb, const struct message *message);
void journal_file(struct sandbox *sb, const struct file *file);
void journal_update(struct sandbox *sb, const struct update *update);
void journal_confirm(struct sandbox *sb);
void journal_delayed(struct sandbox *sb, const struct delayed *delayed, bool gone);
void journal_callback(struct sandbox *sb, const struct callback *callback);
void journal_payment(struct sandbox *sb, const struct payment *payment);
void journal_refund(struct sandbox *sb, const struct refund *refund);
void journal_receipt(struct sandbox *sb, const struct receipt *receipt);
void journal_idempotence(struct sandbox *sb, const char *key, const struct idempotence *idem);
void journal_tax_token(struct sandbox *sb, const struct tax_token *token);
void journal_income(struct sandbox *sb, const struct income *income);
void journal_star_invoice(struct sandbox *sb, const struct star_invoice *invoice);
void journal_star_transaction(struct sandbox *sb, const struct star_transaction *transaction);
/* The small things: counters, clock, settings, allowed updates, webhook, the shop. */
void journal_state(struct sandbox *sb);

#endif
