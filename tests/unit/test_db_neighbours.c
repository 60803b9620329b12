/* The shop's tables are not ours alone: a web application writes them too, and the payments beside the turns. What they
 * do between a turn's load and its commit must cost nobody a paid set. Run by tests/postgres run, which sets
 * FOTOSET_TEST_CONNINFO. */
#include "db/commit.h"
#include "db/deed.h"
#include "db/load.h"
#include "db/tasks.h"
#include "tests/unit/chores.h"

/* The unit of one effect of one chat. */
static struct db_unit *deed_with(const struct customer *customer, struct effect effect, const struct order_terms *terms)
{
    struct chat chat = {.id = customer->chat_id, .user.id = customer->user_id};
    struct db_unit *unit = db_unit_new();
    effect.chat_id = chat.id;
    commit_add_records(unit, &arena, &chat, 1, &(struct effects){.list = &effect, .count = 1}, terms, terms != NULL,
                       1700000000000, 1);
    return unit;
}

static struct db_unit *deed(const struct customer *customer, struct effect effect)
{
    return deed_with(customer, effect, NULL);
}

/* Nothing of it happens: the rows are not as the turn loaded them. */
static void check_lost(struct db_unit *unit)
{
    struct db_failure failure;
    CHECK(db_run(db, unit, WAIT_MS, NULL, &failure) == ERR_CONFLICT);
    CHECK_TEXT(failure.sqlstate, DEED_LOST);
    CHECK(!failure.maybe_committed && db_fault_of(&failure) == DB_FAULT_TABLE);
}

/* object: named by a pressed button. */
static struct chat loaded_for(int64_t chat_id, int64_t object)
{
    static const struct needs all = {.facts = FACTS_ALL};
    struct load_request request = {.bot_id = 1,
                                   .chat_ids = &chat_id,
                                   .needs = &all,
                                   .chat_count = 1,
                                   .object_ids = &object,
                                   .object_count = object != 0};
    struct load_answer answer;
    struct db_unit *unit = db_unit_new();
    load_add(unit, &arena, &request);
    struct db_result *result = run(unit);
    load_read(result, &arena, &request, &answer);
    db_result_free(result);
    return answer.chats[0];
}

static struct chat loaded(int64_t chat_id)
{
    return loaded_for(chat_id, 0);
}

/* A session of the customer's chat. */
static void stand(const struct customer *customer, const char *state, int64_t avatar_id, int64_t order_id)
{
    tell(SQL("INSERT INTO bot_sessions (chat_id, state, lang, version, avatar_id, order_id, job_id, style_id,"
             " misses, over, below, shown_at_ms, limit_at_ms, refresh_at_ms)"
             " VALUES (%lld, '%s', 'ru', 1, %lld, %lld, 0, '', 0, 0, false, 0, 0, 0)",
             (long long)customer->chat_id, state, (long long)avatar_id, (long long)order_id));
}

/* ---- deleting while money arrives ---- */

static int64_t avatars_of(const struct customer *customer)
{
    return ask(SQL("SELECT count(*) FROM avatars WHERE id = %lld", (long long)customer->avatar_id));
}

static struct db_unit *delete_of(const struct customer *customer)
{
    return deed(customer,
                (struct effect){.kind = EFFECT_AVATAR_DELETE, .avatar_delete.avatar_id = customer->avatar_id});
}

/* The turn saw no set when the user pressed "yes, delete"; it was paid before the turn was committed. */
static void test_paid_while_deleting(void)
{
    struct customer anna = customer_new();
    int64_t order_id = order_new(&anna);
    CHECK(create_payment(order_id));
    CHECK(settle(order_id, 50000, "RUB").job_id != 0);
    check_lost(delete_of(&anna));
    CHECK_INT(avatars_of(&anna), 1);
    CHECK_INT(jobs_of(order_id), 1);
    tell(SQL("UPDATE avatars SET status = 'ready' WHERE id = %lld", (long long)anna.avatar_id));
    db_result_free(run(delete_of(&anna)));
    CHECK_INT(avatars_of(&anna), 0);
    struct customer boris = customer_new();
    tell(SQL("UPDATE avatars SET status = NULL WHERE id = %lld", (long long)boris.avatar_id));
    db_result_free(run(delete_of(&boris)));
    CHECK_INT(avatars_of(&boris), 0);
}

static void counted(void *lost, const struct db_result *result, const struct db_failure *failure)
{
    (void)result;
    CHECK(lost == NULL ? failure == NULL : failure != NULL && strcmp(failure->sqlstate, DEED_LOST) == 0);
    open_answers--;
}

