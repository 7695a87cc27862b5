"""Quality against cost: amounts as people write them, a scale that fits them, labels that do not cover each other."""

import re
from xml.etree import ElementTree

import pytest
from langgraph_moa.evaluation.panel.analysis import PanelAnalysis, analysed
from langgraph_moa.evaluation.panel.cost import amount, draw_cost
from recorded_panels import drawn_panel

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ["a", "b", "c", "d"]


@pytest.fixture(scope="module")
def analysis() -> PanelAnalysis:
    return analysed(drawn_panel(NAMES, costs=[0.5, 0.05, 0.005, 0.0005], systems=["moa"]))


def across(svg: str) -> dict[str, float]:
    """Return where from the left each point is, by its name."""
    return {
        title.partition(", ")[0]: float(re.findall(r"[\d.]+", path.get("d") or "")[0])
        for path in ElementTree.fromstring(svg).iter(f"{SVG}path")
        if (title := path.findtext(f"{SVG}title") or "")
    }


@pytest.mark.parametrize(
    ("cost", "is_money", "words"),
    [
        (0.0, True, "$0"),
        (12.5, True, "$12.50"),
        (0.00123, True, "$0.0012"),
        (0.000002, True, "$2e-06"),
        (1234.5, False, "1,234"),
        (2.25, False, "2.2"),
    ],
)
def test_amounts_are_short(cost: float, is_money: bool, words: str) -> None:
    assert amount(cost, is_money) == words


def test_what_is_far_apart_stands_on_a_logarithmic_scale(analysis: PanelAnalysis) -> None:
    near = analysed(drawn_panel(NAMES, costs=[0.004, 0.003, 0.002, 0.001]))

    assert "on a logarithmic scale" in draw_cost(analysis)
    assert "on a logarithmic scale" not in draw_cost(near)
    members = across(draw_cost(analysis))
    steps = [members[one] - members[other] for one, other in ("ab", "bc", "cd")]
    assert steps == pytest.approx([steps[0]] * 3, abs=0.2)


def test_labels_do_not_cover_each_other() -> None:
    alike = analysed(drawn_panel([f"m{n}" for n in range(30)], questions=35, costs=[0.001] * 30))
    texts = [
        text for text in ElementTree.fromstring(draw_cost(alike)).iter(f"{SVG}text") if text.get("font-size") == "10"
    ]

    places = [(float(text.get("x") or 0), float(text.get("y") or 0)) for text in texts]

    assert all(
        abs(x - other_x) > 8 or abs(y - other_y) > 8
        for n, (x, y) in enumerate(places)
        for other_x, other_y in places[:n]
    )
