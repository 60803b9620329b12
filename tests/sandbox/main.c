/* fotoset-sandbox: one program that stands in for Telegram's Bot API, YooKassa and the tax service, with a chat page to
 * talk to the bot as a user and a control API for tests.
 *
 * One thread (but for easel.c, which draws), one poll() over libmicrohttpd's epoll descriptor and the signals. It is
 * also the load generator's server, so nothing in a turn of the loop may walk over all users or wait for a disk.
 */
#include "tests/sandbox/sandbox.h"

#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/sandbox/easel.h"
#include "tests/sandbox/http.h"
#include "tests/sandbox/journal.h"
#include "tests/sandbox/load.h"
#include "tests/sandbox/notices.h"
#include "tests/sandbox/payments.h"
#include "tests/sandbox/record.h"
#include "tests/sandbox/refunds.h"
#include "tests/sandbox/updates.h"

int64_t sandbox_mono_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t sandbox_now_ms(const struct sandbox *sb)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 + sb->clock_shift_ms;
}

uint64_t sandbox_random(struct sandbox *sb)
{
    sb->random ^= sb->random << 13; /* xorshift64: repeatable with --seed, good enough for chance */
    sb->random ^= sb->random >> 7;
    sb->random ^= sb->random << 17;
    return sb->random >> 8;
}

static void usage(void)
{
    fputs("usage: fotoset-sandbox [--port N (0 = any)] [--listen ADDRESS] [--token T] [--bot-username NAME]\n"
          "  [--data DIR] [--record FILE] [--seed N] [--public-url URL] [--shop-id ID] [--shop-secret SECRET]\n"
          "  [--receipts optional|required|yookassa] [--inn INN] [--inn-password PASSWORD]\n"
          "  [--first-update-id N] [--busy N]\n"
          "  [--flood-global N (30)] [--flood-chat N (1)] [--flood-burst N (30)] messages and edits a second, 0 = no\n"
          "  limit; so many at once in a chat\n",
          stderr);
}

static bool read_options(struct options *opt, int argc, char **argv)
{
    static const struct option known[] = {{"port", 1, NULL, 'p'},
                                          {"listen", 1, NULL, 'l'},
                                          {"token", 1, NULL, 't'},
                                          {"data", 1, NULL, 'd'},
                                          {"record", 1, NULL, 'r'},
                                          {"seed", 1, NULL, 's'},
                                          {"public-url", 1, NULL, 'u'},
                                          {"shop-id", 1, NULL, 'i'},
                                          {"shop-secret", 1, NULL, 'k'},
                                          {"flood-chat", 1, NULL, 'c'},
                                          {"flood-global", 1, NULL, 'g'},
                                          {"first-update-id", 1, NULL, 'f'},
                                          {"bot-username", 1, NULL, 'b'},
                                          {"receipts", 1, NULL, 'q'},
                                          {"inn", 1, NULL, 'n'},
                                          {"inn-password", 1, NULL, 'w'},
                                          {"busy", 1, NULL, 'y'},
                                          {"flood-burst", 1, NULL, 'o'},
                                          {NULL, 0, NULL, 0}};
    *opt = (struct options){.port = 8080,
                            .listen = "127.0.0.1",
                            .token = "100500:sandbox-token",
                            .bot_username = "fotoset_sandbox_bot",
                            .flood_global = 30,
                            .flood_chat = 1,
                            .flood_burst = 30,
                            .shop_id = "100500",
                            .shop_secret = "test_secret",
                            .receipts = "optional",
                            .inn = "500100732259",
                            .inn_password = "test_password"};
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        switch (c) {
        case 'p': opt->port = (unsigned)strtoul(optarg, NULL, 10); break;
        case 'l': opt->listen = optarg; break;
        case 't': opt->token = optarg; break;
        case 'd': opt->data_dir = optarg; break;
        case 'r': opt->record_file = optarg; break;
        case 's': opt->seed = strtoull(optarg, NULL, 10); break;
        case 'u': opt->public_url = optarg; break;
        case 'i': opt->shop_id = optarg; break;
        case 'k': opt->shop_secret = optarg; break;
        case 'c': opt->flood_chat = strtod(optarg, NULL); break;
        case 'g': opt->flood_global = strtod(optarg, NULL); break;
        case 'o': opt->flood_burst = strtod(optarg, NULL); break;
        case 'f': opt->first_update_id = strtoll(optarg, NULL, 10); break;
        case 'b': opt->bot_username = optarg; break;
        case 'y': opt->busy = strtol(optarg, NULL, 10); break;
        case 'q': opt->receipts = optarg; break;
        case 'n': opt->inn = optarg; break;
        case 'w': opt->inn_password = optarg; break;
        default: return false;
        }
    }
    bool known_receipts = strcmp(opt->receipts, "optional") == 0 || strcmp(opt->receipts, "required") == 0 ||
                          strcmp(opt->receipts, "yookassa") == 0;
    return optind == argc && opt->port < 65536 && known_receipts && strchr(opt->token, ':') != NULL;
}

