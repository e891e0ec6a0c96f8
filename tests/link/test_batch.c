#include "link/message.h"
#include "tests/check.h"
#include "tests/link/fixtures.h"

static bool same_passes(const struct batch *a, const struct batch *b)
{
    bool is_same = a->n_passes == b->n_passes;

    for (size_t i = 0; is_same && i < a->n_passes; i++) {
        const struct pass *x = &a->passes[i], *y = &b->passes[i];

        is_same = x->sensor == y->sensor && x->frame == y->frame &&
                  x->epoch_centiyear == y->epoch_centiyear && x->gnss == y->gnss &&
                  x->half_track_mm == y->half_track_mm && x->n_points == y->n_points;
        for (size_t k = 0; is_same && k < x->n_points; k++) {
            const struct pass_point *p = &x->points[k], *q = &y->points[k];

            is_same = p->time_ns == q->time_ns && p->at.e_mm == q->at.e_mm && p->at.n_mm == q->at.n_mm &&
                      p->sigma_cm == q->sigma_cm && p->iri_centi == q->iri_centi;
        }
    }
    return is_same;
}

static bool same_detections(const struct batch *a, const struct batch *b)
{
    bool is_same = a->n_detections == b->n_detections;

    for (size_t i = 0; is_same && i < a->n_detections; i++) {
        const struct detection *x = &a->detections[i], *y = &b->detections[i];

        is_same = x->type == y->type && x->severity == y->severity && x->sensor == y->sensor &&
                  x->confidence_permille == y->confidence_permille && x->time_ns == y->time_ns &&
                  x->at.e_mm == y->at.e_mm && x->at.n_mm == y->at.n_mm && x->cov_ee_cm2 == y->cov_ee_cm2 &&
                  x->cov_en_cm2 == y->cov_en_cm2 && x->cov_nn_cm2 == y->cov_nn_cm2 &&
                  x->size_milli == y->size_milli && x->size_sigma_milli == y->size_sigma_milli &&
                  x->heading_cdeg == y->heading_cdeg && x->speed_cmps == y->speed_cmps &&
                  x->side == y->side && x->pass == y->pass && x->has_evidence == y->has_evidence &&
                  x->strength_milli == y->strength_milli &&
                  x->strength_sigma_milli == y->strength_sigma_milli &&
                  memcmp(x->evidence, y->evidence, SHA256_SIZE) == 0;
    }
    return is_same;
}

static bool same_features(const struct batch *a, const struct batch *b)
{
    bool is_same = a->n_features == b->n_features;

    for (size_t i = 0; is_same && i < a->n_features; i++) {
        const struct feature_sighting *x = &a->features[i], *y = &b->features[i];

        is_same = x->kind == y->kind && x->confidence_permille == y->confidence_permille &&
                  x->time_ns == y->time_ns && x->at.e_mm == y->at.e_mm && x->at.n_mm == y->at.n_mm &&
                  x->cov_ee_cm2 == y->cov_ee_cm2 && x->cov_en_cm2 == y->cov_en_cm2 &&
                  x->cov_nn_cm2 == y->cov_nn_cm2 && x->strength_milli == y->strength_milli &&
                  x->strength_sigma_milli == y->strength_sigma_milli && x->heading_cdeg == y->heading_cdeg &&
                  x->speed_cmps == y->speed_cmps && x->side == y->side && x->pass == y->pass;
    }
    return is_same;
}

static bool same_batch(const struct batch *a, const struct batch *b)
{
    return a->seq == b->seq && a->zone.meridian_deg == b->zone.meridian_deg &&
           a->zone.is_south == b->zone.is_south && a->time_source == b->time_source &&
           a->time_sigma_us == b->time_sigma_us && a->unplaced_cm == b->unplaced_cm &&
           a->unwatched_ms == b->unwatched_ms && same_passes(a, b) && same_detections(a, b) &&
           same_features(a, b);
}

/* A small good batch that a test bends. */
static struct batch_room *good_room(void)
{
    static struct batch_room room;
    struct chance chance = {7};

