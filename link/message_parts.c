#include "link/message_parts.h"

#include <limits.h>

/* The frame of grid/cell.h: 2^20 m east, 2^24 m north. */
#define EAST_END_MM  (((int64_t)1 << 20) * 1000)
#define NORTH_END_MM (((int64_t)1 << 24) * 1000)

void check_that(struct check *check, bool is_true, enum road_status status, const char *field)
{
    if (!is_true && check->status == ROAD_OK)
        *check = (struct check){status, field};
}

void check_seq(struct check *check, uint64_t seq, const char *field)
{
    check_that(check, seq >= 1 && seq <= INT64_MAX, ROAD_BAD_RANGE, field);
}

void check_time(struct check *check, int64_t time_ns, const char *field)
{
    check_that(check, time_ns >= TIME_MIN_NS && time_ns <= TIME_MAX_NS, ROAD_BAD_RANGE, field);
}

void check_zone(struct check *check, struct grid_zone zone, const char *field)
{
    check_that(check, grid_zone_is_valid(zone), ROAD_BAD_RANGE, field);
}

void check_point(struct check *check, struct grid_point at, const char *field)
{
    check_that(check, at.e_mm >= 0 && at.e_mm < EAST_END_MM && at.n_mm >= 0 && at.n_mm < NORTH_END_MM,
               ROAD_BAD_RANGE, field);
}

/* Positive semidefinite: no negative variance, and a correlation of at most 1. */
void check_covariance(struct check *check, int64_t ee, int64_t en, int64_t nn, const char *field)
{
    check_that(check, ee >= 0 && nn >= 0 && en * en <= ee * nn, ROAD_BAD_RANGE, field);
}

void check_defect_id(struct check *check, const struct defect_id *id, const char *field)
{
    check_time(check, id->time_ns, field);
    check_seq(check, id->seq, field);
}

static void check_repair(struct check *check, const struct repair *repair)
{
    check_that(check, (unsigned)repair->stage <= REPAIR_REOPENED, ROAD_BAD_RANGE, "defect.repair");
    check_that(check, (unsigned)repair->cause <= REPAIR_BY_DESK, ROAD_BAD_RANGE, "defect.repair");
    check_that(check, repair->miss_ppm <= 1000000, ROAD_BAD_RANGE, "defect.repair");
    if (repair->stage != REPAIR_NONE)
        check_time(check, repair->claimed_ns, "defect.repair");
    if (repair->settled_ns != 0)
        check_time(check, repair->settled_ns, "defect.repair");
}

void check_belief(struct check *check, const struct defect_belief *belief)
{
    check_defect_id(check, &belief->id, "defect.id");
    check_that(check, belief->state >= DEFECT_SUSPECTED && belief->state <= DEFECT_REPAIRED, ROAD_BAD_RANGE,
               "defect.state");
    if (belief->state == DEFECT_ALIAS)
        check_defect_id(check, &belief->alias_of, "defect.alias_of");
    check_that(check, belief->type >= 1 && belief->type <= DEFECT_TYPE_COUNT, ROAD_BAD_RANGE, "defect.type");
    check_that(check, (unsigned)belief->severity <= SEVERITY_HIGH, ROAD_BAD_RANGE, "defect.severity");
    check_that(check, belief->posterior_permille <= 1000, ROAD_BAD_RANGE, "defect.posterior");
    check_point(check, belief->at, "defect.at");
    check_covariance(check, belief->cov_ee_cm2, belief->cov_en_cm2, belief->cov_nn_cm2, "defect.cov");
    check_that(check, belief->size_milli >= 0 && belief->size_sigma_milli >= 0, ROAD_BAD_RANGE,
               "defect.size");
    check_time(check, belief->first_ns, "defect.first");
    check_time(check, belief->last_ns, "defect.last");
    check_that(check, belief->first_ns <= belief->last_ns, ROAD_BAD_RANGE, "defect.last");
    check_repair(check, &belief->repair);
}

void put_header(struct wire_writer *writer, struct wire_fields *ret_fields)
{
    wire_fields_open(writer, ret_fields);
    wire_field_uint(writer, ret_fields, 0, WIRE_VERSION);
}

void get_version(struct wire_reader *reader)
{
    if (wire_get_uint(reader, UINT64_MAX, "version") != WIRE_VERSION)
        wire_fail(reader, ROAD_BAD_VERSION, "version");
}

/* One number, as in a cell id: meridian / 3, and 120 more for the south. */
void put_zone(struct wire_writer *writer, struct grid_zone zone)
{
    wire_put_uint(writer, (uint64_t)(zone.meridian_deg / 3 + (zone.is_south ? 120 : 0)));
}

struct grid_zone get_zone(struct wire_reader *reader, const char *field)
{
    const int number = (int)wire_get_uint(reader, 239, field);

    return (struct grid_zone){.meridian_deg = number % 120 * 3, .is_south = number >= 120};
}

struct kid get_kid(struct wire_reader *reader, const char *field)
{
    struct kid kid = {{0}};

    wire_get_block(reader, kid.bytes, KID_SIZE, field);
    return kid;
}

