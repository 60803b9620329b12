/* Files: what was uploaded by either side, with Telegram's ids and photo sizes. */
#ifndef TESTS_SANDBOX_FILES_H
#define TESTS_SANDBOX_FILES_H

#include "tests/sandbox/sandbox.h"

#define FILE_DOWNLOAD_MAX (20u << 20)
#define FILE_UPLOAD_MAX (50u << 20)
#define FILE_PHOTO_MAX (10u << 20)
#define FILE_LINK_MS (3600LL * 1000)

/* Keeps the bytes as a new file. A photo must have known dimensions. Returns the file (its largest size). */
struct file *files_add(struct sandbox *sb, bool is_photo, const char *name, const char *mime, const char *bytes,
                       size_t size);
/* Why these bytes can't be a photo, in Telegram's words; NULL when they can. */
const char *files_photo_refusal(const char *bytes, size_t size);
struct file *files_find(const struct sandbox *sb, const char *id);
/* "photos/<id>.jpg": what getFile answers. The buffer holds at least 128 bytes. */
void files_path(const struct file *file, char *path, size_t room);
struct file *files_find_path(const struct sandbox *sb, const char *path);
/* The bytes to download, as new memory. */
enum err files_bytes(struct sandbox *sb, const struct file *file, char **ret_bytes, size_t *ret_size) MUST_CHECK;
/* A PhotoSize or Document object. */
void files_add_json(struct buf *out, const struct file *file);
/* Restores one from the journal: its bytes lie in the data directory. */
void files_restore(struct sandbox *sb, json_object *line);
void files_done(struct world *world);

/* Width, height and type from the header of a JPEG, PNG or WebP; false for anything else. */
bool files_picture_size(const char *bytes, size_t size, int *ret_width, int *ret_height, const char **ret_mime);

#endif
