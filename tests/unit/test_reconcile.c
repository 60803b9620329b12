/* The reconciliation at work: when it passes, what it does when YooKassa's lists break off in the middle, and that it
 * asks nobody anything when there is nothing to compare. YooKassa is a child process that answers by a script; the wall
 * clock is pushed forward instead of waited for. Run by tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bot/base/timers.h"
#include "bot/chores/payment_reconcile.h"
#include "bot/services/http/http.h"
#include "db/reconcile.h"
#include "tests/unit/chores.h"

#define EMPTY "{\"type\":\"list\",\"items\":[]}"

enum {
    EVERY_MS = 60 * 60 * 1000,
    HOUR_MS = 60 * 60 * 1000,
    ANSWER_BYTES = 64 * 1024,
    LINE_BYTES = 256,
    LINES_MAX = 512,
    SCRIPT_MAX = 16,
    QUIET_MS = 300
};

/* What is answered to a request for a path that has this in it, the first of them that has answers left. */
static struct shared {
    struct {
        char path[64];
        int status, times;
        char body[ANSWER_BYTES];
    } script[SCRIPT_MAX];
    int script_count;
    char lines[LINES_MAX][LINE_BYTES];
    int line_count;
} * shared;

static struct {
    struct http *http;
    struct yookassa *yookassa;
    struct timers *timers;
    struct mailbox *mailbox;
    struct engine *engine;
    struct payment_reconcile *reconcile;
    struct clock clock;
    struct stop stop;
} shop;
static int64_t pushed_ms;
static pid_t server;

static void script(const char *path, int status, int times, const char *body)
{
    int at = shared->script_count++;
    CHECK(at < SCRIPT_MAX && strlen(body) < ANSWER_BYTES);
    (void)snprintf(shared->script[at].path, sizeof shared->script[at].path, "%s", path);
    shared->script[at].status = status;
    shared->script[at].times = times;
    memcpy(shared->script[at].body, body, strlen(body) + 1);
}

static void clear_script(void)
{
    shared->script_count = shared->line_count = 0;
}

static void serve_one(int fd)
{
    char text[4096], *line = shared->lines[shared->line_count % LINES_MAX];
    size_t used = 0;
    int status = 200;
    const char *body = EMPTY;
    text[0] = '\0';
    for (ssize_t got = 1; got > 0 && strstr(text, "\r\n\r\n") == NULL;) {
        got = read(fd, text + used, sizeof text - 1 - used);
        used += got > 0 ? (size_t)got : 0;
        text[used] = '\0';
    }
    (void)snprintf(line, LINE_BYTES, "%.*s", (int)strcspn(text, "\r"), text);
    shared->line_count++;
    for (int i = 0; i < shared->script_count; i++)
        if (shared->script[i].times != 0 && strstr(line, shared->script[i].path) != NULL) {
            shared->script[i].times--;
            status = shared->script[i].status;
            body = shared->script[i].body;
            break;
        }
    (void)dprintf(fd, "HTTP/1.1 %d X\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s", status, strlen(body),
                  body);
}

static void start_server(char *ret_url, size_t bytes)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    CHECK_INT(bind(listener, (struct sockaddr *)&address, length), 0);
    CHECK_INT(listen(listener, 64), 0);
    CHECK_INT(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    (void)snprintf(ret_url, bytes, "http://127.0.0.1:%d", ntohs(address.sin_port));
    server = fork();
    CHECK(server >= 0);
    if (server == 0) {
        CHECK_INT(prctl(PR_SET_PDEATHSIG, SIGKILL), 0);
        for (;;) {
            int fd = accept(listener, NULL, NULL);
            serve_one(fd);
            (void)close(fd);
        }
    }
    (void)close(listener);
}

/* ---- our side ---- */

static void go_round(void)
{
    struct http_fd fds[1];
    struct timespec now;
    size_t count = 0;
    if (db_fd(db) >= 0)
        fds[count++] = (struct http_fd){.fd = db_fd(db), .want_read = true};
    http_poll(shop.http, fds, count, 5);
    CHECK_INT(clock_gettime(CLOCK_REALTIME, &now), 0);
    shop.clock.unix_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + pushed_ms;
    shop.clock.mono_ms = now_ms();
    db_ready(db, (short)(POLLIN | db_events(db)), shop.clock.mono_ms);
    http_perform(shop.http, shop.clock.mono_ms);
    timers_run(shop.timers, shop.clock.unix_ms, 100);
}

