"""AGENTS.md is a map of what is there, short enough to be read; DECISIONS.md names what is there, too."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TREE = [path for path in ROOT.glob("*") if path.name not in {"build", "dist", "site"} and path.name[0] != "."]
SOURCES = [p for top in TREE for p in ([top] if top.is_file() else top.rglob("*")) if p.suffix in {".py", ".toml"}]
WORDS = set(re.findall(r"\w+", "".join(p.read_text("utf-8") for p in SOURCES if "__pycache__" not in p.parts)))
MAP = (ROOT / "AGENTS.md").read_text(encoding="utf-8")
PAGES = ["AGENTS.md", "DECISIONS.md"]
FOLDERS = r"(?:apps|core|evaluation|graphs|nodes|prompts|studio|benchmarks|tests|docs)"


def quoted(page: str) -> list[str]:
    return re.findall(r"`([^`\n]+)`", (ROOT / page).read_text(encoding="utf-8"))


def test_it_is_short() -> None:
    assert len(MAP.splitlines()) <= 115


@pytest.mark.parametrize("page", PAGES)
def test_files_that_it_names_are_there(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    names = set(re.findall(rf"(?<![\w/.]){FOLDERS}/[\w/.*-]*\w\.(?:py|md|toml|html)\b", text))
    names |= {name for name in quoted(page) if re.fullmatch(rf"{FOLDERS}/[\w/.*-]*", name)}
    names |= {name for name in quoted(page) if re.fullmatch(r"[\w.-]+\.(?:py|md|toml|yml|json)", name)}

    assert len(names) > 15
    assert [name for name in sorted(names) if not [*ROOT.glob(name)] and not [*(ROOT / "docs").glob(name)]] == []


@pytest.mark.parametrize("page", PAGES)
def test_names_of_code_are_in_the_code(page: str) -> None:
    spans = [re.sub(r'".*?"|\S*/\S*|\w+_\*\S*', "", text) for text in quoted(page)]
    names = {name for text in spans for name in re.findall(r"[A-Za-z_]\w{2,}", text) if not name.isupper()}
    files = {part for path in SOURCES for part in (path.stem, *path.relative_to(ROOT).parts)}

    assert sorted(names - WORDS - files - {"make_x", "create_x"}) == []


@pytest.mark.parametrize("page", PAGES)
def test_what_it_says_is_in_a_class_is_in_it(page: str) -> None:
    pairs = {pair for text in quoted(page) for pair in re.findall(r"\b([A-Z][a-z]\w*)\.(\w+)", text)}
    classes = [part for path in SOURCES for part in re.split(r"^class ", path.read_text("utf-8"), flags=re.MULTILINE)]

    assert pairs
    assert [
        (name, part)
        for name, part in sorted(pairs)
        if not any(re.match(rf"{name}\b", text) and re.search(rf"\b{part}\b", text) for text in classes)
    ] == []


def test_its_rooms_are_all_there_are() -> None:
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"]
    rooms = {name.removeprefix("langgraph_moa.").replace(".", "/") for name in packages if "." in name}
    shown = set(re.findall(rf"`({FOLDERS}/[\w/]*)`|`(\w+/)`", MAP.partition("## Where to go")[0]))
    names = {name.strip("/") for pair in shown for name in pair if name}
    inside = {f"{top}/{name}" for top in ("evaluation", "apps") for name in names}

    assert [room for room in sorted(rooms - names - inside - {"core"}) if not room.startswith("apps/")] == []


@pytest.mark.parametrize(("room", "container"), [("", 0), ("core", 1), ("evaluation", 3), ("apps", 4)])
def test_its_arrows_are_those_that_are_checked(room: str, container: int) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    arrows = re.search(rf"^    {room + ' +' if room else ''}(\w+ .*>.*)$", MAP, re.MULTILINE)

    assert arrows
    assert arrows[1].split(" > ") == contracts[container]["layers"]


def test_its_floors_of_nodes_are_those_that_are_checked() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    arrows = re.search(r"^    nodes +other boxes > (.*)$", MAP, re.MULTILINE)

    assert arrows
    assert arrows[1].split(" > ") == contracts[2]["layers"][1:]


def test_make_knows_its_targets() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"`make ([\w-]+)", MAP))

    assert len(targets) >= 15
    assert [target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)] == []
