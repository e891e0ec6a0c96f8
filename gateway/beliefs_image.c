/* beliefs_image.c - beliefs as bytes and back.
 *
 * In order: what the image belongs to; speakers; the stretches; the cell maps; blocks with their pieces, some thousands at a
 * time; sightings; things; verdicts; the standing of nodes. Where a thing lies and what it is painted on is found again from the thing. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/beliefs.h"
#include "gateway/image.h"
#include "gateway/room.h"

#define IMAGE_MAGIC     UINT64_C(0x31474D4946454C42) /* another order of bytes reads another number */
#define IMAGE_VERSION   3
#define BLOCKS_AT_ONCE  4096
#define COLUMN_MAX      (1 << (20 - BLOCK_LEVEL))
#define ROW_MAX         (1 << (24 - BLOCK_LEVEL))
#define CROSSED_MAX     2.0 /* w of two wheel bands together, and rounding */

/* What an image is good for. Sizes stand for the layout of what is written as it lies in memory. */
struct belonging {
    uint64_t magic, version;
    uint64_t sizes[6];
    int64_t meridian_deg, is_south, frame_de_mm, frame_dn_mm, road_class, evidence_days, phone_days, feature_passes;
    uint64_t roads; /* hash of the network; 0 none */
    int64_t window_days[4];
    struct code_rules rules;
    struct standing_rules standing;
    struct detectors detectors;
    struct walk_rules walk;
};

struct counts {
    uint64_t n_speakers, n_blocks, n_sightings, n_defects, n_verdicts;
    uint64_t n_passes, unplaced_cm, sightings_unplaced, n_features, passes_too_old, n_associated;
    int64_t newest_ns, evidence_day, day;
};

struct block_image {
    int32_t column, row;
    uint32_t newest, n_said;
    uint32_t road_cm[4];
    uint64_t driven;
};

/* A thing without what it points to. */
struct thing_image {
    struct defect_belief belief, told;
    struct feature_belief feature, feature_told;
    struct grid_covariance covariance;
    struct grid_point shakes_at;
    struct crossing crossings[2]; /* of clears and of feature_clears */
    uint64_t n_members, n_clears[2], n_cells, n_opinions;
    uint64_t home, street; /* block's index + 1, 0 none */
    struct cell cells[PAINTED_MAX];
    double areas_m2[PAINTED_MAX];
    uint8_t is_live, is_claimed, is_shaking, was_told, feature_was_told, is_known[2], piece;
};

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 29;
}

/* Of all that decides classes and lanes. */
static uint64_t hash_of_roads(const struct road_network *roads)
{
    uint64_t hash = 1;

    if (!roads)
        return 0;
    hash = mix(hash, roads->is_left_hand);
    for (uint32_t i = 0; i < roads->n_ways; i++) {
        const struct road_way *way = &roads->ways[i];
        hash = mix(mix(hash, (uint64_t)way->class << 32 | (uint64_t)way->lanes << 16 | way->line_sigma_mm),
                   (uint64_t)way->is_oneway << 63 | (uint64_t)way->width_mm << 32 | way->n_vertices);
    }
    for (uint32_t i = 0; i < roads->n_vertices; i++)
        hash = mix(mix(hash, (uint64_t)roads->vertices[i].at.e_mm), (uint64_t)roads->vertices[i].at.n_mm);
    return hash | 1;
}

