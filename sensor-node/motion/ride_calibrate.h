/* ride_calibrate.h - the ride_gain of a vehicle from a drive over road whose IRI is known (from a profiler, or told by a
 * vehicle that was calibrated before).
 *
 * The points of the passes are cut into pieces of 20 m that do not overlap; of each, IRI told over IRI known. Told at a gain
 * of 1, their mean is the gain: IRI is a mean over metres, so the pieces' mean is the stretch's. Pieces farther than three
 * robust sigmas (of the logarithms, from the median) are left out: a pothole, a joint, a door. Pure, no allocation. */
#ifndef MOTION_RIDE_CALIBRATE_H
#define MOTION_RIDE_CALIBRATE_H

#include <stdbool.h>

#include "link/message.h"

#define RIDE_PIECE_M    20
#define RIDE_PIECES_MAX 5000 /* 100 km; what comes after is not taken */

struct ride_piece {
    double ratio; /* IRI told at a gain of 1 over IRI known */
    double speed_mps;
};

/* {0} to begin with. */
struct ride_pieces {
    struct ride_piece pieces[RIDE_PIECES_MAX];
    size_t n;
    double speed_low_mps, speed_high_mps; /* slower and faster pieces are left out; 0 = no such limit */
    /* the piece under way, and the point before */
    struct pass_point last;
    bool is_begun;
    double way_m, told_m, told_sum;
    int64_t from_ns;
};

/* Before a pass, and wherever two points do not follow each other. */
void ride_pieces_break(struct ride_pieces *pieces);
/* A point of a pass that a node with ride_gain = 1 tells, in order. `known_iri` in m/km, above 0. */
void ride_pieces_point(struct ride_pieces *pieces, const struct pass_point *point, double known_iri);
/* The passes of a batch, as far as they lie between two times; one that goes on from the batch before repeats its last point. */
void ride_pieces_batch(struct ride_pieces *pieces, const struct batch *batch, double known_iri, int64_t from_ns, int64_t to_ns);

enum ride_warning {
    RIDE_FEW_PIECES = 1,    /* fewer than 25: 500 m */
    RIDE_NARROW_SPEEDS = 2, /* nine tenths of the way within a factor of 1.25: other speeds are taken on trust */
    RIDE_WIDE_SPREAD = 4,   /* pieces differ by more than a factor of 1.65 (1 sigma): is it the stretch that was measured? */
    RIDE_BEYOND = 8         /* no setting that a node takes */
};

struct ride_calibration {
    double gain, gain_sigma; /* what to set, and how well the mean is known */
    double spread;           /* 1 sigma of a single piece, as a factor: 1.2 = 20 % */
    size_t n_pieces, n_left_out; /* used, and left out as not like the others */
    double speed_low_mps, speed_mps, speed_high_mps; /* tenth, half, nine tenths of the pieces used */
    unsigned warnings;       /* of enum ride_warning */
};

/* ROAD_NOT_FOUND: not a single piece. Sorts the pieces. */
enum road_status ride_calibrate(struct ride_pieces *pieces, struct ride_calibration *ret_calibration);

#endif
