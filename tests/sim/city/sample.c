#include "tests/sim/city/sample.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/beliefs.h"
#include "tests/sim/drive.h"

#define VEHICLES_MAX 16
#define ROUND_S (2 * 3600 + 731) /* another hour, other satellites */
#define START_S (INT64_C(20600) * 86400)
#define GROWN_AFTER 5
#define CREW_ROUNDS 2
#define REACH_M 3.0
#define REACH_SIGMAS 3.04

/* A batch as it would be sent. */
struct letter {
    int64_t sent_ns;
    int vehicle;
    uint64_t seq;
    uint8_t *bytes;
    size_t length;
};
struct letters {
    struct letter *items;
    int n, capacity;
    bool is_full;
};

/* What happened to one placed thing; look-alikes are always there. */
struct fate {
    int appears, repaired_in; /* rounds */
    bool was_suspected, was_confirmed, was_verified;
    struct defect_id name;
    int64_t claimed_ns;
};

struct driven {
    const struct sim_district *district;
    const struct sim_vehicle *vehicle;
    struct node_core *core;
    struct letters letters;
    struct sim_drive_result result;
    uint64_t seed;
    double start_s;
    int index;
    bool is_good;
};

struct sample_city {
    const struct sample_config *config;
    struct sim_district course, now; /* as dealt, and as it lies there in this round */
    struct sim_vehicle vehicles[VEHICLES_MAX];
    struct driven drives[VEHICLES_MAX];
    struct fate *fates;
    struct beliefs beliefs;
    struct delta delta;
    struct sample_report *report;
    int round;
    int64_t now_ns;
};

/* ---- a drive ------------------------------------------------------------------------------------------- */

static void post(struct driven *d, const struct batch *batch)
{
    static _Thread_local uint8_t bytes[BATCH_PAYLOAD_MAX];
    struct letters *l = &d->letters;
    size_t length;

    if (l->n == l->capacity) {
        const int wanted = l->capacity ? 2 * l->capacity : 256;
        void *grown = realloc(l->items, (size_t)wanted * sizeof *l->items);
        if (!grown) {
            l->is_full = true;
            return;
        }
        l->items = grown;
        l->capacity = wanted;
    }
    if (batch_encode(batch, bytes, sizeof bytes, &length) != ROAD_OK)
        return;
    struct letter *letter = &l->items[l->n++];
    *letter = (struct letter){.vehicle = d->index, .seq = batch->seq, .bytes = malloc(length), .length = length};
    for (size_t i = 0; i < batch->n_passes; i++)
        if (batch->passes[i].n_points && batch->passes[i].points[batch->passes[i].n_points - 1].time_ns > letter->sent_ns)
            letter->sent_ns = batch->passes[i].points[batch->passes[i].n_points - 1].time_ns;
    if (letter->bytes)
        memcpy(letter->bytes, bytes, length);
    else
        l->is_full = true;
}

static void take_batches(struct driven *d)
{
    const struct batch *batch;

    while ((batch = node_core_take(d->core)))
        post(d, batch);
}

static void on_sample(void *context, const struct motion_sample *sample)
{
    struct driven *d = context;

    while (node_core_motion(d->core, sample) == ROAD_FULL)
        take_batches(d);
}

static void on_fix(void *context, const struct fix *fix)
{
    struct driven *d = context;

    while (node_core_fix(d->core, fix) == ROAD_FULL)
        take_batches(d);
    take_batches(d);
}

static void *drive_round(void *context)
{
    struct driven *d = context;
    const struct sim_sink sink = {d, on_sample, on_fix};
    struct sim_route route;

    d->is_good = false;
    if (!sim_route_init(&route, d->district, d->seed ^ 0x5EED))
        return NULL;
    d->is_good = sim_drive(d->district, &route, d->vehicle, d->seed, d->start_s, &sink, &d->result);
    sim_route_done(&route);
    node_core_finish(d->core);
    take_batches(d);
    d->is_good = d->is_good && !d->letters.is_full;
    return NULL;
}

/* ---- the course as it lies there ----------------------------------------------------------------------- */

static bool is_there(const struct sample_city *c, int thing)
{
    const struct fate *f = &c->fates[thing];

    return c->course.placed[thing].type == DEFECT_NONE || (f->appears <= c->round && c->round < f->repaired_in);
}

