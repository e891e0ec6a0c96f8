/* Facts about writing vector tiles (server/api/mvt.h); expected bytes are the examples of the specification. */
#include "server/api/mvt.h"
#include "tests/check.h"
#include "tests/server/api/mvt_read.h"

static void check_geometry(const struct mvt_layer *layer, const uint8_t *want, size_t n)
{
    CHECK_INT(layer->geometry.length, n);
    for (size_t i = 0; i < n && i < layer->geometry.length; i++)
        CHECK_INT(layer->geometry.data[i], want[i]);
}

/* Mapbox Vector Tile Specification 2.1, 4.3.5.1: point (25, 17). */
FACT(a_point_is_written_as_in_the_specification)
{
    static const uint8_t want[] = {9, 50, 34};
    struct mvt_layer layer;

    mvt_layer_init(&layer);
    mvt_feature_begin(&layer);
    mvt_put_point(&layer, (struct mvt_point){25, 17});
    check_geometry(&layer, want, sizeof want);
    mvt_layer_done(&layer);
}

/* 4.3.5.4: lines (2,2) (2,10) (10,10) and (1,1) (3,5). */
FACT(lines_are_written_as_in_the_specification)
{
    static const uint8_t want[] = {9, 4, 4, 18, 0, 16, 16, 0, 9, 17, 17, 10, 4, 8};
    static const struct mvt_point first[] = {{2, 2}, {2, 10}, {10, 10}}, second[] = {{1, 1}, {3, 5}};
    struct mvt_layer layer;

    mvt_layer_init(&layer);
    mvt_feature_begin(&layer);
    mvt_put_line(&layer, first, 3);
    mvt_put_line(&layer, second, 2);
    check_geometry(&layer, want, sizeof want);
    mvt_layer_done(&layer);
}

/* 4.3.5.5: polygon (3,6) (8,12) (20,34). */
FACT(a_ring_is_written_as_in_the_specification)
{
    static const uint8_t want[] = {9, 6, 12, 18, 10, 12, 24, 44, 15};
    static const struct mvt_point ring[] = {{3, 6}, {8, 12}, {20, 34}, {3, 6}};
    struct mvt_layer layer;

    mvt_layer_init(&layer);
    mvt_feature_begin(&layer);
    mvt_put_ring(&layer, ring, 4);
    check_geometry(&layer, want, sizeof want);
    mvt_layer_done(&layer);
}

FACT(what_has_no_length_or_area_is_not_written)
{
    static const struct mvt_point same[] = {{5, 5}, {5, 5}, {5, 5}}, flat[] = {{0, 0}, {5, 5}, {9, 9}};
    struct mvt_layer layer;
    struct bytes tile;

    mvt_layer_init(&layer);
    bytes_init(&tile, 1000);
    mvt_feature_begin(&layer);
    mvt_put_line(&layer, same, 3);
    mvt_put_ring(&layer, same, 3);
    mvt_put_ring(&layer, flat, 3);
    mvt_feature_end(&layer, MVT_POLYGON);
    mvt_layer_finish(&layer, "none", NULL, 0, &tile);
    CHECK_INT(tile.length, 0);
    CHECK(!tile.is_bad);
    mvt_layer_done(&layer);
}

FACT(an_independent_reader_gets_back_what_was_written)
{
    static const char *const keys[] = {"text", "number", "flag", "share"};
    static const struct mvt_point ring[] = {{0, 0}, {4096, 0}, {4096, -300}, {0, -300}};
    struct read_layer read;
    struct mvt_layer layer;
    struct bytes tile;

    mvt_layer_init(&layer);
    bytes_init(&tile, 1000);
    mvt_feature_begin(&layer);
    mvt_tag(&layer, 0, mvt_value_text(&layer, "坑洞"));
    mvt_tag(&layer, 1, mvt_value_uint(&layer, UINT64_MAX));
    mvt_tag(&layer, 2, mvt_value_bool(&layer, true));
    mvt_tag(&layer, 3, mvt_value_double(&layer, 0.25));
    mvt_put_ring(&layer, ring, 4);
    mvt_feature_end(&layer, MVT_POLYGON);
    mvt_layer_finish(&layer, "things", keys, 4, &tile);
    CHECK(mvt_read(tile.data, tile.length, &read));
    CHECK_STR(read.name, "things");
    CHECK_INT(read.version, 2);
    CHECK_INT(read.extent, 4096);
    CHECK_INT(read.n_features, 1);
    CHECK_STR(mvt_read_value(&read, &read.features[0], "text"), "坑洞");
    CHECK_STR(mvt_read_value(&read, &read.features[0], "number"), "18446744073709551615");
    CHECK_STR(mvt_read_value(&read, &read.features[0], "flag"), "true");
    CHECK_STR(mvt_read_value(&read, &read.features[0], "share"), "0.25");
    CHECK_INT(mvt_read_area(&read, &read.rings[0]), -2 * 4096 * 300);
    mvt_read_done(&read);
    mvt_layer_done(&layer);
    bytes_done(&tile);
}

FACT(a_tile_beyond_its_limit_is_marked_bad)
{
    struct mvt_layer layer;
    struct bytes tile;

    mvt_layer_init(&layer);
    bytes_init(&tile, 20);
    mvt_feature_begin(&layer);
    mvt_tag(&layer, 0, mvt_value_text(&layer, "a text longer than the tile may be"));
    mvt_put_point(&layer, (struct mvt_point){1, 1});
    mvt_feature_end(&layer, MVT_POINT);
    mvt_layer_finish(&layer, "things", NULL, 0, &tile);
    CHECK(tile.is_bad);
    mvt_layer_done(&layer);
    bytes_done(&tile);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
