/* What scenes beside the road have in common: some users in one world, walked as far as the scene needs them. */
#ifndef TESTS_SYSTEM_SCENE_H
#define TESTS_SYSTEM_SCENE_H

#include "tests/system/user.h"
#include "tests/system/world.h"

enum { SCENE_STUCK_S = 100 };

struct scene {
    struct world *world;
    struct user *users;
    int user_count;
    const struct user *held; /* stands still; NULL = nobody */
};

/* Lets everybody walk until the user stands at this step. */
void scene_walk_to(const struct scene *scene, int user, enum user_step step);
/* … until the query gives that number; the test ends if it never does. */
void scene_await(const struct scene *scene, int64_t want, const char *format, ...) PRINTF_LIKE(3, 4);
/* … until the user's chat says this. */
void scene_await_words(const struct scene *scene, int user, const char *words);
/* "/api/chats/ID/deed"; lives as long as the world. */
char *scene_path(const struct scene *scene, int user, const char *deed);
/* What a user writes. */
void scene_write(const struct scene *scene, int user, const char *text);

#endif
