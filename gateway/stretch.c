#include "gateway/stretch.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/room.h"

#define UNIT 4
#define CHUNK_BYTES ((size_t)UNIT << STRETCH_CHUNK_BITS)
#define CHUNKS_MAX  (1u << (32 - STRETCH_CHUNK_BITS))
#define IMAGE_MAGIC UINT64_C(0x3148435445525453) /* another order of bytes reads another number */

_Static_assert(offsetof(struct stretch, points) + STRETCH_POINTS_MAX * sizeof(struct stretch_point) + UNIT < CHUNK_BYTES,
               "the longest stretch fits a chunk");

void stretches_init(struct stretches *stretches)
{
    memset(stretches, 0, sizeof *stretches);
}

void stretches_done(struct stretches *stretches)
{
    for (size_t i = 0; i < stretches->n_chunks; i++)
        free(stretches->chunks[i].bytes);
    free(stretches->chunks);
    memset(stretches, 0, sizeof *stretches);
}

static size_t size_of(const struct stretch *stretch)
{
    const size_t size = offsetof(struct stretch, points) + stretch->n_points * sizeof stretch->points[0];

    return (size + UNIT - 1) / UNIT * UNIT;
}

/* A place that was given back is used again; unit 0 of a chunk stays free, so that no stretch has number 0. */
static uint32_t chunk_new(struct stretches *stretches, int32_t day, bool is_phone)
{
    size_t at = 0;

    while (at < stretches->n_chunks && stretches->chunks[at].bytes)
        at++;
    ROOM(stretches->chunks, stretches->chunk_capacity, at + 1);
    stretches->n_chunks += at == stretches->n_chunks;
    stretches->chunks[at] = (struct stretch_chunk){room_zeroed(1, CHUNK_BYTES), UNIT, day, is_phone};
    return (uint32_t)at;
}

static bool has_room(const struct stretch_chunk *chunk, int32_t day, bool is_phone, size_t size)
{
    return chunk->bytes && chunk->day == day && chunk->is_of_phones == is_phone && chunk->used + size <= CHUNK_BYTES;
}

/* The last chunk nearly always; of another day the newest with room. */
static uint32_t chunk_for(struct stretches *stretches, int32_t day, bool is_phone, size_t size)
{
    if (stretches->last < stretches->n_chunks && has_room(&stretches->chunks[stretches->last], day, is_phone, size))
        return stretches->last;
    for (size_t i = stretches->n_chunks; i-- > 0;)
        if (has_room(&stretches->chunks[i], day, is_phone, size))
            return (uint32_t)i;
    return chunk_new(stretches, day, is_phone);
}

uint32_t stretches_add(struct stretches *stretches, const struct stretch *head, const struct stretch_point *points,
                       bool is_phone)
{
    const size_t size = size_of(head);
    const uint32_t at = chunk_for(stretches, (int32_t)(head->hour / HOURS_PER_DAY), is_phone, size);
    struct stretch_chunk *chunk = &stretches->chunks[at];
    struct stretch *stretch = (struct stretch *)(void *)(chunk->bytes + chunk->used);
    const uint32_t number = at << STRETCH_CHUNK_BITS | chunk->used / UNIT;

    memcpy(stretch, head, offsetof(struct stretch, points));
    memcpy(stretch->points, points, head->n_points * sizeof *points);
    chunk->used += (uint32_t)size;
    stretches->last = at;
    stretches->n++;
    return number;
}

static uint64_t count_of(const struct stretch_chunk *chunk)
{
    uint64_t n = 0;

    for (uint32_t at = UNIT; at < chunk->used; n++)
        at += (uint32_t)size_of((const struct stretch *)(const void *)(chunk->bytes + at));
    return n;
}

void stretches_forget(struct stretches *stretches, int64_t day, int64_t phone_day)
{
    for (size_t i = 0; i < stretches->n_chunks; i++) {
        struct stretch_chunk *chunk = &stretches->chunks[i];
        if (!chunk->bytes || chunk->day >= (chunk->is_of_phones ? phone_day : day))
            continue;
        stretches->n -= count_of(chunk);
        free(chunk->bytes);
        *chunk = (struct stretch_chunk){0};
    }
}

size_t stretches_bytes(const struct stretches *stretches)
{
    size_t bytes = stretches->chunk_capacity * sizeof *stretches->chunks;

    for (size_t i = 0; i < stretches->n_chunks; i++)
        bytes += stretches->chunks[i].bytes ? CHUNK_BYTES : 0;
    return bytes;
}

