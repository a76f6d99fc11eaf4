"""Ground level: fronts, gate, road, fire lane, back yard, wall and garden."""

import math

from buildings import BAY, FLOOR, declare_style, place, railing, skyline, tower
from pov import ball, box, cyl, lamp_light, sign, tex, union, v
from scene import Path, Scene
from things import CAR_COLOURS, bench, bin_pair, car, hedge, lamp_post, parked_row, scooter, seeded

DAY = ("clear", "overcast")


def _lamps(spots, lighting):
    lit = lighting not in DAY
    return "".join(lamp_post(at, lit) + lamp_light((at[0], 3.85, at[2]), lighting, 0.9) for at in spots)


def _trees(spots):
    return "".join(place("Tree%d" % k, (x, y, z), i * 77, s) for i, (k, x, y, z, s) in enumerate(spots))


def _shrubs(r, x0, z0, x1, z1, count):
    return "".join(place("Shrub", (r.uniform(x0, x1), 0, r.uniform(z0, z1)), r.uniform(0, 360), r.uniform(0.6, 1.1)) for _ in range(count))


def _kerb(a, b, z, painted=False):
    if not painted:
        return box((a, 0, z - 0.07), (b, 0.17, z + 0.07), "T_Concrete")
    out, x, k = [], a, 0
    while x < b:
        out.append(box((x, 0, z - 0.07), (min(b, x + 0.8), 0.18, z + 0.07), ("T_LineYellow", (0.06, 0.06, 0.06))[k % 2]))
        x, k = x + 0.8, k + 1
    return "".join(out)


def _enclosed_balcony(at):
    """A balcony closed by a glazed box that stands out over the slab: the sun room that nobody allowed."""
    glass = "texture{pigment{rgb <.06,.17,.16>} finish{ambient 0 diffuse .5 specular .7 roughness .008 reflection{.12,.45}}}"
    parts = [
        box((-0.1, -0.2, -1.95), (BAY + 0.1, -0.05, -1.2), "T_White"),
        box((-0.02, -0.05, -1.88), (BAY + 0.02, 0.85, -1.82), "T_White"),
        box((-0.02, 0.85, -1.87), (BAY + 0.02, 2.5, -1.83), glass),
        box((-0.05, -0.05, -1.85), (0.0, 2.5, -0.6), glass),
        box((BAY, -0.05, -1.85), (BAY + 0.05, 2.5, -0.6), glass),
        "box{<-.25,0,0>,<%.3g,.08,1.9> texture{pigment{rgb <.1,.25,.5>} finish{F_Semi}} rotate x*-9 translate <0,2.52,-2.1>}\n" % (BAY + 0.25),
        box((0.1, 0.85, -1.0), (BAY - 0.1, 2.4, -0.95), (0.5, 0.44, 0.34)),
    ]
    for i in range(6):
        x = (BAY - 0.06) * i / 5
        parts.append(box((x, -0.05, -1.92), (x + 0.07, 2.52, -1.82), "T_White"))
    for y in (0.82, 1.95, 2.47):
        parts.append(box((-0.05, y, -1.92), (BAY + 0.05, y + 0.07, -1.82), "T_White"))
    return union(parts, "translate %s" % v(at))


def _facade_2(lighting, state):
    r = seeded("facade-2")
    out = [declare_style("sand", lighting), declare_style("brick", lighting), "plane{y,0 texture{T_Lawn}}\n"]
    out.append(tower("f2", "sand", lighting, "WBWWBWWB", 11, (-14, 0, 0)) + tower("f2b", "brick", lighting, "BWWBW", 11, (22, 0, 12)))
    out.append(box((-60, 0, -7.6), (60, 0.06, -4.6), "T_Pavers") + box((-60, 0, -22), (60, 0.04, -12.2), "T_Asphalt"))
    out.append(hedge((-30, -11.8), (34, -11.8)) + _shrubs(r, -30, -3.8, 20, -1.2, 26))
    out.append(_trees([(0, -17, 0, -9.3, 1), (2, -9.5, 0, -2.9, 0.8), (1, 10.5, 0, -9.5, 0.9), (3, 17.5, 0, -3, 1.05), (0, 26, 0, -2, 1.1), (1, -3.2, 0, -9.8, 0.8)]))
    out.append(_lamps([(-6, 0, -8.2), (8, 0, -8.2)], lighting) + bench((3, 0.06, -5.2)) + bin_pair((12.5, 0.06, -5.6)))
    if state == "structure":
        out.append(_enclosed_balcony((-14 + 4 * BAY, 3 * FLOOR, 0)))
    return "".join(out)


