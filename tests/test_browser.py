"""The browser that the page tests drive."""

from __future__ import annotations

WIDTHS = """() => {
    const pen = document.createElement("canvas").getContext("2d")
    pen.font = "20px sans-serif"
    return [..."客户iW"].map(letter => Math.round(pen.measureText(letter).width))
}"""


def test_chromium_shows_chinese(page):
    page.set_content("<p lang=zh-Hans>客户</p>")
    assert page.inner_text("p") == "客户"
    first, second, narrow, wide = page.evaluate(WIDTHS)
    assert first == second == 20  # a Chinese letter fills its square; the box of a missing one does not
    assert narrow < wide
