/* The data of a button, which a modified client may write itself: pressed in every state, on the living message and on
 * another. Whatever it says, the core answers it once, keeps its promises (tests/talk/promise.c) and opens nothing that
 * is not this user's. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/talk/stage.h"

static void say(struct stage *stage, const char *text)
{
    stage_step(stage, (struct event){.kind = EVENT_TEXT, .text = text});
}

static void press(struct stage *stage, const char *data, int64_t message_id)
{
    stage_step(stage, (struct event){.kind = EVENT_BUTTON, .callback_id = "c", .text = data, .message_id = message_id});
}

/* The main button of the newest message. */
static void press_primary(struct stage *stage)
{
    const struct stage_message *shown = &stage->messages[stage->message_count - 1];
    for (size_t i = 0; i < shown->message->button_count; i++)
        if (shown->message->buttons[i].primary) {
            press(stage, shown->message->buttons[i].data, shown->id);
            return;
        }
}

static void go(struct stage *stage, const char *place, int64_t object)
{
    press(stage, arena_format(&stage->keep, "*:0:%s:%lld", place, (long long)object), 1);
}

/* Somebody with an avatar of enough photos and a set that was made. */
static struct stage *somebody(void)
{
    struct stage *stage = stage_new(stage_rules());
    stage->where = "fuzz_press";
    stage_step(stage, (struct event){.kind = EVENT_COMMAND, .command = "start", .text = ""});
    press_primary(stage);
    go(stage, "new", 0);
    say(stage, "Анна");
    press_primary(stage);
    for (int i = 0; i < 10; i++) {
        stage_step(stage, (struct event){.kind = EVENT_PHOTO, .file = {.file_id = "f", .file_unique_id = "u"}});
        (void)stage_examine(stage, PHOTO_GOOD);
    }
    return stage;
}

/* Brings them to a state the way the engine would; what the state needs is there. */
static void put(struct stage *stage, const struct state *state)
{
    stage->session.state = state;
    stage->session.version++;
    stage->session.below = true; /* the screen of the state before may be one that can't be edited */
    memcpy(stage->session.style_id, "creative", sizeof "creative");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[EVENT_CALLBACK_MAX_BYTES + 1] = {0};
    if (size > EVENT_CALLBACK_MAX_BYTES || memchr(data, 0, size) != NULL)
        return 0; /* the decoder lets none through */
    if (size > 0)
        memcpy(text, data, size);
    struct stage *stage = somebody();
    for (const struct state *const *state = sheet_states(); *state != NULL; state++) {
        struct press parsed;
        put(stage, *state);
        if (press_parse(text, &parsed) == ERR_OK) { /* make the fuzzer's life easier: the version is right */
            parsed.version = press_is_place(&parsed) ? 0 : stage->session.version;
            press(stage, press_format(&stage->keep, &parsed), stage->session.screen_message_id);
        }
        press(stage, text, stage->session.screen_message_id);
        press(stage, text, 1);
        stage_wait(stage, 5000);
    }
    stage_free(stage);
    return 0;
}