/* … or at the very moment: the settlement holds the rows when the deletion comes. */
static void test_paid_at_once_with_deleting(void)
{
    struct customer anna = customer_new();
    int64_t order_id = order_new(&anna);
    CHECK(create_payment(order_id));
    struct db_unit *unit = db_unit_new();
    add_paid(unit, order_id);
    (void)db_unit_add(unit, "SELECT pg_sleep(1)", 0, NULL);
    open_answers = 2;
    db_submit(other, unit, counted, NULL);
    for (int64_t until = now_ms() + 300; now_ms() < until;)
        db_ready(other, POLLIN | POLLOUT, now_ms());
    db_submit(db, delete_of(&anna), counted, &anna);
    wait_for_answers();
    CHECK_INT(avatars_of(&anna), 1);
    CHECK_INT(jobs_of(order_id), 1);
}

static void ended(void *failed, const struct db_result *result, const struct db_failure *failure)
{
    int *count = failed;
    (void)result;
    *count += failure != NULL;
    open_answers--;
}

/* The web application deletes an avatar while a photo of it is made: both come through, whoever is first. */
static void test_deleted_while_made(void)
{
    struct customer anna = customer_new();
    int64_t job_id = job_new(&anna);
    int failed = 0;
    int64_t task_id = ask(SQL("UPDATE photo_tasks SET lease_token = 'mine' WHERE job_id = %lld AND index = 0"
                              " RETURNING id",
                              (long long)job_id));
    struct db_unit *unit = db_unit_new();
    (void)db_unit_add(unit, SQL("SELECT FROM avatars WHERE id = %lld FOR UPDATE", (long long)anna.avatar_id), 0, NULL);
    (void)db_unit_add(unit, "SELECT pg_sleep(1)", 0, NULL); /* what a deletion does in between */
    (void)db_unit_add(unit, SQL("DELETE FROM avatars WHERE id = %lld", (long long)anna.avatar_id), 0, NULL);
    open_answers = 2;
    db_submit(other, unit, ended, &failed);
    for (int64_t until = now_ms() + 300; now_ms() < until;)
        db_ready(other, POLLIN | POLLOUT, now_ms());
    unit = db_unit_new();
    (void)tasks_add_made(unit, &arena, task_id, "mine", "store:1");
    db_submit(db, unit, ended, &failed);
    wait_for_answers();
    CHECK_INT(failed, 0);
    CHECK_INT(avatars_of(&anna), 0);
}

/* ---- photos of another program ---- */

static void test_other_photos(void)
{
    struct customer anna = customer_new();
    long long id = (long long)anna.avatar_id;
    tell(SQL("INSERT INTO reference_photos (avatar_id, image_url) SELECT %lld, 'https://example.com/' || n"
             " FROM generate_series(1, 40) n",
             id));
    tell(SQL("INSERT INTO reference_photos (avatar_id, image_url) VALUES (%lld, 'store:1'), (%lld, 'store:2'),"
             " (%lld, E'data:image/jpeg;base64,AA\\nAA')",
             id, id, id));
    struct chat chat = loaded(anna.chat_id);
    CHECK_INT(chat.facts->avatars.count, 1);
    CHECK_INT(chat.facts->avatars.list[0].good, 2); /* a set is sold for photos that it can be made from */
    clear_tasks();
    CHECK(job_new(&anna) != 0);
    struct db_unit *unit = db_unit_new();
    struct claim claim = {.worker = "worker", .token = "token", .limit = 1, .lease_ms = 1000};
    int at = tasks_add_claim(unit, &arena, &claim, 1);
    struct db_result *result = run(unit);
    CHECK_INT(db_rows(result, at), 1);
    CHECK_TEXT(tasks_read_claimed(result, at, 0).references, "store:1\nstore:2");
    db_result_free(result);
    check_lost(deed(&anna, (struct effect){.kind = EFFECT_PHOTO_DROP, .photo_drop.avatar_id = anna.avatar_id}));
    tell(SQL("UPDATE avatars SET status = 'ready' WHERE id = %lld", id)); /* the set is made */
    db_result_free(
        run(deed(&anna, (struct effect){.kind = EFFECT_PHOTO_DROP, .photo_drop.avatar_id = anna.avatar_id})));
    CHECK_INT(loaded(anna.chat_id).facts->avatars.list[0].good,
              1); /* the last one that was counted, not the other program's */
    CHECK_INT(ask(SQL("SELECT count(*) FROM reference_photos WHERE avatar_id = %lld", id)), 42);
}