def _facade_5(lighting, state):
    r = seeded("facade-5")
    out = [declare_style("grey", lighting), declare_style("pale", lighting), "plane{y,0 texture{T_Lawn}}\n"]
    out.append(tower("f5", "grey", lighting, "WBWWBWBW", 17, (-4, 0, 4), turn=14, base_floors=2) + tower("f5b", "pale", lighting, "BWWBWWB", 11, (-44, 0, 24), turn=-6))
    out.append(skyline("f5", 150, 160, 10))
    out.append("cylinder{<-16,0,-4>,<-16,.06,-4>,7.5 texture{T_RedPavers}}\ncylinder{<-16,0,-4>,<-16,.09,-4>,2.6 texture{T_Soil}}\n" + box((-16, 0, -5.2), (40, 0.055, -2.8), "T_Pavers") + box((-17.2, 0, -30), (-14.8, 0.055, -4), "T_Pavers"))
    out.append(_shrubs(r, -18, -6, -14, -2, 16) + _shrubs(r, -2, 0, 20, 2, 22) + hedge((-40, 5), (-12, 5)))
    out.append(_trees([(0, -16, 0, -4, 1.1), (2, -7, 0, 0.5, 0.95), (1, -25, 0, 2, 1), (3, -30, 0, -8, 1.15), (1, 4, 0, -9, 0.85), (0, 14, 0, -8, 0.95), (2, -24, 0, 12, 1.2), (3, 24, 0, -1, 1.1)]))
    out.append(_lamps([(-9.5, 0, -6.2), (3, 0, -6), (-20, 0, 1.5)], lighting) + bench((-12, 0.06, 0.6), 20) + bench((-22, 0.06, -7), -120) + bin_pair((-5, 0.05, -2.4)))
    return "".join(out)