static void lay_course(struct sample_city *c)
{
    for (int i = 0; i < c->course.n_placed; i++) {
        struct sim_placed *now = &c->now.placed[i];
        *now = c->course.placed[i];
        if (now->type == DEFECT_NONE)
            continue;
        const int age = c->round - c->fates[i].appears;
        now->height_m *= !is_there(c, i) ? 0 : fmin(1, 0.5 + 0.5 * age / GROWN_AFTER);
        now->is_loose = now->is_loose && is_there(c, i);
    }
}

static bool open_course(struct sample_city *c)
{
    const uint64_t seed = c->config->seed;
    struct sim_course course;
    struct sim_random random;

    sim_course_default(&course);
    course.block_m = c->config->block_m;
    if (!sim_course_init(&c->course, &course, seed))
        return false;
    c->now = c->course; /* lanes are shared; things get their own heights */
    c->now.placed = calloc((size_t)c->course.n_placed, sizeof *c->now.placed);
    c->fates = calloc((size_t)c->course.n_placed, sizeof *c->fates);
    sim_random_init(&random, seed ^ 0xFA7E);
    for (int i = 0; c->fates && i < c->course.n_placed; i++) {
        const bool is_old = sim_uniform(&random, 0, 1) < 0.5;
        c->fates[i].appears = is_old ? -GROWN_AFTER : sim_integer(&random, c->config->rounds);
        c->fates[i].repaired_in = INT32_MAX;
        c->report->defects += c->course.placed[i].type != DEFECT_NONE;
        c->report->look_alikes += c->course.placed[i].type == DEFECT_NONE;
    }
    return c->now.placed && c->fates;
}

/* ---- what the gateway tells ---------------------------------------------------------------------------- */

/* The nearest defect that is there, -1 if none can be meant. */
static int nearest(const struct sample_city *c, const struct defect_belief *b)
{
    double least = REACH_M + REACH_SIGMAS * sqrt(fmax(b->cov_ee_cm2, b->cov_nn_cm2)) / 100;
    int best = -1;

    for (int i = 0; i < c->course.n_placed; i++) {
        const struct sim_placed *p = &c->course.placed[i];
        double e_m, n_m;
        if (p->type == DEFECT_NONE || c->fates[i].appears > c->round)
            continue;
        sim_place_at(&c->course, p->lane, p->station_m, p->lateral_m, &e_m, &n_m);
        const double apart = hypot(e_m - (double)b->at.e_mm / 1000, n_m - (double)b->at.n_mm / 1000);
        if (apart < least) {
            least = apart;
            best = i;
        }
    }
    return best;
}

static void trace(struct sample_city *c, char what, const void *bytes, size_t length)
{
    uint8_t whole[SHA256_SIZE];

    sha256_prefixed((uint8_t)what, c->report->trace, SHA256_SIZE, bytes, length, whole);
    memcpy(c->report->trace, whole, SHA256_SIZE);
}

static void hear(struct sample_city *c, const struct defect_belief *b)
{
    const int64_t row[] = {b->id.time_ns, b->state, b->type, b->severity, b->at.e_mm, b->at.n_mm, b->hits, b->passes, b->repair.stage};
    const int thing = b->state == DEFECT_ALIAS ? -1 : nearest(c, b);
    struct fate *f = thing >= 0 ? &c->fates[thing] : NULL;

    trace(c, 'd', row, sizeof row);
    if (f && (b->state == DEFECT_SUSPECTED || b->state == DEFECT_CONFIRMED))
        f->was_suspected = true;
    if (f && b->state == DEFECT_CONFIRMED && !f->was_confirmed) {
        f->was_confirmed = true;
        f->name = b->id;
        f->repaired_in = c->round + CREW_ROUNDS;
    }
    if (f && b->repair.stage == REPAIR_VERIFIED && b->repair.claimed_ns == f->claimed_ns)
        f->was_verified = true;
}

