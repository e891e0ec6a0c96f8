/* A simulated fleet: roads, traffic, what lies on them, and one seed as one trace. */
#include "tests/check.h"

#include "tests/sim/city/report.h"
#include "tests/sim/city/sample.h"

static const struct grid_zone zone = {120, false};

/* 1/100 of the city: 9 vehicles on 100 lane-km. */
static struct city_config small(uint64_t seed)
{
    struct city_config c;

    city_config_default(&c);
    c.vehicles = 9;
    c.cameras = 3;
    c.seed = seed;
    return c;
}

static void open_town(struct town *town)
{
    CHECK(town_grid(town, zone, 515744, 3350528, 7, 500, true));
}

static void run(const struct town *town, const struct city_config *config, int hours, struct city *city)
{
    CHECK(city_open(city, town, config));
    for (int i = 0; i < hours; i++)
        CHECK(city_hour(city));
}

static void trace_of(const struct town *town, const struct city_config *config, char *ret_text)
{
    static struct city city;

    run(town, config, 34, &city);
    CHECK(city.counts.batches > 100);
    trace_text(&city, ret_text);
    city_close(&city);
}

FACT(one_seed_gives_one_trace_on_any_number_of_threads_and_another_seed_another)
{
    char first[65], again[65], threads[65], other[65];
    struct city_config config = small(7);
    struct town town;

    open_town(&town);
    trace_of(&town, &config, first);
    trace_of(&town, &config, again);
    config.threads = 3;
    trace_of(&town, &config, threads);
    config = small(8);
    trace_of(&town, &config, other);
    CHECK_STR(again, first);
    CHECK_STR(threads, first);
    CHECK(strcmp(other, first) != 0);
    town_done(&town);
}

/* 7 x 7 streets of 500 m blocks: 7 * 6 * 2 street pieces, two lanes each; streets 0 and 6 arterial, 3 secondary. */
FACT(the_grid_town_has_the_lanes_it_should_have)
{
    struct town town;

    open_town(&town);
    CHECK_INT(town.n_lanes, 7 * 6 * 2 * 2);
    CHECK_INT(town.n_nodes, 49);
    CHECK_NEAR(town_lane_km(&town, ROAD_ARTERIAL), 2 * 6 * 2 * 2 * 0.5, 1e-6);
    CHECK_NEAR(town_lane_km(&town, ROAD_SECONDARY), 1 * 6 * 2 * 2 * 0.5, 1e-6);
    for (int i = 0; i < town.n_lanes; i++) {
        const struct town_lane *lane = &town.lanes[i], *back = &town.lanes[lane->back];
        CHECK_INT(back->from, lane->to);
        CHECK_INT(back->to, lane->from);
        /* The lanes of a street lie 3.5 m apart, each on the right. */
        const struct town_place a = town_at(&town, i, 200, 0), b = town_at(&town, lane->back, 300, 0);
        CHECK_NEAR(hypot(a.e_m - b.e_m, a.n_m - b.n_m), 3.5, 1e-6);
        const struct town_place left = town_at(&town, i, 200, 3.5);
        CHECK_NEAR(hypot(left.e_m - b.e_m, left.n_m - b.n_m), 0, 1e-6);
    }
    town_done(&town);
}

/* A square block of two-way streets, a oneway out of it into nowhere, and a street that nothing joins. */
FACT(roads_that_cannot_be_driven_to_and_left_again_are_left_out)
{
    const struct town_point corners[] = {{0, 0, 0}, {100, 0, 0}, {100, 100, 0}, {0, 100, 0}, {0, 0, 0}};
    const struct town_point out[] = {{100, 100, 0}, {200, 200, 0}}, far[] = {{900, 900, 0}, {950, 900, 0}};
    struct town town;

    town_begin(&town, zone);
    CHECK(town_add_way(&town, far, 2, ROAD_BRANCH, false, "far"));
    CHECK(town_add_way(&town, out, 2, ROAD_BRANCH, true, "out"));
    for (int i = 0; i < 4; i++)
        CHECK(town_add_way(&town, &corners[i], 2, ROAD_BRANCH, false, "block"));
    CHECK(town_finish(&town));
    CHECK_INT(town.n_lanes, 8);
    for (int i = 0; i < town.n_lanes; i++) {
        CHECK_STR(town.lanes[i].road, "block");
        CHECK_INT(town.lanes[town.lanes[i].back].back, i);
    }
    town_done(&town);
}

/* Of the flow that enters a crossing all leaves it, and every place of a class is passed as often as any other. */
FACT(traffic_gives_main_roads_their_share_and_every_place_of_a_class_the_same)
{
    const double wanted[4] = {6, 6, 1, 1};
    struct traffic traffic;
    struct town town;
    double sum = 0;

    CHECK(town_grid(&town, zone, 0, 0, 25, 100, false));
    CHECK(traffic_fit(&traffic, &town, wanted));
    for (int i = 0; i < town.n_lanes; i++)
        sum += traffic.flow[i];
    CHECK_NEAR(sum, 1, 1e-9);
    CHECK_NEAR(town_lane_km(&town, ROAD_ARTERIAL) / (town.n_lanes * 0.1), 0.2, 1e-9);
    CHECK_NEAR(traffic_main_share(&traffic, &town), 0.6, 0.005);
    CHECK(traffic_unevenness(&traffic, &town, true) < 0.02);
    CHECK(traffic_unevenness(&traffic, &town, false) < 0.02);
    for (int node = 0; node < town.n_nodes; node++) {
        double in = 0, out = 0;
        for (int i = 0; i < town.n_lanes; i++) {
            in += town.lanes[i].to == node ? traffic.flow[i] : 0;
            out += town.lanes[i].from == node ? traffic.flow[i] : 0;
        }
        CHECK_NEAR(in, out, 1e-5);
    }
    traffic_done(&traffic);
    town_done(&town);
}