    do
        batch_random(&chance, &room);
    while (room.batch.n_passes < 2 || room.batch.n_detections < 2 || room.batch.n_features < 2 || room.passes[0].n_points < 3);
    return &room;
}

FACT(what_is_decoded_is_what_was_quantised_and_sent)
{
    static struct batch_room room;
    static uint8_t bytes[BATCH_PAYLOAD_MAX], again[BATCH_PAYLOAD_MAX], raw[BATCH_PAYLOAD_MAX];
    struct chance chance = {1};

    for (int i = 0; i < 2000; i++) {
        struct batch decoded;
        size_t length = 0, length_again = 0, length_raw = 0;

        batch_random(&chance, &room);
        CHECK_STATUS(batch_encode(&room.batch, raw, sizeof raw, &length_raw), ROAD_OK);
        batch_quantise(&room.batch);
        CHECK_STATUS(batch_encode(&room.batch, bytes, sizeof bytes, &length), ROAD_OK);
        CHECK(length == length_raw && memcmp(bytes, raw, length) == 0);
        CHECK_STATUS(batch_decode(bytes, length, &decoded, NULL), ROAD_OK);
        CHECK(same_batch(&decoded, &room.batch));
        CHECK_STATUS(batch_encode(&decoded, again, sizeof again, &length_again), ROAD_OK);
        CHECK(length == length_again && memcmp(bytes, again, length) == 0);
        batch_done(&decoded);
    }
}

FACT(sigma_is_never_claimed_better_and_by_at_most_the_step_worse)
{
    struct pass_point point = {.time_ns = TIME_MIN_NS, .iri_centi = IRI_UNKNOWN};
    struct pass pass = {.points = &point, .n_points = 1};
    struct batch batch = {.passes = &pass, .n_passes = 1};

    for (unsigned sigma_cm = 0; sigma_cm <= 1600; sigma_cm++) {
        point.sigma_cm = (uint16_t)sigma_cm;
        batch_quantise(&batch);
        CHECK(point.sigma_cm >= sigma_cm);
        CHECK(point.sigma_cm <= sigma_cm * 2 + 1); /* steps of 1.64, and whole centimetres at the small end */
    }
}

FACT(rounding_is_to_the_nearest_centimetre_millisecond_and_tenth)
{
    struct pass_point point = {.time_ns = TIME_MIN_NS + 1499999, .at = {1234, 1235}, .iri_centi = 254};
    struct detection detection = {.at = {9994, 9995}};
    struct pass pass = {.points = &point, .n_points = 1};
    struct batch batch = {.passes = &pass, .n_passes = 1, .detections = &detection, .n_detections = 1};

    batch_quantise(&batch);
    CHECK_INT(point.time_ns, TIME_MIN_NS + 1000000);
    CHECK_INT(point.at.e_mm, 1230);
    CHECK_INT(point.at.n_mm, 1240);
    CHECK_INT(point.iri_centi, 250);
    CHECK_INT(detection.at.e_mm, 9990);
    CHECK_INT(detection.at.n_mm, 10000);
    point.iri_centi = IRI_UNKNOWN;
    batch_quantise(&batch);
    CHECK_INT(point.iri_centi, IRI_UNKNOWN);
}

