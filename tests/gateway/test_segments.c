/* Segments of a small network under known passes. Right-hand traffic: who drives east keeps south of the line. */
#include "gateway/segments.h"

#include "tests/check.h"
#include "tests/gateway/drive.h"

/* "Long Road" runs 250 m east and then 150 m north, 8 m wide; an alley without a name lies apart, and may be driven east only. */
static struct road_vertex vertices[6];
static const struct road_way ways[3] = {
    {.id = 1, .name = 7, .class = ROAD_ARTERIAL, .lanes = 2, .width_mm = 8000, .first = 0, .n_vertices = 2},
    {.id = 3, .name = 7, .class = ROAD_ARTERIAL, .lanes = 2, .width_mm = 8000, .first = 2, .n_vertices = 2},
    {.id = 5, .class = ROAD_BRANCH, .lanes = 1, .width_mm = 4000, .is_oneway = true, .first = 4, .n_vertices = 2},
};
static const char text[] = "\0a\0b\0c\0Long Road";

static const struct road_network *network(bool is_left_hand)
{
    static struct road_network made;
    static uint64_t index[65536];
    const double places[6][2] = {{0, 0}, {250, 0}, {250, 0}, {250, 150}, {0, 600}, {130, 600}};
    const char *field = "";

    for (int i = 0; i < 6; i++)
        vertices[i] = (struct road_vertex){.at = metres(places[i][0], places[i][1])};
    made = (struct road_network){.zone = drive_zone, .is_left_hand = is_left_hand, .ways = ways, .n_ways = 3, .vertices = vertices,
                                 .n_vertices = 6, .text = text, .text_length = sizeof text};
    road_measure(&made);
    CHECK_STATUS(road_check(&made, &field, NULL), ROAD_OK);
    CHECK(road_index_bytes(&made) <= sizeof index);
    road_index_build(&made, index);
    return &made;
}

struct scene {
    struct beliefs beliefs;
    struct delta delta;
    uint64_t seqs[64];
};

static void begin_with(struct scene *s, bool is_left_hand)
{
    struct beliefs_config config = drive_config();

    memset(s, 0, sizeof *s);
    config.roads = network(is_left_hand);
    beliefs_init(&s->beliefs, &config);
}

static void begin(struct scene *s)
{
    begin_with(s, false);
}

static void end(struct scene *s)
{
    delta_done(&s->delta);
    beliefs_done(&s->beliefs);
}

static int64_t hour_ns(int hour)
{
    return DAY0_NS + hour * NS_PER_HOUR;
}

/* A pass of RTK from west to east or back, with holes at some metres. */
static void drive(struct scene *s, unsigned node, int hour, double e0, double e1, double n, const double *holes, size_t n_holes)
{
    static struct drive d;

    drive_straight(&d, ++s->seqs[node], hour_ns(hour), e0, n, e1, n, GNSS_RTK, 0.02);
    for (size_t i = 0; i < n_holes; i++)
        drive_hit(&d, DEFECT_POTHOLE, hour_ns(hour) + (int64_t)i * SECOND_NS, holes[i], n, 0.05, 60, e1 > e0 ? 90 : 270);
    beliefs_add(&s->beliefs, &d.batch, kid_number(node), false);
}

static void settle(struct scene *s)
{
    beliefs_settle(&s->beliefs, INT64_MIN, &s->delta);
}

static struct segment_belief at(const struct scene *s, uint32_t way, uint32_t index, bool is_backward)
{
    struct segment_belief belief;

    segments_score(s->beliefs.segments, &s->beliefs, way, index, is_backward, &belief);
    return belief;
}

static const struct segment_belief *told(const struct scene *s, const char *way, uint32_t index, bool is_backward)
{
    for (size_t i = 0; i < s->delta.n_segments; i++) {
        const struct segment_belief *b = &s->delta.segments[i];
        if (b->way_length == strlen(way) && memcmp(b->way, way, b->way_length) == 0 && b->index == index && b->is_backward == is_backward)
            return b;
    }
    return NULL;
}

