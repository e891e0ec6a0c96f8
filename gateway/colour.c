/* colour.c - codes of squares and of pieces of road.
 *
 * A block is folded whole: for each visit the squares it watched and all their ancestors count once, then every
 * known square is decided. Known are: squares that a pass wrote to at the level its position supports, the 4 m
 * squares above finer ones (so that the strip between two wheel tracks is known), and squares that a confirmed defect
 * is painted on. A square of 1 m has only its own defects; a coarser one also those painted on squares around it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/beliefs.h"
#include "gateway/coverage.h"
#include "gateway/room.h"

#define STRIP_LEVEL 2
#define DEFECTS_A_SQUARE_MAX 16
#define NEWEST_RIDES 3

/* ---- a defect's place on the map ----------------------------------------------------------------------- */

static void leave(uint32_t *list, size_t *n, uint32_t defect)
{
    for (size_t i = 0; i < *n; i++)
        if (list[i] == defect) {
            list[i] = list[--*n];
            return;
        }
}

static void unpaint(struct beliefs *beliefs, const struct defect *defect, uint32_t index)
{
    for (size_t i = 0; i < defect->n_cells; i++) {
        struct block *block = evidence_block_of_cell(&beliefs->evidence, defect->cells[i]);
        for (size_t k = 0; k < block->n_painted; k++)
            if (block->painted[k].defect == index)
                block->painted[k--] = block->painted[--block->n_painted];
        block->is_dirty = true;
    }
}

static void leave_street(struct defect *defect, uint32_t index)
{
    if (!defect->street)
        return;
    for (size_t k = 0; k < defect->street->n_on_pieces; k++)
        if (defect->street->on_pieces[k].defect == index)
            defect->street->on_pieces[k--] = defect->street->on_pieces[--defect->street->n_on_pieces];
    defect->street->is_dirty = true;
    defect->street = NULL;
}

static void paint(struct beliefs *beliefs, struct defect *defect, uint32_t index)
{
    const double whole = defect_area_m2(defect->belief.type);
    double mass[PAINTED_MAX], sum = 0;

    if (cells_to_paint(beliefs->config.evidence.zone, defect->belief.at, defect->covariance, defect->cells,
                       &defect->n_cells) != ROAD_OK)
        defect->n_cells = 0;
    for (size_t i = 0; i < defect->n_cells; i++)
        sum += mass[i] = fmax(cell_probability(defect->cells[i], defect->belief.at, defect->covariance), 1e-9);
    for (size_t i = 0; i < defect->n_cells; i++) {
        struct block *block = evidence_block_of_cell(&beliefs->evidence, defect->cells[i]);
        const double side = (double)cell_size_mm(defect->cells[i]) / 1000;
        ROOM(block->painted, block->painted_capacity, block->n_painted + 1);
        block->painted[block->n_painted++] =
            (struct painted){square_of_cell(defect->cells[i]), index, fmin(whole * mass[i] / sum, side * side)};
        block->is_dirty = true;
    }
}

static bool was_driven(const struct block *block, unsigned piece)
{
    for (size_t i = 0; i < block->n_visits; i++)
        for (size_t k = 0; k < block->visits[i].n_runs; k++)
            if (block->visits[i].runs[k].piece == piece)
                return true;
    return false;
}

/* One defect colours one piece of road, however poor its position: the most probable square's that was driven,
 * in its own direction if it can be. */
static void find_street(struct beliefs *beliefs, struct defect *defect, uint32_t index)
{
    const unsigned heading = beliefs->evidence.sightings[defect->members[0]].heading_cdeg;
    const unsigned quadrant = (heading + 4500) / 9000 % 4;
    static const unsigned turns[4] = {0, 2, 1, 3};

    for (size_t i = 0; i < defect->n_cells; i++) {
        struct cell square = cell_parent(defect->cells[i], PIECE_LEVEL);
        struct block *block = evidence_block_of_cell(&beliefs->evidence, square);
        const unsigned first = (unsigned)(square_of_cell(square) - square_offset[PIECE_LEVEL]) * 4;
        for (unsigned turn = 0; turn < 4; turn++) {
            const unsigned piece = first + (quadrant + turns[turn]) % 4;
            if (!was_driven(block, piece))
                continue;
            defect->street = block;
            defect->piece = (uint8_t)piece;
            ROOM(block->on_pieces, block->on_piece_capacity, block->n_on_pieces + 1);
            block->on_pieces[block->n_on_pieces++] = (struct on_piece){(uint8_t)piece, index};
            block->is_dirty = true;
            return;
        }
    }
}

