"""Things that stand or move about an estate: trees, hedges, cars, people, lamps and the rest."""

import math
import random

from pov import ball, box, cyl, declare, place, rgb, tex, union, v


def mesh(triangles, smooth=False):
    """Text of a mesh. A triangle is (a, b, c) or, smooth, (a, na, b, nb, c, nc)."""
    word = "smooth_triangle" if smooth else "triangle"
    return "mesh{%s}" % "".join("%s{%s}" % (word, ",".join(v(p) for p in t)) for t in triangles)


def _leaf(r, at, size):
    """Two triangles of a leaf spray, turned anyhow."""
    u = [r.gauss(0, 1) for _ in range(3)]
    w = [r.gauss(0, 1) for _ in range(3)]
    lu = math.sqrt(sum(x * x for x in u)) or 1
    u = [x / lu * size for x in u]
    dot = sum(a * b for a, b in zip(u, w)) / (size * size)
    w = [b - dot * a for a, b in zip(u, w)]
    lw = math.sqrt(sum(x * x for x in w)) or 1
    w = [x / lw * size * 0.62 for x in w]
    p = [[c + su * a + sw * b for c, a, b in zip(at, u, w)] for su, sw in ((-1, 0), (0, -1), (1, 0), (0, 1))]
    return [(p[0], p[1], p[2]), (p[0], p[2], p[3])]


def _leaves(name, colour):
    """Leaves of one kind in three shades, so that a crown has depth."""
    return "#declare %s=texture{pigment{bozo color_map{[0 %s][.5 %s][1 %s]} scale .5} finish{ambient 0 diffuse .9 specular .06 roughness .1}}\n" % (
        name,
        rgb([c * 0.6 for c in colour]),
        rgb(colour),
        rgb([c * 1.45 for c in colour]),
    )


def declare_plants(r, leafy=1.0):
    """Declares Tree0..Tree3 (about 7 m), Shrub and Hedge (4 m long). `leafy` below 1 thins leaves for speed."""
    out = [_leaves("T_Camphor", (0.13, 0.2, 0.05)), _leaves("T_Ginkgo", (0.26, 0.27, 0.06)), _leaves("T_Osmanthus", (0.075, 0.14, 0.045))]
    kinds = (("T_Camphor", 2.5, 1.9, 7000), ("T_Osmanthus", 1.7, 1.7, 5500), ("T_Ginkgo", 1.5, 2.5, 5000), ("T_Camphor", 2.1, 2.3, 6500))
    for i, (leaf, wide, tall, count) in enumerate(kinds):
        trunk = 2.2 if leaf != "T_Osmanthus" else 1.0
        clumps = []
        for _ in range(34):
            turn, up, out_ = r.uniform(0, 6.283), r.uniform(-0.9, 1), r.uniform(0.35, 1) ** 0.6
            flat = math.sqrt(max(0, 1 - up * up)) * out_
            clumps.append((flat * wide * math.cos(turn), trunk + tall * (1 + up * out_), flat * wide * math.sin(turn), r.uniform(0.5, 0.95)))
        triangles = []
        for _ in range(int(count * leafy)):
            cx, cy, cz, cr = r.choice(clumps)
            d = [r.gauss(0, 0.5) for _ in range(3)]
            triangles += _leaf(r, (cx + d[0] * cr, cy + d[1] * cr * 0.8, cz + d[2] * cr), r.uniform(0.06, 0.13))
        parts = ["object{%s texture{%s}}\n" % (mesh(triangles), leaf), "cone{<0,0,0>,.16,<0,%.3g,0>,.09 texture{T_Bark}}\n" % (trunk + tall * 0.8)]
        for cx, cy, cz, _ in clumps[:9]:
            parts.append("cone{<0,%.3g,0>,.06,%s,.02 texture{T_Bark}}\n" % (trunk * r.uniform(0.8, 1.25), v((cx * 0.8, cy, cz * 0.8))))
        out.append(declare("Tree%d" % i, parts))
    for name, size, count, shape in (("Hedge", (4, 0.9, 0.8), 4200, "box"), ("Shrub", (1.1, 1.0, 1.1), 1500, "ball")):
        triangles = []
        for _ in range(int(count * leafy)):
            if shape == "box":
                p = [r.uniform(0, size[0]), r.uniform(0, size[1]), r.uniform(0, size[2])]
                side = r.randrange(3)
                if side == 0:
                    p[1] = size[1] + r.gauss(0, 0.03)
                elif side == 1:
                    p[2] = r.choice((0, size[2])) + r.gauss(0, 0.03)
                else:
                    p[r.choice((0, 2))] += r.gauss(0, 0.02)
            else:
                turn, up = r.uniform(0, 6.283), r.uniform(-0.6, 1)
                flat = math.sqrt(1 - up * up) * r.uniform(0.85, 1.05)
                p = [flat * math.cos(turn) * 0.6, 0.5 + up * 0.5, flat * math.sin(turn) * 0.6]
            triangles += _leaf(r, p, r.uniform(0.035, 0.07))
        core = box((0.05, 0, 0.05), (size[0] - 0.05, size[1] - 0.06, size[2] - 0.05), (0.03, 0.05, 0.02)) if shape == "box" else ball((0, 0.42, 0), 0.46, (0.03, 0.05, 0.02))
        out.append(declare(name, ["object{%s texture{T_Osmanthus}}\n" % mesh(triangles), core]))
    return "".join(out)


