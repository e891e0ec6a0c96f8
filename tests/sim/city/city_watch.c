/* city_watch.c - hears what the gateway tells, compares it with what lies there, and sends crews. */
#include "tests/sim/city/city_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MATCH_SIGMAS 3.04 /* the gateway's own gate */
#define MATCH_EXTRA_M 1.0

/* ---- the trace ----------------------------------------------------------------------------------------- */

void city_trace(struct city *city, char what, const void *bytes, size_t length)
{
    uint8_t whole[SHA256_SIZE];

    sha256_prefixed((uint8_t)what, city->trace, sizeof city->trace, bytes, length, whole);
    memcpy(city->trace, whole, sizeof city->trace);
}

void city_trace_thing(struct city *city, char what, int thing)
{
    const struct thing *t = &city->truth.things[thing];
    const int64_t row[] = {city->now_s, thing, t->lane, llround(1000 * t->station_m), llround(1e6 * t->size)};

    city_trace(city, what, row, sizeof row);
}

static void trace_told(struct city *city, const struct defect_belief *b)
{
    char id[DEFECT_ID_TEXT_SIZE];
    const int64_t row[] = {b->state, b->type, b->severity, b->may_be_red, b->posterior_permille,
                           b->at.e_mm, b->at.n_mm, b->hits, b->passes};

    defect_id_format(&b->id, id);
    city_trace(city, 'd', id, strlen(id));
    city_trace(city, 'D', row, sizeof row);
}

/* ---- crews --------------------------------------------------------------------------------------------- */

static void order_repair(struct city *city, struct thing *t)
{
    t->ordered_s = city->now_s;
    city->counts.orders++;
    if (city->config.crew_hours <= 0)
        return;
    const double hours = -city->config.crew_hours * log(sim_uniform(&city->random, 1e-9, 1));
    t->crew_s = city->now_s + (int64_t)(HOUR_S * (1 + hours));
    t->is_false_claim = sim_uniform(&city->random, 0, 1) < city->config.false_claims;
}

static void say_repaired(struct city *city, const struct thing *t)
{
    const struct verdict verdict = {.defect = t->name, .kind = VERDICT_REPAIRED, .time_ns = t->claimed_s * 1000000000,
                                    .by = {.bytes = {0xC8, 0, 0, 0, 0, 0, 0, 1}}};

    beliefs_say(&city->beliefs, &verdict);
}

void city_send_crews(struct city *city)
{
    for (int i = 0; i < city->truth.n; i++) {
        struct thing *t = &city->truth.things[i];
        if (t->crew_s > city->now_s || t->claimed_s != NEVER_S)
            continue;
        t->claimed_s = city->now_s;
        if (!t->is_false_claim && t->repaired_s == NEVER_S) {
            t->repaired_s = city->now_s;
            city->counts.repaired++;
        }
        city->counts.claims++;
        city->counts.false_claims += t->is_false_claim;
        say_repaired(city, t);
        city_trace_thing(city, 'r', i);
    }
}

/* ---- what the gateway tells ---------------------------------------------------------------------------- */

static size_t slot_of(const struct city *city, const struct defect_id *id)
{
    const uint64_t h = ((uint64_t)id->time_ns ^ (uint64_t)id->kid.bytes[0] << 56 ^ (uint64_t)id->kid.bytes[1] << 48 ^
                        id->seq << 20 ^ id->index) * 0x9E3779B97F4A7C15u;
    size_t slot = (size_t)(h >> 32) & (city->known_size - 1);

    while (city->known[slot].is_used && defect_id_compare(&city->known[slot].id, id) != 0)
        slot = (slot + 1) & (city->known_size - 1);
    return slot;
}

static bool grow_known(struct city *city)
{
    struct known *old = city->known;
    const size_t old_size = city->known_size;

    if (2 * (city->n_known + 1) < old_size)
        return true;
    struct known *grown = calloc(2 * old_size, sizeof *grown);
    if (!grown)
        return false;
    city->known = grown;
    city->known_size = 2 * old_size;
    for (size_t i = 0; i < old_size; i++)
        if (old[i].is_used)
            city->known[slot_of(city, &old[i].id)] = old[i];
    free(old);
    return true;
}

static enum truth_match match(const struct city *city, const struct defect_belief *b, int *ret_thing)
{
    const double sigma_m = sqrt(fmax(b->cov_ee_cm2, b->cov_nn_cm2)) / 100;

    return truth_match(&city->truth, (double)b->at.e_mm / 1000, (double)b->at.n_mm / 1000,
                       MATCH_EXTRA_M + MATCH_SIGMAS * sigma_m, b->type, city->now_s, ret_thing);
}

