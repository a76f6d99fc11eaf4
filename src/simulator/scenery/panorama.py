"""
The estate as the dome cameras on the roof of its 30-storey tower see it: all round, from a little above the horizon down to
the foot of the tower. Rendered as a sphere's picture, so that any pan, tilt and zoom is a window into it.
"""

import math

from buildings import BAY, FLOOR, declare_style, skyline, tower
from pov import HEADER, SKYLIGHT, box, cyl, daylight, place, sign, sky, union, v
from scenes_ground import _stack
from scenes_roof import colour_steel_hut, steel_tank, _joints, _vent
from things import CAR_COLOURS, bench, car, declare_cars, declare_plants, hedge, lamp_post, seeded, solar_heater

# Rows and columns a degree; rows kept, in degrees of tilt; and the whole sphere's band that POV-Ray is asked for.
PX_PER_DEG = 32
TOP_DEG, BOTTOM_DEG = 14, -62
BAND_DEG = 124
AT = (0.0, 98.6, 0.8)
STRIPS = 12
# The air is clearer up there than between the houses.
HAZE_M = 1500

# Key, style, bays, floors, and the south-west corner of each block.
BLOCKS = (
    ("A1", "sand", "WBWWBWWB", 11, -150, 42),
    ("A2", "pale", "WBWWBW", 18, -108, 42),
    ("A3", "brick", "BWWBWWBW", 6, -66, 42),
    ("A4", "sand", "WBWWBWWB", 6, 24, 42),
    ("A5", "grey", "WBWWBW", 18, 70, 42),
    ("A6", "pale", "WBWWBWWB", 11, 106, 42),
    ("B1", "brick", "WBWWBWWB", 6, -148, 98),
    ("B2", "grey", "WBWWBWWB", 11, -106, 98),
    ("B3", "sand", "WBWWBW", 11, -66, 98),
    ("B4", "pale", "WBWWBW", 6, -36, 98),
    ("B5", "brick", "WBWWBWWB", 11, 16, 98),
    ("B6", "sand", "BWWBWWBW", 6, 68, 98),
    ("B7", "grey", "WBWWBWWB", 11, 108, 98),
    ("C1", "pale", "WBWWBWWB", 11, -146, 154),
    ("C2", "sand", "WBWWBWWB", 6, -102, 154),
    ("C3", "brick", "WBWWBW", 11, -58, 154),
    ("C4", "grey", "WBWWBWWB", 6, 14, 154),
    ("C5", "pale", "WBWWBWWB", 11, 62, 154),
    ("C6", "brick", "WBWWBWWB", 6, 108, 154),
)
# Beside the tower and outside the wall, their fronts turned to it: key, style, bays, floors, the corner that is north-east.
TURNED = (
    ("S1", "brick", "WBWWBWWB", 6, -100, -26),
    ("S2", "sand", "WBWWBWWB", 11, -42, -30),
    ("S3", "pale", "WBWWBWWB", 11, 78, -30),
    ("S4", "grey", "WBWWBWWB", 6, 134, -26),
    ("O1", "pale", "WBWWBWWBWW", 11, -120, -96),
    ("O2", "grey", "WBWWBWWBWW", 17, -56, -104),
    ("O3", "sand", "WBWWBWWBWW", 17, 20, -104),
    ("O4", "brick", "WBWWBWWBWW", 11, 90, -96),
    ("O5", "sand", "WBWWBWWB", 17, 160, -100),
)
DEPTH = 13.0

# What is put up, and in how many stages.
WORKS = {"hut": 2, "sunroom": 2, "stack": 2}


def _roof_of(key):
    """The corner of a block's roof."""
    _, _, _, floors, x, z = next(b for b in BLOCKS if b[0] == key)
    return x, floors * FLOOR + 0.25, z


