/* libcurl for the system tests. The answers of a user's long poll and of the driver's own short questions go through
 * the same handle type; connections are reused, so that hundreds of users cost a handful of sockets each second. It
 * must not know what is asked: paths and bodies come from the callers. */
#include "tests/system/net.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ASK_TIMEOUT_S = 120, ANSWER_MAX_BYTES = 64 * 1024 * 1024 };

struct question {
    struct question *next, **link;
    CURL *easy;
    struct curl_slist *headers;
    char *answer;
    size_t length;
    net_done_fn *done;
    void *context;
};

struct net {
    CURLM *multi;
    char base[128];
    struct question *first;
};

int64_t net_now_ms(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
        abort();
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct net *net_new(const char *base_url)
{
    struct net *net = calloc(1, sizeof *net);
    if (net == NULL)
        abort();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    net->multi = curl_multi_init();
    curl_multi_setopt(net->multi, CURLMOPT_MAXCONNECTS, 256L);
    (void)snprintf(net->base, sizeof net->base, "%s", base_url);
    return net;
}

static void question_free(struct net *net, struct question *question)
{
    *question->link = question->next;
    if (question->next != NULL)
        question->next->link = question->link;
    curl_multi_remove_handle(net->multi, question->easy);
    curl_easy_cleanup(question->easy);
    curl_slist_free_all(question->headers);
    free(question->answer);
    free(question);
}

void net_free(struct net *net)
{
    if (net == NULL)
        return;
    while (net->first != NULL)
        question_free(net, net->first);
    curl_multi_cleanup(net->multi);
    free(net);
}

static size_t got(char *bytes, size_t one, size_t count, void *context)
{
    struct question *question = context;
    size_t length = one * count;
    if (question->length + length > ANSWER_MAX_BYTES)
        return 0;
    char *grown = realloc(question->answer, question->length + length + 1);
    if (grown == NULL)
        abort();
    question->answer = grown;
    memcpy(question->answer + question->length, bytes, length);
    question->length += length;
    question->answer[question->length] = '\0';
    return length;
}

static struct question *question_new(struct net *net, const char *path, net_done_fn *done, void *context)
{
    char url[512];
    struct question *question = calloc(1, sizeof *question);
    if (question == NULL)
        abort();
    (void)snprintf(url, sizeof url, "%s%s", net->base, path);
    question->easy = curl_easy_init();
    question->done = done;
    question->context = context;
    question->headers = curl_slist_append(NULL, "Expect:");
    question->next = net->first;
    question->link = &net->first;
    if (net->first != NULL)
        net->first->link = &question->next;
    net->first = question;
    curl_easy_setopt(question->easy, CURLOPT_URL, url);
    curl_easy_setopt(question->easy, CURLOPT_TIMEOUT, (long)ASK_TIMEOUT_S);
    curl_easy_setopt(question->easy, CURLOPT_WRITEFUNCTION, got);
    curl_easy_setopt(question->easy, CURLOPT_WRITEDATA, question);
    curl_easy_setopt(question->easy, CURLOPT_PRIVATE, question);
    curl_easy_setopt(question->easy, CURLOPT_NOSIGNAL, 1L);
    return question;
}

static void start(struct net *net, struct question *question)
{
    curl_easy_setopt(question->easy, CURLOPT_HTTPHEADER, question->headers);
    curl_multi_add_handle(net->multi, question->easy);
}

void net_ask(struct net *net, const char *path, const char *body, net_done_fn *done, void *context)
{
    struct question *question = question_new(net, path, done, context);
    if (body != NULL) {
        question->headers = curl_slist_append(question->headers, "Content-Type: application/json");
        curl_easy_setopt(question->easy, CURLOPT_COPYPOSTFIELDS, body);
    }
    start(net, question);
}

static void finish(struct net *net, CURL *easy, CURLcode code)
{
    struct question *question = NULL;
    long status = 0;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &question);
    if (code == CURLE_OK)
        curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    struct json_object *body = question->answer == NULL ? NULL : json_tokener_parse(question->answer);
    net_done_fn *done = question->done;
    void *context = question->context;
    if (done != NULL)
        done(context, status, body);
    json_object_put(body);
    question_free(net, question);
}

