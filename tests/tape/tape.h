/* tape.h - one drive as the core is fed with it, in a file: for playing the same drive natively, on another processor
 * and in WebAssembly, and for counting what the core alone costs.
 *
 * A tape is a row of blocks: a head of 8 bytes (kind, count; 32 bits each), then `count` structs as they lie in memory
 * on every machine we build for (little-endian, 8-byte aligned; asserted in tape.c). For tests only: it is no format
 * to keep anything in. */
#ifndef TESTS_TAPE_H
#define TESTS_TAPE_H

#include <stdio.h>

#include "sensor-node/core.h"

enum tape_kind { TAPE_ZONE = 1, TAPE_MOTION, TAPE_FIX, TAPE_GAP };

struct tape_zone {
    int32_t meridian_deg, is_south;
};

struct tape_gap {
    int64_t from_ns, to_ns;
};

#define TAPE_RUN_MAX 256 /* samples in one block */

/* Writing: samples are gathered into blocks. */
struct tape_writer {
    FILE *file;
    struct motion_sample samples[TAPE_RUN_MAX];
    uint32_t count;
};
void tape_put_zone(struct tape_writer *writer, struct grid_zone zone); /* first of all */
void tape_put_motion(struct tape_writer *writer, const struct motion_sample *sample);
void tape_put_fix(struct tape_writer *writer, const struct fix *fix);
void tape_put_gap(struct tape_writer *writer, int64_t from_ns, int64_t to_ns);
bool tape_flush(struct tape_writer *writer); /* false if anything could not be written */

/* Reading: block by block from memory. False at the end or at what is no tape. */
struct tape_block {
    enum tape_kind kind;
    uint32_t count;
    const void *items; /* struct motion_sample, struct fix, struct tape_zone or struct tape_gap */
};
bool tape_next(const uint8_t **at, const uint8_t *end, struct tape_block *ret_block);

#endif
