/* Chats as Telegram keeps them, and an outbox that is killed between any two steps: whatever is lost on the way, each
 * photo arrives once, once more if asked for again, in order and with its own words, each notice once, and the living
 * message keeps its buttons. Rounds differ by their seed, told when one fails: test_outbox_model [ROUNDS [SEED]]. Run
 * by tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include "tests/unit/outbox_stage.h"

enum {
    CHATS = 3,
    SET = 23,
    SENDINGS = 2, /* of each set: its delivery, and once more */
    MESSAGES_MAX = 4096,
    ROUNDS = 100,
    KILLS_MAX = 5,
    SCREENS_MAX = 12,
    STEPS_MAX = 30000,
    UNSAVED_MAX = 50, /* ids known and not committed: a turn follows at once, and a crash forgets few */
    FIRST_CHAT = 100,
    WORDS_BYTES = 64
};

/* One message of a chat. */
static struct message_there {
    int64_t id, chat_id;
    bool ours, photo, keyboard;
    char words[WORDS_BYTES], file[24];
} there[MESSAGES_MAX];
static size_t there_count;
static int64_t last_id;                    /* of all chats */
static int64_t known_high, committed_high; /* … that the outbox was told; that the last turn kept */
static uint64_t dice;
static int64_t jobs[CHATS], row_id;
static char last_screen[CHATS][WORDS_BYTES]; /* what the living message is to say in the end */
static int notices[CHATS];                   /* that were to be told */
static const char *server_db;

static uint64_t roll(uint64_t sides)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (dice >> 11) % sides;
}

/* ---- the other side ---- */

static struct message_there *find(int64_t chat_id, int64_t id)
{
    for (size_t i = 0; i < there_count; i++)
        if (there[i].id == id && there[i].chat_id == chat_id)
            return &there[i];
    return NULL;
}

static struct message_there *put(int64_t chat_id, bool photo, const char *words, const char *file)
{
    CHECK(there_count < MESSAGES_MAX);
    struct message_there *message = &there[there_count++];
    *message = (struct message_there){.id = ++last_id, .chat_id = chat_id, .ours = true, .photo = photo};
    (void)snprintf(message->words, sizeof message->words, "%s", words);
    (void)snprintf(message->file, sizeof message->file, "%s", file);
    return message;
}

static const char *text_in(struct json_object *json, const char *name)
{
    struct json_object *value = NULL;
    return json_object_object_get_ex(json, name, &value) ? json_object_get_string(value) : NULL;
}

static const char *message_json(const struct message_there *message)
{
    return SQL("{\"message_id\":%lld%s%s%s}", (long long)message->id,
               message->photo ? ",\"photo\":[{\"file_id\":\"" : "", message->photo ? message->file : "",
               message->photo ? "\"}]" : "");
}

static const char *put_album(int64_t chat_id, struct json_object *media)
{
    const char *result = "[";
    for (size_t i = 0; i < json_object_array_length(media); i++) {
        struct json_object *item = json_object_array_get_idx(media, i);
        const struct message_there *message = put(chat_id, true, text_in(item, "caption"), text_in(item, "media"));
        result = SQL("%s%s%s", result, i == 0 ? "" : ",", message_json(message));
    }
    return SQL("%s]", result);
}

/* An edit as Telegram does it: what is not said of the keyboard is that there is none. */
static enum telegram_class edit(const struct call *call, struct json_object *params)
{
    struct message_there *message = find(call->chat_id, number_in(call->params, "message_id"));
    const char *caption = text_in(params, "caption"), *text = text_in(params, "text");
    bool keyboard = text_in(params, "reply_markup") != NULL;
    if (message == NULL || !message->ours || (caption != NULL && !message->photo) || (text != NULL && message->photo))
        return TELEGRAM_GONE;
    const char *words = caption != NULL ? caption : text != NULL ? text : message->words;
    if (strcmp(words, message->words) == 0 && keyboard == message->keyboard)
        return TELEGRAM_OK;
    if (words != message->words)
        (void)snprintf(message->words, sizeof message->words, "%s", words);
    message->keyboard = keyboard;
    return TELEGRAM_CLASS_COUNT; /* changed: an answer with a message in it */
}

