#include "link/message_feature.h"
#include "link/message_patch.h"
#include "link/message_segment.h"

#include <stdlib.h>

#define KIND_MAX    31
#define SUBJECT_MAX 95
/* The least bytes that one of each can take on the wire: they bound the block of a decoder by the bytes it
 * got. */
#define CELL_MIN_BYTES      5
#define BELIEF_MIN_BYTES    48
#define STATEMENT_MIN_BYTES 7

enum {
    CHANGE_SEQ = 1,
    CHANGE_ZONE,
    CHANGE_CAUSE_KID,
    CHANGE_CAUSE_SEQ,
    CHANGE_IS_LAST,
    CHANGE_AS_OF,
    CHANGE_ROAD,
    CHANGE_CELLS,
    CHANGE_DEFECTS,
    CHANGE_STATEMENTS,
    CHANGE_FEATURES, /* this and the next are left out when there are none */
    CHANGE_PATCHES,
    CHANGE_SEGMENTS
};
enum {
    CELL_ID = 1,
    CELL_WAS,
    CELL_CODE,
    CELL_CHANNEL,
    CELL_IS_PALE,
    CELL_TYPE,
    CELL_SEVERITY,
    CELL_POSTERIOR,
    CELL_SIZE,
    CELL_SIZE_SIGMA,
    CELL_HITS,
    CELL_PASSES,
    CELL_MOTION_HITS,
    CELL_CAMERA_HITS,
    CELL_CSI,
    CELL_IRI,
    CELL_COVERAGE,
    CELL_SEEN,
    CELL_DEFECT
};

/* ---- rules ---- */

static void check_cell_change(struct check *check, const struct cell_change *change, struct grid_zone zone)
{
    const struct code_reason *reason = &change->reason;

    check_that(check, cell_is_valid(change->cell), ROAD_BAD_RANGE, "cell.id");
    if (check->status != ROAD_OK)
        return;
    const struct grid_zone cell_frame = cell_zone(change->cell);
    check_that(check, cell_frame.meridian_deg == zone.meridian_deg && cell_frame.is_south == zone.is_south,
               ROAD_BAD_RANGE, "cell.id");
    check_that(check, (unsigned)change->was <= CODE_RED, ROAD_BAD_RANGE, "cell.was");
    check_that(check, (unsigned)reason->code <= CODE_RED, ROAD_BAD_RANGE, "cell.code");
    check_that(check, (unsigned)reason->channel <= CHANNEL_RIDE, ROAD_BAD_RANGE, "cell.channel");
    check_that(check, reason->type <= DEFECT_TYPE_COUNT, ROAD_BAD_RANGE, "cell.type");
    check_that(check, reason->severity <= SEVERITY_HIGH, ROAD_BAD_RANGE, "cell.severity");
    check_that(check, reason->posterior_permille <= 1000, ROAD_BAD_RANGE, "cell.posterior");
    check_that(check, reason->size_milli >= 0 && reason->size_sigma_milli >= 0, ROAD_BAD_RANGE, "cell.size");
    check_that(check, reason->csi <= 100, ROAD_BAD_RANGE, "cell.csi");
    if (reason->seen_ns != 0)
        check_time(check, reason->seen_ns, "cell.seen");
    if (change->has_defect)
        check_defect_id(check, &change->defect, "cell.defect");
}

/* Kinds and subjects become keys of the ledger: printable ASCII without blanks. */
static bool is_word(const char *text, size_t length, size_t max)
{
    bool is_good = length >= 1 && length <= max;

    for (size_t i = 0; is_good && i < length; i++)
        is_good = text[i] > ' ' && text[i] < 0x7f;
    return is_good;
}

static void check_statement(struct check *check, const struct statement *statement)
{
    check_that(check, is_word(statement->kind, statement->kind_length, KIND_MAX), ROAD_BAD_INPUT,
               "statement.kind");
    check_that(check, is_word(statement->subject, statement->subject_length, SUBJECT_MAX), ROAD_BAD_INPUT,
               "statement.subject");
    check_that(check, statement->cose_length >= 1, ROAD_BAD_INPUT, "statement.said");
}

