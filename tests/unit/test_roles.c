/* Which daemon needs what: only the bot's needs a token and a shop; whoever only works for it does not even open the
 * files. */
#include "config/config.h"

#include <unistd.h>

#include "bot/services/http/address.h"
#include "tests/check.h"

static struct arena arena;
static struct findings findings;

static enum err load(const char *text, struct config *ret)
{
    struct config_env env = {.check_url = address_fault, .program_dir = BINARY_DIR};
    findings_init(&findings, &arena);
    return config_load_text(&arena, SOURCE_DIR "/config/conf", text, strlen(text), &env, &findings, ret);
}

static bool says(const char *message, const char *remedy)
{
    for (size_t i = 0; i < findings.count; i++)
        if (strstr(findings.items[i].message, message) != NULL && strstr(findings.items[i].remedy, remedy) != NULL)
            return true;
    return false;
}

static void test_worker(void)
{
    struct config config = {0};
    CHECK_INT(load("roles = [ \"generate\" ];", &config), ERR_OK);
    CHECK(!config_holds_bot(&config) && config.telegram.token == NULL && config.yookassa.secret == NULL);
    CHECK_INT(findings.count, 0);
    CHECK_INT(load("roles = [ \"generate\" ];\ntelegram: { token_file = \"/nowhere\"; };\n"
                   "yookassa: { shop_id = \"1\"; secret_file = \"/nowhere\"; };\nadmins = [ 1L ];",
                   &config),
              ERR_OK);
    CHECK(config.telegram.token == NULL && config.yookassa.secret == NULL);
    CHECK_INT(findings.count, 0);
    config_done(&config);
}

static void test_bot(void)
{
    struct config config = {0};
    CHECK_INT(load("roles = [ \"poll\", \"send\" ];", &config), ERR_INVALID);
    CHECK(says("yookassa.shop_id is missing", "cabinet"));
    CHECK(says("telegram.token_file", "BotFather"));
    CHECK_INT(load("roles = [ \"dance\" ];", &config), ERR_INVALID);
    CHECK(says("yookassa.shop_id is missing", "cabinet")); /* nobody knows yet what it is to be: all is told */
}

static void test_halves(void)
{
    static const char *const halves[] = {"\"poll\"", "\"send\"", "\"generate\", \"send\""};
    struct config config = {0};
    for (size_t i = 0; i < sizeof halves / sizeof halves[0]; i++) {
        const char *text = arena_format(&arena,
                                        "telegram: { token_file = \"secret\"; };\n"
                                        "yookassa: { shop_id = \"1\"; secret_file = \"secret\"; };\nroles = [ %s ];",
                                        halves[i]);
        struct config_credential secrets[] = {{"telegram_token", "token", -1}, {"yookassa_secret", "key", -1}};
        struct config_env env = {
            .check_url = address_fault, .program_dir = BINARY_DIR, .credentials = secrets, .credential_count = 2};
        FILE *files[2] = {tmpfile(), tmpfile()};
        CHECK(files[0] != NULL && fputs("123456:AbCdEf", files[0]) >= 0 && fflush(files[0]) == 0);
        CHECK(files[1] != NULL && fputs("test_key", files[1]) >= 0 && fflush(files[1]) == 0);
        for (int k = 0; k < 2; k++) {
            rewind(files[k]);
            secrets[k].fd = dup(fileno(files[k]));
            CHECK(fclose(files[k]) == 0);
        }
        findings_init(&findings, &arena);
        CHECK_INT(config_load_text(&arena, SOURCE_DIR "/config/conf", text, strlen(text), &env, &findings, &config),
                  ERR_INVALID);
        CHECK(says("without the other", "for a worker"));
    }
}

int main(void)
{
    test_worker();
    test_bot();
    test_halves();
    arena_done(&arena);
    puts("test_roles: ok");
    return 0;
}
