#include "link/message_feature.h"
#include "link/message_pass.h"

#include <stdlib.h>
#include <string.h>

#define EPOCH_MAX_CENTIYEAR 10000 /* the year 2100 */
#define HALF_TRACK_MAX_MM   5000
/* The least bytes that one of each can take on the wire: they bound the block of a decoder by the bytes it
 * got. */
#define PASS_MIN_BYTES      12
#define DETECTION_MIN_BYTES 16

enum {
    BATCH_SEQ = 1,
    BATCH_ZONE,
    BATCH_TIME_SOURCE,
    BATCH_TIME_SIGMA,
    BATCH_UNPLACED,
    BATCH_UNWATCHED,
    BATCH_PASSES,
    BATCH_DETECTIONS,
    BATCH_FEATURES /* left out when there are none */
};
enum { PASS_SENSOR = 1, PASS_FRAME, PASS_EPOCH, PASS_GNSS, PASS_HALF_TRACK, PASS_POINTS };
enum {
    DETECTION_TYPE = 1,
    DETECTION_SEVERITY,
    DETECTION_CONFIDENCE,
    DETECTION_SENSOR,
    DETECTION_TIME,
    DETECTION_AT,
    DETECTION_COV,
    DETECTION_SIZE,
    DETECTION_HEADING,
    DETECTION_SPEED,
    DETECTION_SIDE,
    DETECTION_PASS,
    DETECTION_EVIDENCE,
    DETECTION_STRENGTH
};

/* ---- rules ---- */

static void check_pass(struct check *check, const struct pass *pass)
{
    check_that(check, pass->sensor == SENSE_MOTION || pass->sensor == SENSE_CAMERA, ROAD_BAD_RANGE,
               "pass.sensor");
    check_that(check, (unsigned)pass->frame <= FRAME_ITRF_CURRENT, ROAD_BAD_RANGE, "pass.frame");
    check_that(check, pass->epoch_centiyear <= EPOCH_MAX_CENTIYEAR, ROAD_BAD_RANGE, "pass.epoch");
    check_that(check, (unsigned)pass->gnss <= GNSS_PHONE, ROAD_BAD_RANGE, "pass.gnss");
    check_that(check, pass->half_track_mm <= HALF_TRACK_MAX_MM, ROAD_BAD_RANGE, "pass.half_track");
    check_that(check, pass->n_points > 0, ROAD_BAD_INPUT, "pass.points");
    for (size_t k = 0; k < pass->n_points && check->status == ROAD_OK; k++) {
        const struct pass_point *point = &pass->points[k];

        check_point(check, point->at, "pass.points");
        check_time(check, point->time_ns, "pass.points");
        check_that(check, k == 0 || point->time_ns >= point[-1].time_ns, ROAD_BAD_TIME, "pass.points");
        check_that(check, point->sigma_cm <= 1600, ROAD_BAD_RANGE, "pass.points");
    }
}

static void check_detection(struct check *check, const struct detection *detection, size_t n_passes)
{
    check_that(check, detection->type >= 1 && detection->type <= DEFECT_TYPE_COUNT, ROAD_BAD_RANGE,
               "detection.type");
    check_that(check, (unsigned)detection->severity <= SEVERITY_HIGH, ROAD_BAD_RANGE, "detection.severity");
    check_that(check, detection->confidence_permille <= 1000, ROAD_BAD_RANGE, "detection.confidence");
    check_that(check, detection->sensor == SENSE_MOTION || detection->sensor == SENSE_CAMERA, ROAD_BAD_RANGE,
               "detection.sensor");
    check_time(check, detection->time_ns, "detection.time");
    check_point(check, detection->at, "detection.at");
    check_covariance(check, detection->cov_ee_cm2, detection->cov_en_cm2, detection->cov_nn_cm2,
                     "detection.cov");
    check_that(check, detection->size_milli >= 0 && detection->size_sigma_milli >= 0, ROAD_BAD_RANGE,
               "detection.size");
    check_that(check, detection->strength_milli >= 0 && detection->strength_sigma_milli >= 0, ROAD_BAD_RANGE,
               "detection.strength");
    check_that(check, detection->heading_cdeg < 36000, ROAD_BAD_RANGE, "detection.heading");
    check_that(check, (unsigned)detection->side <= WHEEL_BOTH, ROAD_BAD_RANGE, "detection.side");
    check_that(check, detection->pass < n_passes, ROAD_BAD_RANGE, "detection.pass");
}

