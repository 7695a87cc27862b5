"""Roles compared on a server: proposals are asked for once, and nothing else differs from mixtures built by hand."""

import asyncio
import itertools
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langgraph_moa import (
    Aggregator,
    Budget,
    ConfigError,
    EarlyStop,
    Moderator,
    Proposer,
    Quorum,
    Rank,
    Vote,
    acompare_roles,
    create_moa,
)
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.evaluation.batch.rows import RowFile
from langgraph_moa.evaluation.comparing.measures import Comparison
from loopback import Loopback, Reply
from reading import references_in, user

QUESTIONS = [{"id": f"q{n}", "question": f"What is {n} * 3?", "gold": 3 * n} for n in range(3)]
ABC = ["a", "b", "c"]


def is_aggregating(body: dict[str, Any]) -> bool:
    return "<reference-" in str(body["messages"])


def digest(body: dict[str, Any]) -> Reply:
    """Answer with what stands for all that was asked."""
    return Reply("Final answer: " + sha256(str([body["model"], body["messages"]]).encode()).hexdigest())


def compare(server: Loopback, out: Path | None = None, **options: Any) -> Comparison:
    of_mixture = {"proposers": ABC, "aggregator": "c", **options.pop("mixture", {})}
    return asyncio.run(acompare_roles({**of_mixture, "resolve": server.resolve}, QUESTIONS, out=out, **options))


def rows(folder: Path, label: str) -> dict[str, Any]:
    return {row["id"]: row for _, row in RowFile(folder / f"{label.replace(' ', '-')}.jsonl").rows()}


def test_proposals_are_asked_for_once_and_are_the_same_for_all(loopback: Loopback, tmp_path: Path) -> None:
    said = itertools.count()
    loopback.default = lambda body: digest(body) if is_aggregating(body) else Reply(f"Final answer: {next(said)}")
    found = compare(loopback, tmp_path / "roles")

    asked = Counter((r.model, is_aggregating(r.body)) for r in loopback.requests)
    assert asked == {**{(m, False): 2 * 3 for m in ABC}, ("a", True): 3, ("b", True): 3, ("c", True): 4 * 3}
    texts = {
        label: [[p["text"] for p in row["proposals"]] for _, row in sorted(rows(tmp_path / "roles", label).items())]
        for label in ("c aggregates", "a aggregates", "b aggregates", "without a")
    }
    assert texts["a aggregates"] == texts["b aggregates"] == texts["c aggregates"]
    assert texts["without a"] == [of_three[1:] for of_three in texts["c aggregates"]]
    assert [system.label for system in found.systems] == [
        *ABC, "c aggregates", "a aggregates", "b aggregates", "without a", "without b", "without c",
    ]  # fmt: skip
    assert [system.calls for system in found.systems] == [1, 1, 1, 4, 4, 4, 3, 3, 3]
    assert found.roles
    assert found.roles.sentences == ["too few questions to rank roles, 3 graded, expected 50 or more"]
    paid = sum(
        row["cost"]["calls"] or 0
        for file in (tmp_path / "roles").glob("[!_]*.jsonl")
        for _, row in RowFile(file).rows()
    )
    assert paid == len(loopback.requests) == 36


@pytest.mark.parametrize("layers", [2, 3])
def test_results_and_costs_are_those_of_mixtures_built_by_hand(loopback: Loopback, tmp_path: Path, layers: int) -> None:
    loopback.default = digest
    by_hand = {
        "c aggregates": (ABC, "c"), "a aggregates": (ABC, "a"), "b aggregates": (ABC, "b"),
        "without a": (["b", "c"], "c"), "without b": (["a", "c"], "c"), "without c": (["a", "b"], "c"),
    }  # fmt: skip
    options: dict[str, Any] = {"layers": layers, "early_stop": None}
    found = compare(loopback, tmp_path / "roles", mixture=options, mark=False)
    count = len(loopback.requests)

    for label, (proposers, aggregator) in by_hand.items():
        billed = loopback.tokens_billed
        moa = create_moa(proposers=proposers, aggregator=aggregator, resolve=loopback.resolve, **options)
        answers = {q["id"]: moa.invoke(user(str(q["question"])))["messages"][-1].text for q in QUESTIONS}

        assert {id_: row["answer"] for id_, row in rows(tmp_path / "roles", label).items()} == answers
        assert found.named(label).tokens == (loopback.tokens_billed - billed) / 3
    # Where there are more layers, the later ones of a mixture without one proposer are asked anew.
    assert count == 3 * (3 + 3 * (layers - 1) + 3 + 3 + 3 * 2 * (layers - 2))


def test_a_model_that_only_aggregates_has_one_role(loopback: Loopback) -> None:
    found = compare(loopback, mixture={"aggregator": Aggregator("d", temperature=0.1)})

    assert [system.label for system in found.systems][:5] == ["a", "b", "c", "d", "d aggregates"]
    assert {r.body.get("temperature") for r in loopback.asked("d")} == {0.1}
    assert found.roles
    assert {one.model: one.missed is None for one in found.roles.models}["d"]


