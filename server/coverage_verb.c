/* coverage_verb.c - `roadchief coverage`: how old what is known is, and what to drive next, from the server's database. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "link/road_file.h"
#include "server/config.h"
#include "server/coverage/coverage.h"
#include "server/verbs.h"

static const char help[] =
    "usage: roadchief coverage --config server.conf [--next KM] [--limit N] [--json]\n"
    "\n"
    "How much of each road was watched within its planned cadence, most due first; with --next the drive of at most KM\n"
    "kilometres that watches as many due square metres as it can, leg by leg. Reads the database of the server beside it (which may run), and\n"
    "the road network that `roads_file` names: make it with `roadchief roads import`.\n"
    "\n"
    "  on time   watched within the cadence (days, UTC)\n"
    "  late      later; stale: not for three cadences, its squares are grey; never: nothing was ever seen\n"
    "  due       square metres of carriageway that are late, stale or never; each direction counts for itself\n"
    "\n"
    "  --limit N   roads to list (default 20)\n"
    "\n"
    "The same over HTTP: GET /v1/coverage and /v1/coverage/next?km=20, also as GeoJSON.\n";

struct options {
    const char *config;
    double next_km; /* 0: not asked */
    size_t limit;
    bool is_json;
};

static bool read_number(const char *text, double least, double most, double *ret_number)
{
    char *end;

    *ret_number = text ? strtod(text, &end) : 0;
    return text && end != text && !*end && *ret_number >= least && *ret_number <= most;
}

/* Exit status to leave with, or -1 to go on. */
static int read_options(int argc, char **argv, struct options *o)
{
    for (int i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : NULL;
        double number;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(help, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--json") == 0) {
            o->is_json = true;
        } else if (strcmp(argv[i], "--config") == 0 && next) {
            o->config = argv[++i];
        } else if (strcmp(argv[i], "--next") == 0 && read_number(next, 0.1, NEXT_KM_MAX, &o->next_km)) {
            i++;
        } else if (strcmp(argv[i], "--limit") == 0 && read_number(next, 1, 1e6, &number)) {
            o->limit = (size_t)number;
            i++;
        } else {
            fprintf(stderr, "roadchief coverage: '%s' is not understood, or has no good value; --help tells more\n", argv[i]);
            return 2;
        }
    }
    if (o->config)
        return -1;
    fputs(help, stderr);
    return 2;
}

/* ---- as text ---------------------------------------------------------------------------------------------- */

static void print_sums(const char *name, const struct piece_sums *s, double cadence_d)
{
    printf("%9.3f %9.3f %9.3f %9.3f %6.1f %% %10.0f ", s->metres[PIECE_ON_TIME] / 1000, s->metres[PIECE_LATE] / 1000,
           s->metres[PIECE_STALE] / 1000, s->metres[PIECE_NEVER] / 1000, 100 * piece_sums_share(s), s->due_cells);
    if (s->newest_d == UINT16_MAX)
        printf("       -");
    else
        printf("%3u..%-3u", (unsigned)s->newest_d, (unsigned)s->oldest_d);
    printf(" %5.1f  %s\n", cadence_d, name);
}

static void print_roads(const struct coverage *c, size_t limit)
{
    printf("%9s %9s %9s %9s %8s %10s %8s %5s  %s\n", "on time", "late", "stale", "never", "share", "due m2", "age d", "every", "road");
    print_sums("(all, km of each direction)", &c->district, 0);
    for (size_t i = 0; i < c->n_roads && i < limit; i++) {
        const struct covered_road *road = &c->roads[i];
        print_sums(road->name ? road_text(c->network, road->name) : "(without a name)", &road->sums, road->cadence_h / 24.0);
    }
}

static void print_legs(const struct coverage *c, const struct drive *drive, const struct leg *legs, size_t n)
{
    printf("drive: %.3f km, %.0f of %.0f due m2\n", drive->length_m / 1000, drive->due_m2, c->district.due_cells);
    for (size_t i = 0; i < n; i++) {
        const struct road_way *way = &c->network->ways[legs[i].way];
        printf("%4zu  %8.1f m %8.0f m2  %s%s  way %s from %.0f to %.0f m\n", i + 1, legs[i].length_m, legs[i].due_m2,
               way->name ? road_text(c->network, way->name) : "(without a name)", legs[i].is_backward ? ", backward" : "",
               road_text(c->network, way->id), (double)(legs[i].is_backward ? legs[i].to_mm : legs[i].from_mm) / 1000,
               (double)(legs[i].is_backward ? legs[i].from_mm : legs[i].to_mm) / 1000);
    }
}

/* ---- as JSON ---------------------------------------------------------------------------------------------- */

