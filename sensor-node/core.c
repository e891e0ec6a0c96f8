#include "sensor-node/core.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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
#include "sensor-node/vehicle.h"

#define WAIT_TICKS          1600 /* ticks that wait for their fix: 16 s, hold_s is at most 15 */
#define HOLD_MAX_S          15.0
#define WAITING_BATCHES_MAX 8    /* then samples are refused until batches are taken */
#define SIGMA_MAX_M         15.0 /* contract: no pass beyond, the metres are unplaced */
#define WATCH_MIN_MPS       1.5  /* slower, the wheels hardly move and the body says nothing */
#define POINT_M             2.5
#define NS_PER_S            1e9
#define BACKGROUND_TICKS    50
#define DOUBT_TICKS         250 /* so far back a tick can still be doubted: WINDOW_LAG, less what a sample may span */
#define CLOCK_LEAP_S        3600.0 /* no drive has such a hole: the clock was set */
#define CLOCK_REFUSED       3   /* one or two stamps out of order are no jump of the clock */
#define STAMP_SIGMA_S       0.002 /* of a sample's own stamp; how well the lag is known stands in the place's covariance */
#define JOLT_WAIT_S         3.0 /* a look lags 2.5 s behind the samples, a jolt COARSE_LAG_S; this much later it is there */
#define HANDLED_TICKS       300 /* orient's fast mean leans within 3 s */
#define JOLT_SIGMA_S        0.15 /* when it was: one sample more or less at 5 Hz */
#define RATE_STEPS          1.9 /* samples per watch_step_s, at least: two, with a little room for jitter */

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

void node_core_config_default(struct node_core_config *ret_config)
{
    *ret_config = (struct node_core_config){.zone = {120, false},
                                            .antenna_x_m = -0.6,
                                            .antenna_y_m = 0,
                                            .imu_x_m = -0.6,
                                            .wheelbase_m = 2.7,
                                            .half_track_m = 0.75,
                                            .gnss_lag_s = 0.15,
                                            .antenna_sigma_m = 0.1,
                                            .batch_m = 200,
                                            .batch_s = 30,
                                            .hold_s = 5,
                                            .frame = FRAME_ITRF_CURRENT,
                                            .epoch_centiyear = 2690,
                                            .watch_step_s = 0.1,
                                            .timing_sigma_s = 0.1,
                                            .ride_gain = 1.0};
}

static bool is_between(double value, double low, double high)
{
    return value >= low && value <= high; /* false for NAN */
}

static bool config_is_valid(const struct node_core_config *c)
{
    return grid_zone_is_valid(c->zone) && is_between(c->antenna_x_m, -30, 30) &&
           is_between(c->antenna_y_m, -5, 5) && is_between(c->imu_x_m, -30, 30) &&
           is_between(c->wheelbase_m, 0.8, 12) && is_between(c->half_track_m, 0.1, 2) &&
           is_between(c->gnss_lag_s, -5, 5) &&
           is_between(c->antenna_sigma_m, 0, 5) && is_between(c->batch_m, 20, 2000) &&
           is_between(c->batch_s, 1, 3600) && is_between(c->hold_s, 1, HOLD_MAX_S) &&
           is_between(c->watch_step_s, 0.005, 1) && is_between(c->ride_gain, 0.05, 10) &&
           is_between(c->timing_sigma_s, 0, 1);
}

static void filters_init(struct node_core *core)
{
    biquad_high_pass(&core->felt_high, BANK_HIGH_PASS_HZ, TICK_HZ);
    biquad_low_pass(&core->felt_low, BANK_LOW_PASS_HZ, TICK_HZ);
    biquad_high_pass(&core->ride_high, RIDE_HIGH_PASS_HZ, TICK_HZ);
    biquad_low_pass(&core->ride_low, RIDE_LOW_PASS_HZ, TICK_HZ);
    biquad_high_pass(&core->roll_high, BANK_HIGH_PASS_HZ, TICK_HZ); /* takes bends out, too */
    biquad_low_pass(&core->roll_low, BANK_LOW_PASS_HZ, TICK_HZ);
    core->pitch_high = core->roll_high;
    core->pitch_low = core->roll_low;
}

static void start_track(struct node_core *core)
{
    const struct mount *mount = &core->learn.applied;

    track_init(&core->track, mount->antenna_x_m, mount->antenna_y_m, core->config.hold_s);
    learn_restart_track(&core->learn);
}

