"""People and cars that pass: rendered alone once, then laid into a scene of any lighting, behind what stands before them."""

import math
import re
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from pov import HEADER, SUN, dome, camera
from render import HEIGHT, WIDTH, povray, render_sprite
from things import CAR_COLOURS, car, declare_cars, person, scooter, seeded

FPS = 5
FRAMES = 20
PROGRAMMES = 4
SPEED = {"walk": 1.3, "ride": 4.2, "drive": 6.0}
# Half length, half width, height: for shadows and for what hides what.
SIZE = {"walk": (0.25, 0.25, 1.7), "ride": (0.9, 0.35, 1.65), "drive": (2.3, 0.9, 1.45)}
DEPTH_M = 40.0


class View:
    """The camera's projection."""

    def __init__(self, scene):
        at, look = np.array(scene.at, float), np.array(scene.look, float)
        self.at = at
        self.forward = (look - at) / np.linalg.norm(look - at)
        right = np.cross((0, 1, 0), self.forward)
        self.right = right / np.linalg.norm(right)
        self.up = np.cross(self.forward, self.right)
        self.focal = WIDTH / 2 / math.tan(math.radians(scene.angle) / 2)

    def project(self, point):
        """Pixels, or None behind the camera."""
        d = np.array(point, float) - self.at
        z = d @ self.forward
        if z < 0.8:
            return None
        return WIDTH / 2 + self.focal * (d @ self.right) / z, HEIGHT / 2 - self.focal * (d @ self.up) / z


class Mover:
    def __init__(self, kind, at, turn, text):
        self.kind, self.at, self.turn, self.text = kind, at, turn, text

    def corners(self, grow=1.0):
        length, width, height = SIZE[self.kind]
        t = math.radians(self.turn)
        out = []
        for sx in (-1, 1):
            for sz in (-1, 1):
                x, z = sx * length * grow, sz * width * grow
                out.append((self.at[0] + x * math.cos(t) + z * math.sin(t), self.at[1], self.at[2] - x * math.sin(t) + z * math.cos(t)))
        return out, height


def _along(points, distance):
    """Point and heading after `distance` metres of a way; None past its end."""
    for a, b in zip(points, points[1:]):
        step = math.dist(a, b)
        if distance <= step:
            f = distance / step
            turn = -math.degrees(math.atan2(b[2] - a[2], b[0] - a[0]))
            return [p + (q - p) * f for p, q in zip(a, b)], turn
        distance -= step
    return None


def _start(r, view, path, length, speed):
    """Where on its way somebody begins, so that he is seen in most frames."""
    for _ in range(60):
        start = r.uniform(-speed, length)
        seen = 0
        for frame in range(FRAMES):
            distance = start + speed * frame / FPS
            place = _along(path.points, distance) if distance >= 0 else None
            foot = view.project(place[0]) if place else None
            seen += foot is not None and 30 < foot[0] < WIDTH - 30 and 60 < foot[1] < HEIGHT + 40
        if seen >= FRAMES * 0.6:
            return start
    return 0


def programme(scene, number):
    """The movers of each frame of one programme."""
    view = View(scene)
    r = seeded("traffic", scene.key, number)
    chosen = r.sample(range(len(scene.paths)), min(len(scene.paths), r.choice((1, 2, 2, 3))))
    actors = []
    for index in chosen:
        path = scene.paths[index]
        length = sum(math.dist(a, b) for a, b in zip(path.points, path.points[1:]))
        speed = SPEED[path.kind] * r.uniform(0.8, 1.2) * (0.55 if scene.key in ("garage", "gate") and path.kind == "drive" else 1)
        start = _start(r, view, path, length, speed)
        actors.append((path, speed, start, r.random(), r.choice(("sedan", "suv", "sedan", "van")), r.choice(CAR_COLOURS), r.random() < 0.5))
    frames = []
    for frame in range(FRAMES):
        movers = []
        for k, (path, speed, start, phase, kind, colour, courier) in enumerate(actors):
            distance = start + speed * frame / FPS
            place = _along(path.points, distance) if distance >= 0 else None
            if not place:
                continue
            at, turn = place
            look = seeded("look", scene.key, number, k)
            if path.kind == "walk":
                text = person(look, at, turn, phase * 6 + distance * 4.2)
            elif path.kind == "ride":
                text = scooter(look, at, turn, True, (0.62, 0.45, 0.04) if courier else None)
            else:
                text = car(kind, colour, at, turn)
            movers.append(Mover(path.kind, at, turn, text))
        frames.append(movers)
    return frames


def _bounds(view, mover):
    low, height = mover.corners(1.25)
    points = [view.project(p) for p in low] + [view.project((x, y + height * 1.12, z)) for x, y, z in low]
    if any(p is None for p in points):
        return None
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    box = max(0, int(min(xs)) - 4), max(0, int(min(ys)) - 4), min(WIDTH - 2, int(max(xs)) + 5), min(HEIGHT - 2, int(max(ys)) + 5)
    return box if box[2] - box[0] > 2 and box[3] - box[1] > 2 else None


