/* IIO: packings against bytes written by hand, a device played by a folder and a FIFO. */
#include "sensor-node/iio.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor-node/source.h"
#include "tests/check.h"
#include "tests/sensor-node/fake_iio.h"

FACT(packings_of_real_drivers_are_parsed)
{
    static const struct {
        const char *text;
        enum road_status want;
        struct iio_format format;
    } cases[] = {
        {"le:s16/16>>0", ROAD_OK, {false, true, 16, 16, 0}},
        {"be:s12/16>>4", ROAD_OK, {true, true, 12, 16, 4}},
        {"le:u24/32>>8", ROAD_OK, {false, false, 24, 32, 8}},
        {"le:s64/64>>0", ROAD_OK, {false, true, 64, 64, 0}},
        {"be:s16/16", ROAD_OK, {true, true, 16, 16, 0}},
        {"le:s16/16X2>>0", ROAD_UNSUPPORTED, {0}},
        {"le:s17/16>>0", ROAD_BAD_INPUT, {0}},
        {"le:s12/16>>5", ROAD_BAD_INPUT, {0}},
        {"le:s16/24>>0", ROAD_BAD_INPUT, {0}},
        {"xe:s16/16>>0", ROAD_BAD_INPUT, {0}},
        {"", ROAD_BAD_INPUT, {0}},
        {"le:s16/16>>", ROAD_BAD_INPUT, {0}},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct iio_format got = {0};
        CHECK_STATUS(iio_format_parse(cases[i].text, &got), cases[i].want);
        CHECK_INT(got.bits, cases[i].format.bits);
        CHECK_INT(got.storage_bits, cases[i].format.storage_bits);
        CHECK_INT(got.shift, cases[i].format.shift);
        CHECK_INT(got.is_big_endian, cases[i].format.is_big_endian);
        CHECK_INT(got.is_signed, cases[i].format.is_signed);
    }
}

FACT(values_are_unpacked_with_sign_shift_and_endianness)
{
    static const struct {
        const char *text;
        uint8_t bytes[8];
        int64_t want;
    } cases[] = {
        {"le:s16/16>>0", {0xFE, 0xFF}, -2},
        {"be:s12/16>>4", {0xFF, 0xE7}, -2},         /* low 4 bits are noise */
        {"be:s12/16>>4", {0x7F, 0xF0}, 2047},
        {"le:u24/32>>8", {0x99, 0x01, 0x02, 0xFF}, 0xFF0201},
        {"le:s24/32>>0", {0xFF, 0xFF, 0xFF, 0x55}, -1}, /* high byte is noise */
        {"be:s64/64>>0", {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00}, -256},
        {"le:u8/8>>0", {0xFF}, 255},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct iio_format format;
        CHECK_STATUS(iio_format_parse(cases[i].text, &format), ROAD_OK);
        CHECK_INT(iio_value(&format, cases[i].bytes), cases[i].want);
    }
}

FACT(a_device_is_set_up_and_its_scans_become_samples)
{
    char root[] = "/tmp/road-iio-XXXXXX", error[SOURCE_ERROR_SIZE] = "", text[64];
    struct iio *iio = NULL;
    struct motion_sample samples[16];
    size_t count = 0;
    struct fake_iio fake;

    if (!fake_iio_make(&fake, mkdtemp(root)))
        abort();
    CHECK_STATUS(iio_open(root, "", &iio, error), ROAD_OK);
    CHECK_STR(error, "");
    fake_iio_start(&fake);
    const struct motion_sample sent = {.time_ns = INT64_C(1790000000123456789),
                                       .accel_mps2 = {-1.5f, 0.25f, 9.81f},
                                       .gyro_radps = {0.5f, -0.125f, 0}};
    for (int i = 0; i < 10; i++)
        fake_iio_write(&fake, &sent);
    CHECK_STATUS(iio_read(iio, samples, 16, &count), ROAD_OK);
    CHECK_INT(count, 10);
    CHECK_INT(samples[9].time_ns, sent.time_ns);
    for (int i = 0; i < 3; i++) {
        CHECK_NEAR(samples[9].accel_mps2[i], sent.accel_mps2[i], FAKE_IIO_ACCEL_SCALE);
        CHECK_NEAR(samples[9].gyro_radps[i], sent.gyro_radps[i], FAKE_IIO_GYRO_SCALE);
    }
    CHECK_STATUS(iio_read(iio, samples, 16, &count), ROAD_OK);
    CHECK_INT(count, 0);
    fake_iio_read_back(&fake, "buffer/enable", text);
    CHECK_STR(text, "1");
    fake_iio_read_back(&fake, "scan_elements/in_accel_z_en", text);
    CHECK_STR(text, "1");
    fake_iio_read_back(&fake, "current_timestamp_clock", text);
    CHECK_STR(text, "realtime");
    fake_iio_stop(&fake);
    CHECK_STATUS(iio_read(iio, samples, 16, &count), ROAD_END);
    iio_close(iio);
    fake_iio_remove(&fake);
}

