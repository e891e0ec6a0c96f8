/* town_server.c - the api and its pages on a made-up town (town.h), for tests and people who want to look at it.
 *
 * usage: town_server TILES WEB_DIR: a town of TILES x TILES squares of 256 m, 28 for five million coded squares. Prints the
 * address, serves until its standard input ends, and removes the database. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "link/database.h"
#include "server/api/api.h"
#include "server/store/schema.h"
#include "tests/server/api/town.h"

#define TILES_MAX 40
#define ROAD_STEP_M 40

static const struct grid_zone zone = {120, false};

static void degrees_of(double east_m, double north_m, double ret_lon_lat[2])
{
    const struct grid_point point = {llround(((double)TOWN_EAST_M + east_m) * 1000),
                                     llround(((double)TOWN_NORTH_M + north_m) * 1000)};

    grid_unproject(zone, point, &ret_lon_lat[1], &ret_lon_lat[0]);
}

static void write_street(FILE *file, int k, bool is_north, int side_m)
{
    double at[2];

    fprintf(file, "%s{\"type\":\"Feature\",\"properties\":{\"name\":\"%d %s\",\"class\":\"branch\"},\"geometry\":{\"type\":"
                  "\"LineString\",\"coordinates\":[", k || is_north ? ",\n" : "", k, is_north ? "N" : "E");
    for (int along_m = 0; along_m <= side_m; along_m += ROAD_STEP_M) {
        const double across_m = town_street_m(k, along_m, is_north);
        if (is_north)
            degrees_of(across_m, along_m, at);
        else
            degrees_of(along_m, across_m, at);
        fprintf(file, "%s[%.7f,%.7f]", along_m ? "," : "", at[0], at[1]);
    }
    fprintf(file, "]}}");
}

static void write_roads(const char *path, int side_m)
{
    FILE *file = fopen(path, "w");

    if (!file)
        exit(1);
    fprintf(file, "{\"type\":\"FeatureCollection\",\"features\":[");
    for (int is_north = 0; is_north < 2; is_north++)
        for (int k = 0; k * 100 < side_m; k++)
            write_street(file, k, is_north, side_m);
    fprintf(file, "]}\n");
    fclose(file);
}

static void serve(const struct api_config *config)
{
    struct api *api;
    char byte;

    if (api_start(config, &api)) {
        fprintf(stderr, "town_server: %s\n", config->ret_error);
        exit(1);
    }
    printf("the map: http://127.0.0.1:%d/\n", api_port(api));
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    api_stop(api);
}

int main(int argc, char **argv)
{
    char dir[] = "/tmp/road-town-XXXXXX", database[64], roads[64], command[64], error[API_ERROR_SIZE] = "";
    const int side = argc == 3 ? atoi(argv[1]) : 0;
    struct town_counts counts;
    double low[2], high[2];
    sqlite3 *db;

    if (side < 1 || side > TILES_MAX) {
        fprintf(stderr, "usage: town_server TILES WEB_DIR, 1 to %d tiles\n", TILES_MAX);
        return 2;
    }
    if (!mkdtemp(dir))
        return 1;
    snprintf(database, sizeof database, "%s/server.db", dir);
    snprintf(roads, sizeof roads, "%s/roads.geojson", dir);
    write_roads(roads, 256 * side);
    if (database_open(database, store_migrations, &db, error))
        return 1;
    town_fill(db, zone, side, &counts);
    printf("squares: %lld\n", (long long)counts.squares);
    degrees_of(0, 0, low);
    degrees_of(256 * side, 256 * side, high);
    serve(&(struct api_config){.database_path = database, .web_dir = argv[2], .roads_file = roads, .district = "town",
                               .log_origin = "roads.example/town", .log_vkey = "roads.example/town+00000000+AAAA",
                               .zone = zone, .bounds = {low[0], low[1], high[0], high[1]}, .ret_error = error});
    database_close(db);
    snprintf(command, sizeof command, "rm -rf '%s'", dir);
    return system(command) == 0 ? 0 : 1;
}
