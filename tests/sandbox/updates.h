/* The queue of updates behind getUpdates. */
#ifndef TESTS_SANDBOX_UPDATES_H
#define TESTS_SANDBOX_UPDATES_H

#include "tests/sandbox/sandbox.h"

#define UPDATE_LIFE_MS (86400LL * 1000)
#define CALLBACK_LIFE_MS (150LL * 1000)
#define UPDATES_ANSWER_MAX (1u << 22) /* a batch stops here, in bytes of JSON */

/* Queues an update if its kind is allowed (always with `force`). `body` is the members besides update_id; taken over.
 * With delay_ms > 0 it becomes visible, and gets its id, that much later by the sandbox's clock. */
void updates_push(struct sandbox *sb, const char *kind, char *body, int64_t delay_ms, bool force);
void updates_push_message(struct sandbox *sb, const char *kind, const struct message *message, int64_t delay_ms);
/* Moves delayed updates that are due into the queue; returns the ms until the next one, or -1. */
int64_t updates_run_delayed(struct sandbox *sb);
/* Deletes those below `offset` (negative: all but the last -offset, INT64_MAX: all) as getUpdates does. */
void updates_confirm(struct sandbox *sb, int64_t offset);
size_t updates_pending(struct sandbox *sb);
/* Adds a JSON array of at most `limit`; returns how many. */
size_t updates_add_json(struct sandbox *sb, struct buf *out, size_t limit);
/* Jumps to another random id, as after a quiet week; waiting updates stay as they are. */
void updates_restart_ids(struct sandbox *sb);
/* Says whose step the update queued last is. */
void updates_mark(struct sandbox *sb, struct walker *walker);
void updates_mark_none(struct sandbox *sb);
/* Restores one from the journal. */
void updates_restore(struct sandbox *sb, int64_t id, int64_t expires_ms, const char *body);
void updates_restore_delayed(struct sandbox *sb, int64_t key, int64_t due_ms, const char *kind, const char *body);
void updates_drop_delayed(struct sandbox *sb, int64_t key);
void updates_done(struct world *world);

/* A press on a button: makes the callback (id returned, owned by the world). */
struct callback *updates_callback_add(struct sandbox *sb, struct user *user);
struct callback *updates_callback_restore(struct sandbox *sb, const char *id, struct user *user, int64_t at_ms);
/* The callback, unless unknown, answered already or older than 150 s. */
struct callback *updates_callback(struct sandbox *sb, const char *id);

#endif
