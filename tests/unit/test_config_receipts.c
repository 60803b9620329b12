/* The configuration of receipts: three ways, each with what it needs, and keys as earlier versions called them. */
#include "config/config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bot/services/http/address.h"
#include "tests/check.h"

#define TELEGRAM "telegram: { token_file = \"token\"; };\n"
#define BASE TELEGRAM "yookassa: { shop_id = \"1\"; secret_file = \"secret\"; };\n"

static struct arena arena;
static struct findings findings;
static const char *dir;

static const char *path_of(const char *name)
{
    return arena_format(&arena, "%s/%s", dir, name);
}

static void put(const char *name, const char *text, mode_t mode)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC, mode);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

static enum err load(const char *text, struct config *ret)
{
    struct config_env env = {.check_url = address_fault, .program_dir = dir};
    findings_init(&findings, &arena);
    return config_load_text(&arena, path_of("conf"), text, strlen(text), &env, &findings, ret);
}

static bool has(enum finding_level level, int line, const char *message, const char *remedy)
{
    for (size_t i = 0; i < findings.count; i++) {
        const struct finding *one = &findings.items[i];
        if (one->level == level && one->line == line && strstr(one->message, message) != NULL &&
            strstr(one->remedy, remedy) != NULL)
            return true;
    }
    for (size_t i = 0; i < findings.count; i++)
        fprintf(stderr, "  %d: %s [%s]\n", findings.items[i].line, findings.items[i].message, findings.items[i].remedy);
    return false;
}

static void refuses(const char *text, int line, const char *message, const char *remedy)
{
    struct config config;
    CHECK_INT(load(text, &config), ERR_INVALID);
    CHECK(has(FINDING_ERROR, line, message, remedy));
}

static struct config accepts(const char *text)
{
    struct config config = {0};
    CHECK(load(text, &config) == ERR_OK || has(FINDING_ERROR, -1, text, ""));
    return config;
}

/* Keys of earlier versions are heard, and it is told what they are called now. */
static void test_moved(void)
{
#define SHOP(more) TELEGRAM "yookassa: { shop_id = \"1\"; secret_file = \"secret\";\n" more " };\n"
    struct config config = accepts(
        SHOP("receipt = true; vat_code = 11; tax_system_code = 2;\npayment_subject = \"commodity\";"
             " payment_mode = \"full_prepayment\";"));
    CHECK_INT(config.receipts.mode, CONFIG_RECEIPTS_YOOKASSA);
    CHECK_INT(config.receipts.vat_code, 11);
    CHECK_INT(config.receipts.tax_system_code, 2);
    CHECK_TEXT(config.receipts.payment_subject, "commodity");
    CHECK_TEXT(config.receipts.payment_mode, "full_prepayment");
    CHECK(has(FINDING_WARNING, 3, "yookassa.receipt is called receipts.mode now",
              "move the line to receipts: { mode = \"yookassa\"; };"));
    CHECK(has(FINDING_WARNING, 3, "yookassa.vat_code is called receipts.vat_code now", "receipts: { vat_code = "));
    CHECK(has(FINDING_WARNING, 4, "yookassa.payment_mode is called receipts.payment_mode now", ""));
    config = accepts(SHOP("receipt = false;"));
    CHECK_INT(config.receipts.mode, CONFIG_RECEIPTS_NONE);
    CHECK(has(FINDING_WARNING, 3, "yookassa.receipt is called", "receipts: { mode = \"none\"; };"));
    refuses(SHOP("vat_code = 13;"), 3, "receipts.vat_code is outside", "1 … 12");
    refuses(SHOP("receipt = 1;"), 3, "receipts.mode must be a text in quotes", "mode = ");
    refuses(SHOP("receipt = true;") "receipts: { mode = \"none\"; };", 3,
            "yookassa.receipt is called receipts.mode now, and both are given", "remove it");
#undef SHOP
}

/* What the self-employed need is asked for with that mode only; its secret is not opened without it. */
static void test_npd(void)
{
#define NPD(keys) BASE "receipts: { mode = \"npd\"; };\nnpd: { " keys " };"
    struct config config = accepts(BASE "npd: { password_file = \"missing\"; };");
    CHECK(config.npd.password == NULL);
    CHECK_TEXT(config.npd.api_url, "https://lknpd.nalog.ru/api/v1");
    config = accepts(NPD("inn = \"500100732259\"; password_file = \"secret\";"));
    CHECK_INT(config.receipts.mode, CONFIG_RECEIPTS_NPD);
    CHECK_TEXT(config.npd.password, "test_secret");
    char *password = config.npd.password;
    config_done(&config);
    CHECK_TEXT(password, "");
    refuses(NPD("inn = \"500100732259\"; password_file = \"missing\";"), 4, "missing can't be read", "lknpd.nalog.ru");
    refuses(NPD("inn = \"500100732259\";"), 0, "npd.password_file is missing", "LoadCredential=npd_password:FILE");
    refuses(NPD("password_file = \"secret\";"), 3, "receipts.mode is \"npd\", and npd.inn is missing", "twelve digits");
    refuses(NPD("inn = \"500100732258\"; password_file = \"secret\";"), 4, "npd.inn is not the INN of a person",
            "digits");
    refuses(NPD("inn = \"7707083893\"; password_file = \"secret\";"), 4, "npd.inn is not the INN of a person", "");
    refuses(NPD("inn = 500100732259L; password_file = \"secret\";"), 4, "npd.inn must be a text in quotes", "");
    (void)accepts(TELEGRAM
                  "yookassa: { shop_id = \"1\"; secret_file = \"secret\";\ntest_shop = true; };\n"
                  "receipts: { mode = \"npd\"; }; npd: { inn = \"500100732259\"; password_file = \"secret\"; };");
    CHECK(has(FINDING_WARNING, 3, "play money is no income", "false"));
    (void)accepts("roles = [ \"generate\" ]; receipts: { mode = \"npd\"; };");
#undef NPD
}

int main(void)
{
    static const char *const names[] = {"token", "secret", "fotoset-darkroom", "texts", "styles"};
    static char template[] = "/tmp/fotoset_test_receipts.XXXXXX";
    arena_init(&arena);
    dir = mkdtemp(template);
    CHECK(dir != NULL && mkdir(path_of("texts"), 0700) == 0 && mkdir(path_of("styles"), 0700) == 0);
    put("token", "123456:ABC-def_1234\n", 0600);
    put("secret", "test_secret\n", 0600);
    put("fotoset-darkroom", "", 0700);
    test_moved();
    test_npd();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)remove(path_of(names[i]));
    CHECK(rmdir(dir) == 0);
    arena_done(&arena);
    return 0;
}
