/* Passes on lanes: simulated drives whose true path is known. The drive takes a road as it is; GPS adds an error that is the
 * same for the whole pass (normal, sigma per axis) and a jitter of 0.1 m from point to point. */
#include "tests/check.h"

#include "gateway/snap.h"
#include "link/road_file.h"
#include "tests/temp.h"

#define E0 INT64_C(515000000)
#define N0 INT64_C(3350000000)

/* ---- random numbers ------------------------------------------------------------------------------------- */

static uint64_t random_state;

static double uniform(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return ((double)(random_state >> 11) + 0.5) * 0x1p-53;
}

static double normal(void)
{
    return sqrt(-2 * log(uniform())) * cos(2 * M_PI * uniform());
}

/* ---- a network in the test's own memory ----------------------------------------------------------------- */

static struct road_way ways[16];
static struct road_vertex vertices[64];
static char text[256];
static uint64_t index_memory[60000];
static struct road_network network;

static void begin(void)
{
    network = (struct road_network){.zone = {120, false}, .ways = ways, .vertices = vertices, .text = text, .text_length = 1};
    random_state = 7;
}

static void add_way(uint8_t lanes, bool is_oneway, uint16_t line_sigma_mm)
{
    ways[network.n_ways] = (struct road_way){.id = network.text_length,
                                             .class = ROAD_SECONDARY,
                                             .lanes = lanes,
                                             .is_oneway = is_oneway,
                                             .line_sigma_mm = line_sigma_mm,
                                             .width_mm = 3500u * lanes,
                                             .first = network.n_vertices};
    network.text_length += (uint32_t)snprintf(text + network.text_length, 8, "%02u", network.n_ways++) + 1;
}

static void add_vertex(double e_m, double n_m)
{
    vertices[network.n_vertices++].at = (struct grid_point){E0 + llround(e_m * 1000), N0 + llround(n_m * 1000)};
    ways[network.n_ways - 1].n_vertices++;
}

static void finish(void)
{
    road_measure(&network);
    CHECK_STATUS(road_check(&network, NULL, NULL), ROAD_OK);
    CHECK(road_index_bytes(&network) <= sizeof index_memory);
    road_index_build(&network, index_memory);
}

/* ---- a drive -------------------------------------------------------------------------------------------- */

#define POINTS 400
static struct grid_point truth[POINTS];
static struct pass_point points[POINTS];
static struct pass pass;
static struct detection detection;
static struct batch batch;
static struct snap snap;


/* Along a polyline of true places (metres from E0, N0), a point each 3 m; positions with an error of sigma. */
static void drive(const double (*path)[2], size_t n_path, double sigma_m)
{
    const double be = sigma_m * normal(), bn = sigma_m * normal();
    size_t n = 0;

    for (size_t k = 0; k + 1 < n_path; k++) {
        const double de = path[k + 1][0] - path[k][0], dn = path[k + 1][1] - path[k][1], length = hypot(de, dn);
        for (double at = 0; at < length && n < POINTS; at += 3, n++) {
            const double e = path[k][0] + de * at / length, nn = path[k][1] + dn * at / length;
            truth[n] = (struct grid_point){E0 + llround(e * 1000), N0 + llround(nn * 1000)};
            points[n] = (struct pass_point){
                .time_ns = INT64_C(1700000000000000000) + (int64_t)n * 300000000,
                .at = {E0 + llround((e + be + 0.1 * normal()) * 1000), N0 + llround((nn + bn + 0.1 * normal()) * 1000)},
                .sigma_cm = (uint16_t)ceil(sigma_m * 100),
                .iri_centi = IRI_UNKNOWN};
        }
    }
    pass = (struct pass){.sensor = SENSE_MOTION, .gnss = GNSS_CONSUMER, .points = points, .n_points = n};
    batch = (struct batch){.zone = {120, false}, .passes = &pass, .n_passes = 1};
}

struct tally {
    double n_points, n_moved, n_wrong; /* wrong: moved, and further than `far_m` from the truth across */
    double before_m2, after_m2;        /* across, of what was moved */
};

