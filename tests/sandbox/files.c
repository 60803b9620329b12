/* Files and photo sizes.
 *
 * Bytes are kept once per content. A photo gets two or three sizes with their own ids, as at Telegram: never more than
 * 1280 pixels on the longer side and always JPEG, so a bot sees what it would see there. Smaller sizes are only made
 * when somebody downloads them (scale.c), because most never are.
 */
#include "tests/sandbox/files.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/sandbox/journal.h"
#include "tests/sandbox/scale.h"

static void blob_path(const struct sandbox *sb, const struct blob *blob, char *path, size_t room)
{
    snprintf(path, room, "%s/files/%s", sb->opt.data_dir, blob->hash);
}

static void blob_write(const struct sandbox *sb, const struct blob *blob)
{
    char path[4096];
    blob_path(sb, blob, path, sizeof(path));
    FILE *out = fopen(path, "wb");
    if (out == NULL || fwrite(blob->bytes, 1, blob->size, out) != blob->size)
        fprintf(stderr, "sandbox: can't write %s\n", path);
    if (out != NULL)
        fclose(out);
}

static struct blob *blob_make(struct sandbox *sb, const char *hash, const char *bytes, size_t size)
{
    void *found = NULL;
    if (lh_table_lookup_ex(sb->world.blobs, hash, &found))
        return found;
    struct blob *blob = mem_new(sizeof(*blob));
    snprintf(blob->hash, sizeof(blob->hash), "%s", hash);
    blob->size = size;
    if (bytes != NULL) {
        blob->bytes = mem_text_n(bytes, size);
        if (sb->opt.data_dir != NULL)
            blob_write(sb, blob);
    }
    lh_table_insert(sb->world.blobs, blob->hash, blob);
    return blob;
}

static bool blob_read(const struct sandbox *sb, struct blob *blob)
{
    if (blob->bytes != NULL)
        return true;
    char path[4096];
    blob_path(sb, blob, path, sizeof(path));
    FILE *in = fopen(path, "rb");
    if (in == NULL)
        return false;
    char *bytes = mem_new(blob->size + 1);
    bool ok = fread(bytes, 1, blob->size, in) == blob->size;
    fclose(in);
    if (ok)
        blob->bytes = bytes;
    else
        free(bytes);
    return ok;
}

static unsigned be16(const char *at)
{
    return (unsigned)(unsigned char)at[0] << 8 | (unsigned char)at[1];
}

static bool jpeg_size(const char *bytes, size_t size, int *width, int *height)
{
    size_t at = 2;
    while (at + 9 < size && (unsigned char)bytes[at] == 0xff) {
        unsigned marker = (unsigned char)bytes[at + 1];
        if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
            *height = (int)be16(bytes + at + 5);
            *width = (int)be16(bytes + at + 7);
            return true;
        }
        at += marker == 0xff ? 1 : 2 + (size_t)be16(bytes + at + 2);
    }
    return false;
}

static bool webp_size(const char *bytes, int *width, int *height)
{
    const unsigned char *at = (const unsigned char *)bytes;
    if (memcmp(bytes + 12, "VP8X", 4) == 0) {
        *width = 1 + (at[24] | at[25] << 8 | at[26] << 16);
        *height = 1 + (at[27] | at[28] << 8 | at[29] << 16);
    } else if (memcmp(bytes + 12, "VP8 ", 4) == 0) {
        *width = (at[26] | at[27] << 8) & 0x3fff;
        *height = (at[28] | at[29] << 8) & 0x3fff;
    } else if (memcmp(bytes + 12, "VP8L", 4) == 0) {
        *width = 1 + ((at[21] | at[22] << 8) & 0x3fff);
        *height = 1 + ((at[22] >> 6 | at[23] << 2 | at[24] << 10) & 0x3fff);
    } else {
        return false;
    }
    return true;
}

