#include "link/message_segment.h"
#include "tests/check.h"
#include "tests/link/fixtures.h"

#include <openssl/evp.h>

static struct kid kid_random(struct chance *chance)
{
    struct kid kid;

    for (int i = 0; i < KID_SIZE; i++)
        kid.bytes[i] = (uint8_t)chance_next(chance);
    return kid;
}

static struct defect_id id_random(struct chance *chance)
{
    return (struct defect_id){.time_ns = chance_between(chance, TIME_MIN_NS, TIME_MAX_NS),
                              .kid = kid_random(chance),
                              .seq = (uint64_t)chance_between(chance, 1, INT64_MAX - 1),
                              .index = (uint32_t)chance_between(chance, 0, UINT32_MAX)};
}

static struct defect_belief belief_random(struct chance *chance)
{
    const int64_t e = chance_between(chance, 0, 40000), n = chance_between(chance, 0, 40000);
    struct defect_belief belief;

    memset(&belief, 0, sizeof belief);
    belief.id = id_random(chance);
    belief.state = (enum defect_state)chance_between(chance, 1, 5);
    if (belief.state == DEFECT_ALIAS)
        belief.alias_of = id_random(chance);
    belief.type = (int)chance_between(chance, 1, DEFECT_TYPE_COUNT);
    belief.severity = (enum severity)chance_between(chance, 0, 3);
    belief.may_be_red = chance_between(chance, 0, 1);
    belief.posterior_permille = (uint16_t)chance_between(chance, 0, 1000);
    belief.at =
        (struct grid_point){chance_between(chance, 0, 1048575999), chance_between(chance, 0, 16777215999)};
    belief.cov_ee_cm2 = (int32_t)(e * e);
    belief.cov_en_cm2 = (int32_t)(-e * n / 2);
    belief.cov_nn_cm2 = (int32_t)(n * n);
    belief.size_milli = (int32_t)chance_between(chance, 0, INT32_MAX);
    belief.size_sigma_milli = (int32_t)chance_between(chance, 0, INT32_MAX);
    belief.hits = (uint16_t)chance_between(chance, 0, UINT16_MAX);
    belief.passes = (uint16_t)chance_between(chance, 0, UINT16_MAX);
    belief.motion_hits = (uint16_t)chance_between(chance, 0, 9);
    belief.camera_hits = (uint16_t)chance_between(chance, 0, 9);
    belief.units = (uint16_t)chance_between(chance, 0, 300);
    belief.first_ns = chance_between(chance, TIME_MIN_NS, TIME_MAX_NS);
    belief.last_ns = chance_between(chance, belief.first_ns, TIME_MAX_NS);
    if (chance_between(chance, 0, 1))
        belief.repair = (struct repair){.stage = (enum repair_stage)chance_between(chance, 1, 3),
                                        .cause = (enum repair_cause)chance_between(chance, 0, 4),
                                        .claimed_ns = chance_between(chance, TIME_MIN_NS, TIME_MAX_NS),
                                        .by = kid_random(chance),
                                        .settled_ns = chance_between(chance, TIME_MIN_NS, TIME_MAX_NS),
                                        .passes = (uint16_t)chance_between(chance, 0, UINT16_MAX),
                                        .passes_needed = (uint16_t)chance_between(chance, 0, UINT16_MAX),
                                        .miss_ppm = (uint32_t)chance_between(chance, 0, 1000000)};
    return belief;
}

static struct cell_change cell_random(struct chance *chance, struct grid_zone zone)
{
    struct cell_change change;
    const struct grid_point at = {chance_between(chance, 0, 1048575999),
                                  chance_between(chance, 0, 16777215999)};

    memset(&change, 0, sizeof change);
    CHECK_STATUS(cell_from_point(zone, at, (int)chance_between(chance, 0, 8), &change.cell), ROAD_OK);
    change.was = (enum road_code)chance_between(chance, 0, 3);
    change.reason.code = (enum road_code)chance_between(chance, 0, 3);
    change.reason.channel = (enum code_channel)chance_between(chance, 0, 4);
    change.reason.is_pale = chance_between(chance, 0, 1);
    change.reason.type = (uint8_t)chance_between(chance, 0, DEFECT_TYPE_COUNT);
    change.reason.severity = (uint8_t)chance_between(chance, 0, 3);
    change.reason.posterior_permille = (uint16_t)chance_between(chance, 0, 1000);
    change.reason.size_milli = (int32_t)chance_between(chance, 0, 99999);
    change.reason.size_sigma_milli = (int32_t)chance_between(chance, 0, 9999);
    change.reason.hits = (uint16_t)chance_between(chance, 0, 20);
    change.reason.passes = (uint16_t)chance_between(chance, 0, 20);
    change.reason.motion_hits = (uint16_t)chance_between(chance, 0, 20);
    change.reason.camera_hits = (uint16_t)chance_between(chance, 0, 20);
    change.reason.csi = (uint8_t)chance_between(chance, 0, 100);
    change.reason.iri_centi =
        chance_between(chance, 0, 1) ? IRI_UNKNOWN : (uint16_t)chance_between(chance, 0, 2000);
    change.reason.coverage_centi = (uint16_t)chance_between(chance, 0, UINT16_MAX);
    change.reason.seen_ns =
        chance_between(chance, 0, 1) ? 0 : chance_between(chance, TIME_MIN_NS, TIME_MAX_NS);
    change.has_defect = chance_between(chance, 0, 1);
    if (change.has_defect)
        change.defect = id_random(chance);
    return change;
}

