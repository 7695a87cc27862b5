"""Events of a run."""

from typing import Any

ONE: dict[str, Any] = {"moa": "proposal", "turn": "t", "layer": 1, "position": 0, "sample": 1, "proposer": "one"}
