"""Words of POV-Ray's scene language, lights and materials. Metres; x east, y up, z north."""

import math

LIGHTINGS = ("clear", "overcast", "dusk", "night")


def v(p):
    return "<%.4g,%.4g,%.4g>" % tuple(p)


def rgb(c):
    return "rgb <%.4g,%.4g,%.4g>" % tuple(c)


def box(a, b, texture):
    lo = [min(p, q) for p, q in zip(a, b)]
    hi = [max(p, q) for p, q in zip(a, b)]
    return "box{%s,%s %s}\n" % (v(lo), v(hi), tex(texture))


def cyl(a, b, r, texture):
    return "cylinder{%s,%s,%.4g %s}\n" % (v(a), v(b), r, tex(texture))


def ball(c, r, texture):
    return "sphere{%s,%.4g %s}\n" % (v(c), r, tex(texture))


def tex(texture):
    """A declared material by name, a colour triple, or text as it is."""
    if isinstance(texture, (tuple, list)):
        return "texture{pigment{%s} finish{F_Matt}}" % rgb(texture)
    return texture if "{" in texture or "(" in texture or texture == "" else "texture{%s}" % texture


def union(parts, after=""):
    return "union{%s %s}\n" % ("".join(parts), after)


def declare(name, parts, after=""):
    return "#declare %s=union{%s %s}\n" % (name, "".join(parts), after)


def place(name, at, turn=0.0, scale=None, texture=""):
    size = "" if scale is None else "scale %s " % (v(scale) if isinstance(scale, (tuple, list)) else "%.4g" % scale)
    return "object{%s %s %srotate y*%.4g translate %s}\n" % (name, tex(texture) if texture else "", size, turn, v(at))


def camera(at, look, angle):
    return "camera{location %s right x*16/9 up y angle %.4g look_at %s}\n" % (v(at), angle, v(look))


def sign(name, width, height):
    """A plate of width x height metres in the x-y plane, its picture drawn beforehand as `name`.png."""
    return (
        'box{<0,0,0>,<1,1,0.01> texture{pigment{image_map{png "%s.png" once interpolate 2}} finish{F_Matt}} '
        "scale <%.4g,%.4g,1>}" % (name, width, height)
    )


def dome(count, total, colour, up):
    """Far lights spread over the sky: soft shadows that are the same in every rendering. `up` weights the zenith."""
    out, weights, spots = [], [], []
    for i in range(count):
        height = (i + 0.5) / count
        turn = i * 2.39996
        flat = math.sqrt(1 - height * height)
        spots.append((flat * math.cos(turn), height, flat * math.sin(turn)))
        weights.append(height**up)
    for spot, weight in zip(spots, weights):
        part = total * weight / sum(weights)
        out.append(
            "light_source{%s %s parallel point_at <0,0,0>}\n"
            % (v([400 * s for s in spot]), rgb([part * c for c in colour]))
        )
    return "".join(out)


SUN = (0.55, 0.78, -0.62)
"""Towards the sun of a clear day."""


# The light of a day is the sum of two renderings, as light is: the even light of an overcast sky, which every day has in
# its own strength and tint, and what comes on top of it.
SKYLIGHT = {"clear": (0.46, 0.56, 0.72), "overcast": (1.36, 1.36, 1.34), "dusk": (0.15, 0.17, 0.26)}
PARTS = {"clear": ("even", "sun"), "overcast": ("even",), "dusk": ("even", "lamps"), "night": ("infrared",)}
HAZE_M = 620
_EVEN_SKY = ((0.7, 0.73, 0.76), (0.84, 0.86, 0.88))


def sky(stops, lighting, haze_m=HAZE_M):
    """A sky that, added to the even one in this lighting's strength, shows the given colours."""
    steps = []
    for height, colour in stops:
        even = [a + (b - a) * min(1, height * 2) for a, b in zip(*_EVEN_SKY)]
        rest = [max(0, c - k * e) for c, k, e in zip(colour, SKYLIGHT[lighting], even)]
        steps.append("[%g %s]" % (height, rgb(rest)))
    haze = [max(0, c - k * e) for c, k, e in zip(stops[0][1], SKYLIGHT[lighting], _EVEN_SKY[0])]
    return "sky_sphere{pigment{gradient y color_map{%s}}}\nfog{distance %d %s}\n" % ("".join(steps), haze_m, rgb(haze))


