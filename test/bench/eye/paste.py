"""Makes views with marked structures out of plain folders of fixed cameras, for judging only.

    nice /usr/bin/python3 paste.py OUT --views DIR... --surfaces DIR... [--cuts VIEW...] [--changed 10] [--seed 0]

Each DIR gives OUT/NAME/view.json: its pictures as unchanged, and seeded pictures of it into which one or two structures are
pasted: cut out of real pictures (--cuts, folders with view.json and masks), or built of real surfaces (--surfaces,
photographs) as huts, walls, canopies, glass rooms and piles of 0.5 to 9 % of the picture, in the light, colour, sharpness
and grain of the place. Each says which picture it was made "of", which is never among its lawful ones. "standing" holds
series in which one structure stands at one place in several pictures (how long does it take to be raised?). This code shares
nothing with the one that draws training pictures.
"""
import argparse
import glob
import json
import os
import random

import cv2
import numpy as np

SIDE_PX = 720  # longer side of what is written
STANDING_PICTURES = 12


def read(path):
    picture = cv2.imread(path)
    scale = min(1, SIDE_PX / max(picture.shape[:2]))
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else picture


def pictures(folder):
    return sorted(glob.glob(folder + "/in*.jpg")) or sorted(glob.glob(folder + "/*.jpg"))