def test_samples_and_settings_of_a_proposer_are_its_own(loopback: Loopback) -> None:
    said = itertools.count()
    loopback.default = lambda body: Reply(f"Final answer: {next(said)}")
    sceptic = Proposer("a", name="sceptic", system_prompt="Doubt it.", temperature=0.9, samples=2)
    compare(loopback, mixture={"proposers": [sceptic, "b", "a"], "aggregator": "b"})

    first = [r for r in loopback.requests if not is_aggregating(r.body)]
    doubts = [r for r in first if "Doubt it." in r.prompt]
    assert (sum(r.n for r in first), sum(r.n for r in doubts)) == (3 * (3 + 4), 3 * (1 + 2))
    assert sum(r.n for r in first if r not in doubts and r.model == "a") == 3 * 2  # whoever of its model is left out
    aggregating = [r for r in loopback.asked("a") if is_aggregating(r.body)]
    assert not any("Doubt it." in r.prompt or "temperature" in r.body for r in aggregating)
    assert sorted({len(references_in(r.messages[-1]["content"])) for r in aggregating}) == [4]


def test_a_failure_is_the_same_failure_for_all(loopback: Loopback, tmp_path: Path) -> None:
    times = Counter[str]()

    def once(body: dict[str, Any]) -> Reply:
        """Answer when it is asked alone, and never again."""
        times[str(body["messages"])] += 1
        return digest(body) if is_aggregating(body) or times[str(body["messages"])] == 1 else Reply(refusal="never")

    loopback.say("a", once)
    loopback.say("b", Reply("cut", finish_reason="length"))
    found = compare(loopback, tmp_path / "roles")

    for label in ("c aggregates", "b aggregates", "without b"):
        statuses = [p["status"] for row in rows(tmp_path / "roles", label).values() for p in row["proposals"]]
        assert statuses == (["refused", "ok"] if label == "without b" else ["refused", "truncated", "ok"]) * 3
    assert len([r for r in loopback.asked("a") if not is_aggregating(r.body)]) == 6
    assert found.named("a aggregates").calls == found.named("c aggregates").calls == 4


def test_a_budget_counts_proposals_once(loopback: Loopback, tmp_path: Path) -> None:
    found = compare(loopback, tmp_path / "roles", budget=Budget(calls=36))
    assert (found.questions, found.graded) == (3, 3)

    with pytest.raises(ConfigError, match=r"found no question that all systems were asked \(.*calls"):
        compare(loopback, tmp_path / "little", budget=Budget(calls=10))
    more = compare(loopback, tmp_path / "little", budget=Budget(calls=36))
    assert (more.graded, len(loopback.requests)) == (3, 72)


def test_waves_ask_whom_they_would_have_asked(loopback: Loopback, tmp_path: Path) -> None:
    loopback.default = lambda body: Reply("Final answer: 3")
    waves = {"proposers": [*ABC, "d"], "waves": (2,), "early_stop": EarlyStop()}
    compare(loopback, tmp_path / "roles", mixture=waves)

    asked = Counter(r.model for r in loopback.requests if not is_aggregating(r.body))
    assert asked == {"a": 6, "b": 6, "c": 6, "d": 3}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"quorum": Quorum(2)}, "found a quorum where roles are compared, expected a mixture whose proposals are the same"),
    ({"moderator": Moderator("a"), "layers": 3}, "found a moderator where roles are compared"),
    ({"aggregator": Rank("a")}, "found a ranker where roles are compared"),
    ({"aggregator": Vote()}, "cannot be built|found nobody who writes the answer"),
    ({"cache": object()}, "found a cache of proposals where roles are compared, which keeps those itself"),
    ({"proposers": [["a", "b"], ["c"]]}, "found proposers by layer, expected one list of them"),
    ({"proposers": ["a"], "aggregator": None}, "found one model, a, to compare the roles of"),
    ({"proposers": ["a", RunnableLambda(lambda m: "x")]}, "found the proposer RunnableLambda.*, a chain or graph"),
    ({"min_proposals": 3}, "the system 'without a' cannot be built: found min_proposals=3"),
    ({"layers": 3}, "found a mixture that asks proposers to mark their answers .*turn early_stop or mark_answers off"),
    ({"proposers": [Proposer("a", reads=("b",)), "b"], "layers": 3}, "'without b' cannot be built: found 'b' among"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "expected"), WRONG, ids=lambda value: str(value)[:30])
def test_what_cannot_be_compared_is_one_sentence(loopback: Loopback, changes: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        compare(loopback, mixture=changes, mark=False)
    assert loopback.requests == []


def test_a_mixture_is_a_mapping() -> None:
    with pytest.raises(ConfigError, match="found list as a mixture, expected what create_moa takes, as a mapping"):
        asyncio.run(acompare_roles(["a"], QUESTIONS))  # type: ignore[arg-type]


def test_built_models_and_a_judge_will_do() -> None:
    def says(text: str) -> ScriptedModel:
        return ScriptedModel(script=text, name_of_model=text)

    judge = ScriptedModel(script='{"better": "A"}')
    models = [says("one"), says("two")]
    found = asyncio.run(acompare_roles({"proposers": models}, [{"question": "Why?"}], judge=judge))

    assert [system.label for system in found.systems][2] == "one aggregates"
    assert [len(model.asked) for model in models] == [1 + 1 + 1 + 2, 1 + 1 + 1]
    assert found.grader == "judge"
