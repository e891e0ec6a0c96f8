#include "link/message_feature.h"

#include "link/message_pass.h"

/* Those of a detection; its 2 (severity), 4 (sensor) and 13 (evidence) have no meaning here. */
enum {
    SIGHTING_KIND = 1,
    SIGHTING_CONFIDENCE = 3,
    SIGHTING_TIME = 5,
    SIGHTING_AT,
    SIGHTING_COV,
    SIGHTING_STRENGTH,
    SIGHTING_HEADING,
    SIGHTING_SPEED,
    SIGHTING_SIDE,
    SIGHTING_PASS
};
enum {
    FEATURE_ID = 1,
    FEATURE_STATE,
    FEATURE_ALIAS_OF,
    FEATURE_KIND,
    FEATURE_POSTERIOR = 7,
    FEATURE_AT,
    FEATURE_COV,
    FEATURE_STRENGTH,
    FEATURE_HITS,
    FEATURE_PASSES,
    FEATURE_CALLED_DAMAGE,
    FEATURE_HEADING,
    FEATURE_FIRST = 16,
    FEATURE_LAST
};

/* ---- sightings ---- */

void check_feature_sighting(struct check *check, const struct feature_sighting *feature, size_t n_passes)
{
    check_that(check, feature->kind >= 1 && feature->kind <= FEATURE_KIND_COUNT, ROAD_BAD_RANGE,
               "feature.kind");
    check_that(check, feature->confidence_permille <= 1000, ROAD_BAD_RANGE, "feature.confidence");
    check_time(check, feature->time_ns, "feature.time");
    check_point(check, feature->at, "feature.at");
    check_covariance(check, feature->cov_ee_cm2, feature->cov_en_cm2, feature->cov_nn_cm2, "feature.cov");
    check_that(check, feature->strength_milli >= 0 && feature->strength_sigma_milli >= 0, ROAD_BAD_RANGE,
               "feature.strength");
    check_that(check, feature->heading_cdeg < 36000, ROAD_BAD_RANGE, "feature.heading");
    check_that(check, (unsigned)feature->side <= WHEEL_BOTH, ROAD_BAD_RANGE, "feature.side");
    check_that(check, feature->pass < n_passes, ROAD_BAD_RANGE, "feature.pass");
}

void put_feature_sighting(struct wire_writer *writer, const struct feature_sighting *feature)
{
    const struct grid_point at = point_at_quantise(feature->at);
    struct wire_fields fields;

    wire_fields_open(writer, &fields);
    wire_field_int(writer, &fields, SIGHTING_KIND, feature->kind);
    wire_field_nonzero(writer, &fields, SIGHTING_CONFIDENCE, feature->confidence_permille);
    wire_field_int(writer, &fields, SIGHTING_TIME, feature->time_ns);
    wire_field(writer, &fields, SIGHTING_AT);
    wire_put_array(writer, 2);
    wire_put_int(writer, at.e_mm / 10);
    wire_put_int(writer, at.n_mm / 10);
    wire_field(writer, &fields, SIGHTING_COV);
    wire_put_array(writer, 3);
    wire_put_int(writer, feature->cov_ee_cm2);
    wire_put_int(writer, feature->cov_en_cm2);
    wire_put_int(writer, feature->cov_nn_cm2);
    wire_field(writer, &fields, SIGHTING_STRENGTH);
    wire_put_array(writer, 2);
    wire_put_int(writer, feature->strength_milli);
    wire_put_int(writer, feature->strength_sigma_milli);
    wire_field_nonzero(writer, &fields, SIGHTING_HEADING, feature->heading_cdeg);
    wire_field_nonzero(writer, &fields, SIGHTING_SPEED, feature->speed_cmps);
    wire_field_nonzero(writer, &fields, SIGHTING_SIDE, feature->side);
    wire_field_nonzero(writer, &fields, SIGHTING_PASS, feature->pass);
    wire_fields_close(writer, &fields);
}