/* Across = to the side of the true path, which bends between points at most. */
static void count(struct tally *tally, const struct snap_config *config, double far_m)
{
    const struct batch *out = snap_batch(&snap, config, &batch);

    for (size_t i = 0; i + 1 < pass.n_points; i++) {
        const double e = (double)(truth[i + 1].e_mm - truth[i].e_mm), n = (double)(truth[i + 1].n_mm - truth[i].n_mm);
        const double side_e = n / hypot(e, n), side_n = -e / hypot(e, n);
        const struct grid_point raw = batch.passes[0].points[i].at, now = out->passes[0].points[i].at;
        tally->n_points++;
        if (out->passes[0].points[i].sigma_cm == batch.passes[0].points[i].sigma_cm) {
            CHECK(raw.e_mm == now.e_mm && raw.n_mm == now.n_mm);
            continue;
        }
        const double before = ((double)(raw.e_mm - truth[i].e_mm) * side_e + (double)(raw.n_mm - truth[i].n_mm) * side_n) / 1000;
        const double after = ((double)(now.e_mm - truth[i].e_mm) * side_e + (double)(now.n_mm - truth[i].n_mm) * side_n) / 1000;
        tally->n_moved++;
        tally->n_wrong += fabs(after) > far_m;
        tally->before_m2 += before * before;
        tally->after_m2 += after * after;
    }
}

static void print_tally(const char *what, double sigma_m, const struct tally *t)
{
    printf("  %-34s sigma %.1f m: moved %5.1f %%, of them wrong %5.2f %%, across %.2f m -> %.2f m\n", what, sigma_m, 100 * t->n_moved / t->n_points,
           t->n_moved > 0 ? 100 * t->n_wrong / t->n_moved : 0, sqrt(t->before_m2 / fmax(1, t->n_moved)), sqrt(t->after_m2 / fmax(1, t->n_moved)));
}

static const struct snap_config config = {.network = &network};

/* ---- where it helps -------------------------------------------------------------------------------------- */

static void one_lane(uint16_t line_sigma_mm)
{
    begin();
    add_way(1, true, line_sigma_mm);
    add_vertex(0, 0);
    add_vertex(1000, 0);
    finish();
}

/* 400 drives eastwards; each vehicle keeps its own line within the lane. */
static struct tally drives_at(double n_m, double wander_m, double sigma_m, double far_m)
{
    struct tally tally = {.n_points = 0};

    for (int i = 0; i < 400; i++) {
        const double line = n_m + wander_m * normal();
        const double path[2][2] = {{100, line}, {400, line}};
        drive(path, 2, sigma_m);
        count(&tally, &config, far_m);
    }
    return tally;
}

/* Vehicles on their lane (+- 0.3 m), on a known line: what is moved is within half a metre across. How many: P(|N(0, 1)| <=
 * (8 - 2.326 sigma) / sigma), a little less for the jitter, and 2 sigma at most. */
FACT(a_pass_on_a_single_known_lane_is_put_on_it)
{
    static const double sigmas[3] = {1, 2, 3}, shares[3] = {0.954, 0.906, 0.267};

    one_lane(100);
    for (int i = 0; i < 3; i++) {
        const struct tally t = drives_at(0, 0.3, sigmas[i], 1.5);
        print_tally("one lane", sigmas[i], &t);
        CHECK_NEAR(t.n_moved / t.n_points, shares[i], 0.07);
        CHECK(t.n_wrong == 0);
        CHECK(sqrt(t.after_m2 / t.n_moved) < 0.35);
    }
}

FACT(sigma_across_becomes_that_of_lane_and_line)
{
    const double path[2][2] = {{100, 0}, {300, 0}};

    one_lane(400);
    drive(path, 2, 0.001);
    for (size_t i = 0; i < pass.n_points; i++)
        points[i].sigma_cm = 200;
    const struct batch *out = snap_batch(&snap, &config, &batch);
    CHECK(out != &batch);
    CHECK_INT(out->passes[0].points[20].sigma_cm, 50); /* 3-4-5 */
    CHECK_INT(out->passes[0].points[20].at.n_mm, N0);
    CHECK(llabs(out->passes[0].points[20].at.e_mm - points[20].at.e_mm) <= 1);
}

FACT(what_was_sighted_moves_with_its_pass_and_is_known_better_across_only)
{
    const double path[2][2] = {{100, 1.5}, {300, 1.5}};

    one_lane(100);
    drive(path, 2, 0.001);
    for (size_t i = 0; i < pass.n_points; i++)
        points[i].sigma_cm = 200;
    detection = (struct detection){.time_ns = points[30].time_ns + 100000000,
                                   .at = {points[30].at.e_mm + 1000, points[30].at.n_mm - 700}, /* 0.7 m to the right */
                                   .cov_ee_cm2 = 40000,
                                   .cov_nn_cm2 = 40400}; /* GPS, and 0.2 m of its own */
    batch.detections = &detection;
    batch.n_detections = 1;
    const struct batch *out = snap_batch(&snap, &config, &batch);
    CHECK_INT(out->n_detections, 1);
    CHECK_NEAR((double)(out->detections[0].at.n_mm - (N0 - 700)), 0, 150);
    CHECK_NEAR((double)(out->detections[0].at.e_mm - detection.at.e_mm), 0, 2);
    CHECK_INT(out->detections[0].cov_ee_cm2, 40000);
    CHECK_INT(out->detections[0].cov_nn_cm2, 400 + 32 * 32); /* sqrt(30^2 + 10^2) = 31.6 cm, rounded up */
    CHECK_INT(out->detections[0].cov_en_cm2, 0);
}

