/* What can be configured, in the order of config/fotoset.conf.example. Every default and limit of the configuration
 * stands here and nowhere else; why a default is what it is stands in the example, which a test keeps equal to this
 * table. */
#include "config/keys.h"

#include "config/config.h"

#define AT(field) offsetof(struct config, field)
#define TEXT_BYTES .min = 1, .max = CONFIG_VALUE_MAX_BYTES, .unit = "bytes"
#define DAY_S (24 * 60 * 60)

/* clang-format off */
const struct config_key config_keys[] = {
    /* Telegram */
    {"telegram.token_file", KEY_SECRET, AT(telegram.token), "telegram_token", .required = true, .of_bot = true,
     .remedy = "put the token @BotFather gave into a file of its own and name that file in telegram.token_file, "
               "or pass it with LoadCredential=telegram_token:FILE"},
    {"telegram.api_url", KEY_URL, AT(telegram.api_url), "https://api.telegram.org", .required = true, TEXT_BYTES},
    {"telegram.proxy", KEY_PROXY, AT(telegram.proxy), NULL, TEXT_BYTES},
    {"telegram.global_per_s", KEY_RATE, AT(telegram.global_per_1000s), "30", .min = 0, .max = 100000000,
     .unit = "messages per second"},
    {"telegram.per_chat_per_s", KEY_RATE, AT(telegram.per_chat_per_1000s), "1", .min = 0, .max = 100000000,
     .unit = "messages per second"},
    {"telegram.album_wait_ms", KEY_INT, AT(telegram.album_wait_ms), "1500", .min = 0, .max = 15000, .unit = "ms"},
    {"telegram.send_connections", KEY_INT, AT(telegram.send_connections), "4", .min = 1, .max = 64,
     .unit = "connections"},
    /* YooKassa */
    {"yookassa.shop_id", KEY_NAME, AT(yookassa.shop_id), NULL, .required = true, .of_bot = true, .min = 1, .max = 64, .unit = "bytes",
     .remedy = "copy the shop id (shopId) from the YooKassa cabinet, in quotes"},
    {"yookassa.test_shop", KEY_BOOL, AT(yookassa.test_shop), "false", .unit = ""},
    {"yookassa.secret_file", KEY_SECRET, AT(yookassa.secret), "yookassa_secret", .required = true, .of_bot = true,
     .remedy = "put the shop's secret key into a file of its own and name that file in yookassa.secret_file, "
               "or pass it with LoadCredential=yookassa_secret:FILE"},
    {"yookassa.api_url", KEY_URL, AT(yookassa.api_url), "https://api.yookassa.ru/v3", .required = true, TEXT_BYTES},
    {"yookassa.proxy", KEY_PROXY, AT(yookassa.proxy), NULL, TEXT_BYTES},
    {"yookassa.return_url", KEY_LINK, AT(yookassa.return_url), NULL, TEXT_BYTES},
    {"yookassa.link_life_minutes", KEY_INT, AT(yookassa.link_life_minutes), "60", .min = 5, .max = 60,
     .unit = "minutes"},
    {"yookassa.request_timeout_s", KEY_INT, AT(yookassa.request_timeout_s), "40", .min = 5, .max = 300, .unit = "s"},
    {"yookassa.reconcile_minutes", KEY_INT, AT(yookassa.reconcile_minutes), "60", .min = 1, .max = 24 * 60,
     .unit = "minutes"},
    /* receipts */
    {"receipts.mode", KEY_ENUM, AT(receipts.mode), "yookassa", .choices = {"yookassa", "npd", "none"}},
    {"receipts.vat_code", KEY_INT, AT(receipts.vat_code), "1", .min = 1, .max = 12, .unit = ""},
    {"receipts.tax_system_code", KEY_INT, AT(receipts.tax_system_code), "0", .min = 0, .max = 6, .unit = ""},
    {"receipts.payment_subject", KEY_CHOICE, AT(receipts.payment_subject), "service",
     .choices = {"service", "intellectual_activity", "commodity", "job", "another"}},
    {"receipts.payment_mode", KEY_CHOICE, AT(receipts.payment_mode), "full_payment",
     .choices = {"full_payment", "full_prepayment"}},
    /* Telegram's stars */
    {"stars.enabled", KEY_BOOL, AT(stars.enabled), "false", .unit = ""},
    {"stars.kopecks_per_star", KEY_INT, AT(stars.kopecks_per_star), "100", .min = 1, .max = 100000, .unit = "kopecks"},
    /* Notifications */
    {"notifications.listen", KEY_LISTEN, AT(notifications.listen), NULL, TEXT_BYTES,
     .remedy = "write an address of this machine and a port, e.g. listen = \"127.0.0.1:8081\";"},
    {"notifications.path", KEY_TEXT, AT(notifications.path), "/yookassa", .required = true, TEXT_BYTES},
    {"notifications.networks", KEY_NETWORKS, AT(notifications.networks), "185.71.76.0/27 185.71.77.0/27 77.75.153.0/25 "
     "77.75.154.128/25 77.75.156.11 77.75.156.35 2a02:5180::/32", .unit = ""},
    {"notifications.trusted_proxies", KEY_NETWORKS, AT(notifications.trusted_proxies), NULL, .unit = ""},
    /* the tax service's account of the self-employed */
    {"npd.inn", KEY_NAME, AT(npd.inn), NULL, .of_npd = true, .min = 1, .max = 12, .unit = "bytes",
     .remedy = "write your own INN, twelve digits, in quotes"},
    {"npd.password_file", KEY_SECRET, AT(npd.password), "npd_password", .required = true, .of_npd = true,
     .remedy = "put the password of your account at lknpd.nalog.ru into a file of its own and name that file in "
               "npd.password_file, or pass it with LoadCredential=npd_password:FILE"},
    {"npd.api_url", KEY_URL, AT(npd.api_url), "https://lknpd.nalog.ru/api/v1", .required = true, TEXT_BYTES},
    {"npd.proxy", KEY_PROXY, AT(npd.proxy), NULL, TEXT_BYTES},
    /* Postgres */
    {"database.conninfo", KEY_TEXT, AT(database.conninfo), "dbname=fotoset", .required = true, TEXT_BYTES},
    {"database.connect_timeout_s", KEY_INT, AT(database.connect_timeout_s), "10", .min = 1, .max = 120, .unit = "s"},
    {"database.query_timeout_s", KEY_INT, AT(database.query_timeout_s), "30", .min = 1, .max = 600, .unit = "s"},
    /* photos: where they lie, who looks at them, who makes them */
    {"store.path", KEY_PATH, AT(store.path), "/var/lib/fotoset", .required = true, TEXT_BYTES},
    {"darkroom.program", KEY_PROGRAM, AT(darkroom.program), "fotoset-darkroom", TEXT_BYTES,
     .remedy = "name the program fotoset-darkroom, which is built and installed with fotosetd"},
    {"darkroom.idle_s", KEY_INT, AT(darkroom.idle_s), "60", .min = 1, .max = DAY_S, .unit = "s"},
    {"darkroom.job_timeout_s", KEY_INT, AT(darkroom.job_timeout_s), "20", .min = 1, .max = 600, .unit = "s"},
    {"making.provider", KEY_ENUM, AT(making.provider), "local", .choices = {"local"}},
    {"making.workers", KEY_INT, AT(making.workers), "2", .min = 1, .max = 64, .unit = "photos at once"},
    {"making.lease_s", KEY_INT, AT(making.lease_s), "120", .min = 10, .max = DAY_S, .unit = "s"},
    {"making.max_attempts", KEY_INT, AT(making.max_attempts), "5", .min = 1, .max = 50, .unit = "attempts"},
    {"making.retry_base_s", KEY_INT, AT(making.retry_base_s), "5", .min = 1, .max = 3600, .unit = "s"},
    {"making.retry_cap_s", KEY_INT, AT(making.retry_cap_s), "600", .min = 1, .max = DAY_S, .unit = "s"},
    /* the shop */
    {"shop.photos_min", KEY_INT, AT(shop.photos_min), "10", .min = 1, .max = 100, .unit = "photos"},
    {"shop.photos_max", KEY_INT, AT(shop.photos_max), "20", .min = 1, .max = 100, .unit = "photos"},
    {"shop.avatars_max", KEY_INT, AT(shop.avatars_max), "10", .min = 1, .max = 50, .unit = "avatars"},
    {"shop.min_side_px", KEY_INT, AT(shop.min_side_px), "512", .min = 64, .max = 4096, .unit = "px"},
    {"shop.photo_max_bytes", KEY_INT, AT(shop.photo_max_bytes), "20971520", .min = 1024, .max = 20971520,
     .unit = "bytes"},
    {"shop.offer_url", KEY_LINK, AT(shop.offer_url), "", TEXT_BYTES},
    {"shop.privacy_url", KEY_LINK, AT(shop.privacy_url), "", TEXT_BYTES},
    {"shop.support", KEY_TEXT, AT(shop.support), "", TEXT_BYTES},
    {"shop.offer_version", KEY_INT, AT(shop.offer_version), "1", .min = 1, .max = 1000000, .unit = ""},
    {"shop.privacy_version", KEY_INT, AT(shop.privacy_version), "1", .min = 1, .max = 1000000, .unit = ""},
    {"shop.utc_offset_minutes", KEY_INT, AT(shop.utc_offset_minutes), "180", .min = -720, .max = 840,
     .unit = "minutes"},
    /* the daemon */
    {"admins", KEY_ADMINS, AT(admins), NULL,
     .remedy = "write numeric Telegram user ids with L at the end, e.g. admins = [ 5000000000L ];"},
    {"packs", KEY_PACKS, AT(packs), NULL,
     .remedy = "write packs = ( { sets = 3; price = \"1290.00\"; } );"},
    {"roles", KEY_FLAGS, AT(roles), "poll send generate", .choices = {"poll", "send", "generate"}},
    {"texts_dir", KEY_DATA_DIR, AT(texts_dir), "texts", TEXT_BYTES},
    {"styles_dir", KEY_DATA_DIR, AT(styles_dir), "styles", TEXT_BYTES},
    {"ca_file", KEY_CERTS, AT(ca_file), NULL, TEXT_BYTES,
     .remedy = "name a file with the issuer's certificate in PEM that the daemon's user may read, or remove the line"},
    {"log_level", KEY_ENUM, AT(log_level), "info", .choices = {"error", "warning", "info", "debug"}},
    {"drain_s", KEY_INT, AT(drain_s), "20", .min = 0, .max = 300, .unit = "s"},
    {"watchdog_s", KEY_INT, AT(watchdog_s), "120", .min = 10, .max = 3600, .unit = "s"},
};
/* clang-format on */

const size_t config_key_count = sizeof config_keys / sizeof config_keys[0];
