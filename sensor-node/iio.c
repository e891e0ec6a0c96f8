/* iio.c - an accelerometer and the gyroscope beside it, on one device or on two.
 *
 *     accelerometer --> pending --+
 *                                 +--> a sample goes when a turn rate behind it is there, or WAIT_NS of samples are behind it
 *     gyroscope ------> turns ----+
 */
#include "sensor-node/iio_device.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sensor-node/source.h"

#define RING 1024              /* of each: half a second at 2 kHz */
#define READ_AT_ONCE 128
#define WAIT_NS INT64_C(100000000) /* two devices' buffers are emptied at different moments */
#define HOLE_NS INT64_C(100000000) /* across a longer hole the turn rate is unknown */

struct ring {
    struct motion_sample items[RING];
    size_t first, count;
};

struct iio {
    struct iio_device *accel, *gyro; /* gyro NULL: on the accelerometer's device, or nowhere */
    struct ring pending, turns;
    struct motion_sample before; /* the last turn rate at or before the sample; time 0 = none */
};

enum road_status iio_open(const char *root, const char *device, struct iio **ret_iio, char *ret_error)
{
    char no_gyro[SOURCE_ERROR_SIZE];
    struct iio *iio = calloc(1, sizeof *iio);

    if (!iio) {
        snprintf(ret_error, SOURCE_ERROR_SIZE, "%s", road_status_sentence(ROAD_NO_MEMORY));
        return ROAD_NO_MEMORY;
    }
    const enum road_status status = iio_device_open(root, device, IIO_ACCELEROMETER, &iio->accel, ret_error);
    if (status) {
        free(iio);
        return status;
    }
    if (!iio_device_has_gyro(iio->accel) && iio_device_open(root, "", IIO_GYROSCOPE, &iio->gyro, no_gyro))
        iio->gyro = NULL;
    *ret_iio = iio;
    return ROAD_OK;
}

void iio_close(struct iio *iio)
{
    if (!iio)
        return;
    iio_device_close(iio->accel);
    iio_device_close(iio->gyro);
    free(iio);
}

static struct motion_sample *at(struct ring *ring, size_t i)
{
    return &ring->items[(ring->first + i) % RING];
}

static void drop_first(struct ring *ring)
{
    ring->first = (ring->first + 1) % RING;
    ring->count--;
}

/* Everything that is there, as far as it fits. */
static enum road_status read_into(struct iio_device *device, struct ring *ring)
{
    struct motion_sample samples[READ_AT_ONCE];
    size_t count = 1;

    while (count > 0 && ring->count < RING) {
        const size_t room = RING - ring->count;
        const enum road_status status = iio_device_read(device, samples, room < READ_AT_ONCE ? room : READ_AT_ONCE, &count);
        if (status)
            return status;
        for (size_t i = 0; i < count; i++)
            *at(ring, ring->count++) = samples[i];
    }
    return ROAD_OK;
}

static void interpolate(const struct iio *iio, const struct motion_sample *after, struct motion_sample *sample)
{
    const struct motion_sample *before = &iio->before;
    const int64_t step_ns = after ? after->time_ns - before->time_ns : 0;
    const bool is_exact = before->time_ns == sample->time_ns;
    const bool is_known = before->time_ns != 0 && (is_exact || (after && step_ns > 0 && step_ns <= HOLE_NS));
    const double t = is_exact || !is_known ? 0 : (double)(sample->time_ns - before->time_ns) / (double)step_ns;

    for (int i = 0; i < 3; i++) {
        const double from = (double)before->gyro_radps[i], to = is_exact || !is_known ? from : (double)after->gyro_radps[i];
        sample->gyro_radps[i] = is_known ? (float)(from + t * (to - from)) : NAN;
    }
}

/* The oldest sample with its turn rate; false if that may still come. */
static bool give_one(struct iio *iio, struct motion_sample *ret_sample)
{
    if (iio->pending.count == 0)
        return false;
    const struct motion_sample *sample = at(&iio->pending, 0);
    while (iio->turns.count > 0 && at(&iio->turns, 0)->time_ns <= sample->time_ns) {
        iio->before = *at(&iio->turns, 0);
        drop_first(&iio->turns);
    }
    const int64_t newest_ns = at(&iio->pending, iio->pending.count - 1)->time_ns;
    const bool has_after = iio->turns.count > 0, is_exact = iio->before.time_ns == sample->time_ns;
    if (!has_after && !is_exact && newest_ns - sample->time_ns < WAIT_NS && iio->pending.count < RING)
        return false;
    *ret_sample = *sample;
    interpolate(iio, has_after ? at(&iio->turns, 0) : NULL, ret_sample);
    drop_first(&iio->pending);
    return true;
}

enum road_status iio_read(struct iio *iio, struct motion_sample *ret_samples, size_t capacity, size_t *ret_count)
{
    size_t count = 0;

    if (!iio->gyro)
        return iio_device_read(iio->accel, ret_samples, capacity, ret_count);
    *ret_count = 0;
    enum road_status status = read_into(iio->gyro, &iio->turns);
    if (!status)
        status = read_into(iio->accel, &iio->pending);
    if (status)
        return status;
    while (count < capacity && give_one(iio, &ret_samples[count]))
        count++;
    *ret_count = count;
    return ROAD_OK;
}
