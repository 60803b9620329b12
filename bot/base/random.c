/* Randomness from the kernel. One source for everything: keys and lease tokens must be unguessable, jitter does not
 * care. There is no seed to set and no state to keep; code that must be repeatable takes the number as an argument. */
#include "bot/base/random.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "core/bug.h"

static void fill(void *ret_bytes, size_t count)
{
    unsigned char *at = ret_bytes;
    while (count > 0) {
        ssize_t got = getrandom(at, count, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            bug("the kernel gives no random bytes");
        at += got;
        count -= (size_t)got;
    }
}

uint64_t random_number(void)
{
    uint64_t number;
    fill(&number, sizeof number);
    return number;
}

void random_uuid(char ret_text[RANDOM_UUID_BYTES])
{
    unsigned char b[16];
    fill(b, sizeof b);
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x40); /* version 4 */
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80); /* the RFC 4122 variant */
    (void)snprintf(ret_text, RANDOM_UUID_BYTES, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x",
                   b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
                   b[15]);
}
