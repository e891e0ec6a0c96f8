/* Names and widths of tiles: the rules and examples of C2SP tlog-tiles. */
#include "server/ledger/tile.h"
#include "tests/check.h"

FACT(paths_are_written_as_the_standard_shows)
{
    static const struct {
        struct tile tile;
        const char *path;
    } rows[] = {
        {{0, 5, 256}, "tile/0/005"},
        {{0, 1234067, 256}, "tile/0/x001/x234/067"},
        {{TILE_ENTRIES, 1234067, 256}, "tile/entries/x001/x234/067"},
        {{1, 1, 17}, "tile/1/001.p/17"},
        {{2, 0, 1}, "tile/2/000.p/1"},
        {{TILE_ENTRIES, 273, 112}, "tile/entries/273.p/112"},
        {{0, 1000, 255}, "tile/0/x001/000.p/255"},
        {{63, 0, 256}, "tile/63/000"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[TILE_PATH_SIZE];
        struct tile tile = {0};
        CHECK_STR(tile_path_format(rows[i].tile, path), rows[i].path);
        CHECK_STATUS(tile_path_parse(rows[i].path, &tile), ROAD_OK);
        CHECK_INT(tile.level, rows[i].tile.level);
        CHECK_INT(tile.n, rows[i].tile.n);
        CHECK_INT(tile.width, rows[i].tile.width);
    }
}

FACT(paths_that_nobody_writes_are_refused)
{
    static const char *const rows[] = {"",
                                       "tile",
                                       "tile/",
                                       "tile/0",
                                       "tile/0/",
                                       "tile/0/5",
                                       "tile/0/0005",
                                       "tile/00/005",
                                       "tile/64/005",
                                       "tile/-1/005",
                                       "tile/+1/005",
                                       "tile/0/x000/005",
                                       "tile/0/x001",
                                       "tile/0/x001/",
                                       "tile/0/001/005",
                                       "tile/0/x01/005",
                                       "tile/0/005.p/0",
                                       "tile/0/005.p/256",
                                       "tile/0/005.p/01",
                                       "tile/0/005.p/",
                                       "tile/0/005.p",
                                       "tile/0/005/",
                                       "tile/0/005.p/1/",
                                       "/tile/0/005",
                                       "tile/entries",
                                       "tile/entries/",
                                       "tile/entries/5",
                                       "tile/0/../005",
                                       "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
                                       "checkpoint",
                                       "tile/0/005 ",
                                       "tile/0/00a",
                                       "tile/0/xx01/005"};
    struct tile tile;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (tile_path_parse(rows[i], &tile) != ROAD_BAD_INPUT)
            CHECK_FAILED("\"%s\" was taken", rows[i]);
}

/* The example of the standard: 70,000 leaves = 273 full + 112 at level 0, 1 full + 17 at level 1, 1 at
 * level 2. */
FACT(widths_of_a_log_of_70000)
{
    CHECK_INT(tile_width(0, 0, 70000), 256);
    CHECK_INT(tile_width(0, 272, 70000), 256);
    CHECK_INT(tile_width(0, 273, 70000), 112);
    CHECK_INT(tile_width(0, 274, 70000), 0);
    CHECK_INT(tile_width(TILE_ENTRIES, 273, 70000), 112);
    CHECK_INT(tile_width(1, 0, 70000), 256);
    CHECK_INT(tile_width(1, 1, 70000), 17);
    CHECK_INT(tile_width(2, 0, 70000), 1);
    CHECK_INT(tile_width(3, 0, 70000), 0);
    CHECK_INT(tile_width(0, 0, 0), 0);
    CHECK_INT(tile_width(0, 1, 256), 0);
    CHECK_INT(tile_width(63, 0, UINT64_MAX), 0);
    CHECK_INT(tile_width(0, UINT64_MAX, 70000), 0);
}

FACT(a_bundle_is_read_back_and_a_cut_one_refused)
{
    uint8_t bundle[64];
    const uint8_t *entry;
    size_t length, offset = 0, used = bundle_put(bundle, sizeof bundle, "abc", 3);

    used += bundle_put(bundle + used, sizeof bundle - used, "", 0);
    used += bundle_put(bundle + used, sizeof bundle - used, "z", 1);
    CHECK_INT(used, 5 + 2 + 3);
    CHECK_STATUS(bundle_next(bundle, used, &offset, &entry, &length), ROAD_OK);
    CHECK(length == 3 && memcmp(entry, "abc", 3) == 0);
    CHECK_STATUS(bundle_next(bundle, used, &offset, &entry, &length), ROAD_OK);
    CHECK_INT(length, 0);
    CHECK_STATUS(bundle_next(bundle, used - 1, &offset, &entry, &length), ROAD_BAD_INPUT);
    CHECK_STATUS(bundle_next(bundle, used - 2, &offset, &entry, &length), ROAD_BAD_INPUT);
    CHECK_STATUS(bundle_next(bundle, used, &offset, &entry, &length), ROAD_OK);
    CHECK_STATUS(bundle_next(bundle, used, &offset, &entry, &length), ROAD_END);
    CHECK_INT(bundle_put(bundle, 4, "abc", 3), 0);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
