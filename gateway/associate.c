/* associate.c - which sightings are of one defect.
 *
 * Two sightings are linked if their types may be taken for each other and they lie within reach: 3.04 (the root of
 * the 99 % gate 9.2 of chi-squared with two degrees of freedom) times the sum of their sigmas. Only linked ones
 * ever share a defect, so a connected component is folded alone. Inside it sightings are taken in event order
 * (time, kid, seq, index); each joins the most likely defect within the gate (wider where many saw it) or founds a new one. What came early was
 * judged with little knowledge, so every sighting is then judged again, twice, against the defects as they stand
 * without it; at last defects that cannot be told apart are merged, older first. The result depends on the set alone.
 *
 * Features (look-alikes) are sightings too. One detector takes them for damage and the other way round, whether short or
 * long, so they link both with holes, covers, joints and patches and with long waves.
 *
 * A vehicle knows distances within one drive far better than places: two sightings of one vehicle within 20 s and
 * more than 4 m apart are never the same defect, however poor its position is. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/beliefs.h"
#include "gateway/room.h"

#define GATE_CHI2 9.2
#define REACH_SIGMAS 3.04
#define SAME_DRIVE_NS (20 * INT64_C(1000000000))
#define SAME_DRIVE_APART_MM 4000.0
#define HEADING_MATTERS_MM 1000.0 /* a place known better than this speaks for itself */
#define HEADING_APART_CDEG 6000
#define EXTENT_MM 100.0 /* wheels meet a defect anywhere on it: added to the gate's covariance */
#define LONG_EXTENT_MM 1500.0 /* along the way: a hump, a crossing and a row of studs are metres long */
#define ROUNDS 2

int defect_group(int type)
{
    static const int groups[DEFECT_TYPE_COUNT + 1] = {
        [DEFECT_LONGITUDINAL_CRACK] = 1, [DEFECT_TRANSVERSE_CRACK] = 1, [DEFECT_BLOCK_CRACK] = 1,
        [DEFECT_ALLIGATOR_CRACK] = 1,    [DEFECT_POTHOLE] = 2,          [DEFECT_MANHOLE_LEVEL] = 2,
        [DEFECT_MANHOLE_COVER] = 2,      [DEFECT_JOINT_FAULT] = 2,      [DEFECT_PATCH_FAILURE] = 2,
        [DEFECT_SUBSIDENCE] = 3,         [DEFECT_RUTTING] = 3,          [DEFECT_SHOVING] = 3,
        [DEFECT_RAVELING] = 4,           [DEFECT_EDGE_BREAK] = 4,       [DEFECT_BLEEDING] = 4,
        [DEFECT_MUD_PUMPING] = 4,        [DEFECT_PONDING] = 5,          [DEFECT_GARBAGE] = 6,
    };
    return groups[type];
}

#define GROUP_SHORT 2
#define GROUP_LONG 3

static int group_of(const struct sighting *s)
{
    if (s->kind == FEATURE_NONE)
        return defect_group(s->type);
    return s->kind == FEATURE_SPEED_HUMP ? GROUP_LONG : GROUP_SHORT;
}

static bool groups_meet(int a, int b, bool is_feature_among)
{
    return a == b || (is_feature_among && (a == GROUP_SHORT || a == GROUP_LONG) &&
                      (b == GROUP_SHORT || b == GROUP_LONG));
}

static double extent_of(const struct sighting *s)
{
    return s->kind == FEATURE_SPEED_HUMP || s->kind == FEATURE_RAIL || s->kind == FEATURE_STUDS ? LONG_EXTENT_MM
                                                                                              : EXTENT_MM;
}

/* A hole keeps to its place, however long the feature beside it. */
static double extent_of_pair(double extent_a_mm, double extent_b_mm, const struct sighting *s)
{
    return s->kind || group_of(s) == GROUP_LONG ? fmax(extent_a_mm, extent_b_mm) : EXTENT_MM;
}

static double apart_mm(struct grid_point a, struct grid_point b)
{
    return hypot((double)(a.e_mm - b.e_mm), (double)(a.n_mm - b.n_mm));
}

/* Both are felt over metres of the way. */
static double long_extent(const struct sighting *a, const struct sighting *b)
{
    const double extent = fmax(extent_of(a), extent_of(b));

    return extent > EXTENT_MM ? extent : 0;
}

