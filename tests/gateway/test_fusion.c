/* Association, fusion, painting and telling: small scenes whose outcome a person can work out. */
#include "grid/cover.h"
#include "tests/check.h"
#include "tests/gateway/drive.h"

static struct drive drive;

struct scene {
    struct beliefs beliefs;
    struct delta delta;
    uint64_t seq;
};

static struct scene scene_open(void)
{
    const struct beliefs_config config = drive_config();
    struct scene scene = {.seq = 0};

    beliefs_init(&scene.beliefs, &config);
    return scene;
}

static void scene_close(struct scene *scene)
{
    delta_done(&scene->delta);
    beliefs_done(&scene->beliefs);
}

static void settle(struct scene *scene, unsigned vehicle, bool is_phone)
{
    beliefs_add(&scene->beliefs, &drive.batch, kid_number(vehicle), is_phone);
    beliefs_settle(&scene->beliefs, INT64_MIN, &scene->delta);
}

/* An eastbound drive at n = 40 with one hit where it is said to be. */
static void hit_at(struct scene *scene, unsigned vehicle, double hour, int type, double e, double n, double sigma_m,
                   double size)
{
    const int64_t start = DAY0_NS + (int64_t)(hour * 3600) * SECOND_NS;
    const enum gnss_class gnss = sigma_m < 0.5 ? GNSS_RTK : sigma_m < 5 ? GNSS_CONSUMER : GNSS_PHONE;

    drive_straight(&drive, ++scene->seq, start, 0, 40, 200, 40, gnss, sigma_m);
    drive_hit(&drive, type, start + 10 * SECOND_NS, e, n, sigma_m, size, 90);
    settle(scene, vehicle, gnss == GNSS_PHONE);
}

static void pass_by(struct scene *scene, unsigned vehicle, double hour, double sigma_m)
{
    drive_straight(&drive, ++scene->seq, DAY0_NS + (int64_t)(hour * 3600) * SECOND_NS, 0, 40, 200, 40,
                   sigma_m < 0.5 ? GNSS_RTK : GNSS_CONSUMER, sigma_m);
    settle(scene, vehicle, false);
}

/* ---- association --------------------------------------------------------------------------------------- */

FACT(sightings_of_one_place_become_one_defect)
{
    struct scene s = scene_open();

    for (unsigned i = 0; i < 6; i++)
        hit_at(&s, i, i, DEFECT_POTHOLE, 100 + 1.5 * (i % 3), 40.7, 3, 60);
    CHECK_INT(live_defects(&s.beliefs, 0), 1);
    CHECK_INT(defect_near(&s.beliefs, 101.5, 40.7, 1)->belief.units, 6);
    scene_close(&s);
}

FACT(sightings_far_apart_stay_apart)
{
    struct scene s = scene_open();

    hit_at(&s, 1, 0, DEFECT_POTHOLE, 50, 40.7, 3, 60);
    hit_at(&s, 2, 1, DEFECT_POTHOLE, 90, 40.7, 3, 60); /* 40 m: 9 sigma of the difference */
    CHECK_INT(live_defects(&s.beliefs, 0), 2);
    scene_close(&s);
}

FACT(types_that_cannot_be_taken_for_each_other_stay_apart)
{
    struct scene s = scene_open();

    hit_at(&s, 1, 0, DEFECT_POTHOLE, 100, 40.7, 0.1, 60);
    hit_at(&s, 2, 1, DEFECT_SUBSIDENCE, 100, 40.7, 0.1, 30);
    hit_at(&s, 3, 2, DEFECT_MANHOLE_LEVEL, 100, 40.7, 0.1, 20); /* a pothole to an accelerometer */
    CHECK_INT(live_defects(&s.beliefs, 0), 2);
    scene_close(&s);
}

FACT(two_holes_of_one_drive_are_two_however_poor_the_position)
{
    struct scene s = scene_open();

    drive_straight(&drive, 1, DAY0_NS, 0, 40, 200, 40, GNSS_CONSUMER, 3);
    drive_hit(&drive, DEFECT_POTHOLE, DAY0_NS + 10 * SECOND_NS, 100, 40, 3, 60, 90);
    drive_hit(&drive, DEFECT_POTHOLE, DAY0_NS + 11 * SECOND_NS, 106, 40, 3, 60, 90);
    settle(&s, 1, false);
    CHECK_INT(live_defects(&s.beliefs, 0), 2);
    scene_close(&s);
}

