/* Who is believed: each rule against the attack that it is for, and against honest vehicles that are odd. */
#include "gateway/standing.h"
#include "tests/check.h"
#include "tests/gateway/drive.h"

#define HOUR_NS (3600 * SECOND_NS)
#define DAY0 20600

static struct drive drive;

static struct standing *fresh(void)
{
    return standing_new(&standing_rules_default);
}

/* A drive of `n` points, 2.5 m apart at 10 m/s, from (e, 0) eastwards, with a receiver's noise. */
static const struct batch *noisy_drive(struct chance *chance, int64_t start_ns, double e, size_t n, double sigma_m)
{
    drive_straight(&drive, 1, start_ns, 0, 0, 30, 0, GNSS_CONSUMER, sigma_m);
    for (size_t i = 0; i < n; i++)
        drive.points[i] = (struct pass_point){
            .time_ns = start_ns + (int64_t)i * SECOND_NS / 4,
            .at = metres(e + 2.5 * (double)i + sigma_m * chance_normal(chance), sigma_m * chance_normal(chance)),
            .sigma_cm = (uint16_t)lround(sigma_m * 100)};
    drive.pass.n_points = n;
    return &drive.batch;
}

/* ---- jumps ----------------------------------------------------------------------------------------------- */

FACT(who_is_at_two_places_at_once_is_not_believed_that_day)
{
    struct standing *s = fresh();

    for (int i = 0; i < 4; i++) {
        drive_straight(&drive, 1, DAY0_NS + i * 60 * SECOND_NS, i % 2 * 8000, 0, i % 2 * 8000 + 200, 0, GNSS_RTK, 0.05);
        CHECK_INT(standing_faults(s, 0, DAY0), 0);
        standing_see(s, 0, kid_number(1), &drive.batch); /* 8 km in 40 s: 200 m/s */
    }
    CHECK_INT(standing_faults(s, 0, DAY0), FAULT_JUMPS);
    CHECK_INT(standing_faults(s, 0, DAY0 + 1), 0);
    standing_free(s);
}

FACT(a_clock_that_is_set_back_again_and_again_is_a_jump_and_once_is_not)
{
    struct standing *s = fresh();
    const int hours[] = {8, 10, 9, 11, 8, 12, 7};

    for (int i = 0; i < 7; i++) {
        drive_straight(&drive, 1, DAY0_NS + hours[i] * HOUR_NS, 0, 0, 200, 0, GNSS_RTK, 0.05);
        standing_see(s, 0, kid_number(1), &drive.batch);
        CHECK_INT(standing_faults(s, 0, DAY0), i < 6 ? 0 : FAULT_JUMPS);
    }
    standing_free(s);
}

FACT(a_poor_receiver_between_high_houses_keeps_its_standing)
{
    struct standing *s = fresh();
    struct chance chance = {5};

    for (int i = 0; i < 300; i++) { /* 400 km; a cluster of 20 m off, and 60 m in every tenth drive */
        noisy_drive(&chance, DAY0_NS + i * 270 * SECOND_NS, 0, 500, 15);
        if (i % 10 == 0)
            for (size_t k = 200; k < 260; k++)
                drive.points[k].at.n_mm += 60000;
        standing_see(s, 0, kid_number(1), &drive.batch);
    }
    CHECK_INT(standing_faults(s, 0, DAY0), 0);
    standing_free(s);
}

FACT(a_ride_on_a_fast_train_road_is_no_jump)
{
    struct standing *s = fresh();

    for (int i = 0; i < 20; i++) { /* 130 km/h, a tunnel of 3 km between the batches */
        drive_straight(&drive, 1, DAY0_NS + i * 90 * SECOND_NS, i * 3250, 0, i * 3250 + 250, 0, GNSS_RTK, 0.05);
        for (size_t k = 0; k < drive.pass.n_points; k++)
            drive.points[k].time_ns = DAY0_NS + i * 90 * SECOND_NS + (int64_t)(83e6 * (double)k);
        standing_see(s, 0, kid_number(1), &drive.batch);
    }
    CHECK_INT(standing_faults(s, 0, DAY0), 0);
    standing_free(s);
}

/* ---- copies ---------------------------------------------------------------------------------------------- */

static void replay(struct standing *s, uint32_t speaker, unsigned kid, int64_t shift_ns, int drives)
{
    for (int i = 0; i < drives; i++) {
        struct chance chance = {1000 + (uint64_t)i};
        noisy_drive(&chance, DAY0_NS + 6 * HOUR_NS + i * 200 * SECOND_NS + shift_ns, 1200 * i, 480, 2);
        standing_see(s, speaker, kid_number(kid), &drive.batch);
    }
}

