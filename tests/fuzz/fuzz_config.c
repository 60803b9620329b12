/* Files in libconfig's format, from memory: the configuration and the texts. Whatever the bytes, the answer is a struct
 * or findings, each with a file and a remedy; an accepted configuration keeps its promises. Secrets are looked for
 * where there are none, so nothing outside the input is read. */
#include "bot/services/http/address.h"
#include "config/config.h"
#include "config/texts.h"
#include "tests/fuzz/fuzz.h"
#include "tests/lsan.h"

#include <stdlib.h>
#include <string.h>

static void must(bool condition)
{
    if (!condition)
        abort();
}

static void check_findings(const struct findings *findings, enum err err)
{
    must((err == ERR_OK) == (findings->errors == 0));
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *one = &findings->items[i];
        must(one->file != NULL && one->line >= 0 && one->message[0] != '\0' && one->remedy[0] != '\0');
    }
}

/* The secrets' keys open what the input names: that is not for a fuzzer. */
static bool names_a_secret(const char *text)
{
    return strstr(text, "token_file") != NULL || strstr(text, "secret_file") != NULL;
}

static void try_config(struct arena *arena, const char *text, size_t size)
{
    struct config config;
    struct findings findings;
    struct config_env env = {.check_url = address_fault};
    findings_init(&findings, arena);
    enum err err = config_load_text(arena, "/nonexistent/fuzz.conf", text, size, &env, &findings, &config);
    check_findings(&findings, err);
    must(err != ERR_OK); /* without secrets nothing is complete */
}

static void try_texts(struct arena *arena, const char *text, size_t size)
{
    struct text_catalogue texts = {0};
    struct findings findings;
    findings_init(&findings, arena);
    enum err err = texts_read_text(arena, "fuzz.cfg", text, size, LANG_RU, &findings, &texts);
    check_findings(&findings, err);
    for (int key = 0; err == ERR_OK && key < TEXT_COUNT; key++)
        must(texts.words[LANG_RU][key] != NULL);
}

/* One entry: what text_check lets through, text_format can put together with every parameter given. */
static void try_words(struct arena *arena, const char *words)
{
    const char *why = NULL;
    for (int key = 0; key < TEXT_COUNT; key += 7) {
        struct text_catalogue texts = {0};
        struct text_arg args[TEXT_ARGS_MAX];
        size_t count = 0;
        if (text_check(arena, LANG_RU, (enum text_key)key, words, &why) != ERR_OK) {
            must(why != NULL && why[0] != '\0');
            continue;
        }
        for (const char *name = text_key_params((enum text_key)key); *name != '\0' && count < TEXT_ARGS_MAX;) {
            size_t length = strcspn(name, " ");
            args[count] = ARG_N(arena_copy_n(arena, name, length), (int64_t)count);
            count++;
            name += length;
            name += strspn(name, " ");
        }
        texts.words[LANG_RU][key] = words;
        must(text_format(arena, &texts, LANG_RU, (enum text_key)key, args, count) != NULL);
    }
    (void)text_plain(arena, text_escape(arena, words));
    must(strcmp(text_plain(arena, text_escape(arena, words)), words) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    if (size > CONFIG_FILE_MAX_BYTES)
        return 0;
    arena_init(&arena);
    char *text = arena_copy_n(&arena, (const char *)data, size);
    if (!names_a_secret(text))
        try_config(&arena, text, size);
    try_texts(&arena, text, size);
    try_words(&arena, text);
    arena_done(&arena);
    return 0;
}
