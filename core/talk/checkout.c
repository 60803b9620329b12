/* Checkout: the receipt's contact (asked once), the summary, a promo code, the payment link.
 *
 * An order is made by one press, for the price the catalogue has at that moment; a second press of the same button is
 * stale, because the state has moved. Whoever orders the same again gets the link that still works, and whoever has too
 * many orders open is shown the oldest: to be paid, or canceled, which leads back to the new one. The link arrives as
 * news once YooKassa answered, that to Telegram's stars likewise; the money as news whenever it comes: also after
 * "cancel", also after the link's time. What costs nothing (core/offer.h) is ordered by another button, and begins
 * without a payment and without a contact. Whoever asks to look hears within seconds what was seen, or that nothing
 * was: by the look's own news, or, when YooKassa does not answer, by the wish to be woken.
 *
 * Reason: one conversation, from the summary to the money, is to be read in one piece. */
#include <string.h>

#include "core/bug.h"
#include "core/correct.h"
#include "core/ending.h"
#include "core/form.h"
#include "core/offer.h"
#include "core/record.h"
#include "core/sheet.h"

#define SHEET "checkout"

#define STATES(S)                                                                                                      \
    S(contact, "contact", CONTACT, CONTACT_HINT, CONTACT_HINT, 7 * DAY, USER, 0, 0)                                    \
    S(checkout, "checkout", CHECKOUT, CHECKOUT_HINT, PHOTO_ELSEWHERE, 7 * DAY, USER,                                   \
      FACT_AVATARS | FACT_ORDER | FACT_OPEN | FACT_OFFERS, 0)                                                          \
    S(promo, "promo", PROMO, PROMO_HINT, PROMO_HINT, 7 * DAY, USER, FACT_OPEN | FACT_OFFERS, 0)                        \
    S(pay, "pay", PAY, PAY_HINT, PAY_HINT, DAY, USER, FACT_ORDER, VOICE_PAYMENTS)

#define OUTCOMES(O)                                                                                                    \
    O(GIVEN)                                                                                                           \
    O(KEPT)                                                                                                            \
    O(CHANGE_CONTACT)                                                                                                  \
    O(OTHER_STYLE)                                                                                                     \
    O(NO_CONSENT)                                                                                                      \
    O(HAS_CODE)                                                                                                        \
    O(CODE_FITS)                                                                                                       \
    O(CODE_OVER)                                                                                                       \
    O(TAKE)                                                                                                            \
    O(ORDER) O(ORDERED) O(TOO_MANY) O(GONE) O(NO_LINK) O(BAD_CONTACT) O(PAID) O(STUCK) O(UNPAID) O(GIVE_UP) O(MADE_ROOM)

/*      from      on              to        also do */
#define MOVES(M)                                                                                                       \
    M(contact, GIVEN, checkout, keep_contact)                                                                          \
    M(contact, KEPT, checkout, nothing)                                                                                \
    M(contact, OTHER_STYLE, style, nothing)                                                                            \
    M(checkout, CHANGE_CONTACT, contact, nothing)                                                                      \
    M(checkout, OTHER_STYLE, style, nothing)                                                                           \
    M(checkout, NO_CONSENT, checkout, nothing)                                                                         \
    M(checkout, HAS_CODE, promo, nothing)                                                                              \
    M(promo, CODE_FITS, checkout, nothing)                                                                             \
    M(promo, KEPT, checkout, nothing)                                                                                  \
    M(checkout, CODE_OVER, checkout, drop_code)                                                                        \
    M(checkout, TAKE, making, order)                                                                                   \
    M(checkout, GONE, menu, say_gone)                                                                                  \
    M(checkout, ORDER, pay, order)                                                                                     \
    M(checkout, ORDERED, pay, offer_again)                                                                             \
    M(checkout, TOO_MANY, pay, offer_oldest)                                                                           \
    M(pay, NO_LINK, checkout, say_no_link)                                                                             \
    M(pay, BAD_CONTACT, contact, say_contact_refused)                                                                  \
    M(pay, PAID, making, follow_job)                                                                                   \
    M(pay, STUCK, menu, say_stuck)                                                                                     \
    M(pay, UNPAID, checkout, say_unpaid)                                                                               \
    M(pay, GIVE_UP, menu, give_up)                                                                                     \
    M(pay, MADE_ROOM, checkout, give_up)

#define CORRECTIONS(C) C(contact, correct_contact)

#include "core/talk/sheet.inc"

enum {
    LOOK_MS = 2500, /* so long a look at the payment may take before something is said */
    OPEN_MAX = 3    /* orders that one chat may have open */
};

