/* Eyes, brows, nose, mouth, beard and glasses. Origin: between the eyes; see portrait_figure.c.
 *
 * The eyes make or break a drawn face: white with a shadow under the upper lid, an iris with a dark rim, two points of
 * light, and a lid line that is heavier outside. A smile narrows them a little.
 *
 * Must not: draw outside the head, glasses excepted. */
#include "tests/sandbox/portrait_draw.h"

#include <math.h>

/* How wide a thing on this side looks when the head is turned: the far side is foreshortened. */
static double foreshorten(const struct sheet *s, int side)
{
    double toward = s->how->turn * side;
    return toward > 0 ? 1 - 0.24 * toward : 1 + 0.03 * toward;
}

static void put_eye(struct sheet *s, int side)
{
    double t = s->how->turn, wide = 37 * foreshorten(s, side), x = side * 66 + 32 * t;
    double open = s->how->smile > 0.6 ? 15 : 19;
    if (!s->who->lashes)
        open -= 2.5;
    const char *dark = s->who->skin_dark;
    fprintf(s->out, "<g transform='translate(%.1f 0) scale(%d 1)'>", x, side);
    /* Socket. */
    draw_soft(s, "dark", -4, -14, wide + 26, 40, 0.5);
    fprintf(s->out,
            "<clipPath id='eye%d'><path id='lid%d' d='M%.1f 5 C%.1f %.1f %.1f %.1f %.1f -3 C%.1f %.1f %.1f %.1f %.1f "
            "5Z'/></clipPath>",
            side + 1, side + 1, -wide, -wide * 0.5, -open * 1.25, wide * 0.5, -open * 1.35, wide, wide * 0.6,
            open * 0.8, -wide * 0.4, open * 0.95, -wide);
    fprintf(s->out, "<g clip-path='url(#eye%d)'><rect x='-60' y='-40' width='120' height='80' fill='#f7f2ee'/>",
            side + 1);
    double gaze = 9 * t * side;
    fprintf(s->out,
            "<circle cx='%.1f' cy='-3' r='17.5' fill='#1a1412'/><circle cx='%.1f' cy='-3' r='15.5' fill='%s'/>"
            "<circle cx='%.1f' cy='1' r='10' fill='#fff' fill-opacity='.22'/><circle cx='%.1f' cy='-3' r='7.5' "
            "fill='#080606'/>",
            gaze, gaze, s->who->iris, gaze, gaze);
    fprintf(s->out,
            "<circle cx='%.1f' cy='-9' r='4.6' fill='#fff'/><circle cx='%.1f' cy='4' r='2.2' fill='#fff' "
            "fill-opacity='.75'/>",
            gaze + 6 * s->how->light * side, gaze - 6 * s->how->light * side);
    fputs("<rect x='-60' y='-40' width='120' height='31' fill='#3a2a2a' fill-opacity='.3'/></g>", s->out);
    /* Upper lid, crease, lower lid. */
    fprintf(s->out,
            "<path d='M%.1f 5 C%.1f %.1f %.1f %.1f %.1f -3 L%.1f -8 C%.1f %.1f %.1f %.1f %.1f 5Z' fill='#1c1210'/>",
            -wide, -wide * 0.5, -open * 1.25, wide * 0.5, -open * 1.35, wide, wide + (s->who->lashes ? 9 : 3),
            wide * 0.5, -open * 1.35 - (s->who->lashes ? 9 : 5), -wide * 0.5, -open * 1.25 - 4, -wide);
    if (s->who->lashes)
        for (int i = 0; i < 6; i++) {
            double at = wide * (-0.35 + 0.25 * i), up = -open + fabs(at) * 0.12 - 1;
            fprintf(s->out, "<path d='M%.1f %.1f q4 -7 %.1f %.1f' stroke='#160e0c' stroke-width='2.4' fill='none'/>",
                    at, up, 6.0 + i, -9.0 + i * 0.6);
        }
    fprintf(s->out,
            "<path d='M%.1f %.1f C%.1f %.1f %.1f %.1f %.1f -14' stroke='%s' stroke-width='3.5' fill='none' "
            "stroke-opacity='.75'/><path d='M%.1f 12 Q0 %.1f %.1f 8' stroke='%s' stroke-width='3' fill='none' "
            "stroke-opacity='.5'/>",
            -wide * 0.85, -8.0, -wide * 0.4, -open - 13, wide * 0.5, -open - 14, wide, dark, -wide * 0.6, open + 3,
            wide * 0.7, dark);
    fputs("</g>", s->out);
}