static struct feature_belief feature_random(struct chance *chance)
{
    const struct defect_belief like = belief_random(chance);
    struct feature_belief feature;

    memset(&feature, 0, sizeof feature);
    feature.id = like.id;
    feature.state = (enum feature_state)(like.state == DEFECT_REPAIRED ? DEFECT_DROPPED : like.state);
    feature.alias_of = like.alias_of;
    feature.kind = (enum feature_kind)chance_between(chance, 1, FEATURE_KIND_COUNT);
    feature.posterior_permille = like.posterior_permille;
    feature.at = like.at;
    feature.cov_ee_cm2 = like.cov_ee_cm2;
    feature.cov_en_cm2 = like.cov_en_cm2;
    feature.cov_nn_cm2 = like.cov_nn_cm2;
    feature.strength_milli = like.size_milli;
    feature.strength_mad_milli = like.size_sigma_milli;
    feature.heading_cdeg = (uint16_t)chance_between(chance, 0, 35999);
    feature.hits = like.hits;
    feature.passes = like.passes;
    feature.called_damage = like.units;
    feature.first_ns = like.first_ns;
    feature.last_ns = like.last_ns;
    return feature;
}

/* Of the zone, and of a leaf of its own for each number; what may be told stands in message.h. */
static struct leaf_patch patch_random(struct chance *chance, struct grid_zone zone, int number)
{
    const struct grid_point at = {INT64_C(300000) * number, chance_between(chance, 0, 255999)};
    struct leaf_patch patch;

    memset(&patch, 0, sizeof patch);
    CHECK_STATUS(cell_from_point(zone, at, (int)chance_between(chance, 3, 8), &patch.leaf), ROAD_OK);
    patch.mask = chance_next(chance) & chance_next(chance);
    patch.mask |= UINT64_C(1) << chance_between(chance, 0, 63);
    for (unsigned i = 0; i < 64; i++)
        if (patch.mask >> i & 1 && chance_between(chance, 0, 7))
            patch.covers[i] = cover_pack(CODE_GREEN, chance_between(chance, 0, 511),
                                         (unsigned)chance_between(chance, 0, COVER_COVERAGE_MAX));
    return patch;
}

static int by_leaf(const void *a, const void *b)
{
    const struct leaf_patch *left = a, *right = b;

    return (left->leaf.id > right->leaf.id) - (left->leaf.id < right->leaf.id);
}

static uint16_t score_random(struct chance *chance, int64_t max)
{
    return chance_between(chance, 0, 3) ? (uint16_t)chance_between(chance, 0, max) : SCORE_UNKNOWN;
}

static struct segment_belief segment_random(struct chance *chance)
{
    static const char name[] = "\xE5\xBA\x86\xE6\x98\xA5\xE8\xB7\xAF (North)";
    struct segment_belief s;

    memset(&s, 0, sizeof s);
    s.way = "w123456/7";
    s.way_length = (size_t)chance_between(chance, 1, 9);
    s.name = name;
    s.name_length = 3 * (size_t)chance_between(chance, 0, 3);
    s.index = (uint32_t)chance_between(chance, 0, UINT32_MAX);
    s.is_backward = chance_between(chance, 0, 1);
    s.road_class = (enum road_class)chance_between(chance, 0, 3);
    s.length_cm = (uint32_t)chance_between(chance, 1, SEGMENT_LENGTH_CM_MAX);
    s.n_line = (size_t)chance_between(chance, 2, SEGMENT_LINE_MAX);
    s.line[0] = (struct grid_point){10 * chance_between(chance, 2000000, 80000000), 10 * chance_between(chance, 2000000, 1600000000)};
    for (size_t i = 1; i < s.n_line; i++)
        s.line[i] = (struct grid_point){s.line[i - 1].e_mm + 10 * chance_between(chance, -99999, 99999),
                                        s.line[i - 1].n_mm + 10 * chance_between(chance, -99999, 99999)};
    s.facts.code = (enum road_code)chance_between(chance, 0, 3);
    s.facts.why = (enum segment_why)chance_between(chance, 0, 5);
    s.facts.grade = (int)chance_between(chance, 0, 4) - 1;
    s.facts.pci_centi = score_random(chance, 10000);
    s.facts.rqi_centi = score_random(chance, 498);
    s.facts.pqi_centi = score_random(chance, 10000);
    s.facts.jtg_pci_centi = score_random(chance, 10000);
    s.facts.jtg_rqi_centi = score_random(chance, 10000);
    s.facts.observed_permille = (uint16_t)chance_between(chance, 0, 1000);
    s.facts.rough_permille = (uint16_t)chance_between(chance, 0, 1000);
    s.facts.red_hazards = (uint16_t)chance_between(chance, 0, UINT16_MAX);
    s.facts.passes = (uint16_t)chance_between(chance, 0, UINT16_MAX);
    for (int i = 0; i < 3; i++)
        s.facts.floors_deci[i] = (uint16_t)(1000 - 300 * i - chance_between(chance, 0, 200));
    s.facts.n_top = (size_t)chance_between(chance, 0, SEGMENT_TOP);
    for (size_t i = 0; i < s.facts.n_top; i++) {
        s.facts.top[i].type = (uint8_t)chance_between(chance, 1, DEFECT_TYPE_COUNT);
        s.facts.top[i].permille = (uint16_t)chance_between(chance, 0, 333);
    }
    s.facts.seen_ns = chance_between(chance, 0, 1) ? 0 : chance_between(chance, TIME_MIN_NS, TIME_MAX_NS);
    return s;
}

