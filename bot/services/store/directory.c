/* The directory store. A put writes tmp/<random>, fsyncs it, renames it to ab/cd/<name> and fsyncs the directory, so
 * after a power cut an object is there whole or not at all. All paths go through one directory descriptor and are made
 * of hex digits only. The calls are short and local (one picture, one fsync), so they answer at once. It must not
 * know what the bytes are, nor who refers to them.
 *
 * The version of an object is its inode and the time of its last put, which a put moves on by at least a nanosecond. To
 * set the time and to look at it before an unlink are both done under a lock on the name (a byte of the file "lock",
 * which every machine with this directory can see): so between the look and the unlink nobody puts. */
#include "bot/services/store/directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "bot/base/random.h"
#include "bot/services/store/walk.h"
#include "core/bug.h"

enum { PATH_BYTES = 6 + STORE_NAME_BYTES, TMP_BYTES = 40, LOCK_DIGITS = 15, HEX = 16, NS_PER_S = 1000 * 1000 * 1000 };

struct directory {
    struct store store;
    int root_fd;
    int lock_fd;
    struct store_slice slice;
};

/* ERR_AGAIN: another process is just putting or removing this very object. The lock of a process that dies goes with
 * it. Names whose first 60 bits are the same share one. */
static enum err lock_name(const struct directory *directory, const char *name, short type)
{
    char digits[LOCK_DIGITS + 1];
    (void)snprintf(digits, sizeof digits, "%.*s", LOCK_DIGITS, name);
    struct flock lock = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)strtoll(digits, NULL, HEX), .l_len = 1};
    if (fcntl(directory->lock_fd, F_SETLK, &lock) == 0)
        return ERR_OK;
    return errno == EACCES || errno == EAGAIN ? ERR_AGAIN : ERR_IO;
}

static void unlock_name(const struct directory *directory, const char *name)
{
    if (lock_name(directory, name, F_UNLCK) != ERR_OK)
        bug("a lock that can't be given back");
}

static enum err sync_directory(int root_fd, const char *path)
{
    int fd = openat(root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    int failed = fsync(fd);
    (void)close(fd);
    return failed == 0 ? ERR_OK : ERR_IO;
}

/* Makes path under the root if it is missing, and its entry in parent durable. */
static enum err make_directory(int root_fd, const char *path, const char *parent)
{
    if (mkdirat(root_fd, path, 0700) == 0)
        return sync_directory(root_fd, parent);
    return errno == EEXIST ? ERR_OK : ERR_IO;
}

/* "ab/cd/abcd…"; cut at 2 or 5 it is the directories'. */
static void object_path(const char *name, char ret_path[PATH_BYTES + 1])
{
    (void)snprintf(ret_path, PATH_BYTES + 1, "%.2s/%.2s/%s", name, name + 2, name);
}

static enum err make_shard(int root_fd, const char *name, char ret_shard[6])
{
    char top[3] = {name[0], name[1], '\0'};
    (void)snprintf(ret_shard, 6, "%.2s/%.2s", name, name + 2);
    enum err err = make_directory(root_fd, top, ".");
    return err != ERR_OK ? err : make_directory(root_fd, ret_shard, top);
}

static enum err write_all(int fd, const unsigned char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t wrote = write(fd, bytes, length);
        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return ERR_IO;
        bytes += wrote;
        length -= (size_t)wrote;
    }
    return fsync(fd) == 0 ? ERR_OK : ERR_IO;
}

static enum err write_tmp(int root_fd, const char *tmp, const void *bytes, size_t length)
{
    int fd = openat(root_fd, tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return ERR_IO;
    enum err err = write_all(fd, bytes, length);
    if (close(fd) != 0 && err == ERR_OK)
        err = ERR_IO;
    return err;
}

/* The time of a put: now, and later than the one before (0 = there was none). */
static enum err stamp(int root_fd, const char *path, const struct timespec *before)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
    if (clock_gettime(CLOCK_REALTIME, &times[1]) != 0)
        bug("there is no clock");
    if (times[1].tv_sec < before->tv_sec ||
        (times[1].tv_sec == before->tv_sec && times[1].tv_nsec <= before->tv_nsec)) {
        times[1] = *before;
        times[1].tv_nsec++;
        if (times[1].tv_nsec == NS_PER_S)
            times[1] = (struct timespec){.tv_sec = before->tv_sec + 1};
    }
    return utimensat(root_fd, path, times, AT_SYMLINK_NOFOLLOW) == 0 ? ERR_OK : ERR_IO;
}

/* Under the lock. It is there already: then its time moves on, and still its entry must be on the disk, its writer may
 * have died before that. A wrong size is a damaged file and is written again. ERR_NOT_FOUND: it is to be written. */