FACT(who_sends_anothers_drive_is_not_believed_whoever_is_heard_first)
{
    for (int is_copy_first = 0; is_copy_first <= 1; is_copy_first++) {
        struct standing *s = fresh();
        if (is_copy_first) {
            replay(s, 1, 2, 2 * HOUR_NS, 8);
            replay(s, 0, 1, 0, 8);
        } else {
            replay(s, 0, 1, 0, 8);
            replay(s, 1, 2, 2 * HOUR_NS, 8);
        }
        CHECK_INT(standing_faults(s, 0, DAY0), 0);
        CHECK_INT(standing_faults(s, 1, DAY0), FAULT_COPIES);
        standing_free(s);
    }
}

FACT(vehicles_that_keep_to_one_lane_with_rtk_are_no_copies)
{
    struct standing *s = fresh();
    struct chance chance = {77};

    for (uint32_t node = 0; node < 40; node++)
        for (int i = 0; i < 8; i++)
            standing_see(s, node, kid_number(node),
                         noisy_drive(&chance, DAY0_NS + (int64_t)node * 1000 * SECOND_NS + i * 130 * SECOND_NS, 1200 * i, 480, 0.02));
    for (uint32_t node = 0; node < 40; node++)
        CHECK_INT(standing_faults(s, node, DAY0), 0);
    standing_free(s);
}

/* ---- what things say --------------------------------------------------------------------------------------- */

static struct evidence_item hit(int64_t hour, uint32_t speaker)
{
    return (struct evidence_item){.hour = DAY0 * 24 + hour, .speaker = speaker, .is_hit = true, .sensor = SENSE_MOTION,
                                  .log_odds_micro = 5233766};
}

static struct evidence_item clean(int64_t hour, uint32_t speaker)
{
    return (struct evidence_item){.hour = DAY0 * 24 + hour, .speaker = speaker, .sensor = SENSE_MOTION,
                                  .log_odds_micro = miss_log_odds(0.5, 0.75, 0.002), .miss_micro = miss_if_there(0.5, 0.75)};
}

static void think(struct standing *s, const struct evidence_item *items, size_t n)
{
    struct evidence_item room[64];
    struct opinions none = {.n = 0}, now = {.n = 0};

    memcpy(room, items, n * sizeof *items);
    opinions_form(room, n, &now);
    standing_count(s, &none, &now);
    opinions_done(&now);
}

static void drives_km(struct standing *s, uint32_t speaker, int km)
{
    for (int i = 0; i < km; i++) {
        drive_straight(&drive, 1, DAY0_NS + i * 110 * SECOND_NS, 1000 * i, 0, 1000 * i + 990, 0, GNSS_CONSUMER, 3);
        standing_see(s, speaker, kid_number(speaker), &drive.batch);
    }
}

/* Speaker 0 alone hits; 1, 2 and 3 passed seven times without: 0.625^7 = 0.037 < 0.05. */
static void think_false_alarm(struct standing *s)
{
    struct evidence_item items[8];

    items[0] = hit(5, 0);
    for (int i = 0; i < 7; i++)
        items[1 + i] = clean(i, 1 + (uint32_t)i % 3);
    think(s, items, 8);
}

FACT(who_finds_holes_everywhere_is_not_believed_that_day)
{
    struct standing *s = fresh();

    drives_km(s, 0, 4);
    for (int i = 0; i < 10; i++) {
        CHECK_INT(standing_faults(s, 0, DAY0), 0);
        think_false_alarm(s);
    }
    CHECK_INT(standing_faults(s, 0, DAY0), FAULT_FALSE_ALARMS); /* 10 on 4 km */
    CHECK_INT(standing_faults(s, 1, DAY0), 0);
    standing_free(s);
}

FACT(a_harsh_van_with_a_false_alarm_a_kilometre_keeps_its_standing)
{
    struct standing *s = fresh();

    drives_km(s, 0, 60);
    for (int i = 0; i < 60; i++)
        think_false_alarm(s);
    CHECK_INT(standing_faults(s, 0, DAY0), 0);
    standing_free(s);
}

FACT(who_finds_many_holes_that_others_find_too_keeps_its_standing)
{
    struct standing *s = fresh();
    const struct evidence_item borne_out[] = {hit(5, 0), hit(7, 1), clean(8, 2)};

    drives_km(s, 0, 4);
    for (int i = 0; i < 12; i++)
        think_false_alarm(s);
    for (int i = 0; i < 6; i++)
        think(s, borne_out, 3);
    CHECK_INT(standing_faults(s, 0, DAY0), 0);
    standing_free(s);
}

/* Found by 1 and 2 before and after; 0 passed thrice between. */
static const struct evidence_item *known_hole(int passes, struct evidence_item room[64], size_t *ret_n)
{
    size_t n = 0;

    room[n++] = hit(1, 1);
    room[n++] = hit(2, 2);
    for (int i = 0; i < passes; i++)
        room[n++] = clean(3 + i, 0);
    room[n++] = hit(60, 1);
    *ret_n = n;
    return room;
}

