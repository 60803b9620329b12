/* The places behind a portrait: one function for each scene, all a little out of focus, as behind a face in a photo.
 *
 * Scenes differ in where they are light and dark, not only in colour, and so are told apart at a glance. The
 * small things (lamps, leaves, spines of books) are strewn with the sheet's own random sequence.
 *
 * Must not: know anything about the person in front. */
#include "tests/sandbox/portrait_draw.h"

#include <stddef.h>

static void fill_down(struct sheet *s, const char *top, const char *middle, const char *bottom)
{
    fprintf(s->out,
            "<linearGradient id='back' x1='0' y1='0' x2='0' y2='1'><stop offset='0' stop-color='%s'/><stop "
            "offset='0.55' stop-color='%s'/><stop offset='1' stop-color='%s'/></linearGradient>"
            "<rect width='1000' height='1250' fill='url(#back)'/>",
            top, middle, bottom);
}

static void blur_open(struct sheet *s, int by)
{
    fprintf(s->out,
            "<filter id='soft' x='-10%%' y='-10%%' width='120%%' height='120%%'><feGaussianBlur stdDeviation='%d'/>"
            "</filter><g filter='url(#soft)'>",
            by);
}

static void group_close(struct sheet *s)
{
    fputs("</g>", s->out);
}

struct strewn {
    const char *const *colours;
    int colour_count, count;
    double top, bottom, least, most; /* radius */
    double opacity;
};

/* Round patches of light, as a lens shows what is out of focus. */
static void strew(struct sheet *s, struct strewn what)
{
    for (int i = 0; i < what.count; i++) {
        double radius = draw_between(s, what.least, what.most);
        int colour = (int)draw_between(s, 0, what.colour_count);
        fprintf(s->out, "<circle cx='%.0f' cy='%.0f' r='%.0f' fill='%s' fill-opacity='%.2f'/>",
                draw_between(s, -40, 1040), draw_between(s, what.top, what.bottom), radius, what.colours[colour],
                what.opacity * draw_between(s, 0.5, 1));
    }
}

static void studio(struct sheet *s)
{
    static const char *const walls[][2] = {{"#c9d2da", "#6c7a88"}, {"#d9c7b4", "#86705c"}, {"#b7c4bb", "#5f7166"}};
    const char *const *wall = walls[((int)s->how->outfit + s->round) % 3];
    fprintf(s->out,
            "<radialGradient id='back' cx='%.2f' cy='0.3' r='0.95'><stop offset='0' stop-color='%s'/><stop offset='1' "
            "stop-color='%s'/></radialGradient><rect width='1000' height='1250' fill='url(#back)'/>",
            0.5 + 0.35 * s->how->light, wall[0], wall[1]);
}

static void window(struct sheet *s)
{
    fill_down(s, "#8d8377", "#a4988a", "#6d6459");
    blur_open(s, 9);
    int left = s->how->light < 0 ? -60 : 560;
    fprintf(s->out, "<rect x='%d' y='-40' width='500' height='980' fill='#f7f4ea'/>", left);
    fprintf(s->out,
            "<rect x='%d' y='560' width='500' height='380' fill='#cfe0d0'/><circle cx='%d' cy='560' r='120' "
            "fill='#a9c6a4'/><circle cx='%d' cy='600' r='150' fill='#b9d2b2'/>",
            left, left + 140, left + 340);
    for (int i = 0; i < 3; i++)
        fprintf(s->out, "<rect x='%d' y='-40' width='22' height='980' fill='#6b5f52'/>", left + i * 240);
    fprintf(s->out,
            "<rect x='%d' y='330' width='500' height='18' fill='#6b5f52'/><rect x='%d' y='930' width='560' height='40' "
            "fill='#efe9dd'/>",
            left, left - 30);
    group_close(s);
}

static void park(struct sheet *s)
{
    static const char *const leaves[] = {"#8fbf5a", "#5f9a48", "#c9e08a", "#3f7a3d", "#f4f6c0"};
    fill_down(s, "#dff0c8", "#7fb05c", "#33562f");
    blur_open(s, 13);
    strew(s, (struct strewn){leaves, 4, 60, -50, 800, 40, 120, 0.75});
    fputs("<path d='M-50 900 C300 830 700 880 1050 830 L1050 1300 L-50 1300Z' fill='#4c7d38'/>", s->out);
    group_close(s);
    strew(s, (struct strewn){leaves, 5, 22, -20, 620, 14, 46, 0.35});
}

