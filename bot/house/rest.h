/* Giving memory back when there is nothing to do. */
#ifndef BOT_HOUSE_REST_H
#define BOT_HOUSE_REST_H

/* The heap's free pages, as after a burst. Looks through the whole heap: milliseconds. */
void rest_heap(void);
/* The pages of code and constants that start-up has touched (libraries that set themselves up, the configuration, the
 * migrations): most of them are never used again. What is comes back from the page cache, 64 kB at a touch. */
void rest_code(void);

#endif
