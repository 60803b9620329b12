/* The main of a fuzz target in an ordinary build: every file of the folders given is one input, so that whatever was
 * found once stays found with any compiler. Each input lies in a block of exactly its size, for sanitizers and valgrind
 * to see a byte too far. An empty corpus is a failure: a target that runs over nothing tests nothing. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"

enum { INPUT_MAX_BYTES = 4 * 1024 * 1024, PATH_BYTES = 4096 };

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    uint8_t *buffer = malloc(INPUT_MAX_BYTES);
    if (file == NULL || buffer == NULL) {
        fprintf(stderr, "%s can't be read\n", path);
        return 1;
    }
    size_t size = fread(buffer, 1, INPUT_MAX_BYTES, file);
    (void)fclose(file);
    uint8_t *exact = malloc(size == 0 ? 1 : size);
    if (exact == NULL)
        abort();
    for (size_t i = 0; i < size; i++)
        exact[i] = buffer[i];
    free(buffer);
    (void)LLVMFuzzerTestOneInput(exact, size);
    free(exact);
    return 0;
}

int main(int argc, char **argv)
{
    int failed = 0, count = 0;
    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        if (folder == NULL) {
            fprintf(stderr, "%s can't be opened\n", argv[i]);
            return 1;
        }
        for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
            char path[PATH_BYTES];
            int length = snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
            if (entry->d_name[0] == '.' || length < 0 || (size_t)length >= sizeof path)
                continue;
            failed |= replay_file(path);
            count++;
        }
        (void)closedir(folder);
    }
    printf("%d inputs\n", count);
    return failed != 0 || count == 0;
}
