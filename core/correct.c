/* People mend a typo by editing the message it stands in, and expect that to be enough. Each function here reads the
 * words anew as their question would, and mends the record that came of them; where the user has gone on to is not
 * touched. Telegram also tells edits that changed nothing we can see: those are met with silence. */
#include "core/correct.h"

#include <string.h>

#include "core/input.h"
#include "core/naming.h"
#include "core/record.h"

bool correct_contact(struct step *step)
{
    const struct chat *chat = step->chat;
    if (chat->session.state == chat->session.answer_state)
        return false;
    const char *contact = input_contact(step->arena, step->event->text);
    if (contact == NULL) {
        step_hint(step, TEXT_CONTACT_BAD, NO_ARGS);
        return true;
    }
    if (chat->user.contact != NULL && strcmp(chat->user.contact, contact) == 0)
        return true;
    record_contact(step, contact);
    /* The receipt of an open payment was ordered with the payment. */
    bool late = chat_order(chat)->id != 0 && chat_order(chat)->status == ORDER_AWAITING;
    step_hint(step, late ? TEXT_CONTACT_CORRECTED_LATE : TEXT_CONTACT_CORRECTED, ARGS(ARG_S("contact", contact)));
    return true;
}

bool correct_name(struct step *step)
{
    struct avatar *avatar = chat_avatar(step->chat, step->chat->session.answer_avatar_id);
    const char *name = input_name(step->arena, step->event->text, AVATAR_NAME_MAX_CHARS);
    if (avatar == NULL || naming_is_question(step))
        return true;
    if (name == NULL) {
        step_hint(step, TEXT_AVATAR_NAME_BAD, ARGS(ARG_N("max", AVATAR_NAME_MAX_CHARS)));
        return true;
    }
    if (strcmp(avatar->name, name) == 0)
        return true;
    record_avatar_name(step, avatar, name);
    step_hint(step, TEXT_AVATAR_NAME_CORRECTED, ARGS(ARG_S("name", name)));
    return true;
}
