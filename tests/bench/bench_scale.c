/* bench_scale.c - a gateway's memory of CELLS squares: how long a fresh process needs to have it again, and
 * how much memory.
 *
 * The trace: streets of 5 m every 100 m both ways, in pieces of 2,000 m; of each three passes with RTK (10
 * cm) side by side, so that the two wheel tracks of 1.5 m touch all of it. 200 vehicles take the pieces in
 * turn, in an order that jumps about the town, over ten days. Every pass goes through beliefs_add as a batch;
 * things on the road are not part of it. A cell is a square metre that was passed; the squares of 2 to 32 m
 * above, stretches and pieces of road come on top.
 *
 * One process builds and saves, another, started afresh, loads; the digests must be the same. The file is
 * warm. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "gateway/snapshot.h"
#include "tests/gateway/rig.h"

#ifndef CELLS
#define CELLS 10000000
#define NAME  "1e7"
#endif

#define SPACING_M    100
#define PIECE_M      2000
#define LANES        3
#define VEHICLES     200
#define DAYS         10
#define POINT_M      20
#define CELLS_A_PASS (5 * PIECE_M / LANES)

static double seconds(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double now_s(void)
{
    return seconds(CLOCK_MONOTONIC);
}

/* MiB of this process as the kernel counts them: "VmRSS" now, "VmHWM" at most. */
static double memory_mib(const char *which)
{
    char line[200];
    double kib = 0;
    FILE *status = fopen("/proc/self/status", "r");

    while (status && fgets(line, sizeof line, status))
        if (strncmp(line, which, strlen(which)) == 0)
            kib = strtod(line + strlen(which) + 1, NULL);
    if (status)
        fclose(status);
    return kib / 1024;
}

/* The p-th pass: a straight piece of a street, eastward or northward, on one of its lanes. */
static void make_pass(struct drive *d, uint64_t p, uint64_t n_passes)
{
    const uint64_t side =
        4 * (uint64_t)ceil(sqrt((double)n_passes / LANES / 2 * PIECE_M * SPACING_M) / 4 / PIECE_M) * PIECE_M;
    const uint64_t jump =
        (p * UINT64_C(2654435761)) % n_passes; /* a prime: every pass once, if it divides not */
    const uint64_t lane = jump % LANES, piece = jump / LANES, pieces_a_street = side / PIECE_M;
    const double along = (double)(piece % pieces_a_street * PIECE_M);
    const uint64_t line = piece / pieces_a_street;
    const double across = (double)(line / 2 * SPACING_M) + 1.25 + 1.0 * (double)lane;
    const int64_t day = (int64_t)(p * DAYS / n_passes);
    const int64_t start = DAY0_NS + day * NS_PER_DAY + (int64_t)(p % 80000) * SECOND_NS;
    const bool is_east = line % 2;

    memset(&d->batch, 0, sizeof d->batch);
    d->pass =
        (struct pass){.sensor = SENSE_MOTION, .gnss = GNSS_RTK, .half_track_mm = 750, .points = d->points};
    for (int s = 0; s <= PIECE_M; s += POINT_M)
        d->points[d->pass.n_points++] =
            (struct pass_point){.time_ns = start + s / 10 * SECOND_NS,
                                .at = is_east ? metres(along + s, across) : metres(across, along + s),
                                .sigma_cm = 10,
                                .iri_centi = 200};
    d->batch = (struct batch){.seq = p / VEHICLES + 1,
                              .zone = drive_zone,
                              .time_source = TIME_GPS,
                              .passes = &d->pass,
                              .n_passes = 1,
                              .detections = d->detections,
                              .features = d->features};
}

static void print_digest(const uint8_t digest[SHA256_SIZE], FILE *to)
{
    for (size_t i = 0; i < SHA256_SIZE; i++)
        fprintf(to, "%02x", digest[i]);
    fputc('\n', to);
}

static void must(bool is_well, const char *what)
{
    if (is_well)
        return;
    fprintf(stderr, "bench_scale: %s\n", what);
    exit(1);
}

