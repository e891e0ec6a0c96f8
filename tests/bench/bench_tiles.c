/* bench_tiles.c - vector tiles over real HTTP: keep-alive on loopback, one client.
 *
 * First the district of 50,000 cells of the api's tests, each a row with its reason: all tiles of zooms 14 to 19 along its
 * road. Cold: every tile is made from the database (a change was published before each round). Hot: the same addresses
 * from memory, with the body sent each time.
 * Then a made-up town (tests/server/api/town.h) of 5 million coded squares of 1 m with 4,000 cells of a reason among them:
 * told through the store, then the same with one day more as sealed changes through the intake, then at each zoom tiles
 * spread over it, cold and hot: milliseconds an answer, bytes as sent and unpacked. */
#include <curl/curl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "server/api/tile_make.h"
#include "tests/server/api/fixture.h"
#include "tests/server/api/town.h"
#include "tests/server/sample.h"

#define TILES_MAX 512
#define SECONDS_LEAST 1.5 /* of each figure */
#define TOWN_SIDE 28      /* tiles of 256 m: 5.0 million squares */
#define RETOLD_SIDE 8
#define PLACES 13 /* a side: so many tiles of a zoom, spread over the town */
#define SAMPLES_LEAST 600 /* answers for a p99 */

struct set {
    char urls[TILES_MAX][96];
    int n;
};

static double clock_s(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double now_s(void)
{
    return clock_s(CLOCK_MONOTONIC);
}

static void tile_of(struct grid_point point, int zoom, int *ret_x, int *ret_y)
{
    const double tiles = ldexp(1, zoom);
    double lat, lon;

    grid_unproject(fixture_zone, point, &lat, &lon);
    *ret_x = (int)((lon + 180) / 360 * tiles);
    *ret_y = (int)((1 - asinh(tan(lat * M_PI / 180)) / M_PI) / 2 * tiles);
}

static void add_tile(struct set *set, int port, int zoom, int x, int y)
{
    char url[96];

    snprintf(url, sizeof url, "http://127.0.0.1:%d/tiles/cells/%d/%d/%d.mvt", port, zoom, x, y);
    for (int i = 0; i < set->n; i++)
        if (strcmp(set->urls[i], url) == 0)
            return;
    if (set->n < TILES_MAX)
        memcpy(set->urls[set->n++], url, sizeof url);
}

/* Columns of tiles of one zoom along the road, which runs from west to east. */
static void add_zoom(struct set *set, int port, int zoom)
{
    int west, east, y;

    tile_of((struct grid_point){(FIRST_COLUMN + COLUMNS) * 1000, FIRST_ROW * 1000}, zoom, &east, &y);
    tile_of((struct grid_point){FIRST_COLUMN * 1000, FIRST_ROW * 1000}, zoom, &west, &y);
    for (int x = west; x <= east; x++)
        add_tile(set, port, zoom, x, y);
}

static size_t count_bytes(char *data, size_t size, size_t n, void *sum)
{
    (void)data;
    *(size_t *)sum += size * n;
    return size * n;
}

/* Bytes of one answer. */
static size_t fetch(CURL *curl, const char *url)
{
    size_t bytes = 0;
    long status = 0;

    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &bytes);
    if (curl_easy_perform(curl) != CURLE_OK || curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) ||
        status != 200) {
        fprintf(stderr, "%s: status %ld\n", url, status);
        exit(1);
    }
    return bytes;
}

/* Rounds over the whole set until enough time has passed; tiles a second. */
static double measure(struct fixture *f, CURL *curl, const struct set *set, bool is_cold, int64_t *change,
                      size_t *ret_bytes)
{
    const double begin = now_s();
    size_t bytes = 0;
    int tiles = 0;

    do {
        if (is_cold)
            api_publish(f->api, ++*change, "{}");
        for (int i = 0; i < set->n; i++)
            bytes += fetch(curl, set->urls[i]);
        tiles += set->n;
    } while (now_s() - begin < SECONDS_LEAST);
    *ret_bytes = bytes / (size_t)tiles;
    return tiles / (now_s() - begin);
}

static CURL *client_new(struct curl_slist *headers)
{
    CURL *curl = curl_easy_init();

    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, count_bytes);
    return curl;
}

static void bench_road(struct curl_slist *gzip)
{
    static struct set set;
    CURL *curl = client_new(gzip);
    struct fixture f;
    int64_t change = 0;
    size_t bytes;

    fixture_init(&f);
    fixture_start(&f);
    for (int zoom = 14; zoom <= 19; zoom++)
        add_zoom(&set, api_port(f.api), zoom);
    const double cold = measure(&f, curl, &set, true, &change, &bytes);
    const double hot = measure(&f, curl, &set, false, &change, &bytes);
    printf("tiles.cold_per_s %.0f 1/s\n", cold);
    printf("tiles.hot_per_s %.0f 1/s\n", hot);
    printf("tiles.bytes_mean %zu B\n", bytes);
    curl_easy_cleanup(curl);
    fixture_done(&f);
}

/* --- the town --- */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