def hedge(a, b):
    """A clipped hedge from a to b on the ground (x, z)."""
    length = math.hypot(b[0] - a[0], b[1] - a[1])
    turn = -math.degrees(math.atan2(b[1] - a[1], b[0] - a[0]))
    count = max(1, round(length / 4))
    out = []
    for i in range(count):
        f = i / count
        out.append(place("Hedge", (a[0] + (b[0] - a[0]) * f, 0, a[1] + (b[1] - a[1]) * f), turn, (length / count / 4, 1, 1)))
    return "".join(out)


# Cars: lofted along their length. Stations are (x, half width, bottom, top); x forward.
_BODIES = {
    "sedan": (
        [(-2.32, 0.55, 0.45, 0.7), (-2.26, 0.74, 0.34, 0.92), (-1.95, 0.84, 0.26, 0.98), (-1.3, 0.89, 0.22, 0.97), (0, 0.9, 0.2, 0.95), (0.9, 0.89, 0.2, 0.92), (1.5, 0.87, 0.22, 0.86), (2.0, 0.8, 0.27, 0.76), (2.25, 0.68, 0.33, 0.66), (2.34, 0.5, 0.42, 0.56)],
        [(-1.75, 0.7, 0.93, 0.98), (-1.15, 0.66, 0.93, 1.36), (-0.5, 0.64, 0.93, 1.46), (0.1, 0.64, 0.93, 1.45), (0.45, 0.65, 0.92, 1.36), (1.15, 0.72, 0.9, 0.95)],
    ),
    "suv": (
        [(-2.28, 0.6, 0.5, 0.85), (-2.22, 0.8, 0.38, 1.05), (-1.8, 0.9, 0.3, 1.1), (-0.9, 0.93, 0.27, 1.08), (0.5, 0.93, 0.27, 1.06), (1.3, 0.91, 0.28, 1.02), (1.9, 0.85, 0.32, 0.93), (2.2, 0.72, 0.38, 0.82), (2.3, 0.52, 0.48, 0.7)],
        [(-2.1, 0.72, 1.05, 1.2), (-1.8, 0.7, 1.05, 1.58), (-1.0, 0.69, 1.05, 1.7), (0, 0.69, 1.05, 1.69), (0.5, 0.7, 1.04, 1.58), (1.2, 0.78, 1.02, 1.07)],
    ),
    "van": (
        [(-2.2, 0.74, 0.4, 1.05), (-2.14, 0.82, 0.32, 1.15), (-1, 0.84, 0.27, 1.12), (0.8, 0.84, 0.27, 1.1), (1.6, 0.83, 0.28, 1.05), (2.0, 0.78, 0.32, 0.9), (2.12, 0.64, 0.4, 0.74)],
        [(-2.16, 0.74, 1.08, 1.5), (-2.05, 0.72, 1.08, 1.85), (-1, 0.72, 1.08, 1.9), (0.6, 0.72, 1.08, 1.88), (0.95, 0.72, 1.06, 1.78), (1.75, 0.78, 1.02, 1.06)],
    ),
}


