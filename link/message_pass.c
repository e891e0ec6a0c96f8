#include "link/message_pass.h"

#define NS_PER_MS           1000000
#define FLAG_SIGMA_EXPLICIT 3
#define FLAG_IRI_EXPLICIT   63
#define IRI_NUMBER_MAX      6554 /* 655.3 m/km, the last tenth that is not IRI_UNKNOWN */
#define RESIDUAL_MAX        ((int64_t)1 << 53)
#define EAST_END_CM         (((int64_t)1 << 20) * 100)
#define NORTH_END_CM        (((int64_t)1 << 24) * 100)

/* 1 cm to 16 m, each 1600^(1/15) = 1.635 times the one before, rounded. */
static const uint16_t sigma_class_cm[16] = {1, 2, 3, 4, 7, 12, 19, 31, 51, 84, 137, 224, 366, 598, 978, 1600};

static unsigned sigma_class(uint16_t sigma_cm)
{
    unsigned class = 0;

    while (class < 15 && sigma_class_cm[class] < sigma_cm)
        class ++;
    return class;
}

static unsigned iri_number(uint16_t iri_centi)
{
    const unsigned number = (iri_centi + 5u) / 10u + 1u;

    return iri_centi == IRI_UNKNOWN ? 0 : number > IRI_NUMBER_MAX ? IRI_NUMBER_MAX : number;
}

static uint16_t iri_of_number(unsigned number)
{
    return number == 0 ? IRI_UNKNOWN : (uint16_t)((number - 1) * 10);
}

static int64_t floor_div(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

/* The nearest centimetre, in millimetres, below the frame's end. */
static int64_t quantise_cm(int64_t mm, int64_t end_mm)
{
    const int64_t cm = floor_div(mm + 5, 10);

    return cm * 10 >= end_mm ? end_mm - 10 : cm * 10;
}

struct grid_point point_at_quantise(struct grid_point at)
{
    return (struct grid_point){quantise_cm(at.e_mm, EAST_END_CM * 10),
                               quantise_cm(at.n_mm, NORTH_END_CM * 10)};
}

static int64_t time_ms(int64_t time_ns)
{
    return floor_div(time_ns + NS_PER_MS / 2, NS_PER_MS);
}

void point_quantise(struct pass_point *point)
{
    point->at = point_at_quantise(point->at);
    point->time_ns = time_ms(point->time_ns) * NS_PER_MS;
    if (point->sigma_cm <= sigma_class_cm[15])
        point->sigma_cm = sigma_class_cm[sigma_class(point->sigma_cm)];
    point->iri_centi = iri_of_number(iri_number(point->iri_centi));
}

/* East, north and time of the two points before. */
struct track {
    int64_t last[3], before[3];
    size_t n;
    unsigned sigma, iri;
};

static int64_t predict(const struct track *track, int i)
{
    return track->n < 2 ? track->last[i] : 2 * track->last[i] - track->before[i];
}

static void advance(struct track *track, const int64_t now[3])
{
    for (int i = 0; i < 3; i++) {
        track->before[i] = track->last[i];
        track->last[i] = now[i];
    }
    track->n++;
}

static uint64_t zigzag(int64_t value)
{
    return (uint64_t)value << 1 ^ (value < 0 ? UINT64_MAX : 0);
}

static int64_t unzigzag(uint64_t value)
{
    return (int64_t)(value >> 1 ^ (value & 1 ? UINT64_MAX : 0));
}

struct packer {
    uint8_t *bytes;
    size_t capacity, length;
    bool is_full;
};

static void pack_byte(struct packer *packer, unsigned value)
{
    if (packer->length < packer->capacity)
        packer->bytes[packer->length++] = (uint8_t)value;
    else
        packer->is_full = true;
}

static void pack_varint(struct packer *packer, uint64_t value)
{
    while (value >= 128) {
        pack_byte(packer, (unsigned)(value & 127) | 128);
        value >>= 7;
    }
    pack_byte(packer, (unsigned)value);
}

static void pack_flags(struct packer *packer, struct track *track, unsigned sigma, unsigned iri)
{
    const uint64_t iri_step = zigzag((int64_t)iri - track->iri);
    const unsigned iri_flag = iri_step < FLAG_IRI_EXPLICIT ? (unsigned)iri_step : FLAG_IRI_EXPLICIT;
    const unsigned sigma_flag = sigma == track->sigma       ? 0
                                : sigma == track->sigma + 1 ? 1
                                : sigma + 1 == track->sigma ? 2
                                                            : FLAG_SIGMA_EXPLICIT;

    pack_byte(packer, iri_flag << 2 | sigma_flag);
    if (sigma_flag == FLAG_SIGMA_EXPLICIT)
        pack_byte(packer, sigma);
    if (iri_flag == FLAG_IRI_EXPLICIT)
        pack_varint(packer, iri);
    track->sigma = sigma;
    track->iri = iri;
}

size_t points_pack(const struct pass_point *points, size_t n, uint8_t *ret_bytes, size_t capacity)
{
    struct packer packer = {.bytes = ret_bytes, .capacity = capacity};
    struct track track = {0};

    pack_varint(&packer, n);
    for (size_t k = 0; k < n && !packer.is_full; k++) {
        const struct pass_point *point = &points[k];
        const struct grid_point at = point_at_quantise(point->at);
        const int64_t now[3] = {at.e_mm / 10, at.n_mm / 10, time_ms(point->time_ns)};

        pack_flags(&packer, &track, sigma_class(point->sigma_cm), iri_number(point->iri_centi));
        for (int i = 0; i < 3; i++)
            pack_varint(&packer, zigzag(now[i] - predict(&track, i)));
        advance(&track, now);
    }
    return packer.is_full ? 0 : packer.length;
}

/* What is left of the bytes; is_bad once something did not fit the form. */
struct unpacker {
    const uint8_t *at, *end;
    bool is_bad;
};

/* The longest point: flags, sigma, roughness, and three numbers of 8 bytes. Where that many bytes are left, none has to
 * be asked for (`is_ample`, a constant where these are called, so that two forms are compiled). */
#define POINT_MAX_BYTES 34
#define ALWAYS_INLINE   static inline __attribute__((always_inline))

ALWAYS_INLINE unsigned unpack_byte(struct unpacker *unpacker, bool is_ample)
{
    if (!is_ample && unpacker->at == unpacker->end) {
        unpacker->is_bad = true;
        return 0;
    }
    return *unpacker->at++;
}

/* At most 8 bytes, and no idle ones: one value has one form. */
ALWAYS_INLINE uint64_t unpack_varint(struct unpacker *unpacker, bool is_ample)
{
    uint64_t value = unpack_byte(unpacker, is_ample);

    if (value < 128) /* nearly always: a track hardly turns */
        return value;
    value &= 127;
    for (unsigned shift = 7; shift < 56; shift += 7) {
        const unsigned byte = unpack_byte(unpacker, is_ample);

        value |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            unpacker->is_bad |= byte == 0;
            return value;
        }
    }
    unpacker->is_bad = true;
    return 0;
}