enum road_status node_core_new(const struct node_core_config *config, uint64_t first_seq,
                               struct node_core **ret_core)
{
    const struct node_core_config *c = config;

    if (!config_is_valid(c) || first_seq == 0)
        return ROAD_BAD_RANGE;
    struct node_core *core = calloc(1, sizeof *core);
    if (!core)
        return ROAD_NO_MEMORY;
    const struct batcher_config batches = {.zone = c->zone,
                                           .frame = c->frame,
                                           .epoch_centiyear = c->epoch_centiyear,
                                           .half_track_mm = (uint16_t)llround(c->half_track_m * 1000),
                                           .batch_m = c->batch_m,
                                           .batch_s = c->batch_s,
                                           .point_m = POINT_M};
    if (batcher_new(&batches, first_seq, &core->batcher) != ROAD_OK) {
        free(core);
        return ROAD_NO_MEMORY;
    }
    core->config = *c;
    guard_init(&core->motion_guard);
    fixes_init(&core->fixes, c->zone);
    fault_init(&core->fault);
    core->rate_min_hz = RATE_STEPS / c->watch_step_s;
    core->calm_step_ns = llround(c->watch_step_s * NS_PER_S);
    const struct mount mount = {c->gnss_lag_s, c->antenna_x_m, c->antenna_y_m};
    const struct mount sigma = {c->timing_sigma_s, c->antenna_sigma_m, c->antenna_sigma_m};
    learn_init(&core->learn, &mount, &sigma);
    start_track(core);
    detector_init(&core->detector, c->imu_x_m, c->wheelbase_m, c->half_track_m);
    coarse_init(&core->coarse);
    background_init(&core->background);
    filters_init(core);
    *ret_core = core;
    return ROAD_OK;
}

void node_core_free(struct node_core *core)
{
    if (core)
        batcher_free(core->batcher);
    free(core);
}

/* Passes. */

static void end_pass(struct node_core *core)
{
    batcher_pass_end(core->batcher);
    core->pass_tick = -1;
}

static void add_point(struct node_core *core, const struct look *look, int64_t centre, double way_m)
{
    const double iri = ride_iri(&core->window, centre, core->config.ride_gain);
    const struct pass_point point = {
        .time_ns = look->time_ns,
        .at = {llround(look->place.e_m * 1000), llround(look->place.n_m * 1000)},
        .sigma_cm = (uint16_t)fmax(1, ceil(100 * place_sigma_m(&look->place))),
        .iri_centi = isnan(iri) ? IRI_UNKNOWN : (uint16_t)fmin(IRI_UNKNOWN - 1, round(100 * iri))};

    batcher_point(core->batcher, &point, look->place.gnss, way_m);
    core->point_m = look->along_m;
}

static void watch(struct node_core *core, const struct look *look, int64_t centre)
{
    const bool is_new = !batcher_has_pass(core->batcher);
    const double way_m = is_new ? 0 : look->along_m - core->point_m;

    batcher_time_source(core->batcher, look->place.time_source);
    if (is_new || way_m >= POINT_M)
        add_point(core, look, centre, way_m);
    core->pass_tick = centre;
}

/* The last point of a pass lies where watching ended, not up to 2.5 m before. */
static void stop_watching(struct node_core *core)
{
    const struct look *last = window_at(&core->window, core->pass_tick);

    if (batcher_has_pass(core->batcher) && last && last->along_m - core->point_m > 0.3)
        add_point(core, last, core->pass_tick, last->along_m - core->point_m);
    end_pass(core);
}

/* Detections. */

/* What a vehicle crosses again teaches it where its receiver sits. */
static void sight(struct node_core *core, const struct look *look, struct grid_point at, enum wheel_side side,
                  bool is_wide)
{
    if (side == WHEEL_UNKNOWN) /* somewhere across the vehicle: no landmark */
        return;
    learn_sight(&core->learn, &look->place, look->time_ns, (double)at.e_mm / 1000, (double)at.n_mm / 1000,
                is_wide);
}