def daylight(part, at, look, reach=30, haze_m=HAZE_M):
    """Lights, sky and haze of one part of an outdoor picture; `reach` is how far the infrared lamp sees, metres."""
    if part == "even":
        (low, high) = _EVEN_SKY
        return (
            dome(12, 1.5, (0.96, 0.99, 1.03), 0.8)
            + "sky_sphere{pigment{gradient y color_map{[0 %s][.5 %s][1 %s]}}}\n" % (rgb(low), rgb(high), rgb(high))
            + "fog{distance %d %s}\n" % (haze_m, rgb(low))
        )
    if part == "sun":
        return (
            "light_source{%s rgb <1.62,1.5,1.32> parallel point_at <0,0,0> area_light <5,0,0>,<0,0,5>,3,3 adaptive 1 orient circular}\n"
            % v([600 * s for s in SUN])
            + sky(((0, (0.74, 0.81, 0.88)), (0.1, (0.52, 0.68, 0.86)), (0.5, (0.22, 0.4, 0.72)), (1, (0.2, 0.36, 0.68))), "clear", haze_m)
        )
    if part == "lamps":
        return "light_source{<-500,90,-160> rgb <.2,.11,.055> parallel point_at <0,0,0>}\n" + sky(((0, (0.6, 0.36, 0.24)), (0.1, (0.42, 0.34, 0.38)), (0.35, (0.17, 0.2, 0.34)), (1, (0.13, 0.15, 0.24))), "dusk", haze_m)
    return (
        "light_source{%s rgb 1.15 spotlight point_at %s radius 24 falloff 62 tightness 3 fade_distance %.4g fade_power 1.7}\n"
        % (v((at[0], at[1] + 0.15, at[2])), v(look), reach)
        + "light_source{<120,400,-200> rgb .03 parallel point_at <0,0,0>}\nlight_source{<-200,300,-100> rgb .02 shadowless parallel point_at <0,0,0>}\n"
        + "sky_sphere{pigment{gradient y color_map{[0 rgb .05][.4 rgb .012]}}}\n"
    )


def lamp_light(at, lighting, strength=1.0, colour=(1, 0.78, 0.5), fade=7):
    """Light of a street or ceiling lamp; none in daylight."""
    power = {"clear": 0, "overcast": 0, "dusk": 1.1, "night": 0.55}[lighting] * strength
    if power == 0:
        return ""
    return "light_source{%s %s fade_distance %.4g fade_power 2}\n" % (v(at), rgb([power * c for c in colour]), fade)


