/* Statements of receipts. What follows from what is in the database's functions. */
#include "db/receipts.h"

int receipts_add_seen(struct db_unit *unit, const char *payment_id, const char *receipt)
{
    return db_unit_add(unit, "SELECT receipt_seen($1, $2)", 2,
                       (struct db_param[]){db_text_param(payment_id), db_text_param(receipt)});
}

int receipts_add_missed(struct db_unit *unit, const char *payment_id)
{
    return db_unit_add(unit,
                       "SELECT receipt_missed(id) FROM bot_payments WHERE provider = 'yookassa' AND outside_id = $1", 1,
                       (struct db_param[]){db_text_param(payment_id)});
}

bool receipts_read_due(const struct db_result *result, int statement)
{
    return db_rows(result, statement) > 0 && db_bool(result, statement, 0, 0);
}