FACT(a_scan_cut_in_two_by_the_pipe_is_put_together)
{
    char root[] = "/tmp/road-iio-XXXXXX", error[SOURCE_ERROR_SIZE] = "";
    struct iio *iio = NULL;
    struct motion_sample samples[16];
    size_t count = 0;
    struct fake_iio fake;
    uint8_t scan[FAKE_IIO_SCAN_SIZE];

    if (!fake_iio_make(&fake, mkdtemp(root)))
        abort();
    CHECK_STATUS(iio_open(root, "fake-imu", &iio, error), ROAD_OK);
    fake_iio_start(&fake);
    const struct motion_sample sent = {.time_ns = 42, .accel_mps2 = {1, 2, 3}};
    fake_iio_pack(&sent, scan);
    CHECK_INT(write(fake.fd, scan, 5), 5);
    CHECK_STATUS(iio_read(iio, samples, 16, &count), ROAD_OK);
    CHECK_INT(count, 0);
    CHECK_INT(write(fake.fd, scan + 5, FAKE_IIO_SCAN_SIZE - 5), FAKE_IIO_SCAN_SIZE - 5);
    CHECK_STATUS(iio_read(iio, samples, 16, &count), ROAD_OK);
    CHECK_INT(count, 1);
    CHECK_INT(samples[0].time_ns, 42);
    CHECK_NEAR(samples[0].accel_mps2[2], 3, FAKE_IIO_ACCEL_SCALE);
    fake_iio_stop(&fake);
    iio_close(iio);
    fake_iio_remove(&fake);
}

FACT(a_device_that_is_not_there_is_named)
{
    char root[] = "/tmp/road-iio-XXXXXX", error[SOURCE_ERROR_SIZE] = "";
    struct iio *iio = NULL;
    struct fake_iio fake;

    if (!fake_iio_make(&fake, mkdtemp(root)))
        abort();
    CHECK_STATUS(iio_open(root, "other-imu", &iio, error), ROAD_NOT_FOUND);
    CHECK(strstr(error, "no other-imu with an accelerometer there"));
    CHECK_STATUS(iio_open("/nowhere", "", &iio, error), ROAD_NOT_FOUND);
    CHECK(strstr(error, "/nowhere/sys/bus/iio/devices"));
    fake_iio_remove(&fake);
}

/* ---- a gyroscope of its own ---------------------------------------------------------------------------- */

#define GYRO_SCAN 16 /* three le:s16, then the time at 8 */

static void put_attribute(const char *root, const char *device, const char *name, const char *text)
{
    char path[400];
    FILE *file;

    snprintf(path, sizeof path, "%s/sys/bus/iio/devices/%s/%s", root, device, name);
    if (!(file = fopen(path, "w")) || fprintf(file, "%s\n", text) < 0 || fclose(file))
        abort();
}

/* A second device on the same board, its chip turned by a quarter about z; on the first one the turn rates become
 * another sensor's channels, so that its scans stay as they are. */
static void make_gyro(const struct fake_iio *fake)
{
    static const char *const folders[] = {"", "/scan_elements", "/buffer"};
    static const char *const channels[] = {"in_anglvel_x", "in_anglvel_y", "in_anglvel_z", "in_timestamp"};
    char path[400], other[400], name[80];

    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/sys/bus/iio/devices/iio:device10%s", fake->root, folders[i]);
        if (mkdir(path, 0755))
            abort();
        for (int k = 0; k < 3; k++) {
            static const char *const parts[] = {"en", "type", "index"};
            snprintf(path, sizeof path, "%s/sys/bus/iio/devices/iio:device3/scan_elements/%s_%s", fake->root, channels[i],
                     parts[k]);
            snprintf(other, sizeof other, "%s/sys/bus/iio/devices/iio:device3/scan_elements/in_magn_%zu_%s", fake->root, i,
                     parts[k]);
            if (rename(path, other))
                abort();
        }
        snprintf(name, sizeof name, "scan_elements/in_magn_%zu_en", i);
        put_attribute(fake->root, "iio:device3", name, "1");
    }
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "scan_elements/%s_en", channels[i]);
        put_attribute(fake->root, "iio:device10", name, "0");
        snprintf(name, sizeof name, "scan_elements/%s_type", channels[i]);
        put_attribute(fake->root, "iio:device10", name, i < 3 ? "le:s16/16>>0" : "le:s64/64>>0");
        snprintf(name, sizeof name, "scan_elements/%s_index", channels[i]);
        put_attribute(fake->root, "iio:device10", name, (const char *[]){"0", "1", "2", "3"}[i]);
    }
    put_attribute(fake->root, "iio:device10", "in_anglvel_scale", "0.001");
    put_attribute(fake->root, "iio:device10", "in_anglvel_mount_matrix", "0, -1, 0; 1, 0, 0; 0, 0, 1");
    put_attribute(fake->root, "iio:device10", "sampling_frequency", "100");
    put_attribute(fake->root, "iio:device10", "current_timestamp_clock", "monotonic");
    put_attribute(fake->root, "iio:device10", "buffer/length", "2");
    put_attribute(fake->root, "iio:device10", "buffer/enable", "0");
    snprintf(path, sizeof path, "%s/dev/iio:device10", fake->root);
    if (mkfifo(path, 0600))
        abort();
}