def _gate(lighting, state):
    r = seeded("gate")
    out = [declare_style("pale", lighting), "plane{y,-.01 texture{T_Lawn}}\n", box((-60, 0, 24.5), (60, 0.03, 40), "T_Asphalt"), box((-60, 0, 20.2), (60, 0.14, 24.5), "T_Pavers"), box((-9.5, 0, -30), (9.5, 0.04, 25), "T_Asphalt")]
    out += [box((x - 0.07, 0.04, -30), (x + 0.07, 0.046, 12), "T_LineYellow") for x in (-0.35, 0.35)]
    out += [box((x, 0.04, 8.2), (x + 0.5, 0.1, 8.65), ("T_LineYellow", (0.05, 0.05, 0.05))[k % 2]) for k, x in enumerate([-9.2 + 0.5 * j for j in range(37)])]
    out += [box((x, 0.03, 32.1), (x + 3, 0.045, 32.3), "T_LineWhite") for x in range(-60, 60, 7)]
    out += [box((-9.5 + i * 1.0, 0.04, 21.2), (-9.0 + i * 1.0, 0.05, 24.2), "T_LineWhite") for i in range(19)]
    out.append(box((-15, 0, -30), (-9.5, 0.15, 20), "T_RedPavers") + box((9.5, 0, -30), (15, 0.15, 20), "T_RedPavers") + "".join(box((s, 0, -30), (s + 0.15, 0.2, 20), "T_Concrete") for s in (-9.6, 9.45)))
    # Guard house on its island, barriers either side, beam with the estate's name.
    out.append(box((-1.9, 0, 12.5), (1.9, 0.25, 19.5), "T_Concrete") + box((-1.5, 0.25, 14), (1.5, 0.95, 18.2), "Stone(<.36,.3,.25>)") + box((-1.45, 0.95, 14.05), (1.45, 2.5, 18.15), "T_Glass") + box((-1.8, 2.5, 13.6), (1.8, 2.85, 18.6), "Wall(<.74,.72,.68>)"))
    out += [box((x, 0.95, z), (x + 0.12, 2.5, z + 0.12), "T_DarkSteel") for x in (-1.5, 1.38) for z in (14, 15.4, 16.8, 18.08)]
    for s in (-1, 1):
        out.append(box((s * 2.2 - 0.2, 0.03, 13.1), (s * 2.2 + 0.2, 1.1, 13.5), (0.75, 0.45, 0.05)))
        for k in range(12):
            out.append(box((s * (2.4 + k * 0.5), 0.92, 13.25), (s * (2.9 + k * 0.5), 1.02, 13.31), ((0.75, 0.75, 0.73), (0.55, 0.05, 0.05))[k % 2]))
        out.append(box((s * 9.6 - 0.9, 0, 17.2), (s * 9.6 + 0.9, 6.4, 19), "Stone(<.42,.35,.28>)") + box((s * 9.6 - 1.1, 6.4, 17), (s * 9.6 + 1.1, 6.8, 19.2), "Wall(<.74,.72,.68>)"))
        out.append(box((s * 15, 0, 18), (s * 40, 0.7, 18.4), "Stone(<.42,.36,.3>)"))
        out += [box((s * (15 + k * 3.2) - 0.25, 0, 17.9), (s * (15 + k * 3.2) + 0.25, 2.5, 18.5), "Stone(<.42,.36,.3>)") for k in range(8)]
        out += railing("bars", min(s * 15, s * 40), max(s * 15, s * 40), 18.2, 2.2)
        out.append(box((s * 10.6, 0.15, 17.8), (s * 14.8, 0.3, 18.4), "T_Concrete") + "".join(box((s * (11.2 + k), 0.2, 17.9), (s * (11.2 + k) + 0.06, 1.9, 18.3), "T_Steel") for k in range(4)))
    out.append(box((-9, 5.0, 17.5), (9, 6.3, 18.7), "Wall(<.74,.72,.68>)") + box((-9.1, 6.3, 17.3), (9.1, 6.6, 18.9), "T_DarkSteel"))
    out.append("object{%s translate <-3.4,5.15,17.42>}\n" % sign("name", 6.8, 1.0))
    out.append(hedge((-22, 16.4), (-15.6, 16.4)) + hedge((15.6, 16.4), (26, 16.4)) + _shrubs(r, -24, 9, -16, 15, 14) + _shrubs(r, 16, 9, 26, 15, 14))
    out.append(_trees([(0, -18.5, 0, 11, 1), (3, -17.5, 0, 2, 1.1), (1, 18, 0, 12, 1), (0, 18.5, 0, 3, 1.05), (2, -24, 0, 22.5, 1), (2, -14, 0, 22.8, 1), (2, 16, 0, 22.6, 1), (2, 26, 0, 22.5, 1.1), (3, -34, 0, 22.5, 1), (3, 36, 0, 22.5, 1)]))
    # The other side of the street: shops under flats.
    shops = ((0.55, 0.1, 0.08), (0.1, 0.3, 0.5), (0.6, 0.45, 0.08), (0.1, 0.38, 0.2), (0.5, 0.5, 0.5))
    lit = lighting not in DAY
    out.append(tower("g1", "pale", lighting, "WBWWBWWBWWBW", 6, (-44, 3.4, 46)) + tower("g2", "pale", lighting, "BWWBWWBWWBWW", 6, (3, 3.4, 46)))
    for i in range(22):
        x = -44 + i * 4.2
        out.append(box((x, 0, 45.4), (x + 4.1, 2.7, 46), "T_Glass" if not lit else "texture{pigment{rgb <.95,.85,.65>} finish{emission .5}}") + box((x, 2.6, 45.1), (x + 4.1, 3.5, 46), "texture{pigment{rgb <%.3g,%.3g,%.3g>} finish{diffuse .7 emission %s}}" % (*shops[i % 5], ".7" if lit else "0")))
    out.append(box((-60, 0, 40), (60, 0.14, 46), "T_Pavers") + skyline("gate", 170, 160, 9))
    out.append(_lamps([(-12.5, 0.15, 6), (12.5, 0.15, 6), (-12.5, 0.15, 15), (12.5, 0.15, 15)], lighting) + lamp_light((0, 4.6, 15.5), lighting, 1.2, fade=9))
    return "".join(out)


def _parked_van():
    """A white van and what its driver left beside it: stays for minutes, stands in nobody's way."""
    return car("van", (0.74, 0.74, 0.72), (4.35, 0.05, 6.2), -88.5)