def _roof_things(r, width, y, depth, busy=True):
    """What stands on the flat roof of a block whose corner is the origin."""
    out = [_joints(0.1, 0.1, width - 0.1, depth - 0.2, y, 5.4)]
    columns = int((width - 16) / 2.8)
    for i in range(max(0, columns)):
        if r.random() < 0.8:
            out.append(solar_heater((2.6 + i * 2.8, y, depth - 2.4)))
        if busy and r.random() < 0.45:
            out.append(solar_heater((2.6 + i * 2.8, y, depth - 5.4)))
    for _ in range(5):
        out.append(_vent((r.uniform(1.5, width - 1.5), y, r.uniform(1.2, depth - 1.5))))
    if r.random() < 0.6:
        out.append(steel_tank((width - 2.6, y, depth - 2.8), 1.0, 2.0))
    x = r.uniform(2, width - 6)
    out.append(cyl((x, y + 0.12, 1.2), (x, y + 0.12, depth - 1.5), 0.06, "T_White"))
    if r.random() < 0.5:
        for k in range(3):
            out.append(box((2 + k * 1.6, y, 1.2), (3.3 + k * 1.6, y + 0.4, 2.1), "T_Concrete") + place("Shrub", (2.6 + k * 1.6, y + 0.35, 1.6), k * 70, 0.5))
    return "".join(out)


def _block(key, style, bays, floors, lighting):
    r = seeded("block", key)
    height = floors * FLOOR + 0.25
    width = BAY * len(bays)
    return tower("p" + key, style, lighting, bays, floors, depth=DEPTH) + box((0, height - 0.02, 0), (width, height + 0.01, DEPTH), "T_RoofFelt") + _roof_things(r, width, height + 0.01, DEPTH)


def _own_roof():
    """The roof under the mast, a few metres away and below."""
    y, x0, x1, z0 = 90.0, -14.0, 14.0, -15.0
    out = [box((x0, 0, z0), (x1, y, -0.4), "Wall(<.62,.6,.56>)"), box((x0, y, z0), (x1, y + 0.02, -0.4), "T_RoofFelt"), union([_joints(0, 0, 28, 14.6, 0, 4.7)], "translate <%g,%g,%g>" % (x0, y + 0.02, z0))]
    for a, b in (((x0, z0), (x1, z0 + 0.25)), ((x0, -0.65), (x1, -0.4)), ((x0, z0), (x0 + 0.25, -0.4)), ((x1 - 0.25, z0), (x1, -0.4))):
        out.append(box((a[0], y, a[1]), (b[0], y + 1.2, b[1]), "Wall(<.7,.67,.6>)") + box((a[0] - 0.06, y + 1.2, a[1] - 0.06), (b[0] + 0.06, y + 1.3, b[1] + 0.06), "T_Concrete"))
    out.append(box((-11, y, -13), (-4.5, y + 3.4, -7.5), "Wall(<.7,.67,.6>)") + box((-11.3, y + 3.4, -13.3), (-4.2, y + 3.65, -7.2), "T_Concrete") + box((-8.2, y, -7.5), (-7.2, y + 2.1, -7.44), (0.28, 0.17, 0.13)))
    for i in range(4):
        out.append(solar_heater((1 + i * 2.8, y, -11), 180))
    out.append(steel_tank((11.4, y, -5.2), 1.0, 2.0) + cyl((11.4, y + 0.2, -6.2), (-4, y + 0.2, -9), 0.06, "T_Steel"))
    for x, z in ((-2, -4), (4, -6), (9, -8.4), (-12, -4), (-2.4, -12)):
        out.append(_vent((x, y, z)))
    out.append(cyl((-0.6, y, -0.5), (-0.6, y + 7.4, -0.5), 0.05, "T_Steel"))
    return "".join(out)


