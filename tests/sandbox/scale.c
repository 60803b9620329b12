/* Makes the smaller sizes of a photo with libvips, when somebody downloads one.
 *
 * The only file of the sandbox that decodes pictures; everything else reads headers. It must stay off the paths the
 * load generator uses: the largest size of a JPEG is served as it came.
 */
#include "tests/sandbox/scale.h"

#include <vips/vips.h>

#include "tests/sandbox/buf.h"

enum err scale_jpeg(const char *bytes, size_t size, int width, int height, char **ret_bytes, size_t *ret_size)
{
    VipsImage *image = NULL;
    void *jpeg = NULL;
    size_t jpeg_size = 0;
    int failed = vips_thumbnail_buffer((void *)(uintptr_t)bytes, size, &image, width, "height", height, "size",
                                       VIPS_SIZE_FORCE, NULL);
    if (failed == 0)
        failed = vips_jpegsave_buffer(image, &jpeg, &jpeg_size, "Q", 85, "strip", TRUE, NULL);
    if (image != NULL)
        g_object_unref(image);
    if (failed != 0) {
        vips_error_clear();
        return ERR_INVALID;
    }
    *ret_bytes = mem_text_n(jpeg, jpeg_size);
    *ret_size = jpeg_size;
    g_free(jpeg);
    return ERR_OK;
}