static bool same_segment(const struct segment_belief *a, const struct segment_belief *b)
{
    bool is_same = a->way_length == b->way_length && memcmp(a->way, b->way, a->way_length) == 0 &&
                   a->name_length == b->name_length && memcmp(a->name, b->name, a->name_length) == 0 &&
                   a->index == b->index && a->is_backward == b->is_backward && a->road_class == b->road_class &&
                   a->length_cm == b->length_cm && a->n_line == b->n_line && a->facts.code == b->facts.code && a->facts.why == b->facts.why &&
                   a->facts.grade == b->facts.grade && a->facts.pci_centi == b->facts.pci_centi && a->facts.rqi_centi == b->facts.rqi_centi &&
                   a->facts.pqi_centi == b->facts.pqi_centi && a->facts.jtg_pci_centi == b->facts.jtg_pci_centi &&
                   a->facts.jtg_rqi_centi == b->facts.jtg_rqi_centi && a->facts.observed_permille == b->facts.observed_permille &&
                   a->facts.rough_permille == b->facts.rough_permille && a->facts.red_hazards == b->facts.red_hazards && a->facts.passes == b->facts.passes &&
                   memcmp(a->facts.floors_deci, b->facts.floors_deci, sizeof a->facts.floors_deci) == 0 && a->facts.n_top == b->facts.n_top && a->facts.seen_ns == b->facts.seen_ns;

    for (size_t i = 0; is_same && i < a->n_line; i++)
        is_same = a->line[i].e_mm == b->line[i].e_mm && a->line[i].n_mm == b->line[i].n_mm;
    for (size_t i = 0; is_same && i < a->facts.n_top; i++)
        is_same = a->facts.top[i].type == b->facts.top[i].type && a->facts.top[i].permille == b->facts.top[i].permille;
    return is_same;
}

/* A change with its arrays. */
struct change_room {
    struct change change;
    struct cell_change cells[20];
    struct defect_belief defects[5];
    struct feature_belief features[5];
    struct leaf_patch patches[9];
    struct segment_belief segments[5];
    struct statement statements[4];
};

static void change_random(struct chance *chance, struct change_room *ret_room)
{
    static const uint8_t said[100] = {1, 2, 3};
    struct change *change = &ret_room->change;

    *change = (struct change){.seq = (uint64_t)chance_between(chance, 1, INT64_MAX - 1),
                              .zone = {(int)chance_between(chance, 0, 119) * 3, chance_between(chance, 0, 1)},
                              .cause_kid = kid_random(chance),
                              .cause_seq = (uint64_t)chance_between(chance, 1, INT64_MAX - 1),
                              .is_last = chance_between(chance, 0, 1),
                              .as_of_ns = chance_between(chance, TIME_MIN_NS, TIME_MAX_NS),
                              .road = {1, 2, 3, 4, 5, (uint64_t)chance_between(chance, 0, INT64_MAX - 1)},
                              .cells = ret_room->cells,
                              .n_cells = (size_t)chance_between(chance, 0, 20),
                              .defects = ret_room->defects,
                              .n_defects = (size_t)chance_between(chance, 0, 5),
                              .features = ret_room->features,
                              .n_features = (size_t)chance_between(chance, 0, 5),
                              .patches = ret_room->patches,
                              .n_patches = (size_t)chance_between(chance, 0, 9),
                              .segments = ret_room->segments,
                              .n_segments = (size_t)chance_between(chance, 0, 5),
                              .statements = ret_room->statements,
                              .n_statements = (size_t)chance_between(chance, 0, 4)};
    for (size_t i = 0; i < change->n_cells; i++)
        change->cells[i] = cell_random(chance, change->zone);
    for (size_t i = 0; i < change->n_defects; i++)
        change->defects[i] = belief_random(chance);
    for (size_t i = 0; i < change->n_features; i++)
        change->features[i] = feature_random(chance);
    for (size_t i = 0; i < change->n_patches; i++)
        change->patches[i] = patch_random(chance, change->zone, (int)i);
    for (size_t i = 0; i < change->n_segments; i++)
        change->segments[i] = segment_random(chance);
    qsort(change->patches, change->n_patches, sizeof *change->patches, by_leaf);
    for (size_t i = 0; i < change->n_statements; i++)
        change->statements[i] = (struct statement){.kind = "defect",
                                                   .kind_length = 6,
                                                   .subject = "defect/1.a.2.3",
                                                   .subject_length = (size_t)chance_between(chance, 1, 14),
                                                   .cose = said,
                                                   .cose_length = (size_t)chance_between(chance, 1, 100)};
}

static bool same_id(const struct defect_id *a, const struct defect_id *b)
{
    return a->time_ns == b->time_ns && kid_compare(a->kid, b->kid) == 0 && a->seq == b->seq &&
           a->index == b->index;
}

static bool same_belief(const struct defect_belief *a, const struct defect_belief *b)
{
    return same_id(&a->id, &b->id) && a->state == b->state && same_id(&a->alias_of, &b->alias_of) &&
           a->type == b->type && a->severity == b->severity && a->may_be_red == b->may_be_red &&
           a->posterior_permille == b->posterior_permille && a->at.e_mm == b->at.e_mm &&
           a->at.n_mm == b->at.n_mm && a->cov_ee_cm2 == b->cov_ee_cm2 && a->cov_en_cm2 == b->cov_en_cm2 &&
           a->cov_nn_cm2 == b->cov_nn_cm2 && a->size_milli == b->size_milli &&
           a->size_sigma_milli == b->size_sigma_milli && a->hits == b->hits && a->passes == b->passes &&
           a->motion_hits == b->motion_hits && a->camera_hits == b->camera_hits && a->units == b->units &&
           a->first_ns == b->first_ns && a->last_ns == b->last_ns && a->repair.stage == b->repair.stage &&
           a->repair.cause == b->repair.cause && a->repair.claimed_ns == b->repair.claimed_ns &&
           kid_compare(a->repair.by, b->repair.by) == 0 && a->repair.settled_ns == b->repair.settled_ns &&
           a->repair.passes == b->repair.passes && a->repair.passes_needed == b->repair.passes_needed &&
           a->repair.miss_ppm == b->repair.miss_ppm;
}

