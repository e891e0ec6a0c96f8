/* spoken.h - that a gateway's statement says what its entry is filed under. Asked before a statement enters
 * the ledger and again by every verifier, so nobody can file one defect's words under another's name. Pure.
 */
#ifndef SERVER_LEDGER_SPOKEN_H
#define SERVER_LEDGER_SPOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "grid/status.h"

/* `payload` is the verified payload of the statement's COSE_Sign1. ROAD_BAD_INPUT if it does not belong
 * there. */
enum road_status spoken_check(const char *kind, const char *subject, const uint8_t *payload, size_t length);

#endif
