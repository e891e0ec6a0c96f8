/* The gain of a calibration drive: pieces and means worked out by hand. */
#include "sensor-node/motion/ride_calibrate.h"
#include "tests/check.h"

#define SECOND INT64_C(1000000000)

static struct ride_pieces pieces;

/* A point every 2.5 m and 0.25 s (36 km/h), due east, from `from` on. */
static struct pass_point point_at(int index, int iri_centi)
{
    return (struct pass_point){.time_ns = index * SECOND / 4, .at = {500000000 + index * 2500, 3350000000}, .sigma_cm = 100,
                               .iri_centi = (uint16_t)iri_centi};
}

static void drive(int from, int n, int iri_centi)
{
    for (int i = from; i < from + n; i++) {
        const struct pass_point point = point_at(i, iri_centi);
        ride_pieces_point(&pieces, &point, 2.0);
    }
}

static void give(const double *ratios, size_t n, double low_mps, double high_mps)
{
    pieces = (struct ride_pieces){.n = n};
    for (size_t i = 0; i < n; i++)
        pieces.pieces[i] = (struct ride_piece){ratios[i], low_mps + (high_mps - low_mps) * (double)i / (double)(n - 1)};
}

/* 81 points are 200 m: ten pieces; 3 m/km told where 2 are known. */
FACT(points_every_2_5_m_make_pieces_of_20_m)
{
    pieces = (struct ride_pieces){.n = 0};
    drive(0, 81, 300);
    CHECK_INT(pieces.n, 10);
    CHECK_NEAR(pieces.pieces[4].ratio, 1.5, 1e-12);
    CHECK_NEAR(pieces.pieces[4].speed_mps, 10, 1e-9);
}

FACT(a_piece_never_spans_a_hole_and_one_hardly_told_is_none)
{
    pieces = (struct ride_pieces){.n = 0};
    drive(0, 8, 300); /* 17.5 m, then 25 m of nothing, then 17.5 m */
    drive(18, 8, 300);
    CHECK_INT(pieces.n, 0);
    ride_pieces_break(&pieces);
    drive(100, 9, IRI_UNKNOWN);
    CHECK_INT(pieces.n, 0);
    drive(109, 8, 300);
    CHECK_INT(pieces.n, 1);
}

FACT(pieces_at_other_speeds_than_asked_for_are_left_out)
{
    pieces = (struct ride_pieces){.speed_low_mps = 11, .speed_high_mps = 14};
    drive(0, 81, 300);
    CHECK_INT(pieces.n, 0);
    pieces = (struct ride_pieces){.speed_low_mps = 9, .speed_high_mps = 11};
    drive(0, 81, 300);
    CHECK_INT(pieces.n, 10);
}

FACT(a_batch_gives_what_lies_between_two_times_and_passes_that_go_on_are_one)
{
    struct pass_point points[2][41];
    struct pass passes[2] = {{.points = points[0], .n_points = 41}, {.points = points[1], .n_points = 41}};
    struct batch batches[2] = {{.passes = &passes[0], .n_passes = 1}, {.passes = &passes[1], .n_passes = 1}};

    for (int i = 0; i <= 40; i++) {
        points[0][i] = point_at(i, 300);
        points[1][i] = point_at(40 + i, 300); /* begins with the last of the first */
    }
    pieces = (struct ride_pieces){.n = 0};
    ride_pieces_batch(&pieces, &batches[0], 2, 0, 100 * SECOND);
    ride_pieces_batch(&pieces, &batches[1], 2, 0, 100 * SECOND);
    CHECK_INT(pieces.n, 10);
    pieces = (struct ride_pieces){.n = 0};
    ride_pieces_batch(&pieces, &batches[0], 2, 2 * SECOND, 6 * SECOND); /* 4 s at 10 m/s */
    CHECK_INT(pieces.n, 2);
    pieces = (struct ride_pieces){.n = 0};
    points[1][0].time_ns += SECOND / 100; /* another pass: the 10 m left of the first one are lost, and of the second */
    passes[0].n_points = passes[1].n_points = 37;
    ride_pieces_batch(&pieces, &batches[0], 2, 0, 100 * SECOND);
    ride_pieces_batch(&pieces, &batches[1], 2, 0, 100 * SECOND);
    CHECK_INT(pieces.n, 8);
}