FACT(opposite_ways_are_different_places_unless_the_position_is_good)
{
    for (int is_good = 0; is_good <= 1; is_good++) {
        struct scene s = scene_open();
        const double sigma = is_good ? 0.1 : 3;

        hit_at(&s, 1, 0, DEFECT_POTHOLE, 100, 40.7, sigma, 60);
        drive_straight(&drive, 2, DAY0_NS + 3600 * SECOND_NS, 200, 40, 0, 40, is_good ? GNSS_RTK : GNSS_CONSUMER, sigma);
        drive_hit(&drive, DEFECT_POTHOLE, DAY0_NS + 3610 * SECOND_NS, 100, 40.7, sigma, 60, 270);
        settle(&s, 2, false);
        CHECK_INT(live_defects(&s.beliefs, 0), is_good ? 1 : 2);
        scene_close(&s);
    }
}

/* ---- fusion -------------------------------------------------------------------------------------------- */

/* Information filter by hand: sigmas 1 and 2 give weights 4/5 and 1/5 and 1/sqrt(1 + 1/4). */
FACT(place_is_weighed_by_information)
{
    struct scene s = scene_open();

    hit_at(&s, 1, 0, DEFECT_POTHOLE, 100, 40, 1, 60);
    hit_at(&s, 2, 1, DEFECT_POTHOLE, 102, 41, 2, 60);
    const struct defect *d = defect_near(&s.beliefs, 100, 40, 3);
    CHECK_NEAR((double)(d->belief.at.e_mm - ORIGIN_E_MM) / 1000, 100.4, 0.002);
    CHECK_NEAR((double)(d->belief.at.n_mm - ORIGIN_N_MM) / 1000, 40.2, 0.002);
    /* Along the way: 1 / (1 / 1 + 1 / 4) = 0.8 m^2, and 1/36 of the mean variance 1.6 that all receivers share. */
    CHECK_NEAR(sqrt(d->covariance.ee_mm2), 918.9, 1);
    scene_close(&s);
}

FACT(one_vehicle_in_one_hour_is_one_witness)
{
    struct scene s = scene_open();

    for (int i = 0; i < 10; i++)
        hit_at(&s, 1, 0.05 * i, DEFECT_POTHOLE, 100 + 0.1 * i, 40.7, 1, 60);
    const struct defect *d = defect_near(&s.beliefs, 100, 40.7, 3);
    CHECK_INT(d->belief.state, DEFECT_SUSPECTED);
    CHECK_INT(d->belief.units, 1);
    CHECK_INT(d->belief.posterior_permille, 158); /* 1 / (1 + e^1.672976) */
    CHECK_NEAR(sqrt(d->covariance.ee_mm2), 1013.8, 10); /* its errors are common: ten are no better than one */
    scene_close(&s);
}

FACT(a_precise_sighting_refines_a_poor_one_and_not_the_reverse)
{
    struct scene s = scene_open();

    hit_at(&s, 1, 0, DEFECT_POTHOLE, 103, 42, 3, 60);
    hit_at(&s, 2, 1, DEFECT_POTHOLE, 100, 40.7, 0.05, 60);
    const struct defect *d = defect_near(&s.beliefs, 100, 40.7, 0.05);
    CHECK(d && d->belief.units == 2);
    CHECK_INT(live_defects(&s.beliefs, 0), 1);
    scene_close(&s);
}

