/* message.h - what the parts say to each other, as plain values and as bytes.
 *
 * Bytes: CBOR maps with integer keys, key 0 = wire version (1), unknown keys ignored, duplicate keys refused,
 * depth <= 8, indefinite lengths refused; byte-exact in docs/wire.cddl and docs/wire.md. Every value here is
 * an integer, so that both ends hold the same. Encoders write into the caller's buffer. Decoders allocate one
 * block for a message's arrays; free it with the matching _done (NULL and zeroed structs are fine). A decoder
 * checks every range and names the first field it refuses in ret_field (a static string, may be NULL). */
#ifndef LINK_MESSAGE_H
#define LINK_MESSAGE_H

#include "grid/catalogue.h"
#include "grid/cell.h"
#include "grid/code.h"
#include "grid/cover.h"
#include "grid/feature.h"
#include "link/sign.h"

#define WIRE_VERSION 1
/* Event times beyond these (years 2000 and 2100) are refused as nonsense; what is too old or too new is the
 * gateway's to say. */
#define TIME_MIN_NS 946684800000000000
#define TIME_MAX_NS 4102444800000000000
#define NAME_SIZE   33 /* [a-z0-9-]{1,32} and NUL */

enum gnss_class { GNSS_RTK = 0, GNSS_SBAS = 1, GNSS_CONSUMER = 2, GNSS_PHONE = 3 };
enum frame { FRAME_CGCS2000 = 0, FRAME_ITRF_CURRENT = 1 };
enum time_source { TIME_NONE = 0, TIME_NTP = 1, TIME_GPS = 2 };
enum wheel_side { WHEEL_UNKNOWN = 0, WHEEL_LEFT = 1, WHEEL_RIGHT = 2, WHEEL_BOTH = 3 };

/* One point of a pass, at the middle between the wheels of the front axle. */
struct pass_point {
    int64_t time_ns;      /* UTC since 1970; millisecond resolution on the wire */
    struct grid_point at; /* centimetre resolution on the wire */
    uint16_t sigma_cm;    /* 1 sigma of the major axis, at most 16 m; 16 classes on the wire, rounded up */
    uint16_t iri_centi;   /* IRI of the 20 m around it, m/km * 100; 0xFFFF unknown; 0.1 m/km on the wire */
};
#define IRI_UNKNOWN 0xFFFF

/* A stretch that one sensor really watched. Straight between its points (2 to 5 m apart). */
struct pass {
    enum sense sensor; /* SENSE_MOTION or SENSE_CAMERA */
    enum frame frame;
    uint16_t epoch_centiyear; /* 2000.00 + n/100 */
    enum gnss_class gnss;
    uint16_t half_track_mm;    /* wheel tracks run this far left and right of the points */
    struct pass_point *points; /* at least one; times do not go back */
    size_t n_points;
};

struct detection {
    int type;               /* enum defect_type_id */
    enum severity severity; /* SEVERITY_NONE = not graded */
    uint16_t confidence_permille;
    enum sense sensor;
    int64_t time_ns;
    struct grid_point at; /* of the defect itself, lever arm and lag applied; centimetres on the wire */
    int32_t cov_ee_cm2, cov_en_cm2, cov_nn_cm2; /* positive semidefinite */
    int32_t size_milli, size_sigma_milli;       /* thousandths of the type's unit, not negative */
    uint16_t heading_cdeg;                      /* clockwise from north, 0..35999 */
    uint16_t speed_cmps;
    enum wheel_side side;
    uint16_t pass; /* index of the pass it was made on */
    bool has_evidence;
    uint8_t evidence[SHA256_SIZE];
    int32_t strength_milli, strength_sigma_milli; /* as a feature_sighting's; 0 = not measured */
};

