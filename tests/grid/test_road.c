/* The road network against hand calculations, and against a naive model that looks at every line. */
#include "tests/check.h"

#include "grid/road.h"

#define HANGZHOU ((struct grid_zone){120, false})
#define E0       INT64_C(515000000)
#define N0       INT64_C(3350000000)
#define EAST     ((struct road_direction){1, 0})
#define WEST     ((struct road_direction){-1, 0})
#define NORTH    ((struct road_direction){0, 1})
#define UNKNOWN  ((struct road_direction){0, 0})

/* ---- a network in the test's own memory ---------------------------------------------------------------- */

#define WAYS_MAX     400
#define VERTICES_MAX 4000

static struct made {
    struct road_network network;
    struct road_way ways[WAYS_MAX];
    struct road_vertex vertices[VERTICES_MAX];
    char text[WAYS_MAX * 8];
    uint64_t index[400000];
} made;

static void begin(void)
{
    memset(&made, 0, sizeof made);
    made.network = (struct road_network){.zone = HANGZHOU,
                                         .ways = made.ways,
                                         .vertices = made.vertices,
                                         .text = made.text,
                                         .text_length = 1};
}

/* Ids are "000", "001" ... */
static struct road_way *add_way(enum road_class class, uint8_t lanes, uint32_t width_mm, bool is_oneway)
{
    struct road_network *n = &made.network;
    struct road_way *way = &made.ways[n->n_ways];

    *way = (struct road_way){.id = n->text_length,
                             .class = class,
                             .lanes = lanes,
                             .width_mm = width_mm,
                             .is_oneway = is_oneway,
                             .first = n->n_vertices};
    n->text_length += (uint32_t)snprintf(made.text + n->text_length, 8, "%03u", n->n_ways++) + 1;
    return way;
}

static void add_vertex(int64_t e_m, int64_t n_m)
{
    made.vertices[made.network.n_vertices++].at = (struct grid_point){E0 + e_m * 1000, N0 + n_m * 1000};
    made.ways[made.network.n_ways - 1].n_vertices++;
}

static const struct road_network *finish(void)
{
    const char *field = "none";

    road_measure(&made.network);
    CHECK_STATUS(road_check(&made.network, &field, NULL), ROAD_OK);
    CHECK_STR(field, "none");
    CHECK(road_index_bytes(&made.network) <= sizeof made.index);
    road_index_build(&made.network, made.index);
    return &made.network;
}

static struct grid_point at(double e_m, double n_m)
{
    return (struct grid_point){E0 + llround(e_m * 1000), N0 + llround(n_m * 1000)};
}

/* East 300 m, then north 400 m. */
static const struct road_network *corner(uint8_t lanes, bool is_oneway)
{
    begin();
    add_way(ROAD_ARTERIAL, lanes, 14000, is_oneway);
    add_vertex(0, 0);
    add_vertex(300, 0);
    add_vertex(300, 400);
    return finish();
}

static uint64_t random_state = 1;

static double uniform(double low, double high)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return low + (high - low) * (double)(random_state >> 11) * 0x1p-53;
}

/* ---- chainage, lateral, segments ------------------------------------------------------------------------ */

FACT(chainage_runs_along_the_bends_and_lateral_to_the_right)
{
    const struct road_network *n = corner(4, false);
    struct road_place place;

    CHECK_INT(road_length_mm(n, 0), 700000);
    CHECK_STATUS(road_locate(n, at(120, -3), EAST, 100, &place), ROAD_OK);
    CHECK_INT(place.chainage_mm, 120000);
    CHECK_INT(place.lateral_mm, 3000); /* eastwards, the right hand is south */
    CHECK_INT(place.distance_mm, 3000);
    CHECK(!place.is_backward);
    CHECK(place.is_unambiguous);
    CHECK_STATUS(road_locate(n, at(298, 250), (struct road_direction){0, -1}, 100, &place), ROAD_OK);
    CHECK_INT(place.chainage_mm, 550000);
    CHECK_INT(place.lateral_mm, -2000); /* west of a line that runs north, however one drives */
    CHECK(place.is_backward);
}

