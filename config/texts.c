/* The words of the bot: every file must hold every key of core/texts.def and nothing else, and each entry must pass
 * text_check. An unknown key is as much an error as a missing one: it is a typo, or a text nobody will ever see. */
#include "config/texts.h"

#include <string.h>

#include "config/source.h"

enum { TEXTS_FILE_MAX_BYTES = 1024 * 1024 };

struct reading {
    struct arena *arena;
    struct source *source;
    enum lang lang;
    const char *words[TEXT_COUNT];
};

static int find_key(const char *name)
{
    for (int key = 0; key < TEXT_COUNT; key++) {
        if (strcmp(text_key_name((enum text_key)key), name) == 0)
            return key;
    }
    return TEXT_COUNT;
}

static void tell(const struct reading *reading, const config_setting_t *setting, const char *remedy, const char *name,
                 const char *what)
{
    findings_add(reading->source->findings, FINDING_ERROR, reading->source->file,
                 setting == NULL ? 0 : (int)config_setting_source_line(setting), remedy, "%s: %s", name, what);
}

static void tell_unknown(const struct reading *reading, const config_setting_t *setting, const char *name)
{
    const char *names[TEXT_COUNT];
    for (int key = 0; key < TEXT_COUNT; key++)
        names[key] = text_key_name((enum text_key)key);
    const char *near = finding_nearest(name, names, TEXT_COUNT);
    tell(reading, setting,
         near == NULL ? "remove it, or add it to core/texts.def"
                      : arena_format(reading->arena, "did you mean %s?", near),
         name, "no such text");
}

static void read_entry(struct reading *reading, const config_setting_t *setting)
{
    const char *name = source_name(reading->source, setting);
    const char *words = config_setting_get_string(setting);
    const char *why = NULL;
    int key = find_key(name);
    if (key == TEXT_COUNT) {
        tell_unknown(reading, setting, name);
    } else if (words == NULL) {
        tell(reading, setting, "put it in quotes", name, "must be a text");
    } else {
        reading->words[key] = arena_copy(reading->arena, words);
        if (text_check(reading->arena, reading->lang, (enum text_key)key, words, &why) != ERR_OK)
            tell(reading, setting, "see the head of the file for what a text may hold", name, why);
    }
}

static void tell_missing(const struct reading *reading, enum text_key key)
{
    const char *name = text_key_name(key), *dot = strchr(name, '.');
    const char *group = dot == NULL ? name : arena_copy_n(reading->arena, name, (size_t)(dot - name));
    const char *params = text_key_params(key);
    tell(reading, config_lookup(&reading->source->tree, group),
         arena_format(reading->arena, "add %s = \"…\"; to the group %s (placeholders: %s)",
                      dot == NULL ? name : dot + 1, group, params[0] == '\0' ? "none" : params),
         name, "this text is missing");
}

static void read_tree(struct reading *reading)
{
    config_setting_t *root = config_root_setting(&reading->source->tree);
    for (int i = 0; i < config_setting_length(root); i++) {
        config_setting_t *group = config_setting_get_elem(root, (unsigned)i);
        if (!config_setting_is_group(group)) {
            tell(reading, group, "texts stand in groups: menu: { title = \"…\"; };", config_setting_name(group),
                 "stands outside of a group");
            continue;
        }
        for (int j = 0; j < config_setting_length(group); j++)
            read_entry(reading, config_setting_get_elem(group, (unsigned)j));
    }
    for (int key = 0; key < TEXT_COUNT; key++) {
        if (reading->words[key] == NULL)
            tell_missing(reading, (enum text_key)key);
    }
}

enum err texts_read_text(struct arena *arena, const char *path, const char *text, size_t length, enum lang lang,
                         struct findings *findings, struct text_catalogue *ret)
{
    struct source source;
    size_t errors_before = findings->errors;
    enum err err = source_parse(&source, findings, path, text, length);
    if (err != ERR_OK)
        return err;
    struct reading reading = {.arena = arena, .source = &source, .lang = lang};
    read_tree(&reading);
    source_done(&source);
    if (findings->errors != errors_before)
        return ERR_INVALID;
    memcpy(ret->words[lang], reading.words, sizeof reading.words);
    return ERR_OK;
}

enum err texts_read(struct arena *arena, const char *dir, struct findings *findings, struct text_catalogue *ret)
{
    struct text_catalogue texts = {0};
    enum err first = ERR_OK;
    for (int lang = 0; lang < LANG_COUNT; lang++) {
        const char *path = arena_format(arena, "%s/%s.cfg", dir, lang_code((enum lang)lang));
        const char *text = NULL;
        size_t length = 0;
        enum err err = source_slurp(arena, path, TEXTS_FILE_MAX_BYTES, findings, &text, &length);
        if (err == ERR_OK)
            err = texts_read_text(arena, path, text, length, (enum lang)lang, findings, &texts);
        if (first == ERR_OK)
            first = err;
    }
    if (first == ERR_OK)
        *ret = texts;
    return first;
}
