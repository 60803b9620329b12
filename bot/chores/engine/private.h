/* What the engine's files share: engine.c keeps the lists and says who is next, wake.c hears who wants what done,
 * load.c reads rows for HOLD_BOT, lease.c claims them for HOLD_LEASE, verbs.c is what chores say, commit.c brings ends
 * into the database, rows.c is the table errands.
 *
 * An errand is in exactly one place (enum where), and only place_move() of engine.c takes it to another. */
#ifndef BOT_CHORES_ENGINE_PRIVATE_H
#define BOT_CHORES_ENGINE_PRIVATE_H

#include <stddef.h>
#include <sys/queue.h>
#include "bot/base/random.h"
#include "bot/chores/engine.h"

#include "db/claim.h"

enum {
    ENGINE_BASE_MS = 1000, /* back-off of what is nobody's fault but ours: the database, a chore's trouble */
    ENGINE_CAP_MS = 60 * 1000,
    ENGINE_REFUSED_CAP_MS = 10 * 60 * 1000, /* … of an end that a table refuses: its owner has to mend it */
    ENGINE_LEASES_MAX = 128,                /* at once of one chore: they are renewed in one statement */
    ENGINE_LOUD = 5,                        /* failures in a row of a whole chore are an error */
    ENGINE_HINT_EVERY_MS = 500              /* between two calls for one errand that hints lead to, at least */
};

enum where {
    ASIDE,   /* waits for due_ms */
    IN_LINE, /* waits for its turn */
    REFUSED, /* HOLD_BOT: its end is refused by a table, and tried again at due_ms. It holds no place, so that it keeps
                nobody waiting; with HOLD_LEASE it does: nothing more is made that could not be recorded */
    /* From here on it is busy: */
    READING,    /* its row is read */
    RUNNING,    /* begun: a verb is awaited */
    COMMITTING, /* its end is under way */
    UNHEARD     /* … was not taken, as far as is known: again at due_ms */
};

enum line { LINE_FIRST /* new or asked for */, LINE_LOOKS, LINE_COUNT };

/* The engine's side of an errand. */
struct errand_place {
    struct errand errand;
    struct desk *desk; /* NULL: let go; only the answer to its call is awaited */
    TAILQ_ENTRY(errand_place) in_line;
    enum where where;
    enum line line;
    bool is_read;  /* the fields above hold what its row says */
    bool calling;  /* the other side has the word */
    bool renewing; /* its lease is in the statement that is under way */
    int tries;     /* to commit its end */
    bool refused;  /* … which a table does not take */
    int statement; /* READING: of its row */
    int64_t due_ms;
    int64_t asked_ms;  /* when somebody last asked; 0 = nobody did */
    int64_t called_ms; /* when the other side was last called; 0 = it was not */
};
TAILQ_HEAD(line_head, errand_place);

/* A chore at work. */
struct desk {
    struct engine *engine; /* NULL: this chore was not added */
    enum chore_name name;
    enum chore_hold hold;
    struct chore chore;
    const struct chore_table *table;
    void *table_self;
    bool is_open, pumping;
    struct errand_place **known; /* ascending by id; two of one id may be there after a lost lease */
    size_t count, capacity;
    struct line_head lines[LINE_COUNT];
    int firsts; /* taken from the first line in a row */
    size_t busy;
    int64_t rest_until_ms;           /* nothing begins before */
    int troubles, database_failures; /* in a row */
    /* HOLD_BOT */
    struct errand_place **reading; /* room for at_once */
    size_t reading_count;
    bool is_reading;    /* their rows are being read */
    bool more, loading; /* the database has some that are not known; it is being asked for them */
    /* HOLD_LEASE */
    bool claiming, again; /* again: woken meanwhile */
    int wanted, claim_at; /* of the claim that is under way: how many, and in which statement */
    char token[RANDOM_UUID_BYTES];
    bool renewing;
    int64_t look_at_ms, renew_at_ms; /* INT64_MAX = not planned */
    int64_t claimed_ms;              /* when the last claim was made */
};

struct engine {
    struct engine_ports ports;
    struct desk desks[CHORE_COUNT];
};

/* ---- engine.c ---- */

const char *desk_name(const struct desk *desk);
void desk_step(const struct desk *desk, enum chore_step step);
int64_t desk_now_ms(const struct desk *desk);
bool desk_stopping(const struct desk *desk);
/* Open, not resting, not stopping. */
bool desk_may_begin(const struct desk *desk);
void desk_timer(struct desk *desk, int64_t at_ms, timers_fn *due, int64_t object);
/* Begins what may begin, loads or claims more. */
void desk_pump(struct desk *desk);

/* NULL: not known. */
struct errand_place *place_find(const struct desk *desk, int64_t id);
/* A new place for what is only named: its row is to be read. */
struct errand_place *place_new(struct desk *desk, int64_t id);
/* A new place for what the row holds; NULL: it is none of the chore's, or known (HOLD_BOT). */
struct errand_place *place_of_row(struct desk *desk, const struct chore_row *row);
void place_free(struct errand_place *place);
void place_move(struct errand_place *place, enum where where);
void place_put_in_line(struct errand_place *place, enum line line);
/* ASIDE, REFUSED or UNHEARD, for so long. */
void place_wait(struct errand_place *place, enum where where, int64_t wait_ms);
/* Fills it from its row. False: it is none of the chore's. */
bool place_read(struct errand_place *place, const struct chore_row *row);
/* Calls begin(). row may be NULL. */
void place_begin(struct errand_place *place, const struct chore_row *row);
/* It leaves memory. Does not pump. */
void place_drop(struct errand_place *place);

/* ---- the others ---- */

/* Rows for HOLD_BOT are read in one statement each, in one unit at a time. */
bool load_is_reading(const struct desk *desk);
void load_row(struct errand_place *place);
/* What load_row collected leaves, and more is loaded if there is room. */
void load_submit(struct desk *desk);

/* HOLD_LEASE: asks for as many as there are free places. */
void lease_claim(struct desk *desk);
/* There may be something to claim: now, or, if the chore has time, after a while with what else there is then. */
void lease_wake(struct desk *desk);
/* Chores whose rows others make, too, claim, unless they did so lately. */
void lease_look_around(struct engine *engine);

/* Nothing begins for a while, at least least_ms. *failures counts those in a row, and what comes while the chore rests
 * as one with what made it rest; the first is told, and the fifth louder. */
void desk_rest(struct desk *desk, int *failures, int64_t least_ms, const char *doing, const char *why);
/* The errand is as if it had not been claimed. */
void verbs_give_back(struct errand *errand, const char *why);

/* Tells the database errand->end, again and again until it has heard. */
void commit(struct errand_place *place);

/* The table errands; its self is the desk. rows_add_end: what becomes of the row. */
extern const struct chore_table errands_table;
void rows_add_end(struct db_unit *unit, struct arena *arena, const struct errand *errand);

#endif
