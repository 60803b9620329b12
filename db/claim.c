/* What claims have in common. */
#include "db/claim.h"

void claim_add_planning(struct db_unit *unit)
{
    (void)db_unit_add(unit,
                      "SELECT set_config(name, 'off', TRUE) FROM unnest('{enable_sort,enable_bitmapscan,enable_seqscan,"
                      "enable_hashjoin,enable_mergejoin}'::text[]) name",
                      0, NULL);
}