/* Does what is asked. The verdict, and the result. */
static enum telegram_class act(const struct call *call, const char **ret_result)
{
    struct json_object *params = json_tokener_parse(call->params), *media = NULL;
    enum telegram_class class = TELEGRAM_OK;
    *ret_result = NULL;
    if (json_object_object_get_ex(params, "media", &media)) {
        *ret_result = put_album(call->chat_id, media);
    } else if (strcmp(call->method, "sendPhoto") == 0) {
        *ret_result = message_json(put(call->chat_id, true, text_in(params, "caption"), text_in(params, "photo")));
    } else if (strcmp(call->method, "sendMessage") == 0) {
        struct message_there *message = put(call->chat_id, false, text_in(params, "text"), "");
        message->keyboard = text_in(params, "reply_markup") != NULL;
        *ret_result = message_json(message);
    } else if (strcmp(call->method, "deleteMessage") == 0) {
        struct message_there *message = find(call->chat_id, number_in(call->params, "message_id"));
        if (message != NULL)
            message->chat_id = 0;
    } else {
        class = edit(call, params);
        if (class == TELEGRAM_CLASS_COUNT) {
            class = TELEGRAM_OK;
            *ret_result = SQL("{\"message_id\":%d}", number_in(call->params, "message_id"));
        }
    }
    json_object_put(params);
    if (strncmp(call->method, "edit", 4) != 0)
        last_id += (int64_t)(roll(20) == 0 ? roll(20) : roll(4)); /* the bot's other chats */
    return class;
}

/* A chat's calls go one after the other, words before albums; one whose turn has come is before all. */
static bool is_next(const struct call *call)
{
    if (call->answered)
        return false;
    for (size_t i = first_open; i < call_count && !call->asked; i++) {
        const struct call *before = &calls[i];
        if (before->answered || before->chat_id != call->chat_id || before == call)
            continue;
        if (before->asked || before->priority < call->priority || (before->priority == call->priority && before < call))
            return false;
    }
    return true;
}

static struct call *any_call(void)
{
    while (first_open < call_count && calls[first_open].answered)
        first_open++;
    size_t count = call_count - first_open, first = count == 0 ? 0 : roll(count);
    for (size_t i = 0; i < count; i++) {
        struct call *call = &calls[first_open + (first + i) % count];
        if (is_next(call) && !(call->open && call->asked))
            return call;
    }
    return NULL;
}

/* The newest message of ours there is. */
static int64_t there_high(void)
{
    return there_count == 0 ? 0 : there[there_count - 1].id;
}

static void answer_one(void)
{
    struct call *call = any_call();
    const char *result = NULL;
    if (call == NULL)
        return;
    if (call->open) {
        take_turn(call);
        return;
    }
    uint64_t luck = roll(strncmp(call->method, "edit", 4) == 0 ? 60 : 12);
    enum telegram_class class = TELEGRAM_AMBIGUOUS;
    if (luck > 2)
        class = act(call, &result);
    else if (luck == 2)
        (void)act(call, &result); /* and the answer is lost */
    else if (luck == 1)
        class = TELEGRAM_RETRY; /* surely nothing happened */
    int64_t told = strncmp(call->method, "send", 4) == 0 ? there_high() : number_in(call->params, "message_id");
    if (class == TELEGRAM_OK && told > known_high)
        known_high = told;
    answer(call, class, class == TELEGRAM_OK ? result : NULL);
}

/* ---- our side ---- */

