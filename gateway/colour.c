/* colour.c - codes of squares and of pieces of road.
 *
 * A square that only passes speak of needs no deciding: its code is in its 16 bits, and it is told with its leaf
 * (telling.c). Decided here are the squares of a block that have a reason: a confirmed defect is painted on them, or the ride of
 * their road is not grade A. Known are squares that a pass wrote to at the level its position supports, the 4 m
 * squares above finer ones (so that the strip between two wheel tracks is known), and squares that a confirmed defect
 * is painted on. A square of 1 m has only its own defects; a coarser one also those painted on squares around it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/beliefs.h"
#include "gateway/coverage.h"
#include "gateway/room.h"
#include "grid/cover.h"

#define DEFECTS_A_SQUARE_MAX 16
#define ALL_QUADRANTS 0xF
#define GRADE_D 3

/* ---- a defect's place on the map ----------------------------------------------------------------------- */

static void leave(struct number_list *list, uint32_t defect)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i] == defect) {
            list->items[i] = list->items[--list->n];
            return;
        }
}

/* Counts the thing in or out in the nine blocks around its home. */
static void stand_near(struct beliefs *beliefs, const struct block *home, uint32_t one)
{
    for (int32_t row = home->row - 1; row <= home->row + 1; row++)
        for (int32_t column = home->column - 1; column <= home->column + 1; column++) {
            struct block *block = evidence_block(&beliefs->evidence, column, row);
            if (block)
                block->n_near += one;
        }
}

static void unpaint(struct beliefs *beliefs, const struct defect *defect, uint32_t index)
{
    for (size_t i = 0; i < defect->n_cells; i++) {
        struct block *block = evidence_block_of_cell(&beliefs->evidence, defect->cells[i]);
        struct findings *findings = block_findings(block);
        for (size_t k = 0; k < findings->n_painted; k++)
            if (findings->painted[k].defect == index)
                findings->painted[k--] = findings->painted[--findings->n_painted];
        block_work(&beliefs->evidence, block, WORK_COLOUR);
    }
}

static void leave_street(struct beliefs *beliefs, struct defect *defect, uint32_t index)
{
    if (!defect->street)
        return;
    struct findings *findings = block_findings(defect->street);
    for (size_t k = 0; k < findings->n_on_pieces; k++)
        if (findings->on_pieces[k].defect == index)
            findings->on_pieces[k--] = findings->on_pieces[--findings->n_on_pieces];
    block_work(&beliefs->evidence, defect->street, WORK_COLOUR);
    defect->street = NULL;
}

/* On the i-th of its cells. */
static struct block *put_paint(struct beliefs *beliefs, const struct defect *defect, uint32_t index, size_t i)
{
    struct block *block = evidence_block_of_cell(&beliefs->evidence, defect->cells[i]);
    struct findings *findings = block_findings(block);

    ROOM(findings->painted, findings->painted_capacity, findings->n_painted + 1);
    findings->painted[findings->n_painted++] =
        (struct painted){square_of_cell(defect->cells[i]), index, defect->areas_m2[i]};
    return block;
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
        const double side = (double)cell_size_mm(defect->cells[i]) / 1000;
        defect->areas_m2[i] = fmin(whole * mass[i] / sum, side * side);
        block_work(&beliefs->evidence, put_paint(beliefs, defect, index, i), WORK_COLOUR);
    }
}

static void put_on_street(struct defect *defect, uint32_t index)
{
    struct findings *findings = block_findings(defect->street);

    ROOM(findings->on_pieces, findings->on_piece_capacity, findings->n_on_pieces + 1);
    findings->on_pieces[findings->n_on_pieces++] = (struct on_piece){defect->piece, index};
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
            if (!(block->pieces.driven >> piece & 1))
                continue;
            defect->street = block;
            defect->piece = (uint8_t)piece;
            put_on_street(defect, index);
            block_work(&beliefs->evidence, block, WORK_COLOUR);
            return;
        }
    }
}

