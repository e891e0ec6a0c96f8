/* bench_tiles.c - vector tiles over real HTTP: keep-alive on loopback, one client, the district of 50,000 cells of the
 * api's tests, all tiles of zooms 14 to 19 along its road. Cold: every tile is made from the database (a change was
 * published before each round). Hot: the same addresses from memory, with the body sent each time. */
#include <curl/curl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/server/api/fixture.h"

#define TILES_MAX 512
#define SECONDS_LEAST 1.5 /* of each figure */

struct set {
    char urls[TILES_MAX][96];
    int n;
};

static double now_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Columns of tiles of one zoom along the road, which runs from west to east. */
static void add_zoom(struct set *set, int port, int zoom)
{
    double south, west, north, east;
    const double tiles = ldexp(1, zoom);

    grid_unproject(fixture_zone, (struct grid_point){FIRST_COLUMN * 1000, FIRST_ROW * 1000}, &south, &west);
    grid_unproject(fixture_zone, (struct grid_point){(FIRST_COLUMN + COLUMNS) * 1000, FIRST_ROW * 1000}, &north, &east);
    const int y = (int)((1 - asinh(tan(south * M_PI / 180)) / M_PI) / 2 * tiles);
    for (int x = (int)((west + 180) / 360 * tiles); x <= (int)((east + 180) / 360 * tiles) && set->n < TILES_MAX; x++)
        snprintf(set->urls[set->n++], sizeof set->urls[0], "http://127.0.0.1:%d/tiles/cells/%d/%d/%d.mvt", port, zoom,
                 x, y);
}

static size_t count_bytes(char *data, size_t size, size_t n, void *sum)
{
    (void)data;
    *(size_t *)sum += size * n;
    return size * n;
}

static void fetch_all(CURL *curl, const struct set *set, size_t *bytes)
{
    long status = 0;

    for (int i = 0; i < set->n; i++) {
        curl_easy_setopt(curl, CURLOPT_URL, set->urls[i]);
        curl_easy_setopt(curl, CURLOPT_WRITEDATA, bytes);
        if (curl_easy_perform(curl) != CURLE_OK || curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status) ||
            status != 200) {
            fprintf(stderr, "%s: status %ld\n", set->urls[i], status);
            exit(1);
        }
    }
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
        fetch_all(curl, set, &bytes);
        tiles += set->n;
    } while (now_s() - begin < SECONDS_LEAST);
    *ret_bytes = bytes / (size_t)tiles;
    return tiles / (now_s() - begin);
}

int main(void)
{
    static struct set set;
    struct fixture f;
    struct curl_slist *headers = curl_slist_append(NULL, "Accept-Encoding: gzip");
    CURL *curl = curl_easy_init();
    int64_t change = 0;
    size_t bytes;

    fixture_init(&f);
    fixture_start(&f);
    for (int zoom = 14; zoom <= 19; zoom++)
        add_zoom(&set, api_port(f.api), zoom);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, count_bytes);
    const double cold = measure(&f, curl, &set, true, &change, &bytes);
    const double hot = measure(&f, curl, &set, false, &change, &bytes);
    printf("tiles.cold_per_s %.0f 1/s\n", cold);
    printf("tiles.hot_per_s %.0f 1/s\n", hot);
    printf("tiles.bytes_mean %zu B\n", bytes);
    curl_easy_cleanup(curl);
    curl_slist_free_all(headers);
    fixture_done(&f);
    return 0;
}
