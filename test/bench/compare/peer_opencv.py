"""What OpenCV takes for the same work, one thread, CPU time: prints JSON.

    peer_opencv.py FRAME BASELINE...

`mog2`: one frame through the adaptive background model. `local_correlation`: windowed normalised correlation of the frame
with each baseline in optimised C++, the smallest taken.
"""
import json
import statistics
import sys
import time

import cv2
import numpy as np

cv2.setNumThreads(1)
ROUNDS = 15
SIZE = (640, 360)
WINDOW = (17, 17)
NOISE = 20.0


def grey(file):
    return cv2.resize(cv2.imread(file, cv2.IMREAD_GRAYSCALE), SIZE, interpolation=cv2.INTER_AREA).astype(np.float32)


def mean(picture):
    return cv2.boxFilter(picture, -1, WINDOW)


def local_correlation(frame, lawful):
    ma = mean(frame)
    va = mean(frame * frame) - ma * ma
    nearest = np.full(frame.shape, 2, np.float32)
    for other, mb, vb in lawful:
        covariance = mean(frame * other) - ma * mb
        both = np.sqrt(np.maximum(va, 0) * np.maximum(vb, 0))
        nearest = np.minimum(nearest, 1 - (covariance + NOISE) / (both + NOISE))
    return nearest


def median_ms(work):
    times = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        times.append((time.process_time() - began) * 1000)
    return statistics.median(times)


frame = grey(sys.argv[1])
baselines = [grey(file) for file in sys.argv[2:]]
kept = [(b, mean(b), mean(b * b) - mean(b) ** 2) for b in baselines]
colour = cv2.resize(cv2.imread(sys.argv[1]), SIZE, interpolation=cv2.INTER_AREA)
model = cv2.createBackgroundSubtractorMOG2(history=8, detectShadows=True)
for file in sys.argv[2:]:
    model.apply(cv2.resize(cv2.imread(file), SIZE, interpolation=cv2.INTER_AREA))
print(
    json.dumps(
        {
            "version": cv2.__version__,
            "mog2Ms": median_ms(lambda: model.apply(colour, learningRate=0)),
            "localCorrelationMs": median_ms(lambda: local_correlation(frame, kept)),
        }
    )
)
