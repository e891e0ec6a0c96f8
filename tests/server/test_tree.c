/* The tree against the recursive definitions of RFC 6962 section 2.1, written here as they stand in the text
 * and hashed by OpenSSL's one-shot call. */
#include <openssl/sha.h>

#include "server/ledger/tree.h"
#include "tests/check.h"

#define LEAVES_MAX 600

static struct tree_hash leaves[LEAVES_MAX];

static void naive_node(const struct tree_hash *l, const struct tree_hash *r, struct tree_hash *ret)
{
    uint8_t bytes[65] = {0x01};

    memcpy(bytes + 1, l, 32);
    memcpy(bytes + 33, r, 32);
    SHA256(bytes, sizeof bytes, ret->bytes);
}

static size_t naive_split(size_t n)
{
    size_t k = 1;

    while (2 * k < n)
        k *= 2;
    return k;
}

static void naive_root(const struct tree_hash *d, size_t n, struct tree_hash *ret)
{
    struct tree_hash l, r;

    if (n == 0)
        SHA256((const uint8_t *)"", 0, ret->bytes);
    else if (n == 1)
        *ret = d[0];
    else {
        const size_t k = naive_split(n);
        naive_root(d, k, &l);
        naive_root(d + k, n - k, &r);
        naive_node(&l, &r, ret);
    }
}

static void naive_push(struct tree_proof *proof, const struct tree_hash *d, size_t n)
{
    naive_root(d, n, &proof->hashes[proof->n++]);
}

static void naive_path(size_t m, const struct tree_hash *d, size_t n, struct tree_proof *proof)
{
    if (n == 1)
        return;
    const size_t k = naive_split(n);
    if (m < k) {
        naive_path(m, d, k, proof);
        naive_push(proof, d + k, n - k);
    } else {
        naive_path(m - k, d + k, n - k, proof);
        naive_push(proof, d, k);
    }
}

static void naive_subproof(size_t m, const struct tree_hash *d, size_t n, bool is_whole,
                           struct tree_proof *proof)
{
    if (m == n) {
        if (!is_whole)
            naive_push(proof, d, n);
        return;
    }
    const size_t k = naive_split(n);
    if (m <= k) {
        naive_subproof(m, d, k, is_whole, proof);
        naive_push(proof, d + k, n - k);
    } else {
        naive_subproof(m - k, d + k, n - k, false, proof);
        naive_push(proof, d, k);
    }
}

static enum road_status read_leaves(void *context, unsigned level, uint64_t index, struct tree_hash *ret)
{
    (void)context;
    naive_root(leaves + (index << level), (size_t)1 << level, ret);
    return ROAD_OK;
}

static const struct tree_reader reader = {.read = read_leaves};

static void make_leaves(void)
{
    for (size_t i = 0; i < LEAVES_MAX; i++) {
        const uint8_t bytes[3] = {0x00, (uint8_t)(i >> 8), (uint8_t)i};
        SHA256(bytes, sizeof bytes, leaves[i].bytes);
    }
}

static bool is_same_proof(const struct tree_proof *a, const struct tree_proof *b)
{
    return a->n == b->n && memcmp(a->hashes, b->hashes, a->n * sizeof a->hashes[0]) == 0;
}

static void hex(const struct tree_hash *hash, char ret_text[65])
{
    for (int i = 0; i < 32; i++)
        snprintf(ret_text + 2 * i, 3, "%02x", hash->bytes[i]);
}

