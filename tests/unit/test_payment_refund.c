/* The chore of refunds at work: a real engine, HTTP and Postgres, and a YooKassa that does as it is told. What is asked
 * of it, with which key, after whatever answer; what stands in the rows then. Run by tests/postgres run, which sets
 * FOTOSET_TEST_CONNINFO. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bot/chores/payment_refund.h"
#include "bot/services/http/http.h"
#include "core/refund.h"
#include "tests/unit/chores.h"

enum { REQUEST_BYTES = 8192, REQUESTS_MAX = 16, SCRIPT_MAX = 8, SOON_MS = 300, SILENT_MS = 200 };

/* What the other side does with a request. */
enum deed {
    DO_IT,      /* succeeded */
    LATER,      /* pending */
    NO_FUNDS,   /* canceled, and may be done later */
    NO_ACCOUNT, /* canceled for good */
    REFUSE,     /* 400 */
    DENY,       /* 401 */
    FAIL,       /* 500 */
    HANG_UP,
    OTHER_SUM, /* succeeded, of another sum */
    LIST_IT,   /* the list has it, succeeded */
    LIST_NONE
};

static struct shared {
    enum deed script[SCRIPT_MAX]; /* for the requests in turn; the last one for all that follow */
    int count;
    char requests[REQUESTS_MAX][REQUEST_BYTES];
    char refund[REQUEST_BYTES]; /* the body of the last one that was asked for */
} * shared;

/* ---- the other side ---- */

static void answer(int fd, const char *status, const char *body)
{
    (void)dprintf(fd, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", status, strlen(body), body);
}

/* The text of a field of what was asked, wherever it stands. */
static const char *field(const char *name, char ret_text[64])
{
    char key[32];
    (void)snprintf(key, sizeof key, "\"%s\":\"", name);
    const char *at = strstr(shared->refund, key);
    if (at == NULL)
        (void)snprintf(ret_text, 64, "nothing");
    else
        (void)snprintf(ret_text, 64, "%.*s", (int)strcspn(at + strlen(key), "\""), at + strlen(key));
    return ret_text;
}

static void tell_refund(char *ret_text, size_t bytes, const char *status, const char *more, bool as_asked)
{
    char payment[64], value[64], refund[64], attempt[64];
    (void)snprintf(ret_text, bytes,
                   "{\"id\":\"refund-%s-%s\",\"payment_id\":\"%s\",\"status\":\"%s\"%s,\"amount\":{\"value\":\"%s\","
                   "\"currency\":\"RUB\"},\"metadata\":{\"refund_id\":\"%s\",\"attempt\":\"%s\"}}",
                   field("refund_id", refund), field("attempt", attempt), field("payment_id", payment), status, more,
                   as_asked ? field("value", value) : "1.00", refund, attempt);
}

static void serve_refund(int fd, const char *status, const char *more, bool as_asked)
{
    char text[1024];
    tell_refund(text, sizeof text, status, more, as_asked);
    answer(fd, "200 OK", text);
}

static void serve_list(int fd)
{
    char one[1024], list[1200];
    tell_refund(one, sizeof one, "succeeded", "", true);
    (void)snprintf(list, sizeof list, "{\"type\":\"list\",\"items\":[%s]}", one);
    answer(fd, "200 OK", list);
}

static void serve(int fd, enum deed deed)
{
    switch (deed) {
    case DO_IT: serve_refund(fd, "succeeded", "", true); return;
    case LATER: serve_refund(fd, "pending", "", true); return;
    case NO_FUNDS:
        serve_refund(fd, "canceled", ",\"cancellation_details\":{\"reason\":\"insufficient_funds\"}", true);
        return;
    case NO_ACCOUNT:
        serve_refund(fd, "canceled", ",\"cancellation_details\":{\"reason\":\"yoo_money_account_closed\"}", true);
        return;
    case REFUSE: answer(fd, "400 Bad Request", "{\"type\":\"error\",\"code\":\"invalid_request\"}"); return;
    case DENY: answer(fd, "401 Unauthorized", "{\"type\":\"error\",\"code\":\"invalid_credentials\"}"); return;
    case FAIL: answer(fd, "500 Internal Server Error", ""); return;
    case OTHER_SUM: serve_refund(fd, "succeeded", "", false); return;
    case LIST_IT: serve_list(fd); return;
    case LIST_NONE: answer(fd, "200 OK", "{\"type\":\"list\",\"items\":[]}"); return;
    case HANG_UP: return;
    }
}

static void serve_one(int fd)
{
    static char text[REQUEST_BYTES];
    size_t used = 0;
    const char *end = NULL;
    for (;;) {
        ssize_t got = read(fd, text + used, sizeof text - 1 - used);
        if (got <= 0)
            return;
        used += (size_t)got;
        text[used] = '\0';
        const char *length = strstr(text, "Content-Length: ");
        end = strstr(text, "\r\n\r\n");
        if (end != NULL && used >= (size_t)(end + 4 - text) + (length == NULL ? 0 : strtoul(length + 16, NULL, 10)))
            break;
    }
    memcpy(shared->requests[shared->count % REQUESTS_MAX], text, used + 1);
    if (strncmp(text, "POST", 4) == 0)
        (void)snprintf(shared->refund, sizeof shared->refund, "%s", end + 4);
    int at = shared->count++;
    serve(fd, shared->script[at < SCRIPT_MAX ? at : SCRIPT_MAX - 1]);
}

static pid_t start_server(char *ret_url, size_t bytes)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    CHECK_INT(bind(listener, (struct sockaddr *)&address, length), 0);
    CHECK_INT(listen(listener, 64), 0);
    CHECK_INT(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    (void)snprintf(ret_url, bytes, "http://127.0.0.1:%d", ntohs(address.sin_port));
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        CHECK_INT(prctl(PR_SET_PDEATHSIG, SIGKILL), 0);
        for (;;) {
            int fd = accept(listener, NULL, NULL);
            serve_one(fd);
            (void)close(fd);
        }
    }
    (void)close(listener);
    return pid;
}

