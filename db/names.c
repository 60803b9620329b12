/* Which statements a connection sends by name. Parsing and planning the same texts again and again is a third of what
 * Postgres spends on a turn; a prepared statement saves it. Texts are told apart by their hash, and so are names, so
 * that a name means the same text whoever prepared it.
 *
 * A text is prepared behind the unit that used it the second time, in a unit of our own: a Parse that fails harms
 * nobody. Nothing is prepared until the server has told its process id and it was the one of the handshake: a pooler
 * makes up its own, and behind one in transaction mode names would be prepared here and used there. Should a name get
 * lost all the same (26000), or be there before we gave it (42P05: it would mean the same text, but the server's
 * connection is not ours alone), names are given up for the process's life. After DDL that changes what a statement
 * answers (0A000) they are given up until the next connection. DDL that doesn't is noticed by Postgres itself.
 *
 * A plan for all values is made for the tables as they are at that time, and kept until somebody analyzes them: one
 * made for fifty rows reads the whole table for weeks. So a name is renewed whenever its uses have doubled, as its
 * tables may have; not more often, for whoever comes at that time waits for all that is planned. Left to itself,
 * Postgres makes a plan for every use of most statements all the same, since it guesses ten rows where a turn brings
 * three; whose statements look up by key says that one plan is to do. It must not read a whole table because that is
 * empty now; and compiling it (jit), which Postgres thinks of where there is no other way, costs more than it ever
 * takes. Must not: speak by itself, or rely on an answer it has not seen. */
#include "core/bug.h"
#include "db/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    NAMES_MAX = 128,        /* texts of one connection; the others stay texts */
    NAMES_USES_FIRST = 2,   /* worth a name from this use on */
    NAMES_LIFE_FIRST = 128, /* uses of a plan, the next one has twice as many … */
    NAMES_LIFE_MAX = 16 * 1024
};

enum name_state {
    NAME_NONE,
    NAME_WANTED, /* to be prepared behind the unit that is being sent */
    NAME_ASKED,
    NAME_READY,
    NAME_REFUSED /* Postgres did not take it */
};

struct name {
    uint64_t hash;
    char *sql;
    char text[sizeof "fotoset_0123456789abcdef"];
    enum name_state state;
    bool old; /* prepared before: to be dropped first */
    int uses; /* since it was prepared, or ever */
    int life; /* so many, then it is planned anew; 0 = it was not planned yet */
};

struct names {
    enum { NAMES_UNSURE, NAMES_ASKING, NAMES_ON, NAMES_OFF } state; /* is it Postgres itself, on this connection? */
    bool never;                                                     /* a pooler was caught */
    bool one_plan, said_so;                                         /* for all values; it was said on this connection */
    int backend;                                                    /* the process id of the handshake */
    int count, wanted;
    struct name list[NAMES_MAX];
};

struct asked { /* the context of a unit of our own; in the unit's arena */
    struct names *names;
    const struct db_unit *unit;
};

struct names *names_new(bool one_plan)
{
    struct names *names = calloc(1, sizeof *names);
    if (names == NULL)
        bug("out of memory");
    names->one_plan = one_plan;
    return names;
}

static void forget(struct names *names)
{
    for (int i = 0; i < names->count; i++)
        free(names->list[i].sql);
    names->count = names->wanted = 0;
}

void names_free(struct names *names)
{
    if (names == NULL)
        return;
    forget(names);
    free(names);
}

void names_begin(struct names *names, int backend)
{
    forget(names);
    names->backend = backend;
    names->said_so = false;
    names->state = names->never ? NAMES_OFF : NAMES_UNSURE;
}

/* FNV-1a. */
static uint64_t hash_of(const char *sql)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    for (; *sql != '\0'; sql++)
        hash = (hash ^ (unsigned char)*sql) * UINT64_C(0x100000001B3);
    return hash;
}

/* NULL when there is no room for one more, or another text has the hash. */
static struct name *find(struct names *names, const char *sql)
{
    uint64_t hash = hash_of(sql);
    for (int i = 0; i < names->count; i++)
        if (names->list[i].hash == hash)
            return strcmp(names->list[i].sql, sql) == 0 ? &names->list[i] : NULL;
    if (names->count == NAMES_MAX)
        return NULL;
    struct name *name = &names->list[names->count++];
    *name = (struct name){.hash = hash, .sql = strdup(sql)};
    if (name->sql == NULL)
        bug("out of memory");
    (void)snprintf(name->text, sizeof name->text, "fotoset_%016" PRIx64, hash);
    return name;
}