FACT(a_point_at_a_chainage_is_located_there_again)
{
    const struct road_network *n = corner(4, false);

    for (int64_t chainage = 20000; chainage < 280000; chainage += 7919)
        for (int64_t lateral = -6500; lateral <= 6500; lateral += 1300) {
            struct grid_point point;
            struct road_direction along;
            struct road_place place;
            road_point_at(n, 0, chainage, lateral, &point, &along);
            CHECK_STATUS(road_locate(n, point, along, 50, &place), ROAD_OK);
            CHECK_INT(place.chainage_mm, chainage);
            CHECK_INT(place.lateral_mm, lateral);
        }
}

FACT(a_point_beyond_the_way_is_clamped_to_its_ends)
{
    const struct road_network *n = corner(4, false);
    struct grid_point point;

    road_point_at(n, 0, -5000, 0, &point, NULL);
    CHECK_INT(point.e_mm, E0);
    road_point_at(n, 0, 900000, 0, &point, NULL);
    CHECK_INT(point.n_mm, N0 + 400000);
}

FACT(segments_are_of_100_m_and_the_last_one_is_shorter)
{
    begin();
    add_way(ROAD_BRANCH, 2, 6500, false);
    add_vertex(0, 0);
    add_vertex(250, 0);
    const struct road_network *n = finish();

    CHECK_INT(road_segment_count(n, 0), 3);
    CHECK_INT(road_segment_of(n, 0, 99999), 0);
    CHECK_INT(road_segment_of(n, 0, 100000), 1);
    CHECK_INT(road_segment_of(n, 0, 250000), 2);
    CHECK_INT(road_segment_of(n, 0, -1), 0);
    CHECK_INT(road_segment_at(n, 0, 2).from_mm, 200000);
    CHECK_INT(road_segment_at(n, 0, 2).to_mm, 250000);
}

FACT(a_way_of_whole_hundreds_has_no_empty_segment_at_its_end)
{
    begin();
    add_way(ROAD_BRANCH, 2, 6500, false);
    add_vertex(0, 0);
    add_vertex(200, 0);
    const struct road_network *n = finish();

    CHECK_INT(road_segment_count(n, 0), 2);
    CHECK_INT(road_segment_of(n, 0, 200000), 1);
}

/* ---- lanes --------------------------------------------------------------------------------------------- */

FACT(lanes_lie_on_the_side_that_traffic_keeps_to)
{
    const struct road_network *n = corner(4, false); /* four lanes of 3.5 m */

    CHECK_INT(road_lanes_of(n, 0, false), 2);
    CHECK_INT(road_lane_lateral_mm(n, 0, false, 0), 1750);
    CHECK_INT(road_lane_lateral_mm(n, 0, false, 1), 5250);
    CHECK_INT(road_lane_lateral_mm(n, 0, true, 0), -1750);
    made.network.is_left_hand = true;
    CHECK_INT(road_lane_lateral_mm(n, 0, false, 0), -1750);
}

FACT(lanes_of_a_oneway_fill_its_width_from_the_left)
{
    const struct road_network *n = corner(4, true);

    CHECK_INT(road_lanes_of(n, 0, false), 4);
    CHECK_INT(road_lanes_of(n, 0, true), 0);
    CHECK_INT(road_lane_lateral_mm(n, 0, false, 0), -5250);
    CHECK_INT(road_lane_lateral_mm(n, 0, false, 3), 5250);
}

/* ---- which way is meant -------------------------------------------------------------------------------- */

/* Two oneways side by side, their middles 12 m apart, in opposite directions; and a street across, 60 m away. */
static const struct road_network *dual_carriageway(void)
{
    begin();
    add_way(ROAD_ARTERIAL, 2, 7000, true);
    add_vertex(0, 0);
    add_vertex(1000, 0);
    add_way(ROAD_ARTERIAL, 2, 7000, true);
    add_vertex(1000, 12);
    add_vertex(0, 12);
    add_way(ROAD_BRANCH, 2, 6500, false);
    add_vertex(500, -400);
    add_vertex(500, 400);
    return finish();
}

