#include "gateway/standing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/copies.h"
#include "gateway/room.h"

#define NS_PER_DAY (24 * 3600 * INT64_C(1000000000))
#define HOURS_A_DAY 24
#define JUMP_MPS 70.0      /* 252 km/h */
#define JUMP_SLACK_M 50.0  /* a receiver that finds itself again */
#define JUMP_SIGMAS 3.0
#define BACK_IN_TIME_S 60.0 /* a clock that is set */
#define CONTRADICTED_MICRO (-2995732) /* others would have missed it with ln 0.05 */
#define BLIND_A_THING_MICRO 916291    /* ln(1 / 0.4): one RTK pass. A bus that never crosses a hole is not blind */
#define DAYS_FIRST 64

const struct standing_rules standing_rules_default = {
    .jumps_a_day = 3,
    .false_alarms_a_day = 10,
    .false_alarms_per_km = 2, /* fifty times what the detector makes on bad roads, docs/evidence */
    .copies_a_day = 4,        /* about 1.3 km */
    .blind_micro = 13815511,  /* ln 1e6: fifteen holes that others keep hitting */
    .bad_days = 3,
};

const char *standing_fault_name(enum standing_fault fault)
{
    switch (fault) {
    case FAULT_JUMPS:
        return "jumps";
    case FAULT_FALSE_ALARMS:
        return "false-alarms";
    case FAULT_COPIES:
        return "copies";
    case FAULT_BLIND:
        return "blind";
    case FAULT_OFTEN:
        return "often";
    }
    return "none";
}

struct day {
    uint32_t speaker;
    int32_t day;
    uint32_t metres[2]; /* by sense: 0 motion, 1 camera */
    uint32_t jumps[2];
    uint32_t copies;
    int32_t contradicted, supported;
    unsigned faults;
};

struct node {
    struct pass_point last[2]; /* by sense; time 0: none yet */
    int64_t blind_micro;
    unsigned bad_days, faults;
};

struct turn { /* from good to bad, or back */
    uint32_t speaker;
    int32_t day;
};

struct standing {
    struct standing_rules rules;
    bool is_off;
    struct node *nodes;
    size_t n_nodes, node_capacity;
    struct day *days;
    size_t n_days, day_capacity;
    uint32_t *table; /* open hash from (speaker, day) to index + 1 */
    size_t table_size;
    struct copies *copies;
    int32_t first_day;
    struct turn *turns;
    size_t n_turns, turn_capacity;
    uint64_t n_all_turns;
};

struct standing *standing_new(const struct standing_rules *rules)
{
    struct standing *s = room_zeroed(1, sizeof *s);

    s->rules = *rules;
    s->is_off = !rules->jumps_a_day && !rules->false_alarms_a_day && !rules->copies_a_day && !rules->blind_micro;
    s->table_size = DAYS_FIRST;
    s->table = room_zeroed(s->table_size, sizeof *s->table);
    s->copies = copies_new();
    s->first_day = INT32_MIN;
    return s;
}

void standing_free(struct standing *s)
{
    if (!s)
        return;
    copies_free(s->copies);
    free(s->nodes);
    free(s->days);
    free(s->table);
    free(s->turns);
    free(s);
}

bool standing_is_on(const struct standing *s)
{
    return !s->is_off;
}

/* ---- days ------------------------------------------------------------------------------------------------ */

static size_t slot_of(const struct standing *s, uint32_t speaker, int32_t day)
{
    const uint64_t h = ((uint64_t)speaker << 32 | (uint32_t)day) * UINT64_C(0x9E3779B97F4A7C15);
    size_t slot = (size_t)(h >> 32) & (s->table_size - 1);

    for (;; slot = (slot + 1) & (s->table_size - 1)) {
        const uint32_t index = s->table[slot];
        if (!index || (s->days[index - 1].speaker == speaker && s->days[index - 1].day == day))
            return slot;
    }
}

static const struct day *find_day(const struct standing *s, uint32_t speaker, int32_t day)
{
    const uint32_t index = s->table[slot_of(s, speaker, day)];

    return index ? &s->days[index - 1] : NULL;
}

