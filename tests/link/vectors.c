#include "tests/link/vectors.h"

#include "link/verdict.h"
#include "tests/link/fixtures.h"

#include <string.h>

static const struct kid kid_a = {{0x21, 0xfe, 0x31, 0xdf, 0xa1, 0x54, 0xa2, 0x61}};

static enum road_status encode_batch(uint8_t ret_bytes[VECTORS_MAX_BYTES], size_t *ret_length)
{
    struct pass_point points[] = {{1795900000123000000, {515741300, 3350510700}, 150, 254},
                                  {1795900000323000000, {515743800, 3350510700}, 150, 260},
                                  {1795900000524000000, {515746310, 3350510690}, 230, IRI_UNKNOWN}};
    struct pass pass = {.sensor = SENSE_MOTION,
                        .frame = FRAME_ITRF_CURRENT,
                        .epoch_centiyear = 2690,
                        .gnss = GNSS_CONSUMER,
                        .half_track_mm = 760,
                        .points = points,
                        .n_points = 3};
    struct detection detection = {.type = DEFECT_POTHOLE,
                                  .severity = SEVERITY_HIGH,
                                  .confidence_permille = 870,
                                  .sensor = SENSE_MOTION,
                                  .time_ns = 1795900000400000000,
                                  .at = {515744700, 3350511400},
                                  .cov_ee_cm2 = 14400,
                                  .cov_en_cm2 = -1200,
                                  .cov_nn_cm2 = 22500,
                                  .size_milli = 58000,
                                  .size_sigma_milli = 15000,
                                  .heading_cdeg = 9000,
                                  .speed_cmps = 1250,
                                  .side = WHEEL_LEFT,
                                  .pass = 0};
    struct batch batch = {.seq = 42,
                          .zone = {120, false},
                          .time_source = TIME_GPS,
                          .time_sigma_us = 1000,
                          .unplaced_cm = 1500,
                          .passes = &pass,
                          .n_passes = 1,
                          .detections = &detection,
                          .n_detections = 1};

    return batch_encode(&batch, ret_bytes, VECTORS_MAX_BYTES, ret_length);
}

/* A speed bump and nothing else. */
static enum road_status encode_features(uint8_t ret_bytes[VECTORS_MAX_BYTES], size_t *ret_length)
{
    struct pass_point point = {1795900000123000000, {515741300, 3350510700}, 1, IRI_UNKNOWN};
    struct pass pass = {.sensor = SENSE_MOTION, .half_track_mm = 760, .points = &point, .n_points = 1};
    struct feature_sighting feature = {.kind = FEATURE_SPEED_BUMP,
                                       .confidence_permille = 910,
                                       .time_ns = 1795900000400000000,
                                       .at = {515744700, 3350511400},
                                       .cov_ee_cm2 = 400,
                                       .cov_en_cm2 = -30,
                                       .cov_nn_cm2 = 625,
                                       .strength_milli = 14500,
                                       .strength_sigma_milli = 1200,
                                       .heading_cdeg = 9000,
                                       .speed_cmps = 650,
                                       .side = WHEEL_BOTH};
    struct batch batch = {.seq = 42,
                          .zone = {120, false},
                          .time_source = TIME_GPS,
                          .passes = &pass,
                          .n_passes = 1,
                          .features = &feature,
                          .n_features = 1};

    return batch_encode(&batch, ret_bytes, VECTORS_MAX_BYTES, ret_length);
}

static enum road_status round_batch(const uint8_t *bytes, size_t length, uint8_t ret_bytes[VECTORS_MAX_BYTES],
                                    size_t *ret_length)
{
    struct batch batch = {0};
    enum road_status status = batch_decode(bytes, length, &batch, NULL);

    if (status == ROAD_OK)
        status = batch_encode(&batch, ret_bytes, VECTORS_MAX_BYTES, ret_length);
    batch_done(&batch);
    return status;
}

static enum road_status encode_ack(uint8_t ret_bytes[VECTORS_MAX_BYTES], size_t *ret_length)
{
    const struct ack ack = {
        .speaker = kid_a, .upto = 42, .is_gap = false, .n_refused = 1, .refused = {{17, ROAD_BAD_RANGE}}};

