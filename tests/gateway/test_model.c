/* A naive model beside the gateway: plain lists, no files, nothing remembered from one step to the next.
 *
 * A history is a few vehicles' batches and what people say of the defects, told in a random order between the nodes,
 * settled now and then, now and then saved and loaded as after a restart. After every step
 *   - each square's 16 bits are those of the model: what each pass watched alone, once for each vehicle and hour, summed by
 *     day, faded from day to day, grey when too old;
 *   - the digest of all beliefs is that of a gateway which is given the same node by node, in one go;
 *   - who heard all that was told (also over restarts, which say nothing) sees each square as one who is told all at once.
 *
 *     test_gateway_model                 a sample
 *     ROAD_HISTORIES=N [ROAD_SEED=S]     so many histories: the campaign, with its progress */
#include <inttypes.h>

#include "grid/cover.h"
#include "tests/check.h"
#include "tests/gateway/drive.h"

#define BATCHES 10
#define VEHICLES 4
#define SQUARES_MAX 4096
#define VERDICTS_MAX 8
#define SAMPLE 150
#define IMAGE_MAX (1 << 22)

/* ---- a history ----------------------------------------------------------------------------------------- */

struct told {
    struct drive drive;
    unsigned vehicle;
    int64_t day, hour;
};

struct history {
    struct told batches[BATCHES];
    unsigned order[BATCHES]; /* in which they arrive: each vehicle's own in its order */
    struct verdict verdicts[VERDICTS_MAX];
    size_t n_verdicts; /* said so far */
};

static bool is_phone(unsigned vehicle)
{
    return vehicle == 3;
}

/* Short drives over a crossing, so that all of them meet; days apart by little and by much. */
static void make_batch(struct chance *chance, uint64_t seq, struct told *told)
{
    static const enum gnss_class classes[VEHICLES] = {GNSS_RTK, GNSS_RTK, GNSS_CONSUMER, GNSS_PHONE};
    static const double sigmas_m[VEHICLES] = {0.05, 0.2, 3, 7};
    const enum gnss_class gnss = classes[told->vehicle];
    const double sigma = sigmas_m[told->vehicle], aside = 0.6 * chance_unit(chance);
    const int64_t start = told->hour * NS_PER_HOUR + (int64_t)(chance_next(chance) % 3000) * SECOND_NS;
    const bool is_east = chance_next(chance) % 2;

    if (is_east)
        drive_straight(&told->drive, seq, start, 20, 40 + aside, 70, 40 + aside, gnss, sigma);
    else
        drive_straight(&told->drive, seq, start, 44 + aside, 16, 44 + aside, 66, gnss, sigma);
    if (chance_next(chance) % 2)
        drive_hit(&told->drive, DEFECT_POTHOLE, start + 2 * SECOND_NS, 44 + 0.1 * chance_normal(chance),
                  40 + 0.1 * chance_normal(chance), sigma, 60, is_east ? 90 : 0);
    if (chance_next(chance) % 3 == 0)
        drive_feature(&told->drive, FEATURE_JOINT, start + 4 * SECOND_NS, is_east ? 60 : 44, is_east ? 40 : 56, sigma,
                      2 + 3 * chance_unit(chance), is_east ? 90 : 0);
    if (chance_next(chance) % 3 == 0) /* a rough ride */
        for (size_t i = 0; i < told->drive.pass.n_points; i++)
            told->drive.points[i].iri_centi = 900;
    batch_quantise(&told->drive.batch);
}

