/* street.c - road metres by code, each piece of road once.
 *
 * Passes of one road scatter over neighbouring squares with their position error, so the metres of a piece (a 16 m
 * square in one quadrant of heading) are shared: what each unit drove in it, divided by the number of units that
 * drove in the 3 x 3 squares around it in that quadrant. K passes of one lane then add up to its length, wherever
 * they were placed; directions count apart, parallel lanes of one direction within 16 m as one road. */
#include <stdlib.h>
#include <string.h>

#include "gateway/beliefs.h"
#include "gateway/room.h"

#define SAME_RUN_NS (5 * INT64_C(1000000000)) /* one drive, cut by the border of two batches */
#define SIDE 4                                /* squares of 16 m along a block */
#define WIDE (SIDE + 2)                       /* with one of each neighbour */

/* One vehicle in one hour: the squares that it drove in, by quadrant, as bits of the 6 x 6 window. */
struct unit {
    uint32_t speaker;
    int64_t hour;
    const struct visit *visit; /* one of its visits, to this block or a neighbour */
    int32_t column, row;       /* of the visit's block, from this one */
    uint64_t squares[4];
};

struct window {
    struct unit *units;
    size_t n, capacity;
};

/* Morton of two bits each. */
static int square_column(int square)
{
    return (square & 1) | (square >> 1 & 2);
}

static int square_row(int square)
{
    return (square >> 1 & 1) | (square >> 2 & 2);
}

static void see_visit(struct window *window, const struct visit *visit, int32_t column, int32_t row)
{
    struct unit unit = {visit->speaker, visit->hour, visit, column, row, {0}};

    for (size_t i = 0; i < visit->n_runs; i++) {
        const int square = visit->runs[i].piece / 4;
        const int x = column * SIDE + square_column(square) + 1, y = row * SIDE + square_row(square) + 1;
        if (x >= 0 && x < WIDE && y >= 0 && y < WIDE)
            unit.squares[visit->runs[i].piece % 4] |= UINT64_C(1) << (y * WIDE + x);
    }
    if (!(unit.squares[0] | unit.squares[1] | unit.squares[2] | unit.squares[3]))
        return;
    ROOM(window->units, window->capacity, window->n + 1);
    window->units[window->n++] = unit;
}

static int by_unit(const void *a, const void *b)
{
    const struct unit *x = a, *y = b;

    if (x->speaker != y->speaker)
        return x->speaker < y->speaker ? -1 : 1;
    return (x->hour > y->hour) - (x->hour < y->hour);
}

/* The longest drive of a visit through each piece; runs are sorted by piece and time. */
static void longest_drives(const struct visit *visit, uint64_t ret_mm[PIECES_IN_BLOCK])
{
    uint64_t drive_mm = 0;

    for (size_t i = 0; i < visit->n_runs; i++) {
        const struct run *run = &visit->runs[i];
        if (i == 0 || run[-1].piece != run->piece || run->from_ns - run[-1].to_ns > SAME_RUN_NS)
            drive_mm = 0;
        drive_mm += run->length_mm;
        if (drive_mm > ret_mm[run->piece])
            ret_mm[run->piece] = drive_mm;
    }
}

static uint64_t around(unsigned piece)
{
    const int square = (int)piece / 4, x = square_column(square), y = square_row(square);

    return UINT64_C(7) << (y * WIDE + x) | UINT64_C(7) << ((y + 1) * WIDE + x) | UINT64_C(7) << ((y + 2) * WIDE + x);
}

static void add_unit(const struct unit *units, size_t n, uint64_t sum_mm[PIECES_IN_BLOCK],
                     unsigned drivers[PIECES_IN_BLOCK])
{
    uint64_t squares[4] = {0}, mm[PIECES_IN_BLOCK] = {0};

    for (size_t i = 0; i < n; i++) {
        for (int q = 0; q < 4; q++)
            squares[q] |= units[i].squares[q];
        if (units[i].column == 0 && units[i].row == 0)
            longest_drives(units[i].visit, mm);
    }
    for (unsigned p = 0; p < PIECES_IN_BLOCK; p++) {
        sum_mm[p] += mm[p];
        drivers[p] += (squares[p % 4] & around(p)) != 0;
    }
}

static void add_road(struct road_metres *sum, const struct road_metres *part, uint64_t sign)
{
    sum->covered_cm += sign * part->covered_cm;
    sum->red_cm += sign * part->red_cm;
    sum->yellow_cm += sign * part->yellow_cm;
    sum->green_cm += sign * part->green_cm;
    sum->grey_cm += sign * part->grey_cm;
}

static void count_metres(struct beliefs *beliefs, struct block *block, const uint64_t sum_mm[PIECES_IN_BLOCK],
                         const unsigned drivers[PIECES_IN_BLOCK])
{
    struct road_metres road = {0};
    uint64_t *const by_code[] = {[CODE_GREY] = &road.grey_cm, [CODE_GREEN] = &road.green_cm,
                                 [CODE_YELLOW] = &road.yellow_cm, [CODE_RED] = &road.red_cm};

    for (unsigned p = 0; p < PIECES_IN_BLOCK; p++) {
        const uint64_t cm = drivers[p] ? sum_mm[p] / drivers[p] / 10 : 0;
        road.covered_cm += cm;
        *by_code[block->piece_codes[p]] += cm;
    }
    add_road(&beliefs->road, &block->road, UINT64_MAX); /* minus one, modulo 2^64 */
    add_road(&beliefs->road, &road, 1);
    block->road = road;
}

void street_measure(struct beliefs *beliefs, struct block *block)
{
    uint64_t sum_mm[PIECES_IN_BLOCK] = {0};
    unsigned drivers[PIECES_IN_BLOCK] = {0};
    struct window window = {0};

    for (int32_t row = -1; row <= 1; row++)
        for (int32_t column = -1; column <= 1; column++) {
            const struct block *b = evidence_block(&beliefs->evidence, block->column + column, block->row + row);
            for (size_t i = 0; b && i < b->n_visits; i++)
                see_visit(&window, &b->visits[i], column, row);
        }
    if (window.n)
        qsort(window.units, window.n, sizeof *window.units, by_unit);
    for (size_t i = 0, next; i < window.n; i = next) {
        for (next = i + 1; next < window.n && by_unit(&window.units[i], &window.units[next]) == 0;)
            next++;
        add_unit(&window.units[i], next - i, sum_mm, drivers);
    }
    count_metres(beliefs, block, sum_mm, drivers);
    block->is_measured = true;
    free(window.units);
}
