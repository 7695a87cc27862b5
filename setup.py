"""Give an index the README as it can show it: everything else about the package stands in pyproject.toml.

A relative link leads nowhere on an index. Where pyproject.toml names the repository ([project.urls], Repository), such
links become addresses of this version's files; where it does not, they become plain text, and pictures their own text.
It is done at build, so that no second README can grow old.
"""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
_TARGET = r"\(\s*<?(?P<{0}>[^\s()<>]+)>?(?:\s+(?:\"[^\"\n]*\"|'[^'\n]*'))?\s*\)"
_PICTURE = re.compile(rf"!\[(?P<alt>[^\]\n]*)\]{_TARGET.format('source')}")
_LABEL = re.compile(r"^ {0,3}\[(?P<label>[^\]\n^][^\]\n]*)\]:[ \t]*<?(?P<target>[^\s<>]+)>?.*\n?", re.MULTILINE)
_PIECE = re.compile(
    r"(?P<code>^(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})(?P<language>[\w-]*).*\n(?:.*\n)*?(?P=indent)(?P=fence).*\n?"
    r"|<!--(?:.|\n)*?-->"
    r"|(?<!`)(?P<ticks>`+)(?!`)(?:.|\n(?!\n))*?(?<!`)(?P=ticks)(?!`))"
    rf"|(?P<link>\[(?P<text>(?:!\[[^\]\n]*\]\([^)\n]*\)|`[^`\n]*`|[^\[\]!`]|!(?!\[))*)\](?:{_TARGET.format('target')}"
    r"|\[(?P<label>[^\]\n]*)\])?)"
    rf"|(?P<picture>{_PICTURE.pattern})"
    r"|(?P<opened><a\b[^>]*\bhref=[\"'](?P<href>[^\"']*)[\"'][^>]*>)(?P<inner>(?:.|\n)*?)</a>"
    r"|(?P<img><img\b[^>]*\bsrc=[\"'](?P<src>[^\"']*)[\"'][^>]*>)"
    r"|(?P<source_of><source\b[^>]*\bsrcset=[\"'](?P<srcset>[^\"'\s]*)[^>]*>)",
    re.MULTILINE,
)
_ALT = re.compile(r"\balt=[\"']([^\"']*)[\"']")
_ELSEWHERE = re.compile(r"[a-zA-Z][\w+.-]*:|//|#")
"""Addresses that lead somewhere wherever they stand: whole ones, and headings of the README itself."""
_NOT_DRAWN = {"mermaid"}
"""Blocks that an index would show as their source."""


def description(readme: str, repository: str | None, version: str) -> str:
    """Return a README whose links and pictures need no files beside it.

    Args:
        readme: It, as Markdown.
        repository: The address of the repository on GitHub; None leaves links out.
        version: Whose files are linked to: those of the tag `v<version>`.
    """
    ours = {one["label"].lower(): one["target"] for one in _LABEL.finditer(readme) if not _leads(one["target"])}
    readme = _LABEL.sub(lambda one: "" if one["label"].lower() in ours else one[0], readme)

    def address(path: str, how: str) -> str | None:
        if _leads(path):
            return path
        return f"{repository.rstrip('/')}/{how}/v{version}/{path.removeprefix('./')}" if repository else None

    def mended(piece: re.Match[str]) -> str:
        if piece["code"]:
            return "" if piece["language"] in _NOT_DRAWN else piece[0]
        if piece["link"]:
            text, after = _PIECE.sub(mended, piece["text"]), piece["link"].removeprefix(f"[{piece['text']}")
            if piece["target"]:
                to = address(piece["target"], "blob")
                return f"[{text}{after.replace(piece['target'], to, 1)}" if to else _plain(text, piece["target"])
            if target := ours.get((piece["label"] or piece["text"]).lower()):
                return f"[{text}]({to})" if (to := address(target, "blob")) else _plain(text, target)
            return f"[{text}{after}"
        if piece["opened"]:
            inner, to = _PIECE.sub(mended, piece["inner"]), address(piece["href"], "blob")
            return f"{piece['opened'].replace(piece['href'], to)}{inner}</a>" if to else _plain(inner, piece["href"])
        path = piece["source"] or piece["src"] or piece["srcset"]
        if to := address(path, "raw"):
            return piece[0].replace(path, to)
        return piece["alt"] or "".join(_ALT.findall(piece["img"] or ""))

    return _PIECE.sub(mended, readme)


def _leads(address: str) -> bool:
    return _ELSEWHERE.match(address) is not None


def _plain(text: str, target: str) -> str:
    path = target.partition("#")[0].rstrip("/")
    return text if path in text else f"{text} (`{path}`)"


def long_description(root: Path = ROOT) -> str:
    """Return what an index shows of the project that lies there."""
    project: Mapping[str, Mapping[str, str]] = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    readme = (root / "README.md").read_text("utf-8")
    return description(readme, project.get("urls", {}).get("Repository"), str(project["version"]))


if __name__ == "__main__":
    setup(
        script_name=Path(
            __file__
        ).name,  # or setuptools takes this file for a module of the package that lies around it
        long_description=long_description(),
        long_description_content_type="text/markdown",
    )
