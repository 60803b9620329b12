/* Faults: what goes wrong, for which requests, how often.
 *
 * A fault matches a service and a method, lets `skip` matching requests pass, then hits `count` of them (each with its
 * probability, from the seeded generator, so that a run can be repeated); with `for_ms` it ends by the sandbox's clock
 * too. The kinds differ in whether the request was acted upon, since that is what a client can't know: drop_before,
 * status and flood don't act (status does with "act":true); delay, garbage, truncate and drop_after act first.
 *
 * Some services are no requests but what becomes of things elsewhere, asked through faults_pick(): "refund" and
 * "receipt" (pending, refuse), "notice" (drop: it never comes; delay: it comes late; repeat: it comes again).
 */
#include "tests/sandbox/faults.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name, *kinds; /* each kind ends with a blank */
} services[] = {{"*", "delay drop_before drop_after status garbage truncate flood "},
                {"telegram", "delay drop_before drop_after status garbage truncate flood "},
                {"file", "delay drop_before drop_after status garbage truncate flood "},
                {"yookassa", "delay drop_before drop_after status garbage truncate flood "},
                {"tax", "delay drop_before drop_after status garbage truncate flood "},
                {"refund", "pending refuse "},
                {"receipt", "pending refuse "},
                {"notice", "drop delay repeat "}};

/* "" for a service that is not there. */
static const char *kinds_of(const char *service)
{
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        if (strcmp(services[i].name, service) == 0)
            return services[i].kinds;
    }
    return "";
}

static bool is_kind(const char *kinds, const char *kind)
{
    for (const char *at = kinds; *at != '\0'; at += strcspn(at, " ") + 1) {
        if (strcspn(at, " ") == strlen(kind) && strncmp(at, kind, strlen(kind)) == 0)
            return true;
    }
    return false;
}

static bool matches(const struct sandbox *sb, const struct fault *fault, const char *service, const char *method)
{
    return (fault->until_ms == 0 || sandbox_now_ms(sb) < fault->until_ms) &&
           (strcmp(fault->service, service) == 0 ||
            (strcmp(fault->service, "*") == 0 && is_kind(kinds_of(service), fault->kind))) &&
           (strcmp(fault->method, "*") == 0 || strcasecmp(fault->method, method) == 0);
}

static void forget(struct sandbox *sb, size_t at)
{
    sb->fault_count--;
    memmove(sb->faults + at, sb->faults + at + 1, (sb->fault_count - at) * sizeof(struct fault));
}

bool faults_pick(struct sandbox *sb, const char *service, const char *method, struct fault *ret_fault)
{
    for (size_t i = 0; i < sb->fault_count; i++) {
        struct fault *fault = &sb->faults[i];
        if (!matches(sb, fault, service, method))
            continue;
        if (fault->skip > 0) {
            fault->skip--;
            continue;
        }
        if (fault->probability < 1 && (double)(sandbox_random(sb) % 1000000) / 1e6 >= fault->probability)
            continue;
        fault->hits++;
        *ret_fault = *fault;
        if (fault->count > 0 && --fault->count == 0)
            forget(sb, i);
        return true;
    }
    return false;
}

/* YooKassa's error object, or that the request is still being worked on. */
static void add_yookassa(struct buf *body, unsigned status, const char *description, long retry_after)
{
    if (status == 202) {
        buf_addf(
            body,
            "{\"type\":\"processing\",\"description\":\"Request accepted, but not processed yet. Retry the request "
            "with same idempotence key\",\"retry_after\":%ld}",
            retry_after > 0 ? retry_after * 1000 : 1800);
        return;
    }
    buf_adds(body, "{\"type\":\"error\",\"id\":\"00000000-0000-4000-8000-000000000000\",\"code\":");
    buf_add_json(body, status == 429   ? "too_many_requests"
                       : status >= 500 ? "internal_server_error"
                       : status == 401 ? "invalid_credentials"
                       : status == 403 ? "forbidden"
                       : status == 404 ? "not_found"
                                       : "invalid_request");
    buf_adds(body, ",\"description\":");
    buf_add_json(body, description);
    if (retry_after > 0)
        buf_addf(body, ",\"retry_after\":%ld", retry_after * 1000);
    buf_adds(body, "}");
}

static void answer_status(struct request *request, unsigned status, const char *description, long retry_after)
{
    struct buf body = {0};
    if (strcmp(request->service, "yookassa") == 0) {
        add_yookassa(&body, status, description, retry_after);
    } else if (strcmp(request->service, "tax") == 0 && status < 500) {
        buf_adds(&body, "{\"code\":\"unknown\",\"message\":");
        buf_add_json(&body, description);
        buf_adds(&body, "}");
    } else if (strcmp(request->service, "tax") == 0) {
        static const char page[] = "<html><body><h1>Service Unavailable</h1></body></html>\n";
        http_answer_static(request, status, "text/html", page, sizeof(page) - 1);
        return;
    } else if (status == 502 || status == 504) { /* the front proxy speaks no JSON */
        static const char page[] = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n</html>\r\n";
        http_answer_static(request, status, "text/html", page, sizeof(page) - 1);
        return;
    } else {
        buf_addf(&body, "{\"ok\":false,\"error_code\":%u,\"description\":", status);
        buf_add_json(&body, description);
        if (retry_after > 0)
            buf_addf(&body, ",\"parameters\":{\"retry_after\":%ld}", retry_after);
        buf_adds(&body, "}");
    }
    http_answer_json(request, status, &body);
    request->retry_after = retry_after;
}

