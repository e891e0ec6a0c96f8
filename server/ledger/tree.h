/* tree.h - the Merkle tree of RFC 6962 section 2.1, with SHA-256, and its proofs (RFC 9162 section 2.1).
 *
 *     leaf(d) = SHA-256(0x00 || d)     node(l, r) = SHA-256(0x01 || l || r)     MTH({}) = SHA-256("")
 *
 * A growing tree needs only its frontier: the roots of the complete subtrees that its size is the binary sum
 * of. Proofs ask a reader for the hashes of complete subtrees, so the same code proves from memory, from
 * tiles or from a database. Pure: no I/O, no allocation, no clock. */
#ifndef SERVER_LEDGER_TREE_H
#define SERVER_LEDGER_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "grid/status.h"

#define TREE_HASH_SIZE 32
#define TREE_LEVEL_MAX 63
#define TREE_PROOF_MAX 64 /* hashes in a proof of the largest tree */

struct tree_hash {
    uint8_t bytes[TREE_HASH_SIZE];
};

/* peaks[k] is valid while bit k of size is set: the root of the complete subtree of 2^k leaves at that place.
 */
struct tree_frontier {
    uint64_t size;
    struct tree_hash peaks[TREE_LEVEL_MAX + 1];
};

struct tree_proof {
    size_t n;
    struct tree_hash hashes[TREE_PROOF_MAX];
};

/* Gives MTH(D[index * 2^level : (index + 1) * 2^level]) of a complete subtree. */
struct tree_reader {
    enum road_status (*read)(void *context, unsigned level, uint64_t index, struct tree_hash *ret_hash);
    void *context;
};

void tree_leaf_hash(const void *data, size_t length, struct tree_hash *ret_hash);
void tree_node_hash(const struct tree_hash *left, const struct tree_hash *right, struct tree_hash *ret_hash);
bool tree_hash_is_equal(const struct tree_hash *a, const struct tree_hash *b);

/* An all-zero frontier is the empty tree. Returns k: the leaf completed subtrees of 1, 2, … 2^k leaves; their
 * roots go to ret_completed[0..k] (TREE_LEVEL_MAX + 1 hashes; NULL if not wanted). */
unsigned tree_append(struct tree_frontier *frontier, const struct tree_hash *leaf,
                     struct tree_hash *ret_completed);
void tree_root(const struct tree_frontier *frontier, struct tree_hash *ret_root);
/* The root of 2^k hashes that stand side by side at one level; overwrites them. n is a power of two. */
void tree_fold(struct tree_hash *hashes, size_t n, struct tree_hash *ret_root);

/* ROAD_BAD_RANGE unless index < size / 0 < old_size <= new_size; or what the reader returned. */
enum road_status tree_inclusion_prove(const struct tree_reader *reader, uint64_t index, uint64_t size,
                                      struct tree_proof *ret_proof);
enum road_status tree_consistency_prove(const struct tree_reader *reader, uint64_t old_size,
                                        uint64_t new_size, struct tree_proof *ret_proof);

/* ROAD_OK or ROAD_BAD_SIGNATURE (the proof does not hold); RFC 9162 sections 2.1.3.2 and 2.1.4.2. The empty
 * tree is consistent with every tree, by an empty proof, if its root is SHA-256(""). */
enum road_status tree_inclusion_check(uint64_t index, uint64_t size, const struct tree_hash *leaf,
                                      const struct tree_proof *proof, const struct tree_hash *root);
enum road_status tree_consistency_check(uint64_t old_size, const struct tree_hash *old_root,
                                        uint64_t new_size, const struct tree_hash *new_root,
                                        const struct tree_proof *proof);

#endif
