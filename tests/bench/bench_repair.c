/* bench_repair.c - the rule of repairs against a known truth (simulated; walk.h alone): how many passes a true repair takes until
 * it is verified, and how often a false one is.
 *
 * 20 vehicles pass in random order, one an hour. By the table of domain figures: a consumer pass crosses the hole with 0.5 and
 * finds it then with 0.75, an RTK wheel track with 0.6, a camera with 0.7; where nothing lies 0.002 and 0.01 misread. A false
 * claim ends when a hit answers it, or after 60 passes. Seeds are fixed. */
#include <stdio.h>
#include <stdlib.h>

#include "gateway/detector.h"
#include "gateway/walk.h"
#include "tests/gateway/drive.h"

#define STORIES 4000
#define FLEET 20
#define PASSES_MAX 60
#define CLAIM_HOUR 100

/* gateway/rules.conf, in micro-nats. */
static const struct walk_rules shipped = {-6906755, 6000000, -8906755, 2197225, -847298, -4605170, 500};

struct sense_row {
    const char *name;
    enum sense sensor;
    enum gnss_class gnss;
    double w, sigma_m;
    int needed; /* the rule's: smallest n with (1 - w Pd)^n <= 0.01 */
};

static const struct sense_row rows[] = {
    {"consumer", SENSE_MOTION, GNSS_CONSUMER, 0.5, 3, 10},
    {"rtk", SENSE_MOTION, GNSS_RTK, 1, 0.05, 6},
    {"camera", SENSE_CAMERA, GNSS_CONSUMER, 1, 1, 4},
};

struct result {
    int verified, reopened;
    double passes; /* of those verified */
    int most;
};

static struct evidence_item item_of(const struct sense_row *row, int64_t hour, uint32_t speaker, bool is_hit, bool is_first)
{
    const struct detector *d = detector_of(&detectors_default, row->sensor, row->gnss);

    return (struct evidence_item){
        .hour = hour, .speaker = speaker, .sensor = row->sensor, .is_hit = is_hit,
        .log_odds_micro = is_hit ? hit_log_odds(&shipped, d->pd_pass, d->pf, row->sigma_m, is_first, 900)
                                 : miss_log_odds(row->w, d->pd_crossed, d->pf),
        .miss_micro = is_hit ? 0 : miss_if_there(row->w, d->pd_crossed)};
}

/* One hole, found four times, said to be repaired; until it is verified or reopened. */
static void tell(const struct sense_row *row, struct chance *chance, bool is_true, int n_vehicles, struct result *r)
{
    const struct detector *d = detector_of(&detectors_default, row->sensor, row->gnss);
    const double p = is_true ? d->pf : row->w * d->pd_crossed;
    struct evidence_item items[PASSES_MAX + 4], room[PASSES_MAX + 4];
    struct verdict claim = {.kind = VERDICT_REPAIRED, .time_ns = CLAIM_HOUR * 3600 * SECOND_NS};
    struct walk_end end;
    size_t n = 0;

    for (uint32_t i = 0; i < 4; i++)
        items[n++] = item_of(row, i, i, true, i == 0);
    for (int pass = 1; pass <= PASSES_MAX; pass++) {
        items[n++] = item_of(row, CLAIM_HOUR + pass, (uint32_t)(chance_next(chance) % (unsigned)n_vehicles),
                             chance_unit(chance) < p, false);
        memcpy(room, items, n * sizeof *items);
        walk_days_said(&shipped, room, n, &claim, 1, 0, 0, &end);
        if (end.repair.stage == REPAIR_CLAIMED)
            continue;
        r->reopened += end.repair.stage == REPAIR_REOPENED;
        r->verified += end.repair.stage == REPAIR_VERIFIED;
        if (end.repair.stage == REPAIR_VERIFIED) {
            r->passes += pass;
            r->most = pass > r->most ? pass : r->most;
        }
        return;
    }
}

int main(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (int few = 0; few <= 1; few++) {
            struct chance chance = {20261123 + i};
            struct result true_ones = {0}, false_ones = {0};
            const char *fleet = few ? "_3_vehicles" : "";
            for (int story = 0; story < STORIES; story++) {
                tell(&rows[i], &chance, true, few ? 3 : FLEET, &true_ones);
                tell(&rows[i], &chance, false, few ? 3 : FLEET, &false_ones);
            }
            printf("repair.%s%s_passes_vs_rule %.3f ratio\n", rows[i].name, fleet,
                   true_ones.passes / true_ones.verified / rows[i].needed);
            printf("repair.%s%s_passes_most %d passes\n", rows[i].name, fleet, true_ones.most);
            printf("repair.%s%s_true_reopened %.4f share\n", rows[i].name, fleet, (double)true_ones.reopened / STORIES);
            printf("repair.%s%s_wrongly_verified %.4f share\n", rows[i].name, fleet, (double)false_ones.verified / STORIES);
        }
    return 0;
}