struct times {
    double ms[64 * TILES_MAX];
    size_t n;
};

static void take_time(struct times *times, double ms)
{
    if (times->n < sizeof times->ms / sizeof times->ms[0])
        times->ms[times->n++] = ms;
}

static double quantile(struct times *times, double q)
{
    qsort(times->ms, times->n, sizeof times->ms[0], ascending);
    return times->ms[(size_t)(q * (double)(times->n - 1))];
}

/* Answers to the whole set, again and again, each timed. */
static size_t time_set(struct fixture *f, CURL *curl, const struct set *set, int64_t *change, struct times *times)
{
    size_t bytes = 0;

    times->n = 0;
    for (int round = 0; times->n < SAMPLES_LEAST; round++) {
        if (change)
            api_publish(f->api, ++*change, "{}");
        for (int i = 0; i < set->n; i++) {
            const double begin = now_s();
            const size_t length = fetch(curl, set->urls[i]);
            take_time(times, (now_s() - begin) * 1e3);
            bytes += round == 0 ? length : 0;
        }
    }
    return bytes / (size_t)set->n;
}

static void bench_zoom(struct fixture *f, CURL *packed, CURL *plain, int zoom, int64_t *change, struct times *all_cold,
                       struct times *all_hot)
{
    static struct set set;
    static struct times cold, hot;
    int x, y;

    set.n = 0;
    for (int i = 0; i < PLACES * PLACES; i++) {
        const struct grid_point point = {(TOWN_EAST_M + 256 * TOWN_SIDE * (2 * (i % PLACES) + 1) / (2 * PLACES)) * 1000,
                                         (TOWN_NORTH_M + 256 * TOWN_SIDE * (2 * (i / PLACES) + 1) / (2 * PLACES)) * 1000};
        tile_of(point, zoom, &x, &y);
        add_tile(&set, api_port(f->api), zoom, x, y);
    }
    const size_t sent = time_set(f, packed, &set, change, &cold);
    time_set(f, packed, &set, NULL, &hot);
    size_t raw = 0;
    for (int i = 0; i < set.n; i++)
        raw += fetch(plain, set.urls[i]);
    for (size_t i = 0; i < cold.n; i++)
        take_time(all_cold, cold.ms[i]);
    for (size_t i = 0; i < hot.n; i++)
        take_time(all_hot, hot.ms[i]);
    printf("tiles.z%d_cold_p50_ms %.2f ms\n", zoom, quantile(&cold, 0.5));
    printf("tiles.z%d_cold_p99_ms %.2f ms\n", zoom, quantile(&cold, 0.99));
    printf("tiles.z%d_hot_p50_ms %.3f ms\n", zoom, quantile(&hot, 0.5));
    printf("tiles.z%d_hot_p99_ms %.3f ms\n", zoom, quantile(&hot, 0.99));
    printf("tiles.z%d_bytes_raw %zu B\n", zoom, raw / (size_t)set.n);
    printf("tiles.z%d_bytes_gzip %zu B\n", zoom, sent);
}

static struct map_tile town_tile(int zoom, int n)
{
    const struct grid_point point = {(TOWN_EAST_M + 256 * (2 + n % 24) + 128) * 1000,
                                     (TOWN_NORTH_M + 256 * (2 + n * 7 % 24) + 128) * 1000};
    int x, y;

    tile_of(point, zoom, &x, &y);
    return (struct map_tile){LAYER_CELLS, zoom, (uint32_t)x, (uint32_t)y};
}

/* Processor milliseconds of making one tile and of packing it. */
static void make_tile(struct reader *reader, struct map_tile tile, double ret_ms[2])
{
    struct tile_body *body;
    struct bytes bytes;

    const double begin = clock_s(CLOCK_THREAD_CPUTIME_ID);
    bytes_init(&bytes, MVT_TILE_MAX);
    if (tile_make(reader, NULL, fixture_zone, tile, &bytes))
        exit(1);
    const double made = clock_s(CLOCK_THREAD_CPUTIME_ID);
    if (tile_pack(&bytes, &body))
        exit(1);
    ret_ms[0] += (made - begin) * 1e3;
    ret_ms[1] += (clock_s(CLOCK_THREAD_CPUTIME_ID) - made) * 1e3;
    bytes_done(&bytes);
    tile_body_release(body);
}

/* Known squares of 1 m on a tile and its buffer. */
static int64_t squares_on(struct map_tile tile)
{
    struct grid_box box;
    int64_t n_squares = 0;

    tile_frame_box(fixture_zone, tile, &box);
    for (int64_t n = box.south_mm / 1000; n <= box.north_mm / 1000; n++)
        for (int64_t e = box.west_mm / 1000; e <= box.east_mm / 1000; e++)
            n_squares += town_cover((int)(e - TOWN_EAST_M), (int)(n - TOWN_NORTH_M)) != 0;
    return n_squares;
}

