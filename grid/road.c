#include "grid/road.h"

#include <math.h>
#include <string.h>

#define FRAME_E_MM_MAX (INT64_C(1000) << 20)
#define FRAME_N_MM_MAX (INT64_C(1000) << 24)

/* CJJ 37-2012, table 5.3.1: 3.75 m at more than 60 km/h with large vehicles, 3.5 m below, 3.25 m for cars only. */
static const uint32_t lane_width_mm[4] = {3750, 3500, 3500, 3250};
static const uint8_t lanes_both_ways[4] = {4, 2, 2, 2}, lanes_one_way[4] = {2, 2, 1, 1};
static const uint16_t cadence_h[4] = {24, 24, 48, 72};

uint32_t road_lane_width_mm(enum road_class class)
{
    return lane_width_mm[class];
}

uint8_t road_lanes_default(enum road_class class, bool is_oneway)
{
    return is_oneway ? lanes_one_way[class] : lanes_both_ways[class];
}

uint16_t road_cadence_default_h(enum road_class class)
{
    return cadence_h[class];
}

/* ---- making one ---------------------------------------------------------------------------------------- */

static double length_of(struct grid_point a, struct grid_point b)
{
    const double e = (double)(b.e_mm - a.e_mm), n = (double)(b.n_mm - a.n_mm);

    return sqrt(e * e + n * n);
}

void road_measure(struct road_network *network)
{
    for (uint32_t w = 0; w < network->n_ways; w++) {
        struct road_vertex *v = network->vertices + network->ways[w].first;
        v[0].chainage_mm = 0;
        for (uint32_t i = 1; i < network->ways[w].n_vertices; i++)
            v[i].chainage_mm = v[i - 1].chainage_mm + llround(length_of(v[i - 1].at, v[i].at));
    }
}

static const char *problem_of_way(const struct road_network *network, const struct road_way *way)
{
    if (way->id == 0 || way->id >= network->text_length)
        return "id";
    if (way->name >= network->text_length || way->name_zh >= network->text_length)
        return "name";
    if (way->owner >= network->text_length)
        return "owner";
    if ((unsigned)way->class > ROAD_BRANCH)
        return "class";
    if (way->lanes < 1 || way->lanes > ROAD_LANES_MAX)
        return "lanes";
    if (way->width_mm < 1000 || way->width_mm > ROAD_WIDTH_MM_MAX)
        return "width";
    if (way->n_vertices < 2 || way->first > network->n_vertices ||
        way->n_vertices > network->n_vertices - way->first)
        return "vertices";
    return NULL;
}

static const char *problem_of_lines(const struct road_network *network, const struct road_way *way)
{
    const struct road_vertex *v = network->vertices + way->first;

    for (uint32_t i = 0; i < way->n_vertices; i++) {
        if (v[i].at.e_mm < 0 || v[i].at.e_mm >= FRAME_E_MM_MAX || v[i].at.n_mm < 0 || v[i].at.n_mm >= FRAME_N_MM_MAX)
            return "vertex outside the frame";
        if (i == 0)
            continue;
        const double length = length_of(v[i - 1].at, v[i].at);
        if (length < 1 || length > (double)ROAD_LINE_MM_MAX)
            return "line shorter than 1 mm or longer than 20 km";
    }
    return NULL;
}

enum road_status road_check(const struct road_network *network, const char **ret_field, uint32_t *ret_way)
{
    const char *problem = NULL;
    uint32_t w = 0, vertices_end = 0;

