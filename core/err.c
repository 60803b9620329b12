/* Names of errors, for people reading a log line. */
#include "core/err.h"

const char *err_name(enum err err)
{
    switch (err) {
    case ERR_OK: return "ok";
    case ERR_AGAIN: return "try again";
    case ERR_INVALID: return "invalid";
    case ERR_NOT_FOUND: return "not found";
    case ERR_CONFLICT: return "conflict";
    case ERR_TOO_LARGE: return "too large";
    case ERR_IO: return "input/output error";
    case ERR_CLOSED: return "closed";
    case ERR_TIMEOUT: return "timed out";
    case ERR_DENIED: return "denied";
    case ERR_UNSUPPORTED: return "unsupported";
    case ERR_COUNT: break;
    }
    return "unknown";
}
