#include "link/message_segment.h"

#include <string.h>

#define MM_PER_CM 10
#define PCI_CENTI_MAX 10000
#define RQI_CENTI_MAX 498 /* CJJ 36: RQI 0..4.98 */
/* Left out where zero or unknown. */
enum {
    SEGMENT_WAY = 1,
    SEGMENT_INDEX,
    SEGMENT_IS_BACKWARD,
    SEGMENT_NAME,
    SEGMENT_CLASS,
    SEGMENT_LENGTH,
    SEGMENT_LINE,
    SEGMENT_CODE,
    SEGMENT_WHY,
    SEGMENT_GRADE, /* 1..4 = A..D */
    SEGMENT_PCI,
    SEGMENT_RQI,
    SEGMENT_PQI,
    SEGMENT_JTG_PCI,
    SEGMENT_JTG_RQI,
    SEGMENT_OBSERVED,
    SEGMENT_ROUGH,
    SEGMENT_REDS,
    SEGMENT_PASSES,
    SEGMENT_TOPS,
    SEGMENT_SEEN,
    SEGMENT_FLOORS
};

/* ---- rules ---- */

static void check_score(struct check *check, uint16_t score, uint16_t max, const char *field)
{
    check_that(check, score <= max || score == SCORE_UNKNOWN, ROAD_BAD_RANGE, field);
}

/* Well-formed UTF-8 (RFC 3629) without control characters: names go on into JSON and pages. */
static bool is_text(const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text, *end = at + length;

    while (at < end) {
        const unsigned first = *at++;
        const int more = first < 0x80 ? 0 : first >> 5 == 6 ? 1 : first >> 4 == 14 ? 2 : first >> 3 == 30 ? 3 : -1;
        const unsigned least[4] = {' ', 0x80, 0x800, 0x10000};
        if (more < 0 || end - at < more)
            return false;
        unsigned point = more == 0 ? first : first & (0x3Fu >> more);
        for (int i = 0; i < more; i++, at++) {
            if (*at >> 6 != 2)
                return false;
            point = point << 6 | (*at & 0x3F);
        }
        if (point < least[more] || point == 0x7F || (point >= 0xD800 && point < 0xE000) || point > 0x10FFFF)
            return false;
    }
    return true;
}

bool segment_name_is_valid(const char *name, size_t length)
{
    return length <= SEGMENT_NAME_MAX && is_text(name, length);
}

bool segment_way_is_valid(const char *way, size_t length)
{
    bool is_good = length >= 1 && length <= SEGMENT_WAY_MAX;

    for (size_t i = 0; is_good && i < length; i++)
        is_good = way[i] > ' ' && way[i] < 0x7f;
    return is_good;
}

static void check_line(struct check *check, const struct segment_belief *s)
{
    const int64_t far_mm = SEGMENT_LENGTH_CM_MAX * INT64_C(10);

    check_that(check, s->length_cm >= 1 && s->length_cm <= SEGMENT_LENGTH_CM_MAX, ROAD_BAD_RANGE, "segment.length");
    check_that(check, s->n_line >= 2 && s->n_line <= SEGMENT_LINE_MAX, ROAD_BAD_RANGE, "segment.line");
    for (size_t i = 0; i < s->n_line && check->status == ROAD_OK; i++) {
        check_point(check, s->line[i], "segment.line");
        if (i == 0)
            continue;
        const int64_t e = s->line[i].e_mm - s->line[i - 1].e_mm, n = s->line[i].n_mm - s->line[i - 1].n_mm;
        check_that(check, e >= -far_mm && e <= far_mm && n >= -far_mm && n <= far_mm, ROAD_BAD_RANGE, "segment.line");
    }
}

static void check_tops(struct check *check, const struct segment_belief *s)
{
    unsigned sum = 0;

    check_that(check, s->facts.n_top <= SEGMENT_TOP, ROAD_BAD_RANGE, "segment.top");
    for (size_t i = 0; i < s->facts.n_top && check->status == ROAD_OK; i++) {
        check_that(check, s->facts.top[i].type >= 1 && s->facts.top[i].type <= DEFECT_TYPE_COUNT, ROAD_BAD_RANGE, "segment.top");
        sum += s->facts.top[i].permille;
    }
    check_that(check, sum <= 1000 + SEGMENT_TOP, ROAD_BAD_RANGE, "segment.top"); /* each is rounded */
}

