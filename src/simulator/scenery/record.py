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


def developed(picture, lighting, indoor):
    """The lens and the tone curve of a surveillance camera; infrared pictures are grey."""
    image = picture.astype(np.float32) / 255
    if lighting == "night":
        blue, green, red = cv2.split(image)
        # Leaves and cloth are bright in the near infrared.
        grey = 0.12 * blue + 0.5 * green + 0.46 * red
        image = cv2.merge([grey] * 3)
    # Lift shadows, roll off highlights: a camera's wide dynamic range.
    image = np.clip(image, 0, 1.4)
    image = image * (1 + 0.22 * (1 - np.clip(image, 0, 1)) ** 2) + 0.012
    glow = cv2.GaussianBlur(np.clip(image - 0.82, 0, 1), (0, 0), 7)
    image = image + glow * (0.9 if lighting in ("dusk", "night") else 0.3)
    y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j]
    falloff = 1 - (0.2 if lighting == "night" else 0.1) * (x * x + y * y) / 2
    image = image * falloff[:, :, None].astype(np.float32)
    if lighting != "night":
        mean = image.mean(axis=2, keepdims=True)
        image = mean + (image - mean) * (1.08 if lighting == "clear" else 0.96)
    return np.clip(cv2.GaussianBlur(image, (0, 0), 0.55), 0, 1) * 255


def name_plate(name):
    """The camera's name, white with a dark rim, as RGBA of the whole picture: lower right, as recorders write it."""
    plate = Image.new("RGBA", (WIDTH, HEIGHT), (0, 0, 0, 0))
    ImageDraw.Draw(plate).text((WIDTH - 28, HEIGHT - 24), name, font=font(34), fill=(240, 240, 240, 255), anchor="rs", stroke_width=2, stroke_fill=(20, 20, 20, 255))
    return np.array(plate)


def with_name(picture, plate):
    alpha = plate[:, :, 3:].astype(np.float32) / 255
    return picture * (1 - alpha) + plate[:, :, 2::-1].astype(np.float32) * alpha


def encode(frames, stream, lighting, seed, target):
    """Writes frames (BGR, 1280x720, floating) as Annex B: no B frames, a key frame every two seconds, CAVLC."""
    width, height, top, crf = STREAMS[stream]
    noise = np.random.default_rng(seed)
    raw = bytearray()
    for frame in frames:
        small = cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32)
        grain = noise.normal(0, NOISE[lighting], (height, width, 1)) + noise.normal(0, NOISE[lighting] * 0.3, (height, width, 3))
        raw += np.clip(small + grain, 0, 255).astype(np.uint8)[top:].tobytes()
    settings = "keyint=%d:min-keyint=%d:scenecut=0:bframes=0:ref=1:weightp=0:cabac=0:aud=1:stitchable=1:open-gop=0:nr=600:psy-rd=0.4,0" % (GROUP, GROUP)
    command = ["ffmpeg", "-loglevel", "error", "-y", "-f", "rawvideo", "-pix_fmt", "bgr24", "-s", "%dx%d" % (width, height - top), "-r", str(FPS), "-i", "-"]
    command += ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-c:v", "libx264", "-preset", "slower", "-pix_fmt", "yuv420p", "-profile:v", "high", "-x264-params", settings, "-crf", str(crf)]
    command += ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-f", "h264", str(target)]
    subprocess.run(["nice", "-n", "12"] + command, input=bytes(raw), check=True)
