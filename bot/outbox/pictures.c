/* A short list of named files. What the darkroom rendered lies in the store, not in memory, until Telegram knows the
 * picture.
 *
 * The bytes are lent to one asker at a time, the others wait in line: a thousand users who come to a fresh bot in one
 * second make one upload, not a thousand, and nobody keeps a thousand copies. When the upload fails the next in line
 * tries; when that happens again and again, or takes long, all are told that the picture is not to be had now. */
#include "bot/outbox/pictures.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/darkroom/darkroom.h"
#include "bot/log.h"
#include "bot/store/store.h"
#include "bot/timers.h"

enum {
    PICTURE_WIDTH = 1080,
    PICTURE_HEIGHT = 1350,
    SOURCE_MAX_BYTES = 8 * 1024 * 1024,
    NAME_BYTES = 64,
    LOAN_MS = 15 * 1000, /* so long the others wait for one upload */
    LOANS_FAILED_MAX = 3 /* so many uploads may fail before the others go without */
};

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
    struct waiter *first, *last;   /* in line for it */
    bool busy;                     /* it is being rendered, stored or read */
    bool lent;                     /* somebody uploads it */
    int64_t loan;                  /* number of the last one */
    int failed;                    /* uploads in a row */
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
    add_examples(pictures); /* first: a newcomer to a fresh bot waits for them */
    for (size_t i = 0; i < shop->rules.styles->count; i++) {
        char name[NAME_BYTES];
        (void)snprintf(name, sizeof name, "style:%s", shop->rules.styles->styles[i].id);
        add(pictures, name, copy(shop->rules.styles->styles[i].cover_path));
    }
    return pictures;
}

void pictures_free(struct pictures *pictures)
{
    for (size_t i = 0; pictures != NULL && i < pictures->count; i++) {
        struct entry *entry = &pictures->entries[i];
        free(entry->path);
        free(entry->file_id);
        while (entry->first != NULL) {
            struct waiter *waiter = entry->first;
            entry->first = waiter->next;
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

/* All in line learn the id, or that the picture is not to be had now. */
static void tell_all(struct entry *entry)
{
    struct waiter *waiter = entry->first;
    struct picture picture = {.name = entry->name, .file_id = entry->file_id};
    entry->first = entry->last = NULL;
    entry->failed = 0;
    while (waiter != NULL) {
        struct waiter *told = waiter;
        waiter = told->next;
        told->got(told->ctx, &picture);
        free(told);
    }
}

static void loan_over(void *ctx, int64_t loan)
{
    struct entry *entry = ctx;
    if (!entry->lent || entry->loan != loan)
        return;
    entry->lent = false;
    tell_all(entry);
}

static void lend(struct entry *entry, const struct store_object *object)
{
    struct shop *shop = entry->owner->shop;
    struct waiter *waiter = entry->first;
    struct picture picture = {.name = entry->name, .jpeg = object->bytes, .bytes = object->length};
    entry->first = waiter->next;
    if (entry->first == NULL)
        entry->last = NULL;
    entry->lent = true;
    timers_add(shop->timers, shop->unix_ms + LOAN_MS, loan_over, entry, ++entry->loan);
    waiter->got(waiter->ctx, &picture);
    free(waiter);
}

static void serve(struct entry *entry);

static void fetched(void *ctx, enum err err, const struct store_object *object)
{
    struct entry *entry = ctx;
    entry->busy = false;
    if (err != ERR_OK) {
        entry->stored[0] = '\0'; /* rendered anew when it is asked for again */
        tell_all(entry);
    } else if (entry->file_id != NULL) {
        tell_all(entry);
    } else if (entry->first != NULL) {
        lend(entry, object);
    }
}

static void stored(void *ctx, enum err err, const struct store_object *object)
{
    struct entry *entry = ctx;
    entry->busy = false;
    if (err == ERR_OK) {
        memcpy(entry->stored, object->name, sizeof entry->stored);
        serve(entry);
    } else {
        log_error("pictures", "%s can't be stored: %s", entry->name, err_name(err));
        tell_all(entry);
    }
}

static void rendered(void *ctx, enum err err, struct darkroom_result *result)
{
    struct entry *entry = ctx;
    if (err == ERR_OK) {
        store_put(entry->owner->shop->store, result->jpeg, result->jpeg_len, stored, entry);
        return;
    }
    log_error("pictures", "%s can't be rendered: %s", entry->path, err_name(err));
    entry->busy = false;
    tell_all(entry);
}

/* The files are ours and small: reading them does not hold the loop up. */
static void render(struct entry *entry)
{
    FILE *file = fopen(entry->path, "rbe");
    enum err err = ERR_IO;
    if (file != NULL) {
        void *bytes = malloc(SOURCE_MAX_BYTES);
        if (bytes == NULL)
            abort();
        size_t length = fread(bytes, 1, SOURCE_MAX_BYTES, file);
        (void)fclose(file);
        err = darkroom_render(entry->owner->shop->darkroom, bytes, length, PICTURE_WIDTH, PICTURE_HEIGHT, rendered,
                              entry);
        free(bytes);
    }
    entry->busy = err == ERR_OK;
    if (err != ERR_OK) {
        log_error("pictures", "%s can't be read or queued for rendering", entry->path);
        tell_all(entry);
    }
}

/* Gets the bytes for the first in line, unless somebody has them. */
static void serve(struct entry *entry)
{
    if (entry->first == NULL || entry->busy || entry->lent)
        return;
    if (entry->stored[0] == '\0') {
        render(entry);
        return;
    }
    entry->busy = true;
    store_get(entry->owner->shop->store, entry->stored, fetched, entry);
}

void pictures_get(struct pictures *pictures, const char *name, pictures_fn *got, void *ctx)
{
    struct entry *entry = find(pictures, name);
    if (entry == NULL || entry->file_id != NULL) {
        got(ctx, &(struct picture){.name = name, .file_id = entry == NULL ? NULL : entry->file_id});
        return;
    }
    struct waiter *waiter = malloc(sizeof *waiter);
    if (waiter == NULL)
        abort();
    *waiter = (struct waiter){got, ctx, NULL};
    if (entry->last != NULL)
        entry->last->next = waiter;
    else
        entry->first = waiter;
    entry->last = waiter;
    serve(entry);
}

void pictures_give_back(struct pictures *pictures, const char *name)
{
    struct entry *entry = find(pictures, name);
    if (entry == NULL || !entry->lent)
        return;
    entry->lent = false;
    if (++entry->failed >= LOANS_FAILED_MAX)
        tell_all(entry);
    else
        serve(entry);
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
    entry->lent = false;
    tell_all(entry);
    return true;
}

void pictures_warm(struct pictures *pictures)
{
    for (size_t i = 0; i < pictures->count; i++) {
        struct entry *entry = &pictures->entries[i];
        if (entry->file_id == NULL && entry->stored[0] == '\0' && !entry->busy)
            render(entry);
    }
}

size_t pictures_example_count(const struct pictures *pictures)
{
    return pictures->examples;
}
