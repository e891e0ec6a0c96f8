#!/usr/bin/env python3
"""coarse.py - what a jolt at 5 Hz is worth: confidence from its energy, and from where on to stand by it.

    ninja -C build/release coarse_peaks
    tests/train/coarse.py build/release/bin/coarse_peaks ../shared/data/cmu-pothole-pittsburgh/events

Writes sensor-node/motion/coarse_table.h and tests/evaluate/cmu_known.h. The peaks are made by the detector's own code
(coarse_peaks.c). A press belongs to the strongest peak within 2 s that no other press has taken; a logistic regression on
ln(energy) says how likely a peak has one. Each drive is judged by a regression and a cut that have not seen it (by
drive), and the loop by the other roads and they by the loop (by loop)."""
import csv, math, subprocess, sys
import numpy as np
from sklearn.linear_model import LogisticRegression

TOLERANCE_S, MOVING_MPS = 2.0, 1.5
LOOPS = [['r1', 'r3', 'r4'], ['trip1', 'trip3', 'trip4']]
NAMES = sum(LOOPS, [])
FLOOR = 0.08  # told to the gateway: below this one peak in twelve or fewer has a press


class Drive:
    def __init__(self, name, folder, peaks):
        rows = list(csv.DictReader(open(f'{folder}/{name}_sensors.csv')))
        t = np.array([float(r['timestamp']) for r in rows])
        v = np.array([float(r['speed']) for r in rows])
        self.name, self.first_fix_s = name, peaks[0][2]
        self.presses = sorted(float(r['timestamp']) for r in csv.DictReader(open(f'{folder}/{name}_potholes.csv')))
        keep = [p for p in peaks if np.interp(p[0], t, v) >= MOVING_MPS]
        self.t = np.array([p[0] for p in keep])
        self.x = np.log([p[1] for p in keep])
        self.y = self.labels()

    def labels(self):
        y = np.zeros(len(self.t), int)
        for press in self.presses:
            free = np.where((np.abs(self.t - press) <= TOLERANCE_S) & (y == 0))[0]
            if len(free):
                y[free[np.argmax(self.x[free])]] = 1
        return y

    def score(self, cut):
        """Hits, predictions, presses for peaks of ln(energy) >= cut."""
        t, i, k, hits = self.t[self.x >= cut], 0, 0, 0
        while i < len(t) and k < len(self.presses):
            if t[i] < self.presses[k] - TOLERANCE_S - 1e-6:
                i += 1
            elif t[i] > self.presses[k] + TOLERANCE_S + 1e-6:
                k += 1
            else:
                hits, i, k = hits + 1, i + 1, k + 1
        return np.array([hits, len(t), len(self.presses)])


def f1(s):
    return 2 * s[0] / (s[1] + s[2])


def best_cut(drives):
    """The middle of the plateau: F1 averaged over 15 neighbouring cuts of a fine grid."""
    grid = np.linspace(-0.5, 2.5, 301)
    f = np.array([f1(sum(d.score(c) for d in drives)) for c in grid])
    return grid[np.argmax(np.convolve(f, np.ones(15) / 15, 'same'))]


def left_out(drives, groups):
    total = 0
    for group in groups:
        cut = best_cut([d for d in drives if d.name not in group])
        for d in drives:
            if d.name in group:
                total = total + d.score(cut)
                print(f'  {d.name}: cut {cut:.2f}, hits, predicted, presses {d.score(cut)}')
    return f1(total)


def fit(drives):
    x, y = np.concatenate([d.x for d in drives]), np.concatenate([d.y for d in drives])
    m = LogisticRegression(C=100).fit(x[:, None], y)
    return m.intercept_[0], m.coef_[0, 0]


def print_calibration(drives):
    """Confidence of each drive from the others, against what came true."""
    p, y = [], []
    for d in drives:
        bias, slope = fit([o for o in drives if o is not d])
        p.append(1 / (1 + np.exp(-bias - slope * d.x)))
        y.append(d.y)
    p, y = np.concatenate(p), np.concatenate(y)
    for low, high in [(.02, .05), (.05, .1), (.1, .2), (.2, .35), (.35, .5), (.5, .7), (.7, 1)]:
        s = (p >= low) & (p < high)
        print(f'  confidence {low:.2f} to {high:.2f}: {s.sum()} peaks, mean {p[s].mean():.3f}, pressed {y[s].mean():.3f}')


def main():
    program, folder = sys.argv[1:3]
    files = [f'{folder}/{n}_sensors.csv' for n in NAMES]
    peaks = {}
    for r in csv.DictReader(subprocess.run([program] + files, check=True, capture_output=True, text=True).stdout.split()):
        peaks.setdefault(r['drive'], []).append([float(r[k]) for k in ('time_s', 'energy_mps2', 'first_fix_s')])
    drives = [Drive(n, folder, peaks[n]) for n in NAMES]
    print('left out by drive:')
    by_drive = left_out(drives, [[n] for n in NAMES])
    print('left out by loop:')
    by_loop = left_out(drives, LOOPS)
    bias, slope = fit(drives)
    cut = best_cut(drives)
    stand = 1 / (1 + math.exp(-bias - slope * cut))
    print(f'F1 by drive {by_drive:.3f}, by loop {by_loop:.3f}, of all with the cut of all {f1(sum(d.score(cut) for d in drives)):.3f}')
    print(f'bias {bias:.4f} slope {slope:.4f} cut {math.exp(cut):.3f} m/s2 = confidence {stand:.3f}')
    print_calibration(drives)
    open('sensor-node/motion/coarse_table.h', 'w').write(f'''/* coarse_table.h - what training has learnt for coarse.h: made by tests/train/coarse.py, do not edit.
 *
 * Logistic regression of "a press belongs to this peak" on ln(energy in m/s2), from the six labelled drives of
 * cmu-pothole-pittsburgh. */
#ifndef MOTION_COARSE_TABLE_H
#define MOTION_COARSE_TABLE_H

#define COARSE_BIAS             ({bias:.4f})
#define COARSE_SLOPE            {slope:.4f}
#define COARSE_FLOOR_CONFIDENCE {FLOOR} /* less likely ones are not told at all */

#endif
''')
    known = ', '.join(f'{d.first_fix_s:.1f}' for d in drives)
    open('tests/evaluate/cmu_known.h', 'w').write(f'''/* cmu_known.h - the drives that the coarse detector was trained on, from which confidence on it stands by a detection, and
 * how it did on drives left out. Made by tests/train/coarse.py, do not edit. */
#ifndef EVALUATE_CMU_KNOWN_H
#define EVALUATE_CMU_KNOWN_H

#include <stddef.h>

static const double cmu_known_first_fix_s[] = {{{known}}};
static const size_t cmu_known_count = sizeof cmu_known_first_fix_s / sizeof *cmu_known_first_fix_s;

#define CMU_STAND_CONFIDENCE {stand:.3f} /* greatest F1 of single drives */
#define CMU_CHECKED_BY_DRIVE {by_drive:.3f}
#define CMU_CHECKED_BY_LOOP  {by_loop:.3f}

#endif
''')


main()
