/* The pictures of the shop (style covers, the greeting's examples): uploaded once, afterwards sent by Telegram's file
 * id, which is kept in sent_files. */
#ifndef BOT_OUTBOX_PICTURES_H
#define BOT_OUTBOX_PICTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "bot/outbox/outbox.h"

struct pictures;

enum { PICTURES_MAX = 64 };

/* What to send: file_id, or the bytes of a JPEG; both NULL when the picture can't be had now. The bytes are lent: the
 * others who ask wait until pictures_learn or pictures_give_back, for a while. */
struct picture {
    const char *name;
    const char *file_id;
    const void *jpeg; /* borrowed during the callback; the names and ids are there to stay */
    size_t bytes;
    bool is_coming; /* it is being drawn: to be had later, but not for this message */
};
typedef void pictures_fn(void *ctx, const struct picture *picture);

/* Finds the covers of ports->styles and <styles_dir>/examples/ (.jpg, .jpeg, .png, .svg), in the order of their
 * names. */
struct pictures *pictures_new(const struct outbox_ports *ports);
void pictures_free(struct pictures *pictures); /* accepts NULL */
/* "style:<id>" or "example:<number from 0>"; got is called exactly once: at once, or when the one who uploads it is
 * done; never later because of a drawing. */
void pictures_get(struct pictures *pictures, const char *name, pictures_fn *got, void *ctx);
/* It was lent, and Telegram did not take it: somebody else may try. */
void pictures_give_back(struct pictures *pictures, const char *name);
/* Telegram took it: from now on it goes by this id. False if it had an id before, or is none of
 * ours. */
bool pictures_learn(struct pictures *pictures, const char *name, const char *file_id);
/* Telegram does not take its id any more. False if it had none. */
bool pictures_forget(struct pictures *pictures, const char *name);
/* Has drawn what is no JPEG and not known to Telegram, so that the first user sees it. */
void pictures_warm(struct pictures *pictures);
size_t pictures_example_count(const struct pictures *pictures);

#endif
