/* A registry from hostile bytes: refused in words, or every entry is found by its name and by its key. */
#include <stdlib.h>

#include "link/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct registry *registry;
    char error[512] = "";

    if (registry_from_text("fuzz", (const char *)data, size, &registry, error) != ROAD_OK) {
        if (!*error)
            abort();
        return 0;
    }
    for (size_t i = 0; i < registry_count(registry); i++) {
        const struct registry_entry *entry = registry_at(registry, i);

        if (!name_is_valid(entry->name) || registry_by_name(registry, entry->name) != entry ||
            registry_by_kid(registry, entry->kid) != entry)
            abort();
    }
    registry_close(registry);
    return 0;
}
