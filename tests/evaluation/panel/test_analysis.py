"""A panel analysed: equal to plain counting on recorded answers, and honest about what it cannot know."""

import csv
import gzip
from itertools import combinations
from pathlib import Path
from random import Random
from statistics import fmean
from typing import Any

import pytest
from langgraph_moa import ConfigError, analyse_panel
from langgraph_moa.core.agreement.answers import short_answer
from langgraph_moa.evaluation.panel.analysis import PanelAnalysis, analysed
from langgraph_moa.evaluation.panel.page import panel_html
from langgraph_moa.evaluation.panel.votes import Ballots
from langgraph_moa.evaluation.stop_rules import is_right, vote
from recorded_panels import Lottery, recorded, recording, write_record
from replay import CRUX, DATA, GSM8K, WHY_NOT
from tables import each

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=WHY_NOT)
SETS = [("gsm", GSM8K[1].split(), 400), ("crux", CRUX[1].split(), 400)]


class Counted:
    """Count plainly, with no more than votes and right answers."""

    def __init__(self, name: str, members: Any, questions: int) -> None:
        with gzip.open(DATA / f"zeroeval_{name}_answers.csv.gz", "rt", encoding="utf-8") as table:
            rows = list(csv.DictReader(table))[:questions]
        self.gold = [short_answer(row["gold"]) for row in rows]
        self.answers = [[short_answer(row[m]) for m in members] for row in rows]
        self.judged = [n for n, gold in enumerate(self.gold) if gold]

    def right(self, n: int, member: int) -> bool:
        return is_right([self.answers[n][member]], self.gold[n])

    def vote(self, members: Any) -> float:
        return fmean(is_right(vote([self.answers[n][m] for m in members]), self.gold[n]) for n in self.judged)

    def ceiling(self, members: Any) -> float:
        return fmean(any(self.right(n, m) for m in members) for n in self.judged)


