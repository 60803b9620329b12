/* Photos that came before they were asked for. They are never asked for twice: they stand in the avatar that the chat
 * is about if its photos are still being collected, else in a new one with the sender's name, which can be changed.
 * Held ones are taken when the consent is there, by the same rule. */
#include "core/taking.h"

#include "core/naming.h"
#include "core/record.h"
#include "core/sheet.h"

/* The draft that the chat was about last, while photos are missing. */
static struct avatar *unfinished(const struct step *step)
{
    struct avatar *avatar = chat_avatar(step->chat, step->chat->session.avatar_id);
    bool is = avatar != NULL && avatar->status == AVATAR_DRAFT &&
              avatar->good + avatar->pending < step->rules->photos_min;
    return is ? avatar : NULL;
}

bool taking_has_room(const struct step *step, bool go_on)
{
    return (go_on && unfinished(step) != NULL) || record_avatar_fits(step);
}

static struct avatar *take_avatar(struct step *step, bool go_on)
{
    if (!go_on || unfinished(step) == NULL)
        record_avatar(step, naming_own(step));
    return chat_avatar(step->chat, step->chat->session.avatar_id);
}

void taking_photo(struct step *step, bool go_on)
{
    record_photo(step, take_avatar(step, go_on));
}

/* They were sent while the photos of this avatar were collected. */
static struct avatar *collecting(const struct step *step)
{
    const struct state *at = step->resume;
    bool collects = at == &state_photos || at == &state_photos_clear || at == &state_style;
    return collects ? chat_avatar(step->chat, step->chat->session.avatar_id) : NULL;
}

/* Who was asked for a name makes a new one. */
static bool may_go_on(const struct step *step)
{
    return step->resume != &state_avatar_name;
}

bool taking_held_has_room(const struct step *step)
{
    return collecting(step) != NULL || taking_has_room(step, may_go_on(step));
}

void taking_held(struct step *step)
{
    struct avatar *avatar = collecting(step);
    if (chat_held(step->chat)->count == 0)
        return;
    record_held_take(step, avatar != NULL ? avatar : take_avatar(step, may_go_on(step)));
}
