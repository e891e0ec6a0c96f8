/* iio_device.h - one device of the industrial I/O subsystem: found, switched on, its scans unpacked. For iio.c. */
#ifndef SENSOR_NODE_IIO_DEVICE_H
#define SENSOR_NODE_IIO_DEVICE_H

#include "sensor-node/iio.h"

enum iio_sensor { IIO_ACCELEROMETER, IIO_GYROSCOPE };

struct iio_device; /* opaque */

/* `name`: entry or name of the device, "" = the first one with such a sensor. A gyroscope is looked for only on devices
 * without an accelerometer: one with both is opened as the accelerometer. Statuses and words as iio_open. */
enum road_status iio_device_open(const char *root, const char *name, enum iio_sensor sensor,
                                 struct iio_device **ret_device, char *ret_error);
void iio_device_close(struct iio_device *device);
bool iio_device_has_gyro(const struct iio_device *device);
/* As iio_read; what the device does not measure is 0 (acceleration) or NAN (turn rate). */
enum road_status iio_device_read(struct iio_device *device, struct motion_sample *ret_samples, size_t capacity,
                                 size_t *ret_count);

#endif
