"""The check for known advisories says what it found out, and that nobody was asked where nobody was."""

import json
import os
import re
import runpy
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PIP_AUDIT = os.environ.get("MOA_TEST_PIP_AUDIT", str(ROOT / ".venv/advisories/bin/pip-audit"))
PINNED = len(re.findall(r"(?m)^[^#\s]+==", (ROOT / "pins/tested.txt").read_text()))
STAND_IN = """\
#!{python}
import json, pathlib, sys
service, known = sys.argv[sys.argv.index("-s") + 1], "known.txt" in sys.argv[2]
said = json.loads(pathlib.Path({said!r}).read_text()).get(service + (" known" if known else ""))
failed = "Traceback\\nrequests.exceptions.ConnectionError: no way to it\\n"
sys.stderr.write(failed if said is None else "No known vulnerabilities found")
sys.stdout.write("" if said is None else json.dumps({{"dependencies": said}}))
sys.exit(said is None)
"""
HOLE = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["5.3.1"], "description": "x"}
KNOWN = [{"name": "pyyaml", "version": "5.3", "vulns": [HOLE]}]
SKIPPED = {"name": "b", "skip_reason": "Dependency not found on PyPI and could not be audited: b (1)"}
SOUND = {"name": "a", "version": "1", "vulns": []}


def checked(pip_audit: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = runpy.run_path(str(ROOT / ".ci/advisories.py"))["main"](pip_audit)
    return code, capsys.readouterr().out


SAID: dict[str, tuple[dict[str, Any], int, str]] = {
    "none known": (
        {"osv known": KNOWN, "osv": [SOUND, SOUND]},
        0,
        rf"none known for 2 packages of tested.txt, asked of osv; {PINNED - 2} are",
    ),
    "some known": (
        {"osv known": KNOWN, "osv": [SOUND, *KNOWN]},
        1,
        r"pyyaml 5.3: PYSEC-1, CVE-1; mended in 5.3.1\nadvisories: 1 known for 2",
    ),
    "some skipped": (
        {"osv known": KNOWN, "osv": [SOUND, SKIPPED]},
        0,
        r"NOT CHECKED: 1 of 2 packages: b\nadvisories: none known for 1 p",
    ),
    "the second answers": (
        {"pypi known": KNOWN, "pypi": [SOUND]},
        0,
        r"none known for 1 packages of tested.txt, asked of pypi",
    ),
    "nobody answers": (
        {},
        0,
        r"NOT CHECKED: no service reachable \(osv: .*ConnectionError: no way to it; pypi: .*\); nothing is known",
    ),
    "it breaks off": ({"osv known": KNOWN}, 0, r"NOT CHECKED: no service reachable \(osv: requests"),
    "all skipped": (
        {"osv known": KNOWN, "osv": [SKIPPED]},
        0,
        r"NOT CHECKED: no service .*osv: it knows none of the packages",
    ),
    "it says all is well": (
        {"osv known": [{**SOUND, "name": "pyyaml"}], "osv": [SOUND]},
        0,
        r"NOT CHECKED: .*osv: it knows nothing of pyyaml==5.3",
    ),
}


@pytest.mark.parametrize(("said", "code", "told"), SAID.values(), ids=SAID)
def test_what_was_found_out_is_said_and_no_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], said: dict[str, Any], code: int, told: str
) -> None:
    (tmp_path / "said.json").write_text(json.dumps(said))
    (tmp_path / "pip-audit").write_text(
        STAND_IN.format(python=f"{sys.executable} -S", said=str(tmp_path / "said.json"))
    )
    (tmp_path / "pip-audit").chmod(0o755)

    done, out = checked(str(tmp_path / "pip-audit"), capsys)

    assert done == code
    assert re.search(rf"^advisories: {told}", out, re.MULTILINE), out
    assert ("none known" in out) == ("none known" in told)


@contextmanager
def osv(holes: dict[str, list[str]]) -> Iterator[str]:
    """Play OSV: for each package the versions that have an advisory."""

    class Asked(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            is_known = query["version"] in holes.get(query["package"]["name"], [])
            affected = [{"package": query["package"], "ranges": [{"type": "ECOSYSTEM", "events": [{"fixed": "99"}]}]}]
            vulns = [{"id": "PYSEC-7", "aliases": ["CVE-7"], "summary": "bad", "affected": affected}]
            body = json.dumps({"vulns": vulns} if is_known else {}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Asked) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()


@pytest.mark.soak
@pytest.mark.enable_socket
@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.skipif(not Path(PIP_AUDIT).exists(), reason="pip-audit is not there: make advisories")
@pytest.mark.parametrize("known", ["pyyaml", "jinja2", ""])
def test_pip_audit_itself_is_understood(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], known: str
) -> None:
    pins = (ROOT / "pins/tested.txt").read_text()
    holes = {"pyyaml": ["5.3"]} if known else {}
    if known == "jinja2":
        holes["jinja2"] = re.findall(r"(?m)^jinja2==(\S+)", pins)

    with osv(holes) as url:
        monkeypatch.setenv("ADVISORIES_OSV_URL", url)
        code, out = checked(PIP_AUDIT, capsys)

    assert code == (known == "jinja2")
    if known == "jinja2":
        assert re.search(r"advisories: jinja2 \S+: PYSEC-7, CVE-7; mended in 99\nadvisories: 1 known for \d{3}", out)
    elif known:
        assert re.search(r"^advisories: none known for \d{3} packages of tested.txt, asked of osv", out)
    else:
        assert "none known" not in out or "asked of pypi" in out