static void belong(const struct beliefs *beliefs, struct belonging *ret)
{
    const struct beliefs_config *config = &beliefs->config;
    const struct evidence_config *e = &beliefs->evidence.config;

    memset(ret, 0, sizeof *ret);
    ret->magic = IMAGE_MAGIC;
    ret->version = IMAGE_VERSION;
    const uint64_t sizes[6] = {sizeof(struct speaker), sizeof(struct sighting), sizeof(struct thing_image),
                               sizeof(struct clear),   sizeof(struct piece),    sizeof(struct verdict)};
    memcpy(ret->sizes, sizes, sizeof sizes);
    ret->meridian_deg = e->zone.meridian_deg;
    ret->is_south = e->zone.is_south;
    ret->frame_de_mm = e->frame_de_mm;
    ret->frame_dn_mm = e->frame_dn_mm;
    ret->road_class = config->road_class;
    ret->roads = hash_of_roads(config->roads);
    ret->evidence_days = e->evidence_days;
    ret->phone_days = e->phone_days;
    ret->feature_passes = config->feature_passes;
    for (int i = 0; i < 4; i++)
        ret->window_days[i] = e->window_days[i];
    ret->rules = config->rules;
    ret->detectors = e->detectors;
    ret->walk = beliefs->walk;
    ret->standing.jumps_a_day = config->standing.jumps_a_day; /* one by one: what lies between them is not to count */
    ret->standing.false_alarms_a_day = config->standing.false_alarms_a_day;
    ret->standing.false_alarms_per_km = config->standing.false_alarms_per_km;
    ret->standing.copies_a_day = config->standing.copies_a_day;
    ret->standing.blind_micro = config->standing.blind_micro;
    ret->standing.bad_days = config->standing.bad_days;
}

/* ---- out ----------------------------------------------------------------------------------------------- */

/* The first failure is kept; later calls do nothing. */
struct out {
    const struct image_sink *sink;
    enum road_status status;
};

static void put(struct out *out, const void *bytes, size_t length)
{
    if (out->status == ROAD_OK)
        out->status = image_write(out->sink, bytes, length);
}

static void put_blocks(struct out *out, const struct evidence *evidence, size_t first, size_t n)
{
    struct block_image *images = room_zeroed(n, sizeof *images);
    struct piece *pieces = NULL;
    size_t n_pieces = 0, capacity = 0;

    for (size_t i = 0; i < n; i++) {
        const struct block *b = evidence_block_at(evidence, first + i);
        images[i] = (struct block_image){b->column, b->row, b->newest,
                                         b->findings ? (uint32_t)b->findings->n_said : 0, {0}, b->pieces.driven};
        memcpy(images[i].road_cm, b->road_cm, sizeof b->road_cm);
        ROOM(pieces, capacity, n_pieces + b->pieces.n);
        if (b->pieces.n)
            memcpy(&pieces[n_pieces], b->pieces.items, b->pieces.n * sizeof *pieces);
        n_pieces += b->pieces.n;
    }
    put(out, images, n * sizeof *images);
    put(out, pieces, n_pieces * sizeof *pieces);
    for (size_t i = 0; i < n; i++)
        if (images[i].n_said) {
            const struct findings *f = evidence_block_at(evidence, first + i)->findings;
            put(out, f->said, f->n_said * sizeof *f->said);
        }
    free(images);
    free(pieces);
}

static uint64_t number_of(const struct evidence *evidence, const struct block *block)
{
    return block ? evidence_block_index(evidence, block) + 1 : 0;
}

static void put_thing(struct out *out, const struct evidence *evidence, const struct defect *d)
{
    struct thing_image image;

    memset(&image, 0, sizeof image);
    image.is_live = d->is_live;
    if (d->is_live) {
        image.belief = d->belief;
        image.told = d->told;
        image.feature = d->feature;
        image.feature_told = d->feature_told;
        image.covariance = d->covariance;
        image.shakes_at = d->shakes_at;
        image.crossings[0] = d->clears.crossing;
        image.crossings[1] = d->feature_clears.crossing;
        image.n_members = d->n_members;
        image.n_clears[0] = d->clears.n;
        image.n_clears[1] = d->feature_clears.n;
        image.n_cells = d->n_cells;
        image.n_opinions = d->opinions.n;
        image.home = number_of(evidence, d->home);
        image.street = number_of(evidence, d->street);
        memcpy(image.cells, d->cells, sizeof image.cells);
        memcpy(image.areas_m2, d->areas_m2, sizeof image.areas_m2);
        image.is_claimed = d->is_claimed;
        image.is_shaking = d->is_shaking;
        image.was_told = d->was_told;
        image.feature_was_told = d->feature_was_told;
        image.is_known[0] = d->clears.is_known;
        image.is_known[1] = d->feature_clears.is_known;
        image.piece = d->piece;
    }
    put(out, &image, sizeof image);
    if (!d->is_live)
        return;
    put(out, d->members, d->n_members * sizeof *d->members);
    put(out, d->clears.items, d->clears.n * sizeof *d->clears.items);
    put(out, d->feature_clears.items, d->feature_clears.n * sizeof *d->feature_clears.items);
    put(out, d->opinions.items, d->opinions.n * sizeof *d->opinions.items);
}

