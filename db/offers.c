/* The statements behind `fotosetd promo` and `fotosetd grant`. A code is never changed once it is made, only switched
 * off: what was promised with it stays true. */
#include "db/offers.h"

#include "db/param.h"

void offers_add_code(struct db_unit *unit, struct arena *arena, const struct offers_code *code)
{
    (void)db_unit_add(
        unit,
        "WITH made AS (INSERT INTO promo_codes (code, percent, amount_off, limit_all, limit_user, valid_from,"
        " valid_until, styles) VALUES ($1, NULLIF($2::int, 0), NULLIF($3::numeric, 0), NULLIF($4::int, 0),"
        " NULLIF($5::int, 0), ($6::date - $8::int * interval '1 minute') AT TIME ZONE 'UTC',"
        " ($7::date + 1 - $8::int * interval '1 minute') AT TIME ZONE 'UTC', NULLIF($9::text[], '{}'))"
        " ON CONFLICT DO NOTHING RETURNING 1) SELECT count(*) > 0 FROM made",
        9,
        (struct db_param[]){db_text_param(code->code), db_int64_param(arena, code->percent),
                            db_kopecks_param(arena, code->off_kopecks), db_int64_param(arena, code->limit_all),
                            db_int64_param(arena, code->limit_user), db_text_param(code->from),
                            db_text_param(code->until), db_int64_param(arena, code->utc_offset_minutes),
                            db_text_array(arena, code->styles, code->style_count)});
}

void offers_add_off(struct db_unit *unit, const char *code)
{
    (void)db_unit_add(unit,
                      "WITH ended AS (UPDATE promo_codes SET is_on = FALSE WHERE code = $1 AND is_on RETURNING 1)"
                      " SELECT count(*) > 0 FROM ended",
                      1, (struct db_param[]){db_text_param(code)});
}

void offers_add_gift(struct db_unit *unit, struct arena *arena, int64_t telegram_user_id, int64_t sets)
{
    (void)db_unit_add(unit, "SELECT sets_give($1, $2) IS NOT NULL", 2,
                      (struct db_param[]){db_int64_param(arena, telegram_user_id), db_int64_param(arena, sets)});
}

bool offers_read_done(const struct db_result *result)
{
    return db_bool(result, 0, 0, 0);
}

void offers_add_list(struct db_unit *unit)
{
    (void)db_unit_add(
        unit,
        "SELECT concat_ws(', ', c.code || ': ' || COALESCE(c.percent || ' %', c.amount_off || ' roubles'),"
        " CASE WHEN NOT c.is_on THEN 'off' END, 'used ' || count(u.order_id) || COALESCE(' of ' || c.limit_all, ''),"
        " c.limit_user || ' each', 'from ' || c.valid_from, 'until ' || c.valid_until,"
        " 'styles ' || array_to_string(c.styles, ' '))"
        " FROM promo_codes c LEFT JOIN promo_uses u ON u.code = c.code AND u.state <> 'released'"
        " GROUP BY c.code ORDER BY c.created_at DESC, c.code",
        0, NULL);
}

const char *offers_read_line(const struct db_result *result, int row)
{
    return db_text(result, 0, row, 0);
}
