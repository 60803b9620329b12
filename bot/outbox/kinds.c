/* One row a kind: all that differs between them is said here or in the sender. */
#include "bot/outbox/kinds.h"

#include <string.h>

#include "bot/outbox/lane.h"

static const struct kind kinds[] = {
    {.word = "screen", .line = LINE_WORDS, .send = screen_send, .is_living = true},
    {.word = "news", .line = LINE_WORDS, .send = screen_send, .is_living = true, .matters = true},
    {.word = "notice", .line = LINE_WORDS, .send = screen_send, .matters = true},
    {.word = "examples", .line = LINE_WORDS, .send = examples_send},
    {.word = "album", .line = LINE_SETS, .send = album_send, .put_back = album_put_back, .is_album = true},
    {.word = "again", .line = LINE_SETS, .send = album_send, .is_album = true, .repeat = REPEAT_PHOTOS},
    {.word = OUTBOX_AGAIN_END, .line = LINE_SETS, .send = screen_send, .matters = true, .repeat = REPEAT_PHOTOS},
    {.word = "files", .line = LINE_SETS, .send = album_send, .is_album = true, .repeat = REPEAT_FILES},
    {.word = OUTBOX_FILES_END, .line = LINE_SETS, .send = screen_send, .matters = true, .repeat = REPEAT_FILES},
};

const struct kind *kind_of(const char *word)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].word, word) == 0)
            return &kinds[i];
    return NULL;
}