static bool same_feature(const struct feature_belief *a, const struct feature_belief *b)
{
    return same_id(&a->id, &b->id) && a->state == b->state && same_id(&a->alias_of, &b->alias_of) &&
           a->kind == b->kind && a->posterior_permille == b->posterior_permille && a->at.e_mm == b->at.e_mm &&
           a->at.n_mm == b->at.n_mm && a->cov_ee_cm2 == b->cov_ee_cm2 && a->cov_en_cm2 == b->cov_en_cm2 &&
           a->cov_nn_cm2 == b->cov_nn_cm2 && a->strength_milli == b->strength_milli &&
           a->strength_mad_milli == b->strength_mad_milli && a->heading_cdeg == b->heading_cdeg &&
           a->hits == b->hits && a->passes == b->passes && a->called_damage == b->called_damage &&
           a->first_ns == b->first_ns && a->last_ns == b->last_ns;
}

static bool same_cell(const struct cell_change *a, const struct cell_change *b)
{
    const struct code_reason *x = &a->reason, *y = &b->reason;

    return a->cell.id == b->cell.id && a->was == b->was && x->code == y->code && x->channel == y->channel &&
           x->is_pale == y->is_pale && x->type == y->type && x->severity == y->severity &&
           x->posterior_permille == y->posterior_permille && x->size_milli == y->size_milli &&
           x->size_sigma_milli == y->size_sigma_milli && x->hits == y->hits && x->passes == y->passes &&
           x->motion_hits == y->motion_hits && x->camera_hits == y->camera_hits && x->csi == y->csi &&
           x->iri_centi == y->iri_centi && x->coverage_centi == y->coverage_centi &&
           x->seen_ns == y->seen_ns && a->has_defect == b->has_defect && same_id(&a->defect, &b->defect);
}

static bool same_change(const struct change *a, const struct change *b)
{
    bool is_same = a->seq == b->seq && a->zone.meridian_deg == b->zone.meridian_deg &&
                   a->zone.is_south == b->zone.is_south && kid_compare(a->cause_kid, b->cause_kid) == 0 &&
                   a->cause_seq == b->cause_seq && a->is_last == b->is_last && a->as_of_ns == b->as_of_ns &&
                   memcmp(&a->road, &b->road, sizeof a->road) == 0 && a->n_cells == b->n_cells &&
                   a->n_defects == b->n_defects && a->n_features == b->n_features && a->n_patches == b->n_patches &&
                   a->n_segments == b->n_segments && a->n_statements == b->n_statements;

    for (size_t i = 0; is_same && i < a->n_cells; i++)
        is_same = same_cell(&a->cells[i], &b->cells[i]);
    for (size_t i = 0; is_same && i < a->n_defects; i++)
        is_same = same_belief(&a->defects[i], &b->defects[i]);
    for (size_t i = 0; is_same && i < a->n_features; i++)
        is_same = same_feature(&a->features[i], &b->features[i]);
    for (size_t i = 0; is_same && i < a->n_patches; i++)
        is_same = a->patches[i].leaf.id == b->patches[i].leaf.id && a->patches[i].mask == b->patches[i].mask &&
                  memcmp(a->patches[i].covers, b->patches[i].covers, sizeof a->patches[i].covers) == 0;
    for (size_t i = 0; is_same && i < a->n_segments; i++)
        is_same = same_segment(&a->segments[i], &b->segments[i]);
    for (size_t i = 0; is_same && i < a->n_statements; i++) {
        const struct statement *x = &a->statements[i], *y = &b->statements[i];

        is_same = x->kind_length == y->kind_length && memcmp(x->kind, y->kind, x->kind_length) == 0 &&
                  x->subject_length == y->subject_length &&
                  memcmp(x->subject, y->subject, x->subject_length) == 0 &&
                  x->cose_length == y->cose_length && memcmp(x->cose, y->cose, x->cose_length) == 0;
    }
    return is_same;
}

FACT(a_change_comes_back_as_it_was_sent)
{
    static struct change_room room;
    static uint8_t bytes[BATCH_PAYLOAD_MAX], again[BATCH_PAYLOAD_MAX];
    struct chance chance = {11};

    for (int i = 0; i < 2000; i++) {
        struct change decoded;
        size_t length = 0, length_again = 0;

        change_random(&chance, &room);
        CHECK_STATUS(change_encode(&room.change, bytes, sizeof bytes, &length), ROAD_OK);
        CHECK_STATUS(change_decode(bytes, length, &decoded, NULL), ROAD_OK);
        CHECK(same_change(&room.change, &decoded));
        CHECK_STATUS(change_encode(&decoded, again, sizeof again, &length_again), ROAD_OK);
        CHECK(length == length_again && memcmp(bytes, again, length) == 0);
        change_done(&decoded);
    }
}

