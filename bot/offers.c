/* One statement each. What is typed is read as strictly as a configuration: half a code is none. */
#include "bot/offers.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/stop.h"
#include "core/money.h"
#include "core/promo.h"
#include "db/offers.h"

enum { ASK_TIMEOUT_MS = 30 * 1000, DECIMAL = 10, SETS_MAX = 100, LIMIT_MAX = 1000000, PERCENT_MAX = 100 };

/* NULL after a word to the owner. */
static struct db_result *answer_to(const struct setup *setup, struct db_unit *unit, int *ret_code)
{
    struct db *db = db_new(setup->config.database.conninfo, NULL);
    struct db_result *result = NULL;
    struct db_failure failure;
    *ret_code = 0;
    if (db_run(db, unit, ASK_TIMEOUT_MS, &result, &failure) != ERR_OK) {
        bool odd = strncmp(failure.sqlstate, "22", 2) == 0; /* a day that is none */
        fprintf(stderr, "%s: %s\n", odd ? "the database does not take that" : "the database does not answer",
                failure.message);
        *ret_code = odd ? 1 : STOP_EXIT_UNAVAILABLE;
    }
    db_free(db);
    return result;
}

/* Runs it, and says which of two things came of it. */
static int tell(const struct setup *setup, struct db_unit *unit, const char *done, const char *not_done)
{
    int code;
    struct db_result *result = answer_to(setup, unit, &code);
    if (result == NULL)
        return code;
    bool is_done = offers_read_done(result);
    db_result_free(result);
    if (is_done)
        puts(done);
    else
        fprintf(stderr, "%s\n", not_done);
    return is_done ? 0 : 1;
}

/* A whole number from 1 to most; 0: it is none. */
static int64_t number_of(const char *text, int64_t most)
{
    size_t digits = strspn(text, "0123456789");
    int64_t number = digits > 0 && text[digits] == '\0' ? strtoll(text, NULL, DECIMAL) : 0;
    return number <= most ? number : 0;
}

/* "20%", or roubles. */
static bool read_worth(struct arena *arena, const char *text, struct offers_code *code)
{
    size_t length = strlen(text);
    if (length > 0 && text[length - 1] == '%') {
        code->percent = number_of(arena_copy_n(arena, text, length - 1), PERCENT_MAX);
        return code->percent > 0;
    }
    return money_parse(text, &code->off_kopecks) == ERR_OK && code->off_kopecks > 0;
}

/* Every one must be sold. */
static bool read_styles(const struct setup *setup, struct arena *arena, const char *list, struct offers_code *code)
{
    const char **styles = arena_array(arena, STYLE_MAX, sizeof *styles);
    while (*list != '\0' && code->style_count < STYLE_MAX) {
        size_t length = strcspn(list, ",");
        const char *id = arena_copy_n(arena, list, length);
        if (style_find(&setup->styles, id) == NULL)
            return false;
        styles[code->style_count++] = id;
        list += length + (list[length] == ',');
    }
    code->styles = styles;
    return code->style_count > 0 && *list == '\0';
}

static bool read_term(const struct setup *setup, struct arena *arena, const char *word, struct offers_code *code)
{
    const char *value = strchr(word, '=');
    size_t length = value == NULL ? 0 : (size_t)(value++ - word);
    if (length == 3 && strncmp(word, "all", length) == 0)
        return (code->limit_all = number_of(value, LIMIT_MAX)) > 0;
    if (length == 4 && strncmp(word, "each", length) == 0)
        return (code->limit_user = number_of(value, LIMIT_MAX)) > 0;
    if (length == 4 && strncmp(word, "from", length) == 0)
        return *(code->from = value) != '\0';
    if (length == 5 && strncmp(word, "until", length) == 0)
        return *(code->until = value) != '\0';
    return length == 6 && strncmp(word, "styles", length) == 0 && read_styles(setup, arena, value, code);
}

static int add(const struct setup *setup, struct arena *arena, char **words, int count)
{
    struct offers_code code = {.utc_offset_minutes = setup->config.shop.utc_offset_minutes};
    code.code = promo_code(arena, words[0]);
    if (code.code == NULL) {
        fprintf(stderr, "%s can't be a code: 2 to %d letters, digits, - and _\n", words[0], PROMO_CODE_MAX_CHARS);
        return 1;
    }
    if (!read_worth(arena, words[1], &code)) {
        fprintf(stderr, "%s is neither a part, 20%%, nor an amount of roubles, 300 or 99.50\n", words[1]);
        return 1;
    }
    for (int i = 2; i < count; i++)
        if (!read_term(setup, arena, words[i], &code)) {
            fprintf(stderr, "%s is none of all=N, each=N, from=2026-12-01, until=2026-12-31, styles=ID,ID\n", words[i]);
            return 1;
        }
    struct db_unit *unit = db_unit_new();
    offers_add_code(unit, arena, &code);
    return tell(setup, unit, arena_format(arena, "code %s is on", code.code),
                arena_format(arena, "there is a code %s already, and what it is worth never changes", code.code));
}

static int off(const struct setup *setup, struct arena *arena, const char *word)
{
    const char *code = promo_code(arena, word);
    struct db_unit *unit = db_unit_new();
    offers_add_off(unit, code == NULL ? "" : code);
    return tell(setup, unit, arena_format(arena, "code %s is off", code),
                arena_format(arena, "there is no code %s that is on", word));
}

static int list(const struct setup *setup)
{
    int code;
    struct db_unit *unit = db_unit_new();
    offers_add_list(unit);
    struct db_result *result = answer_to(setup, unit, &code);
    for (int row = 0; result != NULL && row < db_rows(result, 0); row++)
        puts(offers_read_line(result, row));
    db_result_free(result);
    return code;
}

int offers_promo(const struct setup *setup, char **words, int count)
{
    struct arena arena;
    int code = 1;
    arena_init(&arena);
    if (count == 1 && strcmp(words[0], "list") == 0)
        code = list(setup);
    else if (count == 2 && strcmp(words[0], "off") == 0)
        code = off(setup, &arena, words[1]);
    else if (count >= 3 && strcmp(words[0], "add") == 0)
        code = add(setup, &arena, words + 1, count - 1);
    else
        fprintf(stderr, "promo wants: add CODE 20%% …, list, or off CODE\n");
    arena_done(&arena);
    return code;
}

int offers_grant(const struct setup *setup, char **words, int count)
{
    struct arena arena;
    int64_t user_id = count == 2 ? number_of(words[0], INT64_MAX) : 0;
    int64_t sets = count == 2 ? number_of(words[1], SETS_MAX) : 0;
    if (user_id == 0 || sets == 0) {
        fprintf(stderr, "grant wants the user's numeric Telegram id, and a number of sets from 1 to %d\n", SETS_MAX);
        return 1;
    }
    arena_init(&arena);
    struct db_unit *unit = db_unit_new();
    offers_add_gift(unit, &arena, user_id, sets);
    int code = tell(setup, unit, arena_format(&arena, "user %" PRId64 ", free sets given: %" PRId64, user_id, sets),
                    "there is no such user");
    arena_done(&arena);
    return code;
}
