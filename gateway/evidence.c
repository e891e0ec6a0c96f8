#include "gateway/evidence.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/coverage.h"
#include "gateway/room.h"
#include "grid/morton.h"

#define MM2_PER_CM2 100.0
#define TABLE_FIRST 1024
#define SLAB_BITS   8 /* blocks are made 256 at a time */
#define PHI_STEPS   64
/* A receiver that claims less than 1 cm is not believed: the wire's resolution ends there. */
#define COVARIANCE_FLOOR_MM2 100.0
/* Squares keep their day modulo 512: ages must move on before that is ambiguous. */
#define TURN_AT_LEAST_DAYS 32

const uint16_t square_offset[COVER_LEVELS + 1] = {0, 4096, 5120, 5376, 5440, 5456, 5460};

void evidence_init(struct evidence *evidence, const struct evidence_config *config)
{
    memset(evidence, 0, sizeof *evidence);
    evidence->config = *config;
    if (evidence->config.evidence_days <= 0)
        evidence->config.evidence_days = EVIDENCE_DAYS_DEFAULT;
    evidence->table_size = evidence->speaker_table_size = TABLE_FIRST;
    evidence->table = room_zeroed(TABLE_FIRST, sizeof *evidence->table);
    evidence->speaker_table = room_zeroed(TABLE_FIRST, sizeof *evidence->speaker_table);
    stretches_init(&evidence->stretches);
    evidence->cutter = cutter_new();
    evidence->watched = watched_new();
    evidence->had = watched_new();
    for (int level = 0; level < COVER_LEVELS; level++)
        cellmap_init(&evidence->maps[level]);
    for (size_t i = 0; i < sizeof evidence->phi / sizeof evidence->phi[0]; i++)
        evidence->phi[i] = (float)(0.5 * erf((double)i / PHI_STEPS / sqrt(2)));
    evidence->newest_ns = INT64_MIN;
    evidence->day = NO_DAY;
}

static void findings_free(struct findings *findings)
{
    if (!findings)
        return;
    free(findings->sightings.items);
    free(findings->defects.items);
    free(findings->painted);
    free(findings->on_pieces);
    free(findings->said);
    free(findings);
}

void evidence_done(struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->n_blocks; i++) {
        pieces_done(&evidence_block_at(evidence, i)->pieces);
        findings_free(evidence_block_at(evidence, i)->findings);
    }
    for (size_t i = 0; i << SLAB_BITS < evidence->n_blocks; i++)
        free(evidence->slabs[i]);
    for (int level = 0; level < COVER_LEVELS; level++) {
        cellmap_done(&evidence->maps[level]);
        free(evidence->moved[level].items);
    }
    stretches_done(&evidence->stretches);
    cutter_free(evidence->cutter);
    watched_free(evidence->watched);
    watched_free(evidence->had);
    free(evidence->slabs);
    free(evidence->table);
    free(evidence->speaker_table);
    free(evidence->work);
    free(evidence->points);
    free(evidence->sightings);
    free(evidence->speakers);
    memset(evidence, 0, sizeof *evidence);
}

/* ---- squares ------------------------------------------------------------------------------------------- */

uint16_t square_index(int level, int64_t in_block_e_mm, int64_t in_block_n_mm)
{
    const uint64_t i = (uint64_t)(in_block_e_mm / 1000) >> level, j = (uint64_t)(in_block_n_mm / 1000) >> level;

    return (uint16_t)(square_offset[level] + (morton_spread(j) << 1 | morton_spread(i)));
}

int square_level(uint16_t square)
{
    int level = 0;

    while (level < COVER_LEVEL_MAX && square >= square_offset[level + 1])
        level++;
    return level;
}

uint16_t square_parent(uint16_t square, int level)
{
    return (uint16_t)(square_offset[level + 1] + ((square - square_offset[level]) >> 2));
}

uint16_t square_of_cell(struct cell cell)
{
    const int level = cell_level(cell);
    const uint64_t in_block = cell.id & ((UINT64_C(1) << (2 * BLOCK_LEVEL + 1)) - 1);

    return (uint16_t)(square_offset[level] + (in_block >> (2 * level + 1)));
}

struct cell square_cell(const struct evidence *evidence, const struct block *block, uint16_t square)
{
    const int level = square_level(square);
    const uint64_t zone = (uint64_t)cell_zone_number(evidence->config.zone) << CELL_ZONE_SHIFT;

