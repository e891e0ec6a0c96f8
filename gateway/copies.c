#include "gateway/copies.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/room.h"
#include "gateway/standing.h"

#define FOUR 4
#define SAMPLED_BITS 7 /* the top ones of a product are the well mixed ones */
_Static_assert(STANDING_SAMPLED == 1 << SAMPLED_BITS, "one number");
#define NS_PER_DAY (24 * 3600 * INT64_C(1000000000))
#define NS_PER_S INT64_C(1000000000)
#define BUCKETS_FIRST 256

struct four {
    uint32_t hash;
    uint32_t next;   /* index + 1 in the day */
    uint32_t second; /* of the day: of its first point */
    uint32_t speaker : 31, is_copy : 1;
};

struct copies_day {
    int32_t day;
    struct four *fours;
    size_t n, capacity;
    uint32_t *buckets;
    size_t n_buckets;
};

struct copies {
    struct copies_day *days;
    size_t n_days, day_capacity;
    struct kid *kids; /* by speaker */
    size_t kid_capacity;
};

struct copies *copies_new(void)
{
    return room_zeroed(1, sizeof(struct copies));
}

void copies_free(struct copies *copies)
{
    if (!copies)
        return;
    for (size_t i = 0; i < copies->n_days; i++) {
        free(copies->days[i].fours);
        free(copies->days[i].buckets);
    }
    free(copies->days);
    free(copies->kids);
    free(copies);
}

void copies_forget(struct copies *copies, int32_t first_day)
{
    size_t kept = 0;

    for (size_t i = 0; i < copies->n_days; i++) {
        if (copies->days[i].day >= first_day) {
            copies->days[kept++] = copies->days[i];
            continue;
        }
        free(copies->days[i].fours);
        free(copies->days[i].buckets);
    }
    copies->n_days = kept;
}

static struct copies_day *day_of(struct copies *copies, int32_t day)
{
    for (size_t i = copies->n_days; i-- > 0;)
        if (copies->days[i].day == day)
            return &copies->days[i];
    ROOM(copies->days, copies->day_capacity, copies->n_days + 1);
    copies->days[copies->n_days] = (struct copies_day){.day = day, .n_buckets = BUCKETS_FIRST,
                                                       .buckets = room_zeroed(BUCKETS_FIRST, sizeof(uint32_t))};
    return &copies->days[copies->n_days++];
}

static void link_four(struct copies_day *d, size_t index)
{
    uint32_t *bucket = &d->buckets[d->fours[index].hash & (d->n_buckets - 1)];

    d->fours[index].next = *bucket;
    *bucket = (uint32_t)(index + 1);
}

static void add_four(struct copies_day *d, struct four four)
{
    ROOM(d->fours, d->capacity, d->n + 1);
    d->fours[d->n++] = four;
    if (d->n <= d->n_buckets) {
        link_four(d, d->n - 1);
        return;
    }
    free(d->buckets);
    d->n_buckets *= 2;
    d->buckets = room_zeroed(d->n_buckets, sizeof *d->buckets);
    for (size_t i = 0; i < d->n; i++)
        link_four(d, i);
}

/* splitmix64's finisher (Steele et al. 2014) over centimetres. */
static uint64_t mix(uint64_t hash, int64_t mm)
{
    uint64_t z = hash + UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)(mm / 10);

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t turn(uint64_t value, int bits)
{
    return value << bits | value >> (64 - bits);
}

/* The hashes of four points in a row; each is counted once although it is in four of them. */
static uint64_t hash_four(const uint64_t points[FOUR], size_t first)
{
    return (points[first % FOUR] + turn(points[(first + 1) % FOUR], 13) + turn(points[(first + 2) % FOUR], 29) +
            turn(points[(first + 3) % FOUR], 47)) * UINT64_C(0x9e3779b97f4a7c15);
}

static bool is_before(const struct copies *copies, const struct four *a, const struct four *b)
{
    if (a->second != b->second)
        return a->second < b->second;
    return kid_compare(copies->kids[a->speaker], copies->kids[b->speaker]) < 0;
}

