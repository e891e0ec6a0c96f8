#include "tests/check.h"

#include "grid/cell.h"
#include "tests/grid/oracle.h"

#define HANGZHOU ((struct grid_zone){120, false})
#define COLUMNS  (INT64_C(1) << 20)
#define ROWS     (INT64_C(1) << 24)

/* Places and their cells. Millimetres: PROJ 9.1.1, `+proj=tmerc` with the frame of the zone; ids: a bit loop
 * in another language over the layout in docs/grid.md. The first row is the design's vector. */
static const struct {
    const char *name;
    double lat_deg, lon_deg;
    struct grid_zone zone;
    struct grid_point point;
    const char *human;
    uint64_t id, parent_16_m;
} vectors[] = {
    {"Hangzhou, Wulin Square",
     30.2741,
     120.1636,
     {120, false},
     {515741606, 3350510017},
     "40-515741-3350510",
     1414241059722227,
     1414241059721984},
    {"Sydney",
     -33.8688,
     151.2093,
     {150, true},
     {611895564, 6250233282},
     "50S-611895-6250233",
     5994358742015791,
     5994358742015744},
    {"Greenwich",
     51.4778,
     -0.0015,
     {0, false},
     {499895789, 5705242333},
     "0-499895-5705242",
     11538585915195,
     11538585915136},
    {"Reykjavik",
     64.1466,
     -21.9426,
     {339, false},
     {454120025, 7116536483},
     "113-454120-7116536",
     3990581570436481,
     3990581570436352},
    {"Ushuaia",
     -54.8019,
     -68.3030,
     {291, true},
     {544823027, 3924599725},
     "97S-544823-3924599",
     7643347188473471,
     7643347188473600},
    {"Gyor",
     47.6875,
     17.6504,
     {18, false},
     {473753826, 5283740783},
     "6-473753-5283740",
     222286298580931,
     222286298580736},
    {"Longyearbyen",
     78.2232,
     15.6267,
     {15, false},
     {514284429, 8686830201},
     "5-514284-8686830",
     193976355387889,
     193976355387648},
};
#define VECTORS (sizeof vectors / sizeof vectors[0])

FACT(known_places_have_known_cells)
{
    for (size_t v = 0; v < VECTORS; v++) {
        struct grid_point point;
        struct cell cell;
        char text[CELL_TEXT_SIZE];
        const struct grid_zone zone = grid_zone_nearest(vectors[v].lat_deg, vectors[v].lon_deg);
        CHECK_INT(zone.meridian_deg, vectors[v].zone.meridian_deg);
        CHECK_INT(zone.is_south, vectors[v].zone.is_south);
        CHECK_STATUS(grid_project(zone, vectors[v].lat_deg, vectors[v].lon_deg, &point), ROAD_OK);
        CHECK_INT(point.e_mm, vectors[v].point.e_mm);
        CHECK_INT(point.n_mm, vectors[v].point.n_mm);
        CHECK_STATUS(cell_from_point(zone, point, 0, &cell), ROAD_OK);
        CHECK_INT(cell.id, vectors[v].id);
        CHECK_INT(cell_parent(cell, 4).id, vectors[v].parent_16_m);
        CHECK_STR(cell_format(cell, text), vectors[v].human);
    }
}

FACT(a_parent_reads_with_its_size)
{
    char text[CELL_TEXT_SIZE];

    CHECK_STR(cell_format((struct cell){UINT64_C(1414241059721984)}, text), "40-515728-3350496/16");
}

/* The layout of docs/grid.md, bit by bit. */
static uint64_t id_by_bits(struct grid_zone zone, int64_t column, int64_t row, int level)
{
    uint64_t id = (uint64_t)(zone.meridian_deg / 3 + (zone.is_south ? 120 : 0)) << 45;

    for (int bit = 0; bit < 4; bit++)
        id |= (uint64_t)(row >> (20 + bit) & 1) << (41 + bit);
    for (int bit = level; bit < 20; bit++)
        id |= (uint64_t)(column >> bit & 1) << (2 * bit + 1) | (uint64_t)(row >> bit & 1) << (2 * bit + 2);
    return id | UINT64_C(1) << 2 * level;
}