uint64_t get_seq(struct wire_reader *reader, const char *field)
{
    return wire_get_uint(reader, INT64_MAX, field);
}

int64_t get_time(struct wire_reader *reader, const char *field)
{
    return wire_get_int(reader, 0, INT64_MAX, field);
}

uint16_t get_u16(struct wire_reader *reader, const char *field)
{
    return (uint16_t)wire_get_uint(reader, UINT16_MAX, field);
}

int32_t get_i32(struct wire_reader *reader, const char *field)
{
    return (int32_t)wire_get_int(reader, INT32_MIN, INT32_MAX, field);
}

int get_small(struct wire_reader *reader, const char *field)
{
    return (int)wire_get_uint(reader, INT_MAX, field);
}

void put_defect_id(struct wire_writer *writer, const struct defect_id *id)
{
    wire_put_array(writer, 4);
    wire_put_int(writer, id->time_ns);
    wire_put_bytes(writer, id->kid.bytes, KID_SIZE);
    wire_put_uint(writer, id->seq);
    wire_put_uint(writer, id->index);
}

void get_defect_id(struct wire_reader *reader, struct defect_id *ret_id, const char *field)
{
    wire_tuple_open(reader, 4, field);
    ret_id->time_ns = get_time(reader, field);
    ret_id->kid = get_kid(reader, field);
    ret_id->seq = get_seq(reader, field);
    ret_id->index = (uint32_t)wire_get_uint(reader, UINT32_MAX, field);
    wire_close(reader);
}

enum {
    BELIEF_ID = 1,
    BELIEF_STATE,
    BELIEF_ALIAS_OF,
    BELIEF_TYPE,
    BELIEF_SEVERITY,
    BELIEF_MAY_BE_RED,
    BELIEF_POSTERIOR,
    BELIEF_AT,
    BELIEF_COV,
    BELIEF_SIZE,
    BELIEF_HITS,
    BELIEF_PASSES,
    BELIEF_MOTION_HITS,
    BELIEF_CAMERA_HITS,
    BELIEF_UNITS,
    BELIEF_FIRST,
    BELIEF_LAST,
    BELIEF_REPAIR /* left out while nobody said that it was repaired */
};

static void put_repair(struct wire_writer *writer, const struct repair *repair)
{
    wire_put_array(writer, 8);
    wire_put_int(writer, repair->stage);
    wire_put_int(writer, repair->cause);
    wire_put_int(writer, repair->claimed_ns);
    wire_put_bytes(writer, repair->by.bytes, KID_SIZE);
    wire_put_int(writer, repair->settled_ns);
    wire_put_uint(writer, repair->passes);
    wire_put_uint(writer, repair->passes_needed);
    wire_put_uint(writer, repair->miss_ppm);
}

static void get_repair(struct wire_reader *reader, struct repair *ret_repair)
{
    wire_tuple_open(reader, 8, "defect.repair");
    ret_repair->stage = (enum repair_stage)get_small(reader, "defect.repair");
    ret_repair->cause = (enum repair_cause)get_small(reader, "defect.repair");
    ret_repair->claimed_ns = get_time(reader, "defect.repair");
    ret_repair->by = get_kid(reader, "defect.repair");
    ret_repair->settled_ns = get_time(reader, "defect.repair");
    ret_repair->passes = get_u16(reader, "defect.repair");
    ret_repair->passes_needed = get_u16(reader, "defect.repair");
    ret_repair->miss_ppm = (uint32_t)wire_get_uint(reader, UINT32_MAX, "defect.repair");
    wire_close(reader);
}

void put_belief(struct wire_writer *writer, const struct defect_belief *belief)
{
    struct wire_fields fields;

    wire_fields_open(writer, &fields);
    wire_field(writer, &fields, BELIEF_ID);
    put_defect_id(writer, &belief->id);
    wire_field_int(writer, &fields, BELIEF_STATE, belief->state);
    if (belief->state == DEFECT_ALIAS) {
        wire_field(writer, &fields, BELIEF_ALIAS_OF);
        put_defect_id(writer, &belief->alias_of);
    }
    wire_field_int(writer, &fields, BELIEF_TYPE, belief->type);
    wire_field_nonzero(writer, &fields, BELIEF_SEVERITY, belief->severity);
    wire_field_nonzero(writer, &fields, BELIEF_MAY_BE_RED, belief->may_be_red);
    wire_field_nonzero(writer, &fields, BELIEF_POSTERIOR, belief->posterior_permille);
    wire_field(writer, &fields, BELIEF_AT);
    wire_put_array(writer, 2);
    wire_put_int(writer, belief->at.e_mm);
    wire_put_int(writer, belief->at.n_mm);
    wire_field(writer, &fields, BELIEF_COV);
    wire_put_array(writer, 3);
    wire_put_int(writer, belief->cov_ee_cm2);
    wire_put_int(writer, belief->cov_en_cm2);
    wire_put_int(writer, belief->cov_nn_cm2);
    wire_field(writer, &fields, BELIEF_SIZE);
    wire_put_array(writer, 2);
    wire_put_int(writer, belief->size_milli);
    wire_put_int(writer, belief->size_sigma_milli);
    wire_field_nonzero(writer, &fields, BELIEF_HITS, belief->hits);
    wire_field_nonzero(writer, &fields, BELIEF_PASSES, belief->passes);
    wire_field_nonzero(writer, &fields, BELIEF_MOTION_HITS, belief->motion_hits);
    wire_field_nonzero(writer, &fields, BELIEF_CAMERA_HITS, belief->camera_hits);
    wire_field_nonzero(writer, &fields, BELIEF_UNITS, belief->units);
    wire_field_int(writer, &fields, BELIEF_FIRST, belief->first_ns);
    wire_field_int(writer, &fields, BELIEF_LAST, belief->last_ns);
    if (belief->repair.stage != REPAIR_NONE) {
        wire_field(writer, &fields, BELIEF_REPAIR);
        put_repair(writer, &belief->repair);
    }
    wire_fields_close(writer, &fields);
}