def _main_road(lighting, state):
    r = seeded("main-road")
    out = [declare_style("sand", lighting), declare_style("grey", lighting), "plane{y,0 texture{T_Lawn}}\n", box((-5.4, 0, -40), (5.4, 0.05, 130), "T_Asphalt")]
    for s in (-1, 1):
        out.append(box((s * 5.4, 0, -40), (s * 5.62, 0.2, 130), "T_Concrete") + box((s * 5.62, 0, -40), (s * 8.4, 0.16, 130), "T_Pavers"))
    out += [box((-0.08, 0.05, z), (0.08, 0.056, z + 2), "T_LineYellow") for z in range(-38, 120, 5)]
    for z in (-1.4, 4.0, 9.6, 15.2, 20.8, 26.4, 32):
        out.append(box((3.3, 0.05, z - 0.05), (5.35, 0.056, z + 0.05), "T_LineWhite"))
    out.append(box((3.25, 0.05, -1.4), (3.35, 0.056, 32), "T_LineWhite"))
    for z, kind, c in ((12.4, "sedan", 0), (18.0, "suv", 2), (23.6, "sedan", 5), (29.2, "suv", 7)):
        out.append(car(kind, CAR_COLOURS[c], (4.35, 0.05, z), -90 + r.uniform(-1.5, 1.5)))
    out.append(tower("m1", "sand", lighting, "WBWWBW", 11, (-13, 0, 12), turn=-90, depth=12) + tower("m1b", "sand", lighting, "WBWWBW", 11, (-13, 0, 46), turn=-90, depth=12))
    out.append(tower("m2", "grey", lighting, "BWWBW", 17, (13.5, 0, 36), turn=90, depth=12) + tower("m2b", "grey", lighting, "BWWBW", 17, (13.5, 0, 66), turn=90, depth=12) + tower("m3", "sand", lighting, "WBWWBWWBW", 17, (-16, 0, 110)))
    out.append("".join(hedge((s * 8.9, z), (s * 8.9, z + 11)) for s in (-1, 1) for z in (-6, 8, 22, 36)))
    out.append(_trees([(0, -10.4, 0, 1.5, 0.95), (3, -10.6, 0, 13, 1), (0, -10.5, 0, 24, 1), (3, -10.4, 0, 36, 1), (1, 10.8, 0, 3, 0.9), (0, 10.9, 0, 13.5, 1), (3, 10.7, 0, 24, 1), (0, 10.8, 0, 36, 1.05), (2, -10, 0, 50, 1), (2, 10.5, 0, 52, 1)]))
    out.append(_lamps([(-7.9, 0.16, 6), (7.9, 0.16, 8.5), (-7.9, 0.16, 20), (7.9, 0.16, 22)], lighting) + bin_pair((-8.2, 0.16, 10.5), 90) + skyline("road", 240, 160, 10))
    if state == "van":
        out.append(_parked_van())
    return "".join(out)