static void check_change(struct check *check, const struct change *change)
{
    const struct road_metres *road = &change->road;

    check_seq(check, change->seq, "seq");
    check_zone(check, change->zone, "zone");
    check_seq(check, change->cause_seq, "cause_seq");
    if (change->as_of_ns != 0)
        check_time(check, change->as_of_ns, "as_of");
    check_that(check,
               road->covered_cm <= INT64_MAX && road->red_cm <= INT64_MAX && road->yellow_cm <= INT64_MAX &&
                   road->green_cm <= INT64_MAX && road->grey_cm <= INT64_MAX &&
                   road->unplaced_cm <= INT64_MAX,
               ROAD_BAD_RANGE, "road");
    check_that(check, change->n_cells <= CHANGE_CELLS_MAX, ROAD_TOO_LARGE, "cells");
    check_that(check, change->n_defects <= CHANGE_DEFECTS_MAX, ROAD_TOO_LARGE, "defects");
    check_that(check, change->n_features <= CHANGE_FEATURES_MAX, ROAD_TOO_LARGE, "features");
    check_that(check, change->n_patches <= CHANGE_PATCHES_MAX, ROAD_TOO_LARGE, "patches");
    check_that(check, change->n_segments <= CHANGE_SEGMENTS_MAX, ROAD_TOO_LARGE, "segments");
    check_that(check, change->n_statements <= CHANGE_STATEMENTS_MAX, ROAD_TOO_LARGE, "statements");
    for (size_t i = 0; i < change->n_cells && check->status == ROAD_OK; i++)
        check_cell_change(check, &change->cells[i], change->zone);
    for (size_t i = 0; i < change->n_defects && check->status == ROAD_OK; i++)
        check_belief(check, &change->defects[i]);
    for (size_t i = 0; i < change->n_features && check->status == ROAD_OK; i++)
        check_feature_belief(check, &change->features[i]);
    for (size_t i = 0; i < change->n_patches && check->status == ROAD_OK; i++)
        check_patch(check, &change->patches[i], i ? &change->patches[i - 1] : NULL, change->zone);
    for (size_t i = 0; i < change->n_segments && check->status == ROAD_OK; i++)
        check_segment_belief(check, &change->segments[i]);
    for (size_t i = 0; i < change->n_statements && check->status == ROAD_OK; i++)
        check_statement(check, &change->statements[i]);
}

/* ---- writing ---- */

static void put_cell_change(struct wire_writer *writer, const struct cell_change *change)
{
    const struct code_reason *reason = &change->reason;
    struct wire_fields fields;

    wire_fields_open(writer, &fields);
    wire_field_uint(writer, &fields, CELL_ID, change->cell.id);
    wire_field_nonzero(writer, &fields, CELL_WAS, change->was);
    wire_field_int(writer, &fields, CELL_CODE, reason->code);
    wire_field_nonzero(writer, &fields, CELL_CHANNEL, reason->channel);
    wire_field_nonzero(writer, &fields, CELL_IS_PALE, reason->is_pale);
    wire_field_nonzero(writer, &fields, CELL_TYPE, reason->type);
    wire_field_nonzero(writer, &fields, CELL_SEVERITY, reason->severity);
    wire_field_nonzero(writer, &fields, CELL_POSTERIOR, reason->posterior_permille);
    wire_field_nonzero(writer, &fields, CELL_SIZE, reason->size_milli);
    wire_field_nonzero(writer, &fields, CELL_SIZE_SIGMA, reason->size_sigma_milli);
    wire_field_nonzero(writer, &fields, CELL_HITS, reason->hits);
    wire_field_nonzero(writer, &fields, CELL_PASSES, reason->passes);
    wire_field_nonzero(writer, &fields, CELL_MOTION_HITS, reason->motion_hits);
    wire_field_nonzero(writer, &fields, CELL_CAMERA_HITS, reason->camera_hits);
    wire_field_nonzero(writer, &fields, CELL_CSI, reason->csi);
    if (reason->iri_centi != IRI_UNKNOWN)
        wire_field_uint(writer, &fields, CELL_IRI, reason->iri_centi);
    wire_field_nonzero(writer, &fields, CELL_COVERAGE, reason->coverage_centi);
    wire_field_nonzero(writer, &fields, CELL_SEEN, reason->seen_ns);
    if (change->has_defect) {
        wire_field(writer, &fields, CELL_DEFECT);
        put_defect_id(writer, &change->defect);
    }
    wire_fields_close(writer, &fields);
}