FACT(honest_units_give_an_honest_covariance)
{
    /* Four vehicles with Gaussian errors of their sigma: the squared normalised error has mean 2. The mean of 400
     * has a standard deviation of 2 / sqrt(400) = 0.1. What the gate leaves out (1 %) makes it a little less. */
    struct chance chance = {20261123};
    double sum = 0;
    int n = 0;

    for (int trial = 0; trial < 400; trial++) {
        struct scene s = scene_open();
        for (unsigned i = 0; i < 4; i++) {
            const double sigma = 1 + i;
            hit_at(&s, i, i, DEFECT_POTHOLE, 100 + sigma * chance_normal(&chance), 40 + sigma * chance_normal(&chance),
                   sigma, 60);
        }
        const struct defect *best = NULL;
        for (size_t i = 0; i < s.beliefs.n_defects; i++)
            if (s.beliefs.defects[i].is_live && (!best || s.beliefs.defects[i].belief.units > best->belief.units))
                best = &s.beliefs.defects[i];
        const double e = (double)(best->belief.at.e_mm - metres(100, 40).e_mm);
        const double h = (double)(best->belief.at.n_mm - metres(100, 40).n_mm);
        const struct grid_covariance c = best->covariance;
        sum += (c.nn_mm2 * e * e - 2 * c.en_mm2 * e * h + c.ee_mm2 * h * h) /
               (c.ee_mm2 * c.nn_mm2 - c.en_mm2 * c.en_mm2);
        n++;
        scene_close(&s);
    }
    CHECK_NEAR(sum / n, 2, 0.3);
}

FACT(watched_passes_without_a_hit_drop_a_defect_and_paint_it_green_again)
{
    struct scene s = scene_open();
    unsigned passes = 0;

    hit_at(&s, 1, 0, DEFECT_POTHOLE, 100.5, 40.75, 0.05, 60);
    hit_at(&s, 2, 1, DEFECT_POTHOLE, 100.5, 40.75, 0.05, 60);
    CHECK_INT(code_said(&s.beliefs, cell_at(100.5, 40.75, 0)), CODE_RED);
    while (live_defects(&s.beliefs, DEFECT_CONFIRMED) && passes < 30) {
        pass_by(&s, 3 + passes % 2, 24 + 2 * passes, 0.05);
        passes++;
    }
    /* 4.50 - k * 0.91 w <= -0.85: 6 passes at w = 1; w is a little less */
    CHECK(passes >= 6 && passes <= 8);
    CHECK_INT(live_defects(&s.beliefs, DEFECT_DROPPED), 1);
    CHECK_INT(code_said(&s.beliefs, cell_at(100.5, 40.75, 0)), CODE_GREEN);
    scene_close(&s);
}

FACT(passes_of_another_lane_clear_nothing)
{
    struct scene s = scene_open();

    hit_at(&s, 1, 0, DEFECT_POTHOLE, 100.5, 44.75, 0.05, 60);
    hit_at(&s, 2, 1, DEFECT_POTHOLE, 100.5, 44.75, 0.05, 60);
    const int before = defect_near(&s.beliefs, 100.5, 44.75, 0.1)->belief.posterior_permille;
    for (unsigned i = 0; i < 20; i++)
        pass_by(&s, 3 + i % 2, 24 + i, 0.05);
    CHECK_INT(defect_near(&s.beliefs, 100.5, 44.75, 0.1)->belief.posterior_permille, before);
    scene_close(&s);
}

/* ---- painting ------------------------------------------------------------------------------------------ */

static size_t painted(const struct scene *s, int *ret_level)
{
    for (size_t i = 0; i < s->beliefs.n_defects; i++)
        if (s->beliefs.defects[i].is_live && s->beliefs.defects[i].n_cells) {
            *ret_level = cell_level(s->beliefs.defects[i].cells[0]);
            return s->beliefs.defects[i].n_cells;
        }
    return 0;
}

FACT(rtk_colours_one_square_metre_consumer_gps_4_m_and_phones_16_m)
{
    static const struct {
        double sigma_m;
        unsigned hits;
        int level;
    } rows[] = {{0.05, 2, 0}, {3, 4, 2}, {10, 5, 4}};

    for (size_t r = 0; r < 3; r++) {
        struct scene s = scene_open();
        int level = -1;

        for (unsigned i = 0; i < rows[r].hits; i++)
            hit_at(&s, i, i, DEFECT_POTHOLE, 100.5, 40.5, rows[r].sigma_m, 60);
        CHECK_INT(live_defects(&s.beliefs, DEFECT_CONFIRMED), 1);
        const size_t n = painted(&s, &level);
        CHECK_INT(level, rows[r].level);
        CHECK(n >= 1 && n <= (rows[r].level == 4 ? 16 : 4));
        if (rows[r].level == 0)
            CHECK_INT(n, 1);
        scene_close(&s);
    }
}

