#include "gateway/feature.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/baseline.h"
#include "gateway/clears.h"
#include "gateway/room.h"
#include "gateway/walk.h"

/* A vehicle finds a feature less surely than a deep hole: a sound cover is felt at some speeds only. Ours. */
#define FEATURE_PD 0.4
#define FEATURE_PF 0.002
#define NODES_MIN 2
#define VOTES 32 /* the latest units that vote on whether it is a feature or damage */
/* Three times as strong: a cover within tolerance (5 mm) that lies 15 mm off shakes the body three times as much
 * (domain figures, section 3: response in proportion to the level), and 15 mm is where the hazard turns. */
#define SEVERE_MICRO 1098612 /* ln 3 */
#define COMPANY_HOURS (90 * 24)
#define AGAIN_HOURS (30 * 24)
#define AGAIN_WEIGHT 0.15 /* of a hit: a few outweigh the passes that feel nothing at all, two odd vehicles do not */
#define REFERENCE_CMPS 1111.0 /* 40 km/h */
#define USUAL_EXPONENT 0.65   /* background shaking of a body grows with speed to this power (section 3) */

/* All that one vehicle felt there in one hour. */
struct unit {
    uint32_t speaker;
    int64_t hour;
    const struct sighting *feature, *damage; /* the most confident of each; NULL if none */
    const struct sighting *felt;             /* the strongest, NULL if none was measured */
    int64_t strength_micro;                  /* of it: ln at 40 km/h, in micro-nats */
    struct baseline_verdict verdict;         /* by what was felt before */
    double weight;                           /* as a hit, 0..1 */
};

struct units {
    struct unit *items; /* by hour */
    size_t n, capacity;
    uint32_t *of_member; /* the unit of each sighting of motion */
};

/* ---- units --------------------------------------------------------------------------------------------- */

/* How the peak over a feature grows with speed, beside the background (domain figures, section 3: body peak to peak at 20
 * and 60 km/h; bump 1.7 1.6, hump .67 1.25, step .24 .27, cover .55 .68). */
static double speed_exponent(enum feature_kind kind)
{
    switch (kind) {
    case FEATURE_SPEED_HUMP:
        return 0.55;
    case FEATURE_MANHOLE:
        return 0.15;
    case FEATURE_JOINT:
    case FEATURE_RAIL:
        return 0.1;
    default:
        return 0;
    }
}

static int64_t strength_micro(const struct sighting *s, enum feature_kind kind)
{
    const double speed = s->speed_cmps ? s->speed_cmps / REFERENCE_CMPS : 1;

    return llround(MICRO * (log(s->strength_milli / 1000.0) + (USUAL_EXPONENT - speed_exponent(kind)) * log(speed)));
}

/* Sightings come in the order of their hours. */
static uint32_t newest_unit(struct units *units, const struct sighting *s)
{
    const int64_t hour = s->event.time_ns / NS_PER_HOUR;

    for (size_t i = units->n; i-- > 0 && units->items[i].hour == hour;)
        if (units->items[i].speaker == s->speaker)
            return (uint32_t)i;
    ROOM(units->items, units->capacity, units->n + 1);
    units->items[units->n] = (struct unit){.speaker = s->speaker, .hour = hour};
    return (uint32_t)units->n++;
}

static void add_to_unit(struct unit *unit, const struct sighting *s)
{
    const struct sighting **as = s->kind ? &unit->feature : &unit->damage;

    if (!*as || s->confidence_permille > (*as)->confidence_permille)
        *as = s;
}

static void collect_units(const struct beliefs *beliefs, const struct defect *defect, struct units *units)
{
    units->of_member = room_zeroed(defect->n_members, sizeof *units->of_member);
    for (size_t i = 0; i < defect->n_members; i++) {
        const struct sighting *s = &beliefs->evidence.sightings[defect->members[i]];
        if (s->sensor != SENSE_MOTION)
            continue;
        units->of_member[i] = newest_unit(units, s);
        add_to_unit(&units->items[units->of_member[i]], s);
    }
}