/* ---- our side ---- */

static struct {
    struct http *http;
    struct yookassa *yookassa;
    struct timers *timers;
    struct mailbox *mailbox;
    struct engine *engine;
    struct payment_refund *refund;
    struct clock clock;
    struct stop stop;
} shop;

static void go_round(void)
{
    struct timespec now;
    struct http_fd fds[1];
    size_t count = 0;
    if (db_fd(db) >= 0)
        fds[count++] = (struct http_fd){.fd = db_fd(db), .want_read = true};
    http_poll(shop.http, fds, count, 5);
    CHECK_INT(clock_gettime(CLOCK_REALTIME, &now), 0);
    shop.clock.unix_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    shop.clock.mono_ms = now_ms();
    db_ready(db, (short)(POLLIN | db_events(db)), shop.clock.mono_ms);
    http_perform(shop.http, shop.clock.mono_ms);
    timers_run(shop.timers, shop.clock.unix_ms, 100);
}

static void open_shop(const char *url)
{
    shop.http = http_new(&(struct http_config){.allow_plain_http = true});
    shop.yookassa = yookassa_new(shop.http,
                                 &(struct yookassa_config){.api_url = url, .shop_id = "1", .secret = "test_secret"});
    shop.timers = timers_new();
    shop.mailbox = mailbox_new();
    shop.engine = engine_new(&(struct engine_ports){.db = db,
                                                    .timers = shop.timers,
                                                    .mailbox = shop.mailbox,
                                                    .clock = &shop.clock,
                                                    .stop = &shop.stop,
                                                    .worker = "worker"});
    shop.refund = payment_refund_new(&(struct payment_refund_ports){
        .engine = shop.engine, .db = db, .yookassa = shop.yookassa, .mailbox = shop.mailbox});
    go_round();
    engine_open(shop.engine, CHORE_PAYMENT_REFUND);
}

static void close_shop(void)
{
    shop.stop.asked = true;
    yookassa_free(shop.yookassa);
    http_free(shop.http);
    engine_free(shop.engine);
    payment_refund_free(shop.refund);
    timers_free(shop.timers);
    mailbox_free(shop.mailbox);
}

/* ---- a refund ---- */

static int64_t payment_number(int64_t order_id)
{
    return ask(SQL("SELECT id FROM bot_payments WHERE order_id = %lld", (long long)order_id));
}

