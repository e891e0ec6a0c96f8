/* Placement: how well many uncertain passes place one hole, beside what is possible with the same errors.
 *
 * Simulated, not driven: a hole lies anywhere on a street that runs north; each pass sees it with
 * an error along the way and one across it, plus what is common to all passes of that hole. The closed form takes the
 * mean of the same errors, so it is what the best estimator reaches:
 *
 *     variance of the mean = own^2 / passes + common^2, along and across the way
 *     P(same cell) along one axis, error N(0, s), place uniform in the metre = erf(1 / (s sqrt 2)) - s sqrt(2 / pi) (1 - exp(-1 / (2 s^2)))
 *
 * ROAD_HOLES=N plays N times as many holes; docs/evidence/2026-11-23-placement.md shows what that prints. */
#include <stdio.h>

#include "tests/check.h"
#include "tests/gateway/drive.h"

#define STREET_E 40.0
#define HOLE_N 100.0
#define ANYWHERE_M 16 /* no place in the squares that holes are painted on is preferred */
#define GATE95 5.991 /* chi-squared, two degrees of freedom */
#define LINE_COMMON_M 0.06 /* vehicles keep to one line: gateway/place.h */

static struct drive drive;

/* Metres, 1 sigma. */
struct errors {
    const char *name;
    enum gnss_class gnss;
    double along, across;               /* of each pass, as the node says it */
    double common_along, common_across; /* of all passes of a hole */
    double timing_s, speed_mps;         /* timing: along the way, told by the node within `along` */
};

struct score {
    unsigned trials, split, inside_ellipse, in_painted, in_likeliest;
};

static double square_plus(double a, double b)
{
    return a * a + b * b;
}

/* Of one pass along the way, with the timing. */
static double own_along(const struct errors *x)
{
    return sqrt(square_plus(x->along, x->timing_s * x->speed_mps));
}

static double same_cell(double sigma_m)
{
    return erf(1 / (sigma_m * sqrt(2))) - sigma_m * sqrt(2 / M_PI) * (1 - exp(-1 / (2 * sigma_m * sigma_m)));
}

static double closed_form(const struct errors *x, unsigned passes)
{
    const double along = sqrt(square_plus(own_along(x) / sqrt(passes), x->common_along));
    const double across = sqrt(square_plus(x->across / sqrt(passes), x->common_across));

    return same_cell(along) * same_cell(across);
}

static void send_pass(struct beliefs *beliefs, const struct errors *x, unsigned vehicle, double e, double n)
{
    const int64_t start = DAY0_NS + (int64_t)vehicle * 3600 * SECOND_NS;

    drive_straight(&drive, 1, start, STREET_E, HOLE_N - 60, STREET_E, HOLE_N + 60, x->gnss, fmin(own_along(x), 15));
    struct detection *hit = drive_hit(&drive, DEFECT_POTHOLE, start + 6 * SECOND_NS, e, n, 1, 60, 0);
    hit->cov_ee_cm2 = (int32_t)lround(x->across * x->across * 1e4);
    hit->cov_nn_cm2 = (int32_t)lround(own_along(x) * own_along(x) * 1e4);
    beliefs_add(beliefs, &drive.batch, kid_number(vehicle), x->gnss == GNSS_PHONE);
}

/* The belief with the most sightings: a stray one may stand beside it. */
static const struct defect *main_defect(const struct beliefs *beliefs)
{
    const struct defect *best = NULL;

    for (size_t i = 0; i < beliefs->n_defects; i++)
        if (beliefs->defects[i].is_live && (!best || beliefs->defects[i].n_members > best->n_members))
            best = &beliefs->defects[i];
    return best;
}

static double normalised_error2(const struct defect *d, struct grid_point truth)
{
    const struct grid_covariance c = d->covariance;
    const double e = (double)(truth.e_mm - d->belief.at.e_mm), n = (double)(truth.n_mm - d->belief.at.n_mm);

    return (c.nn_mm2 * e * e - 2 * c.en_mm2 * e * n + c.ee_mm2 * n * n) / (c.ee_mm2 * c.nn_mm2 - c.en_mm2 * c.en_mm2);
}

static bool is_painted_there(const struct defect *d, struct grid_point truth)
{
    struct cell cells[PAINTED_MAX], at;
    size_t n = 0;

    if (cells_to_paint(drive_zone, d->belief.at, d->covariance, cells, &n) != ROAD_OK)
        return false;
    for (size_t i = 0; i < n; i++)
        if (cell_from_point(drive_zone, truth, cell_level(cells[i]), &at) == ROAD_OK && at.id == cells[i].id)
            return true;
    return false;
}

