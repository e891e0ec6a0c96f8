/* CPU of the sensing path: 200 Hz of motion and 10 Hz of fixes, as a share of one core in real time. The road
 * is rough (class B), with a hole every 100 m, so that the detector has work. Making the drive is not
 * measured. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "sensor-node/core.h"

#define RATE_HZ   200
#define FIX_HZ    10
#define SECONDS   600
#define SPEED_MPS 11.0

static double cpu_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double noise(void)
{
    static uint64_t x = 88172645463325252u;

    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return (double)(x >> 11) / 9007199254740992.0 - 0.5;
}

/* A body at 1.1 Hz shaken by noise, and a sharp wave of 0.3 s every 100 m. */
static void make_samples(struct motion_sample *samples, int64_t start_ns)
{
    double body = 0, speed = 0;

    for (int i = 0; i < SECONDS * RATE_HZ; i++) {
        const double w = 2 * M_PI * 1.1, since_m = fmod(SPEED_MPS * i / RATE_HZ, 100),
                     t = since_m / SPEED_MPS;
        const double force = -w * w * body - 0.6 * w * speed + 3.0 * noise();
        speed += force / RATE_HZ;
        body += speed / RATE_HZ;
        const double hit = t < 0.3 ? -3.0 * sin(2 * M_PI * 6 * t) * exp(-t / 0.1) : 0;
        samples[i] = (struct motion_sample){.time_ns = start_ns + (int64_t)i * (1000000000 / RATE_HZ)};
        samples[i].accel_mps2[0] = (float)(1.5 * sin(i * 0.002));
        samples[i].accel_mps2[2] = (float)(9.81 + force + hit);
        samples[i].gyro_radps[0] = (float)(0.02 * noise());
    }
}

int main(void)
{
    const int64_t start_ns = INT64_C(1795564800) * 1000000000;
    struct motion_sample *samples = calloc(SECONDS * RATE_HZ, sizeof *samples);
    struct node_core_config config;
    struct node_core *core;

    node_core_config_default(&config);
    if (!samples || node_core_new(&config, 1, &core) != ROAD_OK)
        return 1;
    make_samples(samples, start_ns);
    const double from_s = cpu_s();
    for (int i = 0; i < SECONDS * RATE_HZ; i++) {
        const double t = (double)i / RATE_HZ, turn = t / 60; /* a bend of 660 m */
        if (node_core_motion(core, &samples[i]) != ROAD_OK)
            return 1;
        if (i % (RATE_HZ / FIX_HZ))
            continue;
        const struct fix fix = {.time_ns = samples[i].time_ns,
                                .sigma_m = 1,
                                .speed_mps = SPEED_MPS,
                                .heading_deg = NAN,
                                .lat_deg = 30.2741 + 660 * sin(turn) / 110900,
                                .gnss = GNSS_SBAS,
                                .lon_deg = 120.1636 + 660 * cos(turn) / 96200,
                                .time_source = TIME_GPS};
        if (node_core_fix(core, &fix) != ROAD_OK)
            return 1;
        while (node_core_take(core))
            ;
    }
    const double percent = 100 * (cpu_s() - from_s) / SECONDS;
    printf("node.cpu_200hz_percent %.3f percent\n", percent);
    printf("node.replay_x %.0f x\n", 100 / percent);
    node_core_free(core);
    free(samples);
    return 0;
}
