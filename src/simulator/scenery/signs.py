"""Plates and painted words, drawn with a system font for Chinese."""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FONTS = ("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc", "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")


def font(size):
    for path in FONTS:
        if Path(path).exists():
            return ImageFont.truetype(path, size, index=2)
    raise SystemExit("no Chinese font: install fonts-noto-cjk")


def _plate(folder, name, size, ground, lines):
    picture = Image.new("RGBA", size, ground)
    draw = ImageDraw.Draw(picture)
    for text, x, y, height, colour in lines:
        draw.text((x, y), text, font=font(height), fill=colour, anchor="mm")
    picture.save(folder / ("%s.png" % name))


def draw_signs(folder):
    white, red, gold = (235, 235, 230, 255), (190, 25, 20, 255), (205, 160, 70, 255)
    _plate(folder, "name", (680, 100), (58, 46, 40, 255), [("南通·示范小区", 340, 48, 78, gold)])
    yellow = (205, 160, 45, 235)
    _plate(folder, "fire-lane", (520, 340), (0, 0, 0, 0), [("消防通道", 260, 92, 118, yellow), ("禁止占用", 260, 248, 118, yellow)])
    _plate(folder, "no-parking", (200, 200), white, [("消防", 100, 50, 60, red), ("通道", 100, 115, 60, red), ("禁止停车", 100, 172, 34, red)])
    _plate(folder, "exit", (240, 60), (20, 110, 60, 255), [("安全出口 EXIT", 120, 29, 32, white)])
    _plate(folder, "floor", (160, 120), (60, 60, 64, 255), [("12F", 80, 58, 66, white)])
    for row in "AB":
        for number in range(1, 7):
            _plate(folder, "bay-%s%d" % (row, number), (100, 100), (30, 70, 140, 255), [("%s%d" % (row, number), 50, 48, 52, white)])
    lines = [("通 知", 150, 34, 34, red)] + [("—" * 11, 150, 70 + k * 20, 15, (70, 70, 70, 255)) for k in range(6)]
    _plate(folder, "notice", (300, 210), (225, 222, 210, 255), lines)
    _plate(folder, "poster", (160, 230), (200, 60, 40, 255), [("文明", 80, 56, 54, gold), ("小区", 80, 118, 54, gold), ("人人有责", 80, 190, 30, white)])


def draw_name(target, name):
    """A camera's name for its picture: red is how bright it is, green how much it covers."""
    size = Image.new("L", (1, 1))
    left, top, right, bottom = ImageDraw.Draw(size).textbbox((0, 0), name, font=font(34), stroke_width=2)
    cover, light = (Image.new("L", ((right - left + 5) // 2 * 2, (bottom - top + 5) // 2 * 2)) for _ in range(2))
    at = (2 - left, 2 - top)
    ImageDraw.Draw(cover).text(at, name, font=font(34), fill=255, stroke_width=2)
    ImageDraw.Draw(light).text(at, name, font=font(34), fill=240)
    Image.merge("RGB", (light, cover, Image.new("L", light.size))).save(target)
