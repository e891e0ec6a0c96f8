#include "tests/sim/city/city_parts.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define START_DAY INT64_C(20600) /* 2026-05-27 */
#define THREADS_MAX 64
#define KNOWN_FIRST 4096
#define SIDE_CADENCE_MAIN 2.0 /* a patrol passes main roads so much oftener than others */

void city_config_default(struct city_config *ret_config)
{
    *ret_config = (struct city_config){.vehicles = 100, .cameras = 33, .days = 7, .km_a_day = 0,
                                       .kinds = {0.5, 0.15, 0.25, 0.1}, .gnss = {1.0 / 3, 1.0 / 3, 1.0 / 3},
                                       .main_share = 0.6, .new_per_km = 1.0 / 119, .truth = {5, 0.5},
                                       .rules = {200, 25, false, 1}, .crew_hours = 48, .false_claims = 0.05,
                                       .settle_s = 900, .threads = 1, .seed = 1};
}

/* ---- opening ------------------------------------------------------------------------------------------- */

/* Which of several shares the i-th of n falls into; neighbours take turns, so that kinds, receivers and cameras mix. */
static int share_of(const double *shares, int n_shares, double at)
{
    int k = 0;

    while (k < n_shares - 1 && at >= shares[k])
        at -= shares[k++];
    return k;
}

static double turn_of(int i, double step)
{
    const double turns = (i + 0.5) * step;

    return turns - floor(turns);
}

static void init_cars(struct city *city)
{
    const struct city_config *c = &city->config;
    const double km = c->km_a_day / c->vehicles;

    for (int i = 0; i < c->vehicles; i++) {
        /* Steps of plastic-number sequences: three even mixtures that know nothing of each other. */
        const enum car_kind kind = (enum car_kind)share_of(c->kinds, CAR_KIND_COUNT, turn_of(i, 0.8191725133961645));
        const enum gnss_class gnss =
            kind == CAR_PHONE ? GNSS_PHONE : (enum gnss_class)share_of(c->gnss, 3, turn_of(i, 0.6710436067037893));
        const bool has_camera = kind != CAR_PHONE && turn_of(i, 0.5497004779019703) < (double)c->cameras / c->vehicles;
        car_init(&city->cars[i], i, kind, gnss, has_camera, km, kind == CAR_PATROL ? &city->patrol : &city->traffic, city->town,
                 c->seed);
    }
}

/* How often a place of each class is passed, so that main roads get their share of the kilometres. */
static void wanted_rates(const struct city *city, double ret_wanted[4])
{
    const double main_km = town_lane_km(city->town, ROAD_ARTERIAL);
    const double side_km = town_lane_km(city->town, ROAD_SECONDARY) + town_lane_km(city->town, ROAD_BRANCH);
    const double share = city->config.main_share;
    const double times = share > 0 && share < 1 && main_km > 0 && side_km > 0 ? share / main_km * side_km / (1 - share) : 1;

    for (int i = 0; i < 4; i++)
        ret_wanted[i] = town_is_main((enum road_class)i) ? times : 1;
}

static struct beliefs_config beliefs_of(const struct city *city)
{
    return (struct beliefs_config){.evidence = {.zone = city->town->zone}, .road_class = ROAD_ARTERIAL,
                                   .rules = code_rules_default, .feature_passes = FEATURE_PASSES_DEFAULT};
}

bool city_open(struct city *ret_city, const struct town *town, const struct city_config *config)
{
    static const double patrol_rates[4] = {SIDE_CADENCE_MAIN, SIDE_CADENCE_MAIN, 1.5, 1};
    struct city *c = ret_city;
    double wanted[4];

    memset(c, 0, sizeof *c);
    c->config = *config;
    if (c->config.km_a_day <= 0) /* as in the city of the figures: 23,000 km by 900 vehicles */
        c->config.km_a_day = 23000.0 / 900 * config->vehicles;
    c->town = town;
    c->start_s = START_DAY * DAY_S - LOCAL_OFFSET_S;
    c->now_s = c->start_s;
    sim_random_init(&c->random, config->seed);
    wanted_rates(c, wanted);
    c->cars = calloc((size_t)config->vehicles, sizeof *c->cars);
    c->mails = calloc((size_t)config->vehicles, sizeof *c->mails);
    c->known_size = KNOWN_FIRST;
    c->known = calloc(c->known_size, sizeof *c->known);
    const struct beliefs_config beliefs = beliefs_of(c);
    beliefs_init(&c->beliefs, &beliefs);
    if (!c->cars || !c->mails || !c->known || !traffic_fit(&c->traffic, town, wanted) ||
        !traffic_fit(&c->patrol, town, patrol_rates) || !truth_init(&c->truth, town, &config->truth, &c->random)) {
        city_close(c);
        return false;
    }
    init_cars(c);
    return true;
}