enum road_status beliefs_save(const struct beliefs *beliefs, const struct image_sink *sink)
{
    const struct evidence *e = &beliefs->evidence;
    struct out out = {sink, ROAD_OK};
    struct belonging belonging;
    const struct counts counts = {e->n_speakers, e->n_blocks, e->n_sightings, beliefs->n_defects, beliefs->verdicts.n,
                                  e->n_passes, e->unplaced_cm, e->sightings_unplaced, e->n_features, e->passes_too_old,
                                  beliefs->n_associated, e->newest_ns, e->day, beliefs->day};

    belong(beliefs, &belonging);
    put(&out, &belonging, sizeof belonging);
    put(&out, &counts, sizeof counts);
    put(&out, e->speakers, e->n_speakers * sizeof *e->speakers);
    if (out.status == ROAD_OK)
        out.status = stretches_save(&e->stretches, sink);
    for (int level = 0; out.status == ROAD_OK && level < COVER_LEVELS; level++)
        out.status = cellmap_save(&e->maps[level], sink);
    for (size_t i = 0; i < e->n_blocks; i += BLOCKS_AT_ONCE)
        put_blocks(&out, e, i, e->n_blocks - i < BLOCKS_AT_ONCE ? e->n_blocks - i : BLOCKS_AT_ONCE);
    put(&out, e->sightings, e->n_sightings * sizeof *e->sightings);
    for (size_t i = 0; i < beliefs->n_defects; i++)
        put_thing(&out, e, &beliefs->defects[i]);
    put(&out, beliefs->verdicts.items, beliefs->verdicts.n * sizeof *beliefs->verdicts.items);
    return out.status == ROAD_OK ? standing_save(beliefs->standing, sink) : out.status;
}

/* ---- in ------------------------------------------------------------------------------------------------ */

struct in {
    struct image_source *source;
    enum road_status status;
    uint64_t *starts; /* of stretches that no chain has claimed yet */
};

static bool get(struct in *in, void *ret_bytes, size_t length)
{
    if (in->status == ROAD_OK)
        in->status = image_read(in->source, ret_bytes, length);
    return in->status == ROAD_OK;
}

static void check(struct in *in, bool is_sound)
{
    if (in->status == ROAD_OK && !is_sound)
        in->status = ROAD_CORRUPT;
}

/* An array of its own; NULL with a status. Never asks for more than there are bytes to come. */
static void *get_array(struct in *in, uint64_t n, size_t size)
{
    check(in, n <= in->source->left / size);
    if (in->status != ROAD_OK || n == 0)
        return NULL;
    void *items = room_zeroed(n, size);
    if (!get(in, items, n * size)) {
        free(items);
        return NULL;
    }
    return items;
}

/* Any other byte in a bool may not even be looked at as one. */
static bool is_bool(const bool *value)
{
    unsigned char byte;

    memcpy(&byte, value, 1);
    return byte <= 1;
}

static bool is_placed(struct grid_point at)
{
    return at.e_mm >= 0 && at.n_mm >= 0 && at.e_mm < (int64_t)COLUMN_MAX * BLOCK_MM && at.n_mm < (int64_t)ROW_MAX * BLOCK_MM;
}

