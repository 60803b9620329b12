/* The form through the moves of a sheet: it stays within its conversation, and is empty at the start of another one.
 * What a consent in between and the moves common to all do with it is told by tests/talk/forms.talk. */
#include "core/form.h"

#include "core/facts.h"
#include "core/sheet.h"
#include "core/stand.h"

#include "tests/check.h"

static struct chat chat = {.id = 7};

static void move(const struct state *from, const struct state *to)
{
    struct facts facts = {.loaded = FACTS_ALL};
    struct rules rules = {0};
    struct step step = {.chat = &chat, .rules = &rules};
    struct move move = {.from = from, .to = to};
    chat.facts = &facts;
    chat.session.state = from;
    stand_move(&step, &move);
    CHECK(chat.session.state == to);
}

static void check_form(const char *name, int64_t page)
{
    CHECK_TEXT(chat.session.form.avatar_name, name);
    CHECK_INT(chat.session.form.page, page);
}

static void test_moves(void)
{
    struct form *form = &chat.session.form;
    form_put(form->avatar_name, sizeof form->avatar_name, "Анна");
    form->page = 3;
    move(&state_contact, &state_checkout);
    check_form("Анна", 3);
    move(&state_checkout, &state_pay);
    move(&state_pay, &state_pay);
    check_form("Анна", 3);
    move(&state_pay, &state_style);
    check_form("", 0);
}

static void test_put(void)
{
    char field[5] = "";
    form_put(field, sizeof field, "abcd");
    CHECK_TEXT(field, "abcd");
    form_put(field, sizeof field, "x");
    CHECK_TEXT(field, "x");
    form_put(field, sizeof field, "");
    CHECK_TEXT(field, "");
}

int main(void)
{
    test_moves();
    test_put();
    return 0;
}
