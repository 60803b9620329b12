/* The search for secrets. A secret that leaks seldom stands alone and plain: it is part of a link, of a header in
 * base64, of bytes that Postgres shows in hex. So what is looked for is a distinctive piece of each secret in every
 * such form, in every column of every table and every byte of every file.
 *
 * Rows that do not live to the end (messages that were sent, errors that were overcome) are kept by triggers. */
#define _GNU_SOURCE 1 /* memmem, nftw */
#include "tests/system/secrets.h"

#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECES = 2, FORMS = 8, NEEDLES = PIECES * FORMS, NEEDLE_BYTES = 128, WAIT_MS = 30000 };

/* Letters and digits only: no way of escaping changes them. */
static const char *const pieces[PIECES] = {"AAsecretBotTokenOfTheSystemTests", "SecretKeyOfTheShop"};

static char needles[NEEDLES][NEEDLE_BYTES];
static size_t needle_count;

static void add_needle(const char *text, size_t length)
{
    if (length >= NEEDLE_BYTES || needle_count == NEEDLES)
        abort();
    memcpy(needles[needle_count], text, length);
    needles[needle_count++][length] = '\0';
}

/* What is the same whatever stands around it when the piece begins at byte `shift` of a group of three. */
static void add_base64(const char *piece, size_t shift)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char text[NEEDLE_BYTES];
    size_t length = 0, bits = strlen(piece) * 8, skip = (6 - shift * 8 % 6) % 6;
    for (size_t at = skip; at + 6 <= bits; at += 6) {
        unsigned value = 0;
        for (size_t bit = at; bit < at + 6; bit++)
            value = value << 1 | ((unsigned)(unsigned char)piece[bit / 8] >> (7 - bit % 8) & 1u);
        text[length++] = digits[value];
    }
    add_needle(text, length);
}

static void add_hex(const char *text)
{
    char hex[NEEDLE_BYTES];
    size_t length = 0;
    for (const char *at = text; *at != '\0' && length + 3 < sizeof hex; at++)
        length += (size_t)snprintf(hex + length, sizeof hex - length, "%02x", (unsigned char)*at);
    add_needle(hex, length);
}

static void make_needles(void)
{
    needle_count = 0;
    if (strstr(WORLD_TOKEN, pieces[0]) == NULL || strstr(WORLD_SHOP_SECRET, pieces[1]) == NULL)
        abort();
    for (size_t i = 0; i < PIECES; i++) {
        size_t first = needle_count;
        add_needle(pieces[i], strlen(pieces[i]));
        for (size_t shift = 0; shift < 3; shift++)
            add_base64(pieces[i], shift);
        for (size_t plain = first; plain < first + 4; plain++) /* bytea is shown in hex */
            add_hex(needles[plain]);
    }
}

void secrets_keep(struct world *world)
{
    int64_t end_ms = net_now_ms() + WAIT_MS;
    while (world_int(world, "SELECT (to_regclass('photo_tasks') IS NOT NULL AND to_regclass('outbox') IS NOT NULL)"
                            "::int") == 0) {
        if (net_now_ms() > end_ms)
            world_fail(world, "the daemon does not make its tables");
        (void)usleep(20 * 1000);
    }
    db_result_free(world_sql(world, "CREATE TABLE test_kept (what TEXT)"));
    db_result_free(world_sql(world, "CREATE FUNCTION test_keep() RETURNS trigger AS $$ BEGIN"
                                    " INSERT INTO test_kept SELECT NEW::text; RETURN NEW; END $$ LANGUAGE plpgsql"));
    db_result_free(world_sql(world, "CREATE TRIGGER test_kept AFTER INSERT OR UPDATE ON outbox"
                                    " FOR EACH ROW EXECUTE FUNCTION test_keep()"));
    db_result_free(world_sql(world, "CREATE TRIGGER test_kept AFTER UPDATE ON photo_tasks"
                                    " FOR EACH ROW WHEN (NEW.error IS NOT NULL) EXECUTE FUNCTION test_keep()"));
}

static void check_tables(struct invariants *all)
{
    struct world *world = all->world;
    const char *patterns = "'%/file/bot%'"; /* Telegram's file links hold the token, and die */
    for (size_t i = 0; i < needle_count; i++)
        patterns = arena_format(&world->arena, "%s, '%%%s%%'", patterns, needles[i]);
    struct db_result *tables = world_sql(
        world, "SELECT quote_ident(table_schema) || '.' || quote_ident(table_name) FROM information_schema.tables"
               " WHERE table_schema NOT IN ('pg_catalog', 'information_schema') AND table_type = 'BASE TABLE'");
    invariants_fact(all, db_rows(tables, 0) >= 15, "only %d tables were searched", db_rows(tables, 0));
    for (int row = 0; row < db_rows(tables, 0); row++) {
        const char *table = db_text(tables, 0, row, 0);
        int64_t found = world_int(world, "SELECT count(*) FROM %s t WHERE t::text LIKE ANY (ARRAY[%s])", table,
                                  patterns);
        invariants_fact(all, found == 0, "rows of %s with a secret: %" PRId64, table, found);
    }
    db_result_free(tables);
    invariants_fact(all, world_int(world, "SELECT count(*) FROM test_kept") > 0, "no message was kept for the search");
}

static struct invariants *searching; /* nftw has no context */
static int files_searched;

static int search_file(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    static const char *const known[] = {"token", "secret", "access.log"}; /* … and the log of a server in front */
    size_t length = (size_t)stat->st_size;
    if (type != FTW_F || !S_ISREG(stat->st_mode))
        return 0;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(path + ftw->base, known[i]) == 0)
            return 0;
    FILE *file = fopen(path, "rb");
    char *bytes = malloc(length + 1);
    if (file == NULL || bytes == NULL)
        abort();
    length = fread(bytes, 1, length, file);
    for (size_t i = 0; i < needle_count; i++)
        invariants_fact(searching, memmem(bytes, length, needles[i], strlen(needles[i])) == NULL,
                        "a secret stands in %s", path);
    files_searched++;
    free(bytes);
    (void)fclose(file);
    return 0;
}

void secrets_check(struct invariants *all)
{
    make_needles();
    check_tables(all);
    searching = all;
    files_searched = 0;
    if (nftw(all->world->dir, search_file, 8, FTW_PHYS) != 0)
        world_fail(all->world, "its files can't be searched");
    invariants_fact(all, files_searched >= 5, "only %d files were searched", files_searched);
}