static bool may_link(const struct sighting *a, const struct sighting *b)
{
    return groups_meet(group_of(a), group_of(b), a->kind || b->kind) &&
           apart_mm(a->at, b->at) <= REACH_SIGMAS * (a->sigma_mm + b->sigma_mm + long_extent(a, b));
}

static bool contradict(const struct sighting *a, const struct sighting *b)
{
    return a->speaker == b->speaker && llabs(a->event.time_ns - b->event.time_ns) <= SAME_DRIVE_NS &&
           apart_mm(a->at, b->at) > SAME_DRIVE_APART_MM;
}

/* ---- the component ------------------------------------------------------------------------------------- */

struct list {
    uint32_t *items;
    size_t n, capacity;
};

static void list_add(struct list *list, uint32_t item)
{
    ROOM(list->items, list->capacity, list->n + 1);
    list->items[list->n++] = item;
}

static void visit_neighbours(struct beliefs *beliefs, uint32_t index, struct list *found)
{
    struct evidence *evidence = &beliefs->evidence;
    const struct sighting me = evidence->sightings[index];
    const int32_t ring =
        (int32_t)ceil(REACH_SIGMAS * (me.sigma_mm + PLACED_SIGMA_MM_MAX + LONG_EXTENT_MM) / BLOCK_MM);
    const int32_t column = block_coordinate(me.at.e_mm), row = block_coordinate(me.at.n_mm);

    for (int32_t r = row - ring; r <= row + ring; r++)
        for (int32_t c = column - ring; c <= column + ring; c++) {
            const struct block *block = evidence_block(evidence, c, r);
            const struct number_list *here = block && block->findings ? &block->findings->sightings : NULL;
            for (size_t i = 0; here && i < here->n; i++) {
                struct sighting *other = &evidence->sightings[here->items[i]];
                if (other->visited == beliefs->walk_mark || !may_link(&me, other))
                    continue;
                other->visited = beliefs->walk_mark;
                list_add(found, here->items[i]);
            }
        }
}

static int by_event(const void *a, const void *b, void *context)
{
    const struct sighting *sightings = context;

    return defect_id_compare(&sightings[*(const uint32_t *)a].event, &sightings[*(const uint32_t *)b].event);
}

static void collect_component(struct beliefs *beliefs, uint32_t start, struct list *component)
{
    component->n = 0;
    beliefs->evidence.sightings[start].visited = beliefs->walk_mark;
    list_add(component, start);
    for (size_t i = 0; i < component->n; i++)
        visit_neighbours(beliefs, component->items[i], component);
    qsort_r(component->items, component->n, sizeof *component->items, by_event, beliefs->evidence.sightings);
}

/* ---- clusters ------------------------------------------------------------------------------------------ */

struct cluster {
    const struct sighting *seed;
    bool has_feature;
    double extent_mm; /* the greatest of its members' */
    struct list members; /* event order */
    /* By number of the unit, the best sighting of one vehicle in one hour; NULL if it saw nothing: its others share its
     * errors and add nothing. */
    const struct sighting **best;
    size_t n_units, best_capacity;
    double w_ee, w_en, w_nn, w_e, w_n; /* sum of inverse covariances, and of their products with the place */
    double e, n;                       /* the estimate, mm from the seed */
    struct grid_covariance covariance;
};

struct clusters {
    struct cluster *items;
    size_t n, capacity;
    uint32_t *unit_of; /* of a sighting of the component, by its index; units count from 0 */
    size_t unit_of_capacity, n_units;
};

/* In event order those of one hour follow each other. */
static void number_units(const struct beliefs *beliefs, const struct list *component, struct clusters *clusters)
{
    const struct sighting *sightings = beliefs->evidence.sightings;

    ROOM(clusters->unit_of, clusters->unit_of_capacity, beliefs->evidence.n_sightings);
    clusters->n_units = 0;
    for (size_t i = 0; i < component->n; i++) {
        const struct sighting *s = &sightings[component->items[i]];
        const int64_t hour = s->event.time_ns / NS_PER_HOUR;
        size_t k = i;
        while (k > 0 && sightings[component->items[k - 1]].event.time_ns / NS_PER_HOUR == hour &&
               sightings[component->items[k - 1]].speaker != s->speaker)
            k--;
        const bool is_known = k > 0 && sightings[component->items[k - 1]].event.time_ns / NS_PER_HOUR == hour;
        clusters->unit_of[component->items[i]] =
            is_known ? clusters->unit_of[component->items[k - 1]] : (uint32_t)clusters->n_units++;
    }
}

