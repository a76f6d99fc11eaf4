"""All scenes of the estate."""

import scenes_ground
import scenes_indoor
import scenes_roof

SCENES = scenes_roof.SCENES + scenes_ground.SCENES + scenes_indoor.SCENES