static void make_history(struct chance *chance, struct history *h)
{
    uint64_t seq[VEHICLES] = {0};
    unsigned left[VEHICLES] = {0};

    h->n_verdicts = 0;
    for (unsigned i = 0; i < BATCHES; i++) {
        struct told *told = &h->batches[i];
        told->vehicle = (unsigned)(chance_next(chance) % VEHICLES);
        told->day = 20600 + (int64_t)(chance_next(chance) % 8);
        told->hour = told->day * 24 + (int64_t)(chance_next(chance) % 3) * 11;
        make_batch(chance, ++seq[told->vehicle], told);
        left[told->vehicle]++;
    }
    for (unsigned i = 0; i < BATCHES; i++) { /* a random vehicle's next */
        unsigned vehicle = (unsigned)(chance_next(chance) % VEHICLES), skip;
        while (!left[vehicle])
            vehicle = (vehicle + 1) % VEHICLES;
        skip = (unsigned)seq[vehicle] - left[vehicle]--;
        for (unsigned b = 0; b < BATCHES; b++)
            if (h->batches[b].vehicle == vehicle && skip-- == 0) {
                h->order[i] = b;
                break;
            }
    }
}

static void tell(struct beliefs *beliefs, const struct told *told)
{
    beliefs_add(beliefs, &told->drive.batch, kid_number(told->vehicle), is_phone(told->vehicle));
}

/* Somebody says something of a defect that is believed now, as of some day of the history. */
static void say_something(struct chance *chance, struct history *h, struct beliefs *beliefs)
{
    for (size_t i = 0; i < beliefs->n_defects && h->n_verdicts < VERDICTS_MAX; i++) {
        if (!beliefs->defects[i].is_live || chance_next(chance) % 3)
            continue;
        struct verdict *verdict = &h->verdicts[h->n_verdicts++];
        const enum verdict_kind kind = (enum verdict_kind)(VERDICT_REPAIRED + chance_next(chance) % 5);
        *verdict = (struct verdict){.defect = beliefs->defects[i].belief.id,
                                    .kind = kind,
                                    .reason = kind == VERDICT_REJECTED ? REASON_NOTHING : REASON_NONE,
                                    .time_ns = DAY0_NS + (int64_t)(chance_next(chance) % (8 * 24)) * NS_PER_HOUR,
                                    .by = kid_number(200 + (unsigned)(chance_next(chance) % 2))};
        beliefs_say(beliefs, verdict);
    }
}

/* ---- the model of squares ------------------------------------------------------------------------------ */

/* What one pass by itself says of one square. */
struct mark {
    uint64_t cell;
    unsigned weight;
    bool is_own;
};

struct marks {
    struct mark items[SQUARES_MAX];
    size_t n;
};

static struct marks alone[BATCHES];

static void read_map(const struct cellmap *map, int level, struct marks *marks)
{
    struct cellmap_cursor cursor;
    struct cellmap_leaf leaf;

    cellmap_cursor_open(&cursor, map);
    while (cellmap_cursor_next(&cursor, &leaf))
        for (unsigned i = 0; i < 64; i++) {
            if (!leaf.values[i])
                continue;
            if (marks->n == SQUARES_MAX)
                abort();
            const uint64_t key = leaf.key << 6 | i;
            marks->items[marks->n++] = (struct mark){(key << 1 | 1) << (2 * level), cover_coverage(leaf.values[i]),
                                                     cover_colour(leaf.values[i]) != CODE_GREY};
        }
    cellmap_cursor_close(&cursor);
}

/* A gateway that knows nothing else is asked; what a pass watches is test_coverage's to judge. */
static void watch_alone(const struct told *told, struct marks *marks)
{
    const struct beliefs_config config = drive_config();
    struct beliefs beliefs;
    struct told quiet = *told;

    quiet.drive.batch.passes = &quiet.drive.pass;
    quiet.drive.pass.points = quiet.drive.points;
    quiet.drive.batch.n_detections = quiet.drive.batch.n_features = 0;
    beliefs_init(&beliefs, &config);
    tell(&beliefs, &quiet);
    marks->n = 0;
    for (int level = 0; level < COVER_LEVELS; level++)
        read_map(&beliefs.evidence.maps[level], level, marks);
    beliefs_done(&beliefs);
}

static const struct mark *mark_of(const struct marks *marks, uint64_t cell)
{
    for (size_t i = 0; i < marks->n; i++)
        if (marks->items[i].cell == cell)
            return &marks->items[i];
    return NULL;
}

