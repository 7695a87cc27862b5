"""Every reader of foreign text, as a function of one text: what test_hostile_texts.py holds to work in proportion."""

import asyncio
import io
import json
import re
import tempfile
from base64 import b64encode
from collections.abc import Callable
from contextlib import redirect_stderr, suppress
from pathlib import Path
from typing import Any

from langchain_core.documents import Document
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langgraph_moa.apps import screens, terminal
from langgraph_moa.apps.ask import lines
from langgraph_moa.apps.batch.formats import FORMATS
from langgraph_moa.apps.check.refusals import names_refused
from langgraph_moa.core import control_tokens
from langgraph_moa.core import text as texts
from langgraph_moa.core.agreement import (
    answers,
    boxes,
    closed,
    gold,
    marks,
    measures,
    notation,
    numerals,
    remarks,
    thoughts,
    turns,
    units,
    values,
    vote,
    whole_texts,
)
from langgraph_moa.core.bounds import claims
from langgraph_moa.core.errors import ConfigError
from langgraph_moa.core.evidence import citations, markers, passages, places, quotes, removal
from langgraph_moa.core.local import weights
from langgraph_moa.core.media.sizes import pages_in, pixels_in
from langgraph_moa.core.models import endings, objections, obstacles, servers
from langgraph_moa.core.offline import (
    arguments,
    arithmetic,
    documents,
    files,
    joining,
    library,
    model,
    pages,
    pieces,
    prompt,
    tools,
    words,
)
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.seating import seat_of
from langgraph_moa.core.run import origins, served
from langgraph_moa.core.wire import chunks, events, halves, refusals, sizes, wording
from langgraph_moa.core.wire import replies as wire_replies
from langgraph_moa.evaluation.batch import questions, reading, rows
from langgraph_moa.evaluation.grading import by_gold, verdicts
from langgraph_moa.evaluation.interchange import delimited, losses
from langgraph_moa.evaluation.panel import likeness
from langgraph_moa.graphs.adapters import structured
from langgraph_moa.nodes import choice, confidence, judge
from langgraph_moa.nodes.calls import degenerate, statuses, thinking
from langgraph_moa.nodes.calls import reading as replies
from langgraph_moa.nodes.disagreement import points
from langgraph_moa.nodes.evidence import retriever
from langgraph_moa.nodes.prompting import forced
from langgraph_moa.prompts import bundled, compose, echo_in, fence, pack, tools_in_words, with_thought
from records import a_proposal

Reader = Callable[[str], object]
_CITED = (" [E1]", "", " [E1, E2]")
_TOOL = {"type": "function", "function": {"name": "look", "parameters": {"properties": {"place": {"type": "string"}}}}}
_SCHEMA = {"properties": {"n": {"type": "integer"}, "words": {"type": "array", "items": {"type": "string"}},
                          "unit": {"enum": ["km", "mile"]}}, "required": ["words"]}  # fmt: skip


def _evidence(text: str) -> list[Any]:
    passage = {"source": "a.md", "found_by": ["a"], "score": 1.0, "metadata": {}}
    return [{**passage, "id": "E1", "text": text}, {**passage, "id": "E2", "text": "The lamp is green."}]


def _echo(text: str) -> object:  # an answer that repeats a nonce, so that its prompt is read as well
    fenced = fence([text])
    return echo_in(f"{text} {fenced[:30]}", [fenced], [text])


def _refused_by_a_server(text: str) -> object:
    raw = [w.encode("utf-8", "replace") for w in (text, json.dumps({"error": {"message": text, "param": text}}))]
    errors = [refusals.refusal(s, b, url="http://a/v1", location=None, secrets=[]) for b in raw for s in (400, 500)]
    parts: Any = frozenset("stream_options streaming system_role repeated_roles tool_choice max_tokens".split())
    named = [names_refused(part, error) for error in errors for part in ("n", "tools", "images", "system")]
    return named, [(objections.may_be_left_out(error, parts), objections.is_refusal(error)) for error in errors]


def _told_by_a_server(text: str) -> object:
    fields = {"message": text, "code": text, "param": "n"}
    errors = [ValueError(text), ValueError({"error": fields}), ValueError(f"maximum context length is {text}")]
    return [(obstacles.obstacle_of(error), obstacles.most_choices(error)) for error in errors]