def _ground(r, lighting):
    lit = lighting in ("dusk", "night")
    out = ["plane{y,-.3 texture{T_City}}\n", box((-162, -0.2, -60), (162, 0.0, 206), "T_Lawn")]
    # Streets outside, with their pavements.
    for a, b in (((-400, 212), (400, 226)), ((-400, -82), (400, -66)), ((-186, -400), (-172, 500)), ((172, -400), (188, 500))):
        out.append(box((a[0], -0.2, a[1]), (b[0], 0.03, b[1]), "T_Asphalt"))
    out += [box((x, 0.03, z), (x + 4, 0.045, z + 0.2), "T_LineWhite") for x in range(-240, 240, 10) for z in (218.9, -74.1)]
    out += [box((x, 0.03, z), (x + 0.2, 0.045, z + 4), "T_LineWhite") for z in range(-200, 300, 10) for x in (-179.1, 179.9)]
    # Roads of the estate: one east to west with the gate in the east, one to the north, and a ring.
    for a, b in (((-158, 71), (172, 79)), ((-4, 22), (4, 212)), ((-158, 22), (158, 28)), ((-158, 132), (158, 138)), ((-158, 22), (-152, 196)), ((152, 22), (158, 196)), ((-158, 190), (158, 196))):
        out.append(box((a[0], 0, a[1]), (b[0], 0.05, b[1]), "T_Asphalt"))
        out.append(box((a[0] - 2, 0, a[1] - 2), (b[0] + 2, 0.035, b[1] + 2), "T_Pavers"))
    out += [box((x, 0.05, 74.92), (x + 2, 0.056, 75.08), "T_LineYellow") for x in range(-150, 150, 5)]
    out += [box((-0.08, 0.05, z), (0.08, 0.056, z + 2), "T_LineYellow") for z in range(30, 200, 5)]
    # The fire lane between A4 and A5, hatched in yellow, and its words.
    out.append(box((57, 0, 28), (64, 0.055, 132), "T_Asphalt"))
    out += [box((x - 0.1, 0.055, 30), (x + 0.1, 0.062, 130), "T_LineYellow") for x in (57.4, 63.6)]
    out.append("intersection{union{%s} box{<57.6,-1,60>,<63.4,1,70>}}\n" % "".join("box{<-9,.055,-.12>,<9,.063,.12> rotate y*38 translate <60.5,0,%g> texture{T_LineYellow}}\n" % (50 + k * 1.8) for k in range(20)))
    for z in (40, 86, 112):
        out.append("object{%s rotate x*90 translate <57.9,.066,%g>}\n" % (sign("fire-lane", 5.2, 3.4), z))
    # Parked cars along the roads and in rows.
    for z, turn, x0, x1 in ((69, 90, -140, -10), (81.4, 90, -140, -10), (69, 90, 12, 54), (81.4, 90, 66, 146), (30.6, 90, -146, -70), (30.6, 90, 72, 148), (140.6, 90, -146, -64), (129.4, 90, 70, 146)):
        x = x0
        while x < x1:
            out.append(box((x - 1.25, 0.035, z - 2.6), (x - 1.17, 0.058, z + 2.6), "T_LineWhite"))
            if r.random() < 0.62:
                out.append(car(r.choice(("sedan", "suv", "sedan", "van")), r.choice(CAR_COLOURS), (x, 0.05, z + r.uniform(-0.2, 0.2)), turn + r.choice((0, 180)) + r.uniform(-2, 2)))
            x += 2.6
    out.append(box((-142, 0, 66.2), (148, 0.036, 84.2), "T_Pavers"))
    # Plaza at the tower's foot is out of sight; the garden with its pond and pavilion is not.
    out.append("cylinder{<-32,0,120>,<-32,.07,120>,9 texture{T_RedPavers}}\ncylinder{<-22,0,122>,<-22,.05,122>,6 scale <1.6,1,1> translate x*13 texture{pigment{rgb <.05,.11,.11>} normal{bumps .1 scale .6} finish{ambient 0 diffuse .4 specular .4 reflection{.1,.5}}}}\n")
    out.append("cone{<-38,3.1,120>,3.6,<-38,5.4,120>,.2 texture{pigment{rgb <.32,.12,.09>} finish{F_Matt}}}\n" + "".join(cyl((-38 + 2.4 * math.cos(k * 1.047), 0, 120 + 2.4 * math.sin(k * 1.047)), (-38 + 2.4 * math.cos(k * 1.047), 3.2, 120 + 2.4 * math.sin(k * 1.047)), 0.14, (0.3, 0.08, 0.06)) for k in range(6)))
    out += [bench((-30 + k * 5, 0.07, 113.5)) for k in range(3)]
    # A court for ball games.
    out.append(box((20, 0, 116), (48, 0.06, 130.5), "texture{pigment{rgb <.13,.24,.17>} finish{F_Matt}}") + box((22, 0, 117), (46, 0.065, 129.5), "texture{pigment{rgb <.36,.13,.1>} finish{F_Matt}}"))
    out += [box((a, 0.065, b), (c, 0.07, d), "T_LineWhite") for a, b, c, d in ((22, 117, 46, 117.1), (22, 129.4, 46, 129.5), (22, 117, 22.1, 129.5), (45.9, 117, 46, 129.5), (33.95, 117, 34.05, 129.5))]
    out.append("torus{1.8,.06 texture{T_LineWhite} translate <34,.05,123.2>}\n" + "".join(cyl((x, 0, 123.2), (x, 3, 123.2), 0.08, "T_DarkSteel") + box((x - 0.05, 2.6, 122.3), (x + 0.05, 3.6, 124.1), "T_White") for x in (22.6, 45.4)))
    # Gate in the east.
    for s in (-1, 1):
        out.append(box((159, 0, 75 + s * 6 - 0.8), (161, 6, 75 + s * 6 + 0.8), "Stone(<.42,.35,.28>)"))
    out.append(box((159.2, 5, 68), (160.8, 6.4, 82), "Wall(<.74,.72,.68>)") + box((157, 0, 73.9), (162, 2.7, 76.1), "T_White") + box((156.9, 0.9, 73.8), (162.1, 2.2, 76.2), "T_Glass") + box((156.6, 2.7, 73.4), (162.4, 2.95, 76.6), "T_Concrete"))
    out.append("object{%s rotate y*90 translate <159.1,5.15,79>}\n" % sign("name", 8, 1.15))
    # The wall round the estate.
    for a, b in (((-162, 204), (162, 204.3)), ((-162, -58), (-161.7, 204)), ((161.7, -58), (162, 68)), ((161.7, 82), (162, 204)), ((-162, -58.3), (162, -58))):
        out.append(box((a[0], 0, a[1]), (b[0], 0.9, b[1]), "Stone(<.42,.36,.3>)") + box((a[0], 2.0, a[1]), (b[0], 2.1, b[1]), "T_DarkSteel"))
    out += [box((x - 0.3, 0, z - 0.2), (x + 0.3, 2.5, z + 0.4), "Stone(<.42,.36,.3>)") for x in range(-160, 161, 8) for z in (204, -58.2)]
    out += [box((x - 0.2, 0, z - 0.3), (x + 0.4, 2.5, z + 0.3), "Stone(<.42,.36,.3>)") for z in range(-56, 204, 8) for x in (-162, 161.7) if not (x > 0 and 66 < z < 84)]
    # Lamps along the roads.
    spots = [(x, 0, z) for z in (68, 82.2) for x in range(-135, 150, 34)] + [(x, 0, z) for x in (-6.4, 6.4) for z in range(36, 200, 32)] + [(x, 0, 139.6) for x in range(-130, 150, 40)] + [(-44, 0, 113), (-26, 0, 128), (16, 0, 114), (50, 0, 132), (56, 0, 100), (65, 0, 56)]
    for spot in spots:
        out.append(lamp_post(spot, lit))
    return "".join(out), spots


