/* fake_iio.h - an IIO device that is a folder of plain files and a FIFO; for tests. The packing mixes byte orders,
 * widths and shifts on purpose:
 *     0 accel x be:s32/32, 4 accel y le:s32/32, 8 accel z le:s28/32>>4, 12 temperature le:s16/16 (on, not ours),
 *     14 gyro x be:s16/16, 16 gyro y le:s16/16, 18 gyro z le:s16/16, 24 timestamp le:s64/64 (8-byte aligned) */
#ifndef TESTS_SENSOR_NODE_FAKE_IIO_H
#define TESTS_SENSOR_NODE_FAKE_IIO_H

#include <fcntl.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sensor-node/core.h"

#define FAKE_IIO_SCAN_SIZE 32
#define FAKE_IIO_ACCEL_SCALE 1e-6
#define FAKE_IIO_GYRO_SCALE 2e-4

struct fake_iio {
    char root[256];
    int fd; /* the FIFO's writing end, -1 = nobody writes */
};

static inline void fake_iio_path(const struct fake_iio *fake, const char *name, char ret_path[512])
{
    snprintf(ret_path, 512, "%.255s/sys/bus/iio/devices/iio:device3/%.120s", fake->root, name);
}

static inline bool fake_iio_attribute(const struct fake_iio *fake, const char *name, const char *text)
{
    char path[512];

    fake_iio_path(fake, name, path);
    FILE *file = fopen(path, "w");
    if (!file)
        return false;
    fprintf(file, "%s\n", text);
    return fclose(file) == 0;
}

static inline void fake_iio_read_back(const struct fake_iio *fake, const char *name, char ret_text[64])
{
    char path[512];

    fake_iio_path(fake, name, path);
    FILE *file = fopen(path, "r");
    *ret_text = '\0';
    if (file && fgets(ret_text, 64, file))
        ret_text[strcspn(ret_text, "\n")] = '\0';
    if (file)
        fclose(file);
}

static inline bool fake_iio_make(struct fake_iio *fake, const char *root)
{
    static const char *const folders[] = {
        "sys", "sys/bus", "sys/bus/iio", "sys/bus/iio/devices", "sys/bus/iio/devices/iio:device3",
        "sys/bus/iio/devices/iio:device3/scan_elements", "sys/bus/iio/devices/iio:device3/buffer", "dev"};
    static const char *const channels[][2] = {
        {"in_accel_x", "be:s32/32>>0"},   {"in_accel_y", "le:s32/32>>0"},   {"in_accel_z", "le:s28/32>>4"},
        {"in_temp", "le:s16/16>>0"},      {"in_anglvel_x", "be:s16/16>>0"}, {"in_anglvel_y", "le:s16/16>>0"},
        {"in_anglvel_z", "le:s16/16>>0"}, {"in_timestamp", "le:s64/64>>0"}};
    char path[512], text[32];
    bool is_made = true;

    snprintf(fake->root, sizeof fake->root, "%s", root);
    fake->fd = -1;
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(path, sizeof path, "%.255s/%s", fake->root, folders[i]);
        is_made = mkdir(path, 0755) == 0 && is_made;
    }
    for (int i = 0; i < 8; i++) {
        snprintf(path, sizeof path, "scan_elements/%s_en", channels[i][0]);
        is_made = fake_iio_attribute(fake, path, i == 3 ? "1" : "0") && is_made;
        snprintf(path, sizeof path, "scan_elements/%s_type", channels[i][0]);
        is_made = fake_iio_attribute(fake, path, channels[i][1]) && is_made;
        snprintf(path, sizeof path, "scan_elements/%s_index", channels[i][0]);
        snprintf(text, sizeof text, "%d", i);
        is_made = fake_iio_attribute(fake, path, text) && is_made;
    }
    is_made = is_made && fake_iio_attribute(fake, "name", "fake-imu") &&
              fake_iio_attribute(fake, "in_accel_scale", "0.000001") &&
              fake_iio_attribute(fake, "in_anglvel_scale", "0.0002") &&
              fake_iio_attribute(fake, "sampling_frequency", "100") &&
              fake_iio_attribute(fake, "current_timestamp_clock", "monotonic") &&
              fake_iio_attribute(fake, "buffer/length", "2") && fake_iio_attribute(fake, "buffer/enable", "0");
    snprintf(path, sizeof path, "%.255s/dev/iio:device3", fake->root);
    return mkfifo(path, 0600) == 0 && is_made;
}

/* Opens the FIFO for writing; waits for a reader. A reader that sees no writer closes and opens again; a writer that
 * waits counts as one, so the two do not miss each other. */
static inline void fake_iio_start(struct fake_iio *fake)
{
    char path[512];

    snprintf(path, sizeof path, "%.255s/dev/iio:device3", fake->root);
    fake->fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fake->fd >= 0)
        fcntl(fake->fd, F_SETFL, O_NONBLOCK);
}

static inline void fake_iio_stop(struct fake_iio *fake)
{
    if (fake->fd >= 0)
        close(fake->fd);
    fake->fd = -1;
}

static inline void fake_iio_put(uint8_t *at, int64_t value, int bytes, bool is_big_endian)
{
    for (int i = 0; i < bytes; i++)
        at[is_big_endian ? bytes - 1 - i : i] = (uint8_t)((uint64_t)value >> (8 * i));
}

static inline void fake_iio_pack(const struct motion_sample *sample, uint8_t ret_scan[FAKE_IIO_SCAN_SIZE])
{
    int64_t raw[6];

    for (int i = 0; i < 3; i++) {
        raw[i] = llround((double)sample->accel_mps2[i] / FAKE_IIO_ACCEL_SCALE);
        raw[3 + i] = isnan(sample->gyro_radps[i]) ? 0 : llround((double)sample->gyro_radps[i] / FAKE_IIO_GYRO_SCALE);
    }
    memset(ret_scan, 0x5A, FAKE_IIO_SCAN_SIZE);
    fake_iio_put(ret_scan, raw[0], 4, true);
    fake_iio_put(ret_scan + 4, raw[1], 4, false);
    fake_iio_put(ret_scan + 8, raw[2] * 16 + 5, 4, false);
    fake_iio_put(ret_scan + 14, raw[3], 2, true);
    fake_iio_put(ret_scan + 16, raw[4], 2, false);
    fake_iio_put(ret_scan + 18, raw[5], 2, false);
    fake_iio_put(ret_scan + 24, sample->time_ns, 8, false);
}

/* False if the pipe is full just now. */
static inline bool fake_iio_write(struct fake_iio *fake, const struct motion_sample *sample)
{
    uint8_t scan[FAKE_IIO_SCAN_SIZE];

    fake_iio_pack(sample, scan);
    return write(fake->fd, scan, sizeof scan) == (ssize_t)sizeof scan;
}

static inline void fake_iio_remove(struct fake_iio *fake)
{
    char command[300];

    fake_iio_stop(fake);
    snprintf(command, sizeof command, "rm -r '%s'", fake->root);
    if (system(command))
        fprintf(stderr, "%s stays\n", fake->root);
}

#endif
