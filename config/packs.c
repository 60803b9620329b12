/* Reading packs. Prices are read as text, as those of styles are, never as doubles. */
#include "config/packs.h"

#include <stdbool.h>
#include <string.h>

#include "config/styles.h"
#include "core/money.h"

static void tell(const struct loader *loader, const struct config_key *key, const config_setting_t *at,
                 const char *what)
{
    findings_add(loader->findings, FINDING_ERROR, loader->source->file, (int)config_setting_source_line(at),
                 key->remedy, "%s %s", key->name, what);
}

static bool is_known(const config_setting_t *member)
{
    const char *name = config_setting_name(member);
    return strcmp(name, "sets") == 0 || strcmp(name, "price") == 0;
}

/* NULL: it is in order. */
static const char *read_pack(const config_setting_t *group, const struct pack *before, struct pack *pack)
{
    const char *price = NULL;
    int sets = 0;
    if (!config_setting_is_group(group))
        return "holds something that is not a group";
    for (int i = 0; i < config_setting_length(group); i++)
        if (!is_known(config_setting_get_elem(group, (unsigned)i)))
            return "holds a pack with an unknown key";
    if (config_setting_lookup_int(group, "sets", &sets) != CONFIG_TRUE || sets < PACK_SETS_MIN || sets > PACK_SETS_MAX)
        return "holds a pack whose sets are not a number from 2 to 20";
    if (config_setting_lookup_string(group, "price", &price) != CONFIG_TRUE || strchr(price, '.') == NULL ||
        money_parse(price, &pack->price_kopecks) != ERR_OK)
        return "holds a pack whose price is not an amount in quotes";
    if (pack->price_kopecks < STYLE_PRICE_MIN_KOPECKS || pack->price_kopecks > STYLE_PRICE_MAX_KOPECKS)
        return "holds a pack whose price is outside 1.00 … 350000.00";
    pack->sets = sets;
    return before != NULL && (before->sets >= sets || before->price_kopecks >= pack->price_kopecks)
               ? "holds a pack that is not larger and dearer than the one before it"
               : NULL;
}

void packs_load(const struct loader *loader, const struct config_key *key, const config_setting_t *setting)
{
    struct config *config = loader->config;
    if (!config_setting_is_list(setting) || config_setting_length(setting) > PACKS_MAX) {
        tell(loader, key, setting, "must be a list of up to 4 groups");
        return;
    }
    for (int i = 0; i < config_setting_length(setting); i++) {
        const config_setting_t *group = config_setting_get_elem(setting, (unsigned)i);
        const struct pack *before = i == 0 ? NULL : &config->packs[i - 1];
        const char *why = read_pack(group, before, &config->packs[i]);
        if (why != NULL) {
            tell(loader, key, group, why);
            return;
        }
        config->pack_count++;
    }
}
