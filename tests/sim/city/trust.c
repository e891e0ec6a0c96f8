#include "tests/sim/city/trust.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STREETS 25
#define LANE_KM_A_BLOCK_METRE 2.4
#define CITY_LANE_KM 10000.0
#define CITY_KM_A_DAY 23000.0
#define WANTED_REAL 0.95
#define WANTED_RATIO 1.3

/* The figures, hours: suspected and confirmed, on main roads and on the others; 0 = only the closed form counts. */
static const double wanted_h[SEEN_BY_COUNT][2][2] = {
    [SEEN_BY_MOTION] = {{0, 0}, {48, 144}},
    [SEEN_BY_CAMERA] = {{12, 72}, {48, 300}},
    [SEEN_BY_BOTH] = {{12, 36}, {36, 96}},
};

struct city_config trust_config(double scale, uint64_t seed)
{
    struct city_config c;

    city_config_default(&c);
    c.vehicles = (int)lround(900 * scale);
    c.cameras = (int)lround(300 * scale);
    c.km_a_day = CITY_KM_A_DAY * scale;
    for (int kind = 0; kind < CAR_KIND_COUNT; kind++)
        c.kinds[kind] = kind == CAR_TAXI;
    c.rules.batch_m = 1000;
    c.seed = seed;
    c.counts_from_day = TRUST_WARM_UP_DAYS;
    return c;
}

bool trust_town(struct town *ret_town, double scale)
{
    return town_grid(ret_town, (struct grid_zone){120, false}, 515744, 3350528, STREETS,
                     CITY_LANE_KM * scale / LANE_KM_A_BLOCK_METRE, false);
}

void trust_fleet(const struct city *city, struct expect_fleet *ret_fleet)
{
    double all = 0;

    memset(ret_fleet, 0, sizeof *ret_fleet);
    for (int i = 0; i < city->config.vehicles; i++) {
        const struct car *car = &city->cars[i];
        ret_fleet->share[car->gnss][car->has_camera] += car->driven_m;
        all += car->driven_m;
    }
    for (int class = 0; class < EXPECT_CLASSES; class++) {
        ret_fleet->sigma_m[class] = gnss_sigma_m((enum gnss_class)class);
        ret_fleet->share[class][0] /= all;
        ret_fleet->share[class][1] /= all;
    }
    ret_fleet->start_nats = EXPECT_FLOOR_NATS;
    ret_fleet->is_domain_rates = city->config.rules.is_domain_rates;
}

static double lanes_km(const struct city *city, bool is_main)
{
    return is_main ? town_lane_km(city->town, ROAD_ARTERIAL)
                   : town_lane_km(city->town, ROAD_SECONDARY) + town_lane_km(city->town, ROAD_BRANCH);
}

