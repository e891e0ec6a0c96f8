/* drive.h - what to drive next: one drive of at most so many metres that watches as many due square metres as it can.
 *
 * The network as a graph: junctions, and between them directed arcs (a oneway has one, other ways two). What an arc is worth is
 * the area of its direction that is late, stale or was never watched; it is worth that once. The drive is a walk: it may pass arcs
 * that are worth nothing, and turn round at any junction.
 *
 * The best walk is as hard to find as the orienteering problem, so this is a rule of thumb: from a start, go again and again to the end of
 * the arc with the most due area per metre of way to it (the shortest way there, whose own due area counts too), while the
 * length allows; do so from the 24 arcs richest in due area per metre, and keep the best. Against the optimum found by trying all walks
 * on small street grids it reaches 0.97 on average, 0.84 at least (docs/evidence). */
#ifndef SERVER_COVERAGE_DRIVE_H
#define SERVER_COVERAGE_DRIVE_H

#include "server/coverage/pieces.h"

struct arc {
    uint32_t from, to; /* junctions */
    uint32_t way;
    bool is_backward;
    int64_t from_mm, to_mm; /* chainages, from < to also backward */
    double length_m, due_m2;
};

struct road_graph {
    uint32_t n_junctions, n_arcs;
    struct arc *arcs;      /* by the junction they leave */
    uint32_t *first;       /* n_junctions + 1: arcs of a junction */
    struct grid_point *at; /* of the junctions */
};

enum road_status road_graph_make(const struct road_network *network, const struct piece *pieces, size_t n_pieces,
                                 struct road_graph *ret_graph);
void road_graph_done(struct road_graph *graph);

#define DRIVE_ARCS_MAX 4096
struct drive {
    size_t n_arcs;
    uint32_t arcs[DRIVE_ARCS_MAX]; /* in order */
    double length_m, due_m2;
};

/* n_arcs = 0 if nothing is due, or nothing due fits. `start` ROAD_NO_WAY: wherever it is best, else that junction. */
enum road_status drive_plan(const struct road_graph *graph, double length_m, uint32_t start, struct drive *ret_drive);

#endif
