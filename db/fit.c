/* The questions that find what does not fit, asked of Postgres's own catalog.
 *
 * What must be there is not listed by hand: db/made.sql, which a test writes from the migrations, is put into each
 * question as a table. The questions answer in findings: level, what, remedy. So names are quoted where they are known,
 * and a new question is nothing but SQL. Must not: change anything, wait for a lock, or show values from rows. */
#include "db/fit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bug.h"
#include "db/fit_ask.h"
#include "db/internal.h"
#include "db/migrate.h"

/* The rows are what the bot does with the tables it shares: INSERT always, with these columns; some are deleted from.
 */
static const char given_sql[] =
    "), uses(relation, deletes, names) AS (VALUES"
    " ('users', FALSE, '{id,device_id,telegram_user_id}'::text[]), ('avatars', TRUE, '{id,user_id,name}'),"
    " ('reference_photos', TRUE, '{avatar_id,image_url}'),"
    " ('generated_photos', FALSE, '{avatar_id,style_id,prompt,image_url}'),"
    " ('generation_jobs', FALSE, '{avatar_id,style_id,status,total_photos,order_id,chat_id}'),"
    " ('payments', FALSE, '{user_id,yookassa_payment_id,amount,currency,status}')),"
    " tables AS MATERIALIZED (SELECT relation, min(version) AS version, to_regclass(relation) AS oid FROM made"
    "  WHERE kind = 'column' GROUP BY relation),"
    " used AS (SELECT t.relation, t.version, t.oid, u.names, COALESCE(u.deletes, TRUE) AS deletes"
    "  FROM tables t LEFT JOIN uses u USING (relation)"
    "  WHERE t.oid IS NOT NULL AND (t.version > 1 OR u.relation IS NOT NULL)),"
    " own(schema) AS (SELECT format('give the bot a schema of its own: CREATE SCHEMA fotoset AUTHORIZATION %I, and"
    " options=-csearch_path=fotoset in database.conninfo (it then shares no people with this one)', current_user))";

/* $1: the level of what differs; $2: the version that was reached; $3: is all made? Then no integer is still to be
 * widened. A longer text or a wider number than ours will do. What was never right and lacks most of its columns is
 * another application's. */
static const char shape_sql[] =
    ", columns AS (SELECT m.*, a.attnum, a.atttypid AS got, a.atttypmod AS got_modifier, to_regtype(m.type)::oid AS "
    "want"
    "  FROM made m JOIN tables t USING (relation)"
    "  LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = m.name AND NOT a.attisdropped"
    "  WHERE m.kind = 'column' AND t.oid IS NOT NULL AND greatest(m.version, t.version) <= greatest($2::int, 1)),"
    " strange AS (SELECT relation FROM columns WHERE $1::text = 'mistake'"
    "  GROUP BY relation HAVING count(*) > 2 * count(attnum)),"
    " names AS (SELECT relation AS name FROM strange"
    "  UNION SELECT relation FROM tables WHERE version > greatest($2::int, 1) AND oid IS NOT NULL"
    "  UNION SELECT name FROM made WHERE version > greatest($2::int, 1)"
    "  AND CASE WHEN kind = 'sequence' THEN to_regclass(name) END IS NOT NULL),"
    " known AS (SELECT * FROM columns WHERE relation NOT IN (SELECT relation FROM strange))"
    " SELECT 'mistake', format('another application uses names of the bot''s: %s', string_agg(name, ', ' ORDER BY "
    "name)),"
    "  'rename what is there, or ' || (SELECT schema FROM own) FROM names HAVING count(*) > 0"
    " UNION ALL SELECT $1::text, format('tables are gone: %s', string_agg(relation, ', ' ORDER BY relation)),"
    "  'undo their dropping or renaming, or restore them from the backup'"
    "  FROM tables WHERE version <= $2::int AND oid IS NULL HAVING count(*) > 0"
    " UNION ALL SELECT $1::text,"
    "  format('the table %s has no column %s', relation, string_agg(name, ', ' ORDER BY name)),"
    "  format('undo the dropping or renaming, or: ALTER TABLE %I %s', relation,"
    "   string_agg(format('ADD COLUMN %I %s', name, format_type(want, modifier)), ', ' ORDER BY name))"
    "  FROM known WHERE attnum IS NULL GROUP BY relation"
    " UNION ALL SELECT $1::text, format('the column %s.%s is %s, and must be %s', relation, name,"
    "   format_type(got, got_modifier), format_type(want, modifier)),"
    "  format('ALTER TABLE %I ALTER COLUMN %I TYPE %s', relation, name, format_type(want, modifier))"
    "  FROM known JOIN pg_type g ON g.oid = got JOIN pg_type w ON w.oid = want"
    "  WHERE NOT CASE WHEN g.typcategory = 'S' AND w.typcategory = 'S'"
    "   THEN got_modifier = -1 OR (modifier <> -1 AND got_modifier >= modifier)"
    "   WHEN w.typname IN ('int2', 'int4', 'int8') AND g.typname IN ('int2', 'int4', 'int8')"
    "   THEN g.typlen >= w.typlen OR NOT $3::bool"
    "   WHEN w.typname = 'numeric' AND got = want THEN got_modifier = -1 OR ((got_modifier - 4) % 2048 >= (modifier - "
    "4)"
    "    % 2048 AND ((got_modifier - 4) >> 16) - (got_modifier - 4) % 2048"
    "    >= ((modifier - 4) >> 16) - (modifier - 4) % 2048)"
    "   ELSE got = want OR (g.typname LIKE 'timestamp%' AND w.typname LIKE 'timestamp%') END";

