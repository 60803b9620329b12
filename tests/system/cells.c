/* Every state, every kind of input: no silence where a person waits, no double answer, nobody thrown elsewhere.
 *
 * One person stands in each state, with a ready avatar, a finished set and an order that waits for its money; all get
 * the same input at once, and what each chat shows afterwards is compared with what it showed before. The table that is
 * printed says how an input was met: E the screen was edited or replaced, N there is a new message, T a toast, -
 * nothing is to be seen; after how many tenths of a second; and the state it led to, if that is another one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/system/invariants.h"
#include "tests/system/scene.h"
#include "tests/system/secrets.h"
#include "tests/system/states.h"

enum {
    STATES_MAX = 64,
    CELL_BYTES = 40,
    LONGEST_MS = 12000, /* an answer that takes longer is none */
    SETTLED_MS = 3000,  /* no change for so long: that was all */
    LOOK_MS = 50
};

enum want {
    AN_ANSWER,
    SILENCE,
    EITHER /* a press is answered to the client, whether or not there is something to see */
};

/* A deed of a user of the sandbox. */
static const struct input {
    const char *name, *deed, *body; /* in the body, $S is the id of the screen, $U the user's */
    enum want want;
    bool leads; /* to another state, in some states or in all */
} inputs[] = {
    {"words", "text", "{\"text\":\"hm, let me think\"}", AN_ANSWER, true},
    {"what does it cost?", "text", "{\"text\":\"Hello, what does it cost?\"}", AN_ANSWER, false},
    {"dots", "text", "{\"text\":\"\\u2800\\u3164\"}", AN_ANSWER, false},
    {"/help", "text", "{\"text\":\"/help\"}", AN_ANSWER, true},
    {"/menu", "text", "{\"text\":\"/menu\"}", AN_ANSWER, true},
    {"/start CODE", "text", "{\"text\":\"/start ref_ABC234\"}", AN_ANSWER, true},
    {"/terms", "text", "{\"text\":\"/terms\"}", AN_ANSWER, false},
    {"/nonsense", "text", "{\"text\":\"/nonsense\"}", AN_ANSWER, false},
    {"sticker", "sticker", "{}", AN_ANSWER, false},
    {"voice", "voice", "{}", AN_ANSWER, false},
    {"own number", "contact", "{\"phone\":\"79161234567\",\"own\":true}", AN_ANSWER, true},
    {"another's number", "contact", "{\"phone\":\"84912345678\"}", AN_ANSWER, false},
    {"photo", "samples", "{\"count\":1,\"size_px\":520,\"person\":1}", AN_ANSWER, true},
    {"album", "samples", "{\"count\":3,\"size_px\":520,\"person\":1,\"album\":true,\"pose\":3}", AN_ANSWER, true},
    {"place, old message", "press", "{\"message_id\":$S,\"data\":\"*:0:settings:0\",\"force\":true}", AN_ANSWER, true},
    {"stale button", "press", "{\"message_id\":$S,\"data\":\"menu:1:nothing:0\",\"force\":true}", EITHER, false},
    {"button of what is gone", "press", "{\"message_id\":$S,\"data\":\"*:0:card:77777\",\"force\":true}", AN_ANSWER,
     true},
    {"service message", "raw",
     "{\"message\":{\"message_id\":900001,\"date\":1700000000,\"chat\":{\"id\":$U,\"first_name\":\"A\",\"type\":"
     "\"private\"},\"from\":{\"id\":$U,\"is_bot\":false,\"first_name\":\"A\"},\"users_shared\":{\"request_id\":1,"
     "\"users\":[]}}}",
     SILENCE, false},
    {"edit of old words", "raw",
     "{\"edited_message\":{\"message_id\":1,\"date\":1700000000,\"edit_date\":1700000009,\"chat\":{\"id\":$U,"
     "\"first_name\":\"A\",\"type\":\"private\"},\"from\":{\"id\":$U,\"is_bot\":false,\"first_name\":\"A\"},"
     "\"text\":\"mended\"}}",
     SILENCE, false},
};
enum { INPUT_COUNT = sizeof inputs / sizeof inputs[0] };

#define FIRST_USER INT64_C(4000000001)