double trust_passes_a_day(const struct city *city, bool is_main, double days)
{
    const double share = traffic_main_share(&city->traffic, city->town);

    return city->counts.km / days * (is_main ? share : 1 - share) / lanes_km(city, is_main);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static bool is_of(const struct city *city, const struct thing *t, const struct trust_group *g)
{
    const int64_t from_s = city->start_s + TRUST_WARM_UP_DAYS * DAY_S, to_s = city->now_s - TRUST_TAIL_DAYS * DAY_S;

    if (!t->defect || t->appears_s < from_s || t->appears_s >= to_s)
        return false;
    const enum severity severity = catalogue_severity(catalogue_type(t->defect->type), t->first_size, false);
    return (g->seen_by < 0 || (int)t->defect->seen_by == g->seen_by) && (g->type < 0 || t->defect->type == g->type) &&
           (g->is_main < 0 || town_is_main(city->town->lanes[t->lane].class) == g->is_main) &&
           (g->severity < 0 || (int)severity == g->severity);
}

double trust_hours(const struct city *city, const struct trust_group *group, bool is_confirmed, double share, int *ret_n)
{
    double *hours = calloc((size_t)city->truth.n + 1, sizeof *hours), value = NAN;
    int n = 0;

    for (int i = 0; hours && i < city->truth.n; i++) {
        const struct thing *t = &city->truth.things[i];
        const int64_t at_s = is_confirmed ? t->confirmed_s : t->suspected_s;
        if (is_of(city, t, group))
            hours[n++] = at_s == NEVER_S ? INFINITY : (double)(at_s - t->appears_s) / HOUR_S;
    }
    *ret_n = n;
    if (n) {
        qsort(hours, (size_t)n, sizeof *hours, by_value);
        value = hours[(int)(share * (n - 1) + 0.5)];
    }
    free(hours);
    return isinf(value) ? NAN : value;
}

/* One line: a group's times until suspected or confirmed. */
static bool tell_row(FILE *out, const struct city *city, enum seen_by seen_by, bool is_main, bool is_confirmed,
                     const struct expect_reach *reach)
{
    const double days = (double)(city->now_s - city->start_s) / DAY_S;
    const struct trust_group group = {(int)seen_by, is_main, -1, -1};
    const double wanted = wanted_h[seen_by][is_confirmed][!is_main];
    int n;
    const double median = trust_hours(city, &group, is_confirmed, 0.5, &n);
    const double most = trust_hours(city, &group, is_confirmed, 0.9, &n);
    const double closed = expect_hours(is_confirmed ? reach->confirmed : reach->suspected,
                                       trust_passes_a_day(city, is_main, days), 0.5);
    const bool is_reached = median <= WANTED_RATIO * closed && (wanted == 0 || median <= wanted);

    fprintf(out, "| %s | %s | %s | %d | %.1f | %.1f | %.2f | ", seen_by_name(seen_by), is_main ? "arterial" : "branch",
            is_confirmed ? "confirmed" : "suspected", n, median, closed, median / closed);
    if (wanted > 0)
        fprintf(out, "%.0f", wanted);
    fprintf(out, " | %.0f | %s |\n", most, is_reached ? "yes" : "**no**");
    return is_reached;
}

static bool tell_times(FILE *out, const struct city *city)
{
    struct expect_fleet fleet;
    bool is_reached = true;

    trust_fleet(city, &fleet);
    fputs("| found by | road | until | defects | median h | closed form h | ratio | wanted h | 90 % within h | reached |\n"
          "|---|---|---|---|---|---|---|---|---|---|\n",
          out);
    for (int seen_by = SEEN_BY_COUNT - 1; seen_by >= 0; seen_by--) {
        struct expect_reach reach;
        expect_reached(&fleet, (enum seen_by)seen_by, &reach);
        for (int is_confirmed = 0; is_confirmed < 2; is_confirmed++)
            for (int is_main = 1; is_main >= 0; is_main--)
                is_reached &= tell_row(out, city, (enum seen_by)seen_by, is_main, is_confirmed, &reach);
    }
    return is_reached;
}

/* Passes until the gateway called a repair verified, over those that the rule needs at the least. */
static double repair_ratio(const struct city *city, int *ret_n)
{
    double *ratios = calloc((size_t)city->truth.n + 1, sizeof *ratios), median = NAN;
    int n = 0;

    for (int i = 0; ratios && i < city->truth.n; i++) {
        const struct thing *t = &city->truth.things[i];
        if (t->passes_verified > 0) /* verified before the ideal count was full: no more than it needs */
            ratios[n++] = t->passes_needed > 0 ? (double)t->passes_verified / t->passes_needed : 1;
    }
    *ret_n = n;
    if (n) {
        qsort(ratios, (size_t)n, sizeof *ratios, by_value);
        median = ratios[n / 2];
    }
    free(ratios);
    return median;
}

static bool tell_repairs(FILE *out, const struct city *city)
{
    const struct city_counts *c = &city->counts;
    int n;
    const double ratio = repair_ratio(city, &n), wrong = c->verified ? (double)c->wrongly_verified / (double)c->verified : 0;

    fprintf(out, "Repairs: %llu claimed (%llu of them had not been done), %llu verified; of %d the median took %.2f times the passes that "
                 "the rule needs (wanted 1.30). %llu verified although nothing had been done: %.1f %% of what was verified "
                 "(wanted 2 %%). %llu reopened, %llu of them wrongly.\n\n",
            (unsigned long long)c->claims, (unsigned long long)c->false_claims, (unsigned long long)c->verified, n, ratio,
            (unsigned long long)c->wrongly_verified, 100 * wrong, (unsigned long long)c->reopened,
            (unsigned long long)c->wrongly_reopened);
    return ratio <= WANTED_RATIO && wrong <= 0.02;
}

bool trust_report(FILE *out, const struct city *city)
{
    const uint64_t *c = city->counts.confirmed;
    const uint64_t all = c[MATCH_DEFECT] + c[MATCH_REPAIRED] + c[MATCH_LOOK_ALIKE] + c[MATCH_NOTHING];
    const double real = all ? (double)c[MATCH_DEFECT] / (double)all : NAN;

    fprintf(out, "Confirmed after the first %d days: %llu, of them %llu real (%.1f %%, wanted %.0f %%), %llu where a repair had just "
                 "been done, %llu at look-alikes, %llu where nothing lies; %llu real ones under a second name. False ones that were dropped and confirmed once more: %llu times.\n\n",
            TRUST_WARM_UP_DAYS, (unsigned long long)all, (unsigned long long)c[MATCH_DEFECT], 100 * real, 100 * WANTED_REAL,
            (unsigned long long)c[MATCH_REPAIRED], (unsigned long long)c[MATCH_LOOK_ALIKE],
            (unsigned long long)c[MATCH_NOTHING], (unsigned long long)city->counts.confirmed_twice,
            (unsigned long long)city->counts.false_again);
    const bool is_repaired = tell_repairs(out, city), is_quick = tell_times(out, city);
    return is_repaired && is_quick && real >= WANTED_REAL;
}

/* ---- distributions ------------------------------------------------------------------------------------- */

void trust_distribution(FILE *out, const struct city *city)
{
    fputs("| type | found by | road | first severity | defects | suspected: median, 90 % h | confirmed: median, 90 % h |\n"
          "|---|---|---|---|---|---|---|\n",
          out);
    for (int type = 1; type <= DEFECT_TYPE_COUNT; type++)
        for (int is_main = 1; is_main >= 0; is_main--)
            for (int severity = SEVERITY_LOW; severity <= SEVERITY_HIGH; severity++) {
                const struct trust_group g = {-1, is_main, type, severity};
                int n;
                const double s5 = trust_hours(city, &g, false, 0.5, &n), s9 = trust_hours(city, &g, false, 0.9, &n);
                const double c5 = trust_hours(city, &g, true, 0.5, &n), c9 = trust_hours(city, &g, true, 0.9, &n);
                if (n > 0)
                    fprintf(out, "| %s | %s | %s | %s | %d | %.0f, %.0f | %.0f, %.0f |\n", catalogue_type(type)->code,
                            seen_by_name(rates_of_type(type)->seen_by), is_main ? "arterial" : "branch",
                            severity == SEVERITY_LOW ? "low" : severity == SEVERITY_MEDIUM ? "medium" : "high", n, s5, s9, c5, c9);
            }
}

void trust_quantiles(FILE *out, const struct city *city)
{
    const double days = (double)(city->now_s - city->start_s) / DAY_S;
    struct expect_fleet fleet;

    trust_fleet(city, &fleet);
    fputs("seen_by\troad\tshare\tsuspected_h\tsuspected_closed_h\tconfirmed_h\tconfirmed_closed_h\n", out);
    for (int seen_by = 0; seen_by < SEEN_BY_COUNT; seen_by++) {
        struct expect_reach reach;
        expect_reached(&fleet, (enum seen_by)seen_by, &reach);
        for (int is_main = 1; is_main >= 0; is_main--) {
            const double passes = trust_passes_a_day(city, is_main, days);
            for (int k = 1; k < 25; k++) {
                const struct trust_group g = {seen_by, is_main, -1, -1};
                const double share = k / 25.0;
                int n;
                fprintf(out, "%s\t%s\t%.2f\t%.2f\t%.2f\t%.2f\t%.2f\n", seen_by_name((enum seen_by)seen_by),
                        is_main ? "arterial" : "branch", share, trust_hours(city, &g, false, share, &n),
                        expect_hours(reach.suspected, passes, share), trust_hours(city, &g, true, share, &n),
                        expect_hours(reach.confirmed, passes, share));
            }
        }
    }
}

/* ---- other fleets -------------------------------------------------------------------------------------- */

struct variant {
    const char *name;
    double camera_share; /* of the passes of the fleet */
    double main_share;
    double phones; /* kilometres of phones for each kilometre of the fleet */
    double more;   /* times the fleet's kilometres */
    bool is_rtk;
};

static void vary(const struct expect_fleet *fleet, const struct variant *v, struct expect_fleet *ret_fleet)
{
    const double part = 1 / (1 + v->phones);

    *ret_fleet = *fleet;
    for (int class = 0; class < EXPECT_CLASSES; class++) {
        const double share = v->is_rtk ? class == 0 : fleet->share[class][0] + fleet->share[class][1];
        ret_fleet->share[class][1] = share * part * v->camera_share;
        ret_fleet->share[class][0] = share * part * (1 - v->camera_share);
    }
    ret_fleet->share[GNSS_PHONE][0] += 1 - part;
}

static void tell_variant(FILE *out, const struct city *city, const struct expect_fleet *fleet, const struct variant *v)
{
    struct expect_fleet other;

    vary(fleet, v, &other);
    fprintf(out, "| %s |", v->name);
    for (int seen_by = SEEN_BY_COUNT - 1; seen_by >= 0; seen_by--) {
        struct expect_reach reach;
        expect_reached(&other, (enum seen_by)seen_by, &reach);
        for (int is_main = 1; is_main >= 0; is_main--) {
            const double passes = city->config.km_a_day * v->more * (1 + v->phones) *
                                  (is_main ? v->main_share : 1 - v->main_share) / lanes_km(city, is_main);
            fprintf(out, " %.0f / %.0f |", expect_hours(reach.suspected, passes, 0.5), expect_hours(reach.confirmed, passes, 0.5));
        }
    }
    fputc('\n', out);
}

void trust_variants(FILE *out, const struct city *city)
{
    static const struct variant variants[] = {
        {"as it is", 1.0 / 3, 0.6, 0, 1, false},
        {"half of the vehicles with a camera", 0.5, 0.6, 0, 1, false},
        {"all vehicles with a camera", 1, 0.6, 0, 1, false},
        {"routes: half of the kilometres on arterials", 1.0 / 3, 0.5, 0, 1, false},
        {"routes: 40 % on arterials", 1.0 / 3, 0.4, 0, 1, false},
        {"routes: every place as often as any other", 1.0 / 3, 0.2, 0, 1, false},
        {"a bounty: phones drive half as much again", 1.0 / 3, 0.6, 0.5, 1, false},
        {"a quarter more kilometres", 1.0 / 3, 0.6, 0, 1.25, false},
        {"RTK receivers everywhere", 1.0 / 3, 0.6, 0, 1, true},
        {"all cameras and 40 % on arterials", 1, 0.4, 0, 1, false},
    };
    struct expect_fleet fleet;

    trust_fleet(city, &fleet);
    fputs("Medians of the closed form, hours, suspected / confirmed:\n\n"
          "| fleet | both, arterial | both, branch | camera, arterial | camera, branch | motion, arterial | motion, branch |\n"
          "|---|---|---|---|---|---|---|\n",
          out);
    for (size_t i = 0; i < sizeof variants / sizeof variants[0]; i++)
        tell_variant(out, city, &fleet, &variants[i]);
}
