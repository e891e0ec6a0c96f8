/* What a lying node can do to the map, with everybody believed and with the rules of standing. Honest passes miss what
 * is there as often as the table of domain figures says. */
#include "tests/check.h"
#include "tests/gateway/drive.h"

#define HOUR_NS (3600 * SECOND_NS)
#define STREET_N 40.0
#define HOLES 24
#define LIAR 900

struct scene {
    struct beliefs beliefs;
    struct chance chance;
    uint64_t seq[1000];
};

static struct drive drive;

static void scene_open(struct scene *s, bool has_standing)
{
    struct beliefs_config config = drive_config();

    memset(s, 0, sizeof *s);
    s->chance.state = 20261123;
    if (has_standing)
        config.standing = standing_rules_default;
    beliefs_init(&s->beliefs, &config);
}

static void settle(struct scene *s)
{
    beliefs_settle(&s->beliefs, INT64_MIN, NULL);
}

static double hole_e(int hole)
{
    return 50 + 100.0 * hole;
}

/* The whole street by RTK, off the line by some centimetres, as no two vehicles drive. */
static void drive_street(struct scene *s, unsigned node, int64_t start_ns)
{
    const double length = 100.0 * HOLES, off = 0.05 * chance_normal(&s->chance);

    drive_straight(&drive, ++s->seq[node], start_ns, 0, STREET_N + off, 30, STREET_N + off, GNSS_RTK, 0.05);
    const size_t n = (size_t)(length / 5);
    const double shift = chance_unit(&s->chance);
    for (size_t i = 0; i < n; i++)
        drive.points[i] = (struct pass_point){
            .time_ns = start_ns + (int64_t)(1e9 * 0.5 * (double)i),
            .at = metres(5 * ((double)i + shift), STREET_N + off + 0.02 * chance_normal(&s->chance)),
            .sigma_cm = 5, .iri_centi = 200};
    drive.pass.n_points = n;
}

static void hit_at(struct scene *s, int hole, int64_t start_ns)
{
    drive_hit(&drive, DEFECT_POTHOLE, start_ns + (int64_t)(1e9 * hole_e(hole) / 10),
              hole_e(hole) + 0.1 * chance_normal(&s->chance), STREET_N + 0.75, 0.1, 60, 90);
}

static void send(struct scene *s, unsigned node)
{
    beliefs_add(&s->beliefs, &drive.batch, kid_number(node), false);
}

/* Finds each hole with 0.6: RTK wheels cross it. */
static void honest_pass(struct scene *s, unsigned node, int64_t start_ns, int holes)
{
    drive_street(s, node, start_ns);
    for (int h = 0; h < holes; h++)
        if (chance_unit(&s->chance) < 0.6)
            hit_at(s, h, start_ns);
    send(s, node);
}

static size_t holes_red(const struct scene *s, int holes)
{
    size_t n = 0;

    for (int h = 0; h < holes; h++) {
        const struct defect *d = defect_near(&s->beliefs, hole_e(h), STREET_N + 0.75, 1);
        n += d && d->belief.state == DEFECT_CONFIRMED && d->belief.may_be_red;
    }
    return n;
}

/* ---- hits everywhere --------------------------------------------------------------------------------------- */

/* A liar hits at 24 sound places again and again; honest vehicles pass, and one of them has a false alarm at each. */
static size_t reds_of_a_wolf(bool has_standing)
{
    struct scene s;

    scene_open(&s, has_standing);
    for (int hour = 0; hour < 3; hour++) {
        drive_street(&s, LIAR, DAY0_NS + hour * HOUR_NS);
        for (int h = 0; h < HOLES; h++)
            hit_at(&s, h, DAY0_NS + hour * HOUR_NS);
        send(&s, LIAR);
    }
    for (unsigned node = 1; node <= 8; node++)
        honest_pass(&s, node, DAY0_NS + (3 + node) * HOUR_NS, 0);
    settle(&s);
    for (unsigned node = 1; node <= 2; node++) { /* the false alarms, and the liar beside them */
        const int64_t start_ns = DAY0_NS + (12 + node) * HOUR_NS;
        drive_street(&s, 20 + node, start_ns);
        hit_at(&s, (int)node, start_ns);
        send(&s, 20 + node);
        drive_street(&s, LIAR, start_ns + HOUR_NS / 2);
        for (int h = 0; h < HOLES; h++)
            hit_at(&s, h, start_ns + HOUR_NS / 2);
        send(&s, LIAR);
    }
    settle(&s);
    const size_t reds = holes_red(&s, HOLES);
    beliefs_done(&s.beliefs);
    return reds;
}

