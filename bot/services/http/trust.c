/* Which certificates are believed. libcurl's default on Debian is a bundle and a directory of the same certificates. It
 * reads the bundle for every connection: some 40 ms of CPU and a megabyte each time, which is most of what a
 * fresh connection costs. From the directory OpenSSL takes the one root it needs, by a link named after its hash; the
 * bundle alone is read once and kept. So one of the two is used: the directory, unless the bundle has more (no links
 * were made, or somebody appended a certificate to it).
 *
 * Must not verify anything itself, and must not be asked after the start: it reads the disk. */
#include "bot/services/http/trust.h"

#include <curl/curl.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bot/base/memory.h"
#include "core/bug.h"

enum { HASH_DIGITS = 8, LINE_BYTES = 128 };

static size_t count_certificates(const char *path)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----";
    char line[LINE_BYTES];
    size_t count = 0;
    FILE *file = path == NULL ? NULL : fopen(path, "re");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL)
        count += strncmp(line, begin, sizeof begin - 1) == 0 ? 1 : 0;
    (void)fclose(file);
    return count;
}

/* "4a6481c9.0" */
static size_t count_links(const char *path)
{
    size_t count = 0;
    const struct dirent *entry;
    DIR *dir = path == NULL ? NULL : opendir(path);
    if (dir == NULL)
        return 0;
    while ((entry = readdir(dir)) != NULL) {
        const char *end = entry->d_name + strspn(entry->d_name, "0123456789abcdef");
        if (end - entry->d_name == HASH_DIGITS && *end == '.' && end[1] >= '0' && end[1] <= '9')
            count++;
    }
    (void)closedir(dir);
    return count;
}

void trust_choose(const char *ca_file, const char *system_file, const char *system_dir, struct trust *ret_trust)
{
    size_t links = count_links(system_dir);
    bool whole = links > 0 && links >= count_certificates(system_file);
    if (ca_file != NULL) /* there can be one file only: beside it the directory is all there is of the system's */
        *ret_trust = (struct trust){.file = memory_copy(ca_file), .dir = links > 0 ? memory_copy(system_dir) : NULL};
    else
        *ret_trust = (struct trust){.file = whole ? NULL : memory_copy(system_file),
                                    .dir = whole ? memory_copy(system_dir) : NULL};
}

void trust_init(struct trust *trust, const char *ca_file)
{
    char *file = NULL, *dir = NULL;
    CURL *easy = curl_easy_init();
    if (easy == NULL)
        bug("out of memory");
    (void)curl_easy_getinfo(easy, CURLINFO_CAINFO, &file);
    (void)curl_easy_getinfo(easy, CURLINFO_CAPATH, &dir);
    trust_choose(ca_file, file, dir, trust);
    curl_easy_cleanup(easy);
}

void trust_done(struct trust *trust)
{
    free(trust->file);
    free(trust->dir);
    *trust = (struct trust){0};
}
