/* The list is there for two ends: an errand may be let go, its lease lost, while the database thinks; and the daemon
 * may end, and then the database drops what it was asked. */
#include "bot/chores/question.h"

#include <stdlib.h>
#include "core/bug.h"

struct question {
    LIST_ENTRY(question) others;
    struct errand *errand; /* NULL: it was let go */
    question_fn *answered;
};

static void question_answered(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct question *question = ctx;
    struct errand *errand = question->errand;
    question_fn *answered = question->answered;
    LIST_REMOVE(question, others);
    free(question);
    if (errand != NULL && errand_answered(errand))
        answered(errand, result, failure);
}

void question_ask(struct questions *questions, struct db *db, struct db_unit *unit, struct errand *errand,
                  question_fn *answered)
{
    if (!errand_call(errand)) {
        db_unit_free(unit);
        return;
    }
    struct question *question = malloc(sizeof *question);
    if (question == NULL)
        bug("out of memory");
    question->errand = errand;
    question->answered = answered;
    LIST_INSERT_HEAD(questions, question, others);
    db_submit(db, unit, question_answered, question);
}

void question_drop(struct questions *questions, struct errand *errand)
{
    struct question *question;
    LIST_FOREACH(question, questions, others)
        if (question->errand == errand) {
            question->errand = NULL;
            errand_called_off(errand);
        }
}

void question_free_all(struct questions *questions)
{
    while (!LIST_EMPTY(questions)) {
        struct question *question = LIST_FIRST(questions);
        LIST_REMOVE(question, others);
        free(question);
    }
}