FACT(a_pass_grades_its_own_direction_and_tells_the_whole_road)
{
    struct scene s;

    begin(&s);
    CHECK_INT(segments_count(s.beliefs.segments), 2 * 3 + 2 * 2 + 2);
    drive(&s, 1, 1, 0, 250, -2, NULL, 0);
    settle(&s);
    CHECK_INT(s.delta.n_segments, 10); /* both ways of the name, both directions; not the alley */
    const struct segment_belief *east = told(&s, "a", 0, false), *west = told(&s, "a", 0, true);
    CHECK(east && west && told(&s, "b", 1, true) && !told(&s, "c", 0, false));
    if (!east || !west)
        return;
    CHECK_INT(east->facts.code, CODE_GREEN);
    CHECK_INT(east->facts.grade, 0);
    CHECK_INT(east->facts.observed_permille, 1000);
    CHECK_INT(east->facts.pci_centi, 10000);
    CHECK_INT(east->facts.rqi_centi, 430);             /* 4.98 - 0.34 * 2.00 */
    CHECK_INT(east->facts.pqi_centi, 9150);            /* 20 * 4.30 * 0.6 + 40 = 91.6, in halves */
    CHECK_INT(east->facts.passes, 1);
    CHECK_INT(east->facts.seen_ns, DAY0_NS);
    CHECK_INT(east->length_cm, 10000);
    CHECK_INT(told(&s, "a", 2, false)->length_cm, 5000); /* the rest of 250 m */
    CHECK_INT(west->facts.code, CODE_GREY);
    CHECK_INT(west->facts.observed_permille, 0);
    CHECK_INT(west->facts.pci_centi, SCORE_UNKNOWN);
    CHECK_INT(memcmp(west->name, "Long Road", 9), 0);
    end(&s);
}

FACT(its_line_runs_as_it_is_driven_on_its_own_side)
{
    struct scene s;

    begin(&s);
    const struct segment_belief east = at(&s, 0, 0, false), west = at(&s, 0, 0, true), alley = at(&s, 2, 0, false);
    CHECK_INT(east.n_line, 2);
    CHECK_INT(east.line[0].e_mm, metres(0, 0).e_mm);
    CHECK_INT(east.line[1].e_mm, metres(100, 0).e_mm);
    CHECK_INT(east.line[0].n_mm, metres(0, -2).n_mm);
    CHECK_INT(west.line[0].e_mm, metres(100, 0).e_mm);
    CHECK_INT(west.line[0].n_mm, metres(0, 2).n_mm);
    CHECK_INT(alley.line[0].n_mm, metres(0, 600).n_mm); /* one way: in the middle */
    end(&s);
    begin_with(&s, true);
    CHECK_INT(at(&s, 0, 0, false).line[0].n_mm, metres(0, 2).n_mm);
    CHECK_INT(at(&s, 0, 0, true).line[0].n_mm, metres(0, -2).n_mm);
    end(&s);
}

FACT(sixty_of_a_hundred_metres_are_graded_and_fifty_are_not)
{
    struct scene s;

    begin(&s);
    drive(&s, 1, 1, 0, 52, -2, NULL, 0);
    settle(&s);
    CHECK_NEAR(at(&s, 0, 0, false).facts.observed_permille, 520, 20); /* squares of 4 m */
    CHECK_INT(at(&s, 0, 0, false).facts.code, CODE_GREY);
    drive(&s, 2, 1, 50, 64, -2, NULL, 0);
    settle(&s);
    CHECK_NEAR(at(&s, 0, 0, false).facts.observed_permille, 640, 20);
    CHECK_INT(at(&s, 0, 0, false).facts.code, CODE_GREEN);
    end(&s);
}

