/* bench_sim.c - how much faster than real time a fleet is simulated. Batch level: 100 vehicles on 1,111 lane-km for one
 * day, batches of 200 m through the gateway's own evidence and beliefs, one thread. Sample level: five vehicles. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/sim/city/city.h"
#include "tests/sim/city/sample.h"

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void bench_batches(void)
{
    static struct city city;
    struct city_config config;
    struct town town;

    city_config_default(&config);
    if (!town_grid(&town, (struct grid_zone){120, false}, 515744, 3350528, 25, 463, true) || !city_open(&city, &town, &config))
        exit(1);
    const double began = now_s();
    for (int hour = 0; hour < 24; hour++)
        if (!city_hour(&city))
            exit(1);
    const double took_s = now_s() - began;
    printf("sim.realtime_factor %.0f x\n", DAY_S / took_s);
    printf("sim.gateway_share %.2f of the time\n", city.gateway_s / took_s);
    printf("sim.km_per_s %.0f km/s\n", city.counts.km / took_s);
    city_close(&city);
    town_done(&town);
}

/* Whole cars at 50 to 500 Hz, node cores and gateway: seconds of driving, all five side by side, on one thread. */
static void bench_samples(void)
{
    const struct sample_config config = {5, 1, 1, 300, 1};
    struct sample_report report;
    const double began = now_s();

    if (!sample_run(&config, &report))
        exit(1);
    printf("sim.sample_realtime_factor %.0f x\n", report.driven_s / (now_s() - began));
}

int main(void)
{
    bench_batches();
    bench_samples();
    return 0;
}
