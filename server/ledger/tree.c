#include "server/ledger/tree.h"

#include <assert.h>
#include <string.h>

#include "link/sign.h"

void tree_leaf_hash(const void *data, size_t length, struct tree_hash *ret_hash)
{
    sha256_prefixed(0x00, data, length, NULL, 0, ret_hash->bytes);
}

void tree_node_hash(const struct tree_hash *left, const struct tree_hash *right, struct tree_hash *ret_hash)
{
    sha256_prefixed(0x01, left->bytes, TREE_HASH_SIZE, right->bytes, TREE_HASH_SIZE, ret_hash->bytes);
}

bool tree_hash_is_equal(const struct tree_hash *a, const struct tree_hash *b)
{
    return memcmp(a->bytes, b->bytes, TREE_HASH_SIZE) == 0;
}

unsigned tree_append(struct tree_frontier *frontier, const struct tree_hash *leaf,
                     struct tree_hash *ret_completed)
{
    struct tree_hash hash = *leaf;
    unsigned level = 0;

    for (; frontier->size >> level & 1; level++) {
        if (ret_completed)
            ret_completed[level] = hash;
        tree_node_hash(&frontier->peaks[level], &hash, &hash);
    }
    if (ret_completed)
        ret_completed[level] = hash;
    frontier->peaks[level] = hash;
    frontier->size++;
    return level;
}

void tree_root(const struct tree_frontier *frontier, struct tree_hash *ret_root)
{
    bool is_started = false;

    if (frontier->size == 0)
        sha256("", 0, ret_root->bytes);
    for (unsigned level = 0; level <= TREE_LEVEL_MAX; level++) {
        if (!(frontier->size >> level & 1))
            continue;
        if (is_started)
            tree_node_hash(&frontier->peaks[level], ret_root, ret_root);
        else
            *ret_root = frontier->peaks[level];
        is_started = true;
    }
}

void tree_fold(struct tree_hash *hashes, size_t n, struct tree_hash *ret_root)
{
    assert(n > 0 && (n & (n - 1)) == 0);
    for (; n > 1; n /= 2)
        for (size_t i = 0; i < n / 2; i++)
            tree_node_hash(&hashes[2 * i], &hashes[2 * i + 1], &hashes[i]);
    *ret_root = hashes[0];
}

/* The largest power of two below n, as its exponent; n >= 2. */
static unsigned split_level(uint64_t n)
{
    return 63U - (unsigned)__builtin_clzll(n - 1);
}

/* MTH(D[begin:end]) where begin is a multiple of a power of two that is at least end - begin: the complete
 * subtrees from the right end are folded leftwards. */
static enum road_status range_hash(const struct tree_reader *reader, uint64_t begin, uint64_t end,
                                   struct tree_hash *ret_hash)
{
    struct tree_hash hash, left;
    const uint64_t size = end - begin;
    bool is_started = false;

    for (unsigned level = 0; level <= TREE_LEVEL_MAX && size >> level; level++) {
        if (!(size >> level & 1))
            continue;
        /* The subtree for this bit starts behind all subtrees of higher bits. */
        const uint64_t start = begin + (((size >> level) - 1) << level);
        enum road_status status = reader->read(reader->context, level, start >> level, &left);
        if (status)
            return status;
        if (is_started)
            tree_node_hash(&left, &hash, &hash);
        else
            hash = left;
        is_started = true;
    }
    *ret_hash = hash;
    return ROAD_OK;
}

static void proof_push(struct tree_proof *proof, const struct tree_hash *hash)
{
    assert(proof->n < TREE_PROOF_MAX);
    proof->hashes[proof->n++] = *hash;
}

static void proof_reverse(struct tree_proof *proof)
{
    for (size_t i = 0; i < proof->n / 2; i++) {
        const struct tree_hash swapped = proof->hashes[i];
        proof->hashes[i] = proof->hashes[proof->n - 1 - i];
        proof->hashes[proof->n - 1 - i] = swapped;
    }
}

/* PATH(m, D[n]) from the root downwards, then turned round: the leaf's sibling comes first. */
enum road_status tree_inclusion_prove(const struct tree_reader *reader, uint64_t index, uint64_t size,
                                      struct tree_proof *ret_proof)
{
    struct tree_proof proof = {.n = 0};
    struct tree_hash hash;
    uint64_t begin = 0, end = size;

    if (index >= size)
        return ROAD_BAD_RANGE;
    while (end - begin > 1) {
        const uint64_t middle = begin + (UINT64_C(1) << split_level(end - begin));
        const bool is_left = index < middle;
        enum road_status status =
            is_left ? range_hash(reader, middle, end, &hash) : range_hash(reader, begin, middle, &hash);
        if (status)
            return status;
        proof_push(&proof, &hash);
        *(is_left ? &end : &begin) = middle;
    }
    proof_reverse(&proof);
    *ret_proof = proof;
    return ROAD_OK;
}

