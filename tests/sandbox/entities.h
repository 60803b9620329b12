/* Entities of a styled text, as a parser finds them. */
#ifndef TESTS_SANDBOX_ENTITIES_H
#define TESTS_SANDBOX_ENTITIES_H

#include <stddef.h>

struct entity {
    const char *type;    /* static */
    char *argument;      /* url, language, custom_emoji_id or unix_time; NULL when none */
    size_t from, length; /* UTF-16 units */
};

struct entities {
    struct entity *list;
    size_t count, room;
};

/* One of no length is left out. The argument is copied; an empty one is none. */
void entities_add(struct entities *entities, const char *type, const char *argument, size_t from, size_t length);
/* The text without spaces at its ends and the entities of what is left as a JSON array (NULL when none), both new. */
void entities_finish(struct entities *entities, const char *text, char **ret_text, char **ret_entities);
void entities_done(struct entities *entities);

#endif
