/* bulk.h - the ways of bulk.c for one processor or another. Inner header of the room. */
#ifndef GRID_BULK_H
#define GRID_BULK_H

#include "grid/cell.h"

/* A zone as the loops need it. */
struct bulk_frame {
    struct grid_zone zone;
    double meridian_deg; /* -177..180 */
    double sign;         /* of the latitudes of its hemisphere */
    double false_northing_m;
    uint64_t zone_bits;
};

/* One point; false, and id 0, if it is refused. */
bool bulk_one(const struct bulk_frame *frame, double lat_deg, double lon_deg, struct cell *ret_cell);

/* Eight points at a time with AVX-512; only where bulk_has_avx512 says so. Returns how many were refused. */
bool bulk_has_avx512(void);
size_t bulk_avx512(const struct bulk_frame *frame, const double *lat_deg, const double *lon_deg, size_t n,
                   struct cell *ret_cells);
/* The same by whatever the compiler makes of plain loops. */
size_t bulk_plain(const struct bulk_frame *frame, const double *lat_deg, const double *lon_deg, size_t n,
                  struct cell *ret_cells);

#endif
