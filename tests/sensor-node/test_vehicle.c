/* What a vehicle learnt, as bytes: a core that was loaded goes on as the one that was saved; damage is refused. */
#include "sensor-node/vehicle.h"

#include "tests/sensor-node/hearing.h"

static struct said other;
static uint8_t bytes[NODE_CORE_BYTES_MAX], damaged[NODE_CORE_BYTES_MAX];

static struct node_core *learning_core(uint64_t first_seq, double lag_s)
{
    struct synthetic d;
    struct node_core *core = NULL;

    synthetic_init(&d);
    struct node_core_config config = config_of(&d);
    config.gnss_lag_s = lag_s;
    config.timing_sigma_s = 0.1;
    config.antenna_sigma_m = 0.2;
    CHECK_STATUS(node_core_new(&config, first_seq, &core), ROAD_OK);
    return core;
}

/* There (is_back: and back again) over the hole, braking and speeding up. */
static void drive_on(struct node_core *core, int day, bool is_back, struct said *s)
{
    struct synthetic d;
    struct motion_sample sample;
    struct fix fix;
    bool has_fix;

    synthetic_init(&d);
    d.start_ns += day * INT64_C(86400) * 1000000000;
    d.sway_mps = 4;
    d.height_m = pothole;
    d.heading_rad = is_back ? 0.01 : 0;
    clear(s);
    while (d.time_s < 100) {
        synthetic_next(&d, &sample, &fix, &has_fix);
        node_core_motion(core, &sample);
        if (has_fix)
            node_core_fix(core, &fix);
        listen(core, s);
    }
    node_core_finish(core);
    listen(core, s);
}

FACT(a_core_that_was_loaded_goes_on_as_the_one_that_was_saved)
{
    struct node_core *core = learning_core(1, 0.05);

    drive_on(core, 0, false, &said);
    const size_t length = node_core_save(core, bytes);
    const uint64_t next = said.last_seq + 1;
    CHECK(length > 1000 && length <= NODE_CORE_BYTES_MAX);
    drive_on(core, 1, true, &said);
    const struct node_core_stats went_on = node_core_stats(core);
    node_core_free(core);

    core = learning_core(next, 0.05);
    CHECK_STATUS(node_core_load(core, bytes, length), ROAD_OK);
    drive_on(core, 1, true, &other);
    CHECK_INT(said.n_bytes, other.n_bytes);
    CHECK(said.n_bytes > 500 && memcmp(said.bytes, other.bytes, said.n_bytes) == 0);
    CHECK(node_core_stats(core).gnss_lag_s == went_on.gnss_lag_s);
    CHECK(went_on.timing_sigma_s < 0.1);
    node_core_free(core);
}

FACT(what_is_saved_again_is_the_same)
{
    struct node_core *core = learning_core(1, 0.05);

    drive_on(core, 0, false, &said);
    const size_t length = node_core_save(core, bytes);
    node_core_free(core);
    core = learning_core(1, 0.05);
    CHECK_STATUS(node_core_load(core, bytes, length), ROAD_OK);
    CHECK_INT(node_core_save(core, damaged), length);
    CHECK(memcmp(bytes, damaged, length) == 0);
    node_core_free(core);
}

/* Every byte is under the checksum: one changed anywhere, or a length cut anywhere, is refused. */
FACT(no_damage_gets_in)
{
    struct node_core *core = learning_core(1, 0.05), *fresh = learning_core(1, 0.05);
    static uint8_t nothing[NODE_CORE_BYTES_MAX];
    const size_t nothing_length = node_core_save(fresh, nothing);

    drive_on(core, 0, false, &said);
    const size_t length = node_core_save(core, bytes);
    for (size_t i = 0; i < length; i++) {
        memcpy(damaged, bytes, length);
        damaged[i] ^= (uint8_t)(1 << (i % 8));
        CHECK_STATUS(node_core_load(fresh, damaged, length), ROAD_CORRUPT);
    }
    for (size_t cut = 0; cut < length; cut += 7)
        CHECK_STATUS(node_core_load(fresh, bytes, cut), ROAD_CORRUPT);
    CHECK_INT(node_core_save(fresh, damaged), nothing_length);
    CHECK(memcmp(damaged, nothing, nothing_length) == 0);
    node_core_free(core);
    node_core_free(fresh);
}

static uint32_t crc_by_table(const uint8_t *data, size_t length) /* IEEE 802.3, another way than the code's */
{
    uint32_t table[256], crc = 0xFFFFFFFFu;

    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int k = 0; k < 8; k++)
            table[i] = table[i] & 1 ? 0xEDB88320u ^ (table[i] >> 1) : table[i] >> 1;
    }
    for (size_t i = 0; i < length; i++)
        crc = table[(crc ^ data[i]) & 0xFF] ^ (crc >> 8);
    return ~crc;
}

static void seal(uint8_t *data, size_t length)
{
    const uint32_t crc = crc_by_table(data, length - 4);

    for (int i = 0; i < 4; i++)
        data[length - 4 + (size_t)i] = (uint8_t)(crc >> (8 * i));
}

static void put(uint8_t *data, size_t at, double value)
{
    uint64_t bits;

    memcpy(&bits, &value, 8);
    for (int i = 0; i < 8; i++)
        data[at + (size_t)i] = (uint8_t)(bits >> (8 * i));
}

FACT(values_that_no_vehicle_has_are_refused_although_the_checksum_holds)
{
    struct node_core *core = learning_core(1, 0.05);
    const size_t length = node_core_save(core, bytes), states = 16 + 48 + 4 + 3 * 28 * 8 + 4 + 2 * 11 * 8 + 8;
    static const double wild[] = {NAN, INFINITY, 1e9};

    CHECK_INT(crc_by_table((const uint8_t *)"123456789", 9), 0xCBF43926); /* the standard's check value */
    for (size_t i = 0; i < 3; i++) { /* the lag */
        memcpy(damaged, bytes, length);
        put(damaged, states, wild[i]);
        seal(damaged, length);
        CHECK_STATUS(node_core_load(core, damaged, length), ROAD_CORRUPT);
    }
    memcpy(damaged, bytes, length);
    put(damaged, states + CALIBRATE_FIXED * 8, -1.0); /* its variance */
    seal(damaged, length);
    CHECK_STATUS(node_core_load(core, damaged, length), ROAD_CORRUPT);
    memcpy(damaged, bytes, length);
    damaged[16 + 48 + 4 + 3 * 28 * 8 + 4 + 2 * 11 * 8] = 49; /* things: one more than fit */
    seal(damaged, length);
    CHECK_STATUS(node_core_load(core, damaged, length), ROAD_CORRUPT);
    memcpy(damaged, bytes, length);
    damaged[8] = VEHICLE_VERSION + 1;
    seal(damaged, length);
    CHECK_STATUS(node_core_load(core, damaged, length), ROAD_BAD_VERSION);
    node_core_free(core);
}

FACT(what_was_learnt_of_another_mount_is_not_taken)
{
    struct node_core *core = learning_core(1, 0.05);

    drive_on(core, 0, false, &said);
    const size_t length = node_core_save(core, bytes);
    node_core_free(core);
    core = learning_core(1, 0.3); /* somebody measured it, and wrote it into the config */
    CHECK_STATUS(node_core_load(core, bytes, length), ROAD_OK);
    CHECK_NEAR(node_core_stats(core).gnss_lag_s, 0.3, 0);
    CHECK_NEAR(node_core_stats(core).timing_sigma_s, 0.1, 1e-12);
    node_core_free(core);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