static json_t *sums_object(const struct piece_sums *s)
{
    return json_pack("{s:f, s:f, s:f, s:f, s:f, s:f, s:o, s:o}", "on_time_m", s->metres[PIECE_ON_TIME], "late_m", s->metres[PIECE_LATE], "stale_m",
                     s->metres[PIECE_STALE], "never_m", s->metres[PIECE_NEVER], "share_on_time", piece_sums_share(s), "due_cells", s->due_cells,
                     "newest_d", s->newest_d == UINT16_MAX ? json_null() : json_integer(s->newest_d), "oldest_d",
                     s->newest_d == UINT16_MAX ? json_null() : json_integer(s->oldest_d));
}

static json_t *roads_array(const struct coverage *c, size_t limit)
{
    json_t *items = json_array();

    for (size_t i = 0; i < c->n_roads && i < limit; i++) {
        json_t *object = sums_object(&c->roads[i].sums);
        json_object_set_new(object, "id", json_string(covered_road_id(c, &c->roads[i])));
        json_object_set_new(object, "name", json_string(road_text(c->network, c->roads[i].name)));
        json_object_set_new(object, "cadence_d", json_real(c->roads[i].cadence_h / 24.0));
        json_array_append_new(items, object);
    }
    return items;
}

static json_t *drive_object(const struct coverage *c, const struct drive *drive, const struct leg *legs, size_t n)
{
    json_t *items = json_array();

    for (size_t i = 0; i < n; i++)
        json_array_append_new(items, json_pack("{s:s, s:s, s:b, s:f, s:f, s:f, s:f}", "way", road_text(c->network, c->network->ways[legs[i].way].id),
                                               "road", road_text(c->network, c->network->ways[legs[i].way].name), "backward", legs[i].is_backward,
                                               "from_m", (double)legs[i].from_mm / 1000, "to_m", (double)legs[i].to_mm / 1000, "length_m",
                                               legs[i].length_m, "due_cells", legs[i].due_m2));
    return json_pack("{s:f, s:f, s:o}", "length_m", drive->length_m, "due_cells", drive->due_m2, "legs", items);
}

/* ---- the verb --------------------------------------------------------------------------------------------- */

static int print_coverage(const struct options *o, const struct coverage *c)
{
    struct drive *drive = calloc(1, sizeof *drive);
    struct leg *legs = calloc(DRIVE_ARCS_MAX, sizeof *legs);
    size_t n = 0;
    int leave = drive && legs ? 0 : 1;

    if (!leave && o->next_km > 0) {
        leave = drive_plan(&c->graph, o->next_km * 1000, ROAD_NO_WAY, drive) != ROAD_OK;
        n = leave ? 0 : drive_legs(c, drive, legs, DRIVE_ARCS_MAX);
    }
    if (leave) {
        fputs("roadchief coverage: out of memory\n", stderr);
    } else if (o->is_json) {
        json_t *root = json_pack("{s:o, s:o}", "district", sums_object(&c->district), "roads", roads_array(c, o->limit));
        if (o->next_km > 0)
            json_object_set_new(root, "next", drive_object(c, drive, legs, n));
        json_dumpf(root, stdout, JSON_COMPACT);
        putchar('\n');
        json_decref(root);
    } else {
        print_roads(c, o->limit);
        if (o->next_km > 0)
            print_legs(c, drive, legs, n);
    }
    free(drive);
    free(legs);
    return leave;
}

static int read_and_print(const struct options *o, const struct server_config *config, const struct road_network *network)
{
    char path[SERVER_PATH_SIZE + 16];
    struct coverage coverage;
    sqlite3 *db = NULL;

    snprintf(path, sizeof path, "%s/server.db", config->data_dir);
    enum road_status status = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) ? ROAD_IO : ROAD_OK;
    if (!status)
        status = coverage_read(db, network, &coverage);
    if (status)
        fprintf(stderr, "roadchief coverage: %s: %s\n", path, road_status_sentence(status));
    sqlite3_close(db);
    if (status)
        return 1;
    const int leave = print_coverage(o, &coverage);
    coverage_done(&coverage);
    return leave;
}

int coverage_verb(int argc, char **argv)
{
    struct options options = {.limit = 20};
    static struct server_config config;
    char error[CONFIG_ERROR_SIZE + ROAD_FILE_ERROR_SIZE];
    struct road_file file;

    const int leave = read_options(argc, argv, &options);
    if (leave >= 0)
        return leave;
    if (server_config_load(options.config, &config, error) != ROAD_OK) {
        fprintf(stderr, "roadchief coverage: %s\n", error);
        return 1;
    }
    if (road_file_read(config.roads_file, &file, error) != ROAD_OK) {
        fprintf(stderr, "roadchief coverage: %s\n  roads_file must be a network that `roadchief roads import` made\n", error);
        return 1;
    }
    const int status = read_and_print(&options, &config, &file.network);
    road_file_done(&file);
    return status;
}