/* One that has every part. */
static void full_room(struct change_room *ret_room)
{
    struct chance chance = {5};

    do
        change_random(&chance, ret_room);
    while (ret_room->change.n_cells < 2 || ret_room->change.n_defects < 2 || ret_room->change.n_features < 2 ||
           ret_room->change.n_patches < 2 || ret_room->change.n_segments < 2 || ret_room->change.n_statements < 2 || ret_room->defects[0].state != DEFECT_ALIAS);
}

FACT(a_truncated_change_or_a_small_buffer_is_refused_at_every_length)
{
    static struct change_room room;
    static uint8_t bytes[BATCH_PAYLOAD_MAX], small[BATCH_PAYLOAD_MAX];
    struct change decoded;
    size_t length = 0, got = 77;

    full_room(&room);
    CHECK_STATUS(change_encode(&room.change, bytes, sizeof bytes, &length), ROAD_OK);
    for (size_t cut = 0; cut < length; cut++) {
        const char *field = NULL;

        CHECK(change_decode(bytes, cut, &decoded, &field) != ROAD_OK);
        CHECK(field != NULL);
        CHECK_STATUS(change_encode(&room.change, small, cut, &got), ROAD_TOO_LARGE);
    }
    CHECK_INT(got, 77);
}

static void set_cover(struct leaf_patch *patch, uint16_t cover)
{
    patch->covers[__builtin_ctzll(patch->mask)] = cover;
}

#define REFUSED(bend, status)                                                                                \
    do {                                                                                                     \
        static struct change_room room;                                                                      \
        static uint8_t out[BATCH_PAYLOAD_MAX];                                                               \
        size_t out_length;                                                                                   \
        full_room(&room);                                                                                    \
        bend;                                                                                                \
        CHECK_STATUS(change_encode(&room.change, out, sizeof out, &out_length), status);                     \
    } while (0)

FACT(a_change_that_makes_no_sense_is_not_encoded)
{
    REFUSED(room.change.seq = 0, ROAD_BAD_RANGE);
    REFUSED(room.change.cause_seq = 0, ROAD_BAD_RANGE);
    REFUSED(room.change.as_of_ns = 5, ROAD_BAD_RANGE);
    REFUSED(room.change.n_cells = CHANGE_CELLS_MAX + 1, ROAD_TOO_LARGE);
    REFUSED(room.change.n_defects = CHANGE_DEFECTS_MAX + 1, ROAD_TOO_LARGE);
    REFUSED(room.change.n_statements = CHANGE_STATEMENTS_MAX + 1, ROAD_TOO_LARGE);
    REFUSED(room.cells[0].cell.id = 0, ROAD_BAD_RANGE);
    REFUSED(room.cells[0].cell.id ^= (uint64_t)1 << 45, ROAD_BAD_RANGE); /* another zone */
    REFUSED(room.cells[0].reason.code = (enum road_code)4, ROAD_BAD_RANGE);
    REFUSED(room.cells[0].reason.csi = 101, ROAD_BAD_RANGE);
    REFUSED(room.cells[0].reason.posterior_permille = 1001, ROAD_BAD_RANGE);
    REFUSED(room.cells[0].reason.type = 19, ROAD_BAD_RANGE);
    REFUSED(room.defects[0].state = (enum defect_state)0, ROAD_BAD_RANGE);
    REFUSED(room.defects[0].alias_of.seq = 0, ROAD_BAD_RANGE);
    REFUSED(room.defects[0].type = 0, ROAD_BAD_RANGE);
    REFUSED(room.defects[0].cov_ee_cm2 = -1, ROAD_BAD_RANGE);
    REFUSED(room.defects[0].last_ns = room.defects[0].first_ns - 1, ROAD_BAD_RANGE);
    REFUSED(room.change.n_features = CHANGE_FEATURES_MAX + 1, ROAD_TOO_LARGE);
    REFUSED(room.features[0].id.seq = 0, ROAD_BAD_RANGE);
    REFUSED(room.features[0].state = (enum feature_state)5, ROAD_BAD_RANGE);
    REFUSED((room.features[0].state = FEATURE_ALIAS, room.features[0].alias_of.time_ns = 0), ROAD_BAD_RANGE);
    REFUSED(room.features[0].kind = FEATURE_NONE, ROAD_BAD_RANGE);
    REFUSED(room.features[0].posterior_permille = 1001, ROAD_BAD_RANGE);
    REFUSED(room.features[0].at.n_mm = -1, ROAD_BAD_RANGE);
    REFUSED(room.features[0].cov_nn_cm2 = -1, ROAD_BAD_RANGE);
    REFUSED(room.features[0].strength_mad_milli = -1, ROAD_BAD_RANGE);
    REFUSED(room.features[0].heading_cdeg = 36000, ROAD_BAD_RANGE);
    REFUSED(room.features[0].last_ns = room.features[0].first_ns - 1, ROAD_BAD_RANGE);
    REFUSED(room.change.n_patches = CHANGE_PATCHES_MAX + 1, ROAD_TOO_LARGE);
    REFUSED(room.patches[0].leaf.id = 0, ROAD_BAD_RANGE);
    REFUSED(room.patches[0].leaf.id ^= (uint64_t)1 << 45, ROAD_BAD_RANGE); /* another zone */
    REFUSED(room.patches[0].leaf = cell_parent(room.patches[0].leaf, 9), ROAD_BAD_RANGE);
    REFUSED(room.patches[0].leaf.id = (room.patches[0].leaf.id & ~(uint64_t)0xFFFF) | 16, ROAD_BAD_RANGE); /* level 2 */
    REFUSED(room.patches[1] = room.patches[0], ROAD_BAD_INPUT);
    REFUSED((room.patches[0].mask = 0, memset(room.patches[0].covers, 0, 128)), ROAD_BAD_RANGE);
    REFUSED(room.patches[0].mask = ~room.patches[0].mask, ROAD_BAD_RANGE); /* covers where nothing is told */
    REFUSED(set_cover(&room.patches[0], cover_pack(CODE_RED, 7, COVER_PALE)), ROAD_BAD_RANGE);
    REFUSED(set_cover(&room.patches[0], cover_pack(CODE_YELLOW, 7, COVER_COVERAGE_MAX)), ROAD_BAD_RANGE);
    REFUSED(set_cover(&room.patches[0], cover_pack(CODE_GREY, 7, COVER_FULL)), ROAD_BAD_RANGE);
    REFUSED(set_cover(&room.patches[0], cover_pack(CODE_RED, 7, COVER_PALE - 1)), ROAD_OK); /* grey, hatched red */
    REFUSED(room.change.n_segments = CHANGE_SEGMENTS_MAX + 1, ROAD_TOO_LARGE);
    REFUSED(room.segments[0].way_length = 0, ROAD_BAD_INPUT);
    REFUSED((room.segments[0].way = "a b", room.segments[0].way_length = 3), ROAD_BAD_INPUT);
    REFUSED((room.segments[0].name = "\xC3", room.segments[0].name_length = 1), ROAD_BAD_INPUT);         /* cut short */
    REFUSED((room.segments[0].name = "\xC0\xAF", room.segments[0].name_length = 2), ROAD_BAD_INPUT);     /* too long a form */
    REFUSED((room.segments[0].name = "\xED\xA0\x80", room.segments[0].name_length = 3), ROAD_BAD_INPUT); /* a surrogate */
    REFUSED((room.segments[0].name = "a\nb", room.segments[0].name_length = 3), ROAD_BAD_INPUT);
    REFUSED(room.segments[0].length_cm = 0, ROAD_BAD_RANGE);
    REFUSED(room.segments[0].n_line = 1, ROAD_BAD_RANGE);
    REFUSED(room.segments[0].line[1].e_mm += 100000001, ROAD_BAD_RANGE);
    REFUSED(room.segments[0].facts.code = (enum road_code)4, ROAD_BAD_RANGE);
    REFUSED(room.segments[0].facts.grade = 4, ROAD_BAD_RANGE);
    REFUSED(room.segments[0].facts.pci_centi = 10001, ROAD_BAD_RANGE);
    REFUSED(room.segments[0].facts.rqi_centi = 499, ROAD_BAD_RANGE);
    REFUSED(room.segments[0].facts.observed_permille = 1001, ROAD_BAD_RANGE);
    REFUSED(room.segments[0].facts.n_top = SEGMENT_TOP + 1, ROAD_BAD_RANGE);
    REFUSED((room.segments[0].facts.n_top = 1, room.segments[0].facts.top[0].type = 0), ROAD_BAD_RANGE);
    REFUSED((room.segments[0].facts.n_top = 1, room.segments[0].facts.top[0].type = 5, room.segments[0].facts.top[0].permille = 1004), ROAD_BAD_RANGE);
    REFUSED(room.segments[0].facts.floors_deci[1] = 1001, ROAD_BAD_RANGE);
    REFUSED(room.segments[0].facts.seen_ns = 5, ROAD_BAD_RANGE);
    REFUSED(room.statements[0].kind = "de ect", ROAD_BAD_INPUT);
    REFUSED(room.statements[0].subject_length = 96, ROAD_BAD_INPUT);
    REFUSED(room.statements[0].cose_length = 0, ROAD_BAD_INPUT);
}

