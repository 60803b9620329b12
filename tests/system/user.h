/* One scripted person: reacts to what the chat shows, does each thing exactly once, and so knows afterwards what the
 * bot must know. Many of them live on one net; each holds one long poll of its chat. */
#ifndef TESTS_SYSTEM_USER_H
#define TESTS_SYSTEM_USER_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include "tests/system/chat.h"
#include "tests/system/world.h"

/* What a person does, in this order; the optional deeds are skipped by the plan. */
#define USER_STEPS(X)                                                                                                  \
    X(START)                                                                                                           \
    X(WELCOME)                                                                                                         \
    X(EARLY)                                                                                                           \
    X(MENU)                                                                                                            \
    X(NAME)                                                                                                            \
    X(CONSENT)                                                                                                         \
    X(PHOTOS)                                                                                                          \
    X(ENOUGH)                                                                                                          \
    X(RENAME_MENU)                                                                                                     \
    X(RENAME_MY)                                                                                                       \
    X(RENAME_CARD)                                                                                                     \
    X(RENAME_TEXT)                                                                                                     \
    X(RENAME_DONE)                                                                                                     \
    X(STYLE)                                                                                                           \
    X(CONTACT)                                                                                                         \
    X(ORDER)                                                                                                           \
    X(GIVE_UP)                                                                                                         \
    X(PAY)                                                                                                             \
    X(STARS)                                                                                                           \
    X(DECLINED)                                                                                                        \
    X(PAID)                                                                                                            \
    X(RESULT)                                                                                                          \
    X(AGAIN_MENU)                                                                                                      \
    X(AGAIN_MY)                                                                                                        \
    X(AGAIN_CARD)                                                                                                      \
    X(AGAIN_SEEN)                                                                                                      \
    X(FILES_SEEN)                                                                                                      \
    X(SECOND)                                                                                                          \
    X(SECOND_STYLE)                                                                                                    \
    X(DONE)
#define USER_STEP_ENUM(name) USER_##name,
enum user_step { USER_STEPS(USER_STEP_ENUM) USER_STEP_COUNT };

struct user_plan {
    const char *lang; /* "ru", "en" */
    const char *name; /* of the avatar */
    bool early;       /* sends the photos before anything is agreed to; the avatar has the person's name then */
    const char *referral;
    int photos;        /* sample portraits */
    int size_px;       /* their width */
    bool shuffle;      /* the album's updates come in another order */
    int spread_ms;     /* … and over this time */
    bool by_phone;     /* shares the number instead of writing an address */
    int renames;       /* each with a second message right behind it */
    int order_presses; /* of the button that orders, at once */
    bool declines;     /* has the first payment refused by the bank, and orders again */
    bool cancels;      /* presses Cancel after the link came, and pays all the same */
    bool stars;        /* pays with Telegram's stars, and confirms twice at once */
    bool tells_paid;   /* presses "I have paid" */
    bool again;        /* has everything sent again, and the originals */
    bool second_set;   /* buys another style */
};

struct user {
    struct world *world;
    struct user_plan plan;
    int64_t id;
    enum user_step step;
    int64_t since_ms; /* when the step began */
    int64_t version;
    struct json_object *chat; /* the newest view */
    bool asking, acting;      /* a long poll, a deed is under way */
    bool ordering;            /* … which is an order */
    enum user_step next;      /* once the deed is acknowledged */
    char pressed[80];         /* the last button */
    int64_t pressed_id;       /* … and its message, which may have become the screen though a copy lies below it */
    char name[160];           /* the avatar must have in the end */
    char payment[48];
    int version_agreed; /* of the offer and of the policy */
    int photos_sent, orders, paid, renamed, declined;
    int by_stars; /* of those paid */
};

void user_begin(struct user *user, struct world *world, const struct user_plan *plan, int64_t id);
void user_end(struct user *user);
/* Looks for something to do; to be called often. */
void user_run(struct user *user);
bool user_done(const struct user *user);
const char *user_step_name(const struct user *user);
/* Runs users until all are done or one stands still for limit_s (ends the program). Something else to be done between
 * rounds: `between`, or NULL. */
void user_run_all(struct world *world, struct user *users, int count, int limit_s, void (*between)(struct world *));
void user_fail_if_stuck(const struct user *user, int limit_s);
/* Fetches the chat now (blocking). */
void user_look(struct user *user);

#endif
