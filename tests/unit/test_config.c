/* The configuration: what is accepted, and for everything that is not, the file, the line and the remedy. Real files in
 * a folder of the test's own, because paths, modes and missing files are half of what goes wrong. */
#include "config/config.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/services/http/address.h"
#include "config/keys.h"
#include "tests/check.h"
#include "tests/lsan.h"

static struct arena arena;
static const char *dir;

static const char *path_of(const char *name)
{
    return arena_format(&arena, "%s/%s", dir, name);
}

static void write_file(const char *name, const char *text, size_t length, mode_t mode)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, mode);
    CHECK(fd >= 0);
    CHECK(write(fd, text, length) == (ssize_t)length);
    CHECK(fchmod(fd, mode) == 0);
    CHECK(close(fd) == 0);
}

static void put(const char *name, const char *text)
{
    write_file(name, text, strlen(text), 0600);
}

/* The folder: secrets right and wrong, texts, styles, a darkroom. */
static void make_folder(void)
{
    static char template[] = "/tmp/fotoset_test_config.XXXXXX";
    dir = mkdtemp(template);
    CHECK(dir != NULL);
    CHECK(mkdir(path_of("texts"), 0700) == 0);
    CHECK(mkdir(path_of("styles"), 0700) == 0);
    CHECK(mkdir(path_of("credentials"), 0700) == 0);
    put("token", "123456:ABC-def_1234\r\n\n");
    put("secret", "  test_secret\t\n");
    put("empty", " \r\n");
    put("two_words", "test secret");
    put("no_token", "hello");
    put("odd_token", "123456:ABC-def_1234/x");
    put("credentials/telegram_token", "777:credential");
    put("credentials/yookassa_secret", "from_credentials");
    write_file("open", "1:abcde", 7, 0644);
    write_file("fotoset-darkroom", "", 0, 0700);
    write_file("unrunnable", "", 0, 0600);
    char *large = arena_alloc(&arena, CONFIG_SECRET_MAX_BYTES + 2);
    memset(large, 'x', CONFIG_SECRET_MAX_BYTES + 1);
    put("large", large);
}

static void remove_folder(void)
{
    static const char *const names[] = {"token",
                                        "secret",
                                        "empty",
                                        "two_words",
                                        "no_token",
                                        "odd_token",
                                        "credentials/telegram_token",
                                        "open",
                                        "fotoset-darkroom",
                                        "unrunnable",
                                        "large",
                                        "conf",
                                        "credentials/yookassa_secret",
                                        "texts",
                                        "styles",
                                        "credentials"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)remove(path_of(names[i]));
    CHECK(rmdir(dir) == 0);
}

static struct findings findings;

static enum err load_with(const char *text, size_t length, const char *credentials, struct config *ret)
{
    struct config_env env = {.check_url = address_fault, .program_dir = dir, .credentials_dir = credentials};
    findings_init(&findings, &arena);
    return config_load_text(&arena, path_of("conf"), text, length, &env, &findings, ret);
}

static enum err load(const char *text, struct config *ret)
{
    return load_with(text, strlen(text), NULL, ret);
}

/* Lines 1 and 2 of every case: what must be there. */
#define TELEGRAM "telegram: { token_file = \"token\"; };\n"
#define YOOKASSA "yookassa: { shop_id = \"1\"; secret_file = \"secret\"; };\n"
#define BASE TELEGRAM YOOKASSA

static void dump(void)
{
    for (size_t i = 0; i < findings.count; i++)
        fprintf(stderr, "  %s:%d: %s [%s]\n", findings.items[i].file, findings.items[i].line, findings.items[i].message,
                findings.items[i].remedy);
}

static bool has(enum finding_level level, int line, const char *message, const char *remedy)
{
    for (size_t i = 0; i < findings.count; i++) {
        const struct finding *one = &findings.items[i];
        if (one->level == level && one->line == line && strstr(one->message, message) != NULL &&
            strstr(one->remedy, remedy) != NULL && strcmp(one->file, path_of("conf")) == 0)
            return true;
    }
    return false;
}

