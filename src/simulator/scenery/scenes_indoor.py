"""Under roofs: garage, corridor and lift lobby. Their lamps burn by day; at night most are off and the picture is infrared."""

from pov import box, cyl, rgb, sign, union, v
from scene import Path, Scene
from things import CAR_COLOURS, car, seeded

DAY = ("clear", "overcast")


def _room_lights(lamps, at, look, bright, daylight_from=None):
    """Lamps as small soft lights, daylight through an opening, and the camera's infrared lamp at night."""

    def lights(lighting):
        out = []
        power = {"clear": 1, "overcast": 1, "dusk": 1, "night": 0.22}[lighting]
        for i, lamp in enumerate(lamps):
            if lighting == "night" and i % 3:
                continue
            out.append("light_source{%s %s fade_distance 2.6 fade_power 2 }\n" % (v(lamp), rgb([power * bright * c for c in (1, 0.96, 0.88)])))
        out.append("light_source{%s rgb %.3g shadowless}\n" % (v((at[0] * 0.5, at[1], at[2])), 0.16 * power))
        out.append("light_source{%s rgb %.3g shadowless}\n" % (v((look[0], 0.3, look[2])), 0.24 * power))
        if daylight_from and lighting != "night":
            strength = {"clear": 1.5, "overcast": 0.7, "dusk": 0.12}[lighting]
            tint = {"clear": (1, 0.98, 0.94), "overcast": (0.95, 0.98, 1.04), "dusk": (0.6, 0.66, 1.0)}[lighting]
            out.append("light_source{%s %s area_light <0,1,0>,<1,0,0>,3,3 adaptive 1 fade_distance 6 fade_power 1.3}\n" % (v(daylight_from), rgb([strength * c for c in tint])))
        if lighting == "night":
            out.append("light_source{%s rgb .62 spotlight point_at %s radius 25 falloff 64 fade_distance 9 fade_power 1.6}\n" % (v((at[0], at[1] + 0.08, at[2])), v(look)))
        sky = {"clear": (0.75, 0.85, 0.95), "overcast": (0.75, 0.77, 0.8), "dusk": (0.16, 0.17, 0.28), "night": (0.02, 0.02, 0.025)}[lighting]
        out.append("background{%s}\n" % rgb(sky))
        return "".join(out)

    return lights


def _tube(at, lighting, index, along="x"):
    on = lighting != "night" or index % 3 == 0
    glow = "texture{pigment{rgb 1} finish{ambient 0 diffuse .5 emission %s}}" % (1.2 if on else 0.02)
    a, b = ((-0.6, 0, -0.06), (0.6, 0.05, 0.06)) if along == "x" else ((-0.06, 0, -0.6), (0.06, 0.05, 0.6))
    return union([box(a, b, glow), box((a[0] - 0.03, 0.05, a[2] - 0.03), (b[0] + 0.03, 0.1, b[2] + 0.03), "T_White")], "no_shadow translate %s" % v(at))


_GARAGE_LAMPS = [(x, 2.75, z) for z in (-6, 0, 6, 12, 18, 24) for x in (-6.2, 0, 6.2)]


