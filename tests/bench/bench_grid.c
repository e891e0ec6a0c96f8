/* bench_grid.c - point to cell, against PROJ, interleaved in one run; cell probability and painting. */
#include <proj.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "grid/cell.h"
#include "grid/shape.h"

#define POINTS 1000000
#define ROUNDS 7

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
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

static int bench_projection(void)
{
    static double lat[POINTS], lon[POINTS];
    static PJ_COORD points[POINTS];
    static struct cell cells[POINTS];
    const struct grid_zone zone = {120, false};
    double proj_s[ROUNDS], ours_s[ROUNDS], single_s[ROUNDS], ratio[ROUNDS];
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
        for (int k = 0; k < POINTS; k++)
            points[k] = proj_coord(lat[k], lon[k], 0, 0);
        double began = now_s();
        proj_trans_array(proj, PJ_FWD, POINTS, points);
        proj_s[round] = now_s() - began;
        began = now_s();
        const size_t refused = cells_from_degrees(zone, lat, lon, POINTS, cells);
        ours_s[round] = now_s() - began;
        began = now_s();
        for (int k = 0; k < POINTS; k++) {
            struct grid_point point;
            if (grid_project(zone, lat[k], lon[k], &point) != ROAD_OK ||
                cell_from_point(zone, point, 0, &cells[k]) != ROAD_OK)
                return 1;
        }
        single_s[round] = now_s() - began;
        ratio[round] = proj_s[round] / ours_s[round];
        if (refused)
            return 1;
    }
    printf("grid.point_to_cell_vs_proj %.1f x\n", median(ratio));
    printf("grid.point_to_cell_ns %.2f ns\n", median(ours_s) / POINTS * 1e9);
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
