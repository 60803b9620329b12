/* The one error type of the house: what a fallible function returns. 0 is success.
 * A bug aborts instead; bad input from a user is a value in the result; these are failures outside. */
#ifndef CORE_ERR_H
#define CORE_ERR_H

enum err {
    ERR_OK = 0,
    ERR_AGAIN,       /* not now: try again later (would block, retry after, lock held) */
    ERR_INVALID,     /* the input is malformed or outside its limits */
    ERR_NOT_FOUND,   /* the thing named does not exist */
    ERR_CONFLICT,    /* somebody else changed it first (compare-and-set lost, duplicate) */
    ERR_TOO_LARGE,   /* over a stated maximum */
    ERR_IO,          /* a system call or a file failed */
    ERR_CLOSED,      /* the peer went away */
    ERR_TIMEOUT,     /* it took longer than allowed; the outcome may be unknown */
    ERR_DENIED,      /* not permitted: credentials, rights */
    ERR_UNSUPPORTED, /* understood and refused: newer schema, unknown format */
    ERR_COUNT
};

#if defined(__GNUC__)
#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt_at, args_at) __attribute__((format(printf, fmt_at, args_at)))
#else
#define MUST_CHECK
#define PRINTF_LIKE(fmt_at, args_at)
#endif

/* A short lower-case word for a log line; never NULL, static. */
const char *err_name(enum err err);

#endif