FACT(any_changed_byte_of_a_change_is_refused_or_still_makes_sense)
{
    static struct change_room room;
    static uint8_t bytes[BATCH_PAYLOAD_MAX], again[BATCH_PAYLOAD_MAX];
    struct chance chance = {3};
    size_t length = 0;

    full_room(&room);
    CHECK_STATUS(change_encode(&room.change, bytes, sizeof bytes, &length), ROAD_OK);
    for (int i = 0; i < 20000; i++) {
        const size_t at = (size_t)chance_between(&chance, 0, (int64_t)length - 1);
        const uint8_t kept = bytes[at];
        struct change change = {0};
        size_t length_again;

        bytes[at] = (uint8_t)chance_next(&chance);
        if (change_decode(bytes, length, &change, NULL) == ROAD_OK)
            CHECK_STATUS(change_encode(&change, again, sizeof again, &length_again), ROAD_OK);
        change_done(&change);
        bytes[at] = kept;
    }
}

/* {0: 1, 1: 1, 2: 40, 3: kid, 4: 1, 5: true, 6: 0, 7: [0 x 6], 8: [], 9: [], 10: [], 12: [`patches`]} */
static enum road_status decode_patches(const char *patches, const char **ret_field)
{
    uint8_t bytes[512];
    struct change change = {0};
    size_t length = unhex("ad 0001 0101 021828 03480000000000000000 0401 05f5 0600 0786000000000000 0880 0980 0a80 0b80 0c",
                          bytes, sizeof bytes);

    length += unhex(patches, bytes + length, sizeof bytes - length);
    const enum road_status status = change_decode(bytes, length, &change, ret_field);
    change_done(&change);
    return status;
}

