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

/* setting may be NULL: then the default. What is wrong is a finding. */
void value_load(const struct loader *loader, const struct config_key *key, config_setting_t *setting);

#endif
