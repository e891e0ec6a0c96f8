/* Facts about the only reader of request targets (server/api/request.h). */
#include "server/api/request.h"
#include "tests/check.h"

static enum road_status parse(const char *target, struct request *ret_request)
{
    struct request_error error = {NULL, NULL};

    const enum road_status status = request_parse(target, ret_request, &error);
    if (status)
        CHECK(error.text != NULL);
    return status;
}

FACT(every_address_of_the_manual_has_its_route)
{
    static const struct {
        const char *target;
        enum route route;
        const char *tail;
    } rows[] = {
        {"/healthz", ROUTE_HEALTHZ, ""},
        {"/metrics", ROUTE_METRICS, ""},
        {"/v1/summary", ROUTE_SUMMARY, ""},
        {"/v1/config", ROUTE_CONFIG, ""},
        {"/v1/truth", ROUTE_TRUTH, ""},
        {"/v1/cells/at?lat=1&lon=2", ROUTE_CELL_AT, ""},
        {"/v1/cells?bbox=1,2,3,4", ROUTE_CELLS, ""},
        {"/v1/cells/1414241059722227", ROUTE_CELL, "1414241059722227"},
        {"/v1/cells/40-515728-3350496/16", ROUTE_CELL, "40-515728-3350496/16"},
        {"/v1/cells/40-515728-3350496%2F16", ROUTE_CELL, "40-515728-3350496/16"},
        {"/v1/defects", ROUTE_DEFECTS, ""},
        {"/v1/defects/1.2.3", ROUTE_DEFECT, "1.2.3"},
        {"/v1/features?kind=joint", ROUTE_FEATURES, ""},
        {"/v1/changes?after=7", ROUTE_CHANGES, ""},
        {"/v1/roads", ROUTE_ROADS, ""},
        {"/v1/coverage", ROUTE_COVERAGE, ""},
        {"/v1/coverage/next?km=3", ROUTE_COVERAGE_NEXT, ""},
        {"/v1/roads/7", ROUTE_ROAD, "7"},
        {"/r/zhongshan-bei", ROUTE_ROAD_PAGE, "zhongshan-bei"},
        {"/R/ZHONGSHAN-BEI", ROUTE_ROAD_PAGE, "ZHONGSHAN-BEI"},
        {"/v1/proof/12", ROUTE_PROOF, "12"},
        {"/v1/entries/12", ROUTE_ENTRY, "12"},
        {"/events", ROUTE_EVENTS, ""},
        {"/tiles/cells/17/1/2.mvt?v=3", ROUTE_TILE, "cells/17/1/2.mvt"},
        {"/log/checkpoint", ROUTE_LOG, "checkpoint"},
        {"/", ROUTE_PAGE, ""},
        {"/assets/a.js", ROUTE_PAGE, "assets/a.js"},
        {"/v1/nothing", ROUTE_NONE, "nothing"},
    };
    struct request request;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        CHECK_STATUS(parse(rows[i].target, &request), ROAD_OK);
        CHECK_INT(request.route, rows[i].route);
        CHECK_STR(request.tail, rows[i].tail);
    }
}

FACT(parameters_are_decoded_once)
{
    struct request request;

    CHECK_STATUS(parse("/v1/defects?a=1%2B1&b=x+y&empty=&bare&c=%2541", &request), ROAD_OK);
    CHECK_STR(request_text(&request, "a"), "1+1");
    CHECK_STR(request_text(&request, "b"), "x y");
    CHECK_STR(request_text(&request, "empty"), "");
    CHECK_STR(request_text(&request, "bare"), "");
    CHECK_STR(request_text(&request, "c"), "%41");
    CHECK(request_text(&request, "d") == NULL);
}

FACT(broken_targets_are_refused)
{
    static const char *const broken[] = {"",         "v1",     "*",        "http://x/", "/%",      "/%4",     "/%zz",
                                         "/%00",     "/a%0ab", "/v1?a=%",  "/v1?%=1",   "/?a=%07", "/\x01",
                                         "/?a=1&a=2", "/?a=1&b=2&c=3&d=4&e=5&f=6&g=7&h=8&i=9&j=1&k=2&l=3&m=4&n=5&o=6&p=7&q=8"};
    char longest[REQUEST_TARGET_MAX + 2];
    struct request request;

    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        CHECK_STATUS(parse(broken[i], &request), ROAD_BAD_INPUT);
    memset(longest, 'a', sizeof longest);
    longest[0] = '/';
    longest[REQUEST_TARGET_MAX + 1] = '\0';
    CHECK_STATUS(parse(longest, &request), ROAD_TOO_LARGE);
    longest[REQUEST_TARGET_MAX] = '\0';
    CHECK_STATUS(parse(longest, &request), ROAD_OK);
}

