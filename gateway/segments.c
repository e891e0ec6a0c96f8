#include "gateway/segments.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/beliefs.h"
#include "gateway/coverage.h"
#include "gateway/room.h"

#define STEP_MM     4000 /* along the strip: the finest squares that passes make known side by side are 4 m wide */
#define LATERAL_MM  2000
#define STEPS_MAX   32
#define LINES_REACH_MM 100000 /* of a line, to each side of a block's middle: its half diagonal, and a strip's width */
#define DEFECTS_MAX 256       /* a segment with more is red anyway */
#define OWN_ID_SIZE 16
#define RQI_CENTI_MAX 498 /* 4.98 is the most (CJJ 36) */
#define BORDER_COS  0.906     /* within 20 degrees of 45: passes of this way may run in the next quadrant */

/* What was last told of one segment, as a key; 0 = nothing. */
struct segment_state {
    uint32_t key;
    bool is_touched;
};

struct segments {
    const struct road_network *network;
    uint32_t *first;     /* of each way: number of its first segment */
    uint32_t *way_of;    /* of each segment */
    uint32_t *by_name;   /* ways, those of one road side by side */
    uint32_t *place;     /* of each way in by_name */
    bool *has_begun;     /* ways */
    char **own_ids;      /* of ways whose id is none that travels; NULL else */
    struct segment_state *states;
    size_t n;
    uint32_t *touched;
    size_t n_touched, touched_capacity;
};

/* ---- the network as segments --------------------------------------------------------------------------- */

static unsigned directions(const struct road_network *network, uint32_t way)
{
    return network->ways[way].is_oneway ? 1 : 2;
}

static const char *name_of(const struct road_network *network, uint32_t way)
{
    return road_text(network, network->ways[way].name);
}

static int by_name(const void *a, const void *b, void *context)
{
    const struct road_network *network = context;
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    const int order = strcmp(name_of(network, x), name_of(network, y));

    return order ? order : (x > y) - (x < y);
}

/* Ways without a name are roads of their own. */
static bool is_same_road(const struct road_network *network, uint32_t a, uint32_t b)
{
    return a == b || (*name_of(network, a) && strcmp(name_of(network, a), name_of(network, b)) == 0);
}

static void number_segments(struct segments *s)
{
    for (uint32_t way = 0; way < s->network->n_ways; way++) {
        s->first[way] = (uint32_t)s->n;
        s->n += (size_t)road_segment_count(s->network, way) * directions(s->network, way);
        s->by_name[way] = way;
    }
    s->way_of = room_zeroed(s->n + 1, sizeof *s->way_of);
    for (uint32_t way = 0; way < s->network->n_ways; way++) {
        const size_t end = way + 1 < s->network->n_ways ? s->first[way + 1] : s->n;
        for (size_t i = s->first[way]; i < end; i++)
            s->way_of[i] = way;
    }
}

/* An id of strange letters or of too many would be refused by who listens. */
static void give_ids(struct segments *s)
{
    s->own_ids = room_zeroed(s->network->n_ways, sizeof *s->own_ids);
    for (uint32_t way = 0; way < s->network->n_ways; way++) {
        const char *id = road_text(s->network, s->network->ways[way].id);
        if (segment_way_is_valid(id, strlen(id)))
            continue;
        s->own_ids[way] = room_zeroed(OWN_ID_SIZE, 1);
        snprintf(s->own_ids[way], OWN_ID_SIZE, "way-%u", way);
    }
}

struct segments *segments_new(const struct road_network *network)
{
    struct segments *s;

    if (!network || network->n_ways == 0)
        return NULL;
    s = room_zeroed(1, sizeof *s);
    s->network = network;
    s->first = room_zeroed(network->n_ways, sizeof *s->first);
    s->by_name = room_zeroed(network->n_ways, sizeof *s->by_name);
    s->place = room_zeroed(network->n_ways, sizeof *s->place);
    s->has_begun = room_zeroed(network->n_ways, sizeof *s->has_begun);
    number_segments(s);
    give_ids(s);
    s->states = room_zeroed(s->n + 1, sizeof *s->states);
    qsort_r(s->by_name, network->n_ways, sizeof *s->by_name, by_name, (void *)(uintptr_t)network);
    for (uint32_t i = 0; i < network->n_ways; i++)
        s->place[s->by_name[i]] = i;
    return s;
}

