/* probability.c - how much of a Gaussian position lies in a square, and which squares it is painted on. */
#include <math.h>

#include "grid/normal.h"
#include "grid/shape.h"

#define PAINT_SHARE        0.8 /* of the position that the painted squares hold */
#define PAINT_SQUARES      4   /* more squares than these, and a coarser level is taken */
#define PAINT_SQUARES_LAST 16
#define LN_5               1.6094379124341003 /* -ln(1 - PAINT_SHARE) */
#define PI                 3.14159265358979323846
#define TAIL_SIGMAS        8.5 /* beyond lies less than 1e-16 */

static bool is_positive_definite(struct grid_covariance c)
{
    return c.ee_mm2 > 0 && c.nn_mm2 > 0 && c.ee_mm2 * c.nn_mm2 - c.en_mm2 * c.en_mm2 > 0 &&
           isfinite(c.ee_mm2) && isfinite(c.nn_mm2);
}

/* A standard normal u east, and north given u: mean slope * u, deviation rest; a square as limits in sigmas.
 */
struct slice {
    double south, north; /* of the square, in sigmas of the north coordinate */
    double slope, rest;
};

/* The share of north's distribution between the limits where east is u. */
static double inner_share(const struct slice *s, double u)
{
    return normal_cdf((s->north - s->slope * u) / s->rest) - normal_cdf((s->south - s->slope * u) / s->rest);
}

/* Gauss-Legendre with 8 points over from..to (no longer than one scale of the integrand). */
static double integrate_piece(const struct slice *s, double from, double to)
{
    static const double node[4] = {0.18343464249564980, 0.52553240991632899, 0.79666647741362674,
                                   0.96028985649753623};
    static const double weight[4] = {0.36268378337836198, 0.31370664587788729, 0.22238103445337447,
                                     0.10122853629037626};
    const double middle = (from + to) / 2, half = (to - from) / 2;
    double sum = 0;

    for (int i = 0; i < 4; i++) {
        const double low = middle - half * node[i], high = middle + half * node[i];
        sum += weight[i] *
               (normal_density(low) * inner_share(s, low) + normal_density(high) * inner_share(s, high));
    }
    return sum * half;
}

static double integrate(const struct slice *s, double from, double to, double scale)
{
    const int pieces = (int)ceil((to - from) / scale);
    double sum = 0;

    for (int i = 0; i < pieces; i++)
        sum += integrate_piece(s, from + (to - from) * i / pieces, from + (to - from) * (i + 1) / pieces);
    return sum;
}

/* With a strong correlation the inner share is a step: constant but near the two u where the ridge crosses
 * the square's south and north border. Outside of these stretches it is integrated in closed form. */
static double integrate_ridge(const struct slice *s, double west, double east)
{
    const double scale = s->rest / fabs(s->slope), margin = TAIL_SIGMAS * scale;
    double first = s->south / s->slope, second = s->north / s->slope;

    if (first > second) {
        const double swap = first;
        first = second;
        second = swap;
    }
    const double borders[6] = {west, first - margin, first + margin, second - margin, second + margin, east};
    double sum = 0, from = west;
    for (int i = 1; i < 6; i++) {
        const double to = fmin(fmax(borders[i], from), east);
        const bool is_crossing = i == 2 || i == 4;
        if (to > from)
            sum += is_crossing ? integrate(s, from, to, fmin(1, scale))
                               : inner_share(s, (from + to) / 2) * (normal_cdf(to) - normal_cdf(from));
        from = to;
    }
    return sum;
}

double cell_probability(struct cell cell, struct grid_point mean, struct grid_covariance covariance)
{
    const struct grid_point corner = cell_corner(cell);
    const double size = (double)cell_size_mm(cell);
    const double west = (double)(corner.e_mm - mean.e_mm), south = (double)(corner.n_mm - mean.n_mm);

    if (!is_positive_definite(covariance))
        return west <= 0 && west + size > 0 && south <= 0 && south + size > 0;
    const double sigma_e = sqrt(covariance.ee_mm2), sigma_n = sqrt(covariance.nn_mm2);
    const double correlation = covariance.en_mm2 / (sigma_e * sigma_n);
    const struct slice s = {south / sigma_n, (south + size) / sigma_n, correlation,
                            sqrt(fmax(1 - correlation * correlation, 1e-18))};
    const double from = fmax(west / sigma_e, -TAIL_SIGMAS), to = fmin((west + size) / sigma_e, TAIL_SIGMAS);
    if (!(to > from))
        return 0;
    if (fabs(correlation) < 1e-9)
        return inner_share(&s, 0) * (normal_cdf(to) - normal_cdf(from));
    return integrate_ridge(&s, from, to);
}