FACT(ids_of_random_cells_follow_the_layout_at_every_level)
{
    uint64_t seed = 44;

    for (int k = 0; k < 200000; k++) {
        const struct grid_zone zone = {(int)oracle_integer(&seed, 0, 119) * 3,
                                       oracle_integer(&seed, 0, 1) == 1};
        const int64_t column = oracle_integer(&seed, 0, COLUMNS - 1),
                      row = oracle_integer(&seed, 0, ROWS - 1);
        const struct grid_point point = {column * 1000 + oracle_integer(&seed, 0, 999),
                                         row * 1000 + oracle_integer(&seed, 0, 999)};
        const int level = (int)oracle_integer(&seed, 0, CELL_LEVEL_MAX);
        const int64_t size_mm = INT64_C(1000) << level;
        struct cell cell;
        CHECK_STATUS(cell_from_point(zone, point, level, &cell), ROAD_OK);
        CHECK_INT(cell.id, id_by_bits(zone, column, row, level));
        CHECK(cell.id >> 53 == 0);
        CHECK(cell_is_valid(cell));
        CHECK_INT(cell_level(cell), level);
        CHECK_INT(cell_size_mm(cell), size_mm);
        CHECK_INT(cell_zone(cell).meridian_deg, zone.meridian_deg);
        CHECK_INT(cell_zone(cell).is_south, zone.is_south);
        CHECK_INT(cell_corner(cell).e_mm, point.e_mm / size_mm * size_mm);
        CHECK_INT(cell_corner(cell).n_mm, point.n_mm / size_mm * size_mm);
        CHECK_INT(cell_centre(cell).e_mm, cell_corner(cell).e_mm + size_mm / 2);
        CHECK_INT(cell_centre(cell).n_mm, cell_corner(cell).n_mm + size_mm / 2);
    }
}

FACT(a_cell_is_half_open)
{
    struct cell a, b;

    CHECK_STATUS(cell_from_point(HANGZHOU, (struct grid_point){1000, 1999}, 0, &a), ROAD_OK);
    CHECK_INT(cell_corner(a).e_mm, 1000);
    CHECK_INT(cell_corner(a).n_mm, 1000);
    CHECK_STATUS(cell_from_point(HANGZHOU, (struct grid_point){999, 2000}, 0, &b), ROAD_OK);
    CHECK_INT(cell_corner(b).e_mm, 0);
    CHECK_INT(cell_corner(b).n_mm, 2000);
}

FACT(points_beyond_the_frame_are_refused_and_change_nothing)
{
    static const struct grid_point outside[] = {
        {-1, 0}, {0, -1}, {COLUMNS * 1000, 0}, {0, ROWS * 1000}, {INT64_MAX, INT64_MAX}, {INT64_MIN, 5}};
    struct cell cell = {42};

    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
        CHECK_STATUS(cell_from_point(HANGZHOU, outside[i], 0, &cell), ROAD_BAD_RANGE);
    CHECK_STATUS(cell_from_point((struct grid_zone){121, false}, (struct grid_point){0, 0}, 0, &cell),
                 ROAD_BAD_RANGE);
    CHECK_STATUS(cell_from_point(HANGZHOU, (struct grid_point){0, 0}, -1, &cell), ROAD_BAD_RANGE);
    CHECK_STATUS(cell_from_point(HANGZHOU, (struct grid_point){0, 0}, 21, &cell), ROAD_BAD_RANGE);
    CHECK_INT(cell.id, 42);
    CHECK_STATUS(
        cell_from_point(HANGZHOU, (struct grid_point){COLUMNS * 1000 - 1, ROWS * 1000 - 1}, 0, &cell),
        ROAD_OK);
}

FACT(valid_ids_have_an_even_sentinel_up_to_level_20_and_a_known_zone)
{
    CHECK(!cell_is_valid((struct cell){0}));
    for (int bit = 0; bit < 64; bit++)
        CHECK_INT(cell_is_valid((struct cell){UINT64_C(1) << bit}), bit <= 40 && bit % 2 == 0);
    CHECK(cell_is_valid((struct cell){UINT64_C(239) << 45 | 1}));
    CHECK(!cell_is_valid((struct cell){UINT64_C(240) << 45 | 1}));
    CHECK(!cell_is_valid((struct cell){UINT64_MAX}));
}