static void answer_fault(struct request *request)
{
    const struct fault *fault = &request->fault;
    char text[64];
    if (strcmp(fault->kind, "flood") == 0) {
        long seconds = fault->retry_after > 0 ? fault->retry_after : 1;
        snprintf(text, sizeof(text), "Too Many Requests: retry after %ld", seconds);
        answer_status(request, 429, text, seconds);
        return;
    }
    const char *description = fault->description[0] != '\0' ? fault->description
                              : fault->status == 500        ? "Internal Server Error: restart"
                              : fault->status == 401        ? "Unauthorized"
                              : fault->status == 403        ? "Forbidden: bot was blocked by the user"
                                                            : "Bad Request: as asked by a fault";
    answer_status(request, (unsigned)fault->status, description, fault->retry_after);
}

bool faults_before(struct request *request)
{
    struct sandbox *sb = request->sb;
    if (sb->fault_count == 0 || !faults_pick(sb, request->service, request->method, &request->fault))
        return false;
    request->has_fault = true;
    const char *kind = request->fault.kind;
    if (strcmp(kind, "drop_before") == 0) {
        http_answer_static(request, 0, "text/plain", "", 0);
        return true;
    }
    if (strcmp(kind, "flood") == 0 || (strcmp(kind, "status") == 0 && !request->fault.act)) {
        answer_fault(request);
        return true;
    }
    return false;
}

void faults_after(struct request *request)
{
    if (!request->has_fault || request->fault.hits < 0)
        return;
    request->fault.hits = -1; /* done for this request */
    const char *kind = request->fault.kind;
    if (strcmp(kind, "delay") == 0) {
        http_wait(request, WAIT_DELAY, request->fault.ms);
    } else if (strcmp(kind, "status") == 0) {
        answer_fault(request);
    } else if (strcmp(kind, "garbage") == 0) {
        static const char garbage[] = "\x1f\x8b{\"ok\":tru<html>\xff\xfe it works!";
        unsigned status = request->fault.status > 0 ? (unsigned)request->fault.status : 200;
        http_answer_static(request, status, "application/json", garbage, sizeof(garbage) - 1);
    }
}

static const char *text_of(json_object *asked, const char *key, const char *otherwise)
{
    json_object *value = NULL;
    return json_object_object_get_ex(asked, key, &value) ? json_object_get_string(value) : otherwise;
}

static int64_t number_of(json_object *asked, const char *key, int64_t otherwise)
{
    json_object *value = NULL;
    return json_object_object_get_ex(asked, key, &value) ? json_object_get_int64(value) : otherwise;
}

const char *faults_add(struct sandbox *sb, json_object *asked, long *ret_id)
{
    if (sb->fault_count == FAULTS_MAX)
        return "too many faults";
    struct fault fault = {.count = (long)number_of(asked, "count", 1), .skip = (long)number_of(asked, "skip", 0)};
    snprintf(fault.service, sizeof(fault.service), "%s", text_of(asked, "service", "telegram"));
    snprintf(fault.method, sizeof(fault.method), "%s", text_of(asked, "method", "*"));
    snprintf(fault.kind, sizeof(fault.kind), "%s", text_of(asked, "kind", ""));
    snprintf(fault.description, sizeof(fault.description), "%s", text_of(asked, "description", ""));
    fault.status = (long)number_of(asked, "status", strcmp(fault.kind, "garbage") == 0 ? 200 : 500);
    fault.retry_after = (long)number_of(asked, "retry_after", 0);
    const char *allowed = kinds_of(fault.service);
    fault.ms = number_of(asked, "ms", strcmp(fault.kind, "pending") == 0 ? 0 : 1000);
    int64_t for_ms = number_of(asked, "for_ms", 0);
    fault.until_ms = for_ms > 0 ? sandbox_now_ms(sb) + for_ms : 0;
    json_object *value = NULL;
    fault.probability = json_object_object_get_ex(asked, "probability", &value) ? json_object_get_double(value) : 1;
    fault.act = json_object_object_get_ex(asked, "act", &value) && json_object_get_boolean(value);
    if (allowed[0] == '\0')
        return "unknown service";
    if (!is_kind(allowed, fault.kind))
        return "unknown kind";
    if (fault.status < 200 || fault.status > 599 || fault.ms < 0 || for_ms < 0)
        return "status or ms out of range";
    fault.id = ++sb->next_fault_id;
    sb->faults = mem_grow(sb->faults, (sb->fault_count + 1) * sizeof(fault));
    sb->faults[sb->fault_count++] = fault;
    *ret_id = fault.id;
    return NULL;
}

void faults_add_json(const struct sandbox *sb, struct buf *out)
{
    buf_adds(out, "[");
    for (size_t i = 0; i < sb->fault_count; i++) {
        const struct fault *fault = &sb->faults[i];
        buf_addf(out, "%s{\"id\":%ld,\"service\":", i == 0 ? "" : ",", fault->id);
        buf_add_json(out, fault->service);
        buf_adds(out, ",\"method\":");
        buf_add_json(out, fault->method);
        buf_addf(out, ",\"kind\":\"%s\",\"count\":%ld,\"skip\":%ld,\"probability\":%g,\"ms\":%" PRId64, fault->kind,
                 fault->count, fault->skip, fault->probability, fault->ms);
        buf_addf(out, ",\"status\":%ld,\"retry_after\":%ld,\"hits\":%ld}", fault->status, fault->retry_after,
                 fault->hits);
    }
    buf_adds(out, "]");
}

void faults_clear(struct sandbox *sb)
{
    sb->fault_count = 0;
}
