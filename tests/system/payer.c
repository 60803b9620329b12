/* The state machine of one payer: one case a step, as in user.c. A press that came to nothing (its button was edited
 * away, or was an old one) is made up for as a person would: after a while the set is chosen again. */
#include "tests/system/payer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "tests/system/chat.h"
#include "tests/system/money.h"

enum {
    POLL_MS = 20000,
    LINE_BYTES = 256,
    NEWEST = 12,             /* messages among which a button is looked for */
    IMPATIENT_MS = 6 * 1000, /* … for an answer */
    LINK_MS = 20 * 1000,
    PAUSE_MS = 2500,
    TELLS = 3,
    TELL_MS = 700,
    LOOK_MS = 200 /* when nothing is new */
};

#define CHECKOUT "/checkout/"

const char *payer_deed_name(enum payer_deed deed)
{
#define X(name, weight, chore) #name,
    static const char *const names[] = {PAYER_DEEDS(X)};
#undef X
    return names[deed];
}

static int weights[PAYER_DEED_COUNT]; /* 0: it is not done */

void payer_know(struct steps *steps)
{
#define X(name, weight, chore) {weight, chore},
    static const struct {
        int weight;
        const char *chore;
    } deeds[] = {PAYER_DEEDS(X)};
#undef X
    for (int i = 0; i < PAYER_DEED_COUNT; i++) {
        char step[STEP_NAME_BYTES];
        (void)snprintf(step, sizeof step, "%s.before_call", deeds[i].chore);
        weights[i] = deeds[i].chore[0] == '\0' || steps_named(steps, step) != NULL ? deeds[i].weight : 0;
    }
}

static enum payer_deed roll_deed(struct payer *payer)
{
    int64_t all = 0, rolled;
    int deed = 0;
    for (int i = 0; i < PAYER_DEED_COUNT; i++)
        all += weights[i];
    for (rolled = dice_roll(&payer->dice, all); rolled >= weights[deed]; deed++)
        rolled -= weights[deed];
    return (enum payer_deed)deed;
}

/* ---- accounts ---- */

static void sql(struct world *world, const char *statement)
{
    db_result_free(world_sql(world, statement));
}

void payer_furnish(struct world *world, int64_t first_id, int count)
{
    struct arena arena;
    arena_init(&arena);
    sql(world, arena_format(&arena,
                            "INSERT INTO users (device_id, telegram_user_id) SELECT 'tg:' || n, n"
                            " FROM generate_series(%" PRId64 "::bigint, %" PRId64 ") n",
                            first_id, first_id + count - 1));
    sql(world, "INSERT INTO bot_users (user_id, consent_version, consent_at, data_consent_version, data_consent_at,"
               " receipt_contact) SELECT id, 1, now(), 1, now(), 'p' || id || '@mail.ru' FROM users u"
               " WHERE NOT EXISTS (SELECT 1 FROM bot_users b WHERE b.user_id = u.id)");
    sql(world, arena_format(&arena,
                            "INSERT INTO avatars (user_id, name, status) SELECT id, 'Anna ' || n, 'ready' FROM users u,"
                            " generate_series(1, %d) n WHERE NOT EXISTS (SELECT 1 FROM avatars a"
                            " WHERE a.user_id = u.id)",
                            PAYER_AVATARS));
    sql(world, "INSERT INTO reference_photos (avatar_id, image_url) SELECT id, 'store:' ||"
               " encode(sha256(id::text::bytea), 'hex') FROM avatars a"
               " WHERE NOT EXISTS (SELECT 1 FROM reference_photos r WHERE r.avatar_id = a.id)");
    arena_done(&arena);
}

static void find_avatars(struct payer *payer)
{
    struct arena arena;
    arena_init(&arena);
    struct db_result *rows = world_sql(payer->world,
                                       arena_format(&arena,
                                                    "SELECT a.id FROM avatars a JOIN users u ON u.id = a.user_id"
                                                    " WHERE telegram_user_id = %" PRId64 " ORDER BY a.id",
                                                    payer->id));
    for (int row = 0; row < db_rows(rows, 0) && row < PAYER_AVATARS; row++)
        payer->avatars[row] = db_int64(rows, 0, row, 0);
    db_result_free(rows);
    arena_done(&arena);
}

