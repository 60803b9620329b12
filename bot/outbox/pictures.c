/* A short list of named files. A JPEG is sent as it is, and the shipped ones are: nobody waits for the darkroom, least
 * of all a newcomer for the first word. Another file (an owner's drawing) is drawn first, in the background; what the
 * darkroom made lies in the store, not in memory, until Telegram knows the picture, and whoever wants it before that
 * goes without.
 *
 * The bytes are lent to one asker at a time, the others wait in line: a thousand users who come to a fresh bot in one
 * second make one upload, not a thousand, and nobody keeps a thousand copies. When the upload fails the next in line
 * tries; when that happens again and again, or takes long, all are told that the picture is not to be had now. */
#include "bot/outbox/pictures.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "bot/base/clock.h"
#include "bot/base/log.h"
#include "bot/base/memory.h"
#include "bot/base/timers.h"
#include "bot/services/darkroom/darkroom.h"
#include "bot/services/store/store.h"

enum {
    PICTURE_WIDTH = 1080,
    PICTURE_HEIGHT = 1350,
    FILE_MAX_BYTES = 8 * 1024 * 1024,
    NAME_BYTES = 64,
    LOAN_MS = 15 * 1000, /* so long the others wait for one upload */
    LOANS_FAILED_MAX = 3 /* so many uploads may fail before the others go without */
};

struct waiter {
    STAILQ_ENTRY(waiter) next;
    pictures_fn *got;
    void *ctx;
};
STAILQ_HEAD(waiters, waiter);

struct entry {
    struct pictures *owner;
    char name[NAME_BYTES];
    char *path;
    char *file_id;
    bool is_jpeg;                  /* the file is what is sent */
    char stored[STORE_NAME_BYTES]; /* else the JPEG that was made of it, in the store; "" = none yet */
    struct waiters waiters;        /* in line for the bytes */
    bool busy;                     /* they are being made, stored or read */
    bool lent;                     /* somebody uploads it */
    int64_t loan;                  /* number of the last one */
    int failed;                    /* uploads in a row */
};

struct pictures {
    const struct outbox_ports *ports;
    struct entry entries[PICTURES_MAX];
    size_t count, examples;
};

static bool is_jpeg(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot != NULL && (strcmp(dot, ".jpg") == 0 || strcmp(dot, ".jpeg") == 0);
}

static void add(struct pictures *pictures, const char *name, char *path_taken)
{
    if (pictures->count == PICTURES_MAX) {
        free(path_taken);
        return;
    }
    struct entry *entry = &pictures->entries[pictures->count++];
    entry->owner = pictures;
    STAILQ_INIT(&entry->waiters);
    entry->path = path_taken;
    entry->is_jpeg = is_jpeg(path_taken);
    (void)snprintf(entry->name, sizeof entry->name, "%s", name);
}

static int is_picture(const struct dirent *item)
{
    const char *dot = strrchr(item->d_name, '.');
    return dot != NULL && (is_jpeg(item->d_name) || strcmp(dot, ".svg") == 0 || strcmp(dot, ".png") == 0);
}

static void add_examples(struct pictures *pictures)
{
    struct arena arena;
    struct dirent **items = NULL;
    arena_init(&arena);
    const char *dir = arena_format(&arena, "%s/examples", pictures->ports->styles_dir);
    int count = scandir(dir, &items, is_picture, alphasort);
    for (int i = 0; i < count; i++) {
        add(pictures, arena_format(&arena, "example:%zu", pictures->examples++),
            memory_copy(arena_format(&arena, "%s/%s", dir, items[i]->d_name)));
        free(items[i]);
    }
    free(items);
    arena_done(&arena);
}

struct pictures *pictures_new(const struct outbox_ports *ports)
{
    struct pictures *pictures = memory_need(calloc(1, sizeof *pictures));
    pictures->ports = ports;
    add_examples(pictures); /* first: a newcomer to a fresh bot sees them before the styles */
    for (size_t i = 0; i < ports->styles->count; i++) {
        char name[NAME_BYTES];
        (void)snprintf(name, sizeof name, "style:%s", ports->styles->styles[i].id);
        add(pictures, name, memory_copy(ports->styles->styles[i].cover_path));
    }
    return pictures;
}

