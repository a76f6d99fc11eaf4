"""Roofs: what a camera on a mast or on a higher tower sees."""

from buildings import skyline, tower, declare_style
from pov import box, cyl, place, union, v
from scene import Path, Scene
from things import CAR_COLOURS, car, seeded, solar_heater


def _parapet(x0, z0, x1, z1, y, wall, height=1.1):
    parts = []
    for a, b in (((x0, z0), (x1, z0 + 0.2)), ((x0, z1 - 0.2), (x1, z1)), ((x0, z0), (x0 + 0.2, z1)), ((x1 - 0.2, z0), (x1, z1))):
        parts.append(box((a[0], y, a[1]), (b[0], y + height, b[1]), wall))
        parts.append(box((a[0] - 0.06, y + height, a[1] - 0.06), (b[0] + 0.06, y + height + 0.08, b[1] + 0.06), "T_Concrete"))
    return "".join(parts)


def _joints(x0, z0, x1, z1, y, step):
    """Overlaps of the roofing felt and the slabs' joints."""
    out, x = [], x0 + step
    while x < x1:
        out.append(box((x, y, z0), (x + 0.05, y + 0.008, z1), (0.2, 0.2, 0.2)))
        x += step
    z = z0 + 1.0
    while z < z1:
        out.append(box((x0, y, z), (x1, y + 0.012, z + 0.09), (0.33, 0.33, 0.32)))
        z += 1.0
    return "".join(out)


def _vent(at):
    return cyl(at, (at[0], at[1] + 0.7, at[2]), 0.07, "T_White") + "cone{%s,.14,%s,.03 texture{T_Steel}}\n" % (v((at[0], at[1] + 0.72, at[2])), v((at[0], at[1] + 0.85, at[2])))


def steel_tank(at, r=1.1, h=2.2):
    parts = [box((-r, 0, -r), (r, 0.35, r), "T_Concrete"), cyl((0, 0.35, 0), (0, 0.35 + h, 0), r, "T_Steel"), "cone{<0,%.3g,0>,%.3g,<0,%.3g,0>,.25 texture{T_Steel}}\n" % (0.35 + h, r, 0.75 + h)]
    parts += ["torus{%.3g,.03 texture{T_Steel} translate y*%.3g}\n" % (r, 0.35 + h * k / 4) for k in range(1, 4)]
    return union(parts, "translate %s" % v(at))


def colour_steel_hut(at, width=5.4, depth=3.6, height=2.5):
    """The rooftop hut of sandwich panels under a blue sheet roof that nobody allowed."""
    panel = "texture{pigment{gradient x color_map{[0 rgb <.7,.72,.73>][.06 rgb <.55,.57,.58>][.12 rgb <.78,.79,.79>][1 rgb <.74,.75,.76>]} scale .9} finish{F_Semi}} texture{pigment{P_Streak} finish{F_Matt}}"
    blue = "texture{pigment{rgb <.05,.19,.5>} normal{gradient x .9 sine_wave scale .2} finish{F_Semi}}"
    parts = [
        box((0, 0, 0), (width, height, depth), panel),
        "box{<-.35,0,-.4>,<%.3g,.09,%.3g> %s rotate x*-5 translate y*%.3g}\n" % (width + 0.35, depth + 0.45, blue, height + 0.02),
        box((0.6, 0.02, -0.03), (1.5, 2.05, 0.0), (0.35, 0.36, 0.38)),
        box((1.38, 0.95, -0.06), (1.43, 1.1, -0.02), "T_Steel"),
        box((2.4, 0.95, -0.03), (4.2, 2.0, 0.0), "T_Glass"),
    ]
    parts += [box((x, 0.93, -0.05), (x + 0.05, 2.02, 0), "T_White") for x in (2.37, 3.27, 4.17)]
    parts += [box((2.37, y, -0.05), (4.22, y + 0.05, 0), "T_White") for y in (0.92, 1.99)]
    parts += [box((x, 0, -0.02), (x + 0.08, height, 0.02), (0.04, 0.15, 0.42)) for x in (0, width - 0.08)]
    parts += [box((-0.02, 0, 0.7), (0.0, height * 0.8, 1.7), "T_Glass")]
    return union(parts, "translate %s" % v(at))