/* The first of its vehicle and hour that touched the square. */
static bool is_first_of_unit(const struct history *h, const bool *is_told, unsigned batch, uint64_t cell)
{
    for (unsigned b = 0; b < BATCHES; b++) {
        const struct told *x = &h->batches[b], *me = &h->batches[batch];
        if (is_told[b] && x->vehicle == me->vehicle && x->hour == me->hour &&
            x->drive.batch.seq < me->drive.batch.seq && mark_of(&alone[b], cell))
            return false;
    }
    return true;
}

/* Days in order; 31 sixteenths at most each day; between two of them a part as large as the days between are of the window
 * is lost. */
static void model_square(const struct history *h, const bool *is_told, uint64_t cell, int64_t as_of_day, int window,
                         unsigned *ret_coverage, int64_t *ret_day, bool *ret_own)
{
    unsigned coverage = 0;
    int64_t last = -1;

    *ret_own = false;
    for (int64_t day = 20600; day <= as_of_day; day++) {
        unsigned sum = 0;
        bool is_seen = false;
        for (unsigned b = 0; b < BATCHES; b++) {
            const struct mark *mark = is_told[b] && h->batches[b].day == day ? mark_of(&alone[b], cell) : NULL;
            if (!mark)
                continue;
            is_seen = true;
            *ret_own |= mark->is_own;
            sum += is_first_of_unit(h, is_told, b, cell) ? mark->weight : 0;
        }
        if (!is_seen)
            continue;
        if (last >= 0)
            coverage = day - last >= window ? 0 : (unsigned)(coverage * (unsigned)(window - (day - last)) / (unsigned)window);
        coverage = coverage + sum > 31 ? 31 : coverage + sum;
        last = day;
    }
    *ret_coverage = as_of_day - last > window ? 0 : coverage;
    *ret_day = last;
}

static size_t check_squares(const struct history *h, const bool *is_told, const struct beliefs *beliefs)
{
    static struct marks theirs;
    size_t wrong = 0, touched = 0;

    theirs.n = 0;
    for (int level = 0; level < COVER_LEVELS; level++)
        read_map(&beliefs->evidence.maps[level], level, &theirs);
    for (size_t i = 0; i < theirs.n; i++) {
        const struct cell cell = {theirs.items[i].cell | (uint64_t)cell_zone_number(drive_zone) << CELL_ZONE_SHIFT};
        const struct grid_point corner = cell_corner(cell);
        const struct block *block =
            evidence_block(&beliefs->evidence, block_coordinate(corner.e_mm), block_coordinate(corner.n_mm));
        const uint16_t cover = evidence_cover(&beliefs->evidence, block, square_of_cell(cell));
        unsigned coverage;
        int64_t day;
        bool is_own;
        model_square(h, is_told, theirs.items[i].cell, beliefs->day, beliefs->evidence.config.window_days[ROAD_ARTERIAL],
                     &coverage, &day, &is_own);
        wrong += coverage != cover_coverage(cover) || day != cover_day(cover, beliefs->day) ||
                 is_own != (cover_colour(cover) != CODE_GREY);
    }
    for (unsigned b = 0; b < BATCHES; b++)
        for (size_t i = 0; is_told[b] && i < alone[b].n; i++) {
            touched++;
            wrong += !mark_of(&theirs, alone[b].items[i].cell);
        }
    return touched ? wrong : 0;
}

/* ---- beliefs of the same, told otherwise --------------------------------------------------------------- */

static void believe_at_once(const struct history *h, const bool *is_told, struct delta *ret_delta,
                            uint8_t ret_digest[SHA256_SIZE])
{
    const struct beliefs_config config = drive_config();
    struct beliefs beliefs;

    beliefs_init(&beliefs, &config);
    for (unsigned vehicle = VEHICLES; vehicle-- > 0;)
        for (unsigned b = 0; b < BATCHES; b++)
            if (is_told[b] && h->batches[b].vehicle == vehicle)
                tell(&beliefs, &h->batches[b]);
    for (size_t i = h->n_verdicts; i-- > 0;)
        beliefs_say(&beliefs, &h->verdicts[i]);
    beliefs_settle(&beliefs, INT64_MIN, ret_delta);
    beliefs_digest(&beliefs, ret_digest);
    beliefs_done(&beliefs);
}