FACT(a_suspected_defect_colours_nothing)
{
    struct scene s = scene_open();
    int level;

    hit_at(&s, 1, 0, DEFECT_POTHOLE, 100.5, 40.75, 0.05, 90);
    CHECK_INT(painted(&s, &level), 0);
    CHECK(code_said(&s.beliefs, cell_at(100.5, 40.75, 0)) <= CODE_GREEN);
    scene_close(&s);
}

FACT(clean_squares_are_coded_at_the_level_the_position_supports)
{
    static const struct {
        double sigma_m;
        int level;
    } rows[] = {{0.05, 0}, {3, 3}, {8, 4}};

    for (size_t r = 0; r < 3; r++) {
        struct scene s = scene_open();
        size_t at_level = 0, finer = 0;

        for (unsigned i = 0; i < 3; i++)
            pass_by(&s, i, i, rows[r].sigma_m);
        for (int level = 0; level <= rows[r].level; level++) {
            struct cellmap_cursor cursor;
            struct cellmap_leaf leaf;
            cellmap_cursor_open(&cursor, &s.beliefs.evidence.maps[level]);
            while (cellmap_cursor_next(&cursor, &leaf))
                for (unsigned i = 0; i < 64; i++)
                    *(level == rows[r].level ? &at_level : &finer) += cover_shown(leaf.values[i]) == CODE_GREEN;
            cellmap_cursor_close(&cursor);
        }
        CHECK(at_level >= 12); /* 200 m of road in squares of at most 16 m */
        CHECK_INT(finer, 0);
        CHECK_INT(code_said(&s.beliefs, cell_at(100.5, 40.75, rows[r].level)), CODE_GREEN);
        scene_close(&s);
    }
}

FACT(the_strip_between_two_wheel_tracks_is_known_at_4_m)
{
    struct scene s = scene_open();

    drive_straight(&drive, 1, DAY0_NS, 0, 42, 200, 42, GNSS_RTK, 0.05); /* wheels at 41.25 and 42.75 */
    drive.pass.half_track_mm = 1200;                                     /* … of a lorry: 40.8 and 43.2 */
    settle(&s, 1, false);
    CHECK_INT(code_said(&s.beliefs, cell_at(100.5, 40.8, 0)), CODE_GREEN);
    CHECK_INT(code_said(&s.beliefs, cell_at(100.5, 42.0, 0)), CODE_GREY);
    CHECK_INT(code_said(&s.beliefs, cell_at(100.5, 42.0, 2)), CODE_GREEN);
    scene_close(&s);
}

FACT(a_road_not_driven_for_three_cadences_turns_grey)
{
    struct scene s = scene_open();

    pass_by(&s, 1, 0, 0.05);
    for (int day = 1; day <= 4; day++) { /* somewhere else, to move the time */
        drive_straight(&drive, ++s.seq, DAY0_NS + day * NS_PER_DAY, 2000, 40, 2100, 40, GNSS_RTK, 0.05);
        settle(&s, 1, false);
        CHECK_INT(code_said(&s.beliefs, cell_at(100.5, 40.75, 0)), day <= 3 ? CODE_GREEN : CODE_GREY);
    }
    scene_close(&s);
}

/* ---- road metres --------------------------------------------------------------------------------------- */

FACT(road_metres_count_each_piece_of_road_once)
{
    struct scene s = scene_open();

    for (unsigned i = 0; i < 8; i++) { /* 200 m of one lane, scattered sideways over three rows of squares */
        drive_straight(&drive, ++s.seq, DAY0_NS + (int64_t)i * 3600 * SECOND_NS, 0, 36 + 1.5 * i, 200, 36 + 1.5 * i,
                       GNSS_CONSUMER, 3);
        settle(&s, i, false);
    }
    CHECK_NEAR((double)s.delta.road.covered_cm / 100, 200, 2);
    drive_straight(&drive, ++s.seq, DAY0_NS + 9 * 3600 * SECOND_NS, 120, 300, 120, 400, GNSS_CONSUMER, 3);
    settle(&s, 1, false);
    CHECK_NEAR((double)s.delta.road.covered_cm / 100, 300, 3);
    scene_close(&s);
}

