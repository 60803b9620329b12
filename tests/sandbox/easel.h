/* Portraits drawn beside the sandbox's one thread: asked for early, taken when they are dry. Each is drawn once. */
#ifndef TESTS_SANDBOX_EASEL_H
#define TESTS_SANDBOX_EASEL_H

#include <stdbool.h>
#include <stddef.h>

struct easel;

enum { EASEL_KEPT_MAX = 512 }; /* portraits; all are forgotten when another `count` would not fit */

struct easel *easel_new(void);
/* Waits for what is being drawn. Accepts NULL. */
void easel_free(struct easel *easel);

/* Have `count` poses of a person drawn, from `pose` on. Returns how many of them are ready; never waits.
 * What easel_take gave before may be gone after this call. */
size_t easel_order(struct easel *easel, int person, int pose, size_t count, int size_px);

struct portrait {
    const unsigned char *jpeg; /* the easel's, until the next easel_order; NULL when it can't be drawn */
    size_t bytes;
};
/* One of the last order; waits until it is drawn. */
struct portrait easel_take(struct easel *easel, int person, int pose, int size_px);

#endif
