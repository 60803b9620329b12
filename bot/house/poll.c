/* What the long poll says. A batch is the turns'; somebody else with our token is our successor only if the database
 * says so. */
#include "bot/house/poll.h"

#include <string.h>

#include "bot/base/failpoint.h"
#include "bot/base/log.h"
#include "bot/services/telegram/poll.h"
#include "bot/turn/checkouts.h"
#include "bot/turn/turns.h"
#include "db/state.h"

enum { CONFLICTS_A_LINE = 5 /* another poller is told now and then, not with every answer */ };

/* Somebody else asked for our updates. The database says whether that is our successor; only then is it the end. */
static void owner_read(void *ctx, const struct db_result *result, const struct db_failure *failure)
{
    struct daemon *daemon = ctx;
    struct state_answer state;
    if (failure != NULL)
        return; /* the next conflict asks again */
    state_read(result, &state);
    if (state.owner[0] == '\0' || strcmp(state.owner, daemon->owner) == 0)
        return;
    log_error("poll", "another daemon took over this bot: this one stops");
    stop_ask(&daemon->stop, STOP_EXIT_TAKEN_OVER);
}

static void on_conflict(struct daemon *daemon, const struct telegram_poll_news *news)
{
    if (news->verdict->webhook)
        log_error("poll",
                  "a webhook was set for this bot by another program, which kept its updates from us: it is removed"
                  " (%d times in a row)",
                  news->count);
    else if (news->count == 1 || news->count % CONFLICTS_A_LINE == 0)
        log_error("poll",
                  "another program asks for this bot's updates (%d times in a row), and each gets only some of them:"
                  " stop it, or, if you don't know it, have the token replaced by @BotFather (/revoke) and write the"
                  " new one to the token file",
                  news->count);
    state_ask(daemon->db, daemon->bot_id, owner_read, daemon);
}

static void on_news(void *ctx, const struct telegram_poll_news *news)
{
    struct daemon *daemon = ctx;
    switch (news->event) {
    case TELEGRAM_POLL_BATCH:
        failpoint("poll.batch");
        checkouts_batch(daemon->checkouts, news->body, news->bytes);
        turns_batch(daemon->turns, news->body, news->bytes);
        break;
    case TELEGRAM_POLL_TROUBLE:
        if (news->count == 1 || news->count % 10 == 0)
            log_warn("poll", "no updates for now (%d times in a row): %s", news->count, news->verdict->description);
        break;
    case TELEGRAM_POLL_CONFLICT: on_conflict(daemon, news); break;
    case TELEGRAM_POLL_DOUBT:
        log_error("poll",
                  "Telegram does not know the bot's token (%d): was it revoked? Asking again, in case it is a mistake"
                  " of Telegram's: %s",
                  news->count, news->verdict->description);
        break;
    case TELEGRAM_POLL_REFUSED:
        log_error("poll",
                  "Telegram does not know the bot's token, said %d times over a minute: get a new one from @BotFather,"
                  " write it to the token file and start again",
                  news->count);
        stop_ask(&daemon->stop, STOP_EXIT_CONFIG);
        break;
    case TELEGRAM_POLL_EVENT_COUNT: break;
    }
}

struct telegram_poll *poll_new(struct daemon *daemon)
{
    return telegram_poll_new(daemon->telegram, on_news, daemon);
}
