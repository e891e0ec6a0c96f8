#!/usr/bin/env python3
"""clips.py - learns what clips of one vertical axis show, and measures honestly how well.

  clips.py check  --rows PROGRAM --data DIR    repeated cross-validation on three quarters of the clips, then, once, the
                                               quarter that nothing was chosen on
  clips.py freeze --rows PROGRAM --data DIR    learns from all clips and writes the frozen tables

PROGRAM is clip_rows of the build; DIR is laid out like gonzalez2017-events-50hz. Numbers come from clip_rows, so training
and inference cannot drift apart. The untouched quarter: clips whose name's SHA-256 begins with a byte below 64.
Python 3 with numpy 1.24 and scikit-learn 1.2; the same versions give the same tables.
"""
import argparse
import hashlib
import os
import pathlib
import subprocess
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")
import numpy as np
from sklearn.metrics import confusion_matrix, f1_score
from sklearn.model_selection import StratifiedKFold

CLASSES = ["asphalt_bumps", "metal_bumps", "potholes", "regular_road", "worn_out_road"]
FOLDS, REPEATS = 10, 5
TREE = pathlib.Path(__file__).resolve().parents[2]


def read_clips(folder):
    """Samples, class and name of every clip, in the order of class and name."""
    clips, labels, names = [], [], []
    for number, name in enumerate(CLASSES):
        for path in sorted((pathlib.Path(folder) / name).glob("*.csv")):
            clips.append([float(line) for line in path.read_text().splitlines()[1:]])
            labels.append(number)
            names.append(path.stem)
    return clips, np.array(labels), names


def read_rows(program, clips, shifts=(0,)):
    """Features of each clip, of the window moved by each shift: clips x shifts x features."""
    text = "".join(" ".join(f"{v:.9g}" for v in clip) + "\n" for clip in clips)
    done = subprocess.run([program, *map(str, shifts)], input=text, capture_output=True, text=True, check=True)
    rows = np.array([line.split() for line in done.stdout.splitlines()], dtype=np.float32)
    return rows.reshape(len(clips), len(shifts), -1)[:, :, 1:]


class Model:
    """Kernel ridge regression on standardised numbers, in whole steps; the twin of judge() in clip.c."""

    NARROWNESS, RIDGE = 0.003, 0.15  # of the kernel; of the regression
    STEPS, REACH = 40, 3.0           # CLIP_STEPS, CLIP_REACH

    def steps(self, rows):
        off = (rows.astype(float) - self.mean) / self.deviation
        return np.floor(np.clip(off, -self.REACH, self.REACH) * self.STEPS + 0.5)

    def likeness(self, steps):
        square = ((steps[:, None] - self.examples[None]) ** 2).sum(2)
        return np.exp(-self.NARROWNESS * square / self.STEPS**2)

    def fit(self, rows, labels):
        self.mean = rows.mean(0, dtype=float).astype(np.float32).astype(float)
        self.deviation = (rows.std(0, dtype=float) + 1e-3).astype(np.float32).astype(float)
        self.examples = self.steps(rows)
        weight = np.bincount(labels, minlength=len(CLASSES))[labels] ** -0.5  # rare classes count somewhat more
        weight /= weight.mean()
        truth = np.eye(len(CLASSES))[labels]
        self.base = (weight[:, None] * truth).sum(0) / weight.sum()
        kernel = self.likeness(self.examples) + self.RIDGE * np.diag(1 / weight)
        self.weights = np.linalg.solve(kernel, truth - self.base).astype(np.float32)
        return self

    def scores(self, rows):
        return self.likeness(self.steps(rows)) @ self.weights.astype(float) + self.base


def probabilities(scores, sharpness):
    e = np.exp(sharpness * (scores - scores.max(1, keepdims=True)))
    return e / e.sum(1, keepdims=True)


def best_sharpness(labels, repeats):
    """The one that leaves least logarithmic loss on clips that the models had not seen."""
    tries = np.arange(2, 12.01, 0.25)
    loss = [-np.mean([np.log(probabilities(s, t)[range(len(labels)), labels]).mean() for s in repeats]) for t in tries]
    return float(tries[np.argmin(loss)])


def scores(labels, predicted):
    """Macro-F1, F1 of potholes, F1 of event or not."""
    return (f1_score(labels, predicted, average="macro", zero_division=0), f1_score(labels == 2, predicted == 2),
            f1_score(labels <= 2, predicted <= 2))


def cross_validate(rows, labels):
    """Scores of each clip from models that have not seen it, one array for each repeat."""
    out = []
    for repeat in range(REPEATS):
        p = np.zeros((len(labels), len(CLASSES)))
        for known, asked in StratifiedKFold(FOLDS, shuffle=True, random_state=repeat).split(labels, labels):
            p[asked] = Model().fit(rows[known], labels[known]).scores(rows[asked])
        out.append(p)
    return out


def interval(labels, predicted, draws=2000):
    """95 % bootstrap intervals of the three scores over clips."""
    rng = np.random.default_rng(1)
    drawn = []
    for _ in range(draws):
        take = rng.integers(0, len(labels), len(labels))
        drawn.append(scores(labels[take], predicted[take]))
    return np.percentile(drawn, [2.5, 97.5], axis=0)


def report(title, labels, predicted):
    low, high = interval(labels, predicted)
    print(title)
    for name, value, a, b in zip(("macro-F1", "pothole F1", "event F1"), scores(labels, predicted), low, high):
        print(f"  {name:11} {value:.3f} ({a:.3f} to {b:.3f})")
    print("  " + str(confusion_matrix(labels, predicted, labels=range(5))).replace("\n", "\n  "))


