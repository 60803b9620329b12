/* What the owner wrote, read and checked: the configuration, the texts, the styles. Shared by run, check and migrate.
 */
#ifndef BOT_HOUSE_SETUP_H
#define BOT_HOUSE_SETUP_H

#include "bot/house/unit.h"
#include "config/config.h"
#include "config/finding.h"
#include "core/arena.h"
#include "core/style.h"
#include "core/text.h"

struct setup {
    struct arena arena; /* owns everything below */
    struct config config;
    struct text_catalogue texts;
    struct style_catalogue styles;
    struct findings findings;
    bool as_unit;
    struct unit unit; /* if so */
};

/* Reads all there is, as far as it can; what is wrong is in setup->findings. ERR_INVALID if there was an error. The
 * secrets are registered with the log. path NULL = as the service manager's unit: this process becomes its user for
 * good, and reads what the unit names. setup_done frees, also after a failure. */
enum err setup_read(struct setup *setup, const char *path) MUST_CHECK;
void setup_done(struct setup *setup);
/* "file:line: error: message" and the remedy on a line of its own, to stderr. */
void setup_print_findings(const struct findings *findings);

#endif
