/* A look at a file of certificates before the daemon needs it: a wrong name or a key instead of a certificate would
 * else show only as connections that fail for ever. It looks for the mark of a certificate and no further: whether the
 * certificate is any good shows when a server is asked. */
#include "config/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINE_BYTES = 128 };

static bool holds_certificate(FILE *file)
{
    static const char mark[] = "-----BEGIN CERTIFICATE-----", trusted[] = "-----BEGIN TRUSTED CERTIFICATE-----";
    char line[LINE_BYTES];
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, mark, sizeof mark - 1) == 0 || strncmp(line, trusted, sizeof trusted - 1) == 0)
            return true;
    return false;
}

const char *certificate_fault(const char *path)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a FIFO would hang the start */
    if (fd < 0)
        return errno == ENOENT ? "is not there" : errno == EACCES ? "may not be read" : "can't be opened";
    FILE *file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? fdopen(fd, "r") : NULL;
    if (file == NULL) {
        (void)close(fd);
        return "is not a file";
    }
    bool good = holds_certificate(file);
    (void)fclose(file);
    return good ? NULL : "holds no certificate in PEM (-----BEGIN CERTIFICATE-----)";
}
