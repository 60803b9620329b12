/* Packs of sets: packs = ( { sets = 3; price = "1290.00"; } ); — a list, the smallest pack first. */
#ifndef CONFIG_PACKS_H
#define CONFIG_PACKS_H

#include "config/value.h"

/* Fills packs and pack_count, or tells what is wrong. */
void packs_load(const struct loader *loader, const struct config_key *key, const config_setting_t *setting);

#endif
