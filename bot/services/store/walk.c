/* A walk over <root>/ab/cd/<name>, a few directories a call: a store of a million objects has 65,536 of them, 15 names
 * in each, and no call may hold the loop up. Nothing is remembered between two calls but a name: the walk goes on
 * behind it, whatever came or went meanwhile. Must not: look at the objects themselves (that is a disk access each), or
 * change anything. */
#include "bot/services/store/walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { DIRECTORIES_MAX = 16 /* opened by one call */, SHARDS = 256, SHARD_DIGITS = 2, HEX = 16 };

struct walk {
    int root_fd;
    const char *from;
    int opened;
    struct store_slice *slice;
};

/* NULL if it is not there, or can't be read. */
static DIR *open_directory(struct walk *walk, const char *path)
{
    int fd = openat(walk->root_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && dir == NULL)
        (void)close(fd);
    walk->opened += dir != NULL;
    return dir;
}

static int digit(char c)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = c == '\0' ? NULL : strchr(digits, c);
    return at == NULL ? -1 : (int)(at - digits);
}

/* The number that two hex digits stand for; -1 if they are none. */
static int shard_of(const char *text)
{
    int high = digit(text[0]), low = high < 0 ? -1 : digit(text[1]);
    return low < 0 ? -1 : high * HEX + low;
}

/* Keeps the smallest names of all that are offered; the smallest that found no room is where the next slice begins. */
static void offer(struct store_slice *slice, const char *name)
{
    if (slice->next[0] != '\0' && strcmp(name, slice->next) > 0)
        return;
    size_t at = slice->count;
    while (at > 0 && strcmp(slice->names[at - 1], name) > 0)
        at--;
    if (at == STORE_SLICE_MAX) {
        memcpy(slice->next, name, STORE_NAME_BYTES);
        return;
    }
    if (slice->count == STORE_SLICE_MAX)
        memcpy(slice->next, slice->names[--slice->count], STORE_NAME_BYTES);
    memmove(slice->names[at + 1], slice->names[at], (slice->count - at) * STORE_NAME_BYTES);
    memcpy(slice->names[at], name, STORE_NAME_BYTES);
    slice->count++;
}

static void read_shard(struct walk *walk, int top, int sub)
{
    char path[8];
    (void)snprintf(path, sizeof path, "%02x/%02x", (unsigned)top, (unsigned)sub);
    DIR *dir = open_directory(walk, path);
    if (dir == NULL)
        return;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        if (store_name_valid(entry->d_name) && shard_of(entry->d_name) == top &&
            shard_of(entry->d_name + SHARD_DIGITS) == sub && strcmp(entry->d_name, walk->from) >= 0)
            offer(walk->slice, entry->d_name);
    (void)closedir(dir);
}

/* False: the call has read enough, and slice->next says where it goes on. */
static bool read_top(struct walk *walk, int top, int first_sub)
{
    char path[4];
    bool there[SHARDS] = {false};
    (void)snprintf(path, sizeof path, "%02x", (unsigned)top);
    DIR *dir = open_directory(walk, path);
    if (dir == NULL)
        return true;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        int sub = shard_of(entry->d_name);
        if (sub >= 0 && entry->d_name[SHARD_DIGITS] == '\0')
            there[sub] = true;
    }
    (void)closedir(dir);
    for (int sub = first_sub; sub < SHARDS; sub++) {
        if (!there[sub])
            continue;
        if (walk->opened >= DIRECTORIES_MAX || walk->slice->count == STORE_SLICE_MAX) {
            (void)snprintf(walk->slice->next, STORE_NAME_BYTES, "%02x%02x%060d", (unsigned)top, (unsigned)sub, 0);
            return false;
        }
        read_shard(walk, top, sub);
        if (walk->slice->next[0] != '\0')
            return false;
    }
    return true;
}

void walk_slice(int root_fd, const char *from, struct store_slice *ret_slice)
{
    struct walk walk = {.root_fd = root_fd, .from = from, .slice = ret_slice};
    int first_top = from[0] == '\0' ? 0 : shard_of(from), sub = from[0] == '\0' ? 0 : shard_of(from + SHARD_DIGITS);
    ret_slice->count = 0;
    ret_slice->next[0] = '\0';
    for (int top = first_top; top < SHARDS; top++)
        if (!read_top(&walk, top, top == first_top ? sub : 0))
            return;
}
