#include "db/db.h"
#include "tests/check.h"
int main(void)
{
    const char *conninfo = getenv("FOTOSET_TEST_CONNINFO");
    CHECK(conninfo != NULL);
    struct arena arena;
    arena_init(&arena);
    struct db *db = db_new(conninfo, NULL);
    struct db_unit *u = db_unit_new();
    const char *t[] = {"a", NULL, "\"\\{},NULL", ""};
    db_unit_add(u, "SELECT $1::bigint + 1", 1, (struct db_param[]){db_int64_param(&arena, INT64_C(1) << 40)});
    db_unit_add(u, "SELECT x FROM unnest($1::text[]) x", 1, (struct db_param[]){db_text_array(&arena, t, 4)});
    struct db_result *r;
    struct db_failure f;
    CHECK_INT(db_run(db, u, 5000, &r, &f), 0);
    CHECK_INT(db_int64(r, 0, 0, 0), (INT64_C(1) << 40) + 1);
    CHECK_TEXT(db_text(r, 1, 2, 0), t[2]);
    db_result_free(r);
    db_free(db);
    arena_done(&arena);
}