def _roof_1(lighting, state):
    r = seeded("roof-1")
    w, d = 30.0, 15.0
    out = [declare_style("sand", lighting), declare_style("pale", lighting), declare_style("brick", lighting)]
    out.append("plane{y,-33 texture{T_City}}\n")
    out.append(box((0, -33, 0), (w, 0, d), "Wall(<.66,.57,.44>)"))
    out.append(box((0, -0.2, 0), (w, 0.0, d), "T_RoofFelt") + _joints(0.2, 0.2, w - 0.2, d - 0.2, 0.0, 6.0))
    out.append(_parapet(0, 0, w, d, 0, "Wall(<.7,.63,.52>)"))
    # Lift machine room with its door and ladder.
    out.append(box((21.5, 0, 9), (27, 3.5, 14), "Wall(<.7,.63,.52>)") + box((21.2, 3.5, 8.7), (27.3, 3.75, 14.3), "T_Concrete"))
    out.append(box((22.4, 0.05, 8.94), (23.4, 2.1, 9), (0.3, 0.16, 0.12)) + box((24.6, 1.2, 8.95), (26.2, 2.3, 9), "T_Glass") + box((24.5, 1.1, 8.9), (26.3, 1.2, 9), "T_Concrete"))
    for k in range(9):
        out.append(box((21.3, 0.4 + k * 0.38, 12), (21.45, 0.43 + k * 0.38, 12.45), "T_Steel"))
    for i in range(4):
        out.append(solar_heater((4.5 + i * 2.7, 0, 11.8)))
    for i in range(3):
        out.append(solar_heater((5.8 + i * 2.7, 0, 8.6)))
    out.append(steel_tank((18.3, 0, 11.6)))
    for x, z in ((3.2, 5), (9, 6.6), (16.5, 8), (20, 6), (26, 5), (12.5, 13.6)):
        out.append(_vent((x, 0, z)))
    out.append(cyl((18.3, 0.25, 10.4), (27, 0.25, 7.6), 0.06, "T_Steel") + cyl((3, 0.12, 9.9), (18.3, 0.12, 9.9), 0.05, "T_White"))
    out.append(union(["sphere{0,.7 texture{T_White} finish{F_Semi} clipped_by{plane{z,-.35}} translate z*.5}\n", cyl((0, -1, 0), (0, 0, 0), 0.04, "T_Steel")], "rotate <-35,20,0> translate <27.6,1.3,4>"))
    for x in range(2, 30, 4):
        out.append(cyl((x, 1.15, d - 0.1), (x, 1.45, d - 0.1), 0.015, "T_Steel"))
    out.append(cyl((0, 1.45, d - 0.1), (w, 1.45, d - 0.1), 0.012, "T_Steel"))
    # The estate round about.
    out.append(tower("r1a", "pale", lighting, "WBWWBW", 17, (4, -33, 52)))
    out.append(tower("r1b", "brick", lighting, "WBWWBWW", 11, (38, -33, 34)) + tower("r1d", "pale", lighting, "WBWWBWWB", 14, (74, -33, 6), turn=30) + tower("r1e", "brick", lighting, "WBWWBWW", 10, (58, -33, -34), turn=60))
    out.append(tower("r1c", "sand", lighting, "WBWBW", 17, (-30, -33, 46)))
    out.append(skyline("r1", 150, 190, 22, -33, 52) + skyline("r1far", 330, 420, 40, -33, 52))
    out.append("".join(place("Tree%d" % (i % 4), (r.uniform(-40, 130), -33, r.uniform(-50, 120)), i * 50, r.uniform(1.0, 1.5)) for i in range(60)))
    if state == "structure":
        out.append(colour_steel_hut((10.8, 0, 2.6)))
    return "".join(out)


