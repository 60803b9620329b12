/* What can happen to a chat: the core's only input besides what was loaded. Decoders (bot/telegram) and the shell
 * make events; sheets and readers look at them. Text is UTF-8, 0-terminated, owned by the turn's arena. */
#ifndef CORE_EVENT_H
#define CORE_EVENT_H

#include <stdbool.h>
#include <stdint.h>

enum {
    EVENT_TEXT_MAX_BYTES = 16 * 1024, /* a message of 4096 UTF-16 units needs at most 12,288 bytes of UTF-8 */
    EVENT_CALLBACK_MAX_BYTES = 64,
    EVENT_RECEIPT_BYTES = 64,
    EVENT_FILE_ID_MAX_BYTES = 256,
    EVENT_THREAD_UNKNOWN = -1
};

enum event_kind {
    EVENT_NONE,            /* an update that asks nothing of us: the offset moves on, nothing else happens */
    EVENT_COMMAND,         /* text starting with '/': command (lower case, no slash, no @bot) and argument (text) */
    EVENT_TEXT,            /* any other text message */
    EVENT_PHOTO,           /* a photo: file, media_group */
    EVENT_DOCUMENT,        /* a file sent as document: file, media_group */
    EVENT_CONTACT,         /* a shared contact: text is the phone number, own_contact says it is the sender's */
    EVENT_OTHER,           /* a message of a kind no conversation takes: sticker, voice, location … */
    EVENT_BUTTON,          /* a press on an inline button: callback_id, text is callback_data */
    EVENT_STARS_PAID,      /* the user paid with stars: text is the invoice's payload, charge_id, currency, object = how
                            * many */
    EVENT_STARS_REFUNDED,  /* … and has them back: the same */
    EVENT_BLOCKED,         /* my_chat_member: the user blocked the bot */
    EVENT_UNBLOCKED,       /* my_chat_member: the user came back */
    EVENT_WAKE,            /* a time this session asked for has come */
    EVENT_PHOTO_READY,     /* a reference photo was fetched and examined: object = photo id, verdict */
    EVENT_PAYMENT_LINK,    /* the payment was created: object = order id (its link is in what was loaded) */
    EVENT_PAYMENT_FAILED,  /* the payment could not be created: object = order id, reason */
    EVENT_PAYMENT_SETTLED, /* money arrived: object = order id, other = the job, 0 = nothing can be made for it */
    EVENT_PAYMENT_CANCELED, /* the payment ended without money: object = order id, reason */
    EVENT_PAYMENT_PENDING,  /* the user asked to look, and there is no money yet: object = order id */
    EVENT_JOB_PROGRESS,     /* a photo of a set was made or failed for good: object = job id */
    EVENT_DELIVERED,        /* an album reached the chat: object = job id */
    EVENT_REFUND_PENDING,   /* money is on its way back: object = order id, other = kopecks, refund_why */
    EVENT_REFUND_DONE,      /* … went back: the same */
    EVENT_REFUND_REFUSED,   /* … does not go back for now, and it is gone on with: the same */
    EVENT_SET_BEGUN,        /* a set that costs nothing is being made: object = job id, other = order id */
    EVENT_SETS_GIVEN,       /* so many sets are a gift to the user: object */
    EVENT_MONEY_ODD,        /* to the owner: so many rows of money are not as they must be, or wait: object */
    EVENT_RECEIPT,          /* a receipt was registered: object = order id, other = its sum in kopecks, receipt */
    EVENT_COUNT
};

/* What the darkroom said of a reference photo. Order and names are stored (db) by name, see photo_verdict_name. */
enum photo_verdict {
    PHOTO_PENDING, /* not examined yet */
    PHOTO_GOOD,
    PHOTO_DUPLICATE, /* the same picture is already among the photos of this avatar */
    PHOTO_TOO_SMALL, /* shorter side under the minimum */
    PHOTO_BLURRED,
    PHOTO_BROKEN,          /* no decoder makes anything of it */
    PHOTO_NOT_IMAGE,       /* wrong magic bytes */
    PHOTO_TOO_BIG,         /* over the download limit */
    PHOTO_UNREACHABLE,     /* Telegram does not give the file any more */
    PHOTO_INCOMPLETE,      /* its end is missing */
    PHOTO_TOO_MANY_PIXELS, /* more than can be decoded in the memory there is */
    PHOTO_UNREADABLE,      /* our decoders can't, within their limits; another one may */
    PHOTO_VERDICT_COUNT
};

/* Which end a payment came to, as far as it helps the payer to know. Stored by name (db/words.c), told in the words of
 * core/ending.c. */
