/* The words of the endings. Each says what is with the money and what happens next. A reason that is out of its place,
 * or of another version, gets the words that are true of all. */
#include "core/ending.h"

enum text_key ending_unpaid(enum payment_reason reason)
{
    switch (reason) {
    case PAYMENT_FOREIGN: return TEXT_PAY_FOREIGN;
    case PAYMENT_EXPIRED: return TEXT_PAY_EXPIRED;
    case PAYMENT_NO_FUNDS: return TEXT_PAY_NO_FUNDS;
    case PAYMENT_NOT_CONFIRMED: return TEXT_PAY_NOT_CONFIRMED;
    case PAYMENT_CARD_WRONG: return TEXT_PAY_CARD_WRONG;
    case PAYMENT_OVER_LIMIT: return TEXT_PAY_OVER_LIMIT;
    case PAYMENT_OTHER_WAY: return TEXT_PAY_OTHER_WAY;
    case PAYMENT_CALL_BANK: return TEXT_PAY_CALL_BANK;
    case PAYMENT_BANK_AWAY: return TEXT_PAY_BANK_AWAY;
    case PAYMENT_DECLINED: return TEXT_PAY_DECLINED;
    case PAYMENT_UNTOLD:
    case PAYMENT_CONTACT_REFUSED:
    case PAYMENT_LATE:
    case PAYMENT_DOUBLE:
    case PAYMENT_NO_AVATAR:
    case PAYMENT_FORGOTTEN:
    case PAYMENT_OTHER_SUM:
    case PAYMENT_OTHER_ORDER:
    case PAYMENT_OTHER_SHOP:
    case PAYMENT_PLAY_MONEY:
    case PAYMENT_REASON_COUNT: break;
    }
    return TEXT_PAY_UNPAID;
}

enum text_key ending_no_link(enum payment_reason reason)
{
    return reason == PAYMENT_FOREIGN ? TEXT_PAY_FOREIGN : TEXT_PAY_NO_LINK;
}

static enum text_key without_set(enum payment_reason reason)
{
    switch (reason) {
    case PAYMENT_DOUBLE: return TEXT_PAID_DOUBLE;
    case PAYMENT_NO_AVATAR: return TEXT_PAID_NO_AVATAR;
    case PAYMENT_FORGOTTEN: return TEXT_PAID_FORGOTTEN;
    case PAYMENT_OTHER_SUM: return TEXT_PAID_OTHER_SUM;
    case PAYMENT_OTHER_ORDER:
    case PAYMENT_OTHER_SHOP:
    case PAYMENT_PLAY_MONEY:
    case PAYMENT_UNTOLD:
    case PAYMENT_CONTACT_REFUSED:
    case PAYMENT_FOREIGN:
    case PAYMENT_EXPIRED:
    case PAYMENT_NO_FUNDS:
    case PAYMENT_NOT_CONFIRMED:
    case PAYMENT_CARD_WRONG:
    case PAYMENT_OVER_LIMIT:
    case PAYMENT_OTHER_WAY:
    case PAYMENT_CALL_BANK:
    case PAYMENT_BANK_AWAY:
    case PAYMENT_DECLINED:
    case PAYMENT_LATE:
    case PAYMENT_REASON_COUNT: break;
    }
    return TEXT_PAID_HELD;
}

enum text_key ending_paid(enum payment_reason reason, bool is_made)
{
    if (!is_made)
        return without_set(reason);
    return reason == PAYMENT_LATE ? TEXT_NOTICE_PAID_LATE : TEXT_NOTICE_PAID;
}
