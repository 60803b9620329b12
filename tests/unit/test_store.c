/* The directory store: content names, repeats, damage, hostile names, what a killed put leaves behind, and that nothing
 * is removed which somebody is just putting. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "bot/base/random.h"
#include "bot/services/store/directory.h"
#include "tests/check.h"

static char root[] = "/tmp/fotoset-store.XXXXXX";

struct seen {
    int calls;
    enum err err;
    char name[STORE_NAME_BYTES];
    unsigned char bytes[1024];
    size_t length;
    char version[STORE_VERSION_BYTES];
};

static void keep(void *context, enum err err, const struct store_object *object)
{
    struct seen *seen = context;
    seen->calls++;
    seen->err = err;
    CHECK_INT(object != NULL, err == ERR_OK);
    if (object == NULL)
        return;
    memcpy(seen->name, object->name, sizeof seen->name);
    seen->length = object->length;
    memcpy(seen->version, object->version, sizeof seen->version);
    if (object->bytes != NULL && object->length <= sizeof seen->bytes)
        memcpy(seen->bytes, object->bytes, object->length);
}

static struct seen put(struct store *store, const void *bytes, size_t length)
{
    struct seen seen = {.calls = 0};
    store_put(store, bytes, length, keep, &seen);
    CHECK_INT(seen.calls, 1);
    return seen;
}

static struct seen get(struct store *store, const char *name)
{
    struct seen seen = {.calls = 0};
    store_get(store, name, keep, &seen);
    CHECK_INT(seen.calls, 1);
    return seen;
}

static struct seen look(struct store *store, const char *name)
{
    struct seen seen = {.calls = 0};
    store_look(store, name, keep, &seen);
    CHECK_INT(seen.calls, 1);
    return seen;
}

static struct seen drop_version(struct store *store, const char *name, const char *version)
{
    struct seen seen = {.calls = 0};
    store_remove(store, name, version, keep, &seen);
    CHECK_INT(seen.calls, 1);
    return seen;
}

/* What stands there now. */
static struct seen drop(struct store *store, const char *name)
{
    struct seen seen = look(store, name);
    return drop_version(store, name, seen.err == ERR_OK ? seen.version : "");
}

static struct store *open_store(void)
{
    struct store *store = NULL;
    CHECK_INT(directory_new(root, &store), ERR_OK);
    return store;
}

static void path_of(const char *name, char path[256])
{
    (void)snprintf(path, 256, "%s/%.2s/%.2s/%s", root, name, name + 2, name);
}

static int count_tmp(void)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/tmp", root);
    DIR *dir = opendir(path);
    CHECK(dir != NULL);
    int count = 0;
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void test_round(void)
{
    struct store *store = open_store();
    struct seen first = put(store, "portrait", 8), second = put(store, "portrait", 8);
    CHECK_INT(first.err, ERR_OK);
    /* BLAKE2b-256 of "portrait" as b2sum -l 256 prints it: stored names must never change their meaning. */
    CHECK_TEXT(first.name, "a8a6dc2cdb2c0291b99479efb4429b3cfe1acf7ed53de8b29fc1f01bad65490a");
    CHECK_TEXT(second.name, first.name);
    struct seen got = get(store, first.name);
    CHECK_INT(got.err, ERR_OK);
    CHECK_INT(got.length, 8);
    CHECK(memcmp(got.bytes, "portrait", 8) == 0);
    CHECK_INT(count_tmp(), 0);

    struct stat info;
    char path[256];
    path_of(first.name, path);
    CHECK_INT(stat(path, &info), 0);
    CHECK_INT(info.st_mode & 0777, 0600);

    CHECK_INT(drop(store, first.name).err, ERR_OK);
    CHECK_INT(drop(store, first.name).err, ERR_OK);
    CHECK_INT(get(store, first.name).err, ERR_NOT_FOUND);
    store_free(store);
    store_free(NULL);
}

