/* graph.c - from ways to junctions and arcs: a junction is where a way ends or where ways share a vertex. */
#include <stdlib.h>
#include <string.h>

#include "server/coverage/drive.h"

/* Every place that is a vertex, how often, and which junction it became. */
struct place {
    struct grid_point at;
    uint32_t n; /* 0: free */
    uint32_t junction;
};

struct places {
    struct place *slots;
    size_t mask;
};

static struct place *place_of(const struct places *places, struct grid_point at)
{
    const uint64_t key = (uint64_t)at.e_mm * UINT64_C(0x9E3779B97F4A7C15) ^ (uint64_t)at.n_mm * UINT64_C(0xC2B2AE3D27D4EB4F);
    size_t slot = (key ^ key >> 29) & places->mask;

    while (places->slots[slot].n && (places->slots[slot].at.e_mm != at.e_mm || places->slots[slot].at.n_mm != at.n_mm))
        slot = (slot + 1) & places->mask;
    return &places->slots[slot];
}

static void count_places(const struct road_network *network, struct places *places)
{
    for (uint32_t w = 0; w < network->n_ways; w++)
        for (uint32_t i = 0; i < network->ways[w].n_vertices; i++) {
            const struct grid_point at = network->vertices[network->ways[w].first + i].at;
            struct place *place = place_of(places, at);
            const bool is_end = i == 0 || i + 1 == network->ways[w].n_vertices;
            place->at = at;
            place->n += is_end ? 2 : 1;
        }
}

static bool is_junction(const struct places *places, struct grid_point at)
{
    return place_of(places, at)->n > 1;
}

/* Calls for every stretch of a way between two junctions; returns how many. */
static uint32_t each_stretch(const struct road_network *network, const struct places *places,
                             void (*take)(void *context, uint32_t way, uint32_t from, uint32_t to), void *context)
{
    uint32_t n = 0;

    for (uint32_t w = 0; w < network->n_ways; w++) {
        const uint32_t first = network->ways[w].first, last = first + network->ways[w].n_vertices - 1;
        for (uint32_t from = first, i = first + 1; i <= last; i++) {
            if (!is_junction(places, network->vertices[i].at))
                continue;
            n += network->ways[w].is_oneway ? 1 : 2;
            if (take)
                take(context, w, from, i);
            from = i;
        }
    }
    return n;
}

struct maker {
    const struct road_network *network;
    const struct places *places;
    struct road_graph *graph;
};

static void add_arc(struct maker *maker, uint32_t way, uint32_t from, uint32_t to, bool is_backward)
{
    const struct road_vertex *a = &maker->network->vertices[from], *b = &maker->network->vertices[to];
    const uint32_t tail = place_of(maker->places, a->at)->junction, head = place_of(maker->places, b->at)->junction;

    maker->graph->arcs[maker->graph->n_arcs++] = (struct arc){.from = is_backward ? head : tail,
                                                             .to = is_backward ? tail : head,
                                                             .way = way,
                                                             .is_backward = is_backward,
                                                             .from_mm = a->chainage_mm,
                                                             .to_mm = b->chainage_mm,
                                                             .length_m = (double)(b->chainage_mm - a->chainage_mm) / 1000};
}

static void take_stretch(void *context, uint32_t way, uint32_t from, uint32_t to)
{
    struct maker *maker = context;

    add_arc(maker, way, from, to, false);
    if (!maker->network->ways[way].is_oneway)
        add_arc(maker, way, from, to, true);
}

/* Arcs lie by way, stretch and direction: pieces by way, direction and chainage. */
static int by_way(const void *a, const void *b)
{
    const struct arc *x = a, *y = b;

    if (x->way != y->way)
        return x->way < y->way ? -1 : 1;
    if (x->is_backward != y->is_backward)
        return x->is_backward - y->is_backward;
    return (x->from_mm > y->from_mm) - (x->from_mm < y->from_mm);
}