static void check_floors(struct check *check, const uint16_t floors[3])
{
    check_that(check, floors[0] <= 1000 && floors[1] <= floors[0] && floors[2] <= floors[1], ROAD_BAD_RANGE, "segment.floors");
}

void check_segment_belief(struct check *check, const struct segment_belief *s)
{
    check_that(check, segment_way_is_valid(s->way, s->way_length), ROAD_BAD_INPUT, "segment.way");
    check_that(check, segment_name_is_valid(s->name, s->name_length), ROAD_BAD_INPUT, "segment.name");
    check_line(check, s);
    check_that(check, (unsigned)s->road_class <= ROAD_BRANCH, ROAD_BAD_RANGE, "segment.class");
    check_that(check, (unsigned)s->facts.code <= CODE_RED, ROAD_BAD_RANGE, "segment.code");
    check_that(check, (unsigned)s->facts.why <= SEGMENT_BOTH, ROAD_BAD_RANGE, "segment.why");
    check_that(check, s->facts.grade >= SEGMENT_UNGRADED && s->facts.grade <= 3, ROAD_BAD_RANGE, "segment.grade");
    check_score(check, s->facts.pci_centi, PCI_CENTI_MAX, "segment.pci");
    check_score(check, s->facts.rqi_centi, RQI_CENTI_MAX, "segment.rqi");
    check_score(check, s->facts.pqi_centi, PCI_CENTI_MAX, "segment.pqi");
    check_score(check, s->facts.jtg_pci_centi, PCI_CENTI_MAX, "segment.jtg_pci");
    check_score(check, s->facts.jtg_rqi_centi, PCI_CENTI_MAX, "segment.jtg_rqi");
    check_that(check, s->facts.observed_permille <= 1000 && s->facts.rough_permille <= 1000, ROAD_BAD_RANGE, "segment.observed");
    check_tops(check, s);
    check_floors(check, s->facts.floors_deci);
    if (s->facts.seen_ns != 0)
        check_time(check, s->facts.seen_ns, "segment.seen");
}

/* ---- writing ---- */

/* Whole centimetres: the first point, then steps. */
static void put_line(struct wire_writer *writer, const struct segment_belief *s)
{
    int64_t e_cm = 0, n_cm = 0;

    wire_put_array(writer, 2 * s->n_line);
    for (size_t i = 0; i < s->n_line; i++) {
        const int64_t e = s->line[i].e_mm / MM_PER_CM, n = s->line[i].n_mm / MM_PER_CM;
        wire_put_int(writer, e - e_cm);
        wire_put_int(writer, n - n_cm);
        e_cm = e;
        n_cm = n;
    }
}

static void put_score(struct wire_writer *writer, struct wire_fields *fields, int key, uint16_t score)
{
    if (score != SCORE_UNKNOWN)
        wire_field_uint(writer, fields, key, score);
}

static void put_tops(struct wire_writer *writer, struct wire_fields *fields, const struct segment_belief *s)
{
    if (s->facts.n_top == 0)
        return;
    wire_field(writer, fields, SEGMENT_TOPS);
    wire_put_array(writer, 2 * s->facts.n_top);
    for (size_t i = 0; i < s->facts.n_top; i++) {
        wire_put_uint(writer, s->facts.top[i].type);
        wire_put_uint(writer, s->facts.top[i].permille);
    }
}