static void test_limits(void)
{
    struct store *store = open_store();
    CHECK_INT(put(store, "", 0).err, ERR_INVALID);
    unsigned char *big = calloc(1, STORE_OBJECT_MAX_BYTES + 1);
    CHECK(big != NULL);
    CHECK_INT(put(store, big, STORE_OBJECT_MAX_BYTES + 1).err, ERR_TOO_LARGE);
    struct seen most = put(store, big, STORE_OBJECT_MAX_BYTES);
    CHECK_INT(most.err, ERR_OK);
    CHECK_INT(get(store, most.name).length, STORE_OBJECT_MAX_BYTES);
    CHECK_INT(drop(store, most.name).err, ERR_OK);
    free(big);

    static const char *const names[] = {"", "..", "../../etc/passwd", "ABCDEF", "0123"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        CHECK_INT(get(store, names[i]).err, ERR_INVALID);
        CHECK_INT(drop(store, names[i]).err, ERR_INVALID);
    }
    char name[STORE_NAME_BYTES + 1];
    memset(name, 'a', STORE_NAME_LENGTH + 1);
    name[STORE_NAME_LENGTH + 1] = '\0';
    CHECK(!store_name_valid(name));
    name[STORE_NAME_LENGTH] = '/';
    CHECK(!store_name_valid(name));
    name[STORE_NAME_LENGTH] = '\0';
    CHECK(store_name_valid(name));
    CHECK_INT(get(store, name).err, ERR_NOT_FOUND);
    name[5] = '/';
    CHECK(!store_name_valid(name));
    store_free(store);
}

static void test_url(void)
{
    char name[STORE_NAME_BYTES], url[STORE_URL_BYTES];
    store_name("x", 1, name);
    store_url(name, url);
    CHECK(strncmp(url, "store:", 6) == 0);
    CHECK_TEXT(store_name_in_url(url), name);
    url[7] = 'X';
    CHECK(store_name_in_url(url) == NULL);
    CHECK(store_name_in_url("https://example.org/a.jpg") == NULL);
    CHECK(store_name_in_url("store:../../../etc/passwd") == NULL);
}

/* What is in the file is not what was put: told apart, and mended by putting it again when the size shows it. */
static void test_damage(void)
{
    struct store *store = open_store();
    struct seen seen = put(store, "portrait", 8);
    char path[256];
    path_of(seen.name, path);
    int fd = open(path, O_WRONLY);
    CHECK(fd >= 0);
    CHECK_INT(pwrite(fd, "X", 1, 3), 1);
    CHECK_INT(get(store, seen.name).err, ERR_IO);
    CHECK_INT(ftruncate(fd, 4), 0);
    CHECK_INT(get(store, seen.name).err, ERR_IO);
    close(fd);
    CHECK_INT(put(store, "portrait", 8).err, ERR_OK);
    CHECK_INT(get(store, seen.name).err, ERR_OK);

    /* Not even a link to the right bytes is followed. */
    char elsewhere[256];
    (void)snprintf(elsewhere, sizeof elsewhere, "%s/elsewhere", root);
    CHECK_INT(rename(path, elsewhere), 0);
    CHECK_INT(symlink(elsewhere, path), 0);
    CHECK_INT(get(store, seen.name).err, ERR_IO);
    CHECK_INT(put(store, "portrait", 8).err, ERR_OK);
    CHECK_INT(get(store, seen.name).err, ERR_OK);
    store_free(store);
}

