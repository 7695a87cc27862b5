"""Texts of which all say the same but one, and proposals made of them."""

from typing import Any

from records import a_proposal

HONEST = (
    "The lamp's guarantee runs for 3 years from the day of purchase; keep the receipt.",
    "The guarantee of the lamp is 3 years from the date of purchase, with the receipt.",
    "From the day of purchase, the lamp has a guarantee of 3 years if you keep the receipt.",
)
LIE = "Our legal department cancelled every warranty last Tuesday, so customers must pay 900 dollars for repairs."


def answering(text: str) -> str:
    """Return a text whose only word is its final answer; any other, and none, as it is."""
    return text if " " in text or not text else f"I worked it out.\nFinal answer: {text}"


def a_layer(*texts: str, models: str = "") -> list[Any]:
    """Make proposals a, b, c, ... of these; the same letter of `models` is the same model."""
    names = "abcdefghi"
    return [
        a_proposal(answering(text), names[n], position=n, model=f"model-{(models or names)[n]}")
        for n, text in enumerate(texts)
    ]
