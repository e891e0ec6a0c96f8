/* A damaged image of beliefs: the input is a list of edits (position 4 bytes, value 1 byte) to an image of a few drives. Whatever
 * is loaded all the same must bear to be hashed, settled and driven on with. */
#include "gateway/image.h"
#include "tests/gateway/drive.h"

#define EDIT_BYTES 5

struct memory {
    uint8_t *bytes;
    size_t length, at;
};

static enum road_status memory_write(void *context, const void *bytes, size_t length)
{
    struct memory *m = context;

    m->bytes = realloc(m->bytes, m->length + length);
    memcpy(m->bytes + m->length, bytes, length);
    m->length += length;
    return ROAD_OK;
}

static enum road_status memory_read(void *context, void *ret_bytes, size_t length)
{
    struct memory *m = context;

    memcpy(ret_bytes, m->bytes + m->at, length); /* image_read keeps within what is left */
    m->at += length;
    return ROAD_OK;
}

static void add_drive(struct beliefs *beliefs, unsigned number)
{
    static struct drive drive;
    const int64_t start = DAY0_NS + (int64_t)number * 7 * 3600 * SECOND_NS;
    const double sigma_m = number % 2 ? 0.05 : 3;

    drive_straight(&drive, number + 1, start, 0, 40, 90, 40, number % 2 ? GNSS_RTK : GNSS_CONSUMER, sigma_m);
    drive.points[10].iri_centi = 900;
    drive_hit(&drive, DEFECT_POTHOLE, start + 5 * SECOND_NS, 50.5, 40.75, sigma_m, 60, 90);
    drive_feature(&drive, FEATURE_JOINT, start + 8 * SECOND_NS, 80, 40, sigma_m, 3, 90);
    beliefs_add(beliefs, &drive.batch, kid_number(number % 3 + 1), false);
}

static struct memory make_image(void)
{
    const struct beliefs_config config = drive_config();
    struct memory m = {0};
    const struct image_sink sink = {memory_write, &m};
    struct beliefs beliefs;

    beliefs_init(&beliefs, &config);
    for (unsigned i = 0; i < 8; i++)
        add_drive(&beliefs, i);
    beliefs_settle(&beliefs, INT64_MIN, NULL);
    if (beliefs_save(&beliefs, &sink) != ROAD_OK)
        abort();
    beliefs_done(&beliefs);
    return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct memory whole;
    const struct beliefs_config config = drive_config();
    uint8_t digest[SHA256_SIZE];
    struct beliefs beliefs;

    if (!whole.bytes)
        whole = make_image();
    struct memory m = {malloc(whole.length), whole.length, 0};
    memcpy(m.bytes, whole.bytes, whole.length);
    for (; size >= EDIT_BYTES; data += EDIT_BYTES, size -= EDIT_BYTES) {
        uint32_t at;
        memcpy(&at, data, sizeof at);
        m.bytes[at % m.length] = data[4];
    }
    struct image_source source = {memory_read, &m, m.length};
    beliefs_init(&beliefs, &config);
    if (beliefs_load(&beliefs, &source) == ROAD_OK) {
        beliefs_digest(&beliefs, digest);
        add_drive(&beliefs, 9);
        beliefs_settle(&beliefs, INT64_MIN, NULL);
    }
    beliefs_done(&beliefs);
    free(m.bytes);
    return 0;
}
