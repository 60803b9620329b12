/* Phones put ever more beside the picture (a tone map that refers to two items, a gain map that two items share), and a
 * reader that is older than the phone refuses the whole file for it, though the picture itself is as it always was. So
 * the table of items is rewritten: whatever the primary item is not made of gets a type that no reader knows, and so do
 * the references to it. Types are four bytes for four bytes, so no offset moves.
 *
 * Everything here is read from a stranger's bytes: a box is believed only as far as the box around it reaches. */
#include "bot/services/darkroom/process/heif.h"

#include <stdlib.h>
#include <string.h>

#include "core/bug.h"

enum { ITEM_COUNT = 65536, DEPTH_MAX = 4 /* an overlay of grids of rotated tiles is three */, FULL_BYTES = 4 };

struct box {
    uint8_t *type;        /* where its four letters stand */
    size_t at, body, end; /* offsets: the box, what is in it, what follows it */
};

struct heif {
    uint8_t *bytes;
    struct box primary, items, references;
    bool kept[ITEM_COUNT];
};

static uint32_t big(const uint8_t *at, size_t count)
{
    uint32_t value = 0;
    for (size_t i = 0; i < count; i++)
        value = value << 8 | at[i];
    return value;
}

static bool next_box(uint8_t *bytes, size_t at, size_t end, struct box *ret_box)
{
    if (end < at || end - at < 8)
        return false;
    uint64_t size = big(bytes + at, 4), header = 8;
    if (size == 1 && end - at >= 16) {
        size = (uint64_t)big(bytes + at + 8, 4) << 32 | big(bytes + at + 12, 4);
        header = 16;
    } else if (size == 0) {
        size = end - at;
    }
    if (size < header || size > end - at)
        return false;
    *ret_box = (struct box){bytes + at + 4, at, at + header, at + size};
    return true;
}

static bool is(const struct box *box, const char *type)
{
    return memcmp(box->type, type, 4) == 0;
}

static bool find_box(uint8_t *bytes, size_t at, size_t end, const char *type, struct box *ret_box)
{
    for (struct box box; next_box(bytes, at, end, &box); at = box.end) {
        if (is(&box, type)) {
            *ret_box = box;
            return true;
        }
    }
    return false;
}

/* Where its number stands and how long it is, in pitm (since version 1) and infe (since version 3). */
static size_t id_bytes(const struct heif *heif, const struct box *box, uint8_t wide_version)
{
    return heif->bytes[box->body] >= wide_version ? 4 : 2;
}

struct reference {
    size_t id_bytes, from, count, targets; /* targets: offset of the first */
};

static bool read_reference(const struct heif *heif, const struct box *box, struct reference *ret)
{
    size_t wide = id_bytes(heif, &heif->references, 1);
    if (box->end - box->body < wide + 2)
        return false;
    *ret = (struct reference){wide, big(heif->bytes + box->body, wide), big(heif->bytes + box->body + wide, 2),
                              box->body + wide + 2};
    return ret->from < ITEM_COUNT && ret->count <= (box->end - ret->targets) / wide;
}

/* The items that this one is made of are kept too. */
static void keep_parts(struct heif *heif)
{
    struct reference reference;
    size_t at = heif->references.body + FULL_BYTES;
    for (struct box box; next_box(heif->bytes, at, heif->references.end, &box); at = box.end) {
        if (!is(&box, "dimg") || !read_reference(heif, &box, &reference) || !heif->kept[reference.from])
            continue;
        for (size_t i = 0; i < reference.count; i++) {
            uint32_t id = big(heif->bytes + reference.targets + i * reference.id_bytes, reference.id_bytes);
            if (id < ITEM_COUNT)
                heif->kept[id] = true;
        }
    }
}

static void hide_references(struct heif *heif)
{
    struct reference reference;
    size_t at = heif->references.body + FULL_BYTES;
    for (struct box box; next_box(heif->bytes, at, heif->references.end, &box); at = box.end)
        if (!is(&box, "dimg") || !read_reference(heif, &box, &reference) || !heif->kept[reference.from])
            memcpy(box.type, "skip", 4);
}

static void hide_items(struct heif *heif)
{
    size_t at = heif->items.body + FULL_BYTES + id_bytes(heif, &heif->items, 1);
    for (struct box box; next_box(heif->bytes, at, heif->items.end, &box); at = box.end) {
        if (!is(&box, "infe") || box.end - box.body < FULL_BYTES || heif->bytes[box.body] < 2)
            continue;
        size_t wide = id_bytes(heif, &box, 3), type = box.body + FULL_BYTES + wide + 2; /* behind its protection */
        uint32_t id = box.end >= type + 4 ? big(heif->bytes + box.body + FULL_BYTES, wide) : ITEM_COUNT;
        if (box.end >= type + 4 && (id >= ITEM_COUNT || !heif->kept[id]))
            memcpy(heif->bytes + type, "skip", 4);
    }
}

/* A table with a version, flags and a number that is longer since version 1. */
static bool find_table(struct heif *heif, const struct box *meta, const char *type, struct box *ret_box)
{
    return find_box(heif->bytes, meta->body + FULL_BYTES, meta->end, type, ret_box) &&
           ret_box->end - ret_box->body >= FULL_BYTES &&
           ret_box->end - ret_box->body >= FULL_BYTES + id_bytes(heif, ret_box, 1);
}

bool heif_keep_primary(uint8_t *bytes, size_t len)
{
    struct box meta;
    struct heif *heif = calloc(1, sizeof *heif);
    if (heif == NULL)
        bug("out of memory");
    heif->bytes = bytes;
    bool found = find_box(bytes, 0, len, "meta", &meta) && meta.end - meta.body >= FULL_BYTES &&
                 find_table(heif, &meta, "pitm", &heif->primary) && find_table(heif, &meta, "iinf", &heif->items) &&
                 find_table(heif, &meta, "iref", &heif->references);
    uint32_t id = found ? big(bytes + heif->primary.body + FULL_BYTES, id_bytes(heif, &heif->primary, 1)) : ITEM_COUNT;
    found = found && id < ITEM_COUNT;
    if (found) {
        heif->kept[id] = true;
        for (int depth = 0; depth < DEPTH_MAX; depth++)
            keep_parts(heif);
        hide_references(heif);
        hide_items(heif);
    }
    free(heif);
    return found;
}