void colour_place(struct beliefs *beliefs, uint32_t index)
{
    struct defect *defect = &beliefs->defects[index];

    unpaint(beliefs, defect, index);
    leave_street(defect, index);
    if (defect->home)
        leave(defect->home->defects, &defect->home->n_defects, index);
    defect->home = NULL;
    defect->n_cells = 0;
    shaken_mark(beliefs, defect);
    if (!defect->is_live)
        return;
    struct block *home = evidence_block_make(&beliefs->evidence, block_coordinate(defect->belief.at.e_mm),
                                             block_coordinate(defect->belief.at.n_mm));
    ROOM(home->defects, home->defect_capacity, home->n_defects + 1);
    home->defects[home->n_defects++] = index;
    defect->home = home;
    if (defect->belief.state != DEFECT_CONFIRMED)
        return;
    paint(beliefs, defect, index);
    find_street(beliefs, defect, index);
}

/* ---- the fold of a block ------------------------------------------------------------------------------- */

/* Every square of the block, all levels; one at a time is in use. */
struct square_sum {
    uint64_t coverage; /* sum of w * Pd within the stale limit, of WATCHED_ONE */
    int64_t seen_ns;
    uint8_t quadrants;
    bool is_known, is_painted;
};

struct ride {
    int64_t hour;
    struct kid kid;
    double iri_centi;
};

struct piece_sum {
    bool is_driven;
    uint64_t coverage;
    int64_t seen_ns;
    struct ride newest[NEWEST_RIDES];
    int n_rides;
    double iri_centi; /* NAN unknown */
    int bad_rides;
};

struct fold {
    struct beliefs *beliefs;
    struct block *block;
    struct square_sum squares[SQUARES_IN_BLOCK];
    struct piece_sum pieces[PIECES_IN_BLOCK];
    uint16_t unit[SQUARES_IN_BLOCK]; /* of the visit at hand */
    uint16_t touched[SQUARES_IN_BLOCK * 2];
    size_t n_touched;
};

static double stale_days(const struct beliefs *beliefs)
{
    return beliefs->config.rules.stale_cadences * beliefs->config.rules.cadence_d[beliefs->config.road_class];
}

/* Whole days, so that codes move with the day and not with the minute. */
static double age_days(const struct beliefs *beliefs, int64_t seen_ns)
{
    return seen_ns == INT64_MIN ? INFINITY : fmax(0, (double)(beliefs->day - seen_ns / NS_PER_DAY));
}

static void raise_unit(struct fold *fold, uint16_t square, uint16_t watched, uint8_t quadrants)
{
    if (!fold->unit[square])
        fold->touched[fold->n_touched++] = square;
    if (watched > fold->unit[square])
        fold->unit[square] = watched;
    fold->squares[square].quadrants |= quadrants;
}

/* One visit counts once in a square and in each ancestor: with the best of what it watched there. */
static void fold_visit(struct fold *fold, const struct visit *visit)
{
    const bool is_fresh = age_days(fold->beliefs, visit->last_ns) <= stale_days(fold->beliefs);

    fold->n_touched = 0;
    for (size_t i = 0; i < visit->n_deposits; i++) {
        const struct deposit *d = &visit->deposits[i];
        const uint16_t watched = d->watched ? d->watched : 1;
        uint16_t square = d->square;
        int level = square_level(square);
        fold->squares[square].is_known = true;
        raise_unit(fold, square, watched, d->quadrants);
        for (; level < COVER_LEVEL_MAX; level++) {
            square = square_parent(square, level);
            if (level + 1 == STRIP_LEVEL)
                fold->squares[square].is_known = true;
            raise_unit(fold, square, watched, d->quadrants);
        }
    }
    for (size_t i = 0; i < fold->n_touched; i++) {
        struct square_sum *sum = &fold->squares[fold->touched[i]];
        if (is_fresh)
            sum->coverage += fold->unit[fold->touched[i]];
        if (visit->last_ns > sum->seen_ns)
            sum->seen_ns = visit->last_ns;
    }
}