static void report(struct node_core *core, const struct finding *finding)
{
    const struct look *look = window_at(&core->window, finding->index);
    struct detection detection;
    struct feature_sighting feature;

    if (!look || !look->is_watched || !batcher_has_pass(core->batcher))
        return;
    if (finding->feature != FEATURE_NONE) {
        finding_place_feature(finding, look, core->config.half_track_m, STAMP_SIGMA_S, &feature);
        core->stats.features += batcher_feature(core->batcher, &feature);
        sight(core, look, feature.at, feature.side, feature.side == WHEEL_BOTH);
        return;
    }
    finding_place(finding, look, core->config.half_track_m, STAMP_SIGMA_S,
                  &detection);
    core->stats.detections++;
    batcher_detection(core->batcher, &detection);
    sight(core, look, detection.at, detection.side, false); /* a dip across the lane is not in the next one */
}

/* A phone in somebody's hand shakes, too; that it was turned is known only afterwards. */
static bool is_handled(const struct node_core *core, int64_t index)
{
    for (int64_t i = index; i <= index + HANDLED_TICKS; i++) {
        const struct look *look = window_at(&core->window, i);
        if (look && look->is_turned)
            return true;
    }
    return false;
}

/* Its pass is a single point: it claims no road as watched. */
static void report_jolt(struct node_core *core, const struct coarse_jolt *jolt, int64_t index)
{
    const struct look *look = window_at(&core->window, index);
    struct finding finding = {.type = DEFECT_POTHOLE, .confidence = jolt->confidence, .index = index};
    struct detection detection;

    if (!look || !look->is_placed || look->unwatched != UNWATCHED_RATE || look->place.speed_mps < WATCH_MIN_MPS ||
        is_handled(core, index))
        return;
    stop_watching(core);
    batcher_time_source(core->batcher, look->place.time_source);
    add_point(core, look, index, 0);
    finding.fraction = (double)(jolt->time_ns - look->time_ns) / TICK_NS;
    finding_place(&finding, look, core->config.half_track_m, JOLT_SIGMA_S, &detection);
    detection.severity = SEVERITY_NONE; /* nobody can tell */
    core->stats.detections++;
    core->stats.jolts++;
    batcher_detection(core->batcher, &detection);
    end_pass(core);
}

/* Jolts up to `until_ns`; `centre` is the tick they are counted from. */
static void report_jolts(struct node_core *core, int64_t centre, int64_t until_ns)
{
    const struct coarse_jolt *jolt = coarse_next(&core->coarse);

    if (!jolt) /* as ever in a fast sensor */
        return;
    const struct look *look = window_at(&core->window, centre);
    while ((jolt = coarse_next(&core->coarse)) && jolt->time_ns <= until_ns) {
        report_jolt(core, jolt, centre - (look->time_ns - jolt->time_ns + TICK_NS / 2) / TICK_NS);
        coarse_drop(&core->coarse);
    }
}

/* The second half: one tick of the window, WINDOW_LAG behind the newest. */

static void learn_background(struct node_core *core, const struct look *look)
{
    core->background_square += look->felt_mps2 * look->felt_mps2;
    if (++core->background_ticks < BACKGROUND_TICKS)
        return;
    background_add(&core->background, look->place.speed_mps,
                   sqrt(core->background_square / BACKGROUND_TICKS));
    core->background_square = 0;
    core->background_ticks = 0;
}

/* Every 5 s, how the shaking spreads over frequency. */
static void learn_bands(struct node_core *core, int64_t centre)
{
    float bands[BACKGROUND_BANDS];

    if (centre % (2 * FOURIER_POINTS) == 0 &&
        traits_of_road(&core->detector.fourier, &core->window, centre, core->config.half_track_m, bands))
        background_add_bands(&core->background, bands);
}

static void count_unwatched(struct node_core *core, double seconds, enum unwatched_reason reason)
{
    core->stats.unwatched_s += seconds;
    core->stats.unwatched_by_s[reason] += seconds;
    batcher_unwatched(core->batcher, seconds);
}

static void look_at(struct node_core *core, int64_t centre)
{
    const struct look *look = window_at(&core->window, centre);
    const double step_m = look->place.speed_mps * TICK_S;
    struct finding finding;

    batcher_clock(core->batcher, look->time_ns);
    report_jolts(core, centre, look->time_ns - (int64_t)(JOLT_WAIT_S * NS_PER_S));
    if (look->is_watched) {
        core->stats.distance_m += step_m;
        core->stats.without_gyro_s += look->has_gyro ? 0 : TICK_S;
        watch(core, look, centre);
        learn_background(core, look);
        learn_bands(core, centre);
        if (detector_look(&core->detector, &core->window, centre, &core->background, &finding))
            report(core, &finding);
        return;
    }
    stop_watching(core);
    core->background_ticks = 0;
    core->background_square = 0;
    if (look->place.speed_mps < WATCH_MIN_MPS)
        return;
    if (look->is_placed) {
        core->stats.distance_m += step_m;
        count_unwatched(core, TICK_S, look->unwatched);
    } else {
        core->stats.unplaced_m += step_m;
        core->stats.unplaced_by_m[look->unplaced] += step_m;
        batcher_unplaced(core->batcher, step_m);
    }
}

