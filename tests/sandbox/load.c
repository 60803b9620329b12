/* The load generator.
 *
 * A walker is a user of the sandbox with a place in the script. It has at most one update under way; the bot's first
 * screen (a message with buttons, sent or edited) is the reply, and makes the walker ready for its next step. Buttons
 * are found by their action in that very message, as a finger would find them. Ready walkers stand in a queue and are
 * taken from it by the loop, as fast as they come or at a given rate; those under way stand in a list by age, so that
 * one who is not answered is noticed. Every deed costs the same however many walkers there are.
 *
 * The figures tell what the bot did, not what the sandbox did: the clock of a step starts when its update is handed
 * out in an answer of getUpdates and stops when the reply arrives here.
 */
#include "tests/sandbox/load.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/sandbox/control.h"
#include "tests/sandbox/latency.h"
#include "tests/sandbox/updates.h"

enum deed { DEED_WRITE, DEED_PRESS, DEED_PRESS_OTHER };

struct step {
    enum deed deed;
    const char *what; /* text, or a button's action */
};

/* The way in, then a round through the menu that leaves the user as it found them. */
static const struct step script[] = {
    {DEED_WRITE, "/start"},   {DEED_PRESS, "accept"},   {DEED_PRESS, "new"},        {DEED_WRITE, "Maria"},
    {DEED_PRESS, "agree"},    {DEED_PRESS, "menu"},     {DEED_PRESS, "my"},         {DEED_PRESS, "card"},
    {DEED_PRESS, "rename"},   {DEED_WRITE, "Maria K."}, {DEED_PRESS, "my"},         {DEED_PRESS, "menu"},
    {DEED_PRESS, "settings"}, {DEED_PRESS, "lang"},     {DEED_PRESS_OTHER, "lang"}, {DEED_PRESS, "menu"},
    {DEED_PRESS, "help"},     {DEED_PRESS, "menu"},     {DEED_PRESS, "my"},         {DEED_PRESS, "card"},
    {DEED_PRESS, "delete"},   {DEED_PRESS, "yes"},      {DEED_PRESS, "menu"},
};

enum {
    SCRIPT_ACCEPT = 1,
    SCRIPT_ROUND = 2,
    SCRIPT_AGREE = 4,
    SCRIPT_STEPS = sizeof(script) / sizeof(script[0]),
    STEPS_AT_ONCE = 512
};

struct walker {
    struct user *user;
    struct message *screen; /* the last one with buttons */
    struct walker *next, *previous;
    int64_t queued_us, handed_us; /* 0 = not yet */
    unsigned at;                  /* in the script: the next step */
    bool under_way;
};

struct list {
    struct walker *head, *tail;
};

struct load {
    struct walker *walkers;
    size_t count;
    struct list ready, under_way; /* idle ones, in turn; the others, oldest first */
    size_t under_way_count;
    bool running;
    int64_t began_us, ended_us, until_us; /* 0 = no end in time */
    int64_t rate, updates_max;            /* 0 = no limit */
    int64_t queued, answered, replies, lost, astray;
    struct latency reply, whole; /* from the hand-out, from the deed */
};

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void list_push(struct list *list, struct walker *walker)
{
    walker->next = NULL;
    walker->previous = list->tail;
    if (list->tail == NULL)
        list->head = walker;
    else
        list->tail->next = walker;
    list->tail = walker;
}

static void list_remove(struct list *list, struct walker *walker)
{
    if (walker->previous == NULL)
        list->head = walker->next;
    else
        walker->previous->next = walker->next;
    if (walker->next == NULL)
        list->tail = walker->previous;
    else
        walker->next->previous = walker->previous;
}

/* ---- steps ---- */

/* Copies the data of the screen's button with this action ("state:version:action:object"), the last one or the first
 * one; false when there is none. */
static bool find_button(const struct message *screen, const char *action, bool first, char data[65])
{
    static const char key[] = "\"callback_data\":";
    size_t len = strlen(action);
    bool found = false;
    const char *at = screen == NULL || screen->deleted || screen->markup == NULL ? "" : screen->markup;
    while (!(found && first) && (at = strstr(at, key)) != NULL) {
        at += sizeof(key) - 1;
        at += strspn(at, " \"");
        size_t bytes = strcspn(at, "\"");
        const char *word = memchr(at, ':', bytes);
        word = word == NULL ? NULL : memchr(word + 1, ':', bytes - (size_t)(word + 1 - at));
        if (word == NULL || bytes > 64 || strncmp(word + 1, action, len) != 0 || word[1 + len] != ':')
            continue;
        memcpy(data, at, bytes);
        data[bytes] = '\0';
        found = true;
    }
    return found;
}

