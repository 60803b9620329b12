/* The ends. Each statement finds its rows by an index made for it (a migration, "ends"), takes as many as a
 * slice has, passes over those that somebody is just at, and says no more than that they are old: so it may be run at
 * any time, by any machine, again and again. Must not: touch money that came, or may come. */
#include "db/ends.h"

#include "core/bug.h"

/* $1: ENDS_SLICE_MAX. */
static const struct {
    const char *table, *sql;
} ends[] = {
    {"poison_updates",
     "DELETE FROM poison_updates WHERE ctid = ANY (ARRAY(SELECT ctid FROM poison_updates"
     " WHERE created_at < now() - interval '30 days' ORDER BY created_at LIMIT $1 FOR UPDATE SKIP LOCKED))"},

    {"bot_differences", "DELETE FROM bot_differences WHERE ctid = ANY (ARRAY(SELECT ctid FROM bot_differences"
                        " WHERE what = 'stranger' AND found_at < now() - interval '90 days' LIMIT $1"
                        " FOR UPDATE SKIP LOCKED))"},

    /* The last number of an avatar stays: the next photo goes on from it. */
    {"photo_intake",
     "DELETE FROM photo_intake WHERE id = ANY (ARRAY(SELECT i.id FROM photo_intake i"
     " WHERE i.verdict NOT IN ('pending', 'good') AND i.created_at < now() - interval '30 days'"
     " AND (i.told OR i.created_at < now() - interval '180 days')"
     " AND EXISTS (SELECT 1 FROM photo_intake l WHERE l.avatar_id = i.avatar_id AND l.number > i.number)"
     " ORDER BY i.created_at LIMIT $1 FOR UPDATE SKIP LOCKED))"},

    {"photo_tasks",
     "UPDATE photo_tasks SET prompt = '', recipe = '' WHERE id = ANY (ARRAY(SELECT t.id FROM photo_tasks t"
     " JOIN generation_jobs j ON j.id = t.job_id WHERE t.state <> 'waiting' AND t.prompt <> ''"
     " AND j.told_at < now() - interval '30 days' ORDER BY t.id LIMIT $1 FOR UPDATE OF t SKIP LOCKED))"},

    {"orders", "UPDATE orders SET prompts = '{}', recipes = '{}', reference_urls = NULL WHERE id = ANY (ARRAY("
               "SELECT o.id FROM orders o JOIN generation_jobs j ON j.order_id = o.id"
               " WHERE o.status = 'paid' AND cardinality(o.prompts) > 0 AND j.told_at < now() - interval '30 days'"
               " ORDER BY o.id LIMIT $1 FOR UPDATE OF o SKIP LOCKED))"},

    /* With the payments of which surely nothing came: they and their order go together, or not at all. */
    {"orders", "WITH old AS MATERIALIZED (SELECT o.id FROM orders o WHERE o.status <> 'paid'"
               "  AND o.created_at_ms < (extract(epoch FROM now() - interval '90 days') * 1000)::bigint"
               "  AND NOT EXISTS (SELECT 1 FROM bot_payments p WHERE p.order_id = o.id"
               "   AND (p.state NOT IN ('canceled', 'failed') OR p.received IS NOT NULL OR p.held IS NOT NULL"
               "    OR p.ended_at > now() - interval '90 days'))"
               "  ORDER BY o.created_at_ms LIMIT $1 FOR UPDATE OF o SKIP LOCKED),"
               " payments AS (DELETE FROM bot_payments p USING old WHERE p.order_id = old.id)"
               " DELETE FROM orders o USING old WHERE o.id = old.id"},
};

size_t ends_count(void)
{
    return sizeof ends / sizeof ends[0];
}

const char *ends_table(size_t end)
{
    if (end >= ends_count())
        bug("an end that there is not");
    return ends[end].table;
}

int ends_add(struct db_unit *unit, struct arena *arena, size_t end)
{
    if (end >= ends_count())
        bug("an end that there is not");
    return db_unit_add(unit, ends[end].sql, 1, (struct db_param[]){db_int64_param(arena, ENDS_SLICE_MAX)});
}

int ends_add_chat(struct db_unit *unit, struct arena *arena, int64_t chat_id)
{
    return db_unit_add(unit,
                       "DELETE FROM bot_sessions s WHERE chat_id = $1"
                       " AND NOT EXISTS (SELECT 1 FROM users WHERE telegram_user_id = s.chat_id)",
                       1, (struct db_param[]){db_int64_param(arena, chat_id)});
}