static int by_piece_and_time(const void *a, const void *b)
{
    const struct run *x = a, *y = b;

    if (x->piece != y->piece)
        return x->piece < y->piece ? -1 : 1;
    if (x->from_ns != y->from_ns)
        return x->from_ns < y->from_ns ? -1 : 1;
    return (x->length_mm > y->length_mm) - (x->length_mm < y->length_mm);
}

static bool is_newer(const struct ride *a, const struct ride *b)
{
    return a->hour != b->hour ? a->hour > b->hour : kid_compare(a->kid, b->kid) > 0;
}

static void add_ride(struct piece_sum *piece, struct ride ride)
{
    int at = piece->n_rides;

    while (at > 0 && is_newer(&ride, &piece->newest[at - 1]))
        at--;
    if (at == NEWEST_RIDES)
        return;
    piece->n_rides += piece->n_rides < NEWEST_RIDES;
    for (int i = piece->n_rides - 1; i > at; i--)
        piece->newest[i] = piece->newest[i - 1];
    piece->newest[at] = ride;
}

static void fold_runs_of_piece(struct fold *fold, const struct visit *visit, const struct run *runs, size_t n)
{
    struct piece_sum *piece = &fold->pieces[runs->piece];
    uint64_t iri_sum = 0, iri_length = 0;

    piece->is_driven = true;
    for (size_t i = 0; i < n; i++) {
        iri_sum += runs[i].iri_sum;
        iri_length += runs[i].iri_length_mm;
    }
    if (iri_length)
        add_ride(piece, (struct ride){visit->hour, fold->beliefs->evidence.speakers[visit->speaker].kid,
                                      (double)iri_sum / (double)iri_length});
    const uint16_t square = (uint16_t)(square_offset[PIECE_LEVEL] + runs->piece / 4);
    const uint16_t coarse = square_parent(square, PIECE_LEVEL);
    if (age_days(fold->beliefs, visit->last_ns) <= stale_days(fold->beliefs))
        piece->coverage += fold->unit[square] ? fold->unit[square] : fold->unit[coarse];
    if (visit->last_ns > piece->seen_ns)
        piece->seen_ns = visit->last_ns;
}

static void fold_runs(struct fold *fold, struct visit *visit)
{
    if (visit->n_runs == 0)
        return;
    qsort(visit->runs, visit->n_runs, sizeof *visit->runs, by_piece_and_time);
    for (size_t i = 0, k; i < visit->n_runs; i = k) {
        for (k = i + 1; k < visit->n_runs && visit->runs[k].piece == visit->runs[i].piece;)
            k++;
        fold_runs_of_piece(fold, visit, &visit->runs[i], k - i);
    }
}

static void forget_unit(struct fold *fold)
{
    for (size_t i = 0; i < fold->n_touched; i++)
        fold->unit[fold->touched[i]] = 0;
}

/* The newest three passes decide; a bad one is grade D by itself. Where a feature shakes the car none does. */
static void settle_rides(struct fold *fold)
{
    const struct beliefs_config *config = &fold->beliefs->config;
    const uint64_t shaken = shaken_pieces(fold->beliefs, fold->block);

    for (unsigned p = 0; p < PIECES_IN_BLOCK; p++) {
        struct piece_sum *piece = &fold->pieces[p];
        double sum = 0;
        if (shaken >> p & 1)
            continue;
        for (int i = 0; i < piece->n_rides; i++) {
            sum += piece->newest[i].iri_centi;
            piece->bad_rides +=
                code_grade(config->rules.rqi_floor[config->road_class], code_rqi(piece->newest[i].iri_centi / 100)) == 3;
        }
        piece->iri_centi = piece->n_rides ? sum / piece->n_rides : NAN;
    }
}

/* ---- deciding ------------------------------------------------------------------------------------------ */

