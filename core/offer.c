/* The offer, from what was loaded. What the user has goes first, so nobody pays for what is theirs; a pack has its own
 * price and takes no code. Must not: be given a price by anybody, nor hold back an order that is paid already. */
#include "core/offer.h"

#include <string.h>

#include "core/style.h"

static const struct pack *chosen_pack(const struct step *step, const struct form *form)
{
    for (size_t i = 0; i < step->rules->pack_count; i++)
        if (step->rules->packs[i].sets == form->sets)
            return &step->rules->packs[i];
    return NULL;
}

/* The code in the form: worth something, however it is judged by now. */
static void apply_code(const struct step *step, const char *code, struct offer *offer)
{
    offer->promo = chat_promo(step->chat, code);
    offer->verdict = promo_judge(offer->promo, offer->style->id, step->now_ms);
    if (offer->promo == NULL)
        return;
    offer->before_kopecks = offer->price_kopecks;
    offer->price_kopecks = promo_price(offer->promo, offer->price_kopecks);
}

bool offer_now(const struct step *step, const struct form *form, struct offer *ret_offer)
{
    const struct session *session = &step->chat->session;
    const struct grants *grants = chat_grants(step->chat);
    const struct pack *pack = chosen_pack(step, form);
    const struct style *style = style_find(step->rules->styles, session->style_id);
    if (style == NULL || chat_avatar(step->chat, session->avatar_id) == NULL)
        return false;
    struct offer offer = {.style = style, .price_kopecks = style->price_kopecks, .sets = 1};
    if (grants->count > 0) {
        offer.price_kopecks = 0;
        offer.grant = grants->list[0];
    } else if (pack != NULL) {
        offer.price_kopecks = pack->price_kopecks;
        offer.sets = pack->sets;
    } else if (form->promo[0] != '\0') {
        apply_code(step, form->promo, &offer);
    }
    *ret_offer = offer;
    return true;
}

static bool is_same(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool offer_is_of(const struct offer *offer, const struct order *order)
{
    return order->price_kopecks == offer->price_kopecks && order->photo_count == offer->style->photo_count &&
           order->sets == offer->sets && is_same(order->promo, offer->promo == NULL ? NULL : offer->promo->code);
}

int64_t offer_sets_left(const struct step *step)
{
    const struct grants *grants = chat_grants(step->chat);
    int64_t left = 0;
    for (size_t i = 0; i < grants->count; i++)
        left += grants->list[i].unused;
    return left;
}

const char *offer_price(struct step *step, const struct order *order)
{
    const char *price = step_money(step, order->price_kopecks);
    if (order->promo != NULL)
        return step_text(step, TEXT_PRICE_CODE,
                         ARGS(ARG_S("before", step_money(step, order->before_kopecks)), ARG_S("price", price),
                              ARG_S("code", order->promo)));
    if (order->sets > 1)
        return step_text(step, TEXT_PRICE_PACK, ARGS(ARG_S("price", price), ARG_N("sets", order->sets)));
    return price;
}

const char *offer_item(struct arena *arena, const struct text_catalogue *texts, enum lang lang,
                       const struct style *style, int32_t sets)
{
    const char *item = sets > 1
                           ? text_format(arena, texts, lang, TEXT_PACK_ITEM,
                                         ARGS(ARG_N("sets", sets), ARG_N("photos", style->photo_count)))
                           : text_format(arena, texts, lang, TEXT_ORDER_ITEM,
                                         ARGS(ARG_S("style", style->name[lang]), ARG_N("photos", style->photo_count)));
    return text_plain(arena, item);
}