/* An identity's sequence needs no right of its own; the books are only added to. */
static const char rights_sql[] =
    ", sequences AS MATERIALIZED (SELECT m.name, to_regclass(m.name) AS oid"
    "  FROM made m LEFT JOIN uses u USING (relation)"
    "  WHERE m.kind = 'sequence' AND (m.version > 1 OR u.relation IS NOT NULL)),"
    " functions AS MATERIALIZED (SELECT name, to_regprocedure(name) AS oid FROM made WHERE kind = 'function'),"
    " lacking AS (SELECT p.word, u.relation AS name FROM used u,"
    "   unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) AS p(word)"
    "   WHERE (p.word <> 'DELETE' OR u.deletes) AND NOT has_table_privilege(u.oid, p.word)"
    "   AND NOT (p.word IN ('UPDATE', 'DELETE') AND u.relation IN ('ledger_transactions', 'ledger_postings'))"
    "  UNION ALL SELECT 'USAGE', name FROM sequences WHERE oid IS NOT NULL AND NOT has_sequence_privilege(oid, 'USAGE')"
    "  UNION ALL SELECT 'EXECUTE', name FROM functions WHERE oid IS NOT NULL"
    "   AND NOT has_function_privilege(oid, 'EXECUTE'))"
    " SELECT 'mistake', format('the role %I lacks rights: %s', current_user,"
    "  (SELECT string_agg(format('%s on %s', word, names), '; ' ORDER BY word) FROM"
    "   (SELECT word, string_agg(name, ', ' ORDER BY name) AS names FROM lacking GROUP BY word) w)),"
    "  format('as the owner: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA %1$I TO %2$I;"
    " GRANT USAGE ON ALL SEQUENCES IN SCHEMA %1$I TO %2$I; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA %1$I TO %2$I',"
    "  current_schema, current_user) FROM lacking HAVING count(*) > 0"
    " UNION ALL SELECT $1::text, format('%s are gone: %s', kind, string_agg(name, ', ' ORDER BY name)),"
    "  'undo their dropping or renaming, or restore them from the backup' FROM"
    "  (SELECT 'sequences' AS kind, name FROM sequences WHERE oid IS NULL"
    "   UNION ALL SELECT 'functions', name FROM functions WHERE oid IS NULL) g GROUP BY kind"
    " UNION ALL SELECT 'drift', format('row level security hides rows from the role %I: %s', current_user,"
    "  string_agg(relation, ', ' ORDER BY relation)),"
    "  format('ALTER ROLE %I BYPASSRLS, or give it policies for all rows', current_user)"
    "  FROM used WHERE row_security_active(oid) HAVING count(*) > 0";

static const char rows_sql[] =
    " SELECT 'drift', format('the table %s has columns that must be filled, and the bot does not fill them: %s',"
    "  u.relation, string_agg(a.attname, ', ' ORDER BY a.attnum)),"
    "  format('give them a default (ALTER TABLE %I ALTER COLUMN %I SET DEFAULT ...), or let them be empty (DROP NOT"
    " NULL)', u.relation, min(a.attname::text))"
    "  FROM used u JOIN pg_attribute a ON a.attrelid = u.oid AND a.attnum > 0 AND NOT a.attisdropped"
    "  WHERE a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AND CASE WHEN u.names IS NULL"
    "   THEN NOT EXISTS (SELECT 1 FROM made m WHERE m.kind = 'column' AND m.relation = u.relation"
    "    AND m.name = a.attname) ELSE a.attname::text <> ALL (u.names) END GROUP BY u.relation"
    " UNION ALL SELECT 'drift', format('nothing keeps rows of %s with the same %s apart', m.relation, m.name),"
    "  format('look for such rows, keep one of each, then: ALTER TABLE %I ADD UNIQUE (%s)', m.relation, m.name)"
    "  FROM made m JOIN used u USING (relation) WHERE m.kind = 'unique' AND NOT EXISTS"
    "  (SELECT 1 FROM pg_index i WHERE i.indrelid = u.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL"
    "   AND (SELECT string_agg(a.attname, ',' ORDER BY a.attname) FROM pg_attribute a WHERE a.attrelid = u.oid"
    "    AND a.attnum = ANY (i.indkey)) = m.name)";

