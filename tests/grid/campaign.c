#include "tests/grid/campaign.h"

#include <math.h>
#include <stdbool.h>

#include "grid/cell.h"
#include "grid/krueger.h"

#define ONE     1.0L
#define RADIAN  (3.14159265358979323846264338327950288L / 180)
#define TERMS   6
#define NEAR_MM 1e-3L

/* What depends on the latitude only, and on the longitude only. */
struct parallel {
    double lat_deg;
    long double tangent; /* of the conformal latitude */
};
struct meridian {
    double lon_deg;
    long double sine, cosine; /* of the longitude from the zone's meridian */
};

static long double radius_m, eccentricity, alpha[TERMS];

static void constants_init(void)
{
    const long double n = KRUEGER_THIRD_FLATTENING(ONE), f = 1e9L / KRUEGER_INVERSE_FLATTENING_E9;
    const long double series[TERMS] = KRUEGER_ALPHA(n, ONE);

    if (radius_m != 0)
        return;
    for (int j = 0; j < TERMS; j++)
        alpha[j] = series[j];
    eccentricity = sqrtl(f * (2 - f));
    radius_m = KRUEGER_SEMI_MAJOR_M * KRUEGER_RADIUS(n, ONE);
}

/* Karney 2011, equations 7 to 9. */
static struct parallel parallel_of(double lat_deg)
{
    const long double tau = tanl(lat_deg * RADIAN), secant = sqrtl(1 + tau * tau);
    const long double sigma = sinhl(eccentricity * atanhl(eccentricity * tau / secant));

    return (struct parallel){lat_deg, tau * sqrtl(1 + sigma * sigma) - sigma * secant};
}

static struct meridian meridian_of(struct grid_zone zone, double lon_deg)
{
    const long double meridian = zone.meridian_deg > 180 ? zone.meridian_deg - 360 : zone.meridian_deg;
    long double d = lon_deg - meridian;

    d = d > 180 ? d - 360 : d < -180 ? d + 360 : d;
    return (struct meridian){lon_deg, sinl(d * RADIAN), cosl(d * RADIAN)};
}

static void project(struct grid_zone zone, struct parallel at, struct meridian of, long double *ret_e_m,
                    long double *ret_n_m)
{
    const long double h = sqrtl(at.tangent * at.tangent + of.cosine * of.cosine), per_h = 1 / h;
    const long double sine = at.tangent * per_h, cosine = of.cosine * per_h, u = of.sine * per_h;
    const long double s = 2 * sine * cosine, k = 1 - 2 * sine * sine;    /* of 2 xi */
    const long double sh = 2 * u * sqrtl(1 + u * u), ch = 1 + 2 * u * u; /* of 2 eta */
    const long double ar = 2 * k * ch, ai = -2 * s * sh;                 /* 2 cos(2 xi + 2i eta) */
    long double b1r = 0, b1i = 0, b2r = 0, b2i = 0;

    for (int j = TERMS - 1; j >= 0; j--) { /* Clenshaw */
        const long double r = ar * b1r - ai * b1i - b2r + alpha[j], i = ar * b1i + ai * b1r - b2i;
        b2r = b1r, b2i = b1i;
        b1r = r, b1i = i;
    }
    const long double xi = atan2l(at.tangent, of.cosine) + s * ch * b1r - k * sh * b1i;
    const long double eta = asinhl(u) + s * ch * b1i + k * sh * b1r;
    *ret_e_m = radius_m * eta + 500000;
    *ret_n_m = radius_m * xi + (zone.is_south ? 10000000 : 0);
}

void campaign_oracle(struct grid_zone zone, double lat_deg, double lon_deg, long double *ret_e_m,
                     long double *ret_n_m)
{
    constants_init();
    project(zone, parallel_of(lat_deg), meridian_of(zone, lon_deg), ret_e_m, ret_n_m);
}

