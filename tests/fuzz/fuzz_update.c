/* The body of getUpdates. Whatever the bytes: a batch that keeps decode.h's promises, or a refusal. */
#include "bot/services/telegram/decode.h"
#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void check_file(const struct event *event)
{
    must(event->file.file_id != NULL && strlen(event->file.file_id) <= EVENT_FILE_ID_MAX_BYTES);
    must(event->file.file_unique_id != NULL && event->file.file_unique_id[0] != '\0');
    must(event->file.size_bytes >= 0 && event->file.width >= 0 && event->file.height >= 0);
}

static void check_event(const struct event *event)
{
    must(event->kind < EVENT_COUNT);
    must(event->kind == EVENT_NONE || event->chat_id > 0);
    must(event->text == NULL || strlen(event->text) <= EVENT_TEXT_MAX_BYTES);
    if (event->kind == EVENT_COMMAND)
        must(event->command != NULL && event->command[0] != '\0' && event->text != NULL);
    if (event->kind == EVENT_TEXT || event->kind == EVENT_CONTACT)
        must(event->text != NULL && event->message_id > 0);
    if (event->kind == EVENT_BUTTON)
        must(event->callback_id != NULL && event->message_id > 0 && strlen(event->text) <= EVENT_CALLBACK_MAX_BYTES);
    if (event->kind == EVENT_PHOTO || event->kind == EVENT_DOCUMENT)
        check_file(event);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct telegram_batch batch;
    arena_init(&arena);
    if (telegram_decode(&arena, (const char *)data, size, &batch) == ERR_OK) {
        must(batch.count <= TELEGRAM_BATCH_MAX && (batch.count == 0) == (batch.next_offset == 0));
        for (size_t i = 0; i < batch.count; i++) {
            const struct telegram_update *update = &batch.updates[i];
            must(update->update_id > 0 && update->update_id < batch.next_offset);
            must(update->event.update_id == update->update_id);
            must(update->why == NULL || (update->event.kind == EVENT_NONE && update->raw != NULL));
            must(update->raw_bytes <= TELEGRAM_POISON_MAX_BYTES);
            check_event(&update->event);
        }
    }
    arena_done(&arena);
    return 0;
}
