/* Lines and areas against naive models that look at every cell. */
#include "tests/check.h"

#include "grid/shape.h"
#include "tests/grid/oracle.h"

#define HANGZHOU  ((struct grid_zone){120, false})
#define ORIGIN_MM INT64_C(500000000)
#define CAPACITY  5000

static struct cell cells[CAPACITY];

static struct grid_point point_at(int64_t e_mm, int64_t n_mm)
{
    return (struct grid_point){ORIGIN_MM + e_mm, ORIGIN_MM + n_mm};
}

static size_t index_of(struct cell cell, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (cells[k].id == cell.id)
            return k;
    return SIZE_MAX;
}

/* --- lines ---------------------------------------------------------------------------------------------- */

/* The stretch of t = 0..1 in which a + t (b - a) lies in [low, low + size), as fractions over |b - a|; the
 * ends of it may belong to it or not. */
struct stretch {
    int64_t from, to, over; /* from / over .. to / over */
    bool has_from, has_to;
};

static struct stretch stretch_of(int64_t a, int64_t b, int64_t low, int64_t size)
{
    const int64_t over = b > a ? b - a : a - b;

    if (over == 0) {
        const bool is_in = a >= low && a < low + size;
        return (struct stretch){0, is_in ? 1 : -1, 1, true, true};
    }
    if (b > a)
        return (struct stretch){low - a, low + size - a, over, true, false};
    return (struct stretch){a - low - size, a - low, over, false, true};
}

/* Do the two stretches and 0..1 have a point in common? Small numbers, so products fit. */
static bool stretches_meet(struct stretch x, struct stretch y)
{
    const int64_t unit = x.over * y.over;
    const int64_t xf = x.from * y.over, xt = x.to * y.over, yf = y.from * x.over, yt = y.to * x.over;
    int64_t from = 0, to = unit;
    bool has_from = true, has_to = true;

    if (xf > from || (xf == from && !x.has_from))
        from = xf, has_from = x.has_from;
    if (yf > from || (yf == from && !y.has_from))
        has_from = y.has_from && (yf > from || has_from), from = yf;
    if (xt < to || (xt == to && !x.has_to))
        to = xt, has_to = x.has_to;
    if (yt < to || (yt == to && !y.has_to))
        has_to = y.has_to && (yt < to || has_to), to = yt;
    return from < to || (from == to && has_from && has_to);
}

static void check_line(struct grid_point a, struct grid_point b, int level)
{
    const int64_t size = INT64_C(1000) << level;
    const int64_t w = (a.e_mm < b.e_mm ? a.e_mm : b.e_mm) / size - 1,
                  e = (a.e_mm > b.e_mm ? a.e_mm : b.e_mm) / size + 1;
    const int64_t s = (a.n_mm < b.n_mm ? a.n_mm : b.n_mm) / size - 1,
                  n = (a.n_mm > b.n_mm ? a.n_mm : b.n_mm) / size + 1;
    size_t count = 0, want = 0;
    struct cell cell;

    CHECK_STATUS(cells_on_line(HANGZHOU, a, b, level, cells, CAPACITY, &count), ROAD_OK);
    for (int64_t i = w; i <= e; i++)
        for (int64_t j = s; j <= n; j++) {
            CHECK_STATUS(cell_from_point(HANGZHOU, (struct grid_point){i * size, j * size}, level, &cell),
                         ROAD_OK);
            const bool is_on = stretches_meet(stretch_of(a.e_mm, b.e_mm, i * size, size),
                                              stretch_of(a.n_mm, b.n_mm, j * size, size));
            want += is_on;
            if (is_on != (index_of(cell, count) != SIZE_MAX))
                CHECK_FAILED("(%" PRId64 ",%" PRId64 ")..(%" PRId64 ",%" PRId64 ") cell %" PRId64 " %" PRId64
                             ": want %d",
                             a.e_mm, a.n_mm, b.e_mm, b.n_mm, i, j, is_on);
        }
    CHECK_INT(count, want); /* so none twice */
    CHECK_STATUS(cell_from_point(HANGZHOU, a, level, &cell), ROAD_OK);
    CHECK_INT(cells[0].id, cell.id);
    CHECK_STATUS(cell_from_point(HANGZHOU, b, level, &cell), ROAD_OK);
    CHECK_INT(cells[count - 1].id, cell.id);
    for (size_t k = 1; k < count; k++) {
        struct cell neighbours[8];
        bool is_next = false;
        cell_neighbours(cells[k - 1], neighbours);
        for (int d = 0; d < 8; d++)
            is_next |= neighbours[d].id == cells[k].id;
        CHECK(is_next);
    }
}

