/* segments.h - 100 m segments as the gateways told them, and what a road comes to by them. Private to server/api.
 *
 * No score of a segment is computed here: a road's are means over its observed segments, weighted by their length, graded
 * by the floors that the gateway gave with them. */
#ifndef SERVER_API_SEGMENTS_H
#define SERVER_API_SEGMENTS_H

#include "grid/cell.h"
#include "grid/segment.h"
#include "server/api/inside.h"

#define SEGMENT_POINTS_MAX 16
#define SEGMENT_TEXT_SIZE  128

struct segment_row {
    char way[64], road[SEGMENT_TEXT_SIZE];
    bool is_backward;
    int64_t index;
    enum road_class road_class;
    double length_m;
    struct grid_point line[SEGMENT_POINTS_MAX];
    size_t n_line;
    struct segment_facts facts;
};
void segment_row_read(sqlite3_stmt *s, struct segment_row *ret_row);

/* All segments of one road. */
struct road_score {
    int64_t n_segments;
    double length_m, observed_m; /* both directions where there are two */
    double metres[4];            /* by the code of the segment */
    double graded_m[4];          /* by its grade */
    struct segment_facts facts;  /* of the road: means, its worst code and what decided that */
};
enum road_status road_score_read(struct reader *reader, const char *road, struct road_score *ret_score);
/* null without segments. */
json_t *road_score_object(const struct road_score *score);
/* {"en": …, "zh": …} */
json_t *segment_explanation(const struct segment_facts *facts);
/* The road's segments as a list, or as GeoJSON if the request's format says so. */
void answer_segments(struct call *call, const char *road);
/* {"red", "yellow", "green", "grey": how many; "unknown": share of their length}; null if there are none. */
enum road_status segments_summary(struct reader *reader, json_t **ret_object);
/* True if the request asks for GeoJSON; an unknown format is answered with 400 (*ret_is_good false). */
bool segments_want_geojson(struct call *call, bool *ret_is_good);
/* The road page's list of what is not green, worst first, in both languages. */
enum road_status segments_page(struct call *call, const char *road, const struct road_score *score);

#endif
