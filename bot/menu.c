/* The commands users see behind the "Menu" button; their descriptions come from the catalogue. */
#include "bot/menu.h"

enum err menu_begin(struct shop *shop, telegram_ready_fn *ready, void *ctx)
{
    static const struct {
        const char *name;
        enum text_key key;
    } commands[] = {{"start", TEXT_COMMAND_START},  {"menu", TEXT_COMMAND_MENU},         {"new", TEXT_COMMAND_NEW},
                    {"my", TEXT_COMMAND_MY},        {"settings", TEXT_COMMAND_SETTINGS}, {"help", TEXT_COMMAND_HELP},
                    {"cancel", TEXT_COMMAND_CANCEL}};
    enum { COUNT = sizeof commands / sizeof commands[0] };
    struct telegram_command list[COUNT];
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < COUNT; i++) {
        list[i].name = commands[i].name;
        for (int lang = 0; lang < LANG_COUNT; lang++)
            list[i].description[lang] = text_plain(
                &arena, text_format(&arena, shop->rules.texts, (enum lang)lang, commands[i].key, NO_ARGS));
    }
    struct telegram_menu menu = {
        .languages = {lang_code(LANG_RU), lang_code(LANG_EN)}, .commands = list, .count = COUNT};
    enum err err = telegram_begin(shop->telegram, shop->now_ms, &menu, ready, ctx);
    arena_done(&arena);
    return err;
}
