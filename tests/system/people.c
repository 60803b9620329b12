/* The invariants of one user: what the person did, each deed once and in order, is what the database holds, and what
 * was promised lies in the chat once and in order. */
#include "tests/system/invariants.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SET = 23, ROOM = 512 };

/* The references: each photo that was sent is there once; in the order of sending when the updates came in order. */
static void check_references(struct invariants *all, struct user *user)
{
    const char *sent[ROOM];
    struct arena arena;
    arena_init(&arena);
    int count = chat_sent(user->chat, sent, ROOM);
    struct db_result *rows = world_sql(
        user->world, arena_format(&arena,
                                  "SELECT file_id, number, verdict FROM photo_intake WHERE chat_id = %" PRId64
                                  " ORDER BY number, id",
                                  user->id));
    int found = db_rows(rows, 0), in_order = 0, known = 0;
    for (int row = 0; row < found; row++) {
        in_order += row < count && strcmp(db_text(rows, 0, row, 0), sent[row]) == 0;
        for (int i = 0; i < count; i++)
            known += strcmp(db_text(rows, 0, row, 0), sent[i]) == 0;
        invariants_fact(all, db_int64(rows, 0, row, 1) == row + 1, "user %" PRId64 ": photo %d has number %" PRId64,
                        user->id, row + 1, db_int64(rows, 0, row, 1));
    }
    invariants_fact(all, found == count && known == count,
                    "user %" PRId64 ": %d photos were sent, %d taken, %d of them the same", user->id, count, found,
                    known);
    if (!user->plan.shuffle)
        invariants_fact(all, in_order == count, "user %" PRId64 ": only %d of %d photos stand in the order of sending",
                        user->id, in_order, count);
    db_result_free(rows);
    arena_done(&arena);
}

static void count_is(struct invariants *all, const struct user *user, const char *what, int64_t want, const char *from)
{
    int64_t got = world_int(all->world, "SELECT count(*) FROM %s", from);
    invariants_fact(all, got == want, "user %" PRId64 ": %s: %" PRId64 ", want %" PRId64, user->id, what, got, want);
}

static void check_records(struct invariants *all, struct user *user)
{
    struct arena arena;
    arena_init(&arena);
    const char *code = user->plan.referral == NULL ? "" : user->plan.referral;
    const char *of = arena_format(&arena, "JOIN users u ON u.id = user_id WHERE u.telegram_user_id = %" PRId64,
                                  user->id);
    count_is(all, user, "rows in users", 1, arena_format(&arena, "users WHERE telegram_user_id = %" PRId64, user->id));
    count_is(all, user, "users who agreed", 1,
             arena_format(&arena,
                          "bot_users b %s AND consent_version = %d AND consent_at IS NOT NULL"
                          " AND data_consent_version = %d AND data_consent_at >= consent_at",
                          of, user->version_agreed, user->version_agreed));
    count_is(all, user, "consents recorded", INT64_C(2) * user->version_agreed,
             arena_format(&arena, "bot_consents c %s", of));
    count_is(all, user, "different consents", INT64_C(2) * user->version_agreed,
             arena_format(&arena,
                          "(SELECT DISTINCT kind, version FROM bot_consents c %s AND given AND lang = '%s'"
                          " AND length(text_sha256) = 32) k",
                          of, user->plan.lang));
    count_is(all, user, "photos held", 0, arena_format(&arena, "held_photos h %s", of));
    count_is(all, user, "referral codes kept", 1,
             arena_format(&arena, "bot_users b %s AND COALESCE(referral_code, '') = '%s'", of, code));
    count_is(all, user, "avatars", 1, arena_format(&arena, "avatars a %s", of));
    count_is(all, user, "orders", user->orders, arena_format(&arena, "orders o %s", of));
    count_is(all, user, "paid orders", user->paid, arena_format(&arena, "orders o %s AND o.status = 'paid'", of));
    count_is(all, user, "payments", user->paid - user->by_stars,
             arena_format(&arena, "payments p %s AND p.status = 'succeeded'", of));
    struct db_result *row = world_sql(user->world, arena_format(&arena, "SELECT a.name FROM avatars a %s", of));
    const char *name = db_rows(row, 0) == 1 ? db_text(row, 0, 0, 0) : "";
    invariants_fact(all, strcmp(name, user->name) == 0, "user %" PRId64 ": the avatar is called \"%s\", want \"%s\"",
                    user->id, name, user->name);
    db_result_free(row);
    arena_done(&arena);
}

static void check_sets(struct invariants *all, struct user *user, const char *kind, int sets)
{
    int which[ROOM], count = chat_pictures(user->chat, kind, which, NULL, ROOM), right = 0;
    char order[ROOM * 4] = "";
    for (int i = 0; i < count; i++) {
        size_t at = strlen(order);
        right += which[i] == i % SET + 1;
        (void)snprintf(order + at, sizeof order - at, " %d", which[i]);
    }
    invariants_fact(all, count == sets * SET, "user %" PRId64 ": %d %ss are visible, want %d", user->id, count, kind,
                    sets * SET);
    invariants_fact(all, right == count, "user %" PRId64 ": only %d of %d %ss are in order:%s", user->id, right, count,
                    kind, order);
}

void invariants_of_user(struct invariants *all, struct user *user)
{
    user_look(user);
    check_references(all, user);
    check_records(all, user);
    check_sets(all, user, "photo", user->paid + user->plan.again);
    check_sets(all, user, "document", user->plan.again);
}