static void put_road(struct wire_writer *writer, const struct road_metres *road)
{
    wire_put_array(writer, 6);
    wire_put_uint(writer, road->covered_cm);
    wire_put_uint(writer, road->red_cm);
    wire_put_uint(writer, road->yellow_cm);
    wire_put_uint(writer, road->green_cm);
    wire_put_uint(writer, road->grey_cm);
    wire_put_uint(writer, road->unplaced_cm);
}

static void put_statement(struct wire_writer *writer, const struct statement *statement)
{
    wire_put_array(writer, 3);
    wire_put_text(writer, statement->kind, statement->kind_length);
    wire_put_text(writer, statement->subject, statement->subject_length);
    wire_put_bytes(writer, statement->cose, statement->cose_length);
}

static void put_lists(struct wire_writer *writer, struct wire_fields *fields, const struct change *change)
{
    wire_field(writer, fields, CHANGE_CELLS);
    wire_put_array(writer, change->n_cells);
    for (size_t i = 0; i < change->n_cells; i++)
        put_cell_change(writer, &change->cells[i]);
    wire_field(writer, fields, CHANGE_DEFECTS);
    wire_put_array(writer, change->n_defects);
    for (size_t i = 0; i < change->n_defects; i++)
        put_belief(writer, &change->defects[i]);
    wire_field(writer, fields, CHANGE_STATEMENTS);
    wire_put_array(writer, change->n_statements);
    for (size_t i = 0; i < change->n_statements; i++)
        put_statement(writer, &change->statements[i]);
    if (change->n_features) {
        wire_field(writer, fields, CHANGE_FEATURES);
        wire_put_array(writer, change->n_features);
    }
    for (size_t i = 0; i < change->n_features; i++)
        put_feature_belief(writer, &change->features[i]);
    if (change->n_patches) {
        wire_field(writer, fields, CHANGE_PATCHES);
        wire_put_array(writer, change->n_patches);
    }
    for (size_t i = 0; i < change->n_patches; i++)
        put_patch(writer, &change->patches[i]);
    if (change->n_segments) {
        wire_field(writer, fields, CHANGE_SEGMENTS);
        wire_put_array(writer, change->n_segments);
    }
    for (size_t i = 0; i < change->n_segments; i++)
        put_segment_belief(writer, &change->segments[i]);
}

enum road_status change_encode(const struct change *change, uint8_t *ret_bytes, size_t capacity,
                               size_t *ret_length)
{
    struct check check = {0};
    struct wire_writer writer;
    struct wire_fields fields;

    check_change(&check, change);
    if (check.status != ROAD_OK)
        return check.status;
    wire_write(&writer, ret_bytes, capacity < BATCH_PAYLOAD_MAX ? capacity : BATCH_PAYLOAD_MAX);
    put_header(&writer, &fields);
    wire_field_uint(&writer, &fields, CHANGE_SEQ, change->seq);
    wire_field(&writer, &fields, CHANGE_ZONE);
    put_zone(&writer, change->zone);
    wire_field_bytes(&writer, &fields, CHANGE_CAUSE_KID, change->cause_kid.bytes, KID_SIZE);
    wire_field_uint(&writer, &fields, CHANGE_CAUSE_SEQ, change->cause_seq);
    wire_field(&writer, &fields, CHANGE_IS_LAST);
    wire_put_bool(&writer, change->is_last);
    wire_field_int(&writer, &fields, CHANGE_AS_OF, change->as_of_ns);
    wire_field(&writer, &fields, CHANGE_ROAD);
    put_road(&writer, &change->road);
    put_lists(&writer, &fields, change);
    wire_fields_close(&writer, &fields);
    if (writer.status == ROAD_OK)
        *ret_length = writer.length;
    return writer.status;
}

