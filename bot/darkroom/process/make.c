#include "bot/darkroom/process/make.h"
#include <glib.h>
#include "bot/darkroom/darkroom.h"
#include "bot/darkroom/process/canvas.h"
#include "bot/darkroom/process/decode.h"
enum err make_photo(const uint8_t *reference, size_t len, const char *recipe, uint64_t seed, uint8_t **ret_jpeg,
                    size_t *ret_len)
{
    struct canvas c;
    int w, h;
    (void)recipe;
    (void)seed;
    if (decode_image(reference, len, 2048, &c, &w, &h) != PHOTO_GOOD)
        return ERR_INVALID;
    enum err err = canvas_to_jpeg(&c, MAKE_QUALITY, ret_jpeg, ret_len);
    canvas_done(&c);
    return err;
}
