/* Units of statements and lists of them, their answers, and what an error of Postgres means.
 *
 * A unit owns copies of its SQL and parameters until it is answered, so that it can be sent again on another
 * connection if the first one died before it was handed over. Classification of SQLSTATEs lives here and nowhere
 * else: callers look at enum err.
 *
 * Must not: touch the connection, or put a parameter value into a message. DETAIL, HINT and CONTEXT are never read,
 * and the primary message of class 22 (bad data), which quotes the value, is cut before it. */
#include "core/bug.h"
#include "core/utf8.h"
#include "db/deed.h"
#include "db/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNIT_STATEMENTS_FIRST = 16 };

static void *must(void *memory)
{
    if (memory == NULL)
        bug("out of memory");
    return memory;
}

void list_push(struct db_list *list, struct db_unit *unit)
{
    unit->next = NULL;
    if (list->tail == NULL)
        list->head = unit;
    else
        list->tail->next = unit;
    list->tail = unit;
    list->count++;
}

void list_put(struct db_list *list, struct db_unit *unit)
{
    struct db_unit **at = &list->head;
    while (*at != NULL && (*at)->number < unit->number)
        at = &(*at)->next;
    unit->next = *at;
    *at = unit;
    if (unit->next == NULL)
        list->tail = unit;
    list->count++;
}

struct db_unit *list_take(struct db_list *list)
{
    struct db_unit *unit = list->head;
    list->head = unit->next;
    if (list->head == NULL)
        list->tail = NULL;
    list->count--;
    return unit;
}

void list_free(struct db_list *list)
{
    while (list->head != NULL)
        db_unit_free(list_take(list));
}

struct db_unit *db_unit_new(void)
{
    struct db_unit *unit = must(calloc(1, sizeof *unit));
    arena_init(&unit->arena);
    return unit;
}

void db_unit_free(struct db_unit *unit)
{
    if (unit == NULL)
        return;
    db_result_free(unit->result);
    arena_done(&unit->arena);
    free(unit);
}

int db_unit_add(struct db_unit *unit, const char *sql, int param_count, const struct db_param *params)
{
    if (unit->count >= DB_UNIT_STATEMENTS_MAX || param_count < 0 || param_count > DB_STATEMENT_PARAMS_MAX)
        bug("more statements or parameters than a unit holds");
    if (unit->count == unit->capacity) {
        unit->capacity = unit->capacity == 0 ? UNIT_STATEMENTS_FIRST : unit->capacity * 2;
        struct db_statement *grown = arena_array(&unit->arena, (size_t)unit->capacity, sizeof *grown);
        if (unit->count > 0)
            memcpy(grown, unit->statements, (size_t)unit->count * sizeof *grown);
        unit->statements = grown;
    }
    const char **values = arena_array(&unit->arena, (size_t)param_count, sizeof *values);
    for (int i = 0; i < param_count; i++)
        values[i] = params[i].text == NULL ? NULL : arena_copy_n(&unit->arena, params[i].text, params[i].bytes);
    unit->statements[unit->count] = (struct db_statement){
        .sql = arena_copy(&unit->arena, sql), .param_count = param_count, .values = values};
    return unit->count++;
}

int db_unit_count(const struct db_unit *unit)
{
    return unit->count;
}

struct db_result *unit_result_new(int count)
{
    struct db_result *result = must(calloc(1, sizeof *result));
    result->count = count;
    result->answers = must(calloc((size_t)count, sizeof(PGresult *)));
    return result;
}

void db_result_free(struct db_result *result)
{
    if (result == NULL)
        return;
    for (int i = 0; i < result->count; i++)
        PQclear(result->answers[i]);
    free(result->answers);
    free(result);
}

void unit_reset(struct db_unit *unit)
{
    db_result_free(unit->result);
    unit->result = unit_result_new(unit->count);
    unit->failure = (struct db_failure){.err = ERR_OK};
    unit->failed = unit->is_named = false;
    unit->seen = 0;
}

