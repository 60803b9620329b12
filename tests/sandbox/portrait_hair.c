/* Hair: a shape behind the head, a shape over the forehead, and many fine strands in three tones over both. The strands
 * give the picture its sharp detail.
 *
 * Every style is two outlines; strands run from the crown outwards and down, clipped to the outline.
 *
 * Must not: cover the eyes. */
#include "tests/sandbox/portrait_draw.h"

#include <math.h>

static const char *const backs[HAIR_COUNT] = {
    [HAIR_LONG] =
        "M0 -262 C-150 -262 -196 -150 -190 -20 C-188 120 -214 260 -206 470 C-150 520 -70 500 0 480 C70 500 150 "
        "520 206 470 C214 260 188 120 190 -20 C196 -150 150 -262 0 -262Z",
    [HAIR_CROP] = "M0 -240 C-120 -240 -166 -150 -160 -40 L160 -40 C166 -150 120 -240 0 -240Z",
    [HAIR_BOB] =
        "M0 -262 C-160 -262 -204 -140 -198 0 C-194 90 -196 150 -176 206 C-120 222 120 222 176 206 C196 150 194 "
        "90 198 0 C204 -140 160 -262 0 -262Z",
    [HAIR_CURLS] =
        "M0 -310 C-70 -316 -110 -290 -150 -262 C-220 -230 -240 -150 -246 -80 C-268 0 -240 70 -228 120 C-220 190 "
        "-150 230 -110 200 L110 200 C150 230 220 190 228 120 C240 70 268 0 246 -80 C240 -150 220 -230 150 -262 "
        "C110 -290 70 -316 0 -310Z",
    [HAIR_BUN] =
        "M0 -352 C-62 -352 -92 -310 -84 -268 C-80 -250 -70 -244 -66 -240 C-140 -226 -172 -140 -166 -30 L-150 60 "
        "L150 60 L166 -30 C172 -140 140 -226 66 -240 C70 -244 80 -250 84 -268 C92 -310 62 -352 0 -352Z",
    [HAIR_WAVES] =
        "M0 -266 C-156 -270 -206 -160 -198 -40 C-240 30 -176 90 -222 160 C-256 230 -190 280 -226 350 C-236 410 "
        "-160 440 -110 410 L110 410 C160 440 236 410 226 350 C190 280 256 230 222 160 C176 90 240 30 198 -40 "
        "C206 -160 156 -270 0 -266Z",
    [HAIR_PART] = "M0 -244 C-124 -244 -168 -150 -160 -30 L160 -30 C168 -150 124 -244 0 -244Z",
};

static const char *const fronts[HAIR_COUNT] = {
    [HAIR_LONG] =
        "M-12 -256 C-150 -254 -184 -140 -172 20 C-168 120 -190 240 -186 340 C-150 240 -136 80 -132 -30 C-120 -120 "
        "-60 -170 -6 -196 C60 -170 118 -120 132 -30 C136 80 150 240 186 340 C190 240 168 120 172 20 C184 -140 150 "
        "-254 -12 -256Z",
    [HAIR_CROP] =
        "M0 -250 C-112 -252 -170 -180 -164 -60 L-152 -24 C-150 -70 -140 -104 -126 -128 C-60 -160 60 -160 126 -128 "
        "C140 -104 150 -70 152 -24 L164 -60 C170 -180 112 -252 0 -250Z",
    [HAIR_BOB] =
        "M0 -258 C-150 -258 -194 -140 -184 0 C-180 70 -184 130 -166 190 C-140 130 -140 40 -136 -40 C-132 -66 -124 "
        "-78 -112 -84 C-50 -66 50 -66 112 -84 C124 -78 132 -66 136 -40 C140 40 140 130 166 190 C184 130 180 70 184 0 "
        "C194 -140 150 -258 0 -258Z",
    [HAIR_CURLS] =
        "M0 -300 C-120 -300 -220 -220 -220 -90 C-224 -20 -200 30 -184 60 C-160 20 -152 -30 -146 -70 C-120 -140 -60 "
        "-166 0 -162 C60 -166 120 -140 146 -70 C152 -30 160 20 184 60 C200 30 224 -20 220 -90 C220 -220 120 -300 0 "
        "-300Z",
    [HAIR_BUN] =
        "M0 -246 C-120 -248 -170 -160 -162 -50 L-150 20 C-148 -60 -130 -130 -70 -166 C-20 -190 20 -190 70 -166 C130 "
        "-130 148 -60 150 20 L162 -50 C170 -160 120 -248 0 -246Z",
    [HAIR_WAVES] =
        "M-40 -262 C-160 -250 -196 -130 -180 -20 C-210 60 -166 110 -196 190 C-204 230 -190 270 -196 300 C-150 200 "
        "-150 100 -138 0 C-136 -80 -110 -150 -60 -190 C20 -150 110 -120 138 0 C150 100 150 200 196 300 C190 270 204 "
        "230 196 190 C166 110 210 60 180 -20 C196 -130 130 -276 -40 -262Z",
    [HAIR_PART] =
        "M-70 -232 C-20 -286 110 -272 150 -180 C172 -130 168 -80 162 -40 L150 -12 C148 -60 140 -100 120 -130 C60 -120 "
        "-30 -130 -84 -190 C-120 -160 -140 -110 -150 -12 L-162 -40 C-172 -130 -140 -220 -70 -232Z",
};

