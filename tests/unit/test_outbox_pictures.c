/* Pictures that many chats want at once: one upload for all, and nobody waits for ever for one that fails, or at all
 * for one that is still to be drawn. Run by tests/postgres run, which sets FOTOSET_TEST_CONNINFO. */
#include <sys/stat.h>
#include <unistd.h>

#include "bot/services/darkroom/darkroom.h"
#include "bot/services/store/directory.h"
#include "bot/services/store/store.h"
#include "tests/unit/outbox_stage.h"

enum { CHATS = 50, EXAMPLES = 2 };

static char dir[] = "/tmp/fotoset-test-pictures.XXXXXX";
static int renders;
static struct {
    darkroom_done_fn *done;
    void *ctx;
} rendering[8];

enum err darkroom_render(struct darkroom *darkroom, const void *bytes, size_t len, int32_t width, int32_t height,
                         darkroom_done_fn *done, void *ctx)
{
    (void)darkroom, (void)bytes, (void)len, (void)width, (void)height;
    CHECK(renders < 8);
    rendering[renders].done = done;
    rendering[renders++].ctx = ctx;
    return ERR_OK;
}

static void render_all(void)
{
    for (int i = 0; i < renders; i++) {
        uint8_t jpeg[] = {'j', 'p', 'e', 'g', (uint8_t)i};
        struct darkroom_result result = {.jpeg = jpeg, .jpeg_len = sizeof jpeg};
        rendering[i].done(rendering[i].ctx, ERR_OK, &result);
    }
}

static void make_examples(const char *folder, const char *ending)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", dir, folder);
    CHECK(mkdir(path, 0700) == 0);
    (void)snprintf(path, sizeof path, "%s/%s/examples", dir, folder);
    CHECK(mkdir(path, 0700) == 0);
    for (int i = 0; i < EXAMPLES; i++) {
        (void)snprintf(path, sizeof path, "%s/%s/examples/%d.%s", dir, folder, i, ending);
        FILE *file = fopen(path, "w");
        CHECK(file != NULL);
        CHECK(fputs("picture", file) >= 0 && fclose(file) == 0);
    }
}

/* So many newcomers at once: each gets the examples and then words. */
static void open_crowd_with(const char *folder)
{
    tell(SQL("INSERT INTO outbox (id, chat_id, kind, body)"
             " SELECT 2 * n, n, 'examples', '{}' FROM generate_series(1, %d) n UNION ALL"
             " SELECT 2 * n + 1, n, 'notice', '{\"text\":\"hello\"}' FROM generate_series(1, %d) n",
             CHATS, CHATS));
    renders = 0;
    char path[256];
    (void)snprintf(path, sizeof path, "%s/store", dir);
    CHECK_INT(directory_new(path, &store), ERR_OK);
    (void)snprintf(path, sizeof path, "%s/%s", dir, folder);
    open_outbox_with(path);
    resume();
}

static void open_crowd(void)
{
    open_crowd_with("finished");
    CHECK_INT(renders, 0);
}

static void close_crowd(void)
{
    close_outbox();
    store_free(store);
    store = NULL;
    tell("DELETE FROM sent_files");
}

static bool is_upload(const struct call *call)
{
    return strstr(call->params, "attach:") != NULL;
}

static const char *const sent_ids = "[{\"message_id\":11,\"photo\":[{\"file_id\":\"x0\"}]},"
                                    "{\"message_id\":12,\"photo\":[{\"file_id\":\"x1\"}]}]";

/* Answers all that is under way, until nothing waits; returns the uploads among it. */
static int play_out(enum telegram_class class_of_uploads)
{
    int uploads = 0;
    while (outbox_pending(outbox) > 0) {
        struct call *call = next_call();
        if (strcmp(call->method, "sendMessage") == 0) {
            answer(call, TELEGRAM_OK, "{\"message_id\":13}");
            continue;
        }
        CHECK_TEXT(call->method, "sendMediaGroup");
        uploads += is_upload(call);
        answer(call, is_upload(call) ? class_of_uploads : TELEGRAM_OK,
               is_upload(call) && class_of_uploads != TELEGRAM_OK ? NULL : sent_ids);
    }
    return uploads;
}

static int calls_of(const char *method)
{
    int count = 0;
    for (size_t i = 0; i < call_count; i++)
        count += strcmp(calls[i].method, method) == 0;
    return count;
}

static void test_one_upload_for_all(void)
{
    open_crowd();
    for (int i = 0; i < 3; i++)
        go_round();
    CHECK_INT(call_count, 1);
    CHECK(is_upload(&calls[0]));
    struct outbox_row late = {.id = 1000, .chat_id = 777, .kind = "examples", .body = "{}"};
    outbox_add(outbox, &late, 1);
    CHECK_INT(call_count, 1);
    CHECK_INT(play_out(TELEGRAM_OK), 1);
    CHECK_INT(calls_of("sendMediaGroup"), CHATS + 1);
    CHECK_INT(calls_of("sendMessage"), CHATS);
    CHECK_INT(held_count, CHATS + 1); /* a crash would send the examples again, but no words that matter */
    close_crowd();
}

