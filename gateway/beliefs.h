/* beliefs.h - what the gateway believes: a pure function of the set of observations.
 *
 *     batches --> evidence --> associate (sightings to defects) --> fuse (position, size, probability, state;
 *                         |                                          feature: what merely stands there)
 *                         \-> colour (squares and pieces of road to codes) <--/
 *
 * Beliefs = f(observations, verdicts of people, day of the newest event): the same for any order of arrival, any grouping of batches and
 * any number of restarts. Only what new evidence touches is folded again: the connected sightings, the defects near
 * a new pass, the blocks of 64 m. No clock, no I/O. One thread. */
#ifndef GATEWAY_BELIEFS_H
#define GATEWAY_BELIEFS_H

#include "gateway/clears.h"
#include "gateway/snap.h"
#include "gateway/segments.h"
#include "gateway/standing.h"
#include "gateway/rules.h"
#include "gateway/verdict.h"
#include "gateway/walk.h"

#define PAINTED_MAX 16
#define NO_DEFECT UINT32_MAX

struct beliefs_config {
    struct evidence_config evidence;
    enum road_class road_class; /* where the network says nothing */
    /* Borrowed; NULL: one class everywhere, and no pass is put on a lane (gateway/snap.h), no segments are scored. Evidence that was added under
     * another network is to be added anew. */
    const struct road_network *roads;
    struct code_rules rules;
    struct standing_rules standing; /* who is believed; all zero: everybody */
    const struct evidence_rules *odds; /* gateway/rules.h; copied. NULL: as shipped */
    unsigned feature_passes; /* units with a strength before a feature has a baseline; at least 2 are needed */
};
#define FEATURE_PASSES_DEFAULT 5

/* A thing on the road as it stands, beside its belief as told: a defect, a feature, or both (a cover that sank). */
struct defect {
    bool is_live;
    uint32_t *members; /* sightings, in event order; the first names it */
    size_t n_members, member_capacity;
    struct defect_belief belief;
    bool is_claimed; /* some sighting calls it damage, or it changed: else it is only a feature, and never told */
    struct feature_belief feature; /* kind FEATURE_NONE if no sighting says so */
    struct grid_covariance covariance;
    struct clears clears, feature_clears; /* passes over it, as damage and as a feature */
    struct opinions opinions; /* what it says of those who passed */
    struct cell cells[PAINTED_MAX]; /* confirmed only: what it is painted on */
    double areas_m2[PAINTED_MAX];
    size_t n_cells;
    struct block *home;   /* of its position */
    struct block *street; /* of the piece of road it colours, NULL if none was driven */
    uint8_t piece;
    bool is_shaking; /* as a registered feature: the ride around there is not judged */
    struct grid_point shakes_at;
    bool is_queued;
    bool was_told, feature_was_told; /* what was told and is none any more counts as never told */
    struct defect_belief told;
    struct feature_belief feature_told;
};

/* What moved: for publish.c. Cells ascend by id, leaves, defects and features by id; a square of a leaf that also stands
 * among the cells is told there. */
struct moved_defect {
    struct defect_belief now;
    bool is_transition; /* state, severity, type, the right to red or the repair moved: worth an entry */
};
/* A leaf with squares that only passes speak of, all those of it that are known. Their coverage is told as far as it shows:
 * 0, COVER_PALE or COVER_FULL. */
struct told_leaf {
    struct leaf_patch patch;
    bool has_moved; /* the code of one of its squares; else only a day, or how well it is covered */
};
struct delta {
    int64_t as_of_ns;
    struct road_metres road;
    struct told_leaf *leaves; /* by id */
    size_t n_leaves, leaf_capacity;
    struct cell_change *cells;
    size_t n_cells, cell_capacity;
    struct moved_defect *defects;
    size_t n_defects, defect_capacity;
    struct feature_belief *features;
    size_t n_features, feature_capacity;
    struct segment_belief *segments;
    size_t n_segments, segment_capacity;
};
void delta_done(struct delta *delta);

struct beliefs {
    struct beliefs_config config;
    struct evidence evidence;
    struct snap snap;
    struct verdicts verdicts;
    struct standing *standing;
    struct defect *defects;
    size_t n_defects, defect_capacity;
    uint32_t *free_defects;
    size_t n_free, free_capacity;
    uint32_t *queue; /* defects to fuse again */
    size_t n_queue, queue_capacity;
    size_t n_associated; /* sightings before this one have a defect */
    uint32_t walk_mark;
    struct walk_rules walk; /* of the rules */
    struct segments *segments; /* NULL without a network */
    struct fold *fold; /* where colour.c sums up a block */
    int64_t day; /* of the last settling, UTC */
    struct road_metres road;
};

