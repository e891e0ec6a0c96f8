/* roads_verb_show.c - `roadchief roads show`, `cells`, `locate`: looking at a network. */
#include "gateway/roads_verb.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grid/cell.h"

void roads_print_text(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            putchar('\\');
        if ((unsigned char)*text < ' ')
            printf("\\u%04x", (unsigned)*text);
        else
            putchar(*text);
    }
    putchar('"');
}

static bool open_network(const char *path, struct road_file *ret_file)
{
    char error[ROAD_FILE_ERROR_SIZE];

    if (road_file_read(path, ret_file, error) == ROAD_OK)
        return true;
    fprintf(stderr, "roadchief roads: %s\n", error);
    return false;
}

/* ---- show ----------------------------------------------------------------------------------------------- */

static void print_properties(const struct road_network *n, uint32_t w)
{
    const struct road_way *way = &n->ways[w];
    const struct {
        const char *key;
        uint32_t text;
    } texts[] = {{"id", way->id}, {"name", way->name}, {"name_zh", way->name_zh}, {"owner", way->owner}};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].text) {
            printf("\"%s\":", texts[i].key);
            roads_print_text(road_text(n, texts[i].text));
            putchar(',');
        }
    printf("\"class\":\"%s\",\"lanes\":%d,\"width\":%.2f,\"oneway\":%s,\"cadence_d\":%g,\"length_m\":%.1f,\"segments\":%" PRIu32,
           roads_class_words[way->class], way->lanes, way->width_mm / 1000.0, way->is_oneway ? "true" : "false",
           way->cadence_h / 24.0, (double)road_length_mm(n, w) / 1000, road_segment_count(n, w));
    if (way->line_sigma_mm)
        printf(",\"line_sigma_m\":%.3f", way->line_sigma_mm / 1000.0);
}

static void print_feature(const struct road_network *n, uint32_t w)
{
    const struct road_way *way = &n->ways[w];

    printf("{\"type\":\"Feature\",\"properties\":{");
    print_properties(n, w);
    printf("},\"geometry\":{\"type\":\"LineString\",\"coordinates\":[");
    for (uint32_t i = 0; i < way->n_vertices; i++) {
        double lat = 0, lon = 0;
        (void)grid_unproject(n->zone, n->vertices[way->first + i].at, &lat, &lon); /* inside the frame: road_check */
        printf("%s[%.8f,%.8f]", i ? "," : "", lon, lat);
    }
    printf("]}}");
}

static void print_way(const struct road_network *n, uint32_t w)
{
    const struct road_way *way = &n->ways[w];

    printf("%s\t%s\t%s%s%s\t%d lanes%s\t%.2f m wide\t%.1f m long\tevery %g d%s%s\n", road_text(n, way->id),
           roads_class_words[way->class], road_text(n, way->name), way->name_zh ? " " : "", road_text(n, way->name_zh),
           way->lanes, way->is_oneway ? ", oneway" : "", way->width_mm / 1000.0, (double)road_length_mm(n, w) / 1000,
           way->cadence_h / 24.0, way->owner ? "\t" : "", road_text(n, way->owner));
}

static bool is_meant(const struct road_network *n, uint32_t w, const char *what)
{
    return !what || strcmp(road_text(n, n->ways[w].id), what) == 0 || strcmp(road_text(n, n->ways[w].name), what) == 0 ||
           strcmp(road_text(n, n->ways[w].name_zh), what) == 0;
}

int roads_verb_show(const struct roads_arguments *a)
{
    struct road_file file;
    uint32_t n_shown = 0;

    if (!open_network(a->words[0], &file))
        return 1;
    const struct road_network *n = &file.network;
    if (a->is_geojson || a->is_json)
        fputs(a->is_geojson ? "{\"type\":\"FeatureCollection\",\"features\":[" : "[", stdout);
    for (uint32_t w = 0; w < n->n_ways; w++) {
        if (!is_meant(n, w, a->words[1]))
            continue;
        if (n_shown++ && (a->is_json || a->is_geojson))
            puts(",");
        if (a->is_geojson) {
            print_feature(n, w);
        } else if (a->is_json) {
            putchar('{');
            print_properties(n, w);
            putchar('}');
        } else {
            print_way(n, w);
        }
    }
    if (a->is_geojson || a->is_json)
        puts(a->is_geojson ? "]}" : "]");
    if (!n_shown && a->words[1])
        fprintf(stderr, "roadchief roads: no way has the id or the name '%s'\n", a->words[1]);
    road_file_done(&file);
    return n_shown || !a->words[1] ? 0 : 1;
}