def _loft(stations, corner, rings=16):
    """Smooth triangles around stations of rounded rectangles."""
    fine = []
    for i in range(len(stations) - 1):
        for k in range(3):
            f = k / 3
            f = f if i in (0, len(stations) - 2) else f
            fine.append([p + (q - p) * f for p, q in zip(stations[i], stations[i + 1])])
    fine.append(list(stations[-1]))
    grid = []
    for x, half, low, high in fine:
        ring = []
        mid, tall = (low + high) / 2, (high - low) / 2
        for k in range(rings):
            t = 2 * math.pi * k / rings
            c, s = math.cos(t), math.sin(t)
            ring.append((x, mid + tall * math.copysign(abs(s) ** corner, s), half * math.copysign(abs(c) ** corner, c)))
        grid.append(ring)
    normals = [[[0.0, 0.0, 0.0] for _ in ring] for ring in grid]
    faces = []
    for i in range(len(grid) - 1):
        for k in range(rings):
            m = (k + 1) % rings
            for f in (((i, k), (i + 1, k), (i + 1, m)), ((i, k), (i + 1, m), (i, m))):
                a, b, c = (grid[p][q] for p, q in f)
                n = _cross([b[j] - a[j] for j in range(3)], [c[j] - a[j] for j in range(3)])
                faces.append(f)
                for p, q in f:
                    normals[p][q] = [normals[p][q][j] + n[j] for j in range(3)]
    out = []
    for f in faces:
        t = []
        for p, q in f:
            n = normals[p][q]
            length = math.sqrt(sum(x * x for x in n)) or 1
            t += [grid[p][q], [x / length for x in n]]
        out.append(t)
    for ring, turn in ((grid[0], 1), (grid[-1], -1)):
        centre = [sum(p[j] for p in ring) / rings for j in range(3)]
        for k in range(rings):
            n = (-turn, 0, 0)
            out.append([centre, n, ring[k], n, ring[(k + 1) % rings], n])
    return out


def _cross(a, b):
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def declare_cars():
    """Declares the meshes; `car` puts one together."""
    out = []
    for kind, (body, cabin) in _BODIES.items():
        out.append("#declare M_%s_body=%s\n" % (kind, mesh(_loft(body, 0.42), True)))
        out.append("#declare M_%s_cabin=%s\n" % (kind, mesh(_loft(cabin, 0.5), True)))
        # The roof in the body's colour lies a finger above the glass.
        roof = [(x, h * 0.9, top - 0.1, top + 0.012) for x, h, _, top in cabin[1:-1]]
        out.append("#declare M_%s_roof=%s\n" % (kind, mesh(_loft(roof, 0.5), True)))
    return "".join(out)


CAR_COLOURS = ((0.75, 0.76, 0.77), (0.03, 0.03, 0.035), (0.4, 0.41, 0.43), (0.62, 0.6, 0.55), (0.33, 0.03, 0.03), (0.04, 0.08, 0.2), (0.7, 0.7, 0.68), (0.2, 0.2, 0.22))


