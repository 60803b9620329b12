/* The bytes of a photo, as our own readers see them before or beside the decoders: the survey of markers, chunks and
 * boxes, and the rewriting of an HEIF file's tables. Neither looks beyond the end; what was rewritten once stays so. */
#include <stdlib.h>
#include <string.h>

#include "bot/services/darkroom/process/heif.h"
#include "bot/services/darkroom/process/survey.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size), *again = malloc(size); /* without room at the end: that would hide a look beyond */
    if (size == 0 || copy == NULL || again == NULL) {
        free(copy);
        free(again);
        return 0;
    }
    memcpy(copy, data, size);
    struct survey survey = survey_bytes(copy, size);
    if (survey.format >= SURVEY_FORMAT_COUNT || (survey.format == SURVEY_NONE && (survey.cut_off || survey.scans > 0)))
        abort();
    if (heif_keep_primary(copy, size)) {
        memcpy(again, copy, size);
        if (!heif_keep_primary(again, size) || memcmp(again, copy, size) != 0)
            abort();
    }
    free(copy);
    free(again);
    return 0;
}