/* ---- cells ---------------------------------------------------------------------------------------------- */

struct cell_printer {
    struct grid_zone zone;
    bool is_json;
    uint64_t n;
};

static void print_square(void *context, const struct road_square *square)
{
    struct cell_printer *printer = context;
    const struct grid_point middle = {square->e_m * 1000 + 500, square->n_m * 1000 + 500};
    char text[CELL_TEXT_SIZE];
    struct cell cell;

    if (cell_from_point(printer->zone, middle, 0, &cell) != ROAD_OK)
        return; /* a carriageway may reach over the frame's edge */
    if (printer->is_json)
        printf("%s{\"id\":\"%" PRIu64 "\",\"cell\":\"%s\",\"chainage_m\":%.3f,\"lateral_m\":%.3f}", printer->n ? ",\n" : "",
               cell.id, cell_format(cell, text), (double)square->chainage_mm / 1000, square->lateral_mm / 1000.0);
    else
        printf("%s,%.3f,%.3f\n", cell_format(cell, text), (double)square->chainage_mm / 1000, square->lateral_mm / 1000.0);
    printer->n++;
}

int roads_verb_cells(const struct roads_arguments *a)
{
    struct road_file file;

    if (!open_network(a->words[0], &file))
        return 1;
    struct cell_printer printer = {file.network.zone, a->is_json, 0};
    const uint32_t way = road_find(&file.network, a->words[1]);
    if (way == ROAD_NO_WAY) {
        fprintf(stderr, "roadchief roads: no way has the id '%s'; `roadchief roads show` lists them\n", a->words[1]);
    } else {
        fputs(a->is_json ? "[" : "cell,chainage_m,lateral_m\n", stdout);
        road_squares(&file.network, way, print_square, &printer);
        fputs(a->is_json ? "]\n" : "", stdout);
    }
    road_file_done(&file);
    return way == ROAD_NO_WAY;
}

/* ---- locate --------------------------------------------------------------------------------------------- */

int roads_verb_locate(const struct roads_arguments *a)
{
    struct road_file file;
    struct grid_point point;
    struct road_place place;
    char *end_lat, *end_lon;
    const double lat = strtod(a->words[1], &end_lat), lon = strtod(a->words[2], &end_lon);

    if (*end_lat || *end_lon || !isfinite(lat) || !isfinite(lon)) {
        fprintf(stderr, "roadchief roads: '%s %s' is not a latitude and a longitude in degrees\n", a->words[1], a->words[2]);
        return 2;
    }
    if (!open_network(a->words[0], &file))
        return 1;
    enum road_status status = grid_project(file.network.zone, lat, lon, &point);
    if (status == ROAD_OK)
        status = road_locate(&file.network, point, (struct road_direction){0, 0}, 0, &place);
    if (status != ROAD_OK) {
        fprintf(stderr, "roadchief roads: no carriageway within %d m\n", ROAD_NEAR_MM / 1000);
    } else if (a->is_json) {
        putchar('{');
        print_properties(&file.network, place.way);
        printf(",\"chainage_m\":%.3f,\"lateral_m\":%.3f,\"segment\":%" PRIu32 "}\n", (double)place.chainage_mm / 1000,
               place.lateral_mm / 1000.0, road_segment_of(&file.network, place.way, place.chainage_mm));
    } else {
        print_way(&file.network, place.way);
        printf("chainage_m: %.3f\nlateral_m: %.3f\nsegment: %" PRIu32 "\n", (double)place.chainage_mm / 1000,
               place.lateral_mm / 1000.0, road_segment_of(&file.network, place.way, place.chainage_mm));
    }
    road_file_done(&file);
    return status != ROAD_OK;
}