/* As the wire knows them. */
static bool is_time(int64_t time_ns)
{
    return time_ns >= TIME_MIN_NS && time_ns <= TIME_MAX_NS;
}

static bool is_day(int64_t day)
{
    return day == NO_DAY || (day >= TIME_MIN_NS / NS_PER_DAY && day <= TIME_MAX_NS / NS_PER_DAY);
}

static void check_counts(struct in *in, const struct counts *counts)
{
    check(in, is_day(counts->evidence_day) && is_day(counts->day) &&
                  (counts->newest_ns == INT64_MIN || is_time(counts->newest_ns)));
}

static bool is_covariance(struct grid_covariance c)
{
    return isfinite(c.ee_mm2) && isfinite(c.en_mm2) && isfinite(c.nn_mm2) && c.ee_mm2 > 0 && c.nn_mm2 > 0;
}

static void get_speakers(struct in *in, struct evidence *e, uint64_t n)
{
    e->speakers = get_array(in, n, sizeof *e->speakers);
    e->n_speakers = e->speaker_capacity = e->speakers ? n : 0;
    for (size_t i = 0; i < e->n_speakers; i++)
        check(in, is_bool(&e->speakers[i].is_phone));
    if (in->status == ROAD_OK)
        check(in, evidence_index_speakers(e));
}

/* The chain claims stretches that no other one has, newest hour first. */
static void check_chain(struct in *in, const struct evidence *e, uint32_t newest)
{
    uint32_t hour = UINT32_MAX;

    for (uint32_t at = newest; at && in->status == ROAD_OK;) {
        check(in, stretches_claim(&e->stretches, in->starts, at));
        if (in->status != ROAD_OK)
            return;
        const struct stretch *s = stretch_at(&e->stretches, at);
        check(in, s->hour <= hour && s->speaker < e->n_speakers && s->hour <= TIME_MAX_NS / NS_PER_HOUR);
        hour = s->hour;
        at = s->next;
    }
}

static void check_piece(struct in *in, const struct evidence *e, const struct piece *piece, unsigned number)
{
    check(in, piece->number == number && piece->crossings <= piece->traverses);
    for (int i = 0; i < RIDES_KEPT; i++) {
        const struct ride ride = ride_unpack(piece->rides[i]);
        check(in, !piece->rides[i] || (ride.speaker < e->n_speakers && ride.metres > 0));
    }
}

static void get_block(struct in *in, struct evidence *e, const struct block_image *image, const struct piece *pieces)
{
    check(in, image->column >= 0 && image->column < COLUMN_MAX && image->row >= 0 && image->row < ROW_MAX &&
                  image->n_said <= SQUARES_IN_BLOCK && !evidence_block(e, image->column, image->row));
    if (in->status != ROAD_OK)
        return;
    struct block *block = evidence_block_make(e, image->column, image->row);
    block->newest = image->newest;
    memcpy(block->road_cm, image->road_cm, sizeof block->road_cm);
    for (uint64_t left = image->driven; left; left &= left - 1) {
        const unsigned number = (unsigned)__builtin_ctzll(left);
        check_piece(in, e, pieces, number);
        *pieces_make(&block->pieces, number) = *pieces;
        pieces++;
    }
    check_chain(in, e, image->newest);
}

static void get_said(struct in *in, struct block *block, uint32_t n)
{
    struct findings *f = block_findings(block);

    f->said = get_array(in, n, sizeof *f->said);
    f->n_said = f->said_capacity = f->said ? n : 0;
    for (size_t i = 0; i < f->n_said; i++)
        check(in, f->said[i].square < SQUARES_IN_BLOCK && (i == 0 || f->said[i].square > f->said[i - 1].square) &&
                      f->said[i].code <= CODE_RED);
}

