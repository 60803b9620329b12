/* fotosetd: run, check, migrate, replay, version; and what the owner says to the database. Arguments are the command
 * and the configuration file, nothing secret ever. */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "bot/check.h"
#include "bot/offers.h"
#include "bot/refunded.h"
#include "bot/base/log.h"
#include "bot/base/stop.h"
#include "bot/house/daemon.h"
#include "bot/house/setup.h"
#include "db/hosts.h"
#include "db/migrate.h"
#include "db/parked.h"

enum { EXIT_BAD_USAGE = 64, BIG_BYTES = 128 * 1024, REPLAY_TIMEOUT_MS = 30 * 1000 };

static int usage(FILE *out, int code)
{
    fprintf(
        out,
        "fotosetd %s, a Telegram bot that sells photo sets\n\n"
        "  fotosetd run -c FILE      run the daemon\n"
        "  fotosetd check -c FILE    check configuration, secrets, texts, styles, database, token and shop\n"
        "  fotosetd check --money -c FILE  look through the books: what does not add up, or waits for a person\n"
        "  fotosetd refund PAYMENT -c FILE  give this payment back, or all that is left of it\n"
        "  fotosetd refunded PAYMENT -c FILE  you gave this payment back in the provider's cabinet\n"
        "  fotosetd promo add CODE 20%% [all=N] [each=N] [from=DAY] [until=DAY] [styles=ID,ID] -c FILE\n"
        "                            a code for 20 %% off, or for 300 roubles off; promo list; promo off CODE\n"
        "  fotosetd grant USER N -c FILE  so many sets as a gift, for the user with this Telegram id\n"
        "  fotosetd migrate -c FILE  bring the database to this version's schema (run does it too)\n"
        "  fotosetd replay -c FILE   try at once what waits in parked_updates, after its cause is mended\n"
        "  fotosetd version\n\n"
        "All but run take --as-unit instead of -c FILE: as root, to see and do what the service will (its user, its\n"
        "secrets, its configuration). Nothing is changed by a check.\n",
        FOTOSET_VERSION);
    return code;
}

static int migrate(const struct setup *setup)
{
    struct migrate_report report;
    enum err err = migrate_run(setup->config.database.conninfo, migrations_data, migrations_data_count, &report);
    if (err == ERR_OK)
        puts(report.message);
    for (size_t i = 0; i < report.fit.count; i++)
        fprintf(stderr, "%s\n    %s\n", report.fit.findings[i].what, report.fit.findings[i].remedy);
    return err == ERR_OK ? 0 : 1;
}

/* A running daemon sees it at its next look, another one when it starts. */
static int replay(const struct setup *setup)
{
    struct db *db = db_new(setup->config.database.conninfo, NULL);
    struct db_unit *unit = db_unit_new();
    struct db_result *result = NULL;
    struct db_failure failure;
    int64_t updates, chats;
    parked_add_hurry(unit);
    enum err err = db_run(db, unit, REPLAY_TIMEOUT_MS, &result, &failure);
    if (err == ERR_OK) {
        parked_read_hurry(result, &updates, &chats);
        printf("updates that wait: %" PRId64 ", of chats: %" PRId64 "%s\n", updates, chats,
               updates == 0 ? "" : "; the daemon tries them within seconds, and says in its log what still fails");
    } else {
        fprintf(stderr, "the database does not answer: %s\n", failure.message);
    }
    db_result_free(result);
    db_free(db);
    return err == ERR_OK ? 0 : 1;
}

static enum log_level threshold(enum config_log_level level)
{
    switch (level) {
    case CONFIG_LOG_ERROR: return LOG_LEVEL_ERROR;
    case CONFIG_LOG_WARNING: return LOG_LEVEL_WARN;
    case CONFIG_LOG_INFO: return LOG_LEVEL_INFO;
    case CONFIG_LOG_DEBUG:
    case CONFIG_LOG_LEVEL_COUNT: break;
    }
    return LOG_LEVEL_DEBUG;
}

/* The token and the key stand in our memory: it goes into no core file, not even one that is piped to a program, and
 * nobody of the same user may look into it. Not under sanitizers: to find leaks is to look into the process. */
static void close_memory(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    return;
#endif
#endif
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_DUMPABLE, 0);
}

/* "": there are not so many. */
static const char *word(int argc, char **argv, int at)
{
    return at < argc && argv[at] != NULL ? argv[at] : "";
}

int main(int argc, char **argv)
{
    /* Pictures come and go: in mappings of their own they leave no holes in the heap. */
    (void)mallopt(M_MMAP_THRESHOLD, BIG_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, BIG_BYTES);
    struct setup setup;
    int code = STOP_EXIT_CONFIG;
    const char *command = word(argc, argv, 1);
    if (strcmp(command, "version") == 0 || strcmp(command, "--version") == 0) {
        printf("fotosetd %s\n", FOTOSET_VERSION);
        return 0;
    }
    if (strcmp(command, "help") == 0 || strcmp(command, "--help") == 0)
        return usage(stdout, 0);
    if (strcmp(command, "resolve") == 0 && argc == 3) /* ourselves, while we go on */
        return hosts_print(word(argc, argv, 2));
    bool offers = strcmp(command, "promo") == 0 || strcmp(command, "grant") == 0;
    bool run = strcmp(command, "run") == 0, check = strcmp(command, "check") == 0,
         again = strcmp(command, "replay") == 0, refund = strcmp(command, "refund") == 0;
    bool money = check && strcmp(word(argc, argv, 2), "--money") == 0;
    const char *payment = (refund || strcmp(command, "refunded") == 0) && argc > 2 ? argv[2] : NULL;
    int at = money || payment != NULL ? 3 : 2; /* a word more */
    if (offers)
        at = strcmp(argv[argc - 1], "--as-unit") == 0 ? argc - 1 : argc - 2; /* as many as they like */
    bool as_unit = !run && argc == at + 1 && strcmp(word(argc, argv, at), "--as-unit") == 0;
    bool named = argc == at + 2 && strcmp(word(argc, argv, at), "-c") == 0;
    if ((!run && !check && !again && payment == NULL && !offers && strcmp(command, "migrate") != 0) || at < 2 ||
        (!as_unit && !named))
        return usage(stderr, EXIT_BAD_USAGE);
    close_memory();
    enum err err = setup_read(&setup, as_unit ? NULL : word(argc, argv, at + 1));
    log_init(err == ERR_OK ? threshold(setup.config.log_level) : LOG_LEVEL_INFO);
    if (money && err == ERR_OK) {
        code = check_money(&setup);
    } else if (payment != NULL && err == ERR_OK) {
        code = (refund ? refund_run : refunded_run)(&setup, payment);
    } else if (offers && err == ERR_OK) {
        code = command[0] == 'p' ? offers_promo(&setup, argv + 2, at - 2) : offers_grant(&setup, argv + 2, at - 2);
    } else if (check) {
        code = check_run(&setup, err);
        if (!as_unit && geteuid() == 0)
            puts("This is what root sees; what the service will see, says: fotosetd check --as-unit");
    } else {
        setup_print_findings(&setup.findings);
        if (err == ERR_OK)
            code = run ? daemon_run(&setup) : again ? replay(&setup) : migrate(&setup);
    }
    setup_done(&setup);
    return code;
}
