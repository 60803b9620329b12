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

/* "0-9,12" */
static const char *indexes(struct arena *arena, const struct effect *effect)
{
    const char *text = "";
    for (size_t i = 0; i < effect->index_count;) {
        size_t end = i;
        while (end + 1 < effect->index_count && effect->indexes[end + 1] == effect->indexes[end] + 1)
            end++;
        text = arena_format(arena, "%s%s%d", text, i == 0 ? "" : ",", effect->indexes[i]);
        if (end > i)
            text = arena_format(arena, "%s-%d", text, effect->indexes[end]);
        i = end + 1;
    }
    return text;
}

static const char *with_text(struct arena *arena, const char *name, const char *text)
{
    return text == NULL ? name : arena_format(arena, "%s %s", name, text);
}

const char *script_effect(struct arena *arena, const struct effect *effect)
{
    switch (effect->kind) {
    case EFFECT_SCREEN: return "SCREEN";
    case EFFECT_NOTICE: return "NOTICE";
    case EFFECT_EXAMPLES: return "EXAMPLES";
    case EFFECT_ANSWER: return with_text(arena, "ANSWER", effect->text);
    case EFFECT_ALBUM: return with_text(arena, effect->flag ? "AGAIN" : "ALBUM", indexes(arena, effect));
    case EFFECT_FILES: return with_text(arena, "FILES", indexes(arena, effect));
    case EFFECT_REGISTER: return with_text(arena, "REGISTER", effect->text);
    case EFFECT_CONSENT:
        return arena_format(arena, "CONSENT %s %" PRId64 "%s", effect->object == CONSENT_OFFER ? "offer" : "data",
                            effect->number, effect->flag ? "" : " no");
    case EFFECT_CONTACT: return with_text(arena, "CONTACT", effect->text);
    case EFFECT_BLOCKED: return effect->flag ? "BLOCKED" : "UNBLOCKED";
    case EFFECT_AVATAR_CREATE: return with_text(arena, "AVATAR_CREATE", effect->text);
    case EFFECT_AVATAR_RENAME: return with_text(arena, "AVATAR_RENAME", effect->text);
    case EFFECT_AVATAR_DELETE: return "AVATAR_DELETE";
    case EFFECT_PHOTO_ADD: return arena_format(arena, "PHOTO_ADD %" PRId64, effect->number);
    case EFFECT_PHOTO_HOLD: return "PHOTO_HOLD";
    case EFFECT_HELD_CLEAR: return "HELD_CLEAR";
    case EFFECT_PHOTO_TOLD: return "PHOTO_TOLD";
    case EFFECT_PHOTO_DROP: return "PHOTO_DROP";
    case EFFECT_PHOTOS_CLEAR: return "PHOTOS_CLEAR";
    case EFFECT_ORDER_CREATE:
        return arena_format(arena, "ORDER_CREATE %s %" PRId64 " %d", effect->text, effect->number, effect->count);
    case EFFECT_ORDER_CANCEL: return "ORDER_CANCEL";
    case EFFECT_PAYMENT_CHECK: return "PAYMENT_CHECK";
    case EFFECT_JOB_FINISHED: return "JOB_FINISHED";
    case EFFECT_COUNT: break;
    }
    abort();
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
        [PAYMENT_UNTOLD] = "",          [PAYMENT_CONTACT_REFUSED] = "contact", [PAYMENT_EXPIRED] = "expired",
        [PAYMENT_NO_FUNDS] = "funds",   [PAYMENT_NOT_CONFIRMED] = "secure",    [PAYMENT_CARD_WRONG] = "card",
        [PAYMENT_OVER_LIMIT] = "limit", [PAYMENT_DECLINED] = "declined"};
    return find(names, PAYMENT_REASON_COUNT, name);
}
