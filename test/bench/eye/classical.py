"""What plain methods make of the same pictures: local correlation and OpenCV's MOG2.

    /usr/bin/python3 classical.py TASKS.json OUT

TASKS.json: [{"frame": FILE, "baselines": [FILE...], "width": W, "height": H}...]. OUT holds for each task two maps of
(W/4) x (H/4) bytes, 0..255, one after the other: the smallest difference of local correlation to any lawful picture, and how
far MOG2, shown the lawful pictures, lets its threshold rise before a cell is no longer foreground.
"""
import json
import sys

import cv2
import numpy as np

THRESHOLDS = [4, 9, 16, 25, 40, 60, 90, 140, 220, 350, 600, 1000]
kept = {}


def read(path, size):
    key = (path, size)
    if key not in kept:
        if len(kept) > 400:
            kept.clear()
        kept[key] = cv2.resize(cv2.imread(path), size, interpolation=cv2.INTER_AREA)
    return kept[key]


def correlation(frame, baselines):
    """1 - normalised correlation around each place, after taking out local brightness and contrast."""

    def flat(picture):
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY).astype(np.float32)
        centred = grey - cv2.GaussianBlur(grey, (0, 0), 12)
        return centred / (np.sqrt(cv2.GaussianBlur(centred * centred, (0, 0), 12)) + 6)

    around = lambda x, y: cv2.GaussianBlur(x * y, (0, 0), 4)
    a, smallest = flat(frame), None
    for baseline in baselines:
        b = flat(baseline)
        apart = (1 - around(a, b) / np.sqrt(around(a, a) * around(b, b) + 0.02)) / 2
        smallest = apart if smallest is None else np.minimum(smallest, apart)
    return np.clip(smallest, 0, 1)


def mog2(frame, baselines):
    heat = np.zeros(frame.shape[:2], np.float32)
    for level, threshold in enumerate(THRESHOLDS, 1):
        model = cv2.createBackgroundSubtractorMOG2(history=3 * len(baselines), varThreshold=threshold, detectShadows=True)
        for _ in range(3):
            for baseline in baselines:
                model.apply(baseline)
        mask = cv2.medianBlur((model.apply(frame, learningRate=0) == 255).astype(np.uint8), 5)
        if not mask.any():
            break
        heat[mask > 0] = level / len(THRESHOLDS)
    return heat


def main(tasks, out):
    cv2.setNumThreads(1)
    with open(out, "wb") as stored:
        for task in json.load(open(tasks)):
            size = (task["width"], task["height"])
            frame, baselines = read(task["frame"], size), [read(b, size) for b in task["baselines"]]
            for method in (correlation, mog2):
                heat = cv2.resize(method(frame, baselines), (size[0] // 4, size[1] // 4), interpolation=cv2.INTER_AREA)
                stored.write((np.clip(heat, 0, 1) * 255).astype(np.uint8).tobytes())


if __name__ == "__main__":
    main(*sys.argv[1:])
