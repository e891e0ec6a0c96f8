/* The closed form against dice: passes drawn one by one, wheels set down by geometry, odds added up. No gateway. */
#include "tests/check.h"

#include "tests/sim/city/expect.h"

/* A third of the passes each RTK, SBAS and consumer GPS; a third of each with a camera. */
static struct expect_fleet mixed(void)
{
    struct expect_fleet f = {.sigma_m = {0.03, 1, 3, 5}, .start_nats = EXPECT_PRIOR_NATS};

    for (int class = 0; class < 3; class++) {
        f.share[class][0] = 2.0 / 9;
        f.share[class][1] = 1.0 / 9;
    }
    return f;
}

FACT(the_outcomes_of_a_pass_are_all_there_are)
{
    const struct expect_fleet fleet = mixed();

    for (int type = 1; type <= DEFECT_TYPE_COUNT; type++) {
        struct expect_outcome outcomes[EXPECT_OUTCOMES];
        double sum = 0;
        if (!rates_of_type(type))
            continue;
        const int n = expect_outcomes(&fleet, rates_of_type(type), true, 0.2, outcomes);
        CHECK(n <= EXPECT_OUTCOMES);
        for (int i = 0; i < n; i++) {
            sum += outcomes[i].probability;
            CHECK(outcomes[i].is_hit || outcomes[i].later_nats <= 0);
        }
        CHECK_NEAR(sum, 1, 1e-12);
    }
}

/* ln(0.6 / 0.002) = 5.7038, ln(0.375 / 0.002) = 5.2338, ln(0.7 / 0.01) = 4.2485: the domain's +5.70, +5.23, +4.25. The best
 * outcome of an RTK pass without a camera is its hit; a second one costs ln(sqrt(2 pi) 0.5009) = 0.2275. */
FACT(a_hit_weighs_what_the_domain_says)
{
    struct expect_fleet fleet = {.sigma_m = {0.03, 1, 3, 5}, .share = {{1, 0}}};
    struct expect_outcome outcomes[EXPECT_OUTCOMES];
    const int n = expect_outcomes(&fleet, rates_of_type(DEFECT_POTHOLE), true, 0, outcomes);
    double first = -99, later = -99;

    for (int i = 0; i < n; i++)
        if (outcomes[i].is_hit) {
            first = fmax(first, outcomes[i].first_nats);
            later = fmax(later, outcomes[i].later_nats);
        }
    CHECK_NEAR(first, 5.7038, 1e-3);
    CHECK_NEAR(later, 5.7038 - 0.2275, 1e-3);
}

/* How often a pass finds the defect: wheels of 0.75 m to each side, tyres of 0.12 m, strays of 0.206 m, a lane of 3.5 m. */
static void throw_pass(const struct defect_rates *rates, double off_m, struct sim_random *random, bool *ret_felt, bool *ret_seen)
{
    const double left_wheel = sim_gauss(random, 0.206), band = rates->half_width_m + 0.12;
    const bool is_crossed = fabs(off_m - left_wheel) < band || fabs(off_m - left_wheel - 1.5) < band;

    *ret_felt = is_crossed && rates->seen_by != SEEN_BY_CAMERA && sim_uniform(random, 0, 1) < rates->recall_big;
    *ret_seen = rates->seen_by != SEEN_BY_MOTION && fabs(off_m - left_wheel - 0.75) < 1.75 && sim_uniform(random, 0, 1) < 0.7;
}

FACT(hits_come_as_often_as_wheels_and_cameras_meet_the_defect)
{
    const int types[] = {DEFECT_POTHOLE, DEFECT_JOINT_FAULT, DEFECT_TRANSVERSE_CRACK, DEFECT_PATCH_FAILURE};
    const double offs_m[] = {0, 0.3, 0.75};
    const struct expect_fleet fleet = mixed();
    const int n = 200000;
    struct sim_random random;

    sim_random_init(&random, 11);
    for (size_t t = 0; t < 4; t++)
        for (size_t k = 0; k < 3; k++) {
            struct expect_outcome outcomes[EXPECT_OUTCOMES];
            const struct defect_rates *rates = rates_of_type(types[t]);
            const int rows = expect_outcomes(&fleet, rates, true, offs_m[k], outcomes);
            double told = 0, thrown = 0;
            for (int i = 0; i < rows; i++)
                told += outcomes[i].is_hit ? outcomes[i].probability : 0;
            for (int i = 0; i < n; i++) {
                bool is_felt, is_seen;
                throw_pass(rates, offs_m[k], &random, &is_felt, &is_seen);
                const bool has_camera = sim_uniform(&random, 0, 1) < 1.0 / 3;
                thrown += is_felt || (is_seen && has_camera);
            }
            CHECK_NEAR(told, thrown / n, 4 * sqrt(0.25 / n));
        }
}