void beliefs_init(struct beliefs *beliefs, const struct beliefs_config *config);
void beliefs_done(struct beliefs *beliefs);
/* Takes the evidence of one batch; nothing is believed until beliefs_settle. */
void beliefs_add(struct beliefs *beliefs, const struct batch *batch, struct kid speaker, bool is_phone);
/* Takes what a person said of a defect; likewise. The defect may come later. False if it was known already. */
bool beliefs_say(struct beliefs *beliefs, const struct verdict *verdict);
/* Folds all that new evidence touched. `as_of_ns`: the newest event time is used if it is later. What moved since
 * the last settling goes into *delta (cleared first); NULL to keep silent, after a start from the store. */
void beliefs_settle(struct beliefs *beliefs, int64_t as_of_ns, struct delta *delta);
/* The code of a square as it is told; grey if it is not known. */
enum road_code beliefs_code(const struct beliefs *beliefs, struct cell cell);
/* SHA-256 over all defects, squares and pieces, in order: two gateways that believe the same have the same. */
void beliefs_digest(const struct beliefs *beliefs, uint8_t ret_digest[SHA256_SIZE]);

struct image_sink;   /* gateway/image.h */
struct image_source;
/* Everything that a fold of the batches so far would give again, as bytes. After beliefs_settle: nothing may wait to be
 * told. Fails only if the sink does. */
enum road_status beliefs_save(const struct beliefs *beliefs, const struct image_sink *sink);
/* Into beliefs fresh from beliefs_init; on failure only beliefs_done may follow. What is read is never trusted:
 * ROAD_CORRUPT if anything cannot be, ROAD_BAD_VERSION if it is another version's or another configuration's (the batches are
 * folded instead). The caller keeps a checksum, and which batches it holds. */
enum road_status beliefs_load(struct beliefs *beliefs, struct image_source *source);

/* Between the files of this part. */
uint32_t beliefs_defect_new(struct beliefs *beliefs);
void beliefs_defect_drop(struct beliefs *beliefs, uint32_t index);
void beliefs_queue(struct beliefs *beliefs, uint32_t index);

/* associate.c: gives every new sighting to a defect; the whole connected component is folded again in event order.
 * Names that vanish into another defect are told as aliases in *delta (NULL: silent). */
void associate(struct beliefs *beliefs, struct delta *delta);
/* fuse.c: belief and covariance of one defect from its members and the passes near it. */
void fuse(const struct beliefs *beliefs, struct defect *defect);
/* colour.c: codes of the squares with a reason and of the pieces of one block. */
void colour_block(struct beliefs *beliefs, struct block *block, struct delta *delta);
/* colour.c: which squares and which piece a fused defect colours. */
void colour_place(struct beliefs *beliefs, uint32_t index);
/* colour.c: writes a thing that was loaded into the blocks it concerns, as colour_place left it. */
void colour_restore(struct beliefs *beliefs, uint32_t index);
/* shaken.c: the blocks around a feature that is registered, or was, or lay elsewhere, have to be coloured again. */
void shaken_mark(struct beliefs *beliefs, struct defect *defect);
/* shaken.c: pieces of a block, a bit each, whose ride is a registered feature's. */
uint64_t shaken_pieces(const struct beliefs *beliefs, const struct block *block);
/* colour.c: the code of a piece as it was last decided, with its age. `window` is its block's. */
enum road_code piece_code(const struct beliefs *beliefs, const struct piece *piece, int window);
/* street.c: what a coloured block adds to the road metres; looks at its neighbours too. */
void street_measure(struct beliefs *beliefs, struct block *block);
/* telling.c: leaves whose squares show something else than was told; NULL: nobody hears it. */
void tell_leaves(struct beliefs *beliefs, struct delta *delta);

int defect_group(int type); /* types that one sense may take for each other share a group */
bool defect_fades(int type); /* roads do not heal, but water drains and litter is swept */
bool same_feature(const struct feature_belief *a, const struct feature_belief *b);
bool same_belief(const struct defect_belief *a, const struct defect_belief *b);

#endif