def _green(r):
    """Trees along roads and between blocks, shrubs and hedges."""
    out = []

    def tree(x, z, least=0.9, most=1.35):
        out.append(place("Tree%d" % r.randrange(4), (x, 0, z), r.uniform(0, 360), r.uniform(least, most)))

    for z in (64.6, 85.6, 31.5, 20, 127.4, 142.6, 187.6, 198.4):
        x = -150
        while x < 150:
            if abs(x) > 8 and not 54 < x < 67 and r.random() < 0.75:
                tree(x, z + r.uniform(-1, 1))
            x += r.uniform(7, 13)
    for x in (-8.4, 8.4, -160, 160, -149.4, 149.4):
        z = 34
        while z < 200:
            if not 66 < z < 84 and r.random() < 0.8:
                tree(x + r.uniform(-0.6, 0.6), z)
            z += r.uniform(8, 13)
    for _ in range(70):
        x, z = r.uniform(-60, -8), r.uniform(112, 131)
        if math.hypot(x + 32, z - 120) > 10 and math.hypot((x + 22) / 1.6, z - 122) > 7:
            tree(x, z, 0.7, 1.2)
    for _ in range(110):
        tree(r.uniform(-158, 158), r.choice((r.uniform(57, 63), r.uniform(88, 95), r.uniform(144, 150), r.uniform(169, 185), r.uniform(2, 18), r.uniform(-54, -34))), 0.7, 1.1)
    for x in range(-400, 400, 11):
        for z in (209.5, 229, -63.5, -85):
            if r.random() < 0.75:
                tree(x + r.uniform(-2, 2), z, 1.0, 1.6)
    for z in range(-200, 420, 11):
        for x in (-169.5, -189, 169.5, 191):
            if r.random() < 0.75:
                tree(x, z + r.uniform(-2, 2), 1.0, 1.6)
    for _, _, bays, _, x, z in BLOCKS:
        out.append(hedge((x, z - 2.6), (x + BAY * len(bays), z - 2.6)))
        for _ in range(14):
            out.append(place("Shrub", (x + r.uniform(-2, BAY * len(bays) + 2), 0, z - r.uniform(0.8, 2)), r.uniform(0, 360), r.uniform(0.7, 1.3)))
    return "".join(out)


