/* Settings: the language and the contact for receipts. */
#include "core/correct.h"
#include "core/record.h"
#include "core/sheet.h"

#define SHEET "settings"

#define STATES(S)                                                                                                      \
    S(settings, "settings", SETTINGS, SETTINGS_HINT, PHOTO_ELSEWHERE, 30 * DAY, USER, 0, 0)                            \
    S(receipt, "receipt", RECEIPT, CONTACT_HINT, CONTACT_HINT, 7 * DAY, USER, 0, 0)

#define OUTCOMES(O) O(SWITCHED) O(ASK_RECEIPT) O(GIVEN) O(KEPT)

/*      from      on           to        also do */
#define MOVES(M)                                                                                                       \
    M(settings, SWITCHED, settings, switch_language)                                                                   \
    M(settings, ASK_RECEIPT, receipt, nothing)                                                                         \
    M(receipt, GIVEN, settings, keep_contact)                                                                          \
    M(receipt, KEPT, settings, nothing)

#define CORRECTIONS(C) C(receipt, correct_contact)

#include "core/talk/sheet.inc"

static int read_settings(struct step *step)
{
    if (step->event->kind != EVENT_BUTTON)
        return OUT_UNEXPECTED;
    if (press_is(&step->press, "lang") && step->press.object < LANG_COUNT)
        return SWITCHED;
    return press_is(&step->press, "receipt") ? ASK_RECEIPT : OUT_AGAIN;
}

static void show_settings(struct step *step)
{
    static const enum text_key languages[LANG_COUNT] = {
        [LANG_RU] = TEXT_BUTTON_RUSSIAN, [LANG_EN] = TEXT_BUTTON_ENGLISH};
    bool in_chat = step->rules->receipts_in_chat;
    const char *contact = in_chat ? NULL : step->chat->user.contact;
    enum text_key no_contact = in_chat ? TEXT_RECEIPT_HERE : TEXT_CONTACT_NONE;
    screen_text(
        step, TEXT_SETTINGS,
        ARGS(contact == NULL ? ARG_HTML("contact", step_text(step, no_contact, NO_ARGS)) : ARG_S("contact", contact)));
    for (int lang = 0; lang < LANG_COUNT; lang++) {
        const char *label = step_text(step, languages[lang], NO_ARGS);
        if (lang == (int)step->chat->session.lang)
            label = step_text(step, TEXT_BUTTON_CHOSEN, ARGS(ARG_HTML("label", label)));
        screen_button_named(step, text_plain(step->arena, label), "lang", lang);
        if (lang > 0)
            screen_beside(step);
    }
    if (!in_chat)
        screen_button(step, TEXT_BUTTON_CONTACT, "receipt", 0);
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
}

static void switch_language(struct step *step)
{
    step->chat->session.lang = (enum lang)step->press.object;
}

static int read_receipt(struct step *step)
{
    if (step->event->kind == EVENT_CONTACT && !step->event->own_contact) {
        step_hint(step, TEXT_CONTACT_NOT_OWN, NO_ARGS);
        return OUT_AGAIN;
    }
    if (step->event->kind != EVENT_TEXT && step->event->kind != EVENT_CONTACT)
        return OUT_UNEXPECTED;
    if (screen_back_said(step))
        return KEPT;
    if (step_contact_said(step) != NULL)
        return GIVEN;
    step_hint(step, TEXT_CONTACT_BAD, NO_ARGS);
    return OUT_AGAIN;
}

static void show_receipt(struct step *step)
{
    screen_text(step, TEXT_RECEIPT, NO_ARGS);
    screen_ask_contact(step, TEXT_BUTTON_SHARE_PHONE);
}

static void keep_contact(struct step *step)
{
    record_contact(step, step_contact_said(step));
}
