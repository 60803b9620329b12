/* X-Forwarded-For is a list that every proxy appends to, so its end is what the nearest one saw and its beginning is
 * what anybody may have written. It is read from the end: as long as the one who speaks is a trusted proxy, the next
 * word is believed. The first who is none is the sender. */
#include "bot/services/notices/caller.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static bool any_holds(const struct config_networks *networks, const struct network *address)
{
    for (size_t i = 0; i < networks->count; i++)
        if (network_holds(&networks->list[i], address))
            return true;
    return false;
}

bool caller_read(const struct sockaddr *peer, struct network *ret_address)
{
    if (peer->sa_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, peer, sizeof four);
        *ret_address = network_of((const uint8_t *)&four.sin_addr, sizeof four.sin_addr);
        return true;
    }
    if (peer->sa_family != AF_INET6)
        return false;
    struct sockaddr_in6 six;
    memcpy(&six, peer, sizeof six);
    *ret_address = network_of(six.sin6_addr.s6_addr, sizeof six.sin6_addr);
    return true;
}

bool caller_may_connect(const struct config_notifications *config, const struct network *peer)
{
    return any_holds(&config->networks, peer) || any_holds(&config->trusted_proxies, peer);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The last word before *end, which moves in front of it. NULL is never read over: the list begins at text. */
static bool take_last(const char *text, const char **end, struct network *ret_address)
{
    char word[CALLER_NAME_BYTES];
    const char *to = *end, *from;
    while (to > text && is_blank(to[-1]))
        to--;
    for (from = to; from > text && from[-1] != ',';)
        from--;
    *end = from > text ? from - 1 : text;
    while (from < to && is_blank(*from))
        from++;
    size_t length = (size_t)(to - from);
    if (length == 0 || length >= sizeof word || memchr(from, '/', length) != NULL)
        return false;
    memcpy(word, from, length);
    word[length] = '\0';
    return network_parse(word, ret_address) == NULL;
}

bool caller_may_notify(const struct config_notifications *config, const struct network *peer, const char *forwarded,
                       struct network *ret_sender)
{
    const char *text = forwarded == NULL ? "" : forwarded, *end = text + strlen(text);
    *ret_sender = *peer;
    while (any_holds(&config->trusted_proxies, ret_sender) && end > text)
        if (!take_last(text, &end, ret_sender))
            return false;
    return any_holds(&config->networks, ret_sender);
}

void caller_name(const struct network *address, char ret_name[CALLER_NAME_BYTES])
{
    if (inet_ntop(address->six ? AF_INET6 : AF_INET, address->bytes, ret_name, CALLER_NAME_BYTES) == NULL)
        (void)snprintf(ret_name, CALLER_NAME_BYTES, "an unknown address");
}
