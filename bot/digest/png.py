"""A chart as PNG, for mail programs, which show no SVG.

Drawn with Pillow (one wheel, nothing under it, its own font) instead of matplotlib (eleven
packages): bars, lines and labels are all we draw. Twice the size for sharp screens, and drawn at
twice that again, then shrunk, because Pillow draws without antialiasing.
"""

from functools import lru_cache
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from bot.digest.charts import WIDTH, Chart, Label, Path, Rect

SCALE = 2
OVERSAMPLE = 2
GROUND = "#ffffff"
COLOURS = {
    "ink": "#1f2933",
    "muted": "#5f6b7a",
    "line": "#e4e8ec",
    "band": "#dbe7f3",
    "accent": "#2266aa",
    "quiet": "#a9b4c0",
    "good": "#3a8f6a",
    "plain": "#c4ccd4",
    "bad": "#c2513f",
    "edit": "#e0a83c",
    "own": "#7a6bb0",
}
ANCHORS = {"start": "lm", "middle": "mm", "end": "rm"}


def png(chart: Chart) -> bytes:
    """Return the chart as a PNG of 1080 pixels width."""
    factor = SCALE * OVERSAMPLE
    image = Image.new("RGB", (WIDTH * factor, chart.height * factor), GROUND)
    pen = ImageDraw.Draw(image)
    for shape in chart.shapes:
        match shape:
            case Rect(x, y, width, height, colour):
                box = (x * factor, y * factor, (x + width) * factor - 1, (y + height) * factor - 1)
                pen.rectangle(_upright(box), fill=COLOURS[colour])
            case Path(points, colour, width):
                dots = [(x * factor, y * factor) for x, y in points]
                pen.line(dots, fill=COLOURS[colour], width=round(width * factor), joint="curve")
            case Label(x, y, text, colour, size, anchor):
                pen.text(
                    (x * factor, y * factor),
                    text,
                    fill=COLOURS[colour],
                    font=_font(size * factor),
                    anchor=ANCHORS[anchor],
                )
    small = image.resize((WIDTH * SCALE, chart.height * SCALE), Image.Resampling.BOX)
    out = BytesIO()
    small.quantize(colors=128).save(out, "PNG", optimize=True)
    return out.getvalue()


def _upright(box: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Pillow refuses a box of less than nothing; a bar may be thinner than a pixel."""
    left, top, right, bottom = box
    return (left, top, max(right, left), max(bottom, top))


@lru_cache(maxsize=16)
def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