void colour_place(struct beliefs *beliefs, uint32_t index)
{
    struct defect *defect = &beliefs->defects[index];

    unpaint(beliefs, defect, index);
    leave_street(beliefs, defect, index);
    if (defect->home) {
        leave(&block_findings(defect->home)->defects, index);
        stand_near(beliefs, defect->home, UINT32_MAX); /* minus one */
    }
    defect->home = NULL;
    defect->n_cells = 0;
    shaken_mark(beliefs, defect);
    if (!defect->is_live)
        return;
    struct block *home = evidence_block_make(&beliefs->evidence, block_coordinate(defect->belief.at.e_mm),
                                             block_coordinate(defect->belief.at.n_mm));
    number_add(&block_findings(home)->defects, index);
    stand_near(beliefs, home, 1);
    defect->home = home;
    if (defect->belief.state != DEFECT_CONFIRMED)
        return;
    paint(beliefs, defect, index);
    find_street(beliefs, defect, index);
}

void colour_restore(struct beliefs *beliefs, uint32_t index)
{
    struct defect *defect = &beliefs->defects[index];

    number_add(&block_findings(defect->home)->defects, index);
    stand_near(beliefs, defect->home, 1);
    for (size_t i = 0; i < defect->n_cells; i++)
        put_paint(beliefs, defect, index, i);
    if (defect->street)
        put_on_street(defect, index);
}

/* ---- what is known of a block -------------------------------------------------------------------------- */

struct ride_sum {
    double iri_centi; /* NAN unknown, or not judged */
    int bad_rides;
    bool is_rough;    /* not grade A */
};

struct fold {
    struct beliefs *beliefs;
    struct block *block;
    enum road_class road_class;
    struct ride_sum rides[PIECES_IN_BLOCK];
    uint64_t rough; /* pieces, a bit each */
    uint16_t covers[SQUARES_IN_BLOCK];
    uint8_t quadrants[SQUARES_IN_BLOCK];
};

static const struct findings nothing;

static const struct findings *findings_of(const struct block *block)
{
    return block->findings ? block->findings : &nothing;
}

static int grade_of(const struct fold *fold, double iri_centi)
{
    return code_grade(fold->beliefs->config.rules.rqi_floor[fold->road_class], code_rqi(iri_centi / 100));
}

/* The newest three passes decide; a bad one is grade D by itself. Where a feature shakes the car none does. */
static void settle_rides(struct fold *fold)
{
    const struct pieces *pieces = &fold->block->pieces;
    const uint64_t shaken = fold->block->n_near ? shaken_pieces(fold->beliefs, fold->block) : 0;

    fold->rough = 0;
    for (unsigned p = 0; p < PIECES_IN_BLOCK; p++)
        fold->rides[p] = (struct ride_sum){.iri_centi = NAN};
    for (unsigned i = 0; i < pieces->n; i++) {
        const struct piece *piece = &pieces->items[i];
        struct ride_sum *ride = &fold->rides[piece->number];
        double sum = 0;
        int n = 0;
        if (!piece->rides[0] || shaken >> piece->number & 1)
            continue;
        for (; n < RIDES_KEPT && piece->rides[n]; n++) {
            const double iri_centi = ride_unpack(piece->rides[n]).iri_centi;
            sum += iri_centi;
            ride->bad_rides += grade_of(fold, iri_centi) == GRADE_D;
        }
        ride->iri_centi = sum / n;
        ride->is_rough = grade_of(fold, ride->iri_centi) > 0;
        fold->rough |= (uint64_t)ride->is_rough << piece->number;
    }
}

