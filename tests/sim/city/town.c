#include "tests/sim/city/town.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LANE_OFFSET_M 1.75 /* half of a 3.5 m lane */
#define STARTS 24

bool town_is_main(enum road_class class)
{
    return class <= ROAD_ARTERIAL;
}

/* Room for one more; doubles. NULL if memory ran out, and then the old array is still the caller's. */
static void *one_more(void *items, int n, int *capacity, size_t size)
{
    if (n < *capacity)
        return items;
    const int wanted = *capacity ? 2 * *capacity : 64;
    void *grown = realloc(items, (size_t)wanted * size);
    if (grown)
        *capacity = wanted;
    return grown;
}

void town_begin(struct town *ret_town, struct grid_zone zone)
{
    *ret_town = (struct town){.zone = zone};
}

static size_t table_slot(const struct town *town, double e_m, double n_m)
{
    const uint64_t key = (uint64_t)llround(e_m * 1000) * 0x9E3779B97F4A7C15u ^ (uint64_t)llround(n_m * 1000) * 0xC2B2AE3D27D4EB4Fu;
    size_t slot = (size_t)(key >> 32) & (size_t)(town->room.table_size - 1);

    for (;; slot = (slot + 1) & (size_t)(town->room.table_size - 1)) {
        const int node = town->room.table[slot];
        if (node < 0 || (llround(town->room.node_at[node].e_m * 1000) == llround(e_m * 1000) &&
                         llround(town->room.node_at[node].n_m * 1000) == llround(n_m * 1000)))
            return slot;
    }
}

static bool grow_table(struct town *town)
{
    const int size = town->room.table_size ? 2 * town->room.table_size : 256;
    int *table = malloc((size_t)size * sizeof *table);

    if (!table)
        return false;
    for (int i = 0; i < size; i++)
        table[i] = -1;
    free(town->room.table);
    town->room.table = table;
    town->room.table_size = size;
    for (int i = 0; i < town->n_nodes; i++)
        table[table_slot(town, town->room.node_at[i].e_m, town->room.node_at[i].n_m)] = i;
    return true;
}

/* The crossing at this place; made if there is none. -1: no memory. */
static int crossing_at(struct town *town, double e_m, double n_m)
{
    if (2 * (town->n_nodes + 1) > town->room.table_size && !grow_table(town))
        return -1;
    const size_t slot = table_slot(town, e_m, n_m);
    if (town->room.table[slot] >= 0)
        return town->room.table[slot];
    void *grown = one_more(town->room.node_at, town->n_nodes, &town->room.nodes, sizeof *town->room.node_at);
    if (!grown)
        return -1;
    town->room.node_at = grown;
    town->room.node_at[town->n_nodes] = (struct town_point){e_m, n_m, 0};
    town->room.table[slot] = town->n_nodes;
    return town->n_nodes++;
}

/* The street's line, moved to the right of its direction. */
static bool add_point(struct town *town, const struct town_point *line, int n, int i, bool is_back)
{
    const int a = i > 0 ? i - 1 : 0, b = i < n - 1 ? i + 1 : n - 1;
    const double sign = is_back ? -1 : 1, de = line[b].e_m - line[a].e_m, dn = line[b].n_m - line[a].n_m;
    const double length = fmax(hypot(de, dn), 1e-6);
    void *grown = one_more(town->points, town->n_points, &town->room.points, sizeof *town->points);

    if (!grown)
        return false;
    town->points = grown;
    town->points[town->n_points++] = (struct town_point){line[i].e_m + sign * LANE_OFFSET_M * dn / length,
                                                         line[i].n_m - sign * LANE_OFFSET_M * de / length, 0};
    return true;
}

static void measure(struct town *town, struct town_lane *lane)
{
    struct town_point *p = &town->points[lane->first];

    for (int i = 1; i < lane->n_points; i++)
        p[i].station_m = p[i - 1].station_m + hypot(p[i].e_m - p[i - 1].e_m, p[i].n_m - p[i - 1].n_m);
    lane->length_m = p[lane->n_points - 1].station_m;
}

static bool add_lane(struct town *town, const struct town_point *line, int n, const struct town_lane *like, bool is_back)
{
    void *grown = one_more(town->lanes, town->n_lanes, &town->room.lanes, sizeof *town->lanes);

    if (!grown)
        return false;
    town->lanes = grown;
    struct town_lane *lane = &town->lanes[town->n_lanes++];
    *lane = *like;
    lane->first = town->n_points;
    lane->n_points = n;
    if (is_back) {
        lane->from = like->to;
        lane->to = like->from;
    }
    for (int i = 0; i < n; i++)
        if (!add_point(town, line, n, is_back ? n - 1 - i : i, is_back))
            return false;
    measure(town, lane);
    return true;
}

bool town_add_way(struct town *town, const struct town_point *points, int n, enum road_class class, bool is_one_way,
                  const char *road)
{
    struct town_lane like = {.back = -1, .class = class};

    if (n < 2)
        return true;
    snprintf(like.road, sizeof like.road, "%s", road ? road : "");
    like.from = crossing_at(town, points[0].e_m, points[0].n_m);
    like.to = crossing_at(town, points[n - 1].e_m, points[n - 1].n_m);
    if (like.from < 0 || like.to < 0 || !add_lane(town, points, n, &like, false))
        return false;
    if (is_one_way)
        return true;
    if (!add_lane(town, points, n, &like, true))
        return false;
    town->lanes[town->n_lanes - 1].back = town->n_lanes - 2;
    town->lanes[town->n_lanes - 2].back = town->n_lanes - 1;
    return true;
}