static int read_contact(struct step *step)
{
    enum event_kind kind = step->event->kind;
    if (kind == EVENT_CONTACT && !step->event->own_contact) {
        step_hint(step, TEXT_CONTACT_NOT_OWN, NO_ARGS);
        return OUT_AGAIN;
    }
    if (kind != EVENT_TEXT && kind != EVENT_CONTACT)
        return OUT_UNEXPECTED;
    if (screen_back_said(step))
        return step->chat->user.contact == NULL ? OTHER_STYLE : KEPT;
    if (step_contact_said(step) != NULL)
        return GIVEN;
    step_hint(step, TEXT_CONTACT_BAD, NO_ARGS);
    return OUT_AGAIN;
}

static void show_contact(struct step *step)
{
    screen_text(step, TEXT_CONTACT, NO_ARGS);
    screen_ask_contact(step, TEXT_BUTTON_SHARE_PHONE);
}

static void keep_contact(struct step *step)
{
    record_contact(step, step_contact_said(step));
}

static bool is_open(const struct step *step, const struct order *order)
{
    return order->link == NULL || order->link_until_ms > step->now_ms;
}

/* Is that the contact that the user has given? It may have been mended since, or be wanted no more. */
static bool is_given(const struct step *step, const char *contact)
{
    const char *given = step->chat->user.contact;
    return given != NULL && strcmp(contact, given) == 0;
}

/* An open order of just what is offered, with the same contact for its receipt; NULL if there is none. */
static const struct order *ordered(struct step *step, const struct offer *offer)
{
    const struct session *session = &step->chat->session;
    const struct orders *orders = chat_open(step->chat);
    for (size_t i = 0; i < orders->count; i++) {
        const struct order *open = &orders->list[i];
        bool same = open->avatar_id == session->avatar_id && strcmp(open->style_id, offer->style->id) == 0;
        bool as_now = offer_is_of(offer, open) && (open->contact == NULL || is_given(step, open->contact));
        if (same && as_now && is_open(step, open))
            return open;
    }
    return NULL;
}

static int32_t count_open(const struct step *step)
{
    const struct orders *orders = chat_open(step->chat);
    int32_t count = 0;
    for (size_t i = 0; i < orders->count; i++)
        count += is_open(step, &orders->list[i]);
    return count;
}

static const struct order *oldest_open(const struct step *step)
{
    const struct orders *orders = chat_open(step->chat);
    for (size_t i = 0; i < orders->count; i++)
        if (is_open(step, &orders->list[i]))
            return &orders->list[i];
    bug("too many orders, and none of them open");
}

/* For money. */
static int read_order(struct step *step, const struct offer *offer)
{
    if (step->chat->user.contact == NULL &&
        !step->rules->receipts_in_chat) /* it was taken out of the database meanwhile */
        return CHANGE_CONTACT;
    if (ordered(step, offer) != NULL)
        return ORDERED;
    if (offer->verdict != PROMO_FITS)
        return CODE_OVER;
    return count_open(step) >= OPEN_MAX ? TOO_MANY : ORDER;
}

static int read_checkout(struct step *step)
{
    struct offer offer;
    if (step->event->kind != EVENT_BUTTON)
        return OUT_UNEXPECTED;
    if (press_is(&step->press, "contact"))
        return CHANGE_CONTACT;
    if (press_is(&step->press, "style"))
        return OTHER_STYLE;
    if (press_is(&step->press, "code"))
        return HAS_CODE;
    if (press_is(&step->press, "pack")) /* one there is not is as none */
        step->chat->session.form.sets = step->press.object > 0 && step->press.object <= PACK_SETS_MAX
                                            ? step->press.object
                                            : 0;
    bool take = press_is(&step->press, "take");
    if (!take && !press_is(&step->press, "order"))
        return OUT_AGAIN;
    if (!record_may_keep(step)) /* it is asked for before the summary comes again */
        return NO_CONSENT;
    if (!offer_now(step, &step->chat->session.form, &offer))
        return GONE;
    if (take != (offer.price_kopecks == 0)) /* not what the button said any more: it is shown as it is now */
        return OUT_AGAIN;
    if (!take)
        return read_order(step, &offer);
    return offer.verdict == PROMO_FITS ? TAKE : CODE_OVER;
}

