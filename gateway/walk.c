#include "gateway/walk.h"

#include <math.h>
#include <stdlib.h>

#define HOURS_A_DAY 24
#define NS_PER_HOUR (3600 * INT64_C(1000000000))
#define CLEARING_KEPT 2
#define OTHERS_SHARE 3 /* ours: two nodes in turn are no slower for it, and who only passes all day is not believed */
#define PASSES_GUESS 10 /* consumer GPS; told while no pass has come since the claim */

static int64_t log_odds_micro(double p)
{
    return llround(log(p / (1 - p)) * MICRO);
}

struct walk_rules walk_rules_of(double prior, double cap_nats, double floor_nats, double confirm_p, double drop_p,
                                double repaired_p, double sure_confidence)
{
    return (struct walk_rules){.prior_micro = log_odds_micro(prior),
                               .cap_micro = llround(cap_nats * MICRO),
                               .floor_micro = log_odds_micro(prior) - llround(floor_nats * MICRO),
                               .confirm_micro = log_odds_micro(confirm_p),
                               .drop_micro = log_odds_micro(drop_p),
                               .repaired_micro = llround(log(repaired_p) * MICRO),
                               .sure_permille = llround(sure_confidence * 1000)};
}

int64_t hit_log_odds(const struct walk_rules *rules, double pd, double pf, double sigma_m, bool is_first,
                     int confidence_permille)
{
    const double sure = (double)rules->sure_permille;
    const double places = fmax(1, sqrt(2 * M_PI) * sigma_m); /* 1 m places that the sighting may mean */
    const double trust = confidence_permille >= sure ? 1 : confidence_permille / sure;
    const double nats = log(pd / pf) - (is_first ? 0 : log(places));

    return llround(fmax(nats, 0) * trust * MICRO);
}

int64_t miss_log_odds(double w, double pd, double pf)
{
    return llround(fmin(log((1 - w * pd) / (1 - pf)), 0) * MICRO);
}

int64_t miss_if_there(double w, double pd)
{
    return llround(log(1 - w * pd) * MICRO);
}

int posterior_permille(int64_t log_odds_micro)
{
    return (int)lround(1000 / (1 + exp(-(double)log_odds_micro / MICRO)));
}

/* Two different nodes, and no more is asked. */
struct two_nodes {
    uint32_t speakers[CLEARING_KEPT];
    int n;
};

/* A run of items, and which of their weights is summed. */
struct run {
    const struct evidence_item *items;
    size_t from, to;
    bool is_of_miss; /* miss_micro, else log_odds_micro; of clean passes only */
};

/* What the hits since the last drop, and the clear passes since the last hit, come from. */
struct witnesses {
    uint32_t first_hitter;
    bool has_hit, has_second_node, has_fleet;
    bool has_person; /* an inspector or the desk said yes */
    struct two_nodes clearing;
};

struct walk {
    const struct walk_rules *rules;
    const struct evidence_item *items;
    struct walk_end end;
    struct witnesses witnesses;
    size_t since_drop; /* the first item of this life of the defect */
    size_t since_hit;  /* the first item after the last step with a hit */
    int64_t at_last_hit_micro; /* odds then */
    int64_t day;       /* of the last step, INT64_MIN before the first */
    int tau_h;
    /* Of the claim that is open, or was verified last. */
    int64_t missed_micro;
    size_t since_claim;
    struct two_nodes verifying;
    bool was_confirmed_at_claim;
};

static int64_t weight_of(const struct run *run, size_t i)
{
    const struct evidence_item *item = &run->items[i];

    return item->is_hit ? 0 : run->is_of_miss ? item->miss_micro : item->log_odds_micro;
}

/* The sum without the one node that has most of it, if one has more than half (majority vote: Boyer and Moore 1991;
 * sums are exact, so the order does not matter). All of it if none has. */
static int64_t sum_without_greatest(const struct run *run)
{
    int64_t lead = 0, total = 0, of_leader = 0;
    uint32_t leader = 0;

    for (size_t i = run->from; i < run->to; i++) {
        const int64_t weight = -weight_of(run, i);
        total -= weight;
        if (lead > 0 && run->items[i].speaker != leader) {
            lead -= weight;
            if (lead < 0)
                leader = run->items[i].speaker, lead = -lead;
        } else {
            leader = run->items[i].speaker;
            lead += weight;
        }
    }
    for (size_t i = run->from; i < run->to; i++)
        of_leader += run->items[i].speaker == leader ? weight_of(run, i) : 0;
    return 2 * of_leader < total ? total - of_leader : total;
}

static void add_hitter(struct witnesses *w, const struct evidence_item *item)
{
    if (!w->has_hit)
        w->first_hitter = item->speaker;
    else if (item->speaker != w->first_hitter)
        w->has_second_node = true;
    w->has_hit = true;
    w->has_fleet |= !item->is_phone;
}

