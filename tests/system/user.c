/* The person's state machine: one case per step, "when I see this, I do that, then I wait for the next". A deed is done
 * once; only when the sandbox refuses it (the button was edited away meanwhile) is it done again with what is to be
 * seen then. So nothing here hides a lost update: a person who waits too long fails the test. */
#include "tests/system/user.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STARS_MS = 12000, POLL_MS = 20000, LINE_BYTES = 512 };

const char *user_step_name(const struct user *user)
{
#define STEP_NAME(name) #name,
    static const char *const names[] = {USER_STEPS(STEP_NAME)};
    return names[user->step];
}

void user_begin(struct user *user, struct world *world, const struct user_plan *plan, int64_t id)
{
    *user = (struct user){
        .world = world, .plan = *plan, .id = id, .since_ms = net_now_ms(), .version = -1, .version_agreed = 1};
    json_object_put(net_post(world->net, "/api/users",
                             "{\"id\":%" PRId64 ",\"first_name\":\"Person %" PRId64 "\",\"language_code\":\"%s\"}", id,
                             id, plan->lang));
    (void)snprintf(user->name, sizeof user->name, "Person %" PRId64, id);
    if (!plan->early)
        (void)snprintf(user->name, sizeof user->name, "%s", plan->name);
}

void user_end(struct user *user)
{
    json_object_put(user->chat);
    user->chat = NULL;
}

bool user_done(const struct user *user)
{
    return user->step == USER_DONE;
}

static void enter(struct user *user, enum user_step step)
{
    user->step = step;
    user->since_ms = net_now_ms();
}

static void acted(void *context, long status, struct json_object *body)
{
    struct user *user = context;
    (void)body;
    user->acting = false;
    user->orders += user->ordering && status == 200;
    user->ordering = false;
    if (status == 200)
        enter(user, user->next);
    else
        user->pressed[0] = '\0';
}

static void act(struct user *user, enum user_step next, const char *deed, const char *body)
{
    char path[LINE_BYTES];
    (void)snprintf(path, sizeof path, "/api/chats/%" PRId64 "/%s", user->id, deed);
    user->acting = true;
    user->next = next;
    net_ask(user->world->net, path, body, acted, user);
}

static void press(struct user *user, const struct screen *screen, const char *data, int times, enum user_step next)
{
    char body[LINE_BYTES];
    if (next == user->step && strcmp(user->pressed, data) == 0)
        return; /* its answer is still to come */
    (void)snprintf(user->pressed, sizeof user->pressed, "%s", data);
    user->pressed_id = screen->message_id;
    (void)snprintf(body, sizeof body, "{\"message_id\":%" PRId64 ",\"data\":\"%s\",\"repeat\":%d}", screen->message_id,
                   data, times);
    act(user, next, "press", body);
}

static void write(struct user *user, const char *text, enum user_step next)
{
    struct json_object *body = json_object_new_object();
    json_object_object_add(body, "text", json_object_new_string(text));
    act(user, next, "text", json_object_to_json_string(body));
    json_object_put(body);
}

/* Presses the button if the screen has it. */
static void press_if(struct user *user, const struct screen *screen, const char *state, const char *action,
                     enum user_step next)
{
    const char *data = chat_button(screen, state, action);
    if (data != NULL)
        press(user, screen, data, 1, next);
}

static void send_photos(struct user *user, enum user_step next)
{
    char body[LINE_BYTES];
    (void)snprintf(body, sizeof body,
                   "{\"count\":%d,\"album\":true,\"shuffle\":%s,\"spread_ms\":%d,\"size_px\":%d,\"person\":1}",
                   user->plan.photos, user->plan.shuffle ? "true" : "false", user->plan.spread_ms, user->plan.size_px);
    user->photos_sent += user->plan.photos;
    act(user, next, "samples", body);
}

/* Two messages without waiting: the first is the name, the second is in nobody's way. Their order decides the name. */
static void rename_avatar(struct user *user)
{
    char path[LINE_BYTES], body[LINE_BYTES];
    user->renamed++;
    (void)snprintf(user->name, sizeof user->name, "Name %d of %" PRId64, user->renamed, user->id);
    (void)snprintf(path, sizeof path, "/api/chats/%" PRId64 "/text", user->id);
    json_object_put(net_post(user->world->net, path, "{\"text\":\"%s\"}", user->name));
    (void)snprintf(body, sizeof body, "{\"text\":\"not a name %d\"}", user->renamed);
    act(user, USER_RENAME_DONE, "text", body);
}

