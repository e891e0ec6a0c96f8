/* Maps to networks. */
#include "tests/check.h"

#include "gateway/roads_import.h"

static struct road_network network;
static struct roads_summary summary;
static char error[ROADS_ERROR_SIZE];
static void *block;

static enum road_status import_with(const char *text, struct roads_options options)
{
    free(block);
    block = NULL;
    error[0] = '\0';
    return roads_import(text, strlen(text), &options, &network, &block, &summary, error);
}

static enum road_status import(const char *text)
{
    return import_with(text, (struct roads_options){.has_meridian = false});
}

#define FEATURE(properties, coordinates) \
    "{\"type\":\"Feature\",\"properties\":{" properties "},\"geometry\":{\"type\":\"LineString\",\"coordinates\":[" coordinates "]}}"
#define SOUTH "[120.16,30.27],[120.16,30.272]"
#define NORTH "[120.16,30.272],[120.16,30.274]"

FACT(properties_are_read)
{
    CHECK_STATUS(import(FEATURE("\"id\":\"w7\",\"name\":\"Wulin Road\",\"name_zh\":\"武林路\",\"class\":\"arterial\",\"lanes\":6,"
                                "\"width\":\"22.5 m\",\"oneway\":true,\"owner\":\"municipal\",\"cadence_d\":0.5", SOUTH)), ROAD_OK);
    const struct road_way *way = &network.ways[0];
    CHECK_INT(network.n_ways, 1);
    CHECK_STR(road_text(&network, way->id), "w7");
    CHECK_STR(road_text(&network, way->name), "Wulin Road");
    CHECK_STR(road_text(&network, way->name_zh), "武林路");
    CHECK_STR(road_text(&network, way->owner), "municipal");
    CHECK_INT(way->class, ROAD_ARTERIAL);
    CHECK_INT(way->lanes, 6);
    CHECK_INT(way->width_mm, 22500);
    CHECK(way->is_oneway);
    CHECK_INT(way->cadence_h, 12);
    CHECK_INT(network.zone.meridian_deg, 120);
}

FACT(what_is_not_given_comes_from_the_class)
{
    CHECK_STATUS(import(FEATURE("\"class\":\"branch\"", SOUTH)), ROAD_OK);
    CHECK_INT(network.ways[0].lanes, 2);
    CHECK_INT(network.ways[0].width_mm, 6500); /* CJJ 37: 3.25 m a lane */
    CHECK_INT(network.ways[0].cadence_h, 72);  /* Hangzhou: branch 3 d */
    CHECK_STATUS(import(FEATURE("\"class\":\"主干路\"", SOUTH)), ROAD_OK);
    CHECK_INT(network.ways[0].class, ROAD_ARTERIAL);
    CHECK_INT(network.ways[0].cadence_h, 24);
}

/* 0.002 degrees of latitude at 30.27 N: 221.71 m (the meridian's radius there is 6,351.5 km: 110,854 m a degree). */
FACT(lengths_are_those_of_the_ellipsoid)
{
    CHECK_STATUS(import(FEATURE("\"class\":\"branch\"", SOUTH)), ROAD_OK);
    CHECK_NEAR((double)road_length_mm(&network, 0) / 1000, 221.71, 0.02);
}

FACT(highway_tags_fall_into_classes)
{
    static const struct {
        const char *tag;
        enum road_class class;
    } tags[] = {{"motorway", ROAD_EXPRESSWAY}, {"trunk_link", ROAD_EXPRESSWAY}, {"primary", ROAD_ARTERIAL},
                {"secondary", ROAD_SECONDARY}, {"tertiary", ROAD_SECONDARY},    {"residential", ROAD_BRANCH},
                {"unclassified", ROAD_BRANCH}, {"living_street", ROAD_BRANCH},  {"service", ROAD_BRANCH}};
    char text[400];

    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        snprintf(text, sizeof text, FEATURE("\"highway\":\"%s\"", SOUTH), tags[i].tag);
        CHECK_STATUS(import(text), ROAD_OK);
        CHECK_INT(network.ways[0].class, tags[i].class);
    }
}

FACT(motorways_and_roundabouts_are_oneways_where_it_is_not_said)
{
    CHECK_STATUS(import(FEATURE("\"highway\":\"motorway\"", SOUTH)), ROAD_OK);
    CHECK(network.ways[0].is_oneway);
    CHECK_STATUS(import(FEATURE("\"highway\":\"tertiary\",\"junction\":\"roundabout\"", SOUTH)), ROAD_OK);
    CHECK(network.ways[0].is_oneway);
    CHECK_STATUS(import(FEATURE("\"highway\":\"motorway\",\"oneway\":\"no\"", SOUTH)), ROAD_OK);
    CHECK(!network.ways[0].is_oneway);
}

FACT(a_oneway_against_its_line_is_turned_round)
{
    CHECK_STATUS(import(FEATURE("\"class\":\"branch\",\"oneway\":\"-1\"", SOUTH)), ROAD_OK);
    CHECK(network.ways[0].is_oneway);
    CHECK(network.vertices[0].at.n_mm > network.vertices[1].at.n_mm);
}

