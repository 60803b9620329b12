/* Look-ups in what was loaded of a chat. Nothing here reaches beyond the chat itself: an object that is not the
 * user's own is simply not found. */
#include "core/chat.h"

#include <stdlib.h>

static int compare_chat(const void *key, const void *element)
{
    int64_t id = *(const int64_t *)key, other = ((const struct chat *)element)->id;
    return id < other ? -1 : id > other;
}

struct chat *chat_find(const struct chat *chats, size_t count, int64_t id)
{
    return count == 0 ? NULL : bsearch(&id, chats, count, sizeof *chats, compare_chat);
}

struct avatar *chat_avatar(struct chat *chat, int64_t id)
{
    for (size_t i = 0; i < chat->avatar_count; i++)
        if (chat->avatars[i].id == id)
            return &chat->avatars[i];
    return NULL;
}

struct job *chat_job(struct chat *chat, int64_t id)
{
    for (size_t i = 0; i < chat->job_count; i++)
        if (chat->jobs[i].id == id)
            return &chat->jobs[i];
    return NULL;
}

struct job *chat_avatar_job(struct chat *chat, int64_t avatar_id)
{
    struct job *newest = NULL;
    for (size_t i = 0; i < chat->job_count; i++)
        if (chat->jobs[i].avatar_id == avatar_id && (newest == NULL || chat->jobs[i].id > newest->id))
            newest = &chat->jobs[i];
    return newest;
}

int32_t job_count(const struct job *job, enum shot_state state)
{
    int32_t count = 0;
    for (int32_t i = 0; i < job->total; i++)
        count += job->shots[i] == state;
    return count;
}

int32_t job_made(const struct job *job)
{
    return job_count(job, SHOT_MADE) + job_count(job, SHOT_QUEUED) + job_count(job, SHOT_SENT);
}

bool job_running(const struct job *job)
{
    return job_count(job, SHOT_WAITING) > 0;
}
