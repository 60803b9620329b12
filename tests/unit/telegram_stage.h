/* What the tests of the Telegram client share: a server that behaves as they say, and a loop. */
#ifndef TESTS_UNIT_TELEGRAM_STAGE_H
#define TESTS_UNIT_TELEGRAM_STAGE_H

#include <json-c/json.h>
#include "bot/services/telegram/client.h"
#include "bot/services/telegram/poll.h"
#include "tests/raw_server.h"

static const char token[] = "123456789:AAFakeFakeFakeFakeFakeFakeFakeFakeFak";

enum { TIMES, SENT, LINKS, POLLS, LAST_OFFSET, TOLD };

static inline void reply(int fd, int status, const char *body)
{
    char text[4096];
    snprintf(text, sizeof text, "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s",
             status, strlen(body), body);
    say(fd, text);
}

static inline bool first_times(int times)
{
    return __atomic_add_fetch(&shared->counts[TIMES], 1, __ATOMIC_SEQ_CST) <= times;
}

static struct http *http;
static struct telegram *tg;
static struct telegram_poll *poll;

static inline void turn(void)
{
    int64_t due = telegram_next_deadline_ms(tg), now = now_ms();
    if (poll != NULL && telegram_poll_deadline_ms(poll) < due)
        due = telegram_poll_deadline_ms(poll);
    int64_t wait = due <= now ? 0 : due - now > 1000 ? 1000 : due - now;
    http_poll(http, NULL, 0, (int)wait);
    now = now_ms();
    http_perform(http, now);
    telegram_run_due(tg, now);
    if (poll != NULL)
        telegram_poll_run_due(poll, now);
}

static inline void run(void)
{
    while (telegram_pending(tg) > 0)
        turn();
}

static pid_t stage_server;
static char stage_url[64];

static inline void stage_open(bool (*answer)(int fd))
{
    uint16_t port;
    stage_server = serve(answer, &port);
    snprintf(stage_url, sizeof stage_url, "http://127.0.0.1:%u", port);
    http = http_new(&(struct http_config){.allow_plain_http = true});
    struct telegram_config config = {.api_url = stage_url, .token = token};
    CHECK_INT(telegram_new(http, &config, &tg), ERR_OK);
}

static inline void stage_close(void)
{
    telegram_free(tg);
    http_free(http);
    kill(stage_server, SIGKILL);
    waitpid(stage_server, NULL, 0);
}

#endif
