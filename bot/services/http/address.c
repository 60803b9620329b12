/* Addresses of the owner's. Tokens and keys travel to them, so plain http is for the same machine only. What is the
 * host is libcurl's to say: two readers of one address are a way round the stricter of them ("http://localhost@else",
 * "http://127.0.0.1.else"). Stricter than libcurl in what it need not hold. No lookups. */
#include "bot/services/http/address.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>
#include "bot/base/memory.h"

#define PORT_FAULT "the port is not a number in 1 … 65535"
#define SCHEME_FAULT "it must begin with https://"
#define PROXY_FAULT "a proxy is http://, https://, socks5:// or socks5h://"

/* A part of the address; NULL = it has none. curl_free frees it. */
static char *part_of(CURLU *address, CURLUPart which)
{
    char *part = NULL;
    return curl_url_get(address, which, &part, 0) == CURLUE_OK ? part : NULL;
}

static bool is(const char *part, const char *word)
{
    return part != NULL && strcasecmp(part, word) == 0;
}

/* "localhost", 127.0.0.0/8, ::1 */
static bool is_loopback(const char *host)
{
    char six[INET6_ADDRSTRLEN];
    struct in_addr v4;
    struct in6_addr v6;
    size_t length = host == NULL ? 0 : strlen(host);
    if (is(host, "localhost"))
        return true;
    if (length > 0 && inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (length < 3 || length - 2 >= sizeof six || host[0] != '[')
        return false;
    memcpy(six, host + 1, length - 2);
    six[length - 2] = '\0';
    return inet_pton(AF_INET6, six, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6);
}

static const char *proxy_fault(CURLU *address, const char *scheme)
{
    char *path = part_of(address, CURLUPART_PATH), *query = part_of(address, CURLUPART_QUERY),
         *fragment = part_of(address, CURLUPART_FRAGMENT);
    const char *fault = NULL;
    if (!is(scheme, "http") && !is(scheme, "https") && !is(scheme, "socks5") && !is(scheme, "socks5h"))
        fault = PROXY_FAULT;
    else if (!is(path, "/") || query != NULL || fragment != NULL)
        fault = "a proxy has no path";
    curl_free(path);
    curl_free(query);
    curl_free(fragment);
    return fault;
}

static const char *use_fault(CURLU *address, const char *url, enum url_use use)
{
    char *scheme = part_of(address, CURLUPART_SCHEME), *host = part_of(address, CURLUPART_HOST),
         *port = part_of(address, CURLUPART_PORT), *user = part_of(address, CURLUPART_USER),
         *password = part_of(address, CURLUPART_PASSWORD);
    const char *fault = NULL;
    if (is(port, "0"))
        fault = PORT_FAULT;
    else if (use == URL_PROXY)
        fault = proxy_fault(address, scheme);
    else if (!is(scheme, "http") && !is(scheme, "https"))
        fault = SCHEME_FAULT;
    else if (is(scheme, "http") && !is_loopback(host))
        fault = "plain http is allowed to this machine only (127.0.0.0/8, ::1, localhost): use https";
    else if (user != NULL || password != NULL)
        fault = "it may not hold a user or password ('@')";
    else if (use == URL_BASE && strpbrk(url, "?#") != NULL)
        fault = "it may not hold '?' or '#': other parts are appended to it";
    curl_free(scheme);
    curl_free(host);
    curl_free(port);
    curl_free(user);
    curl_free(password);
    return fault;
}

const char *address_fault(const char *url, enum url_use use)
{
    for (const char *c = url; *c != '\0'; c++)
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7F || strchr("\"'<>\\^`{|}", *c) != NULL)
            return "it holds a blank, a quote or another character that must be written as %XX";
    if (use == URL_BASE && strlen(url) > URL_BASE_MAX_BYTES)
        return "it is longer than 256 bytes";
    if (strstr(url, "://") == NULL)
        return use == URL_PROXY ? PROXY_FAULT : SCHEME_FAULT;
    CURLU *address = memory_need(curl_url());
    CURLUcode code = curl_url_set(address, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME | CURLU_PATH_AS_IS);
    const char *fault = "the host is missing or holds a character no host has";
    if (code == CURLUE_OK)
        fault = use_fault(address, url, use);
    else if (code == CURLUE_BAD_PORT_NUMBER)
        fault = PORT_FAULT;
    curl_url_cleanup(address);
    return fault;
}
