/* An array that grows: it is emptied by every turn, so what is moved down is what did not fit into one. */
#include "bot/base/mailbox.h"

#include <stdlib.h>
#include <string.h>

#include "core/bug.h"

struct mailbox {
    struct event *news;
    size_t count, capacity;
    bool look;
};

struct mailbox *mailbox_new(void)
{
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);
    if (mailbox == NULL)
        bug("out of memory");
    return mailbox;
}

void mailbox_free(struct mailbox *mailbox)
{
    if (mailbox != NULL)
        free(mailbox->news);
    free(mailbox);
}

void mailbox_put(struct mailbox *mailbox, const struct event *news)
{
    if (event_is_kept(news->kind) && news->news_id == 0 && !news->asked) {
        mailbox->look = true;
        return;
    }
    if (mailbox->count == mailbox->capacity) {
        mailbox->capacity = mailbox->capacity == 0 ? 64 : mailbox->capacity * 2;
        mailbox->news = realloc(mailbox->news, mailbox->capacity * sizeof *mailbox->news);
        if (mailbox->news == NULL)
            bug("out of memory");
    }
    mailbox->news[mailbox->count++] = *news;
}

void mailbox_look(struct mailbox *mailbox)
{
    mailbox->look = true;
}

bool mailbox_take_look(struct mailbox *mailbox)
{
    bool look = mailbox->look;
    mailbox->look = false;
    return look;
}

size_t mailbox_count(const struct mailbox *mailbox)
{
    return mailbox->count;
}

size_t mailbox_take(struct mailbox *mailbox, struct event *ret_news, size_t max)
{
    size_t taken = mailbox->count < max ? mailbox->count : max;
    if (taken == 0)
        return 0;
    memcpy(ret_news, mailbox->news, taken * sizeof *ret_news);
    mailbox->count -= taken;
    memmove(mailbox->news, mailbox->news + taken, mailbox->count * sizeof *mailbox->news);
    return taken;
}