/* What belongs to the road and shook the car all the same: an observation, no complaint. Motion only. */
struct feature_sighting {
    enum feature_kind kind;
    uint16_t confidence_permille;
    int64_t time_ns;
    struct grid_point at; /* of its middle, lever arm and lag applied; centimetres on the wire */
    int32_t cov_ee_cm2, cov_en_cm2, cov_nn_cm2; /* positive semidefinite */
    /* Vertical acceleration peak to peak, over this vehicle's usual shaking at this speed (its gain times
     * speed^0.65, sensor-node/motion/background.h), thousandths: what a vehicle makes of a feature compares with
     * what another makes of it. 0 = not measured. */
    int32_t strength_milli, strength_sigma_milli;
    uint16_t heading_cdeg; /* clockwise from north, 0..35999 */
    uint16_t speed_cmps;
    enum wheel_side side;
    uint16_t pass; /* index of the pass it was made on */
};

/* What a node sends. Borders follow samples and metres, never wall time. */
struct batch {
    uint64_t seq; /* from 1, per key; at most INT64_MAX, as every sequence number */
    struct grid_zone zone;
    enum time_source time_source;
    uint32_t time_sigma_us;
    uint32_t unplaced_cm;  /* driven in this batch's span, but not placed (sigma > 15 m, no time) */
    uint32_t unwatched_ms; /* gaps: no motion data or no position */
    struct pass *passes;
    size_t n_passes;
    struct detection *detections;
    size_t n_detections;
    struct feature_sighting *features;
    size_t n_features;
    void *block; /* what a decoder allocated; NULL for a batch built by hand */
};

#define BATCH_PAYLOAD_MAX    (SEALED_MAX - SEAL_OVERHEAD)
#define BATCH_POINTS_MAX     8192
#define BATCH_PASSES_MAX     64
#define BATCH_DETECTIONS_MAX 512
#define BATCH_FEATURES_MAX   256

/* Encoders refuse what the decoder would refuse: ROAD_BAD_RANGE, ROAD_BAD_INPUT, ROAD_TOO_LARGE. The same
 * bytes come out of a batch before and after batch_quantise. */
enum road_status batch_encode(const struct batch *batch, uint8_t *ret_bytes, size_t capacity,
                              size_t *ret_length);
enum road_status batch_decode(const uint8_t *bytes, size_t length, struct batch *ret_batch,
                              const char **ret_field);
/* The same into memory that is used again: it grows as needed, `block` is the caller's to free. The batch is
 * good until the next call with this memory, and needs no batch_done. */
struct batch_memory {
    void *block;
    size_t size;
};
enum road_status batch_decode_in(const uint8_t *bytes, size_t length, struct batch_memory *memory,
                                 struct batch *ret_batch, const char **ret_field);
/* Seq alone, from bytes that may be otherwise bad; to refuse a batch durably. */
enum road_status batch_peek_seq(const uint8_t *bytes, size_t length, uint64_t *ret_seq);
void batch_done(struct batch *batch);
/* What the wire keeps of a batch: rounds it in place, so that sender and receiver hold the same. */
void batch_quantise(struct batch *batch);

/* A receiver's answer, about one speaker. */
#define ACK_REFUSED_MAX 64
struct ack {
    struct kid speaker;
    uint64_t upto; /* everything to here is on disk, or durably refused */
    bool is_gap;   /* upto + 1 is missing: send again from there */
    size_t n_refused;
    struct {
        uint64_t seq;
        enum road_status reason;
    } refused[ACK_REFUSED_MAX]; /* the latest */
};
enum road_status ack_encode(const struct ack *ack, uint8_t *ret_bytes, size_t capacity, size_t *ret_length);
enum road_status ack_decode(const uint8_t *bytes, size_t length, struct ack *ret_ack, const char **ret_field);

/* A defect's name: the smallest event among its detections. Text: "<time_ns>.<kid hex>.<seq>.<index>". */
struct defect_id {
    int64_t time_ns;
    struct kid kid;
    uint64_t seq;
    uint32_t index;
};
#define DEFECT_ID_TEXT_SIZE 72
char *defect_id_format(const struct defect_id *id, char ret_text[DEFECT_ID_TEXT_SIZE]);
enum road_status defect_id_parse(const char *text, struct defect_id *ret_id);
int defect_id_compare(const struct defect_id *a, const struct defect_id *b);

