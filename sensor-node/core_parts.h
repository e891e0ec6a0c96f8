/* core_parts.h - the inside of the node's core, shared by its own files and nobody else:
 *
 *     core.c         what core.h offers: made, fed, finished, asked
 *     core_intake.c  a sample or fix is checked, becomes ticks, and a tick waits for its place
 *     core_tick.c    a tick with its place: level, what is felt, whether it was watched
 *     core_look.c    a tick with its surroundings: passes, background, findings, jolts
 *
 * A tick goes through them in this order and never back. */
#ifndef SENSOR_NODE_CORE_PARTS_H
#define SENSOR_NODE_CORE_PARTS_H

#include "sensor-node/core.h"

#include "sensor-node/batcher.h"
#include "sensor-node/fixes.h"
#include "sensor-node/guard.h"
#include "sensor-node/motion/background.h"
#include "sensor-node/motion/biquad.h"
#include "sensor-node/motion/coarse.h"
#include "sensor-node/motion/detector.h"
#include "sensor-node/motion/fault.h"
#include "sensor-node/motion/finding.h"
#include "sensor-node/motion/orient.h"
#include "sensor-node/motion/resample.h"
#include "sensor-node/motion/ride.h"
#include "sensor-node/motion/window.h"
#include "sensor-node/position/learn.h"

#define WAIT_TICKS          1600 /* ticks that wait for their fix: 16 s, hold_s is at most 15 */
#define WAITING_BATCHES_MAX 8    /* then samples are refused until batches are taken */
#define WATCH_MIN_MPS       1.5  /* slower, the wheels hardly move and the body says nothing */
#define DOUBT_TICKS         250 /* so far back a tick can still be doubted: WINDOW_LAG, less what a sample may span */
#define POINT_M             2.5  /* of a pass, from point to point */
#define NS_PER_S            1e9

struct node_core {
    struct node_core_config config;
    struct node_core_stats stats;
    struct guard motion_guard;
    struct fixes fixes;
    struct fault fault;
    double rate_min_hz; /* fewer samples a second are too few */
    bool is_calm;       /* the last sample was as usual, and nothing has come between: see passes_calmly */
    int64_t calm_step_ns;
    struct resample resample;
    int64_t stretch_ns; /* first sample of the stretch under way */
    int time_refused;   /* samples in a row refused for their time ... */
    int64_t time_refused_ns, time_before_ns; /* ... how long they ran, and the last of them */
    struct tick waiting[WAIT_TICKS];
    uint64_t wait_first, wait_end;
    int64_t wait_ns;    /* so long, a little less than hold_s, a tick waits for fixes alone: */
    int64_t wait_to_ns; /* ticks before this one's time change nothing for the first that waits */
    struct track track;
    struct learn learn;
    struct orient orient;
    bool is_moved; /* it was turned, and up is not known again yet */
    struct biquad felt_high, felt_low, ride_high, ride_low, roll_high, roll_low, pitch_high,
        pitch_low;
    struct ride ride;
    double along_m;
    double speed_mps; /* the last one known, for metres without a place */
    struct window window;
    struct detector detector;
    struct coarse coarse; /* takes over where samples are too few to be watched */
    struct background background;
    double background_square;
    int background_ticks;
    int64_t looked;    /* next centre */
    double point_m;    /* way at the last point of the pass */
    int64_t pass_tick; /* last watched tick of the pass */
    struct batcher *batcher;
};

/* core.c: where the vehicle may be, and filters, as at a start. */
void core_start_track(struct node_core *core);
void core_start_filters(struct node_core *core);

/* core_intake.c: places the ticks that can be placed now; all of them if there will be no more fixes. */
void core_advance(struct node_core *core, bool is_final);

/* core_tick.c: a tick that has its place, or (NULL) will never have one. */
void core_tick(struct node_core *core, const struct tick *tick, const struct place *place);

/* core_look.c: the oldest tick of the window that was not looked at; all of them, and the stretch ends. */
void core_look(struct node_core *core);
void core_flush(struct node_core *core);
void core_count_unwatched(struct node_core *core, double seconds, enum unwatched_reason reason);

#endif
