/* Pairs and intervals against hand examples and naive models. */
#include "tests/check.h"
#include "tests/evaluate/bootstrap.h"
#include "tests/evaluate/match.h"

static unsigned long long state = 7;

/* xorshift64*: Vigna 2016. */
static double chance(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (double)(state * 0x2545F4914F6CDD1DULL >> 11) / 9007199254740992.0;
}

FACT(a_press_belongs_to_one_prediction_only)
{
    const double predicted[] = {10, 11, 20}, truth[] = {10.5, 24};
    size_t of[3];

    CHECK_INT(match_times(predicted, 3, truth, 2, 2, of), 1);
    CHECK_INT(of[0], 0);
    CHECK(of[1] == MATCH_NONE && of[2] == MATCH_NONE);
}

FACT(two_seconds_are_within_two_seconds)
{
    const double predicted[] = {1492637330.4 - 2.0}, late[] = {1492637330.4 + 2.01}, truth[] = {1492637330.4};
    size_t of[1];

    CHECK_INT(match_times(predicted, 1, truth, 1, 2, of), 1);
    CHECK_INT(match_times(late, 1, truth, 1, 2, of), 0);
}

/* Greedy by nearness would take 10.9 for 11 and leave 9.2 alone. */
FACT(no_pair_is_lost_to_a_nearer_one)
{
    const double predicted[] = {10.9, 12.8}, truth[] = {9.2, 11};
    size_t of[2];

    CHECK_INT(match_times(predicted, 2, truth, 2, 2, of), 2);
}

/* The most pairs there can be, by trying everything. */
static size_t most_pairs(const double *predicted, size_t n, const double *truth, size_t m, unsigned used)
{
    if (n == 0)
        return 0;
    size_t best = most_pairs(predicted + 1, n - 1, truth, m, used);

    for (size_t t = 0; t < m; t++)
        if (!(used & 1u << t) && fabs(predicted[0] - truth[t]) <= 2) {
            const size_t with = 1 + most_pairs(predicted + 1, n - 1, truth, m, used | 1u << t);
            best = with > best ? with : best;
        }
    return best;
}

static void ascending(double *x, size_t n)
{
    x[0] = chance() * 3;
    for (size_t i = 1; i < n; i++)
        x[i] = x[i - 1] + chance() * 3;
}

FACT(times_are_paired_as_well_as_can_be)
{
    double predicted[6], truth[6];
    size_t of[6];

    for (int round = 0; round < 300; round++) {
        const size_t n = 1 + (size_t)(chance() * 6), m = 1 + (size_t)(chance() * 6);
        ascending(predicted, n);
        ascending(truth, m);
        CHECK_INT(match_times(predicted, n, truth, m, 2, of), most_pairs(predicted, n, truth, m, 0));
    }
}

FACT(places_on_a_line_are_paired_like_times)
{
    double predicted[6], truth[6];
    struct place_m p[6], t[6];
    size_t of[6];

    for (int round = 0; round < 300; round++) {
        const size_t n = 1 + (size_t)(chance() * 6), m = 1 + (size_t)(chance() * 6);
        ascending(predicted, n);
        ascending(truth, m);
        for (size_t i = 0; i < n; i++)
            p[n - 1 - i] = (struct place_m){predicted[i], 5};
        for (size_t i = 0; i < m; i++)
            t[i] = (struct place_m){truth[i], 5};
        const size_t pairs = match_places(p, n, t, m, 2, of);
        CHECK_INT(pairs, most_pairs(predicted, n, truth, m, 0));
        size_t named = 0;
        for (size_t i = 0; i < n; i++)
            named += of[i] != MATCH_NONE && place_apart_m(p[i], t[of[i]]) <= 2;
        CHECK_INT(named, pairs);
    }
}

FACT(near_is_counted_without_pairing)
{
    const struct place_m a[] = {{0, 0}, {3, 4}, {100, 0}}, b[] = {{0, 5}, {200, 0}};

    CHECK_INT(match_near(a, 3, b, 2, 5), 2);
    CHECK_INT(match_near(b, 2, a, 3, 5), 1);
}

/* 0 and 10 join (10 apart), then 20 would be 20 apart from 0: it stays; 24 joins 20. */
FACT(sites_are_no_wider_than_allowed)
{
    struct place_m p[] = {{0, 0}, {20, 0}, {10, 0}, {24, 0}, {24, 300}};

    CHECK_INT(match_sites(p, 5, 15), 3);
    CHECK_NEAR(p[0].e, 5, 1e-12);
    CHECK_NEAR(p[1].e, 22, 1e-12);
    CHECK_NEAR(p[2].n, 300, 1e-12);
}

FACT(the_same_place_twice_is_one_site)
{
    struct place_m p[] = {{7, 7}, {7, 7}};

    CHECK_INT(match_sites(p, 2, 25), 1);
    CHECK_INT(match_sites(p, 0, 25), 0);
}

FACT(f1_of_nothing_is_no_number)
{
    CHECK(isnan(tally_f1((struct tally){0, 0, 0})));
    CHECK_NEAR(tally_f1((struct tally){3, 4, 6}), 0.6, 1e-12);
}

/* The share of heads of n throws: its standard deviation is known, sqrt(p q / n). */
static double mean_of(const void *context, const unsigned *times_drawn)
{
    const double *x = context;
    double sum = 0;

    for (int i = 0; i < 400; i++)
        sum += times_drawn[i] * x[i];
    return sum / 400;
}

FACT(the_interval_of_a_mean_is_that_of_the_textbook)
{
    double x[400];

    for (int i = 0; i < 400; i++)
        x[i] = i % 4 == 0;
    const struct interval got = bootstrap(400, mean_of, x);
    const double half = 1.96 * sqrt(0.25 * 0.75 / 400);
    CHECK_NEAR(got.low, 0.25 - half, 0.005);
    CHECK_NEAR(got.high, 0.25 + half, 0.005);
}

FACT(equal_blocks_have_no_interval_and_none_have_none)
{
    const struct tally equal[] = {{1, 2, 2}, {1, 2, 2}, {1, 2, 2}};
    const struct interval i = bootstrap_f1(equal, 3), none = bootstrap_f1(equal, 0);

    CHECK_NEAR(i.low, 0.5, 1e-12);
    CHECK_NEAR(i.high, 0.5, 1e-12);
    CHECK(isnan(none.low) && isnan(none.high));
}

FACT(draws_without_a_score_are_left_out)
{
    const struct tally blocks[] = {{0, 0, 0}, {1, 1, 1}};
    const struct interval i = bootstrap_f1(blocks, 2);

    CHECK_NEAR(i.low, 1, 1e-12);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
