/* Things that go wrong on request. */
#ifndef TESTS_SANDBOX_FAULTS_H
#define TESTS_SANDBOX_FAULTS_H

#include "tests/sandbox/http.h"

#define FAULTS_MAX 64

/* Picks the fault for a request whose service and method are known. True: it is answered (or dropped) and must not be
 * acted upon. */
bool faults_before(struct request *request);
/* Picks the fault for anything else that happens by itself; false when all goes well. */
bool faults_pick(struct sandbox *sb, const char *service, const char *method, struct fault *ret_fault);
/* Applies the picked fault to the answer; may make the request wait. May be called again after the wait. */
void faults_after(struct request *request);

/* The control API: adds one from its JSON (an error text or NULL), lists them, forgets them. */
const char *faults_add(struct sandbox *sb, json_object *asked, long *ret_id);
void faults_add_json(const struct sandbox *sb, struct buf *out);
void faults_clear(struct sandbox *sb);

#endif
