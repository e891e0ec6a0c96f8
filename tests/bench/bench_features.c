/* bench_features.c - what the register of features is worth, on made-up streets (simulated, no vehicle model):
 * how often it alarms without a change, how soon after one, and how many bumps that are misread turn red with it and
 * without it.
 *
 * Six vehicles pass 3 times a day. What a vehicle makes of a feature differs from the median by a factor of its own
 * (ln-normal, 0.25; one vehicle in six shakes 1.6 times as much as it should: a worn damper that its background does not
 * show) and from pass to pass by another (0.2). Positions: RTK 0.1 m, or SBAS 1 m. Seeds are fixed. */
#include <stdio.h>

#include "tests/gateway/drive.h"

#define FEATURES 100
#define VEHICLES 6
#define PASSES_A_DAY 3
#define QUIET_PASSES 60
#define AFTER_PASSES 40
#define WORN_NATS 0.47 /* ln 1.6 */
#define AT_E 100.5
#define AT_N 40.75

struct street {
    struct beliefs beliefs;
    struct chance chance;
    double gain[VEHICLES];
    double sigma_m;
    enum gnss_class gnss;
    unsigned passes;
};

static struct drive drive;

static void street_open(struct street *s, uint64_t seed, bool is_rtk)
{
    const struct beliefs_config config = drive_config();

    *s = (struct street){.chance = {(seed + 1000) * 7919 + 1}, .sigma_m = is_rtk ? 0.1 : 1.0, .gnss = is_rtk ? GNSS_RTK : GNSS_SBAS};
    beliefs_init(&s->beliefs, &config);
    for (int i = 0; i < VEHICLES; i++)
        s->gain[i] = 0.25 * chance_normal(&s->chance) + (i == 0 ? WORN_NATS : 0);
}

/* One pass: it finds the thing in 8 of 10 cases and calls it a hole as often as `misread` says. */
static void street_pass(struct street *s, enum feature_kind kind, double strength, double misread, bool has_register)
{
    const unsigned vehicle = (unsigned)(chance_next(&s->chance) % VEHICLES);
    const int64_t start = DAY0_NS + (int64_t)(s->passes++ * (86400 / PASSES_A_DAY)) * SECOND_NS, when = start + 3 * SECOND_NS;
    const double e = AT_E + s->sigma_m * chance_normal(&s->chance), n = AT_N + s->sigma_m * chance_normal(&s->chance);
    const double felt = strength * exp(s->gain[vehicle] + 0.2 * chance_normal(&s->chance));
    const bool is_found = chance_unit(&s->chance) < 0.8, is_hole = chance_unit(&s->chance) < misread;

    drive_straight(&drive, s->passes, start, 70, 40, 130, 40, s->gnss, s->sigma_m);
    if (is_found && is_hole)
        drive_hit(&drive, DEFECT_POTHOLE, when, e, n, s->sigma_m, 60, 90)->strength_milli = (int32_t)lround(felt * 1000);
    else if (is_found && has_register)
        drive_feature(&drive, kind, when, e, n, s->sigma_m, felt, 90);
    beliefs_add(&s->beliefs, &drive.batch, kid_number(vehicle), false);
}

static bool has_alarm(const struct street *s, bool *ret_is_red)
{
    for (size_t i = 0; i < s->beliefs.n_defects; i++) {
        const struct defect *d = &s->beliefs.defects[i];
        if (!d->is_live || d->belief.state != DEFECT_CONFIRMED)
            continue;
        *ret_is_red = d->belief.severity == SEVERITY_HIGH && d->belief.may_be_red;
        return true;
    }
    return false;
}

static int compare_ints(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

/* A cover that becomes `factor` times as strong after 60 passes. */
static void print_change(double factor, bool is_rtk)
{
    int delays[FEATURES], n_alarms = 0, n_false = 0, n_red = 0;

    for (uint64_t f = 0; f < FEATURES; f++) {
        struct street s;
        bool is_red = false, is_alarmed = false;

        street_open(&s, f, is_rtk);
        for (int i = 0; i < QUIET_PASSES; i++)
            street_pass(&s, FEATURE_MANHOLE, 3, 0, true);
        beliefs_settle(&s.beliefs, INT64_MIN, NULL);
        n_false += has_alarm(&s, &is_red);
        for (int i = 1; i <= AFTER_PASSES && !is_alarmed; i++) {
            street_pass(&s, FEATURE_MANHOLE, 3 * factor, 0, true);
            beliefs_settle(&s.beliefs, INT64_MIN, NULL);
            is_alarmed = has_alarm(&s, &is_red);
            if (is_alarmed)
                delays[n_alarms++] = i;
        }
        n_red += is_alarmed && is_red;
        beliefs_done(&s.beliefs);
    }
    qsort(delays, (size_t)n_alarms, sizeof *delays, compare_ints);
    printf("| %s | %.1f | %d | %d | %d | %d |\n", is_rtk ? "RTK" : "SBAS", factor, n_false, n_alarms,
           n_alarms ? delays[n_alarms / 2] : 0, n_red);
}

static int count_called(double misread, bool is_rtk, bool has_register)
{
    int n = 0;

    for (uint64_t f = 0; f < FEATURES; f++) {
        struct street s;
        bool is_red;

        street_open(&s, f, is_rtk);
        for (int i = 0; i < QUIET_PASSES; i++)
            street_pass(&s, FEATURE_SPEED_BUMP, 20, misread, has_register);
        beliefs_settle(&s.beliefs, INT64_MIN, NULL);
        n += has_alarm(&s, &is_red);
        beliefs_done(&s.beliefs);
    }
    return n;
}

int main(void)
{
    static const double factors[] = {1, 1.25, 1.5, 2, 3, 6}, misreads[] = {0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6};

    printf("a cover changes after %d passes; of %d:\n", QUIET_PASSES, FEATURES);
    printf("| GNSS | factor | alarmed before | alarmed within %d passes | median passes to it | red at once |\n", AFTER_PASSES);
    for (int rtk = 1; rtk >= 0; rtk--)
        for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++)
            print_change(factors[i], rtk);
    printf("\na bump is called a hole; confirmed as damage after %d passes, of %d:\n", QUIET_PASSES, FEATURES);
    printf("| GNSS | called a hole | without the register | with it |\n");
    for (int rtk = 1; rtk >= 0; rtk--)
        for (size_t i = 0; i < sizeof misreads / sizeof misreads[0]; i++)
            printf("| %s | %.0f %% | %d | %d |\n", rtk ? "RTK" : "SBAS", 100 * misreads[i],
                   count_called(misreads[i], rtk, false), count_called(misreads[i], rtk, true));
    return 0;
}