static void weigh(struct cluster *cluster, const struct sighting *s, double sign)
{
    const struct grid_covariance c = s->covariance;
    const double det = c.ee_mm2 * c.nn_mm2 - c.en_mm2 * c.en_mm2;
    const double ee = sign * c.nn_mm2 / det, en = -sign * c.en_mm2 / det, nn = sign * c.ee_mm2 / det;
    const double e = (double)(s->at.e_mm - cluster->seed->at.e_mm), n = (double)(s->at.n_mm - cluster->seed->at.n_mm);

    cluster->w_ee += ee;
    cluster->w_en += en;
    cluster->w_nn += nn;
    cluster->w_e += ee * e + en * n;
    cluster->w_n += en * e + nn * n;
}

static void estimate(struct cluster *cluster)
{
    const double det = cluster->w_ee * cluster->w_nn - cluster->w_en * cluster->w_en;

    cluster->covariance = (struct grid_covariance){cluster->w_nn / det, -cluster->w_en / det, cluster->w_ee / det};
    cluster->e = (cluster->w_nn * cluster->w_e - cluster->w_en * cluster->w_n) / det;
    cluster->n = (cluster->w_ee * cluster->w_n - cluster->w_en * cluster->w_e) / det;
}

static double trace(const struct sighting *s)
{
    return s->covariance.ee_mm2 + s->covariance.nn_mm2;
}

/* Without its estimate. */
static void cluster_add(const struct clusters *clusters, struct cluster *cluster, const struct sighting *s, uint32_t index)
{
    const struct sighting **best = &cluster->best[clusters->unit_of[index]];

    list_add(&cluster->members, index);
    cluster->has_feature |= s->kind != FEATURE_NONE;
    cluster->extent_mm = fmax(cluster->extent_mm, extent_of(s));
    if (*best && trace(s) >= trace(*best))
        return;
    if (*best)
        weigh(cluster, *best, -1);
    cluster->n_units += !*best;
    weigh(cluster, s, 1);
    *best = s;
}

static void cluster_take(const struct clusters *clusters, struct cluster *cluster, const struct sighting *s, uint32_t index)
{
    cluster_add(clusters, cluster, s, index);
    estimate(cluster);
}

static bool headings_agree(const struct sighting *a, const struct sighting *b)
{
    const int apart = abs(a->heading_cdeg - b->heading_cdeg) % 36000;

    return (apart <= 18000 ? apart : 36000 - apart) <= HEADING_APART_CDEG;
}

/* So long along the way, and EXTENT_MM across it. */
static struct grid_covariance extent_covariance(double along_mm, unsigned heading_cdeg)
{
    const double heading = heading_cdeg * M_PI / 18000, s = sin(heading), c = cos(heading);
    const double across = EXTENT_MM * EXTENT_MM, more = along_mm * along_mm - across;

    return (struct grid_covariance){across + more * s * s, more * s * c, across + more * c * c};
}

/* Squared Mahalanobis distance for the sum of three covariances; *ret_det of the sum. */
static double mahalanobis2(double de, double dn, struct grid_covariance a, struct grid_covariance b,
                           struct grid_covariance extent, double *ret_det)
{
    const double ee = a.ee_mm2 + b.ee_mm2 + extent.ee_mm2, nn = a.nn_mm2 + b.nn_mm2 + extent.nn_mm2;
    const double en = a.en_mm2 + b.en_mm2 + extent.en_mm2;
    const double det = ee * nn - en * en;

    *ret_det = det;
    return (nn * de * de - 2 * en * de * dn + ee * dn * dn) / det;
}

static bool cluster_contradicts(const struct beliefs *beliefs, const struct cluster *cluster, const struct sighting *s)
{
    for (size_t i = 0; i < cluster->members.n; i++)
        if (contradict(&beliefs->evidence.sightings[cluster->members.items[i]], s))
            return true;
    return false;
}

static bool may_share(const struct sighting *seed, const struct sighting *s, bool is_feature_among,
                      struct grid_covariance a, struct grid_covariance b)
{
    const double poor = HEADING_MATTERS_MM * HEADING_MATTERS_MM;

