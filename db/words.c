/* Enum to stored word and back, each list once. */
#include "db/words.h"

#include <string.h>
#include <strings.h>

static const char *const verdicts[PHOTO_VERDICT_COUNT] = {"pending",     "good",       "duplicate",       "too_small",
                                                          "blurred",     "broken",     "not_image",       "too_big",
                                                          "unreachable", "incomplete", "too_many_pixels", "unreadable"};

static const char *const reasons[PAYMENT_REASON_COUNT] = {
    [PAYMENT_CONTACT_REFUSED] = "contact", [PAYMENT_FOREIGN] = "foreign",      [PAYMENT_EXPIRED] = "expired",
    [PAYMENT_NO_FUNDS] = "no_funds",       [PAYMENT_NOT_CONFIRMED] = "secure", [PAYMENT_CARD_WRONG] = "card",
    [PAYMENT_OVER_LIMIT] = "limit",        [PAYMENT_OTHER_WAY] = "way",        [PAYMENT_CALL_BANK] = "call",
    [PAYMENT_BANK_AWAY] = "away",          [PAYMENT_DECLINED] = "declined",    [PAYMENT_LATE] = "late",
    [PAYMENT_DOUBLE] = "double",           [PAYMENT_NO_AVATAR] = "avatar",     [PAYMENT_FORGOTTEN] = "forgotten",
    [PAYMENT_OTHER_SUM] = "sum",           [PAYMENT_OTHER_ORDER] = "order",    [PAYMENT_OTHER_SHOP] = "shop",
    [PAYMENT_PLAY_MONEY] = "test"};

static const char *const events[EVENT_COUNT] = {[EVENT_PHOTO_READY] = "photo_ready",
                                                [EVENT_PAYMENT_LINK] = "payment_link",
                                                [EVENT_PAYMENT_FAILED] = "payment_failed",
                                                [EVENT_PAYMENT_SETTLED] = "payment_settled",
                                                [EVENT_PAYMENT_CANCELED] = "payment_canceled",
                                                [EVENT_JOB_PROGRESS] = "job_progress",
                                                [EVENT_REFUND_PENDING] = "refund_pending",
                                                [EVENT_REFUND_DONE] = "refund_done",
                                                [EVENT_REFUND_REFUSED] = "refund_refused",
                                                [EVENT_SET_BEGUN] = "set_begun",
                                                [EVENT_SETS_GIVEN] = "sets_given",
                                                [EVENT_MONEY_ODD] = "money_odd",
                                                [EVENT_RECEIPT] = "receipt"};

enum lang words_lang(const char *word)
{
    for (int lang = 0; lang < LANG_COUNT; lang++)
        if (strcmp(word, lang_code((enum lang)lang)) == 0)
            return (enum lang)lang;
    return LANG_RU;
}

enum avatar_status words_avatar_status(const char *word)
{
    if (word != NULL && strcasecmp(word, "processing") == 0)
        return AVATAR_PROCESSING;
    return word != NULL && strcasecmp(word, "ready") == 0 ? AVATAR_READY : AVATAR_DRAFT;
}

enum order_status words_order_status(const char *word)
{
    if (strcmp(word, "paid") == 0)
        return ORDER_PAID;
    return strcmp(word, "awaiting") == 0 ? ORDER_AWAITING : ORDER_CANCELED;
}

enum photo_verdict words_verdict(const char *word)
{
    for (int verdict = 0; verdict < PHOTO_VERDICT_COUNT; verdict++)
        if (word != NULL && strcmp(word, verdicts[verdict]) == 0)
            return (enum photo_verdict)verdict;
    return PHOTO_BROKEN;
}

const char *words_of_verdict(enum photo_verdict verdict)
{
    return verdicts[verdict];
}

const char *words_of_consent(enum consent consent)
{
    static const char *const words[CONSENT_COUNT] = {"offer", "personal_data"};
    return words[consent];
}

enum payment_reason words_payment_reason(const char *word)
{
    for (int reason = PAYMENT_UNTOLD + 1; word != NULL && reason < PAYMENT_REASON_COUNT; reason++)
        if (strcmp(word, reasons[reason]) == 0)
            return (enum payment_reason)reason;
    return PAYMENT_UNTOLD;
}

const char *words_of_payment_reason(enum payment_reason reason)
{
    return reasons[reason];
}

enum refund_why words_refund_why(const char *word)
{
    static const char *const whys[REFUND_WHY_COUNT] = {"double", "avatar", "person", "failed", "undelivered"};
    size_t length = word == NULL ? 0 : strcspn(word, " ");
    for (int why = 0; word != NULL && why < REFUND_WHY_COUNT; why++)
        if (strlen(whys[why]) == length && memcmp(word, whys[why], length) == 0)
            return (enum refund_why)why;
    return REFUND_BY_PERSON;
}

bool words_refund_in_stars(const char *word)
{
    return word != NULL && strcmp(word + strcspn(word, " "), " XTR") == 0;
}

enum event_kind words_event(const char *word)
{
    for (int kind = 0; kind < EVENT_COUNT; kind++)
        if (events[kind] != NULL && strcmp(word, events[kind]) == 0)
            return (enum event_kind)kind;
    return EVENT_NONE;
}

enum shot_state words_shot(char letter)
{
    switch (letter) {
    case 'm': return SHOT_MADE;
    case 'q': return SHOT_QUEUED;
    case 's': return SHOT_SENT;
    case 'f': return SHOT_FAILED;
    default: return SHOT_WAITING;
    }
}
