/* evidence.h - everything that was observed, in memory, by place.
 *
 * The road is cut into blocks of 64 m. What a pass drove in a block is kept as a stretch (stretch.h); what all of them
 * watched of a square is 16 bits in a cell map, one map a level (cellmap.h, grid/cover.h); what they drove and felt
 * of a piece of road is a few sums (piece.h). Sightings are kept whole. All of it is a function of the set of batches:
 * sums commute, and a stretch that comes late has its block folded again from its stretches in the order of days.
 *
 * A unit is what counts once at one place: one vehicle, one UTC hour, one sensor. Whatever a vehicle does within the hour has
 * the same errors. A later stretch of a unit adds to a square only what its earlier ones did not; one node's
 * batches always come in the same order, so this too depends on the set alone.
 *
 * One thread. */
#ifndef GATEWAY_EVIDENCE_H
#define GATEWAY_EVIDENCE_H

#include "gateway/cellmap.h"
#include "gateway/detector.h"
#include "gateway/piece.h"
#include "gateway/stretch.h"
#include "grid/shape.h"

#define COVER_LEVEL_MAX 5     /* the coarsest square that a pass writes to: 32 m, for sigma to 15 m */
#define COVER_LEVELS (COVER_LEVEL_MAX + 1)
#define SQUARES_IN_BLOCK 5460 /* levels 0..5: 4096 + 1024 + 256 + 64 + 16 + 4 */
#define STRIP_LEVEL 2         /* squares of 4 m above finer ones are known: the strip between two wheel tracks */
#define PLACED_SIGMA_MM_MAX 15000.0 /* contracts: nothing is placed beyond 1 sigma = 15 m */
#define NO_DAY INT64_MIN

