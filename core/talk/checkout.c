/* Checkout: the receipt's contact (asked once), the summary, the payment link.
 *
 * An order is made by one press, for the price the catalogue has at that moment; a second press of the same button is
 * stale, because the state has moved. The link arrives as news once YooKassa answered, the money as news whenever it
 * comes: also after "cancel", also after the link's time. Whoever asks to look hears within seconds what was seen, or
 * that nothing was: by the look's own news, or, when YooKassa does not answer, by the wish to be woken. */
#include <string.h>

#include "core/correct.h"
#include "core/engine.h"
#include "core/record.h"
#include "core/sheet.h"

#define SHEET "checkout"

#define STATES(S)                                                                                                      \
    S(contact, "contact", CONTACT, CONTACT_HINT, CONTACT_HINT, 7 * DAY)                                                \
    S(checkout, "checkout", CHECKOUT, CHECKOUT_HINT, PHOTO_ELSEWHERE, 7 * DAY)                                         \
    S(pay, "pay", PAY, PAY_HINT, PAY_HINT, DAY)

#define OUTCOMES(O)                                                                                                    \
    O(GIVEN)                                                                                                           \
    O(KEPT)                                                                                                            \
    O(CHANGE_CONTACT)                                                                                                  \
    O(OTHER_STYLE) O(NO_CONSENT) O(ORDER) O(GONE) O(NO_LINK) O(BAD_CONTACT) O(PAID) O(STUCK) O(UNPAID) O(GIVE_UP)

/*      from      on              to        also do */
#define MOVES(M)                                                                                                       \
    M(contact, GIVEN, checkout, keep_contact)                                                                          \
    M(contact, KEPT, checkout, nothing)                                                                                \
    M(contact, OTHER_STYLE, style, nothing)                                                                            \
    M(checkout, CHANGE_CONTACT, contact, nothing)                                                                      \
    M(checkout, OTHER_STYLE, style, nothing)                                                                           \
    M(checkout, NO_CONSENT, checkout, nothing)                                                                         \
    M(checkout, GONE, menu, say_gone)                                                                                  \
    M(checkout, ORDER, pay, order)                                                                                     \
    M(pay, NO_LINK, checkout, say_no_link)                                                                             \
    M(pay, BAD_CONTACT, contact, say_contact_refused)                                                                  \
    M(pay, PAID, making, follow_job)                                                                                   \
    M(pay, STUCK, menu, say_stuck)                                                                                     \
    M(pay, UNPAID, checkout, say_unpaid)                                                                               \
    M(pay, GIVE_UP, menu, give_up)

#define CORRECTIONS(C) C(contact, correct_contact)

#include "core/talk/sheet.inc"

enum { LOOK_MS = 2500 /* so long a look at the payment may take before something is said */ };

static int read_contact(struct turn *turn)
{
    enum event_kind kind = turn->event->kind;
    if (kind == EVENT_CONTACT && !turn->event->own_contact) {
        turn_hint(turn, TEXT_CONTACT_NOT_OWN, NO_ARGS);
        return OUT_AGAIN;
    }
    if (kind != EVENT_TEXT && kind != EVENT_CONTACT)
        return OUT_UNEXPECTED;
    if (screen_back_said(turn))
        return turn->chat->user.contact == NULL ? OTHER_STYLE : KEPT;
    if (turn_contact_said(turn) != NULL)
        return GIVEN;
    turn_hint(turn, TEXT_CONTACT_BAD, NO_ARGS);
    return OUT_AGAIN;
}

static void show_contact(struct turn *turn)
{
    screen_text(turn, TEXT_CONTACT, NO_ARGS);
    screen_ask_contact(turn, TEXT_BUTTON_SHARE_PHONE);
}

static void keep_contact(struct turn *turn)
{
    record_contact(turn, turn_contact_said(turn));
}

/* What the order would be, or NULL if the avatar or the style is gone meanwhile. */
static const struct style *offered(struct turn *turn)
{
    if (chat_avatar(turn->chat, turn->chat->session.avatar_id) == NULL)
        return NULL;
    return style_find(turn->rules->styles, turn->chat->session.style_id);
}