static void add_screen(int chat)
{
    char *words = last_screen[chat];
    (void)snprintf(words, WORDS_BYTES, "screen %lld", (long long)row_id);
    bool fresh = roll(2) == 0;
    const char *body = SQL("{\"text\":\"%s\",\"reply_markup\":\"k\"}", words);
    struct outbox_row row = {.id = row_id++,
                             .chat_id = FIRST_CHAT + chat,
                             .kind = fresh && roll(4) == 0 ? "news" : "screen",
                             .body = body,
                             .fresh = fresh,
                             .replace = fresh && roll(2) == 0};
    tell(SQL("INSERT INTO outbox (id, chat_id, kind, body, fresh, replace) VALUES (%lld, %lld, '%s', '%s', %s, %s)",
             (long long)row.id, (long long)row.chat_id, row.kind, body, row.fresh ? "TRUE" : "FALSE",
             row.replace ? "TRUE" : "FALSE"));
    row.screen_message_id = ask(
        SQL("SELECT screen_message_id FROM bot_sessions WHERE chat_id = %lld", (long long)row.chat_id));
    outbox_add(outbox, &row, 1);
}

/* What is told once, and must be told once. */
static void add_notice(int chat)
{
    const char *body = SQL("{\"text\":\"notice %lld\",\"reply_markup\":\"k\"}", (long long)row_id);
    struct outbox_row row = {.id = row_id++, .chat_id = FIRST_CHAT + chat, .kind = "notice", .body = body};
    tell(SQL("INSERT INTO outbox (id, chat_id, kind, body) VALUES (%lld, %lld, 'notice', '%s')", (long long)row.id,
             (long long)row.chat_id, body));
    row.screen_message_id = ask(
        SQL("SELECT screen_message_id FROM bot_sessions WHERE chat_id = %lld", (long long)row.chat_id));
    notices[chat]++;
    outbox_add(outbox, &row, 1);
}

static void add_albums(void)
{
    static const char *const albums[] = {"[0,1,2,3,4,5,6,7,8,9]", "[10,11,12,13,14,15,16,17,18,19]", "[20,21,22]"};
    for (size_t i = 0; i < SENDINGS * 3; i++)
        for (int chat = 0; chat < CHATS; chat++)
            tell(SQL("INSERT INTO outbox (id, chat_id, kind, body, job_id) VALUES (%lld, %lld, '%s', '%s', %lld)",
                     (long long)row_id++, (long long)(FIRST_CHAT + chat), i < 3 ? "album" : "again", albums[i % 3],
                     (long long)jobs[chat]));
}

static void live(void)
{
    db_free(db);
    db = db_new(server_db, NULL);
    open_outbox();
    outbox_see_message(outbox, committed_high);
    resume();
}

/* What was on its way arrives or does not; what was learned and not committed is forgotten. */
static void die(void)
{
    const char *result;
    for (struct call *call = any_call(); call != NULL; call = any_call()) {
        if (!call->open && roll(2) == 0)
            (void)act(call, &result);
        call->answered = true;
    }
    drop_outbox();
}

static bool all_sent(void)
{
    return outbox_pending(outbox) == 0 && !outbox_has_outcomes(outbox) && ask("SELECT count(*) FROM outbox") == 0;
}

static void play(void)
{
    int kills = 0, screens = 0;
    live();
    for (int step = 0; step < STEPS_MAX; step++) {
        uint64_t what = roll(400);
        if (what == 0 && kills < KILLS_MAX) {
            die();
            live();
            kills++;
        } else if (what < 8 && screens < SCREENS_MAX) {
            if (roll(3) == 0)
                add_notice((int)roll(CHATS));
            else
                add_screen((int)roll(CHATS));
            screens++;
        } else if (what < 40 || known_high - committed_high > UNSAVED_MAX) {
            settle_outcomes();
            committed_high = known_high;
        } else if (what < 300) {
            answer_one();
        } else {
            go_round();
        }
        if (step % 50 == 0 && all_sent())
            break;
    }
    CHECK(all_sent());
    die();
}

/* ---- what must hold ---- */

static void show_chat(int64_t chat_id)
{
    for (size_t i = 0; i < there_count; i++)
        if (there[i].chat_id == chat_id)
            fprintf(stderr, "  %lld %s\"%s\"%s\n", (long long)there[i].id, there[i].photo ? "photo " : "",
                    there[i].words, there[i].keyboard ? " [buttons]" : "");
}