/* What one person sees. */
struct view {
    int64_t newest; /* message id of anybody */
    int64_t toast;  /* id of the newest */
    char *earlier;  /* the bot's messages up to a certain id, as JSON */
    int fresh;      /* the bot's messages above it */
};

static struct world world;
static struct user users[STATES_MAX];
static int user_count;
static char table[STATES_MAX][INPUT_COUNT][CELL_BYTES];

static int64_t number(struct json_object *object, const char *key)
{
    struct json_object *value = NULL;
    return json_object_object_get_ex(object, key, &value) ? json_object_get_int64(value) : 0;
}

/* limit 0: all messages are earlier ones. */
static struct view look(struct user *user, int64_t limit)
{
    struct view view = {.earlier = NULL};
    struct json_object *toasts = NULL, *earlier = json_object_new_array();
    user_look(user);
    struct json_object *messages = chat_messages(user->chat);
    for (size_t i = 0; i < json_object_array_length(messages); i++) {
        struct json_object *message = json_object_array_get_idx(messages, i);
        int64_t id = number(message, "message_id");
        view.newest = id > view.newest ? id : view.newest;
        if (strcmp(chat_field(message, "from"), "bot") != 0)
            continue;
        if (limit == 0 || id <= limit)
            json_object_array_add(earlier, json_object_get(message));
        else
            view.fresh++;
    }
    if (json_object_object_get_ex(user->chat, "toasts", &toasts))
        for (size_t i = 0; i < json_object_array_length(toasts); i++) {
            int64_t id = number(json_object_array_get_idx(toasts, i), "id");
            view.toast = id > view.toast ? id : view.toast;
        }
    view.earlier = arena_copy(&world.arena, json_object_to_json_string(earlier));
    json_object_put(earlier);
    return view;
}

static void sql(const char *statement)
{
    db_result_free(world_sql(&world, statement));
}

/* Everybody has been greeted; now each owns what the states speak of. */
static void furnish(void)
{
    sql("UPDATE bot_users SET consent_version = 1, data_consent_version = 1, receipt_contact = 'a@example.org'");
    sql("INSERT INTO avatars (user_id, name, status) SELECT id, 'Anna', 'ready' FROM users");
    sql("INSERT INTO reference_photos (avatar_id, image_url) SELECT a.id, 'store:' || a.id || '-' || n FROM avatars a,"
        " generate_series(1, 12) n");
    sql("INSERT INTO orders (id, user_id, chat_id, avatar_id, style_id, photo_count, price, prompts, recipes, status,"
        " created_at_ms)"
        " SELECT k.n * 1000000 + u.id, u.id, u.telegram_user_id, a.id, 'professional', 23, 500, ARRAY['p'], ARRAY['r'],"
        " k.status, (extract(epoch FROM now()) * 1000)::bigint FROM users u JOIN avatars a ON a.user_id = u.id,"
        " (VALUES (1, 'awaiting'), (2, 'paid'), (3, 'paid')) k(n, status)");
    sql("INSERT INTO bot_payments (key, body, asked, order_id, user_id, state, outside_id, url, until_ms, "
        "created_at_ms)"
        " SELECT 'key' || id, '{}', price, id, user_id, CASE status WHEN 'paid' THEN 'succeeded' ELSE 'pending' END,"
        " 'pay' || id, 'https://pay.example/' || id, 99999999999999, created_at_ms FROM orders");
    sql("INSERT INTO generation_jobs (avatar_id, style_id, status, total_photos, order_id, chat_id, told_at)"
        " SELECT avatar_id, style_id, 'completed', 23, id, chat_id, now() FROM orders WHERE id / 1000000 = 2");
    sql("INSERT INTO photo_tasks (job_id, index, prompt, recipe, state, delivery) SELECT j.id, n, 'p', 'r', 'made',"
        " 'sent' FROM generation_jobs j, generate_series(0, 22) n");
    sql("INSERT INTO generation_jobs (avatar_id, style_id, status, total_photos, order_id, chat_id)"
        " SELECT o.avatar_id, o.style_id, 'processing', 23, o.id, o.chat_id FROM orders o JOIN bot_sessions s"
        " ON s.chat_id = o.chat_id WHERE o.id / 1000000 = 3 AND s.state = 'making'");
    sql("INSERT INTO photo_tasks (job_id, index, prompt, recipe, not_before) SELECT j.id, n, 'p', 'r', '2100-01-01'"
        " FROM generation_jobs j, generate_series(0, 22) n WHERE j.told_at IS NULL");
}

