"""What a gate's screen takes out is shown to nobody after it, and stays in the state."""

from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import (
    ConfigError,
    EarlyStop,
    Moderator,
    Rank,
    Screen,
    Vote,
    create_debate,
    create_grouped_moa,
    create_moa,
    create_rag_moa,
    create_self_moa,
    create_self_moa_seq,
    create_single,
    report,
)
from langgraph_moa.core.agreement.measures import agree
from lying import answering
from panels import panel, says
from reading import QUESTION, references_in
from running import APIS, THREAD, run

LIED = "61,403"
FIVE = ("42", LIED, "42", "42", "42")


def mixture(*answers: str, last: Any = None, **options: Any) -> Any:
    defaults: dict[str, Any] = {"aggregator": last or says("written", "last"), "screen": Screen(), "early_stop": None}
    return create_moa(proposers=panel(*map(answering, answers)), **{**defaults, **options})


def shown(model: Any, kind: str = "reference") -> list[str]:
    return [text for messages in model.asked for text in references_in(messages[-1].text, kind)]


@APIS
async def test_an_aggregator_is_shown_no_lie_and_the_run_says_who_and_why(api: str) -> None:
    last = says("written", "last")

    result = await run(mixture(*FIVE, last=last), api, QUESTION)

    assert len(shown(last)) == 4
    assert not [m for messages in last.asked for m in messages if LIED in m.text]
    (verdict,) = result["verdicts"]
    assert verdict["screening"] == {
        "alone": [{"proposer": "b", "answer": LIED, "claims": None, "others": None}],
        "removed": ["b"],
        "most": 2,
    }
    assert verdict["reason"] == "5 of 5 proposals usable; b was screened out: no other model answers 61,403"
    assert (verdict["usable"], result["run"]["degraded"]) == (5, None)
    assert result["run"]["notes"] == ["layer 1: b was screened out: no other model answers 61,403"]
    assert LIED in next(p["text"] for p in result["proposals"] if p["proposer"] == "b")


async def test_it_is_off_by_default() -> None:
    last = says("written", "last")

    result = await mixture(*FIVE, last=last, screen=None).ainvoke(QUESTION)

    assert len(shown(last)) == 5
    assert result["verdicts"][0]["screening"] is None


async def test_no_later_layer_is_shown_it_and_each_layer_is_looked_at() -> None:
    last = says("written", "last")
    lines = [[answering(first), answering(second)] for first, second in (("42", "42"), (LIED, "42"), ("42", "40"))]
    models = panel(*lines)

    moa = create_moa(proposers=models, aggregator=last, screen=Screen(), layers=3, early_stop=None)
    result = await moa.ainvoke(QUESTION)

    assert [v["screening"]["removed"] for v in result["verdicts"]] == [["b"], ["c"]]
    for proposer in models:
        model: Any = proposer.model
        assert len(shown(model)) == 2
        assert not [m for m in model.asked[1] if LIED in m.text]
    assert {text[-2:] for text in shown(last)} == {"42"}


async def test_a_layer_that_falls_back_is_the_screened_one() -> None:
    last = says("written", "last")
    models = panel(*([answering(answer), ValueError("down")] for answer in ("42", LIED, "42")))

    result = await create_moa(proposers=models, aggregator=last, screen=Screen(), layers=3, early_stop=None).ainvoke(
        QUESTION
    )

    assert [v["source"] for v in result["verdicts"]] == [1, 1]
    assert {text[-2:] for text in shown(last)} == {"42"}


@pytest.mark.parametrize("vote", [True, False])
async def test_neither_a_vote_nor_the_best_proposal_is_a_lie(vote: bool) -> None:
    # Declared first, and heaviest: without the screen it would win both.
    last: Any = Vote(weights={"a": 9.0}) if vote else says(ValueError("down"), "last")
    lied = mixture(LIED, "42", "42", aggregator=last, screen=None)
    honest = mixture(LIED, "42", "42", aggregator=last)

    assert vote is ((await lied.ainvoke(QUESTION))["messages"][-1].text == answering(LIED))
    assert (await honest.ainvoke(QUESTION))["messages"][-1].text == answering("42")


async def test_a_ranker_cannot_choose_it() -> None:
    ranker = says('{"best": [1]}', "ranker")

    result = await mixture(*FIVE, aggregator=Rank(ranker)).ainvoke(QUESTION)

    assert len(shown(ranker, "proposal")) == 4
    assert result["messages"][-1].text == answering("42")


async def test_a_moderator_is_not_shown_it_either() -> None:
    moderator, last = says('{"best": [1, 2, 3], "stop": false}', "moderator"), says("written", "last")

    result = await mixture(*FIVE, last=last, moderator=Moderator(moderator, keep=3)).ainvoke(QUESTION)

    assert len(shown(moderator, "proposal")) == 4
    assert len(result["verdicts"][0]["moderation"]["kept"]) == len(shown(last)) == 3


async def test_of_two_nobody_is_taken_out() -> None:
    last = says("written", "last")
    models = [*panel("Final answer: 42", "Final answer: 41", ValueError("down"))]

    result = await create_moa(proposers=models, aggregator=last, screen=Screen(), early_stop=None).ainvoke(QUESTION)

    assert len(shown(last)) == 2
    assert result["verdicts"][0]["screening"] == {"alone": [], "removed": [], "most": 0}


