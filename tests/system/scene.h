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
/* Presses the button, so many times at once, when the screen has it. State "*" is a place. */
void scene_press(const struct scene *scene, int user, const char *state, const char *action, int times);
/* YooKassa's id of the payment that the screen links to, when it does; lives as long as the world. */
const char *scene_await_link(const struct scene *scene, int user);
/* What a payer does on YooKassa's page: "pay", "decline" … */
void scene_at_checkout(const struct scene *scene, const char *payment, const char *deed, const char *body);
/* What a user writes. */
void scene_write(const struct scene *scene, int user, const char *text);

#endif
