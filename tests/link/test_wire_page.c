/* docs/wire.md shows messages byte by byte; here they are the bytes that our code makes and understands. */
#include "tests/check.h"
#include "tests/link/fixtures.h"
#include "tests/link/vectors.h"

/* The bytes of the block that begins "```hex NAME"; what stands behind a # is for people. 0 if there is none.
 */
static size_t read_vector(const char *name, uint8_t ret_bytes[VECTORS_MAX_BYTES])
{
    FILE *page = fopen(ROAD_SOURCE_DIR "/docs/wire.md", "r");
    char line[512], head[64];
    bool is_inside = false;
    size_t length = 0;

    CHECK(page != NULL);
    if (!page)
        return 0;
    snprintf(head, sizeof head, "```hex %s\n", name);
    while (fgets(line, sizeof line, page)) {
        if (is_inside && strncmp(line, "```", 3) == 0)
            break;
        if (is_inside) {
            line[strcspn(line, "#")] = '\0';
            length += unhex(line, ret_bytes + length, VECTORS_MAX_BYTES - length);
        }
        is_inside = is_inside || strcmp(line, head) == 0;
    }
    fclose(page);
    return length;
}

static void print_hex(const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        printf("%02x", bytes[i]);
    putchar('\n');
}

FACT(the_page_shows_the_bytes_that_are_sent)
{
    for (size_t i = 0; i < n_vectors; i++) {
        uint8_t shown[VECTORS_MAX_BYTES], made[VECTORS_MAX_BYTES];
        const size_t shown_length = read_vector(vectors[i].name, shown);
        size_t made_length = 0;

        CHECK_STATUS(vectors[i].encode(made, &made_length), ROAD_OK);
        if (shown_length != made_length || memcmp(shown, made, made_length) != 0) {
            CHECK_FAILED("the page's %s is not what is made:", vectors[i].name);
            print_hex(made, made_length);
        }
    }
}

FACT(the_bytes_of_the_page_are_understood)
{
    for (size_t i = 0; i < n_vectors; i++) {
        uint8_t shown[VECTORS_MAX_BYTES], made[VECTORS_MAX_BYTES];
        const size_t shown_length = read_vector(vectors[i].name, shown);
        size_t made_length = 0;

        if (!vectors[i].round)
            continue;
        CHECK_STATUS(vectors[i].round(shown, shown_length, made, &made_length), ROAD_OK);
        CHECK(shown_length == made_length && memcmp(shown, made, made_length) == 0);
    }
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
