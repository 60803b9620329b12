/* Inside bot/http only: why a transfer failed, in words that say what to do. */
#ifndef BOT_SERVICES_HTTP_TROUBLE_H
#define BOT_SERVICES_HTTP_TROUBLE_H

#include <curl/curl.h>
#include "bot/services/http/http.h"

enum { TROUBLE_PROXY_BYTES = 128 };

struct trouble {
    CURL *easy;
    CURLcode result;
    const char *proxy;  /* trouble_proxy_name's; "" = none */
    const char *detail; /* libcurl's own words, redacted; may be "" */
};

/* A proxy's address without user and password: "socks5h://host:1080"; "" for NULL and "". A long one is cut. */
void trouble_proxy_name(const char *proxy, char name[TROUBLE_PROXY_BYTES]);
/* One line, shorter than HTTP_ERROR_MAX_BYTES; the remedy stands where it survives a cut at 190 bytes. */
void trouble_tell(const struct trouble *trouble, char text[HTTP_ERROR_MAX_BYTES]);

#endif