/* The photos were started over while the link was open, and then it was paid. */
static void test_cleared_before_paid(void)
{
    struct customer anna = customer_new();
    long long id = (long long)anna.avatar_id;
    tell(SQL("INSERT INTO reference_photos (avatar_id, image_url) SELECT %lld, 'store:old' || n"
             " FROM generate_series(1, 2) n",
             id));
    static const char *const looks[] = {"one", "two"};
    int64_t order_id = next_id++;
    struct order_terms terms = {order_id, SQL("key-of-%lld", id), "{}", "shop", false, NULL, looks, looks, 2, NULL,
                                NULL};
    struct effect order = {.kind = EFFECT_ORDER_CREATE,
                           .order_create = {.order_id = order_id,
                                            .avatar_id = anna.avatar_id,
                                            .style_id = "creative",
                                            .price_kopecks = 50000,
                                            .photo_count = PHOTOS,
                                            .sets = 1}};
    db_result_free(run(deed_with(&anna, order, &terms)));
    clear_tasks();
    CHECK(create_payment(order_id));
    CHECK(settle(order_id, 50000, "RUB").job_id != 0);
    tell(SQL("DELETE FROM reference_photos WHERE avatar_id = %lld", id));
    tell(SQL("INSERT INTO reference_photos (avatar_id, image_url) VALUES (%lld, 'store:new')", id));
    static const char *const expected[] = {"store:old1\nstore:old2", "store:new"}; /* when 2, when 1 is enough */
    for (int enough = 2; enough >= 1; enough--) {
        struct db_unit *unit = db_unit_new();
        const char *name = SQL("worker-%d", enough);
        struct claim claim = {.worker = name, .token = name, .limit = 1, .lease_ms = 1000};
        int at = tasks_add_claim(unit, &arena, &claim, enough);
        struct db_result *result = run(unit);
        CHECK_INT(db_rows(result, at), 1);
        CHECK_TEXT(tasks_read_claimed(result, at, 0).references, expected[2 - enough]);
        db_result_free(result);
    }
}

/* ---- a block in the middle of an album ---- */

static const char *delivery_of(int64_t job_id, int index)
{
    return ask_text(
        SQL("SELECT delivery FROM photo_tasks WHERE job_id = %lld AND index = %d", (long long)job_id, index));
}

/* An album that went photo by photo is put back as a whole; what arrived of it is not sent again. */
static void test_put_back(void)
{
    struct customer anna = customer_new();
    int64_t job_id = job_new(&anna);
    struct photo_outcome photos[] = {{0, job_id, 3, "refused", 0, NULL, NULL}, {0, job_id, 0, "sent", 11, "p0", NULL},
                                     {0, job_id, 1, "sent", 12, "p1", NULL},   {0, job_id, 0, "none", 0, NULL, NULL},
                                     {0, job_id, 1, "none", 0, NULL, NULL},    {0, job_id, 2, "none", 0, NULL, NULL},
                                     {0, job_id, 3, "none", 0, NULL, NULL}};
    tell(SQL("UPDATE photo_tasks SET delivery = 'queued' WHERE job_id = %lld", (long long)job_id));
    for (int part = 0; part < 2; part++) { /* told in one turn, and the rest in another */
        struct db_unit *unit = db_unit_new();
        commit_add_outcomes(unit, &arena, 1,
                            &(struct outbox_outcomes){.photos = photos + part * 3, .photo_count = part == 0 ? 7 : 4});
        db_result_free(run(unit));
        CHECK_TEXT(delivery_of(job_id, 0), "sent");
        CHECK_TEXT(delivery_of(job_id, 1), "sent");
        CHECK_TEXT(delivery_of(job_id, 2), "none");
        CHECK_TEXT(delivery_of(job_id, 3), "refused");
        CHECK_INT(ask(SQL("SELECT message_id FROM photo_tasks WHERE job_id = %lld AND index = 1", (long long)job_id)),
                  12);
    }
}