static void go_on(int64_t for_ms)
{
    for (int64_t until_ms = now_ms() + for_ms; now_ms() < until_ms;)
        go_round();
}

/* A life of the daemon begins. */
static void open_shop(const char *url)
{
    shop.stop.asked = false;
    shop.http = http_new(&(struct http_config){.allow_plain_http = true});
    shop.yookassa = yookassa_new(shop.http, &(struct yookassa_config){.api_url = url, .shop_id = "1", .secret = "key"});
    shop.timers = timers_new();
    shop.mailbox = mailbox_new();
    go_round();
    shop.engine = engine_new(&(struct engine_ports){.db = db,
                                                    .timers = shop.timers,
                                                    .mailbox = shop.mailbox,
                                                    .clock = &shop.clock,
                                                    .stop = &shop.stop,
                                                    .worker = "worker"});
    shop.reconcile = payment_reconcile_new(&(struct payment_reconcile_ports){.engine = shop.engine,
                                                                             .db = db,
                                                                             .yookassa = shop.yookassa,
                                                                             .mailbox = shop.mailbox,
                                                                             .clock = &shop.clock,
                                                                             .stop = &shop.stop,
                                                                             .shop_id = "1",
                                                                             .every_ms = EVERY_MS});
    engine_open(shop.engine, CHORE_PAYMENT_RECONCILE);
}

static void close_shop(void)
{
    shop.stop.asked = true;
    yookassa_free(shop.yookassa);
    http_free(shop.http);
    engine_free(shop.engine);
    payment_reconcile_free(shop.reconcile);
    timers_free(shop.timers);
    mailbox_free(shop.mailbox);
}

static int64_t passes(void)
{
    return ask("SELECT (extract(epoch FROM passed_at) * 1000000)::bigint FROM bot_reconciliations");
}

static void wait_pass(int64_t before)
{
    for (int64_t until_ms = now_ms() + WAIT_MS; passes() == before; go_round())
        CHECK(now_ms() < until_ms);
    go_on(50); /* it is heard */
}

/* How many requests had this in them. */
static int asked(const char *path)
{
    int count = 0;
    for (int i = 0; i < shared->line_count && i < LINES_MAX; i++)
        count += strstr(shared->lines[i], path) != NULL;
    return count;
}

static void look(void)
{
    engine_wake(shop.engine, CHORE_PAYMENT_RECONCILE, RECONCILE_YOOKASSA);
}

/* The clock of the database can't be pushed: the last pass is moved back instead. */
static void let_pass(int64_t ms)
{
    pushed_ms += ms;
    tell(SQL("UPDATE bot_reconciliations SET passed_at = passed_at - %lld * interval '1 ms'", (long long)ms));
}

static int64_t open_order(const struct customer *anna)
{
    int64_t order_id = order_new(anna);
    tell(SQL("UPDATE bot_payments SET created_at_ms = (extract(epoch FROM now()) * 1000)::bigint WHERE order_id = %lld",
             (long long)order_id));
    CHECK(create_payment(order_id));
    return order_id;
}

static const char *paid_object(int64_t order_id)
{
    return SQL("{\"id\":\"%s\",\"status\":\"succeeded\",\"paid\":true,\"test\":false,\"amount\":{\"value\":\"500.00\","
               "\"currency\":\"RUB\"},\"metadata\":{\"order_id\":\"%lld\"}}",
               payment_of(order_id), (long long)order_id);
}

static int64_t settled(int64_t order_id)
{
    return ask(SQL("SELECT count(*) FROM bot_payments p JOIN generation_jobs j USING (order_id) WHERE order_id = %lld"
                   " AND p.state = 'succeeded' AND p.held IS NULL AND p.compared_at IS NOT NULL",
                   (long long)order_id));
}

/* Once in each life; then nobody is asked for anything, but for one look a day into the database, until a payment is
 * made; and every hour as long as it is open. */
