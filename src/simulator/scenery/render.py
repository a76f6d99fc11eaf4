"""Runs POV-Ray, and keeps what it made by the hash of what it was made from."""

import hashlib
import subprocess
from pathlib import Path

import cv2
import numpy as np

WIDTH, HEIGHT = 1280, 720


def povray(work, text, size, crop, alpha, quality):
    """Answers the rendered picture as BGR or BGRA, outside `crop` black."""
    options = ["+W%d" % size[0], "+H%d" % size[1], "+WT2", "-D", "-V", "-GA", "+L%s" % work] + quality
    if crop:
        options += ["+SC%.4f" % crop[0], "+SR%.4f" % crop[1]]
        # Up to the very edge is said by saying nothing: 1 would mean the first column.
        options += [option + "%.4f" % end for option, end in (("+EC", crop[2]), ("+ER", crop[3])) if end < 1]
    if alpha:
        options.append("+UA")
    name = hashlib.sha256((text + " ".join(options)).encode()).hexdigest()[:24]
    target = Path(work) / ("%s.png" % name)
    if not target.exists():
        source = Path(work) / ("%s.pov" % name)
        source.write_text(text)
        partial = Path(work) / ("%s.part.png" % name)
        run = subprocess.run(["nice", "-n", "12", "povray", "+I%s" % source, "+O%s" % partial] + options, cwd=work, capture_output=True, text=True)
        if run.returncode != 0:
            raise SystemExit("POV-Ray failed on %s:\n%s" % (source, run.stderr[-2000:]))
        source.unlink()
        partial.rename(target)
    return cv2.imread(str(target), cv2.IMREAD_UNCHANGED)


def _linear(work, scene, lighting, state, crop):
    """Light in the picture, linear BGR, 1 is white."""
    total = 0
    for part, built, strength in scene.parts(lighting):
        text = scene.text(built, part, state)
        picture = povray(work, text, (WIDTH, HEIGHT), crop, False, ["+A0.3", "+R2", "+FN16", "File_Gamma=1.0"])
        total = total + picture.astype(np.float32) / 65535 * np.array(strength[::-1], np.float32)
    return total


def render_scene(work, scene, lighting, state):
    """The empty scene as BGR, 1280x720. A structure is rendered only where it may be seen, and laid over the plain scene."""
    light = _linear(work, scene, lighting, "plain", None)
    if state != "plain":
        left, top, right, bottom = scene.crop
        part = _linear(work, scene, lighting, state, scene.crop)
        # A rim is left out: the edge of a cropped rendering is smoothed against nothing.
        rows = slice(int(top * HEIGHT) + 2, int(bottom * HEIGHT) - 2)
        columns = slice(int(left * WIDTH) + 2, int(right * WIDTH) - 2)
        light[rows, columns] = part[rows, columns]
    return (coded(light) * 255 + 0.5).astype(np.uint8)


def coded(light):
    """Linear light as the values of sRGB, 0 to 1."""
    light = np.clip(light, 0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def render_sprite(work, text, crop):
    """Moving things alone, as BGRA."""
    return povray(work, text, (WIDTH, HEIGHT), crop, True, ["+A0.2", "+R2", "File_Gamma=sRGB"])