/* Queues the walker's next update. One who finds no such button asks for the menu and begins the round again. */
static void walk(struct sandbox *sb, struct walker *walker)
{
    struct load *load = sb->load;
    char data[65];
    if (walker->at == SCRIPT_AGREE && !find_button(walker->screen, script[SCRIPT_AGREE].what, false, data))
        walker->at++; /* agreed to in the round before */
    const struct step *step = &script[walker->at];
    const char *text = step->what;
    bool press = step->deed != DEED_WRITE;
    if (press && !find_button(walker->screen, step->what, step->deed == DEED_PRESS_OTHER, data)) {
        press = false;
        text = "/menu";
        if (walker->at != SCRIPT_ACCEPT) /* who is known already is not asked to accept */
            load->astray++;
        walker->at = SCRIPT_ROUND;
    } else {
        walker->at = walker->at + 1 == SCRIPT_STEPS ? SCRIPT_ROUND : walker->at + 1;
    }
    walker->queued_us = now_us();
    walker->handed_us = 0;
    walker->under_way = true;
    load->queued++;
    load->under_way_count++;
    list_push(&load->under_way, walker);
    if (press)
        (void)control_press(sb, walker->user, walker->screen, data);
    else
        (void)control_write(sb, walker->user, mem_text(text), 0, 0);
    updates_mark(sb, walker);
}

static void make_ready(struct load *load, struct walker *walker)
{
    walker->under_way = false;
    load->under_way_count--;
    list_remove(&load->under_way, walker);
    list_push(&load->ready, walker);
}

void load_handed_out(struct sandbox *sb, struct walker *walker)
{
    (void)sb;
    if (walker->handed_us == 0) /* a second time after a crash of the bot: the user has waited since the first */
        walker->handed_us = now_us();
}

void load_message(struct sandbox *sb, struct walker *walker, struct message *message)
{
    struct load *load = sb->load;
    load->replies++;
    if (message->markup == NULL)
        return;
    walker->screen = message;
    if (!walker->under_way || walker->handed_us == 0)
        return;
    int64_t now = now_us();
    load->answered++;
    latency_add(&load->reply, now - walker->handed_us);
    latency_add(&load->whole, now - walker->queued_us);
    make_ready(load, walker);
}

/* ---- the loop's part ---- */

static void give_up_late(struct load *load, int64_t now)
{
    struct walker *oldest;
    while ((oldest = load->under_way.head) != NULL && now - oldest->queued_us > LOAD_PATIENCE_MS * 1000LL) {
        load->lost++;
        oldest->at = SCRIPT_ROUND;
        make_ready(load, oldest);
    }
}

/* How many steps may be queued now. */
static int64_t allowance(const struct load *load, int64_t now)
{
    int64_t steps = STEPS_AT_ONCE;
    if (load->rate > 0) {
        int64_t due = (int64_t)((double)(now - load->began_us) * (double)load->rate / 1e6) - load->queued;
        steps = due < steps ? due : steps;
    }
    if (load->updates_max > 0 && load->updates_max - load->queued < steps)
        steps = load->updates_max - load->queued;
    return steps;
}

int64_t load_run(struct sandbox *sb)
{
    struct load *load = sb->load;
    if (load == NULL)
        return -1;
    int64_t now = now_us();
    give_up_late(load, now);
    if (load->running && ((load->until_us > 0 && now >= load->until_us) ||
                          (load->updates_max > 0 && load->answered + load->lost >= load->updates_max))) {
        load->running = false;
        load->ended_us = now;
    }
    if (load->running) {
        for (int64_t left = allowance(load, now); left > 0 && load->ready.head != NULL; left--) {
            struct walker *walker = load->ready.head;
            list_remove(&load->ready, walker);
            walk(sb, walker);
        }
        return load->rate > 0 || load->ready.head != NULL ? 1 : 100;
    }
    return load->under_way.head != NULL ? 1000 : -1;
}

