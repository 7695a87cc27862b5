"""A mixture as the last line of a cell: it draws itself, and nothing leaves the machine."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from browser import opened
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph_moa import ChatMoA, Proposer, create_ask, create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel
from running import THREAD

TWO = ["offline:words", "offline:stems"]
NOTEBOOK = """
import json, sys
import nbclient, nbformat
cells = [nbformat.v4.new_code_cell(code) for code in json.load(sys.stdin)]
book = nbformat.v4.new_notebook(cells=cells)
book.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
nbclient.NotebookClient(book, timeout=120).execute()
print(json.dumps([[dict(output) for output in cell.outputs] for cell in book.cells]))
"""
WATCHED = """
import sys
asked = []
def watch(event, about):
    if event == "socket.getaddrinfo" or (event == "socket.connect" and "127.0.0.1" not in str(about[1])):
        asked.append(str(about))
sys.addaudithook(watch)
from langgraph_moa import create_moa
moa = create_moa(proposers=["offline:words", "offline:stems"], aggregator="offline:words")
"""


def moa(**options: Any) -> Any:
    return create_moa(**{"proposers": TWO, "aggregator": "offline:words", **options})


def agent() -> Any:
    graph = StateGraph(MessagesState)
    graph.add_node("think <b>", lambda state: {"messages": [("ai", "x")]})
    graph.add_edge(START, "think <b>")
    graph.add_edge("think <b>", END)
    return graph.compile(name="agent")


def formatted(thing: Any) -> dict[str, Any]:
    """Return what a kernel, or a terminal, would be given of a cell's last line."""
    formatters = pytest.importorskip("IPython.core.formatters", reason="IPython is not installed")
    data, _ = formatters.DisplayFormatter().format(thing)
    return dict(data)


@pytest.mark.parametrize(
    "thing",
    [moa(), moa(hide_texts=True), moa().with_config(tags=["x"]), create_ask(moa()), moa().get_graph(xray=True)],
    ids=["mixture", "hidden", "configured", "ask", "drawing"],
)
def test_ipython_gets_a_drawing_and_the_network_is_off(thing: Any) -> None:
    data = formatted(thing)

    assert {"text/plain", "text/html", "image/svg+xml"} <= set(data)
    assert "image/png" not in data
    assert data["image/svg+xml"].startswith("<svg xmlns=")
    assert "__start__" in data["text/html"]
    assert "http" not in data["text/html"]
    assert "<style" not in data["text/html"]


def test_a_drawing_opens_graphs_inside_of_nodes() -> None:
    html = moa(proposers=[agent(), *TWO]).get_graph(xray=True)._repr_html_()

    assert "think &lt;b&gt;" in html
    assert "<b>" not in html


async def test_the_async_drawing_is_the_same() -> None:
    mixture = moa()

    assert (await mixture.aget_graph(xray=True))._repr_html_() == mixture.get_graph(xray=True)._repr_html_()


def test_a_name_is_text() -> None:
    assert "<script>" not in formatted(moa(name="<script>alert(1)</script>"))["text/html"]


def test_it_runs_as_before_and_lives_in_a_parent() -> None:
    parent = StateGraph(MessagesState)
    parent.add_node("panel", moa())
    parent.add_edge(START, "panel")
    whole: Any = parent.compile()

    answer = whole.invoke({"messages": [("user", "What is 6 * 7?")]}, THREAD)["messages"][-1].text

    assert "42" in answer
    assert ChatMoA(moa()).invoke("What is 6 * 7?").text == answer
    assert "panel:gate_1" in whole.get_graph(xray=True).nodes


def test_thirty_proposers_with_long_and_odd_names_fit_a_phone_in_a_browser(browser: Any, tmp_path: Path) -> None:
    names = ["together-Qwen-Qwen3-235B-A22B-Instruct-2507-tput" * 2, "漢字の名前", *(f"model {n}" for n in range(28))]
    many = [Proposer(ScriptedModel(script="x", name_of_model=f"m{n}"), name=name) for n, name in enumerate(names)]
    page = tmp_path / "graph.html"
    html = f'<!doctype html><meta charset="utf-8"><body style="margin:0">{moa(proposers=many, layers=3)._repr_html_()}'
    page.write_text(html, encoding="utf-8")

    tab, said = opened(browser, page, scheme="dark", width=390)
    width = tab.evaluate("document.documentElement.scrollWidth")
    over = tab.evaluate(
        """() => [...document.querySelectorAll('g')].filter(g => {
            const box = g.querySelector('rect'), text = g.querySelector('text')
            return box && text && text.getBBox().width > box.getBBox().width
        }).map(g => g.textContent)"""
    )

    assert said == []
    assert width <= 390
    assert over == []


@pytest.mark.soak
def test_a_real_notebook_asks_nobody(tmp_path: Path) -> None:
    """The kernel is a process of the client's, and talks on 127.0.0.1."""
    clean = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "IPYTHONDIR": str(tmp_path), "PYTHONUTF8": "1"}
    cells = json.dumps([WATCHED, "moa", "moa.get_graph(xray=True)", "print(asked)"])
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK], input=cells, env=clean, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    _, (graph,), (inside,), (asked,) = json.loads(done.stdout)

    assert "gate_1" in graph["data"]["text/html"]
    assert "gate_1" in inside["data"]["text/html"]
    assert asked["text"] == "[]\n"
