/* piece.h - a piece of road: what runs through one 16 m square in one quadrant of heading. What was driven and felt there,
 * as sums and maxima, so that it does not matter who came first.
 *
 * A traverse is one continuous drive in one quadrant through a slice: a column of squares for who drives east or west, a
 * row for who drives north or south. A drive goes on over the border of two batches (at most 5 s between them). Passes of
 * one lane scatter over neighbouring squares of a slice, so the metres of a piece count as its length divided by the
 * traverses that came within a square of it: those of it and of its two neighbours across the way, less those that
 * crossed from one to the other (they would count twice). K passes of one lane then add up to its length. */
#ifndef GATEWAY_PIECE_H
#define GATEWAY_PIECE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PIECE_LEVEL     4
#define PIECES_IN_BLOCK 64 /* number = square of 16 m (0..15, Morton) * 4 + quadrant (0 north, 1 east, 2 south, 3 west) */
#define RIDES_KEPT      3  /* of the newest units (vehicle and hour) */
#define RIDE_SPEAKERS_MAX (1u << 20)

/* One unit's IRI, packed: hour 21 bits, IRI (centi) 16, speaker 20, metres 7; 0 = none. */
struct ride {
    uint32_t hour, speaker, metres;
    uint16_t iri_centi;
};
uint64_t ride_pack(struct ride ride);
struct ride ride_unpack(uint64_t packed);

struct piece {
    uint8_t number;
    uint16_t cover;      /* grid/cover.h; its colour is the code the piece had when it was last known */
    uint32_t length_cm;  /* of all traverses */
    uint32_t traverses;
    uint32_t crossings;  /* of them, those that also drove the next square across (north of it, or east) */
    uint64_t rides[RIDES_KEPT]; /* newest first */
};

struct pieces {
    uint64_t driven; /* a bit each */
    struct piece *items; /* ascending by number */
    uint8_t n, capacity;
};

struct traverse {
    int64_t last_ns; /* 0: none */
    int32_t slice;
    int32_t low, high; /* squares of the slice that it drove, all of them */
};

struct evidence;
struct road_point;

void pieces_done(struct pieces *pieces);
struct piece *pieces_find(const struct pieces *pieces, unsigned number); /* NULL if it was not driven */
struct piece *pieces_make(struct pieces *pieces, unsigned number);
/* Adds what a pass of `speaker` drove and felt; marks the blocks. `sense` is 0 for motion, 1 for a camera. */
void pieces_drive(struct evidence *evidence, uint32_t speaker, int sense, const struct road_point *points, size_t n);
/* Quadrant of a way. */
unsigned quadrant_of(double ue, double un);
/* Morton number of a 16 m square in its block. */
static inline unsigned piece_square(int column, int row)
{
    return (unsigned)((column & 1) | (row & 1) << 1 | (column & 2) << 1 | (row & 2) << 2);
}
static inline int piece_column(unsigned square)
{
    return (int)((square & 1) | (square >> 1 & 2));
}
static inline int piece_row(unsigned square)
{
    return (int)((square >> 1 & 1) | (square >> 2 & 2));
}

#endif
