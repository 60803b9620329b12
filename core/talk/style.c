/* Choosing a style: one card with its cover, leafed through. */
#include "core/record.h"
#include "core/sheet.h"

#define SHEET "style"

#define STATES(S) S(style, "style", STYLE, STYLE_HINT, PHOTO_ELSEWHERE, 30 * DAY, USER, FACT_AVATARS, 0)

#define OUTCOMES(O) O(CHOSEN) O(CHOSEN_NO_CONTACT) O(BACK)

/*      from   on                 to        also do */
#define MOVES(M)                                                                                                       \
    M(style, CHOSEN, checkout, choose)                                                                                 \
    M(style, CHOSEN_NO_CONTACT, contact, choose)                                                                       \
    M(style, BACK, photos, nothing)

#include "core/talk/sheet.inc"

static size_t page(const struct step *step)
{
    size_t count = step->rules->styles->count, at = (size_t)step->chat->session.form.page;
    return at < count ? at : 0;
}

static int read_style(struct step *step)
{
    size_t count = step->rules->styles->count;
    struct avatar *avatar = chat_avatar(step->chat, step->chat->session.avatar_id);
    if (event_is_photo(step->event) && avatar != NULL) {
        record_photo(step, avatar); /* the rest of an album, sent before "done" was pressed */
        return OUT_QUIET;
    }
    if (step->event->kind != EVENT_BUTTON)
        return OUT_UNEXPECTED;
    if (press_is(&step->press, "leaf")) {
        step->chat->session.form.page = (int64_t)((uint64_t)step->press.object % count);
        return OUT_AGAIN;
    }
    if (press_is(&step->press, "photos"))
        return BACK;
    if (press_is(&step->press, "choose") && (uint64_t)step->press.object < count)
        return step->chat->user.contact == NULL && !step->rules->receipts_in_chat && offer_sets_left(step) == 0
                   ? CHOSEN_NO_CONTACT
                   : CHOSEN;
    return OUT_AGAIN;
}

static void show_style(struct step *step)
{
    const struct style_catalogue *styles = step->rules->styles;
    size_t at = page(step);
    const struct style *style = &styles->styles[at];
    enum lang lang = step->chat->session.lang;
    screen_text(step, TEXT_STYLE,
                ARGS(ARG_S("name", style->name[lang]), ARG_S("description", style->description[lang]),
                     ARG_N("photos", style->photo_count), ARG_S("price", step_money(step, style->price_kopecks)),
                     ARG_N("page", (int64_t)at + 1), ARG_N("pages", (int64_t)styles->count)));
    screen_picture(step, arena_format(step->arena, "style:%s", style->id));
    screen_button(step, TEXT_BUTTON_CHOOSE, "choose", (int64_t)at);
    screen_primary(step);
    if (styles->count > 1) {
        screen_button(step, TEXT_BUTTON_PREVIOUS, "leaf", (int64_t)((at + styles->count - 1) % styles->count));
        screen_button(step, TEXT_BUTTON_NEXT, "leaf", (int64_t)((at + 1) % styles->count));
        screen_beside(step);
    }
    if (step->chat->session.from_card)
        screen_go(step, TEXT_BUTTON_BACK, "card", step->chat->session.avatar_id);
    else /* the first style of a new avatar: its photos are what came before */
        screen_button(step, TEXT_BUTTON_BACK, "photos", 0);
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
    screen_beside(step);
}

/* The index comes from a button, so it was checked against the catalogue; the id is what is kept. */
static void choose(struct step *step)
{
    record_style_choice(step, step->rules->styles->styles[step->press.object].id);
}