/* The photo arrived, and its original as a file, before a turn told of either. */
static void test_both_ways(void)
{
    struct customer anna = customer_new();
    int64_t job_id = job_new(&anna);
    struct photo_outcome photos[] = {{0, job_id, 0, NULL, 0, NULL, "original"},
                                     {0, job_id, 0, "sent", 11, "photo", NULL},
                                     {0, job_id, 1, "sent", 12, "second", NULL},
                                     {0, job_id, 1, NULL, 0, NULL, "second original"}};
    struct db_unit *unit = db_unit_new();
    commit_add_outcomes(unit, &arena, 1, &(struct outbox_outcomes){.photos = photos, .photo_count = 4});
    db_result_free(run(unit));
    for (int index = 0; index < 2; index++)
        CHECK_TEXT(ask_text(SQL("SELECT delivery || ' ' || message_id || ' ' || photo_file_id || ' ' ||"
                                " document_file_id FROM photo_tasks WHERE job_id = %lld AND index = %d",
                                (long long)job_id, index)),
                   index == 0 ? "sent 11 photo original" : "sent 12 second second original");
}

/* ---- a contact that nobody can read ---- */

/* A payment's body is never made of one: that would be a bug to the daemon, and end it at every try. */
static void test_contact(void)
{
    static const char *const contacts[][2] = {{"a@b.ru", "a@b.ru"},
                                              {"+79161234567", "+79161234567"},
                                              {"8 (916) 123-45-67", "+79161234567"},
                                              {"nobody", NULL},
                                              {"", NULL}};
    for (size_t i = 0; i < sizeof contacts / sizeof contacts[0]; i++) {
        struct customer anna = customer_new();
        tell(SQL("INSERT INTO bot_users (user_id, receipt_contact) VALUES (%lld, '%s')", (long long)anna.user_id,
                 contacts[i][0]));
        const char *contact = loaded(anna.chat_id).user.contact;
        CHECK((contact == NULL) == (contacts[i][1] == NULL));
        if (contact != NULL)
            CHECK_TEXT(contact, contacts[i][1]);
    }
}

/* The contact that an order was made with stands in what YooKassa was asked. */
static void test_ordered_contact(void)
{
    static const char *const bodies[][2] = {
        {"{\"receipt\":{\"customer\":{\"email\":\"a@b.ru\"}}}", "a@b.ru"},
        {"{\"receipt\":{\"customer\":{\"phone\":\"79161234567\"}}}", "+79161234567"},
        {"{\"amount\":{}}", NULL}};
    struct customer anna = customer_new();
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        int64_t order_id = order_new(&anna);
        tell(SQL("UPDATE bot_payments SET body = '%s' WHERE order_id = %lld", bodies[i][0], (long long)order_id));
        tell("DELETE FROM bot_sessions");
        stand(&anna, "pay", 0, order_id);
        const char *contact = loaded(anna.chat_id).facts->order.contact;
        CHECK((contact == NULL) == (bodies[i][1] == NULL));
        if (contact != NULL)
            CHECK_TEXT(contact, bodies[i][1]);
        CHECK(create_payment(order_id)); /* it was not refused */
        CHECK(loaded(anna.chat_id).facts->order.contact == NULL);
    }
    tell("DELETE FROM bot_sessions");
}

/* ---- orders that are open ---- */

/* What can be paid, or is becoming so, of an avatar that is there; only of a chat that may order. */
static void test_open_orders(void)
{
    struct customer anna = customer_new(), boris = customer_new();
    int64_t creating = order_new(&anna), pending = order_new(&anna), refused = order_new(&anna);
    int64_t canceled = order_new(&anna), paid = order_new(&anna), orphan = order_new(&anna);
    (void)order_new(&boris);
    for (size_t i = 0; i < 4; i++)
        CHECK(create_payment((int64_t[]){pending, canceled, paid, orphan}[i]));
    CHECK(settle(paid, 50000, "RUB").job_id != 0);
    struct db_unit *unit = db_unit_new();
    (void)payments_add_given_up(unit, &arena, refused, PAYMENTS_REFUSED, PAYMENT_UNTOLD);
    db_result_free(run(unit));
    db_result_free(run(deed(&anna, (struct effect){.kind = EFFECT_ORDER_CANCEL, .order_cancel.order_id = canceled})));
    tell(SQL("UPDATE orders SET avatar_id = NULL WHERE id = %lld", (long long)orphan));
    tell(SQL("UPDATE bot_payments SET body = '{\"receipt\":{\"customer\":{\"phone\":\"7916\"}}}' WHERE order_id = %lld",
             (long long)pending));
    stand(&anna, "checkout", 0, 0);
    const struct orders *open = &loaded(anna.chat_id).facts->open;
    CHECK_INT(open->count, 2);
    CHECK(open->list[0].id == creating && open->list[0].link == NULL && open->list[0].contact == NULL);
    CHECK(open->list[1].id == pending && open->list[1].link_until_ms == 5 && open->list[1].status == ORDER_AWAITING);
    CHECK_INT(open->list[1].price_kopecks, 50000);
    CHECK_TEXT(open->list[1].contact, "+7916");
    for (int i = 0; i < CHAT_OPEN_MAX; i++)
        pending = order_new(&anna);
    open = &loaded(anna.chat_id).facts->open;
    CHECK_INT(open->count, CHAT_OPEN_MAX);
    CHECK_INT(open->list[CHAT_OPEN_MAX - 1].id, pending); /* the newest */
    tell("DELETE FROM bot_sessions");
}