/* The text is refused, with this finding. */
static void refuses(const char *text, int line, const char *message, const char *remedy)
{
    struct config config = {.drain_s = -1};
    enum err err = load(text, &config);
    if (err != ERR_INVALID || !has(FINDING_ERROR, line, message, remedy) || config.drain_s != -1) {
        fprintf(stderr, "%s\n%s: want line %d: %s [%s]\n", text, err_name(err), line, message, remedy);
        dump();
        exit(1);
    }
}

static struct config accepts(const char *text)
{
    struct config config = {0};
    if (load(text, &config) != ERR_OK) {
        fprintf(stderr, "refused:\n%s\n", text);
        dump();
        exit(1);
    }
    return config;
}

static void test_defaults(void)
{
    struct config config = accepts(BASE);
    CHECK_TEXT(config.telegram.token, "123456:ABC-def_1234"); /* line ends trimmed */
    CHECK_TEXT(config.yookassa.secret, "test_secret");
    CHECK_TEXT(config.telegram.api_url, "https://api.telegram.org");
    CHECK_TEXT(config.yookassa.api_url, "https://api.yookassa.ru/v3");
    CHECK_INT(config.telegram.global_per_1000s, 30000);
    CHECK_INT(config.telegram.per_chat_per_1000s, 1000);
    CHECK_INT(config.telegram.album_wait_ms, 1500);
    CHECK(config.telegram.proxy == NULL && config.yookassa.return_url == NULL);
    CHECK_INT(config.receipts.mode, CONFIG_RECEIPTS_YOOKASSA);
    CHECK_INT(config.receipts.vat_code, 1);
    CHECK_TEXT(config.shop.offer_url, "");
    CHECK_TEXT(config.shop.privacy_url, "");
    CHECK_INT(config.shop.offer_version, 1);
    CHECK_INT(config.making.provider, CONFIG_PROVIDER_LOCAL);
    CHECK_INT(config.log_level, CONFIG_LOG_INFO);
    CHECK_INT(config.roles, CONFIG_ROLE_POLL | CONFIG_ROLE_SEND | CONFIG_ROLE_GENERATE);
    CHECK_INT(config.admin_count, 0);
    CHECK_TEXT(config.texts_dir, path_of("texts"));
    CHECK_TEXT(config.styles_dir, path_of("styles"));
    CHECK_TEXT(config.store.path, "/var/lib/fotoset");
    CHECK(strstr(config.darkroom.program, "/fotoset-darkroom") != NULL);
    CHECK(has(FINDING_WARNING, 0, "admins is empty", "5000000000L"));
    CHECK(has(FINDING_WARNING, 0, "shop.offer_url", "publish"));

    char *token = config.telegram.token, *secret = config.yookassa.secret;
    config_done(&config);
    CHECK_TEXT(token, "");
    CHECK_TEXT(secret, "");
    config_done(&config);
}

static void test_values(void)
{
    struct config config = accepts(
        "telegram: { token_file = \"token\"; api_url = \"http://127.0.0.1:8081/\"; global_per_s = 0; "
        "per_chat_per_s = 0.5; proxy = \"socks5h://user:pass@proxy.example:1080\"; };\n" YOOKASSA
        "admins = [ 1L, 5000000000L ];\nroles = [ \"generate\" ];\nlog_level = \"debug\";\n"
        "store: { path = \"photos\"; };\nmaking: { provider = \"local\"; };\n"
        "shop: { offer_url = \"https://example.org/o?a=b#c\"; privacy_url = \"https://example.org/\"; };");
    CHECK_TEXT(config.telegram.api_url, "http://127.0.0.1:8081");
    CHECK_INT(config.telegram.global_per_1000s, 0);
    CHECK_INT(config.telegram.per_chat_per_1000s, 500);
    CHECK_TEXT(config.telegram.proxy, "socks5h://user:pass@proxy.example:1080");
    CHECK_INT(config.admin_count, 2);
    CHECK_INT(config.admins[0], 1);
    CHECK_INT(config.admins[1], INT64_C(5000000000));
    CHECK_INT(config.roles, CONFIG_ROLE_GENERATE);
    CHECK_INT(config.log_level, CONFIG_LOG_DEBUG);
    CHECK_TEXT(config.store.path, path_of("photos"));
    CHECK_TEXT(config.shop.offer_url, "https://example.org/o?a=b#c");
    CHECK_INT(findings.count, 0);
}