static void put_brow(struct sheet *s, int side)
{
    double wide = 46 * foreshorten(s, side), thick = s->who->brow, lift = 6 * s->how->smile;
    fprintf(s->out, "<g transform='translate(%.1f %.1f) scale(%d 1)' fill='%s'>", side * 68 + 32 * s->how->turn,
            -50 - lift, side, s->who->hair_dark);
    fprintf(s->out, "<path d='M%.1f 6 C%.1f -10 %.1f -14 %.1f 2 C%.1f %.1f %.1f %.1f %.1f %.1fZ' fill-opacity='.82'/>",
            -wide, -wide * 0.4, wide * 0.4, wide * 1.08, wide * 0.4, -9 + thick * 0.8, -wide * 0.4, -7 + thick * 1.1,
            -wide, 6 + thick * 0.8);
    for (int i = 0; i < 16; i++) {
        double at = -wide + 2 * wide * i / 16.0;
        fprintf(s->out, "<path d='M%.1f %.1f l7 %.1f' stroke='%s' stroke-width='1.8'/>", at,
                4 - 8 * (1 - fabs(at) / wide) + draw_between(s, 0, thick * 0.7), -5 - draw_between(s, 0, 4),
                s->who->hair_dark);
    }
    fputs("</g>", s->out);
}

static void put_nose(struct sheet *s)
{
    double t = s->how->turn, x = 46 * t, l = s->how->light;
    const char *dark = s->who->skin_dark;
    double shade = l < 0 ? 1 : -1; /* the side in shadow */
    if (fabs(t) > 0.3)
        shade = t > 0 ? -1 : 1;
    fprintf(
        s->out,
        "<path d='M%.1f -30 C%.1f 20 %.1f 50 %.1f 82 L%.1f 86 C%.1f 60 %.1f 20 %.1f -34Z' fill='%s' fill-opacity='.5' "
        "filter='url(#soften)'/>",
        22 * shade + 28 * t, 12 * shade + 38 * t, 18 * shade + x, 32 * shade + x, x + 4 * shade, x + 8 * shade, 38 * t,
        28 * t + 4 * shade, dark);
    draw_soft(s, "dark", x, 104, 48, 14, 0.6);
    fprintf(s->out,
            "<path d='M%.1f 88 q-11 5 -6 -14 M%.1f 88 q11 5 6 -14' stroke='%s' stroke-width='4' fill='none' "
            "stroke-linecap='round' stroke-opacity='.7'/>"
            "<path d='M%.1f 93 q6 -9 13 -1 M%.1f 93 q-6 -9 -13 -1' stroke='#3a1a14' stroke-width='5' fill='none' "
            "stroke-linecap='round' stroke-opacity='.62'/>"
            "<path d='M%.1f 97 q8 6 16 0' stroke='%s' stroke-width='4' fill='none' stroke-opacity='.6'/>",
            x - 24 + 4 * t, x + 24 + 4 * t, dark, x - 20, x + 20, x - 8, dark);
    draw_soft(s, "white", 34 * t + 3 * l, 22, 13, 56, 0.34);
    draw_soft(s, "white", x + 5 * l, 74, 15, 12, 0.6);
}

