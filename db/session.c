/* Reading and writing sessions by one table of their columns. A stored state that nobody knows any more is read as
 * NULL, and the engine says what that means. The form is one column, an object of the answers that were given: Postgres
 * puts it together and takes it apart. What another program left there, or a hand, is passed over, and goes when the
 * session is written. */
#include "db/session.h"

#include <stddef.h>
#include <string.h>

#include "core/bug.h"
#include "core/form.h"
#include "core/sheet.h"
#include "db/commit.h"
#include "db/words.h"

#define NUMBER(type, field, sql) ", s." #field
#define WORD(field, max_bytes) ", s." #field
#define FLAG(field) ", s." #field
#define LANG(field) ", s." #field
#define STATE(field) ", s." #field
#define SENT_NUMBER(field) ", s." #field
#define SENT_FLAG(field) ", s." #field
const char session_columns[] =
#include "core/session.def"
#define WORD(field, max_bytes) ", s.form->>'" #field "'"
#define NUMBER(field, least, most) ", substring(s.form->>'" #field "' FROM '^-?[0-9]{1,18}$')"
#include "core/form.def"
    ;

enum {
#define NUMBER(type, field, sql) COLUMN_##field,
#define WORD(field, max_bytes) COLUMN_##field,
#define FLAG(field) COLUMN_##field,
#define LANG(field) COLUMN_##field,
#define STATE(field) COLUMN_##field,
#define SENT_NUMBER(field) COLUMN_##field,
#define SENT_FLAG(field) COLUMN_##field,
#include "core/session.def"
#define WORD(field, max_bytes) FORM_##field,
#define NUMBER(field, least, most) FORM_##field,
#include "core/form.def"
    COLUMN_COUNT
};