FACT(a_slanting_road_narrows_the_variance_across_it)
{
    const double path[2][2] = {{100, 100}, {300, 300}};

    begin();
    add_way(1, true, 100);
    add_vertex(0, 0);
    add_vertex(500, 500);
    finish();
    drive(path, 2, 0.001);
    for (size_t i = 0; i < pass.n_points; i++)
        points[i].sigma_cm = 200;
    detection = (struct detection){.time_ns = points[30].time_ns, .at = points[30].at, .cov_ee_cm2 = 40000, .cov_nn_cm2 = 40000};
    batch.detections = &detection;
    batch.n_detections = 1;
    const struct batch *out = snap_batch(&snap, &config, &batch);
    const double ee = out->detections[0].cov_ee_cm2, nn = out->detections[0].cov_nn_cm2, en = out->detections[0].cov_en_cm2;
    CHECK_NEAR(ee / 2 + nn / 2 + en, 40000, 3);   /* along (1, 1) */
    CHECK_NEAR(ee / 2 + nn / 2 - en, 32 * 32, 3); /* across */
}

FACT(a_pass_in_another_frame_is_compared_in_the_networks_and_stays_in_its_own)
{
    const double path[2][2] = {{100, 0}, {300, 0}};
    const struct snap_config shifted = {.network = &network, .frame_de_mm = 300, .frame_dn_mm = -800};

    one_lane(100);
    drive(path, 2, 0.001);
    pass.frame = FRAME_ITRF_CURRENT;
    for (size_t i = 0; i < pass.n_points; i++)
        points[i].sigma_cm = 200;
    const struct batch *out = snap_batch(&snap, &shifted, &batch);
    CHECK_INT(out->passes[0].points[20].at.n_mm, N0 + 800);
}

/* ---- where it would lie ---------------------------------------------------------------------------------- */

FACT(a_way_whose_line_is_not_known_moves_nothing)
{
    one_lane(0);
    CHECK_INT((int64_t)drives_at(0, 0.3, 2, 1.5).n_moved, 0);
}

FACT(precise_passes_stay_where_they_are)
{
    one_lane(100);
    CHECK_INT((int64_t)drives_at(0.8, 0.3, 0.9, 1.5).n_moved, 0);
}

/* The map has the road 8 m beside where it runs (or a road that it does not have runs 8 m beside). */
FACT(a_road_8_m_off_does_not_attract)
{
    one_lane(100);
    for (double sigma = 1; sigma <= 5; sigma++) {
        const struct tally t = drives_at(8, 0.3, sigma, 1.5);
        print_tally("road 8 m off", sigma, &t);
        CHECK(t.n_moved / t.n_points <= 0.015);
    }
}

FACT(of_two_parallel_roads_of_one_direction_the_other_one_never_attracts)
{
    begin();
    add_way(1, true, 100);
    add_vertex(0, 0);
    add_vertex(1000, 0);
    add_way(1, true, 100);
    add_vertex(0, 12);
    add_vertex(1000, 12);
    finish();
    for (double sigma = 1; sigma <= 4; sigma++) {
        const struct tally t = drives_at(0, 0.3, sigma, 1.5), other = drives_at(12, 0.3, sigma, 1.5);
        print_tally("parallel road at 12 m", sigma, &t);
        CHECK(t.n_wrong == 0);
        CHECK(other.n_wrong == 0);
        CHECK(sigma > 1 || t.n_moved > 0);
    }
}

FACT(opposite_carriageways_are_told_apart_by_the_heading)
{
    begin();
    add_way(1, true, 100);
    add_vertex(0, 0);
    add_vertex(1000, 0);
    add_way(1, true, 100);
    add_vertex(1000, 6);
    add_vertex(0, 6);
    finish();
    for (double sigma = 1; sigma <= 3; sigma++) {
        const struct tally t = drives_at(0, 0.3, sigma, 1.5);
        print_tally("opposite carriageway at 6 m", sigma, &t);
        CHECK(t.n_moved > 0);
        CHECK(t.n_wrong == 0);
    }
}

