/* The verbs: what a chore says of an errand that it began, and what follows from it. With HOLD_LEASE each is written,
 * for another machine may be the next; with HOLD_BOT only what ends the errand, or names it, is. */
#include "bot/chores/engine/private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bot/base/log.h"
#include "core/backoff.h"
#include "core/bug.h"

static char *copy(const char *text)
{
    char *made = strdup(text);
    if (made == NULL)
        bug("out of memory");
    return made;
}

static void set_end(struct errand *errand, enum errand_end end, const char *why)
{
    char line[ERRAND_WHY_MAX_BYTES];
    errand->end = end;
    errand->uncertain = false;
    errand->place->tries = 0;
    free(errand->why);
    errand->why = NULL;
    if (why != NULL) {
        (void)snprintf(line, sizeof line, "%s", why);
        log_redact(line);
        errand->why = copy(line);
    }
}

static struct errand_place *said(struct errand *errand, enum errand_end end, const char *why)
{
    struct errand_place *place = errand->place;
    if (place->desk == NULL || place->where != RUNNING)
        bug("a verb about an errand that was not begun");
    set_end(errand, end, why);
    return place;
}

/* ---- the chore as a whole ---- */

static void desk_rested(void *ctx, int64_t unused)
{
    (void)unused;
    desk_pump(ctx);
}

static void rest_for(struct desk *desk, int64_t wait_ms)
{
    if (desk->rest_until_ms < desk_now_ms(desk) + wait_ms)
        desk->rest_until_ms = desk_now_ms(desk) + wait_ms;
    desk_timer(desk, desk->rest_until_ms, desk_rested, 0);
}

void desk_rest(struct desk *desk, int *failures, int64_t least_ms, const char *doing, const char *why)
{
    if (desk_now_ms(desk) < desk->rest_until_ms) { /* they were under way together: one trouble */
        rest_for(desk, least_ms);
        return;
    }
    int64_t wait_ms = backoff_ms(*failures, ENGINE_BASE_MS, ENGINE_CAP_MS, random_number());
    wait_ms = wait_ms > least_ms ? wait_ms : least_ms;
    ++*failures;
    if ((*failures == 1 || *failures == ENGINE_LOUD) && !desk_stopping(desk))
        log_line(*failures == 1 ? LOG_LEVEL_WARN : LOG_LEVEL_ERROR, desk_name(desk), "%s: %s; trying on (%d)", doing,
                 why, *failures);
    rest_for(desk, wait_ms);
}

/* ---- the verbs ---- */

/* The look is over, and nothing ended: who looks next knows. */
static void look_later(struct errand_place *place)
{
    struct desk *desk = place->desk;
    if (desk->hold == HOLD_LEASE) {
        commit(place);
        return;
    }
    place_wait(place, ASIDE, place->errand.wait_ms);
    desk_pump(desk);
}

void errand_end(struct errand *errand)
{
    struct errand_place *place = said(errand, ERRAND_DONE, NULL);
    place->desk->troubles = 0;
    commit(place);
}

void errand_fail(struct errand *errand, const char *why)
{
    struct errand_place *place = said(errand, ERRAND_FAILED, why);
    if (errand->why != NULL)
        log_error(desk_name(place->desk), "%" PRId64 " failed for good: %s", errand->id, errand->why);
    commit(place);
}

void errand_again(struct errand *errand, int64_t wait_ms)
{
    struct errand_place *place = said(errand, ERRAND_AGAIN, NULL);
    place->desk->troubles = 0;
    errand->wait_ms = errand->hinted && wait_ms > ENGINE_HINT_EVERY_MS ? ENGINE_HINT_EVERY_MS : wait_ms;
    errand->attempts = 0;
    errand->asked = false;
    look_later(place);
}

void errand_retry(struct errand *errand, int64_t least_ms, const char *why)
{
    struct desk *desk = errand->place->desk;
    const struct chore *chore = &desk->chore;
    int attempts = errand->attempts + 1;
    if (chore->attempts_max > 0 && attempts >= chore->attempts_max) {
        errand_fail(errand, why);
        return;
    }
    struct errand_place *place = said(errand, ERRAND_RETRIED, why);
    int64_t wait_ms = backoff_ms(errand->attempts, chore->base_ms, chore->cap_ms, random_number());
    errand->wait_ms = wait_ms > least_ms ? wait_ms : least_ms;
    errand->attempts = attempts;
    if (attempts <= chore->loud && !desk_stopping(desk))
        log_line(attempts == chore->loud ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, desk_name(desk),
                 "%" PRId64 ": %s; again in %" PRId64 " ms", errand->id, why, errand->wait_ms);
    look_later(place);
}

void errand_trouble(struct errand *errand, int64_t least_ms, const char *why)
{
    struct errand_place *place = said(errand, ERRAND_GIVEN_BACK, why);
    struct desk *desk = place->desk;
    desk_rest(desk, &desk->troubles, least_ms, "can't work", errand->why);
    if (desk->hold == HOLD_LEASE)
        commit(place);
    else
        place_put_in_line(place, errand->asked ? LINE_FIRST : LINE_LOOKS);
}

void verbs_give_back(struct errand *errand, const char *why)
{
    commit(said(errand, ERRAND_GIVEN_BACK, why));
}

void errand_note(struct errand *errand, const char *outside)
{
    struct errand_place *place = said(errand, ERRAND_NOTED, NULL);
    errand_name(errand, outside);
    commit(place);
}

/* ---- in between ---- */

bool errand_call(struct errand *errand)
{
    struct errand_place *place = errand->place;
    struct desk *desk = place->desk;
    if (desk->chore.key_life_ms > 0 && desk_now_ms(desk) - errand->born_ms >= desk->chore.key_life_ms) {
        (void)said(errand, ERRAND_LOST, "its key is too old to be used again");
        log_error(desk_name(desk),
                  "%" PRId64 ": %s. It may have been done or not: a person must look for it on the other side",
                  errand->id, errand->why);
        commit(place);
        return false;
    }
    desk_step(desk, CHORE_STEP_BEFORE_CALL);
    place->calling = true;
    place->called_ms = desk_now_ms(desk);
    errand->hinted = false;
    return true;
}

bool errand_answered(struct errand *errand)
{
    struct errand_place *place = errand->place;
    place->calling = false;
    if (place->desk == NULL) {
        place_free(place);
        return false;
    }
    desk_step(place->desk, CHORE_STEP_AFTER_CALL);
    return true;
}

void errand_called_off(struct errand *errand)
{
    errand->place->calling = false;
}

void *errand_self(const struct errand *errand)
{
    return errand->place->desk->chore.self;
}

void errand_fine(struct errand *errand)
{
    errand->attempts = 0;
    errand->place->desk->troubles = 0;
}

void errand_change(struct errand *errand, enum errand_end end, const char *why)
{
    if (errand->place->where != COMMITTING)
        bug("another end of an errand that has none");
    set_end(errand, end, why);
}

void errand_name(struct errand *errand, const char *outside)
{
    char *made = outside == NULL ? NULL : copy(outside); /* which may be the old one */
    free(errand->outside);
    errand->outside = made;
}

void errand_tell(const struct errand *errand, struct event news)
{
    news.chat_id = errand->chat_id;
    if (news.chat_id != 0)
        mailbox_put(errand->place->desk->engine->ports.mailbox, &news);
}