static void flush_window(struct node_core *core)
{
    while (core->looked < core->window.end)
        look_at(core, core->looked++);
    if (core->looked > 0)
        report_jolts(core, core->looked - 1, window_at(&core->window, core->looked - 1)->time_ns);
    stop_watching(core);
    window_reset(&core->window);
    detector_reset(&core->detector);
    core->looked = 0;
    core->along_m = 0;
}

/* The first half: a tick that has its place, or will never have one. */

/* Roll and pitch through the same band as the vertical, so that they can be compared. */
static double filter_turn(struct biquad *high, struct biquad *low, double turn_radps)
{
    return isnan(turn_radps) ? NAN : biquad_step(low, biquad_step(high, turn_radps));
}

static void feel(struct node_core *core, const struct tick *tick, struct look *look)
{
    const bool is_level = orient_is_ready(&core->orient) && tick->fault != UNWATCHED_STUCK;
    const double vertical = is_level ? orient_vertical(&core->orient, tick->value) : 0;

    look->felt_mps2 = biquad_step(&core->felt_low, biquad_step(&core->felt_high, vertical));
    look->ride_iri = ride_feel(&core->ride, biquad_step(&core->ride_low, biquad_step(&core->ride_high, vertical)),
                               look->place.speed_mps);
    look->vertical_mps2 = vertical;
    look->level_mps2 = is_level ? orient_level(&core->orient, tick->value) : 0;
    look->roll_radps =
        filter_turn(&core->roll_high, &core->roll_low, orient_roll(&core->orient, tick->value + 3));
    look->pitch_radps =
        filter_turn(&core->pitch_high, &core->pitch_low, orient_pitch(&core->orient, tick->value + 3));
    look->has_gyro = !isnan(tick->value[3]);
}

/* The mount turns: from the first suspicion on nothing is watched, nor what came just before it. */
static bool level_step(struct node_core *core, const struct tick *tick)
{
    const bool was_tilted = orient_is_tilted(&core->orient);

    if (tick->fault == UNWATCHED_STUCK)
        return orient_is_ready(&core->orient);
    if (!orient_step(&core->orient, tick->value)) {
        core->is_moved = true;
        filters_init(core);
    }
    if (orient_is_tilted(&core->orient) && !was_tilted)
        window_doubt(&core->window, core->looked, tick->time_ns - DOUBT_TICKS * (int64_t)TICK_NS, UNWATCHED_MOVED);
    const bool is_level = orient_is_ready(&core->orient);
    core->is_moved &= !is_level;
    return is_level;
}

static bool is_turned(const struct node_core *core)
{
    return core->is_moved || orient_is_tilted(&core->orient);
}

static enum unwatched_reason reason_against(const struct node_core *core, const struct tick *tick, bool is_level)
{
    if (tick->fault != UNWATCHED_NOT)
        return tick->fault;
    if (tick->doubt != UNWATCHED_NOT)
        return tick->doubt;
    if (is_turned(core))
        return UNWATCHED_MOVED;
    return is_level ? UNWATCHED_NOT : UNWATCHED_LEVEL;
}

static enum unplaced_reason place_trouble(const struct node_core *core, int64_t time_ns, const struct place *place)
{
    if (!place)
        return fixes_trouble(&core->fixes, time_ns);
    if (place->time_source == TIME_NONE)
        return UNPLACED_NO_UTC;
    return place_sigma_m(place) <= SIGMA_MAX_M ? UNPLACED_NOT : UNPLACED_COARSE;
}

