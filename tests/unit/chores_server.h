/* The other side of the chores: Telegram and YooKassa as one child process that answers by path. What it is to say, and
 * what it was asked, stands in memory that both processes see. */
#ifndef TESTS_UNIT_CHORES_SERVER_H
#define TESTS_UNIT_CHORES_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/check.h"

enum { REQUEST_BYTES = 8192, KEYS_MAX = 8, KEY_BYTES = 64 };

static struct shared {
    int files, creates, gets;
    int away;           /* so many times getFile has not got the file called "away" */
    int paid_from;      /* the n-th question about the payment is answered "succeeded" */
    int fail_creates;   /* so many first tries end in a 500; less than 0: each in a 400 */
    char parameter[32]; /* … for this */
    bool mute;          /* questions about the payment are answered 500 */
    char ended[32];     /* not "": it is canceled, for this reason */
    long long order_id;
    int payment; /* number of the payment that is spoken of */
    char keys[KEYS_MAX][KEY_BYTES];
} * shared;
static uint8_t *picture;
static size_t picture_bytes;

static inline void answer(int fd, const char *status, const void *body, size_t bytes)
{
    char head[256];
    int length = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", status,
                          bytes);
    CHECK(write(fd, head, (size_t)length) == length);
    for (size_t at = 0; at < bytes;) {
        ssize_t sent = write(fd, (const char *)body + at, bytes - at);
        if (sent <= 0)
            return;
        at += (size_t)sent;
    }
}

static inline void answer_text(int fd, const char *status, const char *text)
{
    answer(fd, status, text, strlen(text));
}

static inline void answer_payment(int fd, bool is_paid)
{
    char text[512];
    (void)snprintf(text, sizeof text,
                   "{\"id\":\"pay-%d\",\"status\":\"%s\",\"paid\":%s,\"amount\":{\"value\":\"500.00\",\"currency\":"
                   "\"RUB\"},\"confirmation\":{\"type\":\"redirect\",\"confirmation_url\":\"https://pay.test/1\"},"
                   "\"metadata\":{\"order_id\":\"%lld\"}}",
                   shared->payment, is_paid ? "succeeded" : "pending", is_paid ? "true" : "false", shared->order_id);
    answer_text(fd, "200 OK", text);
}

static inline void answer_refusal(int fd)
{
    char text[256];
    (void)snprintf(text, sizeof text, "{\"type\":\"error\",\"code\":\"invalid_request\",\"parameter\":\"%s\"}",
                   shared->parameter);
    answer_text(fd, "400 Bad Request", text);
}

static inline void answer_end(int fd)
{
    char text[512];
    (void)snprintf(text, sizeof text,
                   "{\"id\":\"pay-%d\",\"status\":\"canceled\",\"paid\":false,\"amount\":{\"value\":\"500.00\","
                   "\"currency\":\"RUB\"},\"cancellation_details\":{\"party\":\"payment_network\",\"reason\":\"%s\"},"
                   "\"metadata\":{\"order_id\":\"%lld\"}}",
                   shared->payment, shared->ended, shared->order_id);
    answer_text(fd, "200 OK", text);
}

static inline void serve_one(int fd)
{
    static char text[REQUEST_BYTES];
    size_t used = 0;
    for (;;) {
        ssize_t got = read(fd, text + used, sizeof text - 1 - used);
        if (got <= 0)
            return;
        used += (size_t)got;
        text[used] = '\0';
        const char *end = strstr(text, "\r\n\r\n"), *length = strstr(text, "Content-Length: ");
        if (end != NULL && used >= (size_t)(end + 4 - text) + (length == NULL ? 0 : strtoul(length + 16, NULL, 10)))
            break;
    }
    const char *key = strstr(text, "Idempotence-Key: ");
    bool away = strstr(text, "\"away\"") != NULL && shared->away-- > 0;
    if (strstr(text, "/getFile") != NULL && away)
        answer_text(fd, "400 Bad Request",
                    "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: wrong file_id or the file is "
                    "temporarily unavailable\"}");
    else if (strstr(text, "/getFile") != NULL && strstr(text, "\"wrong\"") != NULL)
        answer_text(fd, "400 Bad Request",
                    "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: invalid file_id\"}");
    else if (strstr(text, "/getFile") != NULL)
        answer_text(fd, "200 OK", "{\"ok\":true,\"result\":{\"file_id\":\"f\",\"file_path\":\"photos/a.jpg\"}}");
    else if (strncmp(text, "GET /file/", 10) == 0 && shared->files++ == 0)
        answer_text(fd, "502 Bad Gateway", "");
    else if (strncmp(text, "GET /file/", 10) == 0)
        answer(fd, "200 OK", picture, picture_bytes);
    else if (key != NULL) {
        (void)snprintf(shared->keys[shared->creates % KEYS_MAX], KEY_BYTES, "%.*s", (int)strcspn(key, "\r"), key);
        if (++shared->creates <= shared->fail_creates)
            answer_text(fd, "500 Internal Server Error", "{\"type\":\"error\",\"code\":\"internal_server_error\"}");
        else if (shared->fail_creates < 0)
            answer_refusal(fd);
        else
            answer_payment(fd, false);
    } else if (shared->mute && ++shared->gets > 0)
        answer_text(fd, "500 Internal Server Error", "");
    else if (shared->ended[0] != '\0')
        answer_end(fd);
    else
        answer_payment(fd, ++shared->gets >= shared->paid_from);
}

static inline pid_t start_server(char *ret_url, size_t bytes)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    CHECK_INT(bind(listener, (struct sockaddr *)&address, length), 0);
    CHECK_INT(listen(listener, 64), 0);
    CHECK_INT(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    (void)snprintf(ret_url, bytes, "http://127.0.0.1:%d", ntohs(address.sin_port));
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        CHECK_INT(prctl(PR_SET_PDEATHSIG, SIGKILL), 0); /* it dies with the test, however that ends */
        for (;;) {
            int fd = accept(listener, NULL, NULL);
            serve_one(fd);
            (void)close(fd);
        }
    }
    (void)close(listener);
    return pid;
}

#endif