static int read_checkout(struct turn *turn)
{
    if (turn->event->kind != EVENT_BUTTON)
        return OUT_UNEXPECTED;
    if (press_is(&turn->press, "contact"))
        return CHANGE_CONTACT;
    if (press_is(&turn->press, "style"))
        return OTHER_STYLE;
    if (!press_is(&turn->press, "order"))
        return OUT_AGAIN;
    if (turn->chat->user.contact == NULL) /* it was taken out of the database meanwhile */
        return CHANGE_CONTACT;
    if (!record_may_keep(turn)) /* it is asked for before the summary comes again */
        return NO_CONSENT;
    return offered(turn) == NULL ? GONE : ORDER;
}

static void show_checkout(struct turn *turn)
{
    struct avatar *avatar = chat_avatar(turn->chat, turn->chat->session.avatar_id);
    const struct style *style = offered(turn);
    const char *contact = turn->chat->user.contact;
    if (style == NULL) {
        screen_text(turn, TEXT_CHECKOUT_GONE, NO_ARGS);
        screen_go(turn, TEXT_BUTTON_MENU, "menu", 0);
        return;
    }
    const char *price = turn_money(turn, style->price_kopecks);
    screen_text(turn, TEXT_CHECKOUT,
                ARGS(ARG_S("style", style->name[turn->chat->session.lang]), ARG_S("avatar", avatar->name),
                     ARG_N("photos", style->photo_count), ARG_S("price", price),
                     contact == NULL ? ARG_HTML("contact", turn_text(turn, TEXT_CONTACT_NONE, NO_ARGS))
                                     : ARG_S("contact", contact)));
    screen_button_named(turn, turn_plain(turn, TEXT_BUTTON_ORDER, ARGS(ARG_S("price", price))), "order", 0);
    screen_primary(turn);
    screen_button(turn, TEXT_BUTTON_CONTACT, "contact", 0);
    screen_button(turn, TEXT_BUTTON_OTHER_STYLE, "style", 0);
    screen_beside(turn);
    screen_go(turn, TEXT_BUTTON_MENU, "menu", 0);
}

static void say_gone(struct turn *turn)
{
    turn_hint(turn, TEXT_CHECKOUT_GONE, NO_ARGS);
}

static void order(struct turn *turn)
{
    record_order(turn, offered(turn));
}

static bool is_ours(const struct turn *turn)
{
    return turn->event->object == turn->chat->session.order_id;
}

/* The contact that the order was made with: it may have been mended since. */
static bool is_still_given(const struct turn *turn)
{
    const char *ordered = turn->chat->order.contact, *given = turn->chat->user.contact;
    return ordered != NULL && given != NULL && strcmp(ordered, given) == 0;
}

/* A look found no money. Only the first one since the user asked is told. */
static int read_pending(struct turn *turn)
{
    struct session *session = &turn->chat->session;
    if (!is_ours(turn) || session->refresh_at_ms == 0)
        return OUT_QUIET;
    if (turn->chat->order.link_until_ms <= turn->now_ms)
        return UNPAID;
    session->refresh_at_ms = 0;
    turn_hint(turn, TEXT_PAY_NOT_YET, NO_ARGS);
    return OUT_AGAIN;
}

static int read_pay(struct turn *turn)
{
    switch ((int)turn->event->kind) {
    case EVENT_PAYMENT_LINK: return is_ours(turn) ? OUT_AGAIN : OUT_QUIET;
    case EVENT_PAYMENT_FAILED:
        if (!is_ours(turn))
            return OUT_QUIET;
        return turn->event->reason == PAYMENT_CONTACT_REFUSED && is_still_given(turn) ? BAD_CONTACT : NO_LINK;
    case EVENT_PAYMENT_PENDING: return read_pending(turn);
    case EVENT_PAYMENT_SETTLED:
        if (!is_ours(turn))
            return OUT_UNEXPECTED;
        return turn->event->other != 0 ? PAID : STUCK;
    case EVENT_PAYMENT_CANCELED: return is_ours(turn) ? UNPAID : OUT_QUIET;
    case EVENT_BUTTON: break;
    default:
        if (turn->chat->order.link == NULL) /* there is no button yet */
            turn_hint(turn, TEXT_PAY_SOON, NO_ARGS);
        return OUT_UNEXPECTED;
    }
    if (press_is(&turn->press, "cancel"))
        return GIVE_UP;
    if (press_is(&turn->press, "paid") && turn->chat->order.id != 0) {
        turn_effect(turn, EFFECT_PAYMENT_CHECK)->object = turn->chat->order.id;
        turn_answer(turn, TEXT_PAY_CHECKING);
        turn_refresh_at(turn, turn->now_ms + LOOK_MS);
    }
    return OUT_QUIET;
}

