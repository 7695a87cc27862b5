"""Draw the graphs of pages as SVG, where Markdown has them as Mermaid: no reader's browser asks anybody for a script.

MkDocs runs it. Lines and letters take on the page's colours, and so follow its light or dark scheme.
"""

import re
from html import unescape
from typing import Any

from langchain_core.runnables.graph import Edge, Graph, Node
from langgraph_moa.graphs.pictures.svg import svg_of
from mkdocs.exceptions import PluginError

_FENCE = re.compile(r'<pre class="mermaid"><code>(.*?)</code></pre>', re.DOTALL)
_NODE = re.compile(r"^\s+([\w\\]+)\((.*)\)(?::::\w+)?$", re.MULTILINE)
_EDGE = re.compile(r"^\s+([\w\\]+) (-->|-\.(?: &nbsp;(.*?)&nbsp; \.)?->) ([\w\\]+);$", re.MULTILINE)
_TAGS = re.compile(r"[\[\]]|</?p>")
_ROLES = {"layer_": "proposer", "gate_": "gate", "aggregate": "aggregator", "answer": "answer"}


def on_page_content(html: str, **_: Any) -> str:
    """Put a picture where a drawing of LangGraph's stands."""
    return _FENCE.sub(lambda fence: f'<div class="drawing">{picture(unescape(fence[1]))}</div>', html)


def picture(mermaid: str) -> str:
    """Draw what `langgraph-moa graph` printed.

    Raises:
        PluginError: It is no such drawing.
    """
    nodes = {node: _TAGS.sub("", name) for node, name in _NODE.findall(mermaid)}
    edges = _EDGE.findall(mermaid)
    if not edges or mermaid.count(";\n") != len(edges) + 1:
        raise PluginError(
            f"found {mermaid[:80]!r}, expected a drawing as `langgraph-moa graph` prints it; make it anew"
        )
    graph = Graph(
        {name: Node(name, name, None, role_of(name)) for name in nodes.values()},
        [Edge(nodes[one], nodes[other], label or None, arrow != "-->") for one, arrow, label, other in edges],
    )
    return svg_of(graph, title="The mixture's graph")


def role_of(name: str) -> dict[str, Any] | None:
    """Tell by a node's name what it is."""
    return next(({"moa_role": role} for start, role in _ROLES.items() if name.startswith(start)), None)