enum defect_state {
    DEFECT_SUSPECTED = 1,
    DEFECT_CONFIRMED = 2,
    DEFECT_DROPPED = 3,  /* believed no more; a new hit starts it again */
    DEFECT_ALIAS = 4,    /* merged into another */
    DEFECT_REPAIRED = 5  /* somebody said that it was repaired, and passes or an inspector bore that out */
};

/* What became of the last word that it was repaired. */
enum repair_stage { REPAIR_NONE = 0, REPAIR_CLAIMED = 1, REPAIR_VERIFIED = 2, REPAIR_REOPENED = 3 };
/* What verified or reopened it. */
enum repair_cause { REPAIR_BY_NOBODY = 0, REPAIR_BY_PASSES = 1, REPAIR_BY_INSPECTOR = 2, REPAIR_BY_HIT = 3, REPAIR_BY_DESK = 4 };

struct repair {
    enum repair_stage stage;
    enum repair_cause cause; /* while verified or reopened */
    int64_t claimed_ns;      /* event time of the claim, and whose key it was */
    struct kid by;
    int64_t settled_ns;       /* verified or reopened: the hour of the evidence that did it; else 0 */
    uint16_t passes;          /* watched passes without a hit since the claim */
    uint16_t passes_needed;   /* about how many it takes, passes being as they were so far */
    uint32_t miss_ppm;        /* product of their miss probabilities, millionths: verified at 10,000 */
};

/* What the gateway believes of one defect, whole (a later state replaces an earlier one). */
struct defect_belief {
    struct defect_id id;
    enum defect_state state;
    struct defect_id alias_of; /* DEFECT_ALIAS only */
    int type;
    enum severity severity;
    bool may_be_red;
    uint16_t posterior_permille;
    struct grid_point at;
    int32_t cov_ee_cm2, cov_en_cm2, cov_nn_cm2;
    int32_t size_milli, size_sigma_milli;
    uint16_t hits, passes, motion_hits, camera_hits, units; /* units = vehicle x hour that hit */
    int64_t first_ns, last_ns;
    struct repair repair;
};

enum feature_state {
    FEATURE_SEEN = 1,       /* somebody said so: never told */
    FEATURE_REGISTERED = 2, /* it stands there: it colours nothing, and what is felt there is judged against it */
    FEATURE_RETIRED = 3,    /* not found any more, or most say by now that it is damage */
    FEATURE_ALIAS = 4       /* merged into another */
};

/* What the gateway believes of one feature, whole. Its name is that of the defect that lies there, should it become
 * one. */
struct feature_belief {
    struct defect_id id;
    enum feature_state state;
    struct defect_id alias_of; /* FEATURE_ALIAS only */
    enum feature_kind kind;
    uint16_t posterior_permille;
    struct grid_point at;
    int32_t cov_ee_cm2, cov_en_cm2, cov_nn_cm2;
    /* Median and median absolute deviation of the strengths at 40 km/h, thousandths; 0 while there is no baseline. */
    int32_t strength_milli, strength_mad_milli;
    uint16_t heading_cdeg;
    uint16_t hits, passes;  /* units that found it; those and the watched ones that did not */
    uint16_t called_damage; /* units that took it for damage, and were overruled */
    int64_t first_ns, last_ns;
};

/* A cell whose code, level or reason moved. */
struct cell_change {
    struct cell cell;   /* of the level it is known at */
    enum road_code was; /* the code that the gateway gave it before; grey if none */
    struct code_reason reason;
    bool has_defect;
    struct defect_id defect; /* that decided */
};

/* Squares that only passes speak of (no defect, no rough ride), many at once: 8 x 8 squares of one level. What is shown
 * of them is cover_shown: green or grey, for a square of another colour has a reason and is a cell_change. A square that
 * also stands among the change's cells is what is said there; else being told here takes back what any earlier
 * cell_change said of it. A cover of 0 takes back all that was said of the square. */
