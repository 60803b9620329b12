/* Plays dialogue files (*.talk) through the core: what a user does, and what must come of it. README.md beside this
 * file says how such a file is written. A line that fails is named by file and number, with what came instead. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/talk/news.h"
#include "tests/talk/script.h"
#include "tests/talk/stage.h"
#include "tests/talk/stored.h"

enum { LINE_MAX_BYTES = 4096 };

struct player {
    struct stage *stage;
    struct arena arena;
    const char *pressed_data; /* for "press again" */
    int64_t pressed_id;
    int64_t words_id, old_words_id; /* the user's last message of words, and the one before */
    int albums;
    int lines;
};

static _Noreturn void wrong(struct player *player, const char *what, const char *wanted)
{
    struct stage *stage = player->stage;
    fprintf(stderr, "%s: %s: %s\n", stage->where, what, wanted);
    fprintf(stderr, "  state: %s\n", stage->session.state == NULL ? "(none)" : stage->session.state->name);
    for (size_t i = stage->shown_from; i < stage->message_count; i++) {
        const struct stage_message *shown = &stage->messages[i];
        fprintf(stderr, "  %s: %s\n",
                shown->kind == EFFECT_NOTICE ? "notice"
                : shown->fresh               ? "fresh"
                                             : "screen",
                stage_read(stage, shown->message->html));
        for (size_t k = 0; k < shown->message->button_count; k++)
            fprintf(stderr, "    [%s]\n", shown->message->buttons[k].label);
    }
    for (size_t i = 0; i < stage->told_count; i++)
        fprintf(stderr, "  effect: %s\n", stage->told[i]);
    exit(1);
}

static void step(struct player *player, struct event event)
{
    stage_step(player->stage, event);
}

/* --- what a user does --- */

static void words(struct player *player, const char *rest, int64_t message_id, bool edited)
{
    const char *text = script_unescape(&player->arena, rest);
    struct event event = {.kind = EVENT_TEXT, .text = text, .message_id = message_id, .edited = edited};
    if (text[0] == '/') {
        event.text = text + 1;
        event.kind = EVENT_COMMAND;
        event.command = script_word(&player->arena, &event.text);
    }
    step(player, event);
}

static void user(struct player *player, const char *rest)
{
    player->old_words_id = player->words_id;
    player->words_id = player->stage->next_message_id++;
    words(player, rest, player->words_id, false);
}

static void edits(struct player *player, const char *rest)
{
    words(player, rest, player->words_id, true);
}

static void edits_old(struct player *player, const char *rest)
{
    words(player, rest, player->old_words_id, true);
}

static void topic(struct player *player, const char *rest)
{
    player->stage->thread_id = strtol(rest, NULL, 10);
}

/* A text as it stands: a forwarded command is none. */
static void forwarded(struct player *player, const char *rest)
{
    step(player, (struct event){.kind = EVENT_TEXT, .text = script_unescape(&player->arena, rest)});
}

static void send_files(struct player *player, const char *rest, enum event_kind kind)
{
    const char *word = script_word(&player->arena, &rest);
    int times = script_times(word);
    bool album = strcmp(rest, "album") == 0;
    if (times == 0)
        times = 1;
    const char *group = album ? arena_format(&player->arena, "album%d", ++player->albums) : NULL;
    for (int i = 0; i < times; i++)
        step(player, (struct event){
                         .kind = kind, .media_group = group, .file = {"file", "unique", 0, 0, 0, kind == EVENT_PHOTO}});
}

static void contact(struct player *player, const char *rest)
{
    step(player, (struct event){.kind = EVENT_CONTACT, .text = rest, .own_contact = true});
}

static void foreign_contact(struct player *player, const char *rest)
{
    step(player, (struct event){.kind = EVENT_CONTACT, .text = rest});
}

static void sticker(struct player *player, const char *rest)
{
    (void)rest;
    step(player, (struct event){.kind = EVENT_OTHER});
}

static void press_data(struct player *player, const char *data, int64_t message_id)
{
    player->pressed_data = data;
    player->pressed_id = message_id;
    step(player,
         (struct event){.kind = EVENT_BUTTON, .callback_id = "callback", .text = data, .message_id = message_id});
}

