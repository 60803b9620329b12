/* Statements of the store's sweep. They only read what names a picture; nothing is decided here. */
#include "db/sweep.h"

int sweep_add_ask(struct db_unit *unit, const char *url)
{
    return db_unit_add(unit, "SELECT NOT picture_named($1)", 1, (struct db_param[]){db_text_param(url)});
}

bool sweep_read_unnamed(const struct db_result *result, int statement)
{
    return db_bool(result, statement, 0, 0);
}

int sweep_add_found(struct db_unit *unit, struct arena *arena, const char *chore, const char *const *names,
                    size_t count)
{
    return db_unit_add(unit,
                       "INSERT INTO errands (chore, subject) SELECT $1, n FROM unnest($2::text[]) n"
                       " WHERE NOT picture_named('store:' || n) ON CONFLICT DO NOTHING",
                       2, (struct db_param[]){db_text_param(chore), db_text_array(arena, names, count)});
}
