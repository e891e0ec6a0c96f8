/* bulk_avx512.c - eight points at a time: one pass from degrees to ids, nothing kept in between.
 *
 * The coefficients of eight neighbouring bands (2 degrees of latitude) are laid out by term, so that each
 * lane picks its band's with one permutation; the window moves with the points. Points out of the window or
 * that the band polynomials do not answer go one by one. All rounding steps are those of band.h and
 * rounding.h, in their order:
 *
 *     millimetres: floor(x + 0.5) = rounded(x) for x >= 0.5: the sum is exact, or lies within 0.5 over a
 * power of two metres: n / 1000 = ((n / 8) * 274877907) >> 35 for n < 2^34; 274877907 * 125 = 2^35 + 7, and 7
 * * 2^31 < 2^35 bits apart: nibbles to bytes (multishift, which takes them above bit 35), each through a
 * table of 16 (shuffle)
 *
 * Where a product is exact (by 2, by a sign), it is fused with the sum behind it: the bits are the same.
 * Tried and not faster: two groups side by side; the points of one band moved together, so that its
 * coefficients need no permutation. */
#include "grid/bulk.h"

#if defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

#include "grid/band.h"

#define AVX512 __attribute__((target("avx512f,avx512dq,avx512bw,avx512vbmi")))
#define LANES  8
#define EAST   (sizeof((struct band *)0)->east / sizeof(double))
#define NORTH  (sizeof((struct band *)0)->north / sizeof(double))

/* Eight bands by term, band b in lane b % 8, and the zone's numbers in all lanes: local, so that storing ids
 * does not make them be read again. */
struct window {
    double terms[EAST + NORTH][LANES] __attribute__((aligned(64)));
    __m512d meridian, quarters_per_degree, sign, false_northing;
    __m512i zone, first;
};

bool bulk_has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi");
}

AVX512 static void window_move(struct window *window, int first)
{
    first = first < 0 ? 0 : first > BANDS - LANES ? BANDS - LANES : first;
    window->first = _mm512_set1_epi64(first);
    for (int lane = 0; lane < LANES; lane++) {
        for (size_t k = 0; k < EAST; k++)
            window->terms[k][(first + lane) % LANES] = bands[first + lane].east[k];
        for (size_t k = 0; k < NORTH; k++)
            window->terms[EAST + k][(first + lane) % LANES] = bands[first + lane].north[k];
    }
}

AVX512 static void window_open(struct window *window, const struct bulk_frame *frame)
{
    window->meridian = _mm512_set1_pd(frame->meridian_deg);
    window->quarters_per_degree = _mm512_set1_pd(frame->sign * BANDS_PER_DEGREE);
    window->sign = _mm512_set1_pd(frame->sign);
    window->false_northing = _mm512_set1_pd(frame->false_northing_m);
    window->zone = _mm512_set1_epi64((int64_t)(frame->zone_bits | 1));
    window_move(window, 0);
}

AVX512 static inline __m512d term(const struct window *window, __m512i band, size_t k)
{
    return _mm512_permutexvar_pd(band, _mm512_load_pd(window->terms[k]));
}

/* a + x * b, in two roundings. */
AVX512 static inline __m512d next(__m512d a, __m512d x, __m512d b)
{
    return _mm512_add_pd(a, _mm512_mul_pd(x, b));
}

AVX512 static inline __m512d band_east8(const struct window *w, __m512i band, __m512d t, __m512d s, __m512d q)
{
    const __m512d e0 = next(
        term(w, band, 0), t,
        next(term(w, band, 1), t, next(term(w, band, 2), t, next(term(w, band, 3), t, term(w, band, 4)))));
    const __m512d e1 =
        next(term(w, band, 5), t, next(term(w, band, 6), t, next(term(w, band, 7), t, term(w, band, 8))));
    const __m512d e2 = next(term(w, band, 9), t, next(term(w, band, 10), t, term(w, band, 11)));

    return _mm512_mul_pd(s, next(e0, q, next(e1, q, next(e2, q, term(w, band, 12)))));
}

AVX512 static inline __m512d band_north8(const struct window *w, __m512i band, __m512d t, __m512d q)
{
    const size_t o = EAST;
    const __m512d n0 =
        next(term(w, band, o), t,
             next(term(w, band, o + 1), t,
                  next(term(w, band, o + 2), t, next(term(w, band, o + 3), t, term(w, band, o + 4)))));
    const __m512d n1 =
        next(term(w, band, o + 5), t,
             next(term(w, band, o + 6), t, next(term(w, band, o + 7), t, term(w, band, o + 8))));
    const __m512d n2 = next(term(w, band, o + 9), t, next(term(w, band, o + 10), t, term(w, band, o + 11)));
    const __m512d n3 = next(term(w, band, o + 12), t, term(w, band, o + 13));

    return next(n0, q, next(n1, q, next(n2, q, n3)));
}

