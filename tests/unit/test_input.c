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

static const char *read_shared(const char *text)
{
    return input_shared_phone(&arena, text);
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
                                        {"a@b.ru.", "a@b.ru"},
                                        {".a@b.ru", NULL},
                                        {"a.@b.ru", NULL},
                                        {"a..b@c.ru", NULL},
                                        {"a@b@c.ru", NULL},
                                        {"a b@c.ru", NULL},
                                        {"a@-b.ru", NULL},
                                        {"a@b-.ru", NULL},
                                        {"a@b.-ru", NULL},
                                        {"a@b.ru-", NULL},
                                        {"<a@b.ru>", "a@b.ru"},
                                        {"<b>@b.ru", NULL},
                                        {"<>", NULL},
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
                                        {"+84 912 345 678", "+84912345678"},
                                        {"+852 9123 4567", "+85291234567"},
                                        {"+888 8 888", "+8888888"},
                                        {"+8 916 123-45-67", "+89161234567"},
                                        {"+7 916 123-45-6", NULL},
                                        {"0501234567", NULL},
                                        {"00491511234567", NULL},
                                        {"+123456", NULL},
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

/* What a machine supplies has its country code, with or without the "+": an 8 is no habit there. */
static void test_shared_phones(void)
{
    static const struct pair pairs[] = {{"79161234567", "+79161234567"},
                                        {"+79161234567", "+79161234567"},
                                        {"84912345678", "+84912345678"},
                                        {"85291234567", "+85291234567"},
                                        {"8801712345678", "+8801712345678"},
                                        {"88801234567", "+88801234567"},
                                        {"8888888", "+8888888"},
                                        {"+888 0123 4567", "+88801234567"},
                                        {"1 202 555 0123", "+12025550123"},
                                        {"3725551234", "+3725551234"},
                                        {"", NULL},
                                        {"+", NULL},
                                        {"a@b.ru", NULL},
                                        {"1234567890123456", NULL}};
    check_all(read_shared, pairs, sizeof pairs / sizeof pairs[0]);
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) /* what is stored reads the same for ever */
        if (pairs[i].kept != NULL)
            CHECK_TEXT(read_contact(pairs[i].kept), pairs[i].kept);
}

/* As they come from a phone's contacts, a page, a mail program or a PDF. */
static void test_pasted(void)
{
    static const struct pair pairs[] = {{"\u202d+7 916 123\u201145\u201167\u202c", "+79161234567"},
                                        {"+7\u00a0916\u00a0123\u201345\u201467", "+79161234567"},
                                        {"8\u202f(916)\u2009123\u221245\u201067", "+79161234567"},
                                        {"\u200e79161234567", "+79161234567"},
                                        {"\u2068+84 912 345 678\u2069", "+84912345678"},
                                        {"\uff0b\uff17 \uff19\uff11\uff16 123-45-67", "+79161234567"},
                                        {"tel:+7-916-123-45-67", "+79161234567"},
                                        {"TEL: 8 916 123 45 67", "+79161234567"},
                                        {"8 916 123-45-67.", "+79161234567"},
                                        {"anna@example.com\u200b", "anna@example.com"},
                                        {"\u2068anna@example.com\u2069", "anna@example.com"},
                                        {"\ufeffanna@exam\u00adple.com", "anna@example.com"},
                                        {"anna.smith\u2011jones@example.com", "anna.smith-jones@example.com"},
                                        {"anna\uff20example.com", "anna@example.com"},
                                        {"mailto:anna@example.com", "anna@example.com"},
                                        {"Mailto:anna@example.com?subject=Hi", "anna@example.com"},
                                        {"<anna@example.com>", "anna@example.com"},
                                        {"Anna <anna@example.com>,", "anna@example.com"},
                                        {"Анна <anna@example.com>", "anna@example.com"},
                                        {"<mailto:anna@example.com>", "anna@example.com"},
                                        {"\u00a0anna@example.com;\n", "anna@example.com"},
                                        {"mailto:", NULL},
                                        {"tel:", NULL},
                                        {"\u200b", NULL},
                                        {"anna@example.com, boris@example.com", NULL},
                                        {"anna @example.com", NULL}};
    check_all(read_contact, pairs, sizeof pairs / sizeof pairs[0]);
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
    test_shared_phones();
    test_pasted();
    test_contacts();
    arena_done(&arena);
    return 0;
}
