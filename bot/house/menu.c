/* What Telegram itself shows of the bot: the commands behind the "Menu" button, the text in the empty chat before
 * "Start", the line on the profile. All words come from the catalogue, all numbers from the shop's rules, so they are
 * told anew at every start. */
#include "bot/house/menu.h"

#include "core/commands.h"
#include "core/style.h"

/* One of the two texts about the bot, as plain words. */
static const char *about(const struct rules *rules, struct arena *arena, enum lang lang, enum text_key key)
{
    const struct style *cheapest = style_cheapest(rules->styles);
    const char *price = text_money(arena, lang, cheapest->price_kopecks);
    return text_plain(arena, text_format(arena, rules->texts, lang, key,
                                         ARGS(ARG_N("min", rules->photos_min), ARG_N("max", rules->photos_max),
                                              ARG_N("photos", cheapest->photo_count), ARG_S("price", price))));
}

enum err menu_begin(struct telegram *telegram, const struct rules *rules, int64_t now_ms, telegram_ready_fn *ready,
                    void *ctx)
{
    struct telegram_command list[COMMANDS_MAX];
    size_t count = 0;
    struct arena arena;
    arena_init(&arena);
    for (const struct command *command = commands_all(); command->name != NULL; command++) {
        if (command->text == TEXT_COUNT)
            continue;
        list[count].name = command->name;
        for (int lang = 0; lang < LANG_COUNT; lang++)
            list[count].description[lang] = text_plain(
                &arena, text_format(&arena, rules->texts, (enum lang)lang, command->text, NO_ARGS));
        count++;
    }
    struct telegram_menu menu = {
        .languages = {lang_code(LANG_RU), lang_code(LANG_EN)}, .commands = list, .count = count};
    for (int lang = 0; lang < LANG_COUNT; lang++) {
        menu.about[lang] = about(rules, &arena, (enum lang)lang, TEXT_ABOUT);
        menu.about_short[lang] = about(rules, &arena, (enum lang)lang, TEXT_ABOUT_SHORT);
    }
    enum err err = telegram_begin(telegram, now_ms, &menu, ready, ctx);
    arena_done(&arena);
    return err;
}
