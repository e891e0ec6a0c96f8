#include "sensor-node/position/matrix.h"

#include <math.h>
#include <string.h>

void matrix_multiply(double a[4][4], double b[4][4], double ret[4][4])
{
    double out[4][4];

    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            out[i][j] = a[i][0] * b[0][j] + a[i][1] * b[1][j] + a[i][2] * b[2][j] + a[i][3] * b[3][j];
    memcpy(ret, out, sizeof out);
}

void matrix_transpose(double a[4][4], double ret[4][4])
{
    double out[4][4];

    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 4; j++)
            out[i][j] = a[j][i];
    memcpy(ret, out, sizeof out);
}

void matrix_congruence(double c[4][4], double d[4][4], double ret[4][4])
{
    for (int i = 0; i < 4; i++) {
        double row[4];
        for (int j = 0; j < 4; j++)
            row[j] = c[i][0] * d[0][j] + c[i][1] * d[1][j] + c[i][2] * d[2][j] + c[i][3] * d[3][j];
        for (int j = 0; j <= i; j++)
            ret[i][j] = ret[j][i] = row[0] * c[j][0] + row[1] * c[j][1] + row[2] * c[j][2] + row[3] * c[j][3];
    }
}

/* Gauss-Jordan without pivoting, which a positive definite matrix does not need. */
void matrix_invert(double a[4][4], double ret[4][4])
{
    double m[4][8] = {{0}};

    for (int i = 0; i < 4; i++) {
        memcpy(m[i], a[i], sizeof a[i]);
        m[i][4 + i] = 1;
    }
    for (int i = 0; i < 4; i++) {
        const double pivot = m[i][i] > 1e-12 ? m[i][i] : 1e-12;
        for (int j = 0; j < 8; j++)
            m[i][j] /= pivot;
        for (int k = 0; k < 4; k++) {
            const double factor = k == i ? 0 : m[k][i];
            for (int j = 0; j < 8; j++)
                m[k][j] -= factor * m[i][j];
        }
    }
    for (int i = 0; i < 4; i++)
        memcpy(ret[i], &m[i][4], sizeof ret[i]);
}

void matrix_update(double x[4], double p[4][4], const double h[4], double z, double r)
{
    double ph[4], expected = 0, s = r;

    for (int i = 0; i < 4; i++) {
        ph[i] = p[i][0] * h[0] + p[i][1] * h[1] + p[i][2] * h[2] + p[i][3] * h[3];
        expected += h[i] * x[i];
    }
    for (int i = 0; i < 4; i++)
        s += h[i] * ph[i];
    for (int i = 0; i < 4; i++) {
        x[i] += ph[i] / s * (z - expected);
        for (int j = 0; j < 4; j++)
            p[i][j] -= ph[i] * ph[j] / s;
    }
}