    return (struct cell){zone | square_key(block, square, level) << (2 * level + 1) | UINT64_C(1) << (2 * level)};
}

uint16_t evidence_cover(const struct evidence *evidence, const struct block *block, uint16_t square)
{
    struct cellmap_path path = {0};
    const int level = square_level(square);

    return cellmap_get(&evidence->maps[level], &path, square_key(block, square, level));
}

/* ---- blocks -------------------------------------------------------------------------------------------- */

struct block *evidence_block_at(const struct evidence *evidence, size_t index)
{
    return &evidence->slabs[index >> SLAB_BITS][index & ((1u << SLAB_BITS) - 1)];
}

static size_t table_slot(const struct evidence *evidence, int32_t column, int32_t row)
{
    uint64_t h = ((uint64_t)(uint32_t)column << 32 | (uint32_t)row) * UINT64_C(0x9E3779B97F4A7C15);
    size_t slot = (size_t)(h >> 32) & (evidence->table_size - 1);

    for (;; slot = (slot + 1) & (evidence->table_size - 1)) {
        const uint32_t index = evidence->table[slot];
        if (!index)
            return slot;
        const struct block *block = evidence_block_at(evidence, index - 1);
        if (block->column == column && block->row == row)
            return slot;
    }
}

struct block *evidence_block(const struct evidence *evidence, int32_t column, int32_t row)
{
    const uint32_t index = evidence->table[table_slot(evidence, column, row)];

    return index ? evidence_block_at(evidence, index - 1) : NULL;
}

size_t evidence_block_index(const struct evidence *evidence, const struct block *block)
{
    return evidence->table[table_slot(evidence, block->column, block->row)] - 1;
}

bool evidence_has_cell(const struct evidence *evidence, struct cell cell)
{
    if (!cell_is_valid(cell) || cell_level(cell) > COVER_LEVEL_MAX ||
        cell.id >> CELL_ZONE_SHIFT != (uint64_t)cell_zone_number(evidence->config.zone))
        return false;
    const struct grid_point corner = cell_corner(cell);
    return evidence_block(evidence, block_coordinate(corner.e_mm), block_coordinate(corner.n_mm)) != NULL;
}

static void table_double(struct evidence *evidence)
{
    free(evidence->table);
    evidence->table_size *= 2;
    evidence->table = room_zeroed(evidence->table_size, sizeof *evidence->table);
    for (size_t i = 0; i < evidence->n_blocks; i++) {
        const struct block *block = evidence_block_at(evidence, i);
        evidence->table[table_slot(evidence, block->column, block->row)] = (uint32_t)(i + 1);
    }
}

/* How many things lie in the nine blocks around: stretches that come are shown to them. */
static uint32_t count_near(const struct evidence *evidence, int32_t column, int32_t row)
{
    uint32_t n = 0;

    if (!evidence->n_sightings)
        return 0;
    for (int32_t r = row - 1; r <= row + 1; r++)
        for (int32_t c = column - 1; c <= column + 1; c++) {
            const struct block *block = evidence_block(evidence, c, r);
            n += block && block->findings ? (uint32_t)block->findings->defects.n : 0;
        }
    return n;
}

static enum road_class class_at(const struct evidence_config *config, int32_t column, int32_t row)
{
    return config->class_of ? config->class_of(config->class_context, column, row, config->road_class)
                            : config->road_class;
}

struct block *evidence_block_make(struct evidence *evidence, int32_t column, int32_t row)
{
    struct block *block = evidence_block(evidence, column, row);

    if (block)
        return block;
    if (2 * (evidence->n_blocks + 1) > evidence->table_size)
        table_double(evidence);
    const size_t slab = evidence->n_blocks >> SLAB_BITS;
    if (evidence->n_blocks == slab << SLAB_BITS) {
        ROOM(evidence->slabs, evidence->slab_capacity, slab + 1);
        evidence->slabs[slab] = room_zeroed((size_t)1 << SLAB_BITS, sizeof **evidence->slabs);
    }
    evidence->table[table_slot(evidence, column, row)] = (uint32_t)(evidence->n_blocks + 1);
    block = evidence_block_at(evidence, evidence->n_blocks++);
    block->column = column;
    block->row = row;
    block->key = (uint32_t)(morton_from_metres((uint64_t)column << BLOCK_LEVEL, (uint64_t)row << BLOCK_LEVEL) >> (2 * BLOCK_LEVEL));
    block->road_class = (uint8_t)class_at(&evidence->config, column, row);
    block->n_near = count_near(evidence, column, row);
    return block;
}