static void choose_style(struct user *user, const struct screen *screen, int wanted)
{
    const char *data = chat_button(screen, "style", "choose");
    if (data == NULL)
        return;
    if (chat_button_object(data) == wanted)
        press(user, screen, data, 1, user->orders == 0 ? USER_CONTACT : USER_ORDER);
    else if (chat_button(screen, "style", "leaf") != NULL) /* the first "leaf" leads back; round it goes */
        press(user, screen, chat_button(screen, "style", "leaf"), 1, user->step);
}

static void give_contact(struct user *user, const struct screen *screen)
{
    if (screen->asks_contact && user->plan.by_phone)
        act(user, USER_ORDER, "contact", "{\"phone\":\"+79161234567\",\"own\":true}");
    else if (screen->asks_contact)
        write(user, "anna.test@mail.ru", USER_ORDER);
}

static void declined_at_checkout(void *context, long status, struct json_object *body)
{
    struct user *user = context;
    acted(user, status, body);
    user->declined += status == 200;
}

static void decline(struct user *user)
{
    char path[LINE_BYTES];
    (void)snprintf(path, sizeof path, "/api/payments/%s/decline", user->payment);
    user->acting = true;
    user->next = USER_DECLINED;
    net_ask(user->world->net, path, "{}", declined_at_checkout, user);
}

static void paid_at_checkout(void *context, long status, struct json_object *body)
{
    struct user *user = context;
    acted(user, status, body);
    user->paid += status == 200;
}

static void pay(struct user *user)
{
    char path[LINE_BYTES];
    (void)snprintf(path, sizeof path, "/api/payments/%s/pay", user->payment);
    user->acting = true;
    user->next = user->plan.tells_paid && !user->plan.cancels ? USER_PAID : USER_RESULT;
    net_ask(user->world->net, path, "{}", paid_at_checkout, user);
}

static void take_link(struct user *user, const struct screen *screen)
{
    const char *link = chat_link(screen), *id = link == NULL ? NULL : strstr(link, "/checkout/");
    if (id == NULL || chat_button(screen, "pay", "paid") == NULL)
        return;
    (void)snprintf(user->payment, sizeof user->payment, "%.*s", (int)strcspn(id + 10, "?/"), id + 10);
    if (user->step == USER_GIVE_UP)
        press_if(user, screen, "pay", "cancel", USER_PAY);
    else if (user->plan.declines && user->declined == 0)
        decline(user);
    else
        pay(user);
}

static void paid_with_stars(void *context, long status, struct json_object *body)
{
    struct user *user = context;
    acted(user, status, body);
    if (status == 200 && user->by_stars == 0)
        user->paid = user->by_stars = 1;
}

/* Telegram waits for the bot for 10 s only: then the payer tries again. */
static void pay_with_stars(struct user *user, const struct screen *screen)
{
    char path[LINE_BYTES], body[LINE_BYTES];
    const char *link = chat_invoice(screen);
    bool waits = user->step == USER_STARS && net_now_ms() - user->since_ms < STARS_MS;
    if (user->step == USER_STARS && chat_button(screen, "pay", "cancel") == NULL) {
        enter(user, USER_RESULT);
        return;
    }
    if (link == NULL || waits)
        return;
    (void)snprintf(path, sizeof path, "/api/chats/%" PRId64 "/stars", user->id);
    (void)snprintf(body, sizeof body, "{\"link\":\"%s\",\"repeat\":2}", link);
    user->acting = true;
    user->next = USER_STARS;
    net_ask(user->world->net, path, body, paid_with_stars, user);
}

static void say_paid(struct user *user, const struct screen *screen)
{
    if (chat_button(screen, "pay", "paid") != NULL)
        press_if(user, screen, "pay", "paid", USER_RESULT);
    else
        enter(user, USER_RESULT); /* the bot saw it first */
}

static int pictures_of(const struct user *user, const char *kind)
{
    int which[512];
    return chat_pictures(user->chat, kind, which, NULL, 512);
}

