/* fuse.c - what is believed of one defect: place, type, size, probability, state. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/beliefs.h"
#include "gateway/clears.h"
#include "gateway/feature.h"
#include "gateway/place.h"
#include "gateway/room.h"
#include "gateway/walk.h"

#define MM2_PER_CM2 100.0
#define SIZE_SIGMA_GUESS 0.5 /* of a size that came without its sigma */

/* All that one vehicle saw of the thing in one hour: the best of it counts. */
struct hit {
    uint32_t speaker;
    int64_t hour;
    const struct sighting *best;                    /* of any sensor, for the place */
    const struct witness *by_sense[SENSE_BOTH + 1]; /* the most confident of each that is of damage, for the odds */
    bool is_silent;                                 /* its motion proves nothing: not even that it is gone */
};

struct hits {
    struct hit *items;
    size_t n, capacity;
};

static double trace(const struct sighting *s)
{
    return s->covariance.ee_mm2 + s->covariance.nn_mm2;
}

static struct hit *hit_of(struct hits *hits, const struct sighting *s)
{
    const int64_t hour = s->event.time_ns / NS_PER_HOUR;

    for (size_t i = hits->n; i-- > 0;)
        if (hits->items[i].speaker == s->speaker && hits->items[i].hour == hour)
            return &hits->items[i];
    ROOM(hits->items, hits->capacity, hits->n + 1);
    hits->items[hits->n] = (struct hit){.speaker = s->speaker, .hour = hour, .best = s};
    return &hits->items[hits->n++];
}

static void collect_hits(const struct beliefs *beliefs, const struct defect *defect, struct hits *hits)
{
    for (size_t i = 0; i < defect->n_members; i++) {
        const struct sighting *s = &beliefs->evidence.sightings[defect->members[i]];
        struct hit *hit = hit_of(hits, s);
        if (trace(s) < trace(hit->best))
            hit->best = s;
    }
}

/* Those of damage; where all of them are overruled, those that claimed it, so that what they said can be told. */
static void collect_claims(const struct witness *witnesses, size_t n, bool are_overruled, struct hits *hits)
{
    for (size_t i = 0; i < n; i++) {
        const struct witness *w = &witnesses[i];
        if (w->is_silent)
            hit_of(hits, w->sighting)->is_silent = true;
        if (!(w->is_damage || (are_overruled && w->sighting->kind == FEATURE_NONE)))
            continue;
        const struct witness **sense = &hit_of(hits, w->sighting)->by_sense[w->sighting->sensor];
        if (!*sense || w->sighting->confidence_permille > (*sense)->sighting->confidence_permille)
            *sense = w;
    }
}

/* In whole cm^2; rounding must not make it indefinite. */
static void tell_covariance(struct defect *defect)
{
    const int64_t ee = lround(fmax(defect->covariance.ee_mm2 / MM2_PER_CM2, 1));
    const int64_t nn = lround(fmax(defect->covariance.nn_mm2 / MM2_PER_CM2, 1));
    int64_t en = lround(defect->covariance.en_mm2 / MM2_PER_CM2);

    while (en * en > ee * nn)
        en -= en > 0 ? 1 : -1;
    defect->belief.cov_ee_cm2 = (int32_t)ee;
    defect->belief.cov_en_cm2 = (int32_t)en;
    defect->belief.cov_nn_cm2 = (int32_t)nn;
}

/* Independent units in the order of their first events: always the same. */
static void fuse_place(const struct hits *hits, struct defect *defect)
{
    struct fix *fixes = room_zeroed(hits->n, sizeof *fixes);

    for (size_t i = 0; i < hits->n; i++)
        fixes[i] = (struct fix){hits->items[i].best->at, hits->items[i].best->covariance, hits->items[i].best->gnss};
    place_fuse(fixes, hits->n, hits->items[0].best->heading_cdeg, &defect->belief.at, &defect->covariance);
    tell_covariance(defect);
    free(fixes);
}

/* ---- evidence ------------------------------------------------------------------------------------------ */

struct items {
    struct evidence_item *items;
    size_t n, capacity;
};

static void add_item(struct items *items, struct evidence_item item)
{
    ROOM(items->items, items->capacity, items->n + 1);
    items->items[items->n++] = item;
}

