/* What kinds of events have in common. */
#include "core/event.h"

enum voice event_voice(enum event_kind kind)
{
    switch (kind) {
    case EVENT_COMMAND:
    case EVENT_TEXT:
    case EVENT_PHOTO:
    case EVENT_DOCUMENT:
    case EVENT_CONTACT:
    case EVENT_OTHER:
    case EVENT_BUTTON:
    case EVENT_WAKE: return VOICE_CHAT;
    case EVENT_PHOTO_READY: return VOICE_PHOTOS;
    case EVENT_PAYMENT_LINK:
    case EVENT_PAYMENT_FAILED:
    case EVENT_PAYMENT_SETTLED:
    case EVENT_PAYMENT_CANCELED:
    case EVENT_PAYMENT_PENDING: return VOICE_PAYMENTS;
    case EVENT_SET_BEGUN:
    case EVENT_JOB_PROGRESS:
    case EVENT_DELIVERED: return VOICE_SETS;
    case EVENT_REFUND_PENDING:
    case EVENT_REFUND_DONE:
    case EVENT_REFUND_REFUSED:
    case EVENT_SETS_GIVEN:
    case EVENT_MONEY_ODD:
    case EVENT_RECEIPT: return VOICE_SHOP;
    case EVENT_NONE:
    case EVENT_STARS_PAID:
    case EVENT_STARS_REFUNDED:
    case EVENT_BLOCKED:
    case EVENT_UNBLOCKED:
    case EVENT_COUNT: break;
    }
    return VOICE_NONE;
}

bool event_is_news(const struct event *event)
{
    return (event_voice(event->kind) & (VOICE_PHOTOS | VOICE_PAYMENTS | VOICE_SETS | VOICE_SHOP)) != 0;
}

bool event_is_from_user(const struct event *event)
{
    return event_voice(event->kind) == VOICE_CHAT && event->kind != EVENT_WAKE;
}

bool event_is_message(const struct event *event)
{
    return event_is_from_user(event) && event->kind != EVENT_BUTTON;
}

bool event_is_photo(const struct event *event)
{
    return event->kind == EVENT_PHOTO || event->kind == EVENT_DOCUMENT;
}

bool event_is_kept(enum event_kind kind)
{
    return kind == EVENT_PHOTO_READY || kind == EVENT_PAYMENT_LINK || kind == EVENT_PAYMENT_FAILED ||
           kind == EVENT_PAYMENT_SETTLED || kind == EVENT_PAYMENT_CANCELED || kind == EVENT_JOB_PROGRESS ||
           kind == EVENT_REFUND_PENDING || kind == EVENT_REFUND_DONE || kind == EVENT_REFUND_REFUSED ||
           kind == EVENT_SET_BEGUN || kind == EVENT_SETS_GIVEN || kind == EVENT_MONEY_ODD || kind == EVENT_RECEIPT;
}
