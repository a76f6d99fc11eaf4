"""What a camera of the estate looks at, and where people and cars may pass in its picture."""

from dataclasses import dataclass, field
from typing import Callable

from pov import HEADER, PARTS, SKYLIGHT, camera, daylight
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

    def sky(self, lighting, part):
        return self.lights(lighting) if self.lights else daylight(part, self.at, self.look, reach=self.reach)

    def parts(self, lighting):
        """The renderings whose light adds up to the picture, each with its strength in red, green and blue."""
        if self.indoor:
            return [("all", lighting, (1, 1, 1))]
        # The even light is the same rendering in every lighting; lit windows come with the part that has the lamps.
        whole = {"even": "overcast", "sun": "clear", "lamps": "dusk", "infrared": "night"}
        return [(part, whole[part], SKYLIGHT[lighting] if part == "even" else (1, 1, 1)) for part in PARTS[lighting]]

    def text(self, lighting, part, state):
        plants = "" if self.indoor else declare_plants(seeded("plants"))
        return "".join((HEADER, plants, declare_cars(), camera(self.at, self.look, self.angle), self.sky(lighting, part), self.build(lighting, state)))
