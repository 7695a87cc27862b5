"""The page about a run: everything is there, and nothing in it is more than text."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from browser import opened
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import message_to_dict
from langgraph.checkpoint.memory import InMemorySaver
from langgraph_moa import Budget, EarlyStop, InputError, Limits, Proposer, Quorum, Vote, create_moa, report
from langgraph_moa.core.offline.scripted import ScriptedModel
from running import THREAD

SCRIPT = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">"
QUESTION = "What is six times seven? </h1>" + SCRIPT
STYLES = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def says(script: Any, name: str, **options: Any) -> Proposer:
    return Proposer(ScriptedModel(script=script, name_of_model=name, **options), name=name)


def run(*proposers: Proposer, question: Any = QUESTION, **options: Any) -> Any:
    given: dict[str, Any] = {"aggregator": ScriptedModel(script="It is 42.", name_of_model="judge"), **options}
    moa: Any = create_moa(proposers=list(proposers), **given)
    return moa.invoke({"messages": [("user", question)]})


@pytest.fixture(scope="module")
def result() -> Any:
    return run(
        says("It is 42.\n\nFinal answer: 42", "ada"),
        says(f"{SCRIPT}\n\nFinal answer: 42", "bob"),
        says("I say 41.\n\nFinal answer: 41", "cy"),
        says(ConnectionError(f"refused {SCRIPT}"), "dee"),
        layers=3,
    )


class Page(HTMLParser):
    """Read a page as a browser does: its elements, and the text that people see."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._hidden = 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._hidden += tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.words.append(data)

    @property
    def text(self) -> str:
        return "".join(self.words)

    @property
    def tags(self) -> set[str]:
        return {tag for tag, _ in self.elements}

    def with_class(self, name: str) -> list[dict[str, str | None]]:
        return [attrs for _, attrs in self.elements if name in (attrs.get("class") or "").split()]


ORDINARY = {
    *("html head meta title style body header h1 h2 h3 p div ul li b span i article details summary".split()),
    *("table thead tbody tfoot tr th td svg desc g rect polyline path text tspan".split()),
}


def test_everything_of_the_run_is_there(result: Any) -> None:
    page = Page(report(result))

    for proposal in result["proposals"]:
        assert proposal["text"] in page.text
        assert (proposal["error"] or "") in page.text
    assert QUESTION in page.text
    assert result["messages"][-1].text in page.text
    assert result["run"]["degraded"] in page.text
    assert all(verdict["reason"] in page.text for verdict in result["verdicts"])
    assert f"{result['run']['usage']['total_tokens']:,}" in page.text
    assert "cost unknown" in page.text
    assert len(page.with_class("track")) == 9
    assert len(page.with_class("card")) == 6  # in each layer, two of four say the same


def test_the_aggregators_prompt_is_exact(result: Any) -> None:
    asked: list[str] = []

    def answer(messages: Any) -> str:
        asked.extend(message.text for message in messages)
        return "x"

    last = ScriptedModel(script=answer, name_of_model="judge")
    page = Page(report(run(says("one", "a"), says("two", "b"), aggregator=last)))

    assert len(asked) == 1
    assert all(text in page.text for text in asked)


def test_who_agrees_has_one_colour_and_one_letter(result: Any) -> None:
    page = Page(report(result))

    assert len([card for card in page.with_class("card") if "g0" in str(card["class"])]) == 2
    assert page.text.count("agrees: A") == 2
    assert "agrees: B" not in page.text


def test_nothing_that_was_written_is_more_than_text(result: Any) -> None:
    page = Page(report(result))

    assert page.tags == ORDINARY
    assert [attrs for _, attrs in page.elements if any(name.startswith("on") for name in attrs)] == []
    (policy,) = [attrs["content"] for _, attrs in page.elements if "http-equiv" in attrs]
    assert policy == STYLES


def test_it_needs_nothing_from_anywhere(result: Any) -> None:
    html = report(result)

    assert [attrs for _, attrs in Page(html).elements if {"src", "href", "srcset"} & set(attrs)] == []
    assert re.findall(r"url\(|@import|https?://", html.partition("<style>")[2].partition("</style>")[0]) == []


@pytest.mark.parametrize("examples", [20, pytest.param(60, marks=pytest.mark.soak)])
def test_any_text_anywhere_comes_out_as_it_went_in(result: Any, examples: int) -> None:
    texts = st.text(st.characters(exclude_categories=["Cs"]))
    written = given(st.just(result), texts, st.sampled_from(["text", "error", "proposer", "model"]))
    settings(max_examples=examples, deadline=None)(written(check_text))()


def check_text(result: Any, text: str, where: str) -> None:
    first, *others = result["proposals"]
    page = Page(report({**result, "proposals": [{**first, where: text}, *others]}))

    kept = "".join(c for c in text if c in "\t\n" or not (ord(c) < 32 or 127 <= ord(c) < 160))
    assert page.tags == ORDINARY
    assert kept in page.text


