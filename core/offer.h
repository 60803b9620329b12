/* What an order of the session's avatar and style would cost, and give: out of what the user has, for a pack that was
 * chosen, with a code that was typed, or for the catalogue's price. Said here once, for the summary and for the order.
 */
#ifndef CORE_OFFER_H
#define CORE_OFFER_H

#include "core/step.h"

struct offer {
    const struct style *style;
    int64_t price_kopecks;      /* 0: the set is given at once */
    int64_t before_kopecks;     /* … without the code; 0 = there is none */
    const struct promo *promo;  /* NULL = none, or it is not to be had any more */
    enum promo_verdict verdict; /* of the code in the form; FITS if there is none */
    int32_t sets;               /* more than 1: a pack */
    struct grant grant;         /* the set comes out of it; id 0 = none. What the user has already goes first */
};

/* form: the answers it rests on; a deed's are step->form, for a move may have emptied the session's. False: the avatar
 * or the style is gone meanwhile. */
bool offer_now(const struct step *step, const struct form *form, struct offer *ret_offer);
/* Is that order about the same, for the same price? */
bool offer_is_of(const struct offer *offer, const struct order *order);
/* Sets that the user has without paying, as far as they are loaded. */
int64_t offer_sets_left(const struct step *step);
/* A price as it came about, in HTML: "500 ₽", "500 ₽ → 400 ₽ (code SUMMER)", "1290 ₽ for 3 sets". */
const char *offer_price(struct step *step, const struct order *order);
/* The style, or a pack of this order's, as it stands in a receipt. */
const char *offer_item(struct arena *arena, const struct text_catalogue *texts, enum lang lang,
                       const struct style *style, int32_t sets);

#endif
