/* Reading the parts of a dialogue line, and writing effects the way dialogues name them. Nothing here knows a stage. */
#include "tests/talk/script.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNESCAPED_MAX_BYTES = 16384 };

const char *script_unescape(struct arena *arena, const char *text)
{
    char *out = arena_alloc(arena, UNESCAPED_MAX_BYTES + 1);
    size_t length = 0;
    while (*text != '\0' && length < UNESCAPED_MAX_BYTES - 64) {
        const char *x = *text == '{' ? strstr(text, " x") : NULL;
        const char *end = x == NULL ? NULL : strchr(x, '}');
        if (end != NULL) {
            for (long times = strtol(x + 2, NULL, 10); times > 0 && length < UNESCAPED_MAX_BYTES - 64; times--)
                for (const char *p = text + 1; p < x; p++)
                    out[length++] = *p;
            text = end + 1;
        } else if (text[0] == '\\' && (text[1] == 'n' || text[1] == 't')) {
            out[length++] = text[1] == 'n' ? '\n' : '\t';
            text += 2;
        } else if (text[0] == '\\' && text[1] == 'x' && text[2] != '\0' && text[3] != '\0') {
            char hex[3] = {text[2], text[3], '\0'};
            out[length++] = (char)strtol(hex, NULL, 16);
            text += 4;
        } else {
            out[length++] = *text++;
        }
    }
    return out;
}

bool script_matches(const char *text, const char *pattern)
{
    static const char any[] = "…";
    while (*pattern != '\0') {
        const char *end = strstr(pattern, any);
        size_t length = end == NULL ? strlen(pattern) : (size_t)(end - pattern);
        while (length > 0 && strncmp(text, pattern, length) != 0) {
            if (*text == '\0')
                return false;
            text++;
        }
        text += length;
        pattern += length + (end == NULL ? 0 : strlen(any));
        pattern += end != NULL && *pattern == ' ';
    }
    return true;
}

const char *script_word(struct arena *arena, const char **rest)
{
    *rest += strspn(*rest, " ");
    size_t length = strcspn(*rest, " ");
    const char *word = arena_copy_n(arena, *rest, length);
    *rest += length;
    *rest += strspn(*rest, " ");
    return word;
}

int script_times(const char *word)
{
    return word[0] == 'x' ? (int)strtol(word + 1, NULL, 10) : 0;
}

int64_t script_ms(const char *word)
{
    char *unit;
    double amount = strtod(word, &unit);
    double ms = strcmp(unit, "s") == 0   ? 1000
                : strcmp(unit, "m") == 0 ? 60000
                : strcmp(unit, "h") == 0 ? 3600000
                : strcmp(unit, "d") == 0 ? 86400000
                                         : 0;
    return (int64_t)(amount * ms);
}

void script_version(struct arena *arena, const char *rest, int32_t versions[CONSENT_COUNT])
{
    bool offer = strcmp(script_word(arena, &rest), "offer") == 0;
    versions[offer ? CONSENT_OFFER : CONSENT_PERSONAL_DATA] = (int32_t)strtol(rest, NULL, 10);
}

static const char *answered(struct arena *arena, const char *before, const char *field, const char *value)
{
    return arena_format(arena, "%s%s%s %s", before, before[0] == '\0' ? "" : ", ", field, value);
}

