"""Read answers on standard input as JSON and say which of them mean the same; run as a script, by `mathematics`.

It imports nothing of ours, so that it starts fast, and it may never end: whoever runs it gives it a time.
"""

import json
import sys
from itertools import count
from typing import Any


def group_by_meaning(written: list[str]) -> list[int]:
    """Give every answer the number of its group."""
    from math_verify import parse, verify

    def read(text: str) -> list[Any]:
        return list(parse(f"${text.strip('$')}$", parsing_timeout=None))

    fresh = count()
    numbers: list[int] = []
    firsts: list[tuple[int, list[Any]]] = []

    def is_same(one: list[Any], other: list[Any]) -> bool:
        return bool(one) and bool(verify(one, other, float_rounding=12, timeout_seconds=None))

    for parsed in map(read, written):
        same = next((number for number, other in firsts if is_same(other, parsed)), None)
        numbers.append(next(fresh) if same is None else same)
        if same is None:
            firsts.append((numbers[-1], parsed))
    return numbers


if __name__ == "__main__":
    json.dump(group_by_meaning(json.load(sys.stdin)), sys.stdout)
