#!/usr/bin/python3
"""
Makes the recordings of the simulated estate: `make.py [--work DIR] [scene ...]`. What was rendered before is taken from DIR,
so that a change of one scene costs one scene. Needs POV-Ray 3.7, ffmpeg with x264, numpy, OpenCV, Pillow and a Chinese font.
"""

import argparse
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True

import record
import signs
import traffic
from estate import SCENES
from pov import LIGHTINGS
from render import render_scene

HERE = Path(__file__).resolve().parent
MEDIA = HERE.parent / "media"
TAKES = {"main": 1, "sub": 3}


def camera_names():
    """The name of each scene's camera, as config/estate.demo.yaml gives it."""
    text = (HERE.parents[2] / "config" / "estate.demo.yaml").read_text()
    found = re.findall(r"\{\s*key: [\w-]+,\s*name: ([^,]+),.*?scene: ([\w-]+)", text, re.S)
    return {scene: name for name, scene in found}


def make_scene(work, scene, name):
    folder = MEDIA / scene.key
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.h264"):
        old.unlink()
    passing = [traffic.sprites(work, scene, number) for number in range(traffic.PROGRAMMES)]
    for state in scene.states:
        far = traffic.depth(work, scene, state)
        even = render_scene(work, scene, "overcast", state)
        for row, lighting in enumerate(LIGHTINGS):
            base = render_scene(work, scene, lighting, state)
            light = traffic.Light(base, even)
            camera = record.Camera(lighting, name)
            still = camera.picture(base)
            for take in range(1, max(TAKES.values()) + 1):
                number = (3 * row + take + scene.states.index(state)) % traffic.PROGRAMMES
                frames = []
                for sprite, seen in passing[number]:
                    picture, changed = traffic.compose(scene, lighting, base, light, sprite, seen, far)
                    frames.append(camera.update(still, picture, changed))
                for stream, takes in TAKES.items():
                    if take <= takes:
                        record.encode(frames, stream, lighting, row * 10 + take, folder / ("%s-%s-%s-%d.h264" % (stream, lighting, state, take)))
    size = sum(file.stat().st_size for file in folder.glob("*.h264"))
    print("%s: %d clips, %.2f MB" % (scene.key, len(list(folder.glob("*.h264"))), size / 1e6), flush=True)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--work", type=Path, default=HERE.parents[2] / "var" / "scenery", help="where renderings are kept")
    options.add_argument("scene", nargs="*")
    given = options.parse_args()
    given.work.mkdir(parents=True, exist_ok=True)
    signs.draw_signs(given.work)
    names = camera_names()
    for scene in SCENES:
        if not given.scene or scene.key in given.scene:
            make_scene(given.work.resolve(), scene, names.get(scene.key, scene.key))


if __name__ == "__main__":
    main()