const char *script_form(struct arena *arena, const struct form *form)
{
    const char *all = "";
#define WORD(field, max_bytes)                                                                                         \
    if (form->field[0] != '\0')                                                                                        \
        all = answered(arena, all, #field, form->field);
#define NUMBER(field, least, most)                                                                                     \
    if (form->field != 0)                                                                                              \
        all = answered(arena, all, #field, arena_format(arena, "%" PRId64, form->field));
#include "core/form.def"
    return all[0] == '\0' ? "nothing" : all;
}

/* "0-9,12" */
static const char *indexes(struct arena *arena, const struct shots *shots)
{
    const char *text = "";
    for (size_t i = 0; i < shots->count;) {
        size_t end = i;
        while (end + 1 < shots->count && shots->indexes[end + 1] == shots->indexes[end] + 1)
            end++;
        text = arena_format(arena, "%s%s%d", text, i == 0 ? "" : ",", shots->indexes[i]);
        if (end > i)
            text = arena_format(arena, "%s-%d", text, shots->indexes[end]);
        i = end + 1;
    }
    return text;
}

static const char *name_of(const struct effect *effect)
{
    static const char *const names[EFFECT_COUNT] = {
#define ANSWER(NAME, word) [EFFECT_##NAME] = #NAME,
#define MESSAGE(NAME, word) [EFFECT_##NAME] = #NAME,
#define RECORD(NAME, word) [EFFECT_##NAME] = #NAME,
#define MESSAGE_RECORD(NAME, word) [EFFECT_##NAME] = #NAME,
#define RECORD_WAKES(NAME, word, chore) [EFFECT_##NAME] = #NAME,
#define WAKES(NAME, word, chore) [EFFECT_##NAME] = #NAME,
#include "core/effects.def"
    };
    if (effect->kind == EFFECT_ALBUM && effect->album.again)
        return "AGAIN";
    return effect->kind == EFFECT_BLOCKED && !effect->blocked.is_blocked ? "UNBLOCKED" : names[effect->kind];
}

/* "style kopecks photos", then what it comes by: "code SUMMER 50000", "pack 3", "left 2". */
static const char *order(struct arena *arena, const struct effect *effect)
{
    const char *all = arena_format(arena, "%s %" PRId64 " %d", effect->order_create.style_id,
                                   effect->order_create.price_kopecks, effect->order_create.photo_count);
    if (effect->order_create.promo != NULL)
        all = arena_format(arena, "%s code %s %" PRId64, all, effect->order_create.promo,
                           effect->order_create.before_kopecks);
    if (effect->order_create.sets > 1)
        all = arena_format(arena, "%s pack %d", all, effect->order_create.sets);
    return effect->order_create.grant.id == 0
               ? all
               : arena_format(arena, "%s left %d", all, effect->order_create.grant.unused);
}

/* What is told of it behind its name; NULL: nothing. */
static const char *details(struct arena *arena, const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_ANSWER: return effect->answer.toast;
    case EFFECT_ALBUM: return indexes(arena, &effect->album);
    case EFFECT_FILES: return indexes(arena, &effect->files);
    case EFFECT_REGISTER: return effect->register_user.referral_code;
    case EFFECT_CONSENT:
        return arena_format(arena, "%s %d%s", effect->consent.kind == CONSENT_OFFER ? "offer" : "data",
                            effect->consent.version, effect->consent.given ? "" : " no");
    case EFFECT_CONTACT: return effect->contact.contact;
    case EFFECT_AVATAR_CREATE: return effect->avatar_create.name;
    case EFFECT_AVATAR_RENAME: return effect->avatar_rename.name;
    case EFFECT_PHOTO_ADD: return arena_format(arena, "%d", effect->photo_add.number);
    case EFFECT_ORDER_CREATE:
    case EFFECT_ORDER_TAKE: return order(arena, effect);
    case EFFECT_ORDER_STARS: return arena_format(arena, "%" PRId64, effect->order_stars.stars);
    case EFFECT_STARS_PAID:
        return arena_format(arena, "%s %" PRId64 " %s", effect->stars_paid.charge_id, effect->stars_paid.amount,
                            effect->stars_paid.payload);
    case EFFECT_STARS_REFUNDED:
        return arena_format(arena, "%s %" PRId64, effect->stars_refunded.charge_id, effect->stars_refunded.amount);
    case EFFECT_SCREEN:
    case EFFECT_NOTICE:
    case EFFECT_EXAMPLES:
    case EFFECT_BLOCKED:
    case EFFECT_AVATAR_DELETE:
    case EFFECT_PHOTO_HOLD:
    case EFFECT_HELD_CLEAR:
    case EFFECT_PHOTO_TOLD:
    case EFFECT_PHOTO_DROP:
    case EFFECT_PHOTOS_CLEAR:
    case EFFECT_ORDER_CANCEL:
    case EFFECT_PAYMENT_CHECK:
    case EFFECT_JOB_FINISHED:
    case EFFECT_COUNT: break;
    }
    return NULL;
}

const char *script_effect(struct arena *arena, const struct effect *effect)
{
    const char *more = details(arena, effect);
    return more == NULL ? name_of(effect) : arena_format(arena, "%s %s", name_of(effect), more);
}

static int find(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

int script_verdict(const char *name)
{
    static const char *const names[PHOTO_VERDICT_COUNT] = {[PHOTO_PENDING] = "pending",
                                                           [PHOTO_GOOD] = "good",
                                                           [PHOTO_DUPLICATE] = "duplicate",
                                                           [PHOTO_TOO_SMALL] = "too_small",
                                                           [PHOTO_BLURRED] = "blurred",
                                                           [PHOTO_BROKEN] = "broken",
                                                           [PHOTO_TOO_BIG] = "too_big",
                                                           [PHOTO_NOT_IMAGE] = "not_image",
                                                           [PHOTO_UNREACHABLE] = "unreachable",
                                                           [PHOTO_INCOMPLETE] = "incomplete",
                                                           [PHOTO_TOO_MANY_PIXELS] = "too_many_pixels",
                                                           [PHOTO_UNREADABLE] = "unreadable"};
    return find(names, PHOTO_VERDICT_COUNT, name);
}

int script_reason(const char *name)
{
    static const char *const names[PAYMENT_REASON_COUNT] = {
        [PAYMENT_UNTOLD] = "",          [PAYMENT_CONTACT_REFUSED] = "contact",
        [PAYMENT_FOREIGN] = "foreign",  [PAYMENT_EXPIRED] = "expired",
        [PAYMENT_NO_FUNDS] = "funds",   [PAYMENT_NOT_CONFIRMED] = "secure",
        [PAYMENT_CARD_WRONG] = "card",  [PAYMENT_OVER_LIMIT] = "limit",
        [PAYMENT_OTHER_WAY] = "way",    [PAYMENT_CALL_BANK] = "call",
        [PAYMENT_BANK_AWAY] = "away",   [PAYMENT_DECLINED] = "declined",
        [PAYMENT_LATE] = "late",        [PAYMENT_DOUBLE] = "double",
        [PAYMENT_NO_AVATAR] = "avatar", [PAYMENT_FORGOTTEN] = "forgotten",
        [PAYMENT_OTHER_SUM] = "sum",    [PAYMENT_OTHER_ORDER] = "order",
        [PAYMENT_OTHER_SHOP] = "shop",  [PAYMENT_PLAY_MONEY] = "test"};
    return find(names, PAYMENT_REASON_COUNT, name);
}

bool script_shop_news(struct arena *arena, const char *what, const char *rest, struct event *ret_event)
{
    static const char *const whys[REFUND_WHY_COUNT] = {"double", "avatar", "person", "failed", "undelivered"};
    static const char *const ends[] = {"pending", "done", "refused"};
    if (strcmp(what, "money") == 0) {
        *ret_event = (struct event){.kind = EVENT_MONEY_ODD, .object = strtol(rest, NULL, 10)};
        return true;
    }
    int end = strcmp(what, "refund") == 0 ? find(ends, 3, script_word(arena, &rest)) : -1;
    if (end < 0)
        return false;
    *ret_event = (struct event){.kind = (enum event_kind)(EVENT_REFUND_PENDING + end),
                                .other = strtol(script_word(arena, &rest), NULL, 10)};
    int why = find(whys, REFUND_WHY_COUNT, script_word(arena, &rest));
    ret_event->refund_why = (enum refund_why)why;
    ret_event->in_stars = strcmp(rest, "stars") == 0;
    return why >= 0;
}
