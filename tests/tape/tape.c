#include "tests/tape/tape.h"

#include <stddef.h>
#include <string.h>

_Static_assert(sizeof(struct motion_sample) == 32 && offsetof(struct motion_sample, gyro_radps) == 20,
               "WebAssembly and arm64 lay samples out like this");
_Static_assert(sizeof(struct fix) == 56 && offsetof(struct fix, gnss) == 48,
               "WebAssembly and arm64 lay fixes out like this");

static void put_block(struct tape_writer *writer, enum tape_kind kind, const void *items, size_t size, uint32_t count)
{
    const uint32_t head[2] = {(uint32_t)kind, count};

    fwrite(head, sizeof head, 1, writer->file);
    fwrite(items, size, count, writer->file);
}

bool tape_flush(struct tape_writer *writer)
{
    if (writer->count > 0)
        put_block(writer, TAPE_MOTION, writer->samples, sizeof writer->samples[0], writer->count);
    writer->count = 0;
    return fflush(writer->file) == 0 && !ferror(writer->file);
}

void tape_put_zone(struct tape_writer *writer, struct grid_zone zone)
{
    const struct tape_zone item = {zone.meridian_deg, zone.is_south};

    put_block(writer, TAPE_ZONE, &item, sizeof item, 1);
}

void tape_put_motion(struct tape_writer *writer, const struct motion_sample *sample)
{
    writer->samples[writer->count++] = *sample;
    if (writer->count == TAPE_RUN_MAX)
        tape_flush(writer);
}

void tape_put_fix(struct tape_writer *writer, const struct fix *fix)
{
    tape_flush(writer);
    put_block(writer, TAPE_FIX, fix, sizeof *fix, 1);
}

void tape_put_gap(struct tape_writer *writer, int64_t from_ns, int64_t to_ns)
{
    const struct tape_gap item = {from_ns, to_ns};

    tape_flush(writer);
    put_block(writer, TAPE_GAP, &item, sizeof item, 1);
}

bool tape_next(const uint8_t **at, const uint8_t *end, struct tape_block *ret_block)
{
    static const size_t sizes[] = {[TAPE_ZONE] = sizeof(struct tape_zone),
                                   [TAPE_MOTION] = sizeof(struct motion_sample),
                                   [TAPE_FIX] = sizeof(struct fix),
                                   [TAPE_GAP] = sizeof(struct tape_gap)};
    uint32_t head[2];

    if ((size_t)(end - *at) < sizeof head)
        return false;
    memcpy(head, *at, sizeof head);
    if (head[0] < TAPE_ZONE || head[0] > TAPE_GAP || head[1] > TAPE_RUN_MAX)
        return false;
    const size_t size = sizes[head[0]] * head[1];
    if ((size_t)(end - *at) - sizeof head < size)
        return false;
    *ret_block = (struct tape_block){(enum tape_kind)head[0], head[1], *at + sizeof head};
    *at += sizeof head + size;
    return true;
}
