/* The table of commands. A command that is not for everybody is to others as if it did not exist. */
#include "core/commands.h"

#include <string.h>

const struct command *commands_all(void)
{
    static const struct command commands[] = {{"start", "menu", TEXT_COMMAND_START, WHO_USER},
                                              {"menu", "menu", TEXT_COMMAND_MENU, WHO_USER},
                                              {"new", "new", TEXT_COMMAND_NEW, WHO_USER},
                                              {"my", "my", TEXT_COMMAND_MY, WHO_USER},
                                              {"settings", "settings", TEXT_COMMAND_SETTINGS, WHO_USER},
                                              {"help", "help", TEXT_COMMAND_HELP, WHO_USER},
                                              {"cancel", "menu", TEXT_COMMAND_CANCEL, WHO_USER},
                                              {"terms", "terms", TEXT_COUNT, WHO_USER},
                                              {"privacy", "privacy", TEXT_COUNT, WHO_USER},
                                              {"paysupport", "paysupport", TEXT_COUNT, WHO_USER},
                                              {"health", "health", TEXT_COUNT, WHO_OWNER},
                                              {NULL, NULL, TEXT_COUNT, WHO_OWNER}};
    _Static_assert(sizeof commands / sizeof commands[0] <= COMMANDS_MAX + 1, "more commands than COMMANDS_MAX");
    return commands;
}

const struct command *commands_find(const char *name)
{
    const struct command *command = commands_all();
    while (command->name != NULL && strcmp(command->name, name) != 0)
        command++;
    return command->name == NULL ? NULL : command;
}