static void test_unknown_keys(void)
{
    refuses(BASE "shop: {\n  photo_min = 3;\n};", 4, "unknown key shop.photo_min", "did you mean shop.photos_min?");
    refuses(BASE "token_file = \"token\";", 3, "unknown key token_file", "did you mean telegram.token_file?");
    refuses(BASE "shop: { conninfo = \"\"; };", 3, "unknown key shop.conninfo", "did you mean database.conninfo?");
    refuses(BASE "telegrm: { };", 3, "unknown key telegrm", "did you mean telegram?");
    refuses(BASE "completely_different = 1;", 3, "unknown key completely_different", "fotoset.conf.example");
    refuses(BASE "shop = 5;", 3, "shop must be a group", "shop: { … };");
    refuses(BASE "shop: { photos_min: { a = 1; }; };", 3, "shop.photos_min must be a whole number", "default, 10");
}

static void test_syntax(void)
{
    refuses(BASE "shop: { photos_min 3; };", 3, "syntax error", "missing quote, brace");
    refuses(BASE "drain_s = 1;\n\ndrain_s = 2;", 5, "duplicate", "remove one");
    refuses(BASE "/* a comment\n that never ends", 3, "a comment begins here and is never closed", "close it");
    refuses(BASE "log_level = \"info;\n\ndrain_s = 3;\n", 3, "a text begins here and is never closed", "close it");
    refuses(BASE "@include \"/etc/passwd\"", 3, "@include", "one file");
    struct config config = {0};
    static const char nul[] = "drain_s\0= 1;";
    CHECK_INT(load_with(nul, sizeof nul - 1, NULL, &config), ERR_INVALID);
    CHECK(has(FINDING_ERROR, 1, "NUL byte", "UTF-8"));
    (void)accepts(
        BASE "# 5000000000 @include\n// \"\n/* 5000000000 */ database: { conninfo = \"port=5000000000 \\\" @\"; };");
}

/* Telegram ids passed 2^31 long ago, and libconfig cuts them without a word. */
static void test_large_ids(void)
{
    refuses(BASE "admins = [\n  1,\n  5000000000\n];", 5, "5000000000 does not fit into 32 bits", "write 5000000000L");
    refuses(BASE "store: { path = \"a\nb\"; };\n/*\n*/ admins = [ 5000000000 ];", 6, "does not fit into 32 bits", "L");
    refuses(BASE "admins = [ 0x12A05F200 ];", 3, "0x12A05F200 does not fit", "write 0x12A05F200L");
    refuses(BASE "drain_s = -5000000000;", 3, "5000000000 does not fit", "write -5000000000L");
    refuses(BASE "admins = [ 2147483648 ];", 3, "2147483648 does not fit", "write 2147483648L");
    refuses(BASE "admins = [ 9223372036854775808L ];", 3, "does not fit into 64 bits", "smaller");
    refuses(BASE "admins = [ 99999999999999999999999999999999999999999999999L ];", 3, "does not fit into 64 bits", "");
    refuses(BASE "drain_s = 5000000000;\nlog_level = \"loud\";", 4, "log_level has an unknown value", "\"debug\"");
    refuses(BASE "admins = [\n1,\n5000000000L ];", 5, "mismatched", "if one number has the L, all need it");
    struct config config = accepts(BASE "admins = ( 2147483647, 0x7FFFFFFF, 3000000000LL );");
    CHECK_INT(config.admin_count, 3);
    CHECK_INT(config.admins[2], INT64_C(3000000000));
}

