#include "tests/check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/sim/output.h"
#include "tests/sim/route.h"
#include "tests/sim/simulate.h"

static struct sim_district district;

static void make_district(void)
{
    const struct grid_zone zone = {.meridian_deg = 120};

    if (district.block_m == 0)
        CHECK(sim_district_init(&district, zone, 30.2741, 120.1636, 170, 7));
}

FACT(a_round_takes_every_lane_once_and_never_turns_back)
{
    struct sim_route route;
    int seen[SIM_LANES] = {0}, last = -1;

    make_district();
    CHECK(sim_route_init(&route, &district, 3));
    for (int i = 0; i < route.n_points; i++) {
        const int lane = route.points[i].lane;
        if (lane < 0 || lane == last)
            continue;
        seen[lane]++;
        if (last >= 0)
            CHECK(district.lanes[lane].to != district.lanes[last].from);
        last = lane;
    }
    for (int lane = 0; lane < SIM_LANES; lane++)
        CHECK_INT(seen[lane], 1);
    sim_route_done(&route);
}

FACT(route_points_are_a_step_apart_and_turn_gently)
{
    struct sim_route route;

    make_district();
    CHECK(sim_route_init(&route, &district, 4));
    for (int i = 1; i < route.n_points; i++) {
        const double step = hypot(route.points[i].e_m - route.points[i - 1].e_m, route.points[i].n_m - route.points[i - 1].n_m);
        CHECK(step < 3 * SIM_ROUTE_STEP_M);
        CHECK(fabs(remainder(route.points[i].heading_rad - route.points[i - 1].heading_rad, 2 * M_PI)) < 0.2);
    }
    sim_route_done(&route);
}

/* ISO 8608: Gd(n) = Gd(n0)(n/n0)^-2, so the variance over a band is Gd(n0) n0^2 (1/n1 - 1/n2). A single 154 m
 * lane is one draw, so the mean over a class is held to a factor, not to a digit. */
FACT(profiles_are_as_rough_as_their_iso_class)
{
    const double n1 = 0.011, n2 = 2.83;
    double sum[3] = {0};
    int n[3] = {0};

    make_district();
    for (int lane = 0; lane < SIM_LANES; lane++) {
        const struct sim_lane *l = &district.lanes[lane];
        const int class = district.iso_class[l->street] - 'A';
        const int from = (int)(6 / SIM_PROFILE_STEP_M), to = (int)((l->length_m - 6) / SIM_PROFILE_STEP_M);
        for (int i = from; i < to; i++) {
            sum[class] += (double)l->left_m[i] * (double)l->left_m[i];
            n[class]++;
        }
    }
    for (int class = 0; class < 2; class++) {
        const double want = 16e-6 * pow(4, class) * 0.01 * (1 / n1 - 1 / n2);
        CHECK(sum[class] / n[class] > want / 2 && sum[class] / n[class] < want * 2);
    }
    const double ratio = (sum[1] / n[1]) / (sum[0] / n[0]);
    CHECK(ratio > 2 && ratio < 8);
}

FACT(a_wheel_beside_a_hole_feels_nothing_and_one_over_it_all)
{
    make_district();
    const struct sim_placed *p = &district.placed[0];
    const double beside = sim_height_m(&district, p->lane, p->station_m, p->lateral_m + 1.0, true, NULL);
    const double over = sim_height_m(&district, p->lane, p->station_m, p->lateral_m, true, NULL);

    CHECK_NEAR(over - beside, p->height_m, 1e-6);
    CHECK_NEAR(sim_overlap(p, p->lateral_m), 1, 0);
    CHECK_NEAR(sim_overlap(p, p->lateral_m + p->half_width_m + 0.2), 0, 0);
}

static int hash_file(const char *path, uint8_t digest[SHA256_SIZE])
{
    static char bytes[8 << 20];
    FILE *in = fopen(path, "r");
    if (!in)
        return -1;
    const size_t length = fread(bytes, 1, sizeof bytes, in);
    fclose(in);
    uint32_t sum = 2166136261u;
    for (size_t i = 0; i < length; i++)
        sum = (sum ^ (uint8_t)bytes[i]) * 16777619u;
    memcpy(digest, &sum, sizeof sum);
    return (int)length;
}

FACT(one_seed_gives_the_same_drive_byte_for_byte)
{
    char folder[] = "/tmp/roadchief-sim-XXXXXX", out[64], command[128];
    uint8_t digests[2][SHA256_SIZE] = {{0}};
    int lengths[2];

    CHECK(mkdtemp(folder) != NULL);
    for (int run = 0; run < 2; run++) {
        struct simulate_options o;
        char path[128];
        simulate_options_default(&o);
        snprintf(out, sizeof out, "%s/%d", folder, run);
        o.out = out;
        o.rounds = 1;
        o.is_quiet = 1;
        o.start_s = 1790000000;
        CHECK_INT(simulate_district(&o), 0);
        snprintf(path, sizeof path, "%s/taxi-2-1.csv", out);
        lengths[run] = hash_file(path, digests[run]);
    }
    CHECK(lengths[0] > 100000);
    CHECK_INT(lengths[0], lengths[1]);
    CHECK(memcmp(digests[0], digests[1], SHA256_SIZE) == 0);
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    CHECK_INT(system(command), 0);
}

int main(int argc, char **argv)
{
    const int status = check_main(argc, argv);

    sim_district_done(&district);
    return status;
}
