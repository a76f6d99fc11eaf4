"""What a camera of the estate looks at, and where people and cars may pass in its picture."""

from dataclasses import dataclass, field
from typing import Callable

from pov import HEADER, camera, daylight
from things import declare_cars, declare_plants, seeded


@dataclass
class Path:
    """A way through the picture, from its first point to its last: "walk", "ride" or "drive"."""

    kind: str
    points: list


@dataclass
class Scene:
    key: str
    at: tuple
    look: tuple
    angle: float
    # (lighting, state) to scene text, without camera and header
    build: Callable
    indoor: bool = False
    # Indoors: (lighting) to lights, background included.
    lights: Callable | None = None
    # How far the infrared lamp reaches, metres.
    reach: float = 30
    # Where a structure or a van may change the picture, shadows included: left, top, right, bottom in fractions.
    crop: tuple | None = None
    states: tuple = ("plain",)
    paths: list = field(default_factory=list)

    def sky(self, lighting):
        return self.lights(lighting) if self.lights else daylight(lighting, self.at, self.look, reach=self.reach)

    def text(self, lighting, state):
        plants = "" if self.indoor else declare_plants(seeded("plants"))
        return "".join((HEADER, plants, declare_cars(), camera(self.at, self.look, self.angle), self.sky(lighting), self.build(lighting, state)))
