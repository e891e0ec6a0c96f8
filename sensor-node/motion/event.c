#include "sensor-node/motion/event.h"

#include <math.h>
#include <string.h>

#define SPEED_MIN_MPS 1.5
#define FLOOR_MPS2    0.20 /* a third of the smallest event worth a look, 0.25 g at the corner, in the cabin */
#define PEAK_USUAL    2.5  /* times the usual RMS */
/* Peak to peak, likewise: spares the closer look at 6 in 10 of what the road itself does, and costs 2 in 100
 * sags and sunk covers (calibration seeds). */
#define SWING_USUAL   5.5
#define SWING_MPS2    0.8
#define BEFORE_TICKS  50 /* before the front axle and behind the rear one */
#define AFTER_TICKS   80
#define RADIUS_TICKS  40   /* an event's peak is the greatest of 0.8 s */
#define AXLE_MAX      90.0 /* ticks: slower, the axles are two events */
#define AROUND_BLOCKS 8    /* of WINDOW_BLOCK ticks to each side tell what is usual on this road */

static double felt_at(const struct window *window, int64_t index)
{
    const struct look *look = window_at(window, index);

    return look ? look->felt_mps2 : 0;
}

static bool is_greatest(const struct window *window, int64_t centre, int radius)
{
    const double peak = fabs(felt_at(window, centre));

    for (int k = 1; k <= radius; k++)
        if (fabs(felt_at(window, centre - k)) > peak || fabs(felt_at(window, centre + k)) >= peak)
            return false;
    return true;
}

/* Median RMS of the blocks around, the event itself left out; 0 if there are too few. */
static double around_rms(const struct window *window, int64_t centre, int skip_ticks)
{
    double sorted[2 * AROUND_BLOCKS + 2];
    int n = 0;

    for (int64_t at = centre - AROUND_BLOCKS * WINDOW_BLOCK; at <= centre + AROUND_BLOCKS * WINDOW_BLOCK;
         at += WINDOW_BLOCK) {
        const double rms = window_block_rms(window, at);
        if (rms < 0 || (at > centre - skip_ticks - WINDOW_BLOCK && at < centre + skip_ticks + WINDOW_BLOCK))
            continue;
        int k = n++;
        for (; k > 0 && sorted[k - 1] > rms; k--)
            sorted[k] = sorted[k - 1];
        sorted[k] = rms;
    }
    return n < 4 ? 0 : sorted[n / 2];
}

static double peak_to_peak(const struct window *window, int64_t first, int64_t last)
{
    double low = 0, high = 0;

    for (int64_t i = first; i <= last; i++) {
        const double felt = felt_at(window, i);
        low = felt < low ? felt : low;
        high = felt > high ? felt : high;
    }
    return high - low;
}

static double axle_ticks(double wheelbase_m, double speed_mps)
{
    return fmin(AXLE_MAX, wheelbase_m / speed_mps / TICK_S);
}

bool event_is_peak(const struct window *window, int64_t centre, const struct background *background,
                   double wheelbase_m, double *ret_usual_mps2)
{
    const struct look *look = window_at(window, centre);

    if (!look || !look->is_watched || fabs(look->felt_mps2) < FLOOR_MPS2 ||
        look->place.speed_mps < SPEED_MIN_MPS)
        return false;
    const double peak = fabs(look->felt_mps2), usual = background_rms(background, look->place.speed_mps);
    if (peak < PEAK_USUAL * usual)
        return false;
    const int axle = (int)axle_ticks(wheelbase_m, look->place.speed_mps);
    if (!is_greatest(window, centre, RADIUS_TICKS > axle + 10 ? RADIUS_TICKS : axle + 10))
        return false;
    *ret_usual_mps2 = fmax(usual, around_rms(window, centre, RADIUS_TICKS + axle));
    const double swing = peak_to_peak(window, centre - axle - BEFORE_TICKS, centre + axle + AFTER_TICKS);
    return peak >= PEAK_USUAL * *ret_usual_mps2 && swing >= SWING_USUAL * *ret_usual_mps2 &&
           swing >= SWING_MPS2;
}

/* Turn accelerations over two ticks, from the rates before and after. */
static void fill_turn(struct event *e, int pair, double wheelbase_m, double half_track_m)
{
    const struct look *before = window_at(e->window, e->from + 2 * pair - 1);
    const struct look *after = window_at(e->window, e->from + 2 * pair + 1);

    e->roll_pairs[pair] = e->pitch_pairs[pair] = 0;
    if (!before || !after)
        return;
    const double roll = (after->roll_radps - before->roll_radps) / (2 * TICK_S);
    const double pitch = (before->pitch_radps - after->pitch_radps) / (2 * TICK_S);
    if (isnan(roll) || isnan(pitch)) {
        e->has_turn = false;
        return;
    }
    e->roll_pairs[pair] = (float)(half_track_m * roll);
    e->pitch_pairs[pair] = (float)(wheelbase_m * pitch);
}

void event_fill(struct event *ret_event, const struct window *window, int64_t centre, double usual_mps2,
                const struct background *background, double wheelbase_m, double half_track_m)
{
    struct event *e = ret_event;
    const double speed = window_at(window, centre)->place.speed_mps;
    const double known = background_rms(background, speed);

    e->window = window;
    e->centre = centre;
    e->from = centre - EVENT_BEFORE;
    e->speed_mps = speed;
    e->usual_mps2 = usual_mps2;
    e->background_mps2 = known > 0 ? known : NAN;
    e->axle_ticks = axle_ticks(wheelbase_m, speed);
    e->has_turn = true;
    for (int i = 0; i < EVENT_TICKS; i++) {
        const struct look *look = window_at(window, e->from + i);
        e->felt[i] = look ? (float)look->felt_mps2 : 0;
        e->whole[i] = look ? (float)look->vertical_mps2 : 0;
    }
    for (int k = 0; k < EVENT_PAIRS; k++) {
        e->felt_pairs[k] = 0.5f * (e->felt[2 * k] + e->felt[2 * k + 1]);
        fill_turn(e, k, wheelbase_m, half_track_m);
    }
}
