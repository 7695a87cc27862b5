"""Ask for known advisories on the pinned packages, and never say that there are none where nobody was asked.

`python .ci/advisories.py PIP_AUDIT [options of pip-audit]`: exit code 1 where there are advisories, 0 where there are
none, and 0 with NOT CHECKED where no service answers. pip-audit itself calls a package that it was told nothing about
skipped, and says "No known vulnerabilities found" all the same.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

PINS = Path(__file__).parents[1] / "pins/tested.txt"
OSV = "https://api.osv.dev/v1/query"
URL = "ADVISORIES_OSV_URL"
"""The variable that names another service that speaks as OSV does."""
KNOWN = "pyyaml==5.3"
"""Has advisories for years (CVE-2020-1747): who does not know of them is no service, but a proxy or a mirror."""
MOST_S = 900.0


class Unanswered(Exception):
    """Say why nothing can be said."""


def main(pip_audit: str, *options: str) -> int:
    """Ask one service after the other until one answers."""
    reasons = []
    for service in ("osv", "pypi"):
        try:
            check_service(pip_audit, service)
            return show(service, audited(pip_audit, service, PINS, *options))
        except Unanswered as exc:
            reasons.append(f"{service}: {exc}")
    tell(f"NOT CHECKED: no service reachable ({'; '.join(reasons)}); nothing is known of {PINS.name}")
    return 0


def check_service(pip_audit: str, service: str) -> None:
    """Ask for what is known to have advisories."""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "known.txt"
        file.write_text(f"{KNOWN}\n")
        if not any(package.get("vulns") for package in audited(pip_audit, service, file)):
            raise Unanswered(f"it knows nothing of {KNOWN}, which has advisories")


def audited(pip_audit: str, service: str, file: Path, *options: str) -> list[dict[str, Any]]:
    """Return what pip-audit has to say of each package of a file of pins."""
    at = ["--osv-url", os.environ.get(URL, OSV)] if service == "osv" else []
    form = ["--format", "json", "--progress-spinner", "off", "--desc", "off", "--aliases", "on"]
    command = [pip_audit, "-r", str(file), "--no-deps", "--disable-pip", "-s", service, *at, *form, *options]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=MOST_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as exc:
        raise Unanswered(f"no answer within {MOST_S:g} s") from exc
    try:
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError) as exc:
        reason = " ".join(done.stderr.strip().rpartition("\n")[2].split())
        raise Unanswered(reason[:120] or "it says nothing") from exc
    return packages


def show(service: str, packages: list[dict[str, Any]]) -> int:
    """Print what was found out, and return the exit code."""
    skipped = sorted(str(package["name"]) for package in packages if "skip_reason" in package)
    if len(skipped) == len(packages):
        raise Unanswered("it knows none of the packages")
    pinned = len(re.findall(r"(?m)^[^#\s]+==", PINS.read_text()))
    others = f"; {pinned - len(packages)} are for other systems and not looked at" if pinned > len(packages) else ""
    advisories = [(package, one) for package in packages for one in package.get("vulns", [])]
    for package, one in advisories:
        fixed = ", ".join(one.get("fix_versions") or []) or "no version yet"
        names = ", ".join([one["id"], *one.get("aliases", [])])
        tell(f"{package['name']} {package['version']}: {names}; mended in {fixed}")
    if skipped:
        tell(f"NOT CHECKED: {len(skipped)} of {len(packages)} packages: {', '.join(skipped)}")
    count = f"{len(advisories)} known" if advisories else "none known"
    tell(f"{count} for {len(packages) - len(skipped)} packages of {PINS.name}, asked of {service}{others}", quiet=True)
    return 1 if advisories else 0


def tell(sentence: str, *, quiet: bool = False) -> None:
    """Print a line, and mark it where GitHub shows such lines by themselves."""
    mark = "::warning::" if os.environ.get("GITHUB_ACTIONS") and not quiet else ""
    sys.stdout.write(f"{mark}advisories: {sentence}\n")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