/* Four lanes, two a direction, 3.5 m wide: eastwards they lie 1.75 and 5.25 m to the right. */
FACT(of_two_lanes_one_is_taken_only_where_the_pass_tells_which)
{
    begin();
    add_way(4, false, 100);
    add_vertex(0, 0);
    add_vertex(1000, 0);
    finish();
    CHECK_INT((int64_t)drives_at(-1.75, 0.3, 3, 1.5).n_moved, 0);
    const struct tally t = drives_at(-1.75, 0.3, 1, 1.5);
    print_tally("two lanes a direction", 1, &t);
    CHECK(t.n_moved > 0);
    CHECK(t.n_wrong / t.n_points < 0.01);
}

FACT(where_an_odd_number_of_lanes_is_shared_nothing_is_moved)
{
    begin();
    add_way(3, false, 100);
    add_vertex(0, 0);
    add_vertex(1000, 0);
    finish();
    CHECK_INT((int64_t)drives_at(-1.75, 0.3, 1, 1.5).n_moved, 0);
}

/* Straight on along way 0 and 1, or off at 15 degrees along way 2: nothing is moved until the branches are apart. */
FACT(behind_a_fork_not_one_point_in_a_thousand_is_put_on_the_other_branch)
{
    const double cos15 = 0.9659258, sin15 = 0.2588190;
    struct tally straight = {.n_points = 0}, off = straight;

    begin();
    add_way(1, true, 100);
    add_vertex(0, 0);
    add_vertex(200, 0);
    add_way(1, true, 100);
    add_vertex(200, 0);
    add_vertex(600, 0);
    add_way(1, true, 100);
    add_vertex(200, 0);
    add_vertex(200 + 400 * cos15, 400 * sin15);
    finish();
    for (int i = 0; i < 300; i++) {
        const double line = 0.3 * normal();
        const double path[3][2] = {{20, line}, {200, line}, {500, line}};
        const double turned[3][2] = {{20, line}, {200, line}, {200 + 300 * cos15, line + 300 * sin15}};
        drive(path, 3, 2);
        count(&straight, &config, 1.5);
        drive(turned, 3, 2);
        count(&off, &config, 1.5);
    }
    print_tally("fork, straight on", 2, &straight);
    print_tally("fork, off at 15 degrees", 2, &off);
    CHECK(straight.n_moved > 0 && off.n_moved > 0);
    CHECK(straight.n_wrong == 0);
    CHECK(off.n_wrong < 0.001 * off.n_moved); /* at the bend itself */
}

FACT(less_than_50_m_is_not_moved)
{
    const double path[2][2] = {{100, 0}, {145, 0}};

    one_lane(100);
    drive(path, 2, 0.001);
    for (size_t i = 0; i < pass.n_points; i++)
        points[i].sigma_cm = 200;
    CHECK(snap_batch(&snap, &config, &batch) == &batch);
}

FACT(across_the_road_or_standing_still_nothing_is_moved)
{
    const double across[2][2] = {{300, -150}, {300, 150}}, slanting[2][2] = {{200, -60}, {320, 60}};

    one_lane(100);
    drive(across, 2, 1);
    CHECK(snap_batch(&snap, &config, &batch) == &batch);
    drive(slanting, 2, 1);
    CHECK(snap_batch(&snap, &config, &batch) == &batch);
    for (size_t i = 0; i < 100; i++)
        points[i].at = (struct grid_point){E0 + 300000 + (int64_t)(i % 3) * 100, N0};
    CHECK(snap_batch(&snap, &config, &batch) == &batch);
}

FACT(the_same_batch_is_moved_alike_whatever_came_before)
{
    const double path[2][2] = {{100, 0}, {400, 0}};
    static struct pass_point first[POINTS];

    one_lane(100);
    drive(path, 2, 1);
    const struct batch *out = snap_batch(&snap, &config, &batch);
    memcpy(first, out->passes[0].points, out->passes[0].n_points * sizeof *first);
    const double other[2][2] = {{700, 1}, {200, 1}};
    const struct pass_point kept[3] = {points[0], points[1], points[2]};
    static struct pass_point all[POINTS];
    memcpy(all, points, sizeof all);
    drive(other, 2, 2);
    snap_batch(&snap, &config, &batch);
    drive(path, 2, 1);
    memcpy(points, all, sizeof all);
    CHECK(memcmp(kept, points, sizeof kept) == 0);
    out = snap_batch(&snap, &config, &batch);
    for (size_t i = 0; i < out->passes[0].n_points; i++)
        CHECK(first[i].at.e_mm == out->passes[0].points[i].at.e_mm && first[i].at.n_mm == out->passes[0].points[i].at.n_mm);
}