static void send_crews(struct sample_city *c)
{
    for (int i = 0; i < c->course.n_placed; i++) {
        struct fate *f = &c->fates[i];
        if (f->repaired_in != c->round || !f->was_confirmed)
            continue;
        f->claimed_ns = c->now_ns;
        const struct verdict verdict = {.defect = f->name, .kind = VERDICT_REPAIRED, .time_ns = c->now_ns, .by = {{0xC8, 1}}};
        beliefs_say(&c->beliefs, &verdict);
        c->report->repaired++;
        trace(c, 'r', &i, sizeof i);
    }
}

static bool fold(struct sample_city *c, const struct letter *letter)
{
    const struct kid kid = {{(uint8_t)(letter->vehicle + 1), 0, 0, 0, 0, 0, 0, 7}};
    struct batch batch;

    trace(c, 'b', letter->bytes, letter->length);
    if (batch_decode(letter->bytes, letter->length, &batch, NULL) != ROAD_OK)
        return false;
    beliefs_add(&c->beliefs, &batch, kid, c->vehicles[letter->vehicle].is_phone);
    c->report->batches++;
    c->report->detections += batch.n_detections;
    c->report->features += batch.n_features;
    batch_done(&batch);
    return true;
}

static int by_sending(const void *a, const void *b)
{
    const struct letter *x = a, *y = b;

    if (x->sent_ns != y->sent_ns)
        return x->sent_ns < y->sent_ns ? -1 : 1;
    return x->vehicle != y->vehicle ? x->vehicle - y->vehicle : (x->seq > y->seq) - (x->seq < y->seq);
}

static bool fold_round(struct sample_city *c)
{
    struct letters all = {0};
    bool is_good = true;

    for (int v = 0; v < c->config->vehicles; v++)
        all.n += c->drives[v].letters.n;
    all.items = calloc((size_t)all.n + 1, sizeof *all.items);
    all.n = 0;
    for (int v = 0; all.items && v < c->config->vehicles; v++) {
        memcpy(all.items + all.n, c->drives[v].letters.items, (size_t)c->drives[v].letters.n * sizeof *all.items);
        all.n += c->drives[v].letters.n;
    }
    if (all.items)
        qsort(all.items, (size_t)all.n, sizeof *all.items, by_sending);
    for (int i = 0; all.items && is_good && i < all.n; i++)
        is_good = fold(c, &all.items[i]);
    beliefs_settle(&c->beliefs, c->now_ns, &c->delta);
    for (size_t i = 0; i < c->delta.n_defects; i++)
        hear(c, &c->delta.defects[i].now);
    for (int i = 0; i < all.n; i++)
        free(all.items[i].bytes);
    is_good = is_good && all.items;
    free(all.items);
    return is_good;
}

/* ---- a round ------------------------------------------------------------------------------------------- */

static bool drive_all(struct sample_city *c)
{
    const int threads = c->config->threads;
    pthread_t running[VEHICLES_MAX];
    bool is_running[VEHICLES_MAX] = {false}, is_good = true;
    double longest_s = 0;

    for (int v = 0; v < c->config->vehicles; v++) {
        struct driven *d = &c->drives[v];
        if (v >= threads && is_running[v - threads]) {
            pthread_join(running[v - threads], NULL);
            is_running[v - threads] = false;
        }
        d->seed = c->config->seed * 1000003u + (uint64_t)(v * 64 + c->round + 1);
        d->start_s = (double)START_S + c->round * (double)ROUND_S + v * 97;
        is_running[v] = threads > 1 && pthread_create(&running[v], NULL, drive_round, d) == 0;
        if (!is_running[v])
            drive_round(d);
    }
    for (int v = 0; v < c->config->vehicles; v++) {
        struct driven *d = &c->drives[v];
        if (is_running[v])
            pthread_join(running[v], NULL);
        is_good = is_good && d->is_good;
        longest_s = fmax(longest_s, d->result.duration_s);
        c->report->km += d->result.distance_m / 1000;
        c->report->samples += d->result.samples;
        sim_drive_result_done(&d->result);
        d->result = (struct sim_drive_result){0};
    }
    c->report->driven_s += longest_s;
    return is_good;
}