/* ---- control ---- */

static void add_walkers(struct sandbox *sb, struct load *load, size_t count)
{
    /* Users point to their walkers, so these do not move: room for the most there can be, which the system gives
     * page by page. */
    if (load->walkers == NULL)
        load->walkers = mem_new(LOAD_USERS_MAX * sizeof(struct walker));
    for (; load->count < count; load->count++) {
        struct walker *walker = &load->walkers[load->count];
        char name[32];
        snprintf(name, sizeof(name), "Walker %zu", load->count + 1);
        walker->user = world_user_add(sb, 0, name, NULL, load->count % 2 == 0 ? "ru" : "en");
        walker->user->walker = walker;
        list_push(&load->ready, walker);
    }
}

static void begin(struct request *request)
{
    struct sandbox *sb = request->sb;
    int64_t users = control_int(request, "users", 100), rate = control_int(request, "rate_per_s", 0);
    int64_t seconds = control_int(request, "seconds", 0), updates = control_int(request, "updates", 0);
    const char *name = control_text(request, "script");
    if (users < 1 || users > LOAD_USERS_MAX || rate < 0 || rate > LOAD_RATE_MAX || seconds < 0 || updates < 0 ||
        (seconds == 0) == (updates == 0)) {
        control_fail(request, 400, "users, rate_per_s, and seconds or updates are needed, within bounds");
        return;
    }
    if (name != NULL && strcmp(name, "menu") != 0) {
        control_fail(request, 400, "the only script is \"menu\"");
        return;
    }
    if (load_is_running(sb)) {
        control_fail(request, 409, "a load is running");
        return;
    }
    if (sb->load == NULL)
        sb->load = mem_new(sizeof(*sb->load));
    struct load *load = sb->load;
    add_walkers(sb, load, (size_t)users);
    load->queued = load->answered = load->replies = load->lost = load->astray = 0;
    load->reply = load->whole = (struct latency){0};
    load->rate = rate;
    load->updates_max = updates;
    load->began_us = now_us();
    load->until_us = seconds == 0 ? 0 : load->began_us + seconds * 1000000;
    load->running = true;
    control_ok(request);
}

static void tell(struct request *request)
{
    static struct load nothing;
    const struct load *load = request->sb->load == NULL ? &nothing : request->sb->load;
    struct buf out = {0};
    double seconds = (double)((load->running ? now_us() : load->ended_us) - load->began_us) / 1e6;
    double per_s = seconds > 0 ? 1 / seconds : 0;
    buf_addf(&out, "{\"running\":%s,\"users\":%zu,\"under_way\":%zu,\"seconds\":%.3f,\"queued\":%" PRId64,
             load->running ? "true" : "false", load->count, load->under_way_count, seconds, load->queued);
    buf_addf(&out, ",\"answered\":%" PRId64 ",\"replies\":%" PRId64 ",\"updates_per_s\":%.1f,\"replies_per_s\":%.1f",
             load->answered, load->replies, (double)load->answered * per_s, (double)load->replies * per_s);
    buf_addf(&out, ",\"errors\":{\"lost\":%" PRId64 ",\"astray\":%" PRId64 "},\"reply_ms\":", load->lost, load->astray);
    latency_add_json(&out, &load->reply);
    buf_adds(&out, ",\"whole_ms\":");
    latency_add_json(&out, &load->whole);
    buf_adds(&out, "}");
    http_answer_json(request, 200, &out);
}

bool load_is_running(const struct sandbox *sb)
{
    return sb->load != NULL && sb->load->running;
}

void load_serve(struct request *request)
{
    if (strcmp(request->http_method, "POST") == 0) {
        begin(request);
        return;
    }
    if (strcmp(request->http_method, "DELETE") == 0 && load_is_running(request->sb)) {
        request->sb->load->running = false;
        request->sb->load->ended_us = now_us();
    }
    tell(request);
}

void load_done(struct sandbox *sb)
{
    struct load *load = sb->load;
    if (load == NULL)
        return;
    for (size_t i = 0; i < load->count; i++)
        load->walkers[i].user->walker = NULL;
    updates_mark_none(sb);
    free(load->walkers);
    free(load);
    sb->load = NULL;
}