/* Strands from the crown, `reach` long, in the person's three tones. */
static void put_strands(struct sheet *s, int count, double reach, double wave)
{
    const char *const tones[3] = {s->who->hair_dark, s->who->hair_light, s->who->hair};
    for (int i = 0; i < count; i++) {
        double side = draw_between(s, -1, 1), from = side * 60, out = side * draw_between(s, 170, 230);
        double end = side * draw_between(s, 130, 250), low = -250 + reach * draw_between(s, 0.35, 1);
        fprintf(s->out,
                "<path d='M%.1f %.1f C%.1f %.1f %.1f %.1f %.1f %.1f t%.1f %.1f' stroke='%s' stroke-width='%.1f' "
                "stroke-opacity='%.2f'/>",
                from, -258 + fabs(side) * 14, out * 0.8, -236.0, out + draw_between(s, -wave, wave), -150 + reach * 0.2,
                end + draw_between(s, -wave, wave), low, draw_between(s, -wave, wave), reach * 0.16,
                tones[(int)draw_between(s, 0, 3)], draw_between(s, 1.2, 4.2), draw_between(s, 0.25, 0.75));
    }
}

/* Curls are rings, not strands. */
static void put_rings(struct sheet *s, int count, double bottom)
{
    const char *const tones[3] = {s->who->hair_dark, s->who->hair_light, s->who->hair};
    for (int i = 0; i < count; i++) {
        double r = draw_between(s, 9, 26);
        fprintf(
            s->out,
            "<path d='M%.1f %.1f a%.1f %.1f 0 1 1 %.1f %.1f' stroke='%s' stroke-width='%.1f' stroke-opacity='%.2f'/>",
            draw_between(s, -255, 255), draw_between(s, -315, bottom), r, r, r * 1.2, r * 0.5,
            tones[(int)draw_between(s, 0, 3)], draw_between(s, 2, 5), draw_between(s, 0.35, 0.8));
    }
}

/* Short hair stands up from the skull in small strokes. */
static void put_stubble(struct sheet *s, int count)
{
    const char *const tones[3] = {s->who->hair_dark, s->who->hair_light, s->who->hair};
    for (int i = 0; i < count; i++) {
        double x = draw_between(s, -168, 168), y = draw_between(s, -256, -20);
        fprintf(s->out, "<path d='M%.1f %.1f l%.1f %.1f' stroke='%s' stroke-width='%.1f' stroke-opacity='.6'/>", x, y,
                x * 0.07 + draw_between(s, -7, 7), draw_between(s, 8, 30) * (y < -150 ? 1 : 0.7),
                tones[(int)draw_between(s, 0, 3)], draw_between(s, 1.4, 2.8));
    }
}

static void put_fill(struct sheet *s, const char *id, const char *path, bool dark)
{
    fprintf(s->out,
            "<clipPath id='%s'><path d='%s'/></clipPath><radialGradient id='%sg' cx='%.2f' cy='.18' r='.9'><stop "
            "offset='0' stop-color='%s'/><stop offset='.45' stop-color='%s'/><stop offset='1' "
            "stop-color='%s'/></radialGradient><path d='%s' fill='url(#%sg)'/><g clip-path='url(#%s)' fill='none'>",
            id, path, id, 0.5 + 0.24 * s->how->light, dark ? s->who->hair : s->who->hair_light, s->who->hair,
            s->who->hair_dark, path, id, id);
}

static void put_detail(struct sheet *s, bool front)
{
    switch (s->who->style) {
    case HAIR_LONG: put_strands(s, front ? 260 : 200, 760, 14); break;
    case HAIR_BOB: put_strands(s, front ? 260 : 160, 460, 8); break;
    case HAIR_WAVES: put_strands(s, front ? 240 : 220, 700, 60); break;
    case HAIR_BUN: put_strands(s, front ? 200 : 60, 260, 6); break;
    case HAIR_CURLS: put_rings(s, front ? 420 : 520, front ? 70 : 230); break;
    case HAIR_CROP: put_stubble(s, front ? 620 : 0); break;
    case HAIR_PART: put_strands(s, front ? 220 : 0, 250, 26); break;
    case HAIR_COUNT: break;
    }
}

void figure_draw_hair_back(struct sheet *sheet)
{
    fprintf(sheet->out, "<g transform='translate(%.1f 0)'>", -14 * sheet->how->turn);
    put_fill(sheet, "hairback", backs[sheet->who->style], true);
    put_detail(sheet, false);
    fputs("</g></g>", sheet->out);
}

void figure_draw_hair_front(struct sheet *sheet)
{
    double t = sheet->how->turn;
    /* Its shadow on the forehead first. */
    fprintf(sheet->out,
            "<g clip-path='url(#head)'><path d='%s' transform='translate(%.1f 14)' fill='%s' fill-opacity='.4'/></g><g "
            "transform='translate(%.1f 0) skewX(%.1f)'>",
            fronts[sheet->who->style], 8 * t, sheet->who->skin_dark, 8 * t, -2 * t);
    put_fill(sheet, "hairfront", fronts[sheet->who->style], false);
    put_detail(sheet, true);
    fputs("</g></g>", sheet->out);
}
