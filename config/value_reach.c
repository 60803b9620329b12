/* Where is listened, and who may speak: the values that are addresses of machines. */
#include "config/value.h"

#include <string.h>

enum { PORT_MAX = 65535, PORT_DIGITS_MAX = 5 };

/* 0: it is none. */
static uint16_t read_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    int32_t port = 0;
    if (digits == 0 || digits > PORT_DIGITS_MAX || text[digits] != '\0' || text[0] == '0')
        return 0;
    for (size_t i = 0; i < digits; i++)
        port = port * 10 + (text[i] - '0');
    return port > PORT_MAX ? 0 : (uint16_t)port;
}

/* "127.0.0.1:8081", "[::1]:8081" */
void value_fill_listen(const struct loader *loader, const struct spot *spot, const char *text)
{
    struct config_listen listen = {.text = text};
    const char *colon = strrchr(text, ':');
    listen.port = colon == NULL ? 0 : read_port(colon + 1);
    if (listen.port == 0) {
        value_tell(loader, spot, NULL, "has no port in 1 … 65535 behind its last ':'");
        return;
    }
    bool bracketed = text[0] == '[' && colon > text && colon[-1] == ']';
    const char *host = bracketed ? arena_copy_n(loader->arena, text + 1, (size_t)(colon - text - 2))
                                 : arena_copy_n(loader->arena, text, (size_t)(colon - text));
    if (strchr(host, '/') != NULL || network_parse(host, &listen.address) != NULL ||
        bracketed != (strchr(host, ':') != NULL)) {
        value_tell(loader, spot, NULL, "does not begin with an address: a.b.c.d, or one of IPv6 in [ ]");
        return;
    }
    memcpy((char *)loader->config + spot->key->offset, &listen, sizeof listen);
}

static void add_network(const struct loader *loader, const struct spot *spot, const char *text,
                        struct config_networks *networks)
{
    const char *fault = "holds something that is no text in quotes";
    if (text != NULL && networks->count == CONFIG_NETWORKS_MAX)
        fault = arena_format(loader->arena, "holds more than %d networks", CONFIG_NETWORKS_MAX);
    else if (text != NULL)
        fault = network_parse(text, &networks->list[networks->count]);
    if (fault == NULL)
        networks->count++;
    else
        value_tell(loader, spot, "write networks like \"185.71.76.0/27\", \"2a02:5180::/32\" or single addresses",
                   text == NULL || networks->count == CONFIG_NETWORKS_MAX
                       ? fault
                       : arena_format(loader->arena, "holds \"%s\", which %s", text, fault));
}

void value_load_networks(const struct loader *loader, const struct spot *spot, const config_setting_t *setting)
{
    struct config_networks networks = {.count = 0};
    const char *words = setting == NULL && spot->key->fallback != NULL ? spot->key->fallback : "";
    for (size_t length; (length = strcspn(words, " ")) > 0; words += length + (words[length] != '\0'))
        add_network(loader, spot, arena_copy_n(loader->arena, words, length), &networks);
    if (setting != NULL && (config_setting_is_aggregate(setting) != CONFIG_TRUE || config_setting_is_group(setting))) {
        value_tell(loader, spot, NULL, "must be an array of texts");
        return;
    }
    for (int i = 0; setting != NULL && i < config_setting_length(setting); i++) {
        const config_setting_t *element = config_setting_get_elem(setting, (unsigned)i);
        struct spot here = {spot->key, spot->file, (int)config_setting_source_line(element)};
        add_network(loader, &here, config_setting_get_string(element), &networks);
    }
    memcpy((char *)loader->config + spot->key->offset, &networks, sizeof networks);
}
