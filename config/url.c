/* Addresses in the configuration. Tokens and keys travel to them, so plain http is for the same machine only, and the
 * host is taken apart and compared whole: "http://localhost@elsewhere" and "http://127.0.0.1.elsewhere" are elsewhere.
 * Stricter than RFC 3986: what is not needed for an API's address is refused. No lookups. */
#include "config/url.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum { PORT_DIGITS_MAX = 5, PORT_MAX = 65535, HOST_MAX_BYTES = 253 };

struct parts {
    size_t scheme; /* length; the url starts with it */
    const char *user, *host, *port, *rest;
    int user_length, host_length, port_length;
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool url_host_is_loopback(const char *host, int length)
{
    static const char name[] = "localhost", six[] = "::1";
    if (length == (int)sizeof name - 1 && strncasecmp(host, name, sizeof name - 1) == 0)
        return true;
    if (length == (int)sizeof six - 1 && memcmp(host, six, sizeof six - 1) == 0)
        return true;
    int numbers = 0, value = -1, digits = 0;
    for (int i = 0; i <= length; i++) {
        if (i < length && is_digit(host[i]) && digits < 3 && !(digits > 0 && value == 0)) {
            value = (digits == 0 ? 0 : value * 10) + (host[i] - '0');
            digits++;
        } else if ((i == length || host[i] == '.') && digits > 0 && value <= 255) {
            if (numbers++ == 0 && value != 127)
                return false;
            digits = 0;
        } else {
            return false;
        }
    }
    return numbers == 4;
}

static bool has_only_host_characters(const char *host, int length, bool bracketed)
{
    for (int i = 0; i < length; i++) {
        char c = host[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (bracketed ? !(is_digit(c) || c == ':' || c == '.' || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f'))
                      : !(letter || is_digit(c) || c == '-' || (c == '.' && i > 0 && host[i - 1] != '.')))
            return false;
    }
    return length > 0 && length <= HOST_MAX_BYTES;
}

/* After scheme "://": [user@]host[:port], up to end. */
static const char *split_authority(struct parts *parts, const char *at, const char *end)
{
    const char *sign = NULL;
    for (const char *c = at; c < end; c++)
        sign = *c == '@' ? c : sign;
    if (sign != NULL) {
        parts->user = at;
        parts->user_length = (int)(sign - at);
        at = sign + 1;
    }
    const char *host_end, *after;
    bool bracketed = at < end && *at == '[';
    if (bracketed) {
        at++;
        host_end = memchr(at, ']', (size_t)(end - at));
        if (host_end == NULL)
            return "the host's bracket is not closed";
        after = host_end + 1;
    } else {
        host_end = memchr(at, ':', (size_t)(end - at));
        after = host_end = host_end == NULL ? end : host_end;
    }
    parts->host = at;
    parts->host_length = (int)(host_end - at);
    if (!has_only_host_characters(parts->host, parts->host_length, bracketed))
        return "the host is missing or holds a character no host has";
    if (after < end && *after != ':')
        return "something stands between host and port";
    parts->port = after < end ? after + 1 : NULL;
    parts->port_length = after < end ? (int)(end - after - 1) : 0;
    return NULL;
}

static const char *port_fault(const struct parts *parts)
{
    int port = 0;
    if (parts->port == NULL)
        return NULL;
    for (int i = 0; i < parts->port_length && i < PORT_DIGITS_MAX; i++) {
        if (!is_digit(parts->port[i]))
            return "the port is not a number";
        port = port * 10 + (parts->port[i] - '0');
    }
    return port > 0 && port <= PORT_MAX && parts->port_length <= PORT_DIGITS_MAX ? NULL
                                                                                 : "the port is not in 1 … 65535";
}

static bool scheme_is(const char *url, size_t length, const char *scheme)
{
    return strlen(scheme) == length && strncasecmp(url, scheme, length) == 0;
}

static const char *use_fault(const char *url, const struct parts *parts, enum url_use use)
{
    bool http = scheme_is(url, parts->scheme, "http"), https = scheme_is(url, parts->scheme, "https");
    if (use == URL_PROXY) {
        if (!http && !https && !scheme_is(url, parts->scheme, "socks5") && !scheme_is(url, parts->scheme, "socks5h"))
            return "a proxy is http://, https://, socks5:// or socks5h://";
        return parts->rest[0] == '\0' || strcmp(parts->rest, "/") == 0 ? NULL : "a proxy has no path";
    }
    if (!http && !https)
        return "it must begin with https://";
    if (http && !url_host_is_loopback(parts->host, parts->host_length))
        return "plain http is allowed to this machine only (127.0.0.0/8, ::1, localhost): use https";
    if (parts->user != NULL)
        return "it may not hold a user or password ('@')";
    if (use == URL_BASE && strpbrk(parts->rest, "?#") != NULL)
        return "it may not hold '?' or '#': other parts are appended to it";
    return NULL;
}

const char *url_fault(const char *url, enum url_use use)
{
    for (const char *c = url; *c != '\0'; c++) {
        if ((unsigned char)*c <= ' ' || (unsigned char)*c >= 0x7F || strchr("\"'<>\\^`{|}", *c) != NULL)
            return "it holds a blank, a quote or another character that must be written as %XX";
    }
    struct parts parts = {0};
    const char *colon = strstr(url, "://");
    if (colon == NULL)
        return use == URL_PROXY ? "a proxy is http://, https://, socks5:// or socks5h://"
                                : "it must begin with https://";
    parts.scheme = (size_t)(colon - url);
    const char *authority = colon + 3;
    parts.rest = authority + strcspn(authority, "/?#");
    const char *fault = split_authority(&parts, authority, parts.rest);
    if (fault == NULL)
        fault = port_fault(&parts);
    return fault != NULL ? fault : use_fault(url, &parts, use);
}