void segments_free(struct segments *segments)
{
    if (!segments)
        return;
    free(segments->first);
    free(segments->way_of);
    free(segments->by_name);
    free(segments->place);
    free(segments->has_begun);
    for (uint32_t way = 0; way < segments->network->n_ways; way++)
        free(segments->own_ids[way]);
    free(segments->own_ids);
    free(segments->states);
    free(segments->touched);
    free(segments);
}

size_t segments_count(const struct segments *segments)
{
    return segments ? segments->n : 0;
}

static void touch(struct segments *s, size_t number)
{
    if (s->states[number].is_touched)
        return;
    s->states[number].is_touched = true;
    ROOM(s->touched, s->touched_capacity, s->n_touched + 1);
    s->touched[s->n_touched++] = (uint32_t)number;
}

/* Segments index..last of a way, in both directions. */
static void touch_run(struct segments *s, uint32_t way, uint32_t index, uint32_t last)
{
    const unsigned ways = directions(s->network, way);

    for (size_t i = (size_t)index * ways; i < ((size_t)last + 1) * ways; i++)
        touch(s, s->first[way] + i);
}

void segments_touch(struct segments *segments, int32_t column, int32_t row)
{
    uint32_t n = 0;

    if (!segments)
        return;
    const struct road_network *network = segments->network;
    const struct grid_point middle = {(int64_t)column * BLOCK_MM + BLOCK_MM / 2, (int64_t)row * BLOCK_MM + BLOCK_MM / 2};
    const struct road_line_name *lines = road_lines_in(network, column, row, &n);
    for (uint32_t i = 0; i < n; i++) {
        const struct road_vertex *line = &network->vertices[lines[i].vertex];
        const struct road_foot foot = road_foot(line, middle);
        if (foot.distance_mm > LINES_REACH_MM)
            continue;
        const int64_t at_mm = line->chainage_mm + llround(foot.along_mm);
        touch_run(segments, lines[i].way, road_segment_of(network, lines[i].way, at_mm - LINES_REACH_MM),
                  road_segment_of(network, lines[i].way, at_mm + LINES_REACH_MM));
    }
}

void segments_touch_all(struct segments *segments)
{
    for (size_t i = 0; segments && i < segments->n; i++)
        touch(segments, i);
}

/* ---- one segment --------------------------------------------------------------------------------------- */

/* Where it lies on its way. */
struct strip {
    const struct road_network *network;
    uint32_t way, index;
    bool is_backward;
    int64_t from_mm, to_mm;   /* chainages */
    int64_t left_mm, right_mm; /* laterals, to the right of forward */
};

static struct strip strip_of(const struct road_network *network, uint32_t way, uint32_t index, bool is_backward)
{
    const struct road_segment segment = road_segment_at(network, way, index);
    const int64_t half_mm = network->ways[way].width_mm / 2;
    const bool is_right_side = is_backward == network->is_left_hand; /* of the line, seen forward */
    struct strip strip = {network, way, index, is_backward, segment.from_mm, segment.to_mm, -half_mm, half_mm};

    if (!network->ways[way].is_oneway) {
        strip.left_mm = is_right_side ? 0 : -half_mm;
        strip.right_mm = is_right_side ? half_mm : 0;
    }
    return strip;
}

static const struct block *block_at(const struct beliefs *beliefs, struct grid_point at)
{
    return evidence_block(&beliefs->evidence, block_coordinate(at.e_mm), block_coordinate(at.n_mm));
}

