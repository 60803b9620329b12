/* A short list of named files. What the darkroom rendered lies in the store, not in memory, until Telegram knows the
 * picture. Several askers of one picture that is being rendered wait in line for it. */
#include "bot/outbox/pictures.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/darkroom/darkroom.h"
#include "bot/log.h"
#include "bot/store/store.h"

enum { PICTURE_WIDTH = 1080, PICTURE_HEIGHT = 1350, SOURCE_MAX_BYTES = 8 * 1024 * 1024, NAME_BYTES = 64 };

struct waiter {
    pictures_fn *got;
    void *ctx;
    struct waiter *next;
};

struct entry {
    struct pictures *owner;
    char name[NAME_BYTES];
    char *path;
    char *file_id;
    char stored[STORE_NAME_BYTES]; /* the rendered JPEG in the store; "" = not rendered yet */
    struct waiter *waiters;        /* not empty: it is being rendered */
};

struct pictures {
    struct shop *shop;
    struct entry entries[PICTURES_MAX];
    size_t count, examples;
};

static char *copy(const char *text)
{
    char *made = strdup(text);
    if (made == NULL)
        abort();
    return made;
}

static void add(struct pictures *pictures, const char *name, char *path_taken)
{
    if (pictures->count == PICTURES_MAX) {
        free(path_taken);
        return;
    }
    struct entry *entry = &pictures->entries[pictures->count++];
    entry->owner = pictures;
    entry->path = path_taken;
    (void)snprintf(entry->name, sizeof entry->name, "%s", name);
}

static int is_picture(const struct dirent *item)
{
    const char *dot = strrchr(item->d_name, '.');
    return dot != NULL && (strcmp(dot, ".svg") == 0 || strcmp(dot, ".jpg") == 0 || strcmp(dot, ".png") == 0);
}

static void add_examples(struct pictures *pictures)
{
    struct arena arena;
    struct dirent **items = NULL;
    arena_init(&arena);
    const char *dir = arena_format(&arena, "%s/examples", pictures->shop->config->styles_dir);
    int count = scandir(dir, &items, is_picture, alphasort);
    for (int i = 0; i < count; i++) {
        add(pictures, arena_format(&arena, "example:%zu", pictures->examples++),
            copy(arena_format(&arena, "%s/%s", dir, items[i]->d_name)));
        free(items[i]);
    }
    free(items);
    arena_done(&arena);
}

struct pictures *pictures_new(struct shop *shop)
{
    struct pictures *pictures = calloc(1, sizeof *pictures);
    if (pictures == NULL)
        abort();
    pictures->shop = shop;
    for (size_t i = 0; i < shop->rules.styles->count; i++) {
        char name[NAME_BYTES];
        (void)snprintf(name, sizeof name, "style:%s", shop->rules.styles->styles[i].id);
        add(pictures, name, copy(shop->rules.styles->styles[i].cover_path));
    }
    add_examples(pictures);
    return pictures;
}

void pictures_free(struct pictures *pictures)
{
    for (size_t i = 0; pictures != NULL && i < pictures->count; i++) {
        struct entry *entry = &pictures->entries[i];
        free(entry->path);
        free(entry->file_id);
        while (entry->waiters != NULL) {
            struct waiter *waiter = entry->waiters;
            entry->waiters = waiter->next;
            free(waiter);
        }
    }
    free(pictures);
}

static struct entry *find(struct pictures *pictures, const char *name)
{
    for (size_t i = 0; i < pictures->count; i++)
        if (strcmp(pictures->entries[i].name, name) == 0)
            return &pictures->entries[i];
    return NULL;
}

static void stored(void *ctx, enum err err, const struct store_object *object)
{
    struct entry *entry = ctx;
    if (err == ERR_OK)
        memcpy(entry->stored, object->name, sizeof entry->stored);
}