/* The borders of batches as the contract has them: 200 m or 30 s. */
static void check_bytes_per_metre(double speed_mps, uint16_t sigma_cm, uint64_t seed)
{
    static struct pass_point points[4000];
    static uint8_t payload[BATCH_PAYLOAD_MAX], sealed[SEALED_MAX];
    const uint8_t seed_bytes[32] = {1};
    struct chance chance = {seed};
    struct signer *signer;
    size_t payload_sum = 0, sealed_sum = 0, n = 0;
    uint64_t seq = 1;

    CHECK_STATUS(signer_from_seed(seed_bytes, &signer), ROAD_OK);
    drive_points(&chance, speed_mps, 4000, points);
    for (size_t k = 0; sigma_cm && k < 4000; k++)
        points[k].sigma_cm = sigma_cm;
    while (n < 2000) { /* 5 km */
        size_t in_batch = 1, length = 0, sealed_length = 0;

        while (in_batch < 80 && points[n + in_batch].time_ns - points[n].time_ns < 30000000000)
            in_batch++;
        struct pass pass = {.sensor = SENSE_MOTION,
                            .frame = FRAME_ITRF_CURRENT,
                            .epoch_centiyear = 2690,
                            .gnss = GNSS_CONSUMER,
                            .half_track_mm = 760,
                            .points = points + n,
                            .n_points = in_batch};
        struct batch batch = {.seq = seq++,
                              .zone = {120, false},
                              .time_source = TIME_GPS,
                              .time_sigma_us = 1000,
                              .passes = &pass,
                              .n_passes = 1};
        CHECK_STATUS(batch_encode(&batch, payload, sizeof payload, &length), ROAD_OK);
        CHECK_STATUS(cose_seal(signer, payload, length, sealed, sizeof sealed, &sealed_length), ROAD_OK);
        payload_sum += length;
        sealed_sum += sealed_length;
        n += in_batch;
    }
    const double metres = 2.5 * (double)n;
    printf("  %.0f km/h, sigma %s: payload %.2f, sealed %.2f bytes a metre\n", speed_mps * 3.6,
           sigma_cm ? "fixed" : "wandering", (double)payload_sum / metres, (double)sealed_sum / metres);
    CHECK((double)payload_sum / metres <= 3.0);
    CHECK((double)sealed_sum / metres <= 4.5);
    signer_close(signer);
}

FACT(a_metre_takes_at_most_3_bytes_of_payload_and_4_and_a_half_sealed)
{
    const double kmph[] = {10, 20, 50};

    for (int i = 0; i < 3; i++)
        for (unsigned seed = 0; seed < 3; seed++) {
            check_bytes_per_metre(kmph[i] / 3.6, 0, seed);
            check_bytes_per_metre(kmph[i] / 3.6, seed == 0 ? 2 : seed == 1 ? 300 : 1500, seed);
        }
}

FACT(truncated_bytes_are_refused_at_every_length)
{
    static uint8_t bytes[BATCH_PAYLOAD_MAX];
    struct batch decoded;
    size_t length = 0;

    CHECK_STATUS(batch_encode(&good_room()->batch, bytes, sizeof bytes, &length), ROAD_OK);
    for (size_t cut = 0; cut < length; cut++) {
        const char *field = NULL;

        CHECK(batch_decode(bytes, cut, &decoded, &field) != ROAD_OK);
        CHECK(field != NULL);
    }
}

FACT(a_buffer_that_is_too_small_is_refused_at_every_size)
{
    static uint8_t bytes[BATCH_PAYLOAD_MAX], small[BATCH_PAYLOAD_MAX];
    size_t length = 0, got = 77;

    CHECK_STATUS(batch_encode(&good_room()->batch, bytes, sizeof bytes, &length), ROAD_OK);
    for (size_t capacity = 0; capacity < length; capacity++)
        CHECK_STATUS(batch_encode(&good_room()->batch, small, capacity, &got), ROAD_TOO_LARGE);
    CHECK_INT(got, 77);
}

/* Encodes what bend() made of a good batch: both ends must refuse it, and the decoder names the field. The
 * bytes that a sender without our rules would make come from changing one number in good bytes; see the facts
 * below. */
#define REFUSED(change, status)                                                                              \
    do {                                                                                                     \
        struct batch_room *room = good_room();                                                               \
        uint8_t out[BATCH_PAYLOAD_MAX];                                                                      \
        size_t out_length;                                                                                   \
        change;                                                                                              \
        CHECK_STATUS(batch_encode(&room->batch, out, sizeof out, &out_length), status);                      \
    } while (0)