static void test_admins(void)
{
    refuses(BASE "admins = [ -100L ];", 3, "admins holds something that is not the id", "with L at the end");
    refuses(BASE "admins = [ \"5\" ];", 3, "admins holds something that is not the id", "with L at the end");
    refuses(BASE "admins = 5;", 3, "admins must be an array", "admins = [ 5000000000L ]");
    const char *many = BASE "admins = [ 1";
    for (int i = 0; i < CONFIG_ADMINS_MAX; i++)
        many = arena_format(&arena, "%s, %d", many, i + 2);
    refuses(arena_format(&arena, "%s ];", many), 3, "more than 32", "remove some");
}

static void test_certificates(void)
{
    put("ca.pem", "Our own\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n");
    put("key.pem", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n");
    CHECK(accepts(BASE).ca_file == NULL);
    CHECK_TEXT(accepts(BASE "ca_file = \"ca.pem\";").ca_file, path_of("ca.pem"));
    refuses(BASE "ca_file = \"key.pem\";", 3, "holds no certificate", "or remove the line");
    refuses(BASE "ca_file = \"no.pem\";", 3, "which is not there", "certificate in PEM");
    refuses(BASE "ca_file = \"texts\";", 3, "which is not a file", "certificate in PEM");
    CHECK(unlink(path_of("ca.pem")) == 0 && unlink(path_of("key.pem")) == 0);
}

static void test_kinds(void)
{
    refuses(BASE "shop: { offer_url = \"http://a.example\"; };", 3, "plain http",
            "write a right value, or remove the line");
    (void)accepts(BASE "shop: { utc_offset_minutes = -720; };");
    refuses(BASE "shop: { utc_offset_minutes = 841; };", 3, "outside its limits", "-720 … 840 minutes (default 180)");
    refuses(BASE "shop: { offer_url = \"\"; };", 3, "shop.offer_url is empty", "or remove the line");
    refuses(BASE "drain_s = 301;", 3, "drain_s is outside its limits", "0 … 300 s (default 20)");
    refuses(BASE "drain_s = 5000000000L;", 3, "drain_s is outside its limits", "0 … 300 s");
    refuses(BASE "drain_s = \"20\";", 3, "drain_s must be a whole number", "20");
    refuses(BASE "drain_s = 20.5;", 3, "drain_s must be a whole number", "20");
    refuses(BASE "log_level = \"loud\";", 3, "log_level has an unknown value", "\"error\", \"warning\", \"info\"");
    refuses(BASE "log_level = 3;", 3, "log_level must be a text", "log_level = ");
    refuses(BASE "making: { provider = \"cloud\"; };", 3, "unknown value", "\"local\"");
    refuses(BASE "roles = [ \"poll\", \"dance\" ];", 3, "roles has an unknown value", "\"generate\"");
    refuses(BASE "roles = [ ];", 3, "roles must be an array", "roles = [ \"poll\" ]");
    refuses(BASE "database: { conninfo = \"\"; };", 3, "database.conninfo is empty", "dbname=fotoset");
    refuses(BASE "database: { conninfo = \"a\\nb\"; };", 3, "line end", "dbname=fotoset");
    refuses(TELEGRAM "yookassa: { shop_id = \"1\"; secret_file = \"secret\"; test_shop = 1; };", 2,
            "yookassa.test_shop must be true or false", "without quotes");
    refuses(BASE "receipts: { mode = \"both\"; };", 3, "receipts.mode has an unknown value", "\"yookassa\", ");
    refuses(TELEGRAM "yookassa: { shop_id = \"1:2\"; secret_file = \"secret\"; };", 2, "yookassa.shop_id may hold", "");
    refuses(TELEGRAM "yookassa: { shop_id = 12; secret_file = \"secret\"; };", 2, "must be a text in quotes",
            "shop_id");
    refuses(TELEGRAM "yookassa: { secret_file = \"secret\"; };", 0, "yookassa.shop_id is missing", "cabinet");
    refuses("telegram: { token_file = \"token\";\nper_chat_per_s = -1;\nglobal_per_s = \"a\"; };" YOOKASSA, 2,
            "telegram.per_chat_per_s is outside", "0 (no limit)");
    refuses("telegram: { token_file = \"token\";\nper_chat_per_s = 1e300;\nglobal_per_s = \"a\"; };" YOOKASSA, 2, "",
            "");
    refuses("telegram: { token_file = \"token\";\nper_chat_per_s = 1;\nglobal_per_s = \"a\"; };" YOOKASSA, 3,
            "telegram.global_per_s must be a number", "default, 30");
}

/* What an accountant would not mean. */
static void test_receipts(void)
{
    (void)accepts(BASE
                  "receipts: { vat_code = 12; tax_system_code = 6; payment_subject = \"intellectual_activity\"; };");
    CHECK(!has(FINDING_WARNING, 3, "receipts", ""));
    (void)accepts(BASE "receipts: { payment_mode = \"full_prepayment\"; vat_code = 6; };");
    CHECK(has(FINDING_WARNING, 3, "receipts.payment_mode asks for a second, closing receipt", "full_payment"));
    CHECK(has(FINDING_WARNING, 3, "receipts.vat_code is a rate of 20 %", "write 11 for 22 %"));
    (void)accepts(BASE "receipts: { tax_system_code = 4; };");
    CHECK(has(FINDING_WARNING, 3, "is ENVD, which ended in 2021", "accountant"));
    (void)accepts(BASE "receipts: { mode = \"none\"; tax_system_code = 4; };");
    CHECK(!has(FINDING_WARNING, 3, "receipts", ""));
    refuses(BASE "receipts: { vat_code = 0; };", 3, "receipts.vat_code is outside its limits", "1 … 12");
    refuses(BASE "receipts: { tax_system_code = 7; };", 3, "receipts.tax_system_code is outside", "0 … 6");
    refuses(BASE "receipts: { payment_subject = \"gift\"; };", 3, "unknown value", "\"service\"");
    refuses(BASE "receipts: { mode = \"54fz\"; };", 3, "receipts.mode has an unknown value", "\"yookassa\"");
}

static void test_together(void)
{
    refuses(BASE "stars: { enabled = true; };", 0, "shop.support is empty, and stars.enabled is not false", "@name");
    refuses(BASE "shop: {\n photos_min = 10;\n photos_max = 9; };", 5, "smaller than shop.photos_min", "at least");
    refuses(BASE "making: { retry_base_s = 9; retry_cap_s = 8; };", 3, "smaller than making.retry_base_s", "at least");
    refuses(BASE "making: { lease_s = 40; };", 3, "making.lease_s is too short", "twice darkroom.job_timeout_s");
    refuses(BASE "texts_dir = \"nowhere\";", 3, "texts_dir can't be opened", "ru.cfg");
    refuses(BASE "styles_dir = \"nowhere\";", 3, "styles_dir can't be opened", "styles");
    refuses(BASE "darkroom: { program = \"nowhere\"; };", 3, "darkroom.program can't be run", "fotoset-darkroom");
    refuses("telegram: { token_file = \"no_token\"; };\n" YOOKASSA, 1, "does not hold a bot token", "@BotFather");
    refuses("telegram: { token_file = \"odd_token\"; };\n" YOOKASSA, 1, "does not hold a bot token", "@BotFather");
}

/* All at once, in the order of the lines. */
static void test_many(void)
{
    refuses(BASE "drain_s = 999;\nshop: { photos_min = 0; photo = 1; };\nlog_level = 1;", 5, "log_level", "");
    CHECK_INT(findings.errors, 4);
    for (size_t i = 1; i < findings.count; i++)
        CHECK(findings.items[i - 1].line <= findings.items[i].line);

    const char *text = BASE;
    for (int i = 0; i < FINDINGS_MAX + 50; i++)
        text = arena_format(&arena, "%sunknown%d = 1;\n", text, i);
    refuses(text, 3, "unknown0", "");
    CHECK_INT(findings.count, FINDINGS_MAX);
    CHECK_INT(findings.errors, FINDINGS_MAX + 50);
}

static void test_secrets(void)
{
    refuses("telegram: { token_file = \"missing\"; };\n" YOOKASSA, 1, "can't be read: No such file", "@BotFather");
    refuses("telegram: { token_file = \"empty\"; };\n" YOOKASSA, 1, "is empty", "file of its own");
    refuses("telegram: {\n token_file = \"two_words\"; };\n" YOOKASSA, 2, "holds a blank", "file of its own");
    refuses("telegram: { token_file = \"large\"; };\n" YOOKASSA, 1, "too large", "file of its own");
    refuses("telegram: { token_file = \"texts\"; };\n" YOOKASSA, 1, "can't be read: Is a directory", "");
    refuses("telegram: { token_file = \"/dev/zero\"; };\n" YOOKASSA, 1, "can't be read", "");
    refuses("telegram: { token_file = \"\"; };\n" YOOKASSA, 1, "telegram.token_file is empty", "LoadCredential");
    refuses(YOOKASSA, 0, "telegram.token_file is missing", "LoadCredential=telegram_token:FILE");
    refuses("telegram: { token = \"99:do_not_print\"; };\n" YOOKASSA, 1, "unknown key telegram.token", "token_file");
    for (size_t i = 0; i < findings.count; i++)
        CHECK(strstr(findings.items[i].message, "do_not_print") == NULL &&
              strstr(findings.items[i].remedy, "do_not_print") == NULL);

    struct config config = accepts("telegram: {\n token_file = \"open\"; };\n" YOOKASSA);
    CHECK(has(FINDING_WARNING, 2, "open to every user", "chmod o-rwx"));
    CHECK_TEXT(config.telegram.token, "1:abcde");

    static const char shop[] = "yookassa: { shop_id = \"1\"; };";
    CHECK_INT(load_with(shop, sizeof shop - 1, path_of("credentials"), &config), ERR_OK);
    CHECK_TEXT(config.telegram.token, "777:credential");
    CHECK_TEXT(config.yookassa.secret, "from_credentials");
    static const char unreadable[] = "telegram: { token_file = \"missing\"; };\n"
                                     "yookassa: { shop_id = \"1\"; secret_file = \"/dev/zero\"; };\n";
    CHECK_INT(load_with(unreadable, sizeof unreadable - 1, path_of("credentials"), &config), ERR_OK); /* win if there */
    CHECK_TEXT(config.telegram.token, "777:credential");
    CHECK_TEXT(config.yookassa.secret, "from_credentials");
    static const char base[] = BASE; /* credentials of somebody else */
    CHECK_INT(load_with(base, sizeof base - 1, path_of("texts"), &config), ERR_OK);
    CHECK_TEXT(config.telegram.token, "123456:ABC-def_1234");
    CHECK(unlink(path_of("credentials/telegram_token")) == 0 &&
          mkdir(path_of("credentials/telegram_token"), 0700) == 0);
    CHECK_INT(load_with(base, sizeof base - 1, path_of("credentials"), &config), ERR_INVALID);
    CHECK(strstr(findings.items[0].message, "telegram_token can't be read: Is a directory") != NULL);
    CHECK(rmdir(path_of("credentials/telegram_token")) == 0);
}

/* What was opened before the right to do so was given up. */
static void test_open_credentials(void)
{
    static const char shop[] = "yookassa: { shop_id = \"1\"; };";
    struct config_credential open_ones[] = {
        {"yookassa_secret", "/etc/1", open(path_of("secret"), O_RDONLY)},
        {"telegram_token", "/etc/2", open(path_of("two_words"), O_RDONLY)},
    };
    struct config_env env = {
        .check_url = address_fault, .program_dir = dir, .credentials = open_ones, .credential_count = 2};
    struct config config;
    findings_init(&findings, &arena);
    CHECK_INT(config_load_text(&arena, path_of("shop.conf"), shop, sizeof shop - 1, &env, &findings, &config),
              ERR_INVALID);
    CHECK(strstr(findings.items[0].message, "the secret file /etc/2 holds a blank") != NULL);
    open_ones[0].fd = open(path_of("secret"), O_RDONLY);
    open_ones[1].fd = open(path_of("token"), O_RDONLY);
    CHECK_INT(config_load_text(&arena, path_of("shop.conf"), shop, sizeof shop - 1, &env, &findings, &config), ERR_OK);
    CHECK_TEXT(config.telegram.token, "123456:ABC-def_1234");
    CHECK_TEXT(config.yookassa.secret, "test_secret");
}

/* test_address.c tries the judge; here is what is asked of it, and that its words arrive. */
static void test_urls(void)
{
    static const char *const right[] = {"https://a.example:8443/base", "http://[::1]:8081", "http://127.1"};
    static const char *const wrong[] = {"http://localhost@evil.example", "https://a/?q", "a.example", "",
                                        "https://a\\u0000"};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
        (void)accepts(
            arena_format(&arena, "telegram: { token_file = \"token\"; api_url = \"%s\"; };\n" YOOKASSA, right[i]));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        refuses(arena_format(&arena, "telegram: { token_file = \"token\";\napi_url = \"%s\"; };\n" YOOKASSA, wrong[i]),
                2, "telegram.api_url is", "https://api.telegram.org");
    refuses("telegram: { token_file = \"token\"; proxy = \"ftp://a\"; };\n" YOOKASSA, 1, "a proxy is",
            "remove the line");
    refuses("telegram: { token_file = \"token\"; proxy = \"http://a/b\"; };\n" YOOKASSA, 1, "no path", "");
}

static void test_files(void)
{
    struct config config;
    struct config_env env = {.check_url = address_fault, .program_dir = dir};
    findings_init(&findings, &arena);
    CHECK_INT(config_load(&arena, path_of("conf"), &env, &findings, &config), ERR_IO);
    CHECK(has(FINDING_ERROR, 0, "No such file", "path"));
    CHECK_INT(config_load(&arena, dir, &env, &findings, &config), ERR_IO);
    put("conf", BASE);
    findings_init(&findings, &arena);
    CHECK_INT(config_load(&arena, path_of("conf"), &env, &findings, &config), ERR_OK);
    CHECK_TEXT(config.telegram.token, "123456:ABC-def_1234");
    char *large = arena_alloc(&arena, CONFIG_FILE_MAX_BYTES + 2);
    memset(large, '\n', CONFIG_FILE_MAX_BYTES + 1);
    put("conf", large);
    CHECK_INT(config_load(&arena, path_of("conf"), &env, &findings, &config), ERR_TOO_LARGE);
    env = config_find_env(&arena);
    CHECK(env.program_dir != NULL && env.program_dir[0] == '/');
}

int main(void)
{
    arena_init(&arena);
    make_folder();
    test_defaults();
    test_values();
    test_unknown_keys();
    test_syntax();
    test_large_ids();
    test_admins();
    test_certificates();
    test_kinds();
    test_receipts();
    test_together();
    test_many();
    test_secrets();
    test_open_credentials();
    test_urls();
    test_files();
    remove_folder();
    arena_done(&arena);
    return 0;
}