DRIVES = "\x1b]0;owned\x07\x9b2J\u202edeliver\u2066\u202c"
"""What drives a terminal, or turns around how a text is read."""
BY_WORD = {"turn", "id", "status", "mixture", "stopped", "next", "reviewed", "cut", "representative"}


def driving(value: Any, key: str = "") -> Any:
    """Return a state with that in every text of it but those that are looked up by their words."""
    if isinstance(value, dict):
        return {name: driving(part, name) for name, part in value.items()}
    if isinstance(value, list):
        return value if key in ("messages", "prompt", "groups") else [driving(part, key) for part in value]
    return value + DRIVES if isinstance(value, str) and key not in BY_WORD else value


def test_nothing_in_any_section_turns_a_text_around() -> None:
    last = ScriptedModel(script=f"<think>{DRIVES}</think>It is 42.{DRIVES}", name_of_model="judge")
    said = [says(f"<think>{DRIVES}</think>{name}: 42{DRIVES}\n\nFinal answer: 42", name) for name in "ab"]
    state = run(*said, says(ConnectionError(DRIVES), "c"), question=f"Which? {DRIVES}", aggregator=last, layers=3)
    passage = {"id": "E1", "source": "a.md", "text": "x", "found_by": ["wiki"], "score": 1.0, "metadata": {}, "cut": 0}
    citation = {"id": "E1", "source": "a.md", "problem": "not there", "unread": False}
    shown = {**driving(state), "evidence": [driving(passage)], "citations": [driving(citation)]}

    html = report(shown)

    assert html.count("]0;owned") > 30
    assert [char for char in html if char in "\x1b\x07\x9b\u202e\u2066\u202c"] == []
    assert "What the aggregator was told" in html


def test_lone_surrogates_can_be_written(result: Any, tmp_path: Path) -> None:
    first, *others = result["proposals"]
    html = report({**result, "proposals": [{**first, "text": "a\ud800b"}, *others]})

    (tmp_path / "x.html").write_text(html, encoding="utf-8")
    assert "a\ufffdb" in html


def test_what_came_back_from_a_server_is_shown_too(result: Any) -> None:
    """The SDK returns messages as dictionaries."""
    messages = [{**message_to_dict(m)["data"], "type": m.type} for m in result["messages"]]
    received = json.loads(json.dumps({**result, "messages": messages}))

    assert Page(report(received)).text == Page(report(result)).text


def test_a_run_that_waits_or_was_cut_says_so() -> None:
    moa: Any = create_moa(
        proposers=[says("one", "a")], aggregator=ScriptedModel(script="x"), checkpointer=InMemorySaver()
    )
    moa.invoke({"messages": [("user", "Which?")]}, THREAD, interrupt_before=["aggregate"])

    page = Page(report(moa.get_state(THREAD).values))

    assert "There is no answer yet." in page.text
    assert "one" in page.text
    assert "What the aggregator was told" not in page.text


def test_only_the_last_turn_is_shown() -> None:
    moa: Any = create_moa(
        proposers=[says(lambda messages: f"answer to {messages[-1].text}", "a"), says("x", "b"), says("y", "c")],
        aggregator=ScriptedModel(script="done"),
        checkpointer=InMemorySaver(),
    )
    moa.invoke({"messages": [("user", "first question")]}, THREAD)

    page = Page(report(moa.invoke({"messages": [("user", "second question")]}, THREAD)))

    assert page.text.count("answer to first question") == 0
    assert "after 2 earlier messages" in page.text
    assert "answer to second question" in page.text


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"quorum": Quorum(1)}, "cancelled"),
        ({"budget": Budget(calls=3, strict=False), "layers": 3}, "Budget(calls=3)"),
        ({"early_stop": EarlyStop(min_responses=2), "layers": 3}, "2 of 2 agree: 7; layer 2 skipped, 2 calls saved"),
        ({"aggregator": Vote()}, "vote: 2 of 2 for the answer of a"),
        ({"waves": (2,), "early_stop": EarlyStop(min_responses=2), "more": 1}, "the rest of the layer skipped"),
        ({"context_tokens": 4000}, "answer"),
        ({"limits": [Limits(provider="scripted", concurrency=1)]}, "7"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else "",
)
def test_each_way_that_a_run_goes_can_be_shown(options: Any, told: str) -> None:
    extra = [says("Final answer: 7", name) for name in "cd"[: options.pop("more", 0)]]
    slow = {"delay": 0.2} if "quorum" in options else {}
    shown = run(says("Final answer: 7", "a"), says("Final answer: 7", "b", **slow), *extra, **options)

    page = Page(report(shown))

    assert told in page.text
    assert page.tags <= ORDINARY


