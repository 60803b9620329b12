/* Each question has two ends, the database's answer and a timer, and whichever comes first is its end; the other one
 * finds it answered. What is true may change between the yes and the payment: the settlement looks again, and what
 * can't be honoured goes back. Must not: write anything, nor wait in any line. */
#include "bot/turn/checkouts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "bot/base/log.h"
#include "bot/base/memory.h"
#include "bot/services/telegram/checkout.h"
#include "core/bug.h"
#include "db/stars.h"
#include "db/words.h"

enum { PATIENCE_MS = 4000 };

struct question {
    LIST_ENTRY(question) next;
    struct checkouts *checkouts;
    int64_t number;
    struct arena arena;
    struct telegram_checkout asked;
    bool answered;
};

struct checkouts {
    struct checkouts_ports ports;
    LIST_HEAD(, question) questions; /* that the database has not answered */
    int64_t next_number;
};

struct checkouts *checkouts_new(const struct checkouts_ports *ports)
{
    struct checkouts *checkouts = memory_need(calloc(1, sizeof *checkouts));
    checkouts->ports = *ports;
    LIST_INIT(&checkouts->questions);
    return checkouts;
}

static void drop(struct question *question)
{
    LIST_REMOVE(question, next);
    arena_done(&question->arena);
    free(question);
}

void checkouts_free(struct checkouts *checkouts)
{
    if (checkouts == NULL)
        return;
    for (struct question *question = LIST_FIRST(&checkouts->questions), *next; question != NULL; question = next) {
        next = LIST_NEXT(question, next);
        drop(question);
    }
    free(checkouts);
}

/* TEXT_COUNT: yes. */
static enum text_key words_of(enum stars_answer answer)
{
    switch (answer) {
    case STARS_OK: return TEXT_COUNT;
    case STARS_UNKNOWN: return TEXT_STARS_UNKNOWN;
    case STARS_PAID: return TEXT_STARS_PAID;
    case STARS_OVER: return TEXT_STARS_OVER;
    case STARS_CHANGED: return TEXT_STARS_CHANGED;
    case STARS_ANSWER_COUNT: break;
    }
    bug("an answer that there is not");
}

static void answer(struct question *question, enum text_key key, enum lang lang)
{
    const struct checkouts_ports *ports = &question->checkouts->ports;
    const char *why = NULL;
    if (question->answered)
        return;
    question->answered = true;
    if (key != TEXT_COUNT)
        why = text_plain(&question->arena, text_format(&question->arena, ports->rules->texts, lang, key, NO_ARGS));
    telegram_answer_checkout(ports->telegram, ports->clock->mono_ms, question->asked.query_id, why);
}

static void order_looked_at(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct question *question = ctx;
    enum lang lang = lang_from_tag(question->asked.language_code);
    if (failure != NULL) {
        log_warn("checkouts", "an order can't be looked at, and is not let to be paid now: %s", failure->message);
        answer(question, TEXT_STARS_LATER, lang);
    } else {
        const char *word;
        enum stars_answer may = stars_read_may(result, 0, &word);
        answer(question, words_of(may), word == NULL ? lang : words_lang(word));
    }
    drop(question);
}

static void patience_ended(void *ctx, int64_t number)
{
    struct checkouts *checkouts = ctx;
    struct question *question;
    LIST_FOREACH(question, &checkouts->questions, next)
        if (question->number == number) {
            log_warn("checkouts", "the database does not answer: an order is not let to be paid now");
            answer(question, TEXT_STARS_LATER, lang_from_tag(question->asked.language_code));
            return;
        }
}

static void ask(struct checkouts *checkouts, const struct telegram_checkout *asked)
{
    const struct checkouts_ports *ports = &checkouts->ports;
    struct question *question = memory_need(calloc(1, sizeof *question));
    struct arena *arena = &question->arena;
    struct db_unit *unit = db_unit_new();
    arena_init(arena);
    question->checkouts = checkouts;
    question->number = ++checkouts->next_number;
    question->asked = (struct telegram_checkout){.query_id = arena_copy(arena, asked->query_id),
                                                 .language_code = arena_copy(arena, asked->language_code)};
    LIST_INSERT_HEAD(&checkouts->questions, question, next);
    (void)stars_add_may(
        unit, arena,
        &(struct stars_said){
            .payload = asked->payload, .currency = asked->currency, .amount = asked->amount, .payer = asked->user_id});
    timers_add(ports->timers, ports->clock->unix_ms + PATIENCE_MS, patience_ended, checkouts, question->number);
    db_submit(ports->db, unit, order_looked_at, question);
}

void checkouts_batch(struct checkouts *checkouts, const char *body, size_t bytes)
{
    struct arena arena;
    struct telegram_checkout *list;
    arena_init(&arena);
    size_t count = telegram_checkouts(&arena, body, bytes, &list);
    for (size_t i = 0; i < count; i++)
        ask(checkouts, &list[i]);
    arena_done(&arena);
}
