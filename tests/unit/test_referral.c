/* Codes in start links: only the prefixed form of six characters of the alphabet is one. */
#include "core/referral.h"

#include "tests/check.h"

int main(void)
{
    static const char *const none[] = {"",           "ABC234",      "ref_",        "ref_ABC23",  "ref_ABC2345",
                                       "REF_ABC234", "ref-ABC234",  "ref_ABC1O",   "ref_ABC10O", "ref_ABCIO2",
                                       "ref_ABC 34", " ref_ABC234", "ref_ABC234 ", "ref_АБВ",    "ref_ABC23\xff",
                                       "ref_ref_AB"};
    struct arena arena;
    arena_init(&arena);
    CHECK_TEXT(referral_code(&arena, "ref_ABC234"), "ABC234");
    CHECK_TEXT(referral_code(&arena, "ref_abc234"), "ABC234");
    CHECK_TEXT(referral_code(&arena, "ref_ZyX987"), "ZYX987");
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        if (referral_code(&arena, none[i]) != NULL)
            fprintf(stderr, "read as a code: %s\n", none[i]);
        CHECK(referral_code(&arena, none[i]) == NULL);
    }
    CHECK(referral_code(&arena, NULL) == NULL);
    arena_done(&arena);
    return 0;
}