/* Is the place in a square that passes made known lately, at the finest level that they support there? */
static bool is_observed(const struct beliefs *beliefs, struct grid_point at)
{
    const struct block *block = block_at(beliefs, at);

    if (!block)
        return false;
    uint16_t square = square_index(STRIP_LEVEL, at.e_mm - (int64_t)block->column * BLOCK_MM, at.n_mm - (int64_t)block->row * BLOCK_MM);
    for (int level = STRIP_LEVEL;; level++) {
        if (cover_shown(evidence_cover(&beliefs->evidence, block, square)) != CODE_GREY)
            return true;
        if (level == COVER_LEVEL_MAX)
            return false;
        square = square_parent(square, level);
    }
}

/* The number of the piece of road at a place, and the quadrant beside its own if the way runs near their border. */
static void pieces_at(const struct block *block, struct grid_point at, double ue, double un, unsigned ret_numbers[2])
{
    const uint16_t square = square_index(PIECE_LEVEL, at.e_mm - (int64_t)block->column * BLOCK_MM, at.n_mm - (int64_t)block->row * BLOCK_MM);
    const unsigned first = (unsigned)(square - square_offset[PIECE_LEVEL]) * 4, own = quadrant_of(ue, un);
    const double length = hypot(ue, un), c = fmax(fabs(ue), fabs(un)) / length;

    ret_numbers[0] = ret_numbers[1] = first + own;
    if (c < BORDER_COS) /* the other axis is nearly as long: its quadrant */
        ret_numbers[1] = first + (fabs(ue) > fabs(un) ? quadrant_of(0, un) : quadrant_of(ue, 0));
}

struct gathering {
    const struct beliefs *beliefs;
    struct code_defect defects[DEFECTS_MAX];
    struct segment_ride rides[STEPS_MAX];
    struct segment_input input;
    int64_t seen_ns;
    uint32_t passes; /* most drives over one of its pieces */
    double samples, observed;
};

static void note_seen(struct gathering *g, int64_t time_ns)
{
    if (time_ns > g->seen_ns)
        g->seen_ns = time_ns;
}

/* The ride of one step along the middle of the strip. */
static void gather_ride(struct gathering *g, struct grid_point at, double ue, double un, uint32_t length_mm)
{
    const struct block *block = block_at(g->beliefs, at);
    unsigned numbers[2];

    if (!block)
        return;
    pieces_at(block, at, ue, un, numbers);
    const struct piece *piece = pieces_find(&block->pieces, numbers[0]);
    if (!piece)
        piece = pieces_find(&block->pieces, numbers[1]);
    if (!piece)
        return;
    note_seen(g, cover_day(piece->cover, g->beliefs->day) * NS_PER_DAY);
    if (piece->traverses > g->passes)
        g->passes = piece->traverses;
    if (cover_coverage(piece->cover) == 0 || !piece->rides[0] || (block->n_near && (shaken_pieces(g->beliefs, block) >> piece->number & 1)))
        return;
    uint32_t sum = 0;
    int n = 0;
    for (; n < RIDES_KEPT && piece->rides[n]; n++)
        sum += ride_unpack(piece->rides[n]).iri_centi;
    g->rides[g->input.n_rides++] = (struct segment_ride){length_mm, (sum + (uint32_t)n / 2) / (uint32_t)n, n};
}

static void gather_strip(struct gathering *g, const struct strip *strip)
{
    const int64_t length_mm = strip->to_mm - strip->from_mm, width_mm = strip->right_mm - strip->left_mm;
    const int64_t steps = (length_mm + STEP_MM - 1) / STEP_MM, lanes = (width_mm + LATERAL_MM - 1) / LATERAL_MM;
    struct road_direction along;
    struct grid_point at;

    for (int64_t i = 0; i < steps && i < STEPS_MAX; i++) {
        const int64_t chainage_mm = strip->from_mm + (2 * i + 1) * length_mm / (2 * steps);
        for (int64_t k = 0; k < lanes; k++) {
            road_point_at(strip->network, strip->way, chainage_mm, strip->left_mm + (2 * k + 1) * width_mm / (2 * lanes), &at, NULL);
            g->samples++;
            g->observed += is_observed(g->beliefs, at);
        }
        road_point_at(strip->network, strip->way, chainage_mm, (strip->left_mm + strip->right_mm) / 2, &at, &along);
        const double sign = strip->is_backward ? -1 : 1;
        gather_ride(g, at, sign * (double)along.e, sign * (double)along.n,
                    (uint32_t)((i + 1) * length_mm / steps - i * length_mm / steps));
    }
}