static void get_blocks(struct in *in, struct evidence *e, uint64_t n)
{
    const size_t first = e->n_blocks;
    struct block_image *images = get_array(in, n, sizeof *images);
    uint64_t n_pieces = 0;

    for (uint64_t i = 0; images && i < n; i++)
        n_pieces += (uint64_t)__builtin_popcountll(images[i].driven);
    struct piece *pieces = get_array(in, n_pieces, sizeof *pieces);
    const struct piece *next = pieces;
    for (uint64_t i = 0; images && in->status == ROAD_OK && i < n; i++) {
        get_block(in, e, &images[i], next);
        next += __builtin_popcountll(images[i].driven);
    }
    for (uint64_t i = 0; images && in->status == ROAD_OK && i < n; i++)
        if (images[i].n_said)
            get_said(in, evidence_block_at(e, first + i), images[i].n_said);
    free(images);
    free(pieces);
}

static void check_sighting(struct in *in, const struct beliefs *beliefs, const struct sighting *s, uint64_t n_defects)
{
    check(in, is_time(s->event.time_ns) && s->speaker < beliefs->evidence.n_speakers && is_placed(s->at) && is_covariance(s->covariance) &&
                  (unsigned)s->kind <= FEATURE_KIND_COUNT && s->type >= 0 && s->type <= DEFECT_TYPE_COUNT &&
                  (s->type > 0 || s->kind != FEATURE_NONE) && (unsigned)s->severity <= SEVERITY_HIGH &&
                  (s->sensor == SENSE_MOTION || s->sensor == SENSE_CAMERA) && (unsigned)s->gnss <= GNSS_PHONE &&
                  s->sigma_mm >= 0 && s->sigma_mm <= PLACED_SIGMA_MM_MAX && s->defect < n_defects);
}

static void get_sightings(struct in *in, struct beliefs *beliefs, const struct counts *counts)
{
    struct evidence *e = &beliefs->evidence;

    e->sightings = get_array(in, counts->n_sightings, sizeof *e->sightings);
    e->n_sightings = e->sighting_capacity = e->sightings ? counts->n_sightings : 0;
    check(in, counts->n_associated == e->n_sightings); /* it was settled */
    for (size_t i = 0; in->status == ROAD_OK && i < e->n_sightings; i++) {
        struct sighting *s = &e->sightings[i];
        check_sighting(in, beliefs, s, counts->n_defects);
        if (in->status != ROAD_OK)
            return;
        s->visited = 0;
        struct block *block = evidence_block(e, block_coordinate(s->at.e_mm), block_coordinate(s->at.n_mm));
        check(in, block != NULL);
        if (block)
            number_add(&block_findings(block)->sightings, (uint32_t)i);
    }
}

static void get_clears(struct in *in, const struct evidence *e, const struct thing_image *image, int which,
                       struct clears *clears)
{
    clears->items = get_array(in, image->n_clears[which], sizeof *clears->items);
    clears->n = clears->capacity = clears->items ? image->n_clears[which] : 0;
    clears->crossing = image->crossings[which];
    clears->is_known = image->is_known[which];
    for (size_t i = 0; i < clears->n; i++) {
        const struct clear *c = &clears->items[i];
        check(in, c->speaker < e->n_speakers && (c->sensor == SENSE_MOTION || c->sensor == SENSE_CAMERA) &&
                      c->gnss <= GNSS_PHONE && c->w >= 0 && c->w <= CROSSED_MAX);
    }
    check(in, !clears->is_known || is_placed(clears->crossing.at));
}