FACT(the_heading_chooses_between_carriageways_of_opposite_directions)
{
    const struct road_network *n = dual_carriageway();
    struct road_place place;

    CHECK_STATUS(road_locate(n, at(200, 7), EAST, 3000, &place), ROAD_OK);
    CHECK_INT(place.way, 0);
    CHECK(place.is_unambiguous);
    CHECK_STATUS(road_locate(n, at(200, 5), WEST, 3000, &place), ROAD_OK);
    CHECK_INT(place.way, 1);
    CHECK(place.is_unambiguous);
    CHECK_STATUS(road_locate(n, at(500, 5), NORTH, 3000, &place), ROAD_OK);
    CHECK_INT(place.way, 2);
}

FACT(without_a_heading_close_carriageways_are_ambiguous)
{
    const struct road_network *n = dual_carriageway();
    struct road_place place;

    CHECK_STATUS(road_locate(n, at(200, 1), UNKNOWN, 1000, &place), ROAD_OK);
    CHECK_INT(place.way, 0);
    CHECK(!place.is_unambiguous);
}

FACT(parallel_roads_of_one_direction_are_ambiguous_as_far_as_sigma_reaches)
{
    struct road_place place;

    begin();
    add_way(ROAD_ARTERIAL, 2, 7000, true);
    add_vertex(0, 0);
    add_vertex(1000, 0);
    add_way(ROAD_BRANCH, 1, 4000, true);
    add_vertex(0, 20);
    add_vertex(1000, 20);
    const struct road_network *n = finish();
    CHECK_STATUS(road_locate(n, at(200, 0), EAST, 5000, &place), ROAD_OK);
    CHECK_INT(place.way, 0);
    CHECK(!place.is_unambiguous); /* 20 < 15 + 5.5 + 5 */
    CHECK_STATUS(road_locate(n, at(200, 0), EAST, 3000, &place), ROAD_OK);
    CHECK(place.is_unambiguous); /* 20 > 9 + 5.5 + 5 */
}

/* At (300, 0) the way forks: straight on, and 20 degrees to the left. */
FACT(a_fork_is_ambiguous_behind_it_and_not_before)
{
    struct road_place place;

    begin();
    add_way(ROAD_ARTERIAL, 2, 7000, true);
    add_vertex(0, 0);
    add_vertex(300, 0);
    add_way(ROAD_ARTERIAL, 2, 7000, true);
    add_vertex(300, 0);
    add_vertex(600, 0);
    add_way(ROAD_ARTERIAL, 2, 7000, true);
    add_vertex(300, 0);
    add_vertex(582, 103);
    const struct road_network *n = finish();
    CHECK_STATUS(road_locate(n, at(290, 0), EAST, 1000, &place), ROAD_OK);
    CHECK_INT(place.way, 0);
    CHECK(place.is_unambiguous);
    CHECK_STATUS(road_locate(n, at(310, 0), EAST, 1000, &place), ROAD_OK);
    CHECK_INT(place.way, 1);
    CHECK(!place.is_unambiguous);
    CHECK_STATUS(road_locate(n, at(500, 0), EAST, 1000, &place), ROAD_OK);
    CHECK(place.is_unambiguous);
}

FACT(a_oneway_is_not_found_against_its_direction)
{
    const struct road_network *n = corner(2, true);
    struct road_place place = {.way = 77};

    CHECK_STATUS(road_locate(n, at(120, 0), WEST, 3000, &place), ROAD_NOT_FOUND);
    CHECK_INT(place.way, 77);
}

FACT(nothing_is_found_beyond_three_sigma_and_five_metres_of_the_kerb)
{
    const struct road_network *n = corner(4, false); /* half a width: 7 m */
    struct road_place place;

    CHECK_STATUS(road_locate(n, at(120, -20.9), EAST, 3000, &place), ROAD_OK);
    CHECK_STATUS(road_locate(n, at(120, -21.1), EAST, 3000, &place), ROAD_NOT_FOUND);
}

FACT(a_square_takes_the_class_of_the_nearest_carriageway_within_reach)
{
    const struct road_network *n = dual_carriageway();

    CHECK_INT(road_class_near(n, at(505, 200), 16000, ROAD_EXPRESSWAY), ROAD_BRANCH);
    CHECK_INT(road_class_near(n, at(100, 20), 16000, ROAD_EXPRESSWAY), ROAD_ARTERIAL);
    CHECK_INT(road_class_near(n, at(100, 100), 16000, ROAD_EXPRESSWAY), ROAD_EXPRESSWAY);
}

