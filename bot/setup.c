/* Reading the owner's files, all findings at once: an operator mends a file in one go, before the first update. */
#include "bot/setup.h"

#include <stdio.h>

#include "bot/log.h"
#include "config/styles.h"
#include "config/texts.h"
#include "core/recipe.h"

static const char *check_recipe(struct arena *arena, const char *text)
{
    struct recipe recipe;
    (void)arena;
    return recipe_parse(text, &recipe) == ERR_OK ? NULL : "a recipe the darkroom does not understand";
}

enum err setup_read(struct setup *setup, const char *path)
{
    *setup = (struct setup){0};
    arena_init(&setup->arena);
    findings_init(&setup->findings, &setup->arena);
    struct config_env env = config_find_env(&setup->arena);
    if (config_load(&setup->arena, path, &env, &setup->findings, &setup->config) != ERR_OK)
        return ERR_INVALID;
    log_redact_add(setup->config.telegram.token);
    log_redact_add(setup->config.yookassa.secret);
    enum err texts = texts_read(&setup->arena, setup->config.texts_dir, &setup->findings, &setup->texts);
    enum err styles = styles_read(&setup->arena, setup->config.styles_dir, check_recipe, &setup->findings,
                                  &setup->styles);
    if (~setup->config.roles & (CONFIG_ROLE_POLL | CONFIG_ROLE_SEND))
        findings_add(&setup->findings, FINDING_ERROR, path, 0,
                     "write roles = [ \"poll\", \"send\" ], with or without \"generate\"",
                     "roles leaves out poll or send");
    if (texts == ERR_OK && styles == ERR_OK && setup->styles.count == 0)
        findings_add(&setup->findings, FINDING_ERROR, setup->config.styles_dir, 0,
                     "put at least one style file there, e.g. the three that come with Fotoset",
                     "there is no style to sell");
    return setup->findings.errors > 0 || texts != ERR_OK || styles != ERR_OK ? ERR_INVALID : ERR_OK;
}

void setup_done(struct setup *setup)
{
    config_done(&setup->config);
    arena_done(&setup->arena);
}

void setup_print_findings(const struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        const struct finding *finding = &findings->items[i];
        fprintf(stderr, "%s", finding->file);
        if (finding->line > 0)
            fprintf(stderr, ":%d", finding->line);
        fprintf(stderr, ": %s: %s\n", finding_level_name(finding->level), finding->message);
        if (finding->remedy != NULL && finding->remedy[0] != '\0')
            fprintf(stderr, "    %s\n", finding->remedy);
    }
}
