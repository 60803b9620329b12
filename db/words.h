/* The words that stand for core's enums in the database. A word the bot does not know (the web application's own)
 * reads as the harmless one. */
#ifndef DB_WORDS_H
#define DB_WORDS_H

#include "core/chat.h"

/* Of reference_photos r: a picture of our store, so a set can be made from it. The web application's are links, or
 * whole pictures as data: URLs, of which no more than the beginning is read. */
#define WORDS_PHOTO_IS_OURS "substr(r.image_url, 1, 6) = 'store:'"

enum lang words_lang(const char *word);
enum avatar_status words_avatar_status(const char *word);
enum order_status words_order_status(const char *word);
enum photo_verdict words_verdict(const char *word);
const char *words_of_verdict(enum photo_verdict verdict);
const char *words_of_consent(enum consent consent);
/* PAYMENT_UNTOLD for NULL, and NULL for it. */
enum payment_reason words_payment_reason(const char *word);
const char *words_of_payment_reason(enum payment_reason reason);
/* Of bot_refunds, and of the news of it, where a currency may stand behind it. */
enum refund_why words_refund_why(const char *word);
bool words_refund_in_stars(const char *word);
/* EVENT_NONE for a word that is none, or of a newer program. */
enum event_kind words_event(const char *word);
/* The letters of load.c's jobs: w m q s f. */
enum shot_state words_shot(char letter);

#endif
