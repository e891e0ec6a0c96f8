#include "gateway/evidence.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/coverage.h"
#include "gateway/room.h"

#define MM2_PER_CM2 100.0
#define TABLE_FIRST 1024
/* A receiver that claims less than 1 cm is not believed: the wire's resolution ends there. */
#define COVARIANCE_FLOOR_MM2 100.0

const uint16_t square_offset[COVER_LEVEL_MAX + 2] = {0, 4096, 5120, 5376, 5440, 5456, 5460};

void evidence_init(struct evidence *evidence, const struct evidence_config *config)
{
    memset(evidence, 0, sizeof *evidence);
    evidence->config = *config;
    evidence->table_size = TABLE_FIRST;
    evidence->table = room_zeroed(TABLE_FIRST, sizeof *evidence->table);
    evidence->newest_ns = INT64_MIN;
}

static void block_free(struct block *block)
{
    for (size_t i = 0; i < block->n_visits; i++) {
        free(block->visits[i].deposits);
        free(block->visits[i].runs);
    }
    free(block->visits);
    free(block->stretches);
    free(block->sightings);
    free(block->defects);
    free(block->painted);
    free(block->on_pieces);
    free(block->said);
    free(block);
}

void evidence_done(struct evidence *evidence)
{
    for (size_t i = 0; i < evidence->n_blocks; i++)
        block_free(evidence->blocks[i]);
    for (size_t i = 0; i < evidence->n_tracks; i++)
        free(evidence->tracks[i].points);
    free(evidence->blocks);
    free(evidence->table);
    free(evidence->tracks);
    free(evidence->sightings);
    free(evidence->speakers);
    memset(evidence, 0, sizeof *evidence);
}

int32_t block_coordinate(int64_t mm)
{
    return (int32_t)((mm >= 0 ? mm : mm - (BLOCK_MM - 1)) / BLOCK_MM);
}

/* Spreads six bits: abcdef -> 0a0b0c0d0e0f. */
static uint32_t spread(uint32_t v)
{
    v = (v | v << 8) & 0x00FF00FF;
    v = (v | v << 4) & 0x0F0F0F0F;
    v = (v | v << 2) & 0x33333333;
    return (v | v << 1) & 0x55555555;
}