#define HOLDS(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            show_chat(FIRST_CHAT + chat);                                                                              \
            CHECK(condition);                                                                                          \
        }                                                                                                              \
    } while (0)

static bool is_notice(const struct message_there *message, int chat)
{
    return message->chat_id == FIRST_CHAT + chat && strncmp(message->words, "notice", 6) == 0;
}

static void check_notices(int chat)
{
    int count = 0;
    for (size_t i = 0; i < there_count; i++) {
        if (!is_notice(&there[i], chat))
            continue;
        count++;
        HOLDS(there[i].keyboard);
        for (size_t k = 0; k < i; k++)
            HOLDS(!is_notice(&there[k], chat) || strcmp(there[k].words, there[i].words) != 0);
    }
    HOLDS(count == notices[chat]);
}

static void check_chat(int chat)
{
    int photos = 0;
    for (size_t i = 0; i < there_count; i++) {
        if (there[i].chat_id != FIRST_CHAT + chat || !there[i].photo)
            continue;
        HOLDS(strcmp(there[i].words, SQL("%d/%d", photos % SET + 1, SET)) == 0);
        HOLDS(strcmp(there[i].file, SQL("f%d", photos % SET)) == 0);
        HOLDS(photos >= SET ||
              ask(SQL("SELECT count(*) FROM photo_tasks WHERE job_id = %lld AND index = %d AND delivery = 'sent'"
                      " AND message_id = %lld",
                      (long long)jobs[chat], photos, (long long)there[i].id)) == 1);
        photos++;
    }
    HOLDS(photos == SET * SENDINGS);
    check_notices(chat);
    const struct message_there *living = find(
        FIRST_CHAT + chat,
        ask(SQL("SELECT screen_message_id FROM bot_sessions WHERE chat_id = %d", FIRST_CHAT + chat)));
    HOLDS(living != NULL);
    HOLDS(strcmp(living->words, last_screen[chat]) == 0);
    HOLDS(living->keyboard);
}

static void begin_round(void)
{
    there_count = 0;
    known_high = committed_high = 0;
    memset(notices, 0, sizeof notices);
    last_id = (int64_t)roll(1000) + 1;
    tell("DELETE FROM outbox");
    tell("UPDATE photo_tasks SET delivery = 'queued', message_id = NULL");
    for (int chat = 0; chat < CHATS; chat++) {
        struct message_there *menu = put(FIRST_CHAT + chat, false, "menu", "");
        menu->keyboard = true;
        (void)snprintf(last_screen[chat], WORDS_BYTES, "menu");
        tell(SQL("UPDATE bot_sessions SET screen_message_id = %lld, screen_is_photo = FALSE WHERE chat_id = %d",
                 (long long)menu->id, FIRST_CHAT + chat));
    }
    add_albums();
}

int main(int argc, char **argv)
{
    long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : ROUNDS;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    begin("fotoset_test_outbox_model");
    server_db = SQL("%s dbname=fotoset_test_outbox_model", getenv("FOTOSET_TEST_CONNINFO"));
    for (int chat = 0; chat < CHATS; chat++) {
        jobs[chat] = made_job();
        tell(SQL("UPDATE generation_jobs SET chat_id = %d WHERE id = %lld", FIRST_CHAT + chat, (long long)jobs[chat]));
        tell(SQL("INSERT INTO bot_sessions (chat_id, state, lang, version, avatar_id, order_id, job_id, style_id,"
                 " misses, over, below, shown_at_ms, limit_at_ms, refresh_at_ms)"
                 " VALUES (%d, 'menu', 'en', 1, 0, 0, 0, '', 0, 0, FALSE, 0, 0, 0)",
                 FIRST_CHAT + chat));
    }
    row_id = 1;
    for (long round = 0; round < rounds; round++) {
        dice = (seed + (uint64_t)round) * 0x9e3779b97f4a7c15U + 1;
        fprintf(stderr, "round %ld\n", round);
        begin_round();
        play();
        for (int chat = 0; chat < CHATS; chat++)
            check_chat(chat);
    }
    end();
    return 0;
}
