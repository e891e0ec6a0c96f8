#include "sensor-node/motion/fault.h"

#include <math.h>

#define STUCK_SAMPLES    10
#define CLIP_LEAST_MPS2  10.5 /* no sensor's range ends below its own gravity */
#define CLIP_LEAP_STEPS  5.0  /* a crest of a wave is reached in single steps of the converter */
#define CLIP_PLATEAU     3    /* samples in a row at the extreme: the end of the range at once */
#define CLIP_PLATEAUS    2    /* shorter ones: when they come again */
#define ABOVE            1.000001f /* a few units of the last place */
#define NS_PER_S         1e9

void fault_init(struct fault *fault)
{
    *fault = (struct fault){0};
}

void fault_break(struct fault *fault)
{
    for (int k = 0; k < TICK_AXES; k++)
        fault->axes[k].same = 0;
    for (int k = 0; k < 3; k++)
        fault->ends[k][0].run = fault->ends[k][1].run = 0;
    fault->has_last = false;
    fault->is_stuck = false;
    fault->is_calm = false;
}

static double last_of(const struct fault *fault, int k)
{
    return (double)(k < 3 ? fault->last[k] : fault->last_gyro[k - 3]);
}

/* Stuck. */

static void axis_step(struct fault_axis *axis, int64_t time_ns, bool is_same)
{
    if (is_same && axis->same > 0) {
        axis->same++;
        return;
    }
    axis->has_varied |= axis->same > 0;
    axis->same = 1;
    axis->same_ns = time_ns;
}

static bool axis_is_stuck(const struct fault_axis *axis, int64_t time_ns)
{
    return axis->same >= STUCK_SAMPLES && (double)(time_ns - axis->same_ns) >= FAULT_STUCK_S * NS_PER_S;
}

/* A horizontal axis that never moved is one that the device does not have. */
static bool axis_matters(const struct fault *fault, int k)
{
    const double size = fabs(last_of(fault, k));

    return fault->axes[k].has_varied ||
           (size >= fabs(last_of(fault, (k + 1) % 3)) && size >= fabs(last_of(fault, (k + 2) % 3)));
}

static bool find_stuck(const struct fault *fault, int64_t time_ns, int64_t *ret_from_ns)
{
    bool is_found = false;

    for (int k = 0; k < 3; k++)
        if (axis_is_stuck(&fault->axes[k], time_ns) && axis_matters(fault, k)) {
            *ret_from_ns = is_found && *ret_from_ns < fault->axes[k].same_ns ? *ret_from_ns : fault->axes[k].same_ns;
            is_found = true;
        }
    return is_found;
}

static bool gyro_is_there(const struct fault *fault, int64_t time_ns)
{
    for (int k = 3; k < TICK_AXES; k++)
        if (!isnan(last_of(fault, k)) && !axis_is_stuck(&fault->axes[k], time_ns))
            return true;
    return false;
}

/* Clipped. */

static bool end_step(struct fault_end *end, double value, double step, double quantum, bool is_repeat)
{
    if (!end->has_extreme || value > end->extreme) {
        *end = (struct fault_end){.extreme = value, .has_extreme = true};
    } else if (value < end->extreme) {
        end->run = 0;
        return false;
    }
    if (end->run++ == 0)
        end->is_leap = step >= CLIP_LEAP_STEPS * quantum;
    if (is_repeat || fabs(value) < CLIP_LEAST_MPS2 || !end->is_leap)
        return false;
    end->plateaus += end->run == 2;
    end->is_range |= end->run >= CLIP_PLATEAU || (end->run == 2 && end->plateaus >= CLIP_PLATEAUS);
    return end->is_range;
}

static bool find_clipped(struct fault *fault, const double value[TICK_AXES], bool is_repeat)
{
    bool is_found = false;

    for (int k = 0; k < 3; k++) {
        const double step = fabs(value[k] - last_of(fault, k));
        if (step > 0 && (fault->quantum[k] == 0 || step < fault->quantum[k]))
            fault->quantum[k] = step;
        is_found |= end_step(&fault->ends[k][0], -value[k], step, fault->quantum[k], is_repeat);
        is_found |= end_step(&fault->ends[k][1], value[k], step, fault->quantum[k], is_repeat);
    }
    return is_found;
}

/* Rate. */

static void rate_step(struct fault *fault, double step_s, bool is_repeat)
{
    if (step_s > FAULT_HOLE_S || step_s <= 0)
        return;
    fault->rate_s += step_s;
    fault->rate_rows += is_repeat ? 0 : 1;
    if (fault->rate_s < FAULT_RATE_S)
        return;
    fault->rate_hz = fault->rate_rows / fault->rate_s;
    fault->rate_s = 0;
    fault->rate_rows = 0;
}

static struct fault_answer answer_of(struct fault *fault, int64_t time_ns, bool was_stuck, bool is_clip, double rate_min_hz)
{
    struct fault_answer answer = {.from_ns = time_ns, .has_gyro = gyro_is_there(fault, time_ns)};
    const int64_t around_ns = (int64_t)(FAULT_CLIP_S * NS_PER_S);