static enum err put_again(int root_fd, const char *path, const char *shard, size_t length)
{
    struct stat there;
    if (fstatat(root_fd, path, &there, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(there.st_mode) ||
        there.st_size != (off_t)length)
        return ERR_NOT_FOUND;
    enum err err = stamp(root_fd, path, &there.st_mtim);
    return err != ERR_OK ? err : sync_directory(root_fd, shard);
}

/* Under the lock, though the bytes were written before it. */
static enum err put_there(int root_fd, const char *tmp, const char *path, const char *shard)
{
    struct stat there;
    struct timespec before = {0};
    if (fstatat(root_fd, path, &there, AT_SYMLINK_NOFOLLOW) == 0)
        before = there.st_mtim;
    enum err err = stamp(root_fd, tmp, &before);
    if (err == ERR_OK && renameat(root_fd, tmp, root_fd, path) != 0)
        err = ERR_IO;
    if (err != ERR_OK)
        return errno == ENOENT ? ERR_AGAIN : err; /* ENOENT: another daemon opened the store and swept tmp */
    return sync_directory(root_fd, shard);
}

static enum err put_new(const struct directory *directory, const char *name, const char *shard, const void *bytes,
                        size_t length)
{
    char path[PATH_BYTES + 1], tmp[TMP_BYTES];
    object_path(name, path);
    (void)snprintf(tmp, sizeof tmp, "tmp/%016llx", (unsigned long long)random_number());
    enum err err = write_tmp(directory->root_fd, tmp, bytes, length);
    if (err == ERR_OK)
        err = lock_name(directory, name, F_WRLCK);
    if (err == ERR_OK) {
        err = put_there(directory->root_fd, tmp, path, shard);
        unlock_name(directory, name);
    }
    if (err != ERR_OK) {
        int why = errno;
        (void)unlinkat(directory->root_fd, tmp, 0);
        errno = why;
    }
    return err;
}

static enum err put_file(const struct directory *directory, const char *name, const void *bytes, size_t length)
{
    char path[PATH_BYTES + 1], shard[6];
    enum err err = make_shard(directory->root_fd, name, shard);
    if (err == ERR_OK)
        err = lock_name(directory, name, F_WRLCK);
    if (err != ERR_OK)
        return err;
    object_path(name, path);
    err = put_again(directory->root_fd, path, shard, length);
    unlock_name(directory, name);
    return err == ERR_NOT_FOUND ? put_new(directory, name, shard, bytes, length) : err;
}

static void directory_put(struct store *store, const void *bytes, size_t length, store_done_fn *done, void *context)
{
    struct directory *directory = (struct directory *)store;
    struct store_object object = {.bytes = NULL, .length = length};
    store_name(bytes, length, object.name);
    enum err err = put_file(directory, object.name, bytes, length);
    done(context, err, err == ERR_OK ? &object : NULL);
}

/* *ret_bytes is malloc'ed. */
static enum err read_all(int fd, unsigned char **ret_bytes, size_t *ret_length)
{
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size <= 0)
        return ERR_IO;
    if (info.st_size > STORE_OBJECT_MAX_BYTES)
        return ERR_TOO_LARGE;
    size_t length = (size_t)info.st_size, have = 0;
    unsigned char *bytes = malloc(length);
    if (bytes == NULL)
        bug("out of memory");
    while (have < length) {
        ssize_t got = read(fd, bytes + have, length - have);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            free(bytes);
            return ERR_IO;
        }
        have += (size_t)got;
    }
    *ret_bytes = bytes;
    *ret_length = length;
    return ERR_OK;
}

