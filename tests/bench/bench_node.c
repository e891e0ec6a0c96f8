/* What the node costs: instructions a sample (counted by callgrind, so the same on any day), memory, allocations,
 * wake-ups and CPU of the daemon live at 1 kHz; and, as before, the CPU of the sensing path at 200 Hz.
 * tape_play, node_memory and roadchief-node lie beside this program. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/node_drive.h"
#include "tests/bench/node_live.h"

/* ---- the sensing path at 200 Hz ------------------------------------------------------------------------ */

/* 200 Hz of motion and 10 Hz of fixes, as a share of one core in real time. The road is rough (class B), with a hole
 * every 100 m, so that the detector has work. Making the drive is not measured. */
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

static bool measure_path(void)
{
    const int64_t start_ns = INT64_C(1795564800) * 1000000000;
    struct motion_sample *samples = calloc(SECONDS * RATE_HZ, sizeof *samples);
    struct node_core_config config;
    struct node_core *core;

    node_core_config_default(&config);
    if (!samples || node_core_new(&config, 1, &core) != ROAD_OK)
        return false;
    make_samples(samples, start_ns);
    const double from_s = cpu_s();
    for (int i = 0; i < SECONDS * RATE_HZ; i++) {
        const double t = (double)i / RATE_HZ, turn = t / 60; /* a bend of 660 m */
        if (node_core_motion(core, &samples[i]) != ROAD_OK)
            return false;
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
            return false;
        while (node_core_take(core))
            ;
    }
    const double percent = 100 * (cpu_s() - from_s) / SECONDS;
    printf("node.cpu_200hz_percent %.3f percent\n", percent);
    printf("node.replay_x %.0f x\n", 100 / percent);
    node_core_free(core);
    free(samples);
    return true;
}

/* ---- instructions and memory --------------------------------------------------------------------------- */

struct bench {
    char bin[128], tape[64];
};

/* The numbers that a command prints; false if it fails or prints fewer. */
static bool numbers_of(const char *command, const char *format, double *ret_a, double *ret_b, double *ret_c)
{
    char line[1024];
    bool is_found = false;
    FILE *in = popen(command, "re");

    while (in && fgets(line, sizeof line, in))
        is_found = sscanf(line, format, ret_a, ret_b, ret_c) >= 1 || is_found;
    return in && pclose(in) == 0 && is_found;
}

/* Counted inside the core's own calls only; reading the tape and starting are left out. */
static void count_instructions(const struct bench *b, const char *name, double rate_hz, bool has_gyro, double fix_hz)
{
    char command[1024];
    double instructions = 0, samples = 0, unused;

    if (!node_drive_make(b->tape, rate_hz, has_gyro, fix_hz))
        return;
    snprintf(command, sizeof command,
             "valgrind --tool=callgrind --callgrind-out-file=/dev/null --toggle-collect=node_core_motion "
             "--toggle-collect=node_core_fix --toggle-collect=node_core_finish --toggle-collect=node_core_take "
             "'%s/tape_play' '%s' silent 2>&1",
             b->bin, b->tape);
    if (numbers_of(command, "==%*d== Collected : %lf", &instructions, &unused, &unused)) {
        snprintf(command, sizeof command, "'%s/tape_play' '%s' silent", b->bin, b->tape);
        if (numbers_of(command, "samples %lf", &samples, &unused, &unused) && samples > 0)
            printf("%s %.0f instructions\n", name, instructions / samples);
    } else {
        fprintf(stderr, "node: instructions not counted: no valgrind\n");
    }
    fflush(stdout);
}

static void measure_memory(const struct bench *b)
{
    char command[256];
    double kib, allocations, samples;

    snprintf(command, sizeof command, "'%s/node_memory' '%s'", b->bin, b->tape);
    if (!numbers_of(command, "%lf %lf %lf", &kib, &allocations, &samples))
        return;
    printf("node.detector_rss_kib %.0f KiB\n", kib);
    printf("node.allocations_after_init %.0f allocations\n", allocations);
    fflush(stdout);
}

static void measure_live(const struct bench *b)
{
    char program[256];
    struct node_live live;

    snprintf(program, sizeof program, "%s/roadchief-node", b->bin);
    if (!node_live_measure(b->tape, program, &live))
        return;
    printf("node.wakeups_per_s %.1f 1/s\n", live.wakeups_per_s);
    printf("node.cpu_1khz_percent %.3f percent\n", live.cpu_percent);
}

int main(void)
{
    struct bench b = {"", "/tmp/road-tape-XXXXXX"};
    const int fd = mkstemp(b.tape);

    if (fd < 0 || readlink("/proc/self/exe", b.bin, sizeof b.bin - 1) <= 0 || !measure_path())
        return 1;
    *strrchr(b.bin, '/') = '\0';
    close(fd);
    fflush(stdout);
    count_instructions(&b, "node.instructions_per_sample_100hz", 100, false, 1);
    count_instructions(&b, "node.instructions_per_sample_6_axes_rtk", 1000, true, 10);
    count_instructions(&b, "node.instructions_per_sample", 1000, false, 1);
    measure_memory(&b);
    measure_live(&b);
    unlink(b.tape);
    return 0;
}
