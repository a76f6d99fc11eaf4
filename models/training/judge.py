"""Judges a decoder on pictures of real cameras that it was not trained on.

    nice -n 10 /usr/bin/python3 judge.py --package package --decoder decoder.pth --views DIR... --unchanged DIR... [--k 8]

A view is a folder with `view.json`: {"unchanged": [file...], "changed": [{"image": file, "mask": file}...]}; `--unchanged`
adds folders of pictures of one fixed camera each, in which nothing new stands. For each view K baselines are drawn from
its unchanged pictures (seeded, several draws); each changed picture and some other unchanged pictures are judged.

A region counts from 0.3 % of the picture. Reported: the share of marked objects of which more than 25 % is covered, at
the score where 5 % of the unchanged pictures raise any region; the same at other rates; and each camera's part.
"""
import argparse
import glob
import json
import os
import random

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from eye import Decoder, load_encoder, nearest

AREA_PX = 512 * 288
SMALLEST = 0.003
DRAWS = 3
UNCHANGED_PER_DRAW = 8
LEVELS = np.concatenate([np.arange(0.02, 0.9, 0.02), np.arange(0.9, 0.9999, 0.005)])


def working_size(width, height):
    """Multiples of 32 of about the working area and nearly the picture's shape."""
    scale = (AREA_PX / (width * height)) ** 0.5
    return max(32, round(width * scale / 32) * 32), max(32, round(height * scale / 32) * 32)


class Judge:
    def __init__(self, package, decoder):
        self.encoder, self.decoder = load_encoder(package), Decoder()
        self.decoder.load_state_dict(torch.load(decoder))
        self.decoder.eval()
        self.kept = {}

    @torch.no_grad()
    def levels(self, path):
        if path not in self.kept:
            picture = cv2.imread(path)
            size = working_size(picture.shape[1], picture.shape[0])
            picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)[:, :, ::-1]
            rgb = torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None].float() / 127.5 - 1
            self.kept[path] = [level.half() for level in self.encoder(rgb)]
        return [level.float() for level in self.kept[path]]

    @torch.no_grad()
    def heat(self, path, baselines):
        frame = self.levels(path)
        kept = [self.levels(b) for b in baselines]
        lawful = nearest(frame, [torch.cat([k[i] for k in kept]) for i in range(len(frame))])
        return torch.sigmoid(self.decoder(frame, lawful))[0, 0].numpy()


def peak(heat):
    """Highest level at which some connected area is still large enough to be a region."""
    low, high = 0, len(LEVELS)
    while low < high:
        middle = (low + high) // 2
        _, _, stats, _ = cv2.connectedComponentsWithStats((heat > LEVELS[middle]).astype(np.uint8))
        if len(stats) > 1 and stats[1:, 4].max() >= SMALLEST * heat.size:
            low = middle + 1
        else:
            high = middle
    return float(LEVELS[low - 1]) if low else 0.0


def objects(mask_path, shape):
    mask = cv2.resize(cv2.imread(mask_path, cv2.IMREAD_GRAYSCALE), shape[::-1], interpolation=cv2.INTER_NEAREST) > 0
    count, label = cv2.connectedComponents(mask.astype(np.uint8))
    return mask, [label == i for i in range(1, count)]


def reported(heat, level):
    count, label, stats, _ = cv2.connectedComponentsWithStats((heat > level).astype(np.uint8))
    keep = np.zeros(count, bool)
    keep[1:] = stats[1:, 4] >= SMALLEST * heat.size
    return keep[label]


def collect(judge, views, folders, k, seed=0):
    rng, changed, unchanged = random.Random(seed), [], []
    for folder in views:
        view = json.load(open(os.path.join(folder, "view.json")))
        name, clean = os.path.basename(folder.rstrip("/")), [os.path.join(folder, f) for f in view["unchanged"]]
        for draw in range(DRAWS):
            for entry in view["changed"]:
                pool = [os.path.join(folder, f) for f in entry.get("baselines", [])] or clean
                chosen = rng.sample(pool, min(k, len(pool)))
                changed.append((name, judge.heat(os.path.join(folder, entry["image"]), chosen), os.path.join(folder, entry["mask"])))
            if view.get("judge_unchanged", True):
                for frame in rng.sample(clean, min(UNCHANGED_PER_DRAW, len(clean))):
                    rest = [c for c in clean if c != frame]
                    unchanged.append((name, judge.heat(frame, rng.sample(rest, min(k, len(rest))))))
    for folder in folders:
        files = sorted(glob.glob(folder + "/in*.jpg")) or sorted(glob.glob(folder + "/*.jpg"))
        for draw in range(DRAWS):
            for frame in rng.sample(files, min(UNCHANGED_PER_DRAW, len(files))):
                rest = [f for f in files if f != frame]
                unchanged.append((os.path.basename(folder.rstrip("/")), judge.heat(frame, rng.sample(rest, min(k, len(rest))))))
    return changed, unchanged


def report(changed, unchanged):
    peaks = [(name, peak(heat)) for name, heat in unchanged]
    marked = [(name, heat, *objects(mask, heat.shape)) for name, heat, mask in changed]
    lines = []
    for rate in (0.01, 0.02, 0.05, 0.1, 0.2):
        level = float(np.quantile([p for _, p in peaks], 1 - rate))
        hits, inter, found, truth = {}, 0, 0, 0
        for name, heat, mask, things in marked:
            seen = reported(heat, level)
            near = cv2.dilate(mask.astype(np.uint8), np.ones((5, 5))) > 0
            inter, found, truth = inter + (seen & mask).sum(), found + (seen & ~(near & ~mask)).sum(), truth + mask.sum()
            for thing in things:
                hits.setdefault(name, []).append((seen & thing).sum() > 0.25 * thing.sum())
        recall = np.mean([h for v in hits.values() for h in v])
        views = " ".join(f"{n}:{np.mean(v):.2f}" for n, v in hits.items())
        lines.append(f"false alarms {rate:4.0%} (score {level:.3f}): recall {recall:.2f}  pixel F1 {2 * inter / max(1, found + truth):.2f}  {views}")
        if rate == 0.05:
            alarms = {}
            for name, p in peaks:
                alarms.setdefault(name, []).append(p > level)
            lines.append("    alarms by camera: " + " ".join(f"{n}:{np.mean(v):.2f}" for n, v in alarms.items()))
    return "\n".join(lines)


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("--package", required=True)
    options.add_argument("--decoder", required=True)
    options.add_argument("--views", nargs="*", default=[])
    options.add_argument("--unchanged", nargs="*", default=[])
    options.add_argument("--k", type=int, default=8)
    o = options.parse_args()
    print(report(*collect(Judge(o.package, o.decoder), o.views, o.unchanged, o.k)))
