/* Places: where a lasting button or a command leads, from any state and at any time. Each is a few lines: is it open,
 * whose is the object, which state. An object is looked for only among what was loaded for this chat, so a number from
 * a button never opens anybody else's. */
#include "core/places.h"

#include <string.h>

#include "core/delivery.h"
#include "core/gate.h"
#include "core/record.h"
#include "core/sheet.h"
#include "core/stand.h"

static void show(struct step *step)
{
    stand_ask_before_photos(step);
    stand_show(step, false);
}

static bool enter(struct step *step, const struct state *state)
{
    stand_enter(step, state);
    show(step);
    return true;
}

static bool go_menu(struct step *step, int64_t object)
{
    (void)object;
    return enter(step, &state_menu);
}

static bool go_my(struct step *step, int64_t object)
{
    (void)object;
    return enter(step, &state_my_avatars);
}

static bool go_help(struct step *step, int64_t object)
{
    (void)object;
    return enter(step, &state_help);
}

static bool go_settings(struct step *step, int64_t object)
{
    (void)object;
    return enter(step, &state_settings);
}

static bool go_health(struct step *step, int64_t object)
{
    (void)object;
    return enter(step, &state_health);
}

static bool go_new(struct step *step, int64_t object)
{
    (void)object;
    if (record_avatar_fits(step))
        return enter(step, &state_avatar_name);
    step_hint(step, TEXT_TOO_MANY_AVATARS, ARGS(ARG_N("max", step->rules->avatars_max)));
    return enter(step, &state_my_avatars);
}

/* The places of one avatar: the session turns to it. from_card: its card is where the way leads back to. */
static bool at_avatar(struct step *step, int64_t avatar_id, const struct state *state, bool from_card)
{
    struct chat *chat = step->chat;
    const struct avatar *avatar = chat_avatar(chat, avatar_id);
    if (avatar == NULL)
        return false;
    if (chat->session.avatar_id != avatar_id) /* what was loaded of the other one's photos is not this one's */
        record_refusals_forget(step);
    chat->session.avatar_id = avatar_id;
    chat->session.from_card = from_card;
    return enter(step, state);
}

static bool go_card(struct step *step, int64_t avatar_id)
{
    return at_avatar(step, avatar_id, &state_card, true);
}

/* Of finished sets: the page with that one on it, or that one alone. */
static bool at_set(struct step *step, int64_t job_id, const struct state *state)
{
    const struct job *job = chat_job(step->chat, job_id);
    if (job == NULL || job_count(job, SHOT_SENT) == 0 || chat_avatar(step->chat, job->avatar_id) == NULL)
        return false;
    step->chat->session.job_id = job_id;
    return at_avatar(step, job->avatar_id, state, true);
}

static bool go_sets(struct step *step, int64_t job_id)
{
    return at_set(step, job_id, &state_sets);
}

static bool go_set(struct step *step, int64_t job_id)
{
    return at_set(step, job_id, &state_set);
}

static bool go_photos(struct step *step, int64_t avatar_id)
{
    return at_avatar(step, avatar_id, &state_photos, true);
}

static bool go_rename(struct step *step, int64_t avatar_id)
{
    return at_avatar(step, avatar_id, &state_rename, true);
}

static bool go_delete(struct step *step, int64_t avatar_id)
{
    return at_avatar(step, avatar_id, &state_delete, true);
}

static bool go_style(struct step *step, int64_t avatar_id)
{
    struct avatar *avatar = chat_avatar(step->chat, avatar_id);
    if (avatar == NULL)
        return false;
    if (avatar->good >= step->rules->photos_min)
        return at_avatar(step, avatar_id, &state_style, true);
    return at_avatar(step, avatar_id, &state_photos, false); /* a set is wanted: the style comes after them */
}

/* The link of an order that is not paid yet; or ordering it again once the link's time is over. */
static const struct state *pay_or_order(struct step *step)
{
    const struct order *order = chat_order(step->chat);
    if (order->link == NULL || step->now_ms < order->link_until_ms)
        return &state_pay;
    step_hint(step, TEXT_PAY_LINK_OVER, NO_ARGS);
    return &state_checkout;
}

/* The session turns to what is being bought. */
static bool go_pay(struct step *step, int64_t order_id)
{
    struct session *session = &step->chat->session;
    const struct order *order = chat_order(step->chat);
    if (order->id == 0 || order->id != order_id || order->status != ORDER_AWAITING || order->avatar_id == 0)
        return false;
    session->avatar_id = order->avatar_id;
    record_style_choice(step, order->style_id);
    return enter(step, pay_or_order(step));
}

static bool go_making(struct step *step, int64_t job_id)
{
    struct job *job = chat_job(step->chat, job_id);
    if (job == NULL)
        return false;
    step->chat->session.job_id = job_id;
    return enter(step, job->finished ? &state_result : &state_making);
}