/* The eight leaves and roots of the ledger's reference page (those of RFC 6962's test data). */
FACT(known_roots_come_out)
{
    static const struct {
        const char *bytes;
        size_t length;
    } data[] = {{"", 0},         {"\x00", 1},
                {"\x10", 1},     {"\x20\x21", 2},
                {"\x30\x31", 2}, {"\x40\x41\x42\x43", 4},
                {"PQRSTUVW", 8}, {"`abcdefghijklmno", 16}};
    static const struct {
        size_t size;
        const char *root;
    } known[] = {
        {0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
        {2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
        {3, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
        {5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
        {7, "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
        {8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
    };
    struct tree_frontier frontier = {0};
    struct tree_hash leaf, root;
    char text[65];

    for (size_t i = 0, k = 0; i <= 8; i++) {
        if (k < sizeof known / sizeof known[0] && known[k].size == i) {
            tree_root(&frontier, &root);
            hex(&root, text);
            CHECK_STR(text, known[k++].root);
        }
        if (i < 8) {
            tree_leaf_hash(data[i].bytes, data[i].length, &leaf);
            tree_append(&frontier, &leaf, NULL);
        }
    }
}

FACT(roots_equal_the_recursive_definition_up_to_600_leaves)
{
    struct tree_frontier frontier = {0};
    struct tree_hash got, want;

    make_leaves();
    for (size_t n = 0; n <= LEAVES_MAX; n++) {
        tree_root(&frontier, &got);
        naive_root(leaves, n, &want);
        if (!tree_hash_is_equal(&got, &want))
            CHECK_FAILED("root of %zu leaves differs", n);
        if (n < LEAVES_MAX)
            tree_append(&frontier, &leaves[n], NULL);
    }
}

FACT(appending_gives_the_roots_of_the_subtrees_it_completes)
{
    struct tree_frontier frontier = {0};
    struct tree_hash completed[TREE_LEVEL_MAX + 1], want;

    make_leaves();
    for (size_t n = 1; n <= LEAVES_MAX; n++) {
        const unsigned top = tree_append(&frontier, &leaves[n - 1], completed);
        CHECK_INT(top, __builtin_ctzll(n));
        for (unsigned level = 0; level <= top; level++) {
            naive_root(leaves + n - ((size_t)1 << level), (size_t)1 << level, &want);
            CHECK(tree_hash_is_equal(&completed[level], &want));
        }
    }
}

FACT(inclusion_proofs_equal_the_definition_and_verify)
{
    make_leaves();
    for (size_t n = 1; n <= 130; n++) {
        struct tree_hash root;
        naive_root(leaves, n, &root);
        for (size_t m = 0; m < n; m++) {
            struct tree_proof proof, want = {0};
            CHECK_STATUS(tree_inclusion_prove(&reader, m, n, &proof), ROAD_OK);
            naive_path(m, leaves, n, &want);
            CHECK(is_same_proof(&proof, &want));
            CHECK_STATUS(tree_inclusion_check(m, n, &leaves[m], &proof, &root), ROAD_OK);
        }
    }
    struct tree_proof proof;
    CHECK_STATUS(tree_inclusion_prove(&reader, 5, 5, &proof), ROAD_BAD_RANGE);
}

FACT(a_changed_inclusion_proof_fails)
{
    make_leaves();
    for (size_t n = 1; n <= 40; n++) {
        struct tree_hash root;
        naive_root(leaves, n, &root);
        for (size_t m = 0; m < n; m++) {
            struct tree_proof proof, bad;
            tree_inclusion_prove(&reader, m, n, &proof);
            for (size_t i = 0; i < proof.n; i++) {
                bad = proof;
                bad.hashes[i].bytes[m % 32] ^= 1;
                CHECK_STATUS(tree_inclusion_check(m, n, &leaves[m], &bad, &root), ROAD_BAD_SIGNATURE);
            }
            CHECK_STATUS(tree_inclusion_check(m, n, &leaves[m + 1], &proof, &root), ROAD_BAD_SIGNATURE);
            bad = proof;
            bad.hashes[bad.n++] = root;
            CHECK_STATUS(tree_inclusion_check(m, n, &leaves[m], &bad, &root), ROAD_BAD_SIGNATURE);
            for (size_t other = 0; other < n; other++)
                if (other != m)
                    CHECK_STATUS(tree_inclusion_check(other, n, &leaves[m], &proof, &root),
                                 ROAD_BAD_SIGNATURE);
            CHECK_STATUS(tree_inclusion_check(n, n, &leaves[m], &proof, &root), ROAD_BAD_SIGNATURE);
            if (proof.n > 0) {
                proof.n--;
                CHECK_STATUS(tree_inclusion_check(m, n, &leaves[m], &proof, &root), ROAD_BAD_SIGNATURE);
            }
        }
    }
}

FACT(consistency_proofs_equal_the_definition_and_verify)
{
    make_leaves();
    for (size_t n = 1; n <= 130; n++) {
        struct tree_hash root, old_root;
        naive_root(leaves, n, &root);
        for (size_t m = 1; m <= n; m++) {
            struct tree_proof proof, want = {0};
            CHECK_STATUS(tree_consistency_prove(&reader, m, n, &proof), ROAD_OK);
            naive_subproof(m, leaves, n, true, &want);
            CHECK(is_same_proof(&proof, &want));
            naive_root(leaves, m, &old_root);
            CHECK_STATUS(tree_consistency_check(m, &old_root, n, &root, &proof), ROAD_OK);
        }
    }
    struct tree_proof proof;
    CHECK_STATUS(tree_consistency_prove(&reader, 0, 5, &proof), ROAD_BAD_RANGE);
    CHECK_STATUS(tree_consistency_prove(&reader, 6, 5, &proof), ROAD_BAD_RANGE);
}

FACT(a_changed_consistency_proof_fails)
{
    make_leaves();
    for (size_t n = 1; n <= 40; n++) {
        struct tree_hash root, old_root, other;
        naive_root(leaves, n, &root);
        for (size_t m = 1; m <= n; m++) {
            struct tree_proof proof, bad;
            tree_consistency_prove(&reader, m, n, &proof);
            naive_root(leaves, m, &old_root);
            for (size_t i = 0; i < proof.n; i++) {
                bad = proof;
                bad.hashes[i].bytes[n % 32] ^= 0x80;
                CHECK_STATUS(tree_consistency_check(m, &old_root, n, &root, &bad), ROAD_BAD_SIGNATURE);
            }
            bad = proof;
            bad.hashes[bad.n++] = root;
            CHECK_STATUS(tree_consistency_check(m, &old_root, n, &root, &bad), ROAD_BAD_SIGNATURE);
            other = old_root;
            other.bytes[0] ^= 1;
            CHECK_STATUS(tree_consistency_check(m, &other, n, &root, &proof), ROAD_BAD_SIGNATURE);
            other = root;
            other.bytes[31] ^= 1;
            CHECK_STATUS(tree_consistency_check(m, &old_root, n, &other, &proof), ROAD_BAD_SIGNATURE);
            if (m < n)
                CHECK_STATUS(tree_consistency_check(n, &root, m, &old_root, &proof), ROAD_BAD_SIGNATURE);
        }
    }
}

FACT(only_the_true_empty_tree_is_consistent_with_all)
{
    struct tree_hash empty, root;
    struct tree_proof proof = {0};

    make_leaves();
    naive_root(leaves, 0, &empty);
    naive_root(leaves, 7, &root);
    CHECK_STATUS(tree_consistency_check(0, &empty, 7, &root, &proof), ROAD_OK);
    CHECK_STATUS(tree_consistency_check(0, &root, 7, &root, &proof), ROAD_BAD_SIGNATURE);
    proof.n = 1;
    CHECK_STATUS(tree_consistency_check(0, &empty, 7, &root, &proof), ROAD_BAD_SIGNATURE);
}

int main(int argc, char **argv)
{
    return check_main(argc, argv);
}
