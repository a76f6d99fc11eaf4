"""Training samples: K lawful pictures of a place, some frames of it, and where in each frame a structure is new.

Sources, all of licences that let weights ship (see models/README.md):
  renders/    `NAME_u0.png ...` one place unchanged in several lightings, `NAME_c0.png ...` with new structures,
              `NAME_c0_mask.png ...` those structures white; made by scenes.py. Also the older `NAME_{a,b,m}.png` triples.
  sequences/  one folder a fixed camera: nothing in it is a new structure, people and cars pass.
  pictures/   any photographs, in any folders.
"""
import glob
import os
import random

import cv2
import numpy as np

from structures import Structures, paste, shadow

LONGEST_PX = 560  # a look is judged at about 512 x 288


def read(path, grey=False):
    picture = cv2.imread(path, cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR)
    if picture is None:
        raise SystemExit(f"{path}: not a picture")
    scale = LONGEST_PX / max(picture.shape[:2])
    if scale < 1:
        picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return picture if grey else np.ascontiguousarray(picture[:, :, ::-1])


class Sources:
    """Everything read once and kept as bytes in memory."""

    def __init__(self, renders, sequences, pictures):
        self.places = []  # {unchanged: [rgb], changed: [(rgb, mask)]}
        for folder in renders:
            for last in sorted(glob.glob(folder + "/*_c1_mask.png")):  # written last: the place is whole
                stem = last[: -len("_c1_mask.png")]
                changed = [(read(m[: -len("_mask.png")] + ".png"), read(m, True)) for m in sorted(glob.glob(stem + "_c?_mask.png"))]
                self.places.append({"unchanged": [read(u) for u in sorted(glob.glob(stem + "_u?.png"))], "changed": changed})
            for mask in sorted(glob.glob(folder + "/*_m.png")):
                stem = mask[: -len("_m.png")]
                self.places.append({"unchanged": [read(stem + "_a.png")], "changed": [(read(stem + "_b.png"), read(mask, True))]})
        self.sequences = [[read(f) for f in sorted(glob.glob(folder + "/*.jpg"))] for folder in sequences]
        self.pictures = [read(f) for folder in pictures for f in sorted(glob.glob(folder + "/**/*.*", recursive=True)) if os.path.isfile(f)]
        self.people = [cut for frames in self.sequences for cut in moving(frames)]
        self.cutouts = [cut for place in self.places for rgb, mask in place["changed"] for cut in pieces(rgb, mask)]


def pieces(rgb, mask):
    """The connected areas of a mask as (rgb, alpha)."""
    count, label, stats, _ = cv2.connectedComponentsWithStats((mask > 100).astype(np.uint8))
    for index in range(1, count):
        x, y, w, h, area = stats[index]
        if area > 150 and min(w, h) > 8:
            yield rgb[y : y + h, x : x + w].copy(), (label[y : y + h, x : x + w] == index).astype(np.float32)


