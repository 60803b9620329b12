/* Photos that came before they were asked for. They are never asked for twice: they stand in the avatar that the chat
 * is about if its photos are still being collected, else in a new one with the sender's name, which can be changed.
 * Held ones are taken when the consent is there, by the same rule. */
#include "core/taking.h"

#include "core/naming.h"
#include "core/record.h"
#include "core/sheet.h"

/* The draft that the chat was about last, while photos are missing. */
static struct avatar *unfinished(const struct turn *turn)
{
    struct avatar *avatar = chat_avatar(turn->chat, turn->chat->session.avatar_id);
    bool is = avatar != NULL && avatar->status == AVATAR_DRAFT &&
              avatar->good + avatar->pending < turn->rules->photos_min;
    return is ? avatar : NULL;
}

bool taking_has_room(const struct turn *turn, bool go_on)
{
    return (go_on && unfinished(turn) != NULL) || record_avatar_fits(turn);
}

static struct avatar *take_avatar(struct turn *turn, bool go_on)
{
    if (!go_on || unfinished(turn) == NULL)
        record_avatar(turn, naming_own(turn));
    return chat_avatar(turn->chat, turn->chat->session.avatar_id);
}

void taking_photo(struct turn *turn, bool go_on)
{
    record_photo(turn, take_avatar(turn, go_on));
}

/* They were sent while the photos of this avatar were collected. */
static struct avatar *collecting(const struct turn *turn)
{
    const struct state *at = turn->resume;
    bool collects = at == &state_photos || at == &state_photos_clear || at == &state_style;
    return collects ? chat_avatar(turn->chat, turn->chat->session.avatar_id) : NULL;
}

/* Who was asked for a name makes a new one. */
static bool may_go_on(const struct turn *turn)
{
    return turn->resume != &state_avatar_name;
}

bool taking_held_has_room(const struct turn *turn)
{
    return collecting(turn) != NULL || taking_has_room(turn, may_go_on(turn));
}

void taking_held(struct turn *turn)
{
    struct avatar *avatar = collecting(turn);
    if (turn->chat->held_count == 0)
        return;
    record_held_take(turn, avatar != NULL ? avatar : take_avatar(turn, may_go_on(turn)));
}
