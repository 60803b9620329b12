/* The figure of a portrait: shoulders and clothes, neck, head and face. The face's middle is the origin; the head is
 * about 300 wide and 440 high there, and `turn` moves what stands out (nose, mouth, chin) more than what lies deep, as
 * a real head does when it turns.
 *
 * Light is three things: a gradient over the skin, a blurred dark shape on the far side, and bright points.
 *
 * Must not: draw hair (portrait_hair.c) or the place behind (portrait_scene.c). */
#include "tests/sandbox/portrait_draw.h"

#include <stddef.h>

/* The outline of the head, used for filling and for clipping. */
static void put_head_path(struct sheet *s)
{
    double jaw = s->who->jaw, t = s->how->turn, chin = 26 * t;
    fprintf(s->out,
            "M%.1f -40 C%.1f 44 %.1f 104 %.1f 148 C%.1f 196 %.1f 226 %.1f 226 C%.1f 226 %.1f 196 %.1f 148 "
            "C%.1f 104 %.1f 44 %.1f -40 C150 -158 92 -222 0 -222 C-92 -222 -150 -158 %.1f -40Z",
            -148 + 8 * t, -150 + 8 * t, -138 + 10 * t, -jaw + 14 * t, -jaw + 40 + 16 * t, chin - 44, chin, chin + 44,
            jaw - 40 + 16 * t, jaw + 14 * t, 138 + 10 * t, 150 + 8 * t, 148 + 8 * t, -148 + 8 * t);
}

static void shared_paint(struct sheet *s)
{
    const struct person *who = s->who;
    double l = s->how->light;
    fprintf(s->out,
            "<radialGradient id='skin' cx='%.2f' cy='.36' r='.78'><stop offset='0' stop-color='%s'/><stop offset='.5' "
            "stop-color='%s'/><stop offset='1' stop-color='%s'/></radialGradient>",
            0.5 + 0.26 * l, who->skin_light, who->skin, who->skin_dark);
    fprintf(s->out,
            "<linearGradient id='neck' x1='0' y1='0' x2='0' y2='1'><stop offset='.05' stop-color='%s'/><stop "
            "offset='.75' stop-color='%s'/></linearGradient>",
            who->skin_dark, who->skin);
    const struct {
        const char *name, *colour;
    } paints[] = {{"dark", who->skin_dark}, {"blush", who->lips}, {"white", "#fff"}};
    for (size_t i = 0; i < sizeof paints / sizeof *paints; i++)
        fprintf(s->out,
                "<radialGradient id='%s'><stop offset='0' stop-color='%s'/><stop offset='.5' stop-color='%s' "
                "stop-opacity='.6'/><stop offset='1' stop-color='%s' stop-opacity='0'/></radialGradient>",
                paints[i].name, paints[i].colour, paints[i].colour, paints[i].colour);
    fputs("<filter id='soften' x='-50%' y='-50%' width='200%' height='200%'><feGaussianBlur stdDeviation='4'/></filter>"
          "<clipPath id='head'><path d='",
          s->out);
    put_head_path(s);
    fputs("'/></clipPath>", s->out);
}

static const char body_path[] =
    "M-420 1700 C-424 560 -380 470 -250 424 C-170 396 -110 384 -86 350 L86 350 C110 384 170 "
    "396 250 424 C380 470 424 560 420 1700Z";

/* Neck with the shadow of the chin, and bare shoulders for what the clothes leave open. */
static void put_neck(struct sheet *s)
{
    double t = s->how->turn, wide = s->who->jaw > 105 ? 96 : 78;
    fprintf(s->out, "<path d='%s' fill='%s'/>", body_path, s->who->skin);
    fprintf(s->out,
            "<path d='M%.0f 110 C%.0f 250 %.0f 330 %.0f 400 L0 520 L%.0f 400 C%.0f 330 %.0f 250 %.0f 110Z' "
            "fill='url(#neck)'/>",
            -wide, -wide + 4, -wide, -wide - 60, wide + 60, wide, wide - 4, wide);
    draw_soft(s, "dark", 14 * t, 232, wide * 1.04, 84, 0.8);
    fprintf(s->out,
            "<path d='M%.0f 300 C-26 390 -14 400 -4 424 M%.0f 300 C26 390 14 400 4 424' stroke='%s' stroke-width='5' "
            "fill='none' stroke-opacity='.22'/>",
            -wide * 0.72, wide * 0.72, s->who->skin_dark);
}