static void index_days(struct standing *s, size_t table_size)
{
    free(s->table);
    s->table_size = table_size;
    s->table = room_zeroed(table_size, sizeof *s->table);
    for (size_t i = 0; i < s->n_days; i++)
        s->table[slot_of(s, s->days[i].speaker, s->days[i].day)] = (uint32_t)(i + 1);
}

static struct day *make_day(struct standing *s, uint32_t speaker, int32_t day)
{
    const size_t slot = slot_of(s, speaker, day);

    if (s->table[slot])
        return &s->days[s->table[slot] - 1];
    ROOM(s->days, s->day_capacity, s->n_days + 1);
    s->days[s->n_days] = (struct day){.speaker = speaker, .day = day};
    s->table[slot] = (uint32_t)++s->n_days;
    if (2 * s->n_days > s->table_size)
        index_days(s, 2 * s->table_size);
    return &s->days[s->n_days - 1];
}

static struct node *node_of(struct standing *s, uint32_t speaker)
{
    ROOM(s->nodes, s->node_capacity, (size_t)speaker + 1);
    if (speaker >= s->n_nodes)
        s->n_nodes = (size_t)speaker + 1;
    return &s->nodes[speaker];
}

/* ---- what it comes to ------------------------------------------------------------------------------------ */

static uint32_t greater(const uint32_t both[2])
{
    return both[0] > both[1] ? both[0] : both[1];
}

static unsigned day_faults(const struct standing_rules *rules, const struct day *d)
{
    const double km = fmax(greater(d->metres) / 1000.0, 1e-3);
    unsigned faults = 0;

    if (rules->jumps_a_day && greater(d->jumps) >= rules->jumps_a_day)
        faults |= FAULT_JUMPS;
    if (rules->false_alarms_a_day && d->contradicted >= (int64_t)rules->false_alarms_a_day &&
        d->contradicted > rules->false_alarms_per_km * km && d->contradicted > 2 * (int64_t)d->supported)
        faults |= FAULT_FALSE_ALARMS;
    if (rules->copies_a_day && d->copies >= rules->copies_a_day)
        faults |= FAULT_COPIES;
    return faults;
}

static void note_turn(struct standing *s, uint32_t speaker, int32_t day)
{
    ROOM(s->turns, s->turn_capacity, s->n_turns + 1);
    s->turns[s->n_turns++] = (struct turn){speaker, day};
    s->n_all_turns++;
}

static void judge_node(struct standing *s, uint32_t speaker)
{
    struct node *node = node_of(s, speaker);
    unsigned faults = 0;

    if (s->rules.blind_micro && node->blind_micro >= s->rules.blind_micro)
        faults |= FAULT_BLIND;
    if (s->rules.bad_days && node->bad_days >= s->rules.bad_days)
        faults |= FAULT_OFTEN;
    if (!faults != !node->faults)
        note_turn(s, speaker, STANDING_EVERY_DAY);
    node->faults = faults;
}

static void judge_day(struct standing *s, struct day *d)
{
    const unsigned faults = day_faults(&s->rules, d);

    if (!faults != !d->faults) {
        node_of(s, d->speaker)->bad_days += faults ? 1u : -1u;
        note_turn(s, d->speaker, d->day);
        judge_node(s, d->speaker);
    }
    d->faults = faults;
}

unsigned standing_faults(const struct standing *s, uint32_t speaker, int32_t day)
{
    if (s->is_off)
        return 0;
    const unsigned of_node = speaker < s->n_nodes ? s->nodes[speaker].faults : 0;
    const struct day *d = day == STANDING_EVERY_DAY ? NULL : find_day(s, speaker, day);

    return of_node | (d ? d->faults : 0);
}

void standing_all(const struct standing *s, unsigned *ret_faults, unsigned *ret_bad_days, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ret_faults[i] = i < s->n_nodes ? s->nodes[i].faults : 0;
        ret_bad_days[i] = i < s->n_nodes ? s->nodes[i].bad_days : 0;
    }
    for (size_t i = 0; i < s->n_days; i++)
        if (s->days[i].speaker < n)
            ret_faults[s->days[i].speaker] |= s->days[i].faults;
}