/* Uniform in 0..1, by splitmix64 (Steele, Lea, Flood 2014). */
static double uniform(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static bool is_near(long double metres)
{
    const long double mm = metres * 1000;

    return fabsl(mm - floorl(mm) - 0.5L) < NEAR_MM;
}

static int64_t whole_mm(long double metres)
{
    return llroundl(metres * 1000);
}

static void look_at(struct campaign *campaign, struct grid_zone zone, double lat, double lon, long double e,
                    long double n, bool is_wide, bool is_apart)
{
    struct grid_point point = {0, 0};
    double e_m = 0, n_m = 0;

    (void)grid_project(zone, lat, lon, &point);
    (void)grid_project_m(zone, lat, lon, &e_m, &n_m);
    campaign->looked_at++;
    campaign->other_mm += !is_apart && (point.e_mm != whole_mm(e) || point.n_mm != whole_mm(n));
    campaign->metres_off_max[is_wide] =
        fmaxl(campaign->metres_off_max[is_wide], fmaxl(fabsl(e_m - e), fabsl(n_m - n)));
}

static void compare(struct campaign *campaign, struct grid_zone zone, struct parallel at, struct meridian of,
                    struct cell got, bool is_wide)
{
    struct cell want = {0};
    long double e, n;

    project(zone, at, of, &e, &n);
    (void)cell_from_point(zone, (struct grid_point){whole_mm(e), whole_mm(n)}, 0,
                          &want); /* 0: beyond the frame */
    const bool is_apart = is_near(e) || is_near(n);
    campaign->near += is_apart;
    campaign->near_other_cell += is_apart && got.id != want.id;
    if (campaign->points++ % 16 == 0)
        look_at(campaign, zone, at.lat_deg, of.lon_deg, e, n, is_wide, is_apart);
    if (is_apart || got.id == want.id)
        return;
    campaign->other_cell++;
    campaign->example_lat = at.lat_deg;
    campaign->example_lon = of.lon_deg;
    campaign->example_zone = zone;
}

void campaign_block(struct campaign *campaign, uint64_t seed, uint64_t block)
{
    uint64_t state = seed * UINT64_C(0xD1342543DE82EF95) + block * UINT64_C(0x2545F4914F6CDD1D);
    const struct grid_zone zone = {3 * (int)(120 * uniform(&state)), uniform(&state) < 0.5};
    const bool is_wide = block % 16 == 0;
    const double half_width = is_wide ? 4.4 : 2, middle = -0.7 + 84.5 * uniform(&state);
    struct parallel parallels[CAMPAIGN_SIDE];
    struct meridian meridians[CAMPAIGN_SIDE];
    double lat[CAMPAIGN_BLOCK], lon[CAMPAIGN_BLOCK];
    struct cell cells[CAMPAIGN_BLOCK];

    constants_init();
    for (int i = 0; i < CAMPAIGN_SIDE; i++) {
        const double northern = fmin(middle - 0.2 + 0.4 * uniform(&state), 84);
        const double from = half_width * (2 * uniform(&state) - 1);
        double lon_deg = zone.meridian_deg + from;
        lon_deg = lon_deg > 180 ? lon_deg - 360 : lon_deg;
        parallels[i] = parallel_of(zone.is_south ? -northern : northern);
        meridians[i] = meridian_of(zone, lon_deg);
    }
    for (int k = 0; k < CAMPAIGN_BLOCK; k++) {
        lat[k] = parallels[k / CAMPAIGN_SIDE].lat_deg;
        lon[k] = meridians[k % CAMPAIGN_SIDE].lon_deg;
    }
    (void)cells_from_degrees(zone, lat, lon, CAMPAIGN_BLOCK, cells);
    for (int k = 0; k < CAMPAIGN_BLOCK; k++)
        compare(campaign, zone, parallels[k / CAMPAIGN_SIDE], meridians[k % CAMPAIGN_SIDE], cells[k],
                is_wide);
}
