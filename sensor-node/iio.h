/* iio.h - an accelerometer (with or without a gyroscope) of the Linux industrial I/O subsystem, through sysfs and
 * read(2) on its buffer; Documentation/ABI/testing/sysfs-bus-iio of the kernel gives names, units and packing.
 *
 * Acceleration is (raw + offset) * scale in m/s^2, turn rate in rad/s. Timestamps are the kernel's; the clock is
 * set to "realtime" so that they are UTC; a device without them is timed by its sampling frequency back from the
 * moment of reading. A gyroscope that is a device of its own (many boards have two chips) is found by itself, its rate
 * interpolated to the instants of the accelerometer; mount matrices are applied, so that both speak of the board's axes.
 * A gyroscope that stops is told as ROAD_END like the accelerometer; at the next opening it counts only if it is there.
 * `root` stands before /sys and /dev, so that
 * a folder with plain files and a FIFO can play the device. One thread. */
#ifndef SENSOR_NODE_IIO_H
#define SENSOR_NODE_IIO_H

#include <stdbool.h>

#include "sensor-node/core.h"

/* How one channel lies in a scan: "[be|le]:[s|u]bits/storagebits[>>shift]". */
struct iio_format {
    bool is_big_endian, is_signed;
    unsigned bits, storage_bits, shift; /* storage 8, 16, 32 or 64 */
};
/* ROAD_BAD_INPUT; ROAD_UNSUPPORTED for a repeated channel ("...X2>>0"). */
enum road_status iio_format_parse(const char *text, struct iio_format *ret_format);
int64_t iio_value(const struct iio_format *format, const uint8_t *bytes);

struct iio; /* opaque */

/* `device`: "iio:device0" or a device's name; "" = the first one with an accelerometer. ROAD_NOT_FOUND,
 * ROAD_BAD_INPUT, ROAD_IO with words in ret_error (SOURCE_ERROR_SIZE). */
enum road_status iio_open(const char *root, const char *device, struct iio **ret_iio, char *ret_error);
void iio_close(struct iio *iio);
/* Up to `capacity` samples that are there now, oldest first. ROAD_OK also with none; ROAD_END: the device is gone
 * (or, for a FIFO, nobody writes): close and open again. */
enum road_status iio_read(struct iio *iio, struct motion_sample *ret_samples, size_t capacity, size_t *ret_count);

#endif