/* One defect's life in dice: outcomes by their probabilities, odds that start somewhere and never fall below the floor. Passes until suspected, confirmed. */
static void throw_life(const struct expect_outcome *outcomes, int n, double odds, struct sim_random *random, int ret_passes[2])
{

    ret_passes[0] = ret_passes[1] = 0;
    for (int k = 1; k <= EXPECT_PASSES && !ret_passes[1]; k++) {
        double left = sim_uniform(random, 0, 1);
        int i = 0;
        while (i < n - 1 && left >= outcomes[i].probability)
            left -= outcomes[i++].probability;
        if (!ret_passes[0] && !outcomes[i].is_hit)
            continue;
        odds = fmax(EXPECT_FLOOR_NATS, odds + (ret_passes[0] ? outcomes[i].later_nats : outcomes[i].first_nats));
        if (!ret_passes[0])
            ret_passes[0] = k;
        if (odds >= EXPECT_CONFIRM_NATS)
            ret_passes[1] = k;
    }
}

FACT(the_walk_in_closed_form_is_the_walk_in_dice)
{
    const int types[] = {DEFECT_POTHOLE, DEFECT_JOINT_FAULT, DEFECT_ALLIGATOR_CRACK};
    struct expect_fleet fleet = mixed();
    const int n = 20000;
    struct sim_random random;

    sim_random_init(&random, 12);
    for (size_t t = 0; t < 6; t++) {
        fleet.start_nats = t < 3 ? EXPECT_PRIOR_NATS : EXPECT_FLOOR_NATS;
        struct expect_outcome outcomes[EXPECT_OUTCOMES];
        struct expect_reach reach;
        int suspected[EXPECT_PASSES + 1] = {0}, confirmed[EXPECT_PASSES + 1] = {0}, passes[2];
        const int rows = expect_outcomes(&fleet, rates_of_type(types[t % 3]), true, 0.1, outcomes);
        expect_reached_at(&fleet, rates_of_type(types[t % 3]), true, 0.1, &reach);
        for (int i = 0; i < n; i++) {
            throw_life(outcomes, rows, fleet.start_nats, &random, passes);
            suspected[passes[0]]++;
            confirmed[passes[1]]++;
        }
        double s = 0, c = 0;
        for (int k = 1; k <= 40; k++) {
            s += suspected[k];
            c += confirmed[k];
            CHECK_NEAR(reach.suspected[k], s / n, 4 * sqrt(0.25 / n));
            CHECK_NEAR(reach.confirmed[k], c / n, 4 * sqrt(0.25 / n) + 0.01); /* bins of 0.04 nats */
        }
    }
}

/* Hours until the first of a Poisson process that runs 16 h of 24, thrown: appearing at any hour. */
FACT(hours_in_closed_form_are_hours_in_dice)
{
    const double a_day[] = {6.9, 1.15};
    double reached[EXPECT_PASSES + 1];
    struct sim_random random;

    sim_random_init(&random, 13);
    for (int k = 0; k <= EXPECT_PASSES; k++)
        reached[k] = k >= 3 ? 1 : 0; /* the third pass does it */
    for (int r = 0; r < 2; r++) {
        const double median = expect_hours(reached, a_day[r], 0.5);
        int within = 0;
        const int n = 20000;
        for (int i = 0; i < n; i++) {
            const double from = sim_uniform(&random, 0, 24);
            double at = from;
            for (int k = 0; k < 3; k++) {
                double wait = -log(sim_uniform(&random, 1e-12, 1)) * 16 / a_day[r]; /* hours of daytime */
                while (wait > 0) {
                    const double hour = fmod(at, 24), night = hour < 6 ? 6 - hour : hour >= 22 ? 30 - hour : 0;
                    at += night;
                    const double step = fmin(wait, 22 - fmod(at, 24));
                    at += step;
                    wait -= step;
                }
            }
            within += at - from <= median;
        }
        CHECK_NEAR((double)within / n, 0.5, 4 * sqrt(0.25 / n) + 0.005);
    }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
