/* Names, e-mail addresses and phone numbers as people type them. */
#include "core/input.h"

#include "tests/check.h"

static struct arena arena;

struct pair {
    const char *typed, *kept; /* NULL: refused */
};

static void check_all(const char *(*read)(const char *text), const struct pair *pairs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *got = read(pairs[i].typed), *want = pairs[i].kept;
        if ((got == NULL) != (want == NULL) || (got != NULL && strcmp(got, want) != 0)) {
            fprintf(stderr, "“%s” is read as %s, want %s\n", pairs[i].typed, got == NULL ? "(refused)" : got,
                    want == NULL ? "(refused)" : want);
            exit(1);
        }
    }
}

static const char *read_name(const char *text)
{
    return input_name(&arena, text, 8);
}

static const char *read_email(const char *text)
{
    return input_email(&arena, text);
}

static const char *read_phone(const char *text)
{
    return input_phone(&arena, text);
}

static const char *read_contact(const char *text)
{
    return input_contact(&arena, text);
}

static void test_names(void)
{
    static const struct pair pairs[] = {
        {"Анна", "Анна"},
        {"  Анна  ", "Анна"},
        {"А\n\t б", "А б"},
        {"\xc2\xa0А\xe3\x80\x80", "А"},
        {"<b>&_*`", "<b>&_*`"},
        {"12345678", "12345678"},
        {"123456789", NULL},
        {"1234 678 ", "1234 678"},
        {"1234 6789", NULL},
        {"😀😀😀😀😀😀😀😀", "😀😀😀😀😀😀😀😀"},
        {"👩\xe2\x80\x8d👧", "👩\xe2\x80\x8d👧"},
        {"", NULL},
        {" \n ", NULL},
        {"a\x01", NULL},
        {"a\x7f", NULL},
        {"a\xc2\x85", NULL},
        {"a\xc2\xad", NULL},
        {"\xe2\x80\x8b", NULL},
        {"a\xe2\x80\xae", NULL},
        {"a\xe2\x81\xa6", NULL},
        {"a\xef\xbb\xbf", NULL},
        {"\xff", NULL},
        {"\xc0\xaf", NULL},
        {"\xe0\x80\xaf", NULL},
        {"\xf0\x80\x80\xaf", NULL},
        {"\xed\xa0\x80", NULL},
        {"\xf4\x90\x80\x80", NULL},
        {"\xf4\x8f\xbf\xbd", "\xf4\x8f\xbf\xbd"},
        {"\xd0", NULL},
        {"\xf0\x9f\x98", NULL},
        /* what shows nothing: fillers, an empty Braille cell, joiners, selectors, tags */
        {"\xe3\x85\xa4", NULL},
        {"\xe2\xa0\x80", NULL},
        {"\xe1\x85\x9f \xe1\x85\xa0", NULL},
        {"\xef\xbe\xa0", NULL},
        {"\xcd\x8f", NULL},
        {"\xe1\xa0\x8e", NULL},
        {"\xe2\x80\x8c\xe2\x80\x8d", NULL},
        {"\xef\xb8\x8f", NULL},
        {"\xe2\x81\xaa", NULL},
        {"\xf3\xa0\x81\xa1\xf3\xa0\x81\xbf", NULL},
        {"\xf3\xa0\x84\x80", NULL},
        {"\xf0\x9d\x85\xb3", NULL},
        /* but it may stand among what is seen */
        {"\xe2\x9d\xa4\xef\xb8\x8f", "\xe2\x9d\xa4\xef\xb8\x8f"},
        {"ع\xe2\x80\x8cر", "ع\xe2\x80\x8cر"},
        {"a\xe3\x85\xa4", "a\xe3\x85\xa4"},
        {"\xe1\x9a\x80А\xe2\x80\xaf\xe2\x81\x9fБ", "А Б"}};
    check_all(read_name, pairs, sizeof pairs / sizeof pairs[0]);
}