/* 0.8, 1.0, 1.2 ten times over: mean 1; variance 20 x 0.04 / 29 = 0.027586, over 30 pieces: sigma 0.030324. ln deviations
 * from the median 1: 0 ten times, 0.1823 and 0.2231: the sixteenth of thirty is 0.18232, times 1.4826: a spread of 1.3104. */
FACT(the_gain_is_the_mean_of_what_was_told_over_what_is_known)
{
    struct ride_calibration c;
    double ratios[30];

    for (int i = 0; i < 30; i++)
        ratios[i] = 0.8 + 0.2 * (i % 3);
    give(ratios, 30, 8, 16);
    CHECK_STATUS(ride_calibrate(&pieces, &c), ROAD_OK);
    CHECK_NEAR(c.gain, 1.0, 1e-12);
    CHECK_NEAR(c.gain_sigma, 0.030324, 1e-6);
    CHECK_NEAR(c.spread, 1.3104, 1e-4);
    CHECK_INT(c.n_pieces, 30);
    CHECK_INT(c.n_left_out, 0);
    CHECK_INT(c.warnings, 0);
    CHECK_NEAR(c.speed_low_mps, 8 + 8 * 3 / 29., 1e-9);
    CHECK_NEAR(c.speed_high_mps, 8 + 8 * 26 / 29., 1e-9);
}

FACT(potholes_and_joints_on_the_stretch_do_not_move_the_gain)
{
    struct ride_calibration c;
    double ratios[33];

    for (int i = 0; i < 30; i++)
        ratios[i] = 0.8 + 0.2 * (i % 3);
    ratios[30] = 9;
    ratios[31] = 4;
    ratios[32] = 0.05;
    give(ratios, 33, 8, 16);
    CHECK_STATUS(ride_calibrate(&pieces, &c), ROAD_OK);
    CHECK_NEAR(c.gain, 1.0, 1e-12);
    CHECK_INT(c.n_left_out, 3);
}

FACT(a_gain_that_rests_on_too_little_says_so)
{
    static const double few[] = {1, 1.1, 0.9, 1, 1.05, 0.95}, wide[] = {0.3, 3, 1, 0.5, 2, 0.4, 2.5}, far[] = {60, 61, 59, 60};
    struct ride_calibration c;

    give(few, 6, 10, 10.5);
    CHECK_STATUS(ride_calibrate(&pieces, &c), ROAD_OK);
    CHECK_INT(c.warnings, RIDE_FEW_PIECES | RIDE_NARROW_SPEEDS);
    give(wide, 7, 8, 16);
    CHECK_STATUS(ride_calibrate(&pieces, &c), ROAD_OK);
    CHECK_INT(c.warnings, RIDE_FEW_PIECES | RIDE_WIDE_SPREAD);
    give(far, 4, 8, 16);
    CHECK_STATUS(ride_calibrate(&pieces, &c), ROAD_OK);
    CHECK_INT(c.warnings, RIDE_FEW_PIECES | RIDE_BEYOND);
}

FACT(one_piece_is_a_gain_as_unsure_as_it_is_large_and_none_is_refused)
{
    struct ride_calibration c = {.gain = -7};

    pieces = (struct ride_pieces){.n = 0};
    CHECK_STATUS(ride_calibrate(&pieces, &c), ROAD_NOT_FOUND);
    CHECK_NEAR(c.gain, -7, 0);
    pieces.pieces[pieces.n++] = (struct ride_piece){0.7, 10};
    CHECK_STATUS(ride_calibrate(&pieces, &c), ROAD_OK);
    CHECK_NEAR(c.gain, 0.7, 1e-12);
    CHECK_NEAR(c.gain_sigma, 0.7, 1e-12);
}

FACT(pieces_beyond_the_hundredth_kilometre_are_not_taken)
{
    pieces = (struct ride_pieces){.n = 0};
    drive(0, 8 * RIDE_PIECES_MAX + 100, 200);
    CHECK_INT(pieces.n, RIDE_PIECES_MAX);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