static void check_thing(struct in *in, const struct beliefs *beliefs, const struct thing_image *t)
{
    const struct evidence *e = &beliefs->evidence;

    check(in, t->is_live <= 1 && t->is_claimed <= 1 && t->is_shaking <= 1 && t->was_told <= 1 &&
                  t->feature_was_told <= 1 && t->is_known[0] <= 1 && t->is_known[1] <= 1);
    if (!t->is_live)
        return;
    check(in, t->n_members > 0 && t->n_cells <= PAINTED_MAX && t->home > 0 && t->home <= e->n_blocks &&
                  t->street <= e->n_blocks && t->piece < PIECES_IN_BLOCK && is_placed(t->belief.at) &&
                  is_covariance(t->covariance) && is_bool(&t->belief.may_be_red) && is_bool(&t->told.may_be_red) &&
                  t->belief.type >= 0 && t->belief.type <= DEFECT_TYPE_COUNT &&
                  (unsigned)t->belief.severity <= SEVERITY_HIGH && (unsigned)t->feature.kind <= FEATURE_KIND_COUNT &&
                  (!t->is_shaking || is_placed(t->shakes_at)));
    for (uint64_t i = 0; in->status == ROAD_OK && i < t->n_cells; i++)
        check(in, evidence_has_cell(e, t->cells[i]) && isfinite(t->areas_m2[i]) && t->areas_m2[i] >= 0);
}

static void take_thing(const struct beliefs *beliefs, const struct thing_image *t, struct defect *d)
{
    const struct evidence *e = &beliefs->evidence;

    d->is_live = true;
    d->belief = t->belief;
    d->told = t->told;
    d->feature = t->feature;
    d->feature_told = t->feature_told;
    d->covariance = t->covariance;
    d->shakes_at = t->shakes_at;
    d->n_cells = t->n_cells;
    memcpy(d->cells, t->cells, sizeof d->cells);
    memcpy(d->areas_m2, t->areas_m2, sizeof d->areas_m2);
    d->is_claimed = t->is_claimed;
    d->is_shaking = t->is_shaking;
    d->was_told = t->was_told;
    d->feature_was_told = t->feature_was_told;
    d->piece = t->piece;
    d->home = evidence_block_at(e, t->home - 1);
    d->street = t->street ? evidence_block_at(e, t->street - 1) : NULL;
}

static void get_opinions(struct in *in, const struct evidence *e, uint64_t n, struct opinions *opinions)
{
    opinions->items = get_array(in, n, sizeof *opinions->items);
    opinions->n = opinions->capacity = opinions->items ? n : 0;
    for (size_t i = 0; i < opinions->n; i++)
        check(in, opinions->items[i].speaker < e->n_speakers);
}

/* Each sighting is a member of one thing, and of that once. */
static void claim_sighting(struct in *in, struct evidence *e, uint32_t member, uint32_t index)
{
    check(in, member < e->n_sightings && e->sightings[member].defect == index && !e->sightings[member].visited);
    if (in->status == ROAD_OK)
        e->sightings[member].visited = 1;
}

static void check_claims(struct in *in, struct evidence *e)
{
    for (size_t i = 0; i < e->n_sightings; i++) {
        check(in, e->sightings[i].visited);
        e->sightings[i].visited = 0;
    }
}

static void get_thing(struct in *in, struct beliefs *beliefs, uint32_t index)
{
    struct defect *d = &beliefs->defects[index];
    struct thing_image image;

    if (!get(in, &image, sizeof image))
        return;
    check_thing(in, beliefs, &image);
    if (in->status != ROAD_OK)
        return;
    if (!image.is_live) {
        beliefs_defect_drop(beliefs, index);
        return;
    }
    take_thing(beliefs, &image, d);
    d->members = get_array(in, image.n_members, sizeof *d->members);
    d->n_members = d->member_capacity = d->members ? image.n_members : 0;
    for (size_t i = 0; in->status == ROAD_OK && i < d->n_members; i++)
        claim_sighting(in, &beliefs->evidence, d->members[i], index);
    get_clears(in, &beliefs->evidence, &image, 0, &d->clears);
    get_clears(in, &beliefs->evidence, &image, 1, &d->feature_clears);
    get_opinions(in, &beliefs->evidence, image.n_opinions, &d->opinions);
    if (in->status == ROAD_OK)
        colour_restore(beliefs, index);
}