static bool says_feature(const struct unit *unit)
{
    return unit->feature && (!unit->damage || unit->feature->confidence_permille > unit->damage->confidence_permille);
}

static size_t first_voter(const struct units *units)
{
    return units->n > VOTES ? units->n - VOTES : 0;
}

/* By confidence, over the latest units. */
static enum feature_kind vote_kind(const struct units *units)
{
    unsigned votes[FEATURE_KIND_COUNT + 1] = {0};
    enum feature_kind best = FEATURE_NONE;

    for (size_t i = first_voter(units); i < units->n; i++)
        if (units->items[i].feature)
            votes[units->items[i].feature->kind] += 1u + units->items[i].feature->confidence_permille;
    for (int kind = 1; kind <= FEATURE_KIND_COUNT; kind++)
        if (votes[kind] > votes[best])
            best = (enum feature_kind)kind;
    return best;
}

/* More of the latest units say so than say that it is damage, and they are of two vehicles. */
static bool has_majority(const struct units *units)
{
    size_t feature = 0, nodes = 0;
    uint32_t first = 0;

    for (size_t i = first_voter(units); i < units->n; i++) {
        const struct unit *u = &units->items[i];
        if (!says_feature(u))
            continue;
        feature++;
        if (nodes == 0)
            first = u->speaker;
        if (nodes == 0 || (nodes == 1 && u->speaker != first))
            nodes++;
    }
    return nodes >= NODES_MIN && 2 * feature > units->n - first_voter(units);
}

/* The strongest of each unit, now that the kind is known. */
static void measure_units(const struct beliefs *beliefs, const struct defect *defect, enum feature_kind kind,
                          struct units *units)
{
    for (size_t i = 0; i < defect->n_members; i++) {
        const struct sighting *s = &beliefs->evidence.sightings[defect->members[i]];
        if (s->sensor != SENSE_MOTION || s->strength_milli <= 0)
            continue;
        struct unit *unit = &units->items[units->of_member[i]];
        const int64_t micro = strength_micro(s, kind);
        if (unit->felt && micro <= unit->strength_micro)
            continue;
        unit->felt = s;
        unit->strength_micro = micro;
    }
}

/* ---- what was felt ------------------------------------------------------------------------------------- */

/* Each against what was felt before it. A bump that was built higher is the bump from then on. */
static void scan(struct units *units, enum feature_kind kind, unsigned passes_min, struct baseline *baseline)
{
    const bool may_be_rebuilt = feature_defect(kind) == DEFECT_NONE;

    for (size_t i = 0; i < units->n; i++) {
        struct unit *unit = &units->items[i];
        if (!unit->felt)
            continue;
        const double noise = (double)unit->felt->strength_sigma_milli / unit->felt->strength_milli;
        const struct felt felt = {unit->speaker, unit->strength_micro, MICRO * noise};
        if (baseline_is_known(baseline, passes_min))
            unit->verdict = baseline_judge(baseline, &felt);
        baseline_learn(baseline, &felt, &unit->verdict, may_be_rebuilt && says_feature(unit));
    }
}

/* Another vehicle stands out within 90 days. One alone may have a worn damper. */
static bool has_company(const struct units *units, const struct unit *me)
{
    for (size_t i = 0; i < units->n; i++)
        if (units->items[i].verdict.stands_out && units->items[i].speaker != me->speaker &&
            llabs(units->items[i].hour - me->hour) <= COMPANY_HOURS)
            return true;
    return false;
}

/* What makes one vehicle stand out again and again may be its own: it counts in full once in 30 days and little in
 * between, and only once at all where it is alone. */
