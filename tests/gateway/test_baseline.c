/* What is usual, against a naive model that sorts everything again, and cases worked out by hand. */
#include "gateway/baseline.h"
#include "tests/check.h"
#include "tests/gateway/drive.h"

#define LN(x) llround(1e6 * log(x))

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* The lower median and quarter, and the lower median of the distances, of the last 64. */
static void naive(const int64_t *values, size_t n, int64_t *ret_median, int64_t *ret_quarter, int64_t *ret_mad)
{
    const size_t kept = n < BASELINE_UNITS ? n : BASELINE_UNITS;
    int64_t sorted[BASELINE_UNITS];

    memcpy(sorted, values + n - kept, kept * sizeof *sorted);
    qsort(sorted, kept, sizeof *sorted, compare);
    *ret_median = sorted[(kept - 1) / 2];
    *ret_quarter = sorted[(kept - 1) / 4];
    for (size_t i = 0; i < kept; i++)
        sorted[i] = llabs(sorted[i] - *ret_median);
    qsort(sorted, kept, sizeof *sorted, compare);
    *ret_mad = sorted[(kept - 1) / 2];
}

FACT(median_quarter_and_mad_are_those_of_the_last_64_sorted)
{
    struct chance chance = {4711};

    for (int trial = 0; trial < 20; trial++) {
        struct latest latest = {.n = 0};
        int64_t values[300], median, quarter, mad;
        const uint64_t range = trial % 2 ? 5 : 1000000; /* many equal ones, or hardly any */

        CHECK_INT(latest_median(&latest), 0);
        CHECK_INT(latest_mad(&latest), 0);
        for (size_t n = 1; n <= 300; n++) {
            values[n - 1] = (int64_t)(chance_next(&chance) % range) - (int64_t)range / 2;
            latest_add(&latest, values[n - 1]);
            naive(values, n, &median, &quarter, &mad);
            CHECK_INT(latest_median(&latest), median);
            CHECK_INT(latest_quarter(&latest), quarter);
            CHECK_INT(latest_mad(&latest), mad);
        }
    }
}

static struct baseline_verdict feel(struct baseline *baseline, uint32_t speaker, double strength)
{
    const struct felt felt = {speaker, LN(strength), 0};
    const struct baseline_verdict none = {.stands_out = false};
    const struct baseline_verdict verdict = baseline_is_known(baseline, 5) ? baseline_judge(baseline, &felt) : none;

    baseline_learn(baseline, &felt, &verdict, false);
    return verdict;
}

FACT(five_units_of_two_vehicles_make_it_known)
{
    struct baseline b = {.n_habits = 0};

    for (int i = 0; i < 9; i++)
        feel(&b, 1, 2);
    CHECK(!baseline_is_known(&b, 5));
    feel(&b, 2, 2);
    CHECK(baseline_is_known(&b, 5));
    CHECK(!baseline_is_known(&b, 11));
    baseline_done(&b);
}

/* Ten units of 2 by two vehicles. Spreads: total^2 = 4 * 0.3^2 / 14, within^2 = 4 * 0.2^2 / 12, between^2 = the rest; share =
 * 5 * between^2 / (5 * between^2 + within^2), sigma^2 = within^2 + (1 - share) between^2. By hand: 0.025714, 0.013333,
 * 0.012381, 0.822785, 0.015527; the tail of ln 1.5 / 0.124608 = 3.2539 is 0.000569 (tables of the normal distribution). */
FACT(a_verdict_worked_out_by_hand)
{
    struct baseline b = {.n_habits = 0};

    for (uint32_t i = 0; i < 10; i++)
        feel(&b, i % 2, 2);
    const struct felt felt = {0, LN(3.0), 0};
    const struct baseline_verdict v = baseline_judge(&b, &felt);
    CHECK_INT(v.excess_micro, LN(3.0) - LN(2.0));
    CHECK_NEAR(v.pf, 0.000569, 0.000002);
    CHECK(v.stands_out && v.is_strong);
    baseline_done(&b);
}

/* 3 MAD = 3 sigma / 1.4826 = 0.252 with the sigma above: + 29 %, less than + 50 %. */
FACT(the_lesser_of_the_two_limits_decides)
{
    struct baseline b = {.n_habits = 0};

    for (uint32_t i = 0; i < 10; i++)
        feel(&b, i % 2, 2);
    for (int is_more = 0; is_more <= 1; is_more++) {
        const struct felt felt = {0, LN(2.0) + 252143 + (is_more ? 2000 : -2000), 0};
        CHECK_INT(baseline_judge(&b, &felt).stands_out, is_more);
    }
    /* a noisy pass: its own sigma of 1 makes 3 MAD more than + 50 %, which then decides */
    const struct felt noisy = {0, LN(2.0) + 405466, 1e6}, less = {0, LN(2.0) + 405400, 1e6};
    CHECK(baseline_judge(&b, &noisy).stands_out);
    CHECK(!baseline_judge(&b, &less).stands_out);
    CHECK(baseline_judge(&b, &noisy).pf > 0.3); /* but proves little */
    baseline_done(&b);
}

FACT(what_stands_out_moves_nothing_and_a_newcomer_is_learnt_as_it_is)
{
    struct baseline b = {.n_habits = 0};

    for (uint32_t i = 0; i < 12; i++)
        feel(&b, i % 3, 2);
    for (int i = 0; i < 20; i++)
        CHECK(feel(&b, 0, 6).stands_out);
    CHECK_INT(latest_median(&b.strengths), LN(2.0));
    CHECK(feel(&b, 9, 6).stands_out); /* comes for the first time */
    int again = 0;
    for (int i = 0; i < 20; i++) {
        const struct baseline_verdict v = feel(&b, 9, 6);
        again += v.stands_out;
        CHECK(v.is_strong);
    }
    CHECK(again < 20); /* it is its own usual by and by */
    CHECK_INT(latest_median(&b.strengths), LN(2.0));
    baseline_done(&b);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
