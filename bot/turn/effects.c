/* Effects on their way out. Nothing here leaves the house before the commit: the key of a payment is made and stored
 * first, and used by the cashier, who reads it back. */
#include "bot/turn/effects.h"

#include <stdlib.h>
#include <string.h>

#include "bot/chores/cashier.h"
#include "bot/chores/intake.h"
#include "bot/outbox/compose.h"
#include "bot/outbox/outbox.h"
#include "bot/base/random.h"
#include "bot/services/yookassa/body.h"
#include "core/bug.h"

static const struct chat *chat_of(const struct effect *effect, const struct chat *chats, size_t count)
{
    const struct chat *chat = chat_find(chats, count, effect->chat_id);
    if (chat == NULL)
        bug("an effect for a chat that was not loaded");
    return chat;
}

static const char *payment_body(struct shop *shop, struct arena *arena, const struct effect *effect,
                                const struct chat *chat, const struct style *style)
{
    const struct config_yookassa *config = &shop->config->yookassa;
    enum lang lang = chat->session.lang;
    const char *contact = chat->user.contact, *why = "";
    bool email = contact != NULL && strchr(contact, '@') != NULL;
    const char *item = text_plain(arena,
                                  text_format(arena, shop->rules.texts, lang, TEXT_ORDER_ITEM,
                                              ARGS(ARG_S("style", style->name[lang]), ARG_N("photos", effect->count))));
    struct yookassa_receipt receipt = {.email = email ? contact : NULL,
                                       .phone = email ? NULL : contact,
                                       .item = item,
                                       .vat_code = config->vat_code,
                                       .tax_system_code = config->tax_system_code,
                                       .subject = config->payment_subject,
                                       .mode = config->payment_mode};
    struct yookassa_order order = {.order_id = effect->object,
                                   .amount_kopecks = effect->number,
                                   .description = item,
                                   .return_url = config->return_url != NULL
                                                     ? config->return_url
                                                     : arena_format(arena, "https://t.me/%s", shop->bot_username),
                                   .locale = lang == LANG_RU ? "ru_RU" : "en_US",
                                   .receipt = config->receipt ? &receipt : NULL};
    char *body = NULL;
    if (yookassa_body_payment(&order, &body, &why) != ERR_OK)
        bug("a payment's body that the config's checks let through can't be made");
    const char *kept = arena_copy(arena, body);
    free(body);
    return kept;
}

static const struct order_terms *terms(struct shop *shop, struct arena *arena, const struct effect *effect,
                                       const struct chat *chat)
{
    const struct style *style = style_find(shop->rules.styles, effect->text);
    struct order_terms *made = arena_alloc(arena, sizeof *made);
    const char **prompts = arena_array(arena, style->look_count, sizeof *prompts);
    const char **recipes = arena_array(arena, style->look_count, sizeof *recipes);
    char *key = arena_alloc(arena, RANDOM_UUID_BYTES);
    random_uuid(key);
    for (size_t i = 0; i < style->look_count; i++) {
        prompts[i] = style->looks[i].prompt;
        recipes[i] = style->looks[i].recipe;
    }
    *made = (struct order_terms){key, payment_body(shop, arena, effect, chat, style), prompts, recipes,
                                 style->look_count};
    return made;
}

void turn_effects_price(struct shop *shop, struct arena *arena, struct effects *effects, const struct chat *chats,
                        size_t chat_count)
{
    for (size_t i = 0; i < effects->count; i++) {
        struct effect *effect = &effects->list[i];
        if (effect->kind == EFFECT_ORDER_CREATE)
            effect->terms = terms(shop, arena, effect, chat_of(effect, chats, chat_count));
    }
}

/* False for effects that are no messages. */
static bool fill_row(struct arena *arena, const struct effect *effect, struct outbox_row *row)
{
    row->chat_id = effect->chat_id;
    row->thread_id = effect->thread_id;
    row->body = "{}";
    switch ((int)effect->kind) {
    case EFFECT_SCREEN:
        row->kind = "screen";
        row->fresh = effect->fresh;
        row->replace = effect->replace;
        break;
    case EFFECT_NOTICE: {
        const char *closing = effect->flag ? OUTBOX_FILES_END : OUTBOX_AGAIN_END;
        row->kind = effect->object == 0 ? "notice" : closing;
        row->job_id = effect->object;
        break;
    }
    case EFFECT_EXAMPLES: row->kind = "examples"; return true;
    case EFFECT_ALBUM:
    case EFFECT_FILES: {
        const char *photos = effect->flag ? "again" : "album";
        row->kind = effect->kind == EFFECT_FILES ? "files" : photos;
        row->job_id = effect->object;
        row->body = compose_indexes(arena, effect->indexes, effect->index_count);
        return true;
    }
    default: return false;
    }
    row->body = compose_message(arena, effect->message);
    row->picture = effect->message->picture;
    return true;
}

size_t turn_effects_rows(struct arena *arena, const struct effects *effects, const struct chat *chats,
                         size_t chat_count, struct id_pool *ids, struct outbox_row **ret_rows)
{
    struct outbox_row *rows = arena_array(arena, effects->count, sizeof *rows);
    size_t count = 0;
    for (size_t i = 0; i < effects->count; i++) {
        const struct effect *effect = &effects->list[i];
        if (!fill_row(arena, effect, &rows[count]))
            continue;
        const struct chat *chat = chat_of(effect, chats, chat_count);
        if (ids->used[ID_OWN] == ids->count[ID_OWN])
            bug("more ids were drawn than the turn can need");
        rows[count].id = ids->ids[ID_OWN][ids->used[ID_OWN]++];
        rows[count].screen_message_id = chat->session.screen_message_id;
        rows[count].screen_is_photo = chat->session.screen_is_photo;
        count++;
    }
    *ret_rows = rows;
    return count;
}

void turn_effects_start(struct shop *shop, const struct effects *effects)
{
    for (size_t i = 0; i < effects->count; i++) {
        const struct effect *effect = &effects->list[i];
        switch ((int)effect->kind) {
        case EFFECT_ANSWER: outbox_answer(shop->outbox, effect->chat_id, effect->id, effect->text); break;
        case EFFECT_PHOTO_ADD:
            intake_add(shop->intake, effect->object, effect->chat_id, effect->file->file_id, effect->file->size_bytes);
            break;
        case EFFECT_ORDER_CREATE: cashier_create(shop->cashier, effect->object); break;
        case EFFECT_PAYMENT_CHECK: cashier_check(shop->cashier, effect->object); break;
        default: break;
        }
    }
}
