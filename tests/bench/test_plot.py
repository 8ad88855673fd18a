"""Plots are well-formed SVG and put points where they belong."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from bench.plot import Series, line_plot, nice_step

SVG = "{http://www.w3.org/2000/svg}"


def test_points_go_right_and_up() -> None:
    text = line_plot("cost & size", "orders", "ns", [Series("a", [(1e3, 10), (1e4, 20), (1e6, 40)])])
    root = ElementTree.fromstring(text)
    points = [(float(c.attrib["cx"]), float(c.attrib["cy"])) for c in root.iter(f"{SVG}circle")]
    (x0, y0), (x1, y1), (x2, y2) = points
    assert x0 < x1 < x2
    assert (x1 - x0) * 2 == pytest.approx(x2 - x1, abs=0.5)
    assert (y0 - y1) * 2 == pytest.approx(y1 - y2, abs=0.5)
    words = [element.text for element in root.iter(f"{SVG}text")]
    assert {"cost & size", "orders", "ns", "1,000", "1,000,000", "a"} <= set(words)


@pytest.mark.parametrize(("largest", "step"), [(5, 1), (7, 2), (10, 2), (43, 10), (0.9, 0.2), (100, 20)])
def test_steps_are_round(largest: float, step: float) -> None:
    assert nice_step(largest) == pytest.approx(step)


def test_a_plot_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs points"):
        line_plot("t", "x", "y", [Series("a", [])])
    with pytest.raises(ValueError, match="x above 0"):
        line_plot("t", "x", "y", [Series("a", [(0, 1)])])