FACT(a_line_passes_the_cells_that_hold_a_point_of_it)
{
    uint64_t seed = 1;

    for (int k = 0; k < 3000; k++) {
        const struct grid_point a =
            point_at(oracle_integer(&seed, -9000, 9000), oracle_integer(&seed, -9000, 9000));
        const struct grid_point b =
            point_at(oracle_integer(&seed, -9000, 9000), oracle_integer(&seed, -9000, 9000));
        check_line(a, b, k % 3);
    }
}

FACT(a_line_through_corners_and_along_borders_passes_the_cells_that_hold_a_point_of_it)
{
    for (int64_t e = -3; e <= 3; e++)
        for (int64_t n = -3; n <= 3; n++)
            for (int64_t from = 0; from < 1000; from += 500) {
                check_line(point_at(from, 0), point_at(from + e * 1000, n * 1000), 0);
                check_line(point_at(0, from), point_at(e * 1000, from + n * 1000), 0);
                check_line(point_at(from, from), point_at(from + e * 500, from + n * 500), 0);
            }
}

FACT(a_long_line_ends_where_it_should)
{
    static struct cell many[1200000];
    struct cell cell;
    size_t count;
    /* 400 km east and 500 km north: exact only if products of more than 64 bits are. */
    const struct grid_point a = {100000001, 3000000003}, b = {500000007, 3500000011};

    CHECK_STATUS(cells_on_line(HANGZHOU, a, b, 0, many, 1200000, &count), ROAD_OK);
    CHECK_STATUS(cell_from_point(HANGZHOU, b, 0, &cell), ROAD_OK);
    CHECK_INT(many[count - 1].id, cell.id);
    CHECK(count <= 900001 && count >= 500001);
}

FACT(a_line_across_the_whole_frame_stays_on_its_way)
{
    /* Products of these lengths need 65 bits. */
    const struct grid_point a = {3, 16777215997}, b = {1048575991, 11};
    const long double e = (long double)(b.e_mm - a.e_mm), n = (long double)(b.n_mm - a.n_mm);
    const int level = 12;
    size_t count = 0;

    CHECK_STATUS(cells_on_line(HANGZHOU, a, b, level, cells, CAPACITY, &count), ROAD_OK);
    CHECK(count > 4096 && count <= 4096 + 256);
    for (size_t k = 0; k < count; k++) {
        const struct grid_point centre = cell_centre(cells[k]);
        const long double off =
            fabsl(e * (long double)(centre.n_mm - a.n_mm) - n * (long double)(centre.e_mm - a.e_mm));
        /* A line that meets a square passes its centre no further away than half the square seen along it. */
        CHECK(off <= (fabsl(e) + fabsl(n)) * (1000 << level) / 2);
    }
}

FACT(a_line_that_is_too_long_or_leaves_the_frame_is_refused)
{
    size_t count = 77;
    const struct grid_point corner = {0, 0}, far = {1048575999, 16777215999};

    CHECK_STATUS(cells_on_line(HANGZHOU, corner, far, 0, cells, CAPACITY, &count), ROAD_TOO_LARGE);
    CHECK_STATUS(cells_on_line(HANGZHOU, corner, (struct grid_point){-1, 0}, 0, cells, CAPACITY, &count),
                 ROAD_BAD_RANGE);
    CHECK_STATUS(cells_on_line(HANGZHOU, corner, far, 21, cells, CAPACITY, &count), ROAD_BAD_RANGE);
    CHECK_INT(count, 77);
}