FACT(a_sender_cannot_encode_nonsense)
{
    REFUSED(room->batch.seq = 0, ROAD_BAD_RANGE);
    REFUSED(room->batch.seq = (uint64_t)INT64_MAX + 1, ROAD_BAD_RANGE);
    REFUSED(room->batch.zone.meridian_deg = 121, ROAD_BAD_RANGE);
    REFUSED(room->batch.time_source = (enum time_source)3, ROAD_BAD_RANGE);
    REFUSED(room->batch.n_passes = BATCH_PASSES_MAX + 1, ROAD_TOO_LARGE);
    REFUSED(room->batch.n_detections = BATCH_DETECTIONS_MAX + 1, ROAD_TOO_LARGE);
    REFUSED(room->passes[0].sensor = SENSE_BOTH, ROAD_BAD_RANGE);
    REFUSED(room->passes[0].gnss = (enum gnss_class)4, ROAD_BAD_RANGE);
    REFUSED(room->passes[0].n_points = 0, ROAD_BAD_INPUT);
    REFUSED(room->passes[0].n_points = BATCH_POINTS_MAX + 1, ROAD_TOO_LARGE);
    REFUSED(room->points[0][1].at.e_mm = -1, ROAD_BAD_RANGE);
    REFUSED(room->points[0][1].at.n_mm = 16777216000, ROAD_BAD_RANGE);
    REFUSED(room->points[0][1].sigma_cm = 1601, ROAD_BAD_RANGE);
    REFUSED(room->points[0][1].time_ns = room->points[0][0].time_ns - 1, ROAD_BAD_TIME);
    REFUSED(room->points[0][0].time_ns = TIME_MIN_NS - 1, ROAD_BAD_RANGE);
    REFUSED(room->detections[0].type = 0, ROAD_BAD_RANGE);
    REFUSED(room->detections[0].type = DEFECT_TYPE_COUNT + 1, ROAD_BAD_RANGE);
    REFUSED(room->detections[0].confidence_permille = 1001, ROAD_BAD_RANGE);
    REFUSED(room->detections[0].heading_cdeg = 36000, ROAD_BAD_RANGE);
    REFUSED(room->detections[0].cov_ee_cm2 = -1, ROAD_BAD_RANGE);
    REFUSED((room->detections[0].cov_ee_cm2 = 4, room->detections[0].cov_nn_cm2 = 4,
             room->detections[0].cov_en_cm2 = 5),
            ROAD_BAD_RANGE);
    REFUSED(room->detections[0].size_milli = -1, ROAD_BAD_RANGE);
    REFUSED(room->detections[0].pass = (uint16_t)room->batch.n_passes, ROAD_BAD_RANGE);
    REFUSED(room->detections[0].time_ns = TIME_MAX_NS + 1, ROAD_BAD_RANGE);
    REFUSED(room->detections[0].strength_milli = -1, ROAD_BAD_RANGE);
    REFUSED(room->batch.n_features = BATCH_FEATURES_MAX + 1, ROAD_TOO_LARGE);
    REFUSED(room->features[1].kind = FEATURE_NONE, ROAD_BAD_RANGE);
    REFUSED(room->features[1].kind = (enum feature_kind)(FEATURE_KIND_COUNT + 1), ROAD_BAD_RANGE);
    REFUSED(room->features[1].confidence_permille = 1001, ROAD_BAD_RANGE);
    REFUSED(room->features[1].time_ns = TIME_MIN_NS - 1, ROAD_BAD_RANGE);
    REFUSED(room->features[1].at.n_mm = -1, ROAD_BAD_RANGE);
    REFUSED(room->features[1].cov_nn_cm2 = -1, ROAD_BAD_RANGE);
    REFUSED(room->features[1].strength_milli = -1, ROAD_BAD_RANGE);
    REFUSED(room->features[1].strength_sigma_milli = -1, ROAD_BAD_RANGE);
    REFUSED(room->features[1].heading_cdeg = 36000, ROAD_BAD_RANGE);
    REFUSED(room->features[1].side = (enum wheel_side)4, ROAD_BAD_RANGE);
    REFUSED(room->features[1].pass = (uint16_t)room->batch.n_passes, ROAD_BAD_RANGE);
}

/* Bytes written by hand; docs/wire.cddl says what the keys are. */
struct hand_made {
    const char *hex, *field;
    enum road_status status;
};

/* {0: 1, 1: 7, 2: 40, 3: 2, 7: [{1: 1, 6: points}], 8: []}, points: one at 10 m, 20 m, 2000-01-01, sigma 1
 * cm. */
