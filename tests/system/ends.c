/* How the daemon begins and ends in the hands of others. Every signal that asks it to end drains it, so that nobody
 * waits for a lease to run out; one that it is told to ignore does nothing; a crash leaves no core file, because token
 * and key would stand in it. The service manager hears that a long start goes on, and how long a stop may take.
 * Messages that wait for their turn do not hold up the end. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/system/chat.h"
#include "tests/system/invariants.h"
#include "tests/system/secrets.h"
#include "tests/system/user.h"

enum { STUCK_S = 90, STEP_MS = 20 };

static struct user user;

/* How often the words stand in the daemon's log. */
static int told(struct world *world, const char *words)
{
    char *log = world_read(world->log);
    int count = 0;
    for (const char *at = log; (at = strstr(at, words)) != NULL; at++)
        count++;
    free(log);
    return count;
}

static void start_deaf(struct world *world)
{
    int before = told(world, "is open");
    int64_t end_ms = net_now_ms() + STUCK_S * 1000;
    world_start_daemon(world, NULL);
    while (told(world, "is open") == before) {
        net_step(world->net, STEP_MS);
        if (net_now_ms() > end_ms)
            world_fail(world, "the daemon does not open");
    }
}

static void start(struct world *world)
{
    (void)signal(SIGHUP, SIG_DFL);
    start_deaf(world);
    (void)signal(SIGHUP, SIG_IGN);
}

/* byes: said before it was asked to end. number 0: it was asked already. */
static void await_end(struct world *world, int number, int byes)
{
    int status = world_stop_daemon(world, number);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || told(world, "bye") != byes + 1)
        world_fail(world, "signal %d: it ended with status %d and without a drain", number, status);
}

static void end_by(struct world *world, int number)
{
    await_end(world, number, told(world, "bye"));
}

/* A closed terminal while photos are being made: SIGHUP for the whole group, of which this test and the sandbox take no
 * notice. What is in hand is finished, by a darkroom that is still there; nothing stays leased. */
static int64_t hang_up_at_work(struct world *world)
{
    int64_t end_ms = net_now_ms() + STUCK_S * 1000, leases = 0;
    while (leases == 0) {
        user_run(&user);
        net_step(world->net, 5);
        leases = world_int(world, "SELECT count(*) FROM photo_tasks WHERE lease_token IS NOT NULL");
        if (net_now_ms() > end_ms)
            world_fail(world, "no photo is ever leased");
    }
    int byes = told(world, "bye");
    (void)kill(0, SIGHUP);
    await_end(world, 0, byes);
    if (told(world, "photo_make: ") != 0)
        world_fail(world, "the photo in hand was not finished");
    return world_int(world, "SELECT count(*) FROM photo_tasks WHERE lease_token IS NOT NULL");
}

/* Photos are being made when the chores' connection is lost and none can be opened any more: the end does not wait for
 * what could not be recorded, and the next life makes the photos again. */
static void end_without_chores_line(struct world *world)
{
    enum { DRAIN_MS = 20000, SOON_MS = DRAIN_MS / 2 };
    start(world);
    int64_t end_ms = net_now_ms() + STUCK_S * 1000;
    while (world_int(world, "SELECT count(*) FROM photo_tasks WHERE lease_until > now()") == 0) {
        user_run(&user);
        net_step(world->net, 5);
        if (net_now_ms() > end_ms)
            world_fail(world, "no photo is ever leased");
    }
    db_result_free(world_sql(world, "UPDATE pg_database SET datallowconn = FALSE WHERE datname = current_database()"));
    while (world_int(world,
                     "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                     " AND datname = current_database() AND query LIKE '%%lease_token%%'") == 0) {
        user_run(&user);
        net_step(world->net, 5);
        if (net_now_ms() > end_ms)
            world_fail(world, "the chores' connection is not to be told from the other");
    }
    int64_t asked_ms = net_now_ms();
    int status = world_stop_daemon(world, SIGTERM);
    int64_t took_ms = net_now_ms() - asked_ms;
    db_result_free(world_sql(world, "UPDATE pg_database SET datallowconn = TRUE WHERE datname = current_database()"));
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0 || took_ms > SOON_MS ||
        told(world, "are done again from what it says") != 1)
        world_fail(world, "without the chores' connection it ends with status %d after %lld ms", status,
                   (long long)took_ms);
}

static void end_by_each_signal(struct world *world)
{
    static const int asks[] = {SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGPWR, SIGXCPU};
    for (size_t i = 0; i < sizeof asks / sizeof asks[0]; i++) {
        start(world);
        end_by(world, asks[i]);
    }
}

/* Under nohup, which lets a process ignore SIGHUP before it starts. */
static void ignore_hang_up(struct world *world)
{
    int status = 0;
    start_deaf(world);
    (void)kill(world->daemon, SIGHUP);
    for (int64_t end_ms = net_now_ms() + 500; net_now_ms() < end_ms;)
        net_step(world->net, STEP_MS);
    if (world_daemon_ended(world, &status) || told(world, "asked to stop (signal 1)") != 1)
        world_fail(world, "SIGHUP ends it though it was told to ignore it");
    end_by(world, SIGTERM);
}

/* Does this machine write a core file for a program that has nothing against it? */
static bool dumps_core(struct world *world)
{
    const char *args[] = {"/bin/sleep", "60", NULL};
    int status = 0;
    pid_t pid = world_spawn(args, "/dev/null");
    (void)usleep(200 * 1000);
    (void)kill(pid, SIGSEGV);
    (void)waitpid(pid, &status, 0);
    (void)world;
    return WCOREDUMP(status);
}