static void add_hit(const struct beliefs *beliefs, const struct hit *hit, const struct witness *w, bool is_first,
                    struct items *items)
{
    const struct sighting *s = w->sighting;
    const struct detector *detector = detector_of(&beliefs->evidence.config.detectors, s->sensor, s->gnss);
    const int64_t whole = hit_log_odds(&beliefs->walk, detector->pd_pass, fmax(detector->pf, w->pf), s->sigma_mm / 1000, is_first,
                                       s->confidence_permille);

    add_item(items, (struct evidence_item){.hour = hit->hour,
                                           .speaker = hit->speaker,
                                           .sensor = s->sensor,
                                           .is_hit = true,
                                           .is_phone = beliefs->evidence.speakers[hit->speaker].is_phone,
                                           .log_odds_micro = llround(w->weight * (double)whole)});
}

static bool was_hit(const void *context, uint32_t speaker, int64_t hour, enum sense sensor)
{
    const struct hits *hits = context;

    for (size_t i = 0; i < hits->n; i++)
        if (hits->items[i].speaker == speaker && hits->items[i].hour == hour)
            return hits->items[i].by_sense[sensor] || (sensor == SENSE_MOTION && hits->items[i].is_silent);
    return false;
}

static void count(struct defect_belief *belief, const struct hits *hits, const struct clear *clears, size_t n_clears)
{
    size_t motion = 0, seen = 0, units = 0;

    for (size_t i = 0; i < hits->n; i++) {
        const bool is_felt = hits->items[i].by_sense[SENSE_MOTION], is_seen = hits->items[i].by_sense[SENSE_CAMERA];
        motion += is_felt;
        seen += is_seen;
        units += is_felt || is_seen;
    }
    belief->motion_hits = (uint16_t)fmin((double)motion, UINT16_MAX);
    belief->camera_hits = (uint16_t)fmin((double)seen, UINT16_MAX);
    belief->hits = (uint16_t)fmin((double)(motion + seen), UINT16_MAX);
    belief->units = (uint16_t)fmin((double)units, UINT16_MAX);
    belief->passes = (uint16_t)fmin((double)(motion + seen + clears_watched(clears, n_clears)), UINT16_MAX);
}

/* The caller frees them. */
static struct clear *collect_clears(const struct beliefs *beliefs, struct defect *defect, const struct hits *hits,
                                    size_t *ret_n)
{
    const struct crossing crossing = {.at = defect->belief.at,
                                      .covariance = defect->covariance,
                                      .half_width_mm = defect_half_width_mm(defect->belief.type),
                                      .senses = catalogue_type(defect->belief.type)->sense};

    clears_collect(&beliefs->evidence, &crossing, &defect->clears);
    return clears_without(&defect->clears, was_hit, hits, ret_n);
}

/* All that was said of it, under any of its names. The caller frees it. */
static struct verdict *collect_verdicts(const struct beliefs *beliefs, const struct defect *defect, size_t *ret_n)
{
    const struct verdict *first;
    struct verdict *said = NULL;
    size_t n = 0, capacity = 0;

    for (size_t i = 0; beliefs->verdicts.n && i < defect->n_members; i++) {
        const struct defect_id *name = &beliefs->evidence.sightings[defect->members[i]].event;
        const size_t more = verdicts_about(&beliefs->verdicts, name, &first);
        for (size_t k = 0; k < more; k++) {
            ROOM(said, capacity, n + 1);
            said[n++] = first[k];
        }
    }
    *ret_n = n;
    return said;
}

/* Forms the thing's opinion of those who passed it, then leaves out whom nobody believes. True if a hit is left. */
static bool weigh_standing(const struct beliefs *beliefs, struct defect *defect, struct items *items)
{
    struct opinions before = defect->opinions;
    bool has_hit = false;
    size_t kept = 0;

    if (!standing_is_on(beliefs->standing))
        return true;
    defect->opinions = (struct opinions){.n = 0};
    opinions_form(items->items, items->n, &defect->opinions);
    standing_count(beliefs->standing, &before, &defect->opinions);
    opinions_done(&before);
    for (size_t i = 0; i < items->n; i++) {
        const struct evidence_item *item = &items->items[i];
        if (standing_faults(beliefs->standing, item->speaker, (int32_t)(item->hour / HOURS_PER_DAY)))
            continue;
        has_hit |= item->is_hit;
        items->items[kept++] = *item;
    }
    items->n = kept;
    return has_hit;
}

