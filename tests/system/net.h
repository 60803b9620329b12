/* Asking the sandbox's control API: many questions at once on one curl multi handle, answers by callback; and a
 * blocking form for the driver itself. */
#ifndef TESTS_SYSTEM_NET_H
#define TESTS_SYSTEM_NET_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "core/err.h"

struct net;

/* status 0 = no answer. body is borrowed, NULL when the answer is not JSON. */
typedef void net_done_fn(void *context, long status, struct json_object *body);

struct net *net_new(const char *base_url);
void net_free(struct net *net); /* unanswered questions die without their callback; accepts NULL */
/* body NULL = GET. Both are copied. */
void net_ask(struct net *net, const char *path, const char *body, net_done_fn *done, void *context);
/* Waits up to wait_ms for something to happen and calls back. */
void net_step(struct net *net, int wait_ms);

/* Blocking. The caller puts the result; anything but a 200 with JSON ends the program. */
struct json_object *net_get(struct net *net, const char *path);
struct json_object *net_post(struct net *net, const char *path, const char *format, ...) PRINTF_LIKE(3, 4);
/* A POST to the sandbox's YooKassa, as the shop itself or another program of it: with its id and secret ("id:secret")
 * and a key of its own. */
struct json_object *net_shop(struct net *net, const char *path, const char *shop, const char *body);
/* The status of a POST, whatever it is. */
long net_post_status(struct net *net, const char *path, const char *body);
void net_delete(struct net *net, const char *path);
/* The bytes behind a path (malloc). */
unsigned char *net_bytes(struct net *net, const char *path, size_t *ret_bytes);
/* One file as a user's upload, multipart/form-data. Returns the status. */
long net_upload(struct net *net, const char *path, const char *file_name, const char *type, const void *bytes,
                size_t length);

int64_t net_now_ms(void); /* monotonic */

#endif