def _garage(lighting, state):
    r = seeded("garage")
    floor = "texture{pigment{granite color_map{[0 rgb <.36,.37,.37>][1 rgb <.44,.45,.44>]} scale 2} finish{ambient 0 diffuse .7 specular .25 roughness .03 reflection{.02,.16}}} texture{pigment{P_Dirt scale 3} finish{F_Matt}}"
    lane = "texture{pigment{granite color_map{[0 rgb <.1,.28,.2>][1 rgb <.14,.34,.25>]} scale 2} finish{ambient 0 diffuse .7 specular .3 roughness .03 reflection{.02,.18}}} texture{pigment{P_Dirt scale 3} finish{F_Matt}}"
    white, slab = "Wall(<.72,.72,.7>)", "Wall(<.6,.6,.58>)"
    out = [box((-20, -0.1, -20), (20, 0, 40), floor), box((-3, 0, -20), (3, 0.004, 40), lane), box((-20, 3.3, -20), (20, 3.5, 40), slab)]
    out.append(box((-12, 0, -20), (-11.8, 3.4, 40), white) + box((11.8, 0, -20), (12, 3.4, 40), white) + box((-20, 0, 34), (20, 3.4, 34.2), white))
    for s in (-1, 1):
        out.append(box((s * 3 - 0.06, 0, -20), (s * 3 + 0.06, 0.008, 34), "T_LineWhite"))
        for k in range(15):
            z = -11 + k * 2.75
            out.append(box((s * 3, 0, z - 0.05), (s * 8.4, 0.008, z + 0.05), "T_LineWhite"))
        for k in range(6):
            z = -11.0 + k * 8.25
            out.append(box((s * 3.3, 0, z - 0.35), (s * 4.0, 3.3, z + 0.35), white))
            out += [box((s * 3.28, 0.1 + 0.3 * j, z - 0.37), (s * 4.02, 0.1 + 0.3 * j + 0.15, z + 0.37), "T_LineYellow" if j % 2 == 0 else (0.04, 0.04, 0.04)) for j in range(4)]
            out.append("object{%s translate <%.3g,1.6,%.3g>}\n" % (sign("bay-%s%d" % ("A" if s < 0 else "B", k + 1), 0.5, 0.5), s * 3.65 - 0.25, z - 0.37))
            out.append(box((s * 3.2, 2.9, z - 0.4), (s * 12, 3.3, z + 0.4), slab))
        out.append(box((s * 8.4, 0, -20), (s * 8.6, 0.12, 34), "T_Concrete"))
    for x, c, rad in ((-1.9, (0.5, 0.05, 0.04), 0.09), (-1.55, (0.5, 0.05, 0.04), 0.06), (1.5, (0.62, 0.62, 0.6), 0.08), (2.2, (0.1, 0.35, 0.14), 0.07)):
        out.append(cyl((x, 3.02, 5.6), (x, 3.02, 34), rad, "texture{pigment{%s} finish{F_Semi}}" % rgb(c)))
    out.append(box((4.6, 2.45, -20), (5.7, 2.9, 34), "T_Steel") + "".join(box((4.57, 2.42, z), (5.73, 2.93, z + 0.08), "T_DarkSteel") for z in range(-18, 34, 2)))
    out += [_tube(lamp, lighting, i, "z" if lamp[0] == 0 else "x") for i, lamp in enumerate(_GARAGE_LAMPS)]
    for s in (-1, 1):
        for k in range(12):
            z = -9.6 + k * 2.75
            if r.random() < 0.24 or (s < 0 and k in (2, 3)):
                continue
            out.append(car(r.choice(("sedan", "suv", "sedan", "van")), r.choice(CAR_COLOURS), (s * 5.9, 0, z), (180 if s < 0 else 0) + r.choice((0, 180)) + r.uniform(-2, 2)))
    out.append("object{%s translate <-.9,2.35,15>}\n" % sign("exit", 1.8, 0.45) + box((-0.95, 2.3, 15.01), (0.95, 2.85, 15.1), "T_DarkSteel"))
    for s in (-0.8, 0.8):
        out.append(cyl((s, 2.8, 15.05), (s, 3.3, 15.05), 0.02, "T_Steel"))
    out.append("intersection{box{<-.4,0,-3>,<.4,.009,0>} union{box{<-.12,-1,-3>,<.12,1,-1.2>} prism{-1,1,4,<-.4,-1.3>,<.4,-1.3>,<0,0>,<-.4,-1.3>}} texture{T_LineWhite} translate <1.5,0,8>}\n")
    return "".join(out)


_CORRIDOR_LAMPS = [(0, 2.62, z) for z in (1.5, 6, 10.5, 15, 19.5)]