static void test_when(const char *url, const struct customer *anna)
{
    tell("CREATE SEQUENCE looks");
    tell("ALTER FUNCTION reconcile_due(TEXT, TEXT) RENAME TO reconcile_due_by_rows");
    tell("CREATE FUNCTION reconcile_due(p TEXT, s TEXT) RETURNS BOOLEAN AS"
         " 'SELECT nextval(''looks'') > 0 AND reconcile_due_by_rows(p, s)' LANGUAGE sql");
    int64_t before = passes();
    open_shop(url);
    wait_pass(before);
    CHECK_INT(asked("GET /refunds?"), 1);
    CHECK_INT(asked("GET /payments?"), 1);
    before = passes();
    let_pass(EVERY_MS + 1000);
    go_on(QUIET_MS); /* the look that finds nothing to compare */
    int64_t looks = ask("SELECT last_value FROM looks");
    for (int hour = 0; hour < 23; hour++) {
        let_pass(HOUR_MS);
        go_on(20);
    }
    CHECK_INT(ask("SELECT last_value FROM looks"), looks);
    let_pass(HOUR_MS);
    go_on(QUIET_MS);
    CHECK_INT(ask("SELECT last_value FROM looks"), looks + 1);
    CHECK_INT(shared->line_count, 2);

    int64_t order_id = open_order(anna);
    before = passes();
    look();
    wait_pass(before);
    for (int i = 0; i < 3; i++) {
        before = passes();
        look(); /* too early */
        go_on(QUIET_MS);
        CHECK_INT(passes(), before);
        let_pass(EVERY_MS + 1000);
        before = passes();
        wait_pass(before);
    }
    CHECK_INT(asked("GET /payments?"), 5);
    close_shop();
    tell(SQL("DELETE FROM payments WHERE yookassa_payment_id = '%s'", payment_of(order_id)));
    tell(SQL("DELETE FROM bot_payments WHERE order_id = %lld", (long long)order_id));
    tell("DROP FUNCTION reconcile_due(TEXT, TEXT)");
    tell("ALTER FUNCTION reconcile_due_by_rows(TEXT, TEXT) RENAME TO reconcile_due");
}

/* What was settled by the list is news, and its photos may be made. */
static void test_settles(const char *url, const struct customer *anna)
{
    int64_t order_id = open_order(anna), before = passes();
    clear_script();
    script("GET /payments?", 200, 1, SQL("{\"items\":[%s]}", paid_object(order_id)));
    script(SQL("GET /payments/%s ", payment_of(order_id)), 200, 9, paid_object(order_id));
    open_shop(url);
    wait_pass(before);
    CHECK_INT(settled(order_id), 1);
    CHECK(mailbox_take_look(shop.mailbox));
    CHECK_INT(asked("GET /payments/"), 1);
    close_shop();
}

static int64_t mark(void)
{
    return ask("SELECT (extract(epoch FROM payments_since) * 1000000)::bigint FROM bot_reconciliations");
}

