/* What the service manager gives the daemon, read from its unit file: so that a check made by root sees what the unit
 * will see, and not what root sees. */
#ifndef BOT_HOUSE_UNIT_H
#define BOT_HOUSE_UNIT_H

#include <stdbool.h>
#include "config/config.h"
#include "config/finding.h"

enum { UNIT_CREDENTIALS_MAX = 8, UNIT_PATHS_MAX = 16, UNIT_VARIABLES_MAX = 16, UNIT_BINDS_MAX = 16 };

struct unit_variable {
    const char *name, *value;
};

/* Rules of SocketBindAllow or SocketBindDeny. */
struct unit_binds {
    const char *rules[UNIT_BINDS_MAX];
    size_t count;
};

/* Strings live in the arena of unit_read; NULL or empty where the unit says nothing. */
struct unit {
    const char *file; /* the unit's own, for messages */
    const char *user;
    const char *config_file;              /* what ExecStart names with -c */
    const char *state_dir;                /* absolute; the service manager makes it for the user */
    const char *writable[UNIT_PATHS_MAX]; /* ReadWritePaths */
    size_t writable_count;
    struct unit_variable variables[UNIT_VARIABLES_MAX];
    size_t variable_count;
    struct config_credential credentials[UNIT_CREDENTIALS_MAX]; /* fd: -1 until the unit is entered */
    size_t credential_count;
    struct unit_binds allowed, denied;
    bool strict;      /* nothing else may be written */
    bool hides_home;  /* /home, /root and /run/user are empty */
    bool private_tmp; /* /tmp and /var/tmp are its own */
};

/* Reads fotoset.service where the administrator or the installation beside program_dir has it, and the administrator's
 * drop-ins. What can't be read or understood is a finding; ERR_INVALID then. */
enum err unit_read(struct unit *unit, struct arena *arena, const char *program_dir,
                   struct findings *findings) MUST_CHECK;

/* Opens the credentials, then becomes the unit's user, with its environment, for good. The caller must be root.
 * A finding and ERR_INVALID if that can't be; a credential that can't be opened is a finding only. */
enum err unit_enter(struct unit *unit, struct findings *findings) MUST_CHECK;

/* Tells of paths of the configuration that the unit will not find, or not be able to write to. */
void unit_check_paths(const struct unit *unit, const struct config *config, struct findings *findings);
/* … and of a port to listen at that the unit does not allow. */
void unit_check_listen(const struct unit *unit, const struct config *config, struct findings *findings);

#endif