FACT(numbers_are_finite_decimals_in_range)
{
    struct request request;
    double number = 7;

    CHECK_STATUS(parse("/?a=-1.5e1&nan=nan&inf=inf&big=1e999&hex=0x10&tail=1x&blank=+1&none=", &request), ROAD_OK);
    CHECK_STATUS(request_number(&request, "a", -90, 90, &number), ROAD_OK);
    CHECK_NEAR(number, -15, 0);
    CHECK_STATUS(request_number(&request, "a", 0, 90, &number), ROAD_BAD_RANGE);
    CHECK_STATUS(request_number(&request, "missing", 0, 90, &number), ROAD_NOT_FOUND);
    static const char *const bad[] = {"nan", "inf", "big", "hex", "tail", "blank", "none"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_STATUS(request_number(&request, bad[i], -90, 90, &number), ROAD_BAD_INPUT);
    CHECK_NEAR(number, -15, 0);
}

static enum road_status box_of(const char *text, double side_max, double ret_box[4])
{
    struct request request;
    char target[256];

    snprintf(target, sizeof target, "/v1/cells?bbox=%s", text);
    CHECK_STATUS(parse(target, &request), ROAD_OK);
    return request_box(&request, side_max, ret_box);
}

FACT(boxes_have_four_numbers_in_order_and_a_limited_size)
{
    double box[4];

    CHECK_STATUS(box_of("120.1,30.2,120.2,30.3", 0.1, box), ROAD_OK);
    CHECK_NEAR(box[2], 120.2, 0);
    CHECK_STATUS(box_of("120.1,30.2,120.21,30.3", 0.1, box), ROAD_BAD_RANGE);
    CHECK_STATUS(box_of("120.2,30.2,120.1,30.3", 0.1, box), ROAD_BAD_RANGE);
    CHECK_STATUS(box_of("120.1,30.2,120.1,30.3", 0.1, box), ROAD_BAD_RANGE);
    CHECK_STATUS(box_of("179.99,89.99,180.01,90", 0.1, box), ROAD_BAD_RANGE);
    static const char *const bad[] = {"", "1,2,3", "1,2,3,4,5", "1,2,3,nan", "1,2,,4", "a,b,c,d", "1;2;3;4", "1,2,3,1e400"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_STATUS(box_of(bad[i], 360, box), ROAD_BAD_INPUT);
}

FACT(counts_do_not_overflow)
{
    int64_t count = 5;

    CHECK_STATUS(request_count("9223372036854775807", &count), ROAD_OK);
    CHECK_INT(count, INT64_MAX);
    CHECK_STATUS(request_count("9223372036854775808", &count), ROAD_BAD_RANGE);
    CHECK_STATUS(request_count("99999999999999999999999", &count), ROAD_BAD_RANGE);
    CHECK_STATUS(request_count("-1", &count), ROAD_BAD_INPUT);
    CHECK_STATUS(request_count("", &count), ROAD_BAD_INPUT);
    CHECK_STATUS(request_count("1 ", &count), ROAD_BAD_INPUT);
}

FACT(tiles_lie_inside_their_zoom)
{
    struct request_error error = {NULL, NULL};
    struct map_tile tile;

    CHECK_STATUS(request_tile("cells/17/109236/54321.mvt", &tile, &error), ROAD_OK);
    CHECK_INT(tile.zoom, 17);
    CHECK_INT(tile.x, 109236);
    CHECK_INT(tile.y, 54321);
    CHECK_STATUS(request_tile("roads/0/0/0.mvt", &tile, &error), ROAD_OK);
    CHECK_STATUS(request_tile("cells/22/4194303/4194303.mvt", &tile, &error), ROAD_OK);
    CHECK_STATUS(request_tile("cells/23/0/0.mvt", &tile, &error), ROAD_BAD_RANGE);
    CHECK_STR(error.field, "z");
    CHECK_STATUS(request_tile("cells/3/8/0.mvt", &tile, &error), ROAD_BAD_RANGE);
    CHECK_STR(error.field, "x");
    CHECK_STATUS(request_tile("cells/3/0/8.mvt", &tile, &error), ROAD_BAD_RANGE);
    CHECK_STR(error.field, "y");
    CHECK_STATUS(request_tile("cells/3/0/-1.mvt", &tile, &error), ROAD_BAD_RANGE);
    CHECK_STATUS(request_tile("cells/3/0/1.png", &tile, &error), ROAD_BAD_INPUT);
    CHECK_STATUS(request_tile("houses/3/0/1.mvt", &tile, &error), ROAD_NOT_FOUND);
    CHECK_STATUS(request_tile("cells/3/0/1.mvt/..", &tile, &error), ROAD_BAD_INPUT);
    CHECK_STATUS(request_tile("cells/99999999999999999999/0/1.mvt", &tile, &error), ROAD_BAD_RANGE);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