void payer_begin(struct payer *payer, struct world *world, int64_t id, uint64_t seed)
{
    *payer = (struct payer){.world = world,
                            .id = id,
                            .dice = dice_new(seed * 1000003U + (uint64_t)id),
                            .since_ms = net_now_ms(),
                            .version = -1,
                            .orders_left = PAYER_ORDERS};
    json_object_put(net_post(world->net, "/api/users",
                             "{\"id\":%" PRId64 ",\"first_name\":\"Payer\",\"language_code\":\"ru\"}", id));
    find_avatars(payer);
}

void payer_end(struct payer *payer)
{
    json_object_put(payer->chat);
    payer->chat = NULL;
}

/* ---- deeds ---- */

static void enter(struct payer *payer, enum payer_step step)
{
    payer->step = step;
    payer->since_ms = net_now_ms();
}

static void acted(void *context, long status, struct json_object *body)
{
    struct payer *payer = context;
    (void)body;
    payer->acting = false;
    payer->looked_ms = 0;
    if (status != 200)
        payer->pressed[0] = '\0';
    if (status == 200)
        enter(payer, payer->next);
    else if (payer->otherwise != payer->step)
        enter(payer, payer->otherwise);
}

/* Paid, declined, or over before: its link may still stand in the chat. */
static void left_checkout(void *context, long status, struct json_object *body)
{
    struct payer *payer = context;
    memcpy(payer->spent[payer->spent_count++ % PAYER_SPENT], payer->payment, PAYER_ID_BYTES);
    acted(context, status, body);
}

static void paid(void *context, long status, struct json_object *body)
{
    struct payer *payer = context;
    payer->paid += status == 200;
    if (status == 200 && payer->deed == PAYER_LATE)
        money_plant(payer->world, payer->payment, "late");
    left_checkout(context, status, body);
}

static bool is_spent(const struct payer *payer, const char *id)
{
    for (int i = 0; i < PAYER_SPENT; i++)
        if (strncmp(payer->spent[i], id, PAYER_ID_BYTES) == 0)
            return true;
    return false;
}

static void act(struct payer *payer, enum payer_step next, enum payer_step otherwise, const char *path,
                const char *body, net_done_fn *done)
{
    payer->acting = true;
    payer->next = next;
    payer->otherwise = otherwise;
    net_ask(payer->world->net, path, body, done, payer);
}

static void in_chat(struct payer *payer, enum payer_step next, const char *deed, const char *body)
{
    char path[LINE_BYTES];
    (void)snprintf(path, sizeof path, "/api/chats/%" PRId64 "/%s", payer->id, deed);
    act(payer, next, payer->step, path, body, acted);
}

static void press(struct payer *payer, int64_t message_id, const char *data, int times, enum payer_step next)
{
    char body[LINE_BYTES];
    if (next == payer->step && strcmp(payer->pressed, data) == 0)
        return;
    (void)snprintf(payer->pressed, sizeof payer->pressed, "%s", data);
    payer->pressed_ms = net_now_ms();
    (void)snprintf(body, sizeof body, "{\"message_id\":%" PRId64 ",\"data\":\"%s\",\"repeat\":%d,\"force\":true}",
                   message_id, data, times);
    in_chat(payer, next, "press", body);
}

static void at_checkout(struct payer *payer, const char *deed, const char *body, enum payer_step next,
                        net_done_fn *done)
{
    char path[LINE_BYTES];
    (void)snprintf(path, sizeof path, "/api/payments/%s/%s", payer->payment, deed);
    act(payer, next, payer->is_deleted ? PAYER_DONE : PAYER_CHOOSE, path, body, done);
}

/* ---- the chat ---- */

static size_t count_messages(const struct payer *payer)
{
    return payer->chat == NULL ? 0 : json_object_array_length(chat_messages(payer->chat));
}

static int64_t id_of(struct json_object *message)
{
    struct json_object *value = NULL;
    return json_object_object_get_ex(message, "message_id", &value) ? json_object_get_int64(value) : 0;
}

/* The newest message with this button; false if there is none. */
static bool find(const struct payer *payer, const char *state, const char *action, struct screen *ret_screen,
                 const char **ret_data)
{
    size_t count = count_messages(payer);
    for (size_t i = count; i > 0 && i + NEWEST > count; i--) {
        struct json_object *message = json_object_array_get_idx(chat_messages(payer->chat), i - 1);
        struct screen screen = chat_screen(payer->chat, id_of(message));
        const char *data = screen.buttons == NULL ? NULL : chat_button(&screen, state, action);
        if (data == NULL)
            continue;
        *ret_screen = screen;
        *ret_data = data;
        return true;
    }
    return false;
}