/* Leaves of squares up to 8 m lie within the block; of 16 and 32 m squares there are only a few. */
static void read_covers(struct fold *fold)
{
    const struct evidence *evidence = &fold->beliefs->evidence;

    memset(fold->covers, 0, sizeof fold->covers);
    for (int level = 0; level <= 3; level++)
        for (unsigned i = 0; i < 64u >> 2 * level; i++) {
            const uint16_t first = (uint16_t)(square_offset[level] + 64 * i);
            struct cellmap_leaf leaf;
            if (cellmap_leaf(&evidence->maps[level], square_key(fold->block, first, level) >> 6, &leaf))
                memcpy(&fold->covers[first], leaf.values, sizeof leaf.values);
        }
    for (uint16_t square = square_offset[4]; square < SQUARES_IN_BLOCK; square++)
        fold->covers[square] = evidence_cover(evidence, fold->block, square);
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
    const struct findings *findings = findings_of(fold->block);

    local->n = 0;
    for (size_t i = 0; i < findings->n_painted; i++) {
        uint16_t at = square;
        double share = 1;
        for (int l = level; at != findings->painted[i].square && level > 0 && l < COVER_LEVEL_MAX; l++) {
            at = square_parent(at, l);
            share /= 4;
        }
        if (at == findings->painted[i].square)
            add_local(fold, local, findings->painted[i].defect, findings->painted[i].area_m2 * share);
    }
}

/* The nearest ancestor with evidence speaks for a square that has none of its own. */
static uint16_t evidence_of(const struct fold *fold, uint16_t square, int level)
{
    for (; !fold->covers[square] && level < COVER_LEVEL_MAX; level++)
        square = square_parent(square, level);
    return square;
}

/* The pieces of road of the 16 m squares that a square lies in or holds. */
static uint64_t pieces_of(uint16_t square, int level)
{
    while (level < PIECE_LEVEL)
        square = square_parent(square, level++);
    if (level > PIECE_LEVEL)
        return UINT64_C(0xFFFF) << (square - square_offset[level]) * 16;
    return UINT64_C(0xF) << (square - square_offset[level]) * 4;
}

