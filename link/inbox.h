/* inbox.h - what a receiver has from each speaker; makes (kid, seq) apply once in effect.
 *
 * Tables in the receiver's database (inbox: one row a speaker; inbox_refused, quarantine), written in the same
 * transaction as the effect of the message. Messages of one speaker are accepted in order only: seq == upto + 1.
 * accept, refuse and quarantine join the caller's transaction; without one each commits by itself. The quarantine
 * keeps the newest `quarantine_max_items` messages, SEALED_MAX bytes of each at most. One thread. */
#ifndef LINK_INBOX_H
#define LINK_INBOX_H

#include "link/database.h"
#include "link/message.h"

struct inbox; /* opaque */

enum road_status inbox_open(sqlite3 *db, int64_t quarantine_max_items, struct inbox **ret_inbox);
void inbox_close(struct inbox *inbox);
/* For a receiver that takes many messages in a transaction: from this call on what is known of each speaker stays in
 * memory (0.2 KiB each), and accept and refuse write its row only with inbox_write, once for a speaker and group.
 * Inside the caller's transaction, before each commit; and inbox_forget after each rollback, of a step too. */
void inbox_gather(struct inbox *inbox);
enum road_status inbox_write(struct inbox *inbox);
void inbox_forget(struct inbox *inbox);
/* ROAD_OK: new, apply it. ROAD_DUPLICATE: had it, just acknowledge. ROAD_GAP: an earlier one is missing.
 * ROAD_BAD_SEQUENCE: had this number with other bytes (digests of the last 16 of each speaker are kept).
 * ROAD_BAD_RANGE: number 0 or beyond 2^63. accept and refuse ask the same and write only after ROAD_OK. */
enum road_status inbox_check(struct inbox *inbox, struct kid speaker, uint64_t seq, const void *bytes, size_t length);
enum road_status inbox_accept(struct inbox *inbox, struct kid speaker, uint64_t seq, const void *bytes, size_t length);
/* A durable refusal: the number counts as done, the bytes go to the quarantine with the reason. */
enum road_status inbox_refuse(struct inbox *inbox, struct kid speaker, uint64_t seq, const void *bytes, size_t length,
                              enum road_status reason);
/* Bytes that nobody can be held to (bad signature, unknown key): quarantine only, no sequence moves. */
enum road_status inbox_quarantine(struct inbox *inbox, const char *claimed_name, const void *bytes, size_t length,
                                  enum road_status reason);
/* The acknowledgement for a speaker as it stands in the database. */
enum road_status inbox_ack(struct inbox *inbox, struct kid speaker, bool is_gap, struct ack *ret_ack);

#endif