static int64_t newest_id(const struct payer *payer)
{
    size_t count = count_messages(payer);
    return count == 0 ? 0 : id_of(json_object_array_get_idx(chat_messages(payer->chat), count - 1));
}

/* There is something new of the bot's since it was paid. */
static bool has_heard(const struct payer *payer)
{
    size_t count = count_messages(payer);
    for (size_t i = count; i > 0; i--) {
        struct json_object *message = json_object_array_get_idx(chat_messages(payer->chat), i - 1);
        if (id_of(message) <= payer->heard_id)
            return false;
        if (strcmp(chat_field(message, "from"), "bot") == 0)
            return true;
    }
    return false;
}

/* ---- one step after the other ---- */

static void choose_set(struct payer *payer, bool may_order)
{
    char data[64];
    int64_t message_id = newest_id(payer);
    payer->avatar = (int)dice_roll(&payer->dice, PAYER_AVATARS);
    for (int i = 0; i < PAYER_AVATARS && payer->avatars[payer->avatar] == 0; i++)
        payer->avatar = (payer->avatar + 1) % PAYER_AVATARS;
    if (!may_order || payer->orders_left == 0 || payer->avatars[payer->avatar] == 0) {
        enter(payer, PAYER_DONE);
        return;
    }
    if (message_id == 0)
        return;
    payer->orders_left--;
    payer->pressed[0] = '\0';
    (void)snprintf(data, sizeof data, "*:0:style:%" PRId64, payer->avatars[payer->avatar]);
    press(payer, message_id, data, 1, PAYER_STYLE);
}

/* Any of the styles, as if the person had leafed to it. */
static void choose_style(struct payer *payer)
{
    struct screen screen;
    const char *shown = NULL;
    char data[64];
    if (!find(payer, "style", "choose", &screen, &shown))
        return;
    (void)snprintf(data, sizeof data, "%.*s%" PRId64, (int)(strrchr(shown, ':') - shown) + 1, shown,
                   dice_roll(&payer->dice, WORLD_SMALL_STYLES));
    press(payer, screen.message_id, data, 1, PAYER_CHECKOUT);
}

static bool order(struct payer *payer)
{
    struct screen screen;
    const char *data = NULL;
    if (!find(payer, "checkout", "order", &screen, &data) || strcmp(data, payer->ordered) == 0)
        return false;
    (void)snprintf(payer->ordered, sizeof payer->ordered, "%s", data);
    payer->presses++;
    press(payer, screen.message_id, data, 1 + (int)dice_roll(&payer->dice, 3), PAYER_LINK);
    return true;
}

static void pay(struct payer *payer)
{
    static const char *const ways[] = {"{}", "{\"card\":\"2200000000000004\"}", "{\"card\":\"2202474301322987\"}",
                                       "{\"method\":\"sbp\"}", "{\"method\":\"yoo_money\"}"};
    payer->heard_id = newest_id(payer);
    payer->tells = 0;
    payer->is_told = false;
    payer->not_before_ms = net_now_ms() + dice_roll(&payer->dice, PAUSE_MS);
    at_checkout(payer, "pay", ways[dice_roll(&payer->dice, sizeof ways / sizeof ways[0])], PAYER_PAID, paid);
}

static void decline(struct payer *payer)
{
    static const char *const why[] = {"{\"reason\":\"insufficient_funds\"}", "{\"reason\":\"3d_secure_failed\"}",
                                      "{\"reason\":\"general_decline\"}", "{\"reason\":\"card_expired\"}"};
    at_checkout(payer, "decline", why[dice_roll(&payer->dice, sizeof why / sizeof why[0])], PAYER_REFUSED,
                left_checkout);
}

/* Presses this button, if it is still there, and goes on. */
static void press_and(struct payer *payer, const char *state, const char *action, int times, enum payer_step next)
{
    struct screen screen;
    const char *data = NULL;
    payer->not_before_ms = net_now_ms() + dice_roll(&payer->dice, PAUSE_MS);
    if (find(payer, state, action, &screen, &data))
        press(payer, screen.message_id, data, times, next);
    else
        enter(payer, next);
}

/* As the web application does, which knows nothing of the bot's tables. */
static void lose_avatar(struct payer *payer)
{
    int64_t avatar = world_int(payer->world,
                               "DELETE FROM avatars WHERE id = (SELECT o.avatar_id FROM orders o JOIN bot_payments p"
                               " ON p.order_id = o.id WHERE p.outside_id = '%s') RETURNING id",
                               payer->payment);
    for (int i = 0; i < PAYER_AVATARS; i++)
        if (payer->avatars[i] == avatar)
            payer->avatars[i] = 0;
}

