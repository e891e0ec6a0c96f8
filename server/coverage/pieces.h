/* pieces.h - how long ago each 10 m of road was last watched, against what was planned.
 *
 * A way's directions are cut into pieces of 10 m (the last one shorter). A piece was last watched on the newest day that any of
 * the lanes of its direction was: at its middle. Days are whole UTC days, so a piece is on time as long as its age in
 * days does not exceed the cadence, rounded up to days. Ways without a cadence are not planned and have no pieces. Pure. */
#ifndef SERVER_COVERAGE_PIECES_H
#define SERVER_COVERAGE_PIECES_H

#include "grid/road.h"

#define PIECE_MM 10000
#define NEVER_WATCHED INT64_MIN

enum piece_state {
    PIECE_ON_TIME = 0,
    PIECE_LATE = 1,  /* beyond the cadence */
    PIECE_STALE = 2, /* beyond three of them: its squares are grey */
    PIECE_NEVER = 3
};
#define PIECE_STATES 4

struct piece {
    uint32_t way;
    bool is_backward;
    uint8_t state; /* enum piece_state */
    uint16_t age_d; /* UINT16_MAX if never */
    uint32_t from_mm, to_mm; /* chainages, from < to also backward */
};

/* What the answers come from: the newest day on which the square at a point was watched, or NEVER_WATCHED. */
struct watched_days {
    int64_t (*day_at)(const void *context, struct grid_point point);
    const void *context;
};

size_t pieces_count(const struct road_network *network);
/* Fills pieces_count() pieces, by way, direction (forward first) and chainage. */
void pieces_measure(const struct road_network *network, const struct watched_days *days, int64_t as_of_day, double stale_cadences,
                    struct piece *ret_pieces);
/* Carriageway of one direction, in millimetres: what a drive along it watches. */
uint32_t piece_width_mm(const struct road_network *network, const struct piece *piece);

/* Sums over pieces: of a road, of the district. */
struct piece_sums {
    double metres[PIECE_STATES]; /* of one direction each */
    double due_cells;            /* square metres that are late, stale or never watched */
    uint16_t newest_d, oldest_d; /* ages; UINT16_MAX if nothing was ever watched; oldest among what was */
};
void piece_sums_init(struct piece_sums *sums);
void piece_sums_add(struct piece_sums *sums, const struct road_network *network, const struct piece *piece);

#endif