/* old: on a rendering that is not on the phone any more, newest first. */
static void press_label(struct player *player, const char *label, bool old)
{
    struct stage *stage = player->stage;
    for (size_t i = stage->message_count; i-- > 0;) {
        const struct stage_message *shown = &stage->messages[i];
        bool current = !shown->gone && (shown->kind == EFFECT_NOTICE || shown->id == stage->session.screen_message_id);
        for (size_t k = 0; current != old && k < shown->message->button_count; k++) {
            const struct button *button = &shown->message->buttons[k];
            if (strcmp(stage_spaces(stage, button->label), label) == 0 && button->data != NULL) {
                press_data(player, button->data, shown->id);
                return;
            }
        }
    }
    wrong(player, "there is no such button", label);
}

static void press(struct player *player, const char *rest)
{
    press_label(player, rest, false);
}

static void press_old(struct player *player, const char *rest)
{
    press_label(player, rest, true);
}

static void press_again(struct player *player, const char *rest)
{
    (void)rest;
    press_data(player, player->pressed_data, player->pressed_id);
}

static void press_forged(struct player *player, const char *rest)
{
    press_data(player, script_unescape(&player->arena, rest), player->stage->session.screen_message_id);
}

static void blocks(struct player *player, const char *rest)
{
    (void)rest;
    step(player, (struct event){.kind = EVENT_BLOCKED});
}

static void unblocks(struct player *player, const char *rest)
{
    (void)rest;
    step(player, (struct event){.kind = EVENT_UNBLOCKED});
}

static void lang(struct player *player, const char *rest)
{
    player->stage->language_code = arena_copy(&player->arena, rest);
}

static void wait_for(struct player *player, const char *rest)
{
    int64_t ms = script_ms(rest);
    if (ms == 0)
        wrong(player, "no time", rest);
    stage_wait(player->stage, ms);
}

/* --- what happens outside --- */

static void verdict(struct player *player, const char *rest)
{
    while (*rest != '\0') {
        const char *name = script_word(&player->arena, &rest), *ahead = rest;
        int times = script_times(script_word(&player->arena, &ahead)), found = script_verdict(name);
        if (times > 0)
            rest = ahead;
        if (found < 0)
            wrong(player, "no verdict", name);
        for (int i = 0; i == 0 || i < times; i++)
            if (!stage_examine(player->stage, (enum photo_verdict)found))
                wrong(player, "no photo is being examined", name);
    }
}

static void news(struct player *player, const char *rest)
{
    const char *why = news_play(player->stage, &player->arena, rest);
    if (why != NULL)
        wrong(player, why, rest);
}

static void stars(struct player *player, const char *rest)
{
    const char *why = news_play_stars(player->stage, &player->arena, rest);
    if (why != NULL)
        wrong(player, why, rest);
}

/* The newest set, or the first. */
static void job(struct player *player, const char *rest)
{
    struct stage *stage = player->stage;
    if (stage->job_count == 0)
        wrong(player, "there is no set", rest);
    const char *what = script_word(&player->arena, &rest);
    struct job *which = &stage->jobs[stage->job_count - 1];
    if (strcmp(what, "first") == 0) {
        which = &stage->jobs[0];
        what = script_word(&player->arena, &rest);
    }
    if (strcmp(what, "delivered") == 0) {
        stage_deliver(stage, which);
        return;
    }
    for (long count = strtol(rest, NULL, 10); count > 0; count--)
        if (!stage_make(stage, which, strcmp(what, "made") == 0))
            wrong(player, "no photo is waiting", what);
}

/* The shop's version of a text from now on. */
static void raised(struct player *player, const char *rest)
{
    script_version(&player->arena, rest, player->stage->rules.consents);
}

static void sold(struct player *player, const char *rest)
{
    const char *style_id = script_word(&player->arena, &rest);
    int64_t price_kopecks = strtoll(script_word(&player->arena, &rest), NULL, 10);
    stage_sell(player->stage, style_id, price_kopecks, (int32_t)strtol(rest, NULL, 10));
}

static void owner(struct player *player, const char *rest)
{
    stage_own(player->stage, strcmp(rest, "yes") == 0);
}

/* Where receipts go from now on: into the chat, or to a contact that is asked for. */
static void receipts(struct player *player, const char *rest)
{
    player->stage->rules.receipts_in_chat = strcmp(rest, "chat") == 0;
    player->stage->rules.receipts_url = "https://tax.example/api/v1";
}

static void first_name(struct player *player, const char *rest)
{
    player->stage->first_name = arena_copy(&player->arena, script_unescape(&player->arena, rest));
}