static void lose_account(struct payer *payer)
{
    (void)world_int(payer->world, "DELETE FROM users WHERE telegram_user_id = %" PRId64, payer->id);
    payer->is_deleted = true;
}

/* As if another sum, another shop's or no real money came: what was asked is changed, and noted for who looks later. */
static void mismatch(struct payer *payer)
{
    static const char *const how[][2] = {
        {"sum", "asked = asked + 1"}, {"shop", "shop = '1'"}, {"test", "test = FALSE"}};
    size_t at = (size_t)dice_roll(&payer->dice, sizeof how / sizeof how[0]);
    if (world_int(payer->world, "UPDATE bot_payments SET %s WHERE outside_id = '%s' AND state = 'pending' RETURNING id",
                  how[at][1], payer->payment) > 0)
        money_plant(payer->world, payer->payment, how[at][0]);
}

static void do_deed(struct payer *payer)
{
    switch (payer->deed) {
    case PAYER_PAY:
    case PAYER_PAY_AND_TELL:
    case PAYER_LOSE_AT_ONCE: pay(payer); break;
    case PAYER_TELL_AND_PAY: press_and(payer, "pay", "paid", 3, PAYER_READY); break;
    case PAYER_GO_AND_PAY: press_and(payer, "*", "menu", 1, PAYER_READY); break;
    case PAYER_CANCEL_AND_PAY: press_and(payer, "pay", "cancel", 1, PAYER_READY); break;
    case PAYER_DECLINE:
    case PAYER_LATE: decline(payer); break;
    case PAYER_LEAVE: enter(payer, PAYER_CHOOSE); break;
    case PAYER_CANCEL: press_and(payer, "pay", "cancel", 1, PAYER_CHOOSE); break;
    case PAYER_LOSE_AVATAR:
        lose_avatar(payer);
        pay(payer);
        break;
    case PAYER_LOSE_ACCOUNT:
        lose_account(payer);
        pay(payer);
        break;
    case PAYER_MISMATCH:
        mismatch(payer);
        pay(payer);
        break;
    case PAYER_DEED_COUNT: break;
    }
}

/* Of the newest link that is not over; false if there is none. */
static bool find_payment(struct payer *payer)
{
    size_t count = count_messages(payer);
    for (size_t i = count; i > 0 && i + NEWEST > count; i--) {
        char found[PAYER_ID_BYTES];
        struct json_object *message = json_object_array_get_idx(chat_messages(payer->chat), i - 1);
        struct screen screen = chat_screen(payer->chat, id_of(message));
        bool is_pay = screen.buttons != NULL && chat_button(&screen, "pay", "paid") != NULL;
        const char *link = is_pay ? chat_link(&screen) : NULL, *id = link == NULL ? NULL : strstr(link, CHECKOUT);
        if (id == NULL)
            continue;
        id += strlen(CHECKOUT);
        (void)snprintf(found, sizeof found, "%.*s", (int)strcspn(id, "?/"), id);
        if (is_spent(payer, found))
            continue;
        memcpy(payer->payment, found, sizeof found);
        return true;
    }
    return false;
}

static void take_link(struct payer *payer)
{
    if (order(payer)) /* there could not be one, or its time is over */
        return;
    if (!find_payment(payer))
        return;
    payer->deed = roll_deed(payer);
    payer->by_deed[payer->deed]++;
    do_deed(payer);
}

static void await_news(struct payer *payer)
{
    struct screen screen;
    const char *data = NULL;
    int64_t now_ms = net_now_ms();
    if (payer->deed == PAYER_LOSE_AT_ONCE && !payer->is_deleted && now_ms >= payer->not_before_ms)
        lose_account(payer);
    if (payer->is_told && has_heard(payer))
        enter(payer, payer->is_deleted ? PAYER_DONE : PAYER_CHOOSE);
    else if (payer->deed == PAYER_PAY_AND_TELL && payer->tells < TELLS && now_ms - payer->pressed_ms > TELL_MS &&
             find(payer, "pay", "paid", &screen, &data)) {
        payer->pressed[0] = '\0';
        payer->tells++;
        press(payer, screen.message_id, data, 2, PAYER_PAID);
    }
}

