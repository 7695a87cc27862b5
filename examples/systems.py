"""The systems of the literature over the same models, and what each costs in calls.

Each is an ordinary mixture: stream it, give it a budget, add it to a graph, open it in Studio.
"""

from langgraph_moa import (
    create_best_of_n,
    create_debate,
    create_grouped_moa,
    create_moa,
    create_ranker,
    create_self_moa,
    create_self_moa_seq,
    create_single,
    create_smoa,
    create_vote,
)

PANEL = ["offline:words", "offline:stems", "offline:phrases", "offline:headings"]
ONE = "offline:stems"

systems = {
    "single": create_single(model=ONE),
    "MoA": create_moa(proposers=PANEL, aggregator=ONE, layers=3, early_stop=None),
    "Self-MoA": create_self_moa(model=ONE, samples=6),
    "Self-MoA-Seq": create_self_moa_seq(model=ONE, samples=12, window=4),
    "ranker": create_ranker(proposers=PANEL, ranker=ONE, early_stop=None),
    "best-of-n": create_best_of_n(model=ONE, samples=4),
    "vote": create_vote(proposers=PANEL),
    "debate": create_debate(proposers=PANEL, rounds=2),
    "SMoA": create_smoa(proposers=PANEL, aggregator=ONE, moderator=ONE, keep=2, early_stop=None),
    "groups": create_grouped_moa(proposers=PANEL, aggregator=ONE, group=2, early_stop=None),
}

for name, system in systems.items():
    run = system.invoke({"messages": [{"role": "user", "content": "What is 17 * 24?"}]})
    print(f"{name:13}{run['messages'][-1].text}   {run['run']['calls']:2} calls, {run['run']['stopped']}")
