/* Ages of 10 m pieces against hand calculations; the drive-next list against the optimum of all walks on small street grids. */
#include "tests/check.h"

#include "server/coverage/drive.h"

#define E0 INT64_C(515000000)
#define N0 INT64_C(3350000000)
#define TODAY 20000

/* ---- a network in the test's own memory ----------------------------------------------------------------- */

#define WAYS_MAX 64
static struct road_way ways[WAYS_MAX];
static struct road_vertex vertices[4 * WAYS_MAX];
static char text[8 * WAYS_MAX];
static uint64_t index_memory[20000];
static struct road_network network;

static void begin(void)
{
    network = (struct road_network){.zone = {120, false}, .ways = ways, .vertices = vertices, .text = text, .text_length = 1};
}

static struct road_way *add_way(bool is_oneway, uint16_t cadence_h)
{
    struct road_way *way = &ways[network.n_ways];

    *way = (struct road_way){.id = network.text_length, .class = ROAD_SECONDARY, .lanes = 2, .is_oneway = is_oneway,
                             .cadence_h = cadence_h, .width_mm = 7000, .first = network.n_vertices};
    network.text_length += (uint32_t)snprintf(text + network.text_length, 8, "%03u", network.n_ways++) + 1;
    return way;
}

static void add_vertex(double e_m, double n_m)
{
    vertices[network.n_vertices++].at = (struct grid_point){E0 + llround(e_m * 1000), N0 + llround(n_m * 1000)};
    ways[network.n_ways - 1].n_vertices++;
}

static void finish(void)
{
    road_measure(&network);
    CHECK_STATUS(road_check(&network, NULL, NULL), ROAD_OK);
    CHECK(road_index_bytes(&network) <= sizeof index_memory);
    road_index_build(&network, index_memory);
}

/* ---- ages ------------------------------------------------------------------------------------------------ */

#define PIECES_MAX 4000
static struct piece pieces[PIECES_MAX];

/* South of the line (the forward lane of a way to the east) yesterday, north of it never; beyond 50 m ten days ago. */
static int64_t day_at(const void *context, struct grid_point point)
{
    (void)context;
    if (point.n_mm > N0)
        return NEVER_WATCHED;
    return point.e_mm < E0 + 50000 ? TODAY - 1 : TODAY - 10;
}

static void one_road(uint16_t cadence_h)
{
    begin();
    add_way(false, cadence_h);
    add_vertex(0, 0);
    add_vertex(95, 0);
    finish();
}

FACT(each_direction_has_pieces_of_10_m_and_a_shorter_last_one)
{
    one_road(24);
    CHECK_INT(pieces_count(&network), 20);
    pieces_measure(&network, &(struct watched_days){day_at, NULL}, TODAY, 3, pieces);
    CHECK_INT(pieces[9].from_mm, 90000);
    CHECK_INT(pieces[9].to_mm, 95000);
    CHECK(!pieces[9].is_backward);
    CHECK(pieces[10].is_backward);
    CHECK_INT(pieces[10].from_mm, 0);
    CHECK_INT(piece_width_mm(&network, &pieces[0]), 3500);
}

FACT(a_piece_is_as_old_as_the_newest_day_of_its_own_direction)
{
    one_road(24);
    pieces_measure(&network, &(struct watched_days){day_at, NULL}, TODAY, 3, pieces);
    CHECK_INT(pieces[0].age_d, 1);
    CHECK_INT(pieces[0].state, PIECE_ON_TIME);
    CHECK_INT(pieces[6].age_d, 10);
    CHECK_INT(pieces[6].state, PIECE_STALE); /* three cadences of one day */
    CHECK_INT(pieces[15].state, PIECE_NEVER);
    one_road(5 * 24);
    pieces_measure(&network, &(struct watched_days){day_at, NULL}, TODAY, 3, pieces);
    CHECK_INT(pieces[6].state, PIECE_LATE); /* 10 days, of 5 planned, and grey from 15 */
}

FACT(a_way_without_a_cadence_is_not_planned)
{
    one_road(0);
    CHECK_INT(pieces_count(&network), 0);
}

FACT(sums_are_metres_of_each_direction_and_due_square_metres)
{
    struct piece_sums sums;

    one_road(24);
    pieces_measure(&network, &(struct watched_days){day_at, NULL}, TODAY, 3, pieces);
    piece_sums_init(&sums);
    for (size_t i = 0; i < 20; i++)
        piece_sums_add(&sums, &network, &pieces[i]);
    CHECK_NEAR(sums.metres[PIECE_ON_TIME], 50, 1e-9);
    CHECK_NEAR(sums.metres[PIECE_STALE], 45, 1e-9);
    CHECK_NEAR(sums.metres[PIECE_NEVER], 95, 1e-9);
    CHECK_NEAR(sums.due_cells, (45 + 95) * 3.5, 1e-9);
    CHECK_INT(sums.newest_d, 1);
    CHECK_INT(sums.oldest_d, 10);
}

/* ---- the graph ------------------------------------------------------------------------------------------- */

static size_t all_due(void)
{
    const size_t n = pieces_count(&network);
    static const struct watched_days never = {day_at, NULL};

    CHECK(n <= PIECES_MAX);
    pieces_measure(&network, &never, TODAY + 1000, 3, pieces); /* everything is stale or was never watched */
    return n;
}

