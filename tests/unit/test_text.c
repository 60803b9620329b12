/* The text catalogue: placeholders, plurals, escaping, money, languages, and the check of an entry. The entries here
 * are the test's own, put under keys of the real list, so that no test depends on the wording of the product. */
#include "core/text.h"

#include "tests/check.h"

static struct arena arena;

/* Formatting does not look at texts.def, so any key will do. */
static const char *format(enum lang lang, const char *words, const struct text_arg *args, size_t count)
{
    struct text_catalogue texts = {0};
    texts.words[lang][TEXT_MENU] = words;
    return text_format(&arena, &texts, lang, TEXT_MENU, args, count);
}

static void test_placeholders(void)
{
    CHECK_TEXT(format(LANG_EN, "no arguments", NO_ARGS), "no arguments");
    CHECK_TEXT(format(LANG_EN, "{a}{b}", ARGS(ARG_N("b", -7), ARG_S("a", "x"))), "x-7");
    CHECK_TEXT(format(LANG_EN, "<b>{name}</b>!", ARGS(ARG_S("name", "<i>_\"&"))), "<b>&lt;i&gt;_&quot;&amp;</b>!");
    CHECK_TEXT(format(LANG_EN, "{x} end", ARGS(ARG_HTML("x", "<b>1</b>"))), "<b>1</b> end");
    CHECK_TEXT(format(LANG_EN, "{n}", ARGS(ARG_N("n", INT64_MIN))), "-9223372036854775808");
    /* what an argument brings is not looked at again */
    CHECK_TEXT(format(LANG_EN, "{a}", ARGS(ARG_S("a", "{b}"))), "{b}");
    CHECK_TEXT(format(LANG_EN, "{ab} {a}", ARGS(ARG_S("a", "1"), ARG_S("ab", "2"))), "2 1");
    CHECK_TEXT(format(LANG_EN, "{a}", ARGS(ARG_S("a", ""))), "");
}