/* Marks what can be reached from a crossing, or what it can be reached from. */
static void reach(const struct town *town, int from, bool is_backward, bool *ret_reached)
{
    bool has_grown = true;

    memset(ret_reached, 0, (size_t)town->n_nodes * sizeof *ret_reached);
    ret_reached[from] = true;
    while (has_grown) {
        has_grown = false;
        for (int i = 0; i < town->n_lanes; i++) {
            const int a = is_backward ? town->lanes[i].to : town->lanes[i].from;
            const int b = is_backward ? town->lanes[i].from : town->lanes[i].to;
            if (ret_reached[a] && !ret_reached[b])
                has_grown = ret_reached[b] = true;
        }
    }
}

static void keep_lanes(struct town *town, const bool *there, const bool *back)
{
    int *now = town->out; /* not yet in use: the new number of each lane */
    int n = 0;

    for (int i = 0; i < town->n_lanes; i++) {
        const struct town_lane *l = &town->lanes[i];
        now[i] = there[l->from] && back[l->from] && there[l->to] && back[l->to] ? n++ : -1;
    }
    for (int i = 0; i < town->n_lanes; i++)
        if (now[i] >= 0) {
            town->lanes[now[i]] = town->lanes[i];
            if (town->lanes[i].back >= 0)
                town->lanes[now[i]].back = now[town->lanes[i].back];
        }
    town->n_lanes = n;
}

/* Leaves out what cannot be driven to and left again: pieces beyond the edge of a map, oneways into nowhere. The crossing to start from is
 * the one, of a few, from which most can be. */
static bool keep_connected(struct town *town)
{
    bool *there = calloc((size_t)town->n_nodes, sizeof *there), *back = calloc((size_t)town->n_nodes, sizeof *back);
    int best = -1, most = 0;

    for (int k = 0; there && back && k < STARTS; k++) {
        const int start = (int)((int64_t)k * town->n_nodes / STARTS);
        int n = 0;
        reach(town, start, false, there);
        reach(town, start, true, back);
        for (int i = 0; i < town->n_nodes; i++)
            n += there[i] && back[i];
        if (n > most) {
            most = n;
            best = start;
        }
    }
    if (best >= 0) {
        reach(town, best, false, there);
        reach(town, best, true, back);
        keep_lanes(town, there, back);
    }
    free(there);
    free(back);
    return best >= 0;
}

bool town_finish(struct town *town)
{
    town->out = calloc((size_t)town->n_lanes + 1, sizeof *town->out);
    town->out_first = calloc((size_t)town->n_nodes + 2, sizeof *town->out_first);
    if (!town->out || !town->out_first || town->n_lanes == 0 || !keep_connected(town) || town->n_lanes == 0)
        return false;
    for (int i = 0; i < town->n_lanes; i++)
        town->out_first[town->lanes[i].from + 2]++;
    for (int i = 0; i < town->n_nodes; i++)
        town->out_first[i + 2] += town->out_first[i + 1];
    for (int i = 0; i < town->n_lanes; i++)
        town->out[town->out_first[town->lanes[i].from + 1]++] = i;
    return true;
}

static bool grid_street(struct town *town, double e_m, double n_m, int streets, double block_m, int street, bool is_eastward,
                        enum road_class class)
{
    char name[40];

    snprintf(name, sizeof name, "%s %d", is_eastward ? "East" : "North", street + 1);
    for (int i = 0; i + 1 < streets; i++) {
        struct town_point ends[2];
        for (int k = 0; k < 2; k++) {
            const double along = (i + k) * block_m, across = street * block_m;
            ends[k] = (struct town_point){e_m + (is_eastward ? along : across), n_m + (is_eastward ? across : along), 0};
        }
        if (!town_add_way(town, ends, 2, class, false, name))
            return false;
    }
    return true;
}

bool town_grid(struct town *ret_town, struct grid_zone zone, double e_m, double n_m, int streets, double block_m,
               bool has_secondary)
{
    town_begin(ret_town, zone);
    for (int direction = 0; direction < 2; direction++)
        for (int street = 0; street < streets; street++) {
            const enum road_class class = street % TOWN_EVERY == 0                        ? ROAD_ARTERIAL
                                          : has_secondary && street % TOWN_EVERY == TOWN_EVERY / 2 ? ROAD_SECONDARY
                                                                           : ROAD_BRANCH;
            if (!grid_street(ret_town, e_m, n_m, streets, block_m, street, direction == 0, class)) {
                town_done(ret_town);
                return false;
            }
        }
    return town_finish(ret_town);
}

void town_done(struct town *town)
{
    free(town->lanes);
    free(town->points);
    free(town->out);
    free(town->out_first);
    free(town->room.node_at);
    free(town->room.table);
    *town = (struct town){0};
}

struct town_place town_at(const struct town *town, int lane, double station_m, double left_m)
{
    const struct town_lane *l = &town->lanes[lane];
    const struct town_point *p = &town->points[l->first];
    int low = 0, high = l->n_points - 1;

    while (high - low > 1) {
        const int middle = (low + high) / 2;
        if (p[middle].station_m <= station_m)
            low = middle;
        else
            high = middle;
    }
    const double length = fmax(p[high].station_m - p[low].station_m, 1e-6);
    const double ue = (p[high].e_m - p[low].e_m) / length, un = (p[high].n_m - p[low].n_m) / length;
    const double along = station_m - p[low].station_m;
    return (struct town_place){p[low].e_m + along * ue - left_m * un, p[low].n_m + along * un + left_m * ue, atan2(ue, un)};
}

double town_lane_km(const struct town *town, enum road_class class)
{
    double sum = 0;

    for (int i = 0; i < town->n_lanes; i++)
        if (town->lanes[i].class == class || (class == ROAD_ARTERIAL && town->lanes[i].class == ROAD_EXPRESSWAY))
            sum += town->lanes[i].length_m;
    return sum / 1000;
}