void city_close(struct city *city)
{
    for (int i = 0; city->mails && i < city->config.vehicles; i++)
        mails_done(&city->mails[i]);
    free(city->mails);
    free(city->cars);
    free(city->known);
    traffic_done(&city->traffic);
    traffic_done(&city->patrol);
    truth_done(&city->truth);
    delta_done(&city->delta);
    beliefs_done(&city->beliefs);
    memset(city, 0, sizeof *city);
}

/* ---- what appears, what is repaired -------------------------------------------------------------------- */

/* Knuth's, fine for small means. */
static int poisson(double mean, struct sim_random *random)
{
    const double limit = exp(-mean);
    double product = sim_uniform(random, 0, 1);
    int n = 0;

    while (product > limit) {
        product *= sim_uniform(random, 0, 1);
        n++;
    }
    return n;
}

static bool things_appear(struct city *city)
{
    const int n = poisson(city->config.new_per_km * city->config.km_a_day / 24, &city->random);

    for (int i = 0; i < n; i++) {
        const int thing = truth_appear(&city->truth, &city->traffic,
                                       city->now_s + (int64_t)sim_uniform(&city->random, 0, HOUR_S), &city->random);
        if (thing < 0)
            return false;
        city_trace_thing(city, 'a', thing);
        city->counts.appeared++;
    }
    return true;
}

static double cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool settle(struct city *city)
{
    const double began = cpu_s();

    beliefs_settle(&city->beliefs, city->now_s * 1000000000, &city->delta);
    city->gateway_s += cpu_s() - began;
    return city_watch(city);
}

/* ---- an hour ------------------------------------------------------------------------------------------- */

struct shift {
    struct city *city;
    int first, step;
    bool is_good;
};

static void *drive_shift(void *context)
{
    struct shift *s = context;
    struct city *c = s->city;
    const int hour = (int)((c->now_s + LOCAL_OFFSET_S) % DAY_S / HOUR_S);

    s->is_good = true;
    for (int i = s->first; i < c->config.vehicles; i += s->step)
        s->is_good = car_drive_hour(&c->cars[i], &c->truth, c->cars[i].kind == CAR_PATROL ? &c->patrol : &c->traffic,
                                    &c->config.rules, c->config.seed, c->now_s, hour, &c->mails[i]) &&
                     s->is_good;
    return NULL;
}

static bool drive_all(struct city *city)
{
    const int n = city->config.threads < THREADS_MAX ? city->config.threads : THREADS_MAX;
    struct shift shifts[THREADS_MAX];
    pthread_t threads[THREADS_MAX];
    bool is_started[THREADS_MAX] = {false}, is_good = true;

    for (int i = 0; i < n; i++) {
        shifts[i] = (struct shift){city, i, n > 0 ? n : 1, false};
        is_started[i] = i > 0 && pthread_create(&threads[i], NULL, drive_shift, &shifts[i]) == 0;
        if (i > 0 && !is_started[i])
            drive_shift(&shifts[i]);
    }
    drive_shift(&shifts[0]);
    for (int i = 0; i < n; i++) {
        if (is_started[i])
            pthread_join(threads[i], NULL);
        is_good = is_good && shifts[i].is_good;
    }
    return is_good;
}

static int by_sending(const void *a, const void *b)
{
    const struct mail *x = *(struct mail *const *)a, *y = *(struct mail *const *)b;

    if (x->sent_ns != y->sent_ns)
        return x->sent_ns < y->sent_ns ? -1 : 1;
    return x->car != y->car ? (x->car > y->car) - (x->car < y->car) : (x->batch.seq > y->batch.seq) - (x->batch.seq < y->batch.seq);
}

static struct mail **collect(struct city *city, size_t *ret_n)
{
    size_t n = 0;

    for (int i = 0; i < city->config.vehicles; i++)
        n += (size_t)city->mails[i].n;
    struct mail **all = calloc(n + 1, sizeof(struct mail *));
    *ret_n = 0;
    for (int i = 0; all && i < city->config.vehicles; i++)
        for (int k = 0; k < city->mails[i].n; k++)
            all[(*ret_n)++] = &city->mails[i].items[k];
    if (all)
        qsort(all, *ret_n, sizeof(struct mail *), by_sending);
    return all;
}