static void city(struct sheet *s)
{
    static const char *const lamps[] = {"#ffcf7a", "#ff9b5a", "#ffe9b8", "#7ab6ff", "#ff6f7d"};
    fill_down(s, "#131a33", "#2b2f55", "#0d1020");
    blur_open(s, 7);
    for (int x = -40; x < 1000; x += 130) {
        int top = (int)draw_between(s, 120, 620);
        fprintf(s->out, "<rect x='%d' y='%d' width='118' height='1200' fill='#1c2342'/>", x, top);
        for (int i = 0; i < 14; i++)
            fprintf(s->out, "<rect x='%.0f' y='%.0f' width='17' height='24' fill='#ffd98f' fill-opacity='%.2f'/>",
                    x + draw_between(s, 8, 90), draw_between(s, top + 15, top + 620), draw_between(s, 0.3, 0.95));
    }
    group_close(s);
    strew(s, (struct strewn){lamps, 5, 34, 380, 1150, 18, 62, 0.5});
}

static void beach(struct sheet *s)
{
    fill_down(s, "#7cc0ee", "#d8eefb", "#fbe9c6");
    blur_open(s, 6);
    fputs("<rect x='-50' y='640' width='1100' height='260' fill='#2f93ad'/>"
          "<path d='M-50 760 H1050 V790 H-50Z M-50 690 H1050 V702 H-50Z' fill='#7fd0d8' fill-opacity='.7'/>"
          "<path d='M-50 905 C250 860 600 930 1050 880 L1050 1300 L-50 1300Z' fill='#ecd2a0'/>"
          "<path d='M-50 905 C250 860 600 930 1050 880' stroke='#fff' stroke-width='16' fill='none'/>",
          s->out);
    fprintf(s->out, "<circle cx='%d' cy='230' r='95' fill='#fff8e0'/>", s->how->light < 0 ? 190 : 830);
    fputs("<ellipse cx='520' cy='170' rx='210' ry='34' fill='#fff' fill-opacity='.8'/>"
          "<ellipse cx='300' cy='330' rx='170' ry='24' fill='#fff' fill-opacity='.6'/>",
          s->out);
    group_close(s);
}

static void books(struct sheet *s)
{
    static const char *const spines[] = {"#8c3b32", "#2f5a6b", "#c9a45c", "#44603f", "#6a4b77", "#d8cdb8", "#30343f"};
    fill_down(s, "#4a3524", "#38271a", "#241810");
    blur_open(s, 5);
    for (int shelf = 0; shelf < 5; shelf++) {
        for (double x = -30; x < 1020;) {
            double width = draw_between(s, 24, 62), height = draw_between(s, 150, 222);
            fprintf(s->out, "<rect x='%.0f' y='%.0f' width='%.0f' height='%.0f' fill='%s'/>", x,
                    250.0 + shelf * 262 - height, width - 4, height, spines[(int)draw_between(s, 0, 7)]);
            x += draw_between(s, 0, 1) < 0.08 ? 110 : width;
        }
        fprintf(s->out, "<rect x='-30' y='%d' width='1060' height='26' fill='#7a5636'/>", 250 + shelf * 262);
    }
    group_close(s);
}

static void bricks(struct sheet *s)
{
    static const char *const clay[] = {"#a5583f", "#95492f", "#b56a4d", "#8a4230"};
    fill_down(s, "#cbbcae", "#bfae9f", "#9c8b7d");
    blur_open(s, 3);
    for (int row = 0; row < 18; row++)
        for (int x = row % 2 ? -90 : -10; x < 1000; x += 164)
            fprintf(s->out, "<rect x='%d' y='%d' width='154' height='62' rx='4' fill='%s'/>", x, row * 72,
                    clay[(int)draw_between(s, 0, 4)]);
    group_close(s);
    fprintf(s->out,
            "<linearGradient id='side' x1='%d' x2='%d'><stop offset='0' stop-color='#000' stop-opacity='.62'/><stop "
            "offset='.8' stop-color='#000' stop-opacity='0'/></linearGradient><rect width='1000' height='1250' "
            "fill='url(#side)'/>",
            s->how->light < 0 ? 1 : 0, s->how->light < 0 ? 0 : 1);
}

static void colours(struct sheet *s)
{
    static const char *const sets[][4] = {{"#ff5d73", "#ffc145", "#5b2a86", "#2ec4b6"},
                                          {"#3a86ff", "#ff8fab", "#1b1b3a", "#ffd166"},
                                          {"#06a77d", "#f7f3e3", "#d5573b", "#1f2a44"}};
    const char *const *c = sets[((int)s->how->outfit + s->round) % 3];
    fprintf(s->out,
            "<rect width='1000' height='1250' fill='%s'/><path d='M0 0 H1000 L0 980Z' fill='%s'/>"
            "<circle cx='%.0f' cy='%.0f' r='390' fill='%s'/><path d='M1000 760 L1000 1250 L380 1250Z' fill='%s'/>",
            c[0], c[1], s->how->x + 60, s->how->y - 40, c[2], c[3]);
    for (int i = 0; i < 26; i++)
        fprintf(s->out, "<circle cx='%d' cy='%d' r='9' fill='#fff' fill-opacity='.85'/>", 70 + i % 6 * 46,
                950 + i / 6 * 46);
}