static void get_verdicts(struct in *in, struct beliefs *beliefs, uint64_t n)
{
    struct verdict *said = get_array(in, n, sizeof *said);

    for (uint64_t i = 0; said && i < n; i++) {
        check(in, said[i].kind >= VERDICT_REPAIRED && said[i].kind <= VERDICT_KIND_COUNT &&
                      (unsigned)said[i].reason <= VERDICT_REASON_COUNT);
        if (in->status == ROAD_OK)
            check(in, verdicts_add(&beliefs->verdicts, &said[i]));
    }
    free(said);
}

static void sum_roads(struct beliefs *beliefs)
{
    struct road_metres road = {.unplaced_cm = beliefs->evidence.unplaced_cm};

    for (size_t i = 0; i < beliefs->evidence.n_blocks; i++) {
        const uint32_t *cm = evidence_block_at(&beliefs->evidence, i)->road_cm;
        road.grey_cm += cm[CODE_GREY];
        road.green_cm += cm[CODE_GREEN];
        road.yellow_cm += cm[CODE_YELLOW];
        road.red_cm += cm[CODE_RED];
    }
    road.covered_cm = road.grey_cm + road.green_cm + road.yellow_cm + road.red_cm;
    beliefs->road = road;
}

static void take_counts(struct beliefs *beliefs, const struct counts *counts)
{
    struct evidence *e = &beliefs->evidence;

    e->n_passes = counts->n_passes;
    e->unplaced_cm = counts->unplaced_cm;
    e->sightings_unplaced = counts->sightings_unplaced;
    e->n_features = counts->n_features;
    e->passes_too_old = counts->passes_too_old;
    e->newest_ns = counts->newest_ns;
    e->day = counts->evidence_day;
    beliefs->day = counts->day;
}

static void get_things(struct in *in, struct beliefs *beliefs, uint64_t n)
{
    check(in, n <= in->source->left / sizeof(struct thing_image));
    for (uint64_t i = 0; in->status == ROAD_OK && i < n; i++) {
        ROOM(beliefs->defects, beliefs->defect_capacity, i + 1);
        beliefs->n_defects = i + 1;
        get_thing(in, beliefs, (uint32_t)i);
    }
    check_claims(in, &beliefs->evidence);
}

enum road_status beliefs_load(struct beliefs *beliefs, struct image_source *source)
{
    struct evidence *e = &beliefs->evidence;
    struct in in = {.source = source};
    struct belonging belonging, mine;
    struct counts counts;

    belong(beliefs, &mine);
    if (!get(&in, &belonging, sizeof belonging))
        return in.status;
    if (memcmp(&belonging, &mine, sizeof mine) != 0)
        return ROAD_BAD_VERSION;
    if (get(&in, &counts, sizeof counts))
        check_counts(&in, &counts);
    if (in.status != ROAD_OK)
        return in.status;
    get_speakers(&in, e, counts.n_speakers);
    if (in.status == ROAD_OK)
        in.status = stretches_load(&e->stretches, source);
    for (int level = 0; in.status == ROAD_OK && level < COVER_LEVELS; level++)
        in.status = cellmap_load(&e->maps[level], source);
    if (in.status == ROAD_OK)
        in.starts = stretches_starts(&e->stretches);
    for (uint64_t left = counts.n_blocks; in.status == ROAD_OK && left;) {
        const uint64_t n = left < BLOCKS_AT_ONCE ? left : BLOCKS_AT_ONCE;
        get_blocks(&in, e, n);
        left -= n;
    }
    free(in.starts);
    get_sightings(&in, beliefs, &counts);
    get_things(&in, beliefs, counts.n_defects);
    get_verdicts(&in, beliefs, counts.n_verdicts);
    if (in.status == ROAD_OK)
        in.status = standing_load(beliefs->standing, source, e->n_speakers);
    if (in.status != ROAD_OK)
        return in.status;
    beliefs->n_associated = e->n_sightings;
    take_counts(beliefs, &counts);
    sum_roads(beliefs);
    segments_touch_all(beliefs->segments); /* told by whoever wrote the image */
    segments_settle(beliefs->segments, beliefs, NULL);
    return ROAD_OK;
}