static void weigh_hits(struct units *units)
{
    for (size_t i = 0; i < units->n; i++) {
        struct unit *me = &units->items[i];
        bool is_again = false, is_first = true;

        if (!me->verdict.stands_out)
            continue;
        for (size_t k = i; k-- > 0 && !is_again;) {
            const struct unit *u = &units->items[k];
            if (!u->verdict.stands_out || u->speaker != me->speaker)
                continue;
            is_first = false;
            is_again = u->weight >= 1 && me->hour - u->hour < AGAIN_HOURS;
        }
        me->weight = !is_first && !has_company(units, me) ? 0 : is_again ? AGAIN_WEIGHT : 1;
    }
}

/* ---- does it stand there? ------------------------------------------------------------------------------ */

static bool was_felt(const void *context, uint32_t speaker, int64_t hour, enum sense sensor)
{
    const struct units *units = context;

    (void)sensor; /* only motion is asked */
    for (size_t i = 0; i < units->n; i++)
        if (units->items[i].speaker == speaker && units->items[i].hour == hour)
            return true;
    return false;
}

/* Units that called it damage say neither that it is there nor that it is gone. */
static size_t collect_items(const struct beliefs *beliefs, const struct units *units, const struct clear *clears,
                            size_t n_clears, struct evidence_item *items)
{
    size_t n = 0;

    for (size_t i = 0; i < units->n; i++) {
        const struct unit *u = &units->items[i];
        if (!u->feature)
            continue;
        items[n] = (struct evidence_item){.hour = u->hour,
                                          .speaker = u->speaker,
                                          .sensor = SENSE_MOTION,
                                          .is_hit = true,
                                          .is_phone = beliefs->evidence.speakers[u->speaker].is_phone,
                                          .log_odds_micro = hit_log_odds(&beliefs->walk, FEATURE_PD, FEATURE_PF,
                                                                         u->feature->sigma_mm / 1000, n == 0,
                                                                         u->feature->confidence_permille)};
        n++;
    }
    for (size_t i = 0; i < n_clears; i++)
        items[n++] = (struct evidence_item){.hour = clears[i].hour,
                                            .speaker = clears[i].speaker,
                                            .sensor = SENSE_MOTION,
                                            .log_odds_micro = miss_log_odds(clears[i].w, FEATURE_PD, FEATURE_PF)};
    return n;
}

static void walk_feature(const struct beliefs *beliefs, struct defect *defect, const struct units *units,
                         struct feature_belief *feature)
{
    const struct crossing crossing = {.at = defect->belief.at,
                                      .covariance = defect->covariance,
                                      .half_width_mm = feature_half_width_mm(feature->kind),
                                      .senses = SENSE_MOTION};
    struct walk_end end;
    size_t n_clears;

    clears_collect(&beliefs->evidence, &crossing, &defect->feature_clears);
    struct clear *clears = clears_without(&defect->feature_clears, was_felt, units, &n_clears);
    struct evidence_item *items = room_zeroed(units->n + n_clears, sizeof *items);
    const size_t n = collect_items(beliefs, units, clears, n_clears, items);
    walk_days(&beliefs->walk, items, n, 0, beliefs->day, &end);
    feature->posterior_permille = (uint16_t)posterior_permille(end.log_odds_micro);
    feature->state = end.state == DEFECT_CONFIRMED && has_majority(units)  ? FEATURE_REGISTERED
                     : end.state == DEFECT_DROPPED && end.was_confirmed ? FEATURE_RETIRED
                                                                        : FEATURE_SEEN;
    feature->passes = (uint16_t)fmin((double)(units->n + clears_watched(clears, n_clears)), UINT16_MAX);
    free(items);
    free(clears);
}

/* ---- the verdict --------------------------------------------------------------------------------------- */

static int32_t whole_milli(double value)
{
    return (int32_t)llround(fmin(value, INT32_MAX));
}

static void tell_baseline(const struct baseline *baseline, unsigned passes_min, struct feature_belief *feature)
{
    if (!baseline_is_known(baseline, passes_min))
        return;
    const double median = exp((double)latest_median(&baseline->strengths) / MICRO);

    feature->strength_milli = whole_milli(1000 * median);
    feature->strength_mad_milli = whole_milli(1000 * median * expm1((double)latest_mad(&baseline->strengths) / MICRO));
}