static bool lies_on(const struct beliefs *beliefs, const struct defect *defect, const struct strip *strip)
{
    const struct road_direction heading = road_direction_of(beliefs->evidence.sightings[defect->members[0]].heading_cdeg);
    double major_mm, minor_mm, bearing_deg;
    struct road_place place;

    covariance_axes(defect->covariance, &major_mm, &minor_mm, &bearing_deg);
    if (road_locate(strip->network, defect->belief.at, heading, (uint32_t)fmin(major_mm, ROAD_SIGMA_MM_MAX), &place) != ROAD_OK)
        return false;
    return place.way == strip->way && place.is_backward == strip->is_backward &&
           road_segment_of(strip->network, place.way, place.chainage_mm) == strip->index;
}

static void gather_block_defects(struct gathering *g, const struct block *block, const struct strip *strip)
{
    for (size_t i = 0; block && block->findings && i < block->findings->defects.n; i++) {
        const struct defect *defect = &g->beliefs->defects[block->findings->defects.items[i]];
        const struct defect_belief *b = &defect->belief;
        if (b->state != DEFECT_CONFIRMED || !defect->is_claimed || g->input.n_defects == DEFECTS_MAX || !lies_on(g->beliefs, defect, strip))
            continue;
        note_seen(g, b->last_ns);
        g->defects[g->input.n_defects++] = (struct code_defect){.type = b->type,
                                                                .severity = b->severity,
                                                                .posterior = b->posterior_permille / 1000.0,
                                                                .area_m2 = defect_area_m2(b->type),
                                                                .may_be_red = b->may_be_red};
    }
}

/* Of all blocks that the strip comes near: its box, wide enough for a defect that lies beside the carriageway. */
static void gather_defects(struct gathering *g, const struct strip *strip, const struct segment_belief *belief)
{
    const int64_t wide_mm = strip->network->ways[strip->way].width_mm + 3 * ROAD_SIGMA_MM_MAX + ROAD_NEAR_MM;
    struct grid_point low = belief->line[0], high = belief->line[0];

    for (size_t i = 1; i < belief->n_line; i++) {
        low.e_mm = belief->line[i].e_mm < low.e_mm ? belief->line[i].e_mm : low.e_mm;
        low.n_mm = belief->line[i].n_mm < low.n_mm ? belief->line[i].n_mm : low.n_mm;
        high.e_mm = belief->line[i].e_mm > high.e_mm ? belief->line[i].e_mm : high.e_mm;
        high.n_mm = belief->line[i].n_mm > high.n_mm ? belief->line[i].n_mm : high.n_mm;
    }
    for (int32_t row = block_coordinate(low.n_mm - wide_mm); row <= block_coordinate(high.n_mm + wide_mm); row++)
        for (int32_t column = block_coordinate(low.e_mm - wide_mm); column <= block_coordinate(high.e_mm + wide_mm); column++)
            gather_block_defects(g, evidence_block(&g->beliefs->evidence, column, row), strip);
}

/* ---- as it is told ------------------------------------------------------------------------------------- */

static struct grid_point whole_cm(struct grid_point at)
{
    return (struct grid_point){at.e_mm - at.e_mm % 10, at.n_mm - at.n_mm % 10};
}