/* Weave: thin lines over the cloth, so that it is no flat area. */
static void put_weave(struct sheet *s, int step, double opacity)
{
    for (int y = 360; y < 1700; y += step)
        fprintf(s->out,
                "<path d='M-430 %d q215 %.0f 430 0 t430 0' stroke='#000' stroke-width='%.1f' stroke-opacity='%.2f' "
                "fill='none'/>",
                y, draw_between(s, 8, 26), step * 0.28, opacity * draw_between(s, 0.6, 1));
}

static void put_collar(struct sheet *s, const char *cloth)
{
    switch (s->how->outfit) {
    case OUTFIT_BLAZER:
        fprintf(
            s->out,
            "<path d='M-100 362 L-134 392 L0 900 L134 392 L100 362 L0 560Z' fill='#f4f1ec'/>"
            "<path d='M-94 362 L-20 480 L-70 536 L-136 392Z M94 362 L20 480 L70 536 L136 392Z' fill='#fff' "
            "stroke='#d2cbbf' stroke-width='3'/>"
            "<path d='M0 560 V890' stroke='#d2cbbf' stroke-width='4'/>"
            "<path d='M-132 390 L-206 520 L-142 546 L-172 584 L0 910 M132 390 L206 520 L142 546 L172 584 L0 910 "
            "V1700' fill='none' stroke='#000' stroke-opacity='.45' stroke-width='7' stroke-linejoin='round'/>"
            "<path d='M-134 392 L-206 520 L-142 546 L-172 584 L-4 906Z M134 392 L206 520 L142 546 L172 584 L4 906Z' "
            "fill='%s'/><path d='M-134 392 L-206 520 L-142 546 L-172 584 L-4 906Z M134 392 L206 "
            "520 L142 546 L172 584 L4 906Z' fill='#000' fill-opacity='.12'/>",
            cloth);
        break;
    case OUTFIT_TEE:
        fputs("<path d='M-128 384 C-80 470 80 470 128 384' fill='none' stroke='#000' stroke-opacity='.25' "
              "stroke-width='16'/>",
              s->out);
        break;
    case OUTFIT_SHIRT:
        fprintf(s->out,
                "<path d='M-96 356 L-150 396 L-66 520 L0 452 L66 520 L150 396 L96 356 L0 440Z' fill='%s' "
                "stroke='#000' stroke-opacity='.28' stroke-width='5' stroke-linejoin='round'/>"
                "<path d='M0 452 V1700' stroke='#000' stroke-opacity='.3' stroke-width='5'/>"
                "<g fill='#fff' opacity='.85'><circle cx='12' cy='560' r='9'/><circle cx='12' cy='670' r='9'/><circle "
                "cx='12' cy='780' r='9'/></g>",
                cloth);
        break;
    case OUTFIT_SWEATER:
        fprintf(s->out,
                "<path d='M-108 330 C-60 372 60 372 108 330 L128 420 C70 470 -70 470 -128 420Z' fill='%s' "
                "stroke='#000' stroke-opacity='.25' stroke-width='5'/>",
                cloth);
        for (int x = -112; x <= 112; x += 16)
            fprintf(s->out, "<path d='M%d 356 L%.0f 444' stroke='#000' stroke-opacity='.2' stroke-width='5'/>", x,
                    x * 1.08);
        break;
    case OUTFIT_DRESS:
        fputs("<path d='M-70 436 C-40 462 40 462 70 436' fill='none' stroke='#f3d58a' stroke-width='4'/>"
              "<circle cx='0' cy='462' r='9' fill='#f3d58a'/>",
              s->out);
        break;
    case OUTFIT_COUNT: break;
    }
}

