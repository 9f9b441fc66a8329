"""What the guide shows is what happens."""

from __future__ import annotations

import re

import pytest

from . import guide


def alike(text: str) -> str:
    """Without the last digits, which differ between processors."""
    text = re.sub(r"decrement [\d.e-]+", "decrement", text)
    return re.sub(r"-?\d+\.\d{7,}", lambda x: f"{float(x.group()):.6g}", text)


@pytest.mark.parametrize("name", guide.CHAPTERS)
def test_chapters(name: str) -> None:
    blocks = guide.chapter(name)
    assert len(blocks) > 3
    for code, shown, got in blocks:
        assert alike(got) == alike(shown), code


def test_the_notebook() -> None:
    cells = guide.notebook()
    assert len(cells) > 5
    for code, shown, got in cells:
        assert alike(got) == alike(shown), code