    if (!network->text_length || network->text[0] || network->text[network->text_length - 1])
        problem = "text";
    for (; !problem && w < network->n_ways; w++) {
        const struct road_way *way = &network->ways[w];
        problem = problem_of_way(network, way);
        if (!problem && way->first < vertices_end)
            problem = "vertices of another way"; /* it has chainages of its own */
        vertices_end = way->first + way->n_vertices;
        if (!problem && w && strcmp(road_text(network, way[-1].id), road_text(network, way->id)) >= 0)
            problem = "id not behind the one before";
        if (!problem)
            problem = problem_of_lines(network, way);
    }
    if (!problem)
        return ROAD_OK;
    if (ret_field)
        *ret_field = problem;
    if (ret_way)
        *ret_way = w ? w - 1 : 0;
    return ROAD_BAD_RANGE;
}

/* ---- ways ---------------------------------------------------------------------------------------------- */

uint32_t road_find(const struct road_network *network, const char *id)
{
    uint32_t low = 0, high = network->n_ways;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const int order = strcmp(road_text(network, network->ways[middle].id), id);
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return ROAD_NO_WAY;
}

int64_t road_length_mm(const struct road_network *network, uint32_t way)
{
    const struct road_way *w = &network->ways[way];

    return network->vertices[w->first + w->n_vertices - 1].chainage_mm;
}

uint32_t road_segment_count(const struct road_network *network, uint32_t way)
{
    return (uint32_t)((road_length_mm(network, way) + ROAD_SEGMENT_MM - 1) / ROAD_SEGMENT_MM);
}

uint32_t road_segment_of(const struct road_network *network, uint32_t way, int64_t chainage_mm)
{
    const uint32_t last = road_segment_count(network, way) - 1;

    if (chainage_mm < 0)
        return 0;
    return chainage_mm / ROAD_SEGMENT_MM < last ? (uint32_t)(chainage_mm / ROAD_SEGMENT_MM) : last;
}

struct road_segment road_segment_at(const struct road_network *network, uint32_t way, uint32_t segment)
{
    const int64_t length = road_length_mm(network, way), to = (segment + INT64_C(1)) * ROAD_SEGMENT_MM;

    return (struct road_segment){segment * ROAD_SEGMENT_MM, to < length ? to : length};
}

unsigned road_lanes_of(const struct road_network *network, uint32_t way, bool is_backward)
{
    const struct road_way *w = &network->ways[way];

    if (w->is_oneway)
        return is_backward ? 0 : w->lanes;
    return w->lanes < 2 ? 1 : w->lanes / 2;
}

int32_t road_lane_lateral_mm(const struct road_network *network, uint32_t way, bool is_backward, unsigned lane)
{
    const struct road_way *w = &network->ways[way];
    const int32_t half_lane = (int32_t)(w->width_mm / w->lanes / 2), middle = (2 * (int32_t)lane + 1) * half_lane;

    if (w->is_oneway)
        return middle - (int32_t)w->width_mm / 2;
    if (w->lanes < 2)
        return 0; /* both directions share the one lane */
    return is_backward == network->is_left_hand ? middle : -middle;
}

void road_point_at(const struct road_network *network, uint32_t way, int64_t chainage_mm, int64_t lateral_mm,
                   struct grid_point *ret_point, struct road_direction *ret_along)
{
    const struct road_way *w = &network->ways[way];
    const struct road_vertex *v = network->vertices + w->first;
    uint32_t low = 0, high = w->n_vertices - 1; /* the line from `low` holds the chainage */

    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (v[middle].chainage_mm <= chainage_mm)
            low = middle;
        else
            high = middle;
    }
    const struct grid_point a = v[low].at, b = v[low + 1].at;
    const double e = (double)(b.e_mm - a.e_mm), n = (double)(b.n_mm - a.n_mm), length = sqrt(e * e + n * n);
    const double along = fmin(fmax((double)(chainage_mm - v[low].chainage_mm), 0), length);
    const double side = (double)lateral_mm;
    ret_point->e_mm = a.e_mm + llround((e * along + n * side) / length);
    ret_point->n_mm = a.n_mm + llround((n * along - e * side) / length);
    if (ret_along)
        *ret_along = (struct road_direction){b.e_mm - a.e_mm, b.n_mm - a.n_mm};
}
