#include "server/api/tile_segments.h"

#include <math.h>
#include <stdio.h>

#include "server/api/segments.h"

#define REACH_MM 500000 /* a segment is found by its middle, and at most 1 km long */

static const char *const segment_keys[] = {"road", "code", "grade", "score", "unknown", "key"};
enum { KEY_ROAD, KEY_CODE, KEY_GRADE, KEY_SCORE, KEY_UNKNOWN, KEY_KEY, SEGMENT_KEYS };

/* Values that many segments share. */
struct segment_layer {
    struct mvt_layer layer;
    const struct tile_frame *frame;
    uint32_t codes[4], grades[4];
};

static void layer_init(struct segment_layer *segments, const struct tile_frame *frame)
{
    mvt_layer_init(&segments->layer);
    segments->frame = frame;
    for (unsigned i = 0; i < 4; i++) {
        segments->codes[i] = mvt_value_uint(&segments->layer, i);
        segments->grades[i] = mvt_value_text(&segments->layer, segment_grade_letter((int)i));
    }
}

static void put_segment(struct segment_layer *segments, const struct segment_row *row)
{
    struct mvt_layer *layer = &segments->layer;
    const struct segment_facts *facts = &row->facts;
    const uint16_t score = facts->pqi_centi != SCORE_UNKNOWN ? facts->pqi_centi : facts->pci_centi;
    struct tile_place places[SEGMENT_POINTS_MAX];
    char key[96];

    for (size_t i = 0; i < row->n_line; i++)
        places[i] = tile_frame_place(segments->frame, row->line[i]);
    snprintf(key, sizeof key, "%s/%d/%lld", row->way, row->is_backward, (long long)row->index);
    mvt_feature_begin(layer);
    mvt_tag(layer, KEY_ROAD, mvt_value_text(layer, row->road));
    mvt_tag(layer, KEY_CODE, segments->codes[facts->code]);
    if (facts->grade >= 0 && facts->grade <= 3)
        mvt_tag(layer, KEY_GRADE, segments->grades[facts->grade]);
    if (score != SCORE_UNKNOWN)
        mvt_tag(layer, KEY_SCORE, mvt_value_uint(layer, (score + 50u) / 100));
    mvt_tag(layer, KEY_UNKNOWN, mvt_value_uint(layer, (1005u - facts->observed_permille) / 10)); /* percent */
    mvt_tag(layer, KEY_KEY, mvt_value_text(layer, key));
    tile_frame_line(places, row->n_line, layer);
    mvt_feature_end(layer, MVT_LINE);
}

enum road_status tile_make_segments(struct reader *reader, const struct tile_frame *frame, struct bytes *ret_bytes)
{
    struct id_range ranges[PLACE_RANGES_MAX];
    struct segment_layer segments;
    enum road_status status = ROAD_OK;
    struct grid_box box = frame->box;
    struct segment_row row;
    size_t n;

    if (frame->tile.zoom < TILE_SEGMENTS_ZOOM)
        return ROAD_OK;
    layer_init(&segments, frame);
    box.west_mm -= REACH_MM, box.south_mm -= REACH_MM, box.east_mm += REACH_MM, box.north_mm += REACH_MM;
    place_cover(frame->zone, &box, ranges, &n);
    for (size_t i = 0; i < n && !status; i++) {
        sqlite3_stmt *s = reader_query(reader, QUERY_SEGMENTS_NEAR);
        sqlite3_bind_int64(s, 1, (sqlite3_int64)ranges[i].first);
        sqlite3_bind_int64(s, 2, (sqlite3_int64)ranges[i].last);
        sqlite3_bind_int(s, 3, frame->tile.zoom >= TILE_SEGMENTS_ALL_ZOOM ? ROAD_BRANCH : ROAD_ARTERIAL);
        while (reader_step(s, &status)) {
            segment_row_read(s, &row);
            put_segment(&segments, &row);
        }
    }
    if (!status)
        mvt_layer_finish(&segments.layer, "segments", segment_keys, SEGMENT_KEYS, ret_bytes);
    mvt_layer_done(&segments.layer);
    return status;
}