def _stack():
    """Bricks, bags of cement, planks and a tarpaulin, left in the fire lane."""
    r = seeded("stack")
    brick = "Tile(<.47,.2,.13>,.24)"
    parts = []
    for x, z, h in ((0.5, 3.2, 1.15), (0.6, 4.5, 0.8), (1.75, 3.4, 0.95)):
        parts.append(box((x, 0.05, z), (x + 1.05, 0.17, z + 1.1), (0.3, 0.22, 0.13)) + box((x, 0.17, z), (x + 1.05, 0.17 + h, z + 1.05), brick))
    for k in range(22):
        x, y, z = 1.8 + (k % 3) * 0.52, 0.15 + (k // 6) * 0.19, 5.0 + (k // 3 % 2) * 0.75
        parts.append("superellipsoid{<.5,.45> scale <.27,.1,.38> rotate y*%.3g texture{pigment{granite color_map{[0 rgb <.5,.49,.45>][1 rgb <.63,.62,.58>]}} finish{F_Matt}} translate <%.3g,%.3g,%.3g>}\n" % (r.uniform(-6, 6), x + r.uniform(-0.03, 0.03), y, z))
    for k in range(9):
        parts.append("box{<0,0,0>,<.2,.05,3.6> rotate y*%.3g translate <%.3g,%.3g,6.9> %s}\n" % (r.uniform(-5, 5), 0.5 + (k % 3) * 0.24, 0.06 + k // 3 * 0.055, tex((0.42, 0.3, 0.17))))
    parts.append("superellipsoid{<.7,.4> scale <1.0,.5,.95> texture{pigment{rgb <.05,.17,.42>} normal{wrinkles 1.2 scale .5} finish{F_Semi}} rotate y*9 translate <2.4,.4,7.7>}\n")
    parts.append("cone{<1.6,.05,9.6>,1.0,<1.7,.7,9.7>,.05 texture{pigment{granite color_map{[0 rgb <.4,.34,.25>][1 rgb <.58,.5,.38>]} scale .1} normal{granite .6 scale .1} finish{F_Matt}}}\n")
    return "".join(parts)


def _fire_lane(lighting, state):
    r = seeded("fire-lane")
    out = [declare_style("pale", lighting), declare_style("sand", lighting), "plane{y,0 texture{T_Lawn}}\n", box((-3.6, 0, -30), (3.6, 0.05, 90), "T_Asphalt")]
    for s in (-1, 1):
        out.append("object{union{%s} rotate y*90 translate <%.3g,0,0>}\n" % (_kerb(-40, 30, 0, True), s * 3.68))
        out += [box((s * 3.3 - 0.07, 0.05, -30), (s * 3.3 + 0.07, 0.056, 60), "T_LineYellow")]
    # The hatched box: slanted bars cut to the lane.
    out.append("intersection{union{%s} box{<-3,-1,4.2>,<3,1,16>}}\n" % "".join("box{<-6,.05,-.09>,<6,.058,.09> rotate y*38 translate z*%.3g texture{T_LineYellow}}\n" % (k * 1.5 - 4) for k in range(16)))
    out.append("object{%s rotate x*90 translate <-2.6,.062,.4>}\n" % sign("fire-lane", 5.2, 3.4))
    out.append(tower("l1", "pale", lighting, "WBWWBWWBW", 11, (-9.5, 0, 1), turn=-90, depth=11) + tower("l2", "sand", lighting, "BWWBWWBW", 11, (9.5, 0, 33), turn=90, depth=11) + tower("l3", "sand", lighting, "WBWWBWWBW", 11, (-15, 0, 66)))
    out.append("".join(hedge((s * 4.9, z), (s * 4.9, z + 9)) for s in (-1, 1) for z in (1, 14, 26)) + _trees([(1, -6.6, 0, 7, 0.75), (1, 6.6, 0, 13, 0.8), (2, -6.8, 0, 21, 0.8), (1, 6.8, 0, 26, 0.8), (0, -6.6, 0, 36, 0.9), (3, 6.6, 0, 40, 0.9)]))
    out.append(_lamps([(-4.2, 0, 11), (4.2, 0, 20)], lighting) + "".join(cyl((4.25, 0, z), (4.25, 0.75, z), 0.09, (0.5, 0.04, 0.03)) + ball((4.25, 0.8, z), 0.12, (0.5, 0.04, 0.03)) for z in (6.5, 24)))
    out.append(box((-4.3, 0, 2.2), (-4.22, 2.3, 2.28), "T_Steel") + "object{%s translate <-4.75,1.55,2.15>}\n" % sign("no-parking", 0.95, 0.95))
    if state == "structure":
        out.append(_stack())
    return "".join(out)


def _backyard_4(lighting, state):
    r = seeded("backyard")
    out = [declare_style("pale", lighting), "plane{y,0 texture{T_Lawn}}\n", box((-2.2, 0, -30), (1.4, 0.05, 60), "T_Pavers")]
    # The blank north side of a block on the left, the retaining wall on the right.
    out.append(tower("b4", "pale", lighting, "WWWWWWWWWWWW", 7, (-3.6, 0, -8), turn=-90, base_floors=1))
    out.append(box((4.6, 0, -30), (4.9, 2.4, 60), "Tile(<.42,.36,.3>,.4)") + box((4.5, 2.4, -30), (5.0, 2.55, 60), "T_Concrete"))
    for k in range(8):
        out.append(box((-3.58, 0, -2 + k * 4.4), (-3.4, 21, -1.85 + k * 4.4), "T_White"))
    for k in range(5):
        out.append(union([box((0, 0, 0), (1.1, 1.25, 0.45), (0.35, 0.38, 0.36)), box((0.05, 0.1, -0.01), (0.54, 1.15, 0.01), (0.3, 0.33, 0.31)), box((0.56, 0.1, -0.01), (1.05, 1.15, 0.01), (0.3, 0.33, 0.31))], "rotate y*-90 translate <-2.95,0.05,%.3g>" % (3.5 + k * 6.3)))
    out += ["cylinder{<-.4,.05,%.3g>,<-.4,.062,%.3g>,.36 texture{pigment{radial frequency 12 color_map{[0 rgb .16][.5 rgb .24]}} finish{F_Matt} translate <-.4,0,%.3g>}}\n" % (z, z, z) for z in (-1.5, 6.5, 14.5, 22)]
    out.append(bin_pair((3.5, 0, 4.2), 90) + bin_pair((3.5, 0, 6.8), 90))
    for k in range(6):
        out.append(scooter(r, (3.3, 0.05, 10.5 + k * 0.85), 180 + r.uniform(-8, 8), rider=False))
    out.append(box((2.2, 2.25, 9.8), (4.6, 2.33, 16), "texture{pigment{rgb <.3,.42,.5>} finish{F_Semi}}") + "".join(cyl((2.35, 0, z), (2.35, 2.25, z), 0.04, "T_Steel") for z in (10, 13, 15.8)))
    out.append(hedge((1.9, 19), (1.9, 34)) + _shrubs(r, 2, -3, 4.2, 3, 9) + _trees([(1, 3.2, 0, 20, 0.7), (1, 3.1, 0, 28, 0.8), (0, 8, 0, 6, 1.1), (3, 8.5, 0, 16, 1.2), (0, 9, 0, 28, 1.1), (2, 8, 0, -1, 1)]))
    out.append(tower("b4b", "pale", lighting, "BWWBWWB", 11, (-10, 0, 58)) + _lamps([(2.1, 0, 7.6), (2.1, 0, 17.8)], lighting))
    return "".join(out)


def _wall_north(lighting, state):
    r = seeded("wall")
    out = [declare_style("brick", lighting), "plane{y,0 texture{T_Lawn}}\n", box((-1.6, 0, -30), (0.6, 0.05, 90), "T_Pavers"), box((8, 0, -30), (20, 0.04, 90), "T_Asphalt"), box((4.6, 0, -30), (8, 0.12, 90), "T_RedPavers")]
    for k in range(16):
        z = -4 + k * 3.6
        out.append(box((3.55, 0, z), (4.05, 2.6, z + 0.5), "Tile(<.5,.27,.19>,.24)") + box((3.48, 2.6, z - 0.07), (4.12, 2.75, z + 0.57), "T_Concrete"))
        out.append(box((3.65, 0, z + 0.5), (3.95, 0.75, z + 3.6), "Tile(<.5,.27,.19>,.24)") + box((3.6, 0.75, z + 0.5), (4.0, 0.83, z + 3.6), "T_Concrete"))
        for j in range(21):
            q = z + 0.62 + j * 0.145
            out.append(cyl((3.8, 0.8, q), (3.8, 2.35, q), 0.014, "T_DarkSteel") + "cone{<3.8,2.35,%.4g>,.024,<3.8,2.5,%.4g>,0 texture{T_DarkSteel}}\n" % (q, q))
        out += [box((3.78, y, z + 0.5), (3.82, y + 0.04, z + 3.6), "T_DarkSteel") for y in (0.95, 2.2)]
    out.append(hedge((2.4, -2), (2.4, 14)) + hedge((2.4, 16), (2.4, 36)) + _shrubs(r, -7, -2, -2.4, 30, 30))
    out.append(_trees([(0, -5, 0, 9, 1), (3, -5.5, 0, 20, 1.05), (1, -4.6, 0, 1.5, 0.8), (0, -5, 0, 32, 1), (2, 6.3, 0, 6, 1), (2, 6.3, 0, 15, 1.05), (2, 6.4, 0, 24, 1), (2, 6.3, 0, 34, 1)]))
    out.append(parked_row(r, ("sedan", "suv"), (9.2, -2), (0, 6.1), 90, 8, 0.3))
    out.append(tower("w1", "brick", lighting, "WBWWBWWB", 7, (-12, 0, 0), turn=-90, depth=12) + tower("w2", "brick", lighting, "BWWBWWBW", 7, (26, 0, 46), turn=90, depth=12) + skyline("wall", 150, 120, 9))
    out.append(_lamps([(-1.9, 0, 5), (-1.9, 0, 16), (-1.9, 0, 27)], lighting))
    return "".join(out)


def _garden(lighting, state):
    r = seeded("garden")
    out = [declare_style("sand", lighting), declare_style("grey", lighting), "plane{y,-.02 texture{T_Lawn}}\n"]
    out.append("difference{cylinder{<0,-.02,4>,<0,.05,4>,9 texture{T_RedPavers}} cylinder{<0,-1,4>,<0,1,4>,6.6}}\n" + box((-60, -0.02, -5.8), (60, 0.05, -3.6), "T_Pavers") + box((-1.1, -0.02, -30), (1.1, 0.05, -4.4), "T_Pavers") + box((8, -0.02, 3), (60, 0.05, 5.2), "T_Pavers"))
    # Pond with a stone rim.
    out.append("cylinder{<-1.5,-.02,4>,<-1.5,.03,4>,4.2 texture{pigment{rgb <.05,.09,.08>} normal{bumps .12 scale .35} finish{ambient 0 diffuse .4 specular .5 roughness .01 reflection{.12,.6}}}}\n")
    for k in range(38):
        t = k / 38 * 2 * math.pi
        out.append("sphere{0,1 scale <%.3g,%.3g,%.3g> rotate y*%.3g Stone(<.46,.44,.41>) translate <%.3g,.05,%.3g>}\n" % (r.uniform(0.3, 0.5), r.uniform(0.16, 0.34), r.uniform(0.3, 0.45), r.uniform(0, 90), -1.5 + 4.3 * math.cos(t), 4 + 4.3 * math.sin(t)))
    # Pavilion.
    red = (0.33, 0.07, 0.05)
    p = [box((-2.2, 0, -2.2), (2.2, 0.35, 2.2), "Stone(<.5,.48,.45>)")]
    p += [cyl((x, 0.3, z), (x, 3.1, z), 0.13, red) for x in (-1.8, 1.8) for z in (-1.8, 1.8)]
    p += [box((-2, 2.85, s - 0.08), (2, 3.15, s + 0.08), red) for s in (-1.8, 1.8)] + [box((s - 0.08, 2.85, -2), (s + 0.08, 3.15, 2), red) for s in (-1.8, 1.8)]
    p += [box((-1.8, 0.75, s - 0.18), (1.8, 0.82, s + 0.18), (0.33, 0.2, 0.11)) for s in (1.8,)]
    roof = "texture{pigment{rgb <.16,.17,.18>} normal{gradient x .8 scale .22} finish{F_Semi}}"
    p.append("prism{conic_sweep linear_spline 0,1,5,<-1,-1>,<1,-1>,<1,1>,<-1,1>,<-1,-1> rotate x*180 scale <2.9,1.7,2.9> translate y*4.85 %s}\n" % roof)
    p.append(ball((0, 4.9, 0), 0.2, "T_DarkSteel"))
    out.append(union(p, "rotate y*24 translate <8.6,0,10.5>"))
    # Playground: a soft floor, a slide house and a see-saw.
    out.append("cylinder{<-12.5,0,2.5>,<-12.5,.07,2.5>,4.6 texture{pigment{granite color_map{[0 rgb <.1,.25,.32>][1 rgb <.13,.32,.4>]} scale .2} finish{F_Matt}}}\n")
    q = [box((x, 0, z), (x + 0.14, 2.9, z + 0.14), (0.65, 0.45, 0.05)) for x in (-0.8, 0.7) for z in (-0.8, 0.7)]
    q += [box((-0.8, 1.25, -0.8), (0.84, 1.35, 0.84), (0.1, 0.3, 0.5)), "cone{<0,2.85,0>,1.35,<0,3.9,0>,.05 texture{pigment{rgb <.6,.08,.06>} finish{F_Semi}}}\n", "box{<.84,-.05,-.35>,<3.6,.02,.35> texture{pigment{rgb <.7,.5,.05>} finish{F_Semi}} rotate z*0 matrix<1,-.42,0,0,1,0,0,0,1,0,1.7,0>}\n"]
    q += [box((-2.1 + k * 0.28, 0.1 + k * 0.26, -0.35), (-1.8 + k * 0.28, 0.16 + k * 0.26, 0.35), (0.12, 0.35, 0.15)) for k in range(5)]
    out.append(union(q, "rotate y*-28 translate <-12.8,0.07,2.8>"))
    out.append(hedge((-30, -7), (-2, -7)) + hedge((2, -7), (30, -7)) + _shrubs(r, 2.5, -2.6, 16, 0.5, 12) + _shrubs(r, -8, 9, 4, 12.5, 16))
    out.append(_trees([(0, -6.5, 0, 11.5, 1.05), (1, 3.5, 0, 13.5, 0.95), (2, 13.5, 0, 7.5, 0.95), (3, -18, 0, 8, 1.1), (1, 15.5, 0, -1.4, 0.8), (2, -19, 0, -2, 0.9), (0, 20, 0, 14, 1.1), (3, -8, 0, 20, 1.2), (0, 6, 0, 22, 1.2)]))
    out.append(bench((6.2, 0.05, 0.2), -40) + bench((-8.8, 0.05, -1.6), 30) + bin_pair((10.8, 0.05, 2), 0) + _lamps([(5.2, 0.05, -3.2), (-6.4, 0.05, -3.2), (8.2, 0, 6.6), (-8.6, 0, 7)], lighting))
    out.append(tower("gd1", "sand", lighting, "WBWWBWWBW", 11, (-26, 0, 32)) + tower("gd2", "grey", lighting, "BWWBWWB", 17, (13, 0, 36)) + skyline("garden", 170, 160, 8))
    return "".join(out)


SCENES = [
    Scene("facade-2", (2.5, 7.5, -27), (1.6, 8.2, 0), 60, _facade_2, reach=14, states=("plain", "structure"), crop=(0.36, 0.24, 0.72, 0.8), paths=[Path("walk", [(-16, 0.06, -6.2), (18, 0.06, -6.0)]), Path("walk", [(18, 0.06, -5.2), (-16, 0.06, -5.4)])]),
    Scene("facade-5", (-19, 6, -27), (-3, 10.5, 6), 66, _facade_5, reach=32, paths=[Path("walk", [(-16, 0.06, -22), (-15.6, 0.06, -10), (-11, 0.06, -7)]), Path("walk", [(14, 0.06, -4.2), (-9, 0.06, -4.0)])]),
    Scene("gate", (5.8, 6.2, -7), (0.4, 2.6, 18), 62, _gate, reach=26, paths=[Path("drive", [(-5, 0.04, 10.4), (-5, 0.04, -12)]), Path("drive", [(5, 0.04, -12), (5, 0.04, 10.2)]), Path("walk", [(10.7, 0.15, 17), (10.3, 0.15, 2)]), Path("walk", [(-10.3, 0.15, 4), (-10.7, 0.15, 17)]), Path("walk", [(-9, 0.04, 6), (9, 0.04, 6.6)]), Path("drive", [(-50, 0.04, 29), (50, 0.04, 29)]), Path("drive", [(50, 0.04, 35.5), (-50, 0.04, 35.5)]), Path("ride", [(7.6, 0.04, -10), (7.8, 0.04, 11)])]),
    Scene("main-road", (-2.2, 6.6, -11), (0.7, 1.4, 14), 60, _main_road, reach=24, states=("plain", "van"), crop=(0.5, 0.34, 0.98, 0.98), paths=[Path("drive", [(1.5, 0.05, -12), (1.5, 0.05, 80)]), Path("drive", [(-2.4, 0.05, 80), (-2.4, 0.05, -12)]), Path("walk", [(7.1, 0.16, 34), (7.0, 0.16, -4)]), Path("walk", [(-7, 0.16, -2), (-6.8, 0.16, 30)]), Path("ride", [(-4.4, 0.05, 50), (-4.2, 0.05, -10)])]),
    Scene("fire-lane", (-2.2, 5.6, -9.5), (0.5, 0.9, 10), 62, _fire_lane, reach=22, states=("plain", "structure"), crop=(0.3, 0.3, 0.98, 0.98), paths=[Path("walk", [(-1.6, 0.05, 30), (-1.9, 0.05, -6)]), Path("walk", [(-0.9, 0.05, -6), (-1.0, 0.05, 30)]), Path("ride", [(-0.4, 0.05, 40), (-0.8, 0.05, -8)])]),
    Scene("backyard-4", (0.6, 5.2, -8), (-0.1, 1.2, 11), 62, _backyard_4, reach=22, paths=[Path("walk", [(-0.4, 0.05, 28), (-0.2, 0.05, -5)]), Path("walk", [(0.4, 0.05, -4), (0.2, 0.05, 28)])]),
    Scene("wall-north", (-2.6, 5, -8), (2.4, 1.4, 12), 60, _wall_north, reach=24, paths=[Path("walk", [(-0.5, 0.05, 34), (-0.4, 0.05, -4)]), Path("drive", [(16.6, 0.04, 0), (16.6, 0.04, 70)]), Path("walk", [(-0.9, 0.05, -4), (-0.8, 0.05, 30)])]),
    Scene("garden", (-3, 7.8, -17), (-0.6, 0.8, 5), 64, _garden, reach=28, paths=[Path("walk", [(-20, 0.05, -4.9), (18, 0.05, -4.5)]), Path("walk", [(18, 0.05, -5), (-20, 0.05, -5.3)]), Path("walk", [(0, 0.05, -10), (0.3, 0.05, -4.5), (9, 0.05, -4.4)])]),
]