    return ack_encode(&ack, ret_bytes, VECTORS_MAX_BYTES, ret_length);
}

static enum road_status round_ack(const uint8_t *bytes, size_t length, uint8_t ret_bytes[VECTORS_MAX_BYTES],
                                  size_t *ret_length)
{
    struct ack ack;
    const enum road_status status = ack_decode(bytes, length, &ack, NULL);

    return status == ROAD_OK ? ack_encode(&ack, ret_bytes, VECTORS_MAX_BYTES, ret_length) : status;
}

static const struct defect_belief belief = {
    .id = {1795900000400000000, {{0x21, 0xfe, 0x31, 0xdf, 0xa1, 0x54, 0xa2, 0x61}}, 42, 0},
    .state = DEFECT_CONFIRMED,
    .type = DEFECT_POTHOLE,
    .severity = SEVERITY_HIGH,
    .may_be_red = true,
    .posterior_permille = 970,
    .at = {515744712, 3350511390},
    .cov_ee_cm2 = 4800,
    .cov_en_cm2 = -400,
    .cov_nn_cm2 = 7500,
    .size_milli = 57000,
    .size_sigma_milli = 9000,
    .hits = 3,
    .passes = 5,
    .motion_hits = 2,
    .camera_hits = 1,
    .units = 2,
    .first_ns = 1795900000400000000,
    .last_ns = 1795907200000000000};

/* The cell of grid/cell.h's example, red by that defect; it was green. */
static const struct cell_change red_cell = {
    .cell = {1414241059722227},
    .was = CODE_GREEN,
    .reason = {.code = CODE_RED,
               .channel = CHANNEL_HAZARD,
               .type = DEFECT_POTHOLE,
               .severity = SEVERITY_HIGH,
               .posterior_permille = 970,
               .size_milli = 57000,
               .size_sigma_milli = 9000,
               .hits = 3,
               .passes = 5,
               .motion_hits = 2,
               .camera_hits = 1,
               .csi = 47,
               .iri_centi = 320,
               .coverage_centi = 175,
               .seen_ns = 1795907200000000000},
    .has_defect = true,
    .defect = {1795900000400000000, {{0x21, 0xfe, 0x31, 0xdf, 0xa1, 0x54, 0xa2, 0x61}}, 42, 0}};

static enum road_status encode_change(uint8_t ret_bytes[VECTORS_MAX_BYTES], size_t *ret_length)
{
    static const uint8_t said[] = {0xd2, 0x84}; /* stands for a whole COSE_Sign1 */
    struct cell_change cells[] = {red_cell};
    struct defect_belief defects[] = {belief};
    struct statement statements[] = {
        {"defect", 6, "defect/1795900000400000000.21fe31dfa154a261.42.0", 48, said, 2}};
    const struct change change = {.seq = 9,
                                  .zone = {120, false},
                                  .cause_kid = kid_a,
                                  .cause_seq = 43,
                                  .is_last = true,
                                  .as_of_ns = 1795907200000000000,
                                  .road = {.covered_cm = 20000,
                                           .red_cm = 100,
                                           .yellow_cm = 0,
                                           .green_cm = 19900,
                                           .grey_cm = 0,
                                           .unplaced_cm = 1500},
                                  .cells = cells,
                                  .n_cells = 1,
                                  .defects = defects,
                                  .n_defects = 1,
                                  .statements = statements,
                                  .n_statements = 1};

    return change_encode(&change, ret_bytes, VECTORS_MAX_BYTES, ret_length);
}