bool files_picture_size(const char *bytes, size_t size, int *ret_width, int *ret_height, const char **ret_mime)
{
    if (size > 24 && memcmp(bytes, "\x89PNG\r\n\x1a\n", 8) == 0) {
        *ret_mime = "image/png";
        *ret_width = (int)((be16(bytes + 16) << 16 | be16(bytes + 18)) & 0x7fffffff);
        *ret_height = (int)((be16(bytes + 20) << 16 | be16(bytes + 22)) & 0x7fffffff);
        return true;
    }
    if (size > 4 && memcmp(bytes, "\xff\xd8\xff", 3) == 0) {
        *ret_mime = "image/jpeg";
        return jpeg_size(bytes, size, ret_width, ret_height);
    }
    if (size > 30 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0) {
        *ret_mime = "image/webp";
        return webp_size(bytes, ret_width, ret_height);
    }
    return false;
}

const char *files_photo_refusal(const char *bytes, size_t size)
{
    int width = 0, height = 0;
    const char *mime = NULL;
    if (size == 0)
        return "Bad Request: file must be non-empty";
    if (size > FILE_PHOTO_MAX)
        return "Bad Request: file is too big";
    if (!files_picture_size(bytes, size, &width, &height, &mime) || width <= 0 || height <= 0)
        return "Bad Request: IMAGE_PROCESS_FAILED";
    int64_t longer = width > height ? width : height, shorter = width > height ? height : width;
    if ((int64_t)width + height > 10000 || longer > shorter * 20)
        return "Bad Request: PHOTO_INVALID_DIMENSIONS";
    return NULL;
}

static struct file *file_new(struct sandbox *sb, const struct file *head, int64_t number, char letter, int side)
{
    struct file *file = mem_new(sizeof(*file));
    *file = *head;
    int longer = head->width > head->height ? head->width : head->height;
    if (side < longer) {
        file->width = head->width * side / longer > 0 ? head->width * side / longer : 1;
        file->height = head->height * side / longer > 0 ? head->height * side / longer : 1;
        file->is_scaled = true;
    }
    struct buf id = {0};
    buf_addf(&id, "%s%08" PRIx64 "%.6s%c", head->is_photo ? "AgACAgIAAxkB" : "BQACAgIAAxkB", (uint64_t)number,
             head->blob->hash, letter);
    file->id = buf_take(&id);
    snprintf(file->unique_id, sizeof(file->unique_id), "%s%.12s%c", head->is_photo ? "AQAD" : "AgAD", head->blob->hash,
             letter);
    file->name = mem_text(head->name);
    file->mime = mem_text(head->mime);
    file->size_count = 0;
    file->head = file;
    lh_table_insert(sb->world.files, file->id, file);
    return file;
}

static struct file *file_make(struct sandbox *sb, struct blob *blob, bool is_photo, int width, int height,
                              const char *name, const char *mime, int64_t number)
{
    struct file like = {.blob = blob, .is_photo = is_photo, .width = width, .height = height};
    like.name = mem_text(name);
    like.is_scaled = is_photo && strcmp(mime, "image/jpeg") != 0;
    like.mime = mem_text(is_photo ? "image/jpeg" : mime);
    struct file *head = file_new(sb, &like, number, 'y', is_photo ? PHOTO_SIDE_MAX : 1 << 30);
    static const int sides[] = {90, 320};
    int longer = width > height ? width : height;
    for (unsigned i = 0; is_photo && i < 2; i++) {
        if (sides[i] < longer) {
            struct file *small = file_new(sb, &like, number, i == 0 ? 's' : 'm', sides[i]);
            small->head = head;
            head->sizes[head->size_count++] = small;
        }
    }
    head->sizes[head->size_count++] = head;
    head->number = number;
    head->source_width = width;
    head->source_height = height;
    head->source_mime = mem_text(mime);
    free(like.name);
    free(like.mime);
    if (number >= sb->world.next_file)
        sb->world.next_file = number + 1;
    return head;
}