class Paster:
    def __init__(self, rng, surfaces, cuts):
        self.rng, self.surfaces, self.cuts = rng, surfaces, cuts
        self.noise = np.random.default_rng(rng.getrandbits(32))

    # Each kind answers (bgr float [h,w,3], alpha float [h,w]) of about the asked size.

    def surface(self, h, w):
        """A piece of a photograph, seen straight on; plain pieces are as common as busy ones."""
        source = self.rng.choice(self.surfaces)
        for _ in range(6):
            size = self.rng.uniform(0.12, 0.5) * min(source.shape[:2])
            sh, sw = int(size * min(1, h / w)) + 8, int(size * min(1, w / h)) + 8
            if sh < source.shape[0] and sw < source.shape[1]:
                break
        sh, sw = min(sh, source.shape[0] - 1), min(sw, source.shape[1] - 1)
        y, x = self.rng.randint(0, source.shape[0] - sh), self.rng.randint(int(0), source.shape[1] - sw)
        return cv2.resize(source[y : y + sh, x : x + sw], (w, h), interpolation=cv2.INTER_AREA).astype(np.float32)

    def panel(self, h, w):
        """Sheet metal, plaster, cloth: one tone with seams and streaks."""
        tone = np.array([self.rng.uniform(40, 235)] * 3, np.float32) * [self.rng.uniform(0.6, 1.2) for _ in range(3)]
        face = np.ones((h, w, 3), np.float32) * tone.astype(np.float32)
        step = max(3, int(w / self.rng.randint(3, 16)))
        if self.rng.random() < 0.7:
            face[:, ::step] *= self.rng.uniform(0.7, 0.95)
        streaks = cv2.GaussianBlur(self.noise.normal(1, 0.25, (1, w)).astype(np.float32), (0, 0), 2)
        return face * np.clip(streaks, 0.75, 1.2)[..., None] * np.linspace(self.rng.uniform(0.85, 1.1), self.rng.uniform(0.8, 1), h, dtype=np.float32)[:, None, None]

    def face(self, h, w):
        return self.surface(h, w) if self.rng.random() < 0.6 else self.panel(h, w)

    def quad(self, layer, alpha, corners, face, opacity=1.0):
        h, w = face.shape[:2]
        to = cv2.getPerspectiveTransform(np.float32([(0, 0), (w, 0), (w, h), (0, h)]), np.float32(corners))
        size = (layer.shape[1], layer.shape[0])
        warped = cv2.warpPerspective(face, to, size, flags=cv2.INTER_AREA)
        area = cv2.warpPerspective(np.ones((h, w), np.float32), to, size)
        layer[:] = layer * (1 - area[..., None]) + warped * area[..., None]
        np.maximum(alpha, area * opacity, out=alpha)

    def hut(self, h, w):
        layer, alpha = np.zeros((h, w, 3), np.float32), np.zeros((h, w), np.float32)
        turn, eave, rise = self.rng.uniform(0.15, 0.45), self.rng.uniform(0.15, 0.4), self.rng.uniform(0, 0.08)
        split, face = w * (1 - turn), self.face(h, w)
        self.quad(layer, alpha, [(0, h * eave), (split, h * (eave + rise)), (split, h - 1), (0, h * 0.94)], face)
        self.quad(layer, alpha, [(split, h * (eave + rise)), (w - 1, h * eave), (w - 1, h * 0.9), (split, h - 1)], face * self.rng.uniform(0.45, 0.8))
        ridge = self.rng.uniform(0.1, 0.4)
        self.quad(layer, alpha, [(w * ridge, 0), (w * (ridge + 1 - turn), h * 0.03), (split + 1, h * (eave + rise) + 1), (0, h * eave + 1)], self.panel(h, w))
        if self.rng.random() < 0.6:
            x, y = int(split * self.rng.uniform(0.15, 0.6)), int(h * self.rng.uniform(0.5, 0.62))
            cv2.rectangle(layer, (x, y), (x + max(2, int(w * 0.12)), int(h * 0.93)), [self.rng.uniform(15, 80)] * 3, -1)
        if self.rng.random() < 0.5:
            return layer[:, ::-1].copy(), alpha[:, ::-1].copy()
        return layer, alpha

    def wall(self, h, w):
        h = max(8, int(h * self.rng.uniform(0.35, 0.7)))
        layer, alpha = np.zeros((h, w, 3), np.float32), np.zeros((h, w), np.float32)
        lean = self.rng.uniform(-0.35, 0.35)
        top, end = max(0, lean) * h, max(0, -lean) * h
        self.quad(layer, alpha, [(0, top), (w - 1, end), (w - 1, h - 1 - top * 0.5), (0, h - 1 - end * 0.5)], self.face(h, w))
        return layer, alpha

    def canopy(self, h, w):
        """A roof of cloth or sheet on poles, open or walled below."""
        layer, alpha = np.zeros((h, w, 3), np.float32), np.zeros((h, w), np.float32)
        eave, tip = self.rng.uniform(0.3, 0.55), self.rng.uniform(0.3, 0.7)
        roof = self.panel(h, w)
        if self.rng.random() < 0.5:
            self.quad(layer, alpha, [(w * 0.05, h * eave), (w * 0.95, h * eave), (w * 0.95, h - 1), (w * 0.05, h - 1)], self.panel(h, w) * self.rng.uniform(0.6, 1))
        else:
            for share in (0.06, 0.35, 0.65, 0.94):
                x = int(w * share)
                cv2.line(layer, (x, int(h * eave)), (x, h - 1), [self.rng.uniform(30, 200)] * 3, max(1, w // 45))
                cv2.line(alpha, (x, int(h * eave)), (x, h - 1), 1.0, max(1, w // 45))
        self.quad(layer, alpha, [(w * tip - 1, 0), (w * tip + 1, 0), (w * 0.55, h * (eave + 0.06)), (0, h * eave)], roof)
        self.quad(layer, alpha, [(w * tip - 1, 0), (w * tip + 1, 0), (w - 1, h * eave), (w * 0.55, h * (eave + 0.06))], roof * self.rng.uniform(0.7, 0.95))
        return layer, alpha

    def glass(self, h, w):
        """Frames with panes that let some of the place through."""
        layer, alpha = np.zeros((h, w, 3), np.float32), np.zeros((h, w), np.float32)
        sky = np.linspace(self.rng.uniform(120, 230), self.rng.uniform(30, 130), h, dtype=np.float32)[:, None, None]
        face = np.ones((h, w, 3), np.float32) * sky * np.float32([1.05, 1, 0.93])
        self.quad(layer, alpha, [(0, h * 0.15), (w - 1, h * self.rng.uniform(0, 0.15)), (w - 1, h - 1), (0, h - 1)], face, self.rng.uniform(0.6, 0.92))
        frame = [self.rng.choice([35, 90, 170, 235])] * 3
        across, down = max(6, w // self.rng.randint(3, 7)), max(6, h // self.rng.randint(2, 4))
        thick = max(1, w // 60)
        grid = np.zeros((h, w), np.float32)
        for x in range(0, w, across):
            grid[:, x : x + thick] = 1
        for y in range(0, h, down):
            grid[y : y + thick] = 1
        grid *= alpha > 0
        layer = layer * (1 - grid[..., None]) + np.float32(frame) * grid[..., None]
        return layer, np.maximum(alpha, grid)

    def pile(self, h, w):
        h = max(8, int(h * 0.6))
        xs = np.linspace(0, 2 * np.pi, 40)
        edge = [(w / 2 + w * 0.46 * np.cos(a) * self.rng.uniform(0.85, 1), h * 0.95 - h * 0.85 * max(0, np.sin(a)) * self.rng.uniform(0.75, 1)) for a in xs]
        alpha = np.zeros((h, w), np.float32)
        cv2.fillPoly(alpha, [np.int32(edge)], 1.0)
        grain = cv2.GaussianBlur(self.noise.normal(0, 1, (h, w, 1)).astype(np.float32), (0, 0), self.rng.uniform(0.8, 2.5))
        face = self.surface(h, w) if self.rng.random() < 0.5 else self.panel(h, w)
        return face + np.atleast_3d(grain) * 60, alpha

    def cut(self, h, w):
        rgb, alpha = self.rng.choice(self.cuts)
        scale = (h * w / (alpha.shape[0] * alpha.shape[1])) ** 0.5
        size = (max(10, int(alpha.shape[1] * scale)), max(10, int(alpha.shape[0] * scale)))
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        rgb, alpha = cv2.resize(rgb, size, interpolation=how), cv2.resize(alpha, size, interpolation=how).clip(0, 1)
        if self.rng.random() < 0.5:
            rgb, alpha = rgb[:, ::-1].copy(), alpha[:, ::-1].copy()
        return rgb.astype(np.float32), alpha

    def add(self, picture, mask, still=None):
        """@param still the place without passers-by, before whom nothing is put
        @returns whether there was room"""
        rng = self.rng
        height, width = picture.shape[:2]
        area = np.exp(rng.uniform(np.log(0.01), np.log(0.12)))
        side = (area * height * width) ** 0.5
        stretch = np.exp(rng.gauss(0, 0.3))
        kinds = [(self.hut, 3), (self.wall, 1.5), (self.canopy, 2), (self.glass, 1.5), (self.pile, 1)] + ([(self.cut, 4)] if self.cuts else [])
        kind = rng.choices([k for k, _ in kinds], [p for _, p in kinds])[0]
        rgb, alpha = kind(max(12, int(side / stretch)), max(12, int(side * stretch)))
        h, w = alpha.shape
        if h > 0.6 * height or w > 0.6 * width:
            return False
        x = rng.randint(0, width - w)
        base = int(height * rng.uniform(0.4, 0.97))
        y = base - h
        if y < 0 or mask[max(0, y - 8) : base + 8, max(0, x - 8) : x + w + 8].any():
            return False
        place = picture[y:base, x : x + w]
        if still is not None and (np.abs(place - still[y:base, x : x + w]).max(2) > 45).mean() > 0.2:
            return False
        self.shade(picture, x, base, w, h)
        inside = alpha > 0.5
        if inside.sum() < 0.005 * height * width:
            return False
        # In the light of the place: its brightness within a factor, its range, its cast.
        around = picture[max(0, y - h // 2) : base + h // 2, max(0, x - w // 2) : x + w + w // 2].reshape(-1, 3)
        tone, spread = rgb[inside].mean(0), rgb[inside].std() + 1e-3
        want = around.mean() * rng.choice([rng.uniform(0.45, 0.75), rng.uniform(1.3, 2.1)])
        colour = tone / (tone.mean() + 1e-3)
        colour = 1 + (colour - 1) * min(1.0, self.saturation(picture) * 3)
        cast = around.mean(0) / (around.mean() + 1e-3)
        range_ = np.clip((around.std() + 20) / spread, 0.5, 1.3)
        rgb = ((rgb - tone).mean(2, keepdims=True) * range_ + np.clip(want, 22, 235)) * colour * cast**0.6
        blurred = max(0.5, 0.75 * max(height, width) / 640) * rng.uniform(0.8, 1.3)
        rgb, soft = cv2.GaussianBlur(rgb.astype(np.float32), (0, 0), blurred), cv2.GaussianBlur(alpha, (0, 0), blurred)[..., None]
        grain = self.noise.normal(0, 2.5, (h, w, 1))
        place[:] = np.clip(place * (1 - soft) + (rgb + grain) * soft, 0, 255)
        mask[y:base, x : x + w][inside] = 255
        return True

    def stand(self, files, out, number):
        """One structure at one place in several pictures of the view, each in its own light."""
        rng, made = self.rng, []
        chosen = rng.sample(files, min(STANDING_PICTURES, len(files)))
        while not made:
            seed = rng.getrandbits(32)
            for index, file in enumerate(chosen):
                rng.seed(seed)
                self.noise = np.random.default_rng(seed)
                picture = read(file).astype(np.float32)
                mask = np.zeros(picture.shape[:2], np.uint8)
                if not self.add(picture, mask):
                    break
                name = f"standing{number}_{index}"
                cv2.imwrite(os.path.join(out, name + ".jpg"), picture.clip(0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 85])
                cv2.imwrite(os.path.join(out, name + ".mask.png"), mask)
                made.append({"image": name + ".jpg", "mask": name + ".mask.png", "of": os.path.abspath(file)})
            rng.seed(seed + 1)
        return made

    def saturation(self, picture):
        small = cv2.resize(picture, (64, 48), interpolation=cv2.INTER_AREA)
        return float((small.max(2) - small.min(2)).mean() / (small.mean() + 1))

    def shade(self, picture, x, base, w, h):
        """The dark line where it touches the ground, and what it keeps the light from."""
        area = np.zeros(picture.shape[:2], np.float32)
        reach = int(h * self.rng.uniform(0.05, 0.25)) + 2
        lean = int(w * self.rng.uniform(-0.25, 0.25))
        cv2.fillPoly(area, [np.int32([(x + 2, base - 3), (x + w - 2, base - 3), (x + w + lean, base + reach), (x + lean, base + reach)])], 1.0)
        area = cv2.GaussianBlur(area, (0, 0), max(1.5, h * 0.03))
        picture[:] = picture * (1 - area[..., None] * self.rng.uniform(0.2, 0.5))


def cuts_of(view):
    """The marked structures of a view, each with its mask."""
    found = []
    for entry in json.load(open(os.path.join(view, "view.json")))["changed"]:
        picture, mask = cv2.imread(os.path.join(view, entry["image"])), cv2.imread(os.path.join(view, entry["mask"]), cv2.IMREAD_GRAYSCALE)
        count, label, stats, _ = cv2.connectedComponentsWithStats((mask > 127).astype(np.uint8))
        for index in range(1, count):
            x, y, w, h, area = stats[index]
            if area > 900:
                found.append((picture[y : y + h, x : x + w], (label[y : y + h, x : x + w] == index).astype(np.float32)))
    return found


def main():
    options = argparse.ArgumentParser()
    options.add_argument("out")
    options.add_argument("--views", nargs="+", required=True)
    options.add_argument("--surfaces", nargs="+", required=True)
    options.add_argument("--cuts", nargs="*", default=[])
    options.add_argument("--changed", type=int, default=10)
    options.add_argument("--standing", type=int, default=2)
    options.add_argument("--seed", type=int, default=0)
    o = options.parse_args()
    surfaces = [read(f) for folder in o.surfaces for f in sorted(glob.glob(folder + "/*.jpg"))]
    cuts = [cut for view in o.cuts for cut in cuts_of(view)]
    for folder in o.views:
        name = os.path.basename(folder.rstrip("/"))
        rng = random.Random(f"{o.seed} {name}")
        paster, out = Paster(rng, surfaces, cuts), os.path.join(o.out, name)
        os.makedirs(out, exist_ok=True)
        files, changed = pictures(folder), []
        still = np.median([read(f) for f in files[:: max(1, len(files) // 20)]], 0).astype(np.float32)
        for number, file in enumerate(rng.sample(files, min(o.changed, len(files)))):
            picture = read(file).astype(np.float32)
            mask, wanted, left = np.zeros(picture.shape[:2], np.uint8), rng.choice([1, 1, 2]), 60
            while wanted and left:
                left -= 1
                wanted -= paster.add(picture, mask, still if left > 10 else None)
            if not mask.any():
                continue
            cv2.imwrite(os.path.join(out, f"{number}.jpg"), picture.clip(0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, rng.randint(75, 93)])
            cv2.imwrite(os.path.join(out, f"{number}.mask.png"), mask)
            changed.append({"image": f"{number}.jpg", "mask": f"{number}.mask.png", "of": os.path.abspath(file)})
        standing = [paster.stand(files, out, number) for number in range(o.standing)]
        with open(os.path.join(out, "view.json"), "w") as stored:
            view = {"view": name, "unchanged": [os.path.abspath(f) for f in files], "changed": changed, "standing": standing}
            json.dump(view, stored, indent=1)
        print(name, len(files), "unchanged", len(changed), "changed")


if __name__ == "__main__":
    main()
