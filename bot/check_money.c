/* fotosetd check --money: every question of the audit, and what it finds, in words. */
#include "bot/check.h"

#include <stdio.h>

#include "bot/base/stop.h"
#include "db/audit.h"

enum { ASK_TIMEOUT_MS = 10 * 60 * 1000 };

/* How many rows are odd. */
static int told(const struct db_result *result, int statement, size_t question)
{
    const char *level = audit_is_wait(question) ? "waits" : "PROBLEM";
    int rows = db_rows(result, statement);
    for (int row = 0; row < rows; row++)
        check_print(level, audit_name(question), audit_read_words(result, statement, row), audit_remedy(question));
    if (rows == AUDIT_ROWS_MAX)
        check_print(level, audit_name(question), "there may be more of them", NULL);
    return rows;
}

int check_money(const struct setup *setup)
{
    struct arena arena;
    struct db *db = db_new(setup->config.database.conninfo, &(struct db_options){.unit_timeout_ms = ASK_TIMEOUT_MS});
    struct db_unit *unit = db_unit_new();
    struct db_result *result = NULL;
    struct db_failure failure;
    int problems = 0, waits = 0;
    arena_init(&arena);
    for (size_t question = 0; question < audit_count(); question++)
        (void)audit_add(unit, &arena, question); /* of one moment */
    enum err err = db_run(db, unit, ASK_TIMEOUT_MS, &result, &failure);
    for (size_t question = 0; err == ERR_OK && question < audit_count(); question++)
        *(audit_is_wait(question) ? &waits : &problems) += told(result, (int)question, question);
    if (err == ERR_OK)
        printf("%s: %d rows about money are wrong, and %d wait for a person\n",
               problems == 0 ? "All adds up" : "Not all adds up", problems, waits);
    else
        fprintf(stderr, "the database does not answer: %s\n", failure.message);
    db_result_free(result);
    db_free(db);
    arena_done(&arena);
    return err != ERR_OK ? STOP_EXIT_UNAVAILABLE : problems == 0 ? 0 : 1;
}