static enum err get_file(int root_fd, const char *name, unsigned char **ret_bytes, size_t *ret_length)
{
    char path[PATH_BYTES + 1], found[STORE_NAME_BYTES];
    object_path(name, path);
    int fd = openat(root_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    unsigned char *bytes = NULL;
    size_t length = 0;
    enum err err = read_all(fd, &bytes, &length);
    (void)close(fd);
    if (err != ERR_OK)
        return err;
    store_name(bytes, length, found);
    if (strcmp(found, name) != 0) {
        free(bytes);
        return ERR_IO;
    }
    *ret_bytes = bytes;
    *ret_length = length;
    return ERR_OK;
}

static void directory_get(struct store *store, const char *name, store_done_fn *done, void *context)
{
    struct directory *directory = (struct directory *)store;
    unsigned char *bytes = NULL;
    struct store_object object = {.length = 0};
    enum err err = get_file(directory->root_fd, name, &bytes, &object.length);
    if (err == ERR_OK) {
        memcpy(object.name, name, STORE_NAME_BYTES);
        object.bytes = bytes;
    }
    done(context, err, err == ERR_OK ? &object : NULL);
    free(bytes);
}

/* ERR_NOT_FOUND, ERR_IO. */
static enum err look_file(int root_fd, const char *name, struct store_object *ret_object)
{
    char path[PATH_BYTES + 1];
    struct stat there;
    object_path(name, path);
    if (fstatat(root_fd, path, &there, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    *ret_object = (struct store_object){.length = (size_t)there.st_size,
                                        .put_ms = (int64_t)there.st_mtim.tv_sec * 1000 +
                                                  there.st_mtim.tv_nsec / 1000000};
    memcpy(ret_object->name, name, STORE_NAME_BYTES);
    (void)snprintf(ret_object->version, STORE_VERSION_BYTES, "%llx-%llx.%lx", (unsigned long long)there.st_ino,
                   (unsigned long long)there.st_mtim.tv_sec, (unsigned long)there.st_mtim.tv_nsec);
    return ERR_OK;
}

static void directory_look(struct store *store, const char *name, store_done_fn *done, void *context)
{
    struct store_object object;
    enum err err = look_file(((struct directory *)store)->root_fd, name, &object);
    done(context, err, err == ERR_OK ? &object : NULL);
}

static void directory_list(struct store *store, const char *from, store_list_fn *done, void *context)
{
    struct directory *directory = (struct directory *)store;
    walk_slice(directory->root_fd, from, &directory->slice);
    done(context, ERR_OK, &directory->slice);
}

/* Under the lock. */
static enum err remove_file(int root_fd, const char *name, const char *version)
{
    char path[PATH_BYTES + 1];
    struct store_object there;
    enum err err = look_file(root_fd, name, &there);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    if (strcmp(there.version, version) != 0)
        return ERR_CONFLICT;
    object_path(name, path);
    if (unlinkat(root_fd, path, 0) != 0)
        return ERR_IO;
    path[5] = '\0';
    return sync_directory(root_fd, path);
}

static void directory_remove(struct store *store, const char *name, const char *version, store_done_fn *done,
                             void *context)
{
    struct directory *directory = (struct directory *)store;
    struct store_object object = {.bytes = NULL, .length = 0};
    memcpy(object.name, name, STORE_NAME_BYTES);
    enum err err = lock_name(directory, name, F_WRLCK);
    if (err == ERR_OK) {
        err = remove_file(directory->root_fd, name, version);
        unlock_name(directory, name);
    }
    done(context, err, err == ERR_OK ? &object : NULL);
}

static void directory_free(struct store *store)
{
    struct directory *directory = (struct directory *)store;
    (void)close(directory->lock_fd);
    (void)close(directory->root_fd);
    free(directory);
}

static enum err sweep_tmp(int root_fd)
{
    enum err err = make_directory(root_fd, "tmp", ".");
    if (err != ERR_OK)
        return err;
    int fd = openat(root_fd, "tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        if (fd >= 0)
            (void)close(fd);
        return ERR_IO;
    }
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        if (entry->d_name[0] != '.' && unlinkat(fd, entry->d_name, 0) != 0 && errno != ENOENT)
            err = ERR_IO;
    (void)closedir(dir);
    return err;
}

enum err directory_new(const char *path, struct store **ret_store)
{
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return ERR_IO;
    int root_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root_fd < 0)
        return errno == ENOTDIR ? ERR_INVALID : ERR_IO;
    enum err err = sweep_tmp(root_fd);
    int lock_fd = openat(root_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (err != ERR_OK || lock_fd < 0) {
        int why = errno;
        (void)close(root_fd);
        if (lock_fd >= 0)
            (void)close(lock_fd);
        errno = why;
        return ERR_IO;
    }
    struct directory *directory = calloc(1, sizeof *directory);
    if (directory == NULL)
        bug("out of memory");
    directory->store = (struct store){directory_put,  directory_get,    directory_look,
                                      directory_list, directory_remove, directory_free};
    directory->root_fd = root_fd;
    directory->lock_fd = lock_fd;
    *ret_store = &directory->store;
    return ERR_OK;
}

enum err directory_check(const char *path)
{
    struct stat there;
    if (stat(path, &there) == 0) {
        errno = S_ISDIR(there.st_mode) ? 0 : ENOTDIR;
        return errno == 0 && access(path, R_OK | W_OK | X_OK) == 0 ? ERR_OK : ERR_IO;
    }
    const char *slash = strrchr(path, '/');
    char parent[PATH_MAX];
    (void)snprintf(parent, sizeof parent, "%.*s", slash == NULL || slash == path ? 1 : (int)(slash - path),
                   slash == NULL ? "." : path);
    return errno == ENOENT && access(parent, W_OK | X_OK) == 0 ? ERR_NOT_FOUND : ERR_IO;
}
