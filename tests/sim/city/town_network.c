/* town_network.c - from a road network file to lanes between crossings. */
#include "tests/sim/city/town.h"

#include <stdlib.h>
#include <string.h>

/* A vertex is a crossing if another vertex lies at its millimetre, or a way ends there. */
struct meeting {
    struct grid_point at;
    uint32_t vertex;
};

static int by_place(const void *a, const void *b)
{
    const struct grid_point *x = &((const struct meeting *)a)->at, *y = &((const struct meeting *)b)->at;

    if (x->e_mm != y->e_mm)
        return x->e_mm < y->e_mm ? -1 : 1;
    return (x->n_mm > y->n_mm) - (x->n_mm < y->n_mm);
}

static bool *find_meetings(const struct road_network *network)
{
    struct meeting *all = calloc(network->n_vertices + 1u, sizeof *all);
    bool *is_meeting = calloc(network->n_vertices + 1u, sizeof *is_meeting);

    if (!all || !is_meeting) {
        free(all);
        free(is_meeting);
        return NULL;
    }
    for (uint32_t i = 0; i < network->n_vertices; i++)
        all[i] = (struct meeting){network->vertices[i].at, i};
    qsort(all, network->n_vertices, sizeof *all, by_place);
    for (uint32_t i = 1; i < network->n_vertices; i++)
        if (by_place(&all[i - 1], &all[i]) == 0)
            is_meeting[all[i - 1].vertex] = is_meeting[all[i].vertex] = true;
    free(all);
    return is_meeting;
}

/* The stretches of one way between its meetings. */
static bool add_way(struct town *town, const struct road_network *network, const struct road_way *way, const bool *is_meeting)
{
    struct town_point *line = calloc(way->n_vertices, sizeof *line);
    bool is_good = line != NULL;
    int n = 0;

    for (uint32_t i = 0; is_good && i < way->n_vertices; i++) {
        const struct grid_point at = network->vertices[way->first + i].at;
        line[n++] = (struct town_point){(double)at.e_mm / 1000, (double)at.n_mm / 1000, 0};
        if (n < 2 || !(is_meeting[way->first + i] || i + 1 == way->n_vertices))
            continue;
        is_good = town_add_way(town, line, n, way->class, way->is_oneway, road_text(network, way->name));
        line[0] = line[n - 1];
        n = 1;
    }
    free(line);
    return is_good;
}

bool town_of_network(struct town *ret_town, const struct road_network *network)
{
    bool *is_meeting = find_meetings(network);
    bool is_good = is_meeting != NULL;

    town_begin(ret_town, network->zone);
    for (uint32_t i = 0; is_good && i < network->n_ways; i++)
        is_good = add_way(ret_town, network, &network->ways[i], is_meeting);
    free(is_meeting);
    if (is_good && town_finish(ret_town))
        return true;
    town_done(ret_town);
    return false;
}
