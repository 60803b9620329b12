/* The configuration of the daemon, typed and checked: whoever holds a struct config need not check anything again.
 * Every key, its default, limits and unit stand in config/keys.c; the owner's side is config/fotoset.conf.example.
 * Strings live in the arena given to config_load; an optional string that is absent is NULL. The verb is load because
 * libconfig exports a config_read of its own. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "config/finding.h"
#include "config/network.h"
#include "config/url.h"
#include "core/arena.h"
#include "core/err.h"
#include "core/promo.h"

enum {
    CONFIG_FILE_MAX_BYTES = 1024 * 1024,
    CONFIG_SECRET_MAX_BYTES = 4096,
    CONFIG_ADMINS_MAX = 32,
    CONFIG_NETWORKS_MAX = 32,
    CONFIG_VALUE_MAX_BYTES = 2048, /* of one string */
};

enum config_role { CONFIG_ROLE_POLL = 1 << 0, CONFIG_ROLE_SEND = 1 << 1, CONFIG_ROLE_GENERATE = 1 << 2 };
enum config_log_level {
    CONFIG_LOG_ERROR,
    CONFIG_LOG_WARNING,
    CONFIG_LOG_INFO,
    CONFIG_LOG_DEBUG,
    CONFIG_LOG_LEVEL_COUNT
};
/* Whose the receipts are. */
enum config_receipts_mode {
    CONFIG_RECEIPTS_YOOKASSA, /* a cash register's, with the payment */
    CONFIG_RECEIPTS_NPD,      /* the tax service's, for the self-employed */
    CONFIG_RECEIPTS_NONE,
    CONFIG_RECEIPTS_MODE_COUNT
};
enum config_provider { CONFIG_PROVIDER_LOCAL, CONFIG_PROVIDER_COUNT };

struct config_telegram {
    const char *api_url;        /* no slash at the end; methods are <api_url>/bot<token>/<method> */
    char *token;                /* secret */
    const char *proxy;          /* http, https, socks5 or socks5h URL, or NULL */
    int32_t global_per_1000s;   /* messages in 1000 s over all chats (30 per second = 30000); 0 = no limit */
    int32_t per_chat_per_1000s; /* the same for one chat (1 per second = 1000); 0 = no limit */
    int32_t album_wait_ms;      /* quiet time after which an incoming album is counted as complete */
    int32_t send_connections;
};

struct config_yookassa {
    const char *api_url; /* base, no slash at the end; payments are <api_url>/payments */
    const char *shop_id;
    bool test_shop;         /* its money is none, and real money is none of its */
    char *secret;           /* secret */
    const char *return_url; /* NULL = https://t.me/<bot> */
    int32_t link_life_minutes;
    int32_t request_timeout_s;
    int32_t reconcile_minutes; /* between two comparisons of its lists with our books */
    const char *proxy;         /* NULL = none */
};

struct config_receipts {
    enum config_receipts_mode mode;
    /* YOOKASSA: what a receipt (54-FZ) says */
    int32_t vat_code;
    int32_t tax_system_code; /* 0 = not sent */
    const char *payment_subject;
    const char *payment_mode;
};

struct config_stars {
    bool enabled;             /* Telegram's stars as a second way to pay */
    int32_t kopecks_per_star; /* by which a price in roubles is one in stars */
};

/* Where something is listened for. */
struct config_listen {
    const char *text; /* as it was written; NULL = nowhere */
    struct network address;
    uint16_t port;
};

struct config_networks {
    struct network list[CONFIG_NETWORKS_MAX];
    size_t count;
};

/* YooKassa's own word that a payment has moved. */
struct config_notifications {
    struct config_listen listen;
    const char *path;
    struct config_networks networks;        /* who may send them */
    struct config_networks trusted_proxies; /* whose word is taken for who sends them */
};

