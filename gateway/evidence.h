/* evidence.h - everything that was observed, in memory, by place.
 *
 * The road is cut into blocks of 64 m. A block knows the stretches of passes that touch it, what each visit watched
 * in its squares, and the sightings (detections) that lie in it. All of it is a set: adding the same batches in any
 * order gives equal evidence, because a visit keeps maxima and lists that are sorted before they are read.
 *
 * A visit is one unit of independence at one place: one vehicle, one UTC hour, one sensor. Whatever a vehicle does
 * within the hour counts once (errors of its position and its detector are common to all of it).
 *
 * Memory: about 25 bytes a metre of pass. One thread. */
#ifndef GATEWAY_EVIDENCE_H
#define GATEWAY_EVIDENCE_H

#include "grid/shape.h"
#include "link/message.h"

#define BLOCK_LEVEL 6
#define BLOCK_MM 64000
#define COVER_LEVEL_MAX 5    /* the coarsest square that a pass writes to: 32 m, for sigma to 15 m */
#define SQUARES_IN_BLOCK 5460 /* levels 0..5: 4096 + 1024 + 256 + 64 + 16 + 4 */
#define PIECE_LEVEL 4        /* a piece of road is what runs through one 16 m square in one quadrant of heading */
#define PIECES_IN_BLOCK 64
#define WATCHED_ONE 65535    /* w * Pd = 1 */
#define PLACED_SIGMA_MM_MAX 15000.0 /* contracts: nothing is placed beyond 1 sigma = 15 m */
#define NS_PER_HOUR (3600 * INT64_C(1000000000))
#define NS_PER_DAY (24 * NS_PER_HOUR)

struct speaker {
    struct kid kid;
    bool is_phone;
};

struct track_point {
    struct grid_point at; /* in the deployment's frame */
    int64_t time_ns;
    uint16_t sigma_cm, iri_centi;
};

/* A pass, kept whole. */
struct track {
    uint32_t speaker;
    enum sense sensor;
    enum gnss_class gnss;
    uint16_t half_track_mm;
    uint32_t n_points;
    struct track_point *points;
};

/* The segments first..last of a track that touch a block; segment i runs from point i to i + 1. */
struct stretch {
    uint32_t track, first, last;
};

/* What a visit watched of one square: the largest w * Pd, and the quadrants of heading it came in. */
struct deposit {
    uint16_t square; /* see square_index */
    uint16_t watched;
    uint8_t quadrants;
};

/* A drive through one piece of road. */
struct run {
    int64_t from_ns, to_ns;
    uint32_t length_mm;
    uint32_t iri_length_mm;  /* of it, with a known IRI */
    uint64_t iri_sum;        /* sum of IRI centi * mm */
    uint8_t piece;           /* square of 16 m (0..15, Morton) * 4 + quadrant of heading */
};

struct visit {
    uint32_t speaker;
    enum sense sensor;
    int64_t hour; /* since 1970, UTC */
    int64_t last_ns;
    struct deposit *deposits;
    size_t n_deposits, deposit_capacity;
    struct run *runs;
    size_t n_runs, run_capacity;
};

/* A detection or a feature sighting, placed in the deployment's frame. A feature's events count on behind the
 * detections of its batch. */
struct sighting {
    struct defect_id event;
    uint32_t speaker;
    enum feature_kind kind; /* FEATURE_NONE for a detection */
    int type;               /* enum defect_type_id; of a feature what it becomes when it changes, maybe DEFECT_NONE */
    enum severity severity;
    enum sense sensor;
    enum gnss_class gnss;
    uint16_t confidence_permille;
    uint16_t heading_cdeg, speed_cmps;
    struct grid_point at;
    struct grid_covariance covariance;
    double sigma_mm; /* of the major axis */
    int32_t size_milli, size_sigma_milli;
    int32_t strength_milli, strength_sigma_milli; /* 0 = not measured */
    uint32_t defect;  /* the defect it was given to: index into the beliefs */
    uint32_t visited; /* mark of the last walk through the neighbourhood */
};

/* A square that a defect is painted on. */
struct painted {
    uint16_t square;
    uint32_t defect;
    double area_m2;
};

/* The one piece of road that a defect colours. */
struct on_piece {
    uint8_t piece;
    uint32_t defect;
};

/* What was last said of one square, as a key; absent = grey. */
struct said {
    uint16_t square;
    uint8_t code;
    uint64_t key;
};

struct block {
    int32_t column, row; /* floor(e / 64 m), floor(n / 64 m) */
    uint64_t base;       /* id of the block's cell less its sentinel bit */
    struct visit *visits;
    size_t n_visits, visit_capacity;
    struct stretch *stretches;
    size_t n_stretches, stretch_capacity;
    uint32_t *sightings;
    size_t n_sightings, sighting_capacity;
    uint32_t *defects; /* whose position lies here */
    size_t n_defects, defect_capacity;
    struct painted *painted;
    size_t n_painted, painted_capacity;
    struct on_piece *on_pieces;
    size_t n_on_pieces, on_piece_capacity;
    struct said *said;
    size_t n_said, said_capacity;
    uint8_t piece_codes[PIECES_IN_BLOCK];
    struct road_metres road; /* what this block adds to the district's */
    bool is_dirty, is_near_new_pass, is_measured;
};

struct evidence_config {
    struct grid_zone zone;
    int64_t frame_de_mm, frame_dn_mm; /* added to what comes in FRAME_ITRF_CURRENT */
};

struct evidence {
    struct evidence_config config;
    struct speaker *speakers;
    size_t n_speakers, speaker_capacity;
    struct track *tracks;
    size_t n_tracks, track_capacity;
    struct sighting *sightings;
    size_t n_sightings, sighting_capacity;
    struct block **blocks;
    size_t n_blocks, block_capacity;
    uint32_t *table; /* open hash from (column, row) to index + 1 */
    size_t table_size;
    uint64_t unplaced_cm;
    uint64_t sightings_unplaced; /* sigma beyond 15 m: not used */
    uint64_t n_features;         /* of the sightings */
    int64_t newest_ns;           /* event time */
    uint16_t scratch_watched[SQUARES_IN_BLOCK];
    uint8_t scratch_quadrants[SQUARES_IN_BLOCK];
    uint16_t scratch_touched[SQUARES_IN_BLOCK];
};

void evidence_init(struct evidence *evidence, const struct evidence_config *config);
void evidence_done(struct evidence *evidence);
/* The batch must have passed intake_validate. Marks the blocks it touches. New sightings are at the end. */
void evidence_add(struct evidence *evidence, const struct batch *batch, struct kid speaker, bool is_phone);
struct block *evidence_block(const struct evidence *evidence, int32_t column, int32_t row); /* NULL if empty */
struct block *evidence_block_make(struct evidence *evidence, int32_t column, int32_t row);
struct block *evidence_block_of_cell(struct evidence *evidence, struct cell cell); /* makes it */

int32_t block_coordinate(int64_t mm);
/* Index of a square among those of its block: coarse levels behind fine ones, Morton within a level. */
uint16_t square_index(int level, int64_t in_block_e_mm, int64_t in_block_n_mm);
uint16_t square_parent(uint16_t square, int level); /* of a square of `level` <= 4 */
int square_level(uint16_t square);
uint16_t square_of_cell(struct cell cell);
struct cell square_cell(const struct block *block, uint16_t square);
extern const uint16_t square_offset[COVER_LEVEL_MAX + 2];

#endif