static void check_batch(struct check *check, const struct batch *batch)
{
    size_t n_points = 0;

    check_seq(check, batch->seq, "seq");
    check_zone(check, batch->zone, "zone");
    check_that(check, (unsigned)batch->time_source <= TIME_GPS, ROAD_BAD_RANGE, "time_source");
    check_that(check, batch->n_passes <= BATCH_PASSES_MAX, ROAD_TOO_LARGE, "passes");
    check_that(check, batch->n_detections <= BATCH_DETECTIONS_MAX, ROAD_TOO_LARGE, "detections");
    check_that(check, batch->n_features <= BATCH_FEATURES_MAX, ROAD_TOO_LARGE, "features");
    for (size_t i = 0; i < batch->n_passes && check->status == ROAD_OK; i++) {
        n_points += batch->passes[i].n_points;
        check_that(check, n_points <= BATCH_POINTS_MAX, ROAD_TOO_LARGE, "pass.points");
        if (check->status == ROAD_OK)
            check_pass(check, &batch->passes[i]);
    }
    for (size_t i = 0; i < batch->n_detections && check->status == ROAD_OK; i++)
        check_detection(check, &batch->detections[i], batch->n_passes);
    for (size_t i = 0; i < batch->n_features && check->status == ROAD_OK; i++)
        check_feature_sighting(check, &batch->features[i], batch->n_passes);
}

void batch_quantise(struct batch *batch)
{
    for (size_t i = 0; i < batch->n_passes; i++)
        for (size_t k = 0; k < batch->passes[i].n_points; k++)
            point_quantise(&batch->passes[i].points[k]);
    for (size_t i = 0; i < batch->n_detections; i++) {
        struct detection *detection = &batch->detections[i];

        detection->at = point_at_quantise(detection->at);
        if (!detection->has_evidence)
            memset(detection->evidence, 0, sizeof detection->evidence);
    }
    for (size_t i = 0; i < batch->n_features; i++)
        batch->features[i].at = point_at_quantise(batch->features[i].at);
}

/* ---- writing ---- */

static void put_pass(struct wire_writer *writer, const struct pass *pass)
{
    uint8_t packed[BATCH_PAYLOAD_MAX];
    const size_t packed_length = points_pack(pass->points, pass->n_points, packed, sizeof packed);
    struct wire_fields fields;

    if (packed_length == 0 && writer->status == ROAD_OK)
        writer->status = ROAD_TOO_LARGE;
    wire_fields_open(writer, &fields);
    wire_field_int(writer, &fields, PASS_SENSOR, pass->sensor);
    wire_field_nonzero(writer, &fields, PASS_FRAME, pass->frame);
    wire_field_nonzero(writer, &fields, PASS_EPOCH, pass->epoch_centiyear);
    wire_field_nonzero(writer, &fields, PASS_GNSS, pass->gnss);
    wire_field_nonzero(writer, &fields, PASS_HALF_TRACK, pass->half_track_mm);
    wire_field_bytes(writer, &fields, PASS_POINTS, packed, packed_length);
    wire_fields_close(writer, &fields);
}

