"""Write notebooks out of examples, and what their cells print: `make notebooks`.

The examples are what is read and tested; a notebook is one of them in cells, run in a kernel of its own. The same
examples give the same bytes.
"""

import argparse
import ast
from collections.abc import Iterator
from pathlib import Path

import nbclient
import nbformat

HERE = Path(__file__).parent
NOTEBOOKS = ("systems", "rag")
"""The examples that are worth going through step by step."""
INSTALL = "# In an environment of its own, once: pip install langgraph-moa ipykernel"
SECONDS = 120
"""How long one cell may take."""


def cells(code: str) -> Iterator[nbformat.NotebookNode]:
    """Cut an example into cells: its docstring, then a cell for what stands between two blank lines."""
    tree = ast.parse(code)
    title, _, text = (ast.get_docstring(tree) or "").partition("\n\n")
    yield nbformat.v4.new_markdown_cell(f"# {title.removesuffix('.')}\n\n{text}".strip())
    lines = code.splitlines()
    blocks: list[list[str]] = []
    end = 0
    for statement in tree.body[1:]:  # a comment belongs to what comes after it
        part = lines[(end or tree.body[0].end_lineno or 0) : statement.end_lineno]
        if not blocks or not part[0].strip():
            blocks.append([])
        blocks[-1] += part
        end = statement.end_lineno or end
    for number, block in enumerate(blocks):
        source = "\n".join(block).strip()
        yield nbformat.v4.new_code_cell(f"{INSTALL}\n{source}" if number == 0 else source)


def notebook(example: Path) -> nbformat.NotebookNode:
    """Make an example's notebook, and run it.

    Raises:
        nbclient.exceptions.CellExecutionError: A cell failed.
    """
    made: nbformat.NotebookNode = nbformat.v4.new_notebook(cells=list(cells(example.read_text("utf-8"))))
    made.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    where = {"metadata": {"path": str(example.parent)}}
    # What a cell prints comes in as many pieces as the kernel happens to send.
    nbclient.NotebookClient(made, timeout=SECONDS, resources=where, coalesce_streams=True).execute()
    made.metadata.pop("language_info", None)  # the version of whoever ran it last
    for number, cell in enumerate(made.cells):
        cell.id = f"{example.stem}-{number}"
        cell.metadata.clear()  # when it ran
    nbformat.validate(made)
    return made


def main() -> None:
    """Write all notebooks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=HERE, help="the folder that gets them")
    for name in NOTEBOOKS:
        text = nbformat.writes(notebook(HERE.parent / f"{name}.py"))
        (parser.parse_args().into / f"{name}.ipynb").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
