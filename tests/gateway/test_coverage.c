/* Probabilities are those of the normal distribution's tables: 0.6827 within 1 sigma, 0.9545 within 2. */
#include "gateway/coverage.h"
#include "grid/cover.h"
#include "tests/check.h"
#include "tests/gateway/drive.h"

static struct drive drive;
static const struct grid_covariance exact = {1, 0, 1}; /* mm^2 */

static struct beliefs believe(void)
{
    const struct beliefs_config config = drive_config();
    struct beliefs beliefs;

    beliefs_init(&beliefs, &config);
    return beliefs;
}

static double crossing(struct beliefs *b, double e, double n, struct grid_covariance covariance)
{
    const struct grid_point at = metres(e, n);
    double most = 0;

    for (size_t i = 0; i < b->evidence.n_blocks; i++) {
        const struct block *block = evidence_block_at(&b->evidence, i);
        const struct grid_point corner = {(int64_t)block->column * BLOCK_MM, (int64_t)block->row * BLOCK_MM};
        for (uint32_t k = block->newest; k; k = stretch_at(&b->evidence.stretches, k)->next)
            most = fmax(most, coverage_crossing(stretch_at(&b->evidence.stretches, k), corner, at, covariance,
                                                defect_half_width_mm(DEFECT_POTHOLE)));
    }
    return most;
}

/* A pothole is 0.2 m to each side, a tyre 0.12 m: the band is 0.32 m. */
FACT(crossing_is_the_probability_that_a_wheel_ran_over_it)
{
    struct beliefs b = believe();

    drive_straight(&drive, 1, DAY0_NS, 0, 40, 100, 40, GNSS_RTK, 0.32);
    beliefs_add(&b, &drive.batch, kid_number(1), false);
    CHECK_NEAR(crossing(&b, 50, 40.75, exact), 0.6827, 1e-3); /* under the left wheel */
    CHECK_NEAR(crossing(&b, 50, 39.25, exact), 0.6827, 1e-3); /* under the right one */
    CHECK_NEAR(crossing(&b, 50, 40.75 + 0.32, exact), 0.4772, 1e-3); /* at the band's edge: 0 to 2 sigma */
    CHECK_NEAR(crossing(&b, 50, 47, exact), 0, 1e-3); /* another lane */
    CHECK_NEAR(crossing(&b, 0, 40.75, exact), 0.5 * 0.6827, 1e-3); /* abeam of its end: half of it */
    CHECK_NEAR(crossing(&b, 120, 40.75, exact), 0, 1e-3);
    beliefs_done(&b);
}

FACT(crossing_knows_what_the_defect_does_not)
{
    struct beliefs b = believe();

    drive_straight(&drive, 1, DAY0_NS, 0, 40, 100, 40, GNSS_RTK, 0.01);
    beliefs_add(&b, &drive.batch, kid_number(1), false);
    /* 0.32 m across: one sigma; along the way it does not matter */
    CHECK_NEAR(crossing(&b, 50, 40.75, (struct grid_covariance){1e6, 0, 320.0 * 320 - 100}), 0.6827, 2e-3);
    beliefs_done(&b);
}

FACT(the_level_of_coverage_is_the_finest_of_two_sigmas)
{
    static const struct {
        double sigma_mm;
        int level;
    } rows[] = {{50, 0}, {500, 0}, {501, 1}, {1000, 1}, {3000, 3}, {4000, 3}, {8000, 4}, {10000, 5}, {15000, 5}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_INT(coverage_level(rows[i].sigma_mm), rows[i].level);
}

/* Watched of a square by all units together, of 1: kept in sixteenths, at most 31 of them. -1 if no pass wrote to it at its own
 * level. */
static double watched(const struct beliefs *b, struct cell cell)
{
    const struct grid_point corner = cell_corner(cell);
    const struct block *block =
        evidence_block(&b->evidence, block_coordinate(corner.e_mm), block_coordinate(corner.n_mm));
    const uint16_t cover = block ? evidence_cover(&b->evidence, block, square_of_cell(cell)) : 0;

    return cover_colour(cover) ? (double)cover_coverage(cover) / COVER_ONE : -1;
}
#define SIXTEENTH (0.5 / 16) /* the most that rounding to sixteenths is off */

FACT(rtk_watches_the_squares_under_both_wheels_and_no_other)
{
    struct beliefs b = believe();

    drive_straight(&drive, 1, DAY0_NS, 0, 40, 100, 40, GNSS_RTK, 0.05);
    beliefs_add(&b, &drive.batch, kid_number(1), false);
    for (int i = 1; i < 99; i++) {
        CHECK_NEAR(watched(&b, cell_at(i + 0.5, 40.5, 0)), 0.6, SIXTEENTH);
        CHECK_NEAR(watched(&b, cell_at(i + 0.5, 39.5, 0)), 0.6, SIXTEENTH);
        CHECK_NEAR(watched(&b, cell_at(i + 0.5, 41.5, 0)), -1, 0);
        CHECK_NEAR(watched(&b, cell_at(i + 0.5, 38.5, 0)), -1, 0);
    }
    beliefs_done(&b);
}

FACT(a_phone_watches_16_m_squares)
{
    struct beliefs b = believe();

    drive_straight(&drive, 1, DAY0_NS, 0, 40, 100, 40, GNSS_PHONE, 8);
    beliefs_add(&b, &drive.batch, kid_number(1), true);
    /* the wheels are 0.75 m beside the middle of the square: (7.25 and 8.75 m) / 8 m: 0.6827 less a little */
    CHECK_NEAR(watched(&b, cell_at(50, 40, 4)), 0.375 * 0.681, SIXTEENTH);
    CHECK_NEAR(watched(&b, cell_at(50, 40, 0)), -1, 0);
    beliefs_done(&b);
}

FACT(one_vehicle_counts_once_an_hour)
{
    struct beliefs b = believe();

    for (uint64_t i = 0; i < 3; i++) { /* 00:00, 00:20, 01:00 */
        drive_straight(&drive, i + 1, DAY0_NS + (i == 2 ? 3600 : (int64_t)i * 1200) * SECOND_NS, 0, 40, 100, 40, GNSS_RTK,
                       0.05);
        beliefs_add(&b, &drive.batch, kid_number(1), false);
        CHECK_NEAR(watched(&b, cell_at(50.5, 40.5, 0)), i == 2 ? 1.2 : 0.6, 2 * SIXTEENTH);
    }
    beliefs_done(&b);
}

FACT(squares_number_as_cells_do)
{
    struct chance chance = {5};

    for (int i = 0; i < 2000; i++) {
        const double e = 200 * chance_unit(&chance), n = 200 * chance_unit(&chance);
        const struct grid_point at = metres(e, n);
        struct evidence evidence;
        const struct evidence_config config = {.zone = drive_zone};
        evidence_init(&evidence, &config);
        for (int level = 0; level <= COVER_LEVEL_MAX; level++) {
            const struct cell cell = cell_at(e, n, level);
            const struct block *block = evidence_block_of_cell(&evidence, cell);
            const uint16_t square = square_index(level, at.e_mm - (int64_t)block->column * BLOCK_MM,
                                                 at.n_mm - (int64_t)block->row * BLOCK_MM);
            CHECK_INT(square, square_of_cell(cell));
            CHECK_INT(square_level(square), level);
            CHECK(square_cell(&evidence, block, square).id == cell.id);
            if (level < COVER_LEVEL_MAX)
                CHECK(square_cell(&evidence, block, square_parent(square, level)).id == cell_parent(cell, level + 1).id);
        }
        evidence_done(&evidence);
    }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
