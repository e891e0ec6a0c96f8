/* road.h - the road network: ways, where a point lies on them, their 100 m segments and their square metres.
 *
 * A **way** is one line with one set of properties (class, lanes, width ...). What people call a road is all ways of
 * one name. Ways run in the order of their vertices: that is *forward*. **Chainage** is the length along the way from
 * its first vertex, **lateral** the distance to its right, both in millimetres of the deployment's frame; they do not turn
 * round with the direction of driving. Lanes count both directions together; traffic keeps to the right, or to the
 * left where the network says so.
 *
 * Plain arrays, borrowed: who made them (roads_file_read in link/roads_file.h, or a program of its own) keeps them. Make
 * one by hand: fill ways, vertices and text; road_measure; road_check; road_index_bytes; road_index_build. After
 * that nothing is allocated or changed: any thread. Whole numbers, and of floating point only what IEEE 754 rounds
 * exactly (+ - * / sqrt): the same answers on every machine. */
#ifndef GRID_ROAD_H
#define GRID_ROAD_H

#include "grid/code.h"
#include "grid/projection.h"

#define ROAD_NO_WAY           UINT32_MAX
#define ROAD_SEGMENT_MM       INT64_C(100000) /* the last segment of a way may be shorter */
#define ROAD_LINE_MM_MAX      INT64_C(20000000) /* between two vertices: 20 km, so that products of lengths are exact */
#define ROAD_WIDTH_MM_MAX     100000
#define ROAD_LANES_MAX        32
#define ROAD_SIGMA_MM_MAX     15000 /* contracts: nothing is placed beyond 1 sigma = 15 m */
#define ROAD_NEAR_MM          5000  /* beside a carriageway, beyond 3 sigma, still found: kerbs, bus bays, rough maps */
#define ROAD_BUCKET_MM        64000

struct road_vertex {
    struct grid_point at;
    int64_t chainage_mm; /* road_measure fills it */
};

struct road_way {
    uint32_t id, name, name_zh, owner; /* offsets into the network's text; 0 = not given, except of the id */
    enum road_class class;
    uint8_t lanes;      /* 1..ROAD_LANES_MAX, both directions together */
    bool is_oneway;     /* forward only */
    uint16_t cadence_h; /* planned hours between watched passes; 0 = none planned */
    uint16_t line_sigma_mm; /* 1 sigma of the line's place across; 0 = not known, and nothing is moved to its lanes */
    uint32_t width_mm;  /* of the carriageway, 1000..ROAD_WIDTH_MM_MAX; the line runs in its middle */
    uint32_t first, n_vertices; /* at least two, behind those of the way before */
};

/* Inner: lines near a bucket. */
struct road_bucket {
    int32_t column, row;
    uint32_t first, n; /* n = 0: free slot */
};
struct road_line_name {
    uint32_t way, vertex; /* the line runs from vertices[vertex] to the next */
};

struct road_network {
    struct grid_zone zone;
    bool is_left_hand;
    const struct road_way *ways; /* ascending by id (strcmp) */
    uint32_t n_ways;
    struct road_vertex *vertices;
    uint32_t n_vertices;
    const char *text; /* strings, each with its NUL; begins and ends with one */
    uint32_t text_length;
    uint32_t width_mm_max; /* of all ways; road_index_build fills it and what follows, in memory of the caller's */
    const struct road_bucket *buckets;
    uint32_t bucket_mask;
    const struct road_line_name *lines;
};

/* ---- making one ---------------------------------------------------------------------------------------- */

/* Fills the chainages. The ways' vertex ranges must lie inside the array. */
void road_measure(struct road_network *network);
/* Ranges of every field, ids ascending and unique, lines of 1 mm to ROAD_LINE_MM_MAX inside the frame. On failure
 * *ret_field (a static string) says what, *ret_way where; both may be NULL. */
enum road_status road_check(const struct road_network *network, const char **ret_field, uint32_t *ret_way);
/* Memory that the index needs, for a network that passed road_check; and the index, in memory aligned to 8 bytes. */
size_t road_index_bytes(const struct road_network *network);
void road_index_build(struct road_network *network, void *memory);

/* ---- ways ---------------------------------------------------------------------------------------------- */

static inline const char *road_text(const struct road_network *network, uint32_t offset)
{
    return network->text + offset;
}
uint32_t road_find(const struct road_network *network, const char *id); /* ROAD_NO_WAY if there is none */
int64_t road_length_mm(const struct road_network *network, uint32_t way);
/* What a way of a class has where the map is silent: lane width (CJJ 37-2012: 3.75 m where large vehicles drive fast, 3.5 m, 3.25 m where
 * they are few), lanes, and the cadence planned for it (Hangzhou: 1, 2, 3 days). */