static bool crash(struct world *world)
{
    struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY};
    if (setrlimit(RLIMIT_CORE, &all) != 0 || chdir(world->dir) != 0 || !dumps_core(world))
        return false;
    start(world);
    int status = world_stop_daemon(world, SIGSEGV);
#ifdef __SANITIZE_ADDRESS__ /* which has to look into the process itself */
    (void)status;
#else
    if (!WIFSIGNALED(status) || WCOREDUMP(status))
        world_fail(world, "its crash (status %d) leaves a core file", status);
#endif
    return true;
}

/* The next message to the service manager, or "" if none comes in that time. */
static void hear(int fd, int wait_ms, char *ret_text, size_t bytes)
{
    struct timeval wait = {.tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    ssize_t got = recv(fd, ret_text, bytes - 1, 0);
    ret_text[got < 0 ? 0 : got] = '\0';
}

static void hear_this(struct world *world, int fd, const char *want)
{
    char text[256];
    hear(fd, 30000, text, sizeof text);
    if (strcmp(text, want) != 0)
        world_fail(world, "the service manager hears \"%s\", not \"%s\"", text, want);
}

/* Another program holds the migrations' lock: the start lasts, and says so until it is through. */
static void start_slowly(struct world *world)
{
    static const char extend[] = "EXTEND_TIMEOUT_USEC=90000000";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", world->dir);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) != 0)
        world_fail(world, "no socket for notifications");
    (void)setenv("NOTIFY_SOCKET", address.sun_path, 1);
    db_result_free(world_sql(world, "SELECT pg_advisory_lock(7036874417766400)"));
    world_start_daemon(world, NULL);
    hear_this(world, fd, extend);
    hear_this(world, fd, extend);
    db_result_free(world_sql(world, "SELECT pg_advisory_unlock(7036874417766400)"));
    hear_this(world, fd, "READY=1");
    int byes = told(world, "bye");
    (void)kill(world->daemon, SIGTERM);
    hear_this(world, fd, "STOPPING=1\nEXTEND_TIMEOUT_USEC=25000000");
    await_end(world, 0, byes);
    (void)unsetenv("NOTIFY_SOCKET");
    (void)close(fd);
}

/* More waits for a chat than may be sent in the time of a drain: the end does not wait for it, and the next life sends
 * the rest, nothing twice. */
static void end_under_backlog(struct world *world)
{
    enum { WAITING = 100, SOON_MS = 5000 };
    world->options.fast = false; /* one message a second to a chat */
    world_write_config(world);
    db_result_free(world_sql(world, "INSERT INTO outbox (id, chat_id, kind, body) SELECT 1000000 + n, 9000000001,"
                                    " 'notice', json_build_object('text', 'queued ' || n || '.')"
                                    " FROM generate_series(1, 100) n"));
    start(world);
    int64_t before_ms = net_now_ms();
    end_by(world, SIGTERM);
    if (net_now_ms() - before_ms > SOON_MS)
        world_fail(world, "with messages waiting it takes %lld ms to end", (long long)(net_now_ms() - before_ms));
    int64_t left = world_int(world, "SELECT count(*) FROM outbox");
    if (left < WAITING / 2)
        world_fail(world, "only %lld messages wait: this tried nothing", (long long)left);
    world->options.fast = true;
    world_write_config(world);
    start(world);
    for (int64_t end_ms = net_now_ms() + STUCK_S * 1000; world_int(world, "SELECT count(*) FROM outbox") > 0;) {
        net_step(world->net, STEP_MS);
        if (net_now_ms() > end_ms)
            world_fail(world, "what waited is not sent");
    }
    end_by(world, SIGTERM);
    struct json_object *chat = net_get(world->net, "/api/chats/9000000001"), *messages = chat_messages(chat);
    int64_t arrived = 0, sum = 0;
    for (size_t i = 0; i < json_object_array_length(messages); i++) {
        const char *text = chat_field(json_object_array_get_idx(messages, i), "text");
        if (strncmp(text, "queued ", strlen("queued ")) != 0)
            continue;
        arrived++;
        sum += strtol(text + strlen("queued "), NULL, 10);
    }
    json_object_put(chat);
    if (arrived != WAITING || sum != WAITING * (WAITING + 1) / 2)
        world_fail(world, "of %d messages %lld arrive, and not each once", WAITING, (long long)arrived);
}

int main(void)
{
    static struct world world;
    struct user_plan plan = {.lang = "en", .name = "Anna", .photos = 10, .size_px = 520, .tells_paid = true};
    /* Its children are to be a group that hears no SIGHUP, but for the daemon. */
    if (setpgid(0, 0) != 0 || signal(SIGHUP, SIG_IGN) == SIG_ERR)
        return 1;
    world_begin(&world, &(struct world_options){.name = "ends",
                                                .seed = 17,
                                                .cheap_styles = true,
                                                .fast = true,
                                                .making = "lease_s = 10; workers = 2;",
                                                .darkroom = "job_timeout_s = 4;"});
    start_slowly(&world);
    start(&world);
    secrets_keep(&world);
    user_begin(&user, &world, &plan, 9000000001);
    int64_t left = hang_up_at_work(&world);
    end_without_chores_line(&world);
    end_by_each_signal(&world);
    ignore_hang_up(&world);
    bool crashed = crash(&world);
    start(&world);
    user_run_all(&world, &user, 1, STUCK_S, NULL);
    invariants_settle(&world);
    struct invariants all = {.world = &world, .users = &user, .user_count = 1};
    invariants_fact(&all, left == 0, "%lld photos were still leased after the drain", (long long)left);
    invariants_check(&all);
    end_under_backlog(&world);
    printf("ends: a drain by every signal%s, %d facts hold\n",
           crashed ? ", no core file" : " (core files could not be tried: this machine writes none)", all.checked);
    return 0;
}
