"""Residential towers, made of bays: 3.6 m wide, 3 m high, the front to -z, with recessed windows and balconies."""

from pov import box, cyl, declare, place, rgb, tex, union, v
from things import aircon, seeded

BAY = 3.6
FLOOR = 3.0

STYLES = {
    "sand": dict(wall="Wall(<.66,.57,.44>)", trim="Wall(<.78,.75,.69>)", base="Stone(<.34,.27,.22>)", frame=(0.13, 0.12, 0.11), rail="bars"),
    "brick": dict(wall="Tile(<.5,.27,.19>,.24)", trim="Wall(<.74,.7,.64>)", base="Stone(<.4,.37,.34>)", frame=(0.8, 0.8, 0.78), rail="glass"),
    "pale": dict(wall="Wall(<.74,.72,.68>)", trim="Wall(<.5,.4,.32>)", base="Stone(<.42,.36,.3>)", frame=(0.75, 0.76, 0.76), rail="bars"),
    "grey": dict(wall="Wall(<.5,.51,.52>)", trim="Wall(<.76,.76,.75>)", base="Stone(<.28,.28,.29>)", frame=(0.1, 0.1, 0.11), rail="glass"),
}

PANE = 'texture{pigment{%s} finish{ambient 0 diffuse .55 specular .6 roughness .008 reflection{.1,.5}}}'
LIT = 'texture{pigment{gradient x color_map{[0 rgb <1,.8,.5>][.5 rgb <.85,.66,.42>][1 rgb <1,.82,.55>]} scale .9} finish{ambient 0 diffuse .4 emission %.3g specular .3 roughness .02}}'


def _pane(width, height, frame, curtain, lit=0.0):
    """A window of two sashes in the x-y plane, lower left corner at the origin."""
    glass = LIT % lit if lit else PANE % "rgb <.04,.05,.055>"
    parts = [box((0, 0, 0), (width, height, 0.03), glass)]
    if not lit:
        for a, b, colour in curtain:
            parts.append(box((a * width, 0, -0.002), (b * width, height, 0), PANE % rgb(colour)))
    f = 0.055
    for a, b in (((0, 0), (width, f)), ((0, height - f), (width, height)), ((0, 0), (f, height)), ((width - f, 0), (width, height)), ((width / 2 - f / 2, 0), (width / 2 + f / 2, height))):
        parts.append(box((a[0], a[1], -0.05), (b[0], b[1], 0.02), frame))
    return parts


def declare_style(name, lighting):
    """Declares one style's bays and panes; their names begin with the style's."""
    s = STYLES[name]
    r = seeded("style", name)
    wall, trim, frame = s["wall"], s["trim"], tex(s["frame"])
    glow = {"clear": 0.0, "overcast": 0.25, "dusk": 0.75, "night": 0.5}[lighting]
    out = []
    curtains = ([], [(0, 0.3, (0.42, 0.4, 0.36))], [(0.02, 0.24, (0.4, 0.3, 0.26)), (0.76, 0.98, (0.4, 0.3, 0.26))], [(0.5, 1, (0.5, 0.5, 0.47))], [(0, 1, (0.36, 0.36, 0.34))])
    for i, curtain in enumerate(curtains):
        out.append(declare("%s_Pane%d" % (name, i), _pane(1.9, 1.6, frame, curtain)))
        out.append(declare("%s_Door%d" % (name, i), _pane(2.8, 2.45, frame, curtain)))
    out.append(declare("%s_PaneLit" % name, _pane(1.9, 1.6, frame, [], max(glow, 0.01))))
    out.append(declare("%s_DoorLit" % name, _pane(2.8, 2.45, frame, [], max(glow, 0.01))))
    # The wall round a window; the room behind it is dark.
    frame_of_wall = [
        box((0, 0, 0), (0.85, FLOOR, 0.3), wall),
        box((2.75, 0, 0), (BAY, FLOOR, 0.3), wall),
        box((0.85, 0, 0), (2.75, 0.9, 0.3), wall),
        box((0.85, 2.5, 0), (2.75, FLOOR, 0.3), wall),
        box((0.75, 0.82, -0.1), (2.85, 0.9, 0.2), trim),
        box((0, FLOOR - 0.12, -0.05), (BAY, FLOOR, 0.1), trim),
    ]
    out.append(declare("%s_W0" % name, frame_of_wall))
    out.append(declare("%s_W1" % name, frame_of_wall + [box((2.66, 0.42, -0.5), (BAY, 0.5, 0), trim), aircon((2.7, 0.5, -0.42))]))
    out.append(declare("%s_W2" % name, frame_of_wall + [box((0, 0.42, -0.5), (0.94, 0.5, 0), trim), aircon((0.05, 0.5, -0.42))]))
    for i in range(4):
        out.append(declare("%s_B%d" % (name, i), _balcony(s, r, wall, trim, i)))
    return "".join(out)