/* ---- what is heard ------------------------------------------------------------------------------------- */

/* One square as a listener sees it: its code, paleness, day, and the defect that explains it. */
struct seen {
    uint64_t cell;
    unsigned code;
    bool is_pale;
    int64_t day;
    struct defect_id defect;
};

struct view {
    struct seen items[2 * SQUARES_MAX];
    size_t n;
};

static void see(struct view *view, const struct seen *seen)
{
    size_t i = 0;

    while (i < view->n && view->items[i].cell != seen->cell)
        i++;
    if (i == view->n && view->n++ == 2 * SQUARES_MAX)
        abort();
    view->items[i] = *seen;
}

/* As the server does it: leaves first, for a square that also stands among the cells is told there. */
static void hear(struct view *view, const struct delta *delta, int64_t as_of_day)
{
    for (size_t i = 0; i < delta->n_leaves; i++) {
        const struct leaf_patch *patch = &delta->leaves[i].patch;
        const int level = cell_level(patch->leaf) - 3;
        for (unsigned k = 0; k < 64; k++)
            if (patch->mask >> k & 1) {
                const uint16_t cover = patch->covers[k];
                const uint64_t cell = patch->leaf.id - (UINT64_C(1) << (2 * level + 6)) + ((uint64_t)k << (2 * level + 1)) +
                                      (UINT64_C(1) << (2 * level));
                see(view, &(struct seen){.cell = cell, .code = cover_shown(cover), .is_pale = cover_is_pale(cover),
                                         .day = cover_day(cover, as_of_day)});
            }
    }
    for (size_t i = 0; i < delta->n_cells; i++) {
        const struct cell_change *c = &delta->cells[i];
        see(view, &(struct seen){.cell = c->cell.id, .code = c->reason.code, .is_pale = c->reason.is_pale,
                                 .day = c->reason.seen_ns / NS_PER_DAY, .defect = c->defect});
    }
}

static const struct seen *seen_of(const struct view *view, uint64_t cell)
{
    for (size_t i = 0; i < view->n; i++)
        if (view->items[i].cell == cell)
            return &view->items[i];
    return NULL;
}

/* Squares that are not grey for both, and look otherwise. */
static size_t compare_views(const struct view *a, const struct view *b)
{
    size_t wrong = 0;

    for (size_t i = 0; i < a->n; i++) {
        const struct seen *x = &a->items[i], *y = seen_of(b, x->cell);
        if (x->code == CODE_GREY && (!y || y->code == CODE_GREY))
            continue;
        wrong += !y || x->code != y->code || x->is_pale != y->is_pale || x->day != y->day ||
                 defect_id_compare(&x->defect, &y->defect) != 0;
    }
    return wrong;
}

/* ---- a restart ----------------------------------------------------------------------------------------- */

struct image {
    uint8_t bytes[IMAGE_MAX];
    size_t length, at;
};

static struct image image;

static enum road_status image_put(void *context, const void *bytes, size_t length)
{
    struct image *to = context;

    if (to->length + length > IMAGE_MAX)
        return ROAD_FULL;
    memcpy(to->bytes + to->length, bytes, length);
    to->length += length;
    return ROAD_OK;
}

static enum road_status image_take(void *context, void *ret_bytes, size_t length)
{
    struct image *from = context;

    memcpy(ret_bytes, from->bytes + from->at, length);
    from->at += length;
    return ROAD_OK;
}

static void restart(struct beliefs *beliefs)
{
    const struct beliefs_config config = drive_config();
    const struct image_sink sink = {image_put, &image};
    struct image_source source = {image_take, &image, 0};

    image.length = image.at = 0;
    CHECK_STATUS(beliefs_save(beliefs, &sink), ROAD_OK);
    source.left = image.length;
    beliefs_done(beliefs);
    beliefs_init(beliefs, &config);
    CHECK_STATUS(beliefs_load(beliefs, &source), ROAD_OK);
}