struct local_defects {
    struct code_defect defects[DEFECTS_A_SQUARE_MAX];
    uint32_t indices[DEFECTS_A_SQUARE_MAX];
    size_t n;
};

static void add_local(const struct fold *fold, struct local_defects *local, uint32_t index, double area_m2)
{
    const struct defect_belief *belief = &fold->beliefs->defects[index].belief;

    if (local->n == DEFECTS_A_SQUARE_MAX)
        return; /* sorted by name: always the same ones */
    local->indices[local->n] = index;
    local->defects[local->n++] = (struct code_defect){.type = belief->type,
                                                      .severity = belief->severity,
                                                      .posterior = belief->posterior_permille / 1000.0,
                                                      .area_m2 = area_m2,
                                                      .may_be_red = belief->may_be_red};
}

/* Painted squares of the block, sorted by the defects' names. */
static void gather(const struct fold *fold, uint16_t square, int level, struct local_defects *local)
{
    const struct block *block = fold->block;

    local->n = 0;
    for (size_t i = 0; i < block->n_painted; i++) {
        uint16_t at = square;
        double share = 1;
        for (int l = level; at != block->painted[i].square && level > 0 && l < COVER_LEVEL_MAX; l++) {
            at = square_parent(at, l);
            share /= 4;
        }
        if (at == block->painted[i].square)
            add_local(fold, local, block->painted[i].defect, block->painted[i].area_m2 * share);
    }
}

/* The nearest ancestor with evidence speaks for a square that has none of its own. */
static const struct square_sum *evidence_of(const struct fold *fold, uint16_t square, int level)
{
    const struct square_sum *sum = &fold->squares[square];

    for (; sum->seen_ns == INT64_MIN && level < COVER_LEVEL_MAX; level++) {
        square = square_parent(square, level);
        sum = &fold->squares[square];
    }
    return sum;
}

/* The worst piece of road that was driven through the square. */
static const struct piece_sum *ride_of(const struct fold *fold, uint16_t square, int level, uint8_t quadrants)
{
    const struct piece_sum *worst = NULL;
    const int span = level > PIECE_LEVEL ? 4 : 1;

    while (level < PIECE_LEVEL)
        square = square_parent(square, level++);
    const unsigned first = level > PIECE_LEVEL ? (unsigned)(square - square_offset[level]) * 4
                                               : (unsigned)(square - square_offset[PIECE_LEVEL]);
    for (unsigned s = first; s < first + (unsigned)span; s++)
        for (unsigned q = 0; q < 4; q++) {
            const struct piece_sum *piece = &fold->pieces[s * 4 + q];
            if ((quadrants >> q & 1) && !isnan(piece->iri_centi) && (!worst || piece->iri_centi > worst->iri_centi))
                worst = piece;
        }
    return worst;
}

static uint16_t clip16(double value)
{
    return (uint16_t)lround(fmin(fmax(value, 0), UINT16_MAX));
}

static void give_reason(const struct fold *fold, const struct local_defects *local, const struct code_input *input,
                        const struct code_verdict *verdict, int64_t seen_ns, struct cell_change *change)
{
    struct code_reason *r = &change->reason;

    *r = (struct code_reason){.code = verdict->code,
                              .channel = verdict->channel,
                              .is_pale = verdict->is_pale,
                              .csi = (uint8_t)lround(fmin(fmax(verdict->csi, 0), 100)),
                              .iri_centi = isnan(input->iri_mpkm) ? IRI_UNKNOWN : clip16(input->iri_mpkm * 100),
                              .coverage_centi = clip16(input->coverage * 100),
                              .seen_ns = seen_ns == INT64_MIN ? 0 : seen_ns}; /* 0 = never */
    if (verdict->top_defect < 0)
        return;
    const struct defect_belief *b = &fold->beliefs->defects[local->indices[verdict->top_defect]].belief;
    r->type = (uint8_t)b->type;
    r->severity = (uint8_t)b->severity;
    r->posterior_permille = b->posterior_permille;
    r->size_milli = b->size_milli;
    r->size_sigma_milli = b->size_sigma_milli;
    r->hits = b->hits;
    r->passes = b->passes;
    r->motion_hits = b->motion_hits;
    r->camera_hits = b->camera_hits;
    change->has_defect = true;
    change->defect = b->id;
}