FACT(who_passes_many_known_holes_and_feels_none_is_not_believed_at_all)
{
    struct standing *s = fresh();
    struct evidence_item room[64];
    size_t n;

    for (int i = 0; i < 15; i++) {
        known_hole(3, room, &n);
        think(s, room, n);
    }
    CHECK_INT(standing_faults(s, 0, DAY0), 0); /* 15 * ln 2.5 = 13.74 < ln 1e6 = 13.82 */
    known_hole(3, room, &n);
    think(s, room, n);
    CHECK_INT(standing_faults(s, 0, DAY0), FAULT_BLIND);
    CHECK_INT(standing_faults(s, 0, DAY0 + 5), FAULT_BLIND); /* its word of any day */
    CHECK_INT(standing_faults(s, 1, DAY0), 0);
    standing_free(s);
}

FACT(a_bus_whose_line_runs_beside_a_few_holes_is_not_blind)
{
    struct standing *s = fresh();
    struct evidence_item room[64];
    size_t n;

    for (int i = 0; i < 10; i++) {
        known_hole(50, room, &n);
        think(s, room, n);
    }
    CHECK_INT(standing_faults(s, 0, DAY0), 0);
    standing_free(s);
}

FACT(an_honest_node_that_misses_as_often_as_the_table_says_is_not_blind)
{
    struct chance chance = {99};
    unsigned blind = 0;

    for (int node = 0; node < 400; node++) {
        struct standing *s = fresh();
        for (int hole = 0; hole < 60; hole++) {
            struct evidence_item room[64];
            size_t n;
            known_hole(2, room, &n);
            for (size_t i = 0; i < n; i++)
                if (room[i].speaker == 0 && chance_unit(&chance) < 0.375)
                    room[i] = hit(room[i].hour - DAY0 * 24, 0);
            think(s, room, n);
        }
        blind += standing_faults(s, 0, DAY0) != 0;
        standing_free(s);
    }
    CHECK_INT(blind, 0);
}

FACT(what_a_thing_thought_before_is_taken_back)
{
    struct standing *s = fresh();
    struct opinions none = {.n = 0}, now = {.n = 0};
    struct evidence_item room[64];
    uint32_t speaker;
    int32_t day;
    size_t n;

    known_hole(3, room, &n);
    opinions_form(room, n, &now);
    for (int i = 0; i < 16; i++)
        standing_count(s, &none, &now);
    CHECK(standing_next_turn(s, &speaker, &day));
    CHECK_INT(speaker, 0);
    CHECK_INT(day, STANDING_EVERY_DAY);
    standing_count(s, &now, &none);
    CHECK_INT(standing_faults(s, 0, DAY0), 0);
    CHECK(standing_next_turn(s, &speaker, &day));
    CHECK(!standing_next_turn(s, &speaker, &day));
    opinions_done(&now);
    standing_free(s);
}

FACT(three_bad_days_make_every_day_bad_until_they_are_forgotten)
{
    struct standing *s = fresh();
    unsigned faults, bad_days;

    for (int d = 0; d < 3; d++) {
        CHECK_INT(standing_faults(s, 0, DAY0 + 9), 0);
        for (int i = 0; i < 5; i++) {
            drive_straight(&drive, 1, DAY0_NS + d * 24 * HOUR_NS + i * 60 * SECOND_NS, i % 2 * 8000, 0, i % 2 * 8000 + 200, 0,
                           GNSS_RTK, 0.05);
            standing_see(s, 0, kid_number(1), &drive.batch);
        }
    }
    CHECK_INT(standing_faults(s, 0, DAY0 + 9), FAULT_OFTEN);
    standing_all(s, &faults, &bad_days, 1);
    CHECK_INT(faults, FAULT_OFTEN | FAULT_JUMPS);
    CHECK_INT(bad_days, 3);
    standing_forget(s, DAY0 + 1);
    CHECK_INT(standing_faults(s, 0, DAY0 + 9), 0);
    CHECK_INT(standing_faults(s, 0, DAY0 + 1), FAULT_JUMPS);
    standing_free(s);
}

FACT(rules_of_zero_believe_everybody)
{
    struct standing *s = standing_new(&(struct standing_rules){0});

    for (int i = 0; i < 20; i++) {
        drive_straight(&drive, 1, DAY0_NS + i * 60 * SECOND_NS, i % 2 * 8000, 0, i % 2 * 8000 + 200, 0, GNSS_RTK, 0.05);
        standing_see(s, 0, kid_number(1), &drive.batch);
    }
    CHECK_INT(standing_faults(s, 0, DAY0), 0);
    standing_free(s);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
