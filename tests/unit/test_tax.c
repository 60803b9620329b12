/* What is said to the tax service, and what its answers mean. */
#include "bot/services/tax/classify.h"
#include "bot/services/tax/income.h"
#include "core/npd_plan.h"
#include "tests/check.h"

enum { MOSCOW = 180 };
#define DAY_MS INT64_C(1795824000000) /* 2026-11-28T00:00:00Z */

static void check_time(int64_t ms, int32_t offset, const char *want)
{
    char text[TAX_TIME_BYTES];
    tax_time(ms, offset, text);
    CHECK_TEXT(text, want);
}

static void test_times(void)
{
    check_time(DAY_MS, MOSCOW, "2026-11-28T03:00:00+03:00");
    check_time(DAY_MS + 999, 0, "2026-11-28T00:00:00+00:00");
    check_time(DAY_MS, -210, "2026-11-27T20:30:00-03:30");
    check_time(DAY_MS, 840, "2026-11-28T14:00:00+14:00");
}

static void test_bodies(void)
{
    const struct tax_income income = {.name = "Набор \"А\", № 7", .kopecks = 50005, .at_ms = DAY_MS};
    char *body = tax_income_body(&income, DAY_MS + 1000, MOSCOW);
    CHECK_TEXT(body, "{\"operationTime\":\"2026-11-28T03:00:00+03:00\",\"requestTime\":\"2026-11-28T03:00:01+03:00\","
                     "\"services\":[{\"name\":\"Набор \\\"А\\\", № 7\",\"amount\":\"500.05\",\"quantity\":1}],"
                     "\"totalAmount\":\"500.05\",\"client\":{\"contactPhone\":null,\"displayName\":null,\"inn\":null,"
                     "\"incomeType\":\"FROM_INDIVIDUAL\"},\"paymentType\":\"CASH\","
                     "\"ignoreMaxTotalIncomeRestriction\":false}");
    free(body);
    body = tax_cancel_body("200abc", DAY_MS, MOSCOW);
    CHECK_TEXT(body, "{\"operationTime\":\"2026-11-28T03:00:00+03:00\",\"requestTime\":\"2026-11-28T03:00:00+03:00\","
                     "\"receiptUuid\":\"200abc\",\"comment\":\"Возврат средств\",\"partnerCode\":null}");
    free(body);
}

static void check_uuid(const char *json, const char *want)
{
    char uuid[TAX_UUID_BYTES] = "none";
    CHECK_INT(tax_read_uuid(json, strlen(json), uuid), want == NULL ? ERR_INVALID : ERR_OK);
    CHECK_TEXT(uuid, want == NULL ? "none" : want);
}

static void test_answers(void)
{
    static const char canceled[] = "{\"incomeInfo\":{\"approvedReceiptUuid\":\"2a\",\"cancellationInfo\":{\"x\":1}}}";
    static const char stands[] = "{\"incomeInfo\":{\"approvedReceiptUuid\":\"2a\",\"cancellationInfo\":null}}";
    check_uuid("{\"approvedReceiptUuid\":\"2ix4u1qvah\"}", "2ix4u1qvah");
    check_uuid("{\"approvedReceiptUuid\":\"2ix4u1qvah\"", NULL);
    check_uuid("{\"approvedReceiptUuid\":\"\"}", NULL);
    check_uuid("{\"approvedReceiptUuid\":\"2/../3\"}", NULL); /* it goes into an address */
    check_uuid("{\"approvedReceiptUuid\":2}", NULL);
    check_uuid("{\"approvedReceiptUuid\":\"01234567890123456789012345678901234567890\"}", NULL);
    check_uuid("<html>", NULL);
    CHECK_INT(tax_read_canceled(canceled, strlen(canceled), "2a"), ERR_OK);
    CHECK_INT(tax_read_canceled(canceled, strlen(canceled), "2b"), ERR_INVALID);
    CHECK_INT(tax_read_canceled(stands, strlen(stands), "2a"), ERR_INVALID);
    CHECK_INT(tax_read_canceled("{}", 2, "2a"), ERR_INVALID);
}

#define INCOME(uuid, name, sum, cancel)                                                                                \
    "{\"approvedReceiptUuid\":\"" uuid "\",\"name\":\"" name "\",\"totalAmount\":" sum ",\"cancellationInfo\":" cancel \
    "}"
#define PAGE(list, more) "{\"content\":[" list "],\"hasMore\":" more "}"

/* want: the number; "" = not there; NULL = it can't be said. */
static void check_page(const char *json, const char *uuid, const char *want)
{
    const struct tax_income income = {.name = "Set, № 7", .kopecks = 50000, .at_ms = DAY_MS};
    struct tax_found found = {.count = -1};
    CHECK_INT(tax_read_page(json, strlen(json), &income, uuid, &found), want == NULL ? ERR_INVALID : ERR_OK);
    if (want != NULL)
        CHECK_TEXT(found.uuid, want);
    CHECK(want != NULL || found.count == -1);
}