FACT(vehicles_that_follow_the_weights_pass_places_as_often_as_the_flow_says)
{
    const double wanted[4] = {3, 3, 1.5, 1};
    double passes[200] = {0};
    struct traffic traffic;
    struct sim_random random;
    struct town town;
    const int n = 400000;

    open_town(&town);
    CHECK(traffic_fit(&traffic, &town, wanted));
    sim_random_init(&random, 3);
    int lane = traffic_draw(&traffic, &town, &random);
    for (int i = 0; i < n; i++) {
        const int next = traffic_next(&traffic, &town, lane, &random);
        CHECK(next != town.lanes[lane].back);
        CHECK_INT(town.lanes[next].from, town.lanes[lane].to);
        passes[lane = next]++;
    }
    for (int i = 0; i < town.n_lanes; i++)
        CHECK_NEAR(passes[i] / n, traffic.flow[i], 6 * sqrt(traffic.flow[i] / n) + 0.05 * traffic.flow[i]);
    traffic_done(&traffic);
    town_done(&town);
}

static struct thing defect_at(int type, int lane, double station_m, int64_t appears_s)
{
    return (struct thing){.lane = lane, .station_m = station_m, .defect = rates_of_type(type), .first_size = 30, .appears_s = appears_s};
}

FACT(what_is_believed_is_matched_with_what_lies_there_and_then)
{
    const struct truth_config nothing = {0, 0};
    struct sim_random random;
    struct truth truth;
    struct town town;
    int thing = -1;

    open_town(&town);
    sim_random_init(&random, 1);
    CHECK(truth_init(&truth, &town, &nothing, &random));
    CHECK_INT(truth.n, 0);
    const struct thing hole = defect_at(DEFECT_POTHOLE, 5, 100, 1000);
    const int index = truth_put(&truth, &hole);
    const double e = truth.things[index].e_m, n = truth.things[index].n_m;
    CHECK_INT(truth_match(&truth, e + 1, n, 2, DEFECT_POTHOLE, 999, &thing), MATCH_NOTHING); /* not yet */
    CHECK_INT(truth_match(&truth, e + 1, n, 2, DEFECT_POTHOLE, 1000, &thing), MATCH_DEFECT);
    CHECK_INT(thing, index);
    CHECK_INT(truth_match(&truth, e + 3, n, 2, DEFECT_POTHOLE, 1000, &thing), MATCH_NOTHING); /* too far */
    CHECK_INT(truth_match(&truth, e + 1, n, 2, DEFECT_MANHOLE_LEVEL, 1000, &thing), MATCH_DEFECT);
    CHECK_INT(truth_match(&truth, e + 1, n, 2, DEFECT_LONGITUDINAL_CRACK, 1000, &thing), MATCH_NOTHING);
    truth.things[index].repaired_s = 2000;
    CHECK_INT(truth_match(&truth, e + 1, n, 2, DEFECT_POTHOLE, 2000, &thing), MATCH_REPAIRED);
    truth_done(&truth);
    town_done(&town);
}

/* A week: 9 vehicles drive 230 km a day, 1 defect for 119 of them. */
FACT(the_books_of_a_simulated_week_add_up)
{
    struct city_config config = small(2);
    static struct city city;
    struct town town;
    uint64_t defects = 0, repaired = 0, look_alikes = 0;

    open_town(&town);
    run(&town, &config, 24 * 7, &city);
    for (int i = 0; i < city.truth.n; i++) {
        const struct thing *t = &city.truth.things[i];
        defects += t->defect != NULL;
        look_alikes += t->look_alike != NULL;
        repaired += t->repaired_s != NEVER_S;
        if (!t->defect)
            continue;
        CHECK(t->suspected_s >= t->appears_s);
        CHECK(t->confirmed_s >= t->suspected_s);
        CHECK(t->ordered_s >= t->confirmed_s && (t->ordered_s == NEVER_S || t->ordered_s <= t->confirmed_s + city.config.settle_s));
        CHECK(t->repaired_s == t->claimed_s || t->repaired_s == NEVER_S);
        CHECK(t->claimed_s > t->ordered_s || t->claimed_s == NEVER_S);
    }
    CHECK_INT(defects, city.counts.appeared);
    CHECK_INT(repaired, city.counts.repaired);
    CHECK_NEAR((double)look_alikes, 5 * 84, 4 * sqrt(168 * 0.25)); /* a lane of 2.5 has 2 or 3 */
    CHECK_NEAR(city.counts.km, 7 * 230, 0.05 * 1610);
    CHECK_NEAR((double)defects, 1610 / 119.0, 4 * sqrt(1610 / 119.0));
    CHECK(city.counts.confirmed[MATCH_DEFECT] > 2);
    city_close(&city);
    town_done(&town);
}

/* Real node cores on 24 lanes of 134 m. */
FACT(at_sample_level_too_one_seed_gives_one_trace_on_any_number_of_threads)
{
    struct sample_config config = {2, 2, 1, 150, 3};
    struct sample_report first, threads, other;

    CHECK(sample_run(&config, &first));
    config.threads = 2;
    CHECK(sample_run(&config, &threads));
    config.seed = 4;
    config.rounds = 1;
    CHECK(sample_run(&config, &other));
    CHECK(memcmp(first.trace, threads.trace, SHA256_SIZE) == 0);
    CHECK(memcmp(first.trace, other.trace, SHA256_SIZE) != 0);
    CHECK(first.batches > 40 && first.samples > 100000);
    CHECK_NEAR(first.km, 2 * 2 * 24 * 0.15, 1.5);
    CHECK(first.suspected >= first.confirmed && first.there >= first.suspected);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
