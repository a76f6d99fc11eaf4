"""Runs POV-Ray, and keeps what it made by the hash of what it was made from."""

import hashlib
import subprocess
from pathlib import Path

import cv2
import numpy as np

WIDTH, HEIGHT = 1280, 720


def _povray(work, text, size, crop, alpha, quality):
    """Answers the rendered picture as BGR or BGRA, outside `crop` black."""
    options = ["+W%d" % size[0], "+H%d" % size[1], "+WT2", "-D", "-V", "-GA", "+L%s" % work, "File_Gamma=sRGB"] + quality
    if crop:
        options += ["+SC%.4f" % crop[0], "+SR%.4f" % crop[1], "+EC%.4f" % crop[2], "+ER%.4f" % crop[3]]
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
    return cv2.imread(str(target), cv2.IMREAD_UNCHANGED if alpha else cv2.IMREAD_COLOR)


def render_scene(work, scene, lighting, state):
    """The empty scene as BGR, 1280x720. A structure is rendered only where it may be seen, and laid over the plain scene."""
    quality = ["+A0.3", "+R2"]
    plain = _povray(work, scene.text(lighting, "plain"), (WIDTH, HEIGHT), None, False, quality)
    if state == "plain":
        return plain
    left, top, right, bottom = scene.crop
    part = _povray(work, scene.text(lighting, state), (WIDTH, HEIGHT), scene.crop, False, quality)
    picture = plain.copy()
    # A rim is left out: the edge of a cropped rendering is smoothed against nothing.
    rows = slice(int(top * HEIGHT) + 2, int(bottom * HEIGHT) - 2)
    columns = slice(int(left * WIDTH) + 2, int(right * WIDTH) - 2)
    picture[rows, columns] = part[rows, columns]
    return picture


def render_sprite(work, text, crop):
    """Moving things alone, as BGRA."""
    return _povray(work, text, (WIDTH, HEIGHT), crop, True, ["+A0.2", "+R2"])


def difference(one, other):
    """Where two pictures differ by more than anybody would notice, as a mask."""
    return np.abs(one.astype(np.int16) - other.astype(np.int16)).max(axis=2) > 6