/* Metres << 35; an eighth of everything is exact. */
AVX512 static inline __m512i metre_of8(__m512d metres)
{
    const __m512d eighths =
        _mm512_add_pd(_mm512_mul_pd(metres, _mm512_set1_pd(1000.0 / 8)), _mm512_set1_pd(0.5 / 8));

    return _mm512_mul_epu32(_mm512_cvttpd_epi64(eighths), _mm512_set1_epi64(274877907));
}

/* Bits of the lower five nibbles of metres << 35 through the table, the sixth as it is behind them. */
AVX512 static inline __m512i spread8(__m512i metres, __m512i table)
{
    const __m512i from = _mm512_set1_epi64(0x000037332F2B2723); /* bits 35, 39, 43, 47, 51, 55 */
    const __m512i nibbles =
        _mm512_and_si512(_mm512_multishift_epi64_epi8(from, metres), _mm512_set1_epi64(0x00000F0F0F0F0F0F));

    return _mm512_mask_shuffle_epi8(nibbles, 0xDFDFDFDFDFDFDFDF, table, nibbles);
}

/* Ids of the lanes whose point the window answers; the others' are not to be used. */
AVX512 static inline __mmask8 eight(const struct window *window, __m512d lat, __m512d lon,
                                    struct cell ret_cells[LANES])
{
    const __m512d one = _mm512_set1_pd(1);
    const __m512d from = _mm512_sub_pd(lon, window->meridian);
    const __m512d quarters = _mm512_mul_pd(lat, window->quarters_per_degree);
    const __m512i band = _mm512_cvt_roundpd_epi64(quarters, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
    const __m512d t =
        _mm512_fmsub_pd(_mm512_set1_pd(2), _mm512_sub_pd(quarters, _mm512_cvtepi64_pd(band)), one);
    const __m512d s = _mm512_mul_pd(from, _mm512_set1_pd(1.0 / BAND_HALF_WIDTH_DEG)), q = _mm512_mul_pd(s, s);
    const __m512d east = band_east8(window, band, t, s, q), north = band_north8(window, band, t, q);
    const __m512i column = metre_of8(_mm512_add_pd(east, _mm512_set1_pd(GRID_FALSE_EASTING_M)));
    const __m512i row = metre_of8(_mm512_fmadd_pd(window->sign, north, window->false_northing));
    const __m512i odd = _mm512_broadcast_i32x4(
        _mm_setr_epi8(0, 2, 8, 10, 32, 34, 40, 42, -128, -126, -120, -118, -96, -94, -88, -86));
    const __m512i rows = spread8(row, odd);

    /* id: columns on the odd bits, rows on the even ones from 2 on, the sentinel, the zone. */
    _mm512_storeu_si512(
        ret_cells,
        _mm512_ternarylogic_epi64(spread8(column, odd), _mm512_add_epi64(rows, rows), window->zone, 0xFE));
    /* What is not a number, or below latitude 0, is out of any window. */
    return _mm512_cmplt_epu64_mask(_mm512_sub_epi64(band, window->first), _mm512_set1_epi64(LANES)) &
           _mm512_cmp_pd_mask(q, one, _CMP_LE_OQ);
}

/* Some of eight points lie out of the window: it moves to the first of them, and what it still does not
 * answer goes one by one. Returns how many were refused. */
AVX512 static size_t eight_apart(const struct bulk_frame *frame, struct window *window, const double *lat_deg,
                                 const double *lon_deg, __mmask8 done, struct cell *ret_cells)
{
    const int lane = __builtin_ctz(~(unsigned)done);
    const double quarters = lat_deg[lane] * frame->sign * BANDS_PER_DEGREE;
    size_t refused = 0;

    if (quarters >= 0 && quarters < BANDS) {
        window_move(window, (int)quarters - LANES / 2);
        done = eight(window, _mm512_loadu_pd(lat_deg), _mm512_loadu_pd(lon_deg), ret_cells);
    }
    for (int i = 0; i < LANES; i++)
        if (!(done >> i & 1))
            refused += !bulk_one(frame, lat_deg[i], lon_deg[i], &ret_cells[i]);
    return refused;
}

AVX512 size_t bulk_avx512(const struct bulk_frame *frame, const double *lat_deg, const double *lon_deg,
                          size_t n, struct cell *ret_cells)
{
    struct window window;
    size_t at = 0, refused = 0;

    window_open(&window, frame);
    for (; at + LANES <= n; at += LANES) {
        const __mmask8 done =
            eight(&window, _mm512_loadu_pd(lat_deg + at), _mm512_loadu_pd(lon_deg + at), ret_cells + at);
        if (done != 0xFF)
            refused += eight_apart(frame, &window, lat_deg + at, lon_deg + at, done, ret_cells + at);
    }
    for (; at < n; at++)
        refused += !bulk_one(frame, lat_deg[at], lon_deg[at], &ret_cells[at]);
    return refused;
}

#else

bool bulk_has_avx512(void)
{
    return false;
}

size_t bulk_avx512(const struct bulk_frame *frame, const double *lat_deg, const double *lon_deg, size_t n,
                   struct cell *ret_cells)
{
    return bulk_plain(frame, lat_deg, lon_deg, n, ret_cells);
}

#endif
