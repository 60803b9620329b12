/* A world for one test: a sandbox and a daemon as child processes, a database, a directory of its own. The database is
 * the one $FOTOSET_TEST_CONNINFO names, empty (tests/postgres run makes one). */
#ifndef TESTS_SYSTEM_WORLD_H
#define TESTS_SYSTEM_WORLD_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "core/arena.h"
#include "db/db.h"
#include "tests/system/net.h"
#include "tests/system/relay.h"

#define WORLD_TOKEN "100500:AAsecretBotTokenOfTheSystemTests_1"
#define WORLD_SHOP_SECRET "test_SecretKeyOfTheShop_1"

enum { WORLD_SMALL_STYLES = 4 };

struct world;

struct world_options {
    const char *name;             /* of the test */
    const char *shop;             /* more keys of the group shop, or NULL */
    const char *config;           /* more lines of the configuration, group by group, or NULL */
    const char *telegram;         /* more keys of the group telegram, or NULL */
    const char *yookassa;         /* … of the group yookassa */
    const char *making;           /* … of the group making */
    const char *darkroom;         /* … of the group darkroom */
    const char *darkroom_program; /* NULL = the real one */
    bool live;                    /* it is no test shop: real money */
    bool cheap_styles;            /* 23 looks that cost little instead of the shop's own */
    bool small_styles;            /* WORLD_SMALL_STYLES of them, of one to three looks, at odd prices */
    bool fast;     /* without flood limits, at Telegram and in the daemon: for a test of something else */
    bool bad_line; /* a relay between the daemon and its database */
    int busy;      /* a bot with other chats: so many message ids may pass before each of its messages */
    uint64_t seed;
    /* Called when the sandbox runs and the configuration is not written yet: may change world->api and options. */
    void (*prepare)(struct world *world);
    void (*finish)(struct world *world); /* the other way round; NULL = nothing, like prepare */
};

struct world {
    struct world_options options;
    char dir[64];
    char base[64]; /* the sandbox */
    char api[64];  /* where the daemon finds it */
    char record[96], log[96], config[96];
    const char *conninfo;
    struct relay *relay;   /* NULL = none */
    pid_t sandbox, daemon; /* 0 = not running */
    struct net *net;
    struct db *db;
    struct arena arena;
    int64_t begun_ms;   /* when the world began */
    int64_t started_ms; /* when the daemon was started last, monotonic */
    long starts;
};

/* Starts the sandbox; the daemon not yet. What can't be had ends the program. */
void world_begin(struct world *world, const struct world_options *options);
/* Writes the configuration again, after a change of options. */
void world_write_config(struct world *world);
/* A child that dies with this process; its output goes to log. args[0] is a path. */
pid_t world_spawn(const char *const *args, const char *log);
/* kill_at: of $FOTOSET_KILL_AT, or NULL. */
void world_start_daemon(struct world *world, const char *kill_at);
/* Has it ended by itself? Then it is reaped, and *ret_status is what waitpid said. */
bool world_daemon_ended(struct world *world, int *ret_status);
/* Sends the signal and reaps; the status as waitpid gives it. SIGTERM waits for the drain (30 s at most). */
int world_stop_daemon(struct world *world, int signal_number);
/* Stops everything; keeps the directory if something failed and $FOTOSET_KEEP is set. */
void world_end(struct world *world);

/* One statement, blocking; the caller frees. Ends the program when Postgres refuses it. */
struct db_result *world_sql(struct world *world, const char *sql);
int64_t world_int(struct world *world, const char *format, ...)
    PRINTF_LIKE(2, 3); /* the first column of the first row; 0 if none */

/* A text file whole (malloc), "" if there is none. */
char *world_read(const char *path);
/* Ends the program with the tails of the logs. */
void world_fail(struct world *world, const char *format, ...) PRINTF_LIKE(2, 3) __attribute__((noreturn));

#endif