@pytest.fixture(scope="module", params=SETS, ids=lambda given: given[0])
def case(request: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[PanelAnalysis, Counted, list[str]]:
    name, panel, questions = request.param
    file = recorded(name, panel, tmp_path_factory.mktemp("panel") / f"{name}.jsonl", questions)
    return analyse_panel(file), Counted(name, panel, questions), list(panel)


@needs_data
def test_the_ceiling_members_and_the_curve_are_what_plain_counting_gives(case: Any) -> None:
    analysis, counted, names = case
    everyone = range(len(names))
    strengths = [fmean(counted.right(n, m) for n in counted.judged) for m in everyone]
    strongest = sorted(everyone, key=lambda m: (-strengths[m], m))

    assert analysis.judged == len(counted.judged)
    assert analysis.ceiling.share == pytest.approx(counted.ceiling(everyone))
    assert analysis.ceiling.best_share == pytest.approx(max(strengths))
    assert analysis.ceiling.vote == pytest.approx(counted.vote(strongest))
    for m, member in enumerate(analysis.members):
        others = [n for n in strongest if n != m]
        assert member.accuracy.mean == pytest.approx(strengths[m])
        assert member.adds
        assert member.adds.mean == pytest.approx(counted.vote(strongest) - counted.vote(others))
        assert member.alone == pytest.approx(counted.ceiling(everyone) - counted.ceiling(others))
    for point in analysis.curve.points:
        panels = list(combinations(strongest, point.size))
        assert point.panels == len(panels)
        assert point.vote
        assert point.vote.mean == pytest.approx(fmean(map(counted.vote, panels)))
        assert point.ceiling.mean == pytest.approx(fmean(map(counted.ceiling, panels)))


@needs_data
def test_what_each_step_of_the_selection_adds_is_what_plain_counting_gives(case: Any) -> None:
    analysis, counted, names = case
    order = [names.index(step.name) for step in analysis.steps]
    strengths = [member.accuracy.mean for member in analysis.members]

    before = 0.0
    for size, step in enumerate(analysis.steps, 1):
        panel = sorted(order[:size], key=lambda m: (-strengths[m], m))
        assert step.panel.mean == pytest.approx(counted.vote(panel))
        assert step.ceiling == pytest.approx(counted.ceiling(panel))
        if size > 1:
            assert step.adds
            assert step.adds.mean == pytest.approx(step.panel.mean - before)
        before = step.panel.mean
    chosen = [names.index(name) for name in analysis.recommendation.members]
    assert analysis.recommendation.gets
    assert analysis.recommendation.gets.mean == pytest.approx(counted.vote(chosen))


def test_who_is_right_where_the_others_err_is_chosen_before_who_is_stronger() -> None:
    questions = 90
    twin = ["1"] * 60 + ["2"] * 30
    columns = {
        "strong": twin,
        "like it": twin,
        "other": ["1"] * 30 + ["3"] * 30 + ["1"] * 30,
        "third": ["4"] * 30 + ["1"] * 60,
    }

    analysis = analysed(recording(columns, ["1"] * questions))

    assert set(analysis.recommendation.members) == {"strong", "other", "third"}
    assert analysis.recommendation.gets
    assert analysis.recommendation.gets.mean == 1.0
    assert analysis.correlations[0][1] == pytest.approx(1.0)


def test_where_nothing_can_be_won_one_model_is_recommended() -> None:
    dice = Random(3)
    strong = ["1" if dice.random() < 0.9 else "2" for _ in range(200)]
    weak = ["1" if answer == "1" and dice.random() < 0.6 else "2" for answer in strong]

    analysis = analysed(recording({"weak": weak, "strong": strong, "weaker": weak}, ["1"] * 200))

    assert analysis.recommendation.members == ["strong"]
    assert analysis.recommendation.settings == {"system": "single", "proposers": ["strong"]}
    assert analysis.ceiling.advice() is not None


def test_too_few_questions_recommend_nobody() -> None:
    analysis = analysed(recording({"a": ["1"] * 29, "b": ["2"] * 29}, ["1"] * 29))

    assert analysis.recommendation.members == []
    assert "too few" in analysis.recommendation.sentence


def test_marks_of_a_judge_are_enough(tmp_path: Path) -> None:
    rows = [
        {"id": n, "responses": {"a": {"text": "An essay.", "score": 0.4}, "b": {"text": "Another.", "score": n % 2}}}
        for n in range(40)
    ]

    analysis = analyse_panel(write_record(tmp_path / "r.jsonl", rows))

    assert not analysis.is_closed
    assert analysis.ceiling.share == pytest.approx(0.7)
    assert analysis.ceiling.vote is None
    assert analysis.members[1].adds is None
    assert analysis.curve.points[1].rank
    assert analysis.curve.points[1].rank.mean == pytest.approx(0.7)


def test_a_recorded_judge_is_played_again_for_each_size(tmp_path: Path) -> None:
    rows = [
        {"id": n, "gold": 1, "responses": {"a": {"answer": 1, "score": 0.2}, "b": {"answer": 2, "score": 0.9}}}
        for n in range(40)
    ]

    points = analyse_panel(write_record(tmp_path / "r.jsonl", rows)).curve.points

    assert [point.rank and point.rank.mean for point in points] == [0.5, 0.0]


def test_gold_may_come_in_a_later_file(tmp_path: Path) -> None:
    without = [{"id": n, "responses": {"a": {"answer": 1}}} for n in range(40)]
    with_gold = [{"id": n, "gold": 1, "responses": {"b": {"answer": n % 2}}} for n in range(40)]
    files = [write_record(tmp_path / f"{name}.jsonl", rows) for name, rows in (("x", without), ("y", with_gold))]

    one, other = analyse_panel(files), analyse_panel(files[::-1])

    assert [member.accuracy.mean for member in one.members] == [1.0, 0.5]
    assert [member.accuracy.mean for member in other.members] == [0.5, 1.0]


def test_votes_do_not_depend_on_who_is_named_first(tmp_path: Path) -> None:
    dice = Random(5)
    rows: list[dict[str, Any]] = [
        {"gold": 1, "responses": {name: 1 if dice.random() < 0.5 + 0.1 * n else 2 for n, name in enumerate("abcd")}}
        for _ in range(60)
    ]
    turned = [{**row, "responses": dict(reversed(list(row["responses"].items())))} for row in rows]

    one, other = (analyse_panel(write_record(tmp_path / f"{n}.jsonl", each)) for n, each in enumerate((rows, turned)))

    assert one.ceiling.vote == other.ceiling.vote == (one.curve.points[3].vote or one.curve.points[0].ceiling).mean
    assert [point.vote for point in one.curve.points] == [point.vote for point in other.curve.points]
    assert sorted((m.name, m.adds) for m in one.members) == sorted((m.name, m.adds) for m in other.members)


def test_samples_are_recommended_as_samples(tmp_path: Path) -> None:
    dice = Random(6)
    rows = [
        {"gold": 1, "responses": {f"m/{n}": 1 if dice.random() < 0.6 else 2 + dice.randrange(9) for n in range(1, 7)}}
        for _ in range(200)
    ]

    recommendation = analyse_panel(write_record(tmp_path / "r.jsonl", rows)).recommendation

    assert recommendation.settings["proposers"] == [{"model": "m", "samples": len(recommendation.members)}]


def test_a_few_questions_without_gold_do_not_end_the_vote(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"gold": 1, "responses": {"a": 1, "b": 1 + n % 2}} for n in range(50)]
    rows.append({"responses": {"a": {"text": "An essay.", "score": 0.5}, "b": {"score": 0.1}}})

    analysis = analyse_panel(write_record(tmp_path / "r.jsonl", rows))

    assert (analysis.judged, analysis.is_closed) == (50, True)
    assert any("not counted" in note for note in analysis.notes)