def moving(frames):
    """People and vehicles of a fixed camera: what differs from the median picture."""
    if len(frames) < 8:
        return []
    still = np.median(np.stack(frames[:: max(1, len(frames) // 25)]), 0)
    found = []
    for frame in frames:
        difference = cv2.GaussianBlur(np.abs(frame - still).max(2).astype(np.float32), (0, 0), 1.5)
        area = cv2.morphologyEx((difference > 26).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
        for rgb, alpha in pieces(frame, cv2.morphologyEx(area, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)) * 255):
            if alpha.size < 0.2 * frame.shape[0] * frame.shape[1] and alpha.mean() > 0.35:
                found.append((rgb, alpha))
    return found


class Sampler:
    def __init__(self, sources, seed, size_px=256):
        self.sources, self.size_px = sources, size_px
        self.rng = random.Random(seed)
        self.noise = np.random.default_rng(seed)
        self.structures = Structures(self.rng, self.any_picture, sources.cutouts)

    def any_picture(self):
        kind = self.rng.random()
        if kind < 0.5 and self.sources.pictures:
            return self.rng.choice(self.sources.pictures)
        if kind < 0.7 and self.sources.sequences:
            return self.rng.choice(self.rng.choice(self.sources.sequences))
        return self.rng.choice(self.rng.choice(self.sources.places)["unchanged"])

    def sample(self, k, count):
        """(baselines [k,S,S,3], frames [count,S,S,3] uint8, masks [count,S,S] uint8 of 0 and 1) of one place"""
        rng, kind = self.rng, self.rng.random()
        masks = [None] * count
        if kind < 0.5:
            place = rng.choice(self.sources.places)
            lawful = [rng.choice(place["unchanged"]) for _ in range(k)]
            frames = [rng.choice(place["unchanged"]) for _ in range(count)]
            for i in range(count):
                if rng.random() < 0.6 and place["changed"]:
                    frames[i], white = rng.choice(place["changed"])
                    masks[i] = (white > 100).astype(np.float32)
        elif kind < 0.68 and self.sources.sequences:
            sequence = rng.choice(self.sources.sequences)
            lawful, frames = ([rng.choice(sequence) for _ in range(n)] for n in (k, count))
        else:
            lawful, frames = ([picture] * n for picture in [self.any_picture()] for n in (k, count))
        lawful, frames = ([p.astype(np.float32) for p in group] for group in (lawful, frames))
        masks = [np.zeros(f.shape[:2], np.float32) if m is None else m for f, m in zip(frames, masks)]
        lawful, frames, masks = self.crop(lawful, frames, masks)

        if rng.random() < 0.3:  # what stands lawfully already
            for _ in range(rng.randint(1, 2)):
                state = rng.getstate()
                for picture in (*lawful, *frames):
                    rng.setstate(state)
                    self.structures.add(picture, np.zeros_like(masks[0]))
        for frame, mask in zip(frames, masks):
            if rng.random() < (0.65 if mask.max() == 0 else 0.25):
                for _ in range(rng.choice([1, 1, 2, 3])):
                    self.structures.add(frame, mask)
        for picture in lawful:
            self.disturb(picture, None)
        for frame, mask in zip(frames, masks):
            self.disturb(frame, mask)
        lawful = [self.expose(self.shake(p)) for p in lawful]
        return np.stack(lawful), np.stack([self.expose(f) for f in frames]), np.stack([(m > 0.5).astype(np.uint8) for m in masks])

    def crop(self, lawful, frames, masks):
        rng, size = self.rng, self.size_px
        mask = np.max(masks, 0)
        height, width = mask.shape
        side = int(min(height, width) * rng.uniform(0.62, 1.0))
        y, x = rng.randint(0, height - side), rng.randint(0, width - side)
        if mask.max() > 0 and rng.random() < 0.8:  # keep a structure in sight
            ys, xs = np.nonzero(mask)
            at = rng.randrange(len(ys))
            y, x = (min(max(0, int(c - side * rng.uniform(0.2, 0.8))), n - side) for c, n in ((ys[at], height), (xs[at], width)))
        stretch = rng.uniform(0.8, 1.0)  # other aspect ratios are stretched to fit
        w = int(side * stretch)
        flip = rng.random() < 0.5

        def cut(p, how):
            p = cv2.resize(p[y : y + side, x : x + w], (size, size), interpolation=how)
            return np.ascontiguousarray(p[:, ::-1]) if flip else p

        lawful, frames = ([cut(p, cv2.INTER_AREA) for p in group] for group in (lawful, frames))
        return lawful, frames, [cut(m, cv2.INTER_NEAREST) for m in masks]

    # --- what changes without being a structure ------------------------------------------------------------------------

    def disturb(self, picture, mask):
        rng = self.rng
        height, width = picture.shape[:2]
        for _ in range(rng.choice([0, 0, 1, 2])):
            shadow(rng, picture, [(rng.uniform(-0.2, 1.2) * width, rng.uniform(0, 1.2) * height) for _ in range(rng.randint(3, 5))])
        for _ in range(rng.choice([0, 0, 0, 1])):
            self.sway(picture)
        if rng.random() < 0.15:
            self.wet(picture)
        if rng.random() < 0.12:
            self.lamps(picture)
        for _ in range(rng.choice([0, 0, 1, 2, 3])):
            self.passer(picture, mask)
        if rng.random() < 0.1:
            self.falling(picture)
        if rng.random() < 0.08:
            self.dome(picture)

    def passer(self, picture, mask):
        """A person or vehicle of a real sequence, or a drawn figure."""
        rng = self.rng
        height, width = picture.shape[:2]
        if self.sources.people and rng.random() < 0.75:
            rgb, alpha = rng.choice(self.sources.people)
            scale = rng.uniform(0.35, 1.3)
            size = (max(4, int(alpha.shape[1] * scale)), max(4, int(alpha.shape[0] * scale)))
            if size[0] > width * 0.5 or size[1] > height * 0.5:
                return
            rgb, alpha = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
            if rng.random() < 0.5:
                rgb, alpha = rgb[:, ::-1], alpha[:, ::-1]
            rgb = rgb.astype(np.float32) * rng.uniform(0.6, 1.25) * np.array([rng.uniform(0.8, 1.2) for _ in range(3)], np.float32)
        else:
            rgb, alpha = figure(rng, rng.uniform(10, 80))
        h, w = alpha.shape
        paste(picture, rgb, alpha, rng.randint(-w // 3, max(1, width - w)), rng.randint(0, max(1, height - h)), mask, erase=True)

    def sway(self, picture):
        """Leaves in the wind: a part of the picture wobbles by a few pixels."""
        rng = self.rng
        height, width = picture.shape[:2]
        centre = (rng.randint(0, width), rng.randint(0, height))
        area = np.zeros((height, width), np.float32)
        cv2.ellipse(area, centre, (rng.randint(15, 90), rng.randint(15, 70)), rng.uniform(0, 180), 0, 360, 1.0, -1)
        area = cv2.GaussianBlur(area, (0, 0), 6)
        flow = cv2.GaussianBlur(self.noise.normal(0, 1, (height, width, 2)).astype(np.float32), (0, 0), rng.uniform(2, 6))
        flow *= rng.uniform(1, 4) / (np.abs(flow).mean() + 1e-6) * area[..., None]
        xs, ys = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
        picture[:] = cv2.remap(picture, xs + flow[..., 0], ys + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)

    def wet(self, picture):
        """The lower part darkened and smoothed by rain, or whitened by snow."""
        rng = self.rng
        height = picture.shape[0]
        edge = int(height * rng.uniform(0.3, 0.8))
        ramp = np.clip((np.arange(height) - edge) / 25.0, 0, 1).astype(np.float32)[:, None, None]
        if rng.random() < 0.7:
            picture *= 1 - ramp * rng.uniform(0.15, 0.45)
        else:
            picture[:] = picture * (1 - ramp * 0.6) + 225 * ramp * 0.6

    def lamps(self, picture):
        """Lit lamps and headlights: bright cores with a glow."""
        rng = self.rng
        height, width = picture.shape[:2]
        for _ in range(rng.randint(1, 4)):
            glow = np.zeros((height, width), np.float32)
            cv2.circle(glow, (rng.randint(0, width), rng.randint(0, height)), rng.randint(1, 5), 1.0, -1)
            glow = glow + cv2.GaussianBlur(glow, (0, 0), rng.uniform(4, 25)) * rng.uniform(2, 12)
            picture += np.minimum(glow, 1.2)[..., None] * np.array([255, rng.uniform(200, 255), rng.uniform(140, 240)], np.float32)

    def falling(self, picture):
        """Rain as slanting streaks, or snow as soft flakes."""
        rng, (height, width) = self.rng, picture.shape[:2]
        drops, rain = np.zeros((height, width), np.float32), rng.random() < 0.6
        slant, long = rng.uniform(-0.4, 0.4), rng.uniform(5, 16)
        for _ in range(rng.randint(40, 260)):
            x, y = rng.uniform(0, width), rng.uniform(0, height)
            if rain:
                cv2.line(drops, (int(x), int(y)), (int(x + slant * long), int(y + long)), rng.uniform(0.2, 0.7), 1, cv2.LINE_AA)
            else:
                cv2.circle(drops, (int(x), int(y)), rng.choice([1, 1, 2]), rng.uniform(0.4, 1.0), -1)
        drops = cv2.GaussianBlur(drops, (0, 0), rng.uniform(0.4, 1.0))[..., None]
        picture[:] = picture * (1 - drops * 0.6) + rng.uniform(170, 250) * drops * 0.6

    def dome(self, picture):
        """Dirt on the dome, or a spider and its threads: out of focus and close."""
        rng, (height, width) = self.rng, picture.shape[:2]
        near = np.zeros((height, width), np.float32)
        if rng.random() < 0.5:
            for _ in range(rng.randint(2, 12)):
                cv2.circle(near, (rng.randint(0, width), rng.randint(0, height)), rng.randint(3, 22), rng.uniform(0.2, 0.8), -1)
            shade, soft = rng.choice([40, 90, 150, 220]), rng.uniform(4, 10)
        else:
            x, y, size = rng.randint(0, width), rng.randint(0, height), rng.uniform(4, 14)
            cv2.circle(near, (x, y), int(size), 1.0, -1)
            for _ in range(8):
                cv2.line(near, (x, y), (int(x + rng.gauss(0, 3) * size), int(y + rng.gauss(0, 3) * size)), 0.9, max(1, int(size / 4)))
            for _ in range(rng.randint(0, 5)):
                cv2.line(near, (x, y), (rng.randint(0, width), rng.randint(0, height)), 0.5, 1)
            shade, soft = rng.choice([15, 40, 230]), rng.uniform(1.5, 4)
        near = cv2.GaussianBlur(near, (0, 0), soft)[..., None]
        picture[:] = picture * (1 - near) + shade * near

    # --- the camera ------------------------------------------------------------------------------------------------------

    def shake(self, picture):
        """What registration leaves over: up to about a pixel, now and then more."""
        rng, size = self.rng, self.size_px
        spread = 0.7 if rng.random() < 0.85 else 2.5
        turn = cv2.getRotationMatrix2D((size / 2, size / 2), rng.gauss(0, 0.12), 1 + rng.gauss(0, 0.002))
        turn[:, 2] += (rng.gauss(0, spread), rng.gauss(0, spread))
        return cv2.warpAffine(picture, turn, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)

    def expose(self, picture):
        rng = self.rng
        p = np.clip(picture, 0, 255) / 255.0
        if rng.random() < 0.35:  # light that falls unevenly
            field = cv2.resize(self.noise.uniform(0.45, 1.3, (rng.randint(2, 4), rng.randint(2, 4))).astype(np.float32), (p.shape[1], p.shape[0]), interpolation=cv2.INTER_CUBIC)
            p = p * np.clip(field, 0.2, 1.5)[..., None]
        p = p ** rng.uniform(0.55, 1.7) * rng.uniform(0.55, 1.4)
        p = p * np.array([rng.uniform(0.85, 1.15) for _ in range(3)], np.float32)
        if rng.random() < 0.15:  # infrared
            p = np.repeat(p @ np.array(rng.choice([(0.3, 0.6, 0.1), (0.6, 0.3, 0.1), (0.1, 0.3, 0.6)]), np.float32)[:, None], 3, 2)
        if rng.random() < 0.08:  # night
            p = p * rng.uniform(0.15, 0.45)
        if rng.random() < 0.15:
            fog = rng.uniform(0.1, 0.5)
            p = p * (1 - fog) + fog * rng.uniform(0.5, 0.95)
        if rng.random() < 0.3:
            p = cv2.GaussianBlur(p, (0, 0), rng.uniform(0.4, 1.5))
        p = p + self.noise.normal(0, rng.uniform(0, 0.03), p.shape).astype(np.float32)
        p = np.ascontiguousarray(np.clip(p * 255, 0, 255).astype(np.uint8))
        if rng.random() < 0.5:
            _, coded = cv2.imencode(".jpg", p, [cv2.IMWRITE_JPEG_QUALITY, rng.randint(25, 92)])
            p = cv2.imdecode(coded, cv2.IMREAD_COLOR)
        return p


def figure(rng, height):
    """A standing person as head, coat and legs."""
    h, w = int(height), max(4, int(height * 0.42))
    rgb, alpha = np.zeros((h, w, 3), np.float32), np.zeros((h, w), np.float32)
    coat, legs = ([rng.uniform(10, 230) for _ in range(3)] for _ in range(2))
    for colour, (cx, cy, rx, ry) in (
        (legs, (0.4 + rng.uniform(-0.1, 0.1), 0.75, 0.14, 0.25)),
        (legs, (0.6 + rng.uniform(-0.1, 0.1), 0.75, 0.14, 0.25)),
        (coat, (0.5, 0.38, 0.3, 0.23)),
        ([rng.uniform(90, 210)] * 3, (0.5, 0.09, 0.14, 0.09)),
    ):
        for layer, value in ((rgb, colour), (alpha, 1.0)):
            cv2.ellipse(layer, (int(cx * w), int(cy * h)), (max(1, int(rx * w)), max(1, int(ry * h))), 0, 0, 360, value, -1)
    return rgb, alpha
