/* One step of one chat, as the sheets' readers and deeds see it: the event, the chat, the rules, and the pen that
 * writes effects and the screen. */
#ifndef CORE_STEP_H
#define CORE_STEP_H

#include "core/arena.h"
#include "core/chat.h"
#include "core/effect.h"
#include "core/event.h"
#include "core/press.h"
#include "core/text.h"
#include "core/who.h"

/* The shop's rules and words: from the config, const. */
struct state; /* core/sheet.h */

struct rules {
    const struct text_catalogue *texts;
    const struct style_catalogue *styles;
    int32_t photos_min, photos_max;
    int32_t min_side_px; /* of a reference photo */
    int32_t avatars_max;
    int32_t album_wait_ms;           /* silence that ends an album */
    int32_t consents[CONSENT_COUNT]; /* the versions now in force, from 1 */
    const char *offer_url;
    const char *privacy_url;
    bool receipts_in_chat;      /* receipts are links in the chat: nobody is asked for a contact */
    const char *receipts_url;   /* … which begin so; no slash at the end */
    int32_t utc_offset_minutes; /* of the clock that users are told times by */
    const struct pack *packs;   /* the smallest first */
    size_t pack_count;
    const int64_t *admins; /* users' ids */
    size_t admin_count;
    int64_t kopecks_per_star; /* what one of Telegram's stars counts for; 0: nobody pays with them */
    const char *support;      /* who is written to about a payment; "" = nobody was named */
};

/* What the user of that private chat may do. */
enum who rules_who(const struct rules *rules, int64_t chat_id);

struct step {
    struct arena *arena;
    const struct rules *rules;
    int64_t now_ms; /* unix ms, read once for the batch */
    struct chat *chat;
    const struct event *event;
    struct press press; /* EVENT_BUTTON: what the data says */
    struct effects *effects;
    struct id_pool *ids;
    const struct state *was;    /* where the chat was when the step began */
    const struct state *resume; /* session.resume as it was then */
    struct form form;           /* session.form as it was then */
    const char *name;           /* an avatar's, as a reader took it from what was typed */
    const char *hint;           /* a line put above the question, already formatted; NULL = none */
    struct message *screen;     /* being built by a show function */
    bool later;                 /* the screen waits for the end of an album */
    bool answered;              /* the press was answered */
    bool replace;               /* the old screen goes: what it says or offers is over */
    bool fresh;                 /* the screen must be sent anew: the user wrote below it, or must be called back */
    bool calls_back;            /* … so it is */
};

/* Draws the next id; aborts when the pool is dry (the shell sizes it for the batch). */
int64_t step_new_id(struct step *step, enum id_kind kind);
struct effect *step_effect(struct step *step, enum effect_kind kind);
/* The screen tells what the user is to be called back for: a message of its own, in place of the old one. */
void step_call_back(struct step *step);
/* What the chat's user may do. */
enum who step_who(const struct step *step);

/* Words of the chat's language. */
const char *step_text(struct step *step, enum text_key key, const struct text_arg *args, size_t arg_count);
/* The same as plain text, for what is not HTML: labels of buttons, answers to a press. Arguments come out as they are.
 */
const char *step_plain(struct step *step, enum text_key key, const struct text_arg *args, size_t arg_count);
const char *step_money(struct step *step, int64_t kopecks);
/* "⭐ 417", "⭐ 1 250". */
const char *step_stars(struct step *step, int64_t stars);
/* "14:35" on the users' clock. */
const char *step_clock(struct step *step, int64_t at_ms);
/* The day on the users' calendar. */
const char *step_date(struct step *step, int64_t at_ms);
/* The e-mail address or phone number that the event says, in the form that is stored; NULL if it says none. */
const char *step_contact_said(const struct step *step);
/* Does the text ask what it costs? In any language: who writes in another one than the chat's is understood, too. */
bool step_asks_price(const struct step *step, const char *text);
/* Puts a line above the question of the screen that is shown next. */
void step_hint(struct step *step, enum text_key key, const struct text_arg *args, size_t arg_count);
/* Answers the press, once; later calls do nothing. key TEXT_COUNT = without words. */
void step_answer(struct step *step, enum text_key key);

/* The screen being shown: its text, its picture, its buttons. */
void screen_text(struct step *step, enum text_key key, const struct text_arg *args, size_t arg_count);
void screen_picture(struct step *step, const char *picture);
/* Labels are plain text, from step_plain. */

/* A button of the current state: works while the state is the same and was not entered again. */
void screen_button(struct step *step, enum text_key label, const char *action, int64_t object);
void screen_button_named(struct step *step, const char *label, const char *action, int64_t object);
/* A button that works for ever and from everywhere: a place to go. */
void screen_go(struct step *step, enum text_key label, const char *place, int64_t object);
void screen_go_named(struct step *step, const char *label, const char *place, int64_t object);
void screen_link(struct step *step, const char *label, const char *url);

/* The screen offers to share the user's own phone number: a keyboard of its own with that button and the way back,
 * which arrives as a text (screen_back_said). */
void screen_ask_contact(struct step *step, enum text_key label);
bool screen_back_said(const struct step *step); /* in any language: the keyboard may be older than a change of it */
void screen_beside(struct step *step);          /* puts the last button beside the one before it */
void screen_primary(struct step *step);         /* the last button is the main one */

/* A message of its own, below everything: filled with the screen_* calls between begin and end. */
void notice_begin(struct step *step);
struct effect *notice_end(struct step *step);

/* Asks to be woken to render the screen again at that time (the earliest wish wins). */
void step_refresh_at(struct step *step, int64_t at_ms);

#endif
