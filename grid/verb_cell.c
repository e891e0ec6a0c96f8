#include "grid/verb_cell.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "usage: roadchief cell LAT LON [--meridian DEG] [--json]\n"
    "       roadchief cell ID [--json]\n"
    "\n"
    "Prints the cell at a position (degrees, north and east positive), or the cell that an id names.\n"
    "ID is the number (1414241059722227) or the form people read (40-515741-3350510, or\n"
    "40-515728-3350496/16 for a square of 16 m).\n"
    "\n"
    "  --meridian DEG  the central meridian of the deployment's frame, a multiple of 3\n"
    "                  (default: the one nearest the position; a deployment has one for all its cells)\n"
    "  --json          one JSON object; positions are [lon, lat]\n"
    "\n"
    "A position beyond 84 degrees or more than 10 degrees from the meridian has no cell: exit status 1.\n";

bool number_parse(const char *text, double *ret_number)
{
    char *end;

    while (*text == ' ')
        text++;
    if (!*text || strspn(text, "+-.0123456789eE ") != strlen(text))
        return false;
    const double number = strtod(text, &end);
    if (end == text || strspn(end, " ") != strlen(end) || !isfinite(number))
        return false;
    *ret_number = number;
    return true;
}

bool meridian_parse(const char *verb, const char *text, int *ret_meridian_deg)
{
    double number;

    if (!text || !number_parse(text, &number) || number < -180 || number > 360 || fmod(number, 3) != 0) {
        fprintf(stderr, "roadchief %s: --meridian must be a multiple of 3 within -180..360, not '%s'\n", verb,
                text ? text : "");
        return false;
    }
    *ret_meridian_deg = ((int)number + 360) % 360;
    return true;
}

const char *position_problem(struct grid_zone zone, double lat_deg, double lon_deg)
{
    struct grid_point point;
    struct cell cell;

    if (!(fabs(lat_deg) <= 90))
        return "latitude is outside -90..90";
    if (!(fabs(lon_deg) <= 360))
        return "longitude is outside -360..360";
    if (fabs(lat_deg) > 84)
        return "latitude is beyond 84 degrees";
    if (grid_project(zone, lat_deg, lon_deg, &point) == ROAD_OK)
        return cell_from_point(zone, point, 0, &cell) == ROAD_OK ? ""
                                                                 : "the position is outside the zone's frame";
    if ((zone.is_south && lat_deg > 1) || (!zone.is_south && lat_deg < -1))
        return "the position is in the other hemisphere";
    return "the position is more than 10 degrees from the meridian";
}

/* What the two forms of output say of a cell. */
struct description {
    struct cell cell;
    char human[CELL_TEXT_SIZE];
    struct grid_zone zone;
    struct grid_point corner;
    int64_t size_m;
    bool has_degrees;              /* a frame is wider than the part of the Earth it stands for */
    double lat_deg[5], lon_deg[5]; /* south-west, south-east, north-east, north-west, centre */
};

static struct description describe(struct cell cell)
{
    struct description d = {.cell = cell, .zone = cell_zone(cell), .corner = cell_corner(cell)};
    const int64_t size_mm = cell_size_mm(cell), e = d.corner.e_mm, n = d.corner.n_mm;
    const struct grid_point places[5] = {
        {e, n}, {e + size_mm, n}, {e + size_mm, n + size_mm}, {e, n + size_mm}, cell_centre(cell)};

    d.size_m = size_mm / 1000;
    cell_format(cell, d.human);
    d.has_degrees = true;
    for (int i = 0; i < 5; i++)
        d.has_degrees &= grid_unproject(d.zone, places[i], &d.lat_deg[i], &d.lon_deg[i]) == ROAD_OK;
    return d;
}

static void print_text(const struct description *d)
{
    const int64_t e = d->corner.e_mm / 1000, n = d->corner.n_mm / 1000;

    printf("id: %" PRIu64 "\nhuman: %s\nlevel: %d\nsize_m: %" PRId64 "\nmeridian_deg: %d\nhemisphere: %s\n",
           d->cell.id, d->human, cell_level(d->cell), d->size_m, d->zone.meridian_deg,
           d->zone.is_south ? "south" : "north");
    printf("east_m: %" PRId64 " .. %" PRId64 "\nnorth_m: %" PRId64 " .. %" PRId64 "\n", e, e + d->size_m, n,
           n + d->size_m);
    if (!d->has_degrees)
        return;
    static const char *const names[5] = {"south_west", "south_east", "north_east", "north_west", "centre"};
    for (int i = 0; i < 5; i++)
        printf("%s_deg: %.8f %.8f\n", names[i], d->lat_deg[i], d->lon_deg[i]);
}