def _corridor(lighting, state):
    r = seeded("corridor")
    tiles = "texture{pigment{brick pigment{rgb <.3,.28,.26>}, pigment{granite turbulence .4 color_map{[0 rgb <.56,.52,.46>][1 rgb <.68,.64,.57>]} scale 1.2} brick_size <1.2,.6,.6> mortar .008 rotate x*90} finish{ambient 0 diffuse .62 specular .4 roughness .012 reflection{.05,.35}}}"
    wall, low = "Wall(<.76,.74,.69>)", "Tile(<.6,.56,.48>,.6)"
    out = [box((-1.5, -0.1, -4), (1.5, 0, 23), tiles), box((-1.5, 2.75, -4), (1.5, 2.9, 23), "Wall(<.8,.8,.78>)")]
    for s in (-1, 1):
        out.append(box((s * 1.5, 1.05, -4), (s * 1.7, 2.8, 23), wall) + box((s * 1.48, 0, -4), (s * 1.7, 1.05, 23), low) + box((s * 1.46, 1.05, -4), (s * 1.5, 1.1, 23), (0.33, 0.28, 0.22)))
        for k in range(4):
            z = 1.8 + k * 4.9 + (1.2 if s > 0 else 0)
            colour = r.choice(((0.22, 0.09, 0.05), (0.17, 0.1, 0.07), (0.25, 0.13, 0.07), (0.12, 0.12, 0.13)))
            d = [box((-0.55, 0, -0.03), (0.55, 2.15, 0.03), "Metal(<.3,.22,.15>)"), box((-0.48, 0.02, -0.05), (0.48, 2.1, 0.02), "texture{pigment{%s} finish{F_Semi}}" % rgb(colour))]
            d += [box((x, y, -0.065), (x + 0.34, y + h, -0.04), "texture{pigment{%s} finish{F_Semi}}" % rgb([c * 1.3 for c in colour])) for x in (-0.4, 0.06) for y, h in ((0.2, 0.7), (1.05, 0.85))]
            d += [cyl((0.38, 0.98, -0.12), (0.38, 1.12, -0.12), 0.02, "T_Steel"), "sphere{<0,1.5,-.06>,.02 texture{T_Steel}}\n", box((-0.35, 0.0, -0.75), (0.35, 0.015, -0.2), r.choice(((0.3, 0.06, 0.05), (0.12, 0.13, 0.14), (0.2, 0.22, 0.12))))]
            if r.random() < 0.75:
                d += [box((x, 0.55, -0.04), (x + 0.16, 1.95, -0.03), (0.6, 0.06, 0.04)) for x in (-0.78, 0.62)] + [box((-0.5, 2.2, -0.04), (0.5, 2.38, -0.03), (0.6, 0.06, 0.04)), "box{<-.16,-.16,0>,<.16,.16,.01> rotate z*45 texture{pigment{rgb <.62,.07,.04>} finish{F_Matt}} translate <0,1.45,-.075>}\n"]
            out.append(union(d, "rotate y*%d translate <%.3g,0,%.3g>" % (90 * s, s * 1.47, z)))
            if r.random() < 0.5:
                zz = z + r.choice((-0.95, 0.95))
                out.append(union([box((-0.4, 0, -0.3), (0.4, 0.85, 0), r.choice(((0.6, 0.58, 0.52), (0.35, 0.24, 0.15)))), box((-0.02, 0.05, -0.31), (0.0, 0.8, -0.3), (0.2, 0.2, 0.2))], "rotate y*%d translate <%.3g,0,%.3g>" % (90 * s, s * 1.46, zz)))
    # Hydrant box, meter box, end window.
    out.append(box((1.36, 0.55, 8.9), (1.47, 1.75, 9.7), (0.55, 0.04, 0.03)) + box((1.35, 0.62, 8.97), (1.37, 1.68, 9.63), "T_Glass") + box((-1.47, 1.2, 9.2), (-1.38, 2.1, 9.9), (0.55, 0.56, 0.55)))
    out.append(box((-1.5, 0, 22.4), (1.5, 1.0, 22.6), wall) + box((-1.5, 2.4, 22.4), (1.5, 2.8, 22.6), wall) + box((-1.5, 1, 22.4), (-0.9, 2.4, 22.6), wall) + box((0.9, 1, 22.4), (1.5, 2.4, 22.6), wall))
    out += [box((x, 1.0, 22.42), (x + 0.06, 2.4, 22.5), "T_White") for x in (-0.9, -0.03, 0.84)] + [box((-0.9, y, 22.42), (0.9, y + 0.06, 22.5), "T_White") for y in (1.0, 2.34)]
    out.append("object{%s translate <-.35,2.32,13>}\n" % sign("exit", 0.7, 0.2) + "object{%s rotate y*90 translate <1.44,1.5,5.2>}\n" % sign("floor", 0.55, 0.4))
    for i, lamp in enumerate(_CORRIDOR_LAMPS):
        on = lighting != "night" or i % 3 == 0
        out.append("cylinder{<0,0,0>,<0,.08,0>,.2 no_shadow texture{pigment{rgb 1} finish{diffuse .6 emission %s}} translate %s}\n" % (1.1 if on else 0.02, v((lamp[0], 2.68, lamp[2]))))
    return "".join(out)


