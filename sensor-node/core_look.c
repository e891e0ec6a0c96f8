#include "sensor-node/core_parts.h"

#include <math.h>

#define BACKGROUND_TICKS    50
#define STAMP_SIGMA_S       0.002 /* of a sample's own stamp; how well the lag is known stands in the place's covariance */
#define JOLT_WAIT_S         3.0 /* a look lags 2.5 s behind the samples, a jolt COARSE_LAG_S; this much later it is there */
#define HANDLED_TICKS       300 /* orient's fast mean leans within 3 s */
#define JOLT_SIGMA_S        0.15 /* when it was: one sample more or less at 5 Hz */

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

void core_count_unwatched(struct node_core *core, double seconds, enum unwatched_reason reason)
{
    core->stats.unwatched_s += seconds;
    core->stats.unwatched_by_s[reason] += seconds;
    batcher_unwatched(core->batcher, seconds);
}

void core_look(struct node_core *core)
{
    const int64_t centre = core->looked++;
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
        core_count_unwatched(core, TICK_S, look->unwatched);
    } else {
        core->stats.unplaced_m += step_m;
        core->stats.unplaced_by_m[look->unplaced] += step_m;
        batcher_unplaced(core->batcher, step_m);
    }
}

void core_flush(struct node_core *core)
{
    while (core->looked < core->window.end)
        core_look(core);
    if (core->looked > 0)
        report_jolts(core, core->looked - 1, window_at(&core->window, core->looked - 1)->time_ns);
    stop_watching(core);
    window_reset(&core->window);
    detector_reset(&core->detector);
    core->looked = 0;
    core->along_m = 0;
}
