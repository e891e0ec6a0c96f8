/* bench_gateway.c - from sealed batches to durable changes, and what a batch costs once a place is well known.
 *
 * Four vehicles drive twenty streets of 200 m again and again; a batch is one drive of a street, with a hit now and
 * then. An observation is one metre of road watched. Groups of 16 batches share a transaction, as they do when several
 * vehicles are on the road; signing by the vehicles is not measured. The clock is handed in. */
#include <time.h>

#include "tests/gateway/rig.h"

#define STREETS 20
#define ROUNDS 20
#define GROUP 16
#define STREET_M 200.0

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void street_drive(struct drive *d, unsigned node, uint64_t seq, unsigned street, unsigned round)
{
    static const double sigmas[RIG_NODES] = {0.05, 1, 3, 8};
    const int64_t start = DAY0_NS + (int64_t)(round * 5400 + street * 40) * SECOND_NS;
    const double n = 40 + 100 * street;

    drive_straight(d, seq, start, 0, n, STREET_M, n, (enum gnss_class)node, sigmas[node]);
    if ((street + round) % 2)
        drive_hit(d, DEFECT_POTHOLE, start + 10 * SECOND_NS, 100.3, n + 0.7, sigmas[node], 60, 90);
}

/* Seconds that the keeper took for one group. */
static double take_group(struct rig *rig, struct letter *letters, size_t n)
{
    const double start = now_s();

    rig_must(rig_take(rig, letters, n), "keeper_take");
    return now_s() - start;
}

int main(void)
{
    static struct drive drive;
    static struct letter letters[GROUP];
    static struct rig rig;
    uint64_t seq[RIG_NODES] = {0};
    double total_s = 0, last_s = 0;
    size_t n = 0, batches = 0, last_batches = 0;

    rig_open(&rig);
    for (unsigned round = 0; round < ROUNDS; round++)
        for (unsigned street = 0; street < STREETS; street++) {
            const unsigned node = (round + street) % RIG_NODES;
            street_drive(&drive, node, ++seq[node], street, round);
            seal_from(&rig, node, &drive.batch, &letters[n++]);
            if (n < GROUP)
                continue;
            const double took_s = take_group(&rig, letters, n);
            total_s += took_s;
            batches += n;
            if (round == ROUNDS - 1) {
                last_s += took_s;
                last_batches += n;
            }
            n = 0;
        }
    printf("gateway.durable_obs_per_s %.0f obs/s\n", (double)batches * STREET_M / total_s);
    printf("gateway.durable_batches_per_s %.0f batches/s\n", (double)batches / total_s);
    printf("gateway.batch_ms_at_20_passes %.2f ms\n", 1e3 * last_s / (double)last_batches);
    rig_close(&rig);
    return 0;
}
