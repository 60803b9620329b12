/* What the addresses in the configuration are for. Who judges them is handed in, by whoever knows how they will be
 * read: config reads files, not addresses. */
#ifndef CONFIG_URL_H
#define CONFIG_URL_H

enum { URL_BASE_MAX_BYTES = 256 };

enum url_use {
    URL_BASE,  /* of an API: https, or http to loopback; no user, query, fragment */
    URL_LINK,  /* for people: the same, query and fragment allowed */
    URL_PROXY, /* http, https, socks5, socks5h; user:password allowed, no path, query, fragment */
    URL_USE_COUNT
};

/* NULL when it is right, else what is wrong (static). */
typedef const char *url_check(const char *url, enum url_use use);

#endif