def car(kind, colour, at, turn, lights=False):
    """A car; its front points to +x before it is turned."""
    front = max(s[0] for s in _BODIES[kind][0])
    back = min(s[0] for s in _BODIES[kind][0])
    roof = max(s[3] for s in _BODIES[kind][1])
    paint = "texture{pigment{%s} finish{F_Glossy}}" % rgb(colour)
    parts = [
        "object{M_%s_body %s}\n" % (kind, paint),
        "object{M_%s_cabin texture{T_CarGlass}}\n" % kind,
        "object{M_%s_roof %s}\n" % (kind, paint),
    ]
    for x in (front - 0.85, back + 0.85):
        for z in (-0.8, 0.8):
            parts += [cyl((x, 0.32, z - 0.1), (x, 0.32, z + 0.1), 0.32, "T_Rubber"), cyl((x, 0.32, z * 1.127 - 0.03), (x, 0.32, z * 1.127 + 0.03), 0.19, "T_Steel")]
    glow = "finish{emission 1.6 diffuse .4}" if lights else "finish{F_Glossy}"
    for z in (-0.58, 0.58):
        parts.append("sphere{0,1 scale <.1,.08,.17> texture{pigment{rgb <.9,.9,.82>} %s} translate <%.3g,.66,%.3g>}\n" % (glow, front - 0.13, z))
        parts.append("sphere{0,1 scale <.07,.1,.16> texture{pigment{rgb <.5,.02,.02>} %s} translate <%.3g,.82,%.3g>}\n" % (glow.replace("1.6", ".6"), back + 0.05, z))
    for x, z, y in ((-0.55, 0.02, 0), (0.45, 0.02, 0)):
        parts.append(box((x - 0.035, 0.95, -0.735), (x + 0.035, roof - 0.1, 0.735), "texture{pigment{%s} finish{F_Semi}}" % rgb([c * 0.5 for c in colour])))
    parts.append(box((front - 0.03, 0.42, -0.22), (front + 0.02, 0.52, 0.22), (0.03, 0.12, 0.45)))
    parts.append(box((back - 0.02, 0.6, -0.22), (back + 0.03, 0.71, 0.22), (0.03, 0.12, 0.45)))
    for z in (-0.95, 0.95):
        parts.append("sphere{0,1 scale <.09,.07,.12> %s translate <%.3g,1,%.3g>}\n" % (paint, front - 1.45, z))
    return union(parts, "rotate y*%.4g translate %s" % (turn, v(at)))


def person(r, at, turn, stride=0.0):
    """Somebody 1.55 to 1.8 m tall facing +x before being turned; `stride` is the phase of the walk in radians."""
    tall = r.uniform(0.92, 1.06)
    top = r.choice(((0.5, 0.08, 0.08), (0.1, 0.16, 0.35), (0.7, 0.69, 0.65), (0.12, 0.12, 0.13), (0.65, 0.45, 0.1), (0.16, 0.3, 0.2), (0.55, 0.3, 0.4), (0.3, 0.42, 0.6)))
    trousers = r.choice(((0.05, 0.06, 0.1), (0.1, 0.1, 0.1), (0.22, 0.2, 0.17), (0.1, 0.13, 0.22)))
    skin = (0.55, 0.38, 0.29)
    hair = r.choice(((0.02, 0.02, 0.02), (0.03, 0.025, 0.02), (0.3, 0.3, 0.3)))
    swing = math.sin(stride) * 0.3
    parts = []

    def limb(a, m, b, ra, rb, colour):
        t = tex(colour)
        parts.append("cone{%s,%.3g,%s,%.3g %s}\ncone{%s,%.3g,%s,%.3g %s}\nsphere{%s,%.3g %s}\n" % (v(a), ra, v(m), (ra + rb) / 2, t, v(m), (ra + rb) / 2, v(b), rb, t, v(m), (ra + rb) / 2, t))

    for side, s in ((-0.1, swing), (0.1, -swing)):
        lift = max(0, -s) * 0.25
        limb((0, 0.88, side), (s * 0.6 + 0.05, 0.48, side), (s, 0.08 + lift, side), 0.1, 0.06, trousers)
        parts.append("sphere{0,1 scale <.14,.05,.06> texture{pigment{rgb .06} finish{F_Matt}} translate <%.3g,%.3g,%.3g>}\n" % (s + 0.05, 0.05 + lift, side))
    for side, s in ((-0.23, -swing), (0.23, swing)):
        limb((0, 1.38, side * 0.9), (s * 0.35 - 0.02, 1.1, side * 1.1), (s * 0.8 + 0.06, 0.86, side * 1.05), 0.07, 0.045, top)
        parts.append(ball((s * 0.8 + 0.07, 0.82, side * 1.05), 0.05, skin))
    parts.append("sphere{0,1 scale <.13,.33,.21> %s translate <0,1.15,0>}\n" % tex(top))
    parts.append("sphere{0,1 scale <.12,.12,.2> %s translate <0,1.37,0>}\n" % tex(top))
    parts.append("sphere{0,1 scale <.13,.14,.16> %s translate <0,.88,0>}\n" % tex(trousers))
    parts.append(cyl((0, 1.42, 0), (0.01, 1.54, 0), 0.055, skin))
    parts.append("sphere{0,1 scale <.1,.125,.09> %s translate <.02,1.63,0>}\n" % tex(skin))
    parts.append("sphere{0,1 scale <.115,.11,.105> %s translate <-.015,1.675,0>}\n" % tex(hair))
    if r.random() < 0.3:
        parts.append(box((0.02, 0.5, 0.24), (0.3, 0.84, 0.36), r.choice(((0.6, 0.1, 0.1), (0.75, 0.75, 0.7), (0.15, 0.3, 0.15)))))
    return union(parts, "scale %.4g rotate y*%.4g translate %s" % (tall, turn, v(at)))


