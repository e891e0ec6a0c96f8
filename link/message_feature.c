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

static void get_field(struct wire_reader *reader, int64_t key, struct feature_sighting *feature)
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
        get_field(reader, key, ret_feature);
    wire_map_require(reader, &map, SIGHTING_KIND, "feature.kind");
    wire_map_require(reader, &map, SIGHTING_TIME, "feature.time");
    wire_map_require(reader, &map, SIGHTING_AT, "feature.at");
    wire_map_require(reader, &map, SIGHTING_COV, "feature.cov");
    wire_map_require(reader, &map, SIGHTING_STRENGTH, "feature.strength");
}