def _hut(stage):
    x, y, z = _roof_of("A3")
    at = (x + 9.5, y, z + 2.0)
    if stage == 2:
        return colour_steel_hut(at, 6.6, 4.2, 2.6)
    # Posts, rails, and the first wall of panels.
    panel = "texture{pigment{gradient x color_map{[0 rgb <.7,.72,.73>][.06 rgb <.55,.57,.58>][.12 rgb <.78,.79,.79>][1 rgb <.74,.75,.76>]} scale .9} finish{F_Semi}}"
    parts = [box((a, 0, b), (a + 0.12, 2.6, b + 0.12), (0.5, 0.06, 0.04)) for a in (0, 2.2, 4.4, 6.5) for b in (0, 4.1)]
    parts += [box((0, 2.5, b), (6.6, 2.62, b + 0.12), (0.5, 0.06, 0.04)) for b in (0, 2.05, 4.1)] + [box((a, 2.5, 0), (a + 0.12, 2.62, 4.2), (0.5, 0.06, 0.04)) for a in (0, 2.2, 4.4, 6.5)]
    parts += [box((0, 0, 4.05), (6.6, 2.5, 4.15), panel), box((0, 0, 0), (0.1, 1.3, 4.2), panel), box((7.4, 0, 0.4), (9.2, 0.5, 3.4), (0.74, 0.75, 0.76)), box((7.6, 0.5, 0.6), (9, 0.62, 3.2), (0.05, 0.19, 0.5))]
    return union(parts, "translate %s" % v(at))


def _sunroom(stage):
    x, y, z = _roof_of("B5")
    at = (x + 3.2, y, z + 1.2)
    frame = [box((a, 0, b), (a + 0.1, 2.7, b + 0.1), "T_White") for a in (0, 1.5, 3, 4.5, 5.9) for b in (0, 3.9)] + [box((a, 0, b), (a + 0.1, 2.7, b + 0.1), "T_White") for a in (0, 5.9) for b in (1.3, 2.6)]
    frame += [box((0, h, b), (6, h + 0.1, b + 0.1), "T_White") for h in (0.0, 1.0, 2.6) for b in (0, 3.9)] + [box((a, h, 0), (a + 0.1, h + 0.1, 4), "T_White") for h in (0.0, 1.0, 2.6) for a in (0, 1.5, 3, 4.5, 5.9) if h > 2 or a in (0, 5.9)]
    if stage == 2:
        glass = "texture{pigment{rgb <.07,.2,.19>} finish{ambient 0 diffuse .5 specular .7 roughness .008 reflection{.1,.4}}}"
        frame += [box((0.03, 0.05, 0.03), (5.97, 2.6, 0.06), glass), box((0.03, 0.05, 3.94), (5.97, 2.6, 3.97), glass), box((0.03, 0.05, 0.03), (0.06, 2.6, 3.97), glass), box((5.94, 0.05, 0.03), (5.97, 2.6, 3.97), glass)]
        frame.append("box{<-.3,0,-.3>,<6.3,.07,4.4> texture{pigment{rgb <.1,.3,.33>} finish{F_Glossy}} rotate x*-6 translate y*2.72}\n")
        frame += [box((a, 2.98, -0.25), (a + 0.06, 3.02, 4.3), "T_White") for a in (1.5, 3, 4.5)]
    return union(frame, "translate %s" % v(at))


def _stacked(stage):
    # Bricks and bags in the fire lane; later twice as much.
    out = union([_stack()], "translate <57.6,.02,50>")
    if stage == 2:
        out += union([_stack()], "rotate y*180 translate <63.2,.02,73>") + union([_stack()], "translate <57.9,.02,74>")
    return out


_BUILD = {"hut": _hut, "sunroom": _sunroom, "stack": _stacked}
# Corners of what may change the picture, shadows to the north-west included.
_REACH = {
    "hut": lambda: (_roof_of("A3"), (4, -0.6, 0), (20.5, 3.4, 9)),
    "sunroom": lambda: (_roof_of("B5"), (-1.5, -2.0, 0), (10.5, 3.5, 8.5)),
    "stack": lambda: ((57, 0, 50), (-2.5, -0.1, -1), (8.5, 2.2, 36)),
}