static void await_result(struct user *user, const struct screen *screen)
{
    enum { SET = 23 };
    int wanted = SET * (user->paid + (user->paid > 1 && user->plan.again));
    bool seen = chat_button(screen, "*", "files") != NULL && chat_button(screen, "*", "style") != NULL;
    if (user->plan.cancels) /* the session is at the menu: the notice and the photos come all the same */
        seen = true;
    if (!seen || pictures_of(user, "photo") < wanted)
        return;
    if (user->paid == 1 && user->plan.again)
        enter(user, USER_AGAIN_MENU);
    else
        enter(user, user->paid == 1 && user->plan.second_set ? USER_SECOND : USER_DONE);
}

static void begin(struct user *user)
{
    char text[LINE_BYTES];
    (void)snprintf(text, sizeof text, "/start%s%s", user->plan.referral == NULL ? "" : " ref_",
                   user->plan.referral == NULL ? "" : user->plan.referral);
    write(user, text, USER_WELCOME);
}

static void meet(struct user *user, const struct screen *screen)
{
    if (user->plan.early && chat_button(screen, "welcome", "accept") != NULL)
        send_photos(user, USER_EARLY);
    else
        press_if(user, screen, "welcome", "accept", USER_MENU);
}

static void enough(struct user *user, const struct screen *screen)
{
    const char *done = chat_button(screen, "photos", "done");
    size_t name = strlen(user->name);
    if (done == NULL || strncmp(screen->text, user->name, name) != 0 ||
        strtol(screen->text + name + strlen(": "), NULL, 10) != user->photos_sent)
        return;
    if (user->plan.renames > 0)
        press_if(user, screen, "*", "menu", USER_RENAME_MENU);
    else
        press(user, screen, done, 1, USER_STYLE);
}

static void rename_done(struct user *user, const struct screen *screen)
{
    if (chat_button(screen, "*", "rename") == NULL || strstr(screen->text, user->name) == NULL)
        return;
    if (user->renamed < user->plan.renames)
        press_if(user, screen, "*", "rename", USER_RENAME_TEXT);
    else
        press_if(user, screen, "*", "style", USER_STYLE);
}

static void order(struct user *user, const struct screen *screen)
{
    const char *data = chat_button(screen, "checkout", "order");
    int times = user->plan.order_presses > 1 ? user->plan.order_presses : 1;
    if (data == NULL || strcmp(data, user->pressed) == 0)
        return;
    user->ordering = true;
    press(user, screen, data, times, user->plan.cancels ? USER_GIVE_UP : USER_PAY);
}

/* The link, or the summary again when there could not be one. */
static void await_link(struct user *user, const struct screen *screen)
{
    if (user->plan.cancels)
        pay(user);
    else if (user->plan.stars && chat_invoice(screen) != NULL)
        pay_with_stars(user, screen);
    else if (user->plan.stars && chat_button(screen, "checkout", "order") == NULL)
        return;
    else if (chat_button(screen, "checkout", "order") != NULL)
        order(user, screen);
    else
        take_link(user, screen);
}

/* The bank refused. The bot looks by itself, sooner when told to. */
static void declined(struct user *user, const struct screen *screen)
{
    if (chat_button(screen, "checkout", "order") != NULL)
        order(user, screen);
    else
        press_if(user, screen, "pay", "paid", USER_DECLINED);
}