uint64_t standing_turns(const struct standing *s)
{
    return s->n_all_turns;
}

bool standing_next_turn(struct standing *s, uint32_t *ret_speaker, int32_t *ret_day)
{
    if (!s->n_turns)
        return false;
    const struct turn turn = s->turns[--s->n_turns];
    *ret_speaker = turn.speaker;
    *ret_day = turn.day;
    return true;
}

/* ---- what a batch says of its node ------------------------------------------------------------------------ */

/* No hypot: points lie within a frame, nothing overflows, and this is done for each of them. */
static double apart_m(const struct pass_point *a, const struct pass_point *b)
{
    const double e = (double)(b->at.e_mm - a->at.e_mm), n = (double)(b->at.n_mm - a->at.n_mm);

    return sqrt(e * e + n * n) / 1000;
}

static bool is_jump(const struct pass_point *a, const struct pass_point *b)
{
    const double seconds = (double)(b->time_ns - a->time_ns) / 1e9;
    const double slack_m = JUMP_SLACK_M + JUMP_SIGMAS * (a->sigma_cm + b->sigma_cm) / 100.0;

    return seconds < -BACK_IN_TIME_S || apart_m(a, b) > slack_m + JUMP_MPS * fmax(seconds, 0);
}

static void count_copied(void *context, uint32_t speaker, int32_t day)
{
    struct standing *s = context;
    struct day *d = make_day(s, speaker, day);

    d->copies++;
    judge_day(s, d);
}

static void see_pass(struct standing *s, uint32_t speaker, const struct pass *pass)
{
    const int sense = pass->sensor == SENSE_CAMERA;
    struct pass_point *last = &node_of(s, speaker)->last[sense];
    struct day *d = NULL;

    for (size_t i = 0; i < pass->n_points; i++) {
        const struct pass_point *p = &pass->points[i];
        const int32_t day = (int32_t)(p->time_ns / NS_PER_DAY);
        if (day < s->first_day) { /* too old to count for anything */
            *last = *p;
            continue;
        }
        if (!d || d->day != day)
            d = make_day(s, speaker, day);
        if (last->time_ns && is_jump(last, p))
            d->jumps[sense]++;
        else if (i > 0)
            d->metres[sense] += (uint32_t)lround(apart_m(last, p));
        *last = *p;
        if (i + 1 == pass->n_points || p[1].time_ns / NS_PER_DAY != day)
            judge_day(s, d);
    }
}

void standing_see(struct standing *s, uint32_t speaker, struct kid kid, const struct batch *batch)
{
    if (s->is_off)
        return;
    for (size_t i = 0; i < batch->n_passes; i++) {
        see_pass(s, speaker, &batch->passes[i]);
        if (s->rules.copies_a_day)
            copies_see(s->copies, speaker, kid, &batch->passes[i], s->first_day, count_copied, s);
    }
}

/* ---- what things say of those who passed -------------------------------------------------------------------- */

void opinions_done(struct opinions *opinions)
{
    free(opinions->items);
    *opinions = (struct opinions){.n = 0};
}

static int by_speaker(const void *a, const void *b)
{
    const struct evidence_item *x = a, *y = b;

    if (x->speaker != y->speaker)
        return x->speaker < y->speaker ? -1 : 1;
    return (x->hour > y->hour) - (x->hour < y->hour);
}

/* An hour and whose it is, and the like of the first other speaker: what is left if one is not asked. */
struct bound {
    bool has, has_other;
    uint32_t speaker;
    int64_t hour, other_hour;
};

/* `sign` 1: the earliest, -1: the latest. Called once a speaker. */
static void bound_add(struct bound *b, uint32_t speaker, int64_t hour, int sign)
{
    if (!b->has || sign * hour < sign * b->hour) {
        b->other_hour = b->hour;
        b->has_other = b->has;
        b->speaker = speaker;
        b->hour = hour;
        b->has = true;
    } else if (!b->has_other || sign * hour < sign * b->other_hour) {
        b->other_hour = hour;
        b->has_other = true;
    }
}