uint32_t road_lane_width_mm(enum road_class class);
uint8_t road_lanes_default(enum road_class class, bool is_oneway);
uint16_t road_cadence_default_h(enum road_class class);

/* Segments number from 0 at chainage 0; a way driven both ways has each once a direction. */
struct road_segment {
    int64_t from_mm, to_mm; /* chainages */
};
uint32_t road_segment_count(const struct road_network *network, uint32_t way);
uint32_t road_segment_of(const struct road_network *network, uint32_t way, int64_t chainage_mm); /* clamped to the way */
struct road_segment road_segment_at(const struct road_network *network, uint32_t way, uint32_t segment);

/* ---- places -------------------------------------------------------------------------------------------- */

/* Where something heads, of any length; {0, 0} = not known. */
struct road_direction {
    int64_t e, n;
};
struct road_direction road_direction_of(uint16_t heading_cdeg); /* clockwise from north; length 10^6 */

struct road_place {
    uint32_t way;
    uint32_t vertex; /* the line from this vertex to the next */
    bool has_direction; /* false: the heading was not given and the way goes both ways */
    bool is_backward;
    bool is_unambiguous; /* the direction is known and no other way can be meant: see road_locate */
    int64_t chainage_mm;
    int32_t lateral_mm;  /* to the right of forward; at a way's end the distance to it */
    uint32_t distance_mm; /* to the line */
    struct road_direction along; /* forward, as the line runs there */
};

/* The way a point lies on: of those whose carriageway comes within 3 sigma + ROAD_NEAR_MM and that may be driven
 * within 45 degrees of `heading` (if known), the one whose edge is nearest (0 inside); among equals the nearest line.
 * Unambiguous: no other way of such a heading has its line within 3 sigma + half of both widths + ROAD_NEAR_MM, other than one that
 * goes on where this one ends. `sigma_mm` counts as ROAD_SIGMA_MM_MAX if it is more. ROAD_NOT_FOUND: no way. */
enum road_status road_locate(const struct road_network *network, struct grid_point point,
                             struct road_direction heading, uint32_t sigma_mm, struct road_place *ret_place);
/* The point at a chainage (clamped to the way), `lateral_mm` to the right of forward. ret_along may be NULL. */
void road_point_at(const struct road_network *network, uint32_t way, int64_t chainage_mm, int64_t lateral_mm,
                   struct grid_point *ret_point, struct road_direction *ret_along);
/* Lateral of the middle of lane `lane` (0 = nearest to the middle of a way of two directions; leftmost of a oneway),
 * and how many lanes a direction has: lanes / 2, at least 1. */
unsigned road_lanes_of(const struct road_network *network, uint32_t way, bool is_backward);
int32_t road_lane_lateral_mm(const struct road_network *network, uint32_t way, bool is_backward, unsigned lane);
/* Class of the nearest carriageway within `reach_mm`, `otherwise` if there is none: for squares without a heading. */
enum road_class road_class_near(const struct road_network *network, struct grid_point point, uint32_t reach_mm,
                                enum road_class otherwise);

/* Of the block of 64 m with these numbers (floor(e / 64 m), floor(n / 64 m)): the highest class whose line runs through it, else that of the nearest carriageway within
 * 60 m of its middle. Where a branch meets an arterial the stricter rules hold for both. */
enum road_class road_class_of_block(const struct road_network *network, int32_t column, int32_t row,
                                    enum road_class otherwise);

/* ---- square metres ------------------------------------------------------------------------------------- */

/* One square metre of a way: its middle lies within half the width of the line. */
struct road_square {
    int64_t e_m, n_m; /* south-west corner, whole metres of the frame */
    int64_t chainage_mm;
    int32_t lateral_mm;
};
/* Each square metre of the way once, in the order of its lines (not sorted within a line). Returns how many.
 * visit NULL: only counts. Squares on which two ways lie belong to both. */
uint64_t road_squares(const struct road_network *network, uint32_t way,
                      void (*visit)(void *context, const struct road_square *square), void *context);

/* ---- between the files of this part -------------------------------------------------------------------- */

/* The nearest point of a line to a point. */
struct road_foot {
    double distance_mm, along_mm; /* along: from the line's first vertex, 0..length */
    double lateral_mm;
    bool is_before, is_behind; /* the foot is an end, and the point lies beyond it */
};
struct road_foot road_foot(const struct road_vertex *line, struct grid_point point);
/* The lines that come near the bucket, in no order that matters; NULL and 0 if none. */
const struct road_line_name *road_lines_in(const struct road_network *network, int32_t column, int32_t row,
                                           uint32_t *ret_n);
int32_t road_bucket_of(int64_t mm);

#endif