static void on_screen(struct user *user, const struct screen *screen)
{
    switch (user->step) {
    case USER_START: begin(user); break;
    case USER_WELCOME: meet(user, screen); break;
    case USER_EARLY: press_if(user, screen, "welcome", "accept", USER_CONSENT); break;
    case USER_MENU: press_if(user, screen, "*", "new", USER_NAME); break;
    case USER_NAME:
        if (chat_button(screen, "avatar_name", "skip") != NULL)
            write(user, user->plan.name, USER_CONSENT);
        break;
    case USER_CONSENT: press_if(user, screen, "consent", "agree", user->plan.early ? USER_ENOUGH : USER_PHOTOS); break;
    case USER_PHOTOS:
        if (strstr(screen->text, user->plan.name) != NULL)
            send_photos(user, USER_ENOUGH);
        break;
    case USER_ENOUGH: enough(user, screen); break;
    case USER_RENAME_MENU: press_if(user, screen, "*", "my", USER_RENAME_MY); break;
    case USER_RENAME_MY: press_if(user, screen, "*", "card", USER_RENAME_CARD); break;
    case USER_RENAME_CARD: press_if(user, screen, "*", "rename", USER_RENAME_TEXT); break;
    case USER_RENAME_TEXT:
        if (chat_button(screen, "*", "rename") == NULL && chat_button(screen, "*", "card") != NULL)
            rename_avatar(user);
        break;
    case USER_RENAME_DONE: rename_done(user, screen); break;
    case USER_STYLE: choose_style(user, screen, 0); break;
    case USER_CONTACT: give_contact(user, screen); break;
    case USER_ORDER: order(user, screen); break;
    case USER_GIVE_UP: take_link(user, screen); break;
    case USER_PAY: await_link(user, screen); break;
    case USER_STARS: pay_with_stars(user, screen); break;
    case USER_DECLINED: declined(user, screen); break;
    case USER_PAID: say_paid(user, screen); break;
    case USER_RESULT: await_result(user, screen); break;
    case USER_AGAIN_MENU: press_if(user, screen, "*", "menu", USER_AGAIN_MY); break;
    case USER_AGAIN_MY:
        if (chat_button(screen, "*", "my") != NULL)
            press_if(user, screen, "*", "my", USER_AGAIN_MY);
        else
            press_if(user, screen, "*", "card", USER_AGAIN_CARD);
        break;
    case USER_AGAIN_CARD: press_if(user, screen, "*", "again", USER_AGAIN_SEEN); break;
    case USER_AGAIN_SEEN:
        if (pictures_of(user, "photo") >= 46)
            press_if(user, screen, "*", "files", USER_FILES_SEEN);
        break;
    case USER_FILES_SEEN:
        if (pictures_of(user, "document") >= 23)
            enter(user, user->plan.second_set ? USER_SECOND : USER_DONE);
        break;
    case USER_SECOND: press_if(user, screen, "*", "style", USER_SECOND_STYLE); break;
    case USER_SECOND_STYLE: choose_style(user, screen, 1); break;
    case USER_DONE:
    case USER_STEP_COUNT: break;
    }
}

static void looked(void *context, long status, struct json_object *body)
{
    struct user *user = context;
    user->asking = false;
    if (status != 200 || body == NULL)
        return;
    struct json_object *version = NULL;
    (void)json_object_object_get_ex(body, "version", &version);
    user->version = json_object_get_int64(version);
    if (chat_messages(body) == NULL)
        return; /* nothing new */
    json_object_put(user->chat);
    user->chat = json_object_get(body);
}

void user_look(struct user *user)
{
    char path[LINE_BYTES];
    (void)snprintf(path, sizeof path, "/api/chats/%" PRId64, user->id);
    json_object_put(user->chat);
    user->chat = net_get(user->world->net, path);
}

void user_run(struct user *user)
{
    char path[LINE_BYTES];
    for (enum user_step was = USER_STEP_COUNT; was != user->step && !user->acting && !user_done(user);) {
        was = user->step;
        struct screen screen = chat_screen(user->chat, 0), older = chat_screen(user->chat, user->pressed_id);
        on_screen(user, &screen);
        if (was == user->step && !user->acting && user->pressed_id != 0 && older.message_id != screen.message_id)
            on_screen(user, &older);
    }
    if (user->asking || user_done(user))
        return;
    user->asking = true;
    (void)snprintf(path, sizeof path, "/api/chats/%" PRId64 "?version=%" PRId64 "&wait_ms=%d", user->id, user->version,
                   POLL_MS);
    net_ask(user->world->net, path, NULL, looked, user);
}

void user_fail_if_stuck(const struct user *user, int limit_s)
{
    if (user_done(user) || net_now_ms() - user->since_ms < (int64_t)limit_s * 1000)
        return;
    struct screen screen = chat_screen(user->chat, 0);
    (void)fprintf(stderr, "the chat: %s\n", json_object_to_json_string(user->chat));
    world_fail(user->world, "user %" PRId64 " waits in vain at %s; the screen is %" PRId64 ": %s\n%s", user->id,
               user_step_name(user), screen.message_id, screen.text,
               screen.buttons == NULL ? "" : json_object_to_json_string(screen.buttons));
}

void user_run_all(struct world *world, struct user *users, int count, int limit_s, void (*between)(struct world *))
{
    for (int left = count, status = 0; left > 0;) {
        left = count;
        if (world_daemon_ended(world, &status))
            world_fail(world, "the daemon ended by itself, status %d", status);
        for (int i = 0; i < count; i++) {
            user_run(&users[i]);
            left -= user_done(&users[i]);
            user_fail_if_stuck(&users[i], limit_s);
        }
        if (left > 0)
            net_step(world->net, 50);
        if (between != NULL)
            between(world);
    }
}