static enum road_status encode_feature_change(uint8_t ret_bytes[VECTORS_MAX_BYTES], size_t *ret_length)
{
    struct feature_belief feature = {.id = belief.id,
                                     .state = FEATURE_REGISTERED,
                                     .kind = FEATURE_MANHOLE,
                                     .posterior_permille = 997,
                                     .at = {515744712, 3350511390},
                                     .cov_ee_cm2 = 48,
                                     .cov_en_cm2 = -4,
                                     .cov_nn_cm2 = 75,
                                     .strength_milli = 2040,
                                     .strength_mad_milli = 160,
                                     .heading_cdeg = 9000,
                                     .hits = 12,
                                     .passes = 19,
                                     .called_damage = 1,
                                     .first_ns = 1795900000400000000,
                                     .last_ns = 1795907200000000000};
    const struct change change = {.seq = 10,
                                  .zone = {120, false},
                                  .cause_kid = kid_a,
                                  .cause_seq = 44,
                                  .is_last = true,
                                  .as_of_ns = 1795907200000000000,
                                  .features = &feature,
                                  .n_features = 1};

    return change_encode(&change, ret_bytes, VECTORS_MAX_BYTES, ret_length);
}

/* Squares 3, 56 and 57 of the 8 m square around the red cell: the first is taken back, the others were covered on the
 * day of the change, thinly (5/16) and well. */
static enum road_status encode_patch_change(uint8_t ret_bytes[VECTORS_MAX_BYTES], size_t *ret_length)
{
    struct leaf_patch patch = {.leaf = {1414241059722176}, .mask = UINT64_C(0x0300000000000008)};
    const struct change change = {.seq = 11,
                                  .zone = {120, false},
                                  .cause_kid = kid_a,
                                  .cause_seq = 45,
                                  .is_last = true,
                                  .as_of_ns = 1795907200000000000,
                                  .patches = &patch,
                                  .n_patches = 1};

    patch.covers[56] = cover_pack(CODE_GREEN, 20785, 5);
    patch.covers[57] = cover_pack(CODE_GREEN, 20785, COVER_COVERAGE_MAX);
    return change_encode(&change, ret_bytes, VECTORS_MAX_BYTES, ret_length);
}

static enum road_status round_change(const uint8_t *bytes, size_t length,
                                     uint8_t ret_bytes[VECTORS_MAX_BYTES], size_t *ret_length)
{
    struct change change = {0};
    enum road_status status = change_decode(bytes, length, &change, NULL);

    if (status == ROAD_OK)
        status = change_encode(&change, ret_bytes, VECTORS_MAX_BYTES, ret_length);
    change_done(&change);
    return status;
}

static enum road_status encode_defect_statement(uint8_t ret_bytes[VECTORS_MAX_BYTES], size_t *ret_length)
{
    return defect_statement_encode(&belief, kid_a, 43, ret_bytes, VECTORS_MAX_BYTES, ret_length);
}

static enum road_status round_defect_statement(const uint8_t *bytes, size_t length,
                                               uint8_t ret_bytes[VECTORS_MAX_BYTES], size_t *ret_length)
{
    struct defect_belief got;
    struct kid kid;
    uint64_t seq;
    const enum road_status status = defect_statement_decode(bytes, length, &got, &kid, &seq, NULL);

    return status == ROAD_OK
               ? defect_statement_encode(&got, kid, seq, ret_bytes, VECTORS_MAX_BYTES, ret_length)
               : status;
}

/* The crew of kid c0ffee… says that the pothole above is repaired; and the desk, that it never was. */
static const struct verdict claim = {.defect = {1795900000400000000, {{0x21, 0xfe, 0x31, 0xdf, 0xa1, 0x54, 0xa2, 0x61}}, 42, 0},
                                     .kind = VERDICT_REPAIRED,
                                     .time_ns = 1795993200000000000,
                                     .by = {{0xc0, 0xff, 0xee, 0, 0, 0, 0, 1}}};

static enum road_status encode_verdict(uint8_t ret_bytes[VECTORS_MAX_BYTES], size_t *ret_length)
{
    return verdict_encode(&claim, 5, ret_bytes, VECTORS_MAX_BYTES, ret_length);
}

static enum road_status round_verdict(const uint8_t *bytes, size_t length, uint8_t ret_bytes[VECTORS_MAX_BYTES],
                                      size_t *ret_length)
{
    struct verdict got;
    uint64_t seq;
    const enum road_status status = verdict_decode(bytes, length, &got, &seq, NULL);

    return status == ROAD_OK ? verdict_encode(&got, seq, ret_bytes, VECTORS_MAX_BYTES, ret_length) : status;
}