#define POINTS "01 00 d00f a01f 80b0fdac8d37"

/* The head of a batch with that one pass, and a speed bump on it at 2000-01-01, place and covariance 0. */
#define PASS         "0001 0107 021828 0302 07 81 a2 0101 06 4c " POINTS " 08 80"
#define FEATURE_REST "05 1b0d234ccf52430000 0682 0000 0783 000000 0882 0000"
#define FEATURE      "0101" FEATURE_REST

static const struct hand_made hand_made[] = {
    {"a6 0001 0107 021828 0302 07 80 08 80", NULL, ROAD_OK},
    {"a7 0001 0107 021828 0302 07 80 08 80 1863 830102a10304", NULL, ROAD_OK}, /* an unknown key */
    {"a7 0001 0107 021828 0302 07 80 08 80 2a f6", NULL, ROAD_OK},             /* an unknown negative key */
    {"a6 08 80 07 80 0302 021828 0107 0001", NULL, ROAD_OK},                   /* any order */
    {"a6 0002 0107 021828 0302 07 80 08 80", "version", ROAD_BAD_VERSION},
    {"a6 0001 0100 021828 0302 07 80 08 80", "seq", ROAD_BAD_RANGE},
    {"a6 0001 011b8000000000000000 021828 0302 07 80 08 80", "seq", ROAD_BAD_RANGE},
    {"a6 0001 0107 0218f0 0302 07 80 08 80", "zone", ROAD_BAD_RANGE},
    {"a6 0001 0107 021828 0303 07 80 08 80", "time_source", ROAD_BAD_RANGE},
    {"a6 0001 0127 021828 0302 07 80 08 80", "seq", ROAD_BAD_INPUT},   /* a negative number */
    {"a6 0001 016137 021828 0302 07 80 08 80", "seq", ROAD_BAD_INPUT}, /* a text */
    {"a6 0001 011807 021828 0302 07 80 08 80", "seq", ROAD_BAD_INPUT}, /* a head that is too long */
    {"a7 0001 0107 0107 021828 0302 07 80 08 80", "map key given twice", ROAD_BAD_INPUT},
    {"a8 0001 0107 021828 0302 07 80 08 80 1863f6 1863f6", "map key given twice", ROAD_BAD_INPUT},
    {"bf 0001 0107 021828 0302 07 80 08 80 ff", "batch", ROAD_BAD_INPUT}, /* an indefinite map */
    {"a6 0001 0107 021828 0302 07 9fff 08 80", "passes", ROAD_BAD_INPUT},
    {"a6 0001 0107 021828 0302 07 80 08 80 00", "bytes after the end", ROAD_BAD_INPUT},
    {"a7 0001 0107 021828 0302 07 80 08 80 0a 81818181818181818100", "skipped value", ROAD_TOO_DEEP},
    {"a7 0001 0107 021828 0302 07 80 08 80 0a 9b00ffffffffffffff", "skipped value", ROAD_BAD_INPUT},
    {"a7 0001 0107 021828 0302 07 80 08 80 6161 00", "map key", ROAD_BAD_INPUT}, /* a text as key */
    {"a6 0001 0107 021828 0302 07 9affffffff 08 80", "passes", ROAD_TOO_LARGE},
    {"a5 0001 021828 0302 07 80 08 80", "seq", ROAD_BAD_INPUT}, /* missing */
    {"a5 0001 0107 021828 07 80 08 80", "time_source", ROAD_BAD_INPUT},
    {"84 01 02 03 04", "batch", ROAD_BAD_INPUT},
    {"", "batch", ROAD_BAD_INPUT},
    {"a6 0001 0107 021828 0302 07 81 a2 0101 06 4c " POINTS " 08 80", NULL, ROAD_OK},
    {"a6 0001 0107 021828 0302 07 81 a2 0104 06 4c " POINTS " 08 80", "pass.sensor", ROAD_BAD_RANGE},
    {"a6 0001 0107 021828 0302 07 81 a1 0101 08 80", "pass.points", ROAD_BAD_INPUT},
    {"a6 0001 0107 021828 0302 07 81 a2 0101 06 4100 08 80", "pass.points", ROAD_BAD_INPUT}, /* no point */
    {"a7" PASS "0981 a5" FEATURE, NULL, ROAD_OK},
    {"a7" PASS "0981 a6" FEATURE "1863 f6", NULL, ROAD_OK}, /* an unknown key */
    {"a7" PASS "0980", NULL, ROAD_OK},
    {"a7 0001 0107 021828 0302 07 80 08 80 0981 a5" FEATURE, "feature.pass", ROAD_BAD_RANGE}, /* on no pass */
    {"a7" PASS "0981 a4 0508 068200 00 0783 000000 08820000", "feature.kind", ROAD_BAD_INPUT}, /* missing */
    {"a7" PASS "0981 a5 0108" FEATURE_REST, "feature.kind", ROAD_BAD_RANGE},
    {"a7" PASS "0981 a6 0101 0c01" FEATURE_REST, "feature.pass", ROAD_BAD_RANGE},
    {"a7" PASS "0981 a6 0101 031903e9" FEATURE_REST, "feature.confidence", ROAD_BAD_RANGE},
    {"a7" PASS "0981 01", "feature", ROAD_BAD_INPUT},
    {"a7" PASS "09 9affffffff", "features", ROAD_TOO_LARGE},
};