FACT(a_parent_holds_its_children_in_one_range_at_every_pair_of_levels)
{
    uint64_t seed = 20;

    for (int k = 0; k < 300; k++) {
        const struct grid_point point = {oracle_integer(&seed, 0, COLUMNS * 1000 - 1),
                                         oracle_integer(&seed, 0, ROWS * 1000 - 1)};
        for (int low = 0; low <= CELL_LEVEL_MAX; low++)
            for (int high = low; high <= CELL_LEVEL_MAX; high++) {
                struct cell child, parent;
                uint64_t first, last;
                CHECK_STATUS(cell_from_point(HANGZHOU, point, low, &child), ROAD_OK);
                CHECK_STATUS(cell_from_point(HANGZHOU, point, high, &parent), ROAD_OK);
                CHECK_INT(cell_parent(child, high).id, parent.id);
                cell_range(parent, &first, &last);
                CHECK(first <= child.id && child.id <= last);
                CHECK(cell_contains(parent, child));
                CHECK_INT(cell_contains(child, parent), low == high);
            }
    }
}

FACT(the_range_of_a_cell_is_exactly_its_descendants)
{
    struct cell square, other;
    uint64_t first, last;
    size_t inside = 0;

    CHECK_STATUS(cell_from_point(HANGZHOU, (struct grid_point){515741606, 3350510017}, 3, &square), ROAD_OK);
    const struct grid_point corner = cell_corner(square);
    cell_range(square, &first, &last);
    for (int level = 0; level <= 3; level++)
        for (int64_t e = -8; e < 16; e += INT64_C(1) << level)
            for (int64_t n = -8; n < 16; n += INT64_C(1) << level) {
                const struct grid_point at = {corner.e_mm + e * 1000, corner.n_mm + n * 1000};
                CHECK_STATUS(cell_from_point(HANGZHOU, at, level, &other), ROAD_OK);
                const bool is_inside = e >= 0 && e < 8 && n >= 0 && n < 8;
                CHECK_INT(first <= other.id && other.id <= last, is_inside);
                inside += is_inside;
            }
    CHECK_INT(inside, 64 + 16 + 4 + 1);
    CHECK_INT(last - first + 1, 2 * 64 - 1); /* no id of another kind fits between */
}

static void check_neighbours(int64_t column, int64_t row, int level)
{
    static const int east[8] = {0, 1, 1, 1, 0, -1, -1, -1}, north[8] = {1, 1, 0, -1, -1, -1, 0, 1};
    struct cell cell, neighbours[8];

    CHECK_STATUS(cell_from_point(HANGZHOU,
                                 (struct grid_point){(column << level) * 1000, (row << level) * 1000}, level,
                                 &cell),
                 ROAD_OK);
    cell_neighbours(cell, neighbours);
    for (int d = 0; d < 8; d++) {
        const int64_t c = column + east[d], r = row + north[d];
        const bool is_outside = c < 0 || r < 0 || c >= COLUMNS >> level || r >= ROWS >> level;
        CHECK_INT(neighbours[d].id, is_outside ? 0 : id_by_bits(HANGZHOU, c << level, r << level, level));
    }
}

FACT(neighbours_at_every_edge_and_corner_of_the_frame_and_of_the_row_blocks)
{
    for (int level = 0; level <= CELL_LEVEL_MAX; level++) {
        const int64_t columns = COLUMNS >> level, rows = ROWS >> level, block = COLUMNS >> level;
        const int64_t near_columns[] = {0, 1, columns / 2 - 1, columns / 2, columns - 2, columns - 1};
        const int64_t near_rows[] = {0, 1, block - 1, block, block + 1, rows / 2, rows - 2, rows - 1};
        for (size_t c = 0; c < 6; c++)
            for (size_t r = 0; r < 8; r++)
                if (near_columns[c] >= 0 && near_columns[c] < columns && near_rows[r] < rows)
                    check_neighbours(near_columns[c], near_rows[r], level);
    }
}

FACT(the_human_form_and_the_number_come_back_as_the_cell)
{
    uint64_t seed = 12;

    for (int k = 0; k < 100000; k++) {
        const struct grid_zone zone = {(int)oracle_integer(&seed, 0, 119) * 3,
                                       oracle_integer(&seed, 0, 1) == 1};
        const struct grid_point point = {oracle_integer(&seed, 0, COLUMNS * 1000 - 1),
                                         oracle_integer(&seed, 0, ROWS * 1000 - 1)};
        struct cell cell, back = {0};
        char text[CELL_TEXT_SIZE], number[CELL_TEXT_SIZE];
        CHECK_STATUS(cell_from_point(zone, point, (int)oracle_integer(&seed, 0, CELL_LEVEL_MAX), &cell),
                     ROAD_OK);
        CHECK_STATUS(cell_parse(cell_format(cell, text), &back), ROAD_OK);
        CHECK_INT(back.id, cell.id);
        (void)snprintf(number, sizeof number, "%" PRIu64, cell.id);
        back.id = 0;
        CHECK_STATUS(cell_parse(number, &back), ROAD_OK);
        CHECK_INT(back.id, cell.id);
    }
}

