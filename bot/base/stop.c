/* Asking twice changes nothing: the code of the first reason is the one that the service manager acts on. */
#include "bot/base/stop.h"

void stop_ask(struct stop *stop, int exit_code)
{
    if (stop->asked)
        return;
    *stop = (struct stop){.asked = true, .exit_code = exit_code};
}
