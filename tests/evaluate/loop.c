#include "tests/evaluate/loop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/beliefs.h"
#include "gateway/room.h"

#define SAME_LOOP 0.8
#define BLOCK_M   250.0
#define MM_PER_M  1000.0

/* ---- which drives go together -------------------------------------------------------------------------- */

struct trail {
    struct place_m *places;
    size_t n;
};

static struct trail trail_of(struct grid_zone zone, const struct recording *r)
{
    struct trail trail = {room_zeroed(r->n_fixes + 1, sizeof *trail.places), 0};

    for (size_t i = 0; i < r->n_fixes; i++)
        if (grid_project_m(zone, r->fixes[i].lat_deg, r->fixes[i].lon_deg, &trail.places[trail.n].e,
                           &trail.places[trail.n].n) == ROAD_OK)
            trail.n++;
    return trail;
}

static double apart_from_segment(struct place_m p, struct place_m a, struct place_m b)
{
    const double e = b.e - a.e, n = b.n - a.n, square = e * e + n * n;
    const double s = square > 0 ? fmin(1, fmax(0, ((p.e - a.e) * e + (p.n - a.n) * n) / square)) : 0;

    return hypot(p.e - a.e - s * e, p.n - a.n - s * n);
}

static bool is_on(struct place_m p, const struct trail *trail)
{
    for (size_t i = 0; i + 1 < trail->n; i++)
        if (apart_from_segment(p, trail->places[i], trail->places[i + 1]) <= LOOP_REACH_M)
            return true;
    return false;
}

static double share_on(const struct trail *a, const struct trail *b)
{
    size_t on = 0;

    for (size_t i = 0; i < a->n; i++)
        on += is_on(a->places[i], b);
    return a->n ? (double)on / (double)a->n : 0;
}

void loop_groups(struct grid_zone zone, const struct recording *const *drives, size_t n, size_t *ret_group)
{
    struct trail *trails = room_zeroed(n + 1, sizeof *trails);

    for (size_t i = 0; i < n; i++) {
        trails[i] = trail_of(zone, drives[i]);
        ret_group[i] = i;
        for (size_t k = 0; k < i && ret_group[i] == i; k++)
            if (ret_group[k] == k && share_on(&trails[i], &trails[k]) >= SAME_LOOP &&
                share_on(&trails[k], &trails[i]) >= SAME_LOOP)
                ret_group[i] = k;
    }
    for (size_t i = 0; i < n; i++)
        free(trails[i].places);
    free(trails);
}

/* ---- what the gateway makes of some of them ------------------------------------------------------------ */

static void tell_gateway(struct beliefs *beliefs, const struct recording *r, size_t number)
{
    const struct kid kid = {.bytes = {(uint8_t)(number >> 8), (uint8_t)number, 'l', 'o', 'o', 'p'}};
    struct batch batch;

    for (size_t i = 0; i < r->n_batches; i++) {
        if (batch_decode(r->batches[i].bytes, r->batches[i].length, &batch, NULL) != ROAD_OK)
            abort(); /* our own encoder wrote it */
        beliefs_add(beliefs, &batch, kid, true);
        batch_done(&batch);
    }
}

struct told {
    struct place_m place;
    unsigned posterior_permille;
    bool is_taken; /* a more probable one stands for it */
};

static int most_probable_first(const void *a, const void *b)
{
    const struct told *x = a, *y = b;

    if (x->posterior_permille != y->posterior_permille)
        return x->posterior_permille < y->posterior_permille ? 1 : -1;
    return x->place.e != y->place.e ? (x->place.e > y->place.e) - (x->place.e < y->place.e)
                                    : (x->place.n > y->place.n) - (x->place.n < y->place.n);
}

/* The most probable one stands for all within reach that no more probable one stands for; what counts is the
 * probability that any of them is there. */
static size_t thin(struct told *told, size_t n, double cut, struct place_m *ret_places)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        double none = 1;
        for (size_t k = i; k < n && !told[i].is_taken; k++)
            if (k == i ||
                (!told[k].is_taken && place_apart_m(told[k].place, told[i].place) <= LOOP_REACH_M)) {
                none *= 1 - told[k].posterior_permille / 1000.0;
                told[k].is_taken = k != i;
            }
        if (!told[i].is_taken && 1 - none >= cut)
            ret_places[kept++] = told[i].place;
    }
    return kept;
}

static size_t defects_above(const struct beliefs *beliefs, double cut, struct place_m *ret_places)
{
    struct told *told = room_zeroed(beliefs->n_defects, sizeof *told);
    size_t n = 0;

    for (size_t i = 0; i < beliefs->n_defects; i++) {
        const struct defect *d = &beliefs->defects[i];
        if (d->is_live)
            told[n++] = (struct told){
                .place = {(double)d->belief.at.e_mm / MM_PER_M, (double)d->belief.at.n_mm / MM_PER_M},
                .posterior_permille = d->belief.posterior_permille};
    }
    qsort(told, n, sizeof *told, most_probable_first);
    n = thin(told, n, cut, ret_places);
    free(told);
    return n;
}