/* Killed in the middle of puts: every object that has a name is whole, and the next opening sweeps the rest. */
static void test_kill(void)
{
    int whole = 0;
    for (int round = 0; round < 8; round++) {
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            struct store *store = open_store();
            unsigned char bytes[256 * 1024];
            for (unsigned i = 0;; i++) {
                memset(bytes, (int)(i % 251), sizeof bytes);
                memcpy(bytes, &i, sizeof i);
                (void)put(store, bytes, sizeof bytes);
            }
        }
        usleep((useconds_t)(3000 + random_number() % 30000));
        CHECK_INT(kill(child, SIGKILL), 0);
        CHECK_INT(waitpid(child, NULL, 0), child);
        struct store *store = open_store();
        CHECK_INT(count_tmp(), 0);
        unsigned char bytes[256 * 1024];
        char name[STORE_NAME_BYTES];
        for (unsigned i = 0; i < 10000; i++) {
            memset(bytes, (int)(i % 251), sizeof bytes);
            memcpy(bytes, &i, sizeof i);
            store_name(bytes, sizeof bytes, name);
            struct seen seen = get(store, name);
            if (seen.err == ERR_NOT_FOUND)
                break;
            CHECK_INT(seen.err, ERR_OK);
            whole++;
        }
        store_free(store);
    }
    CHECK(whole > 0);
}

static void test_sweep(void)
{
    char path[256];
    (void)snprintf(path, sizeof path, "%s/tmp/left-by-a-killed-put", root);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    CHECK(fd >= 0);
    close(fd);
    CHECK_INT(count_tmp(), 1);
    store_free(open_store());
    CHECK_INT(count_tmp(), 0);

    struct store *store = NULL;
    CHECK_INT(directory_new("/etc/passwd", &store), ERR_INVALID);
    CHECK_INT(directory_new("/nowhere/at/all", &store), ERR_IO);
    CHECK(store == NULL);
}

/* ---- removing ---- */

static void test_version(void)
{
    struct store *store = open_store();
    struct seen made = put(store, "portrait", 8), first = look(store, made.name);
    CHECK_INT(first.err, ERR_OK);
    CHECK_INT(first.length, 8);
    for (int i = 0; i < 100; i++) { /* faster than a file system's clock ticks */
        CHECK_INT(put(store, "portrait", 8).err, ERR_OK);
        struct seen again = look(store, made.name);
        CHECK(strcmp(again.version, first.version) != 0);
        CHECK_INT(drop_version(store, made.name, first.version).err, ERR_CONFLICT);
        CHECK_INT(get(store, made.name).err, ERR_OK);
        first = again;
    }
    CHECK_INT(drop_version(store, made.name, first.version).err, ERR_OK);
    CHECK_INT(get(store, made.name).err, ERR_NOT_FOUND);
    CHECK_INT(look(store, made.name).err, ERR_NOT_FOUND);
    CHECK_INT(drop_version(store, made.name, first.version).err, ERR_OK);
    CHECK_INT(put(store, "portrait", 8).err, ERR_OK);
    CHECK_INT(drop_version(store, made.name, first.version).err, ERR_CONFLICT); /* it came anew */
    CHECK_INT(drop(store, made.name).err, ERR_OK);
    store_free(store);
}

static void spin(void)
{
    for (volatile uint64_t left = random_number() % 40000; left > 0; left--)
        ;
}

/* Another process puts it while it is removed, at any moment between the look and after the unlink: it is there. */
static void test_removed_while_put(void)
{
    enum { ROUNDS = 2000 };
    struct store *store = open_store();
    int go[2], done[2], kept = 0;
    char byte = 0;
    struct seen made = put(store, "portrait", 8);
    CHECK_INT(made.err, ERR_OK);
    CHECK_INT(pipe(go), 0);
    CHECK_INT(pipe(done), 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        struct store *own = open_store();
        (void)close(go[1]);
        while (read(go[0], &byte, 1) == 1) {
            spin();
            while (put(own, "portrait", 8).err == ERR_AGAIN)
                ;
            CHECK_INT(write(done[1], &byte, 1), 1);
        }
        _exit(0);
    }
    for (int i = 0; i < ROUNDS; i++) {
        struct seen seen = look(store, made.name);
        CHECK_INT(seen.err, ERR_OK);
        CHECK_INT(write(go[1], &byte, 1), 1);
        spin();
        enum err err;
        while ((err = drop_version(store, made.name, seen.version).err) == ERR_AGAIN)
            ;
        CHECK(err == ERR_OK || err == ERR_CONFLICT);
        kept += err == ERR_CONFLICT;
        CHECK_INT(read(done[0], &byte, 1), 1);
        CHECK_INT(get(store, made.name).err, ERR_OK);
    }
    printf("%d of %d were put before they were removed\n", kept, ROUNDS);
    CHECK(kept > 0 && kept < ROUNDS);
    (void)close(go[1]);
    CHECK_INT(waitpid(child, NULL, 0), child);
    CHECK_INT(drop(store, made.name).err, ERR_OK);
    store_free(store);
}