FACT(bytes_made_by_hand_are_taken_or_refused_with_the_field_named)
{
    for (size_t i = 0; i < sizeof hand_made / sizeof *hand_made; i++) {
        uint8_t bytes[128];
        struct batch batch = {0};
        const char *field = NULL;
        const size_t length = unhex(hand_made[i].hex, bytes, sizeof bytes);
        const enum road_status status = batch_decode(bytes, length, &batch, &field);

        if (status != hand_made[i].status)
            CHECK_FAILED("%s: got %s, want %s", hand_made[i].hex, road_status_name(status),
                         road_status_name(hand_made[i].status));
        if (status == hand_made[i].status && status != ROAD_OK)
            CHECK_STR(field, hand_made[i].field);
        if (status == ROAD_OK) {
            CHECK_INT(batch.seq, 7);
            CHECK_INT(batch.zone.meridian_deg, 120);
        }
        batch_done(&batch);
    }
}

FACT(any_changed_byte_is_refused_or_still_makes_sense)
{
    static uint8_t bytes[BATCH_PAYLOAD_MAX], again[BATCH_PAYLOAD_MAX];
    struct chance chance = {3};
    size_t length = 0;

    CHECK_STATUS(batch_encode(&good_room()->batch, bytes, sizeof bytes, &length), ROAD_OK);
    for (int i = 0; i < 20000; i++) {
        const size_t at = (size_t)chance_between(&chance, 0, (int64_t)length - 1);
        const uint8_t kept = bytes[at];
        struct batch batch = {0};
        size_t length_again;

        bytes[at] = (uint8_t)chance_next(&chance);
        if (batch_decode(bytes, length, &batch, NULL) == ROAD_OK) /* then our own encoder takes it too */
            CHECK_STATUS(batch_encode(&batch, again, sizeof again, &length_again), ROAD_OK);
        batch_done(&batch);
        bytes[at] = kept;
    }
}

FACT(the_sequence_can_be_read_from_a_batch_that_is_otherwise_bad)
{
    uint8_t bytes[64];
    uint64_t seq = 0;

    CHECK_STATUS(
        batch_peek_seq(bytes, unhex("a6 0001 0107 0218f0 0302 07 80 08 80", bytes, sizeof bytes), &seq),
        ROAD_OK);
    CHECK_INT(seq, 7);
    CHECK_STATUS(batch_peek_seq(bytes, unhex("a2 0001 0218f0", bytes, sizeof bytes), &seq), ROAD_BAD_INPUT);
    CHECK_STATUS(batch_peek_seq(bytes, unhex("a2 0001 0100", bytes, sizeof bytes), &seq), ROAD_BAD_INPUT);
    CHECK_STATUS(batch_peek_seq(bytes, 0, &seq), ROAD_BAD_INPUT);
    CHECK_INT(seq, 7);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
