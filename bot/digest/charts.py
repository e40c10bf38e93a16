"""Charts as shapes on a 540 wide canvas; the same shapes become SVG or PNG.

No axes library: four small pictures that answer one question each. Colours are names, so that a
page may follow a dark screen; a PNG brings its own light ground.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

WIDTH = 540
Anchor = Literal["start", "middle", "end"]
Colour = Literal[
    "ink", "muted", "line", "band", "accent", "quiet", "good", "plain", "bad", "edit", "own"
]


@dataclass(frozen=True, slots=True)
class Rect:
    x: float
    y: float
    width: float
    height: float
    colour: Colour


@dataclass(frozen=True, slots=True)
class Path:
    """A line through points."""

    points: tuple[tuple[float, float], ...]
    colour: Colour
    width: float = 2.0


@dataclass(frozen=True, slots=True)
class Label:
    x: float
    y: float  # middle of the line of text
    text: str  # ASCII: ours, never people's words
    colour: Colour = "muted"
    size: float = 13
    anchor: Anchor = "start"


Shape = Rect | Path | Label


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture with its sentence: `alt` says what one sees, for those who do not see it."""

    name: str
    title: str
    alt: str
    height: int
    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Series:
    label: str
    colour: Colour


def legend(series: Sequence[Series], y: float, x: float = 44) -> list[Shape]:
    """A square and a word for each series, in one row."""
    shapes: list[Shape] = []
    for one in series:
        shapes.append(Rect(x, y - 5, 10, 10, one.colour))
        shapes.append(Label(x + 15, y, one.label))
        x += 15 + 6.9 * len(one.label) + 14
    return shapes


def nice_top(value: float) -> float:
    """Return the least round number above: 1, 2, 4, 5, 10, 20, 40, 50 ..."""
    step = 1.0
    while True:
        for factor in (1, 2, 4, 5):
            if factor * step >= value:
                return factor * step
        step *= 10


def grid(top: float, frame: "Frame", unit: str = "") -> list[Shape]:
    """Draw a line and a number at nothing, half and top."""
    shapes: list[Shape] = []
    for share in (0.0, 0.5, 1.0):
        y = frame.y(share)
        shapes.append(Path(((frame.left, y), (frame.right, y)), "line", 1))
        value = top * share
        text = f"{value:.0f}{unit}" if value == int(value) else f"{value:.1f}{unit}"
        shapes.append(Label(frame.left - 8, y, text, anchor="end", size=12))
    return shapes


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of the canvas where data stands."""

    left: float = 44
    right: float = WIDTH - 12
    top: float = 30
    bottom: float = 170

    def x(self, share: float) -> float:
        return self.left + share * (self.right - self.left)

    def y(self, share: float) -> float:
        return self.bottom - share * (self.bottom - self.top)