/* Too many requests, an answer that never came, garbage: the pass goes on with the page it was at. */
static void test_broken_off(const char *url, const struct customer *anna)
{
    static const struct {
        int status;
        const char *body;
    } rows[] = {{429, "{\"type\":\"error\",\"code\":\"too_many_requests\",\"retry_after\":60000}"},
                {500, "{\"type\":\"error\"}"},
                {200, "{\"items\":\"none\"}"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t order_id = open_order(anna), before = passes(), since = mark();
        clear_script();
        script("cursor=second", rows[i].status, 1, rows[i].body);
        script("cursor=second", 200, 1, SQL("{\"items\":[%s]}", paid_object(order_id)));
        script("GET /payments?", 200, 1, "{\"items\":[],\"next_cursor\":\"second\"}");
        script("GET /payments/", 500, 1, "");
        script("GET /payments/", 200, 9, paid_object(order_id));
        open_shop(url);
        for (int64_t until_ms = now_ms() + WAIT_MS; asked("cursor=second") == 0; go_round())
            CHECK(now_ms() < until_ms);
        go_on(QUIET_MS);
        for (int woken = 0; woken < 3; woken++)
            look(); /* others who make payments don't hurry it */
        go_on(QUIET_MS);
        CHECK_INT(asked("cursor=second"), 1);
        CHECK_INT(mark(), since);
        for (int64_t until_ms = now_ms() + WAIT_MS; passes() == before; pushed_ms += 2000) {
            CHECK(now_ms() < until_ms);
            go_on(10);
        }
        CHECK_INT(settled(order_id), 1);
        CHECK_INT(asked("GET /refunds?"), 1); /* not from the beginning */
        CHECK_INT(asked("cursor=second"), 2);
        CHECK_INT(asked("GET /payments/"), 2);
        CHECK(mark() > since);
        close_shop();
    }
}

/* A cursor that YooKassa does not take any more, one that leads in a circle: from the beginning, and the mark stays. */
static void test_anew(const char *url)
{
    for (int circle = 0; circle < 2; circle++) {
        int64_t before = passes(), since = mark();
        clear_script();
        script("cursor=second", circle ? 200 : 400, 1, "{\"items\":[],\"next_cursor\":\"second\"}");
        script("GET /payments?", 200, 2, "{\"items\":[],\"next_cursor\":\"second\"}");
        open_shop(url);
        for (int64_t until_ms = now_ms() + WAIT_MS; asked("cursor=second") == 0; go_round())
            CHECK(now_ms() < until_ms);
        go_on(QUIET_MS);
        CHECK_INT(mark(), since);
        for (int64_t until_ms = now_ms() + WAIT_MS; passes() == before; pushed_ms += 5000) {
            CHECK(now_ms() < until_ms);
            go_on(10);
        }
        CHECK_INT(asked("GET /refunds?"), 2);
        CHECK_INT(asked("cursor=second"), 2);
        close_shop();
    }
}

/* What a table refuses is nobody else's trouble: the others are settled, and the mark stays until all is recorded. */
static void test_refused(const char *url, const struct customer *anna)
{
    int64_t refused = open_order(anna), order_id = open_order(anna), before = passes(), since = mark();
    tell(SQL("CREATE FUNCTION test_refuse() RETURNS trigger AS $$ BEGIN IF NEW.order_id = %lld THEN RAISE EXCEPTION"
             " 'no' USING ERRCODE = '23514'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql",
             (long long)refused));
    tell("CREATE TRIGGER test_refuse BEFORE INSERT ON generation_jobs FOR EACH ROW EXECUTE FUNCTION test_refuse()");
    clear_script();
    script("GET /payments?", 200, 9, SQL("{\"items\":[%s,%s]}", paid_object(refused), paid_object(order_id)));
    script(SQL("GET /payments/%s ", payment_of(refused)), 200, 99, paid_object(refused));
    script(SQL("GET /payments/%s ", payment_of(order_id)), 200, 99, paid_object(order_id));
    open_shop(url);
    for (int64_t until_ms = now_ms() + WAIT_MS; settled(order_id) == 0; go_round())
        CHECK(now_ms() < until_ms);
    go_on(QUIET_MS);
    CHECK(settled(refused) == 0 && mark() == since);
    tell("DROP TRIGGER test_refuse ON generation_jobs");
    for (int64_t until_ms = now_ms() + WAIT_MS; passes() == before; pushed_ms += 5000) {
        CHECK(now_ms() < until_ms);
        go_on(10);
    }
    CHECK(settled(refused) == 1 && mark() > since);
    close_shop();
}

/* A refund that is pending over there is looked for again, however long that takes. */
static void test_pending_refund(const char *url)
{
    static const char refund[] = "{\"items\":[{\"id\":\"slow\",\"payment_id\":\"%s\",\"status\":\"%s\",\"amount\":"
                                 "{\"value\":\"100.00\",\"currency\":\"RUB\"},\"created_at\":\"%s\"}]}";
    const char *payment_id = ask_text("SELECT max(outside_id) FROM bot_payments WHERE state = 'succeeded'");
    const char *made = ask_text("SELECT to_char(now() AT TIME ZONE 'UTC' - interval '2 days',"
                                " 'YYYY-MM-DD\"T\"HH24:MI:SS.000\"Z\"')");
    const char *since = ask_text("SELECT to_char(now() AT TIME ZONE 'UTC' - interval '2 days 1 hour',"
                                 " 'YYYY-MM-DD\"T\"HH24:MI:SS')");
    int64_t before = passes();
    clear_script();
    script("GET /refunds?", 200, 1, arena_format(&arena, refund, payment_id, "pending", made));
    script("GET /refunds?", 200, 1, arena_format(&arena, refund, payment_id, "succeeded", made));
    open_shop(url);
    wait_pass(before);
    let_pass(EVERY_MS + 1000);
    before = passes();
    wait_pass(before);
    CHECK_INT(asked(SQL("created_at.gte=%s", since)), 1);
    CHECK_INT(ask("SELECT count(*) FROM bot_refunds WHERE outside_id = 'slow' AND state = 'succeeded'"), 1);
    CHECK_INT(ask("SELECT count(*) FROM bot_reconciliations WHERE refunds_since = payments_since"), 1);
    close_shop();
}

int main(void)
{
    char url[64];
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    begin("fotoset_test_reconcile_at_work");
    start_server(url, sizeof url);
    struct customer anna = customer_new();
    test_when(url, &anna);
    test_settles(url, &anna);
    test_broken_off(url, &anna);
    test_anew(url);
    test_refused(url, &anna);
    test_pending_refund(url);
    CHECK_INT(kill(server, SIGKILL), 0);
    CHECK_INT(waitpid(server, NULL, 0), server);
    end();
    return 0;
}
