"""Keys and limits, without a server."""

import asyncio
import gc
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from endpoints import until
from langgraph_moa import ConfigError
from langgraph_moa.apps.serve.callers import SERVE_KEY_VARIABLE, Caller, read_callers
from langgraph_moa.apps.serve.refusals import Refusal

ANNA, BEN = "a1" * 10, "b2" * 10


def keys(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "keys"
    file.write_text(text, "utf-8")
    return file


def test_keys_come_from_a_file_and_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SERVE_KEY_VARIABLE, "c3" * 10)
    callers = read_callers(keys(tmp_path, f"# who may\n\nanna {ANNA}\n{BEN}\n"), at_once=2)

    assert callers.are_checked
    assert SERVE_KEY_VARIABLE not in os.environ, "only digests are held"
    names = [
        callers.of(f"{scheme} {key}").name for scheme, key in [("Bearer", ANNA), ("bearer", BEN), ("Bearer", "c3" * 10)]
    ]
    assert names == ["anna", "key 4", "environment"]
    assert ANNA not in repr(vars(callers)), "only digests are held"
    for header in (None, "", "Bearer", f"Basic {ANNA}", "Bearer anna", f"Bearer {ANNA}x", "Bearer \ud800"):
        with pytest.raises(Refusal) as refused:
            callers.of(header)
        assert refused.value.status == 401


def test_a_byte_order_mark_is_no_part_of_the_first_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SERVE_KEY_VARIABLE, raising=False)

    assert read_callers(keys(tmp_path, f"\ufeff{ANNA}\n")).of(f"Bearer {ANNA}").name == "key 1"
    assert read_callers(keys(tmp_path, f"\ufeff# who may\n{ANNA}\n")).of(f"Bearer {ANNA}").name == "key 2"


async def test_one_caller_has_two_threads_and_another_its_own() -> None:
    anna, ben = Caller("anna"), Caller("ben")
    begun, end = asyncio.Semaphore(0), threading.Event()
    loop = asyncio.get_running_loop()

    def hanging(number: int) -> int:
        loop.call_soon_threadsafe(begun.release)
        end.wait(60)
        return number

    work = [asyncio.create_task(anna.beside_the_loop(hanging, number)) for number in range(3)]
    for _ in range(2):
        await begun.acquire()
    assert await ben.beside_the_loop(int, "5") == 5
    assert begun.locked()
    work[2].cancel()
    end.set()

    assert await asyncio.gather(*work[:2]) == [0, 1]
    assert await anna.beside_the_loop(int, "6") == 6
    with pytest.raises(ZeroDivisionError):
        await anna.beside_the_loop(divmod, 1, 0)


async def test_what_fails_once_nobody_waits_is_nobodys_failure() -> None:
    anna, begun, end = Caller("anna"), asyncio.Event(), threading.Event()
    loop, failures = asyncio.get_running_loop(), list[Any]()
    loop.set_exception_handler(lambda loop, context: failures.append(context))

    def failing() -> None:
        loop.call_soon_threadsafe(begun.set)
        end.wait(60)
        raise ValueError

    work = asyncio.create_task(anna.beside_the_loop(failing))
    await begun.wait()
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    assert anna.under_way == 1
    end.set()
    await until(lambda: not anna.under_way)
    gc.collect()
    await asyncio.sleep(0)

    assert failures == []


def test_without_keys_everybody_on_this_machine_may_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SERVE_KEY_VARIABLE, raising=False)

    assert read_callers(None).of(None).name == "anyone"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "found no key in "),
        ("# nothing\n", "found no key in "),
        ("short\n", "found a key of 5 characters in line 1 of "),
        (f"a {ANNA} b\n", "found 3 words in line 1 of "),
        (f"a {ANNA}\nb {ANNA}\n", "found a key or a name twice, in line 2 of "),
        (f"a {ANNA}\na {BEN}\n", "found a key or a name twice, in line 2 of "),
    ],
)
def test_files_that_are_none(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read_callers(keys(tmp_path, text))

    assert str(refused.value).startswith(why)
    assert ANNA not in str(refused.value)


def test_a_folder_and_bytes_are_no_keys(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    for file in (tmp_path, tmp_path / "nowhere", tmp_path / "bytes"):
        with pytest.raises(ConfigError, match="expected"):
            read_callers(file)


def test_a_minute_holds_so_many_and_then_one_whenever_its_share_has_passed() -> None:
    now, waits = [100.0], list[float]()
    caller = Caller("anna", per_minute=3, clock=lambda: now[0])

    def may_ask() -> bool:
        try:
            with caller.asking():
                return True
        except Refusal as refusal:
            waits.append(refusal.again_s or 0)
            return False

    assert [may_ask() for _ in range(4)] == [True, True, True, False]
    now[0] += 19
    assert not may_ask()
    now[0] += 1
    assert [may_ask(), may_ask()] == [True, False]
    now[0] += 3600
    assert [may_ask() for _ in range(4)] == [True, True, True, False]
    assert waits == pytest.approx([20, 1, 20, 20])


def test_what_is_under_way_is_counted_also_where_it_fails() -> None:
    caller = Caller("anna", at_once=1)
    with pytest.raises(ValueError, match="x"), caller.asking():
        raise ValueError("x")
    with caller.asking(), pytest.raises(Refusal, match="1 requests of this key are under way"), caller.asking():
        pass

    assert caller.under_way == 0