/* The middle of the strip, as driven: its ends, and the bends between them as far as there is room. */
static void draw_line(const struct strip *strip, struct segment_belief *belief)
{
    const struct road_way *way = &strip->network->ways[strip->way];
    const int64_t lateral_mm = (strip->left_mm + strip->right_mm) / 2;
    int64_t chainages[SEGMENT_LINE_MAX];
    uint32_t bends = 0, taken = 0;
    size_t n = 0;

    for (uint32_t v = 1; v + 1 < way->n_vertices; v++)
        bends += strip->network->vertices[way->first + v].chainage_mm > strip->from_mm &&
                 strip->network->vertices[way->first + v].chainage_mm < strip->to_mm;
    const uint32_t every = bends / (SEGMENT_LINE_MAX - 2) + 1;
    chainages[n++] = strip->from_mm;
    for (uint32_t v = 1; v + 1 < way->n_vertices; v++) {
        const int64_t at_mm = strip->network->vertices[way->first + v].chainage_mm;
        if (at_mm > strip->from_mm && at_mm < strip->to_mm && taken++ % every == 0)
            chainages[n++] = at_mm;
    }
    chainages[n++] = strip->to_mm;
    for (size_t i = 0; i < n; i++) {
        struct grid_point at;
        road_point_at(strip->network, strip->way, chainages[strip->is_backward ? n - 1 - i : i], lateral_mm, &at, NULL);
        belief->line[i] = whole_cm(at);
    }
    belief->n_line = n;
}

/* Whole steps: a score that moves by less is not told again. */
static uint16_t rounded(uint16_t value, uint16_t step)
{
    return (uint16_t)(value == SCORE_UNKNOWN ? value : (value + step / 2) / step * step);
}

static void round_facts(struct segment_facts *f)
{
    f->pci_centi = rounded(f->pci_centi, 10);
    f->rqi_centi = rounded(f->rqi_centi, 5);
    if (f->rqi_centi != SCORE_UNKNOWN && f->rqi_centi > RQI_CENTI_MAX)
        f->rqi_centi = RQI_CENTI_MAX;
    f->pqi_centi = rounded(f->pqi_centi, 50);
    f->jtg_pci_centi = rounded(f->jtg_pci_centi, 50);
    f->jtg_rqi_centi = rounded(f->jtg_rqi_centi, 50);
    f->observed_permille = rounded(f->observed_permille, 10);
    f->rough_permille = rounded(f->rough_permille, 10);
}

static void name_segment(const struct segments *s, const struct strip *strip, struct segment_belief *belief)
{
    const struct road_way *way = &strip->network->ways[strip->way];
    const int64_t length_cm = (strip->to_mm - strip->from_mm) / 10;

    *belief = (struct segment_belief){.way = s->own_ids[strip->way] ? s->own_ids[strip->way] : road_text(strip->network, way->id),
                                      .name = road_text(strip->network, way->name),
                                      .index = strip->index,
                                      .is_backward = strip->is_backward,
                                      .road_class = way->class,
                                      .length_cm = length_cm > 0 ? (uint32_t)length_cm : 1};
    belief->way_length = strlen(belief->way);
    belief->name_length = strlen(belief->name);
    while (belief->name_length > SEGMENT_NAME_MAX) /* cut at a whole character */
        do
            belief->name_length--;
        while (((unsigned char)belief->name[belief->name_length] & 0xC0) == 0x80);
    if (!segment_name_is_valid(belief->name, belief->name_length))
        belief->name_length = 0;
    draw_line(strip, belief);
}

/* False if nothing at all is known of it. */
static bool score(const struct segments *s, const struct beliefs *beliefs, const struct strip *strip, struct segment_belief *ret_belief)
{
    const double length_m = (double)(strip->to_mm - strip->from_mm) / 1000;
    struct gathering g = {.beliefs = beliefs, .seen_ns = 0};
    struct segment_score result;

    g.input = (struct segment_input){.road_class = strip->network->ways[strip->way].class,
                                     .length_m = length_m,
                                     .area_m2 = length_m * (double)(strip->right_mm - strip->left_mm) / 1000,
                                     .defects = g.defects,
                                     .rides = g.rides};
    name_segment(s, strip, ret_belief);
    gather_strip(&g, strip);
    gather_defects(&g, strip, ret_belief);
    g.input.observed_m2 = g.samples > 0 ? g.input.area_m2 * g.observed / g.samples : 0;
    segment_decide(&beliefs->config.rules, &g.input, &result);
    segment_facts_of(&beliefs->config.rules, g.input.road_class, &result, &ret_belief->facts);
    round_facts(&ret_belief->facts);
    ret_belief->facts.passes = (uint16_t)(g.passes < UINT16_MAX ? g.passes : UINT16_MAX);
    ret_belief->facts.seen_ns = g.seen_ns;
    return g.observed > 0 || g.input.n_defects > 0 || g.passes > 0;
}