static void put_detection(struct wire_writer *writer, const struct detection *detection)
{
    const struct grid_point at = point_at_quantise(detection->at);
    struct wire_fields fields;

    wire_fields_open(writer, &fields);
    wire_field_int(writer, &fields, DETECTION_TYPE, detection->type);
    wire_field_nonzero(writer, &fields, DETECTION_SEVERITY, detection->severity);
    wire_field_nonzero(writer, &fields, DETECTION_CONFIDENCE, detection->confidence_permille);
    wire_field_int(writer, &fields, DETECTION_SENSOR, detection->sensor);
    wire_field_int(writer, &fields, DETECTION_TIME, detection->time_ns);
    wire_field(writer, &fields, DETECTION_AT);
    wire_put_array(writer, 2);
    wire_put_int(writer, at.e_mm / 10);
    wire_put_int(writer, at.n_mm / 10);
    wire_field(writer, &fields, DETECTION_COV);
    wire_put_array(writer, 3);
    wire_put_int(writer, detection->cov_ee_cm2);
    wire_put_int(writer, detection->cov_en_cm2);
    wire_put_int(writer, detection->cov_nn_cm2);
    wire_field(writer, &fields, DETECTION_SIZE);
    wire_put_array(writer, 2);
    wire_put_int(writer, detection->size_milli);
    wire_put_int(writer, detection->size_sigma_milli);
    wire_field_nonzero(writer, &fields, DETECTION_HEADING, detection->heading_cdeg);
    wire_field_nonzero(writer, &fields, DETECTION_SPEED, detection->speed_cmps);
    wire_field_nonzero(writer, &fields, DETECTION_SIDE, detection->side);
    wire_field_nonzero(writer, &fields, DETECTION_PASS, detection->pass);
    if (detection->has_evidence)
        wire_field_bytes(writer, &fields, DETECTION_EVIDENCE, detection->evidence, SHA256_SIZE);
    if (detection->strength_milli || detection->strength_sigma_milli) {
        wire_field(writer, &fields, DETECTION_STRENGTH);
        wire_put_array(writer, 2);
        wire_put_int(writer, detection->strength_milli);
        wire_put_int(writer, detection->strength_sigma_milli);
    }
    wire_fields_close(writer, &fields);
}

enum road_status batch_encode(const struct batch *batch, uint8_t *ret_bytes, size_t capacity,
                              size_t *ret_length)
{
    struct check check = {0};
    struct wire_writer writer;
    struct wire_fields fields;

    check_batch(&check, batch);
    if (check.status != ROAD_OK)
        return check.status;
    wire_write(&writer, ret_bytes, capacity < BATCH_PAYLOAD_MAX ? capacity : BATCH_PAYLOAD_MAX);
    put_header(&writer, &fields);
    wire_field_uint(&writer, &fields, BATCH_SEQ, batch->seq);
    wire_field(&writer, &fields, BATCH_ZONE);
    put_zone(&writer, batch->zone);
    wire_field_int(&writer, &fields, BATCH_TIME_SOURCE, batch->time_source);
    wire_field_nonzero(&writer, &fields, BATCH_TIME_SIGMA, batch->time_sigma_us);
    wire_field_nonzero(&writer, &fields, BATCH_UNPLACED, batch->unplaced_cm);
    wire_field_nonzero(&writer, &fields, BATCH_UNWATCHED, batch->unwatched_ms);
    wire_field(&writer, &fields, BATCH_PASSES);
    wire_put_array(&writer, batch->n_passes);
    for (size_t i = 0; i < batch->n_passes; i++)
        put_pass(&writer, &batch->passes[i]);
    wire_field(&writer, &fields, BATCH_DETECTIONS);
    wire_put_array(&writer, batch->n_detections);
    for (size_t i = 0; i < batch->n_detections; i++)
        put_detection(&writer, &batch->detections[i]);
    if (batch->n_features) {
        wire_field(&writer, &fields, BATCH_FEATURES);
        wire_put_array(&writer, batch->n_features);
    }
    for (size_t i = 0; i < batch->n_features; i++)
        put_feature_sighting(&writer, &batch->features[i]);
    wire_fields_close(&writer, &fields);
    if (writer.status == ROAD_OK)
        *ret_length = writer.length;
    return writer.status;
}

/* ---- reading ---- */