/* Puts everybody back to where they belong. */
static void place(void)
{
    for (int i = 0; i < user_count; i++) {
        bool greeted = strcmp(states_name(i), "welcome") != 0, agreed = strcmp(states_name(i), "consent") != 0;
        sql(arena_format(&world.arena,
                         "UPDATE bot_users b SET consent_version = %s, data_consent_version = %s, receipt_contact = %s"
                         " FROM users u WHERE u.id = b.user_id AND u.telegram_user_id = %" PRId64,
                         greeted ? "1" : "NULL", greeted && agreed ? "1" : "NULL", "'a@example.org'", users[i].id));
        sql(arena_format(
            &world.arena,
            "UPDATE bot_sessions s SET state = '%s', version = version + 1, misses = 0, over = 0, form = '{}',"
            " style_id = 'professional', resume = '', from_card = FALSE, refresh_at_ms = 0, limit_at_ms = 0,"
            " answer_message_id = 0, answer_state = '', avatar_id = (SELECT COALESCE(min(a.id), 0) FROM avatars a JOIN "
            "users u"
            " ON u.id = a.user_id WHERE u.telegram_user_id = s.chat_id), order_id = (SELECT COALESCE(min(id), 0) FROM "
            "orders o"
            " WHERE o.chat_id = s.chat_id), job_id = (SELECT COALESCE(max(id), 0) FROM generation_jobs j WHERE "
            "j.chat_id ="
            " s.chat_id) WHERE chat_id = %" PRId64,
            states_name(i), users[i].id));
        sql(arena_format(&world.arena, "DELETE FROM held_photos WHERE chat_id = %" PRId64, users[i].id));
    }
}

static char *body_of(const struct input *input, const struct user *user, int64_t screen)
{
    char *text = arena_alloc(&world.arena, 2048), *to = text;
    for (const char *from = input->body; *from != '\0'; from++) {
        if (from[0] == '$')
            to += snprintf(to, 24, "%" PRId64, *++from == 'S' ? screen : user->id);
        else
            *to++ = *from;
    }
    *to = '\0';
    return text;
}

static void write_cell(int user, size_t input, const struct view *before, const struct view *after, int64_t took_ms)
{
    char *cell = table[user][input];
    struct db_result *rows = world_sql(
        &world, arena_format(&world.arena, "SELECT state FROM bot_sessions WHERE chat_id = %" PRId64, users[user].id));
    const char *state = db_text(rows, 0, 0, 0);
    bool edited = strcmp(before->earlier, after->earlier) != 0, moved = strcmp(state, states_name(user)) != 0;
    (void)snprintf(cell, CELL_BYTES, "%s%s%s%s", edited ? "E" : "", after->fresh > 0 ? "N" : "",
                   after->toast != before->toast ? "T" : "", took_ms < 0 ? "-" : "");
    size_t used = strlen(cell);
    if (took_ms >= 0)
        used += (size_t)snprintf(cell + used, CELL_BYTES - used, " %" PRId64, (took_ms + 50) / 100);
    if (moved)
        (void)snprintf(cell + used, CELL_BYTES - used, " %s", state);
    db_result_free(rows);
}

static void check_cell(struct invariants *all, int user, size_t at, const struct view *after)
{
    const struct input *input = &inputs[at];
    const char *state = states_name(user), *cell = table[user][at];
    bool pressed = strcmp(input->deed, "press") == 0 && strcmp(state, "welcome") == 0; /* a button it does not have */
    bool silent = cell[0] == '-', moved = strrchr(cell, ' ') != NULL && strrchr(cell, ' ')[1] >= 'a';
    invariants_fact(all, input->want != AN_ANSWER || !silent || pressed, "%s: \"%s\" is met with silence", state,
                    input->name);
    invariants_fact(all, input->want != SILENCE || silent, "%s: \"%s\" is answered: %s", state, input->name, cell);
    invariants_fact(all, after->fresh <= 1, "%s: \"%s\" has %d answers", state, input->name, after->fresh);
    invariants_fact(all, input->leads || !moved, "%s: \"%s\" leads elsewhere: %s", state, input->name, cell);
}

