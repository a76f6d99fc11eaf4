"""Renders places of a housing estate with POV-Ray, each unchanged in several lightings and with new structures in others.

    nice -n 15 /usr/bin/python3 scenes.py OUT --first 0 --places 100

Writes `OUT/pNNNN_u0.png ... _u3.png`, `_c0.png`, `_c1.png` and `_c0_mask.png`, `_c1_mask.png` (new structures white where
they are seen). Place number and nothing else decides what is drawn, so the set can be extended or made again; a place
whose last picture is there is passed over.
"""
import argparse
import math
import os
import random
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

import cv2

WIDTH, HEIGHT = 480, 270
UNCHANGED, CHANGED = 4, 2
FIRST_CHANGED = 50  # number of the first visit with new structures
ENOUGH_SEEN, ATTEMPTS = 0.005, 8  # share of the picture that new structures fill; tries at it

WALLS = [(0.72, 0.66, 0.56), (0.62, 0.6, 0.58), (0.7, 0.52, 0.42), (0.78, 0.75, 0.7), (0.55, 0.42, 0.35), (0.8, 0.72, 0.5), (0.45, 0.5, 0.55), (0.85, 0.83, 0.8)]
STEEL = [(0.12, 0.3, 0.62), (0.78, 0.78, 0.8), (0.62, 0.12, 0.1), (0.55, 0.57, 0.6), (0.2, 0.45, 0.3), (0.9, 0.9, 0.88), (0.25, 0.25, 0.28)]
CLOTH = [(0.93, 0.93, 0.9), (0.85, 0.8, 0.68), (0.55, 0.45, 0.32), (0.65, 0.13, 0.15), (0.13, 0.27, 0.55), (0.2, 0.42, 0.25), (0.35, 0.35, 0.38)]
CARS = [(0.7, 0.7, 0.72), (0.05, 0.05, 0.06), (0.5, 0.06, 0.05), (0.08, 0.15, 0.4), (0.85, 0.85, 0.83), (0.3, 0.32, 0.3)]


def vector(v):
    return "<%.4g,%.4g,%.4g>" % tuple(v)


def rgb(c, scale=1.0):
    return "rgb " + vector([x * scale for x in c])


class Scene:
    """Text of one POV-Ray scene. `mask` draws everything black but what `changed` says is new."""

    def __init__(self, mask):
        self.mask, self.new, self.text = mask, False, []

    def add(self, shape, body, pigment, finish="diffuse 0.75 specular 0.05", extra=""):
        if self.mask:
            look = "pigment { rgb %d } finish { ambient 0 diffuse 0 emission 1 }" % (1 if self.new else 0)
        else:
            look = "texture { pigment { %s } finish { %s } %s }" % (pigment, finish, extra)
        self.text.append("%s { %s %s }\n" % (shape, body, look))

    def box(self, a, b, pigment, **kw):
        a, b = [min(p) for p in zip(a, b)], [max(p) + (1e-3 if p[0] == p[1] else 0) for p in zip(a, b)]
        self.add("box", f"{vector(a)}, {vector(b)}", pigment, **kw)

    def cylinder(self, a, b, radius, pigment, **kw):
        self.add("cylinder", f"{vector(a)}, {vector(b)}, {radius:.4g}", pigment, **kw)

    def sphere(self, at, radius, pigment, **kw):
        self.add("sphere", f"{vector(at)}, {radius:.4g}", pigment, **kw)

    def sheet(self, corners, pigment, **kw):
        """A four-cornered face, seen from both sides."""
        a, b, c, d = corners
        self.add("mesh", f"triangle {{ {vector(a)}, {vector(b)}, {vector(c)} }} triangle {{ {vector(a)}, {vector(c)}, {vector(d)} }}", pigment, **kw)

    def triangle(self, corners, pigment, **kw):
        self.add("triangle", ", ".join(vector(c) for c in corners), pigment, **kw)


