/* The names of all states, as they are stored; apart from the tests' people, whose struct has the name of the core's.
 */
#ifndef TESTS_SYSTEM_STATES_H
#define TESTS_SYSTEM_STATES_H

/* NULL: there are no more. */
const char *states_name(int at);

#endif