static void take_tick(struct node_core *core, const struct tick *tick, const struct place *place)
{
    struct look look = {.time_ns = tick->time_ns};

    if (tick->is_first) {
        flush_window(core);
        filters_init(core);
        count_unwatched(core, tick->gap_s, tick->gap_reason);
    }
    look.unplaced = place_trouble(core, tick->time_ns, place);
    look.is_placed = look.unplaced == UNPLACED_NOT;
    if (place) {
        look.place = *place;
        core->speed_mps = place->speed_mps;
        if (look.is_placed && orient_is_ready(&core->orient) && tick->fault == UNWATCHED_NOT)
            orient_learn_forward(&core->orient, tick->value, place->accel_mps2, place->turn_radps);
    } else {
        look.place.speed_mps = core->speed_mps;
    }
    const bool is_level = level_step(core, tick);
    learn_tick(&core->learn, &core->track, tick->time_ns, tick->value,
               is_level && !tick->is_first && tick->fault == UNWATCHED_NOT);
    look.unwatched = reason_against(core, tick, is_level);
    look.is_turned = is_turned(core);
    feel(core, tick, &look);
    look.is_watched =
        look.unwatched == UNWATCHED_NOT && look.is_placed && look.place.speed_mps >= WATCH_MIN_MPS;
    core->along_m += look.place.speed_mps * TICK_S;
    look.along_m = core->along_m;
    window_push(&core->window, &look);
    if (core->window.end - core->looked > WINDOW_LAG)
        look_at(core, core->looked++);
}

/* Places the ticks that can be placed now. */
static void advance(struct node_core *core, bool is_final)
{
    struct place place;

    while (core->wait_first < core->wait_end) {
        const struct tick *tick = &core->waiting[core->wait_first % WAIT_TICKS];
        const int64_t newest_ns = core->waiting[(core->wait_end - 1) % WAIT_TICKS].time_ns;
        const int64_t lag_ns = learn_time_ns(&core->learn, 0);
        const enum track_answer answer =
            track_place(&core->track, tick->time_ns + lag_ns, newest_ns + lag_ns, is_final, &place);
        if (answer == TRACK_WAIT)
            return;
        if (answer == TRACK_PLACED)
            learn_spread(&core->learn, &place);
        take_tick(core, tick, answer == TRACK_PLACED ? &place : NULL);
        core->wait_first++;
    }
}

/* hold_s is shorter than the ring, so a tick is always taken before its place in it is needed again. */
static void wait_tick(void *context, const struct tick *tick)
{
    struct node_core *core = context;

    core->waiting[core->wait_end++ % WAIT_TICKS] = *tick;
    advance(core, false);
    core->is_calm &= batcher_waiting(core->batcher) < WAITING_BATCHES_MAX;
}

static bool sample_is_sane(const struct motion_sample *s)
{
    for (int k = 0; k < 3; k++) {
        if (!(fabsf(s->accel_mps2[k]) <= 2000)) /* +-200 g: shock sensors; NAN fails */
            return false;
        if (fabsf(s->gyro_radps[k]) > 100) /* NAN passes: a device without */
            return false;
    }
    return true;
}

/* What came since `from_ns` is not to be believed after all. How far back that reaches does not depend on how long
 * ticks waited for their fixes. */
static void doubt(struct node_core *core, int64_t from_ns, int64_t now_ns, enum unwatched_reason reason)
{
    const int64_t oldest_ns = now_ns - DOUBT_TICKS * (int64_t)TICK_NS;

    from_ns = from_ns > oldest_ns ? from_ns : oldest_ns;
    from_ns = from_ns > core->stretch_ns ? from_ns : core->stretch_ns;
    for (uint64_t i = core->wait_end; i > core->wait_first; i--) {
        struct tick *tick = &core->waiting[(i - 1) % WAIT_TICKS];
        if (tick->time_ns < from_ns)
            return;
        if (tick->doubt == UNWATCHED_NOT)
            tick->doubt = reason;
    }
    window_doubt(&core->window, core->looked, from_ns, reason);
}

/* The clock was put right. At a start the few samples before that have no place in time; in the middle of a drive what
 * came before is closed as it is, and time begins again. */
static void begin_again(struct node_core *core)
{
    coarse_break(&core->coarse);
    if (core->motion_guard.was_sure) {
        advance(core, true);
        flush_window(core);
        batcher_close(core->batcher);
    }
    coarse_forget(&core->coarse);
    core->wait_first = core->wait_end;
    resample_break(&core->resample, 0, UNWATCHED_CLOCK);
}

/* A few samples refused for their time: what the clock did there, and how much road it hid, nobody knows better than
 * the refused stamps themselves. */
