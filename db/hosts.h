/* Where a connection goes: the names of its hosts become addresses in processes of their own, because a resolver may
 * keep whoever asks it waiting for half a minute, and libpq asks in the caller's own time. Inside db, but for
 * hosts_print. */
#ifndef DB_HOSTS_H
#define DB_HOSTS_H

#include <stdbool.h>

enum {
    HOSTS_MAX = 16,           /* of one connection string; more are left out */
    HOSTS_ADDRESSES_MAX = 64, /* of all of them; more are left out */
    HOSTS_NAME_MAX_BYTES = 256
};

struct hosts; /* of one try to connect */

/* What libpq would connect to by this connection string, its service file and the environment, and the look-ups of the
 * names among it, begun: program is run as `program resolve NAME` for each. NULL: nothing is to be looked up (sockets,
 * addresses, a string that libpq will refuse). */
struct hosts *hosts_begin(const char *conninfo, const char *program);
void hosts_free(struct hosts *hosts); /* ends what still runs; accepts NULL */
/* To be waited for until it is readable. */
int hosts_fd(const struct hosts *hosts);
/* Takes what was said since. True: that was all. */
bool hosts_read(struct hosts *hosts);
/* libpq's parameters host, hostaddr and port: each host with each address that was found so far. The names stay, so
 * certificates and password files are read by them. False: there is nowhere to go. Borrowed. */
bool hosts_found(struct hosts *hosts, const char **ret_host, const char **ret_hostaddr, const char **ret_port);

/* The program's own side: asks the resolver, as long as it takes, and prints a line "NAME ADDRESS" for each address.
 * Returns the exit code. */
int hosts_print(const char *name);

#endif