static void test_words(void)
{
    static const char words[] = "сколько|цена|how much|руб|₽|$";
    static const char *const said[] = {"Сколько стоит",    "А СКОЛЬКО", "«цена»", "How Much?", "500 руб.",
                                       "500₽",           "5$",        "цена",   "x,цена,y",  "100 РУБ",
                                       "how much is that", "руб"};
    static const char *const not [] = {"",          "Анна",      "Рубен",     "рубль", "ценаx",
                                       "несколько", "how  much", "show much", "ру"};
    for (size_t i = 0; i < sizeof said / sizeof said[0]; i++)
        CHECK(input_has_word(&arena, said[i], words));
    for (size_t i = 0; i < sizeof not / sizeof not [0]; i++)
        CHECK(!input_has_word(&arena, not [i], words));
    CHECK(!input_has_word(&arena, "a", ""));
    CHECK(!input_has_word(&arena, "a", "||"));
    CHECK(!input_has_word(&arena, "\xff цена", words)); /* not read past what is no text */
    CHECK(input_has_question_mark("?") && input_has_question_mark("多少？") && input_has_question_mark("كم؟"));
    CHECK(!input_has_question_mark("") && !input_has_question_mark("Анна!"));
}

static void test_emails(void)
{
    static const struct pair pairs[] = {{"a@b.ru", "a@b.ru"},
                                        {" Anna.K+x@sub-1.mail.com ", "Anna.K+x@sub-1.mail.com"},
                                        {"a'b@c.museum", "a'b@c.museum"},
                                        {"a", NULL},
                                        {"@b.ru", NULL},
                                        {"a@", NULL},
                                        {"a@b", NULL},
                                        {"a@b.r", NULL},
                                        {"a@.ru", NULL},
                                        {"a@b..ru", NULL},
                                        {"a@b.ru.", NULL},
                                        {".a@b.ru", NULL},
                                        {"a.@b.ru", NULL},
                                        {"a..b@c.ru", NULL},
                                        {"a@b@c.ru", NULL},
                                        {"a b@c.ru", NULL},
                                        {"a@-b.ru", NULL},
                                        {"a@b-.ru", NULL},
                                        {"a@b.-ru", NULL},
                                        {"a@b.ru-", NULL},
                                        {"<a@b.ru>", NULL},
                                        {"a@b.ru\x01", NULL},
                                        {"а@б.рф", NULL},
                                        {"a,b@c.ru", NULL}};
    char longest[400];
    check_all(read_email, pairs, sizeof pairs / sizeof pairs[0]);
    memset(longest, 'a', sizeof longest);
    memcpy(longest + 64, "@b.ru", 6);
    CHECK(read_email(longest) != NULL);
    memset(longest, 'a', sizeof longest);
    memcpy(longest + 65, "@b.ru", 6);
    CHECK(read_email(longest) == NULL);
    memset(longest, 'a', sizeof longest);
    longest[1] = '@';
    memcpy(longest + 251, ".ru", 4);
    CHECK_INT(strlen(read_email(longest)), 254);
    memcpy(longest + 251, "a.ru", 5);
    CHECK(read_email(longest) == NULL);
}

static void test_phones(void)
{
    static const struct pair pairs[] = {{"8 916 123-45-67", "+79161234567"},
                                        {"8(916)1234567", "+79161234567"},
                                        {"+7 916 123 45 67", "+79161234567"},
                                        {"79161234567", "+79161234567"},
                                        {"9161234567", "+79161234567"},
                                        {"8.916.123.45.67", "+79161234567"},
                                        {"+375 29 123-45-67", "+375291234567"},
                                        {"380501234567", "+380501234567"},
                                        {"+123456789012345", "+123456789012345"},
                                        {"+1234567890123456", NULL},
                                        {"123456789", NULL},
                                        {"", NULL},
                                        {"+", NULL},
                                        {"++79161234567", NULL},
                                        {"7+9161234567", NULL},
                                        {"8 916 123-45-67 доб. 2", NULL},
                                        {"8 916 123-45-67, Анна", NULL},
                                        {"٨٩١٦١٢٣٤٥٦٧", NULL}};
    check_all(read_phone, pairs, sizeof pairs / sizeof pairs[0]);
}

static void test_contacts(void)
{
    static const struct pair pairs[] = {
        {"a@b.ru", "a@b.ru"}, {"8 916 123-45-67", "+79161234567"}, {"нет", NULL}, {"\xff", NULL}};
    check_all(read_contact, pairs, sizeof pairs / sizeof pairs[0]);
}

int main(void)
{
    arena_init(&arena);
    test_names();
    test_words();
    test_emails();
    test_phones();
    test_contacts();
    arena_done(&arena);
    return 0;
}