struct block *evidence_block_of_cell(struct evidence *evidence, struct cell cell)
{
    const struct grid_point corner = cell_corner(cell);

    return evidence_block_make(evidence, block_coordinate(corner.e_mm), block_coordinate(corner.n_mm));
}

void number_add(struct number_list *list, uint32_t number)
{
    ROOM(list->items, list->capacity, list->n + 1);
    list->items[list->n++] = number;
}

struct findings *block_findings(struct block *block)
{
    if (!block->findings)
        block->findings = room_zeroed(1, sizeof *block->findings);
    return block->findings;
}

void block_work(struct evidence *evidence, struct block *block, enum block_work work)
{
    if (!block->work) {
        ROOM(evidence->work, evidence->work_capacity, evidence->n_work + 1);
        evidence->work[evidence->n_work++] = block;
    }
    block->work |= (uint8_t)work;
}

enum road_class block_class(const struct block *block)
{
    return (enum road_class)block->road_class;
}

int block_window(const struct evidence *evidence, const struct block *block)
{
    const int days = evidence->config.window_days[block_class(block)];

    return days > 0 ? days : 1;
}

/* ---- speakers ------------------------------------------------------------------------------------------ */

static size_t speaker_slot(const struct evidence *evidence, struct kid kid)
{
    uint64_t h = 0;

    for (int i = 0; i < KID_SIZE; i++)
        h = (h ^ kid.bytes[i]) * UINT64_C(0x100000001B3); /* FNV-1a */
    size_t slot = (size_t)(h >> 20) & (evidence->speaker_table_size - 1);
    for (;; slot = (slot + 1) & (evidence->speaker_table_size - 1)) {
        const uint32_t index = evidence->speaker_table[slot];
        if (!index || kid_compare(evidence->speakers[index - 1].kid, kid) == 0)
            return slot;
    }
}

static void speakers_double(struct evidence *evidence)
{
    free(evidence->speaker_table);
    evidence->speaker_table_size *= 2;
    evidence->speaker_table = room_zeroed(evidence->speaker_table_size, sizeof *evidence->speaker_table);
    for (size_t i = 0; i < evidence->n_speakers; i++)
        evidence->speaker_table[speaker_slot(evidence, evidence->speakers[i].kid)] = (uint32_t)(i + 1);
}

bool evidence_index_speakers(struct evidence *evidence)
{
    while (2 * (evidence->n_speakers + 1) > evidence->speaker_table_size)
        evidence->speaker_table_size *= 2;
    free(evidence->speaker_table);
    evidence->speaker_table = room_zeroed(evidence->speaker_table_size, sizeof *evidence->speaker_table);
    for (size_t i = 0; i < evidence->n_speakers; i++) {
        uint32_t *slot = &evidence->speaker_table[speaker_slot(evidence, evidence->speakers[i].kid)];
        if (*slot)
            return false;
        *slot = (uint32_t)(i + 1);
    }
    return true;
}

static uint32_t speaker_index(struct evidence *evidence, struct kid kid, bool is_phone)
{
    const uint32_t known = evidence->speaker_table[speaker_slot(evidence, kid)];

    if (known)
        return known - 1;
    if (2 * (evidence->n_speakers + 1) > evidence->speaker_table_size)
        speakers_double(evidence);
    ROOM(evidence->speakers, evidence->speaker_capacity, evidence->n_speakers + 1);
    evidence->speakers[evidence->n_speakers] = (struct speaker){.kid = kid, .is_phone = is_phone};
    evidence->speaker_table[speaker_slot(evidence, kid)] = (uint32_t)(evidence->n_speakers + 1);
    return (uint32_t)evidence->n_speakers++;
}

/* ---- passes -------------------------------------------------------------------------------------------- */

static struct grid_point to_frame(const struct evidence *evidence, enum frame frame, struct grid_point at)
{
    if (frame == FRAME_ITRF_CURRENT) {
        at.e_mm += evidence->config.frame_de_mm;
        at.n_mm += evidence->config.frame_dn_mm;
    }
    return at;
}