static void note_refused_time(struct node_core *core, int64_t time_ns)
{
    const int64_t step_ns = time_ns - core->time_before_ns;

    core->time_refused += 1;
    if (step_ns > 0 && (double)step_ns < NS_PER_S)
        core->time_refused_ns += step_ns;
    core->time_before_ns = time_ns;
}

/* A hole before this sample, and why. */
static void note_hole(struct node_core *core, double step_s)
{
    const bool is_slow = core->fault.rate_hz > 0 && core->fault.rate_hz < core->rate_min_hz;
    const bool has_leapt = core->time_refused >= CLOCK_REFUSED || step_s > CLOCK_LEAP_S;

    if (has_leapt || core->motion_guard.went_back) {
        resample_break(&core->resample, (double)core->time_refused_ns / NS_PER_S, UNWATCHED_CLOCK);
        fault_break(&core->fault);
    } else if (step_s > (is_slow ? FAULT_HOLE_S : core->config.watch_step_s)) {
        resample_break(&core->resample, core->resample.has_last ? step_s : 0, UNWATCHED_GAP);
        fault_break(&core->fault);
    }
    if (!core->resample.has_last)
        coarse_break(&core->coarse);
    core->time_refused = 0;
    core->time_refused_ns = 0;
}

static void look_for_faults(struct node_core *core, int64_t time_ns, double value[TICK_AXES])
{
    const struct fault_answer answer = fault_step(&core->fault, time_ns, value, core->rate_min_hz);

    if (answer.has_resumed)
        resample_break(&core->resample, 0, UNWATCHED_STUCK);
    if (!core->resample.has_last)
        core->stretch_ns = time_ns;
    if (answer.is_new)
        doubt(core, answer.from_ns, time_ns, answer.reason);
    core->resample.fault = answer.reason;
    if (answer.reason == UNWATCHED_RATE)
        coarse_push(&core->coarse, time_ns, value);
    else if (core->coarse.judged < core->coarse.end)
        coarse_break(&core->coarse);
    for (int k = 3; k < TICK_AXES && !answer.has_gyro; k++)
        value[k] = NAN;
}

/* Nothing at all is held against this sample, as against the one before: what nearly every one of a fast sensor comes
 * to. False: nothing has happened yet, check_sample looks closely. */
static bool passes_calmly(struct node_core *core, const struct motion_sample *sample)
{
    const int64_t step_ns = sample->time_ns - core->motion_guard.last_ns;

    if (!core->is_calm || step_ns <= 0 || step_ns > core->calm_step_ns ||
        (core->fault.has_gyro && !sample_is_sane(sample)) ||
        !fault_passes(&core->fault, sample->time_ns, sample->accel_mps2, sample->gyro_radps))
        return false;
    core->motion_guard.last_ns = sample->time_ns;
    return true;
}

static enum road_status check_sample(struct node_core *core, const struct motion_sample *sample,
                                     double value[TICK_AXES])
{
    core->is_calm = false;
    if (batcher_waiting(core->batcher) >= WAITING_BATCHES_MAX)
        return ROAD_FULL;
    const int64_t before_ns = core->motion_guard.last_ns;
    const bool has_before = core->motion_guard.has_last;
    const enum road_status status =
        sample_is_sane(sample) ? guard_check(&core->motion_guard, sample->time_ns) : ROAD_BAD_RANGE;
    if (status != ROAD_OK) {
        core->stats.samples_refused++;
        if (status == ROAD_BAD_TIME)
            note_refused_time(core, sample->time_ns);
        return status;
    }
    if (core->motion_guard.went_back)
        begin_again(core);
    note_hole(core, has_before ? (double)(sample->time_ns - before_ns) / NS_PER_S : 0);
    look_for_faults(core, sample->time_ns, value);
    core->is_calm = core->fault.is_calm && guard_is_calm(&core->motion_guard);
    return ROAD_OK;
}

/* A sample that is not as usual, or that ends a tick. Kept out of the way of the others. */
__attribute__((noinline)) static enum road_status take_sample(struct node_core *core, const struct motion_sample *sample,
                                                              bool is_calm)
{
    double value[TICK_AXES];

    for (int k = 0; k < 3; k++) {
        value[k] = (double)sample->accel_mps2[k];
        value[k + 3] = (double)sample->gyro_radps[k];
    }
    const enum road_status status = is_calm ? ROAD_OK : check_sample(core, sample, value);
    if (status != ROAD_OK)
        return status;
    core->stats.samples++;
    resample_push(&core->resample, sample->time_ns, value, wait_tick, core);
    return ROAD_OK;
}