void net_step(struct net *net, int wait_ms)
{
    int running = 0, left = 0;
    curl_multi_perform(net->multi, &running);
    curl_multi_poll(net->multi, NULL, 0, wait_ms, NULL);
    curl_multi_perform(net->multi, &running);
    for (CURLMsg *message; (message = curl_multi_info_read(net->multi, &left)) != NULL;)
        if (message->msg == CURLMSG_DONE)
            finish(net, message->easy_handle, message->data.result);
}

/* ---- blocking: a multi handle of its own, so that nobody's callback runs meanwhile ---- */

static long wait_for(struct net *net, struct question *question)
{
    long status = 0;
    curl_easy_setopt(question->easy, CURLOPT_HTTPHEADER, question->headers);
    if (curl_easy_perform(question->easy) == CURLE_OK)
        curl_easy_getinfo(question->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)net;
    return status;
}

static struct json_object *must_answer(struct net *net, struct question *question, const char *path)
{
    long status = wait_for(net, question);
    struct json_object *body = question->answer == NULL ? NULL : json_tokener_parse(question->answer);
    if (status != 200 || body == NULL) {
        fprintf(stderr, "the sandbox answered %s with %ld: %.300s\n", path, status,
                question->answer == NULL ? "" : question->answer);
        exit(1);
    }
    question_free(net, question);
    return body;
}

struct json_object *net_get(struct net *net, const char *path)
{
    return must_answer(net, question_new(net, path, NULL, NULL), path);
}

static void put_body(struct question *question, const char *body)
{
    question->headers = curl_slist_append(question->headers, "Content-Type: application/json");
    curl_easy_setopt(question->easy, CURLOPT_COPYPOSTFIELDS, body);
}

struct json_object *net_post(struct net *net, const char *path, const char *format, ...)
{
    char body[4096];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(body, sizeof body, format, args);
    va_end(args);
    struct question *question = question_new(net, path, NULL, NULL);
    put_body(question, body);
    return must_answer(net, question, path);
}

struct json_object *net_shop(struct net *net, const char *path, const char *shop, const char *body)
{
    static int keys;
    char key[64];
    struct question *question = question_new(net, path, NULL, NULL);
    (void)snprintf(key, sizeof key, "Idempotence-Key: test-%d", ++keys);
    question->headers = curl_slist_append(question->headers, key);
    curl_easy_setopt(question->easy, CURLOPT_USERPWD, shop);
    put_body(question, body);
    return must_answer(net, question, path);
}

long net_post_status(struct net *net, const char *path, const char *body)
{
    struct question *question = question_new(net, path, NULL, NULL);
    put_body(question, body);
    long status = wait_for(net, question);
    question_free(net, question);
    return status;
}

void net_delete(struct net *net, const char *path)
{
    struct question *question = question_new(net, path, NULL, NULL);
    curl_easy_setopt(question->easy, CURLOPT_CUSTOMREQUEST, "DELETE");
    json_object_put(must_answer(net, question, path));
}

unsigned char *net_bytes(struct net *net, const char *path, size_t *ret_bytes)
{
    struct question *question = question_new(net, path, NULL, NULL);
    if (wait_for(net, question) != 200 || question->answer == NULL) {
        fprintf(stderr, "%s can't be fetched\n", path);
        exit(1);
    }
    unsigned char *bytes = (unsigned char *)question->answer;
    *ret_bytes = question->length;
    question->answer = NULL;
    question_free(net, question);
    return bytes;
}

long net_upload(struct net *net, const char *path, const char *file_name, const char *type, const void *bytes,
                size_t length)
{
    struct question *question = question_new(net, path, NULL, NULL);
    curl_mime *mime = curl_mime_init(question->easy);
    curl_mimepart *part = curl_mime_addpart(mime);
    curl_mime_name(part, "file");
    curl_mime_filename(part, file_name);
    curl_mime_type(part, type);
    curl_mime_data(part, bytes, length);
    curl_easy_setopt(question->easy, CURLOPT_MIMEPOST, mime);
    long status = wait_for(net, question);
    question_free(net, question);
    curl_mime_free(mime);
    return status;
}