static enum road_status encode_verdict_statement(uint8_t ret_bytes[VECTORS_MAX_BYTES], size_t *ret_length)
{
    struct verdict rejected = claim;

    rejected.kind = VERDICT_REJECTED;
    rejected.reason = REASON_FEATURE;
    return verdict_statement_encode(&rejected, ret_bytes, VECTORS_MAX_BYTES, ret_length);
}

static enum road_status round_verdict_statement(const uint8_t *bytes, size_t length,
                                                uint8_t ret_bytes[VECTORS_MAX_BYTES], size_t *ret_length)
{
    struct verdict got;
    const enum road_status status = verdict_statement_decode(bytes, length, &got, NULL);

    return status == ROAD_OK ? verdict_statement_encode(&got, ret_bytes, VECTORS_MAX_BYTES, ret_length) : status;
}

/* The same pothole, a day later: four of about ten passes. */
static enum road_status encode_repair(uint8_t ret_bytes[VECTORS_MAX_BYTES], size_t *ret_length)
{
    struct defect_belief claimed = belief;

    claimed.repair = (struct repair){.stage = REPAIR_CLAIMED,
                                     .claimed_ns = claim.time_ns,
                                     .by = claim.by,
                                     .passes = 4,
                                     .passes_needed = 10,
                                     .miss_ppm = 152588};
    return defect_statement_encode(&claimed, kid_a, 43, ret_bytes, VECTORS_MAX_BYTES, ret_length);
}

static enum road_status encode_digest_statement(uint8_t ret_bytes[VECTORS_MAX_BYTES], size_t *ret_length)
{
    const struct square_move square = {red_cell.cell, red_cell.was, red_cell.reason.code};

    return digest_statement_encode(cell_parent(red_cell.cell, 8), &square, 1, kid_a, 43, ret_bytes, VECTORS_MAX_BYTES,
                                   ret_length);
}

/* The key of RFC 8032 section 7.1, test 1; the payload is the acknowledgement above. */
static enum road_status encode_sealed(uint8_t ret_bytes[VECTORS_MAX_BYTES], size_t *ret_length)
{
    uint8_t seed[32], payload[VECTORS_MAX_BYTES];
    struct signer *signer;
    size_t length;

    unhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", seed, sizeof seed);
    enum road_status status = encode_ack(payload, &length);
    if (status == ROAD_OK)
        status = signer_from_seed(seed, &signer);
    if (status != ROAD_OK)
        return status;
    status = cose_seal(signer, payload, length, ret_bytes, VECTORS_MAX_BYTES, ret_length);
    signer_close(signer);
    return status;
}

/* Opens it with the public key and gives the bytes back, so that the signature on the page is verified. */
static enum road_status round_sealed(const uint8_t *bytes, size_t length,
                                     uint8_t ret_bytes[VECTORS_MAX_BYTES], size_t *ret_length)
{
    struct public_key key = {.cose_alg = -8, .length = 32};
    struct verifier *verifier;
    const uint8_t *payload;
    size_t payload_length;

    unhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", key.bytes, 32);
    enum road_status status = verifier_open(&key, &verifier);
    if (status != ROAD_OK)
        return status;
    status = cose_open(verifier, bytes, length, &payload, &payload_length);
    verifier_close(verifier);
    memcpy(ret_bytes, bytes, length);
    *ret_length = length;
    return status;
}

const struct vector vectors[] = {
    {"batch", encode_batch, round_batch},
    {"batch-features", encode_features, round_batch},
    {"ack", encode_ack, round_ack},
    {"change", encode_change, round_change},
    {"change-features", encode_feature_change, round_change},
    {"change-patches", encode_patch_change, round_change},
    {"defect-statement", encode_defect_statement, round_defect_statement},
    {"defect-repair", encode_repair, round_defect_statement},
    {"digest-statement", encode_digest_statement, NULL},
    {"verdict", encode_verdict, round_verdict},
    {"verdict-statement", encode_verdict_statement, round_verdict_statement},
    {"sealed", encode_sealed, round_sealed},
};
const size_t n_vectors = sizeof vectors / sizeof *vectors;
