/* A road network on disk: what is written is read, and nothing else is. */
#include "tests/check.h"

#include "link/road_file.h"
#include "tests/temp.h"

/* Two ways, three vertices and two; texts at 1 "a1", 4 "b2", 7 "Wulin Road", 18 "municipal". */
static struct road_way ways[2];
static struct road_vertex vertices[5];
static const char text[] = "\0a1\0b2\0Wulin Road\0municipal";

static struct road_network small_network(void)
{
    static const int64_t places[5][2] = {{515000000, 3350000000}, {515100000, 3350000000}, {515100000, 3350250000},
                                         {515300000, 3350000001}, {515300123, 3350400000}};

    for (int i = 0; i < 5; i++)
        vertices[i] = (struct road_vertex){{places[i][0], places[i][1]}, 0};
    ways[0] = (struct road_way){.id = 1, .name = 7, .owner = 18, .class = ROAD_ARTERIAL, .lanes = 4, .cadence_h = 24, .width_mm = 14000, .first = 0, .n_vertices = 3};
    ways[1] = (struct road_way){.id = 4, .class = ROAD_BRANCH, .lanes = 1, .is_oneway = true, .width_mm = 4000, .first = 3, .n_vertices = 2};
    return (struct road_network){.zone = {120, false}, .ways = ways, .n_ways = 2, .vertices = vertices, .n_vertices = 5, .text = text, .text_length = sizeof text};
}

static uint8_t *encoded(size_t *ret_length)
{
    const struct road_network network = small_network();
    uint8_t *bytes = NULL;

    CHECK_STATUS(road_file_encode(&network, &bytes, ret_length, NULL), ROAD_OK);
    return bytes;
}

FACT(what_is_encoded_is_decoded)
{
    struct road_file file;
    size_t length;
    uint8_t *bytes = encoded(&length);

    CHECK_STATUS(road_file_decode(bytes, length, &file, NULL), ROAD_OK);
    CHECK_INT(file.network.n_ways, 2);
    CHECK_INT(file.network.zone.meridian_deg, 120);
    CHECK_STR(road_text(&file.network, file.network.ways[0].name), "Wulin Road");
    CHECK_STR(road_text(&file.network, file.network.ways[0].owner), "municipal");
    CHECK_STR(road_text(&file.network, file.network.ways[1].name), "");
    CHECK_INT(file.network.ways[0].class, ROAD_ARTERIAL);
    CHECK_INT(file.network.ways[0].cadence_h, 24);
    CHECK(file.network.ways[1].is_oneway);
    CHECK_INT(road_length_mm(&file.network, 0), 350000);
    CHECK_INT(road_find(&file.network, "b2"), 1);
    free(bytes);
    road_file_done(&file);
}

FACT(the_bytes_are_those_of_the_page)
{
    /* docs/roads.md: magic, version 1, meridian 40 * 3, no flags, 2 ways, 5 vertices, 28 bytes of text. */
    static const uint8_t head[32] = {'R', 'C', 'R', 'O', 'A', 'D', 'S', 0, 1, 0, 0, 0, 40, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 28, 0, 0, 0};
    static const uint8_t way[36] = {4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 0xA0, 0x0F, 0, 0, 0, 0, 3, 1, 1, 0, 0, 0};
    size_t length;
    uint8_t *bytes = encoded(&length);

    CHECK_INT(length, 64 + 2 * 36 + 5 * 16 + 28);
    CHECK(memcmp(bytes, head, sizeof head) == 0);
    CHECK(memcmp(bytes + 64 + 36, way, sizeof way) == 0);
    CHECK(memcmp(bytes + length - sizeof text, text, sizeof text) == 0);
    free(bytes);
}

FACT(every_flipped_bit_is_noticed)
{
    struct road_file file;
    size_t length;
    uint8_t *bytes = encoded(&length);

    for (size_t i = 0; i < length * 8; i++) {
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
        if (road_file_decode(bytes, length, &file, NULL) == ROAD_OK) {
            CHECK_FAILED("bit %zu", i);
            road_file_done(&file);
        }
        bytes[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    free(bytes);
}

FACT(every_cut_is_noticed)
{
    struct road_file file;
    size_t length;
    uint8_t *bytes = encoded(&length);

    for (size_t i = 0; i < length; i++)
        CHECK(road_file_decode(bytes, i, &file, NULL) != ROAD_OK);
    free(bytes);
}

FACT(a_newer_version_is_refused_as_such)
{
    struct road_file file;
    size_t length;
    uint8_t *bytes = encoded(&length);

    bytes[8] = 2;
    CHECK_STATUS(road_file_decode(bytes, length, &file, NULL), ROAD_BAD_VERSION);
    free(bytes);
}

FACT(a_file_is_written_whole_and_read_again)
{
    const struct road_network network = small_network();
    char folder[TEMP_PATH_SIZE], path[TEMP_PATH_SIZE + 16], error[ROAD_FILE_ERROR_SIZE];
    struct road_file file;

    snprintf(path, sizeof path, "%s/roads", temp_make(folder));
    CHECK_STATUS(road_file_write(path, &network, error), ROAD_OK);
    CHECK_STATUS(road_file_read(path, &file, error), ROAD_OK);
    CHECK_INT(file.network.n_vertices, 5);
    road_file_done(&file);
    temp_remove(folder);
}

FACT(a_missing_file_is_named)
{
    char error[ROAD_FILE_ERROR_SIZE] = "";
    struct road_file file;

    CHECK_STATUS(road_file_read("/nowhere/roads", &file, error), ROAD_IO);
    CHECK_STR(error, "/nowhere/roads: No such file or directory");
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
