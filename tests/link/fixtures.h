/* fixtures.h - messages for tests and benches of link: hex, repeatable chance, a drive, random batches. */
#ifndef TESTS_LINK_FIXTURES_H
#define TESTS_LINK_FIXTURES_H

#include "link/message.h"

/* Bytes of a hex text (blanks are passed over); returns how many. */
size_t unhex(const char *hex, uint8_t *ret_bytes, size_t capacity);

/* A repeatable generator (SplitMix64, Steele et al. 2014). */
struct chance {
    uint64_t state;
};
uint64_t chance_next(struct chance *chance);
int64_t chance_between(struct chance *chance, int64_t low, int64_t high); /* both included */
double chance_gauss(struct chance *chance);

/* A batch with its arrays; batch_random fills it with anything that is allowed, quantised or not. */
struct batch_room {
    struct batch batch;
    struct pass passes[4];
    struct pass_point points[4][100];
    struct detection detections[6];
    struct feature_sighting features[6];
};
void batch_random(struct chance *chance, struct batch_room *ret_room);

/* A drive at `speed_mps` on a winding road, as a position filter gives it: a point every 2.5 m, slow position
 * error of some decimetres, a speed that swings by a quarter, roughness in 0.01 m/km that wanders. */
void drive_points(struct chance *chance, double speed_mps, size_t n, struct pass_point *ret_points);

#endif