FACT(a_block_takes_the_highest_class_that_runs_through_it)
{
    const struct road_network *n = dual_carriageway();
    const int32_t column = road_bucket_of(E0 + 500000), row = road_bucket_of(N0);

    CHECK_INT(road_class_of_block(n, column, row, ROAD_SECONDARY), ROAD_ARTERIAL);
    CHECK_INT(road_class_of_block(n, column, row + 3, ROAD_SECONDARY), ROAD_BRANCH);
    CHECK_INT(road_class_of_block(n, column + 3, row + 3, ROAD_SECONDARY), ROAD_SECONDARY);
}

FACT(ways_are_found_by_their_id)
{
    const struct road_network *n = dual_carriageway();

    CHECK_INT(road_find(n, "001"), 1);
    CHECK_INT(road_find(n, "003"), ROAD_NO_WAY);
    CHECK_INT(road_find(n, ""), ROAD_NO_WAY);
}

/* ---- against a naive model ------------------------------------------------------------------------------ */

/* Crooked ways all over 3 x 3 km, beyond the corner of many buckets. */
static const struct road_network *tangle(unsigned n_ways)
{
    begin();
    for (unsigned w = 0; w < n_ways; w++) {
        add_way((enum road_class)(w % 4), 2, 4000 + 1000 * (w % 9), w % 3 == 0);
        double e = uniform(0, 3000), n = uniform(0, 3000);
        for (int i = 0; i < 8; i++) {
            add_vertex((int64_t)e, (int64_t)n);
            e += uniform(2, 200) * (i % 2 ? 1 : -1);
            n += uniform(2, 200);
        }
    }
    return finish();
}

/* Distance from a point to a line, metres: the smallest of a fine ternary search, which knows no formula. */
static double naive_distance(struct grid_point p, struct grid_point a, struct grid_point b)
{
    double low = 0, high = 1;

    for (int i = 0; i < 200; i++) {
        const double t[2] = {low + (high - low) / 3, high - (high - low) / 3};
        double d[2];
        for (int k = 0; k < 2; k++)
            d[k] = hypot((double)(a.e_mm - p.e_mm) + t[k] * (double)(b.e_mm - a.e_mm),
                         (double)(a.n_mm - p.n_mm) + t[k] * (double)(b.n_mm - a.n_mm));
        if (d[0] < d[1])
            high = t[1];
        else
            low = t[0];
    }
    return hypot((double)(a.e_mm - p.e_mm) + low * (double)(b.e_mm - a.e_mm),
                 (double)(a.n_mm - p.n_mm) + low * (double)(b.n_mm - a.n_mm)) / 1000;
}

FACT(every_point_finds_the_way_whose_edge_is_nearest)
{
    const struct road_network *n = tangle(60);
    int n_found = 0;

    for (int i = 0; i < 400; i++) {
        const struct grid_point p = at(uniform(-50, 3100), uniform(-50, 3600));
        double best = INFINITY;
        for (uint32_t w = 0; w < n->n_ways; w++)
            for (uint32_t k = 0; k + 1 < n->ways[w].n_vertices; k++) {
                const struct road_vertex *v = n->vertices + n->ways[w].first + k;
                best = fmin(best, fmax(0, naive_distance(p, v[0].at, v[1].at) - n->ways[w].width_mm / 2000.0));
            }
        struct road_place place;
        const enum road_status status = road_locate(n, p, UNKNOWN, 12000, &place);
        CHECK_STATUS(status, best <= 41 ? ROAD_OK : ROAD_NOT_FOUND);
        if (status)
            continue;
        n_found++;
        CHECK_NEAR(fmax(0, place.distance_mm / 1000.0 - n->ways[place.way].width_mm / 2000.0), best, 0.002);
    }
    CHECK(n_found > 100);
}

/* ---- square metres -------------------------------------------------------------------------------------- */

#define SIDE 1100
static uint8_t seen[SIDE][SIDE];

static void mark_square(void *context, const struct road_square *square)
{
    const int64_t e = square->e_m - E0 / 1000 + 20, n = square->n_m - N0 / 1000 + 20;

    (void)context;
    CHECK(e >= 0 && e < SIDE && n >= 0 && n < SIDE);
    if (e >= 0 && e < SIDE && n >= 0 && n < SIDE)
        seen[n][e]++;
}