/* ---- the comparison ------------------------------------------------------------------------------------ */

struct counts {
    uint64_t steps, settled, restarts, verdicts, wrong_squares, wrong_beliefs, wrong_views;
};

static void play(struct chance *chance, struct counts *counts)
{
    static struct history h;
    static struct view heard, whole;
    const struct beliefs_config config = drive_config();
    bool is_told[BATCHES] = {false};
    struct delta delta = {0}, at_once = {0};
    struct beliefs beliefs;

    make_history(chance, &h);
    for (unsigned b = 0; b < BATCHES; b++)
        watch_alone(&h.batches[b], &alone[b]);
    beliefs_init(&beliefs, &config);
    heard.n = 0;
    for (unsigned i = 0; i < BATCHES; i++) {
        uint8_t now[SHA256_SIZE], wanted[SHA256_SIZE];
        tell(&beliefs, &h.batches[h.order[i]]);
        is_told[h.order[i]] = true;
        counts->steps++;
        if (chance_next(chance) % 2 && i + 1 < BATCHES)
            continue; /* more before the next settling */
        beliefs_settle(&beliefs, INT64_MIN, &delta);
        hear(&heard, &delta, beliefs.day);
        if (chance_next(chance) % 3 == 0) {
            say_something(chance, &h, &beliefs);
            beliefs_settle(&beliefs, INT64_MIN, &delta);
            hear(&heard, &delta, beliefs.day);
        }
        if (chance_next(chance) % 4 == 0) {
            restart(&beliefs);
            counts->restarts++;
        }
        counts->settled++;
        counts->wrong_squares += check_squares(&h, is_told, &beliefs);
        beliefs_digest(&beliefs, now);
        believe_at_once(&h, is_told, &at_once, wanted);
        whole.n = 0;
        hear(&whole, &at_once, beliefs.day);
        counts->wrong_views += compare_views(&heard, &whole) + compare_views(&whole, &heard);
        counts->wrong_beliefs += memcmp(now, wanted, SHA256_SIZE) != 0;
    }
    counts->verdicts += h.n_verdicts;
    delta_done(&at_once);
    delta_done(&delta);
    beliefs_done(&beliefs);
}

FACT(after_every_step_the_gateway_holds_what_a_naive_model_holds)
{
    const char *histories_text = getenv("ROAD_HISTORIES"), *seed_text = getenv("ROAD_SEED");
    const uint64_t n = histories_text ? strtoull(histories_text, NULL, 10) : SAMPLE;
    const uint64_t seed = seed_text ? strtoull(seed_text, NULL, 10) : 20261123;
    struct counts counts = {0};

    for (uint64_t i = 0; i < n; i++) {
        struct chance chance = {(seed + i) * UINT64_C(0x9E3779B97F4A7C15) | 1};
        const struct counts before = counts;
        play(&chance, &counts);
        if (counts.wrong_squares != before.wrong_squares || counts.wrong_beliefs != before.wrong_beliefs ||
            counts.wrong_views != before.wrong_views)
            printf("  history %" PRIu64 " of seed %" PRIu64 ": %" PRIu64 " squares, %" PRIu64 " beliefs, %" PRIu64
                   " squares as heard differ\n", i, seed, counts.wrong_squares - before.wrong_squares,
                   counts.wrong_beliefs - before.wrong_beliefs, counts.wrong_views - before.wrong_views);
        if (histories_text && (i + 1) % 5000 == 0)
            printf("  %" PRIu64 " histories\n", i + 1);
    }
    printf("  %" PRIu64 " histories, %" PRIu64 " batches, %" PRIu64 " comparisons, %" PRIu64 " restarts, %" PRIu64
           " verdicts\n", n, counts.steps, counts.settled, counts.restarts, counts.verdicts);
    CHECK_INT(counts.wrong_squares, 0);
    CHECK_INT(counts.wrong_beliefs, 0);
    CHECK_INT(counts.wrong_views, 0);
}

int main(int argc, char **argv)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    return check_main(argc, argv);
}
