#include "sensor-node/position/learn.h"

#include <math.h>

#include "sensor-node/motion/exact.h"
#include "sensor-node/motion/resample.h"

#define ASK_TICKS       3000 /* half a minute: then the teacher of the lag is asked */
#define SURE_S          0.03 /* so sure it must be to be heard in the middle of a drive ... */
#define UNSURE_S        0.3  /* ... and so at its end */
#define LAG_KNOWN_S     0.01 /* then the coarse teacher has nothing more to say */
#define ALONG_SPOT_M    0.2  /* where within a hole its middle is felt to be; some are felt by the wrong axle */
#define ACROSS_SPOT_M   0.3  /* a wheel may run anywhere over it */
#define ALONG_WIDE_M    0.4  /* a bump is not quite square to the road */
#define ACROSS_WIDE_M   5.0  /* it is as wide as the road */

static void take_over(struct learn *l)
{
    const struct calibrate *c = &l->calibrate;

    l->known = calibrate_mount(c);
    l->p[0][0] = c->p[0][0];
    l->p[0][1] = l->p[1][0] = c->p[0][1];
    l->p[1][1] = c->p[1][1];
    l->p_across = c->p[2][2];
}

static void apply(struct learn *l, const struct mount *mount)
{
    l->applied = *mount;
    l->lag_ns = llround(mount->lag_s * 1e9);
}

void learn_init(struct learn *learn, const struct mount *prior, const struct mount *sigma)
{
    struct learn *l = learn;

    l->prior = *prior;
    l->sigma = *sigma;
    apply(l, prior);
    l->fed = 0;
    l->ticks = 0;
    calibrate_init(&l->calibrate, prior, sigma);
    lag_init(&l->lag);
    take_over(l);
}

int64_t learn_time_ns(const struct learn *learn, int64_t tick_ns)
{
    return tick_ns + learn->lag_ns;
}

/* Nothing to learn where the lag was measured; nothing more where crossings have told it better. */
static bool needs_lag(const struct learn *l)
{
    return l->p[0][0] > LAG_KNOWN_S * LAG_KNOWN_S;
}

static void feed_fixes(struct learn *l, const struct track *track)
{
    for (; l->fed <= track->first && l->fed < track->end; l->fed++) {
        const struct track_fix *fix = &track->nodes[l->fed % TRACK_NODES].fix;
        const struct lag_fix f = {fix->time_ns, fix->speed_mps};
        if (track->first - l->fed < TRACK_NODES)
            lag_fix(&l->lag, &f);
    }
}

static void ask_lag(struct learn *l, double sure_s)
{
    double lag_s, sigma_s;

    if (!lag_estimate(&l->lag, &lag_s, &sigma_s) || sigma_s > sure_s)
        return;
    calibrate_velocity_lag(&l->calibrate, lag_s, sigma_s);
    lag_clear(&l->lag);
    take_over(l);
}

static void slew(struct learn *l)
{
    const double most = LEARN_SLEW * TICK_S, left = l->known.lag_s - l->applied.lag_s;

    if (left == 0) /* as nearly ever */
        return;
    l->applied.lag_s += fmin(most, fmax(-most, left));
    l->lag_ns = llround(l->applied.lag_s * 1e9);
}

void learn_tick(struct learn *learn, const struct track *track, int64_t time_ns, const double accel_mps2[3],
                bool is_usable)
{
    struct learn *l = learn;

    slew(l);
    if (!needs_lag(l))
        return;
    if (!is_usable) {
        lag_break(&l->lag);
        return;
    }
    lag_tick(&l->lag, time_ns, accel_mps2);
    feed_fixes(l, track);
    if (++l->ticks < ASK_TICKS)
        return;
    l->ticks = 0;
    ask_lag(l, SURE_S);
}

void learn_spread(const struct learn *learn, struct place *place)
{
    const struct learn *l = learn;
    const double v = place->speed_mps, s = place->along_e, c = place->along_n;
    const double late_s = l->known.lag_s - l->applied.lag_s, x_m = l->known.antenna_x_m - l->applied.antenna_x_m;
    const double y_m = l->known.antenna_y_m - l->applied.antenna_y_m, off_m = x_m - v * late_s;
    const double along = v * v * l->p[0][0] - 2 * v * l->p[0][1] + l->p[1][1] + off_m * off_m;
    const double across = l->p_across + y_m * y_m;

    place->lag_s = l->applied.lag_s;
    place->var_ee += along * s * s + across * c * c;
    place->var_nn += along * c * c + across * s * s;
    place->var_en += (along - across) * s * c;
}

void learn_sight(struct learn *learn, const struct place *place, int64_t time_ns, double e_m, double n_m, bool is_wide)
{
    struct learn *l = learn;
    struct sighting s = {.time_ns = time_ns,
                         .is_wide = is_wide,
                         .e_m = e_m,
                         .n_m = n_m,
                         .heading_rad = place_heading_rad(place),
                         .speed_mps = place->speed_mps,
                         .receiver_sigma_m = sqrt(place->receiver_m2),
                         .applied = l->applied};

    if (l->sigma.lag_s == 0 && l->sigma.antenna_x_m == 0 && l->sigma.antenna_y_m == 0)
        return;
    s.applied.lag_s = place->lag_s;
    s.along_sigma_m = exact_hypot(is_wide ? ALONG_WIDE_M : ALONG_SPOT_M, sqrt(place->filter_m2));
    s.across_sigma_m = exact_hypot(is_wide ? ACROSS_WIDE_M : ACROSS_SPOT_M, sqrt(place->filter_m2));
    if (calibrate_sight(&l->calibrate, &s))
        take_over(l);
}

void learn_restart_track(struct learn *learn)
{
    learn->fed = 0;
    lag_break(&learn->lag);
}

void learn_resume(struct learn *learn)
{
    take_over(learn);
    apply(learn, &learn->known);
}

void learn_finish(struct learn *learn)
{
    ask_lag(learn, UNSURE_S);
    lag_clear(&learn->lag);
    calibrate_drive(&learn->calibrate);
    learn_restart_track(learn);
    learn_resume(learn);
    learn->ticks = 0;
}
