/* town.h - the roads that a simulated fleet drives on: one-way lanes between crossings, each a line of points.
 *
 * Two ways in: a built-in town (a grid of two-way streets, every sixth of them arterial, its border too; on wish some secondary), and
 * any list of ways with a class (town_begin, town_add_way, town_finish), which a road file is turned into. Places are
 * metres in the zone of the deployment. Right-hand traffic: a lane lies half a lane's width right of its street's middle.
 * Pure but for memory. */
#ifndef SIM_CITY_TOWN_H
#define SIM_CITY_TOWN_H

#include <stdbool.h>

#include "grid/cell.h"
#include "grid/road.h"

struct town_point {
    double e_m, n_m, station_m; /* station: along its lane */
};

struct town_lane {
    int from, to; /* crossings */
    int back;     /* the lane of the other direction; -1 on a one-way street */
    enum road_class class;
    double length_m;
    int first, n_points;
    char road[40]; /* name of its street, "" if none */
};

struct town {
    struct grid_zone zone;
    struct town_lane *lanes;
    int n_lanes;
    struct town_point *points;
    int n_points;
    int n_nodes;
    int *out, *out_first; /* lanes that leave crossing i: out[out_first[i]] .. out[out_first[i + 1] - 1] */
    struct {
        int lanes, points, nodes;
        struct town_point *node_at;
        int *table, table_size; /* crossings by place, open hash; -1 = free */
    } room; /* while it is built */
};

#define TOWN_EVERY 6

struct town_place {
    double e_m, n_m, heading_rad; /* clockwise from north */
};

/* A grid of `streets` by `streets` two-way streets, `block_m` apart; every sixth is arterial, and with `has_secondary`
 * the middle one of the five between them is secondary. 25 streets: a fifth arterial, 2.4 lane-km a metre of block_m. South-west corner at (e_m, n_m). false if memory runs out. */
bool town_grid(struct town *ret_town, struct grid_zone zone, double e_m, double n_m, int streets, double block_m,
               bool has_secondary);

/* From ways: ends at one millimetre are one crossing. Inner points stay inner points: cut ways where they
 * meet before adding them. `points` are metres; station is ignored. */
void town_begin(struct town *ret_town, struct grid_zone zone);
bool town_add_way(struct town *town, const struct town_point *points, int n, enum road_class class, bool is_one_way,
                  const char *road);
/* The roads of a network file: ways are cut where they meet; a way of two lanes or more that is no oneway has one lane each
 * way here. */
bool town_of_network(struct town *ret_town, const struct road_network *network);
/* Keeps the largest part in which every lane can be reached from every other. false if there is none, or no memory. */
bool town_finish(struct town *town);

void town_done(struct town *town);
/* `left_m`: to the left of the lane's middle. */
struct town_place town_at(const struct town *town, int lane, double station_m, double left_m);
double town_lane_km(const struct town *town, enum road_class class); /* ROAD_EXPRESSWAY counts as arterial */
bool town_is_main(enum road_class class);                            /* arterial or above */

#endif