const char *names_use(struct names *names, const char *sql)
{
    struct name *name = names->state == NAMES_OFF ? NULL : find(names, sql);
    if (name == NULL)
        return NULL;
    name->uses++;
    if (name->state == NAME_READY && name->uses > name->life)
        name->old = true;
    else if (name->state == NAME_READY)
        return name->text;
    else if (name->state != NAME_NONE || name->uses < NAMES_USES_FIRST || names->state != NAMES_ON)
        return NULL;
    name->state = NAME_WANTED;
    names->wanted++;
    return NULL;
}

static struct db_unit *own_unit(struct names *names, const struct db_unit *behind, db_done_fn *done)
{
    struct db_unit *unit = db_unit_new();
    struct asked *asked = arena_alloc(&unit->arena, sizeof *asked);
    *asked = (struct asked){names, unit};
    unit->is_own = true;
    unit->deadline_ms = behind->deadline_ms;
    unit->number = behind->number;
    unit->done = done;
    unit->context = asked;
    return unit;
}

static void told_backend(void *context, const struct db_result *result, const struct db_failure *failure)
{
    struct names *names = ((struct asked *)context)->names;
    bool same = failure == NULL && db_int64(result, 0, 0, 0) == names->backend;
    names->state = same ? NAMES_ON : NAMES_OFF;
}

static void prepared(void *context, const struct db_result *result, const struct db_failure *failure)
{
    struct asked *asked = context;
    (void)result;
    if (failure != NULL && failure->maybe_committed)
        return; /* the connection is gone, and with it all names */
    if (failure != NULL && (strcmp(failure->sqlstate, "26000") == 0 || strcmp(failure->sqlstate, "42P05") == 0)) {
        asked->names->never = true;
        asked->names->state = NAMES_OFF;
    }
    for (int i = 0; i < asked->unit->count; i++) {
        struct name *name = find(asked->names, asked->unit->statements[i].sql);
        if (asked->unit->statements[i].name == NULL || name == NULL)
            continue;
        if (failure == NULL || i < failure->statement) { /* a name stays although its transaction failed */
            name->state = NAME_READY;
            name->old = false;
            name->uses = 0;
            name->life = name->life == 0 ? NAMES_LIFE_FIRST : name->life < NAMES_LIFE_MAX ? name->life * 2 : name->life;
        } else {
            name->state = i == failure->statement ? NAME_REFUSED : NAME_NONE;
        }
    }
}

static struct db_unit *prepare_wanted(struct names *names, const struct db_unit *behind)
{
    struct db_unit *unit = own_unit(names, behind, prepared);
    if (names->one_plan && !names->said_so) /* it outlives the transaction; old versions lack some, and need none */
        (void)db_unit_add(
            unit,
            "SELECT set_config(name, CASE name WHEN 'plan_cache_mode' THEN 'force_generic_plan' ELSE 'off' END,"
            " FALSE) FROM pg_settings WHERE name IN ('plan_cache_mode', 'enable_seqscan', 'jit')",
            0, NULL);
    names->said_so = true;
    for (int i = 0; i < names->count; i++) {
        struct name *name = &names->list[i];
        if (name->state != NAME_WANTED)
            continue;
        if (name->old)
            (void)db_unit_add(unit, arena_format(&unit->arena, "DEALLOCATE %s", name->text), 0, NULL);
        int added = db_unit_add(unit, name->sql, 0, NULL);
        unit->statements[added].name = name->text;
        name->state = NAME_ASKED;
    }
    names->wanted = 0;
    return unit;
}

struct db_unit *names_take_unit(struct names *names, const struct db_unit *behind)
{
    struct db_unit *unit = NULL;
    if (names->state == NAMES_UNSURE) {
        unit = own_unit(names, behind, told_backend);
        (void)db_unit_add(unit, "SELECT pg_backend_pid()", 0, NULL);
        names->state = NAMES_ASKING;
    } else if (names->state == NAMES_ON && names->wanted > 0) {
        unit = prepare_wanted(names, behind);
    }
    if (unit != NULL)
        unit->result = unit_result_new(unit->count);
    return unit;
}

bool names_failed(struct names *names, const struct db_failure *failure)
{
    bool lost = strcmp(failure->sqlstate, "26000") == 0, changed = strcmp(failure->sqlstate, "0A000") == 0;
    if (failure->maybe_committed || (!lost && !changed))
        return false;
    names->never = names->never || lost;
    names->state = NAMES_OFF;
    return true;
}