static int by_junction(const void *a, const void *b)
{
    const struct arc *x = a, *y = b;

    return x->from != y->from ? (x->from > y->from) - (x->from < y->from) : by_way(a, b);
}

static double overlap_m(const struct arc *arc, const struct piece *piece)
{
    const int64_t from = arc->from_mm > piece->from_mm ? arc->from_mm : piece->from_mm;
    const int64_t to = arc->to_mm < piece->to_mm ? arc->to_mm : piece->to_mm;

    return to > from ? (double)(to - from) / 1000 : 0;
}

/* Both lists ascend alike: one walk. A piece may lie on several short arcs. */
static void value_arcs(const struct road_network *network, const struct piece *pieces, size_t n_pieces, struct road_graph *graph)
{
    qsort(graph->arcs, graph->n_arcs, sizeof *graph->arcs, by_way);
    for (size_t p = 0, a = 0; p < n_pieces; p++) {
        const struct piece *piece = &pieces[p];
        const struct arc key = {.way = piece->way, .is_backward = piece->is_backward, .from_mm = piece->from_mm};
        if (piece->state == PIECE_ON_TIME)
            continue;
        while (a + 1 < graph->n_arcs && by_way(&graph->arcs[a + 1], &key) <= 0)
            a++;
        for (size_t i = a; i < graph->n_arcs && graph->arcs[i].way == piece->way && graph->arcs[i].is_backward == piece->is_backward &&
                           graph->arcs[i].from_mm < piece->to_mm; i++)
            graph->arcs[i].due_m2 += overlap_m(&graph->arcs[i], piece) * piece_width_mm(network, piece) / 1000;
    }
    qsort(graph->arcs, graph->n_arcs, sizeof *graph->arcs, by_junction);
}

static void number_junctions(struct places *places, struct road_graph *graph)
{
    for (size_t i = 0; i <= places->mask; i++)
        if (places->slots[i].n > 1) {
            places->slots[i].junction = graph->n_junctions;
            graph->at[graph->n_junctions++] = places->slots[i].at;
        }
}

enum road_status road_graph_make(const struct road_network *network, const struct piece *pieces, size_t n_pieces,
                                 struct road_graph *ret_graph)
{
    struct places places = {.mask = 15};
    struct road_graph graph = {.n_junctions = 0};

    while (places.mask < 2 * (size_t)network->n_vertices)
        places.mask = 2 * places.mask + 1;
    places.slots = calloc(places.mask + 1, sizeof *places.slots);
    if (!places.slots)
        return ROAD_NO_MEMORY;
    count_places(network, &places);
    size_t n_junctions = 0;
    for (size_t i = 0; i <= places.mask; i++)
        n_junctions += places.slots[i].n > 1;
    const uint32_t n_arcs = each_stretch(network, &places, NULL, NULL);
    graph.arcs = calloc(n_arcs + 1, sizeof *graph.arcs);
    graph.at = calloc(n_junctions + 1, sizeof *graph.at);
    graph.first = calloc(n_junctions + 2, sizeof *graph.first);
    if (!graph.arcs || !graph.at || !graph.first) {
        road_graph_done(&graph);
        free(places.slots);
        return ROAD_NO_MEMORY;
    }
    number_junctions(&places, &graph);
    struct maker maker = {network, &places, &graph};
    each_stretch(network, &places, take_stretch, &maker);
    free(places.slots);
    value_arcs(network, pieces, n_pieces, &graph);
    for (uint32_t i = 0; i < graph.n_arcs; i++)
        graph.first[graph.arcs[i].from + 1]++;
    for (uint32_t i = 0; i < graph.n_junctions; i++)
        graph.first[i + 1] += graph.first[i];
    *ret_graph = graph;
    return ROAD_OK;
}

void road_graph_done(struct road_graph *graph)
{
    free(graph->arcs);
    free(graph->at);
    free(graph->first);
    memset(graph, 0, sizeof *graph);
}
