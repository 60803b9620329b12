/* Questions that are asked instead of an answer. */
#include "core/question.h"

#include "tests/check.h"

int main(void)
{
    static const char *const asked[] = {"Сколько стоит?",
                                        "сколько это будет",
                                        "СКОЛЬКО БУДЕТ СТОИТЬ набор",
                                        "Здравствуйте, какая цена?",
                                        "ПОЧЁМ?",
                                        "почем",
                                        "а скидка?",
                                        "Это платно?",
                                        "это бесплатно?",
                                        "Дорого…",
                                        "What does it cost?",
                                        "HOW MUCH is it",
                                        "Hello! Price?",
                                        "стоимость (за 23 фото)",
                                        "any discounts?"};
    static const char *const others[] = {"",           "Анна",        "Привет!",   "сколько ждать?",
                                         "долго ещё?", "достоинство", "центр",     "спасибо, класс",
                                         "\xff\xd0",   "\xd0",        "accost me", "Настоят"};
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++)
        if (!question_of_price(&arena, asked[i])) {
            fprintf(stderr, "not about the price: %s\n", asked[i]);
            return 1;
        }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (question_of_price(&arena, others[i])) {
            fprintf(stderr, "about the price: %s\n", others[i]);
            return 1;
        }
    arena_done(&arena);
    return 0;
}