FACT(who_cries_wolf_reddens_others_false_alarms_unless_it_is_known_for_it)
{
    const size_t believed = reds_of_a_wolf(false), known = reds_of_a_wolf(true);

    printf("  red of 24 sound places: everybody believed %zu, with standing %zu\n", believed, known);
    CHECK(believed >= 2);
    CHECK_INT(known, 0);
}

/* ---- clean passes over known holes --------------------------------------------------------------------------- */

/* The liar passes 40 times a day and feels nothing; honest vehicles pass now and then. */
static size_t reds_under_a_whitewash(bool has_standing, bool has_liar)
{
    struct scene s;

    scene_open(&s, has_standing);
    for (unsigned day = 0; day < 6; day++) {
        for (unsigned node = 1; node <= 3; node++)
            honest_pass(&s, node + 3 * day, DAY0_NS + day * NS_PER_DAY + (2 + 7 * (int64_t)node) * HOUR_NS, HOLES);
        for (int64_t hour = 0; has_liar && hour < 24; hour++) {
            drive_street(&s, LIAR, DAY0_NS + day * NS_PER_DAY + hour * HOUR_NS + 600 * SECOND_NS);
            send(&s, LIAR);
        }
        settle(&s);
    }
    const size_t reds = holes_red(&s, HOLES);
    beliefs_done(&s.beliefs);
    return reds;
}

FACT(clean_passes_of_one_node_do_not_whitewash_a_street)
{
    const size_t calm = reds_under_a_whitewash(true, false), believed = reds_under_a_whitewash(false, true),
                 known = reds_under_a_whitewash(true, true);

    printf("  red of 24 holes: no liar %zu, liar believed %zu, liar known %zu\n", calm, believed, known);
    CHECK(known + 1 >= calm);
    CHECK(known >= believed);
}

/* ---- another's drive ------------------------------------------------------------------------------------------- */

static size_t reds_of_a_replay(bool has_standing)
{
    struct scene s;

    scene_open(&s, has_standing);
    for (int copy = 0; copy < 2; copy++) { /* one drive and its replay two hours later, four times along the street */
        s.chance.state = 4711;
        for (int64_t i = 0; i < 4; i++) {
            const int64_t start_ns = DAY0_NS + (2 * copy + 4 * i) * HOUR_NS;
            drive_street(&s, copy ? LIAR : 1, start_ns);
            for (int h = 0; h < HOLES; h++)
                hit_at(&s, h, start_ns);
            send(&s, copy ? LIAR : 1);
        }
    }
    settle(&s);
    const size_t reds = holes_red(&s, HOLES);
    beliefs_done(&s.beliefs);
    return reds;
}

FACT(a_replayed_drive_is_no_second_node)
{
    const size_t believed = reds_of_a_replay(false), known = reds_of_a_replay(true);

    printf("  red of 24 places that one node alone found: replay believed %zu, known %zu\n", believed, known);
    CHECK_INT(believed, HOLES);
    CHECK_INT(known, 0);
}

/* ---- cover of a teleporter ----------------------------------------------------------------------------------------- */

FACT(what_a_teleporter_covered_is_grey_again_and_what_others_covered_stays)
{
    struct scene s;
    const struct cell own = cell_at(150, 1040.75, 0), shared = cell_at(150, STREET_N + 0.75, 0);

    scene_open(&s, true);
    honest_pass(&s, 1, DAY0_NS, 0);
    for (int i = 0; i < 2; i++) {
        const int64_t start_ns = DAY0_NS + (1 + i) * 300 * SECOND_NS;
        drive_street(&s, LIAR, start_ns);
        send(&s, LIAR);
        drive_straight(&drive, ++s.seq[LIAR], start_ns + 250 * SECOND_NS, 0, 1040, 300, 1040, GNSS_RTK, 0.05);
        send(&s, LIAR);
    }
    beliefs_settle(&s.beliefs, INT64_MIN, NULL);
    CHECK_INT(beliefs_code(&s.beliefs, own), CODE_GREEN);
    for (int64_t i = 0; i < 4; i++) { /* 30 km away and back, twice */
        const double away = i % 2 ? -30000 : 0;
        drive_straight(&drive, ++s.seq[LIAR], DAY0_NS + (2000 + 60 * i) * SECOND_NS, away, 2000,
                       away + 100, 2000, GNSS_RTK, 0.05);
        send(&s, LIAR);
    }
    settle(&s);
    CHECK_INT(beliefs_code(&s.beliefs, own), CODE_GREY);
    CHECK_INT(beliefs_code(&s.beliefs, shared), CODE_GREEN);
    beliefs_done(&s.beliefs);
}

