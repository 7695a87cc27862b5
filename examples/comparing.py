"""Is a mixture worth its money? The same questions, put to one model and to mixtures of it, with an honest verdict.

Write your own questions with their right answers; without those, `judge=` lets a model compare the answers.
"""

import asyncio

from langgraph_moa import acompare, create_moa, create_self_moa, create_single

PANEL = ["offline:words", "offline:stems", "offline:phrases"]
QUESTIONS = [{"question": f"What is {n} * {n + 7}?", "gold": n * (n + 7)} for n in range(2, 62)]

systems = {
    "single": create_single(model="offline:words"),
    "moa": create_moa(proposers=PANEL, aggregator="offline:words", early_stop=None),
    "self-moa": create_self_moa(model="offline:words", samples=4),
}

comparison = asyncio.run(acompare(systems, QUESTIONS))

for system in comparison.systems:
    print(f"{system.label:9}{system.score.mean:.0%} right, {system.calls:g} calls a question")
print(comparison.verdict)
