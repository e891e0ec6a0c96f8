/* The share of a Gaussian position in a square, against closed forms and naive integration; and painting. */
#include "tests/check.h"

#include "grid/normal.h"
#include "grid/shape.h"
#include "tests/grid/oracle.h"

#define HANGZHOU ((struct grid_zone){120, false})
#define PROMISED 1e-6 /* shape.h */

FACT(the_normal_distribution_agrees_with_libm)
{
    for (double x = -9; x <= 9; x += 0.000731) {
        CHECK_NEAR(normal_cdf(x), 0.5 * erfc(-x * M_SQRT1_2), 1e-15);
        CHECK_NEAR(normal_density(x), exp(-x * x / 2) / sqrt(2 * M_PI), 1e-12);
    }
    CHECK(normal_cdf(INFINITY) == 1 && normal_cdf(-INFINITY) == 0 && normal_cdf(0) == 0.5);
}

static struct cell cell_at(int64_t e_mm, int64_t n_mm, int level)
{
    struct cell cell = {0};

    CHECK_STATUS(cell_from_point(HANGZHOU, (struct grid_point){e_mm, n_mm}, level, &cell), ROAD_OK);
    return cell;
}

/* A square of 2^17 m whose south-west corner is the mean is a quadrant: 1/4 + asin(rho) / (2 pi) (Sheppard
 * 1899). */
FACT(a_quadrant_holds_what_sheppard_says)
{
    const struct grid_point corner = {INT64_C(1000) << 18, INT64_C(1000) << 21};
    const struct cell quadrant = cell_at(corner.e_mm, corner.n_mm, 17);
    static const double rhos[] = {0, 1e-12, 1e-6, 0.1, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.999999, 0.99999999};

    for (size_t r = 0; r < sizeof rhos / sizeof rhos[0]; r++)
        for (int sign = -1; sign <= 1; sign += 2)
            for (double east = 10; east < 1e5; east *= 7) {
                const double rho = sign * rhos[r], north = 3000;
                const struct grid_covariance c = {east * east, rho * east * north, north * north};
                CHECK_NEAR(cell_probability(quadrant, corner, c), 0.25 + asin(rho) / (2 * M_PI), PROMISED);
            }
}

/* The two-point Gauss rule on a fine net over the square, with the density written out. */
static double naive_share(struct cell cell, struct grid_point mean, struct grid_covariance c)
{
    enum { NET = 400 }; /* points, two a step */
    const struct grid_point corner = cell_corner(cell);
    const double step = (double)cell_size_mm(cell) / (NET / 2),
                 det = c.ee_mm2 * c.nn_mm2 - c.en_mm2 * c.en_mm2;
    double sum = 0;

    for (int i = 0; i < NET; i++)
        for (int j = 0; j < NET; j++) {
            const double de = (i / 2 + 0.5 + (i % 2 ? 0.5 : -0.5) / sqrt(3)) * step;
            const double dn = (j / 2 + 0.5 + (j % 2 ? 0.5 : -0.5) / sqrt(3)) * step;
            const double e = (double)(corner.e_mm - mean.e_mm) + de,
                         n = (double)(corner.n_mm - mean.n_mm) + dn;
            sum += exp(-(e * e * c.nn_mm2 - 2 * e * n * c.en_mm2 + n * n * c.ee_mm2) / (2 * det));
        }
    return sum * step * step / 4 / (2 * M_PI * sqrt(det));
}

FACT(a_square_holds_what_a_fine_net_says)
{
    uint64_t seed = 9;

    for (int k = 0; k < 150; k++) {
        const double east = oracle_between(&seed, 200, 6000), north = oracle_between(&seed, 200, 6000);
        const double rho = oracle_between(&seed, -0.95, 0.95);
        const struct grid_covariance c = {east * east, rho * east * north, north * north};
        const struct grid_point mean = {500000000 + oracle_integer(&seed, -4000, 4000),
                                        3000000000 + oracle_integer(&seed, -4000, 4000)};
        const struct cell cell = cell_at(500000000, 3000000000, k % 3);
        CHECK_NEAR(cell_probability(cell, mean, c), naive_share(cell, mean, c), PROMISED);
    }
}

FACT(all_squares_together_hold_everything)
{
    uint64_t seed = 10;

    for (int k = 0; k < 40; k++) {
        const double east = oracle_between(&seed, 20, 1500), north = oracle_between(&seed, 20, 1500);
        const double rho = k % 4 == 0 ? 0.99999 : oracle_between(&seed, -1, 1);
        const struct grid_covariance c = {east * east, rho * east * north, north * north};
        const struct grid_point mean = {500000000 + oracle_integer(&seed, 0, 999), 3000000000};
        double sum = 0;
        for (int64_t i = -12; i <= 12; i++)
            for (int64_t j = -12; j <= 12; j++)
                sum += cell_probability(cell_at(500000000 + i * 1000, 3000000000 + j * 1000, 0), mean, c);
        CHECK_NEAR(sum, 1, 625 * PROMISED / 10);
    }
}

FACT(a_covariance_that_is_none_counts_as_a_point)
{
    static const struct grid_covariance bad[] = {{0, 0, 0},   {1, 1, 1},   {NAN, 0, 1},
                                                 {1, NAN, 1}, {-1, 0, -1}, {INFINITY, 0, 1}};
    const struct cell cell = cell_at(500000000, 3000000000, 0);

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_NEAR(cell_probability(cell, (struct grid_point){500000000, 3000000999}, bad[i]), 1, 0);
        CHECK_NEAR(cell_probability(cell, (struct grid_point){500001000, 3000000999}, bad[i]), 0, 0);
    }
}

/* --- painting ------------------------------------------------------------------------------------------- */