def test_marks_that_are_noise_make_nobody_sure(tmp_path: Path) -> None:
    dice = Random(7)
    rows = [{"responses": {name: {"text": "x", "score": dice.random()} for name in "abcdef"}} for _ in range(150)]

    recommendation = analyse_panel(write_record(tmp_path / "r.jsonl", rows)).recommendation

    assert "noise" in recommendation.sentence
    assert recommendation.sure.startswith("not very sure")


@each(
    ("what", "rows", "message"),
    [
        ("no gold", [{"responses": {"a": "1", "b": "2"}}], "no answer that could be graded"),
        ("one member", [{"responses": {"a": "1"}, "gold": 1}], "expected two or more"),
        ("another member", [{"responses": {"a": "1", "b": "1"}, "gold": 1}], "among --members"),
        ("neither", [{"answers": {"a": "1"}}], "found neither `responses` by model nor a batch's row in line 1"),
        ("a score", [{"responses": {"a": {"score": 7}, "b": "1"}}], "found 7 as `score` of a in line 1"),
        ("nothing", [], "expected two or more"),
        ("an id twice", [{"id": 1, "responses": {"a": "1", "b": "1"}}] * 2, "found the id '1' a second time in line 2"),
    ],
)
def test_what_cannot_be_analysed_is_told(what: str, rows: Any, message: str, tmp_path: Path) -> None:
    members = ["a", "c"] if what == "another member" else None

    with pytest.raises(ConfigError, match=message):
        analyse_panel(write_record(tmp_path / "r.jsonl", rows), members=members)


@pytest.mark.parametrize("panels", [6, pytest.param(200, marks=pytest.mark.soak)])
def test_recommended_panels_are_within_noise_of_the_best_and_intervals_hold(panels: int) -> None:
    """Draw panels of a known truth: what they get is measured on 2,000 questions more."""
    dice = Random(7)
    within = held = intervals = 0
    for _ in range(panels):
        lottery = Lottery([dice.uniform(0.5, 0.9) for _ in range(5)], dice.uniform(0.2, 0.8))
        analysis = analysed(lottery.draw(300, dice))
        truth = analysed_truth(lottery, dice)
        chosen = tuple(sorted(int(name[1:]) for name in analysis.recommendation.members))
        within += truth[chosen] >= max(truth.values()) - 0.03
        for member, strength in zip(analysis.members, lottery.strengths, strict=True):
            intervals += 1
            held += member.accuracy.low <= strength <= member.accuracy.high

    assert within / panels >= (0.9 if panels > 100 else 0.6)
    assert held / intervals >= (0.93 if panels > 100 else 0.85)


def analysed_truth(lottery: Lottery, dice: Random) -> dict[tuple[int, ...], float]:
    """Return what each panel gets, its strongest member declared first."""
    ballots = Ballots(lottery.draw(2_000, dice).rows)
    everyone = range(len(lottery.strengths))
    return {
        panel: fmean(ballots.marks(sorted(panel, key=lambda n: -lottery.strengths[n])))
        for size in range(1, len(everyone) + 1)
        for panel in combinations(everyone, size)
    }


@needs_data
def test_what_the_page_shows_is_what_plain_counting_gives(case: Any) -> None:
    analysis, counted, names = case
    right = [[counted.right(n, m) for n in counted.judged] for m in range(len(names))]

    page = panel_html(analysis)

    for m, column in enumerate(right):
        cells = [sum(b > a for a, b in zip(column, other, strict=True)) for other in right]
        assert analysis.saves[m] == cells
        assert "".join(f"<td>{'–' if m == n else cell}</td>" for n, cell in enumerate(cells)) in page
        assert f'class="name">{names[m]}</th><td>{100 * fmean(column):.1f} %</td>' in page


def test_who_saves_whom_is_what_plain_counting_gives() -> None:
    dice = Random(5)
    columns = {name: [dice.choice("12") for _ in range(50)] for name in "abc"}

    saves = analysed(recording(columns, ["1"] * 50)).saves

    for m, saved in enumerate(columns.values()):
        for n, saver in enumerate(columns.values()):
            assert saves[m][n] == sum(a == "2" and b == "1" for a, b in zip(saved, saver, strict=True))
