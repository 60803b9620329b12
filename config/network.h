/* Addresses of machines and networks of them: who may do something. IPv4 and IPv6 are never the same, but for what
 * IPv6 itself calls an IPv4 address (::ffff:1.2.3.4), which is that IPv4 address here. */
#ifndef CONFIG_NETWORK_H
#define CONFIG_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NETWORK_V4_BYTES = 4, NETWORK_V6_BYTES = 16 };

/* All addresses that begin with these bits; one address, if these are all there are. */
struct network {
    bool six;
    uint8_t bits;                    /* up to 32, with six 128 */
    uint8_t bytes[NETWORK_V6_BYTES]; /* of them the first 4, with six all; behind the bits they are 0 */
};

/* "185.71.76.0/27", "2a02:5180::/32", or one address without '/'. NULL when it is right, else what is wrong (static);
 * *ret is untouched then. */
const char *network_parse(const char *text, struct network *ret);
/* One address, in bytes as they travel: 4 or 16 of them. */
struct network network_of(const uint8_t *bytes, size_t count);
bool network_holds(const struct network *network, const struct network *address);
/* This very machine: 127.0.0.0/8, ::1. Of a network: all of it. */
bool network_is_loopback(const struct network *network);

#endif
