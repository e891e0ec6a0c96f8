#include "sensor-node/motion/ride_calibrate.h"

#include <math.h>
#include <stdlib.h>

#include "sensor-node/motion/exact.h"
#include "sensor-node/motion/ride.h"

#define STEP_MAX_M       10.0   /* between points that follow each other; they are 2.5 m apart */
#define TOLD_SHARE       0.75   /* of a piece's way, or it is none: the rest was too slow */
#define OUTLIER_SIGMAS   3.0
#define MAD_SIGMA        1.4826 /* of a normal distribution over its median absolute deviation */
#define SPREAD_LEAST     0.01   /* pieces alike to the last digit leave none out by rounding */
#define FEW_PIECES       25
#define NARROW           1.25
#define WIDE_SPREAD      1.65

void ride_pieces_break(struct ride_pieces *p)
{
    p->is_begun = false;
    p->way_m = p->told_m = p->told_sum = 0;
}

static void end_piece(struct ride_pieces *p, int64_t to_ns)
{
    const double seconds = (double)(to_ns - p->from_ns) * 1e-9, speed_mps = seconds > 0 ? p->way_m / seconds : 0;
    const bool is_told = p->told_m >= TOLD_SHARE * p->way_m && p->told_sum > 0;
    const bool is_fit = speed_mps >= p->speed_low_mps && (p->speed_high_mps <= 0 || speed_mps <= p->speed_high_mps);

    if (is_told && is_fit && p->n < RIDE_PIECES_MAX)
        p->pieces[p->n++] = (struct ride_piece){p->told_sum / p->told_m, speed_mps};
    p->way_m = p->told_m = p->told_sum = 0;
    p->from_ns = to_ns;
}

static double apart_m(const struct pass_point *a, const struct pass_point *b)
{
    const double e_m = (double)(b->at.e_mm - a->at.e_mm) * 1e-3, n_m = (double)(b->at.n_mm - a->at.n_mm) * 1e-3;

    return sqrt(e_m * e_m + n_m * n_m);
}

void ride_pieces_point(struct ride_pieces *p, const struct pass_point *point, double known_iri)
{
    const double step_m = p->is_begun ? apart_m(&p->last, point) : 0;

    if (p->is_begun && (step_m > STEP_MAX_M || point->time_ns < p->last.time_ns))
        ride_pieces_break(p);
    if (!p->is_begun) {
        p->from_ns = point->time_ns;
    } else {
        p->way_m += step_m;
        if (point->iri_centi != IRI_UNKNOWN) {
            p->told_m += step_m;
            p->told_sum += step_m * point->iri_centi / 100. / known_iri;
        }
        if (p->way_m >= RIDE_PIECE_M)
            end_piece(p, point->time_ns);
    }
    p->is_begun = true;
    p->last = *point;
}

void ride_pieces_batch(struct ride_pieces *p, const struct batch *batch, double known_iri, int64_t from_ns, int64_t to_ns)
{
    for (size_t i = 0; i < batch->n_passes; i++) {
        const struct pass *pass = &batch->passes[i];
        if (pass->n_points > 0 && p->is_begun && p->last.time_ns != pass->points[0].time_ns)
            ride_pieces_break(p);
        for (size_t k = 0; k < pass->n_points; k++)
            if (pass->points[k].time_ns >= from_ns && pass->points[k].time_ns <= to_ns)
                ride_pieces_point(p, &pass->points[k], known_iri);
    }
}

static int compare(double a, double b)
{
    return (a > b) - (a < b);
}

static int by_ratio(const void *a, const void *b)
{
    return compare(((const struct ride_piece *)a)->ratio, ((const struct ride_piece *)b)->ratio);
}

static int by_speed(const void *a, const void *b)
{
    return compare(((const struct ride_piece *)a)->speed_mps, ((const struct ride_piece *)b)->speed_mps);
}

/* The middle of `n` sorted ones; of an even number the geometric mean of the two. */
static double median_ratio(const struct ride_piece *sorted, size_t n)
{
    return n % 2 ? sorted[n / 2].ratio : sqrt(sorted[n / 2 - 1].ratio * sorted[n / 2].ratio);
}

/* Of |ln(ratio / median)|: the sorted ratios below and above the median are walked outwards. */
static double median_deviation(const struct ride_piece *sorted, size_t n, double median)
{
    size_t below = 0;
    double deviation = 0;

    while (below < n && sorted[below].ratio < median)
        below++;
    for (size_t taken = 0, above = below; taken <= n / 2; taken++) {
        const double down = below > 0 ? exact_log(median / sorted[below - 1].ratio) : INFINITY;
        const double up = above < n ? exact_log(sorted[above].ratio / median) : INFINITY;
        deviation = down < up ? down : up;
        if (down < up)
            below--;
        else
            above++;
    }
    return deviation;
}

/* Moves those that are like the others to the front; returns how many. */
static size_t keep_alike(struct ride_piece *sorted, size_t n, double *ret_sigma)
{
    const double median = median_ratio(sorted, n), sigma = MAD_SIGMA * median_deviation(sorted, n, median);
    const double reach = exact_exp(OUTLIER_SIGMAS * fmax(sigma, SPREAD_LEAST));
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (sorted[i].ratio <= median * reach && sorted[i].ratio >= median / reach)
            sorted[kept++] = sorted[i];
    *ret_sigma = sigma;
    return kept;
}

static void set_gain(const struct ride_piece *kept, size_t n, struct ride_calibration *c)
{
    double sum = 0, square = 0;

    for (size_t i = 0; i < n; i++)
        sum += kept[i].ratio;
    c->gain = sum / (double)n;
    for (size_t i = 0; i < n; i++)
        square += (kept[i].ratio - c->gain) * (kept[i].ratio - c->gain);
    c->gain_sigma = n > 1 ? sqrt(square / (double)(n - 1) / (double)n) : c->gain;
}

static unsigned warnings_of(const struct ride_calibration *c)
{
    return (c->n_pieces < FEW_PIECES ? RIDE_FEW_PIECES : 0u) |
           (c->speed_high_mps < NARROW * c->speed_low_mps ? RIDE_NARROW_SPEEDS : 0u) |
           (c->spread > WIDE_SPREAD ? RIDE_WIDE_SPREAD : 0u) |
           (c->gain < RIDE_GAIN_MIN || c->gain > RIDE_GAIN_MAX ? RIDE_BEYOND : 0u);
}

enum road_status ride_calibrate(struct ride_pieces *p, struct ride_calibration *ret_calibration)
{
    struct ride_calibration c = {0};
    double sigma;

    if (p->n == 0)
        return ROAD_NOT_FOUND;
    qsort(p->pieces, p->n, sizeof *p->pieces, by_ratio);
    const size_t n = c.n_pieces = keep_alike(p->pieces, p->n, &sigma);
    c.n_left_out = p->n - n;
    c.spread = exact_exp(sigma);
    set_gain(p->pieces, n, &c);
    p->n = n;
    qsort(p->pieces, n, sizeof *p->pieces, by_speed);
    c.speed_low_mps = p->pieces[n / 10].speed_mps;
    c.speed_mps = p->pieces[n / 2].speed_mps;
    c.speed_high_mps = p->pieces[n - 1 - n / 10].speed_mps;
    c.warnings = warnings_of(&c);
    *ret_calibration = c;
    return ROAD_OK;
}