/* Where a decoder puts its arrays: one block, cut into four. */
struct arena {
    struct pass *passes;
    struct pass_point *points;
    struct detection *detections;
    struct feature_sighting *features;
    size_t passes_max, points_max, detections_max, features_max, n_points;
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool memory_holds(struct batch_memory *memory, size_t size)
{
    if (size > memory->size) {
        free(memory->block); /* nothing in it is worth a copy */
        memory->block = malloc(size);
        memory->size = memory->block ? size : 0;
    }
    return memory->block != NULL;
}

/* False if there is no memory. */
static bool arena_open(struct arena *arena, size_t length, struct batch_memory *memory)
{
    arena->passes_max = smaller(BATCH_PASSES_MAX, length / PASS_MIN_BYTES);
    arena->points_max = smaller(BATCH_POINTS_MAX, length / PASS_POINT_MIN_BYTES);
    arena->detections_max = smaller(BATCH_DETECTIONS_MAX, length / DETECTION_MIN_BYTES);
    arena->features_max = smaller(BATCH_FEATURES_MAX, length / FEATURE_SIGHTING_MIN_BYTES);
    const size_t passes_size = arena->passes_max * sizeof *arena->passes;
    const size_t points_size = arena->points_max * sizeof *arena->points;
    const size_t detections_size = arena->detections_max * sizeof *arena->detections;

    if (!memory_holds(memory, passes_size + points_size + detections_size +
                            arena->features_max * sizeof *arena->features + 1))
        return false;
    char *block = memory->block;
    /* All four structs hold an int64_t or a pointer, so each size keeps the next array aligned. */
    arena->passes = (struct pass *)block;
    arena->points = (struct pass_point *)(block + passes_size);
    arena->detections = (struct detection *)(block + passes_size + points_size);
    arena->features = (struct feature_sighting *)(block + passes_size + points_size + detections_size);
    return true;
}

static void get_points(struct wire_reader *reader, struct arena *arena, struct pass *pass)
{
    size_t length, n = 0;
    const uint8_t *bytes = wire_get_bytes(reader, SIZE_MAX, &length, "pass.points");

    if (!bytes)
        return;
    enum road_status status = points_count(bytes, length, &n);
    if (status == ROAD_OK && n > arena->points_max - arena->n_points)
        status = ROAD_TOO_LARGE;
    if (status == ROAD_OK)
        status = points_unpack(bytes, length, arena->points + arena->n_points);
    if (status != ROAD_OK) {
        wire_fail(reader, status, "pass.points");
        return;
    }
    pass->points = arena->points + arena->n_points;
    pass->n_points = n;
    arena->n_points += n;
}

static void get_pass(struct wire_reader *reader, struct arena *arena, struct pass *ret_pass)
{
    struct wire_map map;
    int64_t key;

    *ret_pass = (struct pass){0};
    wire_map_open(reader, &map, "pass");
    while (wire_map_next(reader, &map, &key)) {
        if (key == PASS_SENSOR)
            ret_pass->sensor = (enum sense)get_small(reader, "pass.sensor");
        else if (key == PASS_FRAME)
            ret_pass->frame = (enum frame)get_small(reader, "pass.frame");
        else if (key == PASS_EPOCH)
            ret_pass->epoch_centiyear = get_u16(reader, "pass.epoch");
        else if (key == PASS_GNSS)
            ret_pass->gnss = (enum gnss_class)get_small(reader, "pass.gnss");
        else if (key == PASS_HALF_TRACK)
            ret_pass->half_track_mm = get_u16(reader, "pass.half_track");
        else if (key == PASS_POINTS)
            get_points(reader, arena, ret_pass);
        else
            wire_skip(reader);
    }
    wire_map_require(reader, &map, PASS_SENSOR, "pass.sensor");
    wire_map_require(reader, &map, PASS_POINTS, "pass.points");
}

static void get_detection_field(struct wire_reader *reader, int64_t key, struct detection *detection)
{
    switch (key) {
    case DETECTION_TYPE:
        detection->type = get_small(reader, "detection.type");
        break;
    case DETECTION_SEVERITY:
        detection->severity = (enum severity)get_small(reader, "detection.severity");
        break;
    case DETECTION_CONFIDENCE:
        detection->confidence_permille = get_u16(reader, "detection.confidence");
        break;
    case DETECTION_SENSOR:
        detection->sensor = (enum sense)get_small(reader, "detection.sensor");
        break;
    case DETECTION_TIME:
        detection->time_ns = get_time(reader, "detection.time");
        break;
    case DETECTION_AT:
        wire_tuple_open(reader, 2, "detection.at");
        detection->at.e_mm = get_i32(reader, "detection.at") * (int64_t)10;
        detection->at.n_mm = get_i32(reader, "detection.at") * (int64_t)10;
        wire_close(reader);
        break;
    case DETECTION_COV:
        wire_tuple_open(reader, 3, "detection.cov");
        detection->cov_ee_cm2 = get_i32(reader, "detection.cov");
        detection->cov_en_cm2 = get_i32(reader, "detection.cov");
        detection->cov_nn_cm2 = get_i32(reader, "detection.cov");
        wire_close(reader);
        break;
    case DETECTION_SIZE:
        wire_tuple_open(reader, 2, "detection.size");
        detection->size_milli = get_i32(reader, "detection.size");
        detection->size_sigma_milli = get_i32(reader, "detection.size");
        wire_close(reader);
        break;
    case DETECTION_HEADING:
        detection->heading_cdeg = get_u16(reader, "detection.heading");
        break;
    case DETECTION_SPEED:
        detection->speed_cmps = get_u16(reader, "detection.speed");
        break;
    case DETECTION_SIDE:
        detection->side = (enum wheel_side)get_small(reader, "detection.side");
        break;
    case DETECTION_PASS:
        detection->pass = get_u16(reader, "detection.pass");
        break;
    case DETECTION_EVIDENCE:
        wire_get_block(reader, detection->evidence, SHA256_SIZE, "detection.evidence");
        detection->has_evidence = true;
        break;
    case DETECTION_STRENGTH:
        wire_tuple_open(reader, 2, "detection.strength");
        detection->strength_milli = get_i32(reader, "detection.strength");
        detection->strength_sigma_milli = get_i32(reader, "detection.strength");
        wire_close(reader);
        break;
    default:
        wire_skip(reader);
    }
}

static void get_detection(struct wire_reader *reader, struct detection *ret_detection)
{
    struct wire_map map;
    int64_t key;

    *ret_detection = (struct detection){0};
    wire_map_open(reader, &map, "detection");
    while (wire_map_next(reader, &map, &key))
        get_detection_field(reader, key, ret_detection);
    wire_map_require(reader, &map, DETECTION_TYPE, "detection.type");
    wire_map_require(reader, &map, DETECTION_SENSOR, "detection.sensor");
    wire_map_require(reader, &map, DETECTION_TIME, "detection.time");
    wire_map_require(reader, &map, DETECTION_AT, "detection.at");
    wire_map_require(reader, &map, DETECTION_COV, "detection.cov");
    wire_map_require(reader, &map, DETECTION_SIZE, "detection.size");
}

static void get_passes(struct wire_reader *reader, struct arena *arena, struct batch *batch)
{
    const size_t n = wire_array_open(reader, arena->passes_max, "passes");

    for (size_t i = 0; i < n && reader->status == ROAD_OK; i++)
        get_pass(reader, arena, &arena->passes[i]);
    wire_close(reader);
    batch->passes = arena->passes;
    batch->n_passes = n;
}

static void get_detections(struct wire_reader *reader, struct arena *arena, struct batch *batch)
{
    const size_t n = wire_array_open(reader, arena->detections_max, "detections");

    for (size_t i = 0; i < n && reader->status == ROAD_OK; i++)
        get_detection(reader, &arena->detections[i]);
    wire_close(reader);
    batch->detections = arena->detections;
    batch->n_detections = n;
}

static void get_features(struct wire_reader *reader, struct arena *arena, struct batch *batch)
{
    const size_t n = wire_array_open(reader, arena->features_max, "features");

    for (size_t i = 0; i < n && reader->status == ROAD_OK; i++)
        get_feature_sighting(reader, &arena->features[i]);
    wire_close(reader);
    batch->features = arena->features;
    batch->n_features = n;
}

static void get_batch_field(struct wire_reader *reader, int64_t key, struct arena *arena, struct batch *batch)
{
    switch (key) {
    case 0:
        get_version(reader);
        break;
    case BATCH_SEQ:
        batch->seq = get_seq(reader, "seq");
        break;
    case BATCH_ZONE:
        batch->zone = get_zone(reader, "zone");
        break;
    case BATCH_TIME_SOURCE:
        batch->time_source = (enum time_source)get_small(reader, "time_source");
        break;
    case BATCH_TIME_SIGMA:
        batch->time_sigma_us = (uint32_t)wire_get_uint(reader, UINT32_MAX, "time_sigma");
        break;
    case BATCH_UNPLACED:
        batch->unplaced_cm = (uint32_t)wire_get_uint(reader, UINT32_MAX, "unplaced");
        break;
    case BATCH_UNWATCHED:
        batch->unwatched_ms = (uint32_t)wire_get_uint(reader, UINT32_MAX, "unwatched");
        break;
    case BATCH_PASSES:
        get_passes(reader, arena, batch);
        break;
    case BATCH_DETECTIONS:
        get_detections(reader, arena, batch);
        break;
    case BATCH_FEATURES:
        get_features(reader, arena, batch);
        break;
    default:
        wire_skip(reader);
    }
}

static void get_batch(struct wire_reader *reader, struct arena *arena, struct batch *batch)
{
    static const char *const required[] = {[0] = "version",           [BATCH_SEQ] = "seq",
                                           [BATCH_ZONE] = "zone",     [BATCH_TIME_SOURCE] = "time_source",
                                           [BATCH_PASSES] = "passes", [BATCH_DETECTIONS] = "detections"};
    struct wire_map map;
    int64_t key;

    wire_map_open(reader, &map, "batch");
    while (wire_map_next(reader, &map, &key))
        get_batch_field(reader, key, arena, batch);
    for (int i = 0; i <= BATCH_DETECTIONS; i++)
        if (required[i])
            wire_map_require(reader, &map, i, required[i]);
}

enum road_status batch_decode_in(const uint8_t *bytes, size_t length, struct batch_memory *memory,
                                 struct batch *ret_batch, const char **ret_field)
{
    struct batch batch = {0};
    struct check check = {0};
    struct arena arena = {0};
    struct wire_reader reader;