static void try_input(struct invariants *all, size_t at)
{
    struct view before[STATES_MAX], after[STATES_MAX];
    int64_t took_ms[STATES_MAX], changed_ms = net_now_ms();
    const char *seen[STATES_MAX];
    place();
    for (int i = 0; i < user_count; i++) {
        before[i] = look(&users[i], 0);
        seen[i] = "";
        took_ms[i] = -1;
    }
    int64_t begun_ms = net_now_ms();
    for (int i = 0; i < user_count; i++) {
        char path[96];
        (void)snprintf(path, sizeof path, "/api/chats/%" PRId64 "/%s", users[i].id, inputs[at].deed);
        json_object_put(
            net_post(world.net, path, "%s", body_of(&inputs[at], &users[i], chat_screen(users[i].chat, 0).message_id)));
    }
    do {
        net_step(world.net, LOOK_MS);
        for (int i = 0; i < user_count; i++) {
            after[i] = look(&users[i], before[i].newest);
            char *now = arena_format(&world.arena, "%s %d %" PRId64, after[i].earlier, after[i].fresh, after[i].toast);
            bool changed = strcmp(before[i].earlier, after[i].earlier) != 0 || after[i].fresh > 0 ||
                           after[i].toast != before[i].toast;
            if (changed && took_ms[i] < 0)
                took_ms[i] = net_now_ms() - begun_ms;
            if (strcmp(now, seen[i]) != 0)
                changed_ms = net_now_ms();
            seen[i] = now;
        }
    } while (net_now_ms() - changed_ms < SETTLED_MS && net_now_ms() - begun_ms < LONGEST_MS);
    for (int i = 0; i < user_count; i++) {
        write_cell(i, at, &before[i], &after[i], took_ms[i]);
        check_cell(all, i, at, &after[i]);
    }
    arena_reset(&world.arena);
}

static void print_table(void)
{
    for (size_t at = 0; at < INPUT_COUNT; at++) {
        printf("\n%s\n", inputs[at].name);
        for (int i = 0; i < user_count; i++)
            printf("  %-14s %s\n", states_name(i), table[i][at]);
    }
}

/* Everybody here may whatever a state is for: it is the input that is tried. */
static const char *admins(void)
{
    char *list = arena_copy(&world.arena, "");
    for (int i = 0; states_name(i) != NULL; i++)
        list = arena_format(&world.arena, "%s%s%" PRId64 "L", list, i == 0 ? "" : ", ", FIRST_USER + i);
    return arena_format(&world.arena, "admins = [ %s ];\n", list);
}

static void prepare(struct world *made)
{
    made->options.config = admins();
}

int main(void)
{
    struct user_plan plan = {.lang = "ru", .name = "Anna", .photos = 1, .size_px = 520};
    struct invariants all = {.world = &world, .users = users};
    world_begin(&world, &(struct world_options){.name = "cells", .seed = 12, .cheap_styles = true, .prepare = prepare});
    world_start_daemon(&world, NULL);
    secrets_keep(&world);
    for (; states_name(user_count) != NULL; user_count++) {
        user_begin(&users[user_count], &world, &plan, FIRST_USER + user_count);
        json_object_put(net_post(world.net,
                                 arena_format(&world.arena, "/api/chats/%" PRId64 "/text", users[user_count].id),
                                 "{\"text\":\"/start\"}"));
    }
    struct scene scene = {&world, users, 0, NULL};
    scene_await(&scene, user_count, "SELECT count(*) FROM bot_sessions");
    scene_await(&scene, 0, "SELECT count(*) FROM outbox");
    place();
    furnish(); /* the one in `making` gets a set that is being made */
    for (size_t at = 0; at < INPUT_COUNT; at++)
        try_input(&all, at);
    print_table();
    if (all.failed > 0)
        world_fail(&world, "%d of %d cells are wrong", all.failed, all.checked);
    printf("cells: %d states, %d inputs, %d facts hold, %" PRId64 " s\n", user_count, (int)INPUT_COUNT, all.checked,
           (net_now_ms() - world.begun_ms) / 1000);
    world_end(&world);
    return 0;
}