def scooter(r, at, turn, rider=True, box_colour=None):
    """An electric scooter facing +x before it is turned, ridden or parked."""
    colour = r.choice(((0.45, 0.05, 0.05), (0.05, 0.05, 0.06), (0.65, 0.65, 0.66), (0.08, 0.2, 0.4), (0.1, 0.3, 0.22)))
    paint = "texture{pigment{%s} finish{F_Glossy}}" % rgb(colour)
    parts = []
    for x in (-0.55, 0.6):
        parts += ["torus{.2,.06 rotate x*90 texture{T_Rubber} translate <%.3g,.26,0>}\n" % x, cyl((x, 0.26, -0.04), (x, 0.26, 0.04), 0.12, "T_Steel")]
    parts += [
        "sphere{0,1 scale <.5,.17,.13> %s translate <-.38,.58,0>}\n" % paint,
        box((-0.1, 0.28, -0.12), (0.35, 0.36, 0.12), paint),
        "sphere{0,1 scale <.1,.36,.16> %s rotate z*14 translate <.42,.65,0>}\n" % paint,
        cyl((0.6, 0.26, 0), (0.38, 1.02, 0), 0.03, "T_Steel"),
        cyl((0.36, 1.02, -0.3), (0.36, 1.02, 0.3), 0.022, "T_DarkSteel"),
        "sphere{0,1 scale <.4,.07,.14> texture{T_Rubber} translate <-.3,.76,0>}\n",
    ]
    if box_colour:
        parts.append(box((-0.95, 0.78, -0.23), (-0.5, 1.22, 0.23), box_colour))
    if rider:
        top, skin = r.choice(((0.75, 0.55, 0.05), (0.1, 0.2, 0.45), (0.15, 0.15, 0.16), (0.6, 0.1, 0.12))), (0.55, 0.38, 0.29)
        for side in (-0.13, 0.13):
            t = tex((0.07, 0.08, 0.11))
            parts.append("cone{%s,.09,%s,.07 %s} cone{%s,.07,%s,.055 %s}\n" % (v((-0.3, 0.84, side)), v((0.12, 0.74, side)), t, v((0.12, 0.74, side)), v((0.1, 0.36, side)), t))
            parts.append("cone{%s,.065,%s,.045 %s}\n" % (v((-0.2, 1.3, side * 1.5)), v((0.32, 1.02, side * 2)), tex(top)))
        parts += [
            "sphere{0,1 scale <.15,.34,.2> %s rotate z*-8 translate <-.26,1.1,0>}\n" % tex(top),
            ball((-0.18, 1.55, 0), 0.1, skin),
            "sphere{0,1 scale <.14,.13,.13> %s translate <-.19,1.6,0>}\n" % r.choice(("texture{pigment{rgb <.75,.6,.1>} finish{F_Glossy}}", "texture{pigment{rgb .8} finish{F_Glossy}}", tex((0.02, 0.02, 0.02)))),
        ]
    return union(parts, "rotate y*%.4g translate %s" % (turn, v(at)))