static int64_t bound_without(const struct bound *b, uint32_t speaker)
{
    return b->speaker == speaker ? b->other_hour : b->hour;
}

/* All at one thing, so that what others did is known without looking at each of them again. */
struct gathering {
    struct bound first_hit, last_hit;
    size_t n_hitters, n_missers;
    int64_t missed; /* sum of miss_micro */
};

/* One speaker's items lie together: from .. to. */
struct share {
    const struct evidence_item *items;
    size_t n, n_hits;
    int64_t missed;
};

static struct share share_of(const struct evidence_item *items, size_t n)
{
    struct share share = {.items = items};

    for (; share.n < n && items[share.n].speaker == items->speaker; share.n++) {
        share.n_hits += items[share.n].is_hit;
        share.missed += items[share.n].is_hit ? 0 : items[share.n].miss_micro;
    }
    return share;
}

static void gather(const struct share *share, struct gathering *g)
{
    g->n_missers += share->n > share->n_hits;
    g->missed += share->missed;
    if (!share->n_hits)
        return;
    g->n_hitters++;
    size_t first = 0, last = share->n - 1;
    while (!share->items[first].is_hit)
        first++;
    while (!share->items[last].is_hit)
        last--;
    bound_add(&g->first_hit, share->items->speaker, share->items[first].hour, 1);
    bound_add(&g->last_hit, share->items->speaker, share->items[last].hour, -1);
}

static struct opinion *opinion_of(struct opinions *o, uint32_t speaker, int64_t hour)
{
    const int32_t day = (int32_t)(hour / HOURS_A_DAY);

    if (o->n && o->items[o->n - 1].speaker == speaker && o->items[o->n - 1].day == day)
        return &o->items[o->n - 1];
    ROOM(o->items, o->capacity, o->n + 1);
    o->items[o->n] = (struct opinion){.speaker = speaker, .day = day};
    return &o->items[o->n++];
}

/* One thing's word on one node: each of its hits; its clean passes between others' hits, together and capped. */
static void judge_share(const struct share *share, const struct gathering *g, struct opinions *opinions)
{
    const uint32_t speaker = share->items->speaker;
    const size_t hitters = g->n_hitters - (share->n_hits > 0), missers = g->n_missers - (share->n > share->n_hits);
    /* Two others at least, whose clean passes would hardly all have missed it. */
    const bool is_false = hitters == 0 && missers >= 2 && g->missed - share->missed <= CONTRADICTED_MICRO;
    const int64_t first_hour = bound_without(&g->first_hit, speaker), last_hour = bound_without(&g->last_hit, speaker);
    int64_t missed = 0, hits = 0;

    for (size_t i = 0; i < share->n; i++) {
        const struct evidence_item *item = &share->items[i];
        if (item->is_hit && (hitters || is_false)) {
            struct opinion *o = opinion_of(opinions, speaker, item->hour);
            o->supported += hitters > 0;
            o->contradicted += is_false;
        }
        if (item->is_hit)
            hits += item->log_odds_micro;
        else if (first_hour < item->hour && item->hour < last_hour)
            missed -= item->miss_micro;
    }
    if (hitters >= 2 && (missed || hits))
        opinion_of(opinions, speaker, share->items[share->n - 1].hour)->blind_micro +=
            (missed < BLIND_A_THING_MICRO ? missed : BLIND_A_THING_MICRO) - hits;
}

void opinions_form(struct evidence_item *items, size_t n, struct opinions *opinions)
{
    struct gathering g = {.n_hitters = 0};

    opinions->n = 0;
    if (n)
        qsort(items, n, sizeof *items, by_speaker);
    for (size_t i = 0; i < n;) {
        const struct share share = share_of(items + i, n - i);
        gather(&share, &g);
        i += share.n;
    }
    for (size_t i = 0; i < n && g.n_hitters;) {
        const struct share share = share_of(items + i, n - i);
        judge_share(&share, &g, opinions);
        i += share.n;
    }
}