void put_segment_belief(struct wire_writer *writer, const struct segment_belief *s)
{
    struct wire_fields fields;

    wire_fields_open(writer, &fields);
    wire_field(writer, &fields, SEGMENT_WAY);
    wire_put_text(writer, s->way, s->way_length);
    wire_field_nonzero(writer, &fields, SEGMENT_INDEX, s->index);
    wire_field_nonzero(writer, &fields, SEGMENT_IS_BACKWARD, s->is_backward);
    if (s->name_length) {
        wire_field(writer, &fields, SEGMENT_NAME);
        wire_put_text(writer, s->name, s->name_length);
    }
    wire_field_nonzero(writer, &fields, SEGMENT_CLASS, s->road_class);
    wire_field_uint(writer, &fields, SEGMENT_LENGTH, s->length_cm);
    wire_field(writer, &fields, SEGMENT_LINE);
    put_line(writer, s);
    wire_field_nonzero(writer, &fields, SEGMENT_CODE, s->facts.code);
    wire_field_nonzero(writer, &fields, SEGMENT_WHY, s->facts.why);
    wire_field_nonzero(writer, &fields, SEGMENT_GRADE, s->facts.grade + 1);
    put_score(writer, &fields, SEGMENT_PCI, s->facts.pci_centi);
    put_score(writer, &fields, SEGMENT_RQI, s->facts.rqi_centi);
    put_score(writer, &fields, SEGMENT_PQI, s->facts.pqi_centi);
    put_score(writer, &fields, SEGMENT_JTG_PCI, s->facts.jtg_pci_centi);
    put_score(writer, &fields, SEGMENT_JTG_RQI, s->facts.jtg_rqi_centi);
    wire_field_nonzero(writer, &fields, SEGMENT_OBSERVED, s->facts.observed_permille);
    wire_field_nonzero(writer, &fields, SEGMENT_ROUGH, s->facts.rough_permille);
    wire_field_nonzero(writer, &fields, SEGMENT_REDS, s->facts.red_hazards);
    wire_field_nonzero(writer, &fields, SEGMENT_PASSES, s->facts.passes);
    put_tops(writer, &fields, s);
    wire_field_nonzero(writer, &fields, SEGMENT_SEEN, s->facts.seen_ns);
    wire_field(writer, &fields, SEGMENT_FLOORS);
    wire_put_array(writer, 3);
    for (int i = 0; i < 3; i++)
        wire_put_uint(writer, s->facts.floors_deci[i]);
    wire_fields_close(writer, &fields);
}

/* ---- reading ---- */

static void get_line(struct wire_reader *reader, struct segment_belief *s)
{
    const size_t n = wire_array_open(reader, 2 * SEGMENT_LINE_MAX, "segment.line");
    int64_t e_cm = 0, n_cm = 0;

    if (n % 2)
        wire_fail(reader, ROAD_BAD_INPUT, "segment.line");
    for (s->n_line = 0; s->n_line < n / 2 && reader->status == ROAD_OK; s->n_line++) {
        /* 24 bits of metres at most: so many steps stay far inside an int64 */
        e_cm += wire_get_int(reader, -INT64_C(10000000000), INT64_C(10000000000), "segment.line");
        n_cm += wire_get_int(reader, -INT64_C(10000000000), INT64_C(10000000000), "segment.line");
        s->line[s->n_line] = (struct grid_point){e_cm * MM_PER_CM, n_cm * MM_PER_CM};
    }
    wire_close(reader);
}

static void get_tops(struct wire_reader *reader, struct segment_belief *s)
{
    const size_t n = wire_array_open(reader, 2 * SEGMENT_TOP, "segment.top");

    if (n % 2)
        wire_fail(reader, ROAD_BAD_INPUT, "segment.top");
    for (s->facts.n_top = 0; s->facts.n_top < n / 2 && reader->status == ROAD_OK; s->facts.n_top++) {
        s->facts.top[s->facts.n_top].type = (uint8_t)wire_get_uint(reader, UINT8_MAX, "segment.top");
        s->facts.top[s->facts.n_top].permille = (uint16_t)wire_get_uint(reader, 1000, "segment.top");
    }
    wire_close(reader);
}

static void get_floors(struct wire_reader *reader, struct segment_belief *s)
{
    wire_tuple_open(reader, 3, "segment.floors");
    for (int i = 0; i < 3; i++)
        s->facts.floors_deci[i] = get_u16(reader, "segment.floors");
    wire_close(reader);
}

