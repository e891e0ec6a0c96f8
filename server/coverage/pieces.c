#include "server/coverage/pieces.h"

static uint32_t pieces_of(int64_t length_mm)
{
    return (uint32_t)((length_mm + PIECE_MM - 1) / PIECE_MM);
}

size_t pieces_count(const struct road_network *network)
{
    size_t n = 0;

    for (uint32_t w = 0; w < network->n_ways; w++)
        if (network->ways[w].cadence_h)
            n += pieces_of(road_length_mm(network, w)) * (size_t)(network->ways[w].is_oneway ? 1 : 2);
    return n;
}

/* The newest day of the lanes of one direction. */
static int64_t day_of(const struct road_network *network, const struct watched_days *days, const struct piece *piece)
{
    const unsigned lanes = road_lanes_of(network, piece->way, piece->is_backward);
    int64_t newest = NEVER_WATCHED;

    for (unsigned lane = 0; lane < lanes; lane++) {
        struct grid_point point;
        road_point_at(network, piece->way, ((int64_t)piece->from_mm + piece->to_mm) / 2,
                      road_lane_lateral_mm(network, piece->way, piece->is_backward, lane), &point, NULL);
        const int64_t day = days->day_at(days->context, point);
        if (day > newest)
            newest = day;
    }
    return newest;
}

static void judge(struct piece *piece, int64_t day, int64_t as_of_day, uint16_t cadence_h, double stale_cadences)
{
    if (day == NEVER_WATCHED) {
        piece->age_d = UINT16_MAX;
        piece->state = PIECE_NEVER;
        return;
    }
    const int64_t age_d = day > as_of_day ? 0 : as_of_day - day;
    const int cadence_d = (cadence_h + 23) / 24;
    piece->age_d = age_d < UINT16_MAX ? (uint16_t)age_d : UINT16_MAX - 1;
    piece->state = age_d <= cadence_d                                  ? PIECE_ON_TIME
                   : (double)age_d < stale_cadences * cadence_h / 24.0 ? PIECE_LATE
                                                                       : PIECE_STALE;
}

void pieces_measure(const struct road_network *network, const struct watched_days *days, int64_t as_of_day, double stale_cadences,
                    struct piece *ret_pieces)
{
    struct piece *piece = ret_pieces;

    for (uint32_t w = 0; w < network->n_ways; w++) {
        const struct road_way *way = &network->ways[w];
        const int64_t length = road_length_mm(network, w);
        for (int backward = 0; way->cadence_h && backward <= !way->is_oneway; backward++)
            for (int64_t from = 0; from < length; from += PIECE_MM, piece++) {
                const int64_t to = from + PIECE_MM < length ? from + PIECE_MM : length;
                *piece = (struct piece){.way = w, .is_backward = backward, .from_mm = (uint32_t)from, .to_mm = (uint32_t)to};
                judge(piece, day_of(network, days, piece), as_of_day, way->cadence_h, stale_cadences);
            }
    }
}

uint32_t piece_width_mm(const struct road_network *network, const struct piece *piece)
{
    const struct road_way *way = &network->ways[piece->way];

    return way->is_oneway ? way->width_mm : way->width_mm / 2;
}

void piece_sums_init(struct piece_sums *sums)
{
    *sums = (struct piece_sums){.newest_d = UINT16_MAX, .oldest_d = 0};
}

void piece_sums_add(struct piece_sums *sums, const struct road_network *network, const struct piece *piece)
{
    const double metres = (double)(piece->to_mm - piece->from_mm) / 1000;

    sums->metres[piece->state] += metres;
    if (piece->state != PIECE_ON_TIME)
        sums->due_cells += metres * piece_width_mm(network, piece) / 1000;
    if (piece->state == PIECE_NEVER)
        return;
    if (piece->age_d < sums->newest_d)
        sums->newest_d = piece->age_d;
    if (piece->age_d > sums->oldest_d)
        sums->oldest_d = piece->age_d;
}