HEADER = """#version 3.7;
global_settings{assumed_gamma 1.0 max_trace_level 4 ambient_light rgb 0}
#declare F_Matt=finish{ambient 0 diffuse .82}
#declare F_Semi=finish{ambient 0 diffuse .78 specular .12 roughness .05}
#declare F_Glossy=finish{ambient 0 diffuse .6 specular .6 roughness .012 reflection{.03,.28}}
#declare F_Metal=finish{ambient 0 diffuse .5 specular .5 roughness .03 reflection{.08,.3}}
#declare P_Dirt=pigment{bozo turbulence .9 lambda 2.4 octaves 5 color_map{[0 rgbt <.2,.18,.15,1>][.55 rgbt <.2,.18,.15,1>][1 rgbt <.2,.18,.15,.7>]}}
#declare P_Streak=pigment{bozo turbulence .4 octaves 4 color_map{[0 rgbt <.18,.16,.14,1>][.6 rgbt <.18,.16,.14,1>][1 rgbt <.18,.16,.14,.72>]} scale <.35,4.5,.35>}
#macro Wall(C) texture{pigment{granite color_map{[0 rgb C*.94][1 rgb C*1.04]} scale .7} finish{F_Matt}} texture{pigment{P_Streak} finish{F_Matt}} texture{pigment{P_Dirt scale 5} finish{F_Matt}} #end
#macro Tile(C,S) texture{pigment{brick pigment{rgb C*.62}, pigment{granite color_map{[0 rgb C*.9][1 rgb C*1.08]} scale 1.3} brick_size <S,S*.5,S> mortar S*.035} normal{brick .15 brick_size <S,S*.5,S> mortar S*.05} finish{F_Semi}} texture{pigment{P_Streak} finish{F_Matt}} #end
#macro Stone(C) texture{pigment{granite turbulence .3 color_map{[0 rgb C*.78][.5 rgb C][1 rgb C*1.15]} scale .35} finish{F_Semi}} texture{pigment{P_Dirt scale 1.5} finish{F_Matt}} #end
#macro Paint(C) texture{pigment{rgb C} finish{F_Glossy}} #end
#macro Metal(C) texture{pigment{rgb C} finish{F_Metal}} #end
#declare T_Concrete=texture{pigment{granite color_map{[0 rgb <.4,.39,.37>][1 rgb <.54,.53,.5>]} scale 1.6} normal{granite .15 scale .3} finish{F_Matt}}
#declare T_RoofFelt=texture{pigment{bozo turbulence .7 octaves 6 color_map{[0 rgb <.31,.31,.31>][.5 rgb <.35,.345,.335>][1 rgb <.4,.39,.375>]} scale 2.6} normal{granite .08 scale .3} finish{F_Matt}}
#declare T_Asphalt=texture{pigment{granite color_map{[0 rgb <.1,.1,.105>][.5 rgb <.135,.135,.138>][1 rgb <.18,.178,.174>]} scale .5} normal{granite .3 scale .08} finish{ambient 0 diffuse .85 specular .06 roughness .12}}
texture{pigment{bozo turbulence .8 octaves 5 color_map{[0 rgbt <.05,.05,.05,1>][.5 rgbt <.05,.05,.05,.95>][1 rgbt <.04,.04,.04,.68>]} scale <2.5,1,4>} finish{F_Matt}}
#declare T_Pavers=texture{pigment{brick pigment{rgb <.28,.27,.26>}, pigment{granite color_map{[0 rgb <.44,.41,.38>][1 rgb <.58,.54,.5>]} scale 2} brick_size <.42,.3,.21> mortar .012 rotate x*90} finish{F_Matt}} texture{pigment{P_Dirt scale 2} finish{F_Matt}}
#declare T_RedPavers=texture{pigment{brick pigment{rgb <.3,.24,.21>}, pigment{granite color_map{[0 rgb <.42,.24,.19>][1 rgb <.55,.34,.27>]} scale 2} brick_size <.3,.3,.15> mortar .012 rotate x*90} finish{F_Matt}} texture{pigment{P_Dirt scale 2} finish{F_Matt}}
#declare T_Lawn=texture{pigment{bozo turbulence .8 octaves 6 lambda 2.5 color_map{[0 rgb <.1,.17,.045>][.45 rgb <.15,.23,.065>][.8 rgb <.2,.26,.09>][1 rgb <.27,.27,.13>]} scale 1.4} normal{granite .8 scale .12} finish{F_Matt}}
#declare T_City=texture{pigment{cells color_map{[0 rgb <.3,.3,.29>][.35 rgb <.36,.35,.32>][.5 rgb <.16,.22,.09>][.8 rgb <.2,.25,.12>][1 rgb <.42,.4,.37>]} turbulence .04 scale <26,26,38>} finish{F_Matt}}
#declare T_Soil=texture{pigment{granite color_map{[0 rgb <.17,.13,.09>][1 rgb <.3,.24,.17>]} scale .6} normal{granite .5 scale .2} finish{F_Matt}}
#declare T_Bark=texture{pigment{granite color_map{[0 rgb <.12,.09,.07>][1 rgb <.25,.2,.16>]} scale <.1,.6,.1>} normal{granite .6 scale .1} finish{F_Matt}}
#declare T_White=texture{pigment{rgb <.82,.82,.8>} finish{F_Semi}}
#declare T_LineWhite=texture{pigment{granite color_map{[0 rgb <.5,.5,.49>][.3 rgb <.72,.72,.7>][1 rgb <.8,.8,.78>]} scale .3} finish{F_Matt}}
#declare T_LineYellow=texture{pigment{granite color_map{[0 rgb <.5,.36,.08>][.3 rgb <.74,.53,.1>][1 rgb <.8,.6,.14>]} scale .3} finish{F_Matt}}
#declare T_Rubber=texture{pigment{rgb .035} finish{ambient 0 diffuse .6 specular .15 roughness .08}}
#declare T_Steel=texture{pigment{rgb <.56,.57,.58>} finish{F_Metal}}
#declare T_DarkSteel=texture{pigment{rgb <.1,.1,.11>} finish{F_Semi}}
#declare T_Glass=texture{pigment{rgb <.035,.045,.05>} finish{ambient 0 diffuse .5 specular .7 roughness .006 reflection{.1,.55}}}
#declare T_CarGlass=texture{pigment{rgb <.02,.022,.025>} finish{ambient 0 diffuse .4 specular .8 roughness .008 reflection{.06,.4}}}
"""