#define WORD(field, max_bytes)
#define NUMBER(field, least, most)                                                                                     \
    _Static_assert((least) <= 0 && (most) >= 0, "0 is no answer: " #field);                                            \
    _Static_assert((least) > -INT64_C(1000000000000000000) && (most) < INT64_C(1000000000000000000),                   \
                   "numbers of a form have up to 18 digits: " #field);
#include "core/form.def"

/* A text is kept whole or not at all: half an answer is none. */
static void read_word(const char *text, char *field, size_t size)
{
    if (text != NULL && strlen(text) < size)
        form_put(field, size, text);
}

static void read_form(const struct db_result *result, int statement, int row, int first, struct form *form)
{
#define WORD(field, max_bytes)                                                                                         \
    read_word(db_text(result, statement, row, first + FORM_##field), form->field, sizeof form->field);
#define NUMBER(field, least, most)                                                                                     \
    int64_t field = db_int64(result, statement, row, first + FORM_##field);                                            \
    form->field = field < (least) || field > (most) ? 0 : field;
#include "core/form.def"
}

void session_read(const struct db_result *result, int statement, int row, int first, struct session *session)
{
    if (db_is_null(result, statement, row, first + COLUMN_state))
        return;
#define NUMBER(type, field, sql) session->field = (type)db_int64(result, statement, row, first + COLUMN_##field);
#define WORD(field, max_bytes)                                                                                         \
    const char *field = db_text(result, statement, row, first + COLUMN_##field);                                       \
    memcpy(session->field, field, strnlen(field, max_bytes));
#define FLAG(field) session->field = db_bool(result, statement, row, first + COLUMN_##field);
#define LANG(field) session->field = words_lang(db_text(result, statement, row, first + COLUMN_##field));
#define STATE(field)                                                                                                   \
    const char *field = db_text(result, statement, row, first + COLUMN_##field);                                       \
    session->field = sheet_state(field);
#define SENT_NUMBER(field) session->field = db_int64(result, statement, row, first + COLUMN_##field);
#define SENT_FLAG(field) session->field = db_bool(result, statement, row, first + COLUMN_##field);
#include "core/session.def"
    if (answer_state[0] != '\0' && session->answer_state == NULL) /* nobody knows any more what the answer was */
        session->answer_message_id = 0;
    read_form(result, statement, row, first, &session->form);
}

/* The value of one column, of each dirty chat. */
static struct db_param numbers(struct arena *arena, const struct chat *const *chats, size_t count,
                               int64_t value(const struct session *session))
{
    int64_t *values = arena_array(arena, count, sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = value(&chats[i]->session);
    return db_int64_array(arena, values, count);
}

static struct db_param words(struct arena *arena, const struct chat *const *chats, size_t count,
                             const char *value(const struct session *session))
{
    const char **values = arena_array(arena, count, sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = value(&chats[i]->session);
    return db_text_array(arena, values, count);
}

static struct db_param flags(struct arena *arena, const struct chat *const *chats, size_t count,
                             bool value(const struct session *session))
{
    bool *values = arena_array(arena, count, sizeof *values);
    for (size_t i = 0; i < count; i++)
        values[i] = value(&chats[i]->session);
    return db_bool_array(arena, values, count);
}

#define NUMBER(type, field, sql)                                                                                       \
    static int64_t get_##field(const struct session *session)                                                          \
    {                                                                                                                  \
        return session->field;                                                                                         \
    }
#define WORD(field, max_bytes)                                                                                         \
    static const char *get_##field(const struct session *session)                                                      \
    {                                                                                                                  \
        return session->field;                                                                                         \
    }
#define FLAG(field)                                                                                                    \
    static bool get_##field(const struct session *session)                                                             \
    {                                                                                                                  \
        return session->field;                                                                                         \
    }
#define LANG(field)                                                                                                    \
    static const char *get_##field(const struct session *session)                                                      \
    {                                                                                                                  \
        return lang_code(session->field);                                                                              \
    }
#define STATE(field)                                                                                                   \
    static const char *get_##field(const struct session *session)                                                      \
    {                                                                                                                  \
        return session->field == NULL ? "" : session->field->name;                                                     \
    }
#define SENT_NUMBER(field)
#define SENT_FLAG(field)
#include "core/session.def"

#define NUMBER(field, least, most)                                                                                     \
    static int64_t get_form_##field(const struct session *session)                                                     \
    {                                                                                                                  \
        if (session->form.field < (least) || session->form.field > (most))                                             \
            bug("an answer out of its bounds in the form: " #field);                                                   \
        return session->form.field;                                                                                    \
    }
#define WORD(field, max_bytes)                                                                                         \
    static const char *get_form_##field(const struct session *session)                                                 \
    {                                                                                                                  \
        return session->form.field;                                                                                    \
    }
#include "core/form.def"

/* What is written: the columns, how each stands in the update of a row that is there, and the types for unnest. */
#define NUMBER(type, field, sql) ", " #field
#define WORD(field, max_bytes) ", " #field
#define FLAG(field) ", " #field
#define LANG(field) ", " #field
#define STATE(field) ", " #field
#define SENT_NUMBER(field)
#define SENT_FLAG(field)
static const char names[] =
#include "core/session.def"
    ;

#define NUMBER(type, field, sql) ", " #field " = EXCLUDED." #field
#define WORD(field, max_bytes) ", " #field " = EXCLUDED." #field
#define FLAG(field) ", " #field " = EXCLUDED." #field
#define LANG(field) ", " #field " = EXCLUDED." #field
#define STATE(field) ", " #field " = EXCLUDED." #field
#define SENT_NUMBER(field)
#define SENT_FLAG(field)
static const char updates[] =
#include "core/session.def"
    ;

#define NUMBER(type, field, sql) sql,
#define WORD(field, max_bytes) "text",
#define FLAG(field) "bool",
#define LANG(field) "text",
#define STATE(field) "text",
#define SENT_NUMBER(field)
#define SENT_FLAG(field)
static const char *const types[] = {
#include "core/session.def"
#define WORD(field, max_bytes) "text",
#define NUMBER(field, least, most) "bigint",
#include "core/form.def"
};
enum { WRITTEN_COUNT = sizeof types / sizeof types[0] };

/* The form: its answers as columns of unnest, and the object that is made of them. */
#define WORD(field, max_bytes) ", form_" #field
#define NUMBER(field, least, most) ", form_" #field
static const char answers[] =
#include "core/form.def"
    ;

#define WORD(field, max_bytes) ", '" #field "', NULLIF(form_" #field ", '')"
#define NUMBER(field, least, most) ", '" #field "', NULLIF(form_" #field ", 0)"
static const char object[] =
#include "core/form.def"
    ;

/* The same text every time, so that it is prepared once. */
static const char *insert_sql(struct arena *arena)
{
    const char *values = "";
    for (int i = 0; i < WRITTEN_COUNT; i++)
        values = arena_format(arena, "%s, $%d::%s[]", values, i + 2, types[i]);
    return arena_format(arena,
                        "INSERT INTO bot_sessions (chat_id%s, form)"
                        " SELECT chat_id%s, jsonb_strip_nulls(jsonb_build_object(%s))"
                        " FROM unnest($1::bigint[]%s) w(chat_id%s%s)"
                        " ON CONFLICT (chat_id) DO UPDATE SET form = EXCLUDED.form%s",
                        names, names, object + strlen(", "), values, names, answers, updates);
}

void commit_add_sessions(struct db_unit *unit, struct arena *arena, const struct chat *chats, size_t count)
{
    const struct chat **dirty = arena_array(arena, count, sizeof *dirty);
    int64_t *ids = arena_array(arena, count, sizeof *ids);
    size_t rows = 0;
    for (size_t i = 0; i < count; i++) {
        if (!chats[i].dirty || chats[i].session.state == NULL)
            continue;
        ids[rows] = chats[i].id;
        dirty[rows++] = &chats[i];
    }
    if (rows == 0)
        return;
    struct db_param params[] = {
        db_int64_array(arena, ids, rows),
#define NUMBER(type, field, sql) numbers(arena, dirty, rows, get_##field),
#define WORD(field, max_bytes) words(arena, dirty, rows, get_##field),
#define FLAG(field) flags(arena, dirty, rows, get_##field),
#define LANG(field) words(arena, dirty, rows, get_##field),
#define STATE(field) words(arena, dirty, rows, get_##field),
#define SENT_NUMBER(field)
#define SENT_FLAG(field)
#include "core/session.def"
#define WORD(field, max_bytes) words(arena, dirty, rows, get_form_##field),
#define NUMBER(field, least, most) numbers(arena, dirty, rows, get_form_##field),
#include "core/form.def"
    };
    (void)db_unit_add(unit, insert_sql(arena), WRITTEN_COUNT + 1, params);
}