FACT(worse_gps_does_not_make_more_road_red)
{
    double red_m[2];

    for (int is_poor = 0; is_poor <= 1; is_poor++) {
        struct scene s = scene_open();
        for (unsigned i = 0; i < 6; i++)
            hit_at(&s, i, i, DEFECT_POTHOLE, 100.5, 40.5, is_poor ? 8 : 0.05, 90);
        CHECK_INT(live_defects(&s.beliefs, DEFECT_CONFIRMED), 1);
        red_m[is_poor] = (double)s.delta.road.yellow_cm / 100 + (double)s.delta.road.red_cm / 100;
        scene_close(&s);
    }
    CHECK(red_m[0] > 10 && red_m[0] <= 16.1);
    CHECK(red_m[1] <= red_m[0] + 0.5); /* a step of the walk at the borders of the piece */
}

/* ---- telling ------------------------------------------------------------------------------------------- */

FACT(a_second_clean_pass_of_the_day_tells_only_what_moved)
{
    struct scene s = scene_open();

    pass_by(&s, 1, 0, 0.05);
    CHECK(squares_told(&s.delta) > 400);
    CHECK_INT(s.delta.n_cells, 0); /* none has a reason */
    CHECK(s.delta.leaves[0].has_moved);
    CHECK(cover_is_pale(s.delta.leaves[0].patch.covers[__builtin_ctzll(s.delta.leaves[0].patch.mask)]));
    pass_by(&s, 2, 1, 0.05); /* 1.2 of coverage: pale green turns full */
    CHECK(squares_told(&s.delta) > 400);
    CHECK(!s.delta.leaves[0].has_moved);
    CHECK(!cover_is_pale(s.delta.leaves[0].patch.covers[__builtin_ctzll(s.delta.leaves[0].patch.mask)]));
    pass_by(&s, 3, 2, 0.05);
    CHECK_INT(squares_told(&s.delta), 0);
    pass_by(&s, 4, 26, 0.05); /* the next day: freshness */
    CHECK(squares_told(&s.delta) > 400);
    CHECK(!s.delta.leaves[0].has_moved);
    scene_close(&s);
}

FACT(late_data_from_before_renames_a_defect_and_tells_the_alias)
{
    struct scene s = scene_open();

    hit_at(&s, 1, 10, DEFECT_POTHOLE, 100.5, 40.75, 0.05, 60);
    CHECK_INT(s.delta.n_defects, 1);
    const struct defect_id first = s.delta.defects[0].now.id;
    hit_at(&s, 2, 5, DEFECT_POTHOLE, 100.5, 40.75, 0.05, 60); /* was offline, drove earlier */
    CHECK_INT(s.delta.n_defects, 2);
    const struct defect_belief *older = &s.delta.defects[0].now, *alias = &s.delta.defects[1].now;
    CHECK_INT(older->id.time_ns, DAY0_NS + (5 * 3600 + 10) * SECOND_NS);
    CHECK_INT(older->state, DEFECT_CONFIRMED);
    CHECK(defect_id_compare(&alias->id, &first) == 0);
    CHECK_INT(alias->state, DEFECT_ALIAS);
    CHECK(defect_id_compare(&alias->alias_of, &older->id) == 0);
    CHECK_INT(live_defects(&s.beliefs, 0), 1);
    scene_close(&s);
}

FACT(a_pass_in_another_frame_is_moved_into_ours)
{
    struct beliefs_config config = drive_config();
    struct scene s = {.seq = 0};

    config.evidence.frame_de_mm = -800;
    config.evidence.frame_dn_mm = 300;
    beliefs_init(&s.beliefs, &config);
    drive_straight(&drive, 1, DAY0_NS, 0, 40, 200, 40, GNSS_RTK, 0.05);
    drive_hit(&drive, DEFECT_POTHOLE, DAY0_NS + 10 * SECOND_NS, 101.3, 40.45, 0.05, 60, 90);
    drive.pass.frame = FRAME_ITRF_CURRENT;
    settle(&s, 1, false);
    hit_at(&s, 2, 1, DEFECT_POTHOLE, 100.5, 40.75, 0.05, 60); /* CGCS2000 */
    CHECK_INT(live_defects(&s.beliefs, DEFECT_CONFIRMED), 1);
    CHECK(defect_near(&s.beliefs, 100.5, 40.75, 0.02) != NULL);
    scene_close(&s);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