/* Without HTTP, in the processor's time: what making and packing cost, and a square of a tile of zoom 17. */
static void bench_making(const struct fixture *f)
{
    struct readers *readers;
    struct reader *reader;
    char error[256];

    if (readers_open(f->database, 1, &readers, error) || reader_take(readers, &reader))
        exit(1);
    for (int zoom = 12; zoom <= 18; zoom++) {
        double ms[2] = {0, 0}, first[2];
        int64_t squares = 0;
        for (int i = 0; i < 100; i++) {
            first[0] = first[1] = 0;
            make_tile(reader, town_tile(zoom, i), first); /* once to have the pages in memory */
            make_tile(reader, town_tile(zoom, i), ms);
            squares += zoom == 17 ? squares_on(town_tile(zoom, i)) : 0;
        }
        printf("tiles.z%d_make_cpu_ms %.3f ms\n", zoom, ms[0] / 100);
        printf("tiles.z%d_pack_cpu_ms %.3f ms\n", zoom, ms[1] / 100);
        if (zoom == 17)
            printf("tiles.make_ns_per_cell %.1f ns\n", ms[0] * 1e6 / (double)squares);
    }
    reader_give(readers, reader);
    readers_close(readers);
}

static void bench_town(struct curl_slist *gzip)
{
    static struct times cold, hot;
    struct fixture f = {.dir = "/tmp/road-town-XXXXXX"};
    CURL *packed = client_new(gzip), *plain = client_new(NULL);
    struct town_counts counts;
    int64_t change = 1000000;

    if (!mkdtemp(f.dir))
        exit(1);
    snprintf(f.database, sizeof f.database, "%s/server.db", f.dir);
    if (database_open(f.database, store_migrations, &f.db, f.error))
        exit(1);
    town_fill(f.db, fixture_zone, TOWN_SIDE, &counts);
    printf("tiles.town_squares %lld 1\n", (long long)counts.squares);
    printf("tiles.store_squares_per_s %.0f 1/s\n", (double)counts.squares / counts.apply_s);
    printf("tiles.store_patch_us %.2f us\n", counts.apply_s * 1e6 / (double)counts.patches);
    f.config = (struct api_config){.database_path = f.database, .district = "town", .log_origin = "roads.example/town",
                                   .log_vkey = "x", .zone = fixture_zone, .ret_error = f.error};
    fixture_start(&f);
    for (int zoom = 12; zoom <= 18; zoom++)
        bench_zoom(&f, packed, plain, zoom, &change, &cold, &hot);
    printf("tiles.cold_p99_ms %.2f ms\n", quantile(&cold, 0.99));
    printf("tiles.hot_p99_ms %.3f ms\n", quantile(&hot, 0.99));
    bench_making(&f);
    curl_easy_cleanup(packed);
    curl_easy_cleanup(plain);
    fixture_done(&f);
}

/* --- sealed changes through the intake --- */

struct pusher {
    struct sample sample;
    int64_t squares, patches;
    double spent_s;
    uint64_t seq;
};

static void push(void *context, const struct change *told)
{
    static uint8_t plain[SEALED_MAX], sealed[SEALED_MAX];
    struct pusher *pusher = context;
    struct change change = *told;
    size_t length = 0, sealed_length = 0;

    change.seq = change.cause_seq = ++pusher->seq;
    if (change_encode(&change, plain, BATCH_PAYLOAD_MAX, &length) ||
        cose_seal(pusher->sample.gateway, plain, length, sealed, sizeof sealed, &sealed_length)) {
        fprintf(stderr, "a change of the town does not fit into a message\n");
        exit(1);
    }
    for (size_t i = 0; i < change.n_patches; i++)
        pusher->squares += __builtin_popcountll(change.patches[i].mask);
    pusher->patches += (int64_t)change.n_patches;
    const double begin = now_s();
    if (intake_push(pusher->sample.intake, "road/v1/" SAMPLE_DISTRICT "/change/gw-1", sealed, sealed_length))
        exit(1);
    if (change.seq % 32 == 0 && intake_step(pusher->sample.intake, 1795419661000))
        exit(1);
    pusher->spent_s += now_s() - begin;
}

/* A part of the town is told, and then told again a day later: the second time is measured. */
static void bench_intake(void)
{
    static struct pusher pusher;
    const struct intake_config config = {.on_ack = NULL};

    sample_new(&pusher.sample, &config);
    town_tell(sample_zone, RETOLD_SIDE, 0, push, &pusher);
    pusher.squares = pusher.patches = 0, pusher.spent_s = 0;
    town_tell(sample_zone, RETOLD_SIDE, 1, push, &pusher);
    printf("tiles.intake_squares_per_s %.0f 1/s\n", (double)pusher.squares / pusher.spent_s);
    printf("tiles.intake_patch_us %.2f us\n", pusher.spent_s * 1e6 / (double)pusher.patches);
    sample_done(&pusher.sample);
}

int main(void)
{
    struct curl_slist *gzip = curl_slist_append(NULL, "Accept-Encoding: gzip");

    (void)check_last; /* sample.h speaks through check.h; there are no facts here */
    bench_road(gzip);
    bench_intake();
    bench_town(gzip);
    curl_slist_free_all(gzip);
    return 0;
}