static int signals_open(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int sooner(int64_t a_ms, int64_t b_ms)
{
    int64_t ms = a_ms < 0 || (b_ms >= 0 && b_ms < a_ms) ? b_ms : a_ms;
    return ms > 60000 ? 60000 : (int)ms;
}

static void run(struct sandbox *sb, int signals)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(sb->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct pollfd wait[2] = {{.fd = info->listen_fd, .events = POLLIN}, {.fd = signals, .events = POLLIN}};
    while (wait[1].revents == 0) {
        int64_t delayed_ms = updates_run_delayed(sb);
        int64_t load_ms = load_run(sb);
        int64_t money_ms = sooner(payments_run(sb), refunds_run(sb));
        int timeout_ms = sooner(http_run_waits(sb), sooner(load_ms, delayed_ms));
        timeout_ms = sooner(sooner(notices_run(sb), money_ms), timeout_ms);
        MHD_UNSIGNED_LONG_LONG http_ms = 0;
        if (MHD_get_timeout(sb->daemon, &http_ms) == MHD_YES)
            timeout_ms = sooner((int64_t)http_ms, timeout_ms);
        if (sb->resumed) /* libmicrohttpd has no event for these when the poll is ours */
            timeout_ms = 0;
        sb->resumed = false;
        journal_flush(sb);
        record_flush(sb);
        notices_poll(sb, wait, 2, timeout_ms);
        MHD_run(sb->daemon);
    }
}

int main(int argc, char **argv)
{
    static struct sandbox sandbox;
    struct sandbox *sb = &sandbox;
    sb->journal_fd = -1;
    if (!read_options(&sb->opt, argc, argv)) {
        usage();
        return 2;
    }
    sb->random = (sb->opt.seed + 1) * 0x9e3779b97f4a7c15ULL;
    if (sb->opt.seed == 0) /* no seed: the ids differ from run to run */
        sb->random ^= (uint64_t)sandbox_now_ms(sb) << 20 ^ (uint64_t)getpid();
    for (int i = 0; i < 8; i++)
        sandbox_random(sb);
    int signals = signals_open();
    sb->easel = easel_new();
    sb->notices = notices_new();
    world_init(sb);
    enum err err = journal_open(sb);
    if (err == ERR_OK)
        err = record_open(sb);
    if (err == ERR_OK)
        err = http_start(sb);
    if (err == ERR_CONFLICT) {
        fprintf(stderr, "port %u is taken; choose another with --port\n", sb->opt.port);
        return 1;
    }
    if (err != ERR_OK) {
        fprintf(stderr, "fotoset-sandbox: can't start: %s\n", err_name(err));
        return 1;
    }
    printf("fotoset-sandbox listens on http://%s:%u\n", sb->opt.listen, sb->opt.port);
    fflush(stdout);
    run(sb, signals);
    http_stop(sb);
    journal_flush(sb);
    journal_close(sb);
    record_close(sb);
    free(sb->faults);
    free(sb->webhook_url);
    load_done(sb);
    easel_free(sb->easel);
    notices_free(sb->notices);
    world_done(sb);

    return 0;
}