def lamp_post(at, lit, turn=0):
    """A 4 m garden lamp."""
    glow = "texture{pigment{rgb <1,.86,.62>} finish{ambient 0 diffuse .6 emission %s}}" % (1.3 if lit else 0.05)
    parts = [cyl((0, 0, 0), (0, 0.4, 0), 0.1, "T_DarkSteel"), cyl((0, 0, 0), (0, 3.7, 0), 0.05, "T_DarkSteel"), cyl((0, 3.66, 0), (0, 4.02, 0), 0.16, glow), "cone{<0,4.02,0>,.3,<0,4.2,0>,.06 texture{T_DarkSteel}}\n"]
    return union(parts, "no_shadow rotate y*%.4g translate %s" % (turn, v(at)))


def bin_pair(at, turn=0):
    parts = []
    for x, colour in ((0, (0.1, 0.3, 0.14)), (0.72, (0.12, 0.16, 0.36)), (1.44, (0.3, 0.3, 0.3))):
        parts += [box((x, 0.1, 0), (x + 0.6, 0.95, 0.62), colour), box((x - 0.03, 0.95, -0.04), (x + 0.63, 1.05, 0.66), [c * 0.8 for c in colour])]
    return union(parts, "rotate y*%.4g translate %s" % (turn, v(at)))


def bench(at, turn=0):
    parts = [box((0, 0.4, i * 0.14), (1.7, 0.45, i * 0.14 + 0.11), (0.33, 0.2, 0.11)) for i in range(3)]
    parts += [box((0, 0.55 + i * 0.16, 0.42), (1.7, 0.66 + i * 0.16, 0.46), (0.33, 0.2, 0.11)) for i in range(2)]
    parts += [box((x, 0, 0), (x + 0.07, 0.8, 0.45), "T_DarkSteel") for x in (0.15, 1.48)]
    return union(parts, "rotate y*%.4g translate %s" % (turn, v(at)))


def solar_heater(at, turn=0):
    """A roof water heater: vacuum tubes and a tank."""
    parts = [cyl((-0.95, 1.28, 0.72), (0.95, 1.28, 0.72), 0.24, "T_White")]
    for i in range(15):
        x = -0.84 + i * 0.12
        parts.append(cyl((x, 0.22, -0.72), (x, 1.18, 0.6), 0.034, "texture{pigment{rgb <.015,.02,.05>} finish{F_Glossy}}"))
    for x in (-0.9, 0.9):
        parts += [cyl((x, 0, 0.72), (x, 1.2, 0.72), 0.022, "T_Steel"), cyl((x, 0.1, -0.76), (x, 1.2, 0.66), 0.022, "T_Steel"), cyl((x, 0, -0.74), (x, 0.2, -0.74), 0.022, "T_Steel")]
    parts.append(cyl((-0.92, 0.18, -0.74), (0.92, 0.18, -0.74), 0.03, "T_Steel"))
    return union(parts, "rotate y*%.4g translate %s" % (turn, v(at)))


def aircon(at, turn=0):
    """An outdoor unit of an air conditioner, 0.85 m wide, its front to -z."""
    parts = [box((0, 0, 0), (0.85, 0.58, 0.3), "T_White"), "torus{.2,.015 rotate x*90 texture{T_Steel} translate <.3,.29,-.01>}\n", cyl((0.3, 0.29, -0.012), (0.3, 0.29, 0), 0.2, (0.12, 0.12, 0.12)), cyl((0.3, 0.29, -0.02), (0.3, 0.29, 0), 0.06, "T_White")]
    return union(parts, "rotate y*%.4g translate %s" % (turn, v(at)))


def parked_row(r, kinds, start, step, turn, count, gap=0.15):
    """Cars side by side; some places stay empty."""
    out = []
    for i in range(count):
        kind, colour, empty = r.choice(kinds), r.choice(CAR_COLOURS), r.random() < gap
        if not empty:
            out.append(car(kind, colour, (start[0] + step[0] * i + r.uniform(-0.15, 0.15), 0, start[1] + step[1] * i + r.uniform(-0.15, 0.15)), turn + r.uniform(-1.5, 1.5) + r.choice((0, 180))))
    return "".join(out)


def seeded(*words):
    return random.Random("/".join(str(w) for w in words))