static void fuse_odds(const struct beliefs *beliefs, struct defect *defect, const struct hits *hits)
{
    struct items items = {0};
    struct walk_end end;
    size_t n_said, n_clears;
    struct verdict *said = collect_verdicts(beliefs, defect, &n_said);

    struct clear *clears = collect_clears(beliefs, defect, hits, &n_clears);
    for (size_t i = 0; i < hits->n; i++)
        for (int sense = SENSE_MOTION; sense <= SENSE_CAMERA; sense++)
            if (hits->items[i].by_sense[sense])
                add_hit(beliefs, &hits->items[i], hits->items[i].by_sense[sense], items.n == 0, &items);
    for (size_t i = 0; i < n_clears; i++) {
        const struct clear *c = &clears[i];
        const struct detector *detector = clear_detector(&beliefs->evidence.config.detectors, c);
        add_item(&items, (struct evidence_item){.hour = c->hour,
                                                .speaker = c->speaker,
                                                .sensor = (enum sense)c->sensor,
                                                .log_odds_micro = miss_log_odds(c->w, detector->pd_crossed, detector->pf),
                                                .miss_micro = miss_if_there(c->w, detector->pd_crossed)});
    }
    const int tau_h = defect_fades(defect->belief.type) ? catalogue_type(defect->belief.type)->tau_h : 0;
    const bool has_hit = weigh_standing(beliefs, defect, &items);
    walk_days_said(&beliefs->walk, items.items, items.n, said, n_said, tau_h, beliefs->day, &end);
    if (!has_hit && end.state == DEFECT_SUSPECTED)
        end.state = DEFECT_DROPPED; /* nobody who is believed ever found it */
    defect->belief.state = end.state;
    defect->belief.may_be_red = end.may_be_red;
    defect->belief.posterior_permille = (uint16_t)posterior_permille(end.log_odds_micro);
    defect->belief.repair = end.repair;
    count(&defect->belief, hits, clears, n_clears);
    free(said);
    free(clears);
    free(items.items);
}

bool defect_fades(int type)
{
    return type == DEFECT_PONDING || type == DEFECT_GARBAGE;
}

/* ---- type and size ------------------------------------------------------------------------------------- */

static int fuse_type(const struct hits *hits)
{
    unsigned votes[DEFECT_TYPE_COUNT + 1] = {0};
    int best = DEFECT_NONE;

    for (size_t i = 0; i < hits->n; i++)
        for (int sense = SENSE_MOTION; sense <= SENSE_CAMERA; sense++)
            if (hits->items[i].by_sense[sense])
                votes[hits->items[i].by_sense[sense]->type] +=
                    1u + hits->items[i].by_sense[sense]->sighting->confidence_permille;
    for (int type = 1; type <= DEFECT_TYPE_COUNT; type++)
        if (votes[type] > votes[best])
            best = type;
    return best;
}

/* Weighted by 1 / sigma^2 over the independent sightings of the winning type. */
static void fuse_size(const struct hits *hits, struct defect_belief *belief)
{
    double weights = 0, sum = 0;

    for (size_t i = 0; i < hits->n; i++)
        for (int sense = SENSE_MOTION; sense <= SENSE_CAMERA; sense++) {
            const struct witness *w = hits->items[i].by_sense[sense];
            if (!w || w->type != belief->type || w->sighting->size_milli <= 0)
                continue;
            const struct sighting *s = w->sighting;
            const double sigma = s->size_sigma_milli > 0 ? s->size_sigma_milli : SIZE_SIGMA_GUESS * s->size_milli;
            weights += 1 / (sigma * sigma);
            sum += s->size_milli / (sigma * sigma);
        }
    belief->size_milli = weights > 0 ? (int32_t)lround(sum / weights) : 0;
    belief->size_sigma_milli = weights > 0 ? (int32_t)lround(sqrt(1 / weights)) : 0;
}

