/* Drawing a portrait takes a third of a second, and the sandbox has one thread for everybody: so two more do nothing
 * but draw, from one queue. The lock guards everything here; a finished picture does not change any more, so it is read
 * without it. The threads take no signals: those are the main thread's (signalfd).
 *
 * Must not: touch the world of the sandbox. */
#include "tests/sandbox/easel.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>

#include "tests/sandbox/portrait.h"

enum { PAINTERS = 2 };

struct piece {
    int person, pose, size_px;
    bool done;
    struct portrait portrait;
};

struct easel {
    pthread_mutex_t lock;
    pthread_cond_t wanted, dried;
    struct piece
        *pieces[EASEL_KEPT_MAX]; /* in the order asked for: the first `begun` of them are drawn or being drawn */
    size_t count, begun, busy;
    bool closing;
    pthread_t painters[PAINTERS];
    size_t painter_count;
};

static void must(int failed)
{
    if (failed != 0)
        abort();
}

static void *paint(void *ctx)
{
    struct easel *easel = ctx;
    must(pthread_mutex_lock(&easel->lock));
    while (!easel->closing) {
        if (easel->begun == easel->count) {
            must(pthread_cond_wait(&easel->wanted, &easel->lock));
            continue;
        }
        struct piece *piece = easel->pieces[easel->begun++];
        easel->busy++;
        must(pthread_mutex_unlock(&easel->lock));
        unsigned char *jpeg = NULL;
        size_t bytes = 0;
        bool drawn = portrait_make(piece->person, piece->pose, piece->size_px, &jpeg, &bytes) == ERR_OK;
        must(pthread_mutex_lock(&easel->lock));
        piece->portrait = (struct portrait){.jpeg = drawn ? jpeg : NULL, .bytes = drawn ? bytes : 0};
        piece->done = true;
        easel->busy--;
        must(pthread_cond_broadcast(&easel->dried));
    }
    must(pthread_mutex_unlock(&easel->lock));
    return NULL;
}

struct easel *easel_new(void)
{
    struct easel *easel = calloc(1, sizeof(*easel));
    must(easel == NULL);
    must(pthread_mutex_init(&easel->lock, NULL));
    must(pthread_cond_init(&easel->wanted, NULL));
    must(pthread_cond_init(&easel->dried, NULL));
    return easel;
}

/* On the first order only: most sandboxes of the tests never draw. */
static void hire(struct easel *easel)
{
    unsigned char *jpeg = NULL;
    size_t bytes = 0;
    sigset_t all, before;
    if (portrait_make(0, 0, PORTRAIT_SIZE_MIN_PX, &jpeg, &bytes) == ERR_OK) /* libvips starts in one thread */
        free(jpeg);
    sigfillset(&all);
    must(pthread_sigmask(SIG_SETMASK, &all, &before));
    for (; easel->painter_count < PAINTERS; easel->painter_count++)
        must(pthread_create(&easel->painters[easel->painter_count], NULL, paint, easel));
    must(pthread_sigmask(SIG_SETMASK, &before, NULL));
}

/* With the lock, and nobody drawing. */
static void forget(struct easel *easel)
{
    for (size_t i = 0; i < easel->count; i++) {
        free((void *)(uintptr_t)easel->pieces[i]->portrait.jpeg);
        free(easel->pieces[i]);
    }
    easel->count = easel->begun = 0;
}

void easel_free(struct easel *easel)
{
    if (easel == NULL)
        return;
    must(pthread_mutex_lock(&easel->lock));
    easel->closing = true;
    must(pthread_cond_broadcast(&easel->wanted));
    must(pthread_mutex_unlock(&easel->lock));
    for (size_t i = 0; i < easel->painter_count; i++)
        must(pthread_join(easel->painters[i], NULL));
    forget(easel);
    must(pthread_cond_destroy(&easel->wanted));
    must(pthread_cond_destroy(&easel->dried));
    must(pthread_mutex_destroy(&easel->lock));
    free(easel);
}

static struct piece *find(const struct easel *easel, int person, int pose, int size_px)
{
    for (size_t i = 0; i < easel->count; i++) {
        struct piece *piece = easel->pieces[i];
        if (piece->person == person && piece->pose == pose && piece->size_px == size_px)
            return piece;
    }
    return NULL;
}

size_t easel_order(struct easel *easel, int person, int pose, size_t count, int size_px)
{
    size_t ready = 0;
    if (easel->painter_count == 0)
        hire(easel);
    must(pthread_mutex_lock(&easel->lock));
    if (easel->count + count > EASEL_KEPT_MAX) {
        easel->begun = easel->count; /* what nobody has begun is not begun any more */
        while (easel->busy > 0)
            must(pthread_cond_wait(&easel->dried, &easel->lock));
        forget(easel);
    }
    for (size_t i = 0; i < count; i++) {
        struct piece *piece = find(easel, person, pose + (int)i, size_px);
        if (piece == NULL) {
            piece = calloc(1, sizeof(*piece));
            must(piece == NULL);
            *piece = (struct piece){.person = person, .pose = pose + (int)i, .size_px = size_px};
            easel->pieces[easel->count++] = piece;
        }
        ready += piece->done;
    }
    must(pthread_cond_broadcast(&easel->wanted));
    must(pthread_mutex_unlock(&easel->lock));
    return ready;
}

struct portrait easel_take(struct easel *easel, int person, int pose, int size_px)
{
    must(pthread_mutex_lock(&easel->lock));
    struct piece *piece = find(easel, person, pose, size_px);
    must(piece == NULL);
    while (!piece->done)
        must(pthread_cond_wait(&easel->dried, &easel->lock));
    struct portrait portrait = piece->portrait;
    must(pthread_mutex_unlock(&easel->lock));
    return portrait;
}
