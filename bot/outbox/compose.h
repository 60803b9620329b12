/* From core's message to the parameters of a Bot API call, and the splicing of chat and message into them. */
#ifndef BOT_OUTBOX_COMPOSE_H
#define BOT_OUTBOX_COMPOSE_H

#include "core/arena.h"
#include "core/effect.h"

/* A JSON object: text or caption (with a picture), parse_mode, reply_markup; without chat_id and the like. */
const char *compose_message(struct arena *arena, const struct message *message);

/* "[0,1,2]" */
const char *compose_indexes(struct arena *arena, const uint8_t *indexes, size_t count);
/* Back from it: how many, at most ALBUM_MAX. */
size_t compose_read_indexes(const char *text, uint8_t ret_indexes[ALBUM_MAX]);

/* The parameters of a new message: body with {"chat_id":…,"message_thread_id":…} put before its own members; thread_id
 * 0 = without. malloc'ed. */
char *compose_send(const char *body, int64_t chat_id, int64_t thread_id);
/* Those of a call about a message: body with {"chat_id":…,"message_id":…}. malloc'ed. */
char *compose_call(const char *body, int64_t chat_id, int64_t message_id);
/* The parameters of editMessageMedia for a photo: body's caption moves into the media. photo is a file id or
 * "attach://…". malloc'ed. */
char *compose_media_edit(const char *body, int64_t chat_id, int64_t message_id, const char *photo);
/* The same of sendPhoto: with the photo; photo NULL = it comes as an uploaded part. malloc'ed. */
char *compose_photo(const char *body, int64_t chat_id, int64_t thread_id, const char *photo);
/* The body of a picture's message for a message without it: the caption is the text. malloc'ed. */
char *compose_text(const char *body);
/* body without its parse_mode: the last resort when our escaping was wrong. malloc'ed. */
char *compose_plain(const char *body);

#endif