static bool send_again(struct step *step, int64_t job_id, bool files)
{
    struct job *job = chat_job(step->chat, job_id);
    if (job == NULL || job_count(job, SHOT_SENT) == 0)
        return false;
    bool *coming = files ? &job->files_coming : &job->again_coming;
    step_answer(step, files ? TEXT_FILES_COMING : TEXT_AGAIN_COMING);
    if (*coming) /* an impatient finger wants them once */
        return true;
    *coming = true;
    delivery_repeat(step, job, files);
    notice_begin(step); /* the buttons were above all these photos */
    screen_text(step, files ? TEXT_FILES_SENT : TEXT_AGAIN_SENT, ARGS(ARG_N("n", job_count(job, SHOT_SENT))));
    screen_go(step, TEXT_BUTTON_ANOTHER_STYLE, "style", job->avatar_id);
    screen_primary(step);
    screen_go(step, TEXT_BUTTON_MY, "my", 0);
    screen_go(step, TEXT_BUTTON_MENU, "menu", 0);
    screen_beside(step);
    struct effect *closing = notice_end(step);
    closing->notice.closes_job_id = job->id;
    closing->notice.closes_files = files;
    return true;
}

static bool go_again(struct step *step, int64_t job_id)
{
    return send_again(step, job_id, false);
}

static bool go_files(struct step *step, int64_t job_id)
{
    return send_again(step, job_id, true);
}

/* The offer and the policy are texts with a link: a hint above the question that stands, which may be about them. */
static bool tell(struct step *step)
{
    step->replace = true;
    show(step);
    return true;
}

static bool go_terms(struct step *step, int64_t object)
{
    (void)object;
    step_hint(step, TEXT_TERMS, ARGS(ARG_S("offer", step->rules->offer_url)));
    return tell(step);
}

static bool go_privacy(struct step *step, int64_t object)
{
    (void)object;
    step_hint(step, TEXT_PRIVACY, ARGS(ARG_S("privacy", step->rules->privacy_url)));
    return tell(step);
}

/* Where nobody was named to write to, help has all there is to say. */
static bool go_paysupport(struct step *step, int64_t object)
{
    if (step->rules->support[0] == '\0')
        return go_help(step, object);
    step_hint(step, TEXT_PAYSUPPORT, ARGS(ARG_S("support", step->rules->support)));
    return tell(step);
}

void places_resume(struct step *step)
{
    struct session *session = &step->chat->session;
    const struct state *to = step->resume;
    const struct order *order = to == &state_pay ? chat_order(step->chat) : NULL;
    if (order != NULL && (order->id == 0 || order->status != ORDER_AWAITING))
        return; /* paid or over meanwhile, and told */
    if (order != NULL && order->avatar_id == 0) {
        step_hint(step, TEXT_AVATAR_GONE, NO_ARGS);
        return;
    }
    if (to != NULL && to->who > step_who(step))
        return; /* what they were, they are no more */
    if (to == &state_making || to == &state_result) {
        const struct job *job = chat_job(step->chat, session->job_id);
        to = job == NULL ? NULL : job->finished ? &state_result : &state_making;
    }
    if (order != NULL)
        to = pay_or_order(step);
    if (order != NULL && order->link == NULL) /* what became of it may have been told in between */
        step_effect(step, EFFECT_PAYMENT_CHECK)->payment_check.order_id = order->id;
    if (to == NULL)
        return;
    stand_at(step, to);
    session->form = step->form;
}

static const struct place {
    const char *name;
    bool (*go)(struct step *step, int64_t object);
    unsigned facts;
    enum who who;
} places[] = {{"menu", go_menu, 0, WHO_USER},
              {"new", go_new, 0, WHO_USER},
              {"my", go_my, 0, WHO_USER},
              {"card", go_card, FACT_THUMBNAIL | FACT_SETS, WHO_USER},
              {"sets", go_sets, FACT_SETS, WHO_USER},
              {"set", go_set, FACT_JOB, WHO_USER},
              {"photos", go_photos, FACT_REFUSALS, WHO_USER},
              {"rename", go_rename, 0, WHO_USER},
              {"delete", go_delete, 0, WHO_USER},
              {"style", go_style, FACT_REFUSALS, WHO_USER},
              {"pay", go_pay, FACT_OFFERS, WHO_USER},
              {"making", go_making, FACT_JOB, WHO_USER},
              {"again", go_again, FACT_JOB, WHO_USER},
              {"files", go_files, FACT_JOB, WHO_USER},
              {"settings", go_settings, 0, WHO_USER},
              {"help", go_help, 0, WHO_USER},
              {"terms", go_terms, 0, WHO_USER},
              {"privacy", go_privacy, 0, WHO_USER},
              {"paysupport", go_paysupport, 0, WHO_USER},
              {"health", go_health, FACT_HEALTH, WHO_OWNER}};

static const struct place *find(const char *name)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcmp(name, places[i].name) == 0)
            return &places[i];
    return NULL;
}

unsigned places_facts(const char *place)
{
    const struct place *known = find(place);
    return known == NULL ? 0 : known->facts;
}

bool places_go(struct step *step, const char *place, int64_t object)
{
    const struct place *known = find(place);
    const struct state *first = gate_question(step);
    if (known == NULL || known->who > step_who(step) || (first != NULL && !gate_is_open(place)))
        return false;
    if (first != NULL)
        stand_between(step, first); /* where they were is kept */
    return known->go(step, object);
}