struct leaf_patch {
    struct cell leaf;    /* three levels above its squares; level 3..8 */
    uint64_t mask;       /* bit i: square i of the leaf (cell_of_leaf) is told; at least one */
    uint16_t covers[64]; /* grid/cover.h, at the square's number: 0, or of a colour; 0 where nothing is told */
};
#define LEAF_LEVELS 3 /* from a leaf down to its squares */
#define PATCH_LEVEL_MIN 3
#define PATCH_LEVEL_MAX 8
#define CHANGE_PATCHES_MAX 256

struct segment_belief; /* link/message_segment.h: 100 m of road in one direction */

/* One thing the gateway says for the record, as its own COSE_Sign1: kept verbatim in the ledger. */
struct statement {
    const char *kind; /* "defect" or "change-digest"; at most 31 bytes */
    size_t kind_length;
    const char *subject; /* "defect/<id>", "tile/<256 m cell id>"; at most 95 bytes */
    size_t subject_length;
    const uint8_t *cose;
    size_t cose_length;
};

/* Road metres by code, whole district, in centimetres of road (each piece of road once). */
struct road_metres {
    uint64_t covered_cm, red_cm, yellow_cm, green_cm, grey_cm, unplaced_cm;
};

/* What the gateway tells the server; one or more for each settling, deterministic given the batches and the settlings
 * before. Sealed <= 32 KiB: what does not fit goes into the next one. */
struct change {
    uint64_t seq; /* from 1, per gateway key */
    struct grid_zone zone;
    struct kid cause_kid; /* the batch that caused it: the newest of those settled together */
    uint64_t cause_seq;
    bool is_last;     /* of the changes of that cause */
    int64_t as_of_ns; /* newest event time folded */
    struct road_metres road;
    struct cell_change *cells;
    size_t n_cells;
    struct defect_belief *defects;
    size_t n_defects;
    struct feature_belief *features;
    size_t n_features;
    struct leaf_patch *patches; /* ascending by leaf id, each leaf once */
    size_t n_patches;
    struct segment_belief *segments;
    size_t n_segments;
    struct statement *statements; /* slices of the decoded bytes */
    size_t n_statements;
    void *block;
};
#define CHANGE_CELLS_MAX      1024
#define CHANGE_SQUARES_MAX    (CHANGE_CELLS_MAX + 64 * CHANGE_PATCHES_MAX) /* both kinds */
#define CHANGE_DEFECTS_MAX    128
#define CHANGE_FEATURES_MAX   128
#define CHANGE_SEGMENTS_MAX   256
#define CHANGE_STATEMENTS_MAX 256

enum road_status change_encode(const struct change *change, uint8_t *ret_bytes, size_t capacity,
                               size_t *ret_length);
enum road_status change_decode(const uint8_t *bytes, size_t length, struct change *ret_change,
                               const char **ret_field);
void change_done(struct change *change);

/* One square that a change touches, told as a cell or in a patch. */
struct square_move {
    struct cell cell;
    enum road_code was, is; /* shown before and now */
};

/* Payloads of statements (before sealing). A defect's is its belief; a digest's is the tile and a SHA-256 over (cell id,
 * shown code) of all squares that a change touches in it, ascending (8 bytes big-endian and 1 byte each), told as cells
 * or in patches alike, with the listed moves to and from red and yellow. Squares outside the tile are passed over, so
 * the whole change's may be given, in any order; each once. */
enum road_status defect_statement_encode(const struct defect_belief *belief, struct kid cause_kid,
                                         uint64_t cause_seq, uint8_t *ret_bytes, size_t capacity,
                                         size_t *ret_length);
enum road_status defect_statement_decode(const uint8_t *bytes, size_t length,
                                         struct defect_belief *ret_belief, struct kid *ret_cause_kid,
                                         uint64_t *ret_cause_seq, const char **ret_field);
enum road_status digest_statement_encode(struct cell tile, const struct square_move *squares, size_t n_squares,
                                         struct kid cause_kid, uint64_t cause_seq, uint8_t *ret_bytes,
                                         size_t capacity, size_t *ret_length);

#endif