@pytest.mark.parametrize(
    ("quorum", "reached"), [(1.0, False), (0.8, True)], ids=["asked are counted as before", "as without a screen"]
)
async def test_it_makes_no_agreement(quorum: float, reached: bool) -> None:
    stop = EarlyStop(quorum=quorum, then="answer")
    result = await mixture(*FIVE, early_stop=stop, layers=3).ainvoke(QUESTION)

    assert result["verdicts"][0]["agreement"]["reached"] is reached
    assert result["run"]["stopped"] == ("agreed" if reached else "completed")
    assert result["messages"][-1].text == (answering("42") if reached else "written")


@pytest.mark.parametrize("quorum", [1.0, 0.8, 0.6])
async def test_who_was_taken_out_does_not_count_as_agreeing(quorum: float) -> None:
    """The early stop's measure may find that all agree where the screen's finds one alone, and take that one's text."""

    def all_agree(texts: Any) -> Any:
        agreement = agree("all", texts, [range(len(texts))])
        return {**agreement, "representative": quorum == 0.6}

    stop = EarlyStop(agreement=all_agree, quorum=quorum, then="answer")
    result = await mixture(*FIVE, early_stop=stop).ainvoke(QUESTION)

    assert result["verdicts"][0]["agreement"]["reached"] is (quorum == 0.8)
    assert LIED not in result["messages"][-1].text


async def test_a_tie_is_not_undone_by_it() -> None:
    def halves(texts: Any) -> Any:
        return agree("halves", texts, [[0, 1], [2, 3]])

    stop = EarlyStop(agreement=halves, quorum=0.5, min_responses=1, then="answer")
    result = await mixture("42", "42", "42", LIED, early_stop=stop).ainvoke(QUESTION)

    assert result["verdicts"][0]["screening"]["removed"] == ["d"]
    assert not result["verdicts"][0]["agreement"]["reached"]


async def test_a_run_that_is_resumed_shows_what_was_screened() -> None:
    saver, last = InMemorySaver(), says("written", "last")

    def moa() -> Any:
        return mixture(*FIVE, last=last, checkpointer=saver)

    await moa().ainvoke(QUESTION, THREAD, interrupt_before=["aggregate"])
    assert last.asked == []
    result = await moa().ainvoke(None, THREAD)

    assert len(shown(last)) == 4
    assert result["verdicts"][0]["screening"]["removed"] == ["b"]


async def test_debaters_go_on_with_what_they_said_themselves_and_hear_no_lie() -> None:
    models = panel(*map(answering, ("42", LIED, "42", "42")))

    result = await create_debate(proposers=models, screen=Screen()).ainvoke(QUESTION)

    liar: Any = models[1].model
    assert [m.text for m in liar.asked[1] if m.type == "ai"] == [answering(LIED)]
    honest: Any = models[0].model
    assert not [m for m in honest.asked[1] if LIED in m.text]
    assert result["messages"][-1].text == answering("42")


async def test_what_is_cited_is_not_compared() -> None:
    texts = [f"Final answer: green [E{n}]" for n in (1, 2, 3)]
    rag = create_rag_moa(
        retrievers=[lambda query: ["The lamp is green."]],
        proposers=panel(*texts),
        aggregator=says("green [E1]", "last"),
        screen=Screen(),
    )

    assert (await rag.ainvoke(QUESTION))["verdicts"][0]["screening"]["alone"] == []


async def test_samples_of_one_model() -> None:
    answers = iter(("42", "42", LIED, "42"))
    model = says(lambda messages: answering(next(answers, "written")), "anna")

    result = await create_self_moa(model=model, samples=4, screen=Screen(), early_stop=None).ainvoke(QUESTION)

    assert len(result["verdicts"][0]["screening"]["removed"]) == 1


async def test_the_page_and_the_drawing_tell_of_it() -> None:
    moa = mixture(*FIVE)
    page = report(await moa.ainvoke(QUESTION), moa)

    assert page.count('<span class="badge bad">screened out</span>') == 1
    assert "b was screened out: no other model answers 61,403" in page
    assert "5 of 5 usable, 1 screened out" in page


REFUSED: list[tuple[Any, dict[str, Any], str]] = [
    (create_single, {"model": "offline:words"}, "found screen in create_single, which decides it itself"),
    (create_self_moa_seq, {"model": "offline:words"}, "found screen in create_self_moa_seq, which decides it itself"),
    (
        create_grouped_moa,
        {"proposers": ["offline:words"] * 4, "aggregator": "offline:words"},
        "found screen in create_grouped_moa, which decides it itself",
    ),
    (create_self_moa, {"model": "offline:words", "samples": 2}, "found a screen with at most 2 proposals a layer"),
    (create_moa, {"proposers": ["offline:words"], "layers": 1}, "found a screen with at most 0 proposals a layer"),
]


@pytest.mark.parametrize(("create", "options", "expected"), REFUSED)
def test_where_it_makes_no_sense_it_is_refused(create: Any, options: dict[str, Any], expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        create(**options, screen=Screen())