/* The ways to another price, while there is one. */
static void show_offers(struct step *step, const struct offer *offer)
{
    const struct rules *rules = step->rules;
    for (size_t i = 0; i < rules->pack_count; i++)
        if (rules->packs[i].sets != offer->sets)
            screen_button_named(step,
                                step_plain(step, TEXT_BUTTON_PACK,
                                           ARGS(ARG_N("sets", rules->packs[i].sets),
                                                ARG_S("price", step_money(step, rules->packs[i].price_kopecks)))),
                                "pack", rules->packs[i].sets);
    if (offer->sets > 1)
        screen_button(step, TEXT_BUTTON_ONE_SET, "pack", 0);
    else if (chat_has_promos(step->chat))
        screen_button(step, TEXT_BUTTON_CODE, "code", 0);
}

/* What it costs nothing by. */
static const char *gift(struct step *step, const struct offer *offer, const struct order *order_)
{
    return offer->grant.id == 0 ? offer_price(step, order_)
                                : step_text(step, TEXT_SETS_LEFT, ARGS(ARG_N("sets", offer_sets_left(step))));
}

static void show_summary(struct step *step, const struct offer *offer)
{
    const struct style *style = offer->style;
    bool in_chat = step->rules->receipts_in_chat;
    const char *contact = in_chat ? NULL : step->chat->user.contact;
    enum text_key no_contact = in_chat ? TEXT_RECEIPT_HERE : TEXT_CONTACT_NONE;
    const struct avatar *avatar = chat_avatar(step->chat, step->chat->session.avatar_id);
    struct order would_be = {.price_kopecks = offer->price_kopecks,
                             .before_kopecks = offer->before_kopecks,
                             .promo = offer->promo == NULL ? NULL : offer->promo->code,
                             .sets = offer->sets};
    const char *name = style->name[step->chat->session.lang], *price = step_money(step, offer->price_kopecks);
    if (offer->price_kopecks == 0) {
        screen_text(step, TEXT_CHECKOUT_FREE,
                    ARGS(ARG_S("style", name), ARG_S("avatar", avatar->name), ARG_N("photos", style->photo_count),
                         ARG_HTML("price", gift(step, offer, &would_be))));
        screen_button(step, TEXT_BUTTON_TAKE, "take", 0);
        screen_primary(step);
        return;
    }
    screen_text(
        step, TEXT_CHECKOUT,
        ARGS(ARG_S("style", name), ARG_S("avatar", avatar->name), ARG_N("photos", style->photo_count),
             ARG_HTML("price", offer_price(step, &would_be)),
             contact == NULL ? ARG_HTML("contact", step_text(step, no_contact, NO_ARGS)) : ARG_S("contact", contact)));
    screen_button_named(step, step_plain(step, TEXT_BUTTON_ORDER, ARGS(ARG_S("price", price))), "order", 0);
    screen_primary(step);
    show_offers(step, offer);
    if (!in_chat)
        screen_button(step, TEXT_BUTTON_CONTACT, "contact", 0);
}

/* Why the code does not do, put above what is shown next. */
static void say_code(struct step *step, enum promo_verdict verdict, const char *code)
{
    static const enum text_key why[PROMO_VERDICT_COUNT] = {[PROMO_FITS] = TEXT_PROMO_UNKNOWN,
                                                           [PROMO_UNKNOWN] = TEXT_PROMO_UNKNOWN,
                                                           [PROMO_NOT_BEGUN] = TEXT_PROMO_NOT_BEGUN,
                                                           [PROMO_OVER] = TEXT_PROMO_OVER,
                                                           [PROMO_USED_UP] = TEXT_PROMO_USED_UP,
                                                           [PROMO_USED_BY_YOU] = TEXT_PROMO_USED_BY_YOU,
                                                           [PROMO_OTHER_STYLE] = TEXT_PROMO_OTHER_STYLE,
                                                           [PROMO_WAITS] = TEXT_PROMO_WAITS};
    step_hint(step, why[verdict], ARGS(ARG_S("code", code)));
}

static void show_checkout(struct step *step)
{
    struct offer offer;
    if (!offer_now(step, &step->chat->session.form, &offer)) {
        screen_text(step, TEXT_CHECKOUT_GONE, NO_ARGS);
        screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
        return;
    }
    show_summary(step, &offer);
    screen_button(step, TEXT_BUTTON_OTHER_STYLE, "style", 0);
    if (offer.price_kopecks > 0)
        screen_beside(step);
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
}

static void drop_code(struct step *step)
{
    struct form *form = &step->chat->session.form;
    const char *code = arena_copy(step->arena, form->promo);
    const struct style *style = style_find(step->rules->styles, step->chat->session.style_id);
    say_code(step, promo_judge(chat_promo(step->chat, code), style->id, step->now_ms), code);
    form_put(form->promo, sizeof form->promo, "");
}