def test_days_of_waiting_do_not_squash_the_waterfall(result: Any) -> None:
    later = [{**p, "started": p["started"] + (p["layer"] - 1) * 3 * 86_400} for p in result["proposals"]]
    (last,) = result["run"]["aggregators"]
    aggregators = [{**last, "started": last["started"] + 7 * 86_400}]
    html = report({**result, "proposals": later, "run": {**result["run"], "aggregators": aggregators}})

    ends = [float(left) + float(width) for left, width in re.findall(r'"left:([\d.]+)%;width:([\d.]+)%"', html)]
    assert "without 2 pauses in which nothing was under way" in html
    assert max(ends) == pytest.approx(100, abs=2)


@pytest.mark.parametrize("state", [{}, {"messages": []}, {"messages": [("user", "x")]}])
def test_what_is_no_run_is_refused(state: Any) -> None:
    with pytest.raises(InputError, match="found a state without a run"):
        report(state)


def test_pictures_in_a_question_are_named() -> None:
    content = [{"type": "text", "text": "What is this?"}, {"type": "image", "url": "https://example.org/x.png"}]

    html = report(run(says("a cat", "a"), question=content))

    assert "[image]" in html
    assert "example.org" not in html


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_in_a_browser_it_opens_and_no_script_of_anybodys_runs(
    browser: Any, result: Any, tmp_path: Path, scheme: str
) -> None:
    file = tmp_path / "run.html"
    file.write_text(report(result), encoding="utf-8")

    tab, said = opened(browser, file, scheme=scheme)

    assert said == []
    assert tab.title().startswith("What is six times seven?")
    seen = tab.inner_text("body")
    for proposal in result["proposals"]:
        assert proposal["text"] in seen
    assert tab.locator("script, img").count() == 0
    background, ink = tab.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    light = [sum(map(int, re.findall(r"\d+", colour)[:3])) > 382 for colour in (background, ink)]
    assert light == ([True, False] if scheme == "light" else [False, True])


def test_in_a_narrow_window_nothing_runs_over(browser: Any, result: Any, tmp_path: Path) -> None:
    file = tmp_path / "run.html"
    long = {**result["proposals"][0], "text": "x" * 5000, "error": "y" * 3000}
    file.write_text(report({**result, "proposals": [long, *result["proposals"][1:]]}), encoding="utf-8")

    tab, _ = opened(browser, file, scheme="light", width=400)

    assert tab.evaluate("document.documentElement.scrollWidth") <= 400


def test_what_a_person_wrote_or_dropped_is_in_no_group(result: Any) -> None:
    first, second, *others = result["proposals"]
    reviewed = [{**first, "reviewed": "edited", "text": "mine"}, {**second, "reviewed": "dropped", "status": "dropped"}]

    page = Page(report({**result, "proposals": [*reviewed, *others]}))

    assert page.text.count("agrees: A") == 1
    assert "edited" in page.text


def test_what_was_thought_can_be_unfolded_and_is_text() -> None:
    thinks = run(
        says(f"<think>{SCRIPT} 46?</think>It is 42.", "ada"), aggregator=ScriptedModel(script="<think>Hm.</think>42")
    )

    html = report(thinks)
    page = Page(html)

    assert page.text.count("What was thought") == 2
    assert f"{SCRIPT} 46?" in page.text
    assert "Hm." in page.text
    assert "script" not in page.tags
    assert html.index("46?") > html.index("It is 42.")


def test_a_run_of_another_version_is_refused(result: Any) -> None:
    with pytest.raises(InputError, match=r"found a run of another version \('format 2: a"):
        report({**result, "run": {**result["run"], "mixture": "format 2: a | b"}})


def test_a_question_that_was_trimmed_away_is_not_made_up(result: Any) -> None:
    page = Page(report({**result, "messages": result["messages"][-1:]}))

    assert "(no longer in the state)" in page.text
    assert page.text.count("It is 42.\n") >= 1


def test_groups_are_told_by_letters_too(result: Any) -> None:
    badges = [card for card in Page(report(result)).with_class("badge") if "g0" in str(card["class"]).split()]

    assert len(badges) == 4  # two layers, two who agree, in the waterfall


def test_on_paper_it_is_light_and_has_its_bars(browser: Any, result: Any, tmp_path: Path) -> None:
    file = tmp_path / "run.html"
    file.write_text(report(result), encoding="utf-8")
    tab, _ = opened(browser, file, scheme="dark")

    tab.emulate_media(media="print", color_scheme="dark")

    style = "getComputedStyle(document.body)"
    track = "getComputedStyle(document.querySelector('.track'))"
    assert tab.evaluate(f"{style}.backgroundColor") == "rgb(255, 255, 255)"
    assert tab.evaluate(f"{track}.printColorAdjust") == "exact"
