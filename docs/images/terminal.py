"""Draw docs/images/terminal.svg, what a question leaves on a terminal: `python docs/images/terminal.py`.

The command really runs, on a pseudo-terminal, and Rich draws what stands there at the end. The picture asks nobody
for a font: editors and indexes would not let it.
"""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from io import StringIO
from pathlib import Path

from rich.color import blend_rgb
from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME, TerminalTheme
from rich.text import Text

PICTURE = Path(__file__).parent / "terminal.svg"
COMMAND = ["langgraph-moa", "ask", "How are costs bounded, proposals cached, and killed runs resumed?"]
"""As in `make demo`."""
COLUMNS, ROWS = 80, 60
LIGHT = TerminalTheme(
    (250, 250, 252),
    (28, 29, 33),
    [
        (28, 29, 33),
        (163, 32, 29),
        (27, 110, 60),
        (122, 74, 0),
        (37, 99, 184),
        (139, 63, 174),
        (15, 105, 115),
        (92, 98, 112),
    ],
)
GROUND = f'class="moa-ground" stroke="rgba(128,128,128,0.5)" fill="{LIGHT.background_color.hex}"'
"""What is behind the letters; a rule of the style wins over an attribute."""
_RULE = re.compile(r"\.moa-r\d+ \{.*?\}")
_SAYS_WHOM_TO_ASK = re.compile(r"_API_KEY$|^LANGSMITH_|^LANGCHAIN_|^NO_COLOR$|^COLUMNS$|^LINES$")
_WRITTEN = re.compile(
    r"\x1b\[(?P<move>\d*[A-Z])|\x1b\[\?\d+[hl]|(?P<end>\n)|\r|(?P<text>(?:\x1b\[[\d;]*m|[^\x1b\r\n])+)"
)


def main() -> None:
    """Run the command, and draw it."""
    PICTURE.write_text(drawn(lines()), encoding="utf-8")


def lines() -> list[str]:
    """Return what the command leaves on a terminal without a key, with its colours."""
    terminal, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    without = {name: value for name, value in os.environ.items() if not _SAYS_WHOM_TO_ASK.search(name)}
    command = [sys.executable, "-m", "langgraph_moa.apps.cli", *COMMAND[1:]]
    run = subprocess.Popen(  # noqa: S603 - our own command
        command, stdin=inner, stdout=inner, stderr=inner, env={**without, "TERM": "xterm-256color", "COLORTERM": ""}
    )
    os.close(inner)
    written = bytearray()
    try:
        while piece := os.read(terminal, 65536):
            written += piece
    except OSError:  # how Linux says that nobody writes any more
        pass
    os.close(terminal)
    if run.wait():
        sys.exit(f"found exit code {run.returncode} of {' '.join(COMMAND)}, expected 0; run it by hand")
    return standing(written.decode())


def standing(written: str) -> list[str]:
    """Return the lines that stand on a screen at the end: Rich redraws whole lines, and moves up only to do so."""
    screen, at = [""], 0
    for part in _WRITTEN.finditer(written):
        if part["text"]:
            screen[at] += part["text"]
        elif part["end"]:
            at += 1
            screen += [""] * (at == len(screen))
        elif move := part["move"]:
            at -= int(move[:-1] or 1) if move.endswith("A") else 0
            screen[at] = "" if move.endswith("K") else screen[at]
    return screen[:-1] if not screen[-1] else screen


def drawn(shown: list[str]) -> str:
    """Draw lines as a picture, below the command that made them, for light pages and for dark ones."""
    console = Console(width=COLUMNS, record=True, file=StringIO(), force_terminal=True)
    console.print(Text(f'$ {COMMAND[0]} {COMMAND[1]} "{COMMAND[2]}"', style="bold"))
    for line in shown:
        console.print(Text.from_ansi(line))
    light, dark = (
        console.export_svg(title="", unique_id="moa", theme=theme, clear=False).replace(faint(theme), dim)
        for theme, dim in ((LIGHT, "#5c6270"), (SVG_EXPORT_THEME, "#a3a7ad"))
    )
    rules = [*_RULE.findall(dark), f".moa-ground {{ fill: {SVG_EXPORT_THEME.background_color.hex} }}"]
    picture = re.sub(r"@font-face \{.*?\}", "", light, flags=re.DOTALL)
    picture = picture.replace(f'fill="{LIGHT.background_color.hex}" stroke="rgba(255,255,255,0.35)"', GROUND, 1)
    picture = picture.replace("</style>", f"@media (prefers-color-scheme: dark) {{ {' '.join(rules)} }}\n</style>", 1)
    picture = picture.replace("Fira Code, monospace", 'ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace')
    return "\n".join(line.rstrip() for line in picture.splitlines() if line.strip()) + "\n"


def faint(theme: TerminalTheme) -> str:
    """Return the colour that Rich dims a theme's letters to, which is hard to read on either ground."""
    return blend_rgb(theme.foreground_color, theme.background_color, 0.4).hex


if __name__ == "__main__":
    main()
