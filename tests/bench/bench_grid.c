/* bench_grid.c - point to cell, against PROJ, interleaved in one run; cell probability and painting.
 *
 * "simd" is in cache: the same 1,024 points again and again, as they come from a decoded batch;
 * point_to_cell_vs_proj streams a million points from memory and their ids back. "plain" is the way without
 * AVX-512. */
#include <proj.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "grid/bulk.h"
#include "grid/cell.h"
#include "grid/shape.h"

#define POINTS 1000000
#define CACHED 1024
#define ROUNDS 7

/* Time that this process was running: others on the machine do not count. */
static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Uniform in 0..1, the same points every time (xorshift64*). */
static double uniform(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return (double)((*state * UINT64_C(0x2545F4914F6CDD1D)) >> 11) * 0x1p-53;
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double median(double values[ROUNDS])
{
    qsort(values, ROUNDS, sizeof values[0], by_size);
    return values[ROUNDS / 2];
}

static double lat[POINTS], lon[POINTS];
static struct cell cells[POINTS], other_cells[POINTS];

/* Seconds for POINTS points, CACHED of them again and again. */
static double time_cached(struct grid_zone zone)
{
    const double began = now_s();

    for (int at = 0; at < POINTS; at += CACHED)
        (void)cells_from_degrees(zone, lat, lon, CACHED, cells);
    return now_s() - began;
}

static double time_plain(struct grid_zone zone)
{
    const struct bulk_frame frame = {zone, zone.meridian_deg, 1, 0,
                                     (uint64_t)cell_zone_number(zone) << CELL_ZONE_SHIFT};
    const double began = now_s();

    for (int at = 0; at < POINTS; at += CACHED)
        (void)bulk_plain(&frame, lat, lon, CACHED, other_cells);
    return now_s() - began;
}

/* Seconds, or -1 if one is refused or is another cell than the bulk's. */
static double time_single(struct grid_zone zone)
{
    const double began = now_s();

    for (int k = 0; k < POINTS; k++) {
        struct grid_point point;
        if (grid_project(zone, lat[k], lon[k], &point) != ROAD_OK ||
            cell_from_point(zone, point, 0, &other_cells[k]) != ROAD_OK)
            return -1;
    }
    const double took_s = now_s() - began;
    return memcmp(cells, other_cells, sizeof cells) == 0 ? took_s : -1;
}

static double time_proj(PJ *proj)
{
    static PJ_COORD points[POINTS];

    for (int k = 0; k < POINTS; k++)
        points[k] = proj_coord(lat[k], lon[k], 0, 0);
    const double began = now_s();
    proj_trans_array(proj, PJ_FWD, POINTS, points);
    return now_s() - began;
}

static int bench_projection(void)
{
    const struct grid_zone zone = {120, false};
    double proj_s[ROUNDS], stream_s[ROUNDS], cached_s[ROUNDS], plain_s[ROUNDS], single_s[ROUNDS],
        ratio[ROUNDS], cached_ratio[ROUNDS];
    uint64_t seed = 20201;
    PJ_CONTEXT *context = proj_context_create();
    PJ *proj = proj_create_crs_to_crs(context, "EPSG:4326", "EPSG:4549", NULL);

    if (!proj) {
        fputs("bench_grid: PROJ cannot make EPSG:4326 to EPSG:4549\n", stderr);
        return 1;
    }
    for (int k = 0; k < POINTS; k++) {
        lat[k] = 30.2 + 0.2 * uniform(&seed);
        lon[k] = 120.1 + 0.2 * uniform(&seed);
    }
    for (int round = 0; round < ROUNDS; round++) {
        proj_s[round] = time_proj(proj);
        cached_s[round] = time_cached(zone);
        plain_s[round] = time_plain(zone);
        const double began = now_s();
        const size_t refused = cells_from_degrees(zone, lat, lon, POINTS, cells);
        stream_s[round] = now_s() - began;
        single_s[round] = time_single(zone);
        ratio[round] = proj_s[round] / stream_s[round];
        cached_ratio[round] = proj_s[round] / cached_s[round];
        if (refused || single_s[round] < 0) {
            fputs("bench_grid: points are refused, or are other cells one by one\n", stderr);
            return 1;
        }
    }
    printf("grid.point_to_cell_simd_vs_proj %.1f x\n", median(cached_ratio));
    printf("grid.point_to_cell_simd_ns %.2f ns\n", median(cached_s) / POINTS * 1e9);
    printf("grid.point_to_cell_vs_proj %.1f x\n", median(ratio));
    printf("grid.point_to_cell_ns %.2f ns\n", median(stream_s) / POINTS * 1e9);
    printf("grid.point_to_cell_plain_ns %.2f ns\n", median(plain_s) / POINTS * 1e9);
    printf("grid.point_to_cell_single_ns %.2f ns\n", median(single_s) / POINTS * 1e9);
    printf("grid.proj_ns %.1f ns\n", median(proj_s) / POINTS * 1e9);
    proj_destroy(proj);
    proj_context_destroy(context);
    return 0;
}

static int bench_painting(const char *name, double sigma_m, double correlation)
{
    const struct grid_zone zone = {120, false};
    const double variance = sigma_m * sigma_m * 1e6;
    double paint_s[ROUNDS];
    uint64_t seed = 16;

    for (int round = 0; round < ROUNDS; round++) {
        const double began = now_s();
        for (int k = 0; k < 2000; k++) {
            const struct grid_point mean = {515741606 + (int64_t)(1000 * uniform(&seed)), 3350510017};
            struct cell cells[16];
            size_t count;
            if (cells_to_paint(zone, mean,
                               (struct grid_covariance){variance, correlation * variance, variance / 2},
                               cells, &count) != ROAD_OK)
                return 1;
        }
        paint_s[round] = (now_s() - began) / 2000;
    }
    printf("grid.paint_%s_us %.2f us\n", name, median(paint_s) * 1e6);
    return 0;
}

int main(void)
{
    return bench_projection() || bench_painting("rtk", 0.05, 0.3) || bench_painting("gps", 3, 0.3);
}
