#include "tests/bench/traffic.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_M       2.5
#define SPEED_MPS    14.0
#define STREET_M     100.0 /* between streets */
#define CITY_M       10000.0
#define STREETS      100
#define ORIGIN_E_MM  INT64_C(510000000)
#define ORIGIN_N_MM  INT64_C(3345000000)
#define POINTS_MAX   1024
#define HIT_ONE_IN   500

static void must(enum road_status status, const char *what)
{
    if (status == ROAD_OK)
        return;
    fprintf(stderr, "bench: %s: %s\n", what, road_status_sentence(status));
    exit(1);
}

static struct signer *vehicle_key(unsigned vehicle)
{
    const uint8_t seed[32] = {(uint8_t)vehicle, (uint8_t)(vehicle >> 8), 0xbe, 0x9c};
    struct signer *signer;

    must(signer_from_seed(seed, &signer), "key");
    return signer;
}

static size_t add_line(char *text, size_t at, const char *name, const char *role, struct signer *signer)
{
    struct public_key key;
    char base64[100];

    signer_public(signer, &key);
    base64_encode(key.bytes, key.length, base64, sizeof base64);
    return at + (size_t)sprintf(text + at, "%s %s %s ed25519 %s\n", name, role, TRAFFIC_DISTRICT, base64);
}

static void make_registry(struct traffic *traffic)
{
    static char text[(TRAFFIC_VEHICLES + 1) * 128];
    char name[16], error[512] = "";
    size_t at = add_line(text, 0, "gw-1", "gateway -", traffic->gateway);

    for (unsigned v = 0; v < TRAFFIC_VEHICLES; v++) {
        struct signer *signer = vehicle_key(v);
        snprintf(name, sizeof name, "veh-%u", v);
        at = add_line(text, at, name, "node fleet", signer);
        signer_close(signer);
    }
    must(registry_from_text("bench", text, at, &traffic->registry, error), error);
}

/* Along a street and back on its other lane, two vehicles a street. Small waves, as a real track has. */
static struct grid_point place(unsigned vehicle, double driven_m)
{
    const double along = fmod(driven_m, 2 * CITY_M), street = vehicle % STREETS;
    const double e = along < CITY_M ? along : 2 * CITY_M - along, lane = along < CITY_M ? -1.75 : 1.75;

    return (struct grid_point){ORIGIN_E_MM + llround(1000 * e),
                               ORIGIN_N_MM + llround(1000 * (street * STREET_M + lane + 0.4 * sin(e / 40)))};
}

static size_t make_points(struct pass_point *points, unsigned vehicle, double from_m, double metres, int64_t start_ns)
{
    const size_t n = (size_t)(metres / STEP_M) + 1;

    for (size_t i = 0; i < n; i++) {
        const double at_m = from_m + metres * (double)i / (double)(n - 1);
        points[i] = (struct pass_point){.time_ns = start_ns + llround(1e9 * (at_m - from_m) / SPEED_MPS),
                                        .at = place(vehicle, at_m),
                                        .sigma_cm = 4,
                                        .iri_centi = (uint16_t)(200 + 10 * ((i / 8 + vehicle) % 9))};
    }
    return n;
}

static struct detection hit_at(const struct pass_point *point)
{
    return (struct detection){.type = DEFECT_POTHOLE, .severity = SEVERITY_MEDIUM, .confidence_permille = 900,
                              .sensor = SENSE_MOTION, .time_ns = point->time_ns, .at = point->at,
                              .cov_ee_cm2 = 25, .cov_nn_cm2 = 25, .size_milli = 50, .size_sigma_milli = 20,
                              .heading_cdeg = 9000, .speed_cmps = 1400, .strength_milli = 9000,
                              .strength_sigma_milli = 900};
}

static void make_letter(struct traffic_letter *letter, struct signer *signer, unsigned vehicle, unsigned round,
                        uint64_t seq, double metres, int64_t start_ns)
{
    static struct pass_point points[POINTS_MAX];
    static uint8_t payload[SEALED_MAX], sealed[SEALED_MAX];
    const double from_m = 97 * (double)vehicle + metres * round;
    const size_t n = make_points(points, vehicle, from_m, metres, start_ns);
    struct pass pass = {.sensor = SENSE_MOTION, .epoch_centiyear = 2690, .gnss = GNSS_RTK, .half_track_mm = 750,
                        .points = points, .n_points = n};
    struct detection hit = hit_at(&points[n / 2]);
    const bool has_hit = (round * TRAFFIC_VEHICLES + vehicle) % HIT_ONE_IN == 7;
    const struct batch batch = {.seq = seq, .zone = {120, false}, .time_source = TIME_GPS, .passes = &pass,
                                .n_passes = 1, .detections = &hit, .n_detections = has_hit};
    size_t length;

    must(batch_encode(&batch, payload, sizeof payload, &length), "batch_encode");
    must(cose_seal(signer, payload, length, sealed, sizeof sealed, &letter->length), "cose_seal");
    snprintf(letter->topic, sizeof letter->topic, "road/v1/" TRAFFIC_DISTRICT "/obs/veh-%u", vehicle);
    letter->vehicle = vehicle;
    letter->bytes = malloc(letter->length);
    must(letter->bytes ? ROAD_OK : ROAD_NO_MEMORY, "letter");
    memcpy(letter->bytes, sealed, letter->length);
}

void traffic_make(struct traffic *traffic, unsigned rounds, double metres, unsigned after, int64_t end_ns)
{
    const uint8_t seed[32] = {0x9a};
    const int64_t took_ns = llround(1e9 * metres / SPEED_MPS);

    memset(traffic, 0, sizeof *traffic);
    must(signer_from_seed(seed, &traffic->gateway), "key");
    make_registry(traffic);
    traffic->n = (size_t)rounds * TRAFFIC_VEHICLES;
    traffic->metres = metres * (double)traffic->n;
    traffic->letters = calloc(traffic->n, sizeof *traffic->letters);
    must(traffic->letters ? ROAD_OK : ROAD_NO_MEMORY, "letters");
    for (unsigned v = 0; v < TRAFFIC_VEHICLES; v++) {
        struct signer *signer = vehicle_key(v);
        for (unsigned r = 0; r < rounds; r++)
            make_letter(&traffic->letters[r * TRAFFIC_VEHICLES + v], signer, v, r, after + r + 1, metres,
                        end_ns - (rounds - r) * took_ns);
        signer_close(signer);
    }
}

void traffic_done(struct traffic *traffic)
{
    for (size_t i = 0; i < traffic->n; i++)
        free(traffic->letters[i].bytes);
    free(traffic->letters);
    registry_close(traffic->registry);
    signer_close(traffic->gateway);
}