def _sprite(work, scene, movers, view):
    boxes = [_bounds(view, m) for m in movers]
    seen = [(m, b) for m, b in zip(movers, boxes) if b]
    if not seen:
        return None, []
    # A little more than is used: the outermost pixels of a cropped rendering stay empty.
    crop = [(min(b[0] for _, b in seen) - 4) / WIDTH, (min(b[1] for _, b in seen) - 4) / HEIGHT, (max(b[2] for _, b in seen) + 4) / WIDTH, (max(b[3] for _, b in seen) + 4) / HEIGHT]
    crop = [min(1, max(0, c)) for c in crop]
    light = dome(5, 0.95, (0.98, 1, 1.02), 0.7) + "light_source{<%g,%g,%g> rgb .5 parallel point_at <0,0,0>}\n" % tuple(400 * s for s in SUN)
    # Seen in paint and glass, not in the picture: the sky must stay transparent.
    sky = "sphere{0,3000 hollow no_image no_shadow texture{pigment{gradient y color_map{[0 rgb <.3,.3,.29>][.5 rgb <.45,.46,.46>][.52 rgb <.62,.66,.7>][1 rgb <.5,.58,.7>]} scale 6000 translate -3000*y} finish{ambient 0 diffuse 0 emission 1}}}\n"
    cars = declare_cars() if any(m.kind == "drive" for m, _ in seen) else ""
    text = HEADER + cars + camera(scene.at, scene.look, scene.angle) + light + sky + "".join(m.text for m, _ in seen)
    return render_sprite(work, text, crop), seen


def sprites(work, scene, number):
    """One (BGRA picture, movers with their boxes) for each frame."""
    view = View(scene)
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(lambda movers: _sprite(work, scene, movers, view), programme(scene, number)))


def depth(work, scene, state):
    """Distance of what stands in the picture, metres, by rendering the unlit scene in fog."""
    text = scene.text("clear", "even", state).replace(scene.sky("clear", "even"), "fog{distance %g rgb 1}\nbackground{rgb 1}\n" % DEPTH_M)
    text = re.sub(r"emission\s+(rgb\s*<[^>]*>|[\d.]+)", "emission 0", text).replace("max_trace_level 4", "max_trace_level 1")
    grey = povray(work, text, (WIDTH, HEIGHT), None, False, ["-A", "File_Gamma=1.0", "+FN16"])
    value = (grey if grey.ndim == 2 else grey[:, :, 1]).astype(np.float32) / 65535
    return -DEPTH_M * np.log(np.clip(1 - value, 1e-3, 1))


def _hull(shape, points, origin, darkness, blur):
    """A soft dark patch over projected points, in a part of the picture that begins at `origin`."""
    mask = np.zeros(shape, np.float32)
    cv2.fillConvexPoly(mask, (cv2.convexHull(np.array(points, np.float32)) - origin).astype(np.int32), darkness, cv2.LINE_AA)
    return cv2.GaussianBlur(mask, (0, 0), blur)


class Light:
    """What lights somebody who stands in a scene: how each pixel compares with the even light movers were rendered in."""

    def __init__(self, base, even):
        smooth = [cv2.GaussianBlur(p, (0, 0), 3).astype(np.float32) + 6 for p in (base, even)]
        self.ratio = smooth[0] / smooth[1]
        self.sunlit = np.clip((self.ratio.mean(axis=2) - 0.95) / 0.25, 0, 1)


def _rectangle(points, pad):
    """Rows and columns around projected points."""
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    rows = slice(max(0, int(min(ys)) - pad), min(HEIGHT, int(max(ys)) + pad))
    columns = slice(max(0, int(min(xs)) - pad), min(WIDTH, int(max(xs)) + pad))
    return rows, columns


def compose(scene, lighting, base, light, sprite, seen, far):
    """Lays the movers of one frame into the empty scene `base`. Answers the picture, and the parts of it that changed."""
    if sprite is None:
        return base, []
    picture, changed = base.astype(np.float32), []
    view = View(scene)
    for mover, box in sorted(seen, key=lambda s: -math.dist(scene.at, s[0].at)):
        distance = math.dist(scene.at, mover.at)
        margin = 2.6 if mover.kind == "drive" else 0.7
        foot = view.project(mover.at)
        if foot is None:
            continue
        gain = np.clip(light.ratio[int(np.clip(foot[1], 0, HEIGHT - 1)), int(np.clip(foot[0], 0, WIDTH - 1))], 0.12, 1.6)
        low, height = mover.corners()
        feet = [view.project(p) for p in low]
        if any(p is None for p in feet):
            continue
        slope = [-SUN[0] / SUN[1], -SUN[2] / SUN[1]]
        thick = 0.55 if mover.kind == "walk" else 0.8
        tops = [view.project((mover.at[0] + (x - mover.at[0]) * thick + slope[0] * height, y, mover.at[2] + (z - mover.at[2]) * thick + slope[1] * height)) for x, y, z in low]
        casts = lighting == "clear" and not scene.indoor and all(p is not None for p in tops)
        rows, columns = _rectangle(feet + (tops if casts else []) + [box[:2], box[2:]], 12)
        shape = (rows.stop - rows.start, columns.stop - columns.start)
        if min(shape) < 2:
            continue
        changed.append((rows, columns))
        part, ground = picture[rows, columns], far[rows, columns] > distance - margin
        here = np.array((columns.start, rows.start), np.float32)
        part *= 1 - (_hull(shape, feet, here, 0.42, max(1.2, view.focal / distance * 0.06)) * ground)[:, :, None]
        if casts:
            part *= 1 - (_hull(shape, feet + tops, here, 0.5, 1.3) * light.sunlit[rows, columns] * ground)[:, :, None]
        stencil = np.zeros(shape, bool)
        stencil[max(0, box[1] - rows.start) : box[3] - rows.start, max(0, box[0] - columns.start) : box[2] - columns.start] = True
        alpha = (sprite[rows, columns, 3].astype(np.float32) / 255 * (ground & stencil))[:, :, None]
        colour = sprite[rows, columns, :3].astype(np.float32)
        if lighting == "night":
            colour = np.repeat(colour.mean(axis=2, keepdims=True) * 1.15 + 8, 3, axis=2)
        part *= 1 - alpha
        part += colour * gain * alpha
    return picture, changed
