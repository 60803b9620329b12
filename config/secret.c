/* Secrets are read from files only: what stands in argv or the environment can be seen by others. Editors and echo
 * leave a line end behind, which broke payments, storage and provider of a shop at once; so the ends are trimmed and a
 * blank inside is refused. The content may not appear in any finding. Every buffer it passed through is wiped. */
#include "config/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

static bool is_printable(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] <= ' ' || text[i] > '~')
            return false;
    }
    return true;
}

int secret_open(const char *path)
{
    return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

/* Up to size bytes, and closes; -1 with errno on failure. Only a regular file: a FIFO would hang the start. */
static ssize_t read_small(int fd, char *bytes, size_t size, mode_t *ret_mode)
{
    struct stat status;
    ssize_t length = 0, got = 1;
    if (fd < 0)
        return -1;
    int failed = fstat(fd, &status);
    if (failed == 0 && !S_ISREG(status.st_mode)) {
        errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        failed = -1;
    }
    while (failed == 0 && (size_t)length < size && (got = read(fd, bytes + length, size - (size_t)length)) > 0)
        length += got;
    int saved = errno;
    (void)close(fd);
    errno = saved;
    if (failed != 0 || got < 0)
        return -1;
    *ret_mode = status.st_mode;
    return length;
}

static const char *content_fault(const char *word, size_t length, size_t read_bytes)
{
    if (read_bytes > CONFIG_SECRET_MAX_BYTES)
        return "is too large to be a secret";
    if (length == 0)
        return "is empty";
    if (!is_printable(word, length))
        return "holds a blank, a line end or a control character inside: it must hold the one word and nothing else";
    return NULL;
}

enum err secret_read(struct arena *arena, int fd, const char *path, struct secret_place place, const char *remedy,
                     struct findings *findings, char **ret_secret)
{
    char bytes[CONFIG_SECRET_MAX_BYTES + 1];
    mode_t mode = 0;
    ssize_t got = read_small(fd, bytes, sizeof bytes, &mode);
    if (got < 0) {
        findings_add(findings, FINDING_ERROR, place.file, place.line, remedy, "the secret file %s can't be read: %s",
                     path, strerror(errno));
        return ERR_IO;
    }
    size_t start = 0, end = (size_t)got;
    while (end > 0 && is_blank(bytes[end - 1]))
        end--;
    while (start < end && is_blank(bytes[start]))
        start++;
    const char *fault = content_fault(bytes + start, end - start, (size_t)got);
    if (fault == NULL)
        *ret_secret = arena_copy_n(arena, bytes + start, end - start);
    explicit_bzero(bytes, sizeof bytes);
    if (fault != NULL) {
        findings_add(findings, FINDING_ERROR, place.file, place.line, remedy, "the secret file %s %s", path, fault);
        return ERR_INVALID;
    }
    if ((mode & S_IRWXO) != 0)
        findings_add(findings, FINDING_WARNING, place.file, place.line,
                     arena_format(arena, "chmod o-rwx %s, and make a new secret if others have accounts here", path),
                     "the secret file %s is open to every user of this machine", path);
    return ERR_OK;
}

void secret_wipe(char *secret)
{
    if (secret != NULL)
        explicit_bzero(secret, strlen(secret));
}
