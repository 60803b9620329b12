/* The catalogue of words: the product's own files are complete and right, and for every slip there is a finding with
 * file, line and remedy. Broken files are made from the real ones, so that the tests need not be touched when texts
 * are added. */
#include "config/texts.h"

#include <unistd.h>

#include "tests/check.h"
#include "tests/lsan.h"

static struct arena arena;
static struct findings findings;

static const char *slurp(const char *path)
{
    FILE *file = fopen(path, "r");
    CHECK(file != NULL);
    char *text = arena_alloc(&arena, 1024 * 1024);
    CHECK(fread(text, 1, 1024 * 1024 - 1, file) > 0);
    CHECK(fclose(file) == 0);
    return text;
}

static const char *replace(const char *text, const char *old, const char *new)
{
    const char *at = strstr(text, old);
    CHECK(at != NULL);
    return arena_format(&arena, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
}

static int line_of(const char *text, const char *part)
{
    const char *at = strstr(text, part);
    CHECK(at != NULL);
    int line = 1;
    for (const char *c = text; c < at; c++)
        line += *c == '\n';
    return line;
}

static enum err read_ru(const char *text, struct text_catalogue *ret)
{
    findings_init(&findings, &arena);
    return texts_read_text(&arena, "ru.cfg", text, strlen(text), LANG_RU, &findings, ret);
}

static void refuses(const char *text, int line, const char *message, const char *remedy)
{
    struct text_catalogue texts = {0};
    enum err err = read_ru(text, &texts);
    for (size_t i = 0; i < findings.count; i++) {
        const struct finding *one = &findings.items[i];
        if (err == ERR_INVALID && one->line == line && strcmp(one->file, "ru.cfg") == 0 &&
            strstr(one->message, message) != NULL && strstr(one->remedy, remedy) != NULL &&
            texts.words[LANG_RU][TEXT_MENU] == NULL)
            return;
    }
    fprintf(stderr, "%s: want line %d: %s [%s]; got:\n", err_name(err), line, message, remedy);
    for (size_t i = 0; i < findings.count; i++)
        fprintf(stderr, "  %d: %s [%s]\n", findings.items[i].line, findings.items[i].message, findings.items[i].remedy);
    exit(1);
}

/* Every text of the product in both languages. */
static void test_product(void)
{
    struct text_catalogue texts = {0};
    findings_init(&findings, &arena);
    enum err err = texts_read(&arena, SOURCE_DIR "/config/texts", &findings, &texts);
    for (size_t i = 0; i < findings.count; i++)
        fprintf(stderr, "%s:%d: %s\n  %s\n", findings.items[i].file, findings.items[i].line, findings.items[i].message,
                findings.items[i].remedy);
    CHECK_INT(err, ERR_OK);
    CHECK_INT(findings.count, 0);
    for (int lang = 0; lang < LANG_COUNT; lang++) {
        for (int key = 0; key < TEXT_COUNT; key++)
            CHECK(texts.words[lang][key] != NULL);
    }
    CHECK(strcmp(texts.words[LANG_RU][TEXT_MENU], texts.words[LANG_EN][TEXT_MENU]) != 0);
}

static void test_slips(const char *good)
{
    struct text_catalogue texts = {0};
    CHECK_INT(read_ru(good, &texts), ERR_OK);
    CHECK_INT(findings.count, 0);
    int menu = line_of(good, "\nmenu: {") + 1;

    refuses(replace(good, "\nmenu: {", "\nmenu: {\n  titel = \"x\";"), menu + 1, "menu.titel: no such text",
            "did you mean menu.title?");
    refuses(replace(good, "\nmenu: {", "\nmenu: { zzzzzzzzzzzzzzzzzz = \"x\";"), menu, "no such text",
            "core/texts.def");
    refuses(replace(good, "\nmenu: {", "\nwrong: {"), menu + 1, "wrong.title: no such text", "did you mean");
    refuses(replace(good, "\nmenu: {", "\nwrong: {"), 0, "menu.title: this text is missing",
            "title = \"…\"; to the group menu");
    refuses(replace(good, "\nmenu: {", "\nloose = \"x\";\nmenu: {"), menu, "stands outside of a group", "menu: {");
    refuses(replace(good, "\nmenu: {", "\nmenu: { deeper: { x = 1; };"), menu, "menu.deeper: no such text", "");

    int title = line_of(good, "    title ="); /* of the first group: any text with a title will do */
    refuses(replace(good, "    title =", "    title = 5; titel ="), title, "must be a text", "quotes");
    refuses(replace(good, "    title =", "    title = \"\"; titel ="), title, "the text is empty", "head of the file");
    refuses(replace(good, "    title =", "    title = \"<b>\"; titel ="), title, "<b> is never closed",
            "head of the file");
    refuses(replace(good, "    title =", "    title = \"{nobody}\"; titel ="), title, "unknown placeholder {nobody}",
            "");
    refuses(replace(good, "    title =",
                    "    title ="
                    " \"a\"; title ="),
            title, "duplicate", "remove one");
    refuses("", 0, "menu.title: this text is missing", "group menu");
    refuses("menu: {\n};", 1, "menu.title: this text is missing", "group menu");
}

static void test_files(void)
{
    struct text_catalogue texts = {0};
    findings_init(&findings, &arena);
    CHECK_INT(texts_read(&arena, "/nonexistent", &findings, &texts), ERR_IO);
    CHECK_INT(findings.errors, 2); /* both languages are told */
    CHECK_TEXT(findings.items[0].file, "/nonexistent/ru.cfg");
    CHECK_TEXT(findings.items[1].file, "/nonexistent/en.cfg");
}

int main(void)
{
    arena_init(&arena);
    test_product();
    test_slips(slurp(SOURCE_DIR "/config/texts/ru.cfg"));
    test_files();
    arena_done(&arena);
    return 0;
}