uint16_t square_index(int level, int64_t in_block_e_mm, int64_t in_block_n_mm)
{
    const uint32_t i = (uint32_t)(in_block_e_mm / 1000) >> level, j = (uint32_t)(in_block_n_mm / 1000) >> level;

    return (uint16_t)(square_offset[level] + (spread(j) << 1 | spread(i)));
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

struct cell square_cell(const struct block *block, uint16_t square)
{
    const int level = square_level(square);
    const uint64_t local = (uint64_t)(square - square_offset[level]);

    return (struct cell){block->base + (local << (2 * level + 1)) + (UINT64_C(1) << (2 * level))};
}

static size_t table_slot(const struct evidence *evidence, int32_t column, int32_t row)
{
    uint64_t h = ((uint64_t)(uint32_t)column << 32 | (uint32_t)row) * UINT64_C(0x9E3779B97F4A7C15);
    size_t slot = (size_t)(h >> 32) & (evidence->table_size - 1);

    for (;; slot = (slot + 1) & (evidence->table_size - 1)) {
        const uint32_t index = evidence->table[slot];
        if (!index)
            return slot;
        const struct block *block = evidence->blocks[index - 1];
        if (block->column == column && block->row == row)
            return slot;
    }
}

struct block *evidence_block(const struct evidence *evidence, int32_t column, int32_t row)
{
    const uint32_t index = evidence->table[table_slot(evidence, column, row)];

    return index ? evidence->blocks[index - 1] : NULL;
}

static void table_double(struct evidence *evidence)
{
    free(evidence->table);
    evidence->table_size *= 2;
    evidence->table = room_zeroed(evidence->table_size, sizeof *evidence->table);
    for (size_t i = 0; i < evidence->n_blocks; i++)
        evidence->table[table_slot(evidence, evidence->blocks[i]->column, evidence->blocks[i]->row)] = (uint32_t)(i + 1);
}

struct block *evidence_block_make(struct evidence *evidence, int32_t column, int32_t row)
{
    struct block *block = evidence_block(evidence, column, row);
    struct cell cell = {0};

    if (block)
        return block;
    if (2 * (evidence->n_blocks + 1) > evidence->table_size)
        table_double(evidence);
    block = room_zeroed(1, sizeof *block);
    block->column = column;
    block->row = row;
    const struct grid_point corner = {(int64_t)column * BLOCK_MM, (int64_t)row * BLOCK_MM};
    if (cell_from_point(evidence->config.zone, corner, BLOCK_LEVEL, &cell) == ROAD_OK)
        block->base = cell.id - (UINT64_C(1) << (2 * BLOCK_LEVEL));
    ROOM(evidence->blocks, evidence->block_capacity, evidence->n_blocks + 1);
    evidence->table[table_slot(evidence, column, row)] = (uint32_t)(evidence->n_blocks + 1);
    evidence->blocks[evidence->n_blocks++] = block;
    return block;
}

struct block *evidence_block_of_cell(struct evidence *evidence, struct cell cell)
{
    const struct grid_point corner = cell_corner(cell);

    return evidence_block_make(evidence, block_coordinate(corner.e_mm), block_coordinate(corner.n_mm));
}

static uint32_t speaker_index(struct evidence *evidence, struct kid kid, bool is_phone)
{
    for (size_t i = 0; i < evidence->n_speakers; i++)
        if (kid_compare(evidence->speakers[i].kid, kid) == 0)
            return (uint32_t)i;
    ROOM(evidence->speakers, evidence->speaker_capacity, evidence->n_speakers + 1);
    evidence->speakers[evidence->n_speakers] = (struct speaker){kid, is_phone};
    return (uint32_t)evidence->n_speakers++;
}

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

static uint32_t add_track(struct evidence *evidence, const struct pass *pass, uint32_t speaker)
{
    ROOM(evidence->tracks, evidence->track_capacity, evidence->n_tracks + 1);
    struct track *track = &evidence->tracks[evidence->n_tracks];

    *track = (struct track){.speaker = speaker,
                            .sensor = pass->sensor,
                            .gnss = pass->gnss,
                            .half_track_mm = pass->half_track_mm,
                            .n_points = (uint32_t)pass->n_points};
    track->points = room_zeroed(pass->n_points, sizeof *track->points);
    for (size_t i = 0; i < pass->n_points; i++) {
        const struct pass_point *p = &pass->points[i];
        track->points[i] = (struct track_point){to_frame(evidence, pass->frame, p->at), p->time_ns, p->sigma_cm,
                                                p->iri_centi};
        note_time(evidence, p->time_ns);
    }
    return (uint32_t)evidence->n_tracks++;
}

/* Blocks that the segment or one of its wheel tracks may touch: those of its box, widened. */
struct span {
    int32_t column0, column1, row0, row1;
};

static struct span segment_span(const struct track *track, uint32_t segment)
{
    const struct grid_point a = track->points[segment].at, b = track->points[segment + 1].at;
    const int64_t wide = track->half_track_mm + 2000; /* a camera looks 1.5 m to each side */

    return (struct span){block_coordinate((a.e_mm < b.e_mm ? a.e_mm : b.e_mm) - wide),
                         block_coordinate((a.e_mm > b.e_mm ? a.e_mm : b.e_mm) + wide),
                         block_coordinate((a.n_mm < b.n_mm ? a.n_mm : b.n_mm) - wide),
                         block_coordinate((a.n_mm > b.n_mm ? a.n_mm : b.n_mm) + wide)};
}

static void register_segment(struct evidence *evidence, uint32_t track, uint32_t segment)
{
    const struct span span = segment_span(&evidence->tracks[track], segment);

    for (int32_t row = span.row0; row <= span.row1; row++)
        for (int32_t column = span.column0; column <= span.column1; column++) {
            struct block *block = evidence_block_make(evidence, column, row);
            struct stretch *last = block->n_stretches ? &block->stretches[block->n_stretches - 1] : NULL;
            block->is_dirty = block->is_near_new_pass = true;
            if (last && last->track == track && last->last + 1 == segment) {
                last->last = segment;
                continue;
            }
            ROOM(block->stretches, block->stretch_capacity, block->n_stretches + 1);
            block->stretches[block->n_stretches++] = (struct stretch){track, segment, segment};
        }
}

/* Every stretch of the track, block by block: the newest stretches of the blocks it touches. */
static void deposit_track(struct evidence *evidence, uint32_t track)
{
    const struct track *t = &evidence->tracks[track];

    for (uint32_t segment = 0; segment + 1 < t->n_points; segment++) {
        const struct span span = segment_span(t, segment);
        for (int32_t row = span.row0; row <= span.row1; row++)
            for (int32_t column = span.column0; column <= span.column1; column++) {
                struct block *block = evidence_block(evidence, column, row);
                for (size_t i = block->n_stretches; i-- > 0 && block->stretches[i].track == track;)
                    if (block->stretches[i].first == segment)
                        coverage_deposit(evidence, block, track, segment, block->stretches[i].last);
            }
    }
}

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
    ROOM(block->sightings, block->sighting_capacity, block->n_sightings + 1);
    block->sightings[block->n_sightings++] = (uint32_t)evidence->n_sightings;
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

void evidence_add(struct evidence *evidence, const struct batch *batch, struct kid kid, bool is_phone)
{
    const uint32_t speaker = speaker_index(evidence, kid, is_phone);

    evidence->unplaced_cm += batch->unplaced_cm;
    for (size_t i = 0; i < batch->n_passes; i++) {
        const uint32_t track = add_track(evidence, &batch->passes[i], speaker);
        for (uint32_t s = 0; s + 1 < evidence->tracks[track].n_points; s++)
            register_segment(evidence, track, s);
        deposit_track(evidence, track);
    }
    for (uint32_t i = 0; i < batch->n_detections; i++)
        add_detection(evidence, batch, i, speaker);
    for (uint32_t i = 0; i < batch->n_features; i++)
        add_feature(evidence, batch, i, speaker);
}