/* ---- reading ---- */

/* Where a decoder puts its arrays: one block, cut into six. */
struct arena {
    struct cell_change *cells;
    struct defect_belief *defects;
    struct feature_belief *features;
    struct leaf_patch *patches;
    struct segment_belief *segments;
    struct statement *statements;
    size_t cells_max, defects_max, features_max, patches_max, segments_max, statements_max;
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* NULL if there is no memory. */
static void *arena_new(struct arena *arena, size_t length)
{
    arena->cells_max = smaller(CHANGE_CELLS_MAX, length / CELL_MIN_BYTES);
    arena->defects_max = smaller(CHANGE_DEFECTS_MAX, length / BELIEF_MIN_BYTES);
    arena->statements_max = smaller(CHANGE_STATEMENTS_MAX, length / STATEMENT_MIN_BYTES);
    arena->features_max = smaller(CHANGE_FEATURES_MAX, length / FEATURE_BELIEF_MIN_BYTES);
    arena->patches_max = smaller(CHANGE_PATCHES_MAX, length / PATCH_MIN_BYTES);
    arena->segments_max = smaller(CHANGE_SEGMENTS_MAX, length / SEGMENT_BELIEF_MIN_BYTES);
    const size_t cells_size = arena->cells_max * sizeof *arena->cells;
    const size_t defects_size = arena->defects_max * sizeof *arena->defects;
    const size_t features_size = arena->features_max * sizeof *arena->features;
    const size_t patches_size = arena->patches_max * sizeof *arena->patches;
    const size_t segments_size = arena->segments_max * sizeof *arena->segments;
    char *block = malloc(cells_size + defects_size + features_size + patches_size + segments_size +
                         arena->statements_max * sizeof *arena->statements + 1);

    /* The first five structs hold 64 bits, so each size keeps the next array aligned. */
    arena->cells = (struct cell_change *)block;
    arena->defects = (struct defect_belief *)(block + cells_size);
    arena->features = (struct feature_belief *)(block + cells_size + defects_size);
    arena->patches = (struct leaf_patch *)(block + cells_size + defects_size + features_size);
    arena->segments = (struct segment_belief *)(block + cells_size + defects_size + features_size + patches_size);
    arena->statements =
        (struct statement *)(block + cells_size + defects_size + features_size + patches_size + segments_size);
    return block;
}

static void get_cell_field(struct wire_reader *reader, int64_t key, struct cell_change *change)
{
    struct code_reason *reason = &change->reason;

    switch (key) {
    case CELL_ID:
        change->cell.id = wire_get_uint(reader, UINT64_MAX, "cell.id");
        break;
    case CELL_WAS:
        change->was = (enum road_code)get_small(reader, "cell.was");
        break;
    case CELL_CODE:
        reason->code = (enum road_code)get_small(reader, "cell.code");
        break;
    case CELL_CHANNEL:
        reason->channel = (enum code_channel)get_small(reader, "cell.channel");
        break;
    case CELL_IS_PALE:
        reason->is_pale = wire_get_uint(reader, 1, "cell.is_pale") == 1;
        break;
    case CELL_TYPE:
        reason->type = (uint8_t)wire_get_uint(reader, UINT8_MAX, "cell.type");
        break;
    case CELL_SEVERITY:
        reason->severity = (uint8_t)wire_get_uint(reader, UINT8_MAX, "cell.severity");
        break;
    case CELL_POSTERIOR:
        reason->posterior_permille = get_u16(reader, "cell.posterior");
        break;
    case CELL_SIZE:
        reason->size_milli = get_i32(reader, "cell.size");
        break;
    case CELL_SIZE_SIGMA:
        reason->size_sigma_milli = get_i32(reader, "cell.size");
        break;
    case CELL_HITS:
        reason->hits = get_u16(reader, "cell.hits");
        break;
    case CELL_PASSES:
        reason->passes = get_u16(reader, "cell.passes");
        break;
    case CELL_MOTION_HITS:
        reason->motion_hits = get_u16(reader, "cell.motion_hits");
        break;
    case CELL_CAMERA_HITS:
        reason->camera_hits = get_u16(reader, "cell.camera_hits");
        break;
    case CELL_CSI:
        reason->csi = (uint8_t)wire_get_uint(reader, UINT8_MAX, "cell.csi");
        break;
    case CELL_IRI:
        reason->iri_centi = get_u16(reader, "cell.iri");
        break;
    case CELL_COVERAGE:
        reason->coverage_centi = get_u16(reader, "cell.coverage");
        break;
    case CELL_SEEN:
        reason->seen_ns = get_time(reader, "cell.seen");
        break;
    case CELL_DEFECT:
        get_defect_id(reader, &change->defect, "cell.defect");
        change->has_defect = true;
        break;
    default:
        wire_skip(reader);
    }
}

static void get_cell_change(struct wire_reader *reader, struct cell_change *ret_change)
{
    struct wire_map map;
    int64_t key;

    *ret_change = (struct cell_change){.reason = {.iri_centi = IRI_UNKNOWN}};
    wire_map_open(reader, &map, "cell");
    while (wire_map_next(reader, &map, &key))
        get_cell_field(reader, key, ret_change);
    wire_map_require(reader, &map, CELL_ID, "cell.id");
    wire_map_require(reader, &map, CELL_CODE, "cell.code");
}

static void get_cells(struct wire_reader *reader, const struct arena *arena, struct change *change)
{
    change->n_cells = wire_array_open(reader, arena->cells_max, "cells");
    change->cells = arena->cells;
    for (size_t i = 0; i < change->n_cells && reader->status == ROAD_OK; i++)
        get_cell_change(reader, &change->cells[i]);
    wire_close(reader);
}

static void get_defects(struct wire_reader *reader, const struct arena *arena, struct change *change)
{
    change->n_defects = wire_array_open(reader, arena->defects_max, "defects");
    change->defects = arena->defects;
    for (size_t i = 0; i < change->n_defects && reader->status == ROAD_OK; i++)
        get_belief(reader, &change->defects[i]);
    wire_close(reader);
}

static void get_features(struct wire_reader *reader, const struct arena *arena, struct change *change)
{
    change->n_features = wire_array_open(reader, arena->features_max, "features");
    change->features = arena->features;
    for (size_t i = 0; i < change->n_features && reader->status == ROAD_OK; i++)
        get_feature_belief(reader, &change->features[i]);
    wire_close(reader);
}

static void get_patches(struct wire_reader *reader, const struct arena *arena, struct change *change)
{
    change->n_patches = wire_array_open(reader, arena->patches_max, "patches");
    change->patches = arena->patches;
    for (size_t i = 0; i < change->n_patches && reader->status == ROAD_OK; i++)
        get_patch(reader, &change->patches[i]);
    wire_close(reader);
}

static void get_segments(struct wire_reader *reader, const struct arena *arena, struct change *change)
{
    change->n_segments = wire_array_open(reader, arena->segments_max, "segments");
    change->segments = arena->segments;
    for (size_t i = 0; i < change->n_segments && reader->status == ROAD_OK; i++)
        get_segment_belief(reader, &change->segments[i]);
    wire_close(reader);
}

static void get_statements(struct wire_reader *reader, const struct arena *arena, struct change *change)
{
    change->n_statements = wire_array_open(reader, arena->statements_max, "statements");
    change->statements = arena->statements;
    for (size_t i = 0; i < change->n_statements && reader->status == ROAD_OK; i++) {
        struct statement *statement = &change->statements[i];

        wire_tuple_open(reader, 3, "statement");
        statement->kind = wire_get_text(reader, KIND_MAX, &statement->kind_length, "statement.kind");
        statement->subject =
            wire_get_text(reader, SUBJECT_MAX, &statement->subject_length, "statement.subject");
        statement->cose = wire_get_bytes(reader, SEALED_MAX, &statement->cose_length, "statement.said");
        wire_close(reader);
    }
    wire_close(reader);
}

static void get_road(struct wire_reader *reader, struct road_metres *ret_road)
{
    wire_tuple_open(reader, 6, "road");
    ret_road->covered_cm = wire_get_uint(reader, UINT64_MAX, "road");
    ret_road->red_cm = wire_get_uint(reader, UINT64_MAX, "road");
    ret_road->yellow_cm = wire_get_uint(reader, UINT64_MAX, "road");
    ret_road->green_cm = wire_get_uint(reader, UINT64_MAX, "road");
    ret_road->grey_cm = wire_get_uint(reader, UINT64_MAX, "road");
    ret_road->unplaced_cm = wire_get_uint(reader, UINT64_MAX, "road");
    wire_close(reader);
}

static void get_change_field(struct wire_reader *reader, int64_t key, const struct arena *arena,
                             struct change *change)
{
    switch (key) {
    case 0:
        get_version(reader);
        break;
    case CHANGE_SEQ:
        change->seq = get_seq(reader, "seq");
        break;
    case CHANGE_ZONE:
        change->zone = get_zone(reader, "zone");
        break;
    case CHANGE_CAUSE_KID:
        change->cause_kid = get_kid(reader, "cause_kid");
        break;
    case CHANGE_CAUSE_SEQ:
        change->cause_seq = get_seq(reader, "cause_seq");
        break;
    case CHANGE_IS_LAST:
        change->is_last = wire_get_bool(reader, "is_last");
        break;
    case CHANGE_AS_OF:
        change->as_of_ns = get_time(reader, "as_of");
        break;
    case CHANGE_ROAD:
        get_road(reader, &change->road);
        break;
    case CHANGE_CELLS:
        get_cells(reader, arena, change);
        break;
    case CHANGE_DEFECTS:
        get_defects(reader, arena, change);
        break;
    case CHANGE_STATEMENTS:
        get_statements(reader, arena, change);
        break;
    case CHANGE_FEATURES:
        get_features(reader, arena, change);
        break;
    case CHANGE_PATCHES:
        get_patches(reader, arena, change);
        break;
    case CHANGE_SEGMENTS:
        get_segments(reader, arena, change);
        break;
    default:
        wire_skip(reader);
    }
}

static void get_change(struct wire_reader *reader, const struct arena *arena, struct change *change)
{
    static const char *const required[] = {"version", "seq",  "zone",  "cause_kid", "cause_seq", "is_last",
                                           "as_of",   "road", "cells", "defects",   "statements"};
    struct wire_map map;
    int64_t key;

    wire_map_open(reader, &map, "change");
    while (wire_map_next(reader, &map, &key))
        get_change_field(reader, key, arena, change);
    for (int i = 0; i <= CHANGE_STATEMENTS; i++)
        wire_map_require(reader, &map, i, required[i]);
}

enum road_status change_decode(const uint8_t *bytes, size_t length, struct change *ret_change,
                               const char **ret_field)
{
    struct change change = {0};
    struct check check = {0};
    struct arena arena = {0};
    struct wire_reader reader;

    wire_read(&reader, bytes, length);
    if (length > BATCH_PAYLOAD_MAX) {
        wire_fail(&reader, ROAD_TOO_LARGE, "change");
    } else {
        change.block = arena_new(&arena, length);
        if (!change.block)
            return ROAD_NO_MEMORY;
        get_change(&reader, &arena, &change);
    }
    if (reader.status == ROAD_OK)
        check_change(&check, &change);
    const enum road_status status = decode_verdict(&reader, &check, ret_field);
    if (status == ROAD_OK)
        *ret_change = change;
    else
        change_done(&change);
    return status;
}

void change_done(struct change *change)
{
    if (!change)
        return;
    free(change->block);
    *change = (struct change){0};
}
