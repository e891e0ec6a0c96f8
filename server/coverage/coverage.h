/* coverage.h - the district's coverage at one moment: pieces with their ages, roads with their sums, the graph to drive on.
 *
 * A road is all ways of one name; ways without a name count together, as the road without a name. Made from the
 * database in one go (about 1 s for 5 million squares), constant afterwards. */
#ifndef SERVER_COVERAGE_COVERAGE_H
#define SERVER_COVERAGE_COVERAGE_H

#include <sqlite3.h>

#include "server/coverage/drive.h"

#define NEXT_KM_DEFAULT 20.0
#define NEXT_KM_MAX 500.0

struct covered_road {
    uint32_t name;   /* in the network's text; 0: without a name */
    uint32_t way;    /* the first one of it, whose id is the road's */
    enum road_class class; /* the highest of its ways */
    uint16_t cadence_h;    /* the shortest */
    struct piece_sums sums;
};

struct coverage {
    const struct road_network *network; /* borrowed */
    int64_t as_of_day;
    struct piece *pieces;
    size_t n_pieces;
    struct covered_road *roads; /* most due square metres first */
    size_t n_roads;
    struct piece_sums district;
    struct road_graph graph;
};

enum road_status coverage_read(sqlite3 *db, const struct road_network *network, struct coverage *ret_coverage);
/* From any days: what coverage_read does with those of a database. */
enum road_status coverage_make(const struct road_network *network, const struct watched_days *days, int64_t as_of_day,
                               struct coverage *ret_coverage);
void coverage_done(struct coverage *coverage); /* zeroed is fine */

double piece_sums_planned_m(const struct piece_sums *sums);
/* Share of the planned metres that is on time; 1 where none are planned. */
double piece_sums_share(const struct piece_sums *sums);
/* A road's name for machines: the id of its first way; "" for the one without a name. */
const char *covered_road_id(const struct coverage *coverage, const struct covered_road *road);
extern const char *const piece_state_words[PIECE_STATES]; /* "on_time" … */

/* The junction nearest to a point; ROAD_NO_WAY if there is none. */
uint32_t coverage_junction(const struct coverage *coverage, struct grid_point point);

/* One line on a map, in millimetres of the frame: of a stretch of one direction of a way, in the middle of its lanes, in the direction
 * of driving. Returns how many points it has; more than the capacity are left out. */
size_t coverage_line(const struct road_network *network, uint32_t way, bool is_backward, int64_t from_mm, int64_t to_mm,
                     struct grid_point *ret_points, size_t capacity);

/* A drive in words: neighbouring arcs of one way and direction are one leg. */
struct leg {
    uint32_t way;
    bool is_backward;
    int64_t from_mm, to_mm; /* from < to also backward */
    double length_m, due_m2;
};
size_t drive_legs(const struct coverage *coverage, const struct drive *drive, struct leg *ret_legs, size_t capacity);

#endif