FACT(confirmed_holes_lie_on_the_direction_they_were_found_in)
{
    const double holes[] = {10.5, 40.5, 70.5, 150.5};
    struct scene s;

    begin(&s);
    for (unsigned node = 1; node <= 3; node++)
        drive(&s, node, (int)node, 0, 250, -2, holes, 3);
    drive(&s, 4, 4, 250, 0, 2, NULL, 0);
    settle(&s);
    const struct segment_belief east = at(&s, 0, 0, false), west = at(&s, 0, 0, true), next = at(&s, 0, 1, false);
    CHECK_INT(east.facts.red_hazards, 3);
    CHECK_INT(east.facts.code, CODE_RED);
    CHECK_INT(east.facts.why, SEGMENT_HAZARD);
    CHECK_INT(east.facts.n_top, 1);
    CHECK_INT(east.facts.top[0].type, DEFECT_POTHOLE);
    /* 3 * 0.16 m^2 of 400 m^2 = 0.12 %: 15 + 10 lg 1.2 = 15.79 points */
    CHECK_NEAR(east.facts.pci_centi, 10000 - 1579, 5);
    CHECK_INT(west.facts.code, CODE_GREEN);
    CHECK_INT(west.facts.red_hazards, 0);
    CHECK_INT(next.facts.code, CODE_GREEN);
    for (unsigned node = 1; node <= 3; node++)
        drive(&s, node, 4 + (int)node, 100, 250, -2, &holes[3], 1);
    settle(&s);
    CHECK_INT(told(&s, "a", 1, false) ? told(&s, "a", 1, false)->facts.code : CODE_GREY, CODE_YELLOW);
    CHECK_INT(at(&s, 0, 1, false).facts.red_hazards, 1);
    end(&s);
}

FACT(nothing_is_told_twice)
{
    struct scene s;

    begin(&s);
    drive(&s, 1, 1, 0, 250, -2, NULL, 0);
    settle(&s);
    CHECK(s.delta.n_segments > 0);
    settle(&s);
    CHECK_INT(s.delta.n_segments, 0);
    drive(&s, 2, 3, 0, 250, -2, NULL, 0); /* the same ride on the same day: one pass more is no news */
    settle(&s);
    CHECK_INT(s.delta.n_segments, 0);
    drive(&s, 2, 26, 0, 250, -2, NULL, 0); /* another day is */
    settle(&s);
    CHECK_INT(s.delta.n_segments, 3);
    end(&s);
}

FACT(a_segment_turns_grey_when_its_passes_are_too_old)
{
    struct scene s;

    begin(&s);
    drive(&s, 1, 1, 0, 250, -2, NULL, 0);
    settle(&s);
    drive(&s, 1, 5 * 24, 0, 130, 600, NULL, 0); /* five days later, elsewhere: arterial roads are stale after three */
    settle(&s);
    const struct segment_belief *east = told(&s, "a", 0, false);
    CHECK(east && east->facts.code == CODE_GREY && east->facts.observed_permille == 0 && east->facts.seen_ns == DAY0_NS);
    CHECK_INT(at(&s, 2, 0, false).facts.code, CODE_GREEN);
    end(&s);
}

/* What was told last of each segment, over a whole run, must be what a fresh fold scores. */
FACT(any_order_of_arrival_ends_in_the_same_segments)
{
    const double holes[] = {10.5, 120.5, 122.9};
    const int orders[4][5] = {{1, 2, 3, 4, 5}, {5, 4, 3, 2, 1}, {3, 1, 5, 2, 4}, {2, 5, 4, 1, 3}};
    struct segment_belief first[2][3];

    for (int o = 0; o < 4; o++) {
        struct scene s;
        begin(&s);
        for (int i = 0; i < 5; i++) {
            const unsigned node = (unsigned)orders[o][i];
            drive(&s, node, (int)node * 7, 0, 250, -2 + 0.1 * node, holes, node % 2 ? 3 : 0);
            drive(&s, node, (int)node * 7 + 1, 250, 0, 2, NULL, 0);
            settle(&s);
        }
        for (uint32_t index = 0; index < 3; index++)
            for (int backward = 0; backward < 2; backward++) {
                const struct segment_belief now = at(&s, 0, index, backward);
                if (o == 0)
                    first[backward][index] = now;
                CHECK(memcmp(&first[backward][index].facts, &now.facts, sizeof now.facts) == 0);
            }
        end(&s);
    }
    CHECK(first[0][1].facts.red_hazards > 0);
}

FACT(without_a_network_nothing_is_scored)
{
    CHECK(segments_new(NULL) == NULL);
    CHECK_INT(segments_count(NULL), 0);
    segments_touch(NULL, 0, 0);
    segments_free(NULL);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