static bool run_round(struct sample_city *c)
{
    c->now_ns = (START_S + (int64_t)c->round * ROUND_S) * 1000000000;
    send_crews(c);
    lay_course(c);
    bool is_good = drive_all(c);
    c->now_ns += (int64_t)(ROUND_S - 60) * 1000000000;
    is_good = is_good && fold_round(c);
    for (int v = 0; v < c->config->vehicles; v++)
        c->drives[v].letters.n = 0;
    return is_good;
}

static bool open_vehicles(struct sample_city *c)
{
    struct node_core_config config;

    for (int v = 0; v < c->config->vehicles; v++) {
        struct driven *d = &c->drives[v];
        c->vehicles[v] = sim_vehicle_draw(c->config->seed, v);
        sim_vehicle_config(&c->vehicles[v], c->course.zone, &config);
        *d = (struct driven){.district = &c->now, .vehicle = &c->vehicles[v], .index = v};
        if (node_core_new(&config, 1, &d->core) != ROAD_OK)
            return false;
    }
    return true;
}

static void sum_up(struct sample_city *c)
{
    for (int i = 0; i < c->course.n_placed; i++) {
        const struct fate *f = &c->fates[i];
        if (c->course.placed[i].type == DEFECT_NONE || f->appears >= c->config->rounds)
            continue;
        c->report->there++;
        c->report->suspected += f->was_suspected;
        c->report->confirmed += f->was_confirmed;
        c->report->verified += f->was_verified;
    }
    for (size_t i = 0; i < c->beliefs.n_defects; i++) {
        const struct defect *d = &c->beliefs.defects[i];
        if (!d->is_live || !d->is_claimed || (d->belief.state != DEFECT_CONFIRMED && d->belief.state != DEFECT_REPAIRED))
            continue;
        c->report->told_real += nearest(c, &d->belief) >= 0;
        c->report->told_other += nearest(c, &d->belief) < 0;
    }
}

static void close_city(struct sample_city *c)
{
    for (int v = 0; v < c->config->vehicles; v++) {
        for (int i = 0; i < c->drives[v].letters.n; i++)
            free(c->drives[v].letters.items[i].bytes);
        free(c->drives[v].letters.items);
        node_core_free(c->drives[v].core);
    }
    free(c->now.placed);
    free(c->fates);
    sim_district_done(&c->course);
    delta_done(&c->delta);
    beliefs_done(&c->beliefs);
    free(c);
}

bool sample_run(const struct sample_config *config, struct sample_report *ret_report)
{
    struct sample_city *c = calloc(1, sizeof *c);

    *ret_report = (struct sample_report){0};
    if (!c || config->vehicles > VEHICLES_MAX) {
        free(c);
        return false;
    }
    c->config = config;
    c->report = ret_report;
    bool is_good = open_course(c) && open_vehicles(c);
    const struct beliefs_config beliefs = {.evidence = {.zone = c->course.zone}, .road_class = ROAD_ARTERIAL,
                                           .rules = code_rules_default, .feature_passes = FEATURE_PASSES_DEFAULT};
    beliefs_init(&c->beliefs, &beliefs);
    for (c->round = 0; is_good && c->round < config->rounds; c->round++)
        is_good = run_round(c);
    if (is_good)
        sum_up(c);
    close_city(c);
    return is_good;
}

void sample_text(FILE *out, const struct sample_report *r, double wall_s)
{
    fprintf(out, "course      %d defects in all, %d look-alikes; %.0f km driven, %llu samples\n", r->defects, r->look_alikes, r->km,
            (unsigned long long)r->samples);
    fprintf(out, "sent        %llu batches, %llu detections, %llu feature sightings\n", (unsigned long long)r->batches,
            (unsigned long long)r->detections, (unsigned long long)r->features);
    fprintf(out, "on the road %d defects were there, %d of them suspected, %d confirmed, %d repaired, %d repairs verified\n", r->there,
            r->suspected, r->confirmed, r->repaired, r->verified);
    fprintf(out, "confirmed   at the end %d names at a defect, %d elsewhere\n", r->told_real, r->told_other);
    fprintf(out, "speed       %.1f s for %.0f s of driving: %.0f times real time\n", wall_s, r->driven_s, r->driven_s / wall_s);
    fprintf(out, "trace       ");
    for (int i = 0; i < SHA256_SIZE; i++)
        fprintf(out, "%02x", r->trace[i]);
    fputc('\n', out);
}