/* The worst piece of road that was driven through the square within the window; of a square that is stale, of all. */
static const struct ride_sum *ride_of(const struct fold *fold, uint16_t square, int level, uint8_t quadrants)
{
    const uint64_t ways = (quadrants ? quadrants : ALL_QUADRANTS) * UINT64_C(0x1111111111111111);
    const struct ride_sum *worst = NULL;

    for (uint64_t left = pieces_of(square, level) & ways; left; left &= left - 1) {
        const struct ride_sum *ride = &fold->rides[__builtin_ctzll(left)];
        if (!isnan(ride->iri_centi) && (!worst || ride->iri_centi > worst->iri_centi))
            worst = ride;
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

static double age_days(const struct beliefs *beliefs, int64_t seen_ns)
{
    return seen_ns == INT64_MIN ? INFINITY : fmax(0, (double)(beliefs->day - seen_ns / NS_PER_DAY));
}

/* A day is all that a square remembers: its start. */
static int64_t seen_ns_of(const struct fold *fold, uint16_t cover)
{
    return cover ? cover_day(cover, fold->beliefs->day) * NS_PER_DAY : INT64_MIN;
}

/* False if the square has no reason: what passes say of it is all. *ret_kept: its colour, whatever its age. */
static bool decide_square(const struct fold *fold, uint16_t square, struct cell_change *ret_change,
                          enum road_code *ret_kept)
{
    const struct beliefs *beliefs = fold->beliefs;
    const int level = square_level(square);
    const uint16_t by = evidence_of(fold, square, level), cover = fold->covers[by];
    const struct ride_sum *ride = ride_of(fold, square, level, fold->quadrants[by]);
    const double side = 1 << level;
    struct local_defects local;
    struct code_verdict verdict;
    int64_t seen_ns = seen_ns_of(fold, cover);

    gather(fold, square, level, &local);
    for (size_t i = 0; i < local.n; i++)
        if (beliefs->defects[local.indices[i]].belief.last_ns > seen_ns)
            seen_ns = beliefs->defects[local.indices[i]].belief.last_ns;
    const struct code_input input = {.road_class = fold->road_class,
                                     .defects = local.defects,
                                     .n_defects = local.n,
                                     .cell_area_m2 = side * side,
                                     .iri_mpkm = ride ? ride->iri_centi / 100 : NAN,
                                     .ride_passes = ride ? ride->bad_rides : 0,
                                     .coverage = (double)cover_coverage(cover) / COVER_ONE,
                                     .age_d = age_days(beliefs, seen_ns),
                                     .before = CODE_GREY};
    code_decide(&beliefs->config.rules, &input, &verdict);
    memset(ret_change, 0, sizeof *ret_change);
    ret_change->cell = square_cell(&beliefs->evidence, fold->block, square);
    give_reason(fold, &local, &input, &verdict, seen_ns, ret_change);
    *ret_kept = verdict.kept;
    return verdict.code != CODE_GREY && (local.n > 0 || (ride && ride->is_rough));
}

/* ---- what moved ---------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 29;
}

/* Equal keys are not told again: the code, its reason and its day; with a defect all its numbers. 0 for grey. */
static uint32_t key_of(const struct cell_change *c)
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
    return (uint32_t)(key >> 32) | 1;
}

static void tell_square(struct delta *delta, const struct cell_change *change)
{
    if (!delta)
        return;
    ROOM(delta->cells, delta->cell_capacity, delta->n_cells + 1);
    delta->cells[delta->n_cells++] = *change;
}

/* Told of a square that is known no more: no pass, no defect. */
static void forget_reason(struct cell_change *change)
{
    change->reason = (struct code_reason){.csi = 100, .iri_centi = IRI_UNKNOWN, .seen_ns = change->reason.seen_ns};
    change->has_defect = false;
}

/* What the list keeps of a square: nothing if it has no reason any more, nor a colour under its age that must be taken back when
 * its reason goes. */
static bool say_square(struct fold *fold, uint16_t square, bool is_painted, const struct said *before,
                       struct delta *delta, struct said *ret_said)
{
    const uint16_t cover = fold->covers[square];
    const bool is_known = cover_colour(cover);
    struct cell_change change;
    enum road_code kept;

    const bool has_reason = decide_square(fold, square, &change, &kept) && (is_known || is_painted);
    if (!is_known && !is_painted)
        forget_reason(&change);
    if (is_known)
        coverage_paint(&fold->beliefs->evidence, fold->block, square, kept);
    change.was = before ? (enum road_code)before->code : cover_shown(cover);
    const uint32_t key = has_reason ? key_of(&change) : 0;
    const bool is_kept = has_reason || (is_known && kept != CODE_GREEN);
    if (before && is_known && !is_kept)
        coverage_tell(&fold->beliefs->evidence, fold->block, square); /* from now on its leaf speaks for it */
    else if (before ? key != before->key : is_kept)
        tell_square(delta, &change);
    *ret_said = (struct said){square, (uint8_t)change.reason.code, key};
    return is_kept;
}

static void mark_painted(const struct fold *fold, bool *ret_is_painted)
{
    const struct findings *findings = findings_of(fold->block);

    for (size_t i = 0; i < findings->n_painted; i++)
        ret_is_painted[findings->painted[i].square] = true;
}

/* May it have a reason? */
static bool is_concerned(const struct fold *fold, uint16_t square, int level, bool is_painted)
{
    if (is_painted)
        return true;
    if (!cover_colour(fold->covers[square]))
        return false;
    return (level > 0 && findings_of(fold->block)->n_painted) || (fold->rough & pieces_of(square, level)) ||
           cover_colour(fold->covers[square]) != CODE_GREEN;
}

/* Walks the old list and the squares side by side, both ascending. */
static void say_squares(struct fold *fold, struct delta *delta)
{
    const struct findings *findings = findings_of(fold->block);
    bool is_painted[SQUARES_IN_BLOCK] = {false};
    struct said *next = NULL;
    size_t n_next = 0, capacity = 0, old = 0;

    mark_painted(fold, is_painted);
    for (int level = 0; level < COVER_LEVELS; level++)
        for (uint16_t square = square_offset[level]; square < square_offset[level + 1]; square++) {
            const struct said *before = old < findings->n_said && findings->said[old].square == square ? &findings->said[old] : NULL;
            struct said now;
            old += before != NULL;
            if (!before && !is_concerned(fold, square, level, is_painted[square]))
                continue;
            if (!say_square(fold, square, is_painted[square], before, delta, &now))
                continue;
            ROOM(next, capacity, n_next + 1);
            next[n_next++] = now;
        }
    if (!fold->block->findings && !n_next)
        return;
    struct findings *kept = block_findings(fold->block);
    free(kept->said);
    kept->said = next;
    kept->n_said = n_next;
    kept->said_capacity = capacity;
}

/* ---- pieces of road ------------------------------------------------------------------------------------ */

static enum road_code decide_piece(const struct fold *fold, const struct piece *piece)
{
    const struct beliefs *beliefs = fold->beliefs;
    const struct findings *findings = findings_of(fold->block);
    const struct ride_sum *ride = &fold->rides[piece->number];
    struct local_defects local = {.n = 0};
    struct code_verdict verdict;

    for (size_t i = 0; i < findings->n_on_pieces; i++)
        if (findings->on_pieces[i].piece == piece->number) {
            const uint32_t index = findings->on_pieces[i].defect;
            add_local(fold, &local, index, defect_area_m2(beliefs->defects[index].belief.type));
        }
    if (!local.n && !ride->is_rough)
        return CODE_GREEN;
    const double side = 1 << PIECE_LEVEL;
    const struct code_input input = {.road_class = fold->road_class,
                                     .defects = local.defects,
                                     .n_defects = local.n,
                                     .cell_area_m2 = side * side,
                                     .iri_mpkm = ride->iri_centi / 100,
                                     .ride_passes = ride->bad_rides,
                                     .coverage = (double)cover_coverage(piece->cover) / COVER_ONE,
                                     .age_d = age_days(beliefs, seen_ns_of(fold, piece->cover)),
                                     .before = CODE_GREY};
    code_decide(&beliefs->config.rules, &input, &verdict);
    return verdict.kept;
}

static void decide_pieces(struct fold *fold)
{
    struct pieces *pieces = &fold->block->pieces;

    for (unsigned i = 0; i < pieces->n; i++) {
        struct piece *piece = &pieces->items[i];
        piece->cover = (uint16_t)((piece->cover & 0x3FFF) | (unsigned)decide_piece(fold, piece) << 14);
    }
}

enum road_code piece_code(const struct beliefs *beliefs, const struct piece *piece, int window)
{
    const enum road_code colour = cover_colour(piece->cover);

    if (colour >= CODE_YELLOW) /* needs no coverage, only a pass that is not too old */
        return cover_days_to(piece->cover, beliefs->day) <= window ? colour : CODE_GREY;
    return cover_shown(piece->cover);
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

void colour_block(struct beliefs *beliefs, struct block *block, struct delta *delta)
{
    if (!beliefs->fold)
        beliefs->fold = room_zeroed(1, sizeof *beliefs->fold);
    struct fold *fold = beliefs->fold;
    struct findings *findings = block->findings;

    fold->beliefs = beliefs;
    fold->block = block;
    fold->road_class = block_class(block);
    if (findings && findings->n_painted)
        qsort_r(findings->painted, findings->n_painted, sizeof *findings->painted, by_square_and_name, beliefs);
    if (findings && findings->n_on_pieces)
        qsort_r(findings->on_pieces, findings->n_on_pieces, sizeof *findings->on_pieces, by_piece_and_name, beliefs);
    settle_rides(fold);
    if (fold->rough || (findings && (findings->n_painted || findings->n_said))) {
        read_covers(fold);
        memset(fold->quadrants, 0, sizeof fold->quadrants);
        if (fold->rough)
            coverage_quadrants(&beliefs->evidence, block, fold->quadrants);
        say_squares(fold, delta);
    }
    decide_pieces(fold);
    block_work(&beliefs->evidence, block, WORK_STREET);
}