static void decide_square(const struct fold *fold, uint16_t square, struct cell_change *ret_change)
{
    const struct beliefs *beliefs = fold->beliefs;
    const int level = square_level(square);
    const struct square_sum *sum = evidence_of(fold, square, level);
    const struct piece_sum *ride = ride_of(fold, square, level, sum->quadrants);
    const double side = 1 << level;
    struct local_defects local;
    struct code_verdict verdict;
    int64_t seen_ns = sum->seen_ns;

    gather(fold, square, level, &local);
    for (size_t i = 0; i < local.n; i++)
        if (beliefs->defects[local.indices[i]].belief.last_ns > seen_ns)
            seen_ns = beliefs->defects[local.indices[i]].belief.last_ns;
    const struct code_input input = {.road_class = beliefs->config.road_class,
                                     .defects = local.defects,
                                     .n_defects = local.n,
                                     .cell_area_m2 = side * side,
                                     .iri_mpkm = ride ? ride->iri_centi / 100 : NAN,
                                     .ride_passes = ride ? ride->bad_rides : 0,
                                     .coverage = (double)sum->coverage / WATCHED_ONE,
                                     .age_d = age_days(beliefs, seen_ns),
                                     .before = CODE_GREY};
    code_decide(&beliefs->config.rules, &input, &verdict);
    memset(ret_change, 0, sizeof *ret_change);
    ret_change->cell = square_cell(fold->block, square);
    give_reason(fold, &local, &input, &verdict, seen_ns, ret_change);
}

/* ---- what moved ---------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 29;
}

/* Equal keys are not told again: the code, its reason and its day; with a defect all its numbers. 0 for grey. */
static uint64_t key_of(const struct cell_change *c)
{
    const struct code_reason *r = &c->reason;
    uint64_t key = 1;

    if (r->code == CODE_GREY)
        return 0;
    key = mix(key, (uint64_t)r->code | (uint64_t)r->channel << 8 | (uint64_t)r->is_pale << 16);
    key = mix(key, (uint64_t)(r->seen_ns / NS_PER_DAY));
    if (c->has_defect) {
        key = mix(mix(key, (uint64_t)c->defect.time_ns), c->defect.seq << 16 | (c->defect.index & 0xFFFF));
        key = mix(key, (uint64_t)r->type | (uint64_t)r->severity << 8 | (uint64_t)r->csi << 16 |
                           (uint64_t)r->posterior_permille << 32);
        key = mix(key, (uint64_t)(uint32_t)r->size_milli | (uint64_t)r->hits << 32 | (uint64_t)r->passes << 48);
    }
    return key | 1;
}

static void tell_square(struct delta *delta, const struct cell_change *change)
{
    if (!delta)
        return;
    ROOM(delta->cells, delta->cell_capacity, delta->n_cells + 1);
    delta->cells[delta->n_cells++] = *change;
}

/* Walks the old list and the new squares side by side, both ascending. */
static void decide_squares(struct fold *fold, struct delta *delta)
{
    struct block *block = fold->block;
    struct said *next = NULL;
    size_t n_next = 0, capacity = 0, old = 0;

    for (uint16_t square = 0; square < SQUARES_IN_BLOCK; square++) {
        const bool was_said = old < block->n_said && block->said[old].square == square;
        if (!fold->squares[square].is_known && !fold->squares[square].is_painted && !was_said)
            continue;
        struct cell_change change;
        decide_square(fold, square, &change);
        if (!fold->squares[square].is_known && !fold->squares[square].is_painted) {
            change.reason = (struct code_reason){.csi = 100, .iri_centi = IRI_UNKNOWN, .seen_ns = change.reason.seen_ns};
            change.has_defect = false;
        }
        change.was = was_said ? (enum road_code)block->said[old].code : CODE_GREY;
        const uint64_t key = key_of(&change), before = was_said ? block->said[old].key : 0;
        if (key != before)
            tell_square(delta, &change);
        old += was_said;
        if (!key)
            continue;
        ROOM(next, capacity, n_next + 1);
        next[n_next++] = (struct said){square, (uint8_t)change.reason.code, key};
    }
    free(block->said);
    block->said = next;
    block->n_said = n_next;
    block->said_capacity = capacity;
}