def seen_at(point):
    """Pan and tilt of a point, degrees."""
    x, y, z = (p - q for p, q in zip(point, AT))
    return math.degrees(math.atan2(x, z)), math.degrees(math.atan2(y, math.hypot(x, z)))


def area_of(work):
    """Left, top, right, bottom of what a structure may change, in whole pixels of the panorama."""
    base, low, high = _REACH[work]()
    spots = [seen_at([b + o for b, o in zip(base, (x, y, z))]) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
    pans, tilts = [p for p, _ in spots], [t for _, t in spots]
    left, right = (int((p + 180) * PX_PER_DEG) for p in (min(pans) - 0.15, max(pans) + 0.15))
    top, bottom = (int((TOP_DEG - t) * PX_PER_DEG) for t in (max(tilts) + 0.15, min(tilts) - 0.15))
    return tuple(n // 2 * 2 for n in (left, top, right + 2, bottom + 2))


# The light of the town by night: what the lamps give, and a sky that is never quite black.
def _sky_of(part):
    if part in ("even", "sun"):
        return daylight(part, AT, (0, 0, 100), haze_m=HAZE_M)
    if part == "lamps":
        return "light_source{<-500,90,-160> rgb <.2,.11,.055> shadowless parallel point_at <0,0,0>}\n" + sky(((0, (0.6, 0.36, 0.24)), (0.1, (0.42, 0.34, 0.38)), (0.35, (0.17, 0.2, 0.34)), (1, (0.13, 0.15, 0.24))), "dusk", HAZE_M)
    return (
        "light_source{<-300,600,200> rgb .1 parallel point_at <0,0,0>}\nlight_source{<200,500,-300> rgb .07 shadowless parallel point_at <0,0,0>}\n"
        "sky_sphere{pigment{gradient y color_map{[0 rgb .075][.3 rgb .02]}}}\nfog{distance 1500 rgb .05}\n"
    )


# Renderings whose light adds up to the picture: part, built as, and strength in red, green and blue.
PARTS = {
    "clear": (("even", "overcast", SKYLIGHT["clear"]), ("sun", "clear", (1, 1, 1))),
    "overcast": (("even", "overcast", SKYLIGHT["overcast"]),),
    "dusk": (("even", "overcast", SKYLIGHT["dusk"]), ("lamps", "dusk", (1, 1, 1))),
    "night": (("town", "night", (1, 1, 1)),),
}


def text(part, built, works=(), pan=0.0, angle=360.0):
    """Scene text of what lies `angle` degrees round `pan`; `works` are (structure, stage)."""
    r = seeded("panorama")
    out = [HEADER, declare_plants(seeded("plants"), 0.55), declare_cars()]
    out.append("camera{spherical location %s direction z right x up y angle %.6g %d rotate y*%.6g translate %s}\n" % (v((0, 0, 0)), angle, BAND_DEG, pan, v(AT)))
    out.append(_sky_of(part))
    out += [declare_style(style, built) for style in ("sand", "pale", "brick", "grey")]
    ground, lamps = _ground(r, built)
    out += [ground, _green(r), _own_roof()]
    for key, style, bays, floors, x, z in BLOCKS:
        out.append(union([_block(key, style, bays, floors, built)], "translate <%g,0,%g>" % (x, z)))
    for key, style, bays, floors, x, z in TURNED:
        out.append(union([_block(key, style, bays, floors, built)], "rotate y*180 translate <%g,0,%g>" % (x, z)))
    for k, (x, z, floors) in enumerate(((-150, 240, 17), (-80, 246, 22), (-14, 240, 17), (56, 248, 22), (124, 240, 17))):
        out.append(union([_block("N%d" % k, ("pale", "sand", "grey", "pale", "brick")[k], "WBWWBWWBWW", floors, built)], "translate <%g,0,%g>" % (x, z)))
    for turn in range(0, 360, 45):
        out.append(skyline("p%d" % turn, 330, 150, 9, 0, turn) + skyline("pf%d" % turn, 620, 280, 14, 0, turn + 22))
    if part in ("lamps", "town"):
        # Without shadows, for speed: from above they are hardly seen.
        for x, _, z in lamps:
            out.append("light_source{<%g,5,%g> rgb <%s> shadowless fade_distance 5 fade_power 2}\n" % (x, z, "1.5,1.1,.68" if part == "lamps" else "1.25,1.1,.9"))
    out += [_BUILD[work](stage) for work, stage in works]
    return "".join(out)