FACT(a_full_array_is_told_with_the_true_count)
{
    size_t count;

    cells[3].id = 5;
    CHECK_STATUS(cells_on_line(HANGZHOU, point_at(0, 0), point_at(9500, 0), 0, cells, 3, &count), ROAD_FULL);
    CHECK_INT(count, 10);
    CHECK_INT(cells[3].id, 5);
    const struct grid_point square[4] = {point_at(0, 0), point_at(4000, 0), point_at(4000, 4000),
                                         point_at(0, 4000)};
    CHECK_STATUS(cells_in_polygon(HANGZHOU, square, 4, 0, cells, 3, &count), ROAD_FULL);
    CHECK_INT(count, 16);
    CHECK_INT(cells[3].id, 5);
}

/* --- polygons ------------------------------------------------------------------------------------------- */

/* The textbook crossing test with a ray to the north, in long double; NAN-free since centres on edges are
 * skipped. */
static bool is_inside(const struct grid_point *corners, size_t n, struct grid_point p, bool *ret_is_on_edge)
{
    bool in = false;

    *ret_is_on_edge = false;
    for (size_t i = 0; i < n; i++) {
        const struct grid_point a = corners[i], b = corners[(i + 1) % n];
        const int64_t cross = (b.e_mm - a.e_mm) * (p.n_mm - a.n_mm) - (b.n_mm - a.n_mm) * (p.e_mm - a.e_mm);
        *ret_is_on_edge |= cross == 0;
        if ((a.e_mm > p.e_mm) != (b.e_mm > p.e_mm)) {
            const long double t = (long double)(p.e_mm - a.e_mm) / (long double)(b.e_mm - a.e_mm);
            in ^= (long double)a.n_mm + t * (long double)(b.n_mm - a.n_mm) > (long double)p.n_mm;
        }
    }
    return in;
}

FACT(a_polygon_holds_the_cells_whose_centre_is_inside)
{
    uint64_t seed = 3;

    for (int k = 0; k < 400; k++) {
        struct grid_point corners[9];
        const size_t n = (size_t)oracle_integer(&seed, 3, 9);
        const int level = k % 3;
        const int64_t size = INT64_C(1000) << level;
        size_t count, found = 0;
        for (size_t i = 0; i < n; i++)
            corners[i] = point_at(oracle_integer(&seed, -20000, 20000), oracle_integer(&seed, -20000, 20000));
        CHECK_STATUS(cells_in_polygon(HANGZHOU, corners, n, level, cells, CAPACITY, &count), ROAD_OK);
        for (size_t c = 1; c < count; c++)
            CHECK(cells[c - 1].id < cells[c].id);
        for (int64_t i = (ORIGIN_MM - 24000) / size; i <= (ORIGIN_MM + 24000) / size; i++)
            for (int64_t j = (ORIGIN_MM - 24000) / size; j <= (ORIGIN_MM + 24000) / size; j++) {
                struct cell cell;
                bool is_on_edge;
                CHECK_STATUS(cell_from_point(HANGZHOU, (struct grid_point){i * size, j * size}, level, &cell),
                             ROAD_OK);
                const bool is_in = is_inside(corners, n, cell_centre(cell), &is_on_edge);
                const bool is_listed = index_of(cell, count) != SIZE_MAX;
                found += is_listed;
                if (!is_on_edge)
                    CHECK_INT(is_listed, is_in);
            }
        CHECK_INT(found, count);
    }
}