struct speaker {
    struct kid kid;
    bool is_phone;
    struct traverse open[2][4]; /* by sense (motion, camera) and quadrant: where its last pass ended, see piece.h */
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

/* What was last said of a square that has a reason (a defect, a rough ride). */
struct said {
    uint16_t square;
    uint8_t code;
    uint32_t key;
};

struct number_list {
    uint32_t *items;
    size_t n, capacity;
};

/* What a block has beside passes; most have nothing. */
struct findings {
    struct number_list sightings, defects; /* whose place lies here */
    struct painted *painted;
    size_t n_painted, painted_capacity;
    struct on_piece *on_pieces;
    size_t n_on_pieces, on_piece_capacity;
    struct said *said; /* ascending by square */
    size_t n_said, said_capacity;
};

/* Why a block stands in the list of those to settle. */
enum block_work {
    WORK_COLOUR = 1, /* its squares and pieces have to be decided */
    WORK_STREET = 2, /* its road metres have to be counted */
    WORK_FOLD = 4,   /* something came late: its squares have to be folded again */
};

struct block {
    int32_t column, row; /* floor(e / 64 m), floor(n / 64 m) */
    uint32_t key;        /* Morton number of its 64 m square */
    uint32_t newest;     /* of its chain of stretches */
    uint32_t n_near;     /* things with a place in it or in one of the eight around it */
    uint8_t work;
    uint8_t road_class;  /* asked for once: a network does not change while it is in use */
    struct pieces pieces;
    struct findings *findings; /* NULL: nothing but passes */
    uint32_t road_cm[4]; /* by code: what it adds to the district's */
};

/* Keys of leaves (cellmap.h), some of them more than once. */
struct leaf_list {
    uint64_t *items;
    size_t n, capacity;
};

struct evidence_config {
    struct grid_zone zone;
    int64_t frame_de_mm, frame_dn_mm; /* added to what comes in FRAME_ITRF_CURRENT */
    enum road_class road_class;
    /* The class of the roads in a block of 64 m; NULL: road_class everywhere. */
    enum road_class (*class_of)(const void *context, int32_t column, int32_t row, enum road_class otherwise);
    const void *class_context;
    int window_days[4]; /* by class: after so many days without a pass a square is grey; filled by beliefs_init */
    struct detectors detectors; /* filled by beliefs_init */
    int evidence_days;  /* stretches are kept so long; 0 = EVIDENCE_DAYS_DEFAULT */
    int phone_days;     /* those of phones; 0: until the turn of the day after they came */
};
#define EVIDENCE_DAYS_DEFAULT 30

struct evidence {
    struct evidence_config config;
    struct speaker *speakers;
    size_t n_speakers, speaker_capacity;
    uint32_t *speaker_table; /* open hash from kid to index + 1 */
    size_t speaker_table_size;
    struct stretches stretches;
    struct cutter *cutter;
    struct cellmap maps[COVER_LEVELS];
    struct cellmap_path paths[COVER_LEVELS];
    struct leaf_list moved[COVER_LEVELS]; /* leaves of which a code moved since the last telling */
    struct sighting *sightings;
    size_t n_sightings, sighting_capacity;
    struct block **slabs; /* blocks never move */
    size_t n_blocks, slab_capacity;
    uint32_t *table; /* open hash from (column, row) to index + 1 */
    size_t table_size;
    struct block **work;
    size_t n_work, work_capacity;
    struct watched *watched, *had; /* room of coverage.c */
    struct road_point *points;     /* of the pass at hand */
    size_t point_capacity;
    void (*on_stretch)(void *context, struct block *block, const struct stretch *stretch); /* told of each; may be NULL */
    void *on_stretch_context;
    /* Whether what a node sent on a day (UTC) counts as cover; NULL: always. Where it does not, squares that nobody else
     * drove are known and grey. After it changes, the blocks have to be folded. */
    bool (*is_believed)(const void *context, uint32_t speaker, int64_t day);
    const void *is_believed_context;
    uint64_t unplaced_cm;
    uint64_t n_passes;
    uint64_t sightings_unplaced; /* sigma beyond 15 m: not used */
    uint64_t n_features;         /* of the sightings */
    uint64_t passes_too_old;     /* from before evidence_days: not used */
    int64_t newest_ns;           /* event time */
    int64_t day;                 /* ages are as of this one; NO_DAY before the first */
    float phi[257];              /* coverage.c: P(0 < Z < z) at 64 steps a sigma */
};

void evidence_init(struct evidence *evidence, const struct evidence_config *config);
void evidence_done(struct evidence *evidence);
/* The batch must have passed intake_validate. Puts the blocks it touches into the list of work. New sightings are at the
 * end. */
void evidence_add(struct evidence *evidence, const struct batch *batch, struct kid speaker, bool is_phone);
/* The number of a speaker that was heard. */
uint32_t evidence_speaker(const struct evidence *evidence, struct kid kid);
/* Ages are as of this day from now on: what was not passed for a window turns grey. Days do not go back. */
void evidence_turn(struct evidence *evidence, int64_t day);

struct block *evidence_block(const struct evidence *evidence, int32_t column, int32_t row); /* NULL if empty */
struct block *evidence_block_make(struct evidence *evidence, int32_t column, int32_t row);
struct block *evidence_block_of_cell(struct evidence *evidence, struct cell cell); /* makes it */
struct block *evidence_block_at(const struct evidence *evidence, size_t index);    /* index < n_blocks */
size_t evidence_block_index(const struct evidence *evidence, const struct block *block);
/* A square of this zone, at most of 32 m, in a block that is there. */
bool evidence_has_cell(const struct evidence *evidence, struct cell cell);
/* After speakers were loaded; false if one is there twice. */
bool evidence_index_speakers(struct evidence *evidence);
struct findings *block_findings(struct block *block); /* makes it */
void number_add(struct number_list *list, uint32_t number);
void block_work(struct evidence *evidence, struct block *block, enum block_work work);
enum road_class block_class(const struct block *block);
int block_window(const struct evidence *evidence, const struct block *block); /* days */

/* Index of a square among those of its block: coarse levels behind fine ones, Morton within a level. */
uint16_t square_index(int level, int64_t in_block_e_mm, int64_t in_block_n_mm);
uint16_t square_parent(uint16_t square, int level); /* of a square of `level` <= 4 */
int square_level(uint16_t square);
uint16_t square_of_cell(struct cell cell);
struct cell square_cell(const struct evidence *evidence, const struct block *block, uint16_t square);
extern const uint16_t square_offset[COVER_LEVELS + 1];
/* Of the map of the square's level. */
static inline uint64_t square_key(const struct block *block, uint16_t square, int level)
{
    return ((uint64_t)block->key << (12 - 2 * level)) + (uint64_t)(square - square_offset[level]);
}
/* What passes say of a square; 0 if none touched it. */
uint16_t evidence_cover(const struct evidence *evidence, const struct block *block, uint16_t square);

#endif
