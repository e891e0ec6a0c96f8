#include "sensor-node/core_parts.h"

#include <math.h>

#define CLOCK_LEAP_S        3600.0 /* no drive has such a hole: the clock was set */
#define CLOCK_REFUSED       3   /* one or two stamps out of order are no jump of the clock */

void core_advance(struct node_core *core, bool is_final)
{
    struct place place;

    core->wait_to_ns = INT64_MIN;
    while (core->wait_first < core->wait_end) {
        const struct tick *tick = &core->waiting[core->wait_first % WAIT_TICKS];
        const int64_t newest_ns = core->waiting[(core->wait_end - 1) % WAIT_TICKS].time_ns;
        const int64_t lag_ns = learn_time_ns(&core->learn, 0);
        const enum track_answer answer =
            track_place(&core->track, tick->time_ns + lag_ns, newest_ns + lag_ns, is_final, &place);
        if (answer == TRACK_WAIT) {
            core->wait_to_ns = tick->time_ns + core->wait_ns;
            return;
        }
        if (answer == TRACK_PLACED)
            learn_spread(&core->learn, &place);
        core_tick(core, tick, answer == TRACK_PLACED ? &place : NULL);
        core->wait_first++;
    }
}

/* hold_s is shorter than the ring, so a tick is always taken before its place in it is needed again. */
static void wait_tick(void *context, const struct tick *tick)
{
    struct node_core *core = context;

    core->waiting[core->wait_end++ % WAIT_TICKS] = *tick;
    if (tick->time_ns >= core->wait_to_ns)
        core_advance(core, false);
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
        core_advance(core, true);
        core_flush(core);
        batcher_close(core->batcher);
    }
    coarse_forget(&core->coarse);
    core->wait_first = core->wait_end;
    core->wait_to_ns = INT64_MIN;
    resample_break(&core->resample, 0, UNWATCHED_CLOCK);
}

/* A few samples refused for their time: what the clock did there, and how much road it hid, nobody knows better than
 * the refused stamps themselves. */
static void note_refused_time(struct node_core *core, int64_t time_ns)
{
    /* A refused stamp may be anything; a difference of two may not fit. */
    const double step_ns = (double)time_ns - (double)core->time_before_ns;

    core->time_refused += 1;
    if (step_ns > 0 && step_ns < NS_PER_S)
        core->time_refused_ns += llround(step_ns);
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

/* Nothing was held against the sample before, and nothing against this one's time. */
static inline bool may_pass(const struct node_core *core, const struct motion_sample *sample)
{
    const int64_t last_ns = core->motion_guard.last_ns; /* sane; the sample's own may be anything */

    return core->is_calm && sample->time_ns > last_ns && sample->time_ns <= last_ns + core->calm_step_ns &&
           (!core->fault.has_gyro || sample_is_sane(sample));
}

/* Nothing at all is held against this sample, as against the one before: what nearly every one of a fast sensor comes
 * to. False: nothing has happened yet. */
static inline bool passes_calmly(struct node_core *core, const struct motion_sample *sample, double step_ns)
{
    if (!fault_passes(&core->fault, sample->time_ns, step_ns, sample->accel_mps2, sample->gyro_radps))
        return false;
    core->motion_guard.last_ns = sample->time_ns;
    return true;
}

/* The same at a closer look. */
static bool passes_closely(struct node_core *core, const struct motion_sample *sample, double step_ns)
{
    if (!fault_repeats(&core->fault, sample->time_ns, step_ns, sample->accel_mps2, sample->gyro_radps))
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

static inline bool add_to_tick(struct node_core *core, const struct motion_sample *sample, double step_ns)
{
    const bool is_added =
        resample_add(&core->resample, sample->time_ns, step_ns, sample->accel_mps2, sample->gyro_radps);

    core->stats.samples += is_added;
    return is_added;
}

/* A sample that ends a tick, or that is not as usual. */
static enum road_status push_sample(struct node_core *core, const struct motion_sample *sample, bool is_calm)
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

/* What nearly every sample is not. Kept out of the way of the others. */
__attribute__((noinline)) static enum road_status take_sample(struct node_core *core, const struct motion_sample *sample,
                                                              bool is_calm)
{
    if (is_calm || !may_pass(core, sample))
        return push_sample(core, sample, is_calm);
    const double step_ns = (double)(sample->time_ns - core->motion_guard.last_ns);
    const bool passes = passes_closely(core, sample, step_ns);
    return passes && add_to_tick(core, sample, step_ns) ? ROAD_OK : push_sample(core, sample, passes);
}

enum road_status node_core_motion(struct node_core *core, const struct motion_sample *sample)
{
    if (!may_pass(core, sample))
        return take_sample(core, sample, false);
    /* While calm, guard, fault and resample have the same sample before this one. */
    const double step_ns = (double)(sample->time_ns - core->motion_guard.last_ns);
    const bool is_calm = passes_calmly(core, sample, step_ns);
    return is_calm && add_to_tick(core, sample, step_ns) ? ROAD_OK : take_sample(core, sample, is_calm);
}

static enum road_status fix_take(struct node_core *core, const struct fix *fix)
{
    struct track_fix f;

    enum road_status status = fixes_check(&core->fixes, fix, &f);
    if (status != ROAD_OK)
        return status;
    if (core->fixes.guard.went_back)
        core_start_track(core);
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
    core_advance(core, false);
    return ROAD_OK;
}

void node_core_gap(struct node_core *core, int64_t from_ns, int64_t to_ns)
{
    core->is_calm = false;
    if (to_ns > from_ns)
        resample_break(&core->resample, ((double)to_ns - (double)from_ns) / NS_PER_S, UNWATCHED_GAP);
}
