/* What the gateway believes where it has a road network: class by place, and passes on their lanes. */
#include "tests/check.h"
#include "tests/gateway/drive.h"

/* An arterial to the east at 0 m, and a branch at 600 m north of it; both one lane, oneways. */
static struct road_way ways[2];
static struct road_vertex vertices[4];
static const char text[] = "\0a\0b";
static uint64_t index_memory[4096];
static struct road_network network;

static void make_network(uint16_t line_sigma_mm)
{
    for (int w = 0; w < 2; w++) {
        ways[w] = (struct road_way){.id = 1 + 2 * (uint32_t)w, .class = w ? ROAD_BRANCH : ROAD_ARTERIAL, .lanes = 1, .is_oneway = true,
                                    .cadence_h = w ? 72 : 24, .line_sigma_mm = line_sigma_mm, .width_mm = 3500, .first = 2 * (uint32_t)w, .n_vertices = 2};
        vertices[2 * w] = (struct road_vertex){metres(-200, 600 * w), 0};
        vertices[2 * w + 1] = (struct road_vertex){metres(800, 600 * w), 0};
    }
    network = (struct road_network){.zone = drive_zone, .ways = ways, .n_ways = 2, .vertices = vertices, .n_vertices = 4, .text = text, .text_length = sizeof text};
    road_measure(&network);
    CHECK_STATUS(road_check(&network, NULL, NULL), ROAD_OK);
    CHECK(road_index_bytes(&network) <= sizeof index_memory);
    road_index_build(&network, index_memory);
}

static struct beliefs_config config_with(const struct road_network *roads)
{
    return (struct beliefs_config){.evidence = {.zone = drive_zone}, .road_class = ROAD_SECONDARY, .roads = roads,
                                   .rules = code_rules_default, .feature_passes = FEATURE_PASSES_DEFAULT};
}

static struct cell square(double e, double n, int level)
{
    struct cell cell = {0};

    CHECK_STATUS(cell_from_point(drive_zone, metres(e, n), level, &cell), ROAD_OK);
    return cell;
}

/* Two RTK passes a road, on day 0. */
static void drive_both(struct beliefs *beliefs)
{
    static struct drive d;

    for (unsigned i = 0; i < 2; i++)
        for (int w = 0; w < 2; w++) {
            drive_straight(&d, 2 * i + (uint64_t)w + 1, DAY0_NS + 36000 * SECOND_NS + w * 60 * SECOND_NS, 0, 600 * w, 400, 600 * w, GNSS_RTK, 0.02);
            beliefs_add(beliefs, &d.batch, kid_number(i), false);
        }
}

static enum road_code code_after(struct beliefs *beliefs, int days, double n)
{
    beliefs_settle(beliefs, DAY0_NS + days * NS_PER_DAY + NS_PER_DAY / 2, NULL);
    return beliefs_code(beliefs, square(200.5, n + 0.75, 0)); /* under the left wheels */
}

/* Three cadences: 3 days on an arterial, 9 on a branch. */
FACT(each_road_turns_grey_by_the_cadence_of_its_own_class)
{
    struct beliefs_config config;
    struct beliefs beliefs;

    make_network(0);
    config = config_with(&network);
    beliefs_init(&beliefs, &config);
    drive_both(&beliefs);
    CHECK_INT(code_after(&beliefs, 1, 0), CODE_GREEN);
    CHECK_INT(code_after(&beliefs, 1, 600), CODE_GREEN);
    CHECK_INT(code_after(&beliefs, 4, 0), CODE_GREY);
    CHECK_INT(code_after(&beliefs, 4, 600), CODE_GREEN);
    CHECK_INT(code_after(&beliefs, 10, 600), CODE_GREY);
    beliefs_done(&beliefs);
}

FACT(without_a_network_all_roads_are_of_the_one_class)
{
    const struct beliefs_config config = config_with(NULL);
    struct beliefs beliefs;

    beliefs_init(&beliefs, &config);
    drive_both(&beliefs);
    CHECK_INT(code_after(&beliefs, 4, 0), CODE_GREEN); /* secondary: 6 days */
    CHECK_INT(code_after(&beliefs, 7, 600), CODE_GREY);
    beliefs_done(&beliefs);
}

/* Passes 1.2 m off with sigma 2 m: on a known lane they are told at the square metre under the wheels (sigma 0.32 m), where the vehicle was. */
FACT(a_pass_of_ordinary_gps_is_told_on_its_lane_where_the_line_is_known)
{
    static struct drive d;
    int n_told[2] = {0};

    for (int is_known = 0; is_known < 2; is_known++) {
        struct beliefs_config config;
        struct beliefs beliefs;
        make_network(is_known ? 100 : 0);
        config = config_with(&network);
        beliefs_init(&beliefs, &config);
        for (unsigned i = 0; i < 8; i++) {
            drive_straight(&d, 1, DAY0_NS + (36000 + 60 * (int64_t)i) * SECOND_NS, 0, 1.2, 400, 1.2, GNSS_CONSUMER, 2);
            beliefs_add(&beliefs, &d.batch, kid_number(i), false);
        }
        beliefs_settle(&beliefs, DAY0_NS + NS_PER_DAY / 2, NULL);
        n_told[is_known] = beliefs_code(&beliefs, square(200.5, 0.75, 0)) == CODE_GREEN;
        CHECK_INT(beliefs_code(&beliefs, square(200.5, 0.75, 2)), CODE_GREEN); /* 2 sigma = 4 m; the strip of finer squares */
        beliefs_done(&beliefs);
    }
    CHECK_INT(n_told[0], 0);
    CHECK_INT(n_told[1], 1);
}

/* Any order of arrival. */
FACT(with_a_network_the_order_of_batches_does_not_matter)
{
    static struct drive drives[12];
    uint8_t first[SHA256_SIZE], digest[SHA256_SIZE];
    struct beliefs_config config;

    make_network(100);
    config = config_with(&network);
    for (unsigned i = 0; i < 12; i++)
        drive_straight(&drives[i], 1, DAY0_NS + (36000 + 4000 * (int64_t)i) * SECOND_NS, 0, 600.0 * (i % 2) + 0.1 * i, 400, 600.0 * (i % 2) - 0.1 * i,
                       GNSS_CONSUMER, i % 3 ? 2 : 4);
    for (unsigned shift = 0; shift < 12; shift++) {
        struct beliefs beliefs;
        beliefs_init(&beliefs, &config);
        for (unsigned i = 0; i < 12; i++) {
            const unsigned k = (5 * i + shift) % 12;
            beliefs_add(&beliefs, &drives[k].batch, kid_number(k), false);
        }
        beliefs_settle(&beliefs, DAY0_NS + 2 * NS_PER_DAY, NULL);
        beliefs_digest(&beliefs, shift ? digest : first);
        CHECK(shift == 0 || memcmp(first, digest, SHA256_SIZE) == 0);
        beliefs_done(&beliefs);
    }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