static void test_search(void)
{
    check_page(PAGE("", "false"), NULL, "");
    check_page(PAGE(INCOME("2a", "Set, № 7", "500.00", "null"), "false"), NULL, "2a");
    check_page(PAGE(INCOME("2a", "Set, № 7", "500", "null"), "false"), NULL, "2a");
    check_page(PAGE(INCOME("2a", "Set, № 7", "\"500.0\"", "null"), "false"), NULL, "2a");
    check_page(PAGE(INCOME("2a", "Set, № 7", "500.01", "null"), "false"), NULL, "");
    check_page(PAGE(INCOME("2a", "Set, № 77", "500.00", "null"), "false"), NULL, "");
    check_page(PAGE(INCOME("2a", "Set, № 7-2", "500.00", "null"), "false"), NULL, "");
    check_page(PAGE(INCOME("2a", "Set, № 7", "500.00", "{\"comment\":\"x\"}"), "false"), NULL, "");
    check_page(PAGE(INCOME("2b", "Other", "1e9", "null") "," INCOME("2a", "Set, № 7", "500.00", "null"), "false"), NULL,
               "2a");
    check_page(
        PAGE("{\"approvedReceiptUuid\":\"2a\",\"services\":[{\"name\":\"Set, № 7\"}],\"totalAmount\":500}", "false"),
        NULL, "2a");
    check_page(PAGE(INCOME("2a", "Set, № 7", "5e2", "null"), "false"), NULL, NULL); /* it may be ours */
    check_page(PAGE(INCOME("/", "Set, № 7", "500", "null"), "false"), NULL, NULL);
    check_page(PAGE("7", "false"), NULL, "");
    check_page("{\"content\":null}", NULL, NULL);
    check_page("<html>", NULL, NULL);
    check_page(PAGE(INCOME("2a", "Set, № 7", "500.00", "{\"comment\":\"x\"}"), "false"), "2a", "2a");
    check_page(PAGE(INCOME("2a", "Set, № 7", "500.00", "null"), "false"), "2b", "");
}

static enum tax_verdict_kind kind_of(enum http_outcome outcome, long status, bool sent)
{
    char body[] = "{\"code\":\"validation.failed\",\"message\":\"Так\\nнельзя\"}";
    struct tax_verdict verdict;
    tax_classify(
        &(struct http_answer){
            .outcome = outcome, .status = status, .sent = sent, .body = body, .bytes = sizeof body - 1, .error = ""},
        &verdict);
    CHECK(verdict.kind == TAX_OK || verdict.message[0] != '\0');
    if (outcome == HTTP_ANSWERED && status == 400) {
        CHECK_TEXT(verdict.code, "validation.failed");
        CHECK_TEXT(verdict.message, "Так нельзя");
    }
    return verdict.kind;
}

/* Only what surely did nothing is no riddle. */
static void test_verdicts(void)
{
    CHECK_INT(kind_of(HTTP_ANSWERED, 200, true), TAX_OK);
    CHECK_INT(kind_of(HTTP_ANSWERED, 400, true), TAX_REFUSED);
    CHECK_INT(kind_of(HTTP_ANSWERED, 401, true), TAX_STALE);
    CHECK_INT(kind_of(HTTP_ANSWERED, 408, true), TAX_AMBIGUOUS);
    CHECK_INT(kind_of(HTTP_ANSWERED, 429, true), TAX_RETRY);
    CHECK_INT(kind_of(HTTP_ANSWERED, 500, true), TAX_AMBIGUOUS);
    CHECK_INT(kind_of(HTTP_ANSWERED, 503, true), TAX_AMBIGUOUS);
    CHECK_INT(kind_of(HTTP_NOT_SENT, 0, false), TAX_RETRY);
    CHECK_INT(kind_of(HTTP_AMBIGUOUS, 0, true), TAX_AMBIGUOUS);
    CHECK_INT(kind_of(HTTP_TOO_LARGE, 200, true), TAX_AMBIGUOUS);
    CHECK_INT(kind_of(HTTP_CANCELED, 0, true), TAX_AMBIGUOUS);
    CHECK_INT(kind_of(HTTP_CANCELED, 0, false), TAX_RETRY);
}

static void test_plan(void)
{
    static const struct {
        int64_t due, asked;
        bool is_known;
        enum npd_step next, unfound;
    } cases[] = {
        {500, 0, false, NPD_REGISTER, NPD_STEP_COUNT}, {0, 0, false, NPD_REST, NPD_STEP_COUNT},
        {500, 500, false, NPD_LOOK, NPD_REGISTER},     {300, 500, false, NPD_LOOK, NPD_VOID},
        {0, 500, false, NPD_LOOK, NPD_VOID},           {500, 500, true, NPD_REST, NPD_STEP_COUNT},
        {300, 500, true, NPD_CANCEL, NPD_STEP_COUNT},  {0, 500, true, NPD_CANCEL, NPD_STEP_COUNT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct npd_facts facts = {cases[i].due, cases[i].asked, cases[i].is_known};
        CHECK_INT(npd_plan_next(&facts), cases[i].next);
        if (cases[i].unfound == NPD_STEP_COUNT)
            continue;
        CHECK_INT(npd_plan_unfound(&facts, NPD_SETTLE_MS - 1), NPD_WAIT);
        CHECK_INT(npd_plan_unfound(&facts, NPD_SETTLE_MS), cases[i].unfound);
    }
}

int main(void)
{
    test_times();
    test_bodies();
    test_answers();
    test_search();
    test_verdicts();
    test_plan();
    return 0;
}
