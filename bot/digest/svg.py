"""A chart as inline SVG, for pages: colours come from the page's own style sheet.

No style attribute and no script, so that it may stand under a strict content security policy.
"""

from html import escape

from bot.digest.charts import WIDTH, Chart, Label, Path, Rect, Shape


def svg(chart: Chart) -> str:
    """Return an SVG element with classes c-<colour>; its alt text is its accessible name."""
    body = "".join(_shape(shape) for shape in chart.shapes)
    return (
        f'<svg class="chart" role="img" viewBox="0 0 {WIDTH} {chart.height}" '
        f'xmlns="http://www.w3.org/2000/svg"><title>{escape(chart.alt)}</title>{body}</svg>'
    )


def _shape(shape: Shape) -> str:
    match shape:
        case Rect(x, y, width, height, colour):
            return (
                f'<rect class="c-{colour}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
                f'height="{height:.1f}"/>'
            )
        case Path(points, colour, width):
            dots = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            return (
                f'<polyline class="s-{colour}" points="{dots}" fill="none" '
                f'stroke-width="{width}" stroke-linejoin="round"/>'
            )
        case Label(x, y, text, colour, size, anchor):
            return (
                f'<text class="c-{colour}" x="{x:.1f}" y="{y:.1f}" font-size="{size}" '
                f'text-anchor="{anchor}" dominant-baseline="central">{escape(text)}</text>'
            )