/* ---- the picture on a card ---- */

static const char *card_of(const struct customer *customer, int64_t object)
{
    return loaded_for(customer->chat_id, object).facts->avatars.list[0].thumbnail;
}

static void send(const struct customer *customer, const char *file_id, bool as_photo)
{
    struct event_file file = {.file_id = file_id, .file_unique_id = file_id, .as_photo = as_photo};
    int64_t id = next_id++;
    db_result_free(run(deed(customer, (struct effect){.kind = EFFECT_PHOTO_ADD,
                                                      .photo_add = {id, customer->avatar_id, (int32_t)id, &file}})));
    (void)ask_text(
        SQL("SELECT final FROM photo_examined(%lld, 'good', NULL, '{}', 'store:%s')", (long long)id, file_id));
}

/* The first photo that was sent as one, for a file can't be shown as a photo; then the newest that was delivered. Only
 * of the avatar that may be shown: the session's, or the one that a button names. */
static void test_thumbnail(void)
{
    struct customer anna = customer_new(), boris = customer_new();
    CHECK(card_of(&anna, anna.avatar_id) == NULL);
    send(&anna, "document", false);
    CHECK(card_of(&anna, anna.avatar_id) == NULL);
    send(&anna, "first", true);
    send(&anna, "second", true);
    CHECK_TEXT(card_of(&anna, anna.avatar_id), "first");
    CHECK(card_of(&anna, 0) == NULL && card_of(&boris, anna.avatar_id) == NULL);
    stand(&anna, "card", anna.avatar_id, 0);
    CHECK_TEXT(card_of(&anna, 0), "first");
    int64_t jobs[] = {job_new(&anna), job_new(&anna)};
    CHECK_TEXT(card_of(&anna, 0), "first");
    for (size_t i = 0; i < 2; i++)
        tell(SQL("UPDATE photo_tasks SET photo_file_id = 'made%zu-' || index WHERE index < 5 AND job_id = %lld", i,
                 (long long)jobs[i]));
    CHECK_TEXT(card_of(&anna, 0), "made1-4");
    tell("DELETE FROM bot_sessions");
}

/* ---- newcomers ---- */

/* The web application unlinked a Telegram account: its row keeps the device id that the next registration would take.
 */
static void test_unlinked(void)
{
    struct customer anna = customer_new();
    int64_t new_id = ask("SELECT nextval('users_id_seq')");
    tell(SQL("UPDATE users SET telegram_user_id = NULL WHERE id = %lld", (long long)anna.user_id));
    CHECK_INT(loaded(anna.chat_id).user.id, 0);
    struct customer again = {.chat_id = anna.chat_id, .user_id = new_id};
    db_result_free(run(deed(&again, (struct effect){.kind = EFFECT_REGISTER, .register_user.user_id = new_id})));
    CHECK_INT(loaded(anna.chat_id).user.id, new_id);
    CHECK_INT(ask(SQL("SELECT count(*) FROM users WHERE id = %lld AND device_id = 'tg:%lld'", (long long)anna.user_id,
                      (long long)anna.chat_id)),
              1);
    struct customer boris = {.chat_id = next_id++, .user_id = ask("SELECT nextval('users_id_seq')")};
    db_result_free(run(deed(&boris, (struct effect){.kind = EFFECT_REGISTER, .register_user.user_id = boris.user_id})));
    CHECK_TEXT(ask_text(SQL("SELECT device_id FROM users WHERE id = %lld", (long long)boris.user_id)),
               SQL("tg:%lld", (long long)boris.chat_id));
}

int main(void)
{
    begin("fotoset_test_neighbours");
    test_paid_while_deleting();
    test_paid_at_once_with_deleting();
    test_deleted_while_made();
    test_other_photos();
    test_cleared_before_paid();
    test_put_back();
    test_both_ways();
    test_contact();
    test_ordered_contact();
    test_open_orders();
    test_thumbnail();
    test_unlinked();
    end();
    return 0;
}