struct config_npd {
    const char *api_url; /* no slash at the end; a receipt is <api_url>/receipt/<inn>/<number>/print */
    const char *inn;     /* these two are there with CONFIG_RECEIPTS_NPD */
    char *password;      /* secret */
    const char *proxy;   /* NULL = none */
};

struct config_database {
    const char *conninfo; /* libpq's; may hold a password: never logged */
    int32_t connect_timeout_s;
    int32_t query_timeout_s;
};

struct config_store {
    const char *path; /* absolute directory of photos under content names */
};

struct config_darkroom {
    const char *program;   /* absolute */
    int32_t idle_s;        /* the process ends after so long without work */
    int32_t job_timeout_s; /* one image at most */
};

struct config_making {
    enum config_provider provider;
    int32_t workers;
    int32_t lease_s;
    int32_t max_attempts;
    int32_t retry_base_s;
    int32_t retry_cap_s;
};

struct config_shop {
    int32_t photos_min;
    int32_t photos_max;
    int32_t avatars_max;
    int32_t min_side_px;
    int32_t photo_max_bytes;    /* of one reference */
    const char *offer_url;      /* "" = none, because texts link to it */
    const char *privacy_url;    /* the same */
    int32_t offer_version;      /* from 1; stored with the consent; a new one asks again */
    int32_t privacy_version;    /* the same, of the consent to personal data */
    const char *support;        /* "" = nobody: whom /paysupport names */
    int32_t utc_offset_minutes; /* of the clock users are told times by */
};

struct config {
    struct config_telegram telegram;
    struct config_yookassa yookassa;
    struct config_receipts receipts;
    struct config_stars stars;
    struct config_notifications notifications;
    struct config_npd npd;
    struct config_database database;
    struct config_store store;
    struct config_darkroom darkroom;
    struct config_making making;
    struct config_shop shop;
    struct pack packs[PACKS_MAX]; /* the smallest first */
    int32_t pack_count;
    int64_t admins[CONFIG_ADMINS_MAX];
    int32_t admin_count;
    uint32_t roles;         /* of enum config_role */
    const char *texts_dir;  /* absolute */
    const char *styles_dir; /* absolute */
    const char *ca_file;    /* absolute; certificates believed beside the system's; NULL = none */
    enum config_log_level log_level;
    int32_t drain_s;    /* after SIGTERM, what is under way may take so long to end */
    int32_t watchdog_s; /* work waiting without progress for so long: the service manager is no longer fed */
};

/* A secret that was opened while there still was the right to; instead of a file of $CREDENTIALS_DIRECTORY. */
struct config_credential {
    const char *name;
    const char *path; /* for messages */
    int fd;           /* -1: it could not be opened; config_load closes it */
};

/* Where things outside the file are found: gathered once by config_find_env, given by hand in tests. */
struct config_env {
    const char *credentials_dir; /* $CREDENTIALS_DIRECTORY, or NULL */
    const char *program_dir;     /* where the running program's file lies, or NULL */
    const struct config_credential *credentials;
    size_t credential_count;
    url_check *check_url; /* the judge of addresses; not of config's finding, its caller sets it */
};
struct config_env config_find_env(struct arena *arena);

/* Reads, checks and fills everything. All problems go to findings, warnings too; ERR_INVALID if there was an error,
 * ERR_IO if the file can't be read (also a finding). *ret is untouched then. Relative paths in the file are relative
 * to the file. */
enum err config_load(struct arena *arena, const char *path, const struct config_env *env, struct findings *findings,
                     struct config *ret) MUST_CHECK;

/* The same from memory; path is only for messages and relative paths. */
enum err config_load_text(struct arena *arena, const char *path, const char *text, size_t length,
                          const struct config_env *env, struct findings *findings, struct config *ret) MUST_CHECK;

/* Does this daemon hold the bot, or does it only work for one that another daemon holds? */
bool config_holds_bot(const struct config *config);

/* Wipes the secrets. Accepts a zeroed struct, and twice. */
void config_done(struct config *config);

#endif
