/* What `fotosetd check` says of a database, a bot and its owners, and what `fotosetd run` does with the same: the real
 * program, as a child, against databases of every sort that does not fit. Whatever run ends with is said by check, in
 * the same words and with the remedy; check changes nothing, and run, where it refuses, neither. Run by tests/postgres
 * run, which sets FOTOSET_TEST_CONNINFO. */
#include "db/db.h"
#include "tests/raw_server.h"

#include <fcntl.h>
#include <sys/stat.h>

enum {
    WAIT_MS = 60 * 1000,
    TEXT_MAX_BYTES = 256 * 1024,
    CONFIG = 78,      /* never again by itself */
    UNAVAILABLE = 69, /* again and again */
    OPEN = -1,        /* it goes on, and says so */
    STRANGER = 42     /* an owner who never wrote to the bot */
};

/* Everything of the schema public that is anybody's: what there is, whose, and the rows. */
static const char SNAPSHOT_SQL[] =
    "SELECT concat_ws(E'\\n', (SELECT string_agg(concat_ws(' ', relname, relkind, relowner, relacl), E'\\n'"
    "   ORDER BY relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace),"
    " (SELECT string_agg(concat_ws(' ', attrelid::regclass, attname, atttypid, atttypmod, attnotnull), E'\\n'"
    "   ORDER BY attrelid, attnum) FROM pg_attribute JOIN pg_class c ON c.oid = attrelid"
    "   WHERE c.relnamespace = 'public'::regnamespace),"
    " (SELECT string_agg(concat_ws(' ', conname, pg_get_constraintdef(oid)), E'\\n' ORDER BY conname)"
    "   FROM pg_constraint WHERE connamespace = 'public'::regnamespace),"
    " (SELECT string_agg(p.oid::regprocedure || prosrc, E'\\n' ORDER BY p.oid) FROM pg_proc p"
    "   WHERE pronamespace = 'public'::regnamespace),"
    " (SELECT string_agg(nspname || nspacl::text, E'\\n' ORDER BY nspname) FROM pg_namespace"
    "   WHERE nspname NOT LIKE 'pg_t%'),"
    " (SELECT string_agg(relname || query_to_xml('SELECT * FROM ' || c.oid::regclass, FALSE, FALSE, '')::text, E'\\n'"
    "   ORDER BY relname) FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'S')))";

static const char *server;
static struct arena arena;
static char dir[] = "/tmp/fotoset-check.XXXXXX";
static uint16_t port;

/* ---- the databases ---- */

enum like {
    EMPTY,
    GIVEN,  /* the web application's tables, with rows */
    LIVING, /* the bot's own as well */
    LATIN1, /* empty, in encodings that hold less than people write */
    WIN1251,
    SQL_ASCII,
    LIKE_COUNT
};

static const char *conninfo_of(const char *database)
{
    return arena_format(&arena, "%s dbname=%s", server, database);
}

static void tell(struct db *db, const char *sql)
{
    struct db_unit *unit = db_unit_new();
    struct db_failure failure;
    db_unit_add(unit, sql, 0, NULL);
    if (db_run(db, unit, WAIT_MS, NULL, &failure) != ERR_OK) {
        fprintf(stderr, "%s %s\n  %s\n", failure.sqlstate, failure.message, sql);
        exit(1);
    }
}

/* Statements with ";\n" between them. */
static void tell_all(struct db *db, const char *sql)
{
    for (const char *at = sql, *end; *at != '\0'; at = *end == '\0' ? end : end + 2) {
        end = strstr(at, ";\n");
        end = end == NULL ? at + strlen(at) : end;
        tell(db, arena_copy_n(&arena, at, (size_t)(end - at)));
    }
}

