#include "gateway/piece.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/evidence.h"
#include "gateway/room.h"

#define PIECE_MM     16000
#define SAME_DRIVE_NS (5 * INT64_C(1000000000)) /* one drive, cut by the border of two batches */
#define METRES_MAX   127
#define ROOM_STEP    4

uint64_t ride_pack(struct ride ride)
{
    return (uint64_t)ride.hour << 43 | (uint64_t)ride.iri_centi << 27 | (uint64_t)ride.speaker << 7 | ride.metres;
}

struct ride ride_unpack(uint64_t packed)
{
    return (struct ride){.hour = (uint32_t)(packed >> 43),
                         .iri_centi = (uint16_t)(packed >> 27),
                         .speaker = (uint32_t)(packed >> 7) & (RIDE_SPEAKERS_MAX - 1),
                         .metres = (uint32_t)packed & METRES_MAX};
}

void pieces_done(struct pieces *pieces)
{
    free(pieces->items);
}

static unsigned rank_of(const struct pieces *pieces, unsigned number)
{
    return (unsigned)__builtin_popcountll(pieces->driven & ((UINT64_C(1) << number) - 1));
}

struct piece *pieces_find(const struct pieces *pieces, unsigned number)
{
    return pieces->driven >> number & 1 ? &pieces->items[rank_of(pieces, number)] : NULL;
}

struct piece *pieces_make(struct pieces *pieces, unsigned number)
{
    const unsigned at = rank_of(pieces, number);

    if (pieces->driven >> number & 1)
        return &pieces->items[at];
    if (pieces->n == pieces->capacity) { /* by few: most of the memory of a city's blocks lies here */
        struct piece *more = room_zeroed((size_t)pieces->capacity + ROOM_STEP, sizeof *more);
        if (pieces->n)
            memcpy(more, pieces->items, pieces->n * sizeof *more);
        free(pieces->items);
        pieces->items = more;
        pieces->capacity = (uint8_t)(pieces->capacity + ROOM_STEP);
    }
    memmove(&pieces->items[at + 1], &pieces->items[at], (pieces->n - at) * sizeof pieces->items[0]);
    pieces->items[at] = (struct piece){.number = (uint8_t)number};
    pieces->driven |= UINT64_C(1) << number;
    pieces->n++;
    return &pieces->items[at];
}

unsigned quadrant_of(double ue, double un)
{
    if (fabs(un) >= fabs(ue))
        return un >= 0 ? 0 : 2;
    return ue >= 0 ? 1 : 3;
}

/* ---- rides --------------------------------------------------------------------------------------------- */

static bool is_newer(const struct evidence *evidence, struct ride a, struct ride b)
{
    if (a.hour != b.hour)
        return a.hour > b.hour;
    return kid_compare(evidence->speakers[a.speaker].kid, evidence->speakers[b.speaker].kid) > 0;
}

/* What one unit felt on two parts of the piece, by their lengths. */
static uint64_t joined(struct ride a, struct ride b)
{
    const uint32_t metres = a.metres + b.metres;

    a.iri_centi = (uint16_t)((a.iri_centi * a.metres + b.iri_centi * b.metres + metres / 2) / metres);
    a.metres = metres < METRES_MAX ? metres : METRES_MAX;
    return ride_pack(a);
}

static void add_ride(const struct evidence *evidence, struct piece *piece, struct ride ride)
{
    int at = 0;

    for (; at < RIDES_KEPT && piece->rides[at]; at++) {
        const struct ride other = ride_unpack(piece->rides[at]);
        if (other.hour == ride.hour && other.speaker == ride.speaker) {
            piece->rides[at] = joined(other, ride);
            return;
        }
        if (is_newer(evidence, ride, other))
            break;
    }
    if (at == RIDES_KEPT)
        return;
    for (int i = RIDES_KEPT - 1; i > at; i--)
        piece->rides[i] = piece->rides[i - 1];
    piece->rides[at] = ride_pack(ride);
}

/* ---- driving through ----------------------------------------------------------------------------------- */

/* The piece that a pass is in, and what it gathers there before it is written down. */
struct drive {
    struct evidence *evidence;
    uint32_t speaker;
    struct traverse *open; /* four, by quadrant */
    struct block *block;   /* of the piece at hand, or of the last one */
    int32_t column, row;   /* of 16 m */
    unsigned quadrant;
    uint32_t hour;
    double length_mm, iri_length_mm, iri_sum;
    int64_t from_ns, to_ns;
};

static struct block *block_of(struct drive *drive, int32_t column, int32_t row)
{
    if (!drive->block || drive->block->column != column >> 2 || drive->block->row != row >> 2)
        drive->block = evidence_block_make(drive->evidence, column >> 2, row >> 2);
    return drive->block;
}

static struct piece *piece_of(struct drive *drive, int32_t column, int32_t row)
{
    struct block *block = block_of(drive, column, row);

    block_work(drive->evidence, block, WORK_COLOUR);
    return pieces_make(&block->pieces, piece_square(column & 3, row & 3) * 4 + drive->quadrant);
}

/* The square across the way that the traverse also drove. */
static void count_crossing(struct drive *drive, int32_t slice, int32_t lower)
{
    const bool is_column = drive->quadrant & 1;

    piece_of(drive, is_column ? slice : lower, is_column ? lower : slice)->crossings++;
}