FACT(a_patch_of_the_wrong_form_is_refused_by_name)
{
    static const struct {
        const char *patches, *field;
        enum road_status status;
    } cases[] = {
        /* leaf 1414241059722176 of level 3, squares 0 and 63, green of day 305 */
        {"81 83 1b0005063ea7fdd3c0 1b8000000000000001 44 66256631", NULL, ROAD_OK},
        {"81 83 1b0005063ea7fdd3c0 1b8000000000000001 42 6625", "patch.covers", ROAD_BAD_INPUT},
        {"81 83 1b0005063ea7fdd3c0 1b8000000000000001 46 662566316625", "patch.covers", ROAD_BAD_INPUT},
        {"81 83 1b0005063ea7fdd3c0 01 41 66", "patch.covers", ROAD_BAD_INPUT},
        {"81 83 1b0005063ea7fdd3c0 00 40", "patch.mask", ROAD_BAD_RANGE},
        {"81 82 1b0005063ea7fdd3c0 01", "patch", ROAD_BAD_INPUT},
        {"81 83 1b0005063ea7fdd3c0 01 18ff", "patch.covers", ROAD_BAD_INPUT},
        {"82 83 1b0005063ea7fdd3c0 01 426625 83 1b0005063ea7fdd3c0 02 426625", "patch.leaf", ROAD_BAD_INPUT},
        {"82 83 1b0005063ea7fdd3c0 01 426625 83 1b0005063ea7fdd340 01 426625", "patch.leaf", ROAD_BAD_INPUT},
        {"81 83 1b0005063ea7fdd3f0 01 426625", "patch.leaf", ROAD_BAD_RANGE}, /* level 2 */
        {"990101", "patches", ROAD_TOO_LARGE},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *field = NULL;
        CHECK_STATUS(decode_patches(cases[i].patches, &field), cases[i].status);
        if (cases[i].field && (!field || strcmp(field, cases[i].field) != 0))
            CHECK_FAILED("case %zu: %s, not %s", i, field ? field : "none", cases[i].field);
    }
}

FACT(a_change_that_is_too_large_says_so)
{
    static struct cell_change cells[CHANGE_CELLS_MAX];
    static uint8_t bytes[SEALED_MAX];
    struct chance chance = {2};
    struct change change = {
        .seq = 1, .zone = {120, false}, .cause_seq = 1, .cells = cells, .n_cells = CHANGE_CELLS_MAX};
    size_t length;

    for (size_t i = 0; i < CHANGE_CELLS_MAX; i++)
        cells[i] = cell_random(&chance, change.zone);
    CHECK_STATUS(change_encode(&change, bytes, sizeof bytes, &length), ROAD_TOO_LARGE);
    change.n_cells = 300;
    CHECK_STATUS(change_encode(&change, bytes, sizeof bytes, &length), ROAD_OK);
}

FACT(an_ack_comes_back_as_it_was_sent_and_bad_ones_are_refused)
{
    struct chance chance = {4};
    uint8_t bytes[2048];
    const char *field = NULL;
    struct ack ack = {.upto = 1000000, .is_gap = true, .n_refused = ACK_REFUSED_MAX}, got;
    size_t length = 0;

    ack.speaker = kid_random(&chance);
    for (size_t i = 0; i < ACK_REFUSED_MAX; i++) {
        ack.refused[i].seq = i * 1000 + 1;
        ack.refused[i].reason = (enum road_status)(i % 22 + 1);
    }
    CHECK_STATUS(ack_encode(&ack, bytes, sizeof bytes, &length), ROAD_OK);
    CHECK_STATUS(ack_decode(bytes, length, &got, &field), ROAD_OK);
    CHECK(kid_compare(got.speaker, ack.speaker) == 0 && got.upto == ack.upto && got.is_gap &&
          got.n_refused == 64);
    for (size_t i = 0; i < ACK_REFUSED_MAX; i++)
        CHECK(got.refused[i].seq == ack.refused[i].seq && got.refused[i].reason == ack.refused[i].reason);
    for (size_t cut = 0; cut < length; cut++) {
        size_t small_length;
        uint8_t small[2048];

        CHECK(ack_decode(bytes, cut, &got, &field) != ROAD_OK);
        CHECK_STATUS(ack_encode(&ack, small, cut, &small_length), ROAD_TOO_LARGE);
    }
    ack.refused[0].seq = ack.upto + 1;
    CHECK_STATUS(ack_encode(&ack, bytes, sizeof bytes, &length), ROAD_BAD_RANGE);
    ack.refused[0].seq = 1;
    ack.refused[0].reason = ROAD_OK;
    CHECK_STATUS(ack_encode(&ack, bytes, sizeof bytes, &length), ROAD_BAD_RANGE);
    /* 65 refusals, by hand: the array's count alone is refused. */
    length = unhex("a5 0001 01480000000000000000 0205 03f4 049841", bytes, sizeof bytes);
    CHECK_STATUS(ack_decode(bytes, length, &got, &field), ROAD_TOO_LARGE);
    CHECK_STR(field, "refused");
}