/* SUBPROOF(m, D[n], b) of RFC 9162 section 2.1.4.1, from the root downwards, then turned round. */
enum road_status tree_consistency_prove(const struct tree_reader *reader, uint64_t old_size,
                                        uint64_t new_size, struct tree_proof *ret_proof)
{
    struct tree_proof proof = {.n = 0};
    struct tree_hash hash;
    uint64_t begin = 0, end = new_size;
    enum road_status status = ROAD_OK;

    if (old_size == 0 || old_size > new_size)
        return ROAD_BAD_RANGE;
    while (end != old_size) {
        const uint64_t middle = begin + (UINT64_C(1) << split_level(end - begin));
        const bool is_left = old_size <= middle;
        status = is_left ? range_hash(reader, middle, end, &hash) : range_hash(reader, begin, middle, &hash);
        if (status)
            return status;
        proof_push(&proof, &hash);
        *(is_left ? &end : &begin) = middle;
    }
    if (begin != 0) { /* the old tree's last subtree is not the whole old tree: its hash is not known yet */
        if ((status = range_hash(reader, begin, end, &hash)) != ROAD_OK)
            return status;
        proof_push(&proof, &hash);
    }
    proof_reverse(&proof);
    *ret_proof = proof;
    return ROAD_OK;
}

enum road_status tree_inclusion_check(uint64_t index, uint64_t size, const struct tree_hash *leaf,
                                      const struct tree_proof *proof, const struct tree_hash *root)
{
    uint64_t fn = index, sn = size - 1;
    struct tree_hash r = *leaf;

    if (index >= size)
        return ROAD_BAD_SIGNATURE;
    for (size_t i = 0; i < proof->n; i++) {
        if (sn == 0)
            return ROAD_BAD_SIGNATURE;
        if (fn & 1 || fn == sn) {
            tree_node_hash(&proof->hashes[i], &r, &r);
            while (!(fn & 1) && fn != 0)
                fn >>= 1, sn >>= 1;
        } else {
            tree_node_hash(&r, &proof->hashes[i], &r);
        }
        fn >>= 1, sn >>= 1;
    }
    return sn == 0 && tree_hash_is_equal(&r, root) ? ROAD_OK : ROAD_BAD_SIGNATURE;
}

/* The loop of RFC 9162 section 2.1.4.2 over a path that begins with `first`. */
static enum road_status consistency_walk(uint64_t fn, uint64_t sn, const struct tree_hash *first,
                                         const struct tree_hash *path, size_t n,
                                         const struct tree_hash *old_root, const struct tree_hash *new_root)
{
    struct tree_hash fr = *first, sr = *first;

    for (; fn & 1; fn >>= 1)
        sn >>= 1;
    for (size_t i = 0; i < n; i++) {
        if (sn == 0)
            return ROAD_BAD_SIGNATURE;
        if (fn & 1 || fn == sn) {
            tree_node_hash(&path[i], &fr, &fr);
            tree_node_hash(&path[i], &sr, &sr);
            while (!(fn & 1) && fn != 0)
                fn >>= 1, sn >>= 1;
        } else {
            tree_node_hash(&sr, &path[i], &sr);
        }
        fn >>= 1, sn >>= 1;
    }
    return sn == 0 && tree_hash_is_equal(&fr, old_root) && tree_hash_is_equal(&sr, new_root)
               ? ROAD_OK
               : ROAD_BAD_SIGNATURE;
}

enum road_status tree_consistency_check(uint64_t old_size, const struct tree_hash *old_root,
                                        uint64_t new_size, const struct tree_hash *new_root,
                                        const struct tree_proof *proof)
{
    const struct tree_frontier empty = {.size = 0};
    struct tree_hash empty_root;

    if (old_size > new_size)
        return ROAD_BAD_SIGNATURE;
    if (old_size == new_size)
        return proof->n == 0 && tree_hash_is_equal(old_root, new_root) ? ROAD_OK : ROAD_BAD_SIGNATURE;
    if (old_size == 0) {
        tree_root(&empty, &empty_root);
        return proof->n == 0 && tree_hash_is_equal(old_root, &empty_root) ? ROAD_OK : ROAD_BAD_SIGNATURE;
    }
    if (proof->n == 0)
        return ROAD_BAD_SIGNATURE;
    /* A power of two: the old root is itself a node of the new tree and is left out of the proof. */
    const bool is_power = (old_size & (old_size - 1)) == 0;
    return consistency_walk(old_size - 1, new_size - 1, is_power ? old_root : &proof->hashes[0],
                            proof->hashes + !is_power, proof->n - !is_power, old_root, new_root);
}