static void test_plurals(void)
{
    static const struct {
        int64_t n;
        const char *russian;
        const char *english;
    } cases[] = {
        {0, "many", "other"},   {1, "one", "one"},     {2, "few", "other"},    {4, "few", "other"},
        {5, "many", "other"},   {10, "many", "other"}, {11, "many", "other"},  {12, "many", "other"},
        {14, "many", "other"},  {15, "many", "other"}, {21, "one", "other"},   {22, "few", "other"},
        {25, "many", "other"},  {101, "one", "other"}, {111, "many", "other"}, {112, "many", "other"},
        {1002, "few", "other"}, {-1, "one", "one"},    {-3, "few", "other"},   {INT64_MIN, "many", "other"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK_TEXT(format(LANG_RU, "{n|one|few|many}", ARGS(ARG_N("n", cases[i].n))), cases[i].russian);
        CHECK_TEXT(format(LANG_EN, "{n|one|other}", ARGS(ARG_N("n", cases[i].n))), cases[i].english);
    }
    for (int64_t n = 0; n < 25; n++) { /* a list of 21 things is not one thing */
        const char *want = n == 1 ? "it" : "them";
        CHECK_TEXT(format(LANG_RU, "{n?it|them}", ARGS(ARG_N("n", n))), want);
        CHECK_TEXT(format(LANG_EN, "{n?it|them}", ARGS(ARG_N("n", n))), want);
    }
    CHECK_TEXT(format(LANG_RU, "{n?it|them}", ARGS(ARG_S("n", "1"))), "them");
    CHECK_TEXT(format(LANG_RU, "[{n|one||many}]", ARGS(ARG_N("n", 2))), "[]");
    CHECK_TEXT(format(LANG_EN, "{n|one|other}", ARGS(ARG_S("n", "1"))), "other");
    CHECK_TEXT(format(LANG_EN, "{n} {n|photo|photos} left", ARGS(ARG_N("n", 3))), "3 photos left");
}

static void test_money(void)
{
    CHECK_TEXT(text_money(&arena, LANG_RU, 50000), "500\u00A0₽");
    CHECK_TEXT(text_money(&arena, LANG_RU, 49950), "499,50\u00A0₽");
    CHECK_TEXT(text_money(&arena, LANG_EN, 49905), "499.05\u00A0₽");
    CHECK_TEXT(text_money(&arena, LANG_RU, 0), "0\u00A0₽");
    CHECK_TEXT(text_money(&arena, LANG_RU, 1), "0,01\u00A0₽");
    CHECK_TEXT(text_money(&arena, LANG_EN, -50), "-0.50\u00A0₽");
    CHECK_TEXT(text_money(&arena, LANG_RU, 500000), "5\u00A0000\u00A0₽");
    CHECK_TEXT(text_money(&arena, LANG_EN, 123456789), "1,234,567.89\u00A0₽");
    CHECK_TEXT(text_money(&arena, LANG_EN, INT64_MIN), "-92,233,720,368,547,758.08\u00A0₽");
}

static void test_escape(void)
{
    CHECK_TEXT(text_escape(&arena, "a<b>&\"c'"), "a&lt;b&gt;&amp;&quot;c'");
    CHECK_TEXT(text_escape(&arena, ""), "");
    CHECK_TEXT(text_plain(&arena, "<b>Я &lt;3</b> &amp;amp; &quot;x&quot; &#1;<br"), "Я <3 &amp; \"x\" &#1;");
    CHECK_TEXT(text_plain(&arena, text_escape(&arena, "<&>\"")), "<&>\"");
    CHECK_TEXT(text_plain(&arena, ""), "");
}

static void test_languages(void)
{
    CHECK_INT(lang_from_tag(NULL), LANG_RU);
    CHECK_INT(lang_from_tag("ru"), LANG_RU);
    CHECK_INT(lang_from_tag("RU-ru"), LANG_RU);
    CHECK_INT(lang_from_tag("uk"), LANG_RU);
    CHECK_INT(lang_from_tag("kk_KZ"), LANG_RU);
    CHECK_INT(lang_from_tag("be"), LANG_RU);
    CHECK_INT(lang_from_tag("en-US"), LANG_EN);
    CHECK_INT(lang_from_tag("rus"), LANG_EN); /* not a tag Telegram gives; only exact subtags count */
    CHECK_INT(lang_from_tag("r"), LANG_EN);
    CHECK_INT(lang_from_tag(""), LANG_EN);
    CHECK_TEXT(lang_code(LANG_RU), "ru");
    CHECK_TEXT(lang_code(LANG_EN), "en");
    CHECK_TEXT(text_key_name(TEXT_MENU), "menu.title");
    CHECK_TEXT(text_key_params(TEXT_MENU), "");
}

static void accepts(enum lang lang, const char *words)
{
    const char *why = "";
    if (text_check(&arena, lang, TEXT_MENU, words, &why) != ERR_OK) {
        fprintf(stderr, "refused: %s: %s\n", words, why);
        exit(1);
    }
}

/* Every refusal must name its reason, not just be one. */
static void refuses(enum lang lang, const char *words, const char *reason)
{
    const char *why = "accepted";
    enum err err = text_check(&arena, lang, TEXT_MENU, words, &why);
    if (err != ERR_INVALID || strstr(why, reason) == NULL) {
        fprintf(stderr, "%s: got \"%s\", want \"%s\"\n", words, why, reason);
        exit(1);
    }
}

static void test_check_tags(void)
{
    accepts(LANG_EN, "<b>bold <i>both</i></b> &lt;&gt;&amp;&quot;");
    accepts(LANG_EN, "<u>1</u><s>2</s><code>3</code><pre>4</pre><tg-spoiler>5</tg-spoiler><blockquote>6</blockquote>");
    accepts(LANG_RU, "<blockquote expandable>много</blockquote>\nи <a href=\"https://example.org/?a=b\">ссылка</a> 💛");
    refuses(LANG_EN, "<b>x", "<b> is never closed");
    refuses(LANG_EN, "x</b>", "closes nothing");
    refuses(LANG_EN, "<b><i>x</b></i>", "wrong order");
    refuses(LANG_EN, "<br>", "not a tag");
    refuses(LANG_EN, "<B>x</B>", "not a tag");
    refuses(LANG_EN, "<b class=\"x\">x</b>", "not a tag");
    refuses(LANG_EN, "<a>x</a>", "not a tag");
    refuses(LANG_EN, "<a href=\"\">x</a>", "not a tag");
    refuses(LANG_EN, "<a href=\"x\" y=\"z\">x</a>", "not a tag");
    refuses(LANG_EN, "<b>x</b >", "not a tag");
    refuses(LANG_EN, "I <3 you", "not a tag");
    refuses(LANG_EN, "1 > 0", "a bare >");
    refuses(LANG_EN, "you & me", "a bare &");
    refuses(LANG_EN, "&nbsp;", "a bare &");
    refuses(LANG_EN, "<b><b><b><b><b><b><b><b><b>x", "too deeply");
    refuses(LANG_EN, "<a href=\"{url}\">x</a>", "unknown placeholder {url}");
}

static void test_check_words(void)
{
    refuses(LANG_EN, "", "empty");
    refuses(LANG_EN, "\xC3", "UTF-8");
    refuses(LANG_EN, "\xC0\x80", "UTF-8");
    refuses(LANG_EN, "\xED\xA0\x80", "UTF-8");
    refuses(LANG_EN, "\xF4\x90\x80\x80", "UTF-8");
    refuses(LANG_EN, "\xE0\x80\x80", "UTF-8");
    refuses(LANG_EN, "\xFF", "UTF-8");
    refuses(LANG_EN, "tab\there", "control character");
    refuses(LANG_EN, "\x7F", "control character");
    char *longest = arena_alloc(&arena, TEXT_MAX_BYTES + 2);
    memset(longest, 'x', TEXT_MAX_BYTES);
    accepts(LANG_EN, longest);
    longest[TEXT_MAX_BYTES] = 'x';
    refuses(LANG_EN, longest, "longer than 4000");
    refuses(LANG_EN, "{who}", "unknown placeholder {who}; this text knows: none");
    refuses(LANG_EN, "{}", "unknown placeholder {}");
    refuses(LANG_EN, "{", "not closed");
    refuses(LANG_EN, "{who", "not closed");
    refuses(LANG_EN, "{a {b}", "not closed");
    refuses(LANG_EN, "}", "a } without");
}

static void test_check_forms(void)
{
    static const struct {
        enum lang lang;
        const char *words, *reason; /* NULL: right */
    } rows[] = {{LANG_RU, "{n} {n|one|few|many}", NULL},
                {LANG_EN, "{n} {n|one|other}", NULL},
                {LANG_RU, "{n?one|many}", NULL},
                {LANG_EN, "{n?one|many}", NULL},
                {LANG_RU, "{n|one|other}", "Russian needs three"},
                {LANG_EN, "{n|one|few|many}", "English needs two"},
                {LANG_RU, "{n?one|few|many}", "a list needs two"},
                {LANG_EN, "{n?one}", "a list needs two"},
                {LANG_EN, "{nobody?one|many}", "unknown placeholder {nobody}"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *why = "accepted";
        enum err err = text_check(&arena, rows[i].lang, TEXT_PHOTOS_OVER, rows[i].words, &why);
        CHECK_INT(err, rows[i].reason == NULL ? ERR_OK : ERR_INVALID);
        CHECK(rows[i].reason == NULL || strstr(why, rows[i].reason) != NULL);
    }
}

static void check_longest(enum text_key key, size_t units)
{
    const char *why = "";
    char *longest = arena_alloc(&arena, units * 2 + 8);
    memcpy(longest, "<b>", 3);
    for (size_t i = 0; i < units; i++) /* two bytes each: it is characters that count, and tags do not */
        memcpy(longest + 3 + i * 2, "\xD1\x8F", 2);
    memcpy(longest + 3 + units * 2, "</b>", 5);
    CHECK_INT(text_check(&arena, LANG_EN, key, longest, &why), ERR_OK);
    CHECK_INT(text_check(&arena, LANG_EN, key, arena_format(&arena, "%s!", longest), &why), ERR_INVALID);
    CHECK(strstr(why, arena_format(&arena, "longer than %zu characters", units)) != NULL);
    memcpy(longest + 3 + (units - 2) * 2, "\xF0\x9F\x98\x80", 4); /* two units, one character */
    CHECK_INT(text_check(&arena, LANG_EN, key, longest, &why), ERR_OK);
    CHECK_INT(text_check(&arena, LANG_EN, key, arena_format(&arena, "%s!", longest), &why), ERR_INVALID);
}

/* Where Telegram takes few characters. */
static void test_check_lengths(void)
{
    check_longest(TEXT_ABOUT, 512);
    check_longest(TEXT_ABOUT_SHORT, 120);
    check_longest(TEXT_COMMAND_HELP, 256);
    check_longest(TEXT_PAY_CHECKING, 200);
}

/* With a key that has parameters, found in the real list, so that forms can be counted too. */
static void test_check_placeholders(void)
{
    enum text_key key = TEXT_MENU;
    for (int i = 0; i < TEXT_COUNT && text_key_params(key)[0] == '\0'; i++)
        key = (enum text_key)i;
    const char *params = text_key_params(key);
    if (params[0] == '\0')
        return;
    int length = (int)strcspn(params, " ");
    const char *why = "";
    CHECK_INT(text_check(&arena, LANG_EN, key,
                         arena_format(&arena, "{%.*s} {%.*s|a|b}", length, params, length, params), &why),
              ERR_OK);
    CHECK_INT(text_check(&arena, LANG_RU, key, arena_format(&arena, "{%.*s|a|b|c}", length, params), &why), ERR_OK);
    CHECK_INT(text_check(&arena, LANG_RU, key, arena_format(&arena, "{%.*s|a|b}", length, params), &why), ERR_INVALID);
    CHECK(strstr(why, "one|few|many") != NULL);
    CHECK_INT(text_check(&arena, LANG_EN, key, arena_format(&arena, "{%.*s|a|b|c}", length, params), &why),
              ERR_INVALID);
    CHECK(strstr(why, "one|other") != NULL);
    CHECK_INT(text_check(&arena, LANG_EN, key, arena_format(&arena, "{%.*s|a|<b>}", length, params), &why),
              ERR_INVALID);
}

int main(void)
{
    arena_init(&arena);
    test_placeholders();
    test_plurals();
    test_money();
    test_escape();
    test_languages();
    test_check_tags();
    test_check_words();
    test_check_forms();
    test_check_lengths();
    test_check_placeholders();
    arena_done(&arena);
    return 0;
}
