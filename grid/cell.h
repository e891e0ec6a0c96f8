/* cell.h - the squares of the road: ids, parents, ranges, neighbours, human form.
 *
 * A cell of level k is a square of 2^k metres (k = 0..20). Its id has 53 bits, so it is exact in a JSON
 * number (and is sent as a string all the same):
 *     i = floor(e_mm / 1000) 20 bit, j = floor(n_mm / 1000) 24 bit, z = meridian / 3 (+120 south) 8 bit
 *     m = (j >> 20) << 40 | morton(j & 0xFFFFF on odd bits, i on even bits)          44 bit
 *     id = z << 45 | (m >> 2k) << (2k + 1) | 1 << 2k                                  S2-style sentinel
 * so that parents are bit operations and all descendants are one contiguous range.
 * Pure: no allocation, no state; any thread. */
#ifndef GRID_CELL_H
#define GRID_CELL_H

#include "grid/projection.h"

#define CELL_LEVEL_MAX  20
#define CELL_ZONE_SHIFT 45
#define CELL_TEXT_SIZE  40 /* bytes that cell_format needs at most, with the NUL */

struct cell {
    uint64_t id; /* 0 = no cell */
};

/* ROAD_BAD_RANGE if the point lies outside 0..2^20 m east or 0..2^24 m north of the frame's corner. */
enum road_status cell_from_point(struct grid_zone zone, struct grid_point point, int level,
                                 struct cell *ret_cell);
/* Metre cells of many points, the same bits as grid_project and cell_from_point one by one, about three times
 * as fast. A refused point gets id 0; returns how many were. */
size_t cells_from_degrees(struct grid_zone zone, const double *lat_deg, const double *lon_deg, size_t n,
                          struct cell *ret_cells);
bool cell_is_valid(struct cell cell);
int cell_level(struct cell cell);
int64_t cell_size_mm(struct cell cell);
struct grid_zone cell_zone(struct cell cell);
int cell_zone_number(struct grid_zone zone);     /* z above, 0..239 */
struct grid_point cell_corner(struct cell cell); /* south-west corner; the cell is half-open from there */
struct grid_point cell_centre(struct cell cell);

/* level >= cell_level(cell); the cell itself at its own level. */
struct cell cell_parent(struct cell cell, int level);
/* Ids of all descendants of every level, the cell itself among them: first <= id <= last. */
void cell_range(struct cell cell, uint64_t *ret_first, uint64_t *ret_last);
bool cell_contains(struct cell ancestor, struct cell descendant);
/* A leaf is 8 x 8 squares: of level 3 or more, its squares three levels below, numbered 0..63 in Morton order (bit 0
 * east, bit 1 north, ...). */
struct cell cell_of_leaf(struct cell leaf, unsigned number);
unsigned cell_number_in_leaf(struct cell cell); /* in its own leaf, cell_parent(cell, cell_level(cell) + 3) */
/* Same level, clockwise from north: N NE E SE S SW W NW; .id = 0 beyond the frame. */
void cell_neighbours(struct cell cell, struct cell ret_cells[8]);

/* "40-515741-3350510", with "/16" behind for a 16 m square; south: "40S-…". Returns ret_text. */
char *cell_format(struct cell cell, char ret_text[CELL_TEXT_SIZE]);
/* Takes the human form or the decimal id. */
enum road_status cell_parse(const char *text, struct cell *ret_cell);

#endif