/* Closed mouth up to a smile of 0.6, teeth above. Lips come from the person, the corners' lift from the smile. */
static void put_mouth(struct sheet *s)
{
    double t = s->how->turn, smile = s->how->smile, x = 38 * t;
    double wide = 48 + 18 * smile, near = wide * (1 - 0.2 * fabs(t)), lift = 16 * smile;
    double left = t < 0 ? near : wide, right = t > 0 ? near : wide;
    double full = s->who->lashes ? 1.0 : 0.72, open = smile > 0.6 ? 10 + 26 * (smile - 0.6) / 0.4 : 0;
    fprintf(s->out, "<g transform='translate(%.1f 142)'>", x);
    if (open > 0) {
        fprintf(s->out,
                "<path d='M%.1f %.1f C%.1f 2 %.1f 2 %.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1fZ' fill='#4a1418'/>"
                "<path d='M%.1f %.1f C%.1f 1 %.1f 1 %.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1fZ' fill='#fdfaf4'/>",
                -left, -lift, -left * 0.4, right * 0.4, right, -lift, right * 0.5, open + 8, -left * 0.5, open + 8,
                -left, -lift, -left * 0.9, -lift * 0.75, -left * 0.4, right * 0.4, right * 0.9, -lift * 0.75,
                right * 0.5, open * 0.85, -left * 0.5, open * 0.85, -left * 0.9, -lift * 0.75);
    }
    fprintf(s->out,
            "<path d='M%.1f %.1f C%.1f %.1f -20 %.1f -9 %.1f Q0 %.1f 9 %.1f C20 %.1f %.1f %.1f %.1f %.1f C%.1f %.1f "
            "%.1f %.1f %.1f %.1fZ' fill='%s'/>",
            -left, -lift, -left * 0.55, -10 * full - lift * 0.3, -15 * full, -14 * full, -9 * full, -14 * full,
            -15 * full, right * 0.55, -10 * full - lift * 0.3, right, -lift, right * 0.4, 3.0, -left * 0.4, 3.0, -left,
            -lift, s->who->lips);
    fprintf(s->out,
            "<path d='M%.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1fZ' fill='%s'/>"
            "<path d='M%.1f %.1f Q0 %.1f %.1f %.1f' stroke='#fff' stroke-width='5' stroke-opacity='.2' fill='none' "
            "stroke-linecap='round'/>",
            -left * 0.96, -lift * 0.85, -left * 0.5, open + 3, right * 0.5, open + 3, right * 0.96, -lift * 0.85,
            right * 0.5, open + 25 * full, -left * 0.5, open + 25 * full, -left * 0.96, -lift * 0.85, s->who->lips,
            -left * 0.3, open + 11 * full, open + 15 * full, right * 0.3, open + 11 * full);
    if (open <= 0)
        fprintf(s->out,
                "<path d='M%.1f %.1f C%.1f 3 %.1f 3 %.1f %.1f' stroke='#4a1a1c' stroke-width='4' fill='none' "
                "stroke-linecap='round' stroke-opacity='.85'/>",
                -left - 2, -lift, -left * 0.4, right * 0.4, right + 2, -lift);
    /* The folds a smile makes. */
    fprintf(s->out,
            "<path d='M%.1f %.1f q-9 8 -6 20 M%.1f %.1f q9 8 6 20' stroke='%s' stroke-width='5' fill='none' "
            "stroke-opacity='%.2f'/></g>",
            -left - 8, -lift - 10, right + 8, -lift - 10, s->who->skin_dark, 0.15 + 0.4 * smile);
}

static void put_beard(struct sheet *s)
{
    double t = s->how->turn, jaw = s->who->jaw, x = 38 * t;
    fprintf(
        s->out,
        "<g clip-path='url(#head)'><path d='M-160 20 C-140 90 -110 110 %.1f 116 C%.1f 104 %.1f 104 %.1f 116 C110 110 "
        "140 90 160 20 L160 240 L-160 240Z' fill='%s' fill-opacity='.55' filter='url(#soften)'/>",
        x - 62, x - 30, x + 30, x + 62, s->who->hair_dark);
    for (int i = 0; i < 620; i++) {
        double at = draw_between(s, -jaw - 26, jaw + 26), low = draw_between(s, 0, 1);
        double top = 112 - fabs(at - x) * 0.1 - (fabs(at) > 96 ? (fabs(at) - 96) * 2.2 : 0);
        double y = top + low * (236 - top);
        if (fabs(at - x) < 56 && y > 122 && y < 176)
            continue;
        fprintf(s->out, "<path d='M%.1f %.1f l%.1f %.1f' stroke='%s' stroke-width='1.9' stroke-opacity='.7'/>", at, y,
                at * 0.04 + draw_between(s, -3, 3), draw_between(s, 8, 16), i % 3 ? s->who->hair_dark : s->who->hair);
    }
    fputs("</g>", s->out);
}

static void put_glasses(struct sheet *s)
{
    double t = s->how->turn;
    for (int side = -1; side <= 1; side += 2)
        fprintf(s->out,
                "<rect x='%.1f' y='-34' width='%.1f' height='72' rx='30' fill='#fff' fill-opacity='.08' "
                "stroke='#221c1c' stroke-width='6'/><path d='M%.1f -18 l-16 34' stroke='#fff' stroke-width='5' "
                "stroke-opacity='.35'/>",
                side * 67 + 34 * t - 50 * foreshorten(s, side), 100 * foreshorten(s, side), side * 67 + 34 * t + 22);
    fprintf(s->out,
            "<path d='M%.1f -6 q%.1f -12 34 0 M-116 -12 L-150 -16 M%.1f -12 L150 -16' stroke='#221c1c' "
            "stroke-width='6' fill='none'/>",
            34 * t - 17, 17.0, 116.0);
}

void figure_draw_face(struct sheet *sheet)
{
    for (int side = -1; side <= 1; side += 2) {
        put_eye(sheet, side);
        put_brow(sheet, side);
    }
    put_nose(sheet);
    if (sheet->who->beard)
        put_beard(sheet);
    put_mouth(sheet);
    if (sheet->who->glasses)
        put_glasses(sheet);
}