void unit_finish(struct db_unit *unit)
{
    if (unit->failed)
        unit->done(unit->context, NULL, &unit->failure);
    else
        unit->done(unit->context, unit->result, NULL);
    if (unit->kept && !unit->failed)
        unit->result = NULL;
    db_unit_free(unit);
}

void unit_fail(struct db_unit *unit, enum err err, bool maybe_committed, const char *message)
{
    if (!unit->failed) {
        unit->failed = true;
        unit->failure = (struct db_failure){.err = err, .statement = -1, .maybe_committed = maybe_committed};
        failure_set_message(unit->failure.message, sizeof unit->failure.message, message);
    }
    unit_finish(unit);
}

void failure_set_message(char *message, size_t max_bytes, const char *text)
{
    size_t bytes = utf8_cut(text, max_bytes - 1);
    for (size_t i = 0; i < bytes; i++)
        message[i] = (unsigned char)text[i] < ' ' ? ' ' : text[i];
    while (bytes > 0 && message[bytes - 1] == ' ')
        bytes--;
    message[bytes] = '\0';
}

static enum err err_of_sqlstate(const char *state)
{
    static const struct {
        const char *prefix; /* the first match counts */
        enum err err;
    } classes[] = {
        {"23502", ERR_INVALID},    {"23514", ERR_INVALID}, {"23", ERR_CONFLICT}, {"22", ERR_INVALID},
        {"40", ERR_AGAIN},         {"55P03", ERR_AGAIN},   {"53", ERR_AGAIN},    {"25006", ERR_AGAIN},
        {"57014", ERR_TIMEOUT},    {"25P03", ERR_TIMEOUT}, {"57P", ERR_CLOSED},  {"08", ERR_CLOSED},
        {DEED_LOST, ERR_CONFLICT}, {"42501", ERR_DENIED},  {"28", ERR_DENIED},   {"42", ERR_UNSUPPORTED},
        {"0A", ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (strncmp(state, classes[i].prefix, strlen(classes[i].prefix)) == 0)
            return classes[i].err;
    return ERR_IO;
}

/* What is not named here is the server's. 09, 38, 39 and P0 are what triggers and functions say. */
enum db_fault db_fault_of(const struct db_failure *failure)
{
    static const char tables[][3] = {"09", "0A", "21", "22", "23", "27", "38", "39", "42", "44", "54", "P0"};
    if (strcmp(failure->sqlstate, "22021") == 0)
        return DB_FAULT_VALUE;
    if (strcmp(failure->sqlstate, DEED_LOST) == 0)
        return DB_FAULT_TABLE; /* somebody else's changes: loaded again, they are seen */
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        if (strncmp(failure->sqlstate, tables[i], 2) == 0)
            return DB_FAULT_TABLE;
    return DB_FAULT_SERVER;
}

const char *db_remedy(const char *sqlstate)
{
    static const struct {
        const char *prefix, *remedy;
    } remedies[] = {
        {"42501", "give the daemon's role its rights on the table back"},
        {"23", "let the table take such rows: a default for the column, a wider constraint"},
        {"22", "let the column take such values: its old type"},
        {"42", "give the table the shape back that fotosetd migrate made"},
        {DEED_LOST, "see what else changes or hides the rows of this user, a trigger or a policy perhaps"},
        {"P0", "mend the trigger that refuses it"},
    };
    for (size_t i = 0; i < sizeof remedies / sizeof remedies[0]; i++)
        if (strncmp(sqlstate, remedies[i].prefix, strlen(remedies[i].prefix)) == 0)
            return remedies[i].remedy;
    return "look into the database server's log";
}

/* A primary that became a standby, or was made read-only, keeps its connections; one that is stopped may say so before
 * it closes them. */
bool failure_may_pass_elsewhere(const struct db_failure *failure)
{
    static const char *const prefixes[] = {"25006", "57P", "08"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (strncmp(failure->sqlstate, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

void failure_read(struct db_failure *failure, const PGresult *answer, int statement)
{
    const char *state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
    const char *text = PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);
    const char *constraint = PQresultErrorField(answer, PG_DIAG_CONSTRAINT_NAME);
    *failure = (struct db_failure){.err = ERR_CLOSED, .statement = statement};
    if (state != NULL) {
        (void)snprintf(failure->sqlstate, sizeof failure->sqlstate, "%s", state);
        failure->err = err_of_sqlstate(state);
    }
    if (constraint != NULL)
        (void)snprintf(failure->constraint, sizeof failure->constraint, "%s", constraint);
    failure_set_message(failure->message, sizeof failure->message, text != NULL ? text : PQresultErrorMessage(answer));
    if (strncmp(failure->sqlstate, "22", 2) == 0) /* the value follows the first quote or colon */
        failure->message[strcspn(failure->message, "\":")] = '\0';
}

/* The answer to a statement; aborts when there is no such row or column. */
static const PGresult *answer_at(const struct db_result *result, int statement, int row, int col)
{
    if (statement < 0 || statement >= result->count)
        bug("a statement that was not in the unit");
    const PGresult *answer = result->answers[statement];
    if (row < 0 || row >= PQntuples(answer) || col < 0 || col >= PQnfields(answer))
        bug("a row or a column that there is not");
    return answer;
}

static PGresult *answer_of(const struct db_result *result, int statement)
{
    if (statement < 0 || statement >= result->count)
        bug("a statement that was not in the unit");
    return result->answers[statement];
}

int db_rows(const struct db_result *result, int statement)
{
    return PQntuples(answer_of(result, statement));
}

int db_cols(const struct db_result *result, int statement)
{
    return PQnfields(answer_of(result, statement));
}

int db_col(const struct db_result *result, int statement, const char *name)
{
    int col = -1;
    const PGresult *answer = answer_of(result, statement);
    for (int i = 0; i < PQnfields(answer) && col < 0; i++)
        if (strcmp(PQfname(answer, i), name) == 0)
            col = i;
    if (col < 0)
        bug("a column that there is not");
    return col;
}

int64_t db_affected(const struct db_result *result, int statement)
{
    const char *digits = PQcmdTuples(answer_of(result, statement));
    return digits[0] == '\0' ? 0 : (int64_t)strtoll(digits, NULL, 10);
}

bool db_is_null(const struct db_result *result, int statement, int row, int col)
{
    return PQgetisnull(answer_at(result, statement, row, col), row, col) != 0;
}

const char *db_text(const struct db_result *result, int statement, int row, int col)
{
    const PGresult *answer = answer_at(result, statement, row, col);
    return PQgetisnull(answer, row, col) ? NULL : PQgetvalue(answer, row, col);
}

int64_t db_int64(const struct db_result *result, int statement, int row, int col)
{
    const char *text = db_text(result, statement, row, col);
    if (text == NULL)
        return 0;
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0')
        bug("a column that is no integer");
    return (int64_t)value;
}

bool db_bool(const struct db_result *result, int statement, int row, int col)
{
    const char *text = db_text(result, statement, row, col);
    if (text != NULL && strcmp(text, "t") != 0 && strcmp(text, "f") != 0)
        bug("a column that is no boolean");
    return text != NULL && text[0] == 't';
}

const uint8_t *db_bytea(const struct db_result *result, int statement, int row, int col, struct arena *arena,
                        size_t *ret_bytes)
{
    const char *text = db_text(result, statement, row, col);
    *ret_bytes = 0;
    if (text == NULL)
        return NULL;
    size_t bytes;
    unsigned char *data = must(PQunescapeBytea((const unsigned char *)text, &bytes));
    uint8_t *copy = arena_alloc(arena, bytes + 1);
    memcpy(copy, data, bytes);
    PQfreemem(data);
    *ret_bytes = bytes;
    return copy;
}
