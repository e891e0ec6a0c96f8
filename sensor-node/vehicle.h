/* vehicle.h - what a vehicle learnt, as bytes: the mount of its receiver, the things it crosses again, its usual shaking
 * by speed. Versioned, little-endian, the same on every machine; docs/sensing.md lists the fields.
 *
 * Bytes from outside are not trusted: length, checksum (CRC-32), and every value is looked at before anything is
 * taken. What was learnt of a mount counts only for the mount that is configured now. Pure, no allocation. */
#ifndef SENSOR_NODE_VEHICLE_H
#define SENSOR_NODE_VEHICLE_H

#include "grid/status.h"
#include "sensor-node/motion/background.h"
#include "sensor-node/position/learn.h"

#define VEHICLE_VERSION   1
#define VEHICLE_BYTES_MAX 49152

/* Returns the length; `ret_bytes` holds VEHICLE_BYTES_MAX. */
size_t vehicle_save(const struct learn *learn, const struct background *background, uint8_t *ret_bytes);
/* `learn` is initialised: it holds what is configured, and goes back to that if the bytes are damaged or belong to another
 * mount. ROAD_CORRUPT, ROAD_BAD_VERSION (written by a newer program): `background` is not touched. */
enum road_status vehicle_load(const uint8_t *bytes, size_t length, struct learn *learn, struct background *background);

#endif