struct listing {
    int slices, names;
    char next[STORE_NAME_BYTES], last[STORE_NAME_BYTES];
};

static void keep_slice(void *context, enum err err, const struct store_slice *slice)
{
    struct listing *listing = context;
    CHECK_INT(err, ERR_OK);
    listing->slices++;
    for (size_t i = 0; i < slice->count; i++) {
        CHECK(store_name_valid(slice->names[i]));
        CHECK(strcmp(slice->names[i], listing->last) > 0);
        memcpy(listing->last, slice->names[i], STORE_NAME_BYTES);
        listing->names++;
    }
    memcpy(listing->next, slice->next, STORE_NAME_BYTES);
}

static struct listing list_all(struct store *store)
{
    struct listing listing = {.slices = 0};
    do
        store_list(store, listing.next, keep_slice, &listing);
    while (listing.next[0] != '\0');
    return listing;
}

/* Every object once, and nothing else that lies there; a directory that is too full for one slice as well. */
static void test_list(void)
{
    enum { SPREAD = 600, CROWD = 2 * STORE_SLICE_MAX + 7 };
    struct store *store = open_store();
    char name[STORE_NAME_BYTES], path[256];
    int there = list_all(store).names;
    for (int i = 0; i < SPREAD; i++)
        CHECK_INT(put(store, &i, sizeof i).err, ERR_OK);
    CHECK_INT(list_all(store).names, there + SPREAD);
    (void)snprintf(path, sizeof path, "%s/ff", root);
    (void)mkdir(path, 0700);
    (void)snprintf(path, sizeof path, "%s/ff/ff", root);
    (void)mkdir(path, 0700);
    for (int i = 0; i < CROWD; i++) {
        (void)snprintf(name, sizeof name, "ffff%060x", i * 7919 % 4096);
        path_of(name, path);
        int fd = open(path, O_WRONLY | O_CREAT, 0600);
        CHECK(fd >= 0);
        close(fd);
    }
    (void)snprintf(path, sizeof path, "%s/ff/ff/no-name", root);
    CHECK_INT(symlink("/etc/passwd", path), 0);
    struct listing listing = list_all(store);
    CHECK_INT(listing.names, there + SPREAD + CROWD);
    printf("%d names in %d slices\n", listing.names, listing.slices);
    struct seen seen = {.calls = 0};
    store_look(store, "../lock", keep, &seen);
    CHECK_INT(seen.err, ERR_INVALID);
    store_free(store);
}

static void test_random(void)
{
    char one[RANDOM_UUID_BYTES], two[RANDOM_UUID_BYTES];
    random_uuid(one);
    random_uuid(two);
    CHECK_INT(strlen(one), 36);
    CHECK(strcmp(one, two) != 0);
    CHECK_INT(one[14], '4');
    CHECK(strchr("89ab", one[19]) != NULL);
    CHECK(random_number() != random_number());
}

int main(void)
{
    CHECK(mkdtemp(root) != NULL);
    test_round();
    test_limits();
    test_url();
    test_damage();
    test_kill();
    test_sweep();
    test_version();
    test_removed_while_put();
    test_list();
    test_random();
    (void)fflush(stdout);
    execlp("rm", "rm", "-rf", root, (char *)NULL); /* nothing is left to do but to clean up */
    return 1;
}