static void note_time(struct evidence *evidence, int64_t time_ns)
{
    if (time_ns > evidence->newest_ns)
        evidence->newest_ns = time_ns;
}

/* In front of those of its hour: they came before. */
static void chain_insert(struct evidence *evidence, struct block *block, uint32_t number)
{
    const uint32_t hour = stretch_at(&evidence->stretches, number)->hour;
    uint32_t *link = &block->newest;

    while (*link && stretch_at(&evidence->stretches, *link)->hour > hour)
        link = &stretch_at(&evidence->stretches, *link)->next;
    stretch_at(&evidence->stretches, number)->next = *link;
    *link = number;
}

static void take_stretch(void *context, int32_t column, int32_t row, const struct stretch *head,
                         const struct stretch_point *points)
{
    struct evidence *evidence = context;
    struct block *block = evidence_block_make(evidence, column, row);
    const uint32_t number = stretches_add(&evidence->stretches, head, points,
                                          evidence->speakers[head->speaker].is_phone);
    const struct stretch *stretch = stretch_at(&evidence->stretches, number);

    chain_insert(evidence, block, number);
    coverage_deposit(evidence, block, stretch);
    if (block->n_near && evidence->on_stretch)
        evidence->on_stretch(evidence->on_stretch_context, block, stretch);
}

static void turn_early(struct evidence *evidence)
{
    const int64_t day = evidence->newest_ns / NS_PER_DAY;

    if (evidence->day == NO_DAY || day >= evidence->day + TURN_AT_LEAST_DAYS)
        evidence_turn(evidence, day);
}

static bool is_too_old(const struct evidence *evidence, const struct pass *pass)
{
    return evidence->day != NO_DAY &&
           pass->points[0].time_ns / NS_PER_DAY < evidence->day - evidence->config.evidence_days;
}

static void add_pass(struct evidence *evidence, const struct pass *pass, uint32_t speaker)
{
    const struct stretch head = {.speaker = speaker,
                                 .half_track_mm = pass->half_track_mm,
                                 .sensor = (uint8_t)pass->sensor,
                                 .gnss = (uint8_t)pass->gnss};
    const struct stretch_taker taker = {take_stretch, evidence};

    evidence->n_passes++;
    note_time(evidence, pass->points[pass->n_points - 1].time_ns);
    turn_early(evidence);
    if (is_too_old(evidence, pass)) {
        evidence->passes_too_old++;
        return;
    }
    ROOM(evidence->points, evidence->point_capacity, pass->n_points);
    for (size_t i = 0; i < pass->n_points; i++) {
        const struct pass_point *p = &pass->points[i];
        evidence->points[i] = (struct road_point){to_frame(evidence, pass->frame, p->at), p->time_ns, p->sigma_cm,
                                                  p->iri_centi};
    }
    pieces_drive(evidence, speaker, pass->sensor == SENSE_CAMERA, evidence->points, pass->n_points);
    cutter_cut(evidence->cutter, &head, evidence->points, pass->n_points, &taker);
}

/* Takes out of the chains what is too old. */
static void forget_old(struct evidence *evidence, int64_t first_day, int64_t first_phone_day)
{
    for (size_t i = 0; i < evidence->n_blocks; i++) {
        uint32_t *link = &evidence_block_at(evidence, i)->newest;
        while (*link) {
            struct stretch *stretch = stretch_at(&evidence->stretches, *link);
            const bool is_phone = evidence->speakers[stretch->speaker].is_phone;
            if (stretch->hour / HOURS_PER_DAY >= (is_phone ? first_phone_day : first_day))
                link = &stretch->next;
            else
                *link = stretch->next;
        }
    }
    stretches_forget(&evidence->stretches, first_day, first_phone_day);
}

void evidence_turn(struct evidence *evidence, int64_t day)
{
    if (evidence->day != NO_DAY && day <= evidence->day)
        return;
    for (size_t i = 0; i < evidence->n_work; i++)
        if (evidence->work[i]->work & WORK_FOLD) { /* while their days are plain */
            coverage_fold(evidence, evidence->work[i]);
            evidence->work[i]->work &= (uint8_t)~WORK_FOLD;
        }
    coverage_sweep(evidence, day);
    evidence->day = day;
    forget_old(evidence, day - evidence->config.evidence_days, day - evidence->config.phone_days);
}

