/* bench_beliefs.c - what the evidence of a metre of road costs: time to add and to settle it, memory, an image of it.
 *
 * Road trace: streets every 100 m both ways on 6 x 6 km; 200 vehicles take turns, a batch is 222 m of one of them, a
 * point each 3 m, on a line of its own of the street. Positions err by 3 cm, slowly (over 100 m), and by 5 mm from point to
 * point, as those of a node's filter do; "rtk_noisy" errs by 3 cm from point to point, so that no point can be left out.
 * RTK writes single square metres, consumer GPS squares of 8 m. Every second vehicle drives streets that run at an angle of 17 degrees. Points are as the wire keeps
 * them. The clock runs while batches are taken, not while they are made; it is that of this process, so that others do not count. */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <time.h>

#include "gateway/image.h"
#include "grid/cover.h"
#include "tests/gateway/drive.h"

#define BATCHES     20000
#define BATCH_M     222
#define POINT_M     3
#define POINTS      (BATCH_M / POINT_M + 1)
#define VEHICLES    200
#define AREA_M      6000
#define SETTLE_EACH 64 /* batches: a group of the keeper */
#define ANGLE       0.2967 /* 17 degrees */

static struct pass_point points[POINTS];
static struct pass pass;
static struct batch batch;

static double cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct vehicle {
    double street, along, line;
    bool is_north;
    double error; /* m across */
};

static double err(struct chance *chance, struct vehicle *v, bool is_noisy)
{
    const double kept = exp(-(double)POINT_M / 100);

    if (is_noisy)
        return 0.03 * chance_normal(chance);
    v->error = kept * v->error + 0.03 * sqrt(1 - kept * kept) * chance_normal(chance);
    return v->error + 0.005 * chance_normal(chance);
}

static void make_batch(struct chance *chance, struct vehicle *v, unsigned vehicle, unsigned number, double sigma_m,
                       bool is_noisy)
{
    const int64_t start = DAY0_NS + (int64_t)number * 4 * SECOND_NS;
    const double turn = vehicle % 2 ? ANGLE : 0, c = cos(turn), s = sin(turn);

    if (v->along + BATCH_M > AREA_M || chance_unit(chance) < 0.25) {
        *v = (struct vehicle){100.0 * (double)(chance_next(chance) % (AREA_M / 100)),
                              100.0 * (double)(chance_next(chance) % (AREA_M / 100 - 3)),
                              4 * chance_unit(chance) - 2, chance_next(chance) & 1, 0};
    }
    for (size_t i = 0; i < POINTS; i++) {
        const double along = v->along + (double)(i * POINT_M), across = v->street + v->line + err(chance, v, is_noisy);
        const double e = v->is_north ? across : along, n = v->is_north ? along : across;
        points[i] = (struct pass_point){.time_ns = start + (int64_t)i * 3 * SECOND_NS / 10,
                                        .at = metres(e * c - n * s + 2000, e * s + n * c),
                                        .sigma_cm = (uint16_t)(sigma_m * 100), .iri_centi = 200};
    }
    v->along += BATCH_M;
    pass = (struct pass){.sensor = SENSE_MOTION, .gnss = sigma_m < 0.5 ? GNSS_RTK : GNSS_CONSUMER,
                         .half_track_mm = 750, .points = points, .n_points = POINTS};
    batch = (struct batch){.seq = number, .zone = drive_zone, .time_source = TIME_GPS, .passes = &pass, .n_passes = 1};
    batch_quantise(&batch);
}

static enum road_status count_bytes(void *context, const void *bytes, size_t length)
{
    (void)bytes;
    *(size_t *)context += length;
    return ROAD_OK;
}

struct memory {
    uint8_t *bytes;
    size_t at;
};

static enum road_status write_bytes(void *context, const void *bytes, size_t length)
{
    struct memory *m = context;

    memcpy(m->bytes + m->at, bytes, length);
    m->at += length;
    return ROAD_OK;
}

static enum road_status read_bytes(void *context, void *ret_bytes, size_t length)
{
    struct memory *m = context;

    memcpy(ret_bytes, m->bytes + m->at, length);
    m->at += length;
    return ROAD_OK;
}

