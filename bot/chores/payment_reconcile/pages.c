/* The pages of both lists. A page is recorded in one transaction; what of it is not here as it is there stays in the
 * pass, to be asked for by its name. Must not: settle anything by what a list says. */
#include "bot/chores/payment_reconcile/private.h"

#include <stdio.h>
#include <string.h>

#include "bot/base/log.h"
#include "core/bug.h"

/* Those that are not here as they are there stay to be asked for, and those that could not be read. */
static void keep_asked(struct pass *pass, const struct db_result *result)
{
    size_t kept = 0;
    for (size_t i = 0; i < pass->item_count; i++)
        if (i >= pass->listed || (result != NULL && reconcile_read_asked(result, (int)i)))
            pass->items[kept++] = pass->items[i];
    pass->item_count = kept;
}

/* It is not over, or not understood: it is looked for again from there on. */
static void hold_mark(struct pass *pass, int64_t made_s)
{
    int64_t held_s = made_s == 0 ? pass->refunds_mark_s : made_s;
    if (pass->held_s == 0 || held_s < pass->held_s)
        pass->held_s = held_s;
}

static void count_refunds(struct pass *pass, const struct db_result *result)
{
    for (size_t i = 0; result != NULL && i < pass->listed; i++)
        switch (reconcile_read_refund(result, (int)i)) {
        case RECONCILE_TAKEN: pass->refunds++; break;
        case RECONCILE_ODD: pass->odd++; break;
        case RECONCILE_OPEN: hold_mark(pass, pass->items[i].made_s); break;
        case RECONCILE_KNOWN:
        case RECONCILE_FOREIGN:
        case RECONCILE_SEEN_COUNT: break;
        }
    pass->item_count = 0;
}

static void take_page(struct pass *pass, const struct db_result *result)
{
    if (pass->part == PASS_REFUNDS)
        count_refunds(pass, result);
    else
        keep_asked(pass, result);
    pass->at = 0;
    pass->is_paged = true;
}

static void page_recorded(struct errand *errand, const struct db_result *result, const struct db_failure *failure)
{
    const struct payment_reconcile *self = errand_self(errand);
    struct pass *pass = errand->work;
    int known = pass->refunds;
    if (failure != NULL && pass_in_trouble(errand, failure))
        return;
    take_page(pass, result);
    if (pass->refunds > known)
        mailbox_look(self->ports.mailbox);
    pass_go_on(errand);
}

static void add_payment(struct pass *pass, struct db_unit *unit, struct arena *arena,
                        const struct yookassa_payment *payment)
{
    if (payment->status != YOOKASSA_SUCCEEDED)
        return;
    pass_add_item(pass, payment->id, 0);
    (void)reconcile_add_listed(unit, arena,
                               &(struct reconcile_payment){.provider = PASS_PROVIDER,
                                                           .id = payment->id,
                                                           .kopecks = payment->amount_kopecks,
                                                           .currency = payment->currency,
                                                           .refunded_kopecks = payment->refunded_kopecks,
                                                           .order_id = payment->order_id,
                                                           .test = payment->test,
                                                           .test_untold = payment->test_untold,
                                                           .created_at_s = payment->created_at_s});
}

static void add_refund(struct pass *pass, struct db_unit *unit, struct arena *arena,
                       const struct yookassa_refund *refund)
{
    pass_add_item(pass, refund->id, refund->created_at_s);
    (void)reconcile_add_refund(unit, arena,
                               &(struct reconcile_refund){.provider = PASS_PROVIDER,
                                                          .id = refund->id,
                                                          .payment_id = refund->payment_id,
                                                          .status = pass_word_of(refund->status),
                                                          .kopecks = refund->amount_kopecks,
                                                          .currency = refund->currency});
}

static void note_unread(struct pass *pass, const struct yookassa_page *page)
{
    if (page->unread_count + page->nameless_count == 0)
        return;
    for (size_t i = 0; page->list == YOOKASSA_PAYMENTS && i < page->unread_count; i++)
        pass_add_item(pass, page->unread[i], 0);
    if (page->list == YOOKASSA_REFUNDS)
        hold_mark(pass, 0);
    log_error("payment_reconcile", "%zu objects of YooKassa's list of %s can't be read, the first of them is %s",
              page->unread_count + page->nameless_count, page->list == YOOKASSA_PAYMENTS ? "payments" : "refunds",
              page->unread_count > 0 ? page->unread[0] : "without a name");
}

static void record_page(struct errand *errand, const struct yookassa_page *page)
{
    struct pass *pass = errand->work;
    struct arena arena;
    struct db_unit *unit = pass_unit(&arena);
    memcpy(pass->next, page->next, sizeof pass->next);
    pass->item_count = 0;
    for (size_t i = 0; i < page->count; i++)
        if (page->list == YOOKASSA_PAYMENTS)
            add_payment(pass, unit, &arena, &page->payments[i]);
        else
            add_refund(pass, unit, &arena, &page->refunds[i]);
    pass->listed = pass->item_count;
    note_unread(pass, page);
    pass->at = pass->item_count; /* not before the page is recorded */
    if (pass->listed > 0) {
        pass_ask(errand, unit, &arena, page_recorded);
        return;
    }
    db_unit_free(unit);
    arena_done(&arena);
    take_page(pass, NULL);
    pass_go_on(errand);
}

static void page_answered(void *ctx, const struct yookassa_reply *reply)
{
    struct errand *errand = ctx;
    if (!errand_answered(errand))
        return;
    const struct pass *pass = errand->work;
    if (reply->page != NULL)
        errand_fine(errand);
    if (reply->page == NULL)
        pass_not_answered(errand, &reply->verdict);
    else if (reply->page->next[0] != '\0' && strcmp(reply->page->next, pass->cursor) == 0)
        pass_begin_anew(errand, "YooKassa's list goes in a circle");
    else
        record_page(errand, reply->page);
}

void pass_ask_for_page(const struct payment_reconcile *self, struct errand *errand)
{
    const struct pass *pass = errand->work;
    bool is_of_refunds = pass->part == PASS_REFUNDS;
    if (errand_call(errand))
        yookassa_list(self->ports.yookassa, is_of_refunds ? YOOKASSA_REFUNDS : YOOKASSA_PAYMENTS,
                      is_of_refunds ? pass->refunds_since_s : pass->payments_since_s, pass->cursor, page_answered,
                      errand);
}

bool pass_turn_page(struct pass *pass)
{
    if (pass->part == PASS_UNSETTLED)
        return false;
    if (pass->next[0] == '\0')
        pass->part++;
    memcpy(pass->cursor, pass->next, sizeof pass->cursor);
    pass->next[0] = '\0';
    pass->is_paged = false;
    return true;
}
