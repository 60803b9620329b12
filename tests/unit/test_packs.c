/* Packs as the owner writes them: what is read, and what is refused, in which line and why. */
#include "config/packs.h"
#include "tests/check.h"

static struct arena arena;
static struct findings findings;

static struct config read(const char *text)
{
    struct source source;
    struct config config = {0};
    const struct config_key *key = config_keys;
    while (strcmp(key->name, "packs") != 0)
        key++;
    findings_init(&findings, &arena);
    CHECK_INT(source_parse(&source, &findings, "conf", text, strlen(text)), ERR_OK);
    struct loader loader = {.arena = &arena, .findings = &findings, .source = &source, .config = &config};
    packs_load(&loader, key, config_lookup(&source.tree, "packs"));
    source_done(&source);
    return config;
}

static void refuses(const char *text, int line, const char *why)
{
    (void)read(text);
    CHECK_INT(findings.count, 1);
    if (strstr(findings.items[0].message, why) == NULL)
        fprintf(stderr, "%s\n", findings.items[0].message);
    CHECK(strstr(findings.items[0].message, why) != NULL);
    CHECK_INT(findings.items[0].line, line);
    CHECK(strstr(findings.items[0].remedy, "packs = ( { sets = 3;") != NULL);
}

int main(void)
{
    arena_init(&arena);
    struct config config = read("packs = ( { sets = 3; price = \"1290.00\"; }, { price = \"1990.50\"; sets = 5; } );");
    CHECK_INT(findings.count, 0);
    CHECK_INT(config.pack_count, 2);
    CHECK(config.packs[0].sets == 3 && config.packs[0].price_kopecks == 129000);
    CHECK(config.packs[1].sets == 5 && config.packs[1].price_kopecks == 199050);
    CHECK_INT(read("packs = ();").pack_count, 0);
    CHECK_INT(findings.count, 0);
    refuses("packs = 3;", 1, "must be a list");
    refuses("packs = ( 3 );", 1, "is not a group");
    refuses("\npacks = ( { sets = 1; price = \"9.00\"; } );", 2, "not a number from 2 to 20");
    refuses("packs = ( { sets = 21; price = \"9.00\"; } );", 1, "not a number from 2 to 20");
    refuses("packs = ( { price = \"9.00\"; } );", 1, "not a number from 2 to 20");
    refuses("packs = ( { sets = 3; } );", 1, "not an amount in quotes");
    refuses("packs = ( { sets = 3; price = 9.0; } );", 1, "not an amount in quotes");
    refuses("packs = ( { sets = 3; price = \"900\"; } );", 1, "not an amount in quotes");
    refuses("packs = ( { sets = 3; price = \"0.99\"; } );", 1, "outside 1.00");
    refuses("packs = ( { sets = 3; price = \"9.00\"; of = 1; } );", 1, "an unknown key");
    refuses("packs = ( { sets = 3; price = \"9.00\"; },\n{ sets = 2; price = \"10.00\"; } );", 2,
            "not larger and dearer");
    refuses("packs = ( { sets = 3; price = \"9.00\"; },\n{ sets = 4; price = \"9.00\"; } );", 2,
            "not larger and dearer");
    arena_done(&arena);
    return 0;
}