/* Beside an album that may have arrived: it is known of each of them that it is none of the album's photos. */
static void test_pass_an_album(void)
{
    open_crowd();
    CHECK_INT(play_out(TELEGRAM_OK), 1);
    tell("INSERT INTO outbox (id, chat_id, kind, body, attempted_after) VALUES (900, 777, 'album', '[0]', 5)");
    struct outbox_row album = {.id = 900, .chat_id = 777, .kind = "album", .body = "[0]", .tried_after = 5};
    struct outbox_row late = {.id = 1000, .chat_id = 777, .kind = "examples", .body = "{}"};
    stop.asked = true; /* the album waits in its line */
    outbox_add(outbox, &album, 1);
    stop.asked = false;
    outbox_add(outbox, &late, 1);
    struct call *call = next_call();
    while (strcmp(call->method, "sendMediaGroup") != 0 || call->chat_id != 777) {
        answer(call, TELEGRAM_AMBIGUOUS, NULL);
        call = next_call();
    }
    answer(call, TELEGRAM_OK, sent_ids);
    settle_outcomes();
    CHECK_TEXT(ask_text("SELECT array_to_string(passed, ',') FROM outbox WHERE id = 900"), "11,12");
    close_crowd();
}

/* The next one tries; after the third all go on without the pictures. */
static void test_uploads_fail(void)
{
    open_crowd();
    CHECK_INT(play_out(TELEGRAM_BAD), 3);
    CHECK_INT(calls_of("sendMediaGroup"), 3);
    CHECK_INT(calls_of("sendMessage"), CHATS);
    close_crowd();

    open_crowd();
    answer(next_call(), TELEGRAM_AMBIGUOUS, NULL);
    CHECK_INT(play_out(TELEGRAM_OK), 1);
    CHECK_INT(calls_of("sendMediaGroup"), CHATS);
    close_crowd();
}

/* An upload that hangs holds the others up for a while only. */
static void test_upload_hangs(void)
{
    open_crowd();
    struct call *hanging = next_call();
    hanging->answered = true; /* not answered in fact: next_call passes it over */
    for (int words = 0; words < CHATS - 1; words++) {
        struct call *call = next_call();
        CHECK_TEXT(call->method, "sendMessage");
        answer(call, TELEGRAM_OK, "{\"message_id\":13}");
    }
    CHECK_INT(calls_of("sendMediaGroup"), 1);
    answer(hanging, TELEGRAM_OK, sent_ids);
    CHECK_INT(play_out(TELEGRAM_OK), 0);
    close_crowd();
}

/* A screen's picture likewise; who is told to try again later does not keep the next one waiting. */
static void test_screens_share(void)
{
    open_crowd();
    (void)play_out(TELEGRAM_BAD); /* the examples stay unknown */
    call_count = 0;
    struct outbox_row rows[2];
    for (int i = 0; i < 2; i++)
        rows[i] = (struct outbox_row){
            .id = 1000 + i, .chat_id = 1 + i, .kind = "notice", .body = "{\"caption\":\"c\"}", .picture = "example:0"};
    outbox_add(outbox, rows, 2);
    CHECK_INT(call_count, 1);
    CHECK(strstr(calls[0].params, "photo") == NULL); /* it comes as an upload */
    answer(&calls[0], TELEGRAM_RETRY, NULL);
    CHECK_INT(call_count, 2);
    answer(&calls[1], TELEGRAM_OK, "{\"message_id\":20,\"photo\":[{\"file_id\":\"known\"}]}");
    struct call *again = next_call();
    CHECK(strstr(again->params, "known") != NULL);
    answer(again, TELEGRAM_OK, "{\"message_id\":21}");
    CHECK_INT(outbox_pending(outbox), 0);
    close_crowd();
}

/* The darkroom hangs: everybody gets the words at once, and the drawings when they are there. */
static void test_drawings(void)
{
    open_crowd_with("drawings");
    CHECK_INT(renders, EXAMPLES); /* from the start on, and once */
    CHECK_INT(play_out(TELEGRAM_OK), 0);
    CHECK_INT(calls_of("sendMessage"), CHATS);
    CHECK_INT(calls_of("sendMediaGroup"), 0);
    struct outbox_row screen = {
        .id = 1000, .chat_id = 1, .kind = "notice", .body = "{\"caption\":\"c\"}", .picture = "example:0"};
    outbox_add(outbox, &screen, 1);
    struct call *call = next_call();
    CHECK_TEXT(call->method, "sendMessage");
    answer(call, TELEGRAM_OK, "{\"message_id\":13}");
    render_all();
    CHECK_INT(renders, EXAMPLES);
    struct outbox_row late = {.id = 1001, .chat_id = 777, .kind = "examples", .body = "{}"};
    outbox_add(outbox, &late, 1);
    CHECK_INT(play_out(TELEGRAM_OK), 1);
    close_crowd();
}

/* The daemon ends while some upload and others wait: nothing is left behind (under LeakSanitizer). */
static void test_closed_early(void)
{
    open_crowd();
    (void)next_call();
    close_crowd();
}

int main(void)
{
    begin("fotoset_test_outbox_pictures");
    CHECK(mkdtemp(dir) != NULL);
    make_examples("finished", "jpg");
    make_examples("drawings", "svg");
    test_one_upload_for_all();
    test_pass_an_album();
    test_uploads_fail();
    test_upload_hangs();
    test_screens_share();
    test_drawings();
    test_closed_early();
    end();
    CHECK_INT(execlp("rm", "rm", "-rf", dir, (char *)NULL), 0);
    return 0;
}