FACT(a_defects_name_is_text_and_back)
{
    struct chance chance = {8};
    const struct defect_id known = {
        1795900000123000000, {{0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef}}, 42, 7};
    char text[DEFECT_ID_TEXT_SIZE];
    struct defect_id id;

    CHECK_STR(defect_id_format(&known, text), "1795900000123000000.0123456789abcdef.42.7");
    for (int i = 0; i < 1000; i++) {
        const struct defect_id want = id_random(&chance);

        CHECK_STATUS(defect_id_parse(defect_id_format(&want, text), &id), ROAD_OK);
        CHECK(same_id(&id, &want));
    }
    static const char *const bad[] = {"",
                                      ".",
                                      "1",
                                      "1.0123456789abcdef.42",
                                      "1.0123456789abcdef.42.",
                                      "1.0123456789abcdef.42.7 ",
                                      "01.0123456789abcdef.42.7",
                                      "-1.0123456789abcdef.42.7",
                                      "1.0123456789ABCDEF.42.7",
                                      "1.0123456789abcde.42.7",
                                      "1.0123456789abcdef0.42.7",
                                      "1.0123456789abcdef.42.4294967296",
                                      "9223372036854775808.0123456789abcdef.1.0",
                                      "1.0123456789abcdef..7"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (defect_id_parse(bad[i], &id) != ROAD_BAD_INPUT)
            CHECK_FAILED("'%s' was taken", bad[i]);
}

FACT(defects_order_by_time_then_speaker_then_number)
{
    const struct defect_id ids[] = {
        {1, {{9}}, 9, 9}, {2, {{0}}, 1, 0}, {2, {{0}}, 1, 1}, {2, {{0}}, 2, 0}, {2, {{1}}, 1, 0}};

    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < 5; k++)
            CHECK_INT(defect_id_compare(&ids[i], &ids[k]) > 0, i > k);
}

FACT(a_defect_statement_says_the_belief_and_its_cause)
{
    struct chance chance = {6};
    uint8_t bytes[1024], again[1024];

    for (int i = 0; i < 500; i++) {
        const struct defect_belief belief = belief_random(&chance);
        const struct kid kid = kid_random(&chance);
        struct defect_belief got;
        struct kid got_kid;
        uint64_t got_seq = 0;
        size_t length = 0, length_again = 0;

        CHECK_STATUS(defect_statement_encode(&belief, kid, 12, bytes, sizeof bytes, &length), ROAD_OK);
        CHECK_STATUS(defect_statement_encode(&belief, kid, 12, again, sizeof again, &length_again), ROAD_OK);
        CHECK(length == length_again && memcmp(bytes, again, length) == 0);
        CHECK_STATUS(defect_statement_decode(bytes, length, &got, &got_kid, &got_seq, NULL), ROAD_OK);
        CHECK(same_belief(&belief, &got) && kid_compare(kid, got_kid) == 0 && got_seq == 12);
        for (size_t cut = 0; cut < length; cut += 7)
            CHECK(defect_statement_decode(bytes, cut, &got, &got_kid, &got_seq, NULL) != ROAD_OK);
        CHECK_STATUS(defect_statement_encode(&belief, kid, 12, again, length - 1, &length_again),
                     ROAD_TOO_LARGE);
    }
}

FACT(a_digest_is_of_the_tiles_cells_in_any_order_given)
{
    const struct grid_zone zone = {120, false};
    const struct kid kid = {{1, 2, 3}};
    struct square_move squares[4] = {0}, turned[4];
    uint8_t bytes[512], again[512], hashed[27], digest[32];
    struct cell tile;
    size_t length = 0, length_again = 0;

    /* Three in the 256 m tile, one outside; the second moves green -> red, the third red -> green. */
    cell_from_point(zone, (struct grid_point){515741300, 3350510700}, 8, &tile);
    cell_from_point(zone, (struct grid_point){515741300, 3350510700}, 0, &squares[0].cell);
    cell_from_point(zone, (struct grid_point){515742300, 3350510700}, 0, &squares[1].cell);
    cell_from_point(zone, (struct grid_point){515740300, 3350520700}, 3, &squares[2].cell);
    cell_from_point(zone, (struct grid_point){516741300, 3350510700}, 0, &squares[3].cell);
    squares[0].is = CODE_GREEN;
    squares[1].was = CODE_GREEN, squares[1].is = CODE_RED;
    squares[2].was = CODE_RED, squares[2].is = CODE_GREEN;
    squares[3].is = CODE_RED;
    for (int i = 0; i < 4; i++)
        turned[i] = squares[3 - i];
    CHECK_STATUS(digest_statement_encode(tile, squares, 4, kid, 5, bytes, sizeof bytes, &length), ROAD_OK);
    CHECK_STATUS(digest_statement_encode(tile, turned, 4, kid, 5, again, sizeof again, &length_again),
                 ROAD_OK);
    CHECK(length == length_again && memcmp(bytes, again, length) == 0);

    /* The hash, by hand: ids ascending. */
    const struct square_move *order[3] = {&squares[0], &squares[1], &squares[2]};
    for (int i = 0; i < 3; i++)
        for (int k = i + 1; k < 3; k++)
            if (order[k]->cell.id < order[i]->cell.id) {
                const struct square_move *swap = order[i];
                order[i] = order[k], order[k] = swap;
            }
    for (int i = 0; i < 3; i++) {
        for (int b = 0; b < 8; b++)
            hashed[9 * i + b] = (uint8_t)(order[i]->cell.id >> (56 - 8 * b));
        hashed[9 * i + 8] = (uint8_t)order[i]->is;
    }
    EVP_Q_digest(NULL, "SHA256", NULL, hashed, sizeof hashed, digest, NULL);
    /* {0: 1, 1: tile, 2: digest, 3: 3, 4: [[..], [..]], ..}: map head, 2, key and 9, key and 2, digest, then
     * count. */
    CHECK(memcmp(bytes + 1 + 2 + 10 + 3, digest, 32) == 0);
    CHECK(bytes[48] == 3 && bytes[49] == 3);    /* three cells */
    CHECK(bytes[50] == 4 && bytes[51] == 0x82); /* two moves */
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
