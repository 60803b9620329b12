/* Deeds that are guarded: what a step decided rests on what was loaded, and somebody else (the web application, a
 * chore, another machine) may have changed it since. A statement that must change rows says how many; if it changes
 * others, nothing of the unit happens, and the failure is ERR_CONFLICT with this sqlstate. A statement needs no guard
 * if it inserts (a key that is gone is a conflict by itself) or if to find nothing is as good: what it wants is so
 * already. */
#ifndef DB_DEED_H
#define DB_DEED_H

#define DEED_LOST "FB002"

/* change: an UPDATE, DELETE or INSERT … SELECT without RETURNING; wanted: SQL for the number of rows. */
#define DEED(change, wanted) "WITH deed AS (" change " RETURNING 1) SELECT bot_deed(count(*), " wanted ") FROM deed"

#endif