def untouched(names):
    return np.array([hashlib.sha256(name.encode()).digest()[0] < 64 for name in names])


def check(rows, labels, names):
    apart = untouched(names)
    repeats = cross_validate(rows[~apart], labels[~apart])
    each = np.array([scores(labels[~apart], p.argmax(1)) for p in repeats])
    print(f"{FOLDS}-fold cross-validation on {(~apart).sum()} clips, {REPEATS} times:", each.mean(0).round(3), "+-",
          each.std(0).round(3))
    report("  the first of them:", labels[~apart], repeats[0].argmax(1))
    model = Model().fit(rows[~apart], labels[~apart])
    report(f"{apart.sum()} untouched clips:", labels[apart], model.scores(rows[apart]).argmax(1))


def digest(clip):
    """FNV-1a of 64 bits over the samples as little-endian floats; tests/evaluate/gonzalez.c does the same."""
    value = 0xCBF29CE484222325
    for byte in np.array(clip, dtype="<f4").tobytes():
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value


def c_numbers(values, form="{:.9g}f", width=8):
    words = [form.format(v) for v in values]
    words = [w if "." in w or "e" in w or "x" in w else w.replace("f", ".f") for w in words]  # 1f is no number of C
    lines = [", ".join(words[i:i + width]) for i in range(0, len(words), width)]
    return "    " + ",\n    ".join(lines)


HEAD = """/* Made by tests/train/clips.py freeze from the {count} clips of gonzalez2017-events-50hz; not to be edited. */
"""


def write_table(model, sharpness):
    count = len(model.examples)
    text = HEAD.format(count=count) + '#include "sensor-node/motion/clip_table.h"\n\n'
    for name, values in (("mean", model.mean), ("deviation", model.deviation)):
        text += f"const float clip_{name}[CLIP_FEATURES] = {{\n{c_numbers(values)}}};\n\n"
    text += f"const double clip_narrowness = {model.NARROWNESS};\nconst double clip_sharpness = {sharpness};\n"
    text += f"const double clip_base[CLIP_CLASSES] = {{\n{c_numbers(model.base, '{:.17g}')}}};\n\n"
    text += f"const int clip_examples = {count};\nconst int8_t clip_example[][CLIP_FEATURES] = {{\n"
    text += ",\n".join("    {\n" + c_numbers(e, "{:.0f}", 24) + "}" for e in model.examples) + "};\n\n"
    text += "const float clip_weight[][CLIP_CLASSES] = {\n"
    text += ",\n".join("    {" + c_numbers(w).strip() + "}" for w in model.weights) + "};\n"
    (TREE / "sensor-node/motion/clip_table.c").write_text(text)


def made_up(number):
    """Clips that a test can make again from whole numbers."""
    return [9.8125 + ((i * i * 37 + number * 101 * i) % 97 - 48) * (1 if abs(i - 40) < 6 * number else 0.25) / 16
            for i in range(90)]


def write_expected(program, model, sharpness):
    clips = [made_up(n) for n in range(1, 5)]
    text = "/* Made by tests/train/clips.py freeze: what its own arithmetic says of clips that test_clip makes up. */\n"
    text += "static const double clip_expected[][CLIP_CLASSES] = {\n"
    for row in probabilities(model.scores(read_rows(program, clips)[:, 0]), sharpness):
        text += "    {" + ", ".join(f"{v:.9g}" for v in row) + "},\n"
    (TREE / "tests/sensor-node/clip_expected.h").write_text(text + "};\n")


def write_known(clips, labels, repeats):
    """What the judge must know: which clips were learnt from, and what cross-validation says of clips that were not."""
    each = np.array([scores(labels, p.argmax(1)) for p in repeats])
    low, high = np.mean([interval(labels, p.argmax(1)) for p in repeats], axis=0)
    text = HEAD.format(count=len(clips)) + '#include "tests/evaluate/gonzalez_known.h"\n\n'
    text += f"const struct gonzalez_checked gonzalez_checked = {{{FOLDS}, {REPEATS}, {{\n"
    text += "".join(f"    {{{v:.4f}, {a:.4f}, {b:.4f}}},\n" for v, a, b in zip(each.mean(0), low, high)) + "}};\n\n"
    text += f"const size_t gonzalez_known_count = {len(clips)};\n"
    text += "const uint64_t gonzalez_known[] = {\n" + c_numbers(sorted(map(digest, clips)), "0x{:016X}", 5) + "};\n"
    (TREE / "tests/evaluate/gonzalez_known.c").write_text(text)


def freeze(program, rows, labels, clips):
    repeats = cross_validate(rows, labels)
    model, sharpness = Model().fit(rows, labels), best_sharpness(labels, repeats)
    write_known(clips, labels, repeats)
    write_table(model, sharpness)
    write_expected(program, model, sharpness)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=["check", "freeze"])
    parser.add_argument("--rows", required=True)
    parser.add_argument("--data", required=True)
    options = parser.parse_args()
    clips, labels, names = read_clips(options.data)
    rows = read_rows(options.rows, clips)[:, 0]
    if options.action == "check":
        check(rows, labels, names)
    else:
        freeze(options.rows, rows, labels, clips)
    return 0


if __name__ == "__main__":
    sys.exit(main())