static void print_image(const struct beliefs *beliefs, const char *name)
{
    const struct beliefs_config config = drive_config();
    struct beliefs again;
    size_t length = 0;
    const struct image_sink counter = {count_bytes, &length};

    if (beliefs_save(beliefs, &counter) != ROAD_OK)
        exit(1);
    struct memory m = {malloc(length), 0};
    const struct image_sink sink = {write_bytes, &m};
    double start = cpu_s();
    if (!m.bytes || beliefs_save(beliefs, &sink) != ROAD_OK)
        exit(1);
    const double saved_s = cpu_s() - start;
    struct image_source source = {read_bytes, &m, length};
    m.at = 0;
    beliefs_init(&again, &config);
    start = cpu_s();
    if (beliefs_load(&again, &source) != ROAD_OK)
        exit(1);
    printf("gateway.%s_image_mib %.1f MiB\n", name, (double)length / 1048576);
    printf("gateway.%s_save_s %.3f s\n", name, saved_s);
    printf("gateway.%s_load_s %.3f s\n", name, cpu_s() - start);
    beliefs_done(&again);
    free(m.bytes);
}

static void print_memory(const struct beliefs *beliefs, const char *name)
{
    const struct evidence *e = &beliefs->evidence;
    uint64_t squares = 0, pieces = 0;
    size_t maps = 0;

    for (int level = 0; level < COVER_LEVELS; level++) {
        squares += cellmap_count(&e->maps[level]);
        maps += cellmap_bytes(&e->maps[level]);
    }
    for (size_t i = 0; i < e->n_blocks; i++)
        pieces += evidence_block_at(e, i)->pieces.n;
    printf("gateway.%s_squares %" PRIu64 " squares\n", name, squares);
    printf("gateway.%s_bytes_per_square %.2f B\n", name, (double)maps / (double)squares);
    printf("gateway.%s_stretch_bytes_per_metre %.2f B\n", name,
           (double)stretches_bytes(&e->stretches) / (BATCHES * (double)BATCH_M));
    printf("gateway.%s_blocks %zu blocks of %zu B, %" PRIu64 " pieces of %zu B\n", name, e->n_blocks, sizeof(struct block),
           pieces, sizeof(struct piece));
    printf("gateway.%s_heap_mib %.1f MiB\n", name, (double)(mallinfo2().uordblks + mallinfo2().hblkhd) / 1048576);
}

static void run(const char *name, double sigma_m, bool is_noisy)
{
    const struct beliefs_config config = drive_config();
    static struct vehicle vehicles[VEHICLES];
    struct chance chance = {20261123};
    struct beliefs beliefs;
    struct delta delta = {0};
    double add_s = 0, settle_s = 0;
    uint64_t told = 0;

    memset(vehicles, 0, sizeof vehicles);
    for (unsigned i = 0; i < VEHICLES; i++)
        vehicles[i].along = AREA_M;
    beliefs_init(&beliefs, &config);
    for (unsigned i = 0; i < BATCHES; i++) {
        const unsigned vehicle = (unsigned)(chance_next(&chance) % VEHICLES);
        make_batch(&chance, &vehicles[vehicle], vehicle, i + 1, sigma_m, is_noisy);
        double start = cpu_s();
        beliefs_add(&beliefs, &batch, kid_number(vehicle + 1), false);
        add_s += cpu_s() - start;
        if (i % SETTLE_EACH)
            continue;
        start = cpu_s();
        beliefs_settle(&beliefs, INT64_MIN, &delta);
        settle_s += cpu_s() - start;
        told += delta.n_leaves;
    }
    printf("gateway.%s_add_ns_per_metre %.0f ns\n", name, 1e9 * add_s / (BATCHES * (double)BATCH_M));
    printf("gateway.%s_settle_ns_per_metre %.0f ns (%.1f leaves a batch)\n", name,
           1e9 * settle_s / (BATCHES * (double)BATCH_M), (double)told / BATCHES);
    print_memory(&beliefs, name);
    beliefs_settle(&beliefs, INT64_MIN, NULL);
    print_image(&beliefs, name);
    delta_done(&delta);
    beliefs_done(&beliefs);
}

int main(void)
{
    run("rtk", 0.03, false);
    run("rtk_noisy", 0.03, true);
    run("consumer", 3, false);
    return 0;
}