FACT(polygons_that_share_an_edge_part_the_cells_between_them)
{
    /* The edge runs through centres of cells on purpose. */
    const struct grid_point left[4] = {point_at(500, -7500), point_at(10500, 12500), point_at(-20000, 12500),
                                       point_at(-20000, -7500)};
    const struct grid_point right[4] = {point_at(500, -7500), point_at(10500, 12500), point_at(20000, 12500),
                                        point_at(20000, -7500)};
    const struct grid_point whole[4] = {point_at(-20000, -7500), point_at(20000, -7500),
                                        point_at(20000, 12500), point_at(-20000, 12500)};
    static struct cell others[CAPACITY];
    size_t n_left, n_right, n_whole;

    CHECK_STATUS(cells_in_polygon(HANGZHOU, left, 4, 0, cells, CAPACITY, &n_left), ROAD_OK);
    CHECK_STATUS(cells_in_polygon(HANGZHOU, right, 4, 0, others, CAPACITY, &n_right), ROAD_OK);
    for (size_t k = 0; k < n_right; k++)
        CHECK(index_of(others[k], n_left) == SIZE_MAX);
    CHECK_STATUS(cells_in_polygon(HANGZHOU, whole, 4, 0, cells, CAPACITY, &n_whole), ROAD_OK);
    CHECK_INT(n_left + n_right, n_whole);
    CHECK_INT(n_whole, 40 * 20);
}

FACT(a_centre_on_the_west_or_south_edge_is_inside)
{
    const struct grid_point square[4] = {point_at(500, 500), point_at(4500, 500), point_at(4500, 4500),
                                         point_at(500, 4500)};
    const struct grid_point last = point_at(3500, 3500);
    size_t count;
    struct cell cell;

    CHECK_STATUS(cells_in_polygon(HANGZHOU, square, 4, 0, cells, CAPACITY, &count), ROAD_OK);
    CHECK_INT(count, 16);
    CHECK_STATUS(cell_from_point(HANGZHOU, square[0], 0, &cell), ROAD_OK);
    CHECK_INT(cells[0].id, cell.id);
    CHECK_STATUS(cell_from_point(HANGZHOU, last, 0, &cell), ROAD_OK);
    CHECK_INT(cells[15].id, cell.id);
}

FACT(a_large_polygon_is_counted_exactly_and_a_larger_one_refused)
{
    const struct grid_point square[4] = {point_at(0, 0), point_at(2000000, 0), point_at(2000000, 2000000),
                                         point_at(0, 2000000)};
    const struct grid_point large[4] = {point_at(0, 0), point_at(2100000, 0), point_at(2100000, 2100000),
                                        point_at(0, 2100000)};
    size_t count = 0;

    CHECK_STATUS(cells_in_polygon(HANGZHOU, square, 4, 0, cells, 0, &count), ROAD_FULL);
    CHECK_INT(count, 4000000);
    CHECK_STATUS(cells_in_polygon(HANGZHOU, large, 4, 0, cells, 0, &count), ROAD_TOO_LARGE);
    CHECK_INT(count, 4000000);
    /* A road of 40 km, 20 m wide, slanting: most of the box round it is never looked at. */
    const struct grid_point road[4] = {point_at(0, 0), point_at(30000000, 25000000),
                                       point_at(30000000, 25020000), point_at(0, 20000)};
    CHECK_STATUS(cells_in_polygon(HANGZHOU, road, 4, 0, cells, 0, &count), ROAD_FULL);
    CHECK_NEAR((double)count, 600000, 100); /* its area in square metres */
}

