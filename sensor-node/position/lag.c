#include "sensor-node/position/lag.h"

#include <math.h>
#include <string.h>

#include "sensor-node/motion/resample.h"

#define INTERVAL_MIN_S  0.35 /* long ones gather slopes' leaks of gravity, short ones shaking */
#define INTERVAL_MAX_S  2.5
#define AHEAD_TICKS     50 /* the earliest candidate needs ticks behind the fix */
#define SPEED_LEAST_MPS2 0.25 /* smaller changes a second say nothing of time */
#define EXPLAINED_MIN   0.4
#define INTERVALS_MIN   12
#define CORRELATED      4.0 /* neighbouring intervals share a fix, and a slope */
#define SIGMA_MIN_S     0.005
#define NS_PER_S        1e9

void lag_init(struct lag *lag)
{
    memset(lag, 0, sizeof *lag);
}

void lag_break(struct lag *lag)
{
    lag->end = 0;
    lag->n_waiting = 0;
    lag->has_from = false;
}

void lag_clear(struct lag *lag)
{
    lag->n = lag->y = lag->yy = 0;
    memset(lag->at, 0, sizeof lag->at);
}

/* Where the time stands among the sums: sum i is what was gathered by the end of tick i. */
static double tick_of(const struct lag *lag, int64_t time_ns, double back_s)
{
    return ((double)(time_ns - lag->first_ns) / NS_PER_S - back_s) / TICK_S - 0.5;
}

/* What channel `k` had gathered by then. */
static double gathered_at(const struct lag *lag, double tick, int k)
{
    const int64_t i = (int64_t)tick;
    const double part = tick - (double)i;

    return (1 - part) * lag->gathered[i % LAG_TICKS][k] + part * lag->gathered[(i + 1) % LAG_TICKS][k];
}

static bool is_held(const struct lag *lag, double tick)
{
    return tick >= 0 && tick > (double)(lag->end - LAG_TICKS + 2) && tick < (double)(lag->end - 1);
}

static void add(struct lag_sums *s, const double x[3], double y)
{
    for (int i = 0, k = 0; i < 3; i++) {
        s->x[i] += x[i];
        s->xy[i] += x[i] * y;
        for (int j = i; j < 3; j++)
            s->xx[k++] += x[i] * x[j];
    }
}

static double seconds(const struct lag_fix *a, const struct lag_fix *b)
{
    return (double)(b->time_ns - a->time_ns) / NS_PER_S;
}

static void add_interval(struct lag *lag, const struct lag_fix *a, const struct lag_fix *b)
{
    const double change = b->speed_mps - a->speed_mps;

    if (!(fabs(change) >= SPEED_LEAST_MPS2 * seconds(a, b)))
        return;
    if (!is_held(lag, tick_of(lag, a->time_ns, LAG_FIRST_S + LAG_STEP_S * LAG_CANDIDATES)) ||
        !is_held(lag, tick_of(lag, b->time_ns, LAG_FIRST_S)))
        return;
    for (int c = 0; c < LAG_CANDIDATES; c++) {
        const double back_s = LAG_FIRST_S + LAG_STEP_S * c;
        const double from = tick_of(lag, a->time_ns, back_s), to = tick_of(lag, b->time_ns, back_s);
        double x[3];
        for (int k = 0; k < 3; k++)
            x[k] = gathered_at(lag, to, k) - gathered_at(lag, from, k);
        add(&lag->at[c], x, change);
    }
    lag->n += 1;
    lag->y += change;
    lag->yy += change * change;
}

/* The intervals whose ticks have all come. */
static void take_waiting(struct lag *lag, int64_t newest_ns)
{
    while (lag->n_waiting > 0 && lag->waiting[0][1].time_ns + AHEAD_TICKS * (int64_t)TICK_NS < newest_ns) {
        add_interval(lag, &lag->waiting[0][0], &lag->waiting[0][1]);
        lag->n_waiting--;
        memmove(lag->waiting[0], lag->waiting[1], (size_t)lag->n_waiting * sizeof lag->waiting[0]);
    }
}

void lag_tick(struct lag *lag, int64_t time_ns, const double accel_mps2[3])
{
    const double *before = lag->gathered[(lag->end + LAG_TICKS - 1) % LAG_TICKS];
    double *now = lag->gathered[lag->end % LAG_TICKS];

    if (lag->end == 0)
        lag->first_ns = time_ns;
    for (int k = 0; k < 3; k++)
        now[k] = (lag->end == 0 ? 0 : before[k]) + accel_mps2[k] * TICK_S;
    lag->end++;
    take_waiting(lag, time_ns);
}

void lag_fix(struct lag *lag, const struct lag_fix *fix)
{
    const double step_s = (double)(fix->time_ns - lag->from.time_ns) / NS_PER_S;

    if (lag->has_from && step_s < INTERVAL_MIN_S)
        return;
    if (lag->has_from && step_s <= INTERVAL_MAX_S && lag->n_waiting < LAG_WAITING && lag->end > 0) {
        lag->waiting[lag->n_waiting][0] = lag->from;
        lag->waiting[lag->n_waiting++][1] = *fix;
    }
    lag->from = *fix;
    lag->has_from = true;
}

/* Residual sum of squares of y on the x of one candidate, means taken off. Gauss on the normal equations; axes without
 * any motion drop out. */
static double residual(const struct lag *lag, int candidate)
{
    const struct lag_sums *s = &lag->at[candidate];
    const double n = lag->n;
    double m[3][4], left = lag->yy - lag->y * lag->y / n;

    for (int i = 0, k = 0; i < 3; i++) {
        for (int j = i; j < 3; j++)
            m[i][j] = m[j][i] = s->xx[k++] - s->x[i] * s->x[j] / n;
        m[i][3] = s->xy[i] - s->x[i] * lag->y / n;
    }
    for (int i = 0; i < 3; i++) {
        if (m[i][i] < 1e-9)
            continue;
        left -= m[i][3] * m[i][3] / m[i][i];
        for (int j = i + 1; j < 3; j++) {
            const double factor = m[j][i] / m[i][i];
            for (int q = i; q < 4; q++)
                m[j][q] -= factor * m[i][q];
        }
    }
    return left;
}

/* y is taken as the thing explained: from the residual's bend at its least, sigma^2 = 2 * noise^2 / bend. */
bool lag_estimate(const struct lag *lag, double *ret_lag_s, double *ret_sigma_s)
{
    double r[LAG_CANDIDATES];
    int best = 0;

    if (lag->n < INTERVALS_MIN)
        return false;
    for (int c = 0; c < LAG_CANDIDATES; c++) {
        r[c] = residual(lag, c);
        best = r[c] < r[best] ? c : best;
    }
    const double total = lag->yy - lag->y * lag->y / lag->n;
    if (best == 0 || best == LAG_CANDIDATES - 1 || r[best] > (1 - EXPLAINED_MIN) * total)
        return false;
    const double bend = (r[best - 1] - 2 * r[best] + r[best + 1]) / (LAG_STEP_S * LAG_STEP_S);
    const double slope = (r[best + 1] - r[best - 1]) / (2 * LAG_STEP_S);
    if (!(bend > 0))
        return false;
    *ret_lag_s = LAG_FIRST_S + LAG_STEP_S * best - slope / bend;
    *ret_sigma_s = sqrt(SIGMA_MIN_S * SIGMA_MIN_S + CORRELATED * 2 * fmax(0, r[best]) / (lag->n - 4) / bend);
    return true;
}