/* How many squares of a level the 80 % takes at least, by sorting all squares around; up to 17. */
static size_t fewest_squares(struct grid_point mean, struct grid_covariance c, int level)
{
    static double shares[33 * 33];
    const int64_t size = INT64_C(1000) << level;
    size_t n = 0;
    double sum = 0;

    for (int64_t i = -16; i <= 16; i++)
        for (int64_t j = -16; j <= 16; j++)
            shares[n++] =
                cell_probability(cell_at(mean.e_mm + i * size, mean.n_mm + j * size, level), mean, c);
    for (size_t taken = 1; taken <= 17; taken++) {
        size_t best = 0;
        for (size_t k = 1; k < n; k++)
            best = shares[k] > shares[best] ? k : best;
        sum += shares[best];
        shares[best] = -1;
        if (sum >= 0.8)
            return taken;
    }
    return 18;
}

FACT(painting_takes_the_fewest_squares_of_the_finest_level_that_needs_at_most_four)
{
    uint64_t seed = 80;
    size_t of_level[5] = {0};

    for (int k = 0; k < 400; k++) {
        const double major = exp(oracle_between(&seed, log(20), log(12000))),
                     minor = major * oracle_between(&seed, 0.02, 1);
        const double angle = oracle_between(&seed, 0, M_PI), co = cos(angle), s = sin(angle);
        const struct grid_covariance c = {major * major * co * co + minor * minor * s * s,
                                          (major * major - minor * minor) * s * co,
                                          major * major * s * s + minor * minor * co * co};
        const struct grid_point mean = {500000000 + oracle_integer(&seed, 0, 15999),
                                        3000000000 + oracle_integer(&seed, 0, 15999)};
        struct cell painted[16];
        size_t count;
        double held = 0;
        CHECK_STATUS(cells_to_paint(HANGZHOU, mean, c, painted, &count), ROAD_OK);
        const int level = cell_level(painted[0]);
        of_level[level]++;
        const size_t fine = fewest_squares(mean, c, 0), middle = fine <= 4 ? 0 : fewest_squares(mean, c, 2);
        const int want_level = fine <= 4 ? 0 : middle <= 4 ? 2 : 4;
        const size_t want = fine <= 4 ? fine : middle <= 4 ? middle : fewest_squares(mean, c, 4);
        CHECK_INT(level, want_level);
        CHECK_INT(count, want > 16 ? 16 : want);
        for (size_t i = 0; i < count; i++) {
            const double share = cell_probability(painted[i], mean, c);
            CHECK_INT(cell_level(painted[i]), level);
            CHECK(i == 0 || share <= cell_probability(painted[i - 1], mean, c));
            for (size_t j = 0; j < i; j++)
                CHECK(painted[j].id != painted[i].id);
            held += share;
        }
        CHECK(held >= 0.8 || count == 16);
    }
    CHECK(of_level[0] > 50 && of_level[2] > 50 && of_level[4] > 50); /* the test saw all three */
}

FACT(rtk_paints_one_metre_and_phones_paint_squares_of_16)
{
    struct cell painted[16];
    size_t count;
    const struct grid_point middle = {500000500, 3000000500};

    CHECK_STATUS(cells_to_paint(HANGZHOU, middle, (struct grid_covariance){2500, 0, 2500}, painted, &count),
                 ROAD_OK);
    CHECK_INT(count, 1);
    CHECK_INT(painted[0].id, cell_at(500000500, 3000000500, 0).id);
    CHECK_STATUS(cells_to_paint(HANGZHOU, middle, (struct grid_covariance){25e6, 0, 25e6}, painted, &count),
                 ROAD_OK);
    CHECK_INT(cell_level(painted[0]), 4);
}

FACT(painting_stays_in_the_frame_and_takes_a_point_as_one_cell)
{
    struct cell painted[16];
    size_t count = 9;

    CHECK_STATUS(cells_to_paint(HANGZHOU, (struct grid_point){0, 0}, (struct grid_covariance){25e6, 0, 25e6},
                                painted, &count),
                 ROAD_OK);
    CHECK(count >= 1 && count <= 16);
    for (size_t i = 0; i < count; i++)
        CHECK(cell_is_valid(painted[i]));
    CHECK_STATUS(cells_to_paint(HANGZHOU, (struct grid_point){7, 7}, (struct grid_covariance){NAN, 0, 0},
                                painted, &count),
                 ROAD_OK);
    CHECK_INT(count, 1);
    CHECK_INT(painted[0].id, cell_at(7, 7, 0).id);
    CHECK_STATUS(cells_to_paint(HANGZHOU, (struct grid_point){-1, 0}, (struct grid_covariance){1, 0, 1},
                                painted, &count),
                 ROAD_BAD_RANGE);
    CHECK_STATUS(cells_to_paint(HANGZHOU, (struct grid_point){0, 0}, (struct grid_covariance){1e300, 0, 1},
                                painted, &count),
                 ROAD_OK);
}

FACT(axes_and_bearing_come_back_from_a_turned_covariance)
{
    for (double bearing = 0; bearing < 180; bearing += 7.5) {
        const double b = bearing * M_PI / 180, major = 3000, minor = 800;
        const struct grid_covariance c = {major * major * sin(b) * sin(b) + minor * minor * cos(b) * cos(b),
                                          (major * major - minor * minor) * sin(b) * cos(b),
                                          major * major * cos(b) * cos(b) + minor * minor * sin(b) * sin(b)};
        double got_major, got_minor, got_bearing;
        covariance_axes(c, &got_major, &got_minor, &got_bearing);
        CHECK_NEAR(got_major, major, 1e-6);
        CHECK_NEAR(got_minor, minor, 1e-6);
        CHECK_NEAR(remainder(got_bearing - bearing, 180), 0, 1e-9);
    }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
