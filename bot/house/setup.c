/* Reading the owner's files, all findings at once: an operator mends a file in one go, before the first update. */
#include "bot/house/setup.h"

#include <stdio.h>

#include "bot/base/log.h"
#include "bot/services/darkroom/recipe.h"
#include "bot/services/http/address.h"
#include "config/styles.h"
#include "config/texts.h"

static const char *check_recipe(struct arena *arena, const char *text)
{
    struct recipe recipe;
    (void)arena;
    return recipe_parse(text, &recipe) == ERR_OK ? NULL : "a recipe the darkroom does not understand";
}

static enum err become_unit(struct setup *setup, struct config_env *env)
{
    enum err err = unit_read(&setup->unit, &setup->arena, env->program_dir, &setup->findings);
    if (err == ERR_OK)
        err = unit_enter(&setup->unit, &setup->findings);
    env->credentials = setup->unit.credentials;
    env->credential_count = setup->unit.credential_count;
    env->credentials_dir = NULL;
    return err;
}

enum err setup_read(struct setup *setup, const char *path)
{
    *setup = (struct setup){.as_unit = path == NULL};
    arena_init(&setup->arena);
    findings_init(&setup->findings, &setup->arena);
    struct config_env env = config_find_env(&setup->arena);
    env.check_url = address_fault;
    if (setup->as_unit && become_unit(setup, &env) != ERR_OK)
        return ERR_INVALID;
    if (setup->as_unit)
        path = setup->unit.config_file;
    if (config_load(&setup->arena, path, &env, &setup->findings, &setup->config) != ERR_OK)
        return ERR_INVALID;
    if (setup->as_unit) {
        unit_check_paths(&setup->unit, &setup->config, &setup->findings);
        unit_check_listen(&setup->unit, &setup->config, &setup->findings);
    }
    if (setup->config.telegram.token != NULL)
        log_redact_add(setup->config.telegram.token);
    if (setup->config.yookassa.secret != NULL)
        log_redact_add(setup->config.yookassa.secret);
    if (setup->config.npd.password != NULL)
        log_redact_add(setup->config.npd.password);
    enum err texts = texts_read(&setup->arena, setup->config.texts_dir, &setup->findings, &setup->texts);
    enum err styles = styles_read(&setup->arena, setup->config.styles_dir, check_recipe, &setup->findings,
                                  &setup->styles);
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
