/* repairs.h - what became of the repair of a defect, and what people said of it, as JSON. */
#ifndef SERVER_API_REPAIRS_H
#define SERVER_API_REPAIRS_H

#include <jansson.h>

#include "grid/code.h"
#include "link/message.h"
#include "server/api/reader.h"

/* All zeros if nobody said that it was repaired. */
enum road_status repair_read(struct reader *reader, const char *defect, struct repair *ret_repair);
/* One sentence; "" if nobody said that it was repaired. */
void repair_explain(const struct repair *repair, enum code_language language, char *ret_text, size_t capacity);
/* null if nobody said that it was repaired. */
enum road_status json_repair(struct reader *reader, const struct repair *repair, json_t **ret_object);
/* The newest hundred things that people said of it, newest first. */
enum road_status json_verdicts(struct reader *reader, const char *defect, json_t **ret_list);

#endif