/* ---- sightings ----------------------------------------------------------------------------------------- */

static struct grid_covariance honest_covariance(int32_t ee_cm2, int32_t en_cm2, int32_t nn_cm2)
{
    return (struct grid_covariance){ee_cm2 * MM2_PER_CM2 + COVARIANCE_FLOOR_MM2, en_cm2 * MM2_PER_CM2,
                                    nn_cm2 * MM2_PER_CM2 + COVARIANCE_FLOOR_MM2};
}

static void keep_sighting(struct evidence *evidence, struct sighting *s)
{
    double minor_mm, bearing_deg;

    note_time(evidence, s->event.time_ns);
    covariance_axes(s->covariance, &s->sigma_mm, &minor_mm, &bearing_deg);
    if (!(s->sigma_mm <= PLACED_SIGMA_MM_MAX)) {
        evidence->sightings_unplaced++;
        return;
    }
    ROOM(evidence->sightings, evidence->sighting_capacity, evidence->n_sightings + 1);
    struct block *block = evidence_block_make(evidence, block_coordinate(s->at.e_mm), block_coordinate(s->at.n_mm));
    number_add(&block_findings(block)->sightings, (uint32_t)evidence->n_sightings);
    evidence->sightings[evidence->n_sightings++] = *s;
    evidence->n_features += s->kind != FEATURE_NONE;
}

static void add_detection(struct evidence *evidence, const struct batch *batch, uint32_t index, uint32_t speaker)
{
    const struct detection *d = &batch->detections[index];
    const struct pass *pass = &batch->passes[d->pass];
    struct sighting s = {.event = {d->time_ns, evidence->speakers[speaker].kid, batch->seq, index},
                         .speaker = speaker,
                         .type = d->type,
                         .severity = d->severity,
                         .sensor = d->sensor,
                         .gnss = pass->gnss,
                         .confidence_permille = d->confidence_permille,
                         .heading_cdeg = d->heading_cdeg,
                         .speed_cmps = d->speed_cmps,
                         .at = to_frame(evidence, pass->frame, d->at),
                         .covariance = honest_covariance(d->cov_ee_cm2, d->cov_en_cm2, d->cov_nn_cm2),
                         .size_milli = d->size_milli,
                         .size_sigma_milli = d->size_sigma_milli,
                         .strength_milli = d->strength_milli,
                         .strength_sigma_milli = d->strength_sigma_milli};

    keep_sighting(evidence, &s);
}

static void add_feature(struct evidence *evidence, const struct batch *batch, uint32_t index, uint32_t speaker)
{
    const struct feature_sighting *f = &batch->features[index];
    const struct pass *pass = &batch->passes[f->pass];
    struct sighting s = {.event = {f->time_ns, evidence->speakers[speaker].kid, batch->seq,
                                   BATCH_DETECTIONS_MAX + index},
                         .speaker = speaker,
                         .kind = f->kind,
                         .type = feature_defect(f->kind),
                         .sensor = SENSE_MOTION,
                         .gnss = pass->gnss,
                         .confidence_permille = f->confidence_permille,
                         .heading_cdeg = f->heading_cdeg,
                         .speed_cmps = f->speed_cmps,
                         .at = to_frame(evidence, pass->frame, f->at),
                         .covariance = honest_covariance(f->cov_ee_cm2, f->cov_en_cm2, f->cov_nn_cm2),
                         .strength_milli = f->strength_milli,
                         .strength_sigma_milli = f->strength_sigma_milli};

    keep_sighting(evidence, &s);
}

uint32_t evidence_speaker(const struct evidence *evidence, struct kid kid)
{
    return evidence->speaker_table[speaker_slot(evidence, kid)] - 1;
}

void evidence_add(struct evidence *evidence, const struct batch *batch, struct kid kid, bool is_phone)
{
    const uint32_t speaker = speaker_index(evidence, kid, is_phone);

    evidence->unplaced_cm += batch->unplaced_cm;
    for (size_t i = 0; i < batch->n_passes; i++)
        add_pass(evidence, &batch->passes[i], speaker);
    for (uint32_t i = 0; i < batch->n_detections; i++)
        add_detection(evidence, batch, i, speaker);
    for (uint32_t i = 0; i < batch->n_features; i++)
        add_feature(evidence, batch, i, speaker);
}