_LOBBY_LAMPS = [(x, 2.85, z) for z in (-1.5, 1.5) for x in (-2.2, 0, 2.2)]


def _lobby(lighting, state):
    marble = "texture{pigment{marble turbulence .9 octaves 5 color_map{[0 rgb <.66,.6,.5>][.6 rgb <.74,.69,.6>][.9 rgb <.52,.44,.34>][1 rgb <.7,.64,.55>]} scale 1.1 rotate <20,35,0>} finish{ambient 0 diffuse .66 specular .4 roughness .012}}"
    tile = "texture{pigment{brick pigment{rgb <.22,.2,.18>}, pigment{granite turbulence .5 color_map{[0 rgb <.6,.56,.5>][1 rgb <.72,.68,.62>]} scale 1.5} brick_size <1.6,.8,.8> mortar .008 rotate x*90} finish{ambient 0 diffuse .6 specular .5 roughness .01 reflection{.06,.4}}}"
    steel = "texture{pigment{gradient x color_map{[0 rgb <.5,.5,.5>][.5 rgb <.58,.58,.57>][1 rgb <.5,.5,.5>]} scale .02} finish{F_Metal}}"
    out = [box((-4, -0.1, -5), (4, 0, 4), tile), box((-4, 3, -5), (4, 3.1, 4), "Wall(<.82,.82,.8>)"), box((-4, 0, 3), (4, 3, 3.3), marble), box((-4.2, 0, -5), (-4, 3, 4), marble)]
    for x in (-2.5, -0.1):
        out += [box((x, 0, 2.9), (x + 1.6, 2.35, 3), "T_DarkSteel"), box((x + 0.14, 0.01, 2.86), (x + 0.79, 2.2, 2.92), steel), box((x + 0.81, 0.01, 2.86), (x + 1.46, 2.2, 2.92), steel), box((x + 1.75, 1.05, 2.93), (x + 1.9, 1.4, 3), "T_Steel"), "sphere{<%.3g,1.3,2.93>,.025 texture{pigment{rgb <1,.3,.1>} finish{emission .8}}}\n" % (x + 1.825)]
        out.append(box((x + 0.5, 2.45, 2.95), (x + 1.1, 2.65, 3), (0.02, 0.02, 0.02)) + box((x + 0.72, 2.5, 2.94), (x + 0.78, 2.61, 2.96), "texture{pigment{rgb <1,.2,.1>} finish{emission 1}}"))
    # Glass entrance on the right, daylight behind it.
    out.append(box((4, 0, -5), (4.2, 3, -2.6), marble) + box((4, 0, 0.9), (4.2, 3, 4), marble) + box((4, 2.5, -2.6), (4.2, 3, 0.9), marble))
    out += [box((4.05, 0, z), (4.13, 2.5, z + 0.08), "T_DarkSteel") for z in (-2.6, -0.89, 0.82)] + [box((4.05, y, -2.6), (4.13, y + 0.08, 0.9), "T_DarkSteel") for y in (0, 2.42)] + [cyl((3.98, 0.9, z), (3.98, 1.4, z), 0.02, "T_Steel") for z in (-1.05, -0.7)]
    out.append(box((4.09, 0.05, -2.6), (4.1, 2.45, 0.9), "texture{pigment{rgbt <.85,.9,.9,.85>} finish{ambient 0 diffuse .2 specular .4 roughness .01 reflection{.04,.25}}}"))
    ground = {"clear": (0.5, 0.5, 0.47), "overcast": (0.42, 0.43, 0.43), "dusk": (0.09, 0.09, 0.12), "night": (0.02, 0.02, 0.02)}[lighting]
    out.append(box((4.2, -0.1, -14), (16, -0.02, 14), "texture{pigment{%s} finish{diffuse 0 emission 1}}" % rgb(ground)))
    out.append(box((9.5, 0, -14), (10, 1.1, 14), "texture{pigment{granite color_map{[0 %s][1 %s]} scale .3} finish{diffuse 0 emission 1}}" % (rgb([ground[0] * 0.25, ground[1] * 0.42, ground[2] * 0.16]), rgb([ground[0] * 0.5, ground[1] * 0.75, ground[2] * 0.3]))))
    # Letter boxes, notice board, poster, plant, bin.
    for i in range(5):
        for j in range(4):
            out.append(box((-3.98, 0.8 + j * 0.27, -2.6 + i * 0.34), (-3.86, 1.04 + j * 0.27, -2.29 + i * 0.34), "T_Steel") + box((-3.86, 0.96 + j * 0.27, -2.52 + i * 0.34), (-3.85, 0.98 + j * 0.27, -2.37 + i * 0.34), (0.05, 0.05, 0.05)))
    out.append("object{%s rotate y*-90 translate <-3.96,1.05,0.1>}\n" % sign("notice", 1.5, 1.05) + "object{%s translate <2.05,1.05,2.97>}\n" % sign("poster", 0.8, 1.15))
    out.append("cone{<3.3,0,2.3>,.2,<3.3,.5,2.3>,.28 texture{pigment{rgb <.75,.74,.7>} finish{F_Semi}}}\n")
    r = seeded("plant")
    for _ in range(46):
        a, b = r.uniform(0, 360), r.uniform(20, 62)
        out.append("sphere{0,1 scale <.05,.4,.012> translate y*.4 rotate z*%.3g rotate y*%.3g texture{pigment{rgb <.06,.16,.05>} finish{F_Semi}} translate <3.3,.45,2.3>}\n" % (b, a))
    out.append(cyl((-3.5, 0, 2.5), (-3.5, 0.65, 2.5), 0.19, steel) + box((-2.4, 0, 0.4), (-0.4, 0.008, 2.2), (0.2, 0.05, 0.05)))
    for i, lamp in enumerate(_LOBBY_LAMPS):
        on = lighting != "night" or i % 3 == 0
        out.append("cylinder{<0,0,0>,<0,.03,0>,.13 no_shadow texture{pigment{rgb 1} finish{diffuse .6 emission %s}} translate %s}\n" % (1.2 if on else 0.02, v((lamp[0], 2.97, lamp[2]))))
    return "".join(out)