static void get_words(struct wire_reader *reader, int64_t key, struct segment_belief *s)
{
    if (key == SEGMENT_WAY)
        s->way = wire_get_text(reader, SEGMENT_WAY_MAX, &s->way_length, "segment.way");
    else
        s->name = wire_get_text(reader, SEGMENT_NAME_MAX, &s->name_length, "segment.name");
}

/* What the segment is. */
static bool get_name_field(struct wire_reader *reader, int64_t key, struct segment_belief *s)
{
    switch (key) {
    case SEGMENT_WAY:
    case SEGMENT_NAME:
        get_words(reader, key, s);
        return true;
    case SEGMENT_INDEX:
        s->index = (uint32_t)wire_get_uint(reader, UINT32_MAX, "segment.index");
        return true;
    case SEGMENT_IS_BACKWARD:
        s->is_backward = wire_get_uint(reader, 1, "segment.is_backward") == 1;
        return true;
    case SEGMENT_CLASS:
        s->road_class = (enum road_class)get_small(reader, "segment.class");
        return true;
    case SEGMENT_LENGTH:
        s->length_cm = (uint32_t)wire_get_uint(reader, UINT32_MAX, "segment.length");
        return true;
    case SEGMENT_LINE:
        get_line(reader, s);
        return true;
    default:
        return false;
    }
}

/* How it is. */
static bool get_state_field(struct wire_reader *reader, int64_t key, struct segment_belief *s)
{
    uint16_t *const numbers[] = {[SEGMENT_PCI] = &s->facts.pci_centi,
                                 [SEGMENT_RQI] = &s->facts.rqi_centi,
                                 [SEGMENT_PQI] = &s->facts.pqi_centi,
                                 [SEGMENT_JTG_PCI] = &s->facts.jtg_pci_centi,
                                 [SEGMENT_JTG_RQI] = &s->facts.jtg_rqi_centi,
                                 [SEGMENT_OBSERVED] = &s->facts.observed_permille,
                                 [SEGMENT_ROUGH] = &s->facts.rough_permille,
                                 [SEGMENT_REDS] = &s->facts.red_hazards,
                                 [SEGMENT_PASSES] = &s->facts.passes};

    if (key >= SEGMENT_PCI && key <= SEGMENT_PASSES)
        *numbers[key] = get_u16(reader, "segment.scores");
    else if (key == SEGMENT_CODE)
        s->facts.code = (enum road_code)get_small(reader, "segment.code");
    else if (key == SEGMENT_WHY)
        s->facts.why = (enum segment_why)get_small(reader, "segment.why");
    else if (key == SEGMENT_GRADE)
        s->facts.grade = get_small(reader, "segment.grade") - 1;
    else if (key == SEGMENT_TOPS)
        get_tops(reader, s);
    else if (key == SEGMENT_SEEN)
        s->facts.seen_ns = get_time(reader, "segment.seen");
    else if (key == SEGMENT_FLOORS)
        get_floors(reader, s);
    else
        return false;
    return true;
}

void get_segment_belief(struct wire_reader *reader, struct segment_belief *ret_segment)
{
    struct wire_map map;
    int64_t key;

    *ret_segment = (struct segment_belief){.name = "",
                                           .facts = {.grade = SEGMENT_UNGRADED,
                                                     .pci_centi = SCORE_UNKNOWN,
                                                     .rqi_centi = SCORE_UNKNOWN,
                                                     .pqi_centi = SCORE_UNKNOWN,
                                                     .jtg_pci_centi = SCORE_UNKNOWN,
                                                     .jtg_rqi_centi = SCORE_UNKNOWN}};
    wire_map_open(reader, &map, "segment");
    while (wire_map_next(reader, &map, &key))
        if (!get_name_field(reader, key, ret_segment) && !get_state_field(reader, key, ret_segment))
            wire_skip(reader);
    wire_map_require(reader, &map, SEGMENT_WAY, "segment.way");
    wire_map_require(reader, &map, SEGMENT_LENGTH, "segment.length");
    wire_map_require(reader, &map, SEGMENT_LINE, "segment.line");
    wire_map_require(reader, &map, SEGMENT_FLOORS, "segment.floors");
}
