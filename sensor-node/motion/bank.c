#include "sensor-node/motion/bank.h"

#include <math.h>
#include <string.h>

#include "grid/catalogue.h"
#include "sensor-node/motion/biquad.h"
#include "sensor-node/motion/resample.h"

/* Sizes in mm; lengths and heights follow the cases of the domain figures, section 3. */
struct family {
    int type;
    enum shape_kind kind;
    double length_m, wave_m;
    int sign;
    bool is_one_sided;
    double prior; /* of the whole family */
    double sizes_mm[5];
};
static const struct family families[] = {
    {DEFECT_POTHOLE, SHAPE_BOX, 0.40, 0, -1, true, 0.20, {15, 25, 40, 60, 85}},
    {DEFECT_POTHOLE, SHAPE_BOX, 0.55, 0, -1, true, 0.20, {20, 35, 50, 70, 95}},
    {DEFECT_MANHOLE_LEVEL, SHAPE_BOX, 0.70, 0, -1, true, 0.08, {8, 15, 25, 40}},
    {DEFECT_MANHOLE_LEVEL, SHAPE_BOX, 0.70, 0, 1, true, 0.08, {8, 14, 22, 35}},
    {DEFECT_PATCH_FAILURE, SHAPE_BOX, 2.0, 0, 1, true, 0.05, {8, 15, 30}},
    {DEFECT_JOINT_FAULT, SHAPE_STEP, 0, 0, 1, false, 0.05, {6, 12, 20, 30}},
    {DEFECT_JOINT_FAULT, SHAPE_STEP, 0, 0, -1, false, 0.05, {6, 12, 20, 30}},
    {DEFECT_SUBSIDENCE, SHAPE_DIP, 4.0, 0, -1, false, 0.05, {20, 35, 60}},
    {DEFECT_SUBSIDENCE, SHAPE_DIP, 6.0, 0, -1, false, 0.05, {30, 55, 90}},
    {DEFECT_SHOVING, SHAPE_WAVES, 4.5, 0.75, 1, false, 0.03, {15, 30, 50}},
    {DEFECT_SHOVING, SHAPE_WAVES, 4.5, 0.50, 1, false, 0.03, {15, 30}},
    {DEFECT_SHOVING, SHAPE_WAVES, 5.0, 1.00, 1, false, 0.03, {15, 30}},
    {DEFECT_NONE, SHAPE_BUMP, 0.35, 0, 1, false, 0.05, {30, 50, 75}},
    {DEFECT_NONE, SHAPE_TABLE, 3.7, 0, 1, false, 0.05, {50, 75, 100}},
};

static void add_family(struct bank *bank, const struct family *f)
{
    int count = 0;

    while (count < 5 && f->sizes_mm[count] > 0)
        count++;
    for (int i = 0; i < count && bank->n < BANK_ENTRIES_MAX; i++) {
        struct bank_entry *e = &bank->entries[bank->n];
        *e = (struct bank_entry){.type = f->type,
                                 .feature = f->type != DEFECT_NONE     ? FEATURE_NONE
                                            : f->kind == SHAPE_BUMP ? FEATURE_SPEED_BUMP
                                                                    : FEATURE_SPEED_HUMP,
                                 .size = f->sizes_mm[i],
                                 .is_one_sided = f->is_one_sided,
                                 .prior = f->prior / count};
        e->shape = (struct shape){f->kind, f->length_m, f->sign * f->sizes_mm[i] / 1000, f->wave_m};
        shape_path_make(&e->shape, &bank->paths[bank->n++]);
    }
}

void bank_init(struct bank *bank, double imu_x_m, double wheelbase_m)
{
    memset(bank, 0, sizeof *bank);
    bank->wheelbase_m = wheelbase_m;
    bank->rear_share = fmin(1, fmax(0, -imu_x_m / wheelbase_m));
    bank->front_share = 1 - bank->rear_share;
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        add_family(bank, &families[i]);
}

double bank_axle_ticks(const struct bank *bank, double speed_mps)
{
    return bank->wheelbase_m / speed_mps / TICK_S;
}

static void filter(float *x, int n)
{
    struct biquad high, low;

    biquad_high_pass(&high, BANK_HIGH_PASS_HZ, TICK_HZ);
    biquad_low_pass(&low, BANK_LOW_PASS_HZ, TICK_HZ);
    for (int i = 0; i < n; i++)
        x[i] = (float)biquad_step(&low, biquad_step(&high, x[i]));
}

int bank_template(const struct bank *bank, int entry, double speed_mps, float ret_felt_mps2[BANK_TICKS])
{
    const struct bank_entry *e = &bank->entries[entry];
    const double late = bank_axle_ticks(bank, speed_mps), side = e->is_one_sided ? 0.5 : 1;
    const int whole = (int)late;
    const float part = (float)(late - whole);
    float axle[BANK_SINGLE];

    if (e->shape.length_m / 2 > speed_mps * (BANK_ZERO - 5) * TICK_S || BANK_SINGLE + whole + 1 > BANK_TICKS)
        return 0;
    quarter_car_response(&bank->paths[entry], speed_mps, BANK_ZERO, axle, BANK_SINGLE);
    const int n = BANK_SINGLE + whole + 1;
    for (int i = 0; i < n; i++) {
        const int j = i - whole;
        const float front = i < BANK_SINGLE ? axle[i] : 0;
        const float near = j >= 0 && j < BANK_SINGLE ? axle[j] : 0, far = j >= 1 ? axle[j - 1] : 0;
        const float rear = (1 - part) * near + part * far;
        ret_felt_mps2[i] =
            (float)(side * (bank->front_share * (double)front + bank->rear_share * (double)rear));
    }
    filter(ret_felt_mps2, n);
    return n;
}