/* A paid order's number, with a receipt. */
static int64_t paid_order(const struct customer *customer)
{
    int64_t order_id = order_new(customer);
    tell(SQL("UPDATE bot_payments SET body = '{\"amount\":{\"value\":\"500.00\",\"currency\":\"RUB\"},\"receipt\":"
             "{\"customer\":{\"email\":\"a@b.ru\"},\"items\":[{\"description\":\"Set\",\"quantity\":1,\"amount\":"
             "{\"value\":\"500.00\",\"currency\":\"RUB\"},\"vat_code\":1,\"payment_subject\":\"service\"}]}}'"
             " WHERE order_id = %lld",
             (long long)order_id));
    CHECK(create_payment(order_id));
    CHECK(settle(order_id, 50000, "RUB").job_id != 0);
    return order_id;
}

/* "state amount attempt reason" */
static const char *row_of(int64_t refund)
{
    return ask_text(SQL("SELECT concat_ws(' ', state, amount, attempt, reason) FROM bot_refunds WHERE id = %lld",
                        (long long)refund));
}

static int64_t news_of(const struct customer *customer, const char *kind)
{
    return ask(SQL("SELECT count(*) FROM bot_news WHERE chat_id = %lld AND kind = 'refund_%s'",
                   (long long)customer->chat_id, kind));
}

/* What is asked, as the last word for all that follows the script. */
static void script(enum deed first, enum deed second, enum deed rest)
{
    shared->count = 0;
    shared->script[0] = first;
    shared->script[1] = second;
    for (int i = 2; i < SCRIPT_MAX; i++)
        shared->script[i] = rest;
}

static int64_t owe(int64_t order_id, const char *why, const char *amount)
{
    return ask(SQL("INSERT INTO bot_refunds (payment_id, why, amount) VALUES (%lld, '%s', %s) RETURNING id",
                   (long long)payment_number(order_id), why, amount));
}

/* Everything that waits is due. */
static void hurry(void)
{
    tell("UPDATE errands SET not_before = now() WHERE chore = 'payment_refund' AND state = 'waiting'");
    engine_wake(shop.engine, CHORE_PAYMENT_REFUND, 0);
}

/* … until the row is so. */
static void work_until(int64_t refund, const char *want)
{
    int64_t until_ms = now_ms() + WAIT_MS;
    while (strcmp(row_of(refund), want) != 0 || engine_busy(shop.engine) > 0) {
        if (now_ms() > until_ms)
            fprintf(stderr, "%s, and not %s\n", row_of(refund), want);
        CHECK(now_ms() < until_ms);
        if (engine_busy(shop.engine) == 0)
            hurry();
        go_round();
    }
}

static void work_on(int64_t for_ms)
{
    for (int64_t until_ms = now_ms() + for_ms; now_ms() < until_ms;)
        go_round();
}

/* Of the n-th request: its key. */
static const char *key_of(int request)
{
    const char *at = strstr(shared->requests[request], "Idempotence-Key: ");
    return at == NULL ? "" : SQL("%.*s", (int)strcspn(at + 17, "\r"), at + 17);
}

static bool asked_for(int request, const char *what)
{
    return strncmp(shared->requests[request], what, strlen(what)) == 0;
}

static bool asked_with(int request, const char *words)
{
    return strstr(shared->requests[request], words) != NULL;
}

static int64_t errands(void)
{
    return ask("SELECT count(*) FROM errands WHERE chore = 'payment_refund'");
}

/* ---- the tests ---- */

