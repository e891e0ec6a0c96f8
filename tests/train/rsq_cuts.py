#!/usr/bin/env python3
"""rsq_cuts.py - where good ends and bad begins: the cuts of tests/evaluate/rsq.c, and how well cuts hold.

    ./roadchief evaluate rsq --data ../shared/data/rsq-gyor-100hz --predictions rsq.csv
    tests/train/rsq_cuts.py rsq.csv

A cut is the middle of where the fewest windows of two neighbouring ratings fall on the wrong side, counted over a range of
7 % on both sides so that single windows do not decide. There is one drive of each rating, so no drive can be left out;
instead each half, and each quarter, of every drive is judged by cuts from the rest."""
import csv, sys
import numpy as np

GRID = np.geomspace(0.3, 12, 600)  # steps of 0.6 %


def wrong(low, high):
    e = np.array([(low >= c).sum() + (high < c).sum() for c in GRID], float)
    return np.convolve(np.pad(e, 11, 'edge'), np.ones(23) / 23, 'valid')


def cuts_of(x):
    e = [wrong(x[0], x[1]), wrong(x[1], x[2])]
    return [GRID[v == v.min()].mean() for v in e]


def right(x, cuts):
    return (x[0] < cuts[0]).sum() + ((x[1] >= cuts[0]) & (x[1] < cuts[1])).sum() + (x[2] >= cuts[1]).sum()


rows = list(csv.DictReader(open(sys.argv[1])))
x = [np.array([float(r['index']) for r in rows if r['drive'].startswith(f'q{q}')]) for q in (1, 2, 3)]
n, cuts = sum(map(len, x)), cuts_of(x)
print(f'cuts {cuts[0]:.2f} {cuts[1]:.2f}, of the windows they were chosen on right: {right(x, cuts) / n:.3f}')
for parts in (2, 4):
    hits = 0
    for k in range(parts):
        split = [np.array_split(v, parts) for v in x]
        rest = [np.concatenate(s[:k] + s[k + 1:]) for s in split]
        hits += right([s[k] for s in split], cuts_of(rest))
    print(f'{parts} parts of each drive, each judged by cuts from the others: {hits / n:.3f}')