static bool is_same_cell(struct grid_point a, struct grid_point b)
{
    struct cell x = {0}, y = {0};

    return cell_from_point(drive_zone, a, 0, &x) == ROAD_OK && cell_from_point(drive_zone, b, 0, &y) == ROAD_OK &&
           x.id == y.id;
}

static void one_hole(const struct errors *x, unsigned passes, struct chance *chance, struct score *score)
{
    const struct beliefs_config config = drive_config();
    const double e = STREET_E + ANYWHERE_M * chance_unit(chance), n = HOLE_N + ANYWHERE_M * chance_unit(chance);
    const double bias_e = x->common_across * chance_normal(chance), bias_n = x->common_along * chance_normal(chance);
    struct beliefs beliefs;

    beliefs_init(&beliefs, &config);
    for (unsigned v = 1; v <= passes; v++)
        send_pass(&beliefs, x, v, e + bias_e + x->across * chance_normal(chance),
                  n + bias_n + own_along(x) * chance_normal(chance));
    beliefs_settle(&beliefs, INT64_MIN, NULL);
    const struct defect *d = main_defect(&beliefs);
    const struct grid_point truth = metres(e, n);
    score->trials++;
    score->split += live_defects(&beliefs, 0) > 1;
    score->inside_ellipse += normalised_error2(d, truth) <= GATE95;
    score->in_painted += is_painted_there(d, truth);
    score->in_likeliest += is_same_cell(d->belief.at, truth);
    beliefs_done(&beliefs);
}

static struct score play(const struct errors *x, unsigned passes, unsigned holes)
{
    const char *times = getenv("ROAD_HOLES");
    const unsigned trials = holes * (times ? (unsigned)strtoul(times, NULL, 10) : 1);
    struct chance chance = {20261123 + passes};
    struct score score = {0};

    for (unsigned i = 0; i < trials; i++)
        one_hole(x, passes, &chance, &score);
    const double n = trials;
    printf("  %-12s %4u passes %5u holes: in 95 %% ellipse %.3f, painted %.3f, likeliest cell %.3f "
           "(closed form %.3f, ratio %.2f); more than one belief %.3f\n",
           x->name, passes, trials, score.inside_ellipse / n, score.in_painted / n, score.in_likeliest / n,
           closed_form(x, passes), score.in_likeliest / n / closed_form(x, passes), score.split / n);
    return score;
}

/* Consumer receivers, 3 m to each side with 0.5 m common to all; snapped to the lane across the way. */
static const struct errors snapped = {.name = "lane-snapped", .gnss = GNSS_CONSUMER, .along = 3, .across = 0.3,
                                      .common_along = 0.5, .common_across = LINE_COMMON_M};
static const struct errors open_sky = {.name = "consumer", .gnss = GNSS_CONSUMER, .along = 3, .across = 3,
                                       .common_along = 0.5, .common_across = 0.5};
static const struct errors rtk = {.name = "RTK", .gnss = GNSS_RTK, .along = 0.03, .across = 0.03,
                                  .common_across = LINE_COMMON_M, .timing_s = 0.010, .speed_mps = 11.1};

static const struct {
    unsigned passes, trials;
} plan[] = {{1, 2000}, {5, 1000}, {25, 600}, {100, 300}};
#define PLANS (sizeof plan / sizeof plan[0])

/* A share of n holes is known to two standard errors. */
static double noise(double share, unsigned n)
{
    return 2 * sqrt(share * (1 - share) / n);
}

static void hold(const struct errors *x)
{
    unsigned inside = 0, painted = 0, trials = 0;

    for (size_t i = 0; i < PLANS; i++) {
        const struct score s = play(x, plan[i].passes, plan[i].trials);
        const double likeliest = (double)s.in_likeliest / s.trials;
        CHECK(likeliest + noise(likeliest, s.trials) >= 0.95 * closed_form(x, plan[i].passes));
        inside += s.inside_ellipse;
        painted += s.in_painted;
        trials += s.trials;
    }
    CHECK(inside >= 0.93 * trials);
    CHECK(inside <= 0.97 * trials);
    CHECK(painted >= 0.80 * trials);
}

FACT(lane_snapped_passes_place_a_hole_as_well_as_their_errors_allow)
{
    hold(&snapped);
}

FACT(consumer_passes_place_a_hole_as_well_as_their_errors_allow)
{
    hold(&open_sky);
}

FACT(one_rtk_pass_with_10_ms_of_timing_error_finds_the_square_metre)
{
    const struct score s = play(&rtk, 1, 4000);

    CHECK(s.in_likeliest >= 0.80 * s.trials);
    CHECK(s.inside_ellipse >= 0.93 * s.trials);
    CHECK(s.inside_ellipse <= 0.97 * s.trials);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
