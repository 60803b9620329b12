/* A question to the database in the course of an errand: a call, to the engine. Its answer is not heard any more once
 * the errand was let go, nor after the chore is gone. */
#ifndef BOT_CHORES_QUESTION_H
#define BOT_CHORES_QUESTION_H

#include <sys/queue.h>
#include "bot/chores/chores.h"

struct question;
LIST_HEAD(questions, question);

/* Exactly one of result and failure is not NULL. */
typedef void question_fn(struct errand *errand, const struct db_result *result, const struct db_failure *failure);

/* Takes the unit. The list is the chore's, LIST_INIT before the first. */
void question_ask(struct questions *questions, struct db *db, struct db_unit *unit, struct errand *errand,
                  question_fn *answered);
/* For the chore's cancel(): the errand is not told what was asked for it. */
void question_drop(struct questions *questions, struct errand *errand);
/* For the chore's end, after the engine's: no answer will come. */
void question_free_all(struct questions *questions);

#endif
