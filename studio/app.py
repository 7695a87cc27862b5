"""What LangGraph Studio opens: a mixture of the offline models, which needs no key and no network.

Start from the project's root: `langgraph dev --config studio/langgraph.json`.
"""

from langgraph_moa import create_moa

moa = create_moa(
    proposers=["offline:words", "offline:stems", "offline:phrases", "offline:headings"],
    aggregator="offline:words",
    layers=3,
)