/* Asked for once, with the payment's own receipt, of the refund's sum. */
static void test_share(const struct customer *anna)
{
    int64_t order_id = paid_order(anna);
    script(DO_IT, DO_IT, DO_IT);
    tell(SQL("UPDATE photo_tasks t SET state = CASE WHEN index < 3 THEN 'failed' ELSE 'made' END"
             " FROM generation_jobs j WHERE j.id = t.job_id AND j.order_id = %lld",
             (long long)order_id));
    tell(SQL("SELECT job_moved(id) FROM generation_jobs WHERE order_id = %lld", (long long)order_id));
    int64_t refund = ask("SELECT max(id) FROM bot_refunds");
    work_until(refund, "succeeded 65.22 1");
    CHECK_INT(shared->count, 1);
    CHECK(asked_for(0, "POST /refunds HTTP/1.1"));
    CHECK(strlen(key_of(0)) == 36);
    CHECK(asked_with(0, SQL("\r\n\r\n{\"payment_id\":\"%s\",\"amount\":{\"value\":\"65.22\",\"currency\":\"RUB\"},"
                            "\"metadata\":{\"refund_id\":\"%lld\",\"attempt\":\"1\"},\"receipt\":{\"customer\":"
                            "{\"email\":\"a@b.ru\"},\"items\":[{\"description\":\"Set\",\"quantity\":1,\"amount\":"
                            "{\"value\":\"65.22\",\"currency\":\"RUB\"},\"vat_code\":1,\"payment_subject\":"
                            "\"service\"}]}}",
                            payment_of(order_id), (long long)refund)));
    CHECK_INT(news_of(anna, "done"), 1);
    CHECK_INT(news_of(anna, "pending"), 0);
    CHECK_INT(errands(), 0);
    tell("DELETE FROM bot_news");
}

/* Whatever breaks off is asked again, with the same key and the same bytes. */
static void test_unknown(const struct customer *anna)
{
    static const enum deed deeds[][2] = {{FAIL, HANG_UP}, {HANG_UP, OTHER_SUM}, {OTHER_SUM, FAIL}, {DENY, FAIL}};
    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++) {
        int64_t refund = owe(paid_order(anna), "person", "500");
        script(deeds[i][0], deeds[i][1], DO_IT);
        work_until(refund, "succeeded 500.00 1");
        CHECK_INT(shared->count, 3);
        CHECK_TEXT(shared->requests[1], shared->requests[0]);
        CHECK_TEXT(shared->requests[2], shared->requests[0]);
    }
    CHECK_INT(news_of(anna, "refused"), 0);
    tell("DELETE FROM bot_news");
}

static void test_pending(const struct customer *anna)
{
    int64_t refund = owe(paid_order(anna), "person", "500");
    script(LATER, LATER, LATER);
    work_until(refund, "pending 500.00 1");
    CHECK_INT(news_of(anna, "pending"), 1);
    while (shared->count < 4) {
        hurry();
        work_on(SOON_MS);
    }
    for (int i = 1; i < 4; i++)
        CHECK(asked_for(i, SQL("GET /refunds/refund-%lld-1 HTTP/1.1", (long long)refund)));
    script(DO_IT, DO_IT, DO_IT);
    work_until(refund, "succeeded 500.00 1");
    CHECK(asked_for(0, "GET /refunds/"));
    CHECK_INT(news_of(anna, "pending"), 1);
    CHECK_INT(news_of(anna, "done"), 1);
    tell("DELETE FROM bot_news");
}

/* No for now: with another key, later, and its payer hears once; at last a person must look. */
static void test_no_for_now(const struct customer *anna)
{
    int64_t refund = owe(paid_order(anna), "person", "500");
    script(NO_FUNDS, NO_FUNDS, DO_IT);
    work_until(refund, "owed 500.00 1 insufficient_funds");
    CHECK_INT(shared->count, 1);
    work_on(SILENT_MS);
    CHECK_INT(shared->count, 1); /* not at once */
    CHECK(ask("SELECT (extract(epoch FROM not_before - now()) / 60)::bigint FROM errands WHERE chore ="
              " 'payment_refund'") >= 59);
    work_until(refund, "owed 500.00 2 insufficient_funds");
    work_until(refund, "succeeded 500.00 3");
    CHECK(strcmp(key_of(0), key_of(1)) != 0 && strcmp(key_of(1), key_of(2)) != 0 && strcmp(key_of(0), key_of(2)) != 0);
    CHECK(asked_with(2, "\"attempt\":\"3\""));
    CHECK_INT(news_of(anna, "refused"), 1);
    refund = owe(paid_order(anna), "person", "500");
    script(NO_FUNDS, NO_FUNDS, NO_FUNDS);
    tell("UPDATE errands SET not_before = now() + interval '1 day' WHERE chore = 'money_audit'");
    work_until(refund, SQL("refused 500.00 %d insufficient_funds", REFUND_ATTEMPTS_MAX));
    CHECK_INT(errands(), 0);
    CHECK_INT(ask("SELECT (not_before <= now())::int FROM errands WHERE chore = 'money_audit'"), 1);
    tell("DELETE FROM bot_news");
}

