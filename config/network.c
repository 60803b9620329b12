/* Masks. Bits are compared, never numbers: there is no shift by a whole word, and a network of no bits holds all of its
 * family and nothing of the other. A text that means something else than it says (bits behind the mask, zeros before a
 * number) is refused, so that nobody opens more than was meant. */
#include "config/network.h"

#include <arpa/inet.h>
#include <string.h>

enum { BITS_PER_BYTE = 8, V4_BITS = 32, V6_BITS = 128, MAPPED_BITS = V6_BITS - V4_BITS };

static const uint8_t mapped[NETWORK_V6_BYTES - NETWORK_V4_BYTES] = {[10] = 0xff, [11] = 0xff};

static bool same_bits(const uint8_t *one, const uint8_t *other, size_t bits)
{
    size_t whole = bits / BITS_PER_BYTE, rest = bits % BITS_PER_BYTE;
    if (memcmp(one, other, whole) != 0)
        return false;
    return rest == 0 || (one[whole] ^ other[whole]) >> (BITS_PER_BYTE - rest) == 0;
}

static bool is_mapped(const uint8_t *bytes)
{
    return memcmp(bytes, mapped, sizeof mapped) == 0;
}

struct network network_of(const uint8_t *bytes, size_t count)
{
    struct network made = {.six = count == NETWORK_V6_BYTES && !is_mapped(bytes)};
    size_t skipped = count == NETWORK_V6_BYTES && !made.six ? sizeof mapped : 0;
    made.bits = made.six ? V6_BITS : V4_BITS;
    memcpy(made.bytes, bytes + skipped, made.six ? NETWORK_V6_BYTES : NETWORK_V4_BYTES);
    return made;
}

/* Up to three digits, none of them a leading zero; -1: something else. */
static int read_bits(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    int bits = 0;
    if (digits == 0 || digits > 3 || text[digits] != '\0' || (digits > 1 && text[0] == '0'))
        return -1;
    for (size_t i = 0; i < digits; i++)
        bits = bits * 10 + (text[i] - '0');
    return bits;
}

static bool ends_behind_mask(const struct network *network)
{
    for (size_t bit = network->bits; bit < (network->six ? V6_BITS : V4_BITS); bit++)
        if ((network->bytes[bit / BITS_PER_BYTE] >> (BITS_PER_BYTE - 1 - bit % BITS_PER_BYTE) & 1) != 0)
            return false;
    return true;
}

const char *network_parse(const char *text, struct network *ret)
{
    char host[INET6_ADDRSTRLEN];
    uint8_t bytes[NETWORK_V6_BYTES];
    const char *slash = strchr(text, '/');
    size_t length = slash == NULL ? strlen(text) : (size_t)(slash - text);
    if (length >= sizeof host)
        return "is no address";
    memcpy(host, text, length);
    host[length] = '\0';
    bool four = inet_pton(AF_INET, host, bytes) == 1;
    if (!four && inet_pton(AF_INET6, host, bytes) != 1)
        return "is no address";
    struct network made = network_of(bytes, four ? NETWORK_V4_BYTES : NETWORK_V6_BYTES);
    int all = four ? V4_BITS : V6_BITS, bits = slash == NULL ? all : read_bits(slash + 1);
    if (bits < 0 || bits > all)
        return four ? "needs a number of bits from 0 to 32 behind '/'"
                    : "needs a number of bits from 0 to 128 behind '/'";
    if (!four && !made.six) { /* IPv4 in IPv6's words */
        bits -= MAPPED_BITS;
        if (bits < 0)
            return "holds IPv4 and IPv6: write two networks";
    }
    made.bits = (uint8_t)bits;
    if (!ends_behind_mask(&made))
        return "has bits behind its mask: is it one address, or a smaller network?";
    *ret = made;
    return NULL;
}

bool network_holds(const struct network *network, const struct network *address)
{
    return network->six == address->six && network->bits <= address->bits &&
           same_bits(network->bytes, address->bytes, network->bits);
}

bool network_is_loopback(const struct network *network)
{
    static const struct network four = {.bits = 8, .bytes = {127}},
                                six = {.six = true, .bits = V6_BITS, .bytes = {[NETWORK_V6_BYTES - 1] = 1}};
    return network_holds(&four, network) || network_holds(&six, network);
}