void pictures_free(struct pictures *pictures)
{
    for (size_t i = 0; pictures != NULL && i < pictures->count; i++) {
        struct entry *entry = &pictures->entries[i];
        free(entry->path);
        free(entry->file_id);
        for (struct waiter *waiter; (waiter = STAILQ_FIRST(&entry->waiters)) != NULL;) {
            STAILQ_REMOVE_HEAD(&entry->waiters, next);
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
    struct waiters told = STAILQ_HEAD_INITIALIZER(told);
    struct picture picture = {.name = entry->name, .file_id = entry->file_id};
    STAILQ_CONCAT(&told, &entry->waiters);
    entry->failed = 0;
    for (struct waiter *waiter; (waiter = STAILQ_FIRST(&told)) != NULL;) {
        STAILQ_REMOVE_HEAD(&told, next);
        waiter->got(waiter->ctx, &picture);
        free(waiter);
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

static void lend(struct entry *entry, const void *bytes, size_t length)
{
    const struct outbox_ports *ports = entry->owner->ports;
    struct waiter *waiter = STAILQ_FIRST(&entry->waiters);
    struct picture picture = {.name = entry->name, .jpeg = bytes, .bytes = length};
    STAILQ_REMOVE_HEAD(&entry->waiters, next);
    entry->lent = true;
    timers_add(ports->timers, ports->clock->unix_ms + LOAN_MS, loan_over, entry, ++entry->loan);
    waiter->got(waiter->ctx, &picture);
    free(waiter);
}

static void serve(struct entry *entry);

static void fetched(void *ctx, enum err err, const struct store_object *object)
{
    struct entry *entry = ctx;
    entry->busy = false;
    if (err != ERR_OK) {
        entry->stored[0] = '\0'; /* made anew when it is asked for again */
        tell_all(entry);
    } else if (entry->file_id != NULL) {
        tell_all(entry);
    } else if (!STAILQ_EMPTY(&entry->waiters)) {
        lend(entry, object->bytes, object->length);
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
        store_put(entry->owner->ports->store, result->jpeg, result->jpeg_len, stored, entry);
        return;
    }
    log_error("pictures", "%s can't be rendered: %s", entry->path, err_name(err));
    entry->busy = false;
    tell_all(entry);
}

/* The file's bytes, freed by the caller; NULL if it can't be read. The files are the owner's and small: reading them
 * does not hold the loop up. */
static void *read_file(const struct entry *entry, size_t *ret_length)
{
    FILE *file = fopen(entry->path, "rbe");
    void *bytes = file == NULL ? NULL : memory_need(malloc(FILE_MAX_BYTES));
    size_t length = file == NULL ? 0 : fread(bytes, 1, FILE_MAX_BYTES, file);
    if (file != NULL)
        (void)fclose(file);
    if (length == 0 || length == FILE_MAX_BYTES) {
        log_error("pictures", "%s can't be read, or is no smaller than %d bytes", entry->path, FILE_MAX_BYTES);
        free(bytes);
        return NULL;
    }
    *ret_length = length;
    return bytes;
}

static void draw(struct entry *entry)
{
    size_t length = 0;
    void *bytes = read_file(entry, &length);
    if (bytes == NULL)
        return;
    enum err err = darkroom_render(entry->owner->ports->darkroom, bytes, length, PICTURE_WIDTH, PICTURE_HEIGHT,
                                   rendered, entry);
    free(bytes);
    entry->busy = err == ERR_OK;
    if (err != ERR_OK)
        log_error("pictures", "%s can't be queued for drawing: %s", entry->path, err_name(err));
}

static bool is_drawn(const struct entry *entry)
{
    return entry->is_jpeg || entry->stored[0] != '\0';
}

/* Gets the bytes for the first in line, unless somebody has them. */
static void serve(struct entry *entry)
{
    if (STAILQ_EMPTY(&entry->waiters) || entry->busy || entry->lent)
        return;
    if (!entry->is_jpeg) {
        entry->busy = true;
        store_get(entry->owner->ports->store, entry->stored, fetched, entry);
        return;
    }
    size_t length = 0;
    void *bytes = read_file(entry, &length);
    if (bytes == NULL)
        tell_all(entry);
    else
        lend(entry, bytes, length);
    free(bytes);
}

void pictures_get(struct pictures *pictures, const char *name, pictures_fn *got, void *ctx)
{
    struct entry *entry = find(pictures, name);
    bool drawn = entry != NULL && is_drawn(entry);
    if (!drawn || entry->file_id != NULL) {
        if (entry != NULL && entry->file_id == NULL && !entry->busy)
            draw(entry);
        got(ctx, &(struct picture){.name = name,
                                   .file_id = entry == NULL ? NULL : entry->file_id,
                                   .is_coming = entry != NULL && entry->busy});
        return;
    }
    struct waiter *waiter = memory_need(malloc(sizeof *waiter));
    *waiter = (struct waiter){.got = got, .ctx = ctx};
    STAILQ_INSERT_TAIL(&entry->waiters, waiter, next);
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
    entry->file_id = memory_copy(file_id);
    entry->lent = false;
    tell_all(entry);
    return true;
}

void pictures_warm(struct pictures *pictures)
{
    for (size_t i = 0; i < pictures->count; i++) {
        struct entry *entry = &pictures->entries[i];
        if (entry->file_id == NULL && !is_drawn(entry) && !entry->busy)
            draw(entry);
    }
}

size_t pictures_example_count(const struct pictures *pictures)
{
    return pictures->examples;
}