    return groups_meet(group_of(seed), group_of(s), is_feature_among) &&
           (headings_agree(seed, s) || a.ee_mm2 + a.nn_mm2 + b.ee_mm2 + b.nn_mm2 <= poor);
}

/* The furthest of n sightings of one thing lies within this with 99 %: -2 ln(0.01 / n). With a fixed gate one of a hundred
 * sightings of a well-known hole would found a hole of its own. */
static double gate_of(size_t n_units)
{
    return GATE_CHI2 + 2 * log((double)n_units);
}

/* Small = likely: minus twice the log of density times the units that saw the defect before (a defect that many
 * saw is likelier seen again), up to a constant. INFINITY if it cannot be. */
static double misfit(const struct beliefs *beliefs, const struct cluster *cluster, const struct sighting *s)
{
    if (!cluster->members.n)
        return INFINITY;
    const double de = (double)(s->at.e_mm - cluster->seed->at.e_mm) - cluster->e;
    const double dn = (double)(s->at.n_mm - cluster->seed->at.n_mm) - cluster->n;
    double det;

    if (!may_share(cluster->seed, s, cluster->has_feature || s->kind, cluster->covariance, s->covariance))
        return INFINITY;
    const double extent_mm = extent_of_pair(cluster->extent_mm, extent_of(s), s);
    const double d2 = mahalanobis2(de, dn, cluster->covariance, s->covariance,
                                   extent_covariance(extent_mm, s->heading_cdeg), &det);
    if (d2 > gate_of(cluster->n_units) || cluster_contradicts(beliefs, cluster, s))
        return INFINITY;
    return d2 + log(det) - 2 * log((double)cluster->n_units);
}

static void cluster_empty(const struct clusters *clusters, struct cluster *cluster, const struct sighting *seed)
{
    ROOM(cluster->best, cluster->best_capacity, clusters->n_units);
    memset(cluster->best, 0, clusters->n_units * sizeof(const struct sighting *));
    cluster->seed = seed;
    cluster->has_feature = false;
    cluster->extent_mm = EXTENT_MM;
    cluster->members.n = cluster->n_units = 0;
    cluster->w_ee = cluster->w_en = cluster->w_nn = cluster->w_e = cluster->w_n = 0;
}

/* An emptied one is used again. */
static struct cluster *cluster_found(struct clusters *clusters, const struct sighting *seed)
{
    size_t k = 0;

    while (k < clusters->n && clusters->items[k].members.n)
        k++;
    ROOM(clusters->items, clusters->capacity, k + 1);
    clusters->n += k == clusters->n;
    cluster_empty(clusters, &clusters->items[k], seed);
    return &clusters->items[k];
}

static struct cluster *most_likely(const struct beliefs *beliefs, const struct clusters *clusters,
                                   const struct sighting *s)
{
    struct cluster *best = NULL;
    double least = INFINITY;

    for (size_t k = 0; k < clusters->n; k++) {
        const double m = misfit(beliefs, &clusters->items[k], s);
        if (m < least) {
            least = m;
            best = &clusters->items[k];
        }
    }
    return best;
}

static void give_to(struct clusters *clusters, struct cluster *cluster, const struct sighting *s, uint32_t index)
{
    cluster_take(clusters, cluster ? cluster : cluster_found(clusters, s), s, index);
}

/* Estimated anew from the members given, in their order. */
static void cluster_refill(const struct beliefs *beliefs, const struct clusters *clusters, struct cluster *cluster,
                           const struct list *members)
{
    const struct sighting *sightings = beliefs->evidence.sightings;

    cluster_empty(clusters, cluster, members->n ? &sightings[members->items[0]] : NULL);
    for (size_t i = 0; i < members->n; i++)
        cluster_add(clusters, cluster, &sightings[members->items[i]], members->items[i]);
    if (members->n)
        estimate(cluster);
}

static struct cluster *cluster_with(const struct clusters *clusters, uint32_t index)
{
    for (size_t k = 0; k < clusters->n; k++)
        for (size_t i = 0; i < clusters->items[k].members.n; i++)
            if (clusters->items[k].members.items[i] == index)
                return &clusters->items[k];
    return NULL;
}