static void see_four(struct copies *copies, struct copies_day *d, struct four four,
                     void (*on_copied)(void *context, uint32_t speaker, int32_t day), void *context)
{
    for (uint32_t at = d->buckets[four.hash & (d->n_buckets - 1)]; at; at = d->fours[at - 1].next) {
        struct four *known = &d->fours[at - 1];
        if (known->hash != four.hash || known->speaker == four.speaker)
            continue;
        struct four *later = is_before(copies, &four, known) ? known : &four;
        if (!later->is_copy) {
            later->is_copy = true;
            on_copied(context, later->speaker, d->day);
        }
    }
    add_four(d, four);
}

void copies_see(struct copies *copies, uint32_t speaker, struct kid kid, const struct pass *pass, int32_t first_day,
                void (*on_copied)(void *context, uint32_t speaker, int32_t day), void *context)
{
    uint64_t points[FOUR];

    ROOM(copies->kids, copies->kid_capacity, (size_t)speaker + 1);
    copies->kids[speaker] = kid;
    for (size_t i = 0; i < pass->n_points; i++) {
        points[i % FOUR] = mix(mix((uint64_t)pass->sensor, pass->points[i].at.e_mm), pass->points[i].at.n_mm);
        if (i + 1 < FOUR)
            continue;
        const uint64_t hash = hash_four(points, i + 1 - FOUR);
        const struct pass_point *p = &pass->points[i + 1 - FOUR];
        const int64_t day = p->time_ns / NS_PER_DAY;
        if (hash >> (64 - SAMPLED_BITS) != 0 || day < first_day)
            continue;
        see_four(copies, day_of(copies, (int32_t)day),
                 (struct four){.hash = (uint32_t)(hash >> 16),
                               .second = (uint32_t)(p->time_ns / NS_PER_S % 86400),
                               .speaker = speaker & 0x7fffffffu},
                 on_copied, context);
    }
}

/* ---- as bytes ---------------------------------------------------------------------------------------------- */

struct day_image {
    int64_t day;
    uint64_t n;
};

enum road_status copies_save(const struct copies *copies, const struct image_sink *sink)
{
    const uint64_t counts[2] = {copies->n_days, copies->kid_capacity};

    enum road_status status = image_write(sink, counts, sizeof counts);
    if (status == ROAD_OK)
        status = image_write(sink, copies->kids, copies->kid_capacity * sizeof *copies->kids);
    for (size_t i = 0; status == ROAD_OK && i < copies->n_days; i++) {
        const struct copies_day *d = &copies->days[i];
        const struct day_image image = {d->day, d->n};
        status = image_write(sink, &image, sizeof image);
        if (status == ROAD_OK)
            status = image_write(sink, d->fours, d->n * sizeof *d->fours);
    }
    return status;
}

static enum road_status load_day(struct copies *copies, struct image_source *source, size_t n_speakers)
{
    struct day_image image;
    struct four four;

    enum road_status status = image_read(source, &image, sizeof image);
    if (status != ROAD_OK)
        return status;
    if (image.day < INT32_MIN || image.day > INT32_MAX || image.n > source->left / sizeof four)
        return ROAD_CORRUPT;
    struct copies_day *d = day_of(copies, (int32_t)image.day);
    if (d->n)
        return ROAD_CORRUPT; /* twice the same day */
    for (uint64_t i = 0; status == ROAD_OK && i < image.n; i++) {
        status = image_read(source, &four, sizeof four);
        if (status == ROAD_OK && (four.speaker >= n_speakers || four.speaker >= copies->kid_capacity))
            status = ROAD_CORRUPT;
        if (status == ROAD_OK)
            add_four(d, four);
    }
    return status;
}

enum road_status copies_load(struct copies *copies, struct image_source *source, size_t n_speakers)
{
    uint64_t counts[2];

    enum road_status status = image_read(source, counts, sizeof counts);
    if (status != ROAD_OK)
        return status;
    if (counts[1] > source->left / sizeof(struct kid))
        return ROAD_CORRUPT;
    if (counts[1]) {
        copies->kids = room_zeroed(counts[1], sizeof *copies->kids);
        copies->kid_capacity = counts[1];
        status = image_read(source, copies->kids, counts[1] * sizeof *copies->kids);
    }
    for (uint64_t i = 0; status == ROAD_OK && i < counts[0]; i++)
        status = load_day(copies, source, n_speakers);
    return status;
}
