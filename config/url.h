/* Is an address one we may talk to, or give to people? Compared part by part, never by prefix or suffix. */
#ifndef CONFIG_URL_H
#define CONFIG_URL_H

#include <stdbool.h>

enum url_use {
    URL_BASE,  /* of an API: https, or http to loopback; no user, query, fragment */
    URL_LINK,  /* for people: the same, query and fragment allowed */
    URL_PROXY, /* http, https, socks5, socks5h; user:password allowed, no path, query, fragment */
    URL_USE_COUNT
};

/* NULL when it is right, else what is wrong (static). */
const char *url_fault(const char *url, enum url_use use);

/* "localhost", 127.0.0.0/8 in four decimal numbers, "::1": exactly, and nothing that only looks like them. */
bool url_host_is_loopback(const char *host, int length);

#endif