def _balcony(s, r, wall, trim, kind):
    parts = [
        box((0, 0, 0.3), (0.4, FLOOR, 0.6), wall),
        box((3.2, 0, 0.3), (BAY, FLOOR, 0.6), wall),
        box((0, 2.55, 0.3), (BAY, FLOOR, 0.6), wall),
        box((0, -0.1, -1.3), (BAY, 0.08, 0.6), trim),
        box((-0.08, -0.1, -1.3), (0.08, FLOOR - 0.1, 0.6), wall),
        box((BAY - 0.08, -0.1, -1.3), (BAY + 0.08, FLOOR - 0.1, 0.6), wall),
    ]
    parts += railing(s["rail"], 0.08, BAY - 0.08, -1.25)
    if kind in (1, 3):
        parts.append(cyl((0.3, 2.35, -0.7), (3.3, 2.35, -0.7), 0.018, "T_Steel"))
        x = 0.5
        while x < 3.0:
            w, h = r.uniform(0.25, 0.6), r.uniform(0.5, 1.1)
            c = r.choice(((0.6, 0.6, 0.58), (0.15, 0.2, 0.4), (0.5, 0.12, 0.12), (0.1, 0.1, 0.1), (0.6, 0.5, 0.3), (0.35, 0.45, 0.5)))
            parts.append(box((x, 2.33 - h, -0.72), (x + w, 2.33, -0.68), c))
            x += w + r.uniform(0.08, 0.5)
    if kind in (2, 3):
        for _ in range(3):
            x = r.uniform(0.4, 3.1)
            parts += ["cone{<%.3g,.08,-1>,.1,<%.3g,.34,-1>,.15 %s}\n" % (x, x, tex((0.35, 0.16, 0.09))), "sphere{<%.3g,.6,-1>,.3 texture{pigment{bozo color_map{[0 rgb <.05,.1,.03>][1 rgb <.2,.3,.1>]} scale .08} normal{granite 1.5 scale .3} finish{F_Matt}}}\n" % x]
    if kind == 0:
        parts.append(aircon((2.5, 0.1, -0.95)))
    return parts


def railing(kind, a, b, z, height=1.1):
    parts = [box((a, height - 0.06, z - 0.03), (b, height, z + 0.03), "T_DarkSteel")]
    if kind == "glass":
        parts.append(box((a, 0.12, z - 0.01), (b, height - 0.08, z + 0.01), "texture{pigment{rgbt <.55,.68,.66,.55>} finish{ambient 0 diffuse .4 specular .6 roughness .01 reflection{.06,.3}}}"))
        n = 3
        parts += [box((a + (b - a) * i / n - 0.02, 0.05, z - 0.02), (a + (b - a) * i / n + 0.02, height, z + 0.02), "T_DarkSteel") for i in range(n + 1)]
    else:
        n = int((b - a) / 0.13)
        parts += [box((a + (b - a) * i / n - 0.011, 0.05, z - 0.011), (a + (b - a) * i / n + 0.011, height, z + 0.011), "T_DarkSteel") for i in range(n + 1)]
        parts.append(box((a, 0.1, z - 0.02), (b, 0.14, z + 0.02), "T_DarkSteel"))
    return parts


