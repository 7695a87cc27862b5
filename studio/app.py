"""What LangGraph Studio opens: a mixture of the offline models, which needs no key and no network.

Start from the project's root: `langgraph dev --config studio/langgraph.json`.
"""

from langgraph_moa import create_moa
from langgraph_moa.core.presets import load_preset

offline = load_preset("offline")
moa = create_moa(proposers=offline["proposers"], aggregator=offline["aggregator"], layers=3)