class Place:
    """One camera's place. What stands is drawn from `fixed`; what passes and how it is lit from `passing`."""

    def __init__(self, number, visit, changed, mask, attempt=0):
        self.fixed = random.Random(number * 7919 + 1)
        self.passing = random.Random((number * 31 + visit) * 104729 + 5)
        self.weather = random.Random((number * 31 + visit) * 1299709 + 11)
        self.south = random.Random(number).uniform(-60, 60)
        self.kind = random.Random(number * 101 + 3).choice(["roofs", "yard", "yard", "facade", "lane", "corridor", "garage"])
        self.indoors = self.kind in ("corridor", "garage")
        # In half of the places the two changed visits show one building site: first begun, then finished.
        self.grows = random.Random(number * 31337).random() < 0.5
        self.begun = changed and self.grows and visit == FIRST_CHANGED
        self.novel = random.Random(number * 15485863 + (0 if self.grows else visit * 13) + 7 + attempt * 1009)
        self.s, self.changed = Scene(mask), changed
        self.sites = []  # where a structure may be put: (x, y, z, width, depth, height, facing)

    # --- materials -----------------------------------------------------------------------------------------------------

    def rough(self, r, colour, scale=0.8, spread=0.13):
        low, high = [max(0, c * (1 - spread)) for c in colour], [min(1, c * (1 + spread)) for c in colour]
        return "%s scale %.3g color_map { [0 %s] [1 %s] }" % (r.choice(["granite", "bozo turbulence 0.6", "wrinkles"]), scale, rgb(low), rgb(high))

    def ribbed(self, r, colour, axis=None):
        return "gradient %s scale %.3g color_map { [0 %s] [0.45 %s] [0.5 %s] [1 %s] }" % (axis or r.choice("xz"), r.uniform(0.15, 0.5), rgb(colour), rgb(colour, 1.1), rgb(colour, 0.72), rgb(colour))

    def bricks(self, r):
        c = r.choice([(0.55, 0.3, 0.22), (0.6, 0.58, 0.55), (0.62, 0.45, 0.33)])
        return "brick %s %s brick_size <%.2f,%.2f,%.2f> mortar 0.03" % (rgb((0.6, 0.58, 0.55)), rgb(c), r.uniform(0.4, 0.9), r.uniform(0.15, 0.35), r.uniform(0.3, 0.6))

    def planked(self, r):
        c = r.choice([(0.55, 0.4, 0.25), (0.42, 0.33, 0.25), (0.66, 0.55, 0.4)])
        return "gradient %s scale %.3g color_map { [0 %s] [0.9 %s] [0.92 %s] [1 %s] }" % (r.choice("xy"), r.uniform(0.15, 0.4), rgb(c), rgb(c, 1.12), rgb(c, 0.5), rgb(c, 0.5))

    def cladding(self, r):
        return r.choice([lambda: self.ribbed(r, r.choice(STEEL)), lambda: self.bricks(r), lambda: self.planked(r), lambda: self.rough(r, r.choice(WALLS)), lambda: rgb(r.choice(CLOTH))])()

    # --- camera and light ----------------------------------------------------------------------------------------------

    def light(self):
        s, r = self.s, self.weather
        s.text.append("#version 3.7;\nglobal_settings { assumed_gamma 1.0 max_trace_level 5 }\n")
        if s.mask:
            s.text.append("background { rgb 0 }\n")
            return
        kind = r.random()
        night = kind < 0.14
        overcast = 1.0 if kind > 0.75 else r.uniform(0, 0.6)
        hour = r.choice([6.2, 17.8]) if kind < 0.22 else r.uniform(6.3, 17.7)  # dusk and dawn, or day
        height = math.radians(max(5, math.sin((hour - 6) / 12 * math.pi) * 62))
        turn = math.radians((hour - 12) * 15 + self.south)
        sun = [math.sin(turn) * math.cos(height) * 500, math.sin(height) * 500, -math.cos(turn) * math.cos(height) * 500]
        warm = max(0, 1 - math.degrees(height) / 35)
        power = 0.03 if night or self.indoors else (1.7 - 1.45 * overcast) * r.uniform(0.8, 1.15)
        fill = 0.06 if night else (0.2 + 0.3 * overcast) * r.uniform(0.8, 1.2)
        if self.indoors:
            fill *= r.uniform(0.5, 0.9)
        if power > 0.3:
            s.text.append("light_source { %s rgb %s area_light x*14, z*14, 3, 3 adaptive 0 jitter }\n" % (vector(sun), vector((power, power * (1 - 0.13 * warm), power * (1 - 0.32 * warm)))))
        for d in ((0, 1, 0), (0.8, 0.6, -0.6), (-0.8, 0.6, -0.6), (0, 0.5, 1)):
            s.text.append("light_source { %s rgb %s shadowless }\n" % (vector([400 * x for x in d]), vector((fill * 0.4, fill * 0.44, fill * 0.5))))
        if night:
            for _ in range(r.randint(2, 5)):
                s.text.append("light_source { %s rgb <1.1,0.9,0.6>*%.3g fade_distance 9 fade_power 2 }\n" % (vector((r.uniform(-25, 25), r.uniform(4, 9), r.uniform(-10, 25))), r.uniform(0.7, 2)))
        if r.random() < 0.12 and not self.indoors:
            s.text.append("fog { distance %.4g rgb %s }\n" % (r.uniform(40, 160), vector([(0.06 if night else 0.8) * c for c in (0.95, 0.98, 1)])))
        tone = 0.06 if night else 1 - 0.25 * overcast
        s.text.append("sky_sphere { pigment { gradient y color_map { [0 rgb <0.75,0.8,0.86>*%.3g] [0.5 rgb %s*%.3g] } } pigment { bozo turbulence 0.6 color_map { [0 rgbt 1] [%.2f rgbt 1] [%.2f rgbt <%.2f,%.2f,%.2f,0.1>] } scale <0.4,0.12,0.4> translate %.3g } }\n" % (tone, vector((0.35 + 0.35 * overcast, 0.5 + 0.2 * overcast, 0.78)), tone, r.uniform(0.2, 0.5), r.uniform(0.6, 0.8), 0.92 * tone, 0.92 * tone, 0.94 * tone, r.uniform(0, 50)))

    def camera(self, at, to, angle):
        shake = self.weather.gauss(0, 0.015)
        self.s.text.append("camera { location %s right x*%.4g up y angle %.4g look_at %s }\n" % (vector(at), WIDTH / HEIGHT, angle, vector((to[0] + shake, to[1] + shake, to[2]))))

    # --- what stands ---------------------------------------------------------------------------------------------------

    def ground(self):
        r = self.fixed
        colours = r.choice([((0.17, 0.24, 0.09), (0.32, 0.3, 0.17)), ((0.38, 0.37, 0.35), (0.5, 0.48, 0.46)), ((0.45, 0.38, 0.3), (0.55, 0.5, 0.42))])
        wet, snow = self.weather.random() < 0.15, self.weather.random() < 0.08
        if snow:
            colours = ((0.8, 0.82, 0.86), (0.9, 0.9, 0.92))
        self.s.add("plane", "y, 0", "bozo scale %.3g turbulence 0.7 color_map { [0 %s] [1 %s] }" % (r.uniform(0.8, 6), rgb(colours[0], 0.6 if wet else 1), rgb(colours[1], 0.6 if wet else 1)), finish="diffuse 0.7 " + ("reflection 0.12" if wet else ""), extra="normal { bumps 0.5 scale 0.25 }")

    def tower(self, x, z, w, d, floors, balconies=True):
        s, r = self.s, self.fixed
        storey, colour = 3.0, r.choice(WALLS)
        top = floors * storey
        s.box((x, 0, z), (x + w, top, z + d), self.bricks(r) if r.random() < 0.3 else self.rough(r, colour, 2.5, 0.1))
        s.box((x - 0.15, top, z - 0.15), (x + w + 0.15, top + 0.25, z + d + 0.15), self.rough(r, (0.5, 0.49, 0.47)))
        rim = self.rough(r, (0.62, 0.6, 0.57))
        high = top + r.uniform(0.5, 1.2)
        for a, b in (((x - 0.15, z - 0.15), (x + w + 0.15, z + 0.1)), ((x - 0.15, z + d - 0.1), (x + w + 0.15, z + d + 0.15)), ((x - 0.15, z), (x + 0.1, z + d)), ((x + w - 0.1, z), (x + w + 0.15, z + d))):
            s.box((a[0], top, a[1]), (b[0], high, b[1]), rim)
        if r.random() < 0.7:
            s.box((x + w * 0.4, top, z + d * 0.5), (x + w * 0.4 + 3.5, top + 2.8, z + d * 0.5 + 3), self.rough(r, colour))
        for _ in range(r.randint(0, 4)):
            s.cylinder((x + r.uniform(1, w - 1), top, z + d * 0.75), (x + r.uniform(1, w - 1), top + 1.2, z + d * 0.75), 0.5, rgb((0.75, 0.75, 0.78)))
        self.sites.append((x + 0.5, top + 0.25, z + 0.4, w - 1, d * 0.5, 3.0, "roof"))
        across = max(1, int(w // 3.2))
        rail = rgb(r.choice([(0.25, 0.25, 0.27), (0.8, 0.8, 0.8), (0.5, 0.35, 0.3)]))
        for f in range(floors):
            for k in range(across):
                wx, y = x + (k + 0.5) * w / across, f * storey
                lit = self.passing.random() < 0.12
                s.box((wx - 0.75, y + 1, z - 0.03), (wx + 0.75, y + 2.4, z + 0.05), rgb((0.55, 0.48, 0.3)) if lit else rgb((0.1, 0.13, 0.16)), finish="diffuse 0.3 specular 0.5 roughness 0.01 reflection { 0.08 0.35 }")
                s.box((wx - 0.02, y + 0.95, z - 0.06), (wx + 0.04, y + 2.45, z), rgb((0.85, 0.85, 0.85)))
                s.box((wx - 0.85, y + 0.86, z - 0.18), (wx + 0.85, y + 0.95, z), rim)
                if balconies and (k + f) % 2 == 0 and f > 0:
                    s.box((wx - 1.3, y - 0.08, z - 1.3), (wx + 1.3, y + 0.08, z), rim)
                    s.box((wx - 1.3, y + 0.9, z - 1.32), (wx + 1.3, y + 0.98, z - 1.24), rail)
                    for q in range(8):
                        s.box((wx - 1.3 + q * 0.365, y, z - 1.3), (wx - 1.26 + q * 0.365, y + 0.9, z - 1.26), rail)
                    self.sites.append((wx - 1.3, y + 0.08, z - 1.3, 2.6, 1.3, 2.7, "balcony"))
                elif r.random() < 0.4:
                    s.box((wx + 0.95, y + 0.9, z - 0.55), (wx + 1.55, y + 1.5, z - 0.02), rgb((0.82, 0.82, 0.82)))

    def tree(self, x, z, height, seed):
        s, r, wind = self.s, random.Random(seed), self.passing
        s.cylinder((x, 0, z), (x, height, z), 0.16, rgb((0.22, 0.16, 0.1)))
        green = r.choice([(0.14, 0.22, 0.07), (0.2, 0.26, 0.08), (0.28, 0.22, 0.06), (0.1, 0.2, 0.1)])
        for _ in range(18):
            at = (x + r.gauss(0, 0.8) + wind.gauss(0, 0.07), height + r.gauss(0.5, 0.7) + wind.gauss(0, 0.06), z + r.gauss(0, 0.8))
            s.sphere(at, r.uniform(0.4, 0.8), "bozo scale 0.12 color_map { [0 %s] [1 %s] }" % (rgb(green, 0.4), rgb(green, 1.2)), extra="normal { granite 1.6 scale 0.5 }")

    def car(self, r, x, z, along):
        s, colour = self.s, r.choice(CARS)
        long, van = r.uniform(3.9, 5.2), r.random() < 0.25
        parts = [((0, 0.3, 0), (long, 0.95 if not van else 1.3, 1.8), rgb(colour)), ((long * 0.2, 0.9, 0.1), (long * (0.8 if not van else 0.98), 1.5 if not van else 2.1, 1.7), rgb((0.06, 0.07, 0.08)) if not van else rgb(colour))]
        turn = (lambda p: (x + p[0], p[1], z + p[2])) if along else (lambda p: (x + p[2], p[1], z + p[0]))
        for a, b, pigment in parts:
            s.box(turn(a), turn(b), pigment, finish="diffuse 0.6 specular 0.7 roughness 0.02 reflection { 0.03 0.25 }")
        if r.random() < 0.3:  # headlights
            for side in (0.25, 1.55):
                s.sphere(turn((-0.02, 0.62, side)), 0.13, rgb((1, 0.96, 0.85)), finish="ambient 1 emission 2 diffuse 0")
        for at in (0.9, long - 0.9):
            s.cylinder(turn((at, 0.33, -0.02)), turn((at, 0.33, 1.82)), 0.33, rgb((0.04, 0.04, 0.04)))

    def person(self, r, x, y, z):
        s, tall = self.s, r.uniform(0.9, 1.08)
        coat, legs = ([r.uniform(0.02, 0.7) for _ in range(3)] for _ in range(2))
        stride = r.uniform(0.03, 0.3)
        for side in (-1, 1):
            s.cylinder((x + side * stride, y, z), (x + side * 0.08, y + 0.85 * tall, z), 0.09, rgb(legs))
            s.cylinder((x + side * 0.24, y + 1.38 * tall, z), (x + side * (0.28 + stride * 0.3), y + 0.8 * tall, z), 0.06, rgb(coat))
        s.cylinder((x, y + 0.8 * tall, z), (x, y + 1.45 * tall, z), 0.22, rgb(coat))
        s.sphere((x, y + 1.63 * tall, z), 0.12, rgb(r.choice([(0.05, 0.04, 0.04), (0.6, 0.45, 0.35)])))

    def laundry(self, r, x, y, z):
        """Washing on a line: there today and gone tomorrow."""
        s, at = self.s, x
        s.cylinder((x - 0.2, y + 1.9, z), (x + 3.2, y + 1.9, z), 0.015, rgb((0.7, 0.7, 0.7)))
        while at < x + 2.6:
            wide, long = r.uniform(0.3, 0.9), r.uniform(0.4, 1.2)
            s.box((at, y + 1.88 - long, z - 0.01), (at + wide, y + 1.88, z + 0.01), rgb([r.uniform(0.1, 0.95) for _ in range(3)]))
            at += wide + r.uniform(0.05, 0.3)

    def closed_parasol(self, r, x, y, z):
        self.s.add("cone", "%s, 0.16, %s, 0.03" % (vector((x, y + 1.0, z)), vector((x, y + 2.6, z))), rgb(r.choice(CLOTH)))
        self.s.cylinder((x, y, z), (x, y + 1.0, z), 0.04, rgb((0.4, 0.3, 0.2)))

    def puddle(self, r, x, z):
        shape = "<0, 0.052, 0>, <0, 0.03, 0>, %.3g scale <1, 1, %.3g> translate %s" % (r.uniform(0.5, 2.2), r.uniform(0.3, 0.8), vector((x, 0, z)))
        self.s.add("cylinder", shape, rgb((0.1, 0.1, 0.11)), finish="diffuse 0.3 specular 0.4 reflection { 0.1 0.6 }")

    # --- what is built without asking --------------------------------------------------------------------------------------

    def hut(self, r, x, y, z, w, d, h):
        s, walls, roof = self.s, self.cladding(r), self.ribbed(r, r.choice(STEEL))
        s.box((x, y, z), (x + w, y + h * 0.8, z + d), walls, finish="diffuse 0.7 specular 0.2 roughness 0.05")
        over, style = 0.25, r.random()
        if style < 0.5:
            s.sheet([(x - over, y + h * r.uniform(0.82, 0.95), z - over), (x + w + over, y + h * 0.85, z - over), (x + w + over, y + h, z + d + over), (x - over, y + h, z + d + over)], roof)
        else:
            for z0, z1 in ((z - over, z + d / 2), (z + d + over, z + d / 2)):
                s.sheet([(x - over, y + h * 0.78, z0), (x + w + over, y + h * 0.78, z0), (x + w + over, y + h * 1.05, z1), (x - over, y + h * 1.05, z1)], roof)
            for end in (x, x + w):
                s.triangle([(end, y + h * 0.8, z), (end, y + h * 0.8, z + d), (end, y + h * 1.03, z + d / 2)], walls)
        s.box((x + w * 0.15, y, z - 0.03), (x + w * 0.15 + 0.9, y + min(2, h * 0.75), z), rgb(r.choice(STEEL), 0.6))
        if w > 2.5:
            s.box((x + w * 0.6, y + h * 0.3, z - 0.03), (x + w * 0.6 + 1, y + h * 0.6, z), rgb((0.1, 0.12, 0.15)), finish="diffuse 0.3 reflection { 0.1 0.4 }")

    def glasshouse(self, r, x, y, z, w, d, h):
        """Panes in a frame. Glass that hardly shows would teach to see structures where nothing changed."""
        s, frame = self.s, rgb(r.choice(STEEL))
        glass = "rgbf <%.2f,%.2f,%.2f,%.2f>" % (r.uniform(0.5, 0.9), r.uniform(0.6, 0.95), r.uniform(0.6, 0.95), r.uniform(0.1, 0.4))
        s.box((x, y, z), (x + w, y + h, z + d), glass, finish="diffuse 0.35 specular 0.6 roughness 0.01 reflection { 0.1 0.5 }")
        for i in range(int(w / 0.8) + 1):
            at = x + min(w, i * 0.8)
            s.box((at - 0.03, y, z - 0.03), (at + 0.03, y + h, z + 0.03), frame)
            s.box((at - 0.03, y + h - 0.03, z), (at + 0.03, y + h + 0.03, z + d), frame)
        for level in (0, r.uniform(0.35, 0.6), 1):
            s.box((x, y + h * level - 0.04, z - 0.04), (x + w, y + h * level + 0.04, z + 0.04), frame)
        if r.random() < 0.4:
            s.box((x - 0.1, y + h, z - 0.1), (x + w + 0.1, y + h + 0.12, z + d + 0.1), self.ribbed(r, r.choice(STEEL)))

    def marquee(self, r, x, y, z, w, d, h):
        s, cloth, eaves = self.s, rgb(r.choice(CLOTH)), y + h * r.uniform(0.55, 0.75)
        tip = (x + w / 2, y + h * 1.1, z + d / 2)
        corners = [(x, eaves, z), (x + w, eaves, z), (x + w, eaves, z + d), (x, eaves, z + d)]
        for i in range(4):
            s.triangle([corners[i], corners[(i + 1) % 4], tip], cloth)
            s.cylinder((corners[i][0], y, corners[i][2]), corners[i], 0.05, rgb((0.7, 0.7, 0.7)))
        if r.random() < 0.5:
            for i in r.sample(range(4), r.randint(1, 4)):
                a, b = corners[i], corners[(i + 1) % 4]
                s.sheet([a, b, (b[0], y, b[2]), (a[0], y, a[2])], cloth)

    def canopy(self, r, x, y, z, w, d, h):
        s, roof, tilt = self.s, r.choice([self.ribbed(r, r.choice(STEEL)), rgb(r.choice(CLOTH))]), r.uniform(0, 0.35) * h
        s.sheet([(x, y + h - tilt, z), (x + w, y + h - tilt, z), (x + w, y + h, z + d), (x, y + h, z + d)], roof)
        s.box((x, y + h - tilt - 0.15, z), (x + w, y + h - tilt, z + 0.05), roof)
        for at in (x + 0.1, x + w - 0.1):
            s.cylinder((at, y, z + 0.1), (at, y + h - tilt, z + 0.1), 0.06, rgb((0.5, 0.5, 0.52)))

    def parasols(self, r, x, y, z, w, d, h):
        cloth = rgb(r.choice(CLOTH))
        for i in range(max(1, int(w / 2.5))):
            cx, cz, size = x + 1.2 + i * 2.5, z + d * r.uniform(0.3, 0.7), r.uniform(1.1, 1.5)
            corners = [(cx - size, y + 2.1, cz - size), (cx + size, y + 2.1, cz - size), (cx + size, y + 2.1, cz + size), (cx - size, y + 2.1, cz + size)]
            for k in range(4):
                self.s.triangle([corners[k], corners[(k + 1) % 4], (cx, y + 2.8, cz)], cloth)
            self.s.cylinder((cx, y, cz), (cx, y + 2.8, cz), 0.05, rgb((0.4, 0.3, 0.2)))

    def wall(self, r, x, y, z, w, d, h):
        tall = h * r.uniform(0.4, 0.9)
        self.s.box((x, y, z), (x + w, y + tall, z + 0.25), self.cladding(r))
        if r.random() < 0.5:
            self.s.box((x, y, z), (x + 0.25, y + tall, z + d), self.cladding(r))

    def fence(self, r, x, y, z, w, d, h):
        colour, tall = rgb(r.choice(STEEL)), h * r.uniform(0.4, 0.7)
        for i in range(int(w / 0.22)):
            self.s.box((x + i * 0.22, y, z), (x + i * 0.22 + r.uniform(0.05, 0.16), y + tall, z + 0.05), colour)
        for level in (0.2, 0.9):
            self.s.box((x, y + tall * level, z - 0.03), (x + w, y + tall * level + 0.07, z + 0.08), colour)

    def stack(self, r, x, y, z, w, d, h):
        for _ in range(r.randint(3, 7)):
            bw, bd, bh = r.uniform(0.8, max(0.9, w * 0.5)), r.uniform(0.6, max(0.7, d * 0.7)), r.uniform(0.4, h * 0.6)
            bx, bz = x + r.uniform(0, max(0.1, w - bw)), z + r.uniform(0, max(0.1, d - bd))
            if r.random() < 0.3:
                for k in range(4):
                    self.s.cylinder((bx, y + 0.2 + 0.3 * (k // 2), bz + 0.4 * (k % 2)), (bx + w * 0.6, y + 0.2 + 0.3 * (k // 2), bz + 0.4 * (k % 2)), 0.16, rgb(r.choice(STEEL)))
            else:
                self.s.box((bx, y, bz), (bx + bw, y + bh, bz + bd), self.cladding(r))

    def container(self, r, x, y, z, w, d, h):
        colour = r.choice(STEEL + [(0.75, 0.4, 0.1)])
        self.s.box((x, y, z), (x + max(w, 4), y + h * 0.9, z + max(d, 2.2)), self.ribbed(r, colour, "x"))

    def scaffold(self, r, x, y, z, w, d, h):
        colour, tall = rgb(r.choice(STEEL)), h * r.uniform(1.2, 2.2)
        for i in range(int(w / 1.5) + 1):
            for depth in (0, 0.9):
                self.s.cylinder((x + i * 1.5, y, z + depth), (x + i * 1.5, y + tall, z + depth), 0.05, colour)
        for level in range(1, int(tall / 1.6) + 1):
            self.s.box((x, y + level * 1.6, z), (x + w, y + level * 1.6 + 0.08, z + 0.9), self.planked(r))
        if r.random() < 0.4:
            self.s.sheet([(x, y, z - 0.1), (x + w, y, z - 0.1), (x + w, y + tall, z - 0.1), (x, y + tall, z - 0.1)], rgb((0.2, 0.45, 0.3)))

    def tarpaulin(self, r, x, y, z, w, d, h):
        """Cloth drawn over a heap of something."""
        s, cloth, tall, inset = self.s, rgb(r.choice(CLOTH + [(0.1, 0.3, 0.7), (0.15, 0.45, 0.3)])), h * r.uniform(0.3, 0.7), r.uniform(0.1, 0.35)
        low = [(x, y, z), (x + w, y, z), (x + w, y, z + d), (x, y, z + d)]
        top = [(px + (x + w / 2 - px) * inset * 2, y + tall * r.uniform(0.75, 1.1), pz + (z + d / 2 - pz) * inset * 2) for px, _, pz in low]
        for i in range(4):
            k = (i + 1) % 4
            s.sheet([low[i], low[k], top[k], top[i]], cloth)
        s.sheet(top, cloth)

    def heap(self, r, x, y, z, w, d, h):
        """Sand or gravel tipped out, or bricks on pallets."""
        s = self.s
        if r.random() < 0.5:
            tone = r.choice([(0.75, 0.62, 0.42), (0.55, 0.53, 0.5), (0.4, 0.3, 0.2)])
            size = min(w, d * 1.6) * 0.55
            s.add("cone", "%s, %.3g, %s, %.3g" % (vector((x + w / 2, y, z + d / 2)), size, vector((x + w / 2, y + h * r.uniform(0.3, 0.6), z + d / 2)), size * 0.12), self.rough(r, tone, 0.2, 0.25), extra="normal { granite 0.6 scale 0.6 }")
            return
        for i in range(max(1, int(w / 1.3))):
            for level in range(r.randint(1, 2)):
                s.box((x + i * 1.3, y + level * 1.0, z), (x + i * 1.3 + 1.05, y + level * 1.0 + 0.85, z + 1), self.bricks(r))

    def platform(self, r, x, y, z, w, d, h):
        """A deck on posts with a rail, as is put on roofs."""
        s, rise, post = self.s, h * r.uniform(0.25, 0.9), rgb(r.choice(STEEL))
        s.box((x, y + rise, z), (x + w, y + rise + 0.15, z + d), self.planked(r))
        for px in (x + 0.1, x + w / 2, x + w - 0.1):
            for pz in (z + 0.1, z + d - 0.1):
                s.cylinder((px, y, pz), (px, y + rise + 1.0, pz), 0.06, post)
        s.box((x, y + rise + 0.95, z), (x + w, y + rise + 1.02, z + 0.06), post)

    def clutter(self, r, x, y, z, w, d, h):
        """What fills corridors and garages: boxes, cupboards, shelves, boards against the wall."""
        s, at = self.s, x
        while at < x + w:
            wide, deep, tall = r.uniform(0.3, 1.1), r.uniform(0.25, max(0.3, min(d, 0.9))), r.uniform(0.3, h * 0.85)
            if r.random() < 0.25:
                for level in range(4):
                    s.box((at, y + tall * level / 3.0, z), (at + wide, y + tall * level / 3.0 + 0.04, z + deep), rgb((0.5, 0.5, 0.52)))
                    s.box((at + 0.05, y + tall * level / 3.0 + 0.04, z + 0.03), (at + wide * r.uniform(0.4, 0.9), y + tall * level / 3.0 + 0.22, z + deep * 0.9), rgb([r.uniform(0.1, 0.8) for _ in range(3)]))
            else:
                s.box((at, y, z), (at + wide, y + tall, z + deep), r.choice([self.planked(r), rgb((0.62, 0.48, 0.32)), rgb(r.choice(WALLS)), rgb(r.choice(STEEL))]))
            at += wide + r.uniform(0, 0.6)

    def site_begun(self, r, x, y, z, w, d, h):
        """The same footprint early on: a frame of posts and beams, or the first courses of its walls."""
        s = self.s
        if r.random() < 0.5:
            post = r.choice([self.planked(r), rgb(r.choice(STEEL))])
            for px in (x, x + w / 2, x + w):
                for pz in (z, z + d):
                    s.box((px - 0.07, y, pz - 0.07), (px + 0.07, y + h * 0.9, pz + 0.07), post)
            for pz in (z, z + d):
                s.box((x - 0.1, y + h * 0.85, pz - 0.06), (x + w + 0.1, y + h * 0.93, pz + 0.06), post)
            return
        walls, tall = self.bricks(r), h * r.uniform(0.15, 0.5)
        for a, b in (((x, z), (x + w, z + 0.25)), ((x, z + d - 0.25), (x + w, z + d)), ((x, z), (x + 0.25, z + d)), ((x + w - 0.25, z), (x + w, z + d))):
            s.box((a[0], y, a[1]), (b[0], y + tall, b[1]), walls)

    def enclosure(self, r, x, y, z, w, d, h):
        """A balcony closed in."""
        if r.random() < 0.65:
            self.glasshouse(r, x, y, z - 0.05, w, d, h)
        else:
            self.s.box((x, y, z - 0.05), (x + w, y + h, z + d), self.cladding(r))
            self.s.box((x + w * 0.25, y + h * 0.4, z - 0.08), (x + w * 0.75, y + h * 0.8, z), rgb((0.1, 0.12, 0.15)), finish="diffuse 0.3 reflection { 0.1 0.4 }")

    def build(self, r, site):
        x, y, z, w, d, h, kind = site
        if kind == "balcony":
            self.enclosure(r, x, y, z, w, d, h)
            return
        if kind == "inside":
            r.choices([self.clutter, self.wall, self.fence, self.stack, self.heap, self.tarpaulin], [5, 1.5, 1.5, 1.5, 0.7, 0.7])[0](r, x, y, z, w, d, h)
            return
        shrink_w, shrink_d = r.uniform(0.35, 1), r.uniform(0.5, 1)
        x += r.uniform(0, w * (1 - shrink_w))
        h *= r.uniform(0.75, 1.1)
        kinds = [self.hut, self.glasshouse, self.marquee, self.canopy, self.wall, self.fence, self.stack, self.container, self.scaffold, self.parasols, self.tarpaulin, self.heap, self.platform]
        weights = [6, 1.5, 3, 2.5, 1.5, 0.7, 2, 1.5, 0.7, 1.5, 1.2, 1.2, 0.2] if kind == "ground" else [6, 1.5, 1.5, 2.5, 1, 0.5, 1.5, 0.3, 0.5, 0.7, 1, 0.7, 2]
        build = r.choices(kinds, weights)[0]
        if self.begun and build in (self.hut, self.glasshouse, self.canopy, self.wall, self.container):
            build = self.site_begun
        build(r, x, y, z, w * shrink_w, d * shrink_d, h)

    # --- kinds of place --------------------------------------------------------------------------------------------------

    def estate(self):
        r, kind = self.fixed, self.kind
        # Where new structures go in such a place, so that they are seen.
        self.where = {
            "roofs": {"ground": 3, "roof": 5, "balcony": 1},
            "yard": {"ground": 5, "balcony": 1},
            "facade": {"ground": 2, "balcony": 4},
            "lane": {"ground": 1},
            "corridor": {"inside": 1},
            "garage": {"inside": 1},
        }[kind]
        if self.indoors:
            self.inside()
            return
        self.ground()
        if kind == "roofs":
            self.camera((r.uniform(-8, 8), r.uniform(24, 38), r.uniform(-46, -30)), (r.uniform(-4, 4), r.uniform(4, 10), 10), r.uniform(45, 65))
            for x, z in ((-24, 2), (7, 5), (-22, 28), (12, 30), (34, 10)):
                self.tower(x + r.uniform(-3, 3), z + r.uniform(-2, 2), r.uniform(11, 17), r.uniform(9, 12), r.randint(2, 7) if z < 20 else r.randint(5, 10))
            spread, cars = 45, r.randint(1, 6)
        elif kind == "yard":
            self.camera((r.uniform(-12, 12), r.uniform(6, 16), r.uniform(-28, -20)), (r.uniform(-5, 5), r.uniform(-2, 2.5), 3), r.uniform(50, 75))
            for x in (-30, -10, 12):
                self.tower(x + r.uniform(-2, 2), r.uniform(10, 18), r.uniform(13, 18), 10, r.randint(3, 8))
            spread, cars = 20, r.randint(1, 5)
        elif kind == "facade":
            self.camera((r.uniform(-6, 6), r.uniform(8, 20), r.uniform(-26, -16)), (r.uniform(-2, 2), r.uniform(6, 16), 5), r.uniform(40, 65))
            self.tower(-r.uniform(16, 22), 5, r.uniform(20, 26), 11, r.randint(6, 10))
            self.tower(r.uniform(7, 11), r.uniform(2, 8), r.uniform(14, 20), 11, r.randint(4, 9))
            spread, cars = 18, r.randint(0, 2)
        else:
            self.camera((r.uniform(-1.5, 1.5), r.uniform(3.5, 7), -22), (r.uniform(-1, 1), r.uniform(1, 3), 6), r.uniform(50, 75))
            self.s.box((-7.5, 0, -30), (-6.8, r.uniform(2, 8), 50), self.bricks(r) if r.random() < 0.5 else self.rough(r, r.choice(WALLS)))
            self.tower(7, -18, 14, 50, r.randint(2, 5), balconies=False)
            self.tower(-20, 32, 34, 10, r.randint(3, 7))
            spread, cars = 5.5, r.randint(0, 2)
        road = r.uniform(-14, -9)
        if kind != "facade":
            self.s.box((-90, 0, road), (90, 0.05, road + 6), self.rough(r, (0.28, 0.28, 0.29), 2))
            for x in range(-40, 40, 5):
                self.s.box((x, 0.05, road + 2.9), (x + 2.2, 0.07, road + 3.1), rgb((0.75, 0.75, 0.72)))
        if kind != "facade":  # two that are near and large
            for _ in range(2):
                self.sites.append((r.uniform(-spread * 0.4, spread * 0.3), 0, r.uniform(-9, -4), r.uniform(5, 9), r.uniform(3, 5), r.uniform(2.6, 4), "ground"))
        for _ in range(r.randint(4, 8)):
            self.sites.append((r.uniform(-spread, spread), 0, r.uniform(-6, 7) if kind != "roofs" else r.uniform(-7, 0), r.uniform(3, 7), r.uniform(2, 4), r.uniform(2.2, 3.4), "ground"))
        for index in range(r.randint(2, 14)):
            x, z = r.uniform(-spread * 1.2, spread * 1.2), r.uniform(-7, 9)
            if abs(x) > 3 or kind == "roofs":
                self.tree(x, z, r.uniform(2, 5), index * 31 + 7)
        lamp = rgb((0.4, 0.4, 0.42))
        for _ in range(r.randint(0, 4)):
            x, z = r.uniform(-spread, spread), r.uniform(-7, 6)
            self.s.cylinder((x, 0, z), (x, r.uniform(4, 7), z), 0.08, lamp)
        p = self.passing
        for _ in range(cars + p.randint(-1, 2)):
            self.car(p, p.uniform(-spread, spread), road + p.choice([0.6, 3.4]) if kind != "lane" else p.uniform(-12, 12), along=kind != "lane")
        for _ in range(p.randint(0, 6)):
            self.person(p, p.uniform(-spread * 0.7, spread * 0.7), 0, p.uniform(-16, 3))
        for _ in range(p.choice([0, 0, 1, 3])):
            self.puddle(p, p.uniform(-spread * 0.7, spread * 0.7), p.uniform(-9, 3))
        for _ in range(p.choice([0, 0, 0, 2, 4])):
            self.closed_parasol(p, p.uniform(-spread * 0.5, spread * 0.5), 0, p.uniform(-8, 2))
        balconies = [site for site in self.sites if site[6] == "balcony"]
        for x, y, z, *_ in p.sample(balconies, min(len(balconies), p.choice([0, 0, 2, 5]))):
            self.laundry(p, x - 0.3, y, z - 0.15)

    def inside(self):
        """A corridor with doors, or a garage with pillars and bays."""
        s, r, p = self.s, self.fixed, self.passing
        garage = self.kind == "garage"
        half, tall, deep = (r.uniform(7, 11), r.uniform(2.5, 3.2), 40) if garage else (r.uniform(1.1, 2), r.uniform(2.4, 3), 26)
        floor, walls = self.rough(r, r.choice([(0.45, 0.45, 0.46), (0.6, 0.55, 0.48), (0.35, 0.38, 0.36)]), 1.5, 0.08), self.rough(r, r.choice(WALLS), 2, 0.05)
        self.camera((r.uniform(-0.6, 0.6) * half, tall * r.uniform(0.75, 0.92), -7 if garage else -4), (r.uniform(-0.3, 0.3) * half, tall * 0.3, 8), r.uniform(60, 85))
        s.box((-half, -0.1, -12), (half, 0, deep), floor)
        s.box((-half, tall, -12), (half, tall + 0.1, deep), self.rough(r, (0.75, 0.75, 0.73), 2, 0.04))
        for a, b in (((-half - 0.2, 0, -12), (-half, tall, deep)), ((half, 0, -12), (half + 0.2, tall, deep)), ((-half, 0, deep), (half, tall, deep + 0.2))):
            s.box(a, b, walls)
        if not s.mask:
            for k in range(5):
                s.text.append("light_source { %s rgb <1, 0.97, 0.9>*%.3g fade_distance 5 fade_power 2 }\n" % (vector((0, tall - 0.1, -2 + k * 6)), self.weather.choice([0.3, 0.8, 0.8, 0.8])))
        for k in range(5):
            for side in (-1, 1):
                if garage:
                    s.box((side * half * 0.35 - 0.2, 0, k * 6), (side * half * 0.35 + 0.2, tall, k * 6 + 0.4), walls)
                    s.box((side * half * 0.4, 0, k * 3 - 2), (side * half, 0.01, k * 3 - 1.9), rgb((0.85, 0.85, 0.8)))
                else:
                    s.box((side * half - 0.03, 0, k * 4 + 1), (side * half + 0.03, 2.05, k * 4 + 1.95), rgb(r.choice([(0.4, 0.25, 0.15), (0.7, 0.7, 0.68), (0.3, 0.35, 0.4)])))
        for k in range(6):
            side = r.choice([-1, 1])
            wide, far = (r.uniform(1.5, 4), r.uniform(0.5, 9)) if garage else (min(r.uniform(0.8, 2.2), half * 0.8), r.uniform(0.5, 6))
            x = -half + 0.05 if side < 0 else half - 0.05 - wide
            self.sites.append((x, 0, far, wide, r.uniform(0.5, 2.2), tall * r.uniform(0.5, 0.9), "inside"))
        for _ in range(p.randint(0, 4) if garage else 0):
            self.car(p, p.choice([-1, 1]) * half * 0.7 - 0.9, p.uniform(0, 12), along=False)
        for _ in range(p.randint(0, 2)):
            self.person(p, p.uniform(-0.6, 0.6) * half, 0, p.uniform(0, 10))

    def write(self, path):
        self.light()
        self.estate()
        if self.fixed.random() < 0.5:  # a structure that stands lawfully
            self.build(self.fixed, self.fixed.choice([site for site in self.sites if site[6] in ("ground", "inside")]))
        if self.changed:
            self.s.new = True
            r = self.novel
            for kind in r.choices(list(self.where), list(self.where.values()), k=r.choice([2, 3, 4])):
                self.build(r, r.choice([site for site in self.sites if site[6] == kind]))
        with open(path, "w") as file:
            file.write("".join(self.s.text))


def render(place, out, mask):
    with tempfile.TemporaryDirectory() as folder:
        scene = os.path.join(folder, "scene.pov")
        place.write(scene)
        quality = ["+A0.3", "+AM1", "+R2"] if not mask else ["-A"]
        command = ["povray", f"+I{scene}", f"+O{out}", f"+W{WIDTH}", f"+H{HEIGHT}", "-D", "-V", "-GA", "+WT1", "File_Gamma=sRGB", *quality]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{out}: {done.stderr[-600:]}")


def placed(number, visit, folder):
    """The first attempt at new structures of which enough is seen: many sites lie out of sight or behind a tower."""
    best, most = 0, 0.0
    for attempt in range(ATTEMPTS):
        mask = os.path.join(folder, "mask.png")
        render(Place(number, visit, True, True, attempt), mask, True)
        seen = float((cv2.imread(mask, cv2.IMREAD_GRAYSCALE) > 100).mean())
        if seen > most:
            best, most = attempt, seen
        if seen >= ENOUGH_SEEN:
            break
    return best


def photograph(number, out):
    """Writes a place's pictures and masks, unless it is there whole."""
    stem = os.path.join(out, f"p{number:04d}")
    if os.path.exists(f"{stem}_c{CHANGED - 1}_mask.png"):
        return
    for visit in range(UNCHANGED):
        render(Place(number, visit, False, False), f"{stem}_u{visit}.png", False)
    with tempfile.TemporaryDirectory() as folder:
        finished = FIRST_CHANGED + CHANGED - 1
        attempt = placed(number, finished, folder)
        if not Place(number, finished, True, True).grows:
            attempts = [placed(number, FIRST_CHANGED + visit, folder) for visit in range(CHANGED - 1)] + [attempt]
        else:
            attempts = [attempt] * CHANGED
        for visit, attempt in enumerate(attempts):
            number_of = FIRST_CHANGED + visit
            render(Place(number, number_of, True, False, attempt), f"{stem}_c{visit}.png", False)
            render(Place(number, number_of, True, True, attempt), os.path.join(folder, "mask.png"), True)
            # The mask comes last: it says that the place is whole.
            shutil.move(os.path.join(folder, "mask.png"), f"{stem}_c{visit}_mask.png")


def main():
    options = argparse.ArgumentParser()
    options.add_argument("out")
    options.add_argument("--first", type=int, default=0)
    options.add_argument("--places", type=int, default=100)
    o = options.parse_args()
    os.makedirs(o.out, exist_ok=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # Taking the answers is what tells of a place that failed.
        for _ in pool.map(lambda number: photograph(number, o.out), range(o.first, o.first + o.places)):
            pass


if __name__ == "__main__":
    main()
