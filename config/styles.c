/* What is sold: a style is one file in config/styles, and everything a customer may count on (name, price, number of
 * photos) is checked here, before the first one is sold. The number of photos is the number of looks, so it can't be
 * promised apart from what can be made. The price is read as text, never as a double. */
#include "config/styles.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/source.h"
#include "core/money.h"
#include "core/utf8.h"

/* A style with what is needed only while reading. */
struct entry {
    struct style style;
    int64_t order;
    const char *file;
};

struct reading {
    struct arena *arena;
    struct source *source;
    const char *dir;
    style_recipe_check *check;
    struct entry *entry;
};

static void tell(const struct reading *reading, const config_setting_t *at, const char *remedy, const char *name,
                 const char *what)
{
    findings_add(reading->source->findings, FINDING_ERROR, reading->source->file,
                 at == NULL ? 0 : (int)config_setting_source_line(at), remedy, "%s %s", name, what);
}

static void check_names(const struct reading *reading, const config_setting_t *group, const char *const *names,
                        size_t count)
{
    for (int i = 0; i < config_setting_length(group); i++) {
        const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
        const char *name = config_setting_name(setting);
        bool known = false;
        for (size_t j = 0; j < count; j++)
            known = known || strcmp(names[j], name) == 0;
        const char *near = known ? NULL : finding_nearest(name, names, count);
        if (!known)
            tell(reading, setting, near == NULL ? "remove it" : arena_format(reading->arena, "did you mean %s?", near),
                 "unknown key", name);
    }
}

/* A member that must be a text within max_bytes; NULL after a finding. */
static const char *read_text(const struct reading *reading, const config_setting_t *group, const char *name,
                             size_t max_bytes)
{
    const config_setting_t *setting = config_setting_get_member(group, name);
    const char *text = setting == NULL ? NULL : config_setting_get_string(setting);
    const char *remedy = arena_format(reading->arena, "write %s = \"…\";", name);
    if (setting == NULL)
        tell(reading, group, remedy, name, "is missing");
    else if (text == NULL)
        tell(reading, setting, remedy, name, "must be a text in quotes");
    else if (text[0] == '\0')
        tell(reading, setting, remedy, name, "is empty");
    else if (strlen(text) > max_bytes)
        tell(reading, setting, "make it shorter", name,
             arena_format(reading->arena, "is longer than %zu bytes", max_bytes));
    else if (!text_is_clean(text))
        tell(reading, setting, "write it as plain UTF-8", name, "is not UTF-8, or holds a control character");
    else
        return arena_copy(reading->arena, text);
    return NULL;
}

static void read_languages(const struct reading *reading, const config_setting_t *root, const char *name,
                           size_t max_bytes, const char *ret_words[LANG_COUNT])
{
    const char *languages[LANG_COUNT];
    const config_setting_t *group = config_setting_get_member(root, name);
    if (group == NULL || !config_setting_is_group(group)) {
        tell(reading, group, arena_format(reading->arena, "write %s: { ru = \"…\"; en = \"…\"; };", name), name,
             group == NULL ? "is missing" : "must be a group with every language");
        return;
    }
    for (int lang = 0; lang < LANG_COUNT; lang++) {
        languages[lang] = lang_code((enum lang)lang);
        ret_words[lang] = read_text(reading, group, languages[lang], max_bytes);
    }
    check_names(reading, group, languages, LANG_COUNT);
}

static void read_description(const struct reading *reading, const config_setting_t *root)
{
    const char **words = reading->entry->style.description;
    read_languages(reading, root, "description", STYLE_DESCRIPTION_MAX_BYTES, words);
    for (int lang = 0; lang < LANG_COUNT; lang++)
        if (words[lang] != NULL && utf8_units(words[lang]) > STYLE_DESCRIPTION_MAX_UNITS)
            tell(reading, config_setting_get_member(root, "description"), "make it shorter", lang_code((enum lang)lang),
                 arena_format(reading->arena, "is longer than %d characters", STYLE_DESCRIPTION_MAX_UNITS));
}