def _roof_3(lighting, state):
    r = seeded("roof-3")
    out = [declare_style("brick", lighting), declare_style("pale", lighting)]
    out.append("plane{y,0 texture{T_City}}\n" + box((-80, -0.1, -20), (90, 0.02, 72), "T_Lawn"))
    out.append(box((-80, 0, 42), (90, 0.05, 49), "T_Asphalt") + box((-80, 0, 49), (90, 0.16, 52), "T_Pavers") + box((-80, 0, 39), (90, 0.16, 42), "T_Pavers"))
    out.append("".join(box((x, 0.05, 45.4), (x + 2.5, 0.06, 45.55), "T_LineWhite") for x in range(-78, 88, 6)))
    out.append(tower("r3", "brick", lighting, "BWWBWWBW", 6, (-15, 0, 20), depth=14, roof=False))
    y = 18.0
    out.append(box((-15.2, y, 19.8), (14, y + 0.12, 34.2), "T_RoofFelt") + _joints(-15, 20, 13.8, 34, y + 0.12, 4.8))
    out.append(_parapet(-15.2, 19.8, 14, 34.2, y, "Tile(<.5,.27,.19>,.24)"))
    y += 0.12
    out.append(box((-9, y, 28), (-4.4, y + 3, 33), "Wall(<.74,.7,.64>)") + box((-9.3, y + 3, 27.7), (-4.1, y + 3.2, 33.3), "T_Concrete") + box((-7.6, y, 27.95), (-6.6, y + 2.1, 28), (0.25, 0.3, 0.33)))
    for i in range(5):
        out.append(solar_heater((-1.6 + i * 2.8, y, 30.5)))
    for i in range(3):
        out.append(solar_heater((2.4 + i * 2.8, y, 26.6)))
    for i in range(4):
        x = -13.6 + i * 2.1
        out.append(box((x, y, 21.2), (x + 1.7, y + 0.45, 22.3), "T_Concrete") + box((x + 0.08, y + 0.4, 21.28), (x + 1.62, y + 0.47, 22.22), "T_Soil"))
        for _ in range(5):
            out.append(place("Shrub", (x + r.uniform(0.25, 1.45), y + 0.4, r.uniform(21.4, 22.1)), r.uniform(0, 360), r.uniform(0.25, 0.5)))
    out.append(steel_tank((-12.4, y, 31), 0.95, 1.9))
    for x, z in ((-2.5, 24), (3.5, 22.4), (9.5, 23), (12, 29), (-11, 26)):
        out.append(_vent((x, y, z)))
    for i, (x, z) in enumerate(((-30, 37), (-21, 36.5), (19, 36), (26, 37), (34, 36), (-36, 55), (-24, 56), (-12, 55), (0, 56), (11, 55), (22, 56), (32, 55))):
        out.append(place("Tree%d" % (i % 4), (x, 0, z), i * 80, 1.1 + 0.1 * (i % 3)))
    for x, kind, c in ((-22, "sedan", 0), (-9, "suv", 1), (17, "sedan", 4), (26, "van", 6)):
        out.append(car(kind, CAR_COLOURS[c], (x, 0.05, 48), 0))
    out.append(tower("r3b", "pale", lighting, "WBWWBWWBW", 18, (-14, 0, 78)))
    out.append(tower("r3c", "brick", lighting, "BWWBWWB", 11, (30, 0, 66)))
    out.append(tower("r3d", "pale", lighting, "WBWWBW", 11, (-48, 0, 64)))
    out.append(skyline("r3", 150, 220, 18) + skyline("r3far", 330, 420, 34))
    return "".join(out)


SCENES = [
    Scene("roof-1", (1.2, 6.4, -2.2), (15.4, 0.6, 8.4), 64, _roof_1, reach=26, states=("plain", "structure"), crop=(0.2, 0.28, 0.82, 0.98), paths=[Path("walk", [(27, 0, 6.8), (16, 0, 7.4), (2, 0, 6.4)])]),
    Scene("roof-3", (2, 34, -4), (-0.4, 15.2, 30), 58, _roof_3, reach=60, paths=[Path("drive", [(-70, 0.05, 43.8), (80, 0.05, 43.8)]), Path("drive", [(70, 0.05, 46.8), (-70, 0.05, 46.8)]), Path("walk", [(-2, 18.12, 25), (6, 18.12, 24.4), (11, 18.12, 24.6)])]),
]