static void put_clothes(struct sheet *s)
{
    static const char *const necklines[OUTFIT_COUNT] = {
        "M-86 350 L-130 390 L0 600 L130 390 L86 350", "M-100 350 L-128 384 C-80 470 80 470 128 384 L100 350",
        "M-96 350 L-96 356 L0 470 L96 356 L96 350", "M-100 350 L-120 400 C-60 440 60 440 120 400 L100 350",
        "M-100 350 L-236 424 C-190 560 190 560 236 424 L100 350"};
    const char *cloth = s->who->cloth[((int)s->how->outfit + s->round) % 2];
    double l = s->how->light;
    fprintf(s->out,
            "<clipPath id='body'><path d='%s'/></clipPath><clipPath id='cloth'><path clip-rule='evenodd' d='M-500 0 "
            "H500 V1800 H-500Z %sZ'/></clipPath><linearGradient id='fold' "
            "x1='%d' x2='%d'><stop offset='0' stop-color='#fff' stop-opacity='.28'/><stop offset='.45' "
            "stop-color='#fff' stop-opacity='0'/><stop offset='1' stop-color='#000' "
            "stop-opacity='.45'/></linearGradient>",
            body_path, necklines[s->how->outfit], l < 0 ? 0 : 1, l < 0 ? 1 : 0);
    fprintf(s->out,
            "<g clip-path='url(#body)'><g clip-path='url(#cloth)'><rect x='-440' y='320' width='880' height='1400' "
            "fill='%s'/>",
            cloth);
    put_weave(s, s->how->outfit == OUTFIT_SWEATER ? 22 : 11, s->how->outfit == OUTFIT_SWEATER ? 0.22 : 0.12);
    fputs("<path d='M-270 520 C-250 680 -262 820 -250 1700 M270 520 C250 680 262 820 250 1700' stroke='#000' "
          "stroke-opacity='.16' stroke-width='12' fill='none'/>"
          "<rect x='-440' y='320' width='880' height='1400' fill='url(#fold)'/></g></g>",
          s->out);
    put_collar(s, cloth);
}

static void put_ears(struct sheet *s)
{
    for (int side = -1; side <= 1; side += 2) {
        if (s->how->turn * side > 0.28)
            continue;
        double x = side * 150 - 6 * s->how->turn;
        fprintf(s->out,
                "<ellipse cx='%.0f' cy='4' rx='24' ry='44' fill='%s' transform='rotate(%d %.0f 4)'/>"
                "<path d='M%.0f -22 q%d 22 %d 48' stroke='%s' stroke-width='6' fill='none' stroke-opacity='.6'/>",
                x, s->who->skin, -6 * side, x, x + 4 * side, 12 * side, 0, s->who->skin_dark);
        if (s->who->lashes)
            fprintf(s->out,
                    "<circle cx='%.0f' cy='54' r='7' fill='#f5e1a4'/><circle cx='%.0f' cy='52' r='2.5' "
                    "fill='#fff'/>",
                    x, x - 2);
    }
}

/* The skin's own light and shadow: far side, cheeks, forehead, under the lip. */
static void put_skin(struct sheet *s)
{
    double t = s->how->turn, l = s->how->light;
    const struct person *who = s->who;
    fputs("<path d='", s->out);
    put_head_path(s);
    fputs("' fill='url(#skin)'/><g clip-path='url(#head)'>", s->out);
    draw_soft(s, "dark", (l < 0 ? 190 : -190) + 10 * t, 60, 190, 400, 0.95);
    draw_soft(s, "dark", 0, -214, 250, 100, 0.8);
    for (int side = -1; side <= 1; side += 2)
        draw_soft(s, "blush", side * 88 + 30 * t, 70, 76, 54, 0.34 + 0.2 * s->how->smile);
    draw_soft(s, "white", 40 * l + 20 * t, -120, 110, 56, 0.24);
    draw_soft(s, "white", (l < 0 ? -88 : 88) + 26 * t, 46, 56, 34, 0.34);
    draw_soft(s, "dark", 34 * t, 174, 56, 18, 0.7);
    if (who->freckles)
        for (int i = 0; i < 46; i++)
            fprintf(s->out, "<circle cx='%.1f' cy='%.1f' r='%.1f' fill='#a05a34' fill-opacity='.38'/>",
                    draw_between(s, -100, 100) + 30 * t, draw_between(s, 18, 88), draw_between(s, 1.2, 2.8));
    fputs("</g>", s->out);
}

void figure_draw(struct sheet *sheet)
{
    const struct pose *how = sheet->how;
    shared_paint(sheet);
    /* The body turns and tilts less than the head. */
    fprintf(sheet->out, "<g transform='translate(%.1f %.1f) scale(%.3f)'>", how->x, how->y, how->zoom);
    fprintf(sheet->out, "<g transform='rotate(%.1f)'>", how->tilt);
    figure_draw_hair_back(sheet);
    fprintf(sheet->out, "</g><g transform='translate(%.1f -52)'>", -20 * how->turn);
    put_neck(sheet);
    put_clothes(sheet);
    fprintf(sheet->out, "</g><g transform='rotate(%.1f)'>", how->tilt);
    put_ears(sheet);
    put_skin(sheet);
    figure_draw_face(sheet);
    figure_draw_hair_front(sheet);
    fputs("</g></g>", sheet->out);
}
