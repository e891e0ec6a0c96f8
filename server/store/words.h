/* words.h - the words that the store's numbers have in JSON (docs/api.md), and a defect's own colour. */
#ifndef SERVER_STORE_WORDS_H
#define SERVER_STORE_WORDS_H

#include "link/message.h"

const char *code_text(int code);          /* "grey" "green" "yellow" "red"; "grey" for anything else */
const char *channel_text(int channel);    /* "unknown" "clean" "hazard" "condition" "ride" */
const char *severity_text(int severity);  /* "none" "low" "medium" "high" */
const char *defect_state_text(int state); /* "suspected" "confirmed" "dropped" "alias" */
const char *repair_stage_text(int stage);
const char *repair_cause_text(int cause);
const char *verdict_kind_text(int kind);
const char *verdict_reason_text(int reason);
const char *feature_state_text(int state); /* "seen" "registered" "retired" "alias" */
/* What a defect colours by itself: grey unless confirmed; red only where two independent units saw it. */
enum road_code defect_colour(int state, int type, int severity, bool may_be_red);

#endif
