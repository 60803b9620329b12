/* Is an address one that we may talk to, or give to people? Judged by libcurl's own reading of it, the one by which it
 * will be reached. */
#ifndef BOT_SERVICES_HTTP_ADDRESS_H
#define BOT_SERVICES_HTTP_ADDRESS_H

#include "config/url.h"

/* NULL when it is right, else what is wrong (static). */
const char *address_fault(const char *url, enum url_use use);

#endif