def _ended(text: str) -> object:
    reasons = [text, text[:1_990], text.replace(" ", "stop")[:1_990], text.split()]
    errors = [text, text.replace(" ", " content exists risk")]
    return [endings.ending_of(reason) for reason in reasons], [endings.error_status([each], each) for each in errors]


def _listed(text: str) -> None:
    for body in (text, json.dumps({"data": [{"id": text}, {"id": "a", "max_model_len": text}]})):
        with suppress(ConfigError):
            servers._read(body.encode(), "http://127.0.0.1/v1")
    servers.told_names([text[:200], *text.split()[:1_000]], "model")


def _cited(text: str) -> None:
    evidence = _evidence(text[: len(text) // 4])
    for answer in (text, f"“{text}” [E1] “{text[:-1]} y” [E1]"):
        read, found = citations.examine_citations(answer, evidence)
        removal.without_wrong(answer, read, found)
        removal.without_wrong(answer, [{**citation, "problem": "no"} for citation in read], found)
        markers.without_markers(answer)


def _quoted(text: str) -> None:
    views = places.views_of(text)
    blocks = quotes.blocks_in(text)
    signless = quotes.without_signs(text, blocks)
    marked = quotes.marked_quotes(f"“a b” {signless}")
    quotes.outermost([*marked, *quotes.quotes_of_blocks(signless, blocks, [(9, 12)])])
    for quote in [*(quote.text for quote in marked[:3]), f"a {text[:5_000]} a", f"{text[:9]} … {text[-9:]}"]:
        places.quote_place(quote, text, views)


def _a_file(read: Callable[[Path], object], text: str, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_text(text, encoding="utf-8", newline="")
        with suppress(ConfigError):
            read(path)


def _indexed(path: Path) -> object:
    return library.Library(documents.passages_in(path.name, path, code=True, unread=[]), "porter unicode61")


def _paragraphs(text: str) -> object:
    whole = pages._HYPHENATED.sub("", text) + "".join(pages._WORD.findall(text))
    return [pages.clean(part) for part in pages._PARAGRAPH_END.split(whole)]


def _printed(text: str) -> None:
    event = {"proposer": "a", "status": "ok", "seconds": 1.0, "error": None, "text": text}
    lines.outcome_line(event, 78)
    lines.outcome_line({**event, "status": "error", "error": text}, 78)
    lines.interrupted([a_proposal(text)])
    with redirect_stderr(io.StringIO()):
        terminal.print_error(text)


def _compared(text: str) -> None:
    for two in ([text, text + "y", "x"], [f"Final answer: {text}", f"\\boxed{{{text}", "x"]):
        closed.closed_answers()(two)
        measures.medoid(two, range(3))


def _voted(text: str) -> None:
    proposals = [a_proposal(text, "a"), a_proposal(f"{text}\nFinal answer: 1", "b"), a_proposal("1", "c")]
    vote.best_proposal(proposals)
    asyncio.run(vote.count_votes(vote.Vote(), proposals))


def _gold(text: str) -> None:
    five, km = values.FinalAnswer(("number", 5), "", "5"), values.FinalAnswer(("number", 5), "km", "5 km")
    lima, glued = (values.FinalAnswer(("words", words), "", words) for words in ("lima", "AC"))
    one, two = (values.FinalAnswer(value, "", "") for value in (("letter", "A"), ("letters", ("A", "C"))))
    for answer, right in ((five, km), (km, five), (lima, lima), (lima, one), (glued, two)):
        gold.is_gold(answer, right, text)


def _history(text: str) -> object:
    called = AIMessage("", tool_calls=[{"name": "look", "args": {"at": text}, "id": "1"}])
    return tools_in_words([HumanMessage(text), called, ToolMessage(text, tool_call_id="1")])


def _composed(text: str) -> object:
    return compose([HumanMessage(text)], [text], template=bundled("synthesis"), system_prompt=text)


def _filled(text: str) -> None:
    with suppress(LookupError):
        arguments.ArgumentForm(text, tools.OfferedTool("look", "Look for words.", _SCHEMA), forced=False).fill(_SCHEMA)


def _structured(text: str) -> object:
    form = structured.make_form({"title": "A", "description": "a", **_SCHEMA}, method="json_mode", strict=None)
    return structured.read(form, AIMessage(text))


def _graded(text: str) -> None:
    for right in ("5 km", text):
        question = questions.Question(id="a", messages=[{"role": "user", "content": text}], gold=right)
        by_gold.exact(question, text)
        by_gold.closed(question, text)


def _replied(text: str) -> object:
    parts: Any = [{"type": "thinking", "thinking": [{"text": text}]}, {"type": "x", "text": text}, {"type": "image"}]
    message = AIMessage(parts, additional_kwargs={"refusal": text, "reasoning_content": text})
    message.response_metadata = {"finish_reason": text, "model_name": text}
    seat = seat_of("offline:words", Defaults(), role="proposer")
    return statuses._status_of(replies.read_message(message, seat), "proposer", frozenset())


def _parted(text: str) -> object:
    splitter = thinking.Splitter()
    pieces = [*map(splitter.feed, (text[start : start + 50] for start in range(0, len(text), 50)))]
    return [*pieces, splitter.end(), thinking.split_thinking(text), thinking.split_thinking(f"<think>{text}")]


def _fed(body: bytes) -> object:
    reader = events.Events()
    return [[*sizes._PART.finditer(body)], [reader.feed(body[at : at + 1_000]) for at in range(0, len(body), 1_000)]]


def _streamed(text: str) -> object:
    answer = chunks.StreamedAnswer(provider="", model="", secrets=[])
    words = [{"name": word[:20] if n < 100 else None, "arguments": word} for n, word in enumerate(text.split())]
    calls = [{"index": n % 100, "id": f"i{n % 100}", "function": word} for n, word in enumerate(words)]
    pieces = [{"choices": [{"delta": {"tool_calls": calls[start : start + 20]}}]} for start in range(0, len(calls), 20)]
    return [answer.chunk(json.dumps(piece).encode()) for piece in pieces]


def _answering(text: str) -> bytes:
    calls = [{"id": "i", "function": {"name": "f", "arguments": text}}]
    return json.dumps({"choices": [{"message": {"content": text, "tool_calls": calls}}]}).encode()


READERS: dict[str, Reader] = {
    "prompts/fence.py": lambda text: fence([text], labels=[text[:1_000]]),
    "prompts/thought.py": lambda text: with_thought("", text),
    "prompts/echo.py": _echo,
    "prompts/pack.py": lambda text: [pack([text, text, "a"], len(text)), pack([text], 200)],
    "prompts/history.py": _history,
    "prompts/compose.py": _composed,
    "core/control_tokens.py": lambda text: [
        control_tokens.neutralised(text),
        control_tokens.only_tokens(text),
        control_tokens.without_last_tokens(text + "</s>" * (len(text) // 4)),
    ],
    "core/text.py: redact": texts.redact,
    "core/text.py: one_line": texts.one_line,
    "core/text.py: escaped": texts.escaped,
    "core/text.py: printable": texts.printable,
    "core/text.py: plain": texts.plain,
    "core/text.py: shows_nothing": lambda text: [texts.shows_nothing(text), texts.shows_nothing("\u200b" * len(text))],
    "core/text.py: strike_out": lambda text: texts.strike_out(text, ["a/b&c 'secret' of-16", text[:64]]),
    "core/text.py: tokens_at_most": texts.tokens_at_most,
    "core/text.py: is_secret": texts.is_secret,
    "core/agreement/answers.py: final_answer": answers.final_answer,
    "core/agreement/answers.py: read_answer": answers.read_answer,
    "core/agreement/answers.py: short_answer": answers.short_answer,
    "core/agreement/answers.py: within bounds": lambda text: [
        answers.read_answer(text[:length] + end) for length in (190, 1_990) for end in ("", ")", "$", " km")
    ],
    "core/agreement/marks.py": marks.marked_answers,
    "core/agreement/marks.py: at the end": lambda text: [
        marks.marked_answers(f"{mark}{text[:5_900]}") for mark in ("Final answer: ", "Final answer:\n", "#### 1", "```")
    ],
    "core/agreement/boxes.py": lambda text: [
        marks.marked_answers(each) for each in (f"{text} $\\boxed{{1}}$", f"\\boxed{{1}} {text[:5_900]}")
    ],
    "core/agreement/boxes.py: leads_in": lambda text: [
        boxes.leads_in(*two) for two in ((text[:6_000], ""), (f"{text[:6_000]} is ", text), ("", text))
    ],
    "core/agreement/thoughts.py": lambda text: [thoughts.without_thoughts(f"{tag}{text}") for tag in ("", "<think>")],
    "core/agreement/standing.py": lambda text: [
        marks.marked_answers(f"{text}{end}") for end in ('\n{"answer": 1}', ":\n- Answer: 1", "<answer>1</answer>")
    ],
    "core/agreement/turns.py": lambda text: [turns.own_part(text), turns.own_part(f"6\n{text}")],
    "core/agreement/notation.py": lambda text: [notation.normalised(notation.stripped(text)), notation.json_text(text)],
    "core/agreement/numerals.py": lambda text: [f(text[:200], "") for f in (numerals.read_date, numerals.read_number)],
    "core/media/sizes.py": lambda text: [
        read.__wrapped__(b64encode(head + text.encode("utf-8", "replace")).decode())
        for read, head in ((pages_in, b"/ObjStm>>stream\n"), (pixels_in, b"\xff\xd8"))
    ],
    "core/agreement/remarks.py": lambda text: [
        remarks.adds_nothing(text[:6_000], "1"),
        remarks.first_sentence(text[:6_000]),
        [remarks.retracts(text[:6_000]), remarks.is_taken_back(text)],
    ],
    "core/agreement/units.py": lambda text: [units.read_unit(text[:200], gap=True), units.known_unit(text[:200])],
    "core/agreement/values.py": lambda text: [
        values.is_formula(values.FinalAnswer(("words", text), "", text[:199])),
        values.literal_value(text[:2_000]),
    ],
    "core/agreement/gold.py": _gold,
    "core/agreement/closed.py and core/agreement/measures.py": _compared,
    "core/agreement/whole_texts.py": lambda text: whole_texts.near_duplicates()([text, f"{text[:-9]}y", "x"]),
    "core/agreement/vote.py": _voted,
    "core/evidence/bracketed.py, core/evidence/markers.py, core/evidence/beside.py, core/evidence/removal.py, "
    "core/evidence/wording.py": _cited,
    "core/evidence/passages.py": lambda text: [
        passages.highest_id([text], [text]),
        passages.fuse({"a": passages.found_of([Document(text, metadata={"source": text})], text)}, limit=3),
    ],
    "core/evidence/quotes.py, core/evidence/folding.py and core/evidence/places.py": _quoted,
    "core/models/obstacles.py": _told_by_a_server,
    "core/models/endings.py and core/models/reasons.py": _ended,
    "core/models/objections.py, apps/check/refusals.py and core/media/refusals.py": _refused_by_a_server,
    "core/run/origins.py": lambda text: origins.joined(text, [a_proposal(text, "a"), a_proposal("x", "b")]),
    "core/wire/events.py: lines": lambda text: _fed(
        f"data: {text.replace(' ', chr(10) + 'data:')}".encode(errors="replace")
    ),
    "core/wire/chunks.py": _streamed,
    "core/wire/halves.py": lambda text: [
        halves.Halves().written(0, each) for each in (text, "\\ud83d" * (len(text) // 6), "\\" * len(text))
    ],
    "core/wire/events.py and core/wire/sizes.py": lambda text: _fed(f"data: {text}\n\n".encode("utf-8", "replace")),
    "core/wire/replies.py": lambda text: wire_replies.answers_of(_answering(text), provider="", model="", secrets=[]),
    "core/wire/refusals.py": lambda text: refusals.refusal(
        400, text.encode("utf-8", "replace"), url="http://a/v1", location=text, secrets=["a-secret-of-16-letters"]
    ),
    "core/wire/wording.py": lambda text: [
        wording.words_in(each) for each in (text, f"<title>{text}", {"error": text}, json.dumps({"detail": [text]}))
    ],
    "core/models/servers.py": _listed,
    "core/local/weights.py": weights._REASON.search,
    "core/run/served.py": lambda text: [
        served.same_models([served.Asked(each, text) for each in (text, "a")]),
        served.is_another("a", text),
    ],
    "core/offline/prompt.py": lambda text: [
        prompt.read_prompt([HumanMessage(text)]),
        prompt.read_prompt([AIMessage(""), ToolMessage(text, tool_call_id="1")]),
    ],
    "core/offline/arithmetic.py": arithmetic.work_out,
    "core/offline/arguments.py": _filled,
    "core/offline/tools.py": lambda text: tools.OfferedTool("look", text).shared_with(text),
    "core/offline/joining.py": lambda text: [
        joining.combine([text, text + "\ny", "z"], text[:2_000]),
        [read([text, text + "\ny = 2"]) for read in (joining.choose, lambda both: joining.compare_lines(both, "lamp"))],
        (joining.parts_of(text), joining.combine([f"“{line}” (a)" for line in text.split()], "lamp")),
    ],
    "core/bounds/claims.py": lambda text: claims.lone_texts([text, f"{text} x", "y", text[:999]], range(4)),
    "core/offline/words.py": lambda text: [words.sought_in(text), words.for_index(text)],
    "core/offline/pieces.py": lambda text: [
        *pieces.spans_of(text, 300),
        pieces.part_about.__wrapped__(text, "lamp 保修期", 300),
    ],
    "core/offline/documents.py": lambda text: _a_file(_indexed, text, "a.md"),
    "core/offline/documents.py: front matter": lambda text: _a_file(_indexed, f"---\na: {text}", "a.md"),
    "core/offline/tables.py": lambda text: _a_file(_indexed, text, "a.csv"),
    "core/offline/files.py": lambda text: files._is_western(text),
    "core/offline/pages.py: PDF's text": _paragraphs,
    "core/offline/pages.py: HTML": lambda text: _a_file(_indexed, text, "a.html"),
    "core/offline/model.py": lambda text: model.OfflineModel.of("stems")._answer([HumanMessage(text)], {}),
    "nodes/evidence/retriever.py": lambda text: [retriever._LISTED.sub("", line) for line in text.splitlines()],
    "nodes/choice.py": lambda text: choice.read_choice(text, 6),
    "nodes/confidence.py": confidence.read_probability,
    "nodes/disagreement/points.py": lambda text: (points._NUMBER.fullmatch(text), points._CASE.sub("_", text)),
    "nodes/judge.py": lambda text: judge.read_groups(text, 6),
    "nodes/prompting/forced.py": lambda text: [[*forced.calls_in(x, [_TOOL])] for x in (text, f"```json\n{text}\n```")],
    "nodes/calls/reading.py": _replied,
    "nodes/calls/thinking.py": _parted,
    "nodes/calls/degenerate.py": lambda text: degenerate.repeated_piece(text, cut=True),
    "evaluation/grading/verdicts.py": lambda text: [verdicts.read_better(text), verdicts.read_score(text)],
    "evaluation/grading/by_gold.py": _graded,
    "evaluation/batch/reading.py": lambda text: _a_file(lambda path: list(reading.read_questions(path)), text, "a"),
    "evaluation/batch/rows.py": lambda text: rows._ID.match(b'{"id": "' + text.encode()),
    "evaluation/panel/likeness.py": lambda text: likeness.likeness_to(text, [text, text[::-1]]),
    "evaluation/interchange/delimited.py": lambda t: _a_file(
        lambda p: [*delimited.csv_rows(p, losses.Losses())], t, "a.csv"
    ),
    "graphs/adapters/structured.py": _structured,
    "apps/batch/formats.py": lambda text: _a_file(lambda path: list(FORMATS["mt_bench"].read(path)), text, "a"),
    "apps/terminal.py and apps/ask/lines.py": _printed,
    "apps/screens.py": lambda text: [list(screens.wrapped(text, width)) for width in (1, 80, 999_999)],
}
TOO_SLOW: dict[str, Reader] = {
    "quadratic": lambda text: re.search(r"a+b", text[: len(text) // 20]),
    "endless": lambda text: re.search(r"(?:a|a)+b", text),
}
"""What no reader may be."""
NO_READERS = {
    **dict.fromkeys(("apps/piped.py", "nodes/calls/hearing.py"), "names of files and models, which a user gives"),
    **dict.fromkeys(("core/wire/connections.py", "core/run/cadence.py"), "addresses and an option, a user's; bounded"),
    **dict.fromkeys(("core/models/credentials.py", "apps/settings/caching.py"), "names that a user declares; bounded"),
    "core/offline/scripted.py": "a script, which a test writes",
    **dict.fromkeys(("core/panel/names.py", "evaluation/comparing/in_turn.py"), "names, which a user declares"),
    **dict.fromkeys(("graphs/adapters/tool_and_node.py", "evaluation/batch/repeats.py"), "a name or id, of a user's"),
    "evaluation/panel/gathering.py": "names of members, of 80 characters",
}
"""Sources with patterns that read nothing of a stranger's, and why."""