static void autumn(struct sheet *s)
{
    static const char *const leaves[] = {"#e07b1f", "#f2b134", "#b8431d", "#f7d774", "#8c2f16"};
    fill_down(s, "#f3d9a0", "#d98a35", "#5d2f17");
    blur_open(s, 10);
    for (int i = 0; i < 7; i++) {
        double x = draw_between(s, -20, 1000);
        fprintf(s->out, "<rect x='%.0f' y='-30' width='%.0f' height='1000' fill='#4b2c1a' fill-opacity='.8'/>", x,
                draw_between(s, 26, 74));
    }
    strew(s, (struct strewn){leaves, 5, 90, -30, 520, 30, 90, 0.8});
    strew(s, (struct strewn){leaves, 5, 40, 860, 1250, 20, 60, 0.8});
    group_close(s);
    strew(s, (struct strewn){leaves, 5, 30, 0, 1200, 6, 15, 0.9});
}

static void mountains(struct sheet *s)
{
    fill_down(s, "#4f86c6", "#f6d9b8", "#e6b88a");
    blur_open(s, 4);
    fputs("<path d='M-50 760 L140 470 L260 590 L430 300 L610 560 L760 400 L1050 740 V1300 H-50Z' fill='#6f86a8'/>"
          "<path d='M430 300 L500 402 L455 388 L430 430 L395 372Z M760 400 L822 470 L775 462 L742 490 L725 446Z' "
          "fill='#fff'/>"
          "<path d='M-50 880 L180 640 L390 800 L600 660 L820 830 L1050 680 V1300 H-50Z' fill='#3f5a63'/>"
          "<path d='M-50 1010 C200 900 420 980 640 930 C800 900 950 960 1050 930 V1300 H-50Z' fill='#274239'/>",
          s->out);
    group_close(s);
}

static void cafe(struct sheet *s)
{
    static const char *const lamps[] = {"#ffd58a", "#fff0c9", "#ffb55e"};
    fill_down(s, "#2b1d17", "#5d3f2c", "#2a1b14");
    blur_open(s, 7);
    for (int i = 0; i < 4; i++) {
        int x = 110 + i * 260, y = 150 + (i * 137) % 160;
        fprintf(s->out,
                "<path d='M%d -20 V%d' stroke='#120b08' stroke-width='7'/><path d='M%d %d l-64 74 h128Z' "
                "fill='#14100e'/><ellipse cx='%d' cy='%d' rx='58' ry='24' fill='#ffe6a8'/><circle cx='%d' cy='%d' "
                "r='150' fill='#ffcf7a' fill-opacity='.22'/>",
                x, y, x, y - 10, x, y + 66, x, y + 80);
    }
    fputs("<rect x='-30' y='700' width='1060' height='30' fill='#a8764a'/>"
          "<rect x='-30' y='730' width='1060' height='540' fill='#3a2519'/>",
          s->out);
    for (int i = 0; i < 9; i++)
        fprintf(s->out, "<rect x='%d' y='%d' width='44' height='%d' rx='10' fill='%s'/>", 20 + i * 112,
                600 + i * 31 % 50, 104 - i * 31 % 50, i % 2 ? "#7aa39b" : "#c8b09a");
    group_close(s);
    strew(s, (struct strewn){lamps, 3, 16, 100, 620, 12, 40, 0.45});
}

static void snow(struct sheet *s)
{
    static const char *const flakes[] = {"#ffffff"};
    fill_down(s, "#aebfd2", "#dfe8f1", "#f6f9fc");
    blur_open(s, 6);
    for (int i = 0; i < 9; i++) {
        double x = draw_between(s, -40, 1040), base = draw_between(s, 640, 820), size = draw_between(s, 180, 380);
        for (int level = 0; level < 3; level++)
            fprintf(s->out, "<path d='M%.0f %.0f l%.0f %.0f h%.0fZ' fill='%s'/>", x, base - size + level * size * 0.26,
                    -size * (0.2 + 0.1 * level), size * 0.46, size * (0.4 + 0.2 * level),
                    level % 2 ? "#5d7a80" : "#6f8b90");
    }
    fputs("<path d='M-50 850 C200 780 500 860 1050 790 V1300 H-50Z' fill='#f4f8fc'/>", s->out);
    group_close(s);
    strew(s, (struct strewn){flakes, 1, 90, -10, 1250, 4, 12, 0.95});
}

void scene_draw(struct sheet *sheet)
{
    static void (*const scenes[SCENE_COUNT])(struct sheet *) = {studio, window,  park,   city,      beach, books,
                                                                bricks, colours, autumn, mountains, cafe,  snow};
    scenes[sheet->how->scene](sheet);
}
