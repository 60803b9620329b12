/* Who listens at a port, by the kernel's own table (/proc/net/tcp). */
#include "bot/services/notices/notices.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINE_BYTES = 512, FIELD_LOCAL = 1, FIELD_STATE = 3, FIELD_USER = 7, STATE_LISTENS = 0x0A };

/* The how-manyth of the words of a line; "" = it has not so many. */
static const char *field(const char *line, int which)
{
    for (line += strspn(line, " "); which > 0 && *line != '\0'; which--) {
        line += strcspn(line, " ");
        line += strspn(line, " ");
    }
    return line;
}

static bool table_has(const char *path, uint16_t port)
{
    char line[LINE_BYTES];
    bool ours = false;
    FILE *table = fopen(path, "re");
    if (table == NULL)
        return false;
    while (!ours && fgets(line, sizeof line, table) != NULL) {
        const char *colon = strchr(field(line, FIELD_LOCAL), ':');
        ours = colon != NULL && strtoul(colon + 1, NULL, 16) == port &&
               strtoul(field(line, FIELD_STATE), NULL, 16) == STATE_LISTENS &&
               strtoul(field(line, FIELD_USER), NULL, 10) == geteuid();
    }
    (void)fclose(table);
    return ours;
}

bool notices_is_ours(uint16_t port)
{
    return table_has("/proc/net/tcp", port) || table_has("/proc/net/tcp6", port);
}
