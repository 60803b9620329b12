/* The end of a program that found itself wrong: going on would do harm, and Postgres holds the truth. Says where and
 * what on standard error, then aborts; out of memory ends the same way. What people, files or services did wrong is no
 * bug: that is a value or an enum err. */
#ifndef CORE_BUG_H
#define CORE_BUG_H

/* `what` says in a few words what should never be, without anything secret. */
#define bug(what) bug_at(__FILE__, __LINE__, (what))

_Noreturn void bug_at(const char *file, int line, const char *what);

#endif
