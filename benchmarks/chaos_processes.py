"""Kill a batch at random, and let two processes want the same thread and the same file."""

import json
import random
import signal
import subprocess
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

from chaos_outcomes import Outcome, told_badly  # and with it the folders of the tests' own

from batches import PANEL, Files, asked_in, names  # isort: skip
from commands import Output, finish, in_a_process  # isort: skip
from loopback import Loopback, Reply  # isort: skip
from reading import question_in  # isort: skip

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
EARLIEST_S, LATEST_S = 0.1, 1.2
"""When a process is killed, after it was started: while it begins, and while it works."""
GRACE_S = 30.0
CONCURRENCY = 4


def answer_for(server: Loopback, delay: float) -> None:
    """Let the aggregator answer with the question, so that each row says whose it is."""
    server.default = Reply("an opinion", delay=delay)
    server.say("last", lambda body: Reply(f"re {question_in(body['messages'][-1]['content'])}", delay=delay))


def of_rows(what: str, tried: str, files: Files, how_many: int, server: Loopback) -> Outcome:
    """Count rows, what was asked again, and what stays behind."""
    rows = list(files.whole_rows())
    ids = Counter(row["id"] for row in rows)
    requests = asked_in(server, 0, None)
    again = sum(count - 1 for count in requests.values())
    behind = names(files) - {files.questions.name, files.rows.name}
    return Outcome(
        what=what,
        tried=tried,
        lost=how_many - len(ids),
        doubled=sum(count - 1 for count in ids.values()),
        leaked=len(behind),
        mixed=sum(row["answer"] != f"re Question <{row['id']}>?" for row in rows if row["answer"] is not None),
        notes=f"{sum(requests.values()):,} requests, {again} of them paid again",
        wrong=[f"{len(failed)} rows with an error"] if (failed := [row for row in rows if row["error"]]) else [],
    )


def killed_at_random(folder: Path, server: Loopback, *, kills: int, questions: int, seed: int = 23) -> Outcome:
    """End one batch again and again, each time by a signal and at a time that a die says, and let it finish.

    Args:
        folder: For its files.
        server: Whom it asks.
        kills: How often.
        questions: Enough of them that it is not done before.
        seed: Of the die.
    """
    dice, files = random.Random(seed), Files(folder)
    files.ask(questions)
    answer_for(server, 0.1)
    sent: Counter[str] = Counter()
    wrong: list[str] = []
    flags = [*PANEL, "--concurrency", str(CONCURRENCY)]
    for _ in range(kills):
        process = in_a_process(*files.command(server, *flags))
        number = dice.choice(SIGNALS)
        with suppress(subprocess.TimeoutExpired):
            process.wait(dice.uniform(EARLIEST_S, LATEST_S))
        process.send_signal(number)
        try:
            _, err = process.communicate(timeout=GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            wrong.append(f"{number.name} ended nothing within {GRACE_S:g} s")
            continue
        wrong += told_badly(err)
        if process.returncode == 0:
            wrong.append(f"it was done after {sent.total()} kills")
            break
        sent[number.name.removeprefix("SIG")] += 1
    done = finish(in_a_process(*files.command(server, *flags)))
    each = ", ".join(f"{count} {name}" for name, count in sorted(sent.items()))
    outcome = of_rows("random kills of a batch", f"{questions} questions; {each}", files, questions, server)
    outcome.wrong += [*wrong, *([] if done.code == 0 else [f"exit code {done.code}"])]
    return outcome


def two_batches(folder: Path, server: Loopback, *, rounds: int, questions: int = 12) -> Outcome:
    """Start two batches at once that write to one file."""
    total = Outcome("two batches, one OUT", f"{rounds} times 2 processes", notes="")
    answer_for(server, 0.05)
    refused = 0
    for number in range(rounds):
        files = Files(folder / f"{number}")
        files.folder.mkdir()
        files.ask(questions)
        server.requests.clear()
        both = [in_a_process(*files.command(server, *PANEL)) for _ in range(2)]
        ends = [finish(process) for process in both]
        one = of_rows("", "", files, questions, server)
        total.lost += one.lost
        total.doubled += one.doubled
        total.leaked += one.leaked
        total.mixed += one.mixed
        total.wrong += one.wrong
        refused += _refused(ends, "found another batch at work on", total)
        if len(server.requests) != 4 * questions:
            total.wrong.append(f"{len(server.requests)} requests for {4 * questions}")
    total.notes = f"{refused} refused"
    return total


def two_on_a_thread(folder: Path, server: Loopback, *, rounds: int) -> Outcome:
    """Ask two questions at once on one thread: each is answered, or refused before it costs anything."""
    from langgraph.checkpoint.sqlite import SqliteSaver

    total = Outcome("two asks, one thread", f"{rounds} times 2 processes")
    answer_for(server, 0.05)
    store = folder / "store.db"
    flags = [*PANEL, "--base-url", server.url, "--thread", "t", "--store", str(store)]
    answered: list[str] = []
    refused = 0
    for number in range(rounds):
        questions = [f"Question <{number}{side}>?" for side in "ab"]
        ends = [finish(process) for process in [in_a_process("ask", each, *flags) for each in questions]]
        refused += _refused(ends, "at work in another process", total)
        for question, end in zip(questions, ends, strict=True):
            if end.code == 0:
                answered.append(question)
                total.mixed += end.out.strip() != f"re {question}"
    with SqliteSaver.from_conn_string(str(store)) as saver:
        there: Any = saver.get_tuple({"configurable": {"thread_id": "t"}})
    texts = [message.text for message in there.checkpoint["channel_values"]["messages"]]
    total.lost = sum(text not in texts for question in answered for text in (question, f"re {question}"))
    total.doubled = len(texts) - len(set(texts))
    total.mixed += sum(second != f"re {first}" for first, second in zip(texts[::2], texts[1::2], strict=True))
    total.leaked = len({path.name for path in folder.iterdir()} - {store.name})
    total.notes = f"{len(answered)} answered, {refused} refused"
    return total


def _refused(ends: list[Output], words: str, total: Outcome) -> int:
    """Count those that were refused, and note what ended otherwise."""
    for end in ends:
        total.wrong += told_badly(end.err)
        if end.code and words not in end.err:
            total.wrong.append(f"exit code {end.code}: {json.dumps(end.err[-200:])}")
    return sum(end.code != 0 and words in end.err for end in ends)
