#!/usr/bin/python3
"""
Makes the panorama of the simulated domes: `make_panorama.py [--work DIR] [--scale S]`. Needs what make.py needs, and WebP in
OpenCV. Each lighting becomes one picture; each stage of each structure a small one to be laid into it.
"""

import argparse
import json
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True

import cv2
import numpy as np

import panorama
import signs
from pov import LIGHTINGS
from record import tone
from render import coded, povray

HERE = Path(__file__).resolve().parent
MEDIA = HERE.parent / "media" / "panorama"
QUALITY = 80
# Round a structure's area, so that the glow of lamps and the smoothing of edges are the same as in the whole.
MARGIN = 24


def _render(work, part, built, works, left, width, rows, scale):
    """Linear BGR of `width` columns from `left` on, and the given rows."""
    ppd = panorama.PX_PER_DEG * scale
    angle = width / ppd
    text = panorama.text(part, built, works, pan=(left + width / 2) / ppd - 180, angle=angle)
    height = round(panorama.BAND_DEG * ppd)
    first = round((panorama.BAND_DEG / 2 - panorama.TOP_DEG) * ppd)
    crop = (0, (first + rows[0] + 0.5) / height, 1, (first + rows[1] - 0.5) / height)
    picture = povray(work, text, (width, height), crop, False, ["+A0.3", "+R2", "+FN16", "File_Gamma=1.0"])
    return picture[first + rows[0] : first + rows[1]].astype(np.float32) / 65535


def _light(work, lighting, works, left, width, rows, scale):
    total = 0
    for part, built, strength in panorama.PARTS[lighting]:
        total = total + _render(work, part, built, works, left, width, rows, scale) * np.array(strength[::-1], np.float32)
    return (coded(total) * 255).astype(np.float32)


def _developed(picture, lighting):
    return (np.clip(tone(picture, lighting), 0, 1) * 255 + 0.5).astype(np.uint8)


def dome_names():
    """The domes' names by key, as config/estate.demo.yaml gives them."""
    text = (HERE.parents[2] / "config" / "estate.demo.yaml").read_text()
    return dict(re.findall(r"key: (dome-[\w-]+)\s*,?\s*name: ([^,\n]+)", text))


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--work", type=Path, default=HERE.parents[2] / "var" / "scenery", help="where renderings are kept")
    options.add_argument("--out", type=Path, default=MEDIA)
    options.add_argument("--scale", type=float, default=1.0, help="a smaller panorama, to look at")
    options.add_argument("--lighting", nargs="*", default=LIGHTINGS)
    given = options.parse_args()
    work = given.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    given.out.mkdir(parents=True, exist_ok=True)
    signs.draw_signs(work)
    for key, name in dome_names().items():
        signs.draw_name(given.out / ("name-%s.png" % key), name)
    ppd = panorama.PX_PER_DEG * given.scale
    width, height = round(360 * ppd), round((panorama.TOP_DEG - panorama.BOTTOM_DEG) * ppd)
    strip = width // panorama.STRIPS
    for lighting in given.lighting:
        strips = []
        for k in range(panorama.STRIPS):
            strips.append(_light(work, lighting, (), k * strip, strip, (0, height), given.scale).astype(np.uint8))
        whole = np.hstack(strips)
        # The last row of a cropped rendering stays empty.
        whole[-1] = whole[-2]
        cv2.imwrite(str(given.out / ("%s.webp" % lighting)), _developed(whole, lighting), [cv2.IMWRITE_WEBP_QUALITY, QUALITY])
        for key, stages in panorama.WORKS.items() if given.scale == 1 else ():
            left, top, right, bottom = panorama.area_of(key)
            plain = cv2.imread(str(given.out / ("%s.webp" % lighting)))[top:bottom, left:right]
            cv2.imwrite(str(given.out / ("%s-%s-0.webp" % (lighting, key))), plain, [cv2.IMWRITE_WEBP_QUALITY, 92])
            for stage in range(1, stages + 1):
                outer = (left - MARGIN, top - MARGIN, right + MARGIN, bottom + MARGIN)
                part = whole[outer[1] : outer[3], outer[0] : outer[2]].astype(np.float32)
                inner = _light(work, lighting, ((key, stage),), outer[0], outer[2] - outer[0], (outer[1], outer[3]), 1)
                # The outermost pixels of a rendering are smoothed against nothing.
                part[4:-4, 4:-4] = inner[4:-4, 4:-4]
                seen = _developed(part, lighting)[MARGIN:-MARGIN, MARGIN:-MARGIN]
                cv2.imwrite(str(given.out / ("%s-%s-%d.webp" % (lighting, key, stage))), seen, [cv2.IMWRITE_WEBP_QUALITY, 86])
        print(lighting, flush=True)
    if given.scale == 1:
        about = {
            "px_per_deg": panorama.PX_PER_DEG,
            "top_deg": panorama.TOP_DEG,
            "width_px": width,
            "height_px": height,
            "works": {key: {"stages": stages, "left_px": area[0], "top_px": area[1], "width_px": area[2] - area[0], "height_px": area[3] - area[1]} for key, stages in panorama.WORKS.items() for area in [panorama.area_of(key)]},
        }
        (given.out / "panorama.json").write_text(json.dumps(about, indent=2) + "\n")


if __name__ == "__main__":
    main()
