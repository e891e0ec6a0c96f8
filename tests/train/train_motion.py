#!/usr/bin/python3
"""Trains the motion classifier from the rows of motion_rows and writes sensor-node/motion/{type,size}_table.c.

    train_motion.py LEARN.f32 CALIBRATE.f32 [JUDGE.f32] [--out DIR]

LEARN teaches the trees. CALIBRATE (other seeds, about the density of real roads) sets confidence, floors and sigmas.
JUDGE (seeds from 1000) is only reported on. Same rows, same versions, same tables.
"""
import argparse
import os
import pickle
import sys

import numpy as np
import xgboost as xgb

LABELS = 11
CLASSES = ("nothing handling pothole subsidence shoving manhole_level manhole_cover joint_fault patch_failure speed_bump "
           "speed_hump joint rail manhole studs kerb").split()
SIZED = [2, 3, 4, 5, 6, 7, 8]  # classes with a size, in the order of the scores
DAMAGE = slice(2, 9)
DAMAGED = np.array([2 <= c <= 8 for c in range(len(CLASSES))])
KNOTS = 21
SPEEDS, SPEED_STEP = 8, 3.0
MISSING = np.float32(3e38)  # right of every threshold, as NAN goes in forest.c


def read(path):
    with open(path, "rb") as f:
        names = f.readline().decode().strip().split(",")
        x = np.fromfile(f, dtype=np.float32)
    x = x[: len(x) // len(names) * len(names)].reshape(-1, len(names))
    y = x[:, :LABELS]
    return y, np.where(np.isnan(x[:, LABELS:]), MISSING, x[:, LABELS:])


def rounded(value):
    return np.float32("%.5g" % value)


class Forest:
    """Trees as forest.h keeps them: left child next, right child `right` nodes on."""

    def __init__(self, classes):
        self.base, self.trees, self.nodes = [0.0] * classes, [], []

    def add(self, booster, of_class):
        """Every tree of an xgboost model; of_class(i) = the score that tree i adds to."""
        frame = booster.trees_to_dataframe()
        for i, tree in frame.groupby("Tree", sort=True):
            rows = {r.ID: r for r in tree.itertuples()}
            self.trees.append((len(self.nodes), of_class(i)))
            self._lay(rows, "%d-0" % i)

    def _lay(self, rows, name):
        row = rows[name]
        at = len(self.nodes)
        if row.Feature == "Leaf":
            self.nodes.append((0xFFFF, 0, rounded(row.Gain)))
            return
        # xgboost goes left below the border, forest.c up to it.
        border = rounded(np.nextafter(np.float32(row.Split), np.float32(-3e38)))
        self.nodes.append([int(row.Feature[1:]), 0, border])
        self._lay(rows, row.Yes)
        self.nodes[at][1] = len(self.nodes) - at
        self._lay(rows, row.No)

    def scores(self, x):
        out = np.tile(np.array(self.base, np.float32), (len(x), 1))
        feature = np.array([n[0] for n in self.nodes])
        right = np.array([n[1] for n in self.nodes])
        value = np.array([n[2] for n in self.nodes], np.float32)
        rows = np.arange(len(x))
        for root, c in self.trees:
            at = np.full(len(x), root)
            live = feature[at] != 0xFFFF
            while live.any():
                i = rows[live]
                n = at[i]
                at[i] = np.where(x[i, feature[n]] <= value[n], n + 1, n + right[n])
                live = feature[at] != 0xFFFF
            out[:, c] += value[at]
        return out

    def write(self, f, name, traits):
        f.write("static const float %s_base[] = {%s};\n" % (name, ", ".join(number(b) for b in self.base)))
        f.write("static const struct forest_tree %s_trees[] = {\n" % name)
        wrapped(f, ["{%d,%d}" % t for t in self.trees])
        f.write("};\nstatic const struct forest_node %s_nodes[] = {\n" % name)
        wrapped(f, ["{%s,%d,%s}" % (a if b else "L", b, number(v)) for a, b, v in self.nodes])
        f.write("};\nconst struct forest %s_forest = {%d, %d, %d, %s_base, %s_trees, %s_nodes};\n"
                % (name, traits, len(self.base), len(self.trees), name, name, name))


def number(value):
    text = "%.5g" % float(value)
    return text + ("f" if "." in text or "e" in text else ".f")


def wrapped(f, items, width=118):
    line = ""
    for item in items:
        if len(line) + len(item) + 1 > width:
            f.write(line + "\n")
            line = ""
        line += item + ","
    f.write(line + "\n")


def softmax(s):
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


FLOOR = np.array([0, 0, 40, 40, 20, 20, 0, 15, 15] + 7 * [0])  # mm: smaller ones count less


def is_small(y):
    return y[:, 3] < FLOOR[y[:, 2].astype(int)]


def learn_types(y, x, rounds):
    weight = np.ones(len(y), np.float32)
    weight[is_small(y)] = 0.5
    weight[(y[:, 2] > 1) & (y[:, 7] < 5) & (y[:, 2] != 11) & (y[:, 2] != 13)] = 0.3  # hardly there in this pass
    weight[y[:, 2] == 1] = 4
    data = xgb.DMatrix(x, y[:, 2], weight=weight)
    model = xgb.train(dict(objective="multi:softprob", num_class=len(CLASSES), max_leaves=26, max_depth=7, eta=0.2,
                           grow_policy="lossguide", subsample=0.7, colsample_bytree=0.4, tree_method="hist", max_bin=64,
                           min_child_weight=4, reg_lambda=2, nthread=2, seed=7, base_score=0.5), data, rounds)
    forest = Forest(len(CLASSES))
    forest.base = [0.5] * len(CLASSES)
    forest.add(model, lambda i: i % len(CLASSES))
    return forest


def learn_number(x, target, rounds, leaves, weight=None):
    data = xgb.DMatrix(x, target, weight=weight)
    return xgb.train(dict(objective="reg:squarederror", max_leaves=leaves, max_depth=6, eta=0.12, grow_policy="lossguide",
                          subsample=0.7, colsample_bytree=0.4, tree_method="hist", max_bin=64, min_child_weight=8,
                          reg_lambda=3, nthread=2, seed=7, base_score=0.0), data, rounds)


def is_whole(y):
    """Rows that teach sizes: the thing was really felt in this pass."""
    return (y[:, 7] > 5) & (np.maximum(y[:, 5], y[:, 6]) >= 0.8)


def learn_sizes(y, x):
    forest = Forest(len(SIZED) + 1)
    for k, c in enumerate(SIZED):
        rows = (y[:, 2] == c) & is_whole(y)
        target = np.log(y[rows, 3])
        weight = np.where(is_small(y[rows]), 0.3, 1)
        forest.base[k] = rounded(np.average(target, weights=weight))
        forest.add(learn_number(x[rows], target - forest.base[k], 40, 12, weight), lambda i: k)
    rows = (y[:, 2] == 2) & is_whole(y)
    target = np.log(y[rows, 9])
    forest.base[-1] = rounded(target.mean())
    forest.add(learn_number(x[rows], target - forest.base[-1], 30, 10), lambda i: len(SIZED))
    return forest


# How far off a middle may be and still teach; longer things are vaguer. 0 = not learnt.
MIDDLE_MAX_M = np.array([0, 0, 0.5, 2.0, 4.0, 0.5, 0.5, 0.5, 1.5, 0.8, 3.0, 0.8, 3.0, 0.8, 4.0, 0])


def teaches_middle(y):
    return np.abs(y[:, 4]) < MIDDLE_MAX_M[y[:, 2].astype(int)]


def learn_middles(y, x):
    forest = Forest(len(CLASSES))
    for c in range(2, len(CLASSES)):
        rows = (y[:, 2] == c) & teaches_middle(y) & (np.maximum(y[:, 5], y[:, 6]) >= 0.6)
        if rows.sum() > 100:
            forest.base[c] = rounded(np.median(y[rows, 4]))
            forest.add(learn_number(x[rows], y[rows, 4] - forest.base[c], 20, 8), lambda i: c)
    return forest


def isotonic(p, right, knots):
    """Right as often as said: pooled neighbours, then read off at equal steps; 8 virtual rows at each step's own value."""
    from sklearn.isotonic import IsotonicRegression
    grid = np.linspace(0, 1, knots)
    model = IsotonicRegression(y_min=0.0, y_max=0.99, out_of_bounds="clip")
    model.fit(np.concatenate([p, grid]), np.concatenate([right, grid * 0.95]),
              sample_weight=np.concatenate([np.ones(len(p)), np.full(knots, 3.0)]))
    return model.predict(grid)


def floor_of(p, right, wanted, least):
    """Least probability above which `wanted` of the told are right; at most 0.86."""
    for floor in np.arange(least, 0.86, 0.01):
        told = p >= floor
        if right[told].sum() + 1 >= wanted * (told.sum() + 1):
            return floor
    return 0.86


def spread(error):
    """1 sigma that also covers the tails: 95 % lie within 1.96 of it."""
    return max(np.sqrt(np.mean(np.minimum(np.abs(error), 4) ** 2)), np.quantile(np.abs(error), 0.95) / 1.96)


def cover(error):
    """1 sigma such that 68 % lie within it and 95 % within 1.96 of it; a few far off do not widen it for all."""
    return max(np.quantile(np.abs(error), 0.68), np.quantile(np.abs(error), 0.95) / 1.96)


def sigmas(y, error, groups, unknown, smallest, spread=spread):
    """Spread of the errors by class and speed, the class's own lending a hand where rows are few."""
    table = np.zeros((len(CLASSES), SPEEDS))
    for c in range(len(CLASSES)):
        mine = groups == c
        overall = spread(error[mine]) if mine.sum() > 10 else unknown
        for v in range(SPEEDS):
            row = mine & (np.minimum(SPEEDS - 1, (y[:, 1] / SPEED_STEP).astype(int)) == v)
            own = spread(error[row]) if row.any() else overall
            table[c, v] = np.sqrt((row.sum() * own ** 2 + 15 * overall ** 2) / (row.sum() + 15))
    return np.maximum(table, np.broadcast_to(np.asarray(smallest, float).reshape(-1, 1), table.shape))


def write_rows(f, declaration, table):
    f.write("%s = {\n" % declaration)
    for row in table:
        f.write("    {%s},\n" % ", ".join(number(v) for v in np.round(row, 4)))
    f.write("};\n")


def write_head(f, about, header, args):
    f.write("/* %s Written by tests/train/train_motion.py from simulated drives\n"
            " * (docs/training.md): seeds %s teach, %s calibrate. Do not edit. */\n#include \"sensor-node/motion/%s\"\n\n#define L FOREST_LEAF\n\n"
            % (about, args.told[0], args.told[1], header))


def judge(p, damage_floors, floors):
    """As classify.c does: the class that is said, its probability, and whether it is told."""
    worst, other = 2 + p[:, DAMAGE].argmax(axis=1), np.where(DAMAGED, -1, p).argmax(axis=1)
    is_damage = p[:, DAMAGE].sum(axis=1) >= damage_floors[worst]
    said = np.where(is_damage, worst, other)
    top = p[np.arange(len(p)), said]
    return said, top, is_damage | (top >= floors[said])


def report(title, y, p, damage_floors, floors):
    truth = y[:, 2].astype(int)
    said, _, told = judge(p, damage_floors, floors)
    said = np.where(told, said, 0)
    table = np.zeros((len(CLASSES), len(CLASSES)), int)
    np.add.at(table, (truth, said), 1)
    print(title + ": events, truth down, said across")
    print("%14s " % "" + " ".join("%5s" % c[:5] for c in CLASSES) + "  recall precision")
    for c, name in enumerate(CLASSES):
        print("%14s " % name + " ".join("%5d" % n for n in table[c]) +
              "   %.2f   %.2f" % (table[c, c] / max(1, table[c].sum()), table[c, c] / max(1, table[:, c].sum())))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("learn")
    parser.add_argument("calibrate")
    parser.add_argument("judge", nargs="?")
    parser.add_argument("--out", default="sensor-node/motion")
    parser.add_argument("--models", help="file to keep the trees in: there already, they are not taught again")
    parser.add_argument("--rounds", type=int, default=36)
    args = parser.parse_args()
    y, x = read(args.learn)
    yc, xc = read(args.calibrate)
    args.told = ["%d to %d" % (t[:, 0].min(), t[:, 0].max()) for t in (y, yc)]
    if max(y[:, 0].max(), yc[:, 0].max()) >= 1000:
        sys.exit("seeds from 1000 are for judging")
    traits = x.shape[1]

    if args.models and os.path.exists(args.models):
        with open(args.models, "rb") as f:
            types, sizes, middles = pickle.load(f)
    else:
        types, sizes, middles = learn_types(y, x, args.rounds), learn_sizes(y, x), learn_middles(y, x)
    if args.models:
        with open(args.models, "wb") as f:
            pickle.dump((types, sizes, middles), f)
    p = softmax(types.scores(xc))
    truth = yc[:, 2].astype(int)
    damage, worst = p[:, DAMAGE].sum(axis=1), 2 + p[:, DAMAGE].argmax(axis=1)
    damage_floors = np.zeros(len(CLASSES))
    for c in range(2, 9):
        damage_floors[c] = floor_of(damage[worst == c], DAMAGED[truth][worst == c], 0.96, 0.45)
    floors = np.full(len(CLASSES), 0.35)
    said, top, _ = judge(p, damage_floors, floors)
    calibration = np.zeros((len(CLASSES), KNOTS))
    for c in range(len(CLASSES)):
        mine = said == c
        calibration[c] = isotonic(top[mine], (truth == said)[mine].astype(float), KNOTS) if mine.sum() > 10 else 0.5
        if c > 8:
            floors[c] = floor_of(top[mine], (truth == said)[mine], 0.85, 0.35)
    print("damage floors", damage_floors[DAMAGE])
    report("calibration seeds", yc, p, damage_floors, floors)

    speeds = np.column_stack([yc[:, 2], np.where(xc[:, 0] > 1e30, 0, xc[:, 0])])
    score = sizes.scores(xc)
    error, groups = np.zeros(len(yc)), np.full(len(yc), -1)
    for k, c in enumerate(SIZED):
        mine = (truth == c) & (said == c) & is_whole(yc) & ~is_small(yc)
        error[mine] = np.exp(np.log(yc[mine, 3]) - score[mine, k]) - 1
        groups[mine] = c
        print("size of %-14s RMS of log %.2f over %d" % (CLASSES[c], np.sqrt(np.mean(np.log1p(error[mine]) ** 2)), mine.sum()))
    size_sigma = sigmas(speeds, error, groups, 0.5, [0.08])
    off = yc[:, 4] - middles.scores(xc)[np.arange(len(yc)), truth]
    right = (truth == said) & (truth > 1)  # also what lies too far off to teach: the far end of a patch, the rear axle
    groups = np.where(right, truth, -1)
    middle_sigma = sigmas(speeds, off, groups, 1.0, np.where(DAMAGED, 0.02, 0.10), cover)
    for c in range(2, len(CLASSES)):
        if (groups == c).sum() > 5:
            print("middle of %-14s RMS %.3f m, within 2 sigma %.2f" % (CLASSES[c], np.sqrt(np.mean(off[groups == c] ** 2)), np.mean(
                np.abs(off[groups == c]) < 2 * middle_sigma[c, np.minimum(SPEEDS - 1, (speeds[groups == c, 1] / SPEED_STEP).astype(int))])))
    print("middle: RMS %.3f m, median of |error| %.3f m" % (np.sqrt(np.mean(off[right] ** 2)), np.median(np.abs(off[right]))))

    with open(args.out + "/type_table.c", "w") as f:
        write_head(f, "Trees that tell what an event was.", "type_table.h", args)
        f.write("_Static_assert(TRAITS == %d && CLASSES == %d, \"made for other traits: train again\");\n\n" % (traits, len(CLASSES)))
        write_rows(f, "const float type_calibration[CLASSES][TYPE_KNOTS]", calibration)
        f.write("const float type_damage_floor[CLASSES] = {%s};\n" % ", ".join(number(v) for v in np.round(damage_floors, 3)))
        f.write("const float type_floor[CLASSES] = {%s};\n" % ", ".join(number(v) for v in np.round(floors, 3)))
        types.write(f, "type", traits)
    with open(args.out + "/size_table.c", "w") as f:
        write_head(f, "Trees for sizes and for where a defect's middle is.", "size_table.h", args)
        f.write("_Static_assert(TRAITS == %d && CLASSES == %d && SIZE_SCORES == %d, \"made for other traits: train again\");\n\n"
                % (traits, len(CLASSES), len(SIZED) + 1))
        f.write("const int size_score_of[CLASSES] = {%s};\n" % ", ".join(str(SIZED.index(c)) if c in SIZED else "-1" for c in range(len(CLASSES))))
        write_rows(f, "const float size_sigma[CLASSES][SIZE_SPEEDS]", size_sigma)
        write_rows(f, "const float middle_sigma_m[CLASSES][SIZE_SPEEDS]", middle_sigma)
        sizes.write(f, "size", traits)
        middles.write(f, "middle", traits)
    print("nodes: %d types, %d sizes, %d middles" % (len(types.nodes), len(sizes.nodes), len(middles.nodes)))
    if args.judge:
        yj, xj = read(args.judge)
        report("judged seeds", yj, softmax(types.scores(xj)), damage_floors, floors)


main()