static void add_node(struct two_nodes *nodes, uint32_t speaker)
{
    for (int i = 0; i < nodes->n; i++)
        if (nodes->speakers[i] == speaker)
            return;
    if (nodes->n < CLEARING_KEPT)
        nodes->speakers[nodes->n++] = speaker;
}

/* Motion and camera of one vehicle of the fleet in one hour. */
static bool has_both_senses(const struct evidence_item *items, size_t from, size_t n)
{
    for (size_t i = from; i < n; i++)
        for (size_t k = i + 1; k < n && items[k].hour == items[i].hour; k++)
            if (items[i].is_hit && items[k].is_hit && !items[i].is_phone && items[i].speaker == items[k].speaker &&
                (items[i].sensor | items[k].sensor) == SENSE_BOTH)
                return true;
    return false;
}

static int64_t clamp(const struct walk_rules *rules, int64_t log_odds)
{
    if (log_odds > rules->cap_micro)
        return rules->cap_micro;
    return log_odds < rules->floor_micro ? rules->floor_micro : log_odds;
}

static int64_t fade(const struct walk_rules *rules, int64_t log_odds, int64_t days, int tau_h)
{
    if (tau_h <= 0 || days <= 0)
        return log_odds;
    const double kept = exp(-(double)days * HOURS_A_DAY / tau_h);
    return rules->prior_micro + llround((double)(log_odds - rules->prior_micro) * kept);
}

/* A repaired one stays repaired until its odds say otherwise; there is nothing left to drop. */
static enum defect_state next_state(const struct walk_rules *rules, enum defect_state state, int64_t log_odds, int n_clearing, bool fades)
{
    if (log_odds >= rules->confirm_micro)
        return DEFECT_CONFIRMED;
    if (state == DEFECT_REPAIRED || (n_clearing < CLEARING_KEPT && !fades))
        return state;
    if (state == DEFECT_CONFIRMED)
        return log_odds <= rules->drop_micro ? DEFECT_DROPPED : state;
    return log_odds <= rules->prior_micro ? DEFECT_DROPPED : state;
}

/* ---- repair and return --------------------------------------------------------------------------------- */

static void verify(struct walk *w, enum repair_cause cause, int64_t at_ns)
{
    w->end.repair.stage = REPAIR_VERIFIED;
    w->end.repair.cause = cause;
    w->end.repair.settled_ns = at_ns;
    w->end.state = DEFECT_REPAIRED;
    w->end.log_odds_micro = w->rules->prior_micro; /* what the odds were about is gone */
}

/* It is what it was when the claim came. */
static void reopen(struct walk *w, enum repair_cause cause, int64_t at_ns)
{
    w->end.repair.stage = REPAIR_REOPENED;
    w->end.repair.cause = cause;
    w->end.repair.settled_ns = at_ns;
    if (w->end.state != DEFECT_CONFIRMED)
        w->end.state = DEFECT_SUSPECTED;
    if (w->was_confirmed_at_claim && w->end.log_odds_micro < w->rules->confirm_micro)
        w->end.log_odds_micro = w->rules->confirm_micro;
}

static bool may_reopen(const struct walk *w, int64_t today)
{
    const struct repair *repair = &w->end.repair;

    return repair->stage == REPAIR_CLAIMED ||
           (repair->stage == REPAIR_VERIFIED && today - repair->settled_ns / NS_PER_HOUR / HOURS_A_DAY <= REPAIR_REOPEN_DAYS);
}

/* The first hour of the step with a hit above suspicion, -1 if none. */
static int64_t reopening_hour(const struct walk *w, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (w->items[i].is_hit && w->items[i].log_odds_micro >= w->rules->confirm_micro)
            return w->items[i].hour;
    return -1;
}

/* A hit below that speaks against the repair by what it weighs, and no further back than the claim. */
static void count_towards_verified(struct walk *w, size_t from, size_t to)
{
    struct repair *repair = &w->end.repair;

    for (size_t i = from; i < to; i++) {
        w->missed_micro += w->items[i].is_hit ? w->items[i].log_odds_micro : w->items[i].miss_micro;
        if (w->items[i].is_hit)
            continue;
        if (repair->passes < UINT16_MAX)
            repair->passes++;
        add_node(&w->verifying, w->items[i].speaker);
    }
    if (w->missed_micro > 0)
        w->missed_micro = 0;
    const struct run run = {w->items, w->since_claim, to, true};
    if (w->missed_micro <= w->rules->repaired_micro && w->verifying.n == CLEARING_KEPT &&
        sum_without_greatest(&run) <= w->rules->repaired_micro / OTHERS_SHARE)
        verify(w, REPAIR_BY_PASSES, w->items[to - 1].hour * NS_PER_HOUR);
}