struct file *files_add(struct sandbox *sb, bool is_photo, const char *name, const char *mime, const char *bytes,
                       size_t size)
{
    char hash[33];
    snprintf(hash, sizeof(hash), "%016" PRIx64 "%016" PRIx64, hash_bytes(bytes, size, 1), hash_bytes(bytes, size, 2));
    int width = 0, height = 0;
    const char *sniffed = NULL;
    if (!files_picture_size(bytes, size, &width, &height, &sniffed))
        width = height = 0;
    if (mime == NULL || is_photo)
        mime = sniffed != NULL ? sniffed : "application/octet-stream";
    struct blob *blob = blob_make(sb, hash, bytes, size);
    struct file *file = file_make(sb, blob, is_photo, width, height, name == NULL ? "file" : name, mime,
                                  sb->world.next_file);
    journal_file(sb, file);
    return file;
}

void files_restore(struct sandbox *sb, json_object *line)
{
    json_object *get = NULL;
#define TEXT(key) (json_object_object_get_ex(line, key, &get) ? json_object_get_string(get) : "")
#define NUMBER(key) (json_object_object_get_ex(line, key, &get) ? json_object_get_int64(get) : 0)
    struct blob *blob = blob_make(sb, TEXT("hash"), NULL, (size_t)NUMBER("size"));
    bool is_photo = NUMBER("photo") != 0;
    char *name = mem_text(TEXT("name"));
    int width = (int)NUMBER("width"), height = (int)NUMBER("height");
    int64_t number = NUMBER("number");
    file_make(sb, blob, is_photo, width, height, name, TEXT("mime"), number);
    free(name);
#undef TEXT
#undef NUMBER
}

struct file *files_find(const struct sandbox *sb, const char *id)
{
    void *found = NULL;
    return lh_table_lookup_ex(sb->world.files, id, &found) ? found : NULL;
}

static const char *extension(const struct file *file)
{
    const char *dot = file->name == NULL ? NULL : strrchr(file->name, '.');
    if (file->is_photo)
        return ".jpg";
    return dot == NULL || strlen(dot) > 8 || strchr(dot, '/') != NULL ? "" : dot;
}

void files_path(const struct file *file, char *path, size_t room)
{
    snprintf(path, room, "%s/%s%s", file->is_photo ? "photos" : "documents", file->id, extension(file));
}

struct file *files_find_path(const struct sandbox *sb, const char *path)
{
    const char *slash = strchr(path, '/');
    if (slash == NULL)
        return NULL;
    char id[96];
    size_t len = strcspn(slash + 1, ".");
    if (len >= sizeof(id))
        return NULL;
    memcpy(id, slash + 1, len);
    id[len] = '\0';
    return files_find(sb, id);
}

enum err files_bytes(struct sandbox *sb, const struct file *file, char **ret_bytes, size_t *ret_size)
{
    if (!blob_read(sb, file->blob))
        return ERR_IO;
    if (file->is_scaled)
        return scale_jpeg(file->blob->bytes, file->blob->size, file->width, file->height, ret_bytes, ret_size);
    *ret_bytes = mem_text_n(file->blob->bytes, file->blob->size);
    *ret_size = file->blob->size;
    return ERR_OK;
}

void files_add_json(struct buf *out, const struct file *file)
{
    buf_addf(out, "{\"file_id\":\"%s\",\"file_unique_id\":\"%s\"", file->id, file->unique_id);
    if (file->is_photo) {
        buf_addf(out, ",\"width\":%d,\"height\":%d", file->width, file->height);
    } else {
        buf_adds(out, ",\"file_name\":");
        buf_add_json(out, file->name);
        buf_adds(out, ",\"mime_type\":");
        buf_add_json(out, file->mime);
    }
    if (!file->is_scaled)
        buf_addf(out, ",\"file_size\":%zu", file->blob->size);
    buf_adds(out, "}");
}

void files_done(struct world *world)
{
    struct lh_entry *entry, *next;
    lh_foreach_safe(world->files, entry, next)
    {
        struct file *file = (struct file *)(uintptr_t)lh_entry_v(entry);
        free(file->id);
        free(file->name);
        free(file->mime);
        free(file->source_mime);
        free(file);
    }
    lh_foreach_safe(world->blobs, entry, next)
    {
        struct blob *blob = (struct blob *)(uintptr_t)lh_entry_v(entry);
        free(blob->bytes);
        free(blob);
    }
    lh_table_free(world->files);
    lh_table_free(world->blobs);
}
