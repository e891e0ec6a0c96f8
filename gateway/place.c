#include "gateway/place.h"

#include <math.h>

#define GNSS_CLASSES 4
#define LINE_COMMON_MM 60.0

/* Inverse covariance, and its product with the place as seen from the first fix. */
struct information {
    double ee, en, nn, e, n;
};

double place_common_share(enum gnss_class gnss)
{
    static const double common_over_own[GNSS_CLASSES] = {
        [GNSS_RTK] = 0, [GNSS_SBAS] = 0.2 / 1.0, [GNSS_CONSUMER] = 0.5 / 3.0, [GNSS_PHONE] = 0.5 / 3.0};

    return common_over_own[gnss] * common_over_own[gnss];
}

static void add_information(struct information *sum, struct grid_covariance c, double e, double n)
{
    const double det = c.ee_mm2 * c.nn_mm2 - c.en_mm2 * c.en_mm2;
    const double ee = c.nn_mm2 / det, en = -c.en_mm2 / det, nn = c.ee_mm2 / det;

    sum->ee += ee;
    sum->en += en;
    sum->nn += nn;
    sum->e += ee * e + en * n;
    sum->n += en * e + nn * n;
}

static struct grid_covariance solve(const struct information *sum, double *ret_e, double *ret_n)
{
    const double det = sum->ee * sum->nn - sum->en * sum->en;

    *ret_e = (sum->nn * sum->e - sum->en * sum->n) / det;
    *ret_n = (sum->ee * sum->n - sum->en * sum->e) / det;
    return (struct grid_covariance){sum->nn / det, -sum->en / det, sum->ee / det};
}

/* n times the fused covariance is the (harmonic) mean of the units' own. */
static struct grid_covariance with_common_part(struct grid_covariance fused, double share, size_t n)
{
    const double factor = 1 + share * (double)n;

    return (struct grid_covariance){fused.ee_mm2 * factor, fused.en_mm2 * factor, fused.nn_mm2 * factor};
}

static void add_common_line(struct grid_covariance *covariance, unsigned heading_cdeg)
{
    const double heading = heading_cdeg * M_PI / 18000, e = cos(heading), n = -sin(heading);
    const double common = LINE_COMMON_MM * LINE_COMMON_MM;

    covariance->ee_mm2 += common * e * e;
    covariance->en_mm2 += common * e * n;
    covariance->nn_mm2 += common * n * n;
}

void place_fuse(const struct fix *fixes, size_t n, unsigned heading_cdeg, struct grid_point *ret_at,
                struct grid_covariance *ret_covariance)
{
    const struct grid_point origin = fixes[0].at;
    struct information classes[GNSS_CLASSES] = {0}, all = {0};
    size_t counts[GNSS_CLASSES] = {0};
    double e, north;

    for (size_t i = 0; i < n; i++) {
        add_information(&classes[fixes[i].gnss], fixes[i].covariance, (double)(fixes[i].at.e_mm - origin.e_mm),
                        (double)(fixes[i].at.n_mm - origin.n_mm));
        counts[fixes[i].gnss]++;
    }
    for (int class = 0; class < GNSS_CLASSES; class++)
        if (counts[class]) {
            const struct grid_covariance fused = solve(&classes[class], &e, &north);
            add_information(&all, with_common_part(fused, place_common_share((enum gnss_class)class), counts[class]), e,
                            north);
        }
    *ret_covariance = solve(&all, &e, &north);
    add_common_line(ret_covariance, heading_cdeg);
    ret_at->e_mm = origin.e_mm + llround(e);
    ret_at->n_mm = origin.n_mm + llround(north);
}