/* --- what must have come --- */

static bool said(struct player *player, const char *kind, const char *pattern)
{
    struct stage *stage = player->stage;
    for (size_t i = stage->shown_from; i < stage->message_count; i++)
        if (stage_is_kind(&stage->messages[i], kind) &&
            script_matches(stage_read(stage, stage->messages[i].message->html), pattern))
            return true;
    return false;
}

static void bot(struct player *player, const char *rest)
{
    if (!said(player, "any", rest))
        wrong(player, "the bot did not say", rest);
}

static void screen(struct player *player, const char *rest)
{
    if (!said(player, "screen", rest))
        wrong(player, "no edit of the screen says", rest);
}

static void fresh(struct player *player, const char *rest)
{
    if (!said(player, "fresh", rest))
        wrong(player, "no new screen says", rest);
}

static void notice(struct player *player, const char *rest)
{
    if (!said(player, "notice", rest))
        wrong(player, "no notice says", rest);
}

static void never(struct player *player, const char *rest)
{
    if (said(player, "any", rest))
        wrong(player, "the bot said", rest);
}

static void nothing(struct player *player, const char *rest)
{
    if (player->stage->shown_from != player->stage->message_count)
        wrong(player, "the bot should have kept silent", rest);
}

/* How many messages came. */
static void messages(struct player *player, const char *rest)
{
    if ((long)(player->stage->message_count - player->stage->shown_from) != strtol(rest, NULL, 10))
        wrong(player, "another number of messages came than", rest);
}

/* Of the newest message. */
static void buttons(struct player *player, const char *rest)
{
    struct stage *stage = player->stage;
    const char *labels = "";
    if (stage->message_count == 0)
        wrong(player, "no message with the buttons", rest);
    const struct message *message = stage->messages[stage->message_count - 1].message;
    for (size_t i = 0; i < message->button_count; i++)
        labels = arena_format(&player->arena, "%s%s%s", labels, i == 0 ? "" : ", ",
                              stage_spaces(stage, message->buttons[i].label));
    if (message->ask_contact)
        labels = arena_format(&player->arena, "(contact) %s", labels);
    if (strcmp(labels, rest) != 0)
        wrong(player, arena_format(&player->arena, "the buttons are “%s”, not", labels), rest);
}

static void picture(struct player *player, const char *rest)
{
    struct stage *stage = player->stage;
    const char *shown = stage->message_count == 0 ? NULL : stage->messages[stage->message_count - 1].message->picture;
    if (strcmp(shown == NULL ? "none" : shown, rest) != 0)
        wrong(player, "the picture is not", rest);
}

static void leads_to(struct player *player, const char *rest)
{
    if (!stage_leads_to(player->stage, rest))
        wrong(player, "no button leads to", rest);
}

/* All messages that came went to this one. */
static void in_topic(struct player *player, const char *rest)
{
    struct stage *stage = player->stage;
    if (stage->shown_from == stage->message_count)
        wrong(player, "no message came in topic", rest);
    for (size_t i = stage->shown_from; i < stage->message_count; i++)
        if (stage->messages[i].thread_id != strtol(rest, NULL, 10))
            wrong(player, "a message came in another topic than", rest);
}

static void state(struct player *player, const char *rest)
{
    const struct state *now = player->stage->session.state;
    if (now == NULL || strcmp(now->name, rest) != 0)
        wrong(player, "the state is not", rest);
}

static void form(struct player *player, const char *rest)
{
    const char *filled = script_form(&player->arena, &player->stage->session.form);
    if (strcmp(filled, rest) != 0)
        wrong(player, arena_format(&player->arena, "the form says “%s”, not", filled), rest);
}

static bool has_effect(struct player *player, const char *wanted)
{
    for (size_t i = 0; i < player->stage->told_count; i++)
        if (strcmp(player->stage->told[i], wanted) == 0)
            return true;
    return false;
}

static void effect(struct player *player, const char *rest)
{
    if (!has_effect(player, rest))
        wrong(player, "there was no effect", rest);
}

/* By the beginning: "no effect: ALBUM" is no album at all. */
static void no_effect(struct player *player, const char *rest)
{
    for (size_t i = 0; i < player->stage->told_count; i++)
        if (strncmp(player->stage->told[i], rest, strlen(rest)) == 0)
            wrong(player, "there was an effect", rest);
}