static void count_one(struct standing *s, const struct opinion *o, int sign)
{
    node_of(s, o->speaker)->blind_micro += sign * o->blind_micro;
    if (o->day < s->first_day || !(o->contradicted || o->supported))
        return;
    struct day *d = make_day(s, o->speaker, o->day);
    d->contradicted += sign * o->contradicted;
    d->supported += sign * o->supported;
}

static void judge_all(struct standing *s, const struct opinions *opinions)
{
    for (size_t i = 0; i < opinions->n; i++) {
        const uint32_t index = s->table[slot_of(s, opinions->items[i].speaker, opinions->items[i].day)];
        if (index)
            judge_day(s, &s->days[index - 1]);
        judge_node(s, opinions->items[i].speaker);
    }
}

void standing_count(struct standing *s, const struct opinions *before, const struct opinions *after)
{
    if (s->is_off)
        return;
    for (size_t i = 0; i < before->n; i++)
        count_one(s, &before->items[i], -1);
    for (size_t i = 0; i < after->n; i++)
        count_one(s, &after->items[i], 1);
    judge_all(s, before);
    judge_all(s, after);
}

void standing_forget(struct standing *s, int32_t first_day)
{
    size_t kept = 0;

    if (first_day <= s->first_day)
        return;
    s->first_day = first_day;
    copies_forget(s->copies, first_day);
    for (size_t i = 0; i < s->n_days; i++) {
        struct day *d = &s->days[i];
        if (d->day >= first_day) {
            s->days[kept++] = *d;
        } else if (d->faults) {
            node_of(s, d->speaker)->bad_days--;
            judge_node(s, d->speaker);
        }
    }
    s->n_days = kept;
    index_days(s, s->table_size);
}

/* ---- as bytes ---------------------------------------------------------------------------------------------- */

struct standing_counts {
    uint64_t n_nodes, n_days;
    int64_t first_day;
};

enum road_status standing_save(const struct standing *s, const struct image_sink *sink)
{
    const struct standing_counts counts = {s->n_nodes, s->n_days, s->first_day};

    enum road_status status = image_write(sink, &counts, sizeof counts);
    if (status == ROAD_OK)
        status = image_write(sink, s->nodes, s->n_nodes * sizeof *s->nodes);
    if (status == ROAD_OK)
        status = image_write(sink, s->days, s->n_days * sizeof *s->days);
    return status == ROAD_OK ? copies_save(s->copies, sink) : status;
}

static enum road_status load_days(struct standing *s, struct image_source *source, uint64_t n, size_t n_speakers)
{
    enum road_status status = ROAD_OK;
    struct day day;

    for (uint64_t i = 0; status == ROAD_OK && i < n; i++) {
        status = image_read(source, &day, sizeof day);
        if (status != ROAD_OK)
            return status;
        if (day.speaker >= n_speakers || find_day(s, day.speaker, day.day))
            return ROAD_CORRUPT;
        *make_day(s, day.speaker, day.day) = day;
    }
    return status;
}

enum road_status standing_load(struct standing *s, struct image_source *source, size_t n_speakers)
{
    struct standing_counts counts;

    enum road_status status = image_read(source, &counts, sizeof counts);
    if (status != ROAD_OK)
        return status;
    if (counts.n_nodes > n_speakers || counts.n_nodes > source->left / sizeof *s->nodes ||
        counts.first_day < INT32_MIN || counts.first_day > INT32_MAX)
        return ROAD_CORRUPT;
    ROOM(s->nodes, s->node_capacity, counts.n_nodes);
    s->n_nodes = counts.n_nodes;
    s->first_day = (int32_t)counts.first_day;
    status = image_read(source, s->nodes, counts.n_nodes * sizeof *s->nodes);
    if (status == ROAD_OK)
        status = load_days(s, source, counts.n_days, n_speakers);
    return status == ROAD_OK ? copies_load(s->copies, source, n_speakers) : status;
}
