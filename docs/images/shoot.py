"""Take the two pictures of docs/report.md: `make screenshots`. Needs Debian's chromium and the extra dev."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from langgraph_moa import Proposer, create_moa, report
from langgraph_moa.core.offline.scripted import ScriptedModel

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[1] / "tests" / "support" / "servers"))
from browser import chromium, opened  # noqa: E402 - found by the line above

QUESTION = "A train leaves at 9:40 and arrives at 13:05. How long does it take?"


def says(name: str, script: str | Exception, seconds: float) -> Proposer:
    """Return a proposer that plays one answer."""
    return Proposer(ScriptedModel(script=script, name_of_model=name, delay=seconds), name=name)


def main() -> None:
    """Run a mixture, and photograph its page."""
    moa: Any = create_moa(
        proposers=[
            says("north", "From 9:40 to 12:40 are three hours, and 25 minutes more.\n\nFinal answer: 3 h 25 min", 0.30),
            says("east", "13:05 minus 9:40 is 3 hours 25 minutes.\n\nFinal answer: 3 h 25 min", 0.42),
            says("south", "It takes 3 hours and 35 minutes.\n\nFinal answer: 3 h 35 min", 0.18),
            says("west", ConnectionError("connection refused"), 0.08),
        ],
        aggregator=ScriptedModel(script="It takes 3 hours and 25 minutes.", name_of_model="writer", delay=0.25),
        layers=3,
    )
    with TemporaryDirectory() as folder, chromium() as browser:
        page = Path(folder) / "run.html"
        state = moa.invoke({"messages": [{"role": "user", "content": QUESTION}]})
        page.write_text(report(state, moa), encoding="utf-8")
        for scheme in ("light", "dark"):
            tab, _ = opened(browser, page, scheme=scheme)
            prompt = tab.get_by_text("What the aggregator was told").bounding_box()
            clip = {"x": 0, "y": 0, "width": 1100, "height": int(prompt["y"]) - 10}
            tab.screenshot(path=HERE / f"report-{scheme}.png", full_page=True, clip=clip)


if __name__ == "__main__":
    main()
