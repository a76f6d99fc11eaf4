"""Structures drawn by code onto a picture: huts, walls, marquees, glass rooms, stacks, scaffolds and rendered cut-outs.

All pictures here are float32 [H,W,3] in 0..255, RGB; masks are float32 [H,W] in 0..1.
"""
import cv2
import numpy as np

STEEL = [(30, 90, 180), (205, 200, 200), (170, 40, 40), (160, 160, 160), (60, 140, 90), (60, 60, 70), (235, 235, 230)]
CLOTH = [(240, 240, 235), (225, 215, 190), (150, 120, 90), (170, 40, 45), (40, 70, 130), (60, 110, 70), (90, 90, 95)]


class Structures:
    def __init__(self, rng, pictures, cutouts):
        """rng: random.Random; pictures: function answering a random real picture; cutouts: [(rgb, alpha)]."""
        self.rng, self.pictures, self.cutouts = rng, pictures, cutouts
        self.noise = np.random.default_rng(rng.getrandbits(32))

    # --- surfaces ----------------------------------------------------------------------------------------------------

    def colour(self, palette):
        return np.array(self.rng.choice(palette), np.float32) * self.rng.uniform(0.7, 1.1)

    def corrugated(self, h, w):
        period, depth = self.rng.uniform(3, 14), self.rng.uniform(0.04, 0.25)
        wave = np.sign(np.sin(np.arange(w) / period * 2 * np.pi)) if self.rng.random() < 0.5 else np.sin(np.arange(w) / period * 2 * np.pi)
        return np.ones((h, w, 3), np.float32) * self.colour(STEEL) * (1 + depth * wave)[None, :, None]

    def brick(self, h, w):
        base = self.colour([(150, 85, 70), (150, 150, 150), (170, 130, 110), (190, 180, 165)])
        face, row = np.ones((h, w, 3), np.float32) * base, self.rng.randint(3, 12)
        face[::row] *= 0.72
        for y in range(0, h, row):
            face[y : y + row, (y // row % 2) * row :: row * 2] *= 0.78
        return face

    def patch(self, h, w):
        source = self.pictures()
        size_y, size_x = (self.rng.randint(30, max(31, n - 1)) for n in source.shape[:2])
        y, x = self.rng.randint(0, source.shape[0] - size_y), self.rng.randint(0, source.shape[1] - size_x)
        piece = source[y : y + size_y, x : x + size_x]
        return cv2.resize(piece, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32) * self.rng.uniform(0.6, 1.3)

    def panes(self, h, w):
        """Framed windows: a glazed balcony or a sun room."""
        sky = np.linspace(self.rng.uniform(60, 230), self.rng.uniform(20, 160), h, dtype=np.float32)[:, None, None]
        face = np.ones((h, w, 3), np.float32) * sky * np.array([0.92, 1.0, 1.06], np.float32)
        frame = self.colour(STEEL)
        across, down = max(4, w // self.rng.randint(2, 7)), max(4, h // self.rng.randint(1, 4))
        thick = self.rng.randint(1, 3)
        for offset in range(thick):
            face[:, offset::across] = frame
            face[offset::down] = frame
        return face

    def cloth(self, h, w):
        fall = np.linspace(self.rng.uniform(0.75, 1.1), self.rng.uniform(0.6, 1.0), w, dtype=np.float32)
        return np.ones((h, w, 3), np.float32) * self.colour(CLOTH) * fall[None, :, None]

    def planks(self, h, w):
        """Stacked timber, pipes or boards: stripes of differing tone."""
        rows = max(2, h // self.rng.randint(2, 8))
        tones = self.noise.uniform(0.55, 1.15, rows).astype(np.float32)
        tone = np.repeat(tones, -(-h // rows))[:h]
        return np.ones((h, w, 3), np.float32) * self.colour([(170, 130, 90), (140, 140, 145), (190, 170, 130)]) * tone[:, None, None]

    def surface(self, h, w):
        kinds = [self.corrugated, self.brick, self.patch, self.panes, self.cloth, self.planks]
        face = self.rng.choices(kinds, [3, 1.5, 3, 2, 2.5, 1])[0](h, w)
        if self.rng.random() < 0.3:
            face = np.ascontiguousarray(np.rot90(cv2.resize(face, (h, w))))
        shade = np.linspace(self.rng.uniform(0.75, 1.15), self.rng.uniform(0.75, 1.15), h, dtype=np.float32)
        return face * shade[:, None, None] + self.noise.normal(0, self.rng.uniform(1, 8), (h, w, 1)).astype(np.float32)

    # --- shapes ------------------------------------------------------------------------------------------------------

    def _paint(self, picture, mask, corners, face, opacity=1.0):
        height, width = picture.shape[:2]
        corners = np.asarray(corners, np.float32)
        if len(corners) == 3:
            corners = np.vstack([corners[:1] - [0.5, 0], corners[:1] + [0.5, 0], corners[2:], corners[1:2]]).astype(np.float32)
        h, w = face.shape[:2]
        to = cv2.getPerspectiveTransform(np.array([(0, 0), (w, 0), (w, h), (0, h)], np.float32), corners)
        warped = cv2.warpPerspective(face, to, (width, height), borderMode=cv2.BORDER_REPLICATE)
        area = np.zeros((height, width), np.float32)
        cv2.fillConvexPoly(area, np.round(corners).astype(np.int32), 1.0)
        soft = cv2.GaussianBlur(area, (0, 0), self.rng.uniform(0.4, 0.9))[..., None] * opacity
        picture[:] = picture * (1 - soft) + warped * soft
        np.maximum(mask, area, out=mask)

    def _face(self, w, h, light):
        return self.surface(max(8, int(h)), max(8, int(w))) * light

    def hut(self, picture, mask, x, y, w, h, light):
        depth, roof = self.rng.uniform(-0.4, 0.4), self.rng.uniform(0.12, 0.4)
        jitter = lambda px, py: (px + self.rng.uniform(-0.05, 0.05) * w, py + self.rng.uniform(-0.05, 0.05) * h)
        front = [jitter(x, y + roof * h), jitter(x + w, y + roof * h), jitter(x + w, y + h), jitter(x, y + h)]
        if abs(depth) > 0.12:
            side = x + w if depth > 0 else x
            self._paint(picture, mask, [(side, y + roof * h), (side + depth * w * 0.7, y + roof * h * 0.8), (side + depth * w * 0.7, y + h * 0.88), (side, y + h)], self._face(w, h, light * self.rng.uniform(0.5, 0.95)))
        self._paint(picture, mask, front, self._face(w, h, light))
        over = self.rng.uniform(0, 0.07) * w
        self._paint(picture, mask, [(x + w * depth * 0.5 - over, y), (x + w * (1 + depth * 0.5) + over, y), (x + w + over, y + roof * h), (x - over, y + roof * h)], self._face(w, h, light * self.rng.uniform(0.7, 1.25)))
        if self.rng.random() < 0.5:
            dx, dy = x + w * self.rng.uniform(0.1, 0.7), y + h * self.rng.uniform(0.55, 0.7)
            cv2.rectangle(picture, (int(dx), int(dy)), (int(dx + w * 0.16), int(y + h * 0.97)), [self.rng.uniform(10, 90)] * 3, -1)

    def sheet(self, picture, mask, x, y, w, h, light):
        """One plane: a wall, a hoarding, a glazed balcony, a flat awning."""
        j = lambda: self.rng.uniform(-0.12, 0.12)
        corners = [(x + j() * w, y + j() * h), (x + w + j() * w, y + j() * h), (x + w + j() * w, y + h + j() * h), (x + j() * w, y + h + j() * h)]
        self._paint(picture, mask, corners, self._face(w, h, light), self.rng.choice([1, 1, 1, 0.75]))

    def wall(self, picture, mask, x, y, w, h, light):
        h, w = max(7, h * 0.35), w * 1.5
        self._paint(picture, mask, [(x, y), (x + w, y + self.rng.uniform(-0.5, 0.5) * h), (x + w, y + h * self.rng.uniform(0.8, 1.4)), (x, y + h)], self._face(w, h, light))

    def marquee(self, picture, mask, x, y, w, h, light):
        """Cloth roof of two or three slopes, with or without walls: tents, parasols, tarpaulins on poles."""
        roof, tip = self.rng.uniform(0.3, 0.6), x + w * self.rng.uniform(0.35, 0.65)
        cloth = self.colour(CLOTH)
        plain = lambda tone: np.ones((16, 16, 3), np.float32) * cloth * tone * light
        if self.rng.random() < 0.6:
            self._paint(picture, mask, [(x + w * 0.06, y + roof * h), (x + w * 0.94, y + roof * h), (x + w * 0.94, y + h), (x + w * 0.06, y + h)], plain(self.rng.uniform(0.6, 1.0)) if self.rng.random() < 0.6 else self._face(w, h, light))
        else:
            cv2.line(picture, (int(tip), int(y + h * roof)), (int(tip), int(y + h)), [40 * light] * 3, max(1, int(w / 40)))
        middle, dip = x + w * self.rng.uniform(0.3, 0.7), y + roof * h * self.rng.uniform(1.0, 1.25)
        self._paint(picture, mask, [(tip, y), (middle, dip), (x, y + roof * h)], plain(self.rng.uniform(0.75, 1.05)))
        self._paint(picture, mask, [(tip, y), (x + w, y + roof * h), (middle, dip)], plain(self.rng.uniform(0.6, 1.05)))

    def scaffold(self, picture, mask, x, y, w, h, light):
        grid, colour = np.zeros(picture.shape[:2], np.float32), self.rng.uniform(30, 200) * light
        step_x, step_y, thick = max(5, int(w / self.rng.randint(2, 7))), max(5, int(h / self.rng.randint(2, 7))), self.rng.choice([1, 1, 2])
        for at in range(int(x), int(x + w) + 1, step_x):
            cv2.line(grid, (at, int(y)), (at, int(y + h)), 1.0, thick, cv2.LINE_AA)
        for at in range(int(y), int(y + h) + 1, step_y):
            cv2.line(grid, (int(x), at), (int(x + w), at), 1.0, thick, cv2.LINE_AA)
        if self.rng.random() < 0.5:  # netting
            self._paint(picture, mask, [(x, y), (x + w, y), (x + w, y + h), (x, y + h)], np.ones((8, 8, 3), np.float32) * self.colour([(60, 120, 80), (50, 90, 140), (190, 190, 185)]) * light, self.rng.uniform(0.4, 0.9))
        picture[:] = picture * (1 - grid[..., None]) + colour * grid[..., None]
        cv2.rectangle(mask, (int(x), int(y)), (int(x + w), int(y + h)), 1.0, -1)

    def stack(self, picture, mask, x, y, w, h, light):
        for _ in range(self.rng.randint(2, 5)):
            bw, bh = w * self.rng.uniform(0.25, 0.7), h * self.rng.uniform(0.25, 0.6)
            bx, by = x + self.rng.uniform(0, max(1, w - bw)), y + h - bh - self.rng.uniform(0, 0.4) * h
            self._paint(picture, mask, [(bx, by), (bx + bw, by + self.rng.uniform(-0.1, 0.1) * bh), (bx + bw, by + bh), (bx, by + bh)], self._face(bw, bh, light))

    def rendered(self, picture, mask, x, y, w, h, light):
        """A structure cut out of a render, with the shading it had there."""
        rgb, alpha = self.rng.choice(self.cutouts)
        scale = min(w / rgb.shape[1], h / rgb.shape[0]) * self.rng.uniform(0.9, 1.4)
        size = (max(6, int(rgb.shape[1] * scale)), max(6, int(rgb.shape[0] * scale)))
        rgb, alpha = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA), cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)
        if self.rng.random() < 0.5:
            rgb, alpha = rgb[:, ::-1], alpha[:, ::-1]
        tint = light * self.rng.uniform(0.75, 1.2) * np.array([self.rng.uniform(0.85, 1.15) for _ in range(3)], np.float32)
        paste(picture, rgb.astype(np.float32) * tint, alpha, int(x), int(y), mask)

    def add(self, picture, mask):
        """Draws one structure of a size between 6 % and 60 % of the picture's side and marks it in `mask`."""
        height, width = picture.shape[:2]
        side = min(height, width) * float(np.exp(self.rng.uniform(np.log(0.07), np.log(0.55))))
        stretch = float(np.exp(self.rng.gauss(0, 0.4)))
        w, h = side * stretch, side / stretch
        x, y = self.rng.uniform(-0.25 * w, width - 0.75 * w), self.rng.uniform(height * 0.05, max(height * 0.06, height - 0.75 * h))
        around = picture[max(0, int(y)) : int(y + h) + 1, max(0, int(x)) : int(x + w) + 1]
        light = (max(22.0, float(around.mean()) if around.size else 100.0) / 115) ** 0.7
        if self.rng.random() < 0.5:  # the shadow it throws is no structure
            shadow(self.rng, picture, [(x, y + h * 0.8), (x + w, y + h * 0.8), (x + w * self.rng.uniform(0.9, 1.6), y + h * self.rng.uniform(1.0, 1.3)), (x + w * self.rng.uniform(-0.5, 0.3), y + h * self.rng.uniform(1.0, 1.3))])
        kinds = [(self.hut, 4), (self.sheet, 2.5), (self.wall, 1.5), (self.marquee, 3), (self.scaffold, 0.7), (self.stack, 1.2)]
        if self.cutouts:
            kinds.append((self.rendered, 5))
        draw = self.rng.choices([k for k, _ in kinds], [p for _, p in kinds])[0]
        draw(picture, mask, x, y, w, h, light)


def paste(picture, rgb, alpha, x, y, mask=None, erase=False):
    """Puts a cut-out at (x, y), clipped; marks it in `mask`, or takes it out of it where it stands in front."""
    height, width = picture.shape[:2]
    h, w = alpha.shape
    x0, y0, x1, y1 = max(0, x), max(0, y), min(width, x + w), min(height, y + h)
    if x1 - x0 < 3 or y1 - y0 < 3:
        return
    a = alpha[y0 - y : y1 - y, x0 - x : x1 - x]
    soft = cv2.GaussianBlur(a, (0, 0), 0.6)[..., None]
    picture[y0:y1, x0:x1] = picture[y0:y1, x0:x1] * (1 - soft) + rgb[y0 - y : y1 - y, x0 - x : x1 - x] * soft
    if mask is not None:
        area = mask[y0:y1, x0:x1]
        area[a > 0.5] = 0.0 if erase else 1.0


def shadow(rng, picture, corners):
    height, width = picture.shape[:2]
    area = np.zeros((height, width), np.float32)
    cv2.fillPoly(area, [cv2.convexHull(np.round(np.asarray(corners)).astype(np.int32))], 1.0)
    area = cv2.GaussianBlur(area, (0, 0), rng.uniform(0.7, 5))[..., None]
    picture *= 1 - area * rng.uniform(0.25, 0.65) * np.array([1, rng.uniform(0.9, 1), rng.uniform(0.8, 1)], np.float32)