static const char *snapshot(const char *database)
{
    struct db *db = db_new(conninfo_of(database), NULL);
    struct db_unit *unit = db_unit_new();
    struct db_result *result = NULL;
    db_unit_add(unit, SNAPSHOT_SQL, 0, NULL);
    CHECK_INT(db_run(db, unit, WAIT_MS, &result, NULL), ERR_OK);
    const char *text = arena_copy(&arena, db_text(result, 0, 0, 0));
    db_result_free(result);
    db_free(db);
    return text;
}

static const char *read_text(const char *path)
{
    char *text = arena_alloc(&arena, TEXT_MAX_BYTES);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL && fread(text, 1, TEXT_MAX_BYTES - 1, file) < TEXT_MAX_BYTES - 1);
    CHECK_INT(fclose(file), 0);
    return text;
}

static void make_database(const char *name, enum like like)
{
    static const char *const options[LIKE_COUNT] = {
        [EMPTY] = "",
        [GIVEN] = "TEMPLATE given",
        [LIVING] = "TEMPLATE living",
        [LATIN1] = "TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'",
        [WIN1251] = "TEMPLATE template0 ENCODING 'WIN1251' LC_COLLATE 'C' LC_CTYPE 'C'",
        [SQL_ASCII] = "TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"};
    struct db *db = db_new(server, NULL);
    tell(db, arena_format(&arena, "CREATE DATABASE %s %s", name, options[like]));
    db_free(db);
}

/* ---- the program ---- */

static void write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

static const char *path_of(const char *name)
{
    return arena_format(&arena, "%s/%s", dir, name);
}

static void write_config(const char *conninfo)
{
    write_file(
        path_of("conf"),
        arena_format(&arena,
                     "admins = [ 41L, %dL ];\n"
                     "texts_dir = \"%s/config/texts\"; styles_dir = \"%s/config/styles\";\n"
                     "telegram: { token_file = \"token\"; api_url = \"http://127.0.0.1:%d\"; };\n"
                     "yookassa: { shop_id = \"1\"; secret_file = \"secret\"; api_url = \"http://127.0.0.1:%d\"; };\n"
                     "database: { conninfo = \"%s\"; };\nstore: { path = \"store\"; };\n"
                     "shop: { offer_url = \"https://example.org/o\"; privacy_url = \"https://example.org/p\"; };\n"
                     "darkroom: { program = \"%s/fotoset-darkroom\"; };\n",
                     STRANGER, SOURCE_DIR, SOURCE_DIR, port, port, conninfo, BINARY_DIR));
}