static void get_belief_field(struct wire_reader *reader, int64_t key, struct defect_belief *belief)
{
    switch (key) {
    case BELIEF_ID:
        get_defect_id(reader, &belief->id, "defect.id");
        break;
    case BELIEF_STATE:
        belief->state = (enum defect_state)get_small(reader, "defect.state");
        break;
    case BELIEF_ALIAS_OF:
        get_defect_id(reader, &belief->alias_of, "defect.alias_of");
        break;
    case BELIEF_TYPE:
        belief->type = get_small(reader, "defect.type");
        break;
    case BELIEF_SEVERITY:
        belief->severity = (enum severity)get_small(reader, "defect.severity");
        break;
    case BELIEF_MAY_BE_RED:
        belief->may_be_red = wire_get_uint(reader, 1, "defect.may_be_red") == 1;
        break;
    case BELIEF_POSTERIOR:
        belief->posterior_permille = get_u16(reader, "defect.posterior");
        break;
    case BELIEF_AT:
        wire_tuple_open(reader, 2, "defect.at");
        belief->at.e_mm = wire_get_int(reader, INT64_MIN, INT64_MAX, "defect.at");
        belief->at.n_mm = wire_get_int(reader, INT64_MIN, INT64_MAX, "defect.at");
        wire_close(reader);
        break;
    case BELIEF_COV:
        wire_tuple_open(reader, 3, "defect.cov");
        belief->cov_ee_cm2 = get_i32(reader, "defect.cov");
        belief->cov_en_cm2 = get_i32(reader, "defect.cov");
        belief->cov_nn_cm2 = get_i32(reader, "defect.cov");
        wire_close(reader);
        break;
    case BELIEF_SIZE:
        wire_tuple_open(reader, 2, "defect.size");
        belief->size_milli = get_i32(reader, "defect.size");
        belief->size_sigma_milli = get_i32(reader, "defect.size");
        wire_close(reader);
        break;
    case BELIEF_HITS:
        belief->hits = get_u16(reader, "defect.hits");
        break;
    case BELIEF_PASSES:
        belief->passes = get_u16(reader, "defect.passes");
        break;
    case BELIEF_MOTION_HITS:
        belief->motion_hits = get_u16(reader, "defect.motion_hits");
        break;
    case BELIEF_CAMERA_HITS:
        belief->camera_hits = get_u16(reader, "defect.camera_hits");
        break;
    case BELIEF_UNITS:
        belief->units = get_u16(reader, "defect.units");
        break;
    case BELIEF_FIRST:
        belief->first_ns = get_time(reader, "defect.first");
        break;
    case BELIEF_LAST:
        belief->last_ns = get_time(reader, "defect.last");
        break;
    case BELIEF_REPAIR:
        get_repair(reader, &belief->repair);
        break;
    default:
        wire_skip(reader);
    }
}

void get_belief(struct wire_reader *reader, struct defect_belief *ret_belief)
{
    struct wire_map map;
    int64_t key;

    *ret_belief = (struct defect_belief){0};
    wire_map_open(reader, &map, "defect");
    while (wire_map_next(reader, &map, &key))
        get_belief_field(reader, key, ret_belief);
    wire_map_require(reader, &map, BELIEF_ID, "defect.id");
    wire_map_require(reader, &map, BELIEF_STATE, "defect.state");
    wire_map_require(reader, &map, BELIEF_TYPE, "defect.type");
    wire_map_require(reader, &map, BELIEF_AT, "defect.at");
    wire_map_require(reader, &map, BELIEF_COV, "defect.cov");
    wire_map_require(reader, &map, BELIEF_SIZE, "defect.size");
    wire_map_require(reader, &map, BELIEF_FIRST, "defect.first");
    wire_map_require(reader, &map, BELIEF_LAST, "defect.last");
}

enum road_status decode_verdict(struct wire_reader *reader, const struct check *check, const char **ret_field)
{
    const bool is_read = wire_end(reader) == ROAD_OK;
    const enum road_status status = is_read ? check->status : reader->status;

    if (status != ROAD_OK && ret_field)
        *ret_field = is_read ? check->field : reader->field;
    return status;
}