static void print_json(const struct description *d)
{
    const int64_t e = d->corner.e_mm / 1000, n = d->corner.n_mm / 1000;

    printf("{\"id\":\"%" PRIu64 "\",\"human\":\"%s\",\"level\":%d,\"size_m\":%" PRId64 ",\"meridian_deg\":%d,"
           "\"hemisphere\":\"%s\",\"east_m\":[%" PRId64 ",%" PRId64 "],\"north_m\":[%" PRId64 ",%" PRId64 "]",
           d->cell.id, d->human, cell_level(d->cell), d->size_m, d->zone.meridian_deg,
           d->zone.is_south ? "south" : "north", e, e + d->size_m, n, n + d->size_m);
    if (d->has_degrees) {
        printf(",\"corners_deg\":[");
        for (int i = 0; i < 4; i++)
            printf("%s[%.8f,%.8f]", i ? "," : "", d->lon_deg[i], d->lat_deg[i]);
        printf("],\"centre_deg\":[%.8f,%.8f]", d->lon_deg[4], d->lat_deg[4]);
    }
    puts("}");
}

struct arguments {
    const char *words[2];
    int n_words;
    bool has_meridian, is_json;
    int meridian_deg;
};

/* Exit status to leave with, or -1 to go on. */
static int read_arguments(int argc, char **argv, struct arguments *ret_arguments)
{
    struct arguments a = {.n_words = 0};

    for (int i = 1; i < argc; i++) {
        double unused;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            fputs(help, stdout);
            return 0;
        }
        if (strcmp(argv[i], "--json") == 0) {
            a.is_json = true;
        } else if (strcmp(argv[i], "--meridian") == 0) {
            if (!meridian_parse("cell", i + 1 < argc ? argv[++i] : NULL, &a.meridian_deg))
                return 2;
            a.has_meridian = true;
        } else if ((argv[i][0] == '-' && !number_parse(argv[i], &unused)) || a.n_words == 2) {
            fprintf(stderr, "roadchief cell: '%s' is not understood; `roadchief cell --help` tells more\n",
                    argv[i]);
            return 2;
        } else {
            a.words[a.n_words++] = argv[i];
        }
    }
    if (a.n_words == 0 || (a.n_words == 1 && a.has_meridian)) {
        fputs(a.n_words ? "roadchief cell: an id carries its meridian; leave --meridian away\n" : help,
              stderr);
        return 2;
    }
    *ret_arguments = a;
    return -1;
}

static bool cell_at(const struct arguments *a, struct cell *ret_cell)
{
    double lat, lon;

    if (!number_parse(a->words[0], &lat) || !number_parse(a->words[1], &lon)) {
        fprintf(stderr, "roadchief cell: '%s %s' is not a latitude and a longitude in degrees\n", a->words[0],
                a->words[1]);
        return false;
    }
    struct grid_zone zone = grid_zone_nearest(lat, lon);
    if (a->has_meridian)
        zone.meridian_deg = a->meridian_deg;
    if (cells_from_degrees(zone, &lat, &lon, 1, ret_cell) == 0)
        return true;
    fprintf(stderr, "roadchief cell: %s\n", position_problem(zone, lat, lon));
    return false;
}

int verb_cell(int argc, char **argv)
{
    struct arguments arguments;
    struct cell cell;
    const int leave = read_arguments(argc, argv, &arguments);

    if (leave >= 0)
        return leave;
    if (arguments.n_words == 2) {
        if (!cell_at(&arguments, &cell))
            return 1;
    } else {
        const enum road_status status = cell_parse(arguments.words[0], &cell);
        if (status != ROAD_OK) {
            fprintf(stderr, "roadchief cell: '%s' is not a cell: %s\n", arguments.words[0],
                    road_status_sentence(status));
            return 1;
        }
    }
    const struct description description = describe(cell);
    if (arguments.is_json)
        print_json(&description);
    else
        print_text(&description);
    return 0;
}