/* Takes a sighting out of its cluster and gives it to the one that fits best without it. */
static void judge_again(const struct beliefs *beliefs, struct clusters *clusters, uint32_t index, struct list *rest)
{
    struct cluster *own = cluster_with(clusters, index);

    rest->n = 0;
    for (size_t i = 0; i < own->members.n; i++)
        if (own->members.items[i] != index)
            list_add(rest, own->members.items[i]);
    cluster_refill(beliefs, clusters, own, rest);
    const struct sighting *s = &beliefs->evidence.sightings[index];
    give_to(clusters, most_likely(beliefs, clusters, s), s, index);
}

static void sort_into_clusters(const struct beliefs *beliefs, const struct list *component, struct clusters *clusters)
{
    struct list rest = {0};

    for (size_t i = 0; i < component->n; i++) {
        const struct sighting *s = &beliefs->evidence.sightings[component->items[i]];
        give_to(clusters, most_likely(beliefs, clusters, s), s, component->items[i]);
    }
    for (int round = 0; round < ROUNDS && component->n > 2; round++)
        for (size_t i = 0; i < component->n; i++)
            judge_again(beliefs, clusters, component->items[i], &rest);
    free(rest.items);
}

static bool may_merge(const struct beliefs *beliefs, const struct cluster *a, const struct cluster *b)
{
    const struct sighting *sightings = beliefs->evidence.sightings;
    double det;

    if (!may_share(a->seed, b->seed, a->has_feature || b->has_feature, a->covariance, b->covariance))
        return false;
    const double de = (double)(b->seed->at.e_mm - a->seed->at.e_mm) + b->e - a->e;
    const double dn = (double)(b->seed->at.n_mm - a->seed->at.n_mm) + b->n - a->n;
    const double extent = a->has_feature && b->has_feature ? fmax(a->extent_mm, b->extent_mm) : EXTENT_MM;
    if (mahalanobis2(de, dn, a->covariance, b->covariance, extent_covariance(extent, a->seed->heading_cdeg), &det) >
        GATE_CHI2)
        return false;
    for (size_t i = 0; i < a->members.n; i++)
        for (size_t k = 0; k < b->members.n; k++)
            if (contradict(&sightings[a->members.items[i]], &sightings[b->members.items[k]]))
                return false;
    return true;
}

/* All into one, estimated anew in event order. */
static void cluster_merge(struct beliefs *beliefs, const struct clusters *clusters, struct cluster *into,
                          struct cluster *from)
{
    struct list all = {0};

    for (size_t i = 0; i < into->members.n; i++)
        list_add(&all, into->members.items[i]);
    for (size_t i = 0; i < from->members.n; i++)
        list_add(&all, from->members.items[i]);
    qsort_r(all.items, all.n, sizeof *all.items, by_event, beliefs->evidence.sightings);
    cluster_refill(beliefs, clusters, into, &all);
    cluster_empty(clusters, from, NULL);
    free(all.items);
}

static void merge_clusters(struct beliefs *beliefs, struct clusters *clusters)
{
    for (size_t a = 0; a < clusters->n; a++)
        for (size_t b = a + 1; b < clusters->n; b++)
            if (clusters->items[a].members.n && clusters->items[b].members.n &&
                may_merge(beliefs, &clusters->items[a], &clusters->items[b]))
                cluster_merge(beliefs, clusters, &clusters->items[a], &clusters->items[b]);
    for (size_t k = 0; k < clusters->n; k++)
        if (clusters->items[k].members.n)
            qsort_r(clusters->items[k].members.items, clusters->items[k].members.n, sizeof(uint32_t), by_event,
                    beliefs->evidence.sightings);
}

/* ---- from clusters to defects -------------------------------------------------------------------------- */

static bool same_members(const struct defect *defect, const struct list *members)
{
    return defect->n_members == members->n &&
           memcmp(defect->members, members->items, members->n * sizeof *members->items) == 0;
}

/* The old defect of that name, if the seed named one. */
static uint32_t defect_named(const struct beliefs *beliefs, uint32_t seed)
{
    const uint32_t index = beliefs->evidence.sightings[seed].defect;

    if (index == NO_DEFECT || beliefs->defects[index].members[0] != seed)
        return NO_DEFECT;
    return index;
}

