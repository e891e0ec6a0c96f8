/* coarse_peaks.c - every peak of the drives given, for tests/train/coarse.py:
 * `drive,time_s,energy_mps2,first_fix_s`. The detector's own code without its floor, and without the node
 * around it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor-node/motion/coarse.h"
#include "sensor-node/source.h"

#define NS_PER_S 1e9

static void print_jolts(struct coarse *coarse, const char *path, double first_fix_s)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const struct coarse_jolt *jolt;

    while ((jolt = coarse_next(coarse))) {
        printf("%.*s,%.3f,%.6f,%.1f\n", (int)strcspn(name, "_"), name, (double)jolt->time_ns / NS_PER_S,
               jolt->energy_mps2, first_fix_s);
        coarse_drop(coarse);
    }
}

static bool take(struct coarse *coarse, const struct source_event *event, double *first_fix_s)
{
    double value[TICK_AXES];

    if (event->kind == SOURCE_FIX && *first_fix_s == 0)
        *first_fix_s = (double)event->fix.time_ns / NS_PER_S;
    for (int k = 0; k < 3 && event->kind == SOURCE_MOTION; k++) {
        value[k] = (double)event->motion.accel_mps2[k];
        value[k + 3] = (double)event->motion.gyro_radps[k];
    }
    if (event->kind == SOURCE_MOTION)
        coarse_push(coarse, event->motion.time_ns, value);
    return event->kind != SOURCE_END;
}

static void peaks_of(const char *path)
{
    struct source_event event = {.kind = SOURCE_IDLE};
    struct source *source;
    struct coarse coarse;
    char error[SOURCE_ERROR_SIZE];
    double first_fix_s = 0;
    enum road_status status = ROAD_OK;

    if (source_open_recording(path, 0, -1, 0, &source, error) != ROAD_OK) {
        fprintf(stderr, "coarse_peaks: %s\n", error);
        exit(1);
    }
    coarse_init(&coarse);
    coarse.floor_mps2 = 0;
    do {
        status = source_next(source, &event, error);
        print_jolts(&coarse, path, first_fix_s);
    } while (status == ROAD_BAD_INPUT || (status == ROAD_OK && take(&coarse, &event, &first_fix_s)));
    coarse_break(&coarse);
    print_jolts(&coarse, path, first_fix_s);
    source_close(source);
}

int main(int argc, char **argv)
{
    puts("drive,time_s,energy_mps2,first_fix_s");
    for (int i = 1; i < argc; i++)
        peaks_of(argv[i]);
    return 0;
}
