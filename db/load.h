/* Loading the chats of a turn: one unit, one round trip, whatever the number of chats, and of each no more than its
 * events need in the state it is in (core/needs.h). */
#ifndef DB_LOAD_H
#define DB_LOAD_H

#include "core/facts.h"
#include "core/needs.h"
#include "db/db.h"

enum { LOAD_ID_BLOCK = 1000 /* ids that one value of the sequence bot_ids stands for */ };

struct load_request {
    int64_t bot_id;            /* Telegram's id of the bot that asks */
    const int64_t *chat_ids;   /* ascending, no duplicates */
    const struct needs *needs; /* of each */
    size_t chat_count;
    const int64_t *object_ids; /* jobs and avatars that events name: loaded, if they belong to their chat */
    size_t object_count;
    const char *const *codes;  /* what was typed and may be a promo code … */
    const int64_t *code_chats; /* … and by whom */
    size_t code_count;
    size_t new_ids[ID_KIND_COUNT]; /* how many ids to draw; ID_OWN in blocks of LOAD_ID_BLOCK */
};

struct load_answer {
    struct chat *chats;                /* chat_count of them, in the order of chat_ids */
    const int64_t *ids[ID_KIND_COUNT]; /* drawn; for ID_OWN the first id of each block */
    size_t id_count[ID_KIND_COUNT];
};

/* Adds the statements; the unit must be empty. */
void load_add(struct db_unit *unit, struct arena *arena, const struct load_request *request);
/* Reads the answers into the arena. */
void load_read(const struct db_result *result, struct arena *arena, const struct load_request *request,
               struct load_answer *ret_answer);

#endif