static bool deliver(struct city *city, struct mail *mail)
{
    static _Thread_local uint8_t bytes[BATCH_PAYLOAD_MAX];
    const struct car *car = &city->cars[mail->car];
    size_t length;

    mail->batch.passes = mail->passes;
    batch_quantise(&mail->batch);
    if (batch_encode(&mail->batch, bytes, sizeof bytes, &length) != ROAD_OK)
        return false;
    city_trace(city, 'b', bytes, length);
    const double began = cpu_s();
    beliefs_add(&city->beliefs, &mail->batch, car->kid, car->kind == CAR_PHONE);
    city->gateway_s += cpu_s() - began;
    city->counts.batches++;
    city->counts.detections += mail->batch.n_detections;
    city->counts.features += mail->batch.n_features;
    return true;
}

/* All of the hour's batches in order, and what is believed at the end of each settling interval. */
static int by_look(const void *a, const void *b)
{
    const struct look *x = a, *y = b;

    if (x->time_ns != y->time_ns)
        return x->time_ns < y->time_ns ? -1 : 1;
    return (x->thing > y->thing) - (x->thing < y->thing);
}

/* Who passed a claimed repair. NULL if memory ran out. */
static struct look *collect_looks(struct city *city, size_t *ret_n)
{
    size_t n = 0;

    for (int i = 0; i < city->config.vehicles; i++)
        n += (size_t)city->mails[i].n_looks;
    struct look *looks = calloc(n + 1, sizeof *looks);
    *ret_n = 0;
    for (int i = 0; looks && i < city->config.vehicles; i++)
        for (int k = 0; k < city->mails[i].n_looks; k++)
            looks[(*ret_n)++] = city->mails[i].looks[k];
    if (looks)
        qsort(looks, *ret_n, sizeof *looks, by_look);
    return looks;
}

static void count_look(struct city *city, const struct look *look)
{
    struct thing *t = &city->truth.things[look->thing];

    if (t->verified_s != NEVER_S || look->time_ns < t->claimed_s * 1000000000)
        return;
    t->passes++;
    t->ideal_nats += look->ideal_nats;
    if (t->passes_needed == 0 && t->ideal_nats <= log(0.01))
        t->passes_needed = t->passes;
}

/* What was sent in an hour, in order. */
struct post {
    struct mail **mails;
    struct look *looks;
    size_t n_mails, n_looks, next_mail, next_look;
};

static bool deliver_until(struct city *city, struct post *post, int64_t until_s)
{
    for (; post->next_mail < post->n_mails && post->mails[post->next_mail]->sent_ns < until_s * 1000000000; post->next_mail++)
        if (!deliver(city, post->mails[post->next_mail]))
            return false;
    for (; post->next_look < post->n_looks && post->looks[post->next_look].time_ns < until_s * 1000000000; post->next_look++)
        count_look(city, &post->looks[post->next_look]);
    return true;
}

/* All of the hour's batches in order, and what is believed at the end of each settling interval. */
static bool deliver_all(struct city *city, struct post *post)
{
    const int64_t end_s = city->now_s + HOUR_S, step_s = city->config.settle_s;

    while (city->now_s < end_s) {
        const int64_t next_s = (city->now_s / step_s + 1) * step_s, until_s = next_s < end_s ? next_s : end_s;
        if (!deliver_until(city, post, until_s))
            return false;
        city->now_s = until_s;
        if (until_s == next_s && !settle(city))
            return false;
    }
    return post->next_mail == post->n_mails;
}

static void empty_mails(struct city *city)
{
    city->counts.km = city->counts.camera_km = 0;
    for (int i = 0; i < city->config.vehicles; i++) {
        mails_done(&city->mails[i]);
        city->counts.km += city->cars[i].driven_m / 1000;
        city->counts.camera_km += city->cars[i].has_camera ? city->cars[i].driven_m / 1000 : 0;
    }
}

bool city_hour(struct city *city)
{
    struct post post = {0};

    city_send_crews(city);
    truth_grow(&city->truth, city->now_s, 1.0 / 24);
    if (!things_appear(city) || !drive_all(city))
        return false;
    post.mails = collect(city, &post.n_mails);
    post.looks = collect_looks(city, &post.n_looks);
    const bool is_good = post.mails && post.looks && deliver_all(city, &post);
    free(post.mails);
    free(post.looks);
    empty_mails(city);
    return is_good;
}
