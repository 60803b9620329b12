/* Memory that can't be had ends the process: Postgres holds the truth, the service manager restarts the daemon. */
#ifndef BOT_BASE_MEMORY_H
#define BOT_BASE_MEMORY_H

/* What malloc and its kin returned, never NULL. */
void *memory_need(void *made);
/* malloc'ed; NULL gives NULL. */
char *memory_copy(const char *text);

#endif
