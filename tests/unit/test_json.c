/* What is let through as JSON, and what a look into it finds. */
#include "bot/base/json.h"
#include "tests/check.h"

enum { DEPTH = 8 };

static bool is_json(const char *text)
{
    struct json_object *value = json_read(text, strlen(text), DEPTH);
    json_object_put(value);
    return value != NULL;
}

static void test_read(void)
{
    static const char *const good[] = {"{}", "[]", "\"\"", " {\"a\":[1,-2.5e3,\"\\u0416\"]} ", "[[[[[[[1]]]]]]]"};
    static const char *const bad[] = {"",         "null",  "{",        "{\"a\":1}x", "{\"a\":1,}",
                                      "[1,]",     "NaN",   "Infinity", "TRUE",       "/* c */{}",
                                      "\"\xff\"", "{a:1}", "[1] [2]",  "\"abc",      "[[[[[[[[[1]]]]]]]]]"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        CHECK_TEXT(is_json(good[i]) ? good[i] : "no JSON", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_TEXT(is_json(bad[i]) ? "JSON" : bad[i], bad[i]);
    struct json_object *value = json_read("[1] and what follows", 3, DEPTH); /* only so many bytes are looked at */
    CHECK(value != NULL);
    json_object_put(value);
}

static void test_peek(void)
{
    static const char text[] = "{\"text\":\"words\",\"zero\":\"a\\u0000b\",\"number\":-7,\"huge\":99999999999999999999,"
                               "\"real\":1.5,\"yes\":true,\"no\":false,\"nothing\":null,\"inner\":{\"x\":1}}";
    struct json_object *object = json_read(text, sizeof text - 1, DEPTH);
    CHECK_TEXT(json_peek_text(object, "text"), "words");
    CHECK(json_peek_text(object, "zero") == NULL && json_peek_text(object, "number") == NULL);
    CHECK(json_peek_text(object, "missing") == NULL && json_peek_text(object, "nothing") == NULL);
    CHECK_INT(json_peek_number(object, "number"), -7);
    CHECK_INT(json_peek_number(object, "huge"), INT64_MAX);
    CHECK_INT(json_peek_number(object, "real"), 0);
    CHECK_INT(json_peek_number(object, "text"), 0);
    CHECK(json_peek_true(object, "yes") && !json_peek_true(object, "no") && !json_peek_true(object, "number"));
    struct json_object *inner = json_peek(object, "inner", json_type_object);
    CHECK_INT(json_peek_number(inner, "x"), 1);
    CHECK(json_peek(object, "inner", json_type_array) == NULL);
    CHECK(json_peek(inner, "x", json_type_object) == NULL && json_peek_number(NULL, "x") == 0);
    CHECK(json_peek_text(json_peek(object, "text", json_type_string), "text") == NULL); /* no object at all */
    json_object_put(object);
}

int main(void)
{
    test_read();
    test_peek();
    return 0;
}