/* Orders again; but what comes late comes now, and nobody waits for it. */
static void go_on_refused(struct payer *payer)
{
    struct screen screen;
    const char *data = NULL;
    if (payer->deed != PAYER_LATE)
        (void)order(payer);
    else if (find(payer, "checkout", "order", &screen, &data) && strcmp(data, payer->ordered) != 0)
        at_checkout(payer, "pay", "{\"force\":true}", PAYER_CHOOSE, paid);
}

static void go_on(struct payer *payer, bool may_order)
{
    int64_t waited_ms = net_now_ms() - payer->since_ms;
    switch (payer->step) {
    case PAYER_START: in_chat(payer, PAYER_CHOOSE, "text", "{\"text\":\"/start\"}"); break;
    case PAYER_CHOOSE: choose_set(payer, may_order); break;
    case PAYER_STYLE: choose_style(payer); break;
    case PAYER_CHECKOUT: (void)order(payer); break;
    case PAYER_LINK: take_link(payer); break;
    case PAYER_READY:
        if (net_now_ms() >= payer->not_before_ms)
            pay(payer);
        break;
    case PAYER_REFUSED: go_on_refused(payer); break;
    case PAYER_PAID: await_news(payer); break;
    case PAYER_DONE: break;
    }
    bool is_asked = payer->step == PAYER_STYLE || payer->step == PAYER_CHECKOUT || payer->step == PAYER_REFUSED;
    if (!payer->acting &&
        ((is_asked && waited_ms > IMPATIENT_MS) || (payer->step == PAYER_LINK && waited_ms > LINK_MS)))
        enter(payer, PAYER_CHOOSE);
}

static void looked(void *context, long status, struct json_object *body)
{
    struct payer *payer = context;
    struct json_object *version = NULL;
    payer->asking = false;
    if (status != 200 || body == NULL)
        return;
    (void)json_object_object_get_ex(body, "version", &version);
    payer->version = json_object_get_int64(version);
    if (chat_messages(body) == NULL)
        return; /* nothing new */
    json_object_put(payer->chat);
    payer->chat = json_object_get(body);
    payer->looked_ms = 0;
}

void payer_run(struct payer *payer, bool may_order)
{
    char path[LINE_BYTES];
    int64_t now_ms = net_now_ms();
    if (!payer->acting && payer->step != PAYER_DONE && now_ms - payer->looked_ms >= LOOK_MS) {
        payer->looked_ms = now_ms;
        go_on(payer, may_order);
    }
    if (payer->asking || payer->step == PAYER_DONE)
        return;
    payer->asking = true;
    (void)snprintf(path, sizeof path, "/api/chats/%" PRId64 "?version=%" PRId64 "&wait_ms=%d", payer->id,
                   payer->version, POLL_MS);
    net_ask(payer->world->net, path, NULL, looked, payer);
}

void payer_ask_told(struct world *world, struct payer *payers, int first, int end)
{
    struct arena arena;
    const char *ids = "", *comma = "";
    arena_init(&arena);
    for (int i = first; i < end; i++)
        if (payers[i].step == PAYER_PAID) {
            ids = arena_format(&arena, "%s%s'%s'", ids, comma, payers[i].payment);
            comma = ",";
        }
    struct db_result *rows = world_sql(
        world, arena_format(&arena,
                            "SELECT p.outside_id FROM bot_payments p WHERE p.outside_id = ANY (ARRAY[%s]::text[])"
                            " AND p.state = 'succeeded' AND NOT EXISTS (SELECT 1 FROM bot_news n"
                            " WHERE n.kind = 'payment_settled' AND n.object = p.order_id)",
                            ids));
    for (int i = first; i < end; i++)
        for (int row = 0; row < db_rows(rows, 0) && payers[i].step == PAYER_PAID && !payers[i].is_told; row++)
            payers[i].is_told = strcmp(payers[i].payment, db_text(rows, 0, row, 0)) == 0;
    db_result_free(rows);
    arena_done(&arena);
}

void payer_fail_if_stuck(struct payer *payer, int64_t limit_ms)
{
    if (payer->step == PAYER_DONE || net_now_ms() - payer->since_ms < limit_ms)
        return;
    (void)fprintf(stderr, "the chat: %s\n", json_object_to_json_string(payer->chat));
    world_fail(payer->world, "payer %" PRId64 " waits in vain at step %d, payment %s (%s)", payer->id, (int)payer->step,
               payer->payment, payer_deed_name(payer->deed));
}