static void show_pay(struct turn *turn)
{
    const struct order *order_ = &turn->chat->order;
    const char *price = turn_money(turn, order_->price_kopecks);
    if (turn->event->kind == EVENT_WAKE) /* the look takes longer than anybody waits */
        turn_hint(turn, TEXT_PAY_NOT_YET, NO_ARGS);
    if (order_->link == NULL) {
        screen_text(turn, TEXT_PAY_PREPARING, ARGS(ARG_S("price", price)));
        screen_button(turn, TEXT_BUTTON_GIVE_UP, "cancel", 0);
        screen_go(turn, TEXT_BUTTON_MENU, "menu", 0);
        screen_beside(turn);
        return;
    }
    screen_text(turn, TEXT_PAY,
                ARGS(ARG_S("price", price), ARG_N("photos", order_->photo_count),
                     ARG_S("until", turn_clock(turn, order_->link_until_ms))));
    screen_link(turn, turn_plain(turn, TEXT_BUTTON_PAY, ARGS(ARG_S("price", price))), order_->link);
    screen_primary(turn);
    screen_button(turn, TEXT_BUTTON_PAID, "paid", 0);
    screen_button(turn, TEXT_BUTTON_GIVE_UP, "cancel", 0);
    screen_go(turn, TEXT_BUTTON_MENU, "menu", 0);
    screen_beside(turn);
}

static void say_no_link(struct turn *turn)
{
    turn_hint(turn, TEXT_PAY_NO_LINK, NO_ARGS);
}

/* The same contact would be refused again, so it is forgotten; all else of the order stands in the session. */
static void say_contact_refused(struct turn *turn)
{
    turn_hint(turn, TEXT_CONTACT_REFUSED, ARGS(ARG_S("contact", turn->chat->order.contact)));
    turn->replace = true;
    record_contact(turn, NULL);
}

static void say_unpaid(struct turn *turn)
{
    static const enum text_key why[PAYMENT_REASON_COUNT] = {[PAYMENT_UNTOLD] = TEXT_PAY_UNPAID,
                                                            [PAYMENT_CONTACT_REFUSED] = TEXT_PAY_UNPAID,
                                                            [PAYMENT_EXPIRED] = TEXT_PAY_EXPIRED,
                                                            [PAYMENT_NO_FUNDS] = TEXT_PAY_NO_FUNDS,
                                                            [PAYMENT_NOT_CONFIRMED] = TEXT_PAY_NOT_CONFIRMED,
                                                            [PAYMENT_CARD_WRONG] = TEXT_PAY_CARD_WRONG,
                                                            [PAYMENT_OVER_LIMIT] = TEXT_PAY_OVER_LIMIT,
                                                            [PAYMENT_DECLINED] = TEXT_PAY_DECLINED};
    bool over = turn->event->kind == EVENT_PAYMENT_PENDING; /* the link's time, by the clock */
    turn_hint(turn, over ? TEXT_PAY_EXPIRED : why[turn->event->reason], NO_ARGS);
}

/* Money arrived while the user was away in the payment page: the news must be seen, so it is a message of its own. */
static void follow_job(struct turn *turn)
{
    turn->chat->session.job_id = turn->event->other;
    turn->fresh = turn->replace = true;
}

static void say_stuck(struct turn *turn)
{
    turn_hint(turn, TEXT_PAID_STUCK, NO_ARGS);
    turn->fresh = turn->replace = true;
}

static void give_up(struct turn *turn)
{
    record_order_cancel(turn);
    turn_hint(turn, TEXT_PAY_CANCELED, NO_ARGS);
}
