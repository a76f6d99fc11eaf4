"""Gathers photographs whose licences let weights ship, from packages unpacked beside it.

    npm pack @pmndrs/assets@1.7.0 && mkdir assets && tar xzf pmndrs-assets-1.7.0.tgz -C assets
    apt-get download opencv-doc lomiri-wallpapers-16.04 && for f in *.deb; do dpkg -x $f debian; done
    /usr/bin/python3 photographs.py assets/package debian photographs

- 16 of the package's panoramas (CC0): high dynamic range, written at two exposures
- six pictures of OpenCV's samples (Debian's opencv-doc, Apache-2.0 and BSD-3-Clause)
- five photographs by Aitzol Berasategi (Debian's lomiri-wallpapers-16.04, CC-BY 4.0)
"""
import glob
import os
import subprocess
import sys

os.environ["OPENCV_IO_ENABLE_OPENEXR"] = "1"
import cv2  # noqa: E402 (reads the variable when loaded)
import numpy as np  # noqa: E402

OPENCV = ("aero1.jpg", "aero3.jpg", "building.jpg", "home.jpg", "board.jpg", "fruits.jpg")
NO_PLACES = ("sky", "studio")

_DECODE = """
const fs = require('fs'), path = require('path');
import(path.resolve(process.argv[1])).then(({ default: data }) => {
  process.stdout.write(typeof data === 'string' ? Buffer.from(data.split(',').pop(), 'base64') : Buffer.from(data));
});
"""


def panoramas(package, out):
    for module in sorted(glob.glob(package + "/hdri/*.exr.js")):
        name = os.path.basename(module)[: -len(".exr.js")]
        if name in NO_PLACES:
            continue
        file = os.path.join(out, name + ".exr")
        with open(file, "wb") as stored:
            stored.write(subprocess.run(["node", "-e", _DECODE, module], check=True, capture_output=True).stdout)
        light = cv2.imread(file, cv2.IMREAD_UNCHANGED)[40:236, :, :3]  # neither zenith nor tripod
        os.remove(file)
        for index, (percentile, level) in enumerate(((85, 0.75), (60, 0.55))):
            white = max(float(np.percentile(light.mean(2), percentile)), 1e-3)
            shown = np.roll(np.clip(light / white * level, 0, 1) ** (1 / 2.2), index * 128, 1)
            shown = cv2.resize(shown, None, fx=1.6, fy=1.6, interpolation=cv2.INTER_CUBIC).clip(0, 1)
            cv2.imwrite(os.path.join(out, f"panorama_{name}_{index}.png"), (shown * 255).astype(np.uint8))


def photographs(debian, out):
    chosen = [f for name in OPENCV for f in glob.glob(f"{debian}/**/{name}", recursive=True)[:1]]
    chosen += sorted(glob.glob(f"{debian}/usr/share/backgrounds/*Aitzol_Berasategi*"))
    for file in chosen:
        picture = cv2.imread(file)
        scale = min(1, 900 / max(picture.shape[:2]))
        cv2.imwrite(os.path.join(out, os.path.basename(file)), cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))


if __name__ == "__main__":
    package, debian, out = sys.argv[1:]
    os.makedirs(out, exist_ok=True)
    panoramas(package, out)
    photographs(debian, out)