/* From the fused size; where there is none, or where most observers saw the second road to high, from their own
 * grades: the lower median, so that one zealot does not decide. */
static enum severity fuse_severity(const struct hits *hits, const struct defect_belief *belief)
{
    const struct defect_type *type = catalogue_type(belief->type);
    unsigned graded[SEVERITY_HIGH + 1] = {0}, n = 0, also_high = 0;
    int median = SEVERITY_NONE;

    for (size_t i = 0; i < hits->n; i++)
        for (int sense = SENSE_MOTION; sense <= SENSE_CAMERA; sense++) {
            const struct witness *w = hits->items[i].by_sense[sense];
            if (!w || w->type != belief->type)
                continue;
            const int32_t size_milli = w->sighting->size_milli;
            graded[w->severity]++;
            n++;
            also_high += w->severity == SEVERITY_HIGH && size_milli > 0 &&
                         catalogue_severity(type, size_milli / 1000.0, false) < SEVERITY_HIGH;
        }
    if (belief->size_milli > 0)
        return catalogue_severity(type, belief->size_milli / 1000.0, 2 * also_high > n);
    for (unsigned below = graded[0]; 2 * below < n && median < SEVERITY_HIGH; below += graded[median])
        median++;
    return (enum severity)median;
}

/* First and last of what claims it, and whether anything does. */
static void fuse_times(const struct witness *witnesses, size_t n, bool are_overruled, struct defect_belief *belief)
{
    belief->first_ns = 0;
    for (size_t i = 0; i < n; i++) {
        const struct sighting *s = witnesses[i].sighting;
        if (!(witnesses[i].is_damage || (are_overruled && s->kind == FEATURE_NONE)))
            continue;
        if (belief->first_ns == 0)
            belief->first_ns = s->event.time_ns;
        belief->last_ns = s->event.time_ns;
    }
}

static bool has_damage(const struct witness *witnesses, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (witnesses[i].is_damage)
            return true;
    return false;
}

/* Nothing but a feature: no vehicle says otherwise, or who did is overruled. Only a person's yes stands against it. */
static void drop_claim(const struct beliefs *beliefs, struct defect *defect, const struct hits *hits)
{
    struct defect_belief *belief = &defect->belief;
    struct walk_end end;
    size_t n_said;
    struct verdict *said = collect_verdicts(beliefs, defect, &n_said);
    struct items none = {0};

    weigh_standing(beliefs, defect, &none);
    walk_days_said(&beliefs->walk, NULL, 0, said, n_said, 0, beliefs->day, &end);
    if (end.state != DEFECT_CONFIRMED)
        end = (struct walk_end){.state = DEFECT_DROPPED, .log_odds_micro = beliefs->walk.prior_micro};
    belief->state = end.state;
    belief->may_be_red = end.may_be_red;
    belief->repair = end.repair;
    belief->posterior_permille = (uint16_t)posterior_permille(end.log_odds_micro);
    count(belief, hits, NULL, 0);
    free(said);
}

void fuse(const struct beliefs *beliefs, struct defect *defect)
{
    struct hits hits = {0};
    struct defect_belief *belief = &defect->belief;
    struct witness *witnesses = room_zeroed(defect->n_members, sizeof *witnesses);

    memset(belief, 0, sizeof *belief);
    belief->id = beliefs->evidence.sightings[defect->members[0]].event;
    collect_hits(beliefs, defect, &hits);
    fuse_place(&hits, defect);
    feature_judge(beliefs, defect, witnesses);
    const bool is_damage = has_damage(witnesses, defect->n_members);
    collect_claims(witnesses, defect->n_members, !is_damage, &hits);
    fuse_times(witnesses, defect->n_members, !is_damage, belief);
    belief->type = fuse_type(&hits);
    defect->is_claimed = belief->type != DEFECT_NONE;
    if (defect->is_claimed) {
        fuse_size(&hits, belief);
        belief->severity = fuse_severity(&hits, belief);
    }
    if (is_damage)
        fuse_odds(beliefs, defect, &hits);
    else
        drop_claim(beliefs, defect, &hits);
    free(witnesses);
    free(hits.items);
}