static void get_sighting_field(struct wire_reader *reader, int64_t key, struct feature_sighting *feature)
{
    switch (key) {
    case SIGHTING_KIND:
        feature->kind = (enum feature_kind)get_small(reader, "feature.kind");
        break;
    case SIGHTING_CONFIDENCE:
        feature->confidence_permille = get_u16(reader, "feature.confidence");
        break;
    case SIGHTING_TIME:
        feature->time_ns = get_time(reader, "feature.time");
        break;
    case SIGHTING_AT:
        wire_tuple_open(reader, 2, "feature.at");
        feature->at.e_mm = get_i32(reader, "feature.at") * (int64_t)10;
        feature->at.n_mm = get_i32(reader, "feature.at") * (int64_t)10;
        wire_close(reader);
        break;
    case SIGHTING_COV:
        wire_tuple_open(reader, 3, "feature.cov");
        feature->cov_ee_cm2 = get_i32(reader, "feature.cov");
        feature->cov_en_cm2 = get_i32(reader, "feature.cov");
        feature->cov_nn_cm2 = get_i32(reader, "feature.cov");
        wire_close(reader);
        break;
    case SIGHTING_STRENGTH:
        wire_tuple_open(reader, 2, "feature.strength");
        feature->strength_milli = get_i32(reader, "feature.strength");
        feature->strength_sigma_milli = get_i32(reader, "feature.strength");
        wire_close(reader);
        break;
    case SIGHTING_HEADING:
        feature->heading_cdeg = get_u16(reader, "feature.heading");
        break;
    case SIGHTING_SPEED:
        feature->speed_cmps = get_u16(reader, "feature.speed");
        break;
    case SIGHTING_SIDE:
        feature->side = (enum wheel_side)get_small(reader, "feature.side");
        break;
    case SIGHTING_PASS:
        feature->pass = get_u16(reader, "feature.pass");
        break;
    default:
        wire_skip(reader);
    }
}

void get_feature_sighting(struct wire_reader *reader, struct feature_sighting *ret_feature)
{
    struct wire_map map;
    int64_t key;

    *ret_feature = (struct feature_sighting){0};
    wire_map_open(reader, &map, "feature");
    while (wire_map_next(reader, &map, &key))
        get_sighting_field(reader, key, ret_feature);
    wire_map_require(reader, &map, SIGHTING_KIND, "feature.kind");
    wire_map_require(reader, &map, SIGHTING_TIME, "feature.time");
    wire_map_require(reader, &map, SIGHTING_AT, "feature.at");
    wire_map_require(reader, &map, SIGHTING_COV, "feature.cov");
    wire_map_require(reader, &map, SIGHTING_STRENGTH, "feature.strength");
}

/* ---- beliefs ---- */

void check_feature_belief(struct check *check, const struct feature_belief *feature)
{
    check_defect_id(check, &feature->id, "feature.id");
    check_that(check, feature->state >= FEATURE_SEEN && feature->state <= FEATURE_ALIAS, ROAD_BAD_RANGE,
               "feature.state");
    if (feature->state == FEATURE_ALIAS)
        check_defect_id(check, &feature->alias_of, "feature.alias_of");
    check_that(check, feature->kind >= 1 && feature->kind <= FEATURE_KIND_COUNT, ROAD_BAD_RANGE,
               "feature.kind");
    check_that(check, feature->posterior_permille <= 1000, ROAD_BAD_RANGE, "feature.posterior");
    check_point(check, feature->at, "feature.at");
    check_covariance(check, feature->cov_ee_cm2, feature->cov_en_cm2, feature->cov_nn_cm2, "feature.cov");
    check_that(check, feature->strength_milli >= 0 && feature->strength_mad_milli >= 0, ROAD_BAD_RANGE,
               "feature.strength");
    check_that(check, feature->heading_cdeg < 36000, ROAD_BAD_RANGE, "feature.heading");
    check_time(check, feature->first_ns, "feature.first");
    check_time(check, feature->last_ns, "feature.last");
    check_that(check, feature->last_ns >= feature->first_ns, ROAD_BAD_RANGE, "feature.last");
}

void put_feature_belief(struct wire_writer *writer, const struct feature_belief *feature)
{
    struct wire_fields fields;

    wire_fields_open(writer, &fields);
    wire_field(writer, &fields, FEATURE_ID);
    put_defect_id(writer, &feature->id);
    wire_field_int(writer, &fields, FEATURE_STATE, feature->state);
    if (feature->state == FEATURE_ALIAS) {
        wire_field(writer, &fields, FEATURE_ALIAS_OF);
        put_defect_id(writer, &feature->alias_of);
    }
    wire_field_int(writer, &fields, FEATURE_KIND, feature->kind);
    wire_field_nonzero(writer, &fields, FEATURE_POSTERIOR, feature->posterior_permille);
    wire_field(writer, &fields, FEATURE_AT);
    wire_put_array(writer, 2);
    wire_put_int(writer, feature->at.e_mm);
    wire_put_int(writer, feature->at.n_mm);
    wire_field(writer, &fields, FEATURE_COV);
    wire_put_array(writer, 3);
    wire_put_int(writer, feature->cov_ee_cm2);
    wire_put_int(writer, feature->cov_en_cm2);
    wire_put_int(writer, feature->cov_nn_cm2);
    wire_field(writer, &fields, FEATURE_STRENGTH);
    wire_put_array(writer, 2);
    wire_put_int(writer, feature->strength_milli);
    wire_put_int(writer, feature->strength_mad_milli);
    wire_field_nonzero(writer, &fields, FEATURE_HITS, feature->hits);
    wire_field_nonzero(writer, &fields, FEATURE_PASSES, feature->passes);
    wire_field_nonzero(writer, &fields, FEATURE_CALLED_DAMAGE, feature->called_damage);
    wire_field_nonzero(writer, &fields, FEATURE_HEADING, feature->heading_cdeg);
    wire_field_int(writer, &fields, FEATURE_FIRST, feature->first_ns);
    wire_field_int(writer, &fields, FEATURE_LAST, feature->last_ns);
    wire_fields_close(writer, &fields);
}