FACT(what_is_no_road_is_skipped_and_counted_by_reason)
{
    CHECK_STATUS(import(FEATURE("\"class\":\"branch\"", SOUTH) FEATURE("\"highway\":\"footway\"", SOUTH) "\n" FEATURE("\"highway\":\"footway\"", NORTH)
                        FEATURE("\"name\":\"x\"", NORTH) FEATURE("\"highway\":\"service\",\"service\":\"driveway\"", NORTH)
                        "{\"type\":\"Feature\",\"properties\":{},\"geometry\":{\"type\":\"Point\",\"coordinates\":[120,30]}}"), ROAD_OK);
    CHECK_INT(network.n_ways, 1);
    CHECK_INT(summary.n_features, 6);
    CHECK_INT(summary.n_skipped, 5);
    CHECK_INT(summary.n_reasons, 4);
    CHECK_STR(summary.reasons[0].text, "no road for vehicles: footway");
    CHECK_INT(summary.reasons[0].n, 2);
}

FACT(a_value_that_cannot_be_read_is_taken_as_not_given_and_said)
{
    CHECK_STATUS(import(FEATURE("\"id\":5,\"class\":\"arterial\",\"lanes\":\"2;3\"", SOUTH)), ROAD_OK);
    CHECK_INT(network.ways[0].lanes, 2);
    CHECK_INT(summary.n_unread, 1);
    CHECK_STR(summary.unread_example, "feature 1 (id 5): lanes '2;3'");
}

static void refused(const char *text, enum road_status want, const char *why)
{
    CHECK_STATUS(import(text), want);
    CHECK_STR(error, why);
}

FACT(what_is_broken_is_refused_with_feature_and_reason)
{
    refused("", ROAD_BAD_INPUT, "empty");
    refused("[]", ROAD_BAD_INPUT, "this is neither a GeoJSON FeatureCollection nor a Feature");
    refused("{\"type\":\"FeatureCollection\",\"features\":[]}", ROAD_NOT_FOUND, "there is no road in it");
    refused(FEATURE("\"id\":1,\"class\":\"branch\"", SOUTH) FEATURE("\"id\":9,\"class\":\"branch\"", "[120,\"x\"],[120,30]"), ROAD_BAD_INPUT,
            "feature 2 (id 9): place 1 is no [lon, lat]");
    refused(FEATURE("\"id\":9,\"class\":\"branch\"", "[120,30],[120,95]"), ROAD_BAD_RANGE,
            "feature 1 (id 9): place 2 [120, 95] is beyond 180 or 84 degrees");
    refused(FEATURE("\"id\":9,\"class\":\"branch\"", "[120,30],[120,31]"), ROAD_BAD_RANGE,
            "feature 1 (id 9): place 2 is more than 20 km from the one before");
    refused(FEATURE("\"id\":9,\"class\":\"branch\"", "[120,30]"), ROAD_BAD_INPUT, "feature 1 (id 9): a line needs two places or more");
    refused(FEATURE("\"id\":\"a<b\",\"class\":\"branch\"", SOUTH), ROAD_BAD_INPUT,
            "feature 1 (id a<b): id holds a character that it must not");
    refused("[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]", ROAD_TOO_DEEP, "nested deeper than 16");
    CHECK_STATUS(import("{\"type\":"), ROAD_BAD_INPUT);
}

FACT(pieces_of_one_road_become_one_way_named_by_the_smallest_id)
{
    CHECK_STATUS(import(FEATURE("\"id\":\"b\",\"name\":\"Wulin Road\",\"class\":\"arterial\"", NORTH)
                        FEATURE("\"id\":\"a\",\"name\":\"Wulin Road\",\"class\":\"arterial\"", SOUTH)), ROAD_OK);
    CHECK_INT(network.n_ways, 1);
    CHECK_INT(network.ways[0].n_vertices, 3);
    CHECK_STR(road_text(&network, network.ways[0].id), "a");
    CHECK_NEAR((double)road_length_mm(&network, 0) / 1000, 443.42, 0.04);
}

FACT(pieces_that_run_against_each_other_are_joined_unless_they_are_oneways)
{
#define NORTH_BACK "[120.16,30.274],[120.16,30.272]"
    CHECK_STATUS(import(FEATURE("\"id\":\"a\",\"name\":\"x\",\"class\":\"branch\"", SOUTH) FEATURE("\"id\":\"b\",\"name\":\"x\",\"class\":\"branch\"", NORTH_BACK)), ROAD_OK);
    CHECK_INT(network.n_ways, 1);
    CHECK(network.vertices[0].at.n_mm < network.vertices[2].at.n_mm); /* as `a` runs */
    CHECK_STATUS(import(FEATURE("\"id\":\"a\",\"name\":\"x\",\"class\":\"branch\",\"oneway\":true", SOUTH)
                        FEATURE("\"id\":\"b\",\"name\":\"x\",\"class\":\"branch\",\"oneway\":true", NORTH_BACK)), ROAD_OK);
    CHECK_INT(network.n_ways, 2);
}

