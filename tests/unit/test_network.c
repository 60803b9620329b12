/* Masks, in both families: against a reading of our own, bit by bit, over all lengths and their edges; what is refused;
 * and what a configuration with notifications says that can't work. */
#include "config/network.h"

#include <arpa/inet.h>

#include "bot/services/http/address.h"
#include "bot/services/notices/caller.h"
#include "config/config.h"
#include "tests/check.h"

static struct arena arena;

static struct network net(const char *text)
{
    struct network made;
    const char *fault = network_parse(text, &made);
    if (fault != NULL)
        fprintf(stderr, "%s %s\n", text, fault);
    CHECK(fault == NULL);
    return made;
}

static bool holds(const char *network, const char *address)
{
    struct network one = net(network), other = net(address);
    return network_holds(&one, &other);
}

/* ---- every length of a mask, and each bit of an address turned over ---- */

static bool bit(const uint8_t *bytes, int at)
{
    return (bytes[at / 8] >> (7 - at % 8) & 1) != 0;
}

static bool same_start(const uint8_t *one, const uint8_t *other, int bits)
{
    for (int at = 0; at < bits; at++)
        if (bit(one, at) != bit(other, at))
            return false;
    return true;
}

static void test_every_mask(int family, const char *base, size_t size)
{
    uint8_t bytes[16], other[16];
    char text[INET6_ADDRSTRLEN];
    CHECK_INT(inet_pton(family, base, bytes), 1);
    for (int bits = 0; bits <= (int)size * 8; bits++) {
        uint8_t start[16] = {0};
        for (int at = 0; at < bits; at++)
            start[at / 8] = (uint8_t)(start[at / 8] | (bit(bytes, at) ? 0x80 >> at % 8 : 0));
        CHECK(inet_ntop(family, start, text, sizeof text) != NULL);
        struct network network = net(arena_format(&arena, "%s/%d", text, bits));
        CHECK_INT(network.bits, bits);
        for (int turned = -1; turned < (int)size * 8; turned++) {
            memcpy(other, bytes, size);
            if (turned >= 0)
                other[turned / 8] = (uint8_t)(other[turned / 8] ^ 0x80 >> turned % 8);
            struct network address = network_of(other, size);
            CHECK_INT(network_holds(&network, &address), same_start(start, other, bits));
            CHECK(!network_holds(&address, &network) || bits == (int)size * 8);
        }
    }
}