ALWAYS_INLINE void unpack_flags(struct unpacker *unpacker, struct track *track, bool is_ample)
{
    const unsigned flags = unpack_byte(unpacker, is_ample);
    const unsigned sigma_flag = flags & 3, iri_flag = flags >> 2;
    int64_t iri = track->iri;

    if (flags == 0) /* all as before */
        return;
    if (sigma_flag == FLAG_SIGMA_EXPLICIT)
        track->sigma = unpack_byte(unpacker, is_ample);
    else
        track->sigma += sigma_flag == 1   ? 1u
                        : sigma_flag == 2 ? UINT32_MAX
                                          : 0u; /* below 0 it wraps and is refused */
    if (iri_flag == FLAG_IRI_EXPLICIT)
        iri = (int64_t)unpack_varint(unpacker, is_ample);
    else
        iri += unzigzag(iri_flag);
    if (track->sigma > 15 || iri < 0 || iri > IRI_NUMBER_MAX)
        unpacker->is_bad = true;
    else
        track->iri = (unsigned)iri;
}

enum road_status points_count(const uint8_t *bytes, size_t length, size_t *ret_n)
{
    struct unpacker unpacker = {.at = bytes, .end = bytes + length};
    const uint64_t n = unpack_varint(&unpacker, false);
    const size_t left = (size_t)(unpacker.end - unpacker.at);

    if (unpacker.is_bad || n == 0 || n > left / PASS_POINT_MIN_BYTES)
        return ROAD_BAD_INPUT;
    *ret_n = (size_t)n;
    return ROAD_OK;
}

/* Within the frame and the years 2000 to 2100, so that the next prediction cannot overflow. */
static bool is_sane(const int64_t now[3])
{
    return now[0] >= 0 && now[0] < EAST_END_CM && now[1] >= 0 && now[1] < NORTH_END_CM &&
           now[2] >= TIME_MIN_NS / NS_PER_MS && now[2] <= TIME_MAX_NS / NS_PER_MS;
}

ALWAYS_INLINE enum road_status unpack_point(struct unpacker *unpacker, struct track *track, bool is_ample,
                                            struct pass_point *ret_point)
{
    int64_t now[3];

    unpack_flags(unpacker, track, is_ample);
    for (int i = 0; i < 3; i++) {
        const int64_t residual = unzigzag(unpack_varint(unpacker, is_ample));

        unpacker->is_bad |= residual > RESIDUAL_MAX || residual < -RESIDUAL_MAX;
        now[i] = unpacker->is_bad ? 0 : predict(track, i) + residual;
    }
    if (unpacker->is_bad)
        return ROAD_BAD_INPUT;
    if (!is_sane(now))
        return ROAD_BAD_RANGE;
    advance(track, now);
    *ret_point = (struct pass_point){.time_ns = now[2] * NS_PER_MS,
                                     .at = {now[0] * 10, now[1] * 10},
                                     .sigma_cm = sigma_class_cm[track->sigma],
                                     .iri_centi = iri_of_number(track->iri)};
    return ROAD_OK;
}

enum road_status points_unpack(const uint8_t *bytes, size_t length, struct pass_point *ret_points)
{
    struct unpacker unpacker = {.at = bytes, .end = bytes + length};
    const uint64_t n = unpack_varint(&unpacker, false);
    struct track track = {0};
    enum road_status status = ROAD_OK;

    for (uint64_t k = 0; k < n && status == ROAD_OK; k++)
        status = unpacker.end - unpacker.at >= POINT_MAX_BYTES
                     ? unpack_point(&unpacker, &track, true, &ret_points[k])
                     : unpack_point(&unpacker, &track, false, &ret_points[k]);
    if (status != ROAD_OK)
        return status;
    return unpacker.at == unpacker.end ? ROAD_OK : ROAD_BAD_INPUT;
}