SCENES = [
    Scene("garage", (-1.6, 2.75, -9.6), (0.8, 1.0, 6), 74, _garage, indoor=True, lights=_room_lights(_GARAGE_LAMPS, (-1.6, 2.75, -9.6), (0.8, 1.0, 6), 0.62), paths=[Path("walk", [(1.6, 0, 24), (1.2, 0, -5)]), Path("drive", [(1.4, 0, 30), (1.4, 0, -13)]), Path("walk", [(-2.4, 0, -5), (-2.2, 0, 20)])]),
    Scene("corridor-2", (0.55, 2.5, -2.8), (-0.1, 1.05, 8), 62, _corridor, indoor=True, lights=_room_lights(_CORRIDOR_LAMPS, (0.55, 2.5, -2.8), (-0.1, 1.05, 8), 0.5, (0, 1.8, 22)), paths=[Path("walk", [(0.3, 0, 20), (0.2, 0, -1)]), Path("walk", [(-0.3, 0, 0), (-0.3, 0, 20)])]),
    Scene("lobby-1", (-3.4, 2.75, -4.4), (0.9, 0.95, 2), 78, _lobby, indoor=True, lights=_room_lights(_LOBBY_LAMPS, (-3.4, 2.75, -4.4), (0.9, 0.95, 2), 0.2, (7, 2, -1)), paths=[Path("walk", [(4.6, 0, -1), (2, 0, -0.8), (-1.4, 0, 2.0)]), Path("walk", [(0.8, 0, 2.4), (1.6, 0, 0.2), (4.8, 0, -0.9)])]),
]