FACT(ways_are_cut_where_they_meet)
{
    struct road_graph graph;

    begin();
    add_way(false, 24);
    add_vertex(0, 0);
    add_vertex(100, 0);
    add_vertex(200, 0);
    add_way(true, 24);
    add_vertex(100, 0);
    add_vertex(100, 80);
    finish();
    const size_t n = all_due();
    CHECK_STATUS(road_graph_make(&network, pieces, n, &graph), ROAD_OK);
    CHECK_INT(graph.n_junctions, 4);
    CHECK_INT(graph.n_arcs, 5); /* two stretches both ways, and a oneway */
    double due = 0, length = 0;
    for (uint32_t i = 0; i < graph.n_arcs; i++) {
        due += graph.arcs[i].due_m2;
        length += graph.arcs[i].length_m;
    }
    CHECK_NEAR(length, 480, 1e-6);
    CHECK_NEAR(due, 2 * 200 * 3.5 + 80 * 7, 1e-6);
    road_graph_done(&graph);
}

/* ---- the drive ------------------------------------------------------------------------------------------- */

static uint64_t random_state = 3;

static double uniform(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (double)(random_state >> 11) * 0x1p-53;
}

/* Streets of a 3 x 3 grid with crooked distances, some oneways; half of the arcs are due. */
static void street_grid(struct road_graph *graph)
{
    double e[3] = {0}, n[3] = {0};

    begin();
    for (int i = 1; i < 3; i++) {
        e[i] = e[i - 1] + 60 + 80 * uniform();
        n[i] = n[i - 1] + 60 + 80 * uniform();
    }
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 2; k++) {
            add_way(uniform() < 0.2, 24);
            add_vertex(e[k], n[i]);
            add_vertex(e[k + 1], n[i]);
            add_way(uniform() < 0.2, 24);
            add_vertex(e[i], n[k]);
            add_vertex(e[i], n[k + 1]);
        }
    finish();
    const size_t count = all_due();
    CHECK_STATUS(road_graph_make(&network, pieces, count, graph), ROAD_OK);
    for (uint32_t a = 0; a < graph->n_arcs; a++)
        graph->arcs[a].due_m2 *= uniform() < 0.5 ? uniform() : 0;
}

/* All walks of at most length_m from a junction. */
static double best_walk(const struct road_graph *g, uint32_t at, double length_m, uint64_t watched, double due)
{
    double best = due;

    for (uint32_t a = g->first[at]; a < g->first[at + 1]; a++) {
        if (g->arcs[a].length_m > length_m)
            continue;
        const double more = watched >> a & 1 ? 0 : g->arcs[a].due_m2;
        best = fmax(best, best_walk(g, g->arcs[a].to, length_m - g->arcs[a].length_m, watched | UINT64_C(1) << a, due + more));
    }
    return best;
}

static void check_walk(const struct road_graph *g, const struct drive *d, double length_m)
{
    uint64_t watched = 0;
    double due = 0, length = 0;

    for (size_t i = 0; i < d->n_arcs; i++) {
        const struct arc *arc = &g->arcs[d->arcs[i]];
        if (i > 0)
            CHECK_INT(arc->from, g->arcs[d->arcs[i - 1]].to);
        due += watched >> d->arcs[i] & 1 ? 0 : arc->due_m2;
        length += arc->length_m;
        watched |= UINT64_C(1) << d->arcs[i];
    }
    CHECK_NEAR(due, d->due_m2, 1e-6);
    CHECK_NEAR(length, d->length_m, 1e-6);
    CHECK(length <= length_m + 1e-6);
}

FACT(on_small_grids_the_drive_comes_near_the_best_of_all_walks)
{
    static struct drive drive;
    double sum = 0, least = 1;
    int n = 0, n_best = 0;

    for (int i = 0; i < 60; i++) {
        const double length_m = 300 + 500 * uniform();
        struct road_graph graph;
        double best = 0;
        street_grid(&graph);
        CHECK(graph.n_arcs <= 64);
        for (uint32_t j = 0; j < graph.n_junctions; j++)
            best = fmax(best, best_walk(&graph, j, length_m, 0, 0));
        CHECK_STATUS(drive_plan(&graph, length_m, ROAD_NO_WAY, &drive), ROAD_OK);
        check_walk(&graph, &drive, length_m);
        CHECK(drive.due_m2 <= best + 1e-6);
        if (best > 0) {
            const double ratio = drive.due_m2 / best;
            sum += ratio, n++;
            n_best += ratio > 1 - 1e-9;
            least = fmin(least, ratio);
        }
        road_graph_done(&graph);
    }
    printf("  %d grids: of the optimum %.3f on average, %.3f at least, the optimum itself in %d\n", n, sum / n, least, n_best);
    CHECK(n > 50);
    CHECK(sum / n > 0.9);
    CHECK(least > 0.6);
}

FACT(a_drive_from_a_given_junction_begins_there)
{
    static struct drive drive;
    struct road_graph graph;

    street_grid(&graph);
    CHECK_STATUS(drive_plan(&graph, 800, 4, &drive), ROAD_OK);
    CHECK(drive.n_arcs > 0);
    CHECK_INT(graph.arcs[drive.arcs[0]].from, 4);
    check_walk(&graph, &drive, 800);
    road_graph_done(&graph);
}

FACT(where_nothing_is_due_there_is_nothing_to_drive)
{
    static struct drive drive = {.n_arcs = 7};
    struct road_graph graph;

    street_grid(&graph);
    for (uint32_t a = 0; a < graph.n_arcs; a++)
        graph.arcs[a].due_m2 = 0;
    CHECK_STATUS(drive_plan(&graph, 800, ROAD_NO_WAY, &drive), ROAD_OK);
    CHECK_INT(drive.n_arcs, 0);
    road_graph_done(&graph);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
