/* track.h - from fixes to a place at any moment between them: Kalman filter, fixed-lag smoother,
 * interpolation.
 *
 * State: antenna east, north and their rates (m, m/s), driven by white acceleration. Fixes place it, the
 * receiver's speed and course steer it (a receiver's velocity is far better than its position). A place waits
 * for TRACK_LOOKAHEAD_S of later fixes, is smoothed backwards from them (Rauch-Tung-Striebel) and
 * interpolated by a cubic through position and velocity, so bends keep their shape at one fix a second.
 *
 * What the covariance promises: errors of a receiver hang together over tens of seconds, so a filter that
 * sees ten fixes has not seen ten measurements. The filter smooths with the quickly changing part only
 * (TRACK_JITTER of the fix's sigma); what it reports is the fix's own variance, never less, plus its spread.
 *
 * Plain memory, one thread, no allocation. Times are UTC nanoseconds of validity, lag already taken off. */
#ifndef POSITION_TRACK_H
#define POSITION_TRACK_H

#include "link/message.h"

#define TRACK_NODES       256
#define TRACK_LOOKAHEAD_S 1.5
#define TRACK_JITTER      0.3

struct track_fix {
    int64_t time_ns;
    double e_m, n_m, sigma_m;
    double speed_mps, heading_rad; /* NAN if unknown; clockwise from north */
    enum gnss_class gnss;
    enum time_source time_source;
};

/* Where the point between the front wheels is. */
struct place {
    double e_m, n_m;
    double along_e, along_n; /* unit vector of the direction of travel; kept through stops */
    double speed_mps, accel_mps2, turn_radps; /* turn clockwise */
    double var_ee, var_en, var_nn;
    double receiver_m2, filter_m2; /* of that, per axis: the receiver's own, which hangs together; the filter's */
    double lag_s;                  /* the receiver's lag that was taken off */
    enum gnss_class gnss;
    enum time_source time_source;
};

struct track_node {
    struct track_fix fix;
    double x[4], p[4][4];               /* filtered at the fix */
    double x_before[4], p_before[4][4]; /* predicted for it */
    double back[4][4];                  /* the smoother's gain from here to the node before */
    bool is_start;                      /* nothing joins it to the node before */
};

struct track {
    double antenna_x_m, antenna_y_m, hold_s;
    struct track_node nodes[TRACK_NODES];
    uint64_t first, end; /* nodes [first, end), index modulo TRACK_NODES */
    uint64_t smoothed;   /* index of the node that `from` belongs to; interval [smoothed, smoothed + 1] */
    bool has_interval;
    double from[4], from_p[4][4], to[4], to_p[4][4];
    double curve[2][4], rate, bridge_m2; /* between the two: cubics in the share of it, 1/s, variance gained at most */
    double along_e, along_n; /* kept through stops */
    struct track_fix jump; /* a fix too far away, believed if the next ones agree */
    int jump_count;
    bool has_heading;
};

enum track_answer {
    TRACK_PLACED, /* ret_place is filled */
    TRACK_NONE,   /* no fix near enough: unplaced */
    TRACK_WAIT    /* ask again when more fixes or newer samples are there */
};

void track_init(struct track *track, double antenna_x_m, double antenna_y_m, double hold_s);
/* Fixes in time order. ROAD_BAD_RANGE: a jump no car can make (three that agree are believed: a new start).
 */
enum road_status track_fix(struct track *track, const struct track_fix *fix);
/* Asked with times that never go back. `newest_ns`: the newest sample known; after hold_s it does not wait
 * on. `is_final`: nothing more will come. */
enum track_answer track_place(struct track *track, int64_t time_ns, int64_t newest_ns, bool is_final,
                              struct place *ret_place);
/* Major axis of a 2x2 covariance: its greatest standard deviation. */
double place_sigma_m(const struct place *place);
/* Of travel, clockwise from north, -pi..pi. */
double place_heading_rad(const struct place *place);

#endif