static void test_no_for_good(const struct customer *anna)
{
    static const struct {
        enum deed deed;
        const char *reason;
    } rows[] = {{NO_ACCOUNT, "yoo_money_account_closed"}, {REFUSE, "HTTP 400 invalid_request: "}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t refund = owe(paid_order(anna), "person", "500");
        script(rows[i].deed, DO_IT, DO_IT);
        work_until(refund, SQL("refused 500.00 1 %s", rows[i].reason));
        work_on(SILENT_MS);
        CHECK_INT(shared->count, 1);
        CHECK_INT(errands(), 0);
        CHECK_INT(news_of(anna, "refused"), (int64_t)i + 1);
    }
    tell("DELETE FROM bot_news");
}

/* The provider has forgotten the key by now: it is looked for, and never asked for again by that key. */
static void test_old_key(const struct customer *anna)
{
    static const char old[] = "UPDATE bot_refunds SET asked_at = now() - interval '23 hours' WHERE state = 'asked'";
    int64_t refund = owe(paid_order(anna), "person", "500");
    script(HANG_UP, LIST_IT, LIST_IT);
    hurry();
    while (shared->count == 0)
        go_round();
    tell(old);
    work_until(refund, "succeeded 500.00 1");
    CHECK(asked_for(1, SQL("GET /refunds?limit=100&payment_id=pay-")));
    CHECK_INT(shared->count, 2);
    refund = owe(paid_order(anna), "person", "500");
    script(HANG_UP, LIST_NONE, DO_IT);
    hurry();
    while (shared->count == 0)
        go_round();
    tell(old);
    work_until(refund, "succeeded 500.00 2");
    CHECK_INT(shared->count, 3);
    CHECK(asked_for(2, "POST /refunds") && strcmp(key_of(0), key_of(2)) != 0);
    tell("DELETE FROM bot_news");
}

/* Two of one payment are asked for one after the other: what may stay of it depends on the order. */
static void test_in_turn(const struct customer *anna)
{
    int64_t order_id = paid_order(anna), first = owe(order_id, "failed", "499.5"),
            second = owe(order_id, "person", "0.5");
    script(FAIL, LATER, DO_IT);
    work_until(second, "succeeded 0.50 1");
    work_until(first, "succeeded 499.50 1");
    CHECK_TEXT(shared->requests[1], shared->requests[0]); /* the first, until it is answered … */
    CHECK(asked_with(0, "\"value\":\"499.50\""));
    CHECK(asked_with(2, "\"value\":\"0.50\"") || asked_with(3, "\"value\":\"0.50\"")); /* … not until it is over */
    tell("DELETE FROM bot_news");
}

/* Nothing is left of a share when all of it goes back for another reason. */
static void test_nothing_left(const struct customer *anna)
{
    int64_t payment = payment_number(paid_order(anna));
    script(DO_IT, DO_IT, DO_IT);
    int64_t share = ask(SQL("INSERT INTO bot_refunds (payment_id, why, photos) VALUES (%lld, 'failed', 3) RETURNING id",
                            (long long)payment));
    int64_t whole = ask(SQL("INSERT INTO bot_refunds (payment_id, why, amount) VALUES (%lld, 'person', 500)"
                            " RETURNING id",
                            (long long)payment));
    work_until(whole, "succeeded 500.00 1");
    CHECK_TEXT(row_of(share), "void 0");
    CHECK_INT(shared->count, 1);
    CHECK_INT(errands(), 0);
}

int main(void)
{
    char url[64];
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    begin("fotoset_test_payment_refund");
    pid_t server = start_server(url, sizeof url);
    open_shop(url);
    struct customer anna = customer_new();
    test_share(&anna);
    test_unknown(&anna);
    test_pending(&anna);
    test_no_for_now(&anna);
    test_no_for_good(&anna);
    test_old_key(&anna);
    test_in_turn(&anna);
    test_nothing_left(&anna);
    close_shop();
    CHECK_INT(kill(server, SIGKILL), 0);
    CHECK_INT(waitpid(server, NULL, 0), server);
    end();
    return 0;
}