enum payment_reason {
    PAYMENT_UNTOLD,
    /* Why there is no payment: */
    PAYMENT_CONTACT_REFUSED, /* YooKassa does not take the receipt's address or number */
    PAYMENT_FOREIGN,         /* what our link leads to is another order's */
    PAYMENT_EXPIRED,         /* nobody paid in time */
    PAYMENT_NO_FUNDS,
    PAYMENT_NOT_CONFIRMED, /* 3-D Secure */
    PAYMENT_CARD_WRONG,    /* its number, date or code */
    PAYMENT_OVER_LIMIT,
    PAYMENT_OTHER_WAY, /* this card, or this way to pay, will not do */
    PAYMENT_CALL_BANK, /* the bank wants to be asked */
    PAYMENT_BANK_AWAY, /* … does not answer */
    PAYMENT_DECLINED,  /* … does not say why */
    /* What is to be said of money that came: */
    PAYMENT_LATE,      /* after its end was told: the set is made all the same */
    PAYMENT_DOUBLE,    /* a second one of its order: it goes back */
    PAYMENT_NO_AVATAR, /* there is nothing any more to make photos of: it goes back */
    PAYMENT_FORGOTTEN, /* its set went with the avatar before it was made: a person looks, as at all that follow */
    PAYMENT_OTHER_SUM,
    PAYMENT_OTHER_ORDER,
    PAYMENT_OTHER_SHOP,
    PAYMENT_PLAY_MONEY, /* … for real money, or the other way round */
    PAYMENT_REASON_COUNT
};

/* Why money goes back. Stored by name (db/words.c). */
enum refund_why {
    REFUND_OF_DOUBLE,      /* its order was paid by another payment */
    REFUND_OF_AVATAR,      /* there was no avatar any more to make photos of */
    REFUND_BY_PERSON,      /* a person decided it */
    REFUND_OF_FAILED,      /* photos could not be made */
    REFUND_OF_UNDELIVERED, /* … were made, and Telegram does not take them */
    REFUND_WHY_COUNT
};

struct event_file {
    const char *file_id;
    const char *file_unique_id;
    int64_t size_bytes;    /* 0 = unknown */
    int32_t width, height; /* 0 = unknown (documents) */
    bool as_photo;         /* sent as a photo, not as a file: Telegram shows it by its id */
};

struct event {
    enum event_kind kind;
    int64_t update_id;         /* 0 when it did not come from getUpdates */
    int64_t chat_id;           /* always a private chat; equals the user's id */
    int64_t message_id;        /* of the incoming message, or of the message whose button was pressed; 0 = none */
    int64_t thread_id;         /* the topic it was said in, or pressed; 0 = none; or EVENT_THREAD_UNKNOWN */
    int64_t date_s;            /* Telegram's date of the message, unix seconds; 0 = unknown */
    const char *language_code; /* IETF tag as Telegram gave it, or NULL */
    const char *first_name;    /* of the sender, or NULL; user-made: escape it */
    const char *username;      /* without @, or NULL */
    const char *command;       /* EVENT_COMMAND only */
    const char *text;          /* see the kinds; never NULL for COMMAND ("" without argument), TEXT, BUTTON, CONTACT */
    const char *callback_id;   /* EVENT_BUTTON */
    const char *charge_id;     /* EVENT_STARS_…: what Telegram calls the payment */
    const char *currency;      /* … */
    const char *media_group;   /* media_group_id, or NULL */
    bool own_contact;
    bool edited;            /* EVENT_COMMAND, EVENT_TEXT: what an earlier message says now */
    struct event_file file; /* EVENT_PHOTO, EVENT_DOCUMENT */
    int64_t news_id;        /* its row, which goes when it is told; 0 = it has none. See event_is_kept */
    bool asked;             /* EVENT_PAYMENT_…: the answer to a look that the user asked for, so it has no row */
    int64_t object;         /* see the kinds */
    int64_t other;          /* EVENT_PAYMENT_SETTLED: the job id, 0 = none; EVENT_SET_BEGUN: the order id;
                                EVENT_REFUND_…, EVENT_RECEIPT: kopecks */
    enum photo_verdict verdict;
    enum payment_reason reason;        /* EVENT_PAYMENT_FAILED, _CANCELED, _SETTLED */
    enum refund_why refund_why;        /* EVENT_REFUND_… */
    bool in_stars;                     /* … and other is Telegram's stars, not kopecks */
    char receipt[EVENT_RECEIPT_BYTES]; /* EVENT_RECEIPT: whose, and its number: "INN/NUMBER" */
};

/* Who speaks. A state says whom it hears (its sheet); the clock and what people do in the chat is heard by all. The
 * shop speaks beside all conversations: no state hears it (core/news.c). */
enum voice { VOICE_NONE = 0, VOICE_CHAT = 1, VOICE_PHOTOS = 2, VOICE_PAYMENTS = 4, VOICE_SETS = 8, VOICE_SHOP = 16 };

/* VOICE_NONE: no state is asked. */
enum voice event_voice(enum event_kind kind);
/* From outside, not something the user did? */
bool event_is_news(const struct event *event);
/* A message or a press. */
bool event_is_from_user(const struct event *event);
bool event_is_message(const struct event *event);
bool event_is_photo(const struct event *event);
/* Is it written down when it becomes true, so that it is told once whatever dies in between? */
bool event_is_kept(enum event_kind kind);

#endif
