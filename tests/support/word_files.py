"""Write small Word files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from docx import Document
from docx.oxml.parser import parse_xml

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SPACES = f'xmlns:w="{W}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'


def word_file(path: Path, *blocks: str | tuple[int, str] | Sequence[Sequence[str]], header: str = "") -> Path:
    """Write paragraphs, headings (a level and a text), tables (rows of cells), and whatever begins with `<w:`."""
    document: Any = Document()
    for block in blocks:
        if isinstance(block, tuple):
            document.add_heading(block[1], block[0])
        elif not isinstance(block, str):
            table = document.add_table(len(block), len(block[0]))
            for row, cells in zip(table.rows, block, strict=True):
                for cell, text in zip(row.cells, cells, strict=True):
                    cell.text = text
        elif block.startswith("<w:"):
            document.element.body.insert(-1, parse_xml(block.replace(">", f" {_SPACES}>", 1)))
        else:
            document.add_paragraph(block)
    if header:
        document.sections[0].header.paragraphs[0].text = header
    document.save(str(path))
    return path
