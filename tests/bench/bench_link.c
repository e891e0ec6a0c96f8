/* bench_link.c - sealing and opening the batch of 200 m at 50 km/h with two detections, as a node sends it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/link/fixtures.h"

#define METRES 200.0
#define POINTS 80
#define RUN_S  0.5 /* of each figure */

struct bench {
    struct signer *signer;
    struct verifier *verifier;
    struct batch batch;
    uint8_t payload[BATCH_PAYLOAD_MAX], sealed[SEALED_MAX];
    size_t payload_length, sealed_length;
};

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(enum road_status status)
{
    if (status == ROAD_OK)
        return;
    fprintf(stderr, "bench_link: %s\n", road_status_sentence(status));
    exit(1);
}

static void encode(struct bench *bench)
{
    must(batch_encode(&bench->batch, bench->payload, sizeof bench->payload, &bench->payload_length));
}

static void seal(struct bench *bench)
{
    encode(bench);
    must(cose_seal(bench->signer, bench->payload, bench->payload_length, bench->sealed, sizeof bench->sealed,
                   &bench->sealed_length));
}

static void decode(struct bench *bench)
{
    struct batch batch;

    must(batch_decode(bench->payload, bench->payload_length, &batch, NULL));
    batch_done(&batch);
}

static void open_and_decode(struct bench *bench)
{
    const uint8_t *payload;
    struct batch batch;
    size_t length;

    must(cose_open(bench->verifier, bench->sealed, bench->sealed_length, &payload, &length));
    must(batch_decode(payload, length, &batch, NULL));
    batch_done(&batch);
}

static void hash(struct bench *bench)
{
    uint8_t digest[SHA256_SIZE];

    sha256_prefixed(1, bench->payload, 32, bench->payload + 32, 32, digest); /* a node of the ledger's tree */
}

static void measure(const char *name, void (*run)(struct bench *), struct bench *bench)
{
    const double began = now_s();
    double took;
    long runs = 0;

    do {
        for (int i = 0; i < 50; i++)
            run(bench);
        runs += 50;
        took = now_s() - began;
    } while (took < RUN_S);
    printf("link.%s %.0f /s\n", name, (double)runs / took);
}

int main(void)
{
    static struct bench bench;
    static struct pass_point points[POINTS];
    static struct detection detections[2];
    struct pass pass = {.sensor = SENSE_MOTION,
                        .frame = FRAME_ITRF_CURRENT,
                        .epoch_centiyear = 2690,
                        .gnss = GNSS_CONSUMER,
                        .half_track_mm = 760,
                        .points = points,
                        .n_points = POINTS};
    const uint8_t seed[32] = {1};
    struct chance chance = {1};
    struct public_key key;

    drive_points(&chance, 50 / 3.6, POINTS, points);
    for (int i = 0; i < 2; i++)
        detections[i] = (struct detection){.type = DEFECT_POTHOLE,
                                           .severity = SEVERITY_MEDIUM,
                                           .confidence_permille = 700,
                                           .sensor = SENSE_MOTION,
                                           .time_ns = points[40 * i].time_ns,
                                           .at = points[40 * i].at,
                                           .cov_ee_cm2 = 14400,
                                           .cov_nn_cm2 = 22500,
                                           .size_milli = 30000,
                                           .size_sigma_milli = 9000,
                                           .heading_cdeg = 9000,
                                           .speed_cmps = 1390};
    bench.batch = (struct batch){.seq = 1000,
                                 .zone = {120, false},
                                 .time_source = TIME_GPS,
                                 .time_sigma_us = 1000,
                                 .passes = &pass,
                                 .n_passes = 1,
                                 .detections = detections,
                                 .n_detections = 2};
    must(signer_from_seed(seed, &bench.signer));
    signer_public(bench.signer, &key);
    must(verifier_open(&key, &bench.verifier));

    measure("batch_seal_per_s", seal, &bench);
    measure("batch_open_per_s", open_and_decode, &bench);
    measure("batch_encode_per_s", encode, &bench);
    measure("batch_decode_per_s", decode, &bench);
    measure("sha256_65_per_s", hash, &bench);
    printf("link.batch_bytes_per_m_payload %.2f B/m\n", (double)bench.payload_length / METRES);
    printf("link.batch_bytes_per_m_sealed %.2f B/m\n", (double)bench.sealed_length / METRES);
    verifier_close(bench.verifier);
    signer_close(bench.signer);
    return 0;
}
