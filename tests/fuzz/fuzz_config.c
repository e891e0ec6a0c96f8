/* Config lines from hostile bytes: refused in words, or printed so that they read back as the same values. */
#include <stdlib.h>
#include <string.h>

#include "link/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sample {
    char name[16], path[64];
    int64_t bytes;
    double metres;
    bool is_live;
    int level;
    double floors[3];
};

static const struct config_key keys[] = {
    {"name", CONFIG_STRING, offsetof(struct sample, name), 16, 0, 0, "n", "", NULL, "who"},
    {"path", CONFIG_STRING, offsetof(struct sample, path), 64, 0, 0, "", "", NULL, "where"},
    {"bytes", CONFIG_INT, offsetof(struct sample, bytes), 0, -1e15, 1e15, "1 MiB", "bytes", NULL, "room"},
    {"metres", CONFIG_DOUBLE, offsetof(struct sample, metres), 0, -1e9, 1e9, "200 m", "m", NULL, "how far"},
    {"live", CONFIG_BOOL, offsetof(struct sample, is_live), 0, 0, 0, "no", "", NULL, "whether"},
    {"level", CONFIG_CHOICE, offsetof(struct sample, level), 0, 0, 0, "b", "", "a|b|cc", "how much"},
    {"floors", CONFIG_NUMBERS, offsetof(struct sample, floors), sizeof(double[3]), -1, 1e6, "90 75.5 6e1", "", NULL, "grades"},
};
#define N_KEYS (sizeof keys / sizeof *keys)

/* Every line; true if all were taken. */
static bool read_lines(const char *text, size_t size, struct sample *sample)
{
    char error[CONFIG_ERROR_SIZE];
    uint64_t seen = 0;
    bool is_good = true;

    memset(sample, 0, sizeof *sample);
    if (config_defaults(keys, N_KEYS, sample) != ROAD_OK)
        abort();
    while (size > 0) {
        const char *end = memchr(text, '\n', size);
        const size_t length = end ? (size_t)(end - text) : size;

        *error = '\0';
        if (config_line(keys, N_KEYS, sample, &seen, text, length, error) != ROAD_OK) {
            is_good = false;
            if (!*error)
                abort();
        }
        text += end ? length + 1 : length;
        size -= end ? length + 1 : length;
    }
    return is_good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sample sample, again;
    char *printed = NULL;
    size_t length = 0;

    read_lines((const char *)data, size, &sample);
    FILE *out = open_memstream(&printed, &length);
    if (!out)
        return 0;
    config_print(keys, N_KEYS, &sample, out);
    fclose(out);
    if (!read_lines(printed, length, &again) || strcmp(sample.name, again.name) != 0 ||
        strcmp(sample.path, again.path) != 0 || sample.bytes != again.bytes ||
        sample.metres != again.metres || sample.is_live != again.is_live || sample.level != again.level ||
        memcmp(sample.floors, again.floors, sizeof sample.floors) != 0)
        abort();
    free(printed);
    return 0;
}
