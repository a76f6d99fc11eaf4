"""From pictures to recordings: what a camera's sensor does to a picture, and the encoding."""

import subprocess

import cv2
import numpy as np

from render import HEIGHT, WIDTH
from signs import font
from PIL import Image, ImageDraw

FPS = 5
GROUP = 10
# Width, height, rows taken off the top for the camera's clock, and how strongly the encoder may simplify.
STREAMS = {"main": (1280, 720, 32, 31), "sub": (640, 360, 16, 29)}
NOISE = {"clear": 0.9, "overcast": 1.2, "dusk": 2.0, "night": 2.6}


_Y, _X = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
_EDGE = ((_X * _X + _Y * _Y) / 2)[:, :, None].astype(np.float32)
# As far as the glow of a lamp reaches: a changed part is developed with that much round it.
_REACH = 24


def tone(picture, lighting):
    """What a surveillance camera makes of the light; infrared pictures are grey. BGR, 0 to 255; answers 0 to about 1."""
    image = picture.astype(np.float32) / 255
    if lighting == "night":
        blue, green, red = cv2.split(image)
        # Leaves and cloth are bright in the near infrared.
        image = cv2.merge([0.12 * blue + 0.5 * green + 0.46 * red] * 3)
    # Lift shadows, roll off highlights: a camera's wide dynamic range.
    image = np.clip(image, 0, 1.4)
    image = image * (1 + 0.22 * (1 - np.clip(image, 0, 1)) ** 2) + 0.012
    glow = cv2.GaussianBlur(np.clip(image - 0.82, 0, 1), (0, 0), 7)
    image = image + glow * (0.9 if lighting in ("dusk", "night") else 0.3)
    if lighting != "night":
        mean = image.mean(axis=2, keepdims=True)
        image = mean + (image - mean) * (1.08 if lighting == "clear" else 0.96)
    return image


class Camera:
    """The lens, the tone curve and the lettering of a surveillance camera; infrared pictures are grey."""

    def __init__(self, lighting, name):
        self.lighting = lighting
        plate = Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0))
        ImageDraw.Draw(plate).text((WIDTH - 28, HEIGHT - 24), name, font=font(34), fill=(240, 240, 240, 255), anchor="rs", stroke_width=2, stroke_fill=(20, 20, 20, 255))
        plate = np.array(plate)
        self.letters = plate[:, :, 2::-1].astype(np.float32)
        self.cover = plate[:, :, 3:].astype(np.float32) / 255

    def picture(self, scene):
        """The whole picture, 0 to 255."""
        return self._develop(scene, slice(0, HEIGHT), slice(0, WIDTH))

    def update(self, still, scene, changed):
        """`still` with its changed parts taken anew from `scene`."""
        out = still.copy()
        for rows, columns in changed:
            inner = slice(max(0, rows.start - _REACH), min(HEIGHT, rows.stop + _REACH)), slice(max(0, columns.start - _REACH), min(WIDTH, columns.stop + _REACH))
            outer = slice(max(0, inner[0].start - _REACH), min(HEIGHT, inner[0].stop + _REACH)), slice(max(0, inner[1].start - _REACH), min(WIDTH, inner[1].stop + _REACH))
            part = self._develop(scene[outer], *outer)
            out[inner] = part[inner[0].start - outer[0].start :, inner[1].start - outer[1].start :][: inner[0].stop - inner[0].start, : inner[1].stop - inner[1].start]
        return out

    def _develop(self, picture, rows, columns):
        image = tone(picture, self.lighting)
        image = image * (1 - (0.2 if self.lighting == "night" else 0.1) * _EDGE[rows, columns])
        image = np.clip(cv2.GaussianBlur(image, (0, 0), 0.55), 0, 1) * 255
        cover = self.cover[rows, columns]
        return image * (1 - cover) + self.letters[rows, columns] * cover


def encode(frames, stream, lighting, seed, target):
    """Writes frames (BGR, 1280x720, floating) as Annex B: no B frames, a key frame every two seconds, CAVLC."""
    width, height, top, crf = STREAMS[stream]
    random = np.random.default_rng(seed)
    shape = (height, width, 1)
    grain = random.normal(0, NOISE[lighting], shape).astype(np.float32) + random.normal(0, NOISE[lighting] * 0.3, (height, width, 3)).astype(np.float32)
    raw = bytearray()
    for frame in frames:
        small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA)
        shifted = np.roll(grain, (random.integers(height), random.integers(width)), (0, 1))
        raw += np.clip(small + shifted, 0, 255).astype(np.uint8)[top:].tobytes()
    settings = "keyint=%d:min-keyint=%d:scenecut=0:bframes=0:ref=1:weightp=0:cabac=0:aud=1:stitchable=1:open-gop=0:nr=600:psy-rd=0.4,0" % (GROUP, GROUP)
    command = ["ffmpeg", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", "%dx%d" % (width, height - top), "-r", str(FPS), "-i", "-"]
    command += ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-c:v", "libx264", "-preset", "slower", "-pix_fmt", "yuv420p", "-profile:v", "high", "-x264-params", settings, "-crf", str(crf)]
    command += ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-f", "h264", str(target)]
    subprocess.run(["nice", "-n", "12"] + command, input=bytes(raw), check=True)
