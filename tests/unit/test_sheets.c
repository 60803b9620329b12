/* Walks the tables of all conversations: every state can be reached and left, every outcome leads somewhere, no move is
 * ambiguous, every word is used. What the engine does with the tables is tested by the dialogues and the walk. */
#include "core/sheet.h"

#include <dirent.h>
#include <sys/types.h>

#include "core/input.h"
#include "core/press.h"
#include "tests/check.h"

enum { STATES_MAX = 64, SOURCE_MAX_BYTES = 4 * 1024 * 1024 };

static char source[SOURCE_MAX_BYTES];
static size_t source_length;

static void read_file(const char *folder, const char *name)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s/%s", SOURCE_DIR, folder, name);
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    source_length += fread(source + source_length, 1, SOURCE_MAX_BYTES - 1 - source_length, file);
    (void)fclose(file);
    CHECK(source_length < SOURCE_MAX_BYTES - 1);
}

/* All C sources of a folder and its folders, for the scans below. */
static void read_folder(const char *folder)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s", SOURCE_DIR, folder);
    DIR *dir = opendir(path);
    CHECK(dir != NULL);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        size_t length = strlen(entry->d_name);
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (strchr(entry->d_name, '.') == NULL)
            read_folder(path);
        else if (length > 2 && strcmp(entry->d_name + length - 2, ".c") == 0)
            read_file(folder, entry->d_name);
    }
    (void)closedir(dir);
}

static bool word_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* As a whole word. */
static bool source_has(const char *word)
{
    size_t length = strlen(word);
    for (const char *at = strstr(source, word); at != NULL; at = strstr(at + 1, word))
        if ((at == source || !word_char(at[-1])) && !word_char(at[length]))
            return true;
    return false;
}

static void test_names(void)
{
    const struct state *const *states = sheet_states();
    for (size_t i = 0; states[i] != NULL; i++) {
        const struct state *state = states[i];
        struct arena arena;
        struct press press = {.version = UINT32_MAX, .object = INT32_MAX, .action = "receipt"}, parsed;
        CHECK(strlen(state->name) >= 1 && strlen(state->name) <= PRESS_STATE_MAX_BYTES);
        memcpy(press.state, state->name, strlen(state->name));
        arena_init(&arena);
        CHECK_INT(press_parse(press_format(&arena, &press), &parsed), ERR_OK);
        CHECK_TEXT(parsed.state, state->name);
        arena_done(&arena);
        CHECK(sheet_state(state->name) == state);
        for (size_t k = 0; k < i; k++)
            CHECK(strcmp(states[k]->name, state->name) != 0 && strcmp(states[k]->id, state->id) != 0);
        CHECK(state->limit_s > 0);
        CHECK(state->read != NULL && state->show != NULL);
        CHECK(state->question < TEXT_COUNT && text_key_name(state->question)[0] != '\0');
        CHECK(state->hint != state->question &&
              state->photo_hint != state->question); /* it helps, it does not repeat */
    }
    CHECK(sheet_state("of_another_year") == NULL);
    CHECK(sheet_state("") == NULL);
}

static void test_moves(void)
{
    for (const struct state *const *at = sheet_states(); *at != NULL; at++) {
        const struct sheet *sheet = (*at)->sheet;
        for (size_t i = 0; i < sheet->move_count; i++) {
            const struct move *move = &sheet->moves[i];
            CHECK(move->from->sheet == sheet);
            CHECK(move->on >= OUT_FIRST && move->on < sheet->outcome_count);
            CHECK(move->to != NULL && move->also != NULL);
            CHECK(sheet_state(move->to->name) == move->to);
            for (size_t k = 0; k < i; k++)
                CHECK(sheet->moves[k].from != move->from || sheet->moves[k].on != move->on);
        }
        for (size_t i = 0; i < sheet->correction_count; i++)
            CHECK(sheet->corrections[i].of->sheet == sheet && sheet->corrections[i].correct != NULL);
        for (int outcome = OUT_FIRST; outcome < sheet->outcome_count; outcome++) {
            bool leads = false;
            for (size_t i = 0; i < sheet->move_count; i++)
                leads = leads || sheet->moves[i].on == outcome;
            CHECK(leads);
            CHECK(source_has(sheet->outcomes[outcome - OUT_FIRST]));
        }
    }
}