FACT(other_names_classes_sharp_turns_and_forks_are_not_joined)
{
#define A FEATURE("\"id\":\"a\",\"name\":\"x\",\"class\":\"branch\"", SOUTH)
    CHECK_STATUS(import(A FEATURE("\"id\":\"b\",\"name\":\"y\",\"class\":\"branch\"", NORTH)), ROAD_OK);
    CHECK_INT(network.n_ways, 2);
    CHECK_STATUS(import(A FEATURE("\"id\":\"b\",\"name\":\"x\",\"class\":\"secondary\"", NORTH)), ROAD_OK);
    CHECK_INT(network.n_ways, 2);
    CHECK_STATUS(import(A FEATURE("\"id\":\"b\",\"name\":\"x\",\"class\":\"branch\"", "[120.16,30.272],[120.17,30.272]")), ROAD_OK);
    CHECK_INT(network.n_ways, 2); /* a right angle */
    CHECK_STATUS(import(A FEATURE("\"id\":\"b\",\"name\":\"x\",\"class\":\"branch\"", NORTH)
                        FEATURE("\"id\":\"c\",\"name\":\"x\",\"class\":\"branch\"", "[120.16,30.272],[120.1601,30.274]")), ROAD_OK);
    CHECK_INT(network.n_ways, 3);
    CHECK_STATUS(import_with(A FEATURE("\"id\":\"b\",\"name\":\"x\",\"class\":\"branch\"", NORTH), (struct roads_options){.keep_ways = true}), ROAD_OK);
    CHECK_INT(network.n_ways, 2);
}

FACT(a_ring_of_pieces_ends_where_it_begins)
{
    char text[4000] = "";

    for (int i = 0; i < 8; i++) { /* an octagon: turns of 45 degrees */
        const double a = i * M_PI / 4, b = (i + 1) % 8 * M_PI / 4;
        snprintf(text + strlen(text), sizeof text - strlen(text), FEATURE("\"id\":\"r%d\",\"name\":\"ring\",\"class\":\"branch\"", "[%.9f,%.9f],[%.9f,%.9f]"), i,
                 120 + 0.001 * cos(a), 30 + 0.001 * sin(a), 120 + 0.001 * cos(b), 30 + 0.001 * sin(b));
    }
    CHECK_STATUS(import(text), ROAD_OK);
    CHECK_INT(network.n_ways, 1);
    CHECK_INT(network.ways[0].n_vertices, 9);
    CHECK_INT(network.vertices[0].at.e_mm, network.vertices[8].at.e_mm);
    CHECK_INT(network.vertices[0].at.n_mm, network.vertices[8].at.n_mm);
}

FACT(lines_of_one_id_are_numbered)
{
    CHECK_STATUS(import("{\"type\":\"Feature\",\"id\":12,\"properties\":{\"class\":\"branch\"},\"geometry\":{\"type\":\"MultiLineString\","
                        "\"coordinates\":[[" SOUTH "],[" NORTH "]]}}"), ROAD_OK);
    CHECK_INT(network.n_ways, 2);
    CHECK(road_find(&network, "12") == 0);
    CHECK(road_find(&network, "12.2") == 1);
    CHECK_STATUS(import(FEATURE("\"id\":\"a\",\"class\":\"branch\"", SOUTH) FEATURE("\"id\":\"a\",\"class\":\"branch\"", NORTH)
                        FEATURE("\"id\":\"a.2\",\"class\":\"branch\"", NORTH)), ROAD_EXISTS);
}

FACT(the_network_does_not_depend_on_the_order_of_the_file)
{
    static const char *const features[] = {FEATURE("\"id\":\"a\",\"name\":\"x\",\"class\":\"branch\"", SOUTH), FEATURE("\"id\":\"b\",\"name\":\"x\",\"class\":\"branch\"", NORTH),
                                           FEATURE("\"id\":\"c\",\"name\":\"y\",\"owner\":\"z\",\"class\":\"branch\"", "[120.17,30.27],[120.18,30.27]")};
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    char first[2000], text[2000];

    for (int i = 0; i < 6; i++) {
        snprintf(text, sizeof text, "%s%s%s", features[orders[i][0]], features[orders[i][1]], features[orders[i][2]]);
        CHECK_STATUS(import(text), ROAD_OK);
        const size_t length = (size_t)(network.text - (char *)block) + network.text_length;
        CHECK(length <= sizeof first);
        if (i == 0)
            memcpy(first, block, length);
        /* The block holds ways, vertices and text, one behind the other. */
        CHECK(memcmp(first, block, length) == 0);
    }
}

int main(int argc, char **argv)
{
    const int leave = check_main(argc, argv);

    free(block);
    return leave;
}