/* When the newest hit was: settling tells of it at the end of its interval, the gateway of a deployment within seconds. */
static int64_t heard_s(const struct city *city, const struct defect_belief *b, const struct thing *t)
{
    const int64_t hit_s = b->last_ns / 1000000000;

    return hit_s < t->appears_s ? t->appears_s : hit_s < city->now_s ? hit_s : city->now_s;
}

static void note_suspected(struct city *city, struct known *known, const struct defect_belief *b)
{
    const enum truth_match is = match(city, b, &known->thing);

    city->counts.suspected[is] += known->state == 0;
    if (is == MATCH_DEFECT && city->truth.things[known->thing].suspected_s == NEVER_S)
        city->truth.things[known->thing].suspected_s = heard_s(city, b, &city->truth.things[known->thing]);
}

static void note_confirmed(struct city *city, struct known *known, const struct defect_belief *b)
{
    const enum truth_match is = match(city, b, &known->thing);
    struct thing *t = known->thing >= 0 ? &city->truth.things[known->thing] : NULL;
    const bool is_counted = city->now_s >= city->start_s + (int64_t)city->config.counts_from_day * DAY_S;

    if (is == MATCH_DEFECT && t->confirmed_s != NEVER_S && t->claimed_s == NEVER_S) {
        city->counts.confirmed_twice += is_counted;
        return;
    }
    if (is != MATCH_DEFECT) {
        city->counts.crews_in_vain++;
        city->counts.confirmed[is] += is_counted && !known->was_false;
        city->counts.false_again += is_counted && known->was_false;
        known->was_false = true;
        return;
    }
    city->counts.confirmed[is] += is_counted;
    if (t->confirmed_s == NEVER_S) {
        t->confirmed_s = heard_s(city, b, t);
        t->name = b->id;
        order_repair(city, t);
    }
}

static void send_again(struct city *city, struct thing *t)
{
    t->crew_s = city->now_s + DAY_S;
    t->claimed_s = t->verified_s = NEVER_S;
    t->is_false_claim = false;
    t->passes = t->passes_needed = t->passes_verified = 0;
    t->ideal_nats = 0;
}

/* What became of a claim: it stands, or the crew is sent again and this time repairs. */
static void note_repair(struct city *city, struct thing *t, const struct defect_belief *b)
{
    if (t->claimed_s == NEVER_S || b->repair.claimed_ns != t->claimed_s * 1000000000)
        return;
    if (b->repair.stage == REPAIR_VERIFIED && t->verified_s == NEVER_S) {
        t->verified_s = city->now_s;
        t->passes_verified = t->passes;
        t->was_wrongly_verified = t->repaired_s == NEVER_S;
        city->counts.verified++;
        city->counts.wrongly_verified += t->was_wrongly_verified;
    }
    if (b->repair.stage == REPAIR_REOPENED) {
        city->counts.reopened++;
        city->counts.wrongly_reopened += t->repaired_s != NEVER_S;
        send_again(city, t);
    }
}

/* NULL if memory ran out. */
static struct known *known_of(struct city *city, const struct defect_id *id)
{
    if (!grow_known(city))
        return NULL;
    struct known *known = &city->known[slot_of(city, id)];
    if (!known->is_used) {
        *known = (struct known){.id = *id, .thing = -1, .is_used = true};
        city->n_known++;
    }
    return known;
}

/* A name that vanished: the other one goes on where it was. */
static bool hear_alias(struct city *city, const struct defect_belief *b)
{
    const struct known *old = known_of(city, &b->id);
    const enum defect_state state = old ? old->state : 0;
    const int thing = old ? old->thing : -1;
    const bool was_false = old && old->was_false;
    struct known *heir = known_of(city, &b->alias_of);

    if (!old || !heir)
        return false;
    if (heir->state != DEFECT_CONFIRMED && state != 0) {
        heir->state = state;
        heir->thing = thing;
        heir->was_false = was_false;
    }
    return true;
}

static bool hear(struct city *city, const struct defect_belief *b)
{
    struct known *known = known_of(city, &b->id);

    if (!known)
        return false;
    trace_told(city, b);
    if (b->state == DEFECT_SUSPECTED || b->state == DEFECT_CONFIRMED)
        note_suspected(city, known, b);
    if (b->state == DEFECT_CONFIRMED && known->state != DEFECT_CONFIRMED)
        note_confirmed(city, known, b);
    if (known->thing >= 0 && b->repair.stage != REPAIR_NONE)
        note_repair(city, &city->truth.things[known->thing], b);
    known->state = b->state;
    return true;
}

bool city_watch(struct city *city)
{
    for (size_t i = 0; i < city->delta.n_defects; i++)
        if (city->delta.defects[i].now.state == DEFECT_ALIAS && !hear_alias(city, &city->delta.defects[i].now))
            return false;
    for (size_t i = 0; i < city->delta.n_defects; i++)
        if (!hear(city, &city->delta.defects[i].now))
            return false;
    return true;
}
