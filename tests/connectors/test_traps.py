"""The list of traps names tests: each of them is there."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_test_that_the_list_of_traps_names_is_there():
    listed = "".join(
        path.read_text("utf-8") for path in (ROOT / "docs" / "reference").glob("traps*.md")
    )
    written = "".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    named = set(re.findall(r"`(test_\w+)`", listed))
    there = set(re.findall(r"def (test_\w+)", written))
    assert named
    assert named - there == set()