enum road_status node_core_motion(struct node_core *core, const struct motion_sample *sample)
{
    const bool is_calm = passes_calmly(core, sample);

    if (!is_calm || !resample_add(&core->resample, sample->time_ns, sample->accel_mps2, sample->gyro_radps))
        return take_sample(core, sample, is_calm);
    core->stats.samples++;
    return ROAD_OK;
}

static enum road_status fix_take(struct node_core *core, const struct fix *fix)
{
    struct track_fix f;

    enum road_status status = fixes_check(&core->fixes, fix, &f);
    if (status != ROAD_OK)
        return status;
    if (core->fixes.guard.went_back)
        start_track(core);
    status = track_fix(&core->track, &f);
    fixes_note(&core->fixes, fix->time_ns, status);
    return status;
}

enum road_status node_core_fix(struct node_core *core, const struct fix *fix)
{
    core->is_calm = false;
    if (batcher_waiting(core->batcher) >= WAITING_BATCHES_MAX)
        return ROAD_FULL;
    const enum road_status status = fix_take(core, fix);
    if (status != ROAD_OK) {
        core->stats.fixes_refused++;
        return status;
    }
    core->stats.fixes++;
    advance(core, false);
    return ROAD_OK;
}

void node_core_gap(struct node_core *core, int64_t from_ns, int64_t to_ns)
{
    core->is_calm = false;
    if (to_ns > from_ns)
        resample_break(&core->resample, ((double)to_ns - (double)from_ns) / NS_PER_S, UNWATCHED_GAP);
}

void node_core_finish(struct node_core *core)
{
    core->is_calm = false;
    coarse_break(&core->coarse);
    advance(core, true);
    flush_window(core);
    coarse_forget(&core->coarse);
    count_unwatched(core, core->resample.gap_s, core->resample.gap_reason);
    batcher_close(core->batcher);
    core->resample = (struct resample){0};
    learn_finish(&core->learn);
    start_track(core);
    orient_reset(&core->orient);
    filters_init(core);
    guard_init(&core->motion_guard);
    fixes_reset(&core->fixes);
    core->stats.sample_hz = core->fault.rate_hz;
    fault_init(&core->fault);
    core->background_ticks = 0;
    core->background_square = 0;
    core->is_moved = false;
    core->time_refused = 0;
    core->time_refused_ns = 0;
    core->speed_mps = 0;
    core->ride = (struct ride){0};
}

const struct batch *node_core_take(struct node_core *core)
{
    return batcher_take(core->batcher);
}

size_t node_core_save(const struct node_core *core, uint8_t *ret_bytes)
{
    _Static_assert(NODE_CORE_BYTES_MAX == VEHICLE_BYTES_MAX, "one buffer for both");
    return vehicle_save(&core->learn, &core->background, ret_bytes);
}

enum road_status node_core_load(struct node_core *core, const uint8_t *bytes, size_t length)
{
    const enum road_status status = vehicle_load(bytes, length, &core->learn, &core->background);

    start_track(core);
    return status;
}

void node_core_watch_events(struct node_core *core,
                            void (*watcher)(void *context, const struct event *event,
                                            const struct match *matches, const float *traits),
                            void *context)
{
    core->detector.watcher = watcher;
    core->detector.watcher_context = context;
}

struct node_core_stats node_core_stats(const struct node_core *core)
{
    struct node_core_stats stats = core->stats;

    stats.batches = batcher_made(core->batcher);
    stats.look_alikes = core->detector.look_alikes;
    if (core->fault.rate_hz > 0)
        stats.sample_hz = core->fault.rate_hz;
    stats.fixes_frozen = core->fixes.frozen;
    stats.fixes_jumped = core->fixes.jumped;
    stats.gnss_lag_s = core->learn.applied.lag_s;
    stats.timing_sigma_s = calibrate_sigma(&core->learn.calibrate).lag_s;
    stats.antenna_x_m = core->learn.applied.antenna_x_m;
    stats.antenna_y_m = core->learn.applied.antenna_y_m;
    stats.recrossed = core->learn.calibrate.recrossed;
    return stats;
}