static const char owners_sql[] =
    " SELECT 'mistake', format('the role %I does not own %s, and migrations change them', current_user,"
    "  string_agg(t.relation, ', ' ORDER BY t.relation)),"
    "  format('as a superuser: %s; or run `fotosetd migrate` as their owner and grant %I the rights',"
    "  string_agg(format('ALTER TABLE %I OWNER TO %I', t.relation, current_user), '; ' ORDER BY t.relation),"
    "  current_user)"
    "  FROM tables t JOIN pg_class c ON c.oid = t.oid WHERE NOT pg_has_role(c.relowner, 'USAGE') HAVING count(*) > 0";

/* On a standby every transaction is read-only. */
static const char place_sql[] =
    "SELECT quote_ident(current_user), COALESCE(quote_ident(current_schema()), ''), current_setting('search_path'),"
    " COALESCE(has_schema_privilege(current_schema(), 'CREATE'), FALSE), quote_ident(current_database()),"
    " pg_encoding_to_char(encoding), pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'"
    " FROM pg_database WHERE datname = current_database()";

void fit_add(struct fit *fit, enum fit_level level, const char *remedy, const char *format, ...)
{
    char text[2 * FIT_TEXT_MAX_BYTES];
    if (fit->count == FIT_FINDINGS_MAX)
        return;
    struct fit_finding *finding = &fit->findings[fit->count++];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    finding->level = level;
    failure_set_message(finding->what, sizeof finding->what, text);
    failure_set_message(finding->remedy, sizeof finding->remedy, remedy);
}

enum fit_level fit_worst(const struct fit *fit)
{
    enum fit_level worst = FIT_NOTE;
    for (size_t i = 0; i < fit->count; i++)
        if (fit->findings[i].level > worst)
            worst = fit->findings[i].level;
    return worst;
}

/* One row a finding. */
static PGresult *ask(PGconn *conn, const char *question, int param_count, const char *const *params, struct fit *fit)
{
    static const char begin[] = "WITH made(version, kind, relation, name, type, modifier) AS (VALUES\n";
    size_t bytes = sizeof begin + strlen(migrations_made) + sizeof given_sql + strlen(question);
    char *sql = malloc(bytes);
    if (sql == NULL)
        bug("out of memory");
    (void)snprintf(sql, bytes, "%s%s%s%s", begin, migrations_made, given_sql, question);
    PGresult *answer = PQexecParams(conn, sql, param_count, NULL, params, NULL, NULL, 0);
    free(sql);
    if (PQresultStatus(answer) != PGRES_TUPLES_OK)
        return answer;
    for (int row = 0; row < PQntuples(answer); row++)
        fit_add(fit, strcmp(PQgetvalue(answer, row, 0), "drift") == 0 ? FIT_DRIFT : FIT_MISTAKE,
                PQgetvalue(answer, row, 2), "%s", PQgetvalue(answer, row, 1));
    PQclear(answer);
    return NULL;
}

PGresult *fit_ask_made(PGconn *conn, int version, enum fit_stage stage, struct fit *fit)
{
    char number[16];
    (void)snprintf(number, sizeof number, "%d", version);
    const char *const params[] = {stage == FIT_LIVING ? "drift" : "mistake", number,
                                  stage == FIT_BROKEN ? "false" : "true"};
    PGresult *refusal = ask(conn, shape_sql, 3, params, fit);
    if (refusal == NULL && stage != FIT_BROKEN)
        refusal = ask(conn, rights_sql, 1, params, fit);
    if (refusal == NULL && stage != FIT_BROKEN)
        refusal = ask(conn, rows_sql, 0, NULL, fit);
    return refusal;
}

PGresult *fit_ask_owners(PGconn *conn, struct fit *fit)
{
    return ask(conn, owners_sql, 0, NULL, fit);
}

