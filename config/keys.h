/* The one table of everything that can be configured: name, kind, place in struct config, default, limits, unit.
 * For config.c, and for the test that keeps the example file and this table the same. */
#ifndef CONFIG_KEYS_H
#define CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum key_kind {
    KEY_TEXT,     /* const char *; min and max are bytes */
    KEY_NAME,     /* const char *; letters, digits, '-' and '_' */
    KEY_URL,      /* const char *; base of an API: https (http to loopback), no user, query or fragment, no end slash */
    KEY_LINK,     /* const char *; an address to give to people: the same, with query and fragment */
    KEY_PROXY,    /* const char *; http, https, socks5, socks5h */
    KEY_PATH,     /* const char *; made absolute from the folder of the config file */
    KEY_DATA_DIR, /* const char *; like KEY_PATH; the default is searched beside the config file and the program */
    KEY_CERTS,    /* const char *; like KEY_PATH; a file that holds certificates */
    KEY_PROGRAM,  /* const char *; like KEY_PATH; the default is searched beside the program */
    KEY_SECRET,   /* char *; a file of $CREDENTIALS_DIRECTORY, or else the file that the key names */
    KEY_INT,      /* int32_t */
    KEY_RATE,     /* int32_t in thousandths; written as 30 or 0.5; min and max in thousandths */
    KEY_BOOL,     /* bool */
    KEY_CHOICE,   /* const char *: one of choices */
    KEY_ENUM,     /* int32_t-sized enum: index into choices */
    KEY_FLAGS,    /* uint32_t: a bit for each of choices, at least one */
    KEY_ADMINS,   /* admins and admin_count */
    KEY_LISTEN,   /* struct config_listen: an address of this machine and a port */
    KEY_NETWORKS, /* struct config_networks; the default's are parted by blanks */
    KEY_PACKS,    /* packs and pack_count: see config/packs.h */
    KEY_KIND_COUNT
};

enum { KEY_CHOICES_MAX = 6 };

struct config_key {
    const char *name; /* "group.key", or "key" at the top */
    enum key_kind kind;
    size_t offset; /* in struct config */
    /* As the owner would write it, strings without quotes; NULL = none: the key may be absent, unless required; "" =
     * the same, and the field is then "" instead of NULL. KEY_SECRET: the name in $CREDENTIALS_DIRECTORY; KEY_DATA_DIR,
     * KEY_PROGRAM: the name searched for. */
    const char *fallback;
    bool required;
    bool of_bot; /* only for a daemon that holds the bot (roles poll and send) */
    bool of_npd; /* … and registers receipts (receipts.mode = "npd") */
    int64_t min, max;
    const char *unit;   /* for messages: "s", "px", … or "" */
    const char *remedy; /* what to do when it is missing or wrong, beyond the limits; or NULL */
    const char *choices[KEY_CHOICES_MAX];
};

extern const struct config_key config_keys[];
extern const size_t config_key_count;

#endif