/* ---- image --------------------------------------------------------------------------------------------- */

struct head {
    uint64_t magic, n_chunks, n, last;
};

struct chunk_head {
    uint32_t used; /* 0: given back */
    int32_t day;
    uint32_t is_of_phones;
};

enum road_status stretches_save(const struct stretches *stretches, const struct image_sink *sink)
{
    const struct head head = {IMAGE_MAGIC, stretches->n_chunks, stretches->n, stretches->last};
    enum road_status status = image_write(sink, &head, sizeof head);

    for (size_t i = 0; status == ROAD_OK && i < stretches->n_chunks; i++) {
        const struct stretch_chunk *chunk = &stretches->chunks[i];
        const struct chunk_head about = {chunk->bytes ? chunk->used : 0, chunk->day, chunk->is_of_phones};
        status = image_write(sink, &about, sizeof about);
        if (status == ROAD_OK)
            status = image_write(sink, chunk->bytes, about.used);
    }
    return status;
}

/* Stretches fill the chunk from end to end, each of its day. */
static bool chunk_is_sound(const struct stretch_chunk *chunk)
{
    uint32_t at = UNIT;

    while (at < chunk->used) {
        const struct stretch *s = (const struct stretch *)(const void *)(chunk->bytes + at);
        if (chunk->used - at < offsetof(struct stretch, points) || s->n_points < 2 ||
            s->n_points > STRETCH_POINTS_MAX || size_of(s) > chunk->used - at ||
            (int32_t)(s->hour / HOURS_PER_DAY) != chunk->day ||
            (s->sensor != SENSE_MOTION && s->sensor != SENSE_CAMERA) || s->gnss > GNSS_PHONE)
            return false;
        at += (uint32_t)size_of(s);
    }
    return at == chunk->used;
}

static enum road_status load_chunk(struct stretch_chunk *chunk, struct image_source *source)
{
    struct chunk_head about;
    enum road_status status = image_read(source, &about, sizeof about);

    if (status != ROAD_OK || about.used == 0)
        return status;
    if (about.is_of_phones > 1 || about.used > CHUNK_BYTES || about.used < UNIT || about.used % UNIT)
        return ROAD_CORRUPT;
    *chunk = (struct stretch_chunk){room_zeroed(1, CHUNK_BYTES), about.used, about.day, about.is_of_phones};
    status = image_read(source, chunk->bytes, about.used);
    return status == ROAD_OK && !chunk_is_sound(chunk) ? ROAD_CORRUPT : status;
}

enum road_status stretches_load(struct stretches *stretches, struct image_source *source)
{
    struct head head;
    uint64_t n = 0;
    enum road_status status = image_read(source, &head, sizeof head);

    if (status != ROAD_OK)
        return status;
    if (head.magic != IMAGE_MAGIC || head.n_chunks >= CHUNKS_MAX || head.last > head.n_chunks)
        return ROAD_CORRUPT;
    for (uint64_t i = 0; status == ROAD_OK && i < head.n_chunks; i++) {
        ROOM(stretches->chunks, stretches->chunk_capacity, i + 1);
        stretches->n_chunks = i + 1;
        status = load_chunk(&stretches->chunks[i], source);
        if (status == ROAD_OK && stretches->chunks[i].bytes)
            n += count_of(&stretches->chunks[i]);
    }
    stretches->n = n;
    stretches->last = (uint32_t)head.last;
    return status == ROAD_OK && n != head.n ? ROAD_CORRUPT : status;
}

uint64_t *stretches_starts(const struct stretches *stretches)
{
    uint64_t *starts = room_zeroed((stretches->n_chunks << STRETCH_CHUNK_BITS) / 64, sizeof *starts);

    for (size_t i = 0; i < stretches->n_chunks; i++) {
        const struct stretch_chunk *chunk = &stretches->chunks[i];
        for (uint32_t at = UNIT; at < chunk->used;) {
            const size_t number = i << STRETCH_CHUNK_BITS | at / UNIT;
            starts[number / 64] |= UINT64_C(1) << number % 64;
            at += (uint32_t)size_of((const struct stretch *)(const void *)(chunk->bytes + at));
        }
    }
    return starts;
}

bool stretches_claim(const struct stretches *stretches, uint64_t *starts, uint32_t number)
{
    const uint64_t bit = UINT64_C(1) << number % 64;

    if (number >> STRETCH_CHUNK_BITS >= stretches->n_chunks || !(starts[number / 64] & bit))
        return false;
    starts[number / 64] &= ~bit;
    return true;
}