/* ---- the law --------------------------------------------------------------------------------------------------------- */

#define NODES 8
#define BATCHES 6
static struct batch *kept[NODES][BATCHES];
static struct drive kept_drives[NODES][BATCHES];

/* Honest nodes, a wolf, a teleporter and a copy of node 1. */
static void make_fleet(struct scene *s)
{
    for (unsigned node = 0; node < NODES; node++)
        for (int64_t i = 0; i < BATCHES; i++) {
            const int64_t start_ns = DAY0_NS + (4 * i + node % 4) * HOUR_NS;
            const bool is_away = node == 6 && i % 2;
            if (node == 7) {
                kept_drives[7][i] = kept_drives[1][i];
                for (size_t k = 0; k < kept_drives[7][i].pass.n_points; k++)
                    kept_drives[7][i].points[k].time_ns += HOUR_NS;
            } else {
                drive_street(s, node, is_away ? kept_drives[6][i - 1].points[0].time_ns + 300 * SECOND_NS : start_ns);
                for (size_t k = 0; is_away && k < drive.pass.n_points; k++)
                    drive.points[k].at.n_mm += 40000000;
                for (int h = 0; h < HOLES; h++)
                    if (node == 5 || (h < 4 && chance_unit(&s->chance) < 0.6))
                        hit_at(s, h, drive.points[0].time_ns);
                kept_drives[node][i] = drive;
            }
            struct drive *d = &kept_drives[node][i];
            d->pass.points = d->points;
            d->batch.passes = &d->pass;
            d->batch.detections = d->detections;
            d->batch.features = d->features;
            d->batch.seq = (uint64_t)i + 1;
            kept[node][i] = &d->batch;
        }
}

static void fold_in(struct chance *order, bool settle_each, uint8_t ret_digest[SHA256_SIZE], unsigned *ret_faults)
{
    struct scene s;
    int next[NODES] = {0};
    unsigned left = NODES * BATCHES, bad_days[NODES];

    scene_open(&s, true);
    while (left) {
        const unsigned node = (unsigned)(chance_next(order) % NODES);
        if (next[node] == BATCHES)
            continue;
        beliefs_add(&s.beliefs, kept[node][next[node]++], kid_number(node), false);
        if (settle_each)
            settle(&s);
        left--;
    }
    settle(&s);
    beliefs_digest(&s.beliefs, ret_digest);
    unsigned by_speaker[NODES] = {0};
    standing_all(s.beliefs.standing, by_speaker, bad_days, NODES);
    for (unsigned node = 0; node < NODES; node++)
        ret_faults[node] = by_speaker[evidence_speaker(&s.beliefs.evidence, kid_number(node))];
    beliefs_done(&s.beliefs);
}

FACT(liars_are_known_and_beliefs_equal_in_any_order_between_nodes)
{
    struct scene s;
    struct chance order = {7};
    uint8_t first[SHA256_SIZE], again[SHA256_SIZE];
    unsigned faults[NODES], faults_again[NODES];

    scene_open(&s, false);
    make_fleet(&s);
    beliefs_done(&s.beliefs);
    fold_in(&order, false, first, faults);
    for (unsigned node = 0; node < 5; node++)
        CHECK_INT(faults[node], 0);
    CHECK_INT(faults[5], FAULT_FALSE_ALARMS);
    CHECK_INT(faults[6], FAULT_JUMPS);
    CHECK_INT(faults[7], FAULT_COPIES);
    for (int round = 0; round < 6; round++) {
        fold_in(&order, round % 2 == 0, again, faults_again);
        CHECK(memcmp(first, again, sizeof first) == 0);
        CHECK(memcmp(faults, faults_again, sizeof faults) == 0);
    }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
