/* roads_import.h - from GeoJSON lines to a road network.
 *
 * Takes a FeatureCollection, or features one behind the other (GeoJSONSeq, what osmium and ogr2ogr write), of LineString and
 * MultiLineString. Properties, all but class or highway optional:
 *
 *     id | @id | osm_id        the way's name for machines, at most 63 bytes; else the feature's own id, else its number
 *     name, name_zh | name:zh  what people call it
 *     class | highway          expressway arterial secondary branch, 快速路 主干路 次干路 支路, or an OSM highway tag
 *     lanes, width             both directions together; metres. Else by class
 *     oneway                   yes true 1 | -1 (against the line) | no; motorways and roundabouts are, where it is silent
 *     owner                    the department that keeps it
 *     line_sigma_m             1 sigma of the line's place across; else not known
 *     cadence_d                planned days between watched passes, 0 = none; else by class
 *
 * What is no road for vehicles is skipped and counted by reason; a value that cannot be read (lanes = "2;3") counts as
 * not given; what is no GeoJSON, or a place that is none, refuses the file. Ways of one name and equal properties that meet
 * end to end become one, so that segments of 100 m are not cut at every bridge. The network is a function of the set of
 * ways, not of their order in the file. */
#ifndef GATEWAY_ROADS_IMPORT_H
#define GATEWAY_ROADS_IMPORT_H

#include "grid/road.h"

#define ROADS_ERROR_SIZE   256
#define ROADS_INPUT_MAX    (1024L << 20)
#define ROADS_DEPTH_MAX    16
#define ROADS_REASONS_MAX  32
#define ROADS_REASON_SIZE  48

struct roads_options {
    bool has_meridian; /* else the zone nearest to the first place */
    int meridian_deg;
    bool is_left_hand;
    bool keep_ways; /* do not join */
    uint16_t line_sigma_mm; /* of lines that do not say; 0 = not known */
};

struct roads_reason {
    char text[ROADS_REASON_SIZE];
    uint64_t n;
};

struct roads_summary {
    uint64_t n_features, n_lines; /* read; lines that became ways, before joining */
    uint64_t n_skipped, n_unread; /* features; values that could not be read */
    uint64_t n_unnamed_ids;       /* features without an id of their own */
    struct roads_reason reasons[ROADS_REASONS_MAX];
    size_t n_reasons; /* further ones are counted in n_skipped alone */
    char unread_example[ROADS_ERROR_SIZE];
};

/* The network's arrays lie in one malloc'ed block; it has chainages, but no index. ret_error: ROADS_ERROR_SIZE. */
enum road_status roads_import(const char *text, size_t length, const struct roads_options *options,
                              struct road_network *ret_network, void **ret_block,
                              struct roads_summary *ret_summary, char *ret_error);

/* ---- between the files of this part -------------------------------------------------------------------- */

struct roads_line {
    const char *id, *name, *name_zh, *owner; /* "" = not given */
    enum road_class class;
    uint8_t lanes;
    bool is_oneway, is_gone; /* gone: joined to another */
    uint16_t cadence_h, line_sigma_mm;
    uint32_t width_mm;
    struct grid_point *points;
    size_t n_points, capacity;
};
/* roads_join.c: lines ascend by id; joined ones are marked as gone, and the one with the smallest id has all points. */
void roads_join(struct roads_line *lines, size_t n_lines);

#endif
