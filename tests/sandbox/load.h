/* The load generator: many users who walk a scripted conversation by themselves, inside this process, and what it
 * measures of the bot. */
#ifndef TESTS_SANDBOX_LOAD_H
#define TESTS_SANDBOX_LOAD_H

#include "tests/sandbox/http.h"

#define LOAD_USERS_MAX 100000
#define LOAD_RATE_MAX 1000000
#define LOAD_PATIENCE_MS 30000 /* a step without a reply counts as lost after this, and the user asks for the menu */

struct walker;

/* Queues the steps that are due; returns the ms until the next ones, or -1. */
int64_t load_run(struct sandbox *sb);
/* A getUpdates answers with this walker's update. */
void load_handed_out(struct sandbox *sb, struct walker *walker);
/* A message of the bot's came to a walker's chat, or was edited there. */
void load_message(struct sandbox *sb, struct walker *walker, struct message *message);
/* Requests that went well are not worth a line in the log while thousands come a second. */
bool load_is_running(const struct sandbox *sb);
/* /api/load: POST begins (or goes on with the same users and fresh figures), GET tells, DELETE ends. */
void load_serve(struct request *request);
void load_done(struct sandbox *sb); /* forgets the walkers */

#endif