    wire_read(&reader, bytes, length);
    if (length > BATCH_PAYLOAD_MAX)
        wire_fail(&reader, ROAD_TOO_LARGE, "batch");
    else if (!arena_open(&arena, length, memory))
        return ROAD_NO_MEMORY;
    else
        get_batch(&reader, &arena, &batch);
    if (reader.status == ROAD_OK)
        check_batch(&check, &batch);
    const enum road_status status = decode_verdict(&reader, &check, ret_field);
    if (status == ROAD_OK)
        *ret_batch = batch;
    return status;
}

enum road_status batch_decode(const uint8_t *bytes, size_t length, struct batch *ret_batch, const char **ret_field)
{
    struct batch_memory memory = {0};
    const enum road_status status = batch_decode_in(bytes, length, &memory, ret_batch, ret_field);

    if (status == ROAD_OK)
        ret_batch->block = memory.block;
    else
        free(memory.block);
    return status;
}

enum road_status batch_peek_seq(const uint8_t *bytes, size_t length, uint64_t *ret_seq)
{
    struct wire_reader reader;
    struct wire_map map;
    int64_t key;

    wire_read(&reader, bytes, length);
    wire_map_open(&reader, &map, "batch");
    while (wire_map_next(&reader, &map, &key)) {
        if (key != BATCH_SEQ) {
            wire_skip(&reader);
            continue;
        }
        const uint64_t seq = get_seq(&reader, "seq");
        if (reader.status != ROAD_OK || seq == 0)
            return ROAD_BAD_INPUT;
        *ret_seq = seq;
        return ROAD_OK;
    }
    return ROAD_BAD_INPUT;
}

void batch_done(struct batch *batch)
{
    if (!batch)
        return;
    free(batch->block);
    *batch = (struct batch){0};
}