/* An open order that uses the code already; NULL if there is none. */
static const struct order *order_with(const struct step *step, const char *code)
{
    const struct orders *orders = chat_open(step->chat);
    for (size_t i = 0; i < orders->count; i++)
        if (is_open(step, &orders->list[i]) && orders->list[i].promo != NULL &&
            strcmp(orders->list[i].promo, code) == 0)
            return &orders->list[i];
    return NULL;
}

/* Whoever types a code again that their open order of the same has is led back to that order. */
static enum promo_verdict judge_code(struct step *step, const char *code)
{
    const struct session *session = &step->chat->session;
    enum promo_verdict verdict = promo_judge(chat_promo(step->chat, code), session->style_id, step->now_ms);
    const struct order *open = verdict == PROMO_FITS ? NULL : order_with(step, code);
    if (open == NULL)
        return verdict;
    bool same = open->avatar_id == session->avatar_id && strcmp(open->style_id, session->style_id) == 0;
    return same ? PROMO_FITS : PROMO_WAITS;
}

static int read_promo(struct step *step)
{
    struct form *form = &step->chat->session.form;
    if (step->event->kind == EVENT_BUTTON)
        return press_is(&step->press, "back") ? KEPT : OUT_AGAIN;
    if (step->event->kind != EVENT_TEXT)
        return OUT_UNEXPECTED;
    const char *code = promo_code(step->arena, step->event->text);
    enum promo_verdict verdict = code == NULL ? PROMO_UNKNOWN : judge_code(step, code);
    if (verdict != PROMO_FITS) {
        say_code(step, verdict, code == NULL ? "" : code);
        return OUT_AGAIN;
    }
    form_put(form->promo, sizeof form->promo, code);
    form->sets = 0;
    return CODE_FITS;
}

static void show_promo(struct step *step)
{
    screen_text(step, TEXT_PROMO, NO_ARGS);
    screen_button(step, TEXT_BUTTON_BACK, "back", 0);
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
    screen_beside(step);
}

static void say_gone(struct step *step)
{
    step_hint(step, TEXT_CHECKOUT_GONE, NO_ARGS);
}

static void order(struct step *step)
{
    struct offer offer;
    if (!offer_now(step, &step->form, &offer))
        bug("an order of what is gone");
    record_order(step, &offer);
}

static void offer_again(struct step *step)
{
    struct offer offer;
    if (!offer_now(step, &step->form, &offer))
        bug("an order of what is gone");
    record_order_take(step, ordered(step, &offer));
}

static void offer_oldest(struct step *step)
{
    const struct order *oldest = oldest_open(step);
    const struct style *style = style_find(step->rules->styles, oldest->style_id);
    const struct avatar *avatar = chat_avatar(step->chat, oldest->avatar_id);
    step_hint(step, TEXT_PAY_TOO_MANY,
              ARGS(ARG_N("orders", count_open(step)),
                   ARG_S("style", style == NULL ? oldest->style_id : style->name[step->chat->session.lang]),
                   ARG_S("avatar", avatar == NULL ? "…" : avatar->name)));
    record_order_take(step, oldest);
}

/* Another order stood in the way of the one that the session is about. */
static bool is_in_the_way(const struct step *step)
{
    const struct session *session = &step->chat->session;
    const struct order *order = chat_order(step->chat);
    return order->id != 0 &&
           (order->avatar_id != session->avatar_id || strcmp(order->style_id, session->style_id) != 0);
}

static bool is_ours(const struct step *step)
{
    return step->event->object == step->chat->session.order_id;
}

/* The contact that the order was made with. */
static bool is_still_given(const struct step *step)
{
    const char *ordered = chat_order(step->chat)->contact;
    return ordered != NULL && is_given(step, ordered);
}

/* A look found no money. Only the first one since the user asked is told. */
static int read_pending(struct step *step)
{
    struct session *session = &step->chat->session;
    if (!is_ours(step) || session->refresh_at_ms == 0)
        return OUT_QUIET;
    if (chat_order(step->chat)->link_until_ms <= step->now_ms)
        return UNPAID;
    session->refresh_at_ms = 0;
    step_hint(step, TEXT_PAY_NOT_YET, NO_ARGS);
    return OUT_AGAIN;
}

