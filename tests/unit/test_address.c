/* Which addresses are let through, as libcurl reads them. */
#include "bot/services/http/address.h"
#include "tests/check.h"

static void test_base(void)
{
    static const char *const right[] = {"https://a",
                                        "https://a.example:8443/base",
                                        "http://localhost:1",
                                        "http://LOCALHOST",
                                        "http://127.1.2.3:80/v3",
                                        "http://[::1]:8081",
                                        "https://a/",
                                        "http://127.1",
                                        "http://0177.0.0.1" /* this machine, to libcurl */};
    static const char *const wrong[] = {"http://127.0.0.1.evil.example",
                                        "http://localhost.evil.example",
                                        "http://localhost@evil.example",
                                        "http://evil.example/localhost",
                                        "http://127.0.0.1@evil.example",
                                        "http://1270.0.0.1",
                                        "http://127.0.0.256",
                                        "http://127.0.0.1.",
                                        "http://0127.0.0.1",
                                        "http://[::2]",
                                        "http://[::ffff:8.8.8.8]",
                                        "http://[::1",
                                        "http://127.0.0.0.1",
                                        "http://[::1]x",
                                        "http://evil.example#@localhost",
                                        "https://user@a.example",
                                        "https://:pass@a.example",
                                        "https://a b",
                                        "https://",
                                        "https://:80",
                                        "https://a:0",
                                        "https://a:65536",
                                        "https://a:1x",
                                        "https://a/?q",
                                        "https://a/#",
                                        "ftp://a.example",
                                        "a.example",
                                        "",
                                        "HTTP://evil.example",
                                        "http://localhost:80:80",
                                        "https://\xc3\xa9.example",
                                        "https://a\nb",
                                        "https://a\\@b"};
    for (size_t i = 0; i < sizeof right / sizeof right[0]; i++)
        CHECK_TEXT(address_fault(right[i], URL_BASE) == NULL ? right[i] : "refused", right[i]);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK_TEXT(address_fault(wrong[i], URL_BASE) != NULL ? wrong[i] : "let through", wrong[i]);
}

static void test_others(void)
{
    CHECK(address_fault("https://example.org/o?a=b#c", URL_LINK) == NULL);
    CHECK(strstr(address_fault("http://example.org", URL_LINK), "plain http") != NULL);
    CHECK(address_fault("socks5h://user:pass@proxy.example:1080", URL_PROXY) == NULL);
    CHECK(address_fault("http://proxy.example:3128/", URL_PROXY) == NULL);
    CHECK(strstr(address_fault("http://proxy.example/path", URL_PROXY), "no path") != NULL);
    CHECK(strstr(address_fault("http://proxy.example?q", URL_PROXY), "no path") != NULL);
    CHECK(strstr(address_fault("ftp://proxy.example", URL_PROXY), "a proxy is") != NULL);
    CHECK(strstr(address_fault("proxy.example:3128", URL_PROXY), "a proxy is") != NULL);
    char large[URL_BASE_MAX_BYTES + 16] = "https://";
    memset(large + strlen(large), 'a', sizeof large - strlen(large) - 1);
    CHECK(strstr(address_fault(large, URL_BASE), "longer") != NULL);
}

int main(void)
{
    test_base();
    test_others();
    return 0;
}