/* ---- one step: the evidence of a day, or of what a verdict leaves of it --------------------------------- */

static void begin_life(struct walk *w, size_t from)
{
    w->end.state = DEFECT_SUSPECTED;
    w->since_drop = from;
    w->witnesses = (struct witnesses){0};
    if (w->end.repair.stage != REPAIR_CLAIMED)
        w->end.repair = (struct repair){0};
}

static bool has_hit_within(const struct walk *w, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (w->items[i].is_hit)
            return true;
    return false;
}

static void note_witnesses(struct walk *w, size_t from, size_t to, bool has_hit)
{
    if (has_hit) {
        w->witnesses.clearing.n = 0;
        w->since_hit = to;
    }
    for (size_t i = from; i < to; i++) {
        if (w->items[i].is_hit)
            add_hitter(&w->witnesses, &w->items[i]);
        else if (!has_hit) /* on a day with a hit it is not known what came first */
            add_node(&w->witnesses.clearing, w->items[i].speaker);
    }
}

/* No single node clears what is confirmed: without any one of them the others have come a third of the way. */
static bool is_cleared_by_many(const struct walk *w, size_t to)
{
    const struct run run = {w->items, w->since_hit, to, false};

    return sum_without_greatest(&run) <= (w->rules->drop_micro - w->at_last_hit_micro) / OTHERS_SHARE;
}

static void step(struct walk *w, size_t from, size_t to)
{
    const int64_t today = w->items[from].hour / HOURS_A_DAY;
    const bool has_hit = has_hit_within(w, from, to), is_claimed = w->end.repair.stage == REPAIR_CLAIMED;
    const int64_t reopened = may_reopen(w, today) ? reopening_hour(w, from, to) : -1;
    int64_t sum = w->day == INT64_MIN ? w->end.log_odds_micro : fade(w->rules, w->end.log_odds_micro, today - w->day, w->tau_h);

    if (reopened < 0 && has_hit &&
        (w->end.state == DEFECT_DROPPED || (w->end.state == DEFECT_REPAIRED && !may_reopen(w, today))))
        begin_life(w, from);
    note_witnesses(w, from, to, has_hit);
    for (size_t i = from; i < to; i++)
        sum += w->items[i].log_odds_micro;
    w->end.log_odds_micro = clamp(w->rules, sum);
    if (reopened >= 0)
        reopen(w, REPAIR_BY_HIT, reopened * NS_PER_HOUR);
    if (has_hit)
        w->at_last_hit_micro = w->end.log_odds_micro;
    const enum defect_state before = w->end.state;
    w->end.state = next_state(w->rules, before, w->end.log_odds_micro, w->witnesses.clearing.n, false);
    if (before == DEFECT_CONFIRMED && w->end.state == DEFECT_DROPPED && !is_cleared_by_many(w, to))
        w->end.state = before;
    if (w->end.state == DEFECT_CONFIRMED && w->end.repair.stage == REPAIR_VERIFIED) /* many doubtful hits */
        reopen(w, REPAIR_BY_HIT, w->items[to - 1].hour * NS_PER_HOUR);
    w->end.was_confirmed |= w->end.state == DEFECT_CONFIRMED;
    if (is_claimed && reopened < 0)
        count_towards_verified(w, from, to);
    w->day = today;
}

/* ---- what a person says --------------------------------------------------------------------------------- */

/* `at`: the first item after what was said. */
static void claim(struct walk *w, const struct verdict *v, size_t at)
{
    if (w->end.state == DEFECT_DROPPED || w->end.state == DEFECT_REPAIRED)
        return; /* there is nothing to repair */
    w->end.repair = (struct repair){.stage = REPAIR_CLAIMED, .claimed_ns = v->time_ns, .by = v->by};
    w->was_confirmed_at_claim = w->end.state == DEFECT_CONFIRMED;
    w->missed_micro = 0;
    w->since_claim = at;
    w->verifying.n = 0;
}

/* As a hit would; what cleared it before counts no more. */
static void believe_damaged(struct walk *w, const struct verdict *v, enum repair_cause cause, size_t at)
{
    if (w->end.state == DEFECT_DROPPED)
        begin_life(w, at);
    if (w->end.repair.stage == REPAIR_VERIFIED || (w->end.repair.stage == REPAIR_CLAIMED && cause == REPAIR_BY_INSPECTOR))
        reopen(w, cause, v->time_ns);
    w->witnesses.has_person = true;
    w->end.state = DEFECT_CONFIRMED;
    w->end.was_confirmed = true;
    if (w->end.log_odds_micro < w->rules->confirm_micro)
        w->end.log_odds_micro = w->rules->confirm_micro;
    w->witnesses.clearing.n = 0;
    w->since_hit = at;
    w->at_last_hit_micro = w->end.log_odds_micro;
}