static void get_belief_field(struct wire_reader *reader, int64_t key, struct feature_belief *feature)
{
    switch (key) {
    case FEATURE_ID:
        get_defect_id(reader, &feature->id, "feature.id");
        break;
    case FEATURE_STATE:
        feature->state = (enum feature_state)get_small(reader, "feature.state");
        break;
    case FEATURE_ALIAS_OF:
        get_defect_id(reader, &feature->alias_of, "feature.alias_of");
        break;
    case FEATURE_KIND:
        feature->kind = (enum feature_kind)get_small(reader, "feature.kind");
        break;
    case FEATURE_POSTERIOR:
        feature->posterior_permille = get_u16(reader, "feature.posterior");
        break;
    case FEATURE_AT:
        wire_tuple_open(reader, 2, "feature.at");
        feature->at.e_mm = wire_get_int(reader, INT64_MIN, INT64_MAX, "feature.at");
        feature->at.n_mm = wire_get_int(reader, INT64_MIN, INT64_MAX, "feature.at");
        wire_close(reader);
        break;
    case FEATURE_COV:
        wire_tuple_open(reader, 3, "feature.cov");
        feature->cov_ee_cm2 = get_i32(reader, "feature.cov");
        feature->cov_en_cm2 = get_i32(reader, "feature.cov");
        feature->cov_nn_cm2 = get_i32(reader, "feature.cov");
        wire_close(reader);
        break;
    case FEATURE_STRENGTH:
        wire_tuple_open(reader, 2, "feature.strength");
        feature->strength_milli = get_i32(reader, "feature.strength");
        feature->strength_mad_milli = get_i32(reader, "feature.strength");
        wire_close(reader);
        break;
    case FEATURE_HITS:
        feature->hits = get_u16(reader, "feature.hits");
        break;
    case FEATURE_PASSES:
        feature->passes = get_u16(reader, "feature.passes");
        break;
    case FEATURE_CALLED_DAMAGE:
        feature->called_damage = get_u16(reader, "feature.called_damage");
        break;
    case FEATURE_HEADING:
        feature->heading_cdeg = get_u16(reader, "feature.heading");
        break;
    case FEATURE_FIRST:
        feature->first_ns = get_time(reader, "feature.first");
        break;
    case FEATURE_LAST:
        feature->last_ns = get_time(reader, "feature.last");
        break;
    default:
        wire_skip(reader);
    }
}

void get_feature_belief(struct wire_reader *reader, struct feature_belief *ret_feature)
{
    struct wire_map map;
    int64_t key;

    *ret_feature = (struct feature_belief){.kind = FEATURE_NONE};
    wire_map_open(reader, &map, "feature");
    while (wire_map_next(reader, &map, &key))
        get_belief_field(reader, key, ret_feature);
    wire_map_require(reader, &map, FEATURE_ID, "feature.id");
    wire_map_require(reader, &map, FEATURE_STATE, "feature.state");
    if (ret_feature->state == FEATURE_ALIAS)
        wire_map_require(reader, &map, FEATURE_ALIAS_OF, "feature.alias_of");
    wire_map_require(reader, &map, FEATURE_KIND, "feature.kind");
    wire_map_require(reader, &map, FEATURE_AT, "feature.at");
    wire_map_require(reader, &map, FEATURE_COV, "feature.cov");
    wire_map_require(reader, &map, FEATURE_STRENGTH, "feature.strength");
    wire_map_require(reader, &map, FEATURE_FIRST, "feature.first");
    wire_map_require(reader, &map, FEATURE_LAST, "feature.last");
}