def tower(name, style, lighting, bays, floors, at=(0, 0, 0), turn=0.0, depth=13.0, base_floors=1, roof=True):
    """
    A tower whose south front has the given bays ("W" window, "B" balcony). Its south-west corner is at `at`.
    """
    s = STYLES[style]
    r, lights = seeded("tower", name), seeded("lights", name, lighting)
    lit_share = {"clear": 0.0, "overcast": 0.05, "dusk": 0.36, "night": 0.2}[lighting]
    width, height = BAY * len(bays), FLOOR * floors
    # The core stands back from the front so that recesses are deep.
    parts = [box((0.05, 0, 0.6), (width - 0.05, height, depth), s["wall"])]
    for side in (0, width):
        parts.append(box((side - 0.03, 0, 0.0), (side + 0.03, height, 0.7), s["wall"]))
    for f in range(floors):
        for b, bay in enumerate(bays):
            kind, pane, lit = r.randrange(4), r.randrange(5), lights.random() < lit_share
            at_bay = (b * BAY, f * FLOOR, 0)
            if f < base_floors and bay == "B":
                bay = "W"
            if bay == "B":
                parts.append(place("%s_B%d" % (style, kind), at_bay))
                parts.append(place("%s_Door%s" % (style, "Lit" if lit else pane), (b * BAY + 0.4, f * FLOOR + 0.09, 0.42)))
            else:
                parts.append(place("%s_W%d" % (style, kind % 3), at_bay))
                parts.append(place("%s_Pane%s" % (style, "Lit" if lit else pane), (b * BAY + 0.85, f * FLOOR + 0.9, 0.16)))
        for side, out in ((0, -1), (width, 1)):
            for z in (depth * 0.3, depth * 0.72):
                lit = lights.random() < lit_share * 0.7
                p = "%s_Pane%s" % (style, "Lit" if lit else r.randrange(5))
                turn_side = 90 if out < 0 else -90
                z0 = z + (0.95 if out < 0 else -0.95) * 0.6
                parts.append(place(p, (side + out * 0.02, f * FLOOR + 1.0, z0), turn_side, (0.6, 0.85, 1)))
    if base_floors:
        b = s["base"]
        parts += [box((-0.08, 0, 0.5), (0.1, base_floors * FLOOR - 0.2, depth + 0.05), b), box((width - 0.1, 0, 0.5), (width + 0.08, base_floors * FLOOR - 0.2, depth + 0.05), b), box((-0.1, base_floors * FLOOR - 0.2, -0.12), (width + 0.1, base_floors * FLOOR, 0.2), s["trim"])]
    # Down pipes, and joints between floors on the blank sides.
    for x in (-0.09, width + 0.09):
        parts += [cyl((x, 0, depth * 0.5), (x, height, depth * 0.5), 0.06, "T_White"), cyl((x, 0, 1.0), (x, height, 1.0), 0.05, "T_White")]
    if roof:
        t, w = s["trim"], s["wall"]
        parts.append(box((-0.25, height, -0.25), (width + 0.25, height + 0.25, depth + 0.2), t))
        for a, b2 in (((-0.2, -0.2), (width + 0.2, 0.05)), ((-0.2, depth - 0.1), (width + 0.2, depth + 0.15)), ((-0.2, -0.2), (0.05, depth + 0.15)), ((width - 0.05, -0.2), (width + 0.2, depth + 0.15))):
            parts.append(box((a[0], height + 0.25, a[1]), (b2[0], height + 1.2, b2[1]), w))
        x = width * 0.4
        parts += [box((x, height, depth * 0.45), (x + 4.5, height + 3.6, depth * 0.85), w), box((x - 0.2, height + 3.6, depth * 0.42), (x + 4.7, height + 3.8, depth * 0.88), t)]
    return union(parts, "rotate y*%.4g translate %s" % (turn, v(at)))


def skyline(seed, distance, spread, count, base=0, turn=0):
    """Far towers: boxes whose windows are a pattern."""
    r = seeded("skyline", seed)
    out = []
    for _ in range(count):
        w, d, h = r.uniform(16, 34), r.uniform(12, 18), base + r.choice((33, 48, 54, 78, 96))
        c = r.choice(((0.62, 0.56, 0.47), (0.66, 0.65, 0.62), (0.52, 0.5, 0.49), (0.55, 0.4, 0.32)))
        x, z = r.uniform(-spread, spread), distance + r.uniform(-40, 80)
        pattern = "texture{pigment{brick %s, rgb <.1,.11,.13> brick_size <3.4,3,3.4> mortar 1.25 translate <0,.8,0>} finish{F_Matt}}" % rgb(c)
        out.append(box((x, base, z), (x + w, h, z + d), pattern))
        out.append(box((x + w * 0.35, h, z + 2), (x + w * 0.6, h + 4, z + d - 3), c))
    return union(out, "rotate y*%.4g" % turn)