void segments_score(const struct segments *segments, const struct beliefs *beliefs, uint32_t way, uint32_t index,
                    bool is_backward, struct segment_belief *ret_belief)
{
    const struct strip strip = strip_of(segments->network, way, index, is_backward);

    score(segments, beliefs, &strip, ret_belief);
}

/* ---- what moved ---------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 29;
}

/* All but how often it was passed, and of the time the day. */
static uint32_t key_of(const struct segment_facts *f)
{
    uint64_t key = mix(1, (uint64_t)f->code | (uint64_t)f->why << 8 | (uint64_t)(f->grade + 1) << 16 | (uint64_t)f->red_hazards << 32);

    key = mix(key, (uint64_t)f->pci_centi | (uint64_t)f->rqi_centi << 16 | (uint64_t)f->pqi_centi << 32 | (uint64_t)f->observed_permille << 48);
    key = mix(key, (uint64_t)f->jtg_pci_centi | (uint64_t)f->jtg_rqi_centi << 16 | (uint64_t)f->rough_permille << 32);
    key = mix(key, (uint64_t)f->floors_deci[0] | (uint64_t)f->floors_deci[1] << 16 | (uint64_t)f->floors_deci[2] << 32);
    for (size_t i = 0; i < f->n_top; i++)
        key = mix(key, (uint64_t)f->top[i].type | (uint64_t)f->top[i].permille << 8);
    key = mix(key, (uint64_t)(f->seen_ns / NS_PER_DAY));
    return (uint32_t)(key >> 32) | 1;
}

/* Something of the road is known from now on: all of it is told. */
static void begin_road(struct segments *s, uint32_t way)
{
    const struct road_network *network = s->network;
    uint32_t first = s->place[way], last = first;

    if (s->has_begun[way])
        return;
    while (first > 0 && is_same_road(network, s->by_name[first - 1], way))
        first--;
    while (last + 1 < network->n_ways && is_same_road(network, s->by_name[last + 1], way))
        last++;
    for (uint32_t i = first; i <= last; i++) {
        s->has_begun[s->by_name[i]] = true;
        touch_run(s, s->by_name[i], 0, road_segment_count(network, s->by_name[i]) - 1);
    }
}

static void tell(struct delta *delta, const struct segment_belief *belief)
{
    if (!delta)
        return;
    ROOM(delta->segments, delta->segment_capacity, delta->n_segments + 1);
    delta->segments[delta->n_segments++] = *belief;
}

static int by_number(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return (x > y) - (x < y);
}

/* True if something of it is known. */
static bool settle_one(struct segments *s, uint32_t number, const struct beliefs *beliefs, struct delta *delta)
{
    const uint32_t way = s->way_of[number], local = number - s->first[way];
    const unsigned ways = directions(s->network, way);
    const struct strip strip = strip_of(s->network, way, local / ways, local % ways);
    struct segment_belief belief;

    const bool is_known = score(s, beliefs, &strip, &belief);
    if (!is_known && !s->has_begun[way])
        return false;
    const uint32_t key = key_of(&belief.facts);
    if (key != s->states[number].key)
        tell(delta, &belief);
    s->states[number].key = key;
    return is_known;
}

/* Twice at most: the first round finds the roads that begin, the second scores the rest of those. */
void segments_settle(struct segments *segments, const struct beliefs *beliefs, struct delta *delta)
{
    if (!segments || beliefs->day == NO_DAY)
        return;
    for (size_t from = 0, end; from < segments->n_touched; from = end) {
        end = segments->n_touched;
        qsort(segments->touched + from, end - from, sizeof *segments->touched, by_number);
        for (size_t i = from; i < end; i++) {
            const uint32_t number = segments->touched[i];
            segments->states[number].is_touched = false;
            if (settle_one(segments, number, beliefs, delta))
                begin_road(segments, segments->way_of[number]);
        }
    }
    segments->n_touched = 0;
}
