/* The columns of bot_sessions, made of core/session.def. */
#ifndef DB_SESSION_H
#define DB_SESSION_H

#include "core/chat.h"
#include "db/db.h"

/* For a SELECT from bot_sessions s, each with a comma before it. */
extern const char session_columns[];

/* The session from those columns, which begin at first of the row; the row of a chat without one is left alone. */
void session_read(const struct db_result *result, int statement, int row, int first, struct session *session);

#endif
