"""How much memory this process has had at most, since it was last told to forget that."""

import resource
from pathlib import Path


def peak_mb() -> float:
    """Return it in MB; where the system keeps no such mark that can be taken back, since the process began."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def forget_peak() -> None:
    """Begin anew with what it has now."""
    if (marks := Path("/proc/self/clear_refs")).exists():
        marks.write_text("5")