static void build(const char *path, FILE *to)
{
    static struct drive drive;
    const uint64_t n_passes = (CELLS / CELLS_A_PASS + CELLS / CELLS_A_PASS / 40) | 1; /* streets cross */
    const struct beliefs_config config = drive_config();
    struct beliefs beliefs;
    double settled_s = 0, start = now_s();

    beliefs_init(&beliefs, &config);
    for (uint64_t p = 0; p < n_passes; p++) {
        make_pass(&drive, p, n_passes);
        beliefs_add(&beliefs, &drive.batch, kid_number((unsigned)(p % VEHICLES)), false);
        if (p % 1000 == 999 || p + 1 == n_passes) {
            const double before = now_s();
            beliefs_settle(&beliefs, drive.points[drive.pass.n_points - 1].time_ns, NULL);
            settled_s += now_s() - before;
        }
    }
    const double added_s = now_s() - start - settled_s;
    const struct snapshot_mark mark = {.roads = {0}}; /* of no batch: the database beside it has none */
    uint8_t digest[SHA256_SIZE];
    start = now_s();
    must(snapshot_write(path, &mark, &beliefs) == ROAD_OK, "writing the snapshot");
    fprintf(to, "%.3f %.3f %.3f %.3f %.0f %.0f\n", (double)n_passes * PIECE_M, added_s, settled_s,
            now_s() - start, memory_mib("VmRSS"), (double)cellmap_count(&beliefs.evidence.maps[0]));
    beliefs_digest(&beliefs, digest);
    print_digest(digest, to);
    beliefs_done(&beliefs);
}

/* A gateway's keeper, opened beside the snapshot. */
static void restart(const char *path, FILE *to)
{
    static struct rig rig;
    struct stat about;
    uint8_t digest[SHA256_SIZE];

    must(stat(path, &about) == 0, "the snapshot's file");
    rig_open(&rig);
    keeper_close(rig.keeper);
    rig.config.snapshot_path = path;
    const double start = now_s(), cpu_start = seconds(CLOCK_PROCESS_CPUTIME_ID);
    rig_open_keeper(&rig);
    const double took_s = now_s() - start, cpu_s = seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_start;
    fprintf(to, "%.3f %.3f %.0f %.0f %.1f\n", took_s, cpu_s, memory_mib("VmRSS"), memory_mib("VmHWM"),
            (double)about.st_size / 1048576);
    keeper_state_hash(rig.keeper, digest);
    print_digest(digest, to);
    rig_close(&rig);
}

/* This program again, in a process of its own; its two lines. */
static void run_self(const char *self, const char *what, const char *path, char ret_first[200],
                     char ret_second[200])
{
    char command[400];

    snprintf(command, sizeof command, "'%s' %s '%s'", self, what, path);
    FILE *lines = popen(command, "r");
    must(lines && fgets(ret_first, 200, lines) && fgets(ret_second, 200, lines) && pclose(lines) == 0, what);
}

int main(int argc, char **argv)
{
    char path[] = "/tmp/road-scale-XXXXXX", first[200], built_digest[200], loaded_digest[200];
    double metres_driven, added_s, settled_s, saved_s, built_mib, cells, loaded_s, cpu_s, rss_mib, peak_mib,
        file_mib;

    if (argc == 3) {
        (strcmp(argv[1], "build") == 0 ? build : restart)(argv[2], stdout);
        return 0;
    }
    const int fd = mkstemp(path);
    must(fd >= 0, "a file");
    close(fd);
    run_self(argv[0], "build", path, first, built_digest);
    must(sscanf(first, "%lf %lf %lf %lf %lf %lf", &metres_driven, &added_s, &settled_s, &saved_s, &built_mib,
                &cells) == 6,
         "the builder's figures");
    run_self(argv[0], "restart", path, first, loaded_digest);
    unlink(path);
    must(sscanf(first, "%lf %lf %lf %lf %lf", &loaded_s, &cpu_s, &rss_mib, &peak_mib, &file_mib) == 5,
         "the loader's figures");
    must(strcmp(built_digest, loaded_digest) == 0, "the loaded beliefs are others than the saved");
    printf("gateway.restart_" NAME "_s %.3f s\n", loaded_s);
    printf("gateway.restart_" NAME "_cpu_s %.3f s\n", cpu_s);
    printf("gateway.rss_" NAME "_mib %.0f MiB\n", rss_mib);
    printf("gateway.rss_peak_" NAME "_mib %.0f MiB\n", peak_mib);
    printf("gateway.cells_" NAME " %.2f million\n", cells / 1e6);
    printf("gateway.snapshot_" NAME "_mib %.1f MiB\n", file_mib);
    printf("gateway.snapshot_save_" NAME "_s %.3f s\n", saved_s);
    printf("gateway.rss_built_" NAME "_mib %.0f MiB\n", built_mib);
    printf("gateway.add_" NAME "_ns_per_metre %.0f ns\n", added_s / metres_driven * 1e9);
    printf("gateway.settle_" NAME "_ns_per_metre %.0f ns\n", settled_s / metres_driven * 1e9);
    return 0;
}