FACT(a_polygon_may_reach_beyond_the_frame_but_not_beyond_reason)
{
    const struct grid_point wide[4] = {{-5000, -5000}, {2000, -5000}, {2000, 2000}, {-5000, 2000}};
    const struct grid_point absurd[3] = {{0, 0}, {INT64_MAX, 0}, {0, INT64_MIN}};
    size_t count = 9;

    CHECK_STATUS(cells_in_polygon(HANGZHOU, wide, 4, 0, cells, CAPACITY, &count), ROAD_OK);
    CHECK_INT(count, 4);
    CHECK_STATUS(cells_in_polygon(HANGZHOU, absurd, 3, 0, cells, CAPACITY, &count), ROAD_BAD_RANGE);
    CHECK_STATUS(cells_in_polygon(HANGZHOU, absurd, 2, 0, cells, CAPACITY, &count), ROAD_BAD_INPUT);
    CHECK_STATUS(cells_in_polygon((struct grid_zone){1, false}, wide, 4, 0, cells, CAPACITY, &count),
                 ROAD_BAD_RANGE);
    CHECK_INT(count, 4);
}

/* --- ellipses ------------------------------------------------------------------------------------------- */

FACT(an_ellipse_holds_the_cells_whose_centre_is_within_k_sigma)
{
    uint64_t seed = 8;

    for (int k = 0; k < 300; k++) {
        /* From axes and an angle, so that the model does not invert the covariance: distance along each axis.
         */
        const double major = oracle_between(&seed, 500, 8000), minor = oracle_between(&seed, 0.05, 1) * major;
        const double angle = oracle_between(&seed, 0, M_PI), c = cos(angle), s = sin(angle);
        const double reach = oracle_between(&seed, 0.5, 2.5);
        const struct grid_covariance covariance = {major * major * c * c + minor * minor * s * s,
                                                   (major * major - minor * minor) * s * c,
                                                   major * major * s * s + minor * minor * c * c};
        const struct grid_point centre =
            point_at(oracle_integer(&seed, -500, 500), oracle_integer(&seed, -500, 500));
        size_t count, found = 0;
        CHECK_STATUS(cells_in_ellipse(HANGZHOU, centre, covariance, reach, 0, cells, CAPACITY, &count),
                     ROAD_OK);
        for (int64_t i = -24; i <= 24; i++)
            for (int64_t j = -24; j <= 24; j++) {
                struct cell cell;
                CHECK_STATUS(cell_from_point(HANGZHOU, point_at(i * 1000, j * 1000), 0, &cell), ROAD_OK);
                const double e = (double)(cell_centre(cell).e_mm - centre.e_mm),
                             n = (double)(cell_centre(cell).n_mm - centre.n_mm);
                const double along = (e * c + n * s) / major, across = (n * c - e * s) / minor,
                             distance = hypot(along, across);
                const bool is_listed = index_of(cell, count) != SIZE_MAX;
                found += is_listed;
                if (fabs(distance - reach) > 1e-9)
                    CHECK_INT(is_listed, distance < reach);
            }
        CHECK_INT(found, count);
    }
}

FACT(an_ellipse_without_a_covariance_is_refused)
{
    size_t count = 6;
    static const struct grid_covariance bad[] = {{0, 0, 1},   {1, 1, 1},   {1, 2, 1},       {-1, 0, 1},
                                                 {NAN, 0, 1}, {1, NAN, 1}, {INFINITY, 0, 1}};

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK_STATUS(cells_in_ellipse(HANGZHOU, point_at(0, 0), bad[i], 2, 0, cells, CAPACITY, &count),
                     ROAD_BAD_RANGE);
    const struct grid_covariance good = {1e6, 0, 1e6};
    CHECK_STATUS(cells_in_ellipse(HANGZHOU, point_at(0, 0), good, NAN, 0, cells, CAPACITY, &count),
                 ROAD_BAD_RANGE);
    CHECK_STATUS(cells_in_ellipse(HANGZHOU, (struct grid_point){-1, 0}, good, 1, 0, cells, CAPACITY, &count),
                 ROAD_BAD_RANGE);
    CHECK_STATUS(cells_in_ellipse(HANGZHOU, point_at(0, 0), good, INFINITY, 0, cells, CAPACITY, &count),
                 ROAD_TOO_LARGE);
    CHECK_INT(count, 6);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