static void read_id(const struct reading *reading, const config_setting_t *root)
{
    const char *id = read_text(reading, root, "id", STYLE_ID_MAX_BYTES);
    if (id == NULL)
        return;
    if (id[strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789_")] != '\0')
        tell(reading, config_setting_get_member(root, "id"), "use small Latin letters, digits and '_'", "id",
             "holds a character that is not allowed");
    reading->entry->style.id = id;
}

static void read_cover(const struct reading *reading, const config_setting_t *root)
{
    struct stat status;
    const char *cover = read_text(reading, root, "cover", 255);
    if (cover == NULL)
        return;
    const char *path = cover[0] == '/' ? cover : arena_format(reading->arena, "%s/%s", reading->dir, cover);
    if (stat(path, &status) != 0 || !S_ISREG(status.st_mode) || access(path, R_OK) != 0) {
        tell(reading, config_setting_get_member(root, "cover"),
             arena_format(reading->arena, "put the picture at %s, or name another", path), "cover", "can't be read");
        return;
    }
    const char *dot = strrchr(path, '.');
    bool jpeg = dot != NULL && (strcmp(dot, ".jpg") == 0 || strcmp(dot, ".jpeg") == 0);
    if (!jpeg && (dot == NULL || (strcmp(dot, ".png") != 0 && strcmp(dot, ".svg") != 0)))
        tell(reading, config_setting_get_member(root, "cover"), "name a picture that ends with .jpg, .png or .svg",
             "cover", "is of another kind");
    else if (status.st_size >= STYLE_COVER_MAX_BYTES)
        tell(reading, config_setting_get_member(root, "cover"), "make it smaller: 1080 × 1350 points are plenty",
             "cover", arena_format(reading->arena, "is no smaller than %d bytes", STYLE_COVER_MAX_BYTES));
    reading->entry->style.cover_path = path;
}

static void read_price(const struct reading *reading, const config_setting_t *root)
{
    const config_setting_t *setting = config_setting_get_member(root, "price");
    const char *text = read_text(reading, root, "price", MONEY_TEXT_BYTES - 1);
    int64_t kopecks = 0;
    if (text == NULL)
        return;
    const char *dot = strchr(text, '.');
    if (dot == NULL || strlen(dot) != 3 || money_parse(text, &kopecks) != ERR_OK)
        tell(reading, setting, "write roubles and kopecks in quotes: price = \"500.00\";", "price", "is not an amount");
    else if (kopecks < STYLE_PRICE_MIN_KOPECKS || kopecks > STYLE_PRICE_MAX_KOPECKS)
        tell(reading, setting, "write 1.00 … 350000.00: YooKassa takes no other payments by card", "price",
             "is outside its limits");
    reading->entry->style.price_kopecks = kopecks;
}

static void read_order(const struct reading *reading, const config_setting_t *root)
{
    const config_setting_t *setting = config_setting_get_member(root, "order");
    int type = setting == NULL ? CONFIG_TYPE_INT : config_setting_type(setting);
    if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
        tell(reading, setting, "write order = 1;", "order", "must be a whole number");
    else if (setting != NULL)
        reading->entry->order = config_setting_get_int64(setting);
}

static void read_look(const struct reading *reading, const config_setting_t *group, const struct style_look *before,
                      size_t index, struct style_look *look)
{
    static const char *const names[] = {"prompt", "recipe"};
    if (!config_setting_is_group(group)) {
        tell(reading, group, "write { prompt = \"…\"; recipe = \"…\"; }", "a look", "must be a group");
        return;
    }
    check_names(reading, group, names, sizeof names / sizeof names[0]);
    look->prompt = read_text(reading, group, "prompt", STYLE_PROMPT_MAX_BYTES);
    look->recipe = read_text(reading, group, "recipe", STYLE_RECIPE_MAX_BYTES);
    if (look->prompt == NULL || look->recipe == NULL)
        return;
    const char *why = reading->check == NULL ? NULL : reading->check(reading->arena, look->recipe);
    if (why != NULL)
        tell(reading, config_setting_get_member(group, "recipe"), "see the other looks for what a recipe may hold",
             "recipe:", why);
    for (size_t i = 0; i < index; i++) {
        if (before[i].prompt != NULL && before[i].recipe != NULL &&
            (strcmp(before[i].prompt, look->prompt) == 0 || strcmp(before[i].recipe, look->recipe) == 0)) {
            tell(reading, group, "change it: every photo of a set is sold as a different one",
                 arena_format(reading->arena, "look %zu", index + 1),
                 arena_format(reading->arena, "repeats the prompt or the recipe of look %zu", i + 1));
            return;
        }
    }
}

static void read_looks(const struct reading *reading, const config_setting_t *root)
{
    const config_setting_t *list = config_setting_get_member(root, "looks");
    int count = list == NULL || !config_setting_is_list(list) ? 0 : config_setting_length(list);
    if (count == 0 || count > STYLE_PHOTOS_MAX) {
        tell(reading, list, "write looks = ( { prompt = \"…\"; recipe = \"…\"; }, … ); with one for every photo",
             "looks", arena_format(reading->arena, "must be a list of 1 … %d looks", STYLE_PHOTOS_MAX));
        return;
    }
    struct style_look *looks = arena_array(reading->arena, (size_t)count, sizeof *looks);
    for (int i = 0; i < count; i++)
        read_look(reading, config_setting_get_elem(list, (unsigned)i), looks, (size_t)i, &looks[i]);
    reading->entry->style.looks = looks;
    reading->entry->style.look_count = (size_t)count;
    reading->entry->style.photo_count = count;
}

static enum err read_style(struct arena *arena, const char *dir, const char *path, style_recipe_check *check,
                           struct findings *findings, struct entry *entry)
{
    static const char *const names[] = {"id", "order", "name", "description", "cover", "price", "looks"};
    struct source source;
    const char *text = NULL;
    size_t length = 0;
    enum err err = source_slurp(arena, path, STYLES_FILE_MAX_BYTES, findings, &text, &length);
    if (err == ERR_OK)
        err = source_parse(&source, findings, path, text, length);
    if (err != ERR_OK)
        return err;
    struct reading reading = {arena, &source, dir, check, entry};
    const config_setting_t *root = config_root_setting(&source.tree);
    entry->file = path;
    check_names(&reading, root, names, sizeof names / sizeof names[0]);
    read_id(&reading, root);
    read_order(&reading, root);
    read_languages(&reading, root, "name", STYLE_NAME_MAX_BYTES, entry->style.name);
    read_description(&reading, root);
    read_cover(&reading, root);
    read_price(&reading, root);
    read_looks(&reading, root);
    source_done(&source);
    return ERR_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return strcmp(x->style.id, y->style.id);
}

/* The *.cfg files of dir, sorted, so that findings come in the same order everywhere. */
static enum err list_files(struct arena *arena, const char *dir, struct findings *findings, const char **paths,
                           size_t *ret_count)
{
    size_t count = 0;
    DIR *stream = opendir(dir);
    if (stream == NULL) {
        findings_add(findings, FINDING_ERROR, dir, 0, "name the folder that holds the styles in styles_dir",
                     "can't be opened: %s", strerror(errno));
        return ERR_IO;
    }
    for (const struct dirent *file; (file = readdir(stream)) != NULL && count <= STYLE_MAX;) {
        size_t length = strlen(file->d_name);
        if (file->d_name[0] != '.' && length > 4 && strcmp(file->d_name + length - 4, ".cfg") == 0)
            paths[count++] = arena_format(arena, "%s/%s", dir, file->d_name);
    }
    (void)closedir(stream);
    if (count == 0 || count > STYLE_MAX) {
        findings_add(findings, FINDING_ERROR, dir, 0, "put one file NAME.cfg for each style there",
                     "must hold 1 … %d styles", STYLE_MAX);
        return ERR_INVALID;
    }
    qsort(paths, count, sizeof *paths, compare_names);
    *ret_count = count;
    return ERR_OK;
}

static void check_unique(const struct entry *entries, size_t count, struct findings *findings)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (entries[i].style.id != NULL && entries[j].style.id != NULL &&
                strcmp(entries[i].style.id, entries[j].style.id) == 0)
                findings_add(findings, FINDING_ERROR, entries[i].file, 0, "give one of them another id",
                             "id \"%s\" is already that of %s", entries[i].style.id, entries[j].file);
        }
    }
}

enum err styles_read(struct arena *arena, const char *dir, style_recipe_check *check, struct findings *findings,
                     struct style_catalogue *ret)
{
    const char *paths[STYLE_MAX + 1];
    size_t count = 0, errors_before = findings->errors;
    enum err err = list_files(arena, dir, findings, paths, &count);
    if (err != ERR_OK)
        return err;
    struct entry *entries = arena_array(arena, count, sizeof *entries);
    for (size_t i = 0; i < count; i++) {
        enum err one = read_style(arena, dir, paths[i], check, findings, &entries[i]);
        if (err == ERR_OK)
            err = one;
    }
    check_unique(entries, count, findings);
    if (err != ERR_OK || findings->errors != errors_before)
        return err != ERR_OK ? err : ERR_INVALID;

    qsort(entries, count, sizeof *entries, compare_entries);
    struct style *styles = arena_array(arena, count, sizeof *styles);
    for (size_t i = 0; i < count; i++)
        styles[i] = entries[i].style;
    *ret = (struct style_catalogue){styles, count};
    return ERR_OK;
}
