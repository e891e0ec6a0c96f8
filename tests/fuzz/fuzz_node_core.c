/* Samples and fixes of any value, in any order: the core refuses or digests them, and every batch it makes
 * can be said on the wire. Each operation is one byte of kind and the raw bytes of its numbers. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "sensor-node/core.h"

#define OPERATIONS_MAX 200

struct input {
    const uint8_t *at;
    size_t left;
};

static void take(struct input *in, void *ret, size_t size)
{
    const size_t n = size < in->left ? size : in->left;

    memset(ret, 0, size);
    memcpy(ret, in->at, n);
    in->at += n;
    in->left -= n;
}

static void listen(struct node_core *core)
{
    static uint8_t bytes[BATCH_PAYLOAD_MAX];
    const struct batch *b;
    size_t length;

    while ((b = node_core_take(core))) {
        struct batch back;
        if (batch_encode(b, bytes, sizeof bytes, &length) != ROAD_OK ||
            batch_decode(bytes, length, &back, NULL) != ROAD_OK)
            abort();
        batch_done(&back);
    }
}

/* A second of driving on, so that wild values meet a core that is at work. */
static void drive_on(struct node_core *core, int64_t *time_ns, double *north_deg, double jolt)
{
    for (int i = 0; i < 100; i++) {
        struct motion_sample s = {.time_ns = *time_ns += 10000000};
        s.accel_mps2[2] = (float)(9.81 + jolt * sin(i * 0.7));
        node_core_motion(core, &s);
    }
    *north_deg += 10.0 / 110900;
    const struct fix f = {.time_ns = *time_ns,
                          .lat_deg = *north_deg,
                          .lon_deg = 120.16,
                          .sigma_m = 2,
                          .speed_mps = 10,
                          .heading_deg = NAN,
                          .gnss = GNSS_CONSUMER,
                          .time_source = TIME_GPS};
    node_core_fix(core, &f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct node_core_config config;
    struct node_core *core;
    struct motion_sample sample;
    struct fix fix;
    int64_t time_ns = INT64_C(1795564800) * 1000000000, to_ns;
    double north_deg = 30.27;

    node_core_config_default(&config);
    if (node_core_new(&config, 1, &core) != ROAD_OK)
        abort();
    for (int i = 0; in.left && i < OPERATIONS_MAX; i++) {
        uint8_t kind;
        int8_t step;
        take(&in, &kind, 1);
        switch (kind % 6) {
        case 0:
            take(&in, &sample, sizeof sample);
            node_core_motion(core, &sample);
            break;
        case 1: /* the enumerators of a caller are its own, but any value must be refused, not followed */
            take(&in, &fix, sizeof fix);
            node_core_fix(core, &fix);
            break;
        case 2:
            take(&in, &step, 1);
            drive_on(core, &time_ns, &north_deg, step / 4.0);
            break;
        case 3:
            take(&in, &time_ns, sizeof time_ns);
            break;
        case 4:
            take(&in, &to_ns, sizeof to_ns);
            node_core_gap(core, time_ns, to_ns);
            break;
        default:
            node_core_finish(core);
        }
        listen(core);
        time_ns = time_ns > INT64_MAX / 2 || time_ns < 0 ? INT64_C(1795564800) * 1000000000 : time_ns;
    }
    node_core_finish(core);
    listen(core);
    node_core_free(core);
    return 0;
}