FACT(the_longest_human_form_fits)
{
    struct cell cell;
    char text[CELL_TEXT_SIZE];

    CHECK_STATUS(cell_from_point((struct grid_zone){357, true},
                                 (struct grid_point){COLUMNS * 1000 - 1, ROWS * 1000 - 1}, 0, &cell),
                 ROAD_OK);
    CHECK_STR(cell_format(cell, text), "119S-1048575-16777215");
    CHECK_STR(cell_format(cell_parent(cell, 20), text), "119S-0-15728640/1048576");
}

FACT(what_is_no_cell_is_refused_and_changes_nothing)
{
    static const struct {
        const char *text;
        enum road_status status;
    } bad[] = {
        {"", ROAD_BAD_INPUT},
        {" 1", ROAD_BAD_INPUT},
        {"-1", ROAD_BAD_INPUT},
        {"0x1", ROAD_BAD_INPUT},
        {"0", ROAD_BAD_RANGE},
        {"2", ROAD_BAD_RANGE},
        {"8444249301319680001", ROAD_BAD_INPUT},
        {"8444249301319681", ROAD_BAD_RANGE},
        {"40", ROAD_BAD_RANGE},
        {"40-", ROAD_BAD_INPUT},
        {"40-1", ROAD_BAD_INPUT},
        {"40-1-", ROAD_BAD_INPUT},
        {"40-1-1 ", ROAD_BAD_INPUT},
        {"40-1-1/", ROAD_BAD_INPUT},
        {"40-1-1/0", ROAD_BAD_INPUT},
        {"40-1-1/1", ROAD_BAD_INPUT},
        {"40-1-1/2", ROAD_BAD_INPUT},
        {"40-1-2/2", ROAD_BAD_INPUT},
        {"40-2-1/2", ROAD_BAD_INPUT},
        {"40-6-6/3", ROAD_BAD_INPUT},
        {"40-0-0/2097152", ROAD_BAD_RANGE},
        {"40s-1-1", ROAD_BAD_INPUT},
        {"40N-1-1", ROAD_BAD_INPUT},
        {"040-1-1", ROAD_BAD_INPUT},
        {"40-01-1", ROAD_BAD_INPUT},
        {"40--1-1", ROAD_BAD_INPUT},
        {"120-1-1", ROAD_BAD_RANGE},
        {"40-1048576-1", ROAD_BAD_RANGE},
        {"40-1-16777216", ROAD_BAD_RANGE},
        {"40-1-99999999999999999999999", ROAD_BAD_INPUT},
        {"40-515741-3350510-1", ROAD_BAD_INPUT},
        {"1414241059722227x", ROAD_BAD_INPUT},
    };
    struct cell cell = {42};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        const enum road_status status = cell_parse(bad[i].text, &cell);
        if (status != bad[i].status)
            CHECK_FAILED("'%s': got %s, want %s", bad[i].text, road_status_name(status),
                         road_status_name(bad[i].status));
    }
    CHECK_INT(cell.id, 42);
}

/* The 8 x 8 squares of a leaf by their corners, against the numbers' bits: even ones east, odd ones north. */
FACT(a_leafs_squares_are_numbered_in_morton_order)
{
    const struct grid_zone zone = {120, false};

    for (int level = 3; level <= CELL_LEVEL_MAX; level++) {
        struct cell leaf;
        cell_from_point(zone, (struct grid_point){515741999, 3350510999}, level, &leaf);
        const struct grid_point corner = cell_corner(leaf);
        for (unsigned number = 0; number < 64; number++) {
            const int64_t east = (number & 1) | (number >> 1 & 2) | (number >> 2 & 4);
            const int64_t north = (number >> 1 & 1) | (number >> 2 & 2) | (number >> 3 & 4);
            const int64_t size = INT64_C(1000) << (level - 3);
            const struct grid_point at = {corner.e_mm + east * size, corner.n_mm + north * size};
            struct cell want = {0};
            cell_from_point(zone, at, level - 3, &want);
            CHECK(cell_of_leaf(leaf, number).id == want.id);
            CHECK_INT(cell_number_in_leaf(want), number);
        }
    }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