/* ---- scores -------------------------------------------------------------------------------------------- */

struct truth {
    struct place_m *presses, *sites;
    size_t n_presses, n_sites;
};

static struct truth truth_of(const struct loop *loop)
{
    struct truth truth = {0};
    size_t n = 0;

    for (size_t i = 0; i < loop->n_drives; i++)
        n += loop->drives[i].n_presses;
    truth.presses = room_zeroed(n + 1, sizeof *truth.presses);
    truth.sites = room_zeroed(n + 1, sizeof *truth.sites);
    for (size_t i = 0; i < loop->n_drives; i++) {
        memcpy(truth.presses + truth.n_presses, loop->drives[i].presses,
               loop->drives[i].n_presses * sizeof *truth.presses);
        truth.n_presses += loop->drives[i].n_presses;
    }
    memcpy(truth.sites, truth.presses, n * sizeof *truth.sites);
    truth.n_sites = match_sites(truth.sites, n, LOOP_REACH_M);
    return truth;
}

struct corners {
    struct place_m *items; /* one for each block */
    size_t capacity;
};

/* The block of a place; made when it is first met. */
static struct tally *block_at(struct loop_score *score, struct corners *corners, struct place_m at)
{
    const struct place_m corner = {floor(at.e / BLOCK_M), floor(at.n / BLOCK_M)};
    size_t i = 0;

    while (i < score->n_blocks && (corners->items[i].e != corner.e || corners->items[i].n != corner.n))
        i++;
    if (i == score->n_blocks) {
        ROOM(score->blocks, score->block_capacity, i + 1);
        ROOM(corners->items, corners->capacity, i + 1);
        corners->items[i] = corner;
        score->n_blocks++;
    }
    return &score->blocks[i];
}

static void count(const struct truth *truth, const struct place_m *predicted, size_t n,
                  struct corners *corners, struct loop_score *score)
{
    size_t *site = room_zeroed(n + 1, sizeof *site);

    score->subsets++;
    score->sum.hits += (double)match_places(predicted, n, truth->sites, truth->n_sites, LOOP_REACH_M, site);
    score->sum.predicted += (double)n;
    score->sum.truth += (double)truth->n_sites;
    for (size_t i = 0; i < n; i++) {
        block_at(score, corners, site[i] == MATCH_NONE ? predicted[i] : truth->sites[site[i]])->predicted++;
        if (site[i] != MATCH_NONE)
            block_at(score, corners, truth->sites[site[i]])->hits++;
    }
    for (size_t i = 0; i < truth->n_sites; i++)
        block_at(score, corners, truth->sites[i])->truth++;
    score->near.hits += (double)match_near(predicted, n, truth->presses, truth->n_presses, LOOP_REACH_M);
    score->near.predicted += (double)n;
    score->near.truth += (double)truth->n_presses;
    score->near_recalled += (double)match_near(truth->presses, truth->n_presses, predicted, n, LOOP_REACH_M);
    free(site);
}

static void fuse_and_count(const struct loop *loop, const bool *is_chosen, const struct truth *truth,
                           struct corners *corners, struct loop_score *score)
{
    const struct beliefs_config config = {
        .evidence = {.zone = loop->zone}, .road_class = ROAD_ARTERIAL, .rules = code_rules_default};
    struct beliefs beliefs;

    beliefs_init(&beliefs, &config);
    for (size_t i = 0; i < loop->n_drives; i++)
        if (is_chosen[i])
            tell_gateway(&beliefs, loop->drives[i].recording, i);
    beliefs_settle(&beliefs, INT64_MIN, NULL);
    struct place_m *places = room_zeroed(beliefs.n_defects + 1, sizeof *places);
    const size_t n = defects_above(&beliefs, loop->cut, places);
    count(truth, places, n, corners, score);
    free(places);
    beliefs_done(&beliefs);
}

/* The next choice of as many, in lexical order; false after the last. */
static bool next_choice(bool *is_chosen, size_t n)
{
    size_t behind = 0, i = n;

    while (i > 0 && is_chosen[i - 1]) {
        is_chosen[--i] = false;
        behind++;
    }
    while (i > 0 && !is_chosen[i - 1])
        i--;
    if (i == 0)
        return false;
    is_chosen[i - 1] = false;
    for (size_t k = 0; k <= behind; k++)
        is_chosen[i + k] = true;
    return true;
}

void loop_score(const struct loop *loop, size_t passes, struct loop_score *ret_score)
{
    struct truth truth = truth_of(loop);
    struct corners corners = {0};
    bool *is_chosen = room_zeroed(loop->n_drives + 1, sizeof *is_chosen);

    *ret_score = (struct loop_score){0};
    for (size_t i = 0; i < passes; i++)
        is_chosen[i] = true;
    do
        fuse_and_count(loop, is_chosen, &truth, &corners, ret_score);
    while (next_choice(is_chosen, loop->n_drives));
    free(is_chosen);
    free(corners.items);
    free(truth.presses);
    free(truth.sites);
}

void loop_score_done(struct loop_score *score)
{
    free(score->blocks);
    *score = (struct loop_score){0};
}
