/* Settings: the language and the contact for receipts. */
#include "core/correct.h"
#include "core/engine.h"
#include "core/record.h"
#include "core/sheet.h"

#define SHEET "settings"

#define STATES(S)                                                                                                      \
    S(settings, "settings", SETTINGS, SETTINGS_HINT, PHOTO_ELSEWHERE, 30 * DAY)                                        \
    S(receipt, "receipt", RECEIPT, CONTACT_HINT, CONTACT_HINT, 7 * DAY)

#define OUTCOMES(O) O(SWITCHED) O(ASK_RECEIPT) O(GIVEN) O(KEPT)

/*      from      on           to        also do */
#define MOVES(M)                                                                                                       \
    M(settings, SWITCHED, settings, switch_language)                                                                   \
    M(settings, ASK_RECEIPT, receipt, nothing)                                                                         \
    M(receipt, GIVEN, settings, keep_contact)                                                                          \
    M(receipt, KEPT, settings, nothing)

#define CORRECTIONS(C) C(receipt, correct_contact)

#include "core/talk/sheet.inc"

static int read_settings(struct turn *turn)
{
    if (turn->event->kind != EVENT_BUTTON)
        return OUT_UNEXPECTED;
    if (press_is(&turn->press, "lang") && turn->press.object < LANG_COUNT)
        return SWITCHED;
    return press_is(&turn->press, "receipt") ? ASK_RECEIPT : OUT_AGAIN;
}

static void show_settings(struct turn *turn)
{
    static const enum text_key languages[LANG_COUNT] = {
        [LANG_RU] = TEXT_BUTTON_RUSSIAN, [LANG_EN] = TEXT_BUTTON_ENGLISH};
    const char *contact = turn->chat->user.contact;
    screen_text(turn, TEXT_SETTINGS,
                ARGS(contact == NULL ? ARG_HTML("contact", turn_text(turn, TEXT_CONTACT_NONE, NO_ARGS))
                                     : ARG_S("contact", contact)));
    for (int lang = 0; lang < LANG_COUNT; lang++) {
        const char *label = turn_text(turn, languages[lang], NO_ARGS);
        if (lang == (int)turn->chat->session.lang)
            label = turn_text(turn, TEXT_BUTTON_CHOSEN, ARGS(ARG_HTML("label", label)));
        screen_button_named(turn, text_plain(turn->arena, label), "lang", lang);
        if (lang > 0)
            screen_beside(turn);
    }
    screen_button(turn, TEXT_BUTTON_CONTACT, "receipt", 0);
    screen_go(turn, TEXT_BUTTON_MENU, "menu", 0);
}

static void switch_language(struct turn *turn)
{
    turn->chat->session.lang = (enum lang)turn->press.object;
}

static int read_receipt(struct turn *turn)
{
    if (turn->event->kind == EVENT_CONTACT && !turn->event->own_contact) {
        turn_hint(turn, TEXT_CONTACT_NOT_OWN, NO_ARGS);
        return OUT_AGAIN;
    }
    if (turn->event->kind != EVENT_TEXT && turn->event->kind != EVENT_CONTACT)
        return OUT_UNEXPECTED;
    if (screen_back_said(turn))
        return KEPT;
    if (turn_contact_said(turn) != NULL)
        return GIVEN;
    turn_hint(turn, TEXT_CONTACT_BAD, NO_ARGS);
    return OUT_AGAIN;
}

static void show_receipt(struct turn *turn)
{
    screen_text(turn, TEXT_RECEIPT, NO_ARGS);
    screen_ask_contact(turn, TEXT_BUTTON_SHARE_PHONE);
}

static void keep_contact(struct turn *turn)
{
    record_contact(turn, turn_contact_said(turn));
}