FACT(a_straight_way_has_width_times_length_squares)
{
    begin();
    add_way(ROAD_BRANCH, 2, 6000, false);
    add_vertex(10, 10);
    add_vertex(110, 10);
    CHECK_INT(road_squares(finish(), 0, NULL, NULL), 600);
}

FACT(every_square_within_half_the_width_of_the_line_comes_once)
{
    begin();
    add_way(ROAD_ARTERIAL, 4, 15000, false);
    add_vertex(100, 100);
    add_vertex(420, 230);
    add_vertex(430, 260); /* a short line, a sharp turn back, a crossing of itself */
    add_vertex(380, 500);
    add_vertex(300, 120);
    const struct road_network *n = finish();
    uint64_t wanted = 0;

    memset(seen, 0, sizeof seen);
    const uint64_t got = road_squares(n, 0, mark_square, NULL);
    for (int64_t row = 0; row < SIDE; row++)
        for (int64_t column = 0; column < SIDE; column++) {
            const struct grid_point p = at((double)column - 20 + 0.5, (double)row - 20 + 0.5);
            double best = INFINITY;
            for (uint32_t k = 0; k < 4; k++) {
                const struct grid_point a = n->vertices[k].at, b = n->vertices[k + 1].at;
                if (fmin((double)a.e_mm, (double)b.e_mm) - 9000 < (double)p.e_mm && (double)p.e_mm < fmax((double)a.e_mm, (double)b.e_mm) + 9000)
                    best = fmin(best, naive_distance(p, a, b));
            }
            /* Beyond the flat ends nothing is the way's. */
            const bool is_before = (p.e_mm - E0 - 100000) * 320 + (p.n_mm - N0 - 100000) * 130 < 0;
            const bool is_behind = (p.e_mm - E0 - 300000) * -80 + (p.n_mm - N0 - 120000) * -380 > 0;
            if (fabs(best - 7.5) < 1e-6)
                continue;
            const bool is_near_start = hypot((double)column - 20 - 100, (double)row - 20 - 100) < 12;
            const bool is_near_end = hypot((double)column - 20 - 300, (double)row - 20 - 120) < 12;
            const bool want = best < 7.5 && !(is_near_start && is_before) && !(is_near_end && is_behind);
            wanted += want;
            if (seen[row][column] != want)
                CHECK_FAILED("square %d %d: seen %d times, want %d", (int)column, (int)row, seen[row][column], want);
        }
    CHECK_INT(got, wanted);
}

/* ---- what is refused ------------------------------------------------------------------------------------ */

static void refused(const char *want)
{
    const char *field = "nothing";

    road_measure(&made.network);
    CHECK_STATUS(road_check(&made.network, &field, NULL), ROAD_BAD_RANGE);
    CHECK_STR(field, want);
}

FACT(a_network_that_cannot_be_is_refused_and_the_field_named)
{
    corner(4, false);
    made.ways[0].width_mm = 999;
    refused("width");
    corner(4, false);
    made.ways[0].lanes = 0;
    refused("lanes");
    corner(4, false);
    made.vertices[1] = made.vertices[0];
    refused("line shorter than 1 mm or longer than 20 km");
    corner(4, false);
    made.vertices[2].at.e_mm = -1;
    refused("vertex outside the frame");
    corner(4, false);
    made.ways[0].name = made.network.text_length;
    refused("name");
    corner(4, false);
    made.text[made.network.text_length - 1] = 'x';
    refused("text");
    dual_carriageway();
    made.ways[2].id = made.ways[1].id;
    refused("id not behind the one before");
}

FACT(a_way_with_vertices_outside_the_array_is_refused)
{
    corner(4, false);
    made.ways[0].n_vertices = 4;
    CHECK_STATUS(road_check(&made.network, NULL, NULL), ROAD_BAD_RANGE);
    made.ways[0].n_vertices = UINT32_MAX;
    CHECK_STATUS(road_check(&made.network, NULL, NULL), ROAD_BAD_RANGE);
}

FACT(ways_that_share_vertices_in_the_array_are_refused)
{
    dual_carriageway();
    made.ways[1].first = 1;
    refused("vertices of another way");
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