    fault->is_stuck = find_stuck(fault, time_ns, &answer.from_ns);
    answer.has_resumed = was_stuck && !fault->is_stuck;
    if (is_clip)
        fault->clipped_until_ns = time_ns + around_ns;
    if (fault->is_stuck) {
        answer.reason = UNWATCHED_STUCK;
        answer.is_new = !was_stuck;
    } else if (time_ns < fault->clipped_until_ns) {
        answer.reason = UNWATCHED_CLIPPED;
        answer.is_new = is_clip;
        answer.from_ns = time_ns - around_ns;
    } else if (fault->rate_hz > 0 && fault->rate_hz < rate_min_hz) {
        answer.reason = UNWATCHED_RATE;
        answer.is_new = fault->rate_s == 0;
        answer.from_ns = time_ns - (int64_t)(FAULT_RATE_S * NS_PER_S);
    }
    return answer;
}

/* Axis by axis: it has just moved, as it did before, and does not lie at an end of its range. */
static bool is_calm(const struct fault *fault, const struct fault_answer *answer)
{
    for (int k = 0; k < 3; k++)
        if (fault->axes[k].same != 1 || !fault->axes[k].has_varied || fault->quantum[k] == 0 ||
            fault->ends[k][0].run > 0 || fault->ends[k][1].run > 0)
            return false;
    for (int k = 3; k < TICK_AXES; k++)
        if (answer->has_gyro ? fault->axes[k].same != 1 || !fault->axes[k].has_varied || isnan(last_of(fault, k))
                             : !isnan(last_of(fault, k)))
            return false;
    return answer->reason == UNWATCHED_NOT && !answer->has_resumed;
}

/* For fault_moves, which reckons in single precision: what is above the least step here is above it there. */
static void set_limits(struct fault *fault)
{
    for (int lane = 0; lane < 4; lane++) {
        const int k = lane < 3 ? lane : 2;
        fault->low[lane] = -(float)fault->ends[k][0].extreme;
        fault->high[lane] = (float)fault->ends[k][1].extreme;
        fault->step[lane] = (float)fault->quantum[k] * ABOVE;
    }
}

bool fault_repeats(struct fault *fault, int64_t time_ns, double step_ns, const float accel[3], const float gyro[3])
{
    const double rate_s = fault->rate_s + step_ns * 1e-9;
    int repeated = 0;

    if (!fault->is_calm || rate_s >= FAULT_RATE_S || !fault_gyro_passes(fault, gyro))
        return false;
    for (int k = 0; k < 3; k++) {
        const double value = (double)accel[k], step = fabs(value - last_of(fault, k));
        if (!(value < fault->ends[k][1].extreme) || !(-value < fault->ends[k][0].extreme))
            return false;
        if (step >= fault->quantum[k])
            continue;
        if (step != 0 || fault->axes[k].same >= FAULT_REPEATS_CALM || ++repeated == 3)
            return false;
    }
    for (int k = 0; k < 3; k++) {
        const bool is_same = accel[k] == fault->last[k];
        if (is_same && fault->axes[k].same == 1)
            fault->axes[k].same_ns = fault->last_ns;
        fault->axes[k].same = is_same ? fault->axes[k].same + 1 : 1;
    }
    fault->has_repeated = repeated > 0;
    fault_note(fault, time_ns, accel, gyro, rate_s);
    return true;
}

struct fault_answer fault_step(struct fault *fault, int64_t time_ns, const double value[TICK_AXES],
                               double rate_min_hz)
{
    const bool has_last = fault->has_last, was_stuck = fault->is_stuck;
    bool is_repeat = has_last;

    for (int k = 0; k < TICK_AXES; k++) {
        if (fault->is_calm && fault->axes[k].same == 1) /* it moved in the last sample, which only passed */
            fault->axes[k].same_ns = fault->last_ns;
        const bool is_same = has_last && value[k] == last_of(fault, k);
        is_repeat &= is_same || isnan(value[k]);
        axis_step(&fault->axes[k], time_ns, is_same);
    }
    if (fault->last_ns != 0)
        rate_step(fault, (double)(time_ns - fault->last_ns) / NS_PER_S, is_repeat);
    const bool is_clip = has_last && find_clipped(fault, value, is_repeat);
    fault->last = (float __attribute__((vector_size(16)))){(float)value[0], (float)value[1], (float)value[2], (float)value[2]};
    for (int k = 3; k < TICK_AXES; k++)
        fault->last_gyro[k - 3] = (float)value[k];
    fault->last_ns = time_ns;
    fault->has_last = true;
    const struct fault_answer answer = answer_of(fault, time_ns, was_stuck, is_clip, rate_min_hz);
    fault->is_calm = is_calm(fault, &answer);
    if (fault->is_calm)
        set_limits(fault);
    fault->has_repeated = false;
    fault->has_gyro = answer.has_gyro;
    return answer;
}