/* The first and the last address of what YooKassa names, and their neighbours. */
static void test_edges(void)
{
    static const struct {
        const char *network, *first, *last, *before, *behind;
    } rows[] = {
        {"185.71.76.0/27", "185.71.76.0", "185.71.76.31", "185.71.75.255", "185.71.76.32"},
        {"185.71.77.0/27", "185.71.77.0", "185.71.77.31", "185.71.76.255", "185.71.77.32"},
        {"77.75.153.0/25", "77.75.153.0", "77.75.153.127", "77.75.152.255", "77.75.153.128"},
        {"77.75.154.128/25", "77.75.154.128", "77.75.154.255", "77.75.154.127", "77.75.155.0"},
        {"77.75.156.11", "77.75.156.11", "77.75.156.11", "77.75.156.10", "77.75.156.12"},
        {"2a02:5180::/32", "2a02:5180::", "2a02:5180:ffff:ffff:ffff:ffff:ffff:ffff", "2a02:517f:ffff::", "2a02:5181::"},
        {"0.0.0.0/1", "0.0.0.0", "127.255.255.255", "128.0.0.0", "255.255.255.255"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK(holds(rows[i].network, rows[i].first) && holds(rows[i].network, rows[i].last));
        CHECK(!holds(rows[i].network, rows[i].before) && !holds(rows[i].network, rows[i].behind));
    }
}

/* All of one family is nothing of the other; what IPv6 calls an IPv4 address is that address. */
static void test_families(void)
{
    CHECK(holds("0.0.0.0/0", "255.255.255.255") && holds("::/0", "ffff::"));
    CHECK(!holds("0.0.0.0/0", "::") && !holds("::/0", "0.0.0.0") && !holds("::/96", "0.0.0.0"));
    CHECK(holds("185.71.76.0/27", "::ffff:185.71.76.31") && !holds("185.71.76.0/27", "::ffff:185.71.76.32"));
    CHECK(!holds("::/0", "::ffff:185.71.76.1") && holds("0.0.0.0/0", "::ffff:1.2.3.4"));
    CHECK(!holds("0.0.0.0/0", "::185.71.76.1"));
    CHECK(holds("::ffff:185.71.76.0/123", "185.71.76.31") && !holds("::ffff:185.71.76.0/123", "185.71.76.32"));
    CHECK(holds("::ffff:0:0/96", "8.8.8.8") && !holds("::ffff:0:0/96", "::1"));
    struct network one = net("127.255.0.1"), six = net("::1"), wide = net("126.0.0.0/7"), far = net("::2");
    CHECK(network_is_loopback(&one) && network_is_loopback(&six));
    CHECK(!network_is_loopback(&wide) && !network_is_loopback(&far));
}

static void test_refused(void)
{
    static const char *const wrong[] = {"",
                                        "a",
                                        "1.2.3",
                                        "1.2.3.4.5",
                                        "256.1.1.1",
                                        "01.2.3.4",
                                        " 1.2.3.4",
                                        "1.2.3.4 ",
                                        "1.2.3.4/",
                                        "1.2.3.4/33",
                                        "1.2.3.4/032",
                                        "1.2.3.4/-1",
                                        "1.2.3.4/+8",
                                        "1.2.3.0/24/24",
                                        "1.2.3.0/255.255.255.0",
                                        "185.71.76.1/27",
                                        "185.71.76.16/27",
                                        "128.0.0.0/0",
                                        "::1/0",
                                        "::1/129",
                                        "::/1280",
                                        "2a02:5180::1/32",
                                        "2a02:5180:8000::/32",
                                        "fe80::1%eth0",
                                        "[::1]",
                                        "::ffff:0:0/95",
                                        "::ffff:1.2.3.4/64",
                                        "1.2.3.4:80",
                                        "example.org",
                                        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc"};
    struct network kept = {.bits = 7};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (network_parse(wrong[i], &kept) == NULL)
            fprintf(stderr, "taken: %s\n", wrong[i]);
        CHECK(network_parse(wrong[i], &kept) != NULL);
        CHECK_INT(kept.bits, 7);
    }
}

/* ---- who is it, behind proxies ---- */

static void trust(struct config_networks *networks, const char *words)
{
    networks->count = 0;
    for (size_t length; (length = strcspn(words, " ")) > 0; words += length + (words[length] != '\0'))
        networks->list[networks->count++] = net(arena_copy_n(&arena, words, length));
}

static void test_caller(void)
{
    static const struct {
        const char *proxies, *peer, *forwarded;
        bool may;
        const char *sender;
    } rows[] = {{"", "185.71.76.1", NULL, true, "185.71.76.1"},
                {"", "185.71.76.1", "9.9.9.9", true, "185.71.76.1"},
                {"", "9.9.9.9", "185.71.76.1", false, "9.9.9.9"}, /* nobody is believed by default */
                {"127.0.0.1", "9.9.9.9", "185.71.76.1", false, "9.9.9.9"},
                {"127.0.0.1", "127.0.0.1", NULL, false, "127.0.0.1"},
                {"127.0.0.1", "127.0.0.1", "", false, "127.0.0.1"},
                {"127.0.0.1", "127.0.0.1", "185.71.76.1", true, "185.71.76.1"},
                {"127.0.0.1", "127.0.0.1", "  2a02:5180::7\t", true, "2a02:5180::7"},
                {"127.0.0.1", "::ffff:127.0.0.1", "::ffff:185.71.76.1", true, "185.71.76.1"},
                {"127.0.0.1", "127.0.0.1", "185.71.76.1, 9.9.9.9", false, "9.9.9.9"}, /* forged by 9.9.9.9 */
                {"127.0.0.1", "127.0.0.1", "9.9.9.9, 185.71.76.1", true, "185.71.76.1"},
                {"127.0.0.1 10.0.0.0/8", "127.0.0.1", "185.71.76.1,10.1.1.1", true, "185.71.76.1"},
                {"127.0.0.1 10.0.0.0/8", "127.0.0.1", "185.71.76.1,9.9.9.9,10.1.1.1", false, "9.9.9.9"},
                {"127.0.0.1", "127.0.0.1", "185.71.76.1,", false, NULL},
                {"127.0.0.1", "127.0.0.1", "unknown", false, NULL},
                {"127.0.0.1", "127.0.0.1", "185.71.76.0/27", false, NULL},
                {"127.0.0.1", "127.0.0.1", "185.71.76.1:4711", false, NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct config_notifications config = {.path = "/"};
        struct network peer = net(rows[i].peer), sender;
        char name[CALLER_NAME_BYTES];
        trust(&config.networks, "185.71.76.0/27 2a02:5180::/32");
        trust(&config.trusted_proxies, rows[i].proxies);
        bool may = caller_may_notify(&config, &peer, rows[i].forwarded, &sender);
        caller_name(&sender, name);
        if (may != rows[i].may)
            fprintf(stderr, "row %zu\n", i);
        CHECK_INT(may, rows[i].may);
        if (rows[i].sender != NULL)
            CHECK_TEXT(name, rows[i].sender);
    }
}

/* ---- the configuration ---- */

static struct findings findings;

static enum err load(const char *notifications, struct config *ret)
{
    struct config_env env = {.check_url = address_fault};
    const char *text = arena_format(&arena,
                                    "roles = [ \"generate\" ]; texts_dir = \"" SOURCE_DIR
                                    "/config/texts\"; styles_dir = \"" SOURCE_DIR
                                    "/config/styles\"; darkroom: { program = \"/bin/true\"; };\n"
                                    "notifications: { %s };",
                                    notifications);
    findings_init(&findings, &arena);
    return config_load_text(&arena, "/conf", text, strlen(text), &env, &findings, ret);
}

static const char *told(void)
{
    const char *all = "";
    for (size_t i = 0; i < findings.count; i++)
        all = arena_format(&arena, "%s%d %s\n", all, findings.items[i].line, findings.items[i].message);
    return all;
}

static void says(enum err want, const char *notifications, const char *words)
{
    struct config config;
    enum err err = load(notifications, &config);
    if (err != want || strstr(told(), words) == NULL)
        fprintf(stderr, "%s: %s, and says: %s\n", notifications, err_name(err), told());
    CHECK_INT(err, want);
    CHECK(strstr(told(), words) != NULL);
}

static void test_config(void)
{
    static const char *const bad_listens[] = {"8081",     ":8081",           "127.0.0.1",     "127.0.0.1:0",
                                              "::1:8081", "127.0.0.1:65536", "[127.0.0.1]:1", "localhost:8081",
                                              "[::1]",    "127.0.0.1:080",   "1.2.3.4/8:80",  "[::1:8081"};
    struct config config;
    CHECK_INT(load("", &config), ERR_OK);
    CHECK(config.notifications.listen.text == NULL);
    CHECK_INT(config.notifications.networks.count, 7);
    CHECK_INT(config.notifications.trusted_proxies.count, 0);
    CHECK_TEXT(config.notifications.path, "/yookassa");
    CHECK_INT(load("listen = \"[::1]:65535\"; trusted_proxies = [ \"::1\" ]; networks = [ ];", &config), ERR_OK);
    CHECK(config.notifications.listen.address.six);
    CHECK_INT(config.notifications.listen.port, 65535);
    CHECK_INT(config.notifications.networks.count, 0);
    CHECK_TEXT(told(), "");
    for (size_t i = 0; i < sizeof bad_listens / sizeof bad_listens[0]; i++)
        says(ERR_INVALID, arena_format(&arena, "listen = \"%s\";", bad_listens[i]), "2 notifications.listen ");
    says(ERR_INVALID, "networks = [ \"10.0.0.0/8\", \"185.71.76.1/27\" ];",
         "2 notifications.networks holds \"185.71.76.1/27\", which has bits behind its mask");
    says(ERR_INVALID, "networks = [ 10 ];", "holds something that is no text in quotes");
    says(ERR_INVALID, "trusted_proxies = \"127.0.0.1\";", "trusted_proxies must be an array");
    says(ERR_INVALID, "path = \"yookassa\";", "notifications.path must begin with '/'");
    says(ERR_INVALID, "path = \"/a b\";", "notifications.path must begin with '/'");
    says(ERR_INVALID, "listen = \"127.0.0.1:8081\";", "nobody on this machine may send notifications");
    says(ERR_OK, "listen = \"127.0.0.1:8081\"; networks = [ \"0.0.0.0/0\" ];", "holds all addresses there are");
    says(ERR_OK, "listen = \"0.0.0.0:8081\";", "in plain HTTP: YooKassa speaks to HTTPS only");
    says(ERR_OK, "listen = \"[::]:8081\"; trusted_proxies = [ \"10.0.0.1\" ];", "is reached from other machines");
}

int main(void)
{
    arena_init(&arena);
    test_every_mask(AF_INET, "185.71.165.90", 4);
    test_every_mask(AF_INET, "255.255.255.255", 4);
    test_every_mask(AF_INET6, "2a02:5180:a5a5:5a5a:ffff:0:1234:8001", 16);
    test_every_mask(AF_INET6, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 16);
    test_edges();
    test_families();
    test_refused();
    test_caller();
    test_config();
    arena_done(&arena);
    return 0;
}