/* What became of the payment of this order. */
static int read_news(struct step *step)
{
    enum event_kind kind = step->event->kind;
    if (kind == EVENT_PAYMENT_PENDING)
        return read_pending(step);
    if (!is_ours(step))
        return kind == EVENT_PAYMENT_SETTLED ? OUT_UNEXPECTED : OUT_QUIET;
    if (kind == EVENT_PAYMENT_LINK)
        return OUT_AGAIN;
    if (kind == EVENT_PAYMENT_SETTLED && step->event->reason == PAYMENT_DOUBLE)
        return OUT_UNEXPECTED; /* not what is waited for here: the first one is told by itself */
    if (kind == EVENT_PAYMENT_SETTLED)
        return step->event->other != 0 ? PAID : STUCK;
    if (kind == EVENT_PAYMENT_CANCELED)
        return UNPAID;
    return step->event->reason == PAYMENT_CONTACT_REFUSED && is_still_given(step) ? BAD_CONTACT : NO_LINK;
}

static int read_pay(struct step *step)
{
    if (event_is_news(step->event))
        return read_news(step);
    if (step->event->kind != EVENT_BUTTON) {
        if (chat_order(step->chat)->link == NULL) /* there is no button yet */
            step_hint(step, TEXT_PAY_SOON, NO_ARGS);
        return OUT_UNEXPECTED;
    }
    if (press_is(&step->press, "cancel"))
        return is_in_the_way(step) ? MADE_ROOM : GIVE_UP;
    if (press_is(&step->press, "paid") && chat_order(step->chat)->id != 0) {
        step_effect(step, EFFECT_PAYMENT_CHECK)->payment_check.order_id = chat_order(step->chat)->id;
        step_answer(step, TEXT_PAY_CHECKING);
        step_refresh_at(step, step->now_ms + LOOK_MS);
    }
    return OUT_QUIET;
}

static void offer_stars(struct step *step, const struct order *order_)
{
    if (order_->stars == 0 || order_->invoice == NULL)
        return;
    const char *price = step_stars(step, order_->stars);
    screen_link(step, step_plain(step, TEXT_BUTTON_PAY_STARS, ARGS(ARG_S("price", price))), order_->invoice);
}

static void show_pay(struct step *step)
{
    const struct order *order_ = chat_order(step->chat);
    const char *price = step_money(step, order_->price_kopecks);
    if (step->event->kind == EVENT_WAKE) /* the look takes longer than anybody waits */
        step_hint(step, TEXT_PAY_NOT_YET, NO_ARGS);
    if (order_->link == NULL) {
        screen_text(step, TEXT_PAY_PREPARING, ARGS(ARG_S("price", price)));
        offer_stars(step, order_);
        screen_button(step, TEXT_BUTTON_GIVE_UP, "cancel", 0);
        screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
        screen_beside(step);
        return;
    }
    const char *until = step_clock(step, order_->link_until_ms);
    if (order_->sets > 1)
        screen_text(step, TEXT_PAY_PACK,
                    ARGS(ARG_S("price", price), ARG_N("sets", order_->sets), ARG_S("until", until)));
    else
        screen_text(step, TEXT_PAY,
                    ARGS(ARG_HTML("price", offer_price(step, order_)), ARG_N("photos", order_->photo_count),
                         ARG_S("until", until)));
    screen_link(step, step_plain(step, TEXT_BUTTON_PAY, ARGS(ARG_S("price", price))), order_->link);
    screen_primary(step);
    offer_stars(step, order_);
    screen_button(step, TEXT_BUTTON_PAID, "paid", 0);
    screen_button(step, TEXT_BUTTON_GIVE_UP, "cancel", 0);
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
    screen_beside(step);
}

static void say_no_link(struct step *step)
{
    step_hint(step, ending_no_link(step->event->reason), NO_ARGS);
}

/* The same contact would be refused again, so it is forgotten; all else of the order stands in the session. */
static void say_contact_refused(struct step *step)
{
    step_hint(step, TEXT_CONTACT_REFUSED, ARGS(ARG_S("contact", chat_order(step->chat)->contact)));
    step->replace = true;
    record_contact(step, NULL);
}

static void say_unpaid(struct step *step)
{
    bool over = step->event->kind == EVENT_PAYMENT_PENDING; /* the link's time, by the clock: it may be paid yet */
    step_hint(step, over ? TEXT_PAY_LINK_OVER : ending_unpaid(step->event->reason), NO_ARGS);
}

/* Money arrived while the user was away in the payment page: the news must be seen, so it is a message of its own. */
static void follow_job(struct step *step)
{
    step->chat->session.job_id = step->event->other;
    step_call_back(step);
}

static void say_stuck(struct step *step)
{
    step_hint(step, ending_paid(step->event->reason, false), NO_ARGS);
    step_call_back(step);
}

static void give_up(struct step *step)
{
    record_order_cancel(step);
    step_hint(step, TEXT_PAY_CANCELED, NO_ARGS);
}