static void write_turn(int fd, int64_t time_ns, int x, int y, int z)
{
    uint8_t scan[GYRO_SCAN] = {0};

    fake_iio_put(scan, x, 2, false);
    fake_iio_put(scan + 2, y, 2, false);
    fake_iio_put(scan + 4, z, 2, false);
    fake_iio_put(scan + 8, time_ns, 8, false);
    if (write(fd, scan, sizeof scan) != (ssize_t)sizeof scan)
        abort();
}

static void write_at(struct fake_iio *fake, int64_t time_ns)
{
    const struct motion_sample sample = {.time_ns = time_ns, .accel_mps2 = {0, 0, 9.81f}};

    CHECK(fake_iio_write(fake, &sample));
}

#define T0 INT64_C(1790000000000000000)
#define MS INT64_C(1000000)

FACT(a_gyroscope_on_a_device_of_its_own_is_merged_and_turned_into_the_boards_axes)
{
    char root[] = "/tmp/road-iio-XXXXXX", error[SOURCE_ERROR_SIZE] = "", path[400];
    struct iio *iio = NULL;
    struct motion_sample s[64];
    size_t count = 0;
    struct fake_iio fake;

    if (!fake_iio_make(&fake, mkdtemp(root)))
        abort();
    make_gyro(&fake);
    CHECK_STATUS(iio_open(root, "", &iio, error), ROAD_OK);
    if (!iio)
        return;
    fake_iio_start(&fake);
    snprintf(path, sizeof path, "%s/dev/iio:device10", root);
    const int gyro = open(path, O_WRONLY | O_CLOEXEC);
    for (int i = 0; i < 3; i++)
        write_at(&fake, T0 + 10 * i * MS); /* 0, 10, 20 ms */
    write_turn(gyro, T0 + 5 * MS, 100, 200, 300);
    write_turn(gyro, T0 + 15 * MS, 200, 400, 500);
    CHECK_STATUS(iio_read(iio, s, 64, &count), ROAD_OK);
    CHECK_INT(count, 2); /* the third waits for a turn rate behind it */
    CHECK(isnan(s[0].gyro_radps[0])); /* none before it */
    CHECK_NEAR(s[1].gyro_radps[0], -0.3, 1e-6); /* half way, x of the board = -y of the chip */
    CHECK_NEAR(s[1].gyro_radps[1], 0.15, 1e-6);
    CHECK_NEAR(s[1].gyro_radps[2], 0.4, 1e-6);
    CHECK_NEAR(s[1].accel_mps2[2], 9.81, 1e-5);
    write_turn(gyro, T0 + 20 * MS, 1000, 0, 0);
    CHECK_STATUS(iio_read(iio, s, 64, &count), ROAD_OK);
    CHECK_INT(count, 1); /* at its very instant */
    CHECK_NEAR(s[0].gyro_radps[1], 1.0, 1e-6);
    for (int i = 3; i < 20; i++)
        write_at(&fake, T0 + 10 * i * MS); /* the gyroscope is silent: samples go on without it */
    CHECK_STATUS(iio_read(iio, s, 64, &count), ROAD_OK);
    CHECK_INT(count, 7); /* those with 100 ms of samples behind them: 30 to 90 ms */
    CHECK(isnan(s[6].gyro_radps[1]));
    close(gyro);
    CHECK_STATUS(iio_read(iio, s, 64, &count), ROAD_END);
    fake_iio_stop(&fake);
    iio_close(iio);
    fake_iio_remove(&fake);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