/* Metres of the neighbours across the way in another block are shared with it. */
static void mark_neighbour(struct drive *drive, int32_t slice, int32_t across)
{
    const bool is_column = drive->quadrant & 1;
    const int32_t column = is_column ? slice : across, row = is_column ? across : slice;

    if (column >> 2 == drive->column >> 2 && row >> 2 == drive->row >> 2)
        return;
    struct block *block = evidence_block(drive->evidence, column >> 2, row >> 2);
    if (block)
        block_work(drive->evidence, block, WORK_STREET);
}

static void count_traverse(struct drive *drive, struct piece *piece)
{
    struct traverse *t = &drive->open[drive->quadrant];
    const bool is_column = drive->quadrant & 1;
    const int32_t slice = is_column ? drive->column : drive->row, across = is_column ? drive->row : drive->column;
    const bool goes_on = t->last_ns && t->slice == slice && llabs(drive->from_ns - t->last_ns) <= SAME_DRIVE_NS &&
                         across >= t->low - 1 && across <= t->high + 1;

    if (!goes_on)
        *t = (struct traverse){.slice = slice, .low = across, .high = across};
    t->last_ns = drive->to_ns;
    if (goes_on && across >= t->low && across <= t->high)
        return; /* it was counted here */
    piece->traverses++;
    mark_neighbour(drive, slice, across - 1);
    mark_neighbour(drive, slice, across + 1);
    if (!goes_on)
        return;
    count_crossing(drive, slice, across < t->low ? across : t->high);
    t->low = across < t->low ? across : t->low;
    t->high = across > t->high ? across : t->high;
}

/* Writes down what was gathered in the piece at hand. */
static void leave(struct drive *drive)
{
    if (drive->length_mm <= 0)
        return;
    struct piece *piece = piece_of(drive, drive->column, drive->row);
    piece->length_cm += (uint32_t)lround(drive->length_mm / 10);
    if (drive->iri_length_mm > 0 && drive->speaker < RIDE_SPEAKERS_MAX) {
        const uint32_t metres = (uint32_t)lround(fmin(fmax(drive->iri_length_mm / 1000, 1), METRES_MAX));
        add_ride(drive->evidence, piece,
                 (struct ride){drive->hour, drive->speaker, metres,
                               (uint16_t)lround(drive->iri_sum / drive->iri_length_mm)});
    }
    count_traverse(drive, piece);
    drive->length_mm = drive->iri_length_mm = drive->iri_sum = 0;
}

static void go_through(struct drive *drive, int32_t column, int32_t row, unsigned quadrant, double length_mm,
                       const struct road_point *a, int64_t to_ns)
{
    const uint32_t hour = (uint32_t)(a->time_ns / NS_PER_HOUR);

    if (length_mm <= 0)
        return;
    if (column != drive->column || row != drive->row || quadrant != drive->quadrant || hour != drive->hour) {
        leave(drive);
        drive->column = column;
        drive->row = row;
        drive->quadrant = quadrant;
        drive->hour = hour;
        drive->from_ns = a->time_ns;
    }
    drive->to_ns = to_ns;
    drive->length_mm += length_mm;
    if (a->iri_centi != IRI_UNKNOWN) {
        drive->iri_length_mm += length_mm;
        drive->iri_sum += length_mm * a->iri_centi;
    }
}

static int32_t square_of(int64_t mm)
{
    return (int32_t)((mm >= 0 ? mm : mm - (PIECE_MM - 1)) / PIECE_MM);
}

/* How far along a segment (0..1) the next border of 16 m lies. */
static double next_border(int64_t from_mm, double d_mm, int32_t square)
{
    if (d_mm == 0)
        return INFINITY;
    return ((double)(d_mm > 0 ? square + 1 : square) * PIECE_MM - (double)from_mm) / d_mm;
}

static void drive_segment(struct drive *drive, const struct road_point *a, const struct road_point *b)
{
    const double de = (double)(b->at.e_mm - a->at.e_mm), dn = (double)(b->at.n_mm - a->at.n_mm);
    const double length = sqrt(de * de + dn * dn);
    int32_t column = square_of(a->at.e_mm), row = square_of(a->at.n_mm);
    double t = 0;

    if (length <= 0)
        return;
    const unsigned quadrant = quadrant_of(de, dn);
    while (t < 1) {
        const double te = next_border(a->at.e_mm, de, column), tn = next_border(a->at.n_mm, dn, row);
        const double next = fmin(fmin(te, tn), 1);
        go_through(drive, column, row, quadrant, (next - t) * length, a, b->time_ns);
        t = fmax(next, t);
        if (te <= tn)
            column += de > 0 ? 1 : -1;
        else
            row += dn > 0 ? 1 : -1;
    }
}

void pieces_drive(struct evidence *evidence, uint32_t speaker, int sense, const struct road_point *points, size_t n)
{
    struct drive drive = {.evidence = evidence, .speaker = speaker, .open = evidence->speakers[speaker].open[sense]};

    for (size_t i = 0; i + 1 < n; i++)
        drive_segment(&drive, &points[i], &points[i + 1]);
    leave(&drive);
}
