"""Run 10,000 questions through `langgraph-moa batch`: killed three times, how fast, and in how much memory.

python benchmarks/batch.py [QUESTIONS]
"""

import json
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

from batches import ALONE, PANEL, Files, check_repeats, kill_at, run_to_the_end
from loopback import serve

CONCURRENCY = 8
SLACK_MB = 20


def killed(how_many: int) -> None:
    """Kill a batch three times, and look for what was lost, doubled or asked again."""
    with tempfile.TemporaryDirectory() as folder, serve() as server:
        files = Files(Path(folder))
        files.ask(how_many)
        start = time.perf_counter()
        kills = [kill_at(files, server, ALONE, how_many * share // 100) for share in (17, 44, 83)]
        code, output, _ = run_to_the_end(files, server, ALONE)
        ids = [row["id"] for row in files.whole_rows()]
        again = check_repeats(server, kills, at_most=CONCURRENCY)
        assert code == 0, output
        assert len(ids) == how_many
        assert set(ids) == {str(n) for n in range(how_many)}
        counts = ", ".join(f"{len(kill.done):,}" for kill in kills)
        seconds = time.perf_counter() - start
        print(f"killed with {counts} of {how_many:,} rows: {again} questions were asked twice; {seconds:.0f} s in all")


def measured(how_many: int, flags: list[str]) -> tuple[float, float]:
    """Return questions a second, from the first that is asked, and the megabytes that the process took."""
    with tempfile.TemporaryDirectory() as folder, serve() as server:
        files = Files(Path(folder))
        files.ask(how_many)
        code, output, kilobytes = run_to_the_end(files, server, [*flags, "--json"])
        assert code == 0, output
        return how_many / json.JSONDecoder().raw_decode(output)[0]["seconds"], kilobytes / 1024


def main(how_many: int) -> None:
    killed(how_many)
    small, large = measured(how_many // 10, ALONE)[1], measured(how_many, ALONE)[1]
    print(f"memory: {small:.0f} MB for {how_many // 10:,} questions, {large:.0f} MB for {how_many:,}")
    assert large - small <= SLACK_MB
    keeping, not_kept = (measured(how_many // 10, [*PANEL, *more])[0] for more in ([], ["--no-keep"]))
    print(f"one model: {measured(how_many // 10, ALONE)[0]:.0f} questions/s")
    print(f"a mixture of 4 calls: {keeping:.0f} questions/s, {not_kept:.0f} with --no-keep")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