static void describe(const struct defect *defect, const struct units *units, struct feature_belief *feature)
{
    const struct defect_belief *belief = &defect->belief;
    size_t hits = 0;

    feature->id = belief->id;
    feature->at = belief->at;
    feature->cov_ee_cm2 = belief->cov_ee_cm2;
    feature->cov_en_cm2 = belief->cov_en_cm2;
    feature->cov_nn_cm2 = belief->cov_nn_cm2;
    for (size_t i = 0; i < units->n; i++) {
        const struct sighting *s = units->items[i].feature;
        if (!s)
            continue;
        if (hits++ == 0) {
            feature->first_ns = s->event.time_ns;
            feature->heading_cdeg = s->heading_cdeg;
        }
        feature->last_ns = s->event.time_ns;
    }
    feature->hits = (uint16_t)fmin((double)hits, UINT16_MAX);
}

/* What a sighting counts as, at a feature that stands. */
static void overrule(const struct units *units, size_t index, enum feature_kind kind, struct witness *w)
{
    const struct unit *unit = &units->items[index];
    const struct sighting *s = w->sighting;

    w->type = s->kind ? feature_defect(kind) : s->type;
    w->is_damage = unit->felt == s && unit->weight > 0 && w->type != DEFECT_NONE;
    w->weight = unit->weight;
    w->is_silent = unit->felt == s && (unit->verdict.stands_out || unit->verdict.is_strong) && !w->is_damage;
    w->pf = unit->verdict.pf;
    if (s->kind) /* how much it changed is known, not how deep it is */
        w->severity = unit->verdict.excess_micro >= SEVERE_MICRO ? SEVERITY_HIGH : SEVERITY_MEDIUM;
}

static void judge_all(const struct units *units, struct feature_belief *feature, struct witness *witnesses, size_t n)
{
    size_t called = 0;

    for (size_t i = 0; i < n; i++)
        if (witnesses[i].sighting->sensor == SENSE_MOTION)
            overrule(units, units->of_member[i], feature->kind, &witnesses[i]);
    for (size_t i = 0; i < units->n; i++)
        called += units->items[i].damage && !units->items[i].verdict.stands_out;
    feature->called_damage = (uint16_t)fmin((double)called, UINT16_MAX);
}

void feature_judge(const struct beliefs *beliefs, struct defect *defect, struct witness *ret_witnesses)
{
    struct feature_belief *feature = &defect->feature;
    struct units units = {0};
    struct baseline baseline = {.n_habits = 0};
    bool has_feature = false;

    *feature = (struct feature_belief){.kind = FEATURE_NONE};
    for (size_t i = 0; i < defect->n_members; i++) {
        const struct sighting *s = &beliefs->evidence.sightings[defect->members[i]];
        ret_witnesses[i] =
            (struct witness){.sighting = s, .is_damage = s->kind == FEATURE_NONE, .type = s->type, .severity = s->severity, .weight = 1};
        has_feature |= s->kind != FEATURE_NONE;
    }
    if (!has_feature)
        return;
    collect_units(beliefs, defect, &units);
    feature->kind = vote_kind(&units);
    if (feature->kind != FEATURE_NONE) {
        describe(defect, &units, feature);
        measure_units(beliefs, defect, feature->kind, &units);
        scan(&units, feature->kind, beliefs->config.feature_passes, &baseline);
        weigh_hits(&units);
        tell_baseline(&baseline, beliefs->config.feature_passes, feature);
        walk_feature(beliefs, defect, &units, feature);
    }
    if (feature->state == FEATURE_REGISTERED)
        judge_all(&units, feature, ret_witnesses, defect->n_members);
    baseline_done(&baseline);
    free(units.of_member);
    free(units.items);
}