/* ---- on a real map --------------------------------------------------------------------------------------- */

#define EXTRACT "../shared/data/osm-extracts/Helsinki.osm.pbf"

/* To the right of a way, whatever else is near; beyond its ends to the right of its last line gone on. */
static double lateral_on(const struct road_network *n, uint32_t way, struct grid_point point)
{
    double nearest = INFINITY, lateral = 0;

    for (uint32_t i = 0; i + 1 < n->ways[way].n_vertices; i++) {
        const struct road_vertex *line = n->vertices + n->ways[way].first + i;
        const struct road_foot foot = road_foot(line, point);
        if (foot.distance_mm >= nearest)
            continue;
        const double e = (double)(line[1].at.e_mm - line[0].at.e_mm), nn = (double)(line[1].at.n_mm - line[0].at.n_mm);
        nearest = foot.distance_mm;
        lateral = ((double)(point.e_mm - line[0].at.e_mm) * nn - (double)(point.n_mm - line[0].at.n_mm) * e) / hypot(e, nn);
    }
    return lateral;
}

/* Every way of 100 m and more of the middle of Helsinki, driven in its lanes; its lines taken as known within 0.1 m. */
FACT(on_the_streets_of_helsinki_nobody_is_put_on_another_road)
{
    char folder[TEMP_PATH_SIZE], path[TEMP_PATH_SIZE + 16], command[1024], error[ROAD_FILE_ERROR_SIZE];
    struct road_file file;
    static double line[1000][2];

    if (access(SOURCE_DIR "/" EXTRACT, R_OK))
        SKIP(EXTRACT " is not there");
    if (system("command -v osmium > /dev/null || command -v ogr2ogr > /dev/null") != 0)
        SKIP("neither osmium nor ogr2ogr is installed");
    snprintf(path, sizeof path, "%s/roads", temp_make(folder));
    snprintf(command, sizeof command, ROADCHIEF " roads osm " SOURCE_DIR "/" EXTRACT " --out %s --line-sigma 0.1 > /dev/null", path);
    CHECK_INT(system(command), 0);
    CHECK_STATUS(road_file_read(path, &file, error), ROAD_OK);
    temp_remove(folder);
    const struct road_network *n = &file.network;
    const struct snap_config real = {.network = n};
    random_state = 11;
    for (double sigma = 1; sigma <= 3; sigma++) {
        struct tally all = {.n_points = 0};
        double n_far = 0;
        for (uint32_t w = 0; w < n->n_ways; w++) {
            const int64_t length = road_length_mm(n, w);
            const bool is_backward = !n->ways[w].is_oneway && uniform() < 0.5;
            const unsigned lane = (unsigned)(uniform() * road_lanes_of(n, w, is_backward));
            const int32_t lateral = road_lane_lateral_mm(n, w, is_backward, lane) + (int32_t)(300 * normal());
            size_t n_line = 0;
            if (length < 100000 || length > 900000)
                continue;
            for (int64_t at = 0; at <= length && n_line < 1000; at += 3000, n_line++) {
                struct grid_point p;
                road_point_at(n, w, is_backward ? length - at : at, lateral, &p, NULL);
                line[n_line][0] = (double)(p.e_mm - E0) / 1000;
                line[n_line][1] = (double)(p.n_mm - N0) / 1000;
            }
            drive((const double(*)[2])line, n_line, sigma);
            const struct batch *out = snap_batch(&snap, &real, &batch);
            for (size_t i = 0; i < pass.n_points; i++) {
                all.n_points++;
                if (out->passes[0].points[i].sigma_cm == points[i].sigma_cm)
                    continue;
                all.n_moved++;
                const struct grid_point now = out->passes[0].points[i].at;
                all.n_wrong += fabs(lateral_on(n, w, now) - lateral) > 1500;
                if (hypot((double)(now.e_mm - points[i].at.e_mm), (double)(now.n_mm - points[i].at.n_mm)) > 3000 * sigma)
                    n_far++;
            }
        }
        printf("  Helsinki, sigma %.0f m: moved %.1f %% of %.0f points, further than 1.5 m from their line %.3f %%\n", sigma, 100 * all.n_moved / all.n_points,
               all.n_points, 100 * all.n_wrong / fmax(1, all.n_moved));
        CHECK(all.n_wrong <= 0.005 * all.n_moved);
        CHECK(n_far == 0);
    }
    road_file_done(&file);
}

int main(int argc, char **argv)
{
    const int leave = check_main(argc, argv);

    snap_done(&snap);
    return leave;
}
