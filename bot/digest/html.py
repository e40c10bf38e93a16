"""A digest as one HTML page, for mail programs and browsers; everything is escaped by Jinja."""

from collections.abc import Mapping
from functools import lru_cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bot.digest.charts import Chart
from bot.digest.links import digest_link
from bot.digest.page import DigestPage, day_name
from bot.digest.png import COLOURS
from bot.digest.svg import svg
from bot.digest.telling import record_rows, topic_counts, topic_name


def render_html(page: DigestPage, images: Mapping[str, str] | None = None) -> str:
    """Return the page as HTML.

    `images` maps chart names to addresses (cid: in a mail); None draws them as inline SVG, so
    that the page stands alone.
    """
    return (
        _environment()
        .get_template("digest.html.j2")
        .render(
            page=page,
            images=images,
            digest_link=digest_link(page.base_url, page.day),
            record_rows=record_rows(page.record),
        )
    )


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bot.digest", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        svg=_inline,
        colours=COLOURS,
        day_name=day_name,
        topic_name=topic_name,
        topic_counts=topic_counts,
    )
    return environment


def _inline(chart: Chart) -> Markup:
    return Markup(svg(chart))  # noqa: S704 - svg() escapes every text it is given
