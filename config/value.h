/* One key of the table: from a setting (or its default) to a checked field of struct config. For config/ only. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "config/config.h"
#include "config/keys.h"
#include "config/source.h"

struct loader {
    struct arena *arena;
    struct findings *findings;
    const struct config_env *env;
    const struct source *source;
    const char *dir; /* of the config file, absolute */
    struct config *config;
};

/* Where in the files a value stands. */
struct spot {
    const struct config_key *key;
    const char *file;
    int line;
};

/* setting may be NULL: then the default. What is wrong is a finding. */
void value_load(const struct loader *loader, const struct config_key *key, config_setting_t *setting);
/* What is wrong; remedy NULL: the key's own. */
void value_tell(const struct loader *loader, const struct spot *spot, const char *remedy, const char *what);

/* Kinds of their own (value_reach.c). setting NULL: the default's words, parted by blanks. */
void value_load_networks(const struct loader *loader, const struct spot *spot, const config_setting_t *setting);
void value_fill_listen(const struct loader *loader, const struct spot *spot, const char *text);

#endif
