/* Who sends a notification, and may they? The address of the connection says it; only if that is a proxy which the
 * owner trusts, what the proxy says of who came to it. */
#ifndef BOT_SERVICES_NOTICES_CALLER_H
#define BOT_SERVICES_NOTICES_CALLER_H

#include <stdbool.h>
#include <sys/socket.h>
#include "config/config.h"

enum { CALLER_NAME_BYTES = 64 };

/* False: it is no address of IP. An IPv4 address that came by a socket of IPv6 is the IPv4 address. */
bool caller_read(const struct sockaddr *peer, struct network *ret_address);
/* Is it worth talking to? Neither a sender nor a proxy: no. */
bool caller_may_connect(const struct config_notifications *config, const struct network *peer);
/* forwarded: all X-Forwarded-For of the request, parted by commas in their order; NULL = it has none. *ret_sender is
 * who it is taken to be. False: not allowed, or a proxy's words can't be read. */
bool caller_may_notify(const struct config_notifications *config, const struct network *peer, const char *forwarded,
                       struct network *ret_sender);
/* For a log. */
void caller_name(const struct network *address, char ret_name[CALLER_NAME_BYTES]);

#endif