static pid_t start(const char *command)
{
    int fd = open(path_of("log"), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    pid_t pid = fork();
    CHECK(fd >= 0 && pid >= 0);
    if (pid > 0) {
        CHECK_INT(close(fd), 0);
        return pid;
    }
    if (dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
        _exit(127);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    execl(BINARY_DIR "/fotosetd", "fotosetd", command, "-c", path_of("conf"), (char *)NULL);
    _exit(127);
}

/* The exit code, or OPEN when it takes updates: then it is killed. */
static int run_program(const char *command)
{
    pid_t pid = start(command);
    int status = 0;
    for (int64_t end_ms = now_ms() + WAIT_MS; waitpid(pid, &status, WNOHANG) == 0;) {
        bool open = strstr(read_text(path_of("log")), "is open, updates from") != NULL;
        CHECK(now_ms() < end_ms);
        if (open) {
            (void)kill(pid, SIGKILL);
            CHECK_INT(waitpid(pid, &status, 0), pid);
            return OPEN;
        }
        nanosleep(&(struct timespec){0, 20 * 1000 * 1000}, NULL);
    }
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Telegram and YooKassa: as little as check and the start need. */
static bool answer(int fd)
{
    int status = 200;
    const char *body = "{\"ok\":true,\"result\":true}";
    if (asked("/getMe"))
        body =
            "{\"ok\":true,\"result\":{\"id\":100500,\"is_bot\":true,\"first_name\":\"S\",\"username\":\"shop_bot\"}}";
    else if (asked("/getWebhookInfo"))
        body = "{\"ok\":true,\"result\":{\"url\":\"https://me:word@hooks.example.org/path-word?q\"}}";
    else if (asked("/getUpdates"))
        body = usleep(200 * 1000) == 0 ? "{\"ok\":true,\"result\":[]}" : "";
    if (asked("/getChat") && asked("\"chat_id\":42")) {
        status = 400;
        body = "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: chat not found\"}";
    } else if (asked("/payments/")) {
        status = 404;
        body = "{\"type\":\"error\",\"id\":\"1\",\"code\":\"not_found\",\"description\":\"no such payment\"}";
    }
    char head[160];
    (void)snprintf(head, sizeof head, "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
                   status, strlen(body));
    say(fd, head);
    say(fd, body);
    return true;
}

/* ---- what is asserted ---- */

static void wants(const char *name, const char *command, const char *said, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count && words[i] != NULL; i++)
        if (strstr(said, words[i]) == NULL) {
            fprintf(stderr, "%s: %s does not say \"%s\":\n%s\n", name, command, words[i], said);
            exit(1);
        }
}

enum { WORDS_MAX = 4 };

struct unfit {
    const char *name; /* also the database's */
    enum like like;
    const char *spoil;    /* statements, as a superuser */
    const char *conninfo; /* more of it, or NULL */
    int run;              /* how run ends */
    const char *words[WORDS_MAX];
};

/* check finds it, run meets it, both in the same words; neither leaves a trace, unless run goes on. */
static void test_unfit(const struct unfit *unfit)
{
    make_database(unfit->name, unfit->like);
    if (unfit->spoil != NULL) {
        struct db *db = db_new(conninfo_of(unfit->name), NULL);
        tell_all(db, unfit->spoil);
        db_free(db);
    }
    const char *before = snapshot(unfit->name);
    write_config(
        arena_format(&arena, "%s %s", conninfo_of(unfit->name), unfit->conninfo == NULL ? "" : unfit->conninfo));
    int code = run_program("check");
    const char *said = read_text(path_of("log"));
    wants(unfit->name, "check", said, unfit->words, WORDS_MAX);
    wants(unfit->name, "check", said, (const char *const[]){"PROBLEM   database", "Not yet: "}, 2);
    CHECK_INT(code, CONFIG);
    CHECK_TEXT(snapshot(unfit->name), before);
    code = run_program("run");
    said = read_text(path_of("log"));
    wants(unfit->name, "run", said, unfit->words, WORDS_MAX);
    if (code != unfit->run) {
        fprintf(stderr, "%s: run ended with %d, want %d:\n%s\n", unfit->name, code, unfit->run, said);
        exit(1);
    }
    if (code != OPEN)
        CHECK_TEXT(snapshot(unfit->name), before);
    else /* told once */
        CHECK(strstr(strstr(said, unfit->words[0]) + 1, unfit->words[0]) == NULL);
}

#define OWN_SCHEMA "options=-csearch_path=fotoset"

/* Never right: nothing was made, and a person must act. */
static const struct unfit never[] = {
    {"no_create",
     EMPTY,
     NULL,
     "user=shop",
     CONFIG,
     {"the role shop may not create tables in the schema public", "GRANT CREATE ON SCHEMA public TO shop"}},
    {"no_schema",
     EMPTY,
     NULL,
     "options=-csearch_path=nowhere",
     CONFIG,
     {"may use no schema of its search path (nowhere)", "CREATE SCHEMA IF NOT EXISTS NAME AUTHORIZATION postgres"}},
    {"narrow_latin1",
     LATIN1,
     NULL,
     NULL,
     CONFIG,
     {"the encoding LATIN1", "it must be UTF8", "createdb -T template0 -E UTF8"}},
    {"narrow_win1251", WIN1251, NULL, NULL, CONFIG, {"the encoding WIN1251", "createdb -T template0 -E UTF8"}},
    {"narrow_ascii", SQL_ASCII, NULL, NULL, CONFIG, {"the encoding SQL_ASCII", "createdb -T template0 -E UTF8"}},
    {"foreign_orders",
     EMPTY,
     "CREATE TABLE orders (id INTEGER, goods TEXT)",
     NULL,
     CONFIG,
     {"another application uses names of the bot's: orders", "rename what is there", OWN_SCHEMA}},
    {"foreign_two",
     GIVEN,
     "CREATE TABLE outbox (id INTEGER);\nCREATE VIEW photo_tasks AS SELECT 1 AS id",
     NULL,
     CONFIG,
     {"another application uses names of the bot's: outbox, photo_tasks", OWN_SCHEMA}},
    {"foreign_sequence",
     GIVEN,
     "CREATE SEQUENCE bot_ids",
     NULL,
     CONFIG,
     {"another application uses names of the bot's: bot_ids", OWN_SCHEMA}},
    {"foreign_users",
     EMPTY,
     "CREATE TABLE users (id SERIAL PRIMARY KEY, login TEXT)",
     NULL,
     CONFIG,
     {"another application uses names of the bot's: users", OWN_SCHEMA}},
    {"foreign_unused",
     EMPTY,
     "CREATE TABLE referral_balances (\"when\" DATE)",
     NULL,
     CONFIG,
     {"another application uses names of the bot's: referral_balances", OWN_SCHEMA}},
    {"foreign_history",
     EMPTY,
     "CREATE TABLE schema_migrations (version VARCHAR PRIMARY KEY)",
     NULL,
     CONFIG,
     {"the table schema_migrations is another program's", OWN_SCHEMA}},
    {"no_column",
     GIVEN,
     "ALTER TABLE generation_jobs DROP COLUMN error_message",
     NULL,
     CONFIG,
     {"the table generation_jobs has no column error_message", "ADD COLUMN error_message text"}},
    {"other_type",
     GIVEN,
     "ALTER TABLE users ALTER COLUMN telegram_user_id TYPE TEXT",
     NULL,
     CONFIG,
     {"the column users.telegram_user_id is text, and must be bigint", "ALTER COLUMN telegram_user_id TYPE bigint"}},
    {"narrow_type",
     GIVEN,
     "ALTER TABLE payments ALTER COLUMN amount TYPE NUMERIC(6, 2) USING 1",
     NULL,
     CONFIG,
     {"the column payments.amount is numeric(6,2), and must be numeric(10,2)"}},
    {"doubled",
     GIVEN,
     "INSERT INTO payments (user_id, yookassa_payment_id, amount) SELECT user_id, yookassa_payment_id, 1"
     " FROM payments LIMIT 1",
     NULL,
     CONFIG,
     {"payments: 1 yookassa_payment_id(s) stand in more than one row", "SELECT yookassa_payment_id, array_agg(id)",
      "which one is right, only a person can say"}},
    {"not_owner",
     GIVEN,
     "GRANT CREATE ON SCHEMA public TO shop;\nGRANT ALL ON ALL TABLES IN SCHEMA public TO shop",
     "user=shop",
     CONFIG,
     {"the role shop does not own avatars, generated_photos,", "ALTER TABLE avatars OWNER TO shop"}},
    {"refused",
     EMPTY,
     "CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS"
     " 'BEGIN RAISE EXCEPTION ''not on a Friday''; END';\n"
     "CREATE EVENT TRIGGER refuse ON ddl_command_start EXECUTE FUNCTION refuse()",
     NULL,
     CONFIG,
     {"not on a Friday (P0001)", "the server's log says more"}},
    {"newer",
     LIVING,
     "INSERT INTO schema_migrations VALUES (999, '0999_later', 'x')",
     NULL,
     CONFIG,
     {"the database has schema version 999, this program knows only up to", "install the newer fotosetd again"}},
    {"edited",
     LIVING,
     "UPDATE schema_migrations SET checksum = 'x' WHERE version = 2",
     NULL,
     CONFIG,
     {"migration 0002_bot was changed after it had been applied", "run the program that applied it"}},
    {"no_rights",
     LIVING,
     NULL,
     "user=shop",
     CONFIG,
     {"permission denied for table schema_migrations",
      "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO shop"}},
    {"few_rights",
     LIVING,
     "GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA public TO shop",
     "user=shop",
     CONFIG,
     {"the role shop lacks rights: DELETE on avatars, bot_consents,", "USAGE on avatars_id_seq, bot_ids,",
      "GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO shop"}},
};

/* What may be over at the next try. */
static const struct unfit passing[] = {
    {"read_only",
     LIVING,
     "ALTER DATABASE read_only SET default_transaction_read_only = on",
     NULL,
     UNAVAILABLE,
     {"the database read_only can only be read", "ALTER DATABASE read_only RESET default_transaction_read_only"}},
    {"no_entry",
     LIVING,
     NULL,
     "user=nobody_here",
     UNAVAILABLE,
     {"no connection:", "nobody_here", "look at database.conninfo and at the server"}},
};

/* Changed since it was right: check says so; run says so and goes on. */
static const struct unfit changed[] = {
    {"renamed",
     LIVING,
     "ALTER TABLE bot_payments RENAME COLUMN url TO link",
     NULL,
     OPEN,
     {"the table bot_payments has no column url", "ADD COLUMN url text"}},
    {"gone",
     LIVING,
     "DROP TABLE referrals;\nDROP FUNCTION job_moved(INTEGER);\nDROP SEQUENCE bot_ids",
     NULL,
     OPEN,
     {"tables are gone: referrals", "functions are gone: job_moved(integer)", "sequences are gone: bot_ids"}},
    {"must_fill",
     LIVING,
     "ALTER TABLE users ADD COLUMN email TEXT NOT NULL DEFAULT '';\n"
     "ALTER TABLE users ALTER COLUMN email DROP DEFAULT;\n"
     "DELETE FROM avatars WHERE thumbnail_url IS NULL;\nALTER TABLE avatars ALTER COLUMN thumbnail_url SET NOT NULL;\n"
     "ALTER TABLE avatars ALTER COLUMN user_id SET NOT NULL",
     NULL,
     OPEN,
     {"the table users has columns that must be filled, and the bot does not fill them: email",
      "ALTER TABLE users ALTER COLUMN email SET DEFAULT", "the bot does not fill them: thumbnail_url"}},
    {"must_fill_first",
     GIVEN,
     "ALTER TABLE users ADD COLUMN email TEXT;\nUPDATE users SET email = '';\nALTER TABLE users ALTER COLUMN email SET "
     "NOT NULL",
     NULL,
     OPEN,
     {"the table users has columns that must be filled, and the bot does not fill them: email"}},
    {"twins",
     LIVING,
     "ALTER TABLE users DROP CONSTRAINT users_telegram_user_id_key",
     NULL,
     OPEN,
     {"nothing keeps rows of users with the same telegram_user_id apart",
      "ALTER TABLE users ADD UNIQUE (telegram_user_id)"}},
    {"hidden_rows",
     LIVING,
     "GRANT ALL ON ALL TABLES IN SCHEMA public TO shop;\nGRANT ALL ON ALL SEQUENCES IN SCHEMA public TO shop;\n"
     "ALTER TABLE users ENABLE ROW LEVEL SECURITY",
     "user=shop",
     OPEN,
     {"row level security hides rows from the role shop: users", "ALTER ROLE shop BYPASSRLS"}},
};

/* Neither an empty database nor a lived-in one is called wrong, nor what fits though it differs. */
static void test_well(const char *name, enum like like, const char *differs)
{
    make_database(name, like);
    struct db *db = db_new(conninfo_of(name), NULL);
    tell_all(db, differs);
    db_free(db);
    const char *before = snapshot(name);
    write_config(conninfo_of(name));
    int code = run_program("check");
    const char *said = read_text(path_of("log"));
    wants(name, "check", said,
          (const char *const[]){"All is well: fotosetd run can start", "ok        database", "ok        telegram",
                                "note      telegram  a webhook to hooks.example.org is set; run will remove it",
                                "note      telegram  the owner 42 never wrote to the bot",
                                "write /start to @shop_bot from that account"},
          6);
    CHECK(strstr(said, "the owner 41") == NULL && strstr(said, "word") == NULL && strstr(said, "PROBLEM") == NULL);
    CHECK_INT(code, 0);
    CHECK_TEXT(snapshot(name), before);
    CHECK_INT(run_program("run"), OPEN);
}

/* The same cluster as a standby without a primary: the last test, for it stays one. */
static void test_standby(void)
{
    const char *cluster = getenv("FOTOSET_TEST_POSTGRES_DIR");
    CHECK(cluster != NULL);
    make_database("standby", LIVING);
    write_file(arena_format(&arena, "%s/data/standby.signal", cluster), "");
    CHECK_INT(chmod(arena_format(&arena, "%s/data/standby.signal", cluster), 0644), 0);
    for (int i = 0; i < 2; i++) {
        pid_t pid = fork();
        int status = 0;
        if (pid == 0) {
            const char *verb = i == 0 ? "stop" : "start";
            execl(SOURCE_DIR "/tests/postgres", "postgres", verb, "--no-fsync", cluster, (char *)NULL);
            _exit(127);
        }
        CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
    }
    static const char *const words[] = {"the server is a standby", "target_session_attrs=read-write"};
    write_config(conninfo_of("standby"));
    CHECK_INT(run_program("check"), CONFIG);
    wants("standby", "check", read_text(path_of("log")), words, 2);
    CHECK_INT(run_program("run"), UNAVAILABLE);
    wants("standby", "run", read_text(path_of("log")), words, 2);
}

static void make_templates(void)
{
    make_database("given", EMPTY);
    struct db *db = db_new(conninfo_of("given"), NULL);
    tell_all(db, read_text(SOURCE_DIR "/tests/unit/seed/schema.sql"));
    tell_all(db, read_text(SOURCE_DIR "/tests/unit/seed/rows.sql"));
    tell(db, "CREATE ROLE shop LOGIN");
    db_free(db);
    make_database("living", GIVEN);
    write_config(conninfo_of("living"));
    CHECK_INT(run_program("migrate"), 0);
}

int main(void)
{
    server = getenv("FOTOSET_TEST_CONNINFO");
    if (server == NULL) {
        fputs("FOTOSET_TEST_CONNINFO is not set: run me by tests/postgres run\n", stderr);
        return 1;
    }
    arena_init(&arena);
    CHECK(mkdtemp(dir) != NULL);
    write_file(path_of("token"), "123456789:AAEhBOweik6ad9r_QXMENQjcrGbqCr4K-bc\n");
    write_file(path_of("secret"), "test_secret\n");
    pid_t services = serve(answer, &port);
    make_templates();
    test_well("well_empty", EMPTY, "");
    test_well("well_given", GIVEN,
              "ALTER TABLE users ALTER COLUMN device_id TYPE TEXT;\nALTER TABLE avatars ALTER COLUMN id TYPE BIGINT;\n"
              "ALTER TABLE avatars ALTER COLUMN created_at TYPE TIMESTAMPTZ;\n"
              "ALTER TABLE payments ALTER COLUMN amount TYPE NUMERIC;\nALTER TABLE users ADD COLUMN email TEXT;\n"
              "ALTER TABLE users ADD COLUMN role TEXT NOT NULL DEFAULT 'x';\nCREATE TABLE goods (id INTEGER)");
    test_well("well_living", LIVING, "");
    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
        test_unfit(&never[i]);
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++)
        test_unfit(&passing[i]);
    for (size_t i = 0; i < sizeof changed / sizeof changed[0]; i++)
        test_unfit(&changed[i]);
    test_standby();
    (void)kill(services, SIGKILL);
    execl("/bin/rm", "rm", "-rf", dir, (char *)NULL);
    return 1;
}