static void give_members(struct beliefs *beliefs, uint32_t index, const struct list *members)
{
    struct defect *defect = &beliefs->defects[index];

    if (same_members(defect, members))
        return;
    ROOM(defect->members, defect->member_capacity, members->n);
    memcpy(defect->members, members->items, members->n * sizeof *members->items);
    defect->n_members = members->n;
    beliefs_queue(beliefs, index);
}

static void vanish(struct beliefs *beliefs, uint32_t index, uint32_t seed, struct delta *delta)
{
    struct defect *defect = &beliefs->defects[index];
    const struct defect *heir = &beliefs->defects[beliefs->evidence.sightings[seed].defect];

    if (delta && defect->was_told) {
        struct defect_belief alias = defect->told;
        alias.state = DEFECT_ALIAS;
        alias.alias_of = beliefs->evidence.sightings[heir->members[0]].event;
        ROOM(delta->defects, delta->defect_capacity, delta->n_defects + 1);
        delta->defects[delta->n_defects++] = (struct moved_defect){alias, true};
    }
    if (delta && defect->feature_was_told) {
        struct feature_belief alias = defect->feature_told;
        alias.state = FEATURE_ALIAS;
        alias.alias_of = beliefs->evidence.sightings[heir->members[0]].event;
        ROOM(delta->features, delta->feature_capacity, delta->n_features + 1);
        delta->features[delta->n_features++] = alias;
    }
    defect->is_live = false; /* colour_place then takes it off the map */
    colour_place(beliefs, index);
    beliefs_defect_drop(beliefs, index);
}

static void replace_defects(struct beliefs *beliefs, const struct list *component, const struct clusters *clusters,
                            struct delta *delta)
{
    struct list old = {0}, seeds = {0};
    uint32_t *chosen = room_zeroed(clusters->n, sizeof *chosen);

    for (size_t i = 0; i < component->n; i++)
        if (defect_named(beliefs, component->items[i]) != NO_DEFECT) {
            list_add(&old, beliefs->evidence.sightings[component->items[i]].defect);
            list_add(&seeds, component->items[i]);
        }
    for (size_t k = 0; k < clusters->n; k++)
        if (clusters->items[k].members.n)
            chosen[k] = defect_named(beliefs, clusters->items[k].members.items[0]);
    for (size_t k = 0; k < clusters->n; k++) {
        const struct cluster *cluster = &clusters->items[k];
        if (!cluster->members.n)
            continue;
        const uint32_t index = chosen[k] == NO_DEFECT ? beliefs_defect_new(beliefs) : chosen[k];
        give_members(beliefs, index, &cluster->members);
        for (size_t i = 0; i < cluster->members.n; i++)
            beliefs->evidence.sightings[cluster->members.items[i]].defect = index;
    }
    for (size_t i = 0; i < old.n; i++)
        if (beliefs->defects[old.items[i]].members[0] != seeds.items[i] ||
            beliefs->evidence.sightings[seeds.items[i]].defect != old.items[i])
            vanish(beliefs, old.items[i], seeds.items[i], delta);
    free(chosen);
    free(old.items);
    free(seeds.items);
}

static void clusters_done(struct clusters *clusters)
{
    for (size_t i = 0; i < clusters->capacity; i++) {
        free(clusters->items[i].members.items);
        free(clusters->items[i].best);
    }
    free(clusters->items);
    free(clusters->unit_of);
}

void associate(struct beliefs *beliefs, struct delta *delta)
{
    struct evidence *evidence = &beliefs->evidence;
    struct list component = {0};
    struct clusters clusters = {0};

    if (beliefs->n_associated == evidence->n_sightings)
        return;
    for (size_t i = beliefs->n_associated; i < evidence->n_sightings; i++)
        evidence->sightings[i].defect = NO_DEFECT;
    beliefs->walk_mark++;
    for (size_t i = beliefs->n_associated; i < evidence->n_sightings; i++) {
        if (evidence->sightings[i].visited == beliefs->walk_mark)
            continue; /* in a component that is done */
        clusters.n = 0;
        collect_component(beliefs, (uint32_t)i, &component);
        number_units(beliefs, &component, &clusters);
        sort_into_clusters(beliefs, &component, &clusters);
        merge_clusters(beliefs, &clusters);
        replace_defects(beliefs, &component, &clusters, delta);
    }
    beliefs->n_associated = evidence->n_sightings;
    free(component.items);
    clusters_done(&clusters);
}
