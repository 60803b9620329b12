/* What only YooKassa can say of the configuration: is it that kind of shop? A wrong answer here means that nobody can
 * pay, or that photos are given for play money, so each is a problem; only what may be meant so is a note. */
#include "bot/check.h"

#include <stddef.h>

static int tell_problem(const char *text, const char *remedy)
{
    check_print("PROBLEM", "yookassa", text, remedy);
    return 1;
}

int check_settings(const struct config *config, const struct yookassa_shop *shop)
{
    bool ours = config->receipts.mode == CONFIG_RECEIPTS_YOOKASSA;
    int problems = 0;
    if (!shop->enabled)
        problems += tell_problem("the shop is switched off: it can't take payments",
                                 "see the YooKassa cabinet for what it still wants, or ask its support");
    if (shop->test && !config->yookassa.test_shop)
        problems += tell_problem(
            "this is a test shop: nobody can pay real money there",
            "take the id and the key of the real one; to try things out, yookassa.test_shop = true");
    if (!shop->test && config->yookassa.test_shop)
        problems += tell_problem("this is a real shop, and yookassa.test_shop says that it is a test one",
                                 "take the id and the key of the test shop, or yookassa.test_shop = false to sell");
    if (shop->receipts_told && shop->receipts && !ours)
        problems += tell_problem("the shop wants the data of a receipt with every payment, and gets none",
                                 "receipts.mode = \"yookassa\", or have receipts switched off in the YooKassa cabinet");
    if (shop->receipts_told && !shop->receipts && ours)
        check_print("note", "yookassa",
                    "the shop makes no receipts: those that receipts.mode sends along may be nobody's",
                    "set them up in the YooKassa cabinet, or see README for the receipts.mode that is yours");
    return problems;
}