static void tell(struct waiter *waiters, const struct picture *picture)
{
    while (waiters != NULL) {
        struct waiter *waiter = waiters;
        waiters = waiter->next;
        waiter->got(waiter->ctx, picture);
        free(waiter);
    }
}

static void rendered(void *ctx, enum err err, struct darkroom_result *result)
{
    struct entry *entry = ctx;
    struct waiter *waiters = entry->waiters;
    struct picture picture = {.name = entry->name, .file_id = entry->file_id};
    entry->waiters = NULL;
    if (err == ERR_OK) {
        store_put(entry->owner->shop->store, result->jpeg, result->jpeg_len, stored, entry);
        picture.jpeg = result->jpeg;
        picture.bytes = result->jpeg_len;
    } else {
        log_error("pictures", "%s can't be rendered: %s", entry->path, err_name(err));
    }
    tell(waiters, &picture);
}

/* The files are ours and small: reading them does not hold the loop up. */
static enum err render(struct entry *entry)
{
    FILE *file = fopen(entry->path, "rbe");
    if (file == NULL)
        return ERR_IO;
    void *bytes = malloc(SOURCE_MAX_BYTES);
    if (bytes == NULL)
        abort();
    size_t length = fread(bytes, 1, SOURCE_MAX_BYTES, file);
    (void)fclose(file);
    enum err err = darkroom_render(entry->owner->shop->darkroom, bytes, length, PICTURE_WIDTH, PICTURE_HEIGHT, rendered,
                                   entry);
    free(bytes);
    return err;
}

static void fetched(void *ctx, enum err err, const struct store_object *object)
{
    struct entry *entry = ctx;
    struct waiter *waiters = entry->waiters;
    struct picture picture = {.name = entry->name, .file_id = entry->file_id};
    entry->waiters = NULL;
    if (err == ERR_OK) {
        picture.jpeg = object->bytes;
        picture.bytes = object->length;
    } else {
        entry->stored[0] = '\0'; /* rendered anew when it is asked for again */
    }
    tell(waiters, &picture);
}

void pictures_get(struct pictures *pictures, const char *name, pictures_fn *got, void *ctx)
{
    struct entry *entry = find(pictures, name);
    struct picture known = {.name = name, .file_id = entry == NULL ? NULL : entry->file_id};
    if (entry == NULL || entry->file_id != NULL) {
        got(ctx, &known);
        return;
    }
    bool first = entry->waiters == NULL;
    struct waiter *waiter = malloc(sizeof *waiter);
    if (waiter == NULL)
        abort();
    *waiter = (struct waiter){got, ctx, entry->waiters};
    entry->waiters = waiter;
    if (first && entry->stored[0] != '\0') {
        store_get(pictures->shop->store, entry->stored, fetched, entry);
    } else if (first && render(entry) != ERR_OK) {
        log_error("pictures", "%s can't be read or queued for rendering", entry->path);
        entry->waiters = NULL;
        free(waiter);
        got(ctx, &known);
    }
}

bool pictures_forget(struct pictures *pictures, const char *name)
{
    struct entry *entry = find(pictures, name);
    if (entry == NULL || entry->file_id == NULL)
        return false;
    free(entry->file_id);
    entry->file_id = NULL;
    return true;
}

bool pictures_learn(struct pictures *pictures, const char *name, const char *file_id)
{
    struct entry *entry = find(pictures, name);
    if (entry == NULL || entry->file_id != NULL)
        return false;
    entry->file_id = copy(file_id);
    return true;
}

static void ignored(void *ctx, const struct picture *picture)
{
    (void)ctx;
    (void)picture;
}

void pictures_warm(struct pictures *pictures)
{
    for (size_t i = 0; i < pictures->count; i++)
        if (pictures->entries[i].file_id == NULL && pictures->entries[i].stored[0] == '\0')
            pictures_get(pictures, pictures->entries[i].name, ignored, NULL);
}

size_t pictures_example_count(const struct pictures *pictures)
{
    return pictures->examples;
}
