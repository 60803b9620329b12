/* The catalogue of styles: what a right file gives, and for every wrong one the file, the line and the remedy. */
#include "config/styles.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/lsan.h"

static struct arena arena;
static struct findings findings;
static const char *dir;

static const char *path_of(const char *name)
{
    return arena_format(&arena, "%s/%s", dir, name);
}

static void put(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");
    CHECK(file != NULL);
    CHECK(fputs(text, file) >= 0);
    CHECK(fclose(file) == 0);
}

static const char *replace(const char *text, const char *old, const char *new)
{
    const char *at = strstr(text, old);
    CHECK(at != NULL);
    return arena_format(&arena, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
}

static const char *recipe_check(struct arena *unused, const char *recipe)
{
    (void)unused;
    return strstr(recipe, "bad") == NULL ? NULL : "this recipe is bad";
}

static enum err read_all(struct style_catalogue *ret)
{
    findings_init(&findings, &arena);
    return styles_read(&arena, dir, recipe_check, &findings, ret);
}

static const char good[] = "id = \"one\";\n"                                    /* 1 */
                           "order = 2;\n"                                       /* 2 */
                           "name: { ru = \"Один\"; en = \"One\"; };\n"          /* 3 */
                           "description: { ru = \"Опис\"; en = \"Words\"; };\n" /* 4 */
                           "cover = \"one.svg\";\n"                             /* 5 */
                           "price = \"500.00\";\n"                              /* 6 */
                           "looks = (\n"                                        /* 7 */
                           "  { prompt = \"p1\"; recipe = \"r1\"; },\n"         /* 8 */
                           "  { prompt = \"p2\"; recipe = \"r2\"; }\n"          /* 9 */
                           ");\n";                                              /* 10 */

static void refuses(const char *text, int line, const char *message, const char *remedy)
{
    struct style_catalogue styles = {NULL, 99};
    put("one.cfg", text);
    enum err err = read_all(&styles);
    for (size_t i = 0; i < findings.count; i++) {
        const struct finding *one = &findings.items[i];
        if (err == ERR_INVALID && one->line == line && strcmp(one->file, path_of("one.cfg")) == 0 &&
            strstr(one->message, message) != NULL && strstr(one->remedy, remedy) != NULL && styles.count == 99)
            return;
    }
    fprintf(stderr, "%s%s: want line %d: %s [%s]; got:\n", text, err_name(err), line, message, remedy);
    for (size_t i = 0; i < findings.count; i++)
        fprintf(stderr, "  %d: %s [%s]\n", findings.items[i].line, findings.items[i].message, findings.items[i].remedy);
    exit(1);
}

static void test_right(void)
{
    struct style_catalogue styles;
    put("one.cfg", good);
    put("a.cfg", replace(replace(good, "\"one\"", "\"late\""), "order = 2", "order = 3"));
    put("z.cfg", replace(replace(replace(good, "\"one\"", "\"first\""), "order = 2;\n", ""), "500.00", "350000.00"));
    CHECK_INT(read_all(&styles), ERR_OK);
    CHECK_INT(findings.count, 0);
    CHECK_INT(styles.count, 3);
    CHECK_TEXT(styles.styles[0].id, "first"); /* without an order: 0 */
    CHECK_TEXT(styles.styles[1].id, "one");
    CHECK_TEXT(styles.styles[2].id, "late");
    const struct style *one = style_find(&styles, "one");
    CHECK(one == &styles.styles[1]);
    CHECK(style_find(&styles, "on") == NULL && style_find(&styles, NULL) == NULL);
    CHECK_TEXT(one->name[LANG_RU], "Один");
    CHECK_TEXT(one->name[LANG_EN], "One");
    CHECK_TEXT(one->description[LANG_EN], "Words");
    CHECK_TEXT(one->cover_path, path_of("one.svg"));
    CHECK_INT(one->price_kopecks, 50000);
    CHECK_INT(styles.styles[0].price_kopecks, 35000000);
    CHECK_INT(one->photo_count, 2);
    CHECK_INT(one->look_count, 2);
    CHECK_TEXT(one->looks[1].prompt, "p2");
    CHECK_TEXT(one->looks[1].recipe, "r2");

    put("z.cfg", good);
    CHECK_INT(read_all(&styles), ERR_INVALID);
    CHECK_INT(findings.count, 1);
    CHECK_TEXT(findings.items[0].file, path_of("z.cfg"));
    CHECK(strstr(findings.items[0].message, "id \"one\" is already that of") != NULL);
    CHECK(remove(path_of("a.cfg")) == 0 && remove(path_of("z.cfg")) == 0);
}

/* It stands in a caption, which Telegram takes up to 1024 characters of, in whatever letters. */
static void test_long_description(void)
{
    enum { LETTERS = 701 };
    static const char *const letters[] = {"w", "ы", "😀"};
    for (size_t kind = 0; kind < 3; kind++) {
        const char *words = "";
        size_t count = kind == 2 ? LETTERS / 2 + 1 : LETTERS; /* a smile counts twice */
        for (size_t i = 0; i < count; i++)
            words = arena_format(&arena, "%s%s", words, letters[kind]);
        struct style_catalogue styles;
        refuses(replace(good, "Words", words), 4, "en is longer than 700 characters", "shorter");
        put("one.cfg", replace(good, "Words", words + strlen(letters[kind])));
        CHECK_INT(read_all(&styles), ERR_OK);
    }
}

static void test_keys(void)
{
    refuses(replace(good, "order", "ordr"), 2, "unknown key ordr", "did you mean order?");
    refuses(replace(good, "en = \"One\"", "de = \"Eins\""), 3, "en is missing", "en = ");
    refuses(replace(good, "en = \"One\"", "en = \"One\"; de = \"Eins\""), 3, "unknown key de", "");
    refuses(replace(good, "recipe = \"r1\"", "recip = \"r1\""), 8, "unknown key recip", "did you mean recipe?");
    refuses(replace(good, "order = 2", "order = \"2\""), 2, "order must be a whole number", "order = 1");
    refuses(replace(good, "order = 2", "order = 5000000000"), 2, "5000000000 does not fit", "5000000000L");
    refuses(replace(good, "id = \"one\";", ""), 0, "id is missing", "id = ");
    refuses(replace(good, "\"one\"", "\"One\""), 1, "id holds a character", "small Latin");
    refuses(replace(good, "\"one\"", "\"\""), 1, "id is empty", "");
    refuses(replace(good, "\"one\"", "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\""), 1,
            "longer than 50 bytes", "");
    refuses(replace(good, "name: { ru = \"Один\"; en = \"One\"; }", "name = \"One\""), 3, "name must be a group",
            "ru = ");
    refuses(replace(good, "description:", "descriptio:"), 0, "description is missing", "description: {");
    refuses(replace(good, "Words", "a\\x01b"), 4, "control character", "UTF-8");
    refuses(replace(good, "Words", "\xFF"), 4, "not UTF-8", "UTF-8");
    refuses(replace(good, "one.svg", "two.svg"), 5, "cover can't be read", "two.svg");
    refuses(replace(good, "one.svg", "."), 5, "cover can't be read", "");
    refuses(replace(good, "one.svg", "ignored.txt"), 5, "cover is of another kind", ".jpg");
    CHECK_INT(truncate(path_of("large.jpg"), STYLE_COVER_MAX_BYTES), 0);
    refuses(replace(good, "one.svg", "large.jpg"), 5, "cover is no smaller than", "1080");
    refuses(replace(good, "price", "\nprice ="), 7, "syntax error", "missing quote");
}

static void test_prices(void)
{
    static const char *const wrong[] = {"500", "500.0", "500.000", "500,00", "1e3", " 500.00", "500.00 ", "x", "."};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        refuses(replace(good, "500.00", wrong[i]), 6, "price is not an amount", "price = \"500.00\"");
    refuses(replace(good, "\"500.00\"", "500.00"), 6, "price must be a text", "price = ");
    refuses(replace(good, "500.00", "0.99"), 6, "price is outside", "1.00 … 350000.00");
    refuses(replace(good, "500.00", "-500.00"), 6, "price is outside", "1.00 … 350000.00");
    refuses(replace(good, "500.00", "350000.01"), 6, "price is outside", "1.00 … 350000.00");
}

static void test_looks(void)
{
    refuses(replace(good, "recipe = \"r1\"", "recipe = \"bad\""), 8, "recipe: this recipe is bad", "other looks");
    refuses(replace(good, "p2", "p1"), 9, "look 2 repeats the prompt or the recipe of look 1", "different");
    refuses(replace(good, "r2", "r1"), 9, "look 2 repeats the prompt or the recipe of look 1", "different");
    refuses(replace(good, "{ prompt = \"p1\"; recipe = \"r1\"; }", "5"), 8, "a look must be a group", "prompt = ");
    refuses(replace(good, "prompt = \"p1\";", ""), 8, "prompt is missing", "prompt = ");
    refuses(replace(good, "looks", "look"), 0, "looks must be a list", "looks = (");
    refuses("looks = ();", 1, "looks must be a list of 1 … 100", "looks = (");
    const char *many = "looks = ( 1";
    for (int i = 0; i < STYLE_PHOTOS_MAX; i++)
        many = arena_format(&arena, "%s, 1", many);
    refuses(arena_format(&arena, "%s );", many), 1, "looks must be a list of 1 … 100", "");
}

static void test_folder(void)
{
    struct style_catalogue styles;
    CHECK(remove(path_of("one.cfg")) == 0);
    CHECK_INT(read_all(&styles), ERR_INVALID);
    CHECK(strstr(findings.items[0].message, "1 … 32 styles") != NULL);
    findings_init(&findings, &arena);
    CHECK_INT(styles_read(&arena, "/nonexistent", NULL, &findings, &styles), ERR_IO);
    CHECK(strstr(findings.items[0].remedy, "styles_dir") != NULL);
}

/* The styles that are sold. */
static void test_product(void)
{
    static const char *const ids[] = {"professional", "lifestyle", "creative"};
    struct style_catalogue styles;
    findings_init(&findings, &arena);
    if (access(SOURCE_DIR "/config/styles/professional.cfg", F_OK) != 0)
        return;
    enum err err = styles_read(&arena, SOURCE_DIR "/config/styles", NULL, &findings, &styles);
    for (size_t i = 0; i < findings.count; i++)
        fprintf(stderr, "%s:%d: %s\n  %s\n", findings.items[i].file, findings.items[i].line, findings.items[i].message,
                findings.items[i].remedy);
    CHECK_INT(err, ERR_OK);
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        const struct style *style = style_find(&styles, ids[i]);
        CHECK(style != NULL);
        CHECK_INT(style->price_kopecks, 50000);
        CHECK_INT(style->photo_count, 23);
    }
}

int main(void)
{
    static char template[] = "/tmp/fotoset_test_styles.XXXXXX";
    arena_init(&arena);
    dir = mkdtemp(template);
    CHECK(dir != NULL);
    put("one.svg", "<svg/>");
    put("ignored.txt", "no style");
    put("large.jpg", "");
    test_right();
    test_long_description();
    test_keys();
    test_prices();
    test_looks();
    test_folder();
    test_product();
    CHECK(remove(path_of("one.svg")) == 0 && remove(path_of("ignored.txt")) == 0 && remove(path_of("large.jpg")) == 0 &&
          rmdir(dir) == 0);
    arena_done(&arena);
    return 0;
}