void fit_judge_schema(const struct fit_place *place, struct fit *fit)
{
    char remedy[FIT_TEXT_MAX_BYTES];
    if (place->schema[0] == '\0') {
        (void)snprintf(remedy, sizeof remedy,
                       "as a superuser: CREATE SCHEMA IF NOT EXISTS NAME AUTHORIZATION %s, for a NAME of the search"
                       " path, or GRANT USAGE, CREATE ON SCHEMA NAME TO %s",
                       place->role, place->role);
        fit_add(fit, FIT_MISTAKE, remedy, "the role %s may use no schema of its search path (%s)", place->role,
                place->path);
    } else if (!place->creates) {
        (void)snprintf(remedy, sizeof remedy, "as the schema's owner: GRANT CREATE ON SCHEMA %s TO %s", place->schema,
                       place->role);
        fit_add(fit, FIT_MISTAKE, remedy, "the role %s may not create tables in the schema %s", place->role,
                place->schema);
    }
}

static void judge_reading(const struct fit_place *place, const char *database, bool standby, struct fit *fit)
{
    char remedy[FIT_TEXT_MAX_BYTES];
    if (standby) {
        fit_add(fit, FIT_PASSING,
                "name all servers in database.conninfo (host=one,two) with target_session_attrs=read-write",
                "the server is a standby: the database can only be read");
        return;
    }
    (void)snprintf(remedy, sizeof remedy,
                   "see who made it so, and why; then: ALTER DATABASE %s RESET default_transaction_read_only;"
                   " ALTER ROLE %s RESET default_transaction_read_only",
                   database, place->role);
    fit_add(fit, FIT_PASSING, remedy, "the database %s can only be read: default_transaction_read_only is on",
            database);
}

PGresult *fit_ask_place(PGconn *conn, struct fit *fit, struct fit_place *ret_place)
{
    enum { ROLE, SCHEMA, PATH, CREATES, DATABASE, ENCODING, STANDBY, READ_ONLY };
    PGresult *answer = PQexec(conn, place_sql);
    if (PQresultStatus(answer) != PGRES_TUPLES_OK)
        return answer;
    const char *database = PQgetvalue(answer, 0, DATABASE), *encoding = PQgetvalue(answer, 0, ENCODING);
    (void)snprintf(ret_place->role, sizeof ret_place->role, "%s", PQgetvalue(answer, 0, ROLE));
    (void)snprintf(ret_place->schema, sizeof ret_place->schema, "%s", PQgetvalue(answer, 0, SCHEMA));
    (void)snprintf(ret_place->path, sizeof ret_place->path, "%s", PQgetvalue(answer, 0, PATH));
    ret_place->creates = PQgetvalue(answer, 0, CREATES)[0] == 't';
    if (strcmp(encoding, "UTF8") != 0)
        fit_add(
            fit, FIT_MISTAKE,
            "make one in UTF8 (createdb -T template0 -E UTF8 --locale=C.UTF-8 NAME), move what is there with pg_dump"
            " and psql, and name it in database.conninfo",
            "the database %s is in the encoding %s, which can't hold what people write: it must be UTF8", database,
            encoding);
    if (PQgetvalue(answer, 0, READ_ONLY)[0] == 't')
        judge_reading(ret_place, database, PQgetvalue(answer, 0, STANDBY)[0] == 't', fit);
    PQclear(answer);
    return NULL;
}

/* Trouble of the server's own passes; what a statement does not get from the schema or the rows, it never will. */
static bool passes(const char *state)
{
    static const char *const prefixes[] = {"08", "25", "40", "53", "55P03", "57", "58", "XX"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (strncmp(state, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

void fit_add_refusal(struct fit *fit, const struct fit_place *place, const char *state, const char *what)
{
    char remedy[2 * FIT_TEXT_MAX_BYTES] = "the server's log says more; mend it there";
    if (strcmp(state, "55P03") == 0 || strcmp(state, "40P01") == 0)
        (void)snprintf(remedy, sizeof remedy,
                       "try again; who holds one long: SELECT pid, usename, xact_start, query FROM pg_stat_activity"
                       " WHERE xact_start < now() - interval '1 minute'");
    else if (strncmp(state, "23", 2) == 0)
        (void)snprintf(remedy, sizeof remedy, "mend these rows (which one is right, only a person can say)");
    else if (strcmp(state, "42501") == 0)
        (void)snprintf(remedy, sizeof remedy,
                       "as the owner: GRANT CREATE ON SCHEMA %s TO %s; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL"
                       " TABLES IN SCHEMA %s TO %s",
                       place->schema, place->role, place->schema, place->role);
    else if (passes(state))
        (void)snprintf(remedy, sizeof remedy, "try again when the server is well");
    fit_add(fit, passes(state) ? FIT_PASSING : FIT_MISTAKE, remedy, "%s", what);
}
