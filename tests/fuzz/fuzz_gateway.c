/* A hostile but registered node: whatever decodes and passes intake must be folded without harm, and its changes must
 * be such that the encoder takes them. */
#include <stdlib.h>

#include "gateway/beliefs.h"
#include "gateway/intake.h"

#define NOW_NS INT64_C(1779840000000000000) /* 2026-05-27 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t bytes[SEALED_MAX];
    const struct intake_rules rules = {.district = "330103", .zone = {120, false}};
    const struct beliefs_config config = {
        .evidence = {.zone = {120, false}}, .road_class = ROAD_ARTERIAL, .rules = code_rules_default,
        .feature_passes = 2};
    const struct kid kid = {{1}};
    struct batch batch = {0};
    struct beliefs beliefs;
    struct delta delta = {0};
    size_t length;

    if (batch_decode(data, size, &batch, NULL) != ROAD_OK)
        return 0;
    if (intake_validate(&rules, &batch, NOW_NS, NULL) == ROAD_OK) {
        beliefs_init(&beliefs, &config);
        for (uint8_t speaker = 1; speaker <= 3; speaker++) /* three vehicles that say the same: features register */
            beliefs_add(&beliefs, &batch, (struct kid){{speaker}}, false);
        beliefs_settle(&beliefs, INT64_MIN, &delta);
        for (size_t i = 0; i < delta.n_defects; i++)
            if (defect_statement_encode(&delta.defects[i].now, kid, 1, bytes, sizeof bytes, &length) != ROAD_OK)
                abort();
        for (size_t i = 0; i < delta.n_features; i++) {
            const struct change change = {.seq = 1, .zone = config.evidence.zone, .cause_kid = kid, .cause_seq = 1,
                                          .is_last = true, .as_of_ns = delta.as_of_ns, .features = &delta.features[i],
                                          .n_features = 1};
            if (change_encode(&change, bytes, sizeof bytes, &length) != ROAD_OK)
                abort();
        }
        for (size_t i = 0; i < delta.n_cells; i++) {
            const struct change change = {.seq = 1, .zone = config.evidence.zone, .cause_kid = kid, .cause_seq = 1,
                                          .is_last = true, .as_of_ns = delta.as_of_ns, .road = delta.road,
                                          .cells = &delta.cells[i], .n_cells = 1};
            if (i % 16 == 0 && change_encode(&change, bytes, sizeof bytes, &length) != ROAD_OK)
                abort();
        }
        delta_done(&delta);
        beliefs_done(&beliefs);
    }
    batch_done(&batch);
    return 0;
}