/* A state is entered by a move, by a place, or by the engine itself: "&state_x" stands in their sources then. */
static bool is_entered(const struct state *state, bool by_move)
{
    char name[64];
    for (const struct state *const *at = sheet_states(); by_move && *at != NULL; at++)
        for (size_t i = 0; i < (*at)->sheet->move_count; i++)
            if ((*at)->sheet->moves[i].to == state)
                return true;
    (void)snprintf(name, sizeof name, "&state_%s", state->id);
    return strstr(source, name) != NULL;
}

static void test_reachable(void)
{
    source_length = 0;
    read_file("core", "places.c");
    read_file("core", "engine.c");
    read_file("core", "gate.c");
    source[source_length] = '\0';
    for (const struct state *const *at = sheet_states(); *at != NULL; at++) {
        if (!is_entered(*at, true))
            fprintf(stderr, "nothing leads to %s\n", (*at)->name);
        CHECK(is_entered(*at, true));
    }
    CHECK(!is_entered(&state_contact, false)); /* the scan can tell: only moves lead there */
}

/* From the welcome, by moves and places: a breadth-first walk over the tables. Places need the consent that only the
 * welcome's own move gives, so they count from the menu on. */
static void test_connected(void)
{
    const struct state *queue[STATES_MAX] = {&state_welcome};
    size_t count = 1;
    for (size_t i = 0; i < count; i++) {
        for (const struct state *const *at = sheet_states(); *at != NULL; at++) {
            bool leads = queue[i] == &state_menu && is_entered(*at, false), known = false;
            for (size_t k = 0; k < queue[i]->sheet->move_count; k++)
                leads = leads || (queue[i]->sheet->moves[k].from == queue[i] && queue[i]->sheet->moves[k].to == *at);
            for (size_t k = 0; k < count; k++)
                known = known || queue[k] == *at;
            if (leads && !known)
                queue[count++] = *at;
        }
    }
    for (const struct state *const *at = sheet_states(); *at != NULL; at++) {
        bool known = false;
        for (size_t k = 0; k < count; k++)
            known = known || queue[k] == *at;
        if (!known)
            fprintf(stderr, "%s can't be reached from the welcome\n", (*at)->name);
        CHECK(known);
    }
}

static const char *const keys[TEXT_COUNT] = {
#define TEXT(key, stored, params) [TEXT_##key] = #key,
#include "core/texts.def"
#undef TEXT
};

/* The commands' descriptions are the shell's: it reads them for setMyCommands. A state's question and hints are named
 * without the prefix in its sheet. */
static void test_texts_used(void)
{
    source_length = 0;
    read_folder("core");
    source[source_length] = '\0';
    test_moves();
    read_folder("bot");
    source[source_length] = '\0';
    for (int key = 0; key < TEXT_COUNT; key++) {
        char full[80];
        bool asked = false;
        (void)snprintf(full, sizeof full, "TEXT_%s", keys[key]);
        for (const struct state *const *at = sheet_states(); *at != NULL; at++)
            asked = asked || (*at)->question == (enum text_key)key || (*at)->hint == (enum text_key)key ||
                    (*at)->photo_hint == (enum text_key)key;
        if (!asked && !source_has(full) && strncmp(keys[key], "COMMAND_", 8) != 0) {
            fprintf(stderr, "no screen says %s\n", full);
            exit(1);
        }
    }
    CHECK(!source_has("TEXT_OF_NOBODY"));
}

int main(void)
{
    test_names();
    test_reachable();
    test_connected();
    test_texts_used();
    return 0;
}
