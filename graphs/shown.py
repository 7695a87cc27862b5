"""Let a mixture draw itself, as the last line of a notebook's cell: LangGraph's own picture is made by mermaid.ink."""

from typing import Any, Self

from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.graph import Graph as Drawing
from langgraph.graph.state import CompiledStateGraph

from ..core.run.state import Graph


class LocalDrawing(Drawing):
    """Be LangGraph's drawing, which shows itself without asking anybody for a picture."""

    name = "graph"

    @classmethod
    def of(cls, drawing: Drawing, name: str) -> Self:
        """Take over a drawing."""
        local = cls(**vars(drawing))
        local.name = name
        return local

    def _repr_svg_(self) -> str:
        from .pictures.svg import svg_of

        return svg_of(self, title=f"The graph {self.name}", is_alone=True)

    def _repr_html_(self) -> str:
        from .pictures.svg import svg_of

        return f'<div style="overflow-x:auto;color:inherit">{svg_of(self, title=f"The graph {self.name}")}</div>'


class ShownGraph(CompiledStateGraph[Any, Any, Any, Any]):
    """Be LangGraph's compiled graph, which draws itself where it is shown."""

    def get_graph(self, config: RunnableConfig | None = None, *, xray: int | bool = False) -> LocalDrawing:
        """Return the drawing of the graph, with those inside of its nodes where `xray` asks for them."""
        return LocalDrawing.of(super().get_graph(config, xray=xray), self.get_name())

    async def aget_graph(self, config: RunnableConfig | None = None, *, xray: int | bool = False) -> LocalDrawing:
        """Return the same."""
        return LocalDrawing.of(await super().aget_graph(config, xray=xray), self.get_name())

    def _repr_svg_(self) -> str:
        return self.get_graph()._repr_svg_()

    def _repr_html_(self) -> str:
        return self.get_graph()._repr_html_()

    def _repr_mimebundle_(self, **kwargs: Any) -> dict[str, Any]:
        drawing = self.get_graph()
        return {
            "text/plain": repr(self),
            "text/html": drawing._repr_html_(),
            "image/svg+xml": drawing._repr_svg_(),
        }


def drawn_here(compiled: Graph) -> ShownGraph:
    """Return a copy of a compiled graph that draws itself."""
    return ShownGraph(**vars(compiled))
