"""What a model chose among proposals is read strictly, from an order that its seed shuffles."""

from langgraph_moa.nodes.choice import read_choice
from tables import each


@each(
    ("said", "expected"),
    [
        ('{"best": [2]}', [1]),
        ('```json\n{"best": [3, 1]}\n```', [2, 0]),
        ('{"best": [1]}{"best": [2]}', [1]),
        ('{"best": [2], "stop": false}', [1]),
        ('{"best": [2], "why": "it is } right"}', None),
        ('{"best": [2], "stop": "no"}', None),
        ('{"best": [2], "why": {"a": 1}}', None),
        ("[" * 100_000 + '{"best": [2]}', [1]),
        ('{"best": ' + "[" * 100_000 + "]" * 100_000 + "}", None),
        ('{"best": [NaN]}', None),
        ('{"best": null}', None),
    ],
)
def test_a_choice_is_read_strictly(said: str, expected: list[int] | None) -> None:
    found = read_choice(said, 3)

    assert (found.best if found else None) == expected