static void toast(struct player *player, const char *rest)
{
    const char *answer = arena_format(&player->arena, "ANSWER %s", rest);
    for (size_t i = 0; i < player->stage->told_count; i++)
        if (strncmp(player->stage->told[i], "ANSWER ", 7) == 0 && script_matches(player->stage->told[i], answer))
            return;
    wrong(player, "no answer to the press says", rest);
}

/* acts: what was expected before is forgotten, new things come. */
static const struct {
    const char *key;
    bool acts;
    void (*play)(struct player *player, const char *rest);
} lines[] = {{"user", true, user},
             {"edits", true, edits},
             {"edits old", true, edits_old},
             {"topic", true, topic},
             {"photo", true, NULL},
             {"document", true, NULL},
             {"contact", true, contact},
             {"foreign contact", true, foreign_contact},
             {"sticker", true, sticker},
             {"press", true, press},
             {"press old", true, press_old},
             {"press again", true, press_again},
             {"press data", true, press_forged},
             {"blocks", true, blocks},
             {"unblocks", true, unblocks},
             {"wait", true, wait_for},
             {"verdict", true, verdict},
             {"news", true, news},
             {"job", true, job},
             {"lang", true, lang},
             {"raised", true, raised},
             {"sold", true, sold},
             {"stars", true, stars},
             {"owner", true, owner},
             {"receipts", true, receipts},
             {"first name", true, first_name},
             {"forwarded", true, forwarded},
             {"bot", false, bot},
             {"screen", false, screen},
             {"fresh", false, fresh},
             {"notice", false, notice},
             {"never", false, never},
             {"nothing", false, nothing},
             {"messages", false, messages},
             {"buttons", false, buttons},
             {"picture", false, picture},
             {"leads to", false, leads_to},
             {"in topic", false, in_topic},
             {"state", false, state},
             {"form", false, form},
             {"effect", false, effect},
             {"no effect", false, no_effect},
             {"toast", false, toast}};

static void play_line(struct player *player, const char *line)
{
    size_t length = strcspn(line, ":");
    const char *rest = line + length + (line[length] == ':');
    rest += strspn(rest, " ");
    bool photo = strncmp(line, "photo", 5) == 0, document = strncmp(line, "document", 8) == 0;
    if (photo || document) { /* "photo x3 album" needs no colon */
        stage_mark(player->stage);
        rest = line + strcspn(line, " :");
        rest += strspn(rest, " :");
        send_files(player, rest, photo ? EVENT_PHOTO : EVENT_DOCUMENT);
        return;
    }
    if (strncmp(line, "stored ", 7) == 0) {
        const char *why = stored_play(player->stage, &player->arena, arena_copy_n(&player->arena, line, length), rest);
        stage_mark(player->stage);
        if (why != NULL)
            wrong(player, why, rest);
        return;
    }
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (strlen(lines[i].key) != length || strncmp(lines[i].key, line, length) != 0)
            continue;
        if (lines[i].acts)
            stage_mark(player->stage);
        lines[i].play(player, rest);
        return;
    }
    wrong(player, "a line that says nothing to me", line);
}

/* "== title" begins a new chat of a new person; '#' is a remark. */
static void play_file(const char *path)
{
    char line[LINE_MAX_BYTES];
    struct player player = {.stage = stage_new(stage_rules())};
    FILE *file = fopen(path, "r");
    const char *name = strrchr(path, '/') == NULL ? path : strrchr(path, '/') + 1;
    if (file == NULL) {
        fprintf(stderr, "%s can't be opened\n", path);
        exit(1);
    }
    arena_init(&player.arena);
    for (int number = 1; fgets(line, sizeof line, file) != NULL; number++) {
        line[strcspn(line, "\n")] = '\0';
        if (strncmp(line, "==", 2) == 0) {
            stage_free(player.stage);
            player.stage = stage_new(stage_rules());
            continue;
        }
        if (line[0] == '\0' || line[0] == '#')
            continue;
        player.stage->where = arena_format(&player.arena, "%s:%d", name, number);
        play_line(&player, arena_copy(&player.arena, line));
        player.lines++;
    }
    (void)fclose(file);
    printf("%-24s %d lines\n", name, player.lines);
    if (player.lines == 0)
        exit(1);
    stage_free(player.stage);
    arena_done(&player.arena);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        play_file(argv[i]);
    return argc > 1 ? 0 : 1;
}