static void believe_gone(struct walk *w)
{
    w->end.state = DEFECT_DROPPED;
    w->end.log_odds_micro = w->rules->prior_micro;
    w->end.repair = (struct repair){0};
}

static void hear(struct walk *w, const struct verdict *v, size_t at)
{
    const struct repair *repair = &w->end.repair;

    switch (v->kind) {
    case VERDICT_REPAIRED:
        claim(w, v, at);
        break;
    case VERDICT_WHOLE:
        if (repair->stage != REPAIR_CLAIMED)
            believe_gone(w);
        else if (kid_compare(repair->by, v->by) != 0) /* nobody verifies his own repair */
            verify(w, REPAIR_BY_INSPECTOR, v->time_ns);
        break;
    case VERDICT_DAMAGED:
        believe_damaged(w, v, REPAIR_BY_INSPECTOR, at);
        break;
    case VERDICT_CONFIRMED:
        believe_damaged(w, v, REPAIR_BY_DESK, at);
        break;
    case VERDICT_REJECTED:
        believe_gone(w);
        break;
    }
}

/* ---- the walk -------------------------------------------------------------------------------------------- */

/* What is told of an open or settled claim beside its stage. */
static void tell_progress(const struct walk *w, struct repair *repair)
{
    if (repair->stage == REPAIR_NONE)
        return;
    repair->miss_ppm = (uint32_t)llround(exp((double)w->missed_micro / MICRO) * 1e6);
    repair->passes_needed = PASSES_GUESS;
    if (repair->passes > 0 && w->missed_micro < 0)
        repair->passes_needed = (uint16_t)fmin(
            ceil((double)repair->passes * (double)w->rules->repaired_micro / (double)w->missed_micro), UINT16_MAX);
}

static int by_hour(const void *a, const void *b)
{
    const int64_t x = ((const struct evidence_item *)a)->hour, y = ((const struct evidence_item *)b)->hour;

    return (x > y) - (x < y);
}

/* Names of one defect may differ: the time goes first. */
static int by_time(const void *a, const void *b)
{
    const struct verdict *x = a, *y = b;

    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    return verdict_compare(x, y);
}

/* Where the step that begins with item `from` ends: at midnight, or behind the hour of the next verdict. */
static size_t step_end(const struct evidence_item *items, size_t from, size_t n, const struct verdict *next)
{
    const int64_t day = items[from].hour / HOURS_A_DAY;
    size_t to = from;

    while (to < n && items[to].hour / HOURS_A_DAY == day && (!next || items[to].hour <= next->time_ns / NS_PER_HOUR))
        to++;
    return to;
}

void walk_days_said(const struct walk_rules *rules, struct evidence_item *items, size_t n, struct verdict *verdicts, size_t n_verdicts, int tau_h,
                    int64_t until_day, struct walk_end *ret_end)
{
    struct walk w = {.rules = rules,
                     .items = items, .tau_h = tau_h, .day = n ? INT64_MIN : until_day,
                     .end = {.state = DEFECT_SUSPECTED, .log_odds_micro = rules->prior_micro}};
    size_t v = 0;

    if (n)
        qsort(items, n, sizeof *items, by_hour);
    if (n_verdicts)
        qsort(verdicts, n_verdicts, sizeof *verdicts, by_time);
    for (size_t i = 0; i < n || v < n_verdicts;) {
        const struct verdict *next = v < n_verdicts ? &verdicts[v] : NULL;
        if (next && (i == n || items[i].hour > next->time_ns / NS_PER_HOUR)) {
            hear(&w, next, i);
            v++;
            continue;
        }
        const size_t to = step_end(items, i, n, next);
        step(&w, i, to);
        i = to;
    }
    if (tau_h > 0 && until_day > w.day) {
        w.end.log_odds_micro = fade(rules, w.end.log_odds_micro, until_day - w.day, tau_h);
        w.end.state = next_state(rules, w.end.state, w.end.log_odds_micro, w.witnesses.clearing.n, true);
    }
    tell_progress(&w, &w.end.repair);
    w.end.may_be_red = w.witnesses.has_person || (w.witnesses.has_second_node && w.witnesses.has_fleet) ||
                       has_both_senses(items, w.since_drop, n);
    *ret_end = w.end;
}

void walk_days(const struct walk_rules *rules, struct evidence_item *items, size_t n, int tau_h, int64_t until_day, struct walk_end *ret_end)
{
    walk_days_said(rules, items, n, NULL, 0, tau_h, until_day, ret_end);
}