/* --- painting ------------------------------------------------------------------------------------------- */

struct weighed {
    struct cell cell;
    double share;
};

static bool comes_before(struct weighed a, struct weighed b)
{
    return a.share > b.share || (a.share >= b.share && a.cell.id < b.cell.id);
}

/* Keeps the most probable squares, best first; ties go to the smaller id. */
static void keep_best(struct weighed best[], size_t capacity, size_t *count, struct weighed next)
{
    size_t i = *count;

    if (i == capacity && !comes_before(next, best[i - 1]))
        return;
    if (i < capacity)
        ++*count;
    else
        i--;
    for (; i > 0 && comes_before(next, best[i - 1]); i--)
        best[i] = best[i - 1];
    best[i] = next;
}

/* The best squares of one level that together hold the share, or all there are when they do not. The share of
 * n squares is never more than that of the ellipse of their area, 1 - exp(-area / (2 pi sqrt(det))). */
static bool paint_level(struct grid_zone zone, struct grid_point mean, struct grid_covariance c, int level,
                        size_t squares_max, struct cell ret_cells[], size_t *ret_count)
{
    struct weighed best[PAINT_SQUARES_LAST];
    struct cell home, cell;
    size_t count = 0, taken = 0;
    double held = 0;

    (void)cell_from_point(zone, mean, level, &home); /* the caller knows that it is in the frame */
    const int64_t size = cell_size_mm(home);
    const struct grid_point corner = cell_corner(home);
    const double reach = ceil(4 * sqrt(fmax(c.ee_mm2, c.nn_mm2)) / (double)size);
    const int window = reach < (double)squares_max ? (int)reach : (int)squares_max;
    for (int row = -window; row <= window; row++)
        for (int column = -window; column <= window; column++) {
            const struct grid_point at = {corner.e_mm + column * size, corner.n_mm + row * size};
            if (cell_from_point(zone, at, level, &cell) == ROAD_OK)
                keep_best(best, squares_max, &count, (struct weighed){cell, cell_probability(cell, mean, c)});
        }
    while (taken < count && held < PAINT_SHARE) {
        held += best[taken].share;
        ret_cells[taken] = best[taken].cell;
        taken++;
    }
    *ret_count = taken;
    return held >= PAINT_SHARE;
}

static bool may_hold(struct grid_covariance c, int level)
{
    const double area_mm2 = PAINT_SQUARES * 1e6 * (double)(1 << 2 * level);

    return area_mm2 >= 2 * PI * sqrt(c.ee_mm2 * c.nn_mm2 - c.en_mm2 * c.en_mm2) * LN_5;
}

enum road_status cells_to_paint(struct grid_zone zone, struct grid_point mean,
                                struct grid_covariance covariance, struct cell ret_cells[16],
                                size_t *ret_count)
{
    struct cell home;

    if (cell_from_point(zone, mean, 0, &home) != ROAD_OK)
        return ROAD_BAD_RANGE;
    if (!is_positive_definite(covariance)) {
        ret_cells[0] = home;
        *ret_count = 1;
        return ROAD_OK;
    }
    for (int level = 0; level <= 2; level += 2)
        if (may_hold(covariance, level) &&
            paint_level(zone, mean, covariance, level, PAINT_SQUARES, ret_cells, ret_count))
            return ROAD_OK;
    (void)paint_level(zone, mean, covariance, 4, PAINT_SQUARES_LAST, ret_cells, ret_count);
    return ROAD_OK;
}

void covariance_axes(struct grid_covariance covariance, double *ret_major_mm, double *ret_minor_mm,
                     double *ret_bearing_deg)
{
    const double mean = (covariance.ee_mm2 + covariance.nn_mm2) / 2;
    const double half = (covariance.nn_mm2 - covariance.ee_mm2) / 2;
    const double spread = hypot(half, covariance.en_mm2);
    /* Twice the angle from north, clockwise, of the axis of largest variance. */
    const double bearing = spread > 0 ? atan2(covariance.en_mm2, half) / 2 * 180 / PI : 0;

    *ret_major_mm = sqrt(fmax(mean + spread, 0));
    *ret_minor_mm = sqrt(fmax(mean - spread, 0));
    *ret_bearing_deg = bearing < 0 ? bearing + 180 : bearing;
}