/* ---- pieces of road ------------------------------------------------------------------------------------ */

static enum road_code decide_piece(const struct fold *fold, unsigned p)
{
    const struct beliefs *beliefs = fold->beliefs;
    const struct piece_sum *piece = &fold->pieces[p];
    struct local_defects local = {.n = 0};
    struct code_verdict verdict;

    for (size_t i = 0; i < fold->block->n_on_pieces; i++)
        if (fold->block->on_pieces[i].piece == p) {
            const uint32_t index = fold->block->on_pieces[i].defect;
            add_local(fold, &local, index, defect_area_m2(beliefs->defects[index].belief.type));
        }
    const double side = 1 << PIECE_LEVEL;
    const struct code_input input = {.road_class = beliefs->config.road_class,
                                     .defects = local.defects,
                                     .n_defects = local.n,
                                     .cell_area_m2 = side * side,
                                     .iri_mpkm = piece->iri_centi / 100,
                                     .ride_passes = piece->bad_rides,
                                     .coverage = (double)piece->coverage / WATCHED_ONE,
                                     .age_d = age_days(beliefs, piece->seen_ns),
                                     .before = CODE_GREY};
    code_decide(&beliefs->config.rules, &input, &verdict);
    return verdict.code;
}

static void decide_pieces(struct fold *fold)
{
    for (unsigned p = 0; p < PIECES_IN_BLOCK; p++)
        fold->block->piece_codes[p] = (uint8_t)(fold->pieces[p].is_driven ? decide_piece(fold, p) : CODE_GREY);
}

/* ---- the block ----------------------------------------------------------------------------------------- */

static int by_square_and_name(const void *a, const void *b, void *context)
{
    const struct beliefs *beliefs = context;
    const struct painted *x = a, *y = b;

    if (x->square != y->square)
        return x->square < y->square ? -1 : 1;
    return defect_id_compare(&beliefs->defects[x->defect].belief.id, &beliefs->defects[y->defect].belief.id);
}

static int by_piece_and_name(const void *a, const void *b, void *context)
{
    const struct beliefs *beliefs = context;
    const struct on_piece *x = a, *y = b;

    if (x->piece != y->piece)
        return x->piece < y->piece ? -1 : 1;
    return defect_id_compare(&beliefs->defects[x->defect].belief.id, &beliefs->defects[y->defect].belief.id);
}

static void fold_clear(struct fold *fold)
{
    memset(fold->unit, 0, sizeof fold->unit);
    for (size_t i = 0; i < SQUARES_IN_BLOCK; i++)
        fold->squares[i] = (struct square_sum){.seen_ns = INT64_MIN};
    for (size_t i = 0; i < PIECES_IN_BLOCK; i++)
        fold->pieces[i] = (struct piece_sum){.seen_ns = INT64_MIN, .iri_centi = NAN};
}

void colour_block(struct beliefs *beliefs, struct block *block, struct delta *delta)
{
    if (!beliefs->fold)
        beliefs->fold = room_zeroed(1, sizeof *beliefs->fold);
    struct fold *fold = beliefs->fold;

    fold->beliefs = beliefs;
    fold->block = block;
    fold_clear(fold);
    if (block->n_painted)
        qsort_r(block->painted, block->n_painted, sizeof *block->painted, by_square_and_name, beliefs);
    if (block->n_on_pieces)
        qsort_r(block->on_pieces, block->n_on_pieces, sizeof *block->on_pieces, by_piece_and_name, beliefs);
    for (size_t i = 0; i < block->n_visits; i++) {
        fold_visit(fold, &block->visits[i]);
        fold_runs(fold, &block->visits[i]);
        forget_unit(fold);
    }
    for (size_t i = 0; i < block->n_painted; i++)
        fold->squares[block->painted[i].square].is_painted = true;
    settle_rides(fold);
    decide_squares(fold, delta);
    decide_pieces(fold);
    block->is_dirty = block->is_measured = false;
}
