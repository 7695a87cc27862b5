"""A provider's limits hold over layers, runs and event loops; retries are the client's own business."""

import asyncio
import time
from functools import partial
from typing import Any

import pytest
from langgraph_moa import AllProposersFailed, ConfigError, Limits, Quorum, create_moa, resolve_model
from langgraph_moa.core.offline.scripted import ScriptedModel
from loopback import Loopback, Reply
from reading import user

QUESTION = user("Which?")


class Crowd(ScriptedModel):
    """Count how many are asked at once."""

    async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
        inside.append(1)
        most.append(len(inside))
        await asyncio.sleep(0.005)
        inside.pop()
        return await super()._agenerate(*args, **kwargs)


inside: list[int] = []
most: list[int] = []


def crowd(limits: Limits) -> Any:
    inside.clear()
    most.clear()
    model = Crowd(script="x")
    return create_moa(proposers=[model] * 6, aggregator=model, layers=3, limits=[limits])


async def test_no_more_than_so_many_at_once_over_layers_and_runs() -> None:
    limits = Limits(provider=type(Crowd(script="")).__module__.partition(".")[0], concurrency=3)
    moa = crowd(limits)

    await asyncio.gather(*(moa.ainvoke(QUESTION) for _ in range(5)))

    assert (max(most), len(most)) == (3, 5 * 13)


async def test_the_sync_api_waits_in_the_same_line() -> None:
    limits = Limits(provider=type(Crowd(script="")).__module__.partition(".")[0], concurrency=2)
    moa = crowd(limits)

    await asyncio.gather(*(asyncio.to_thread(moa.invoke, QUESTION) for _ in range(3)), moa.ainvoke(QUESTION))

    assert (max(most), len(most)) == (2, 4 * 13)


async def test_a_slot_is_given_back_by_whoever_is_cancelled() -> None:
    limits = Limits(provider="x", concurrency=1)

    async def hold(seconds: float) -> str:
        async with limits:
            await asyncio.sleep(seconds)
        return "done"

    holder = asyncio.create_task(hold(60))
    await asyncio.sleep(0)
    waiting = [asyncio.create_task(hold(0)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    holder.cancel()
    waiting[1].cancel()

    assert await asyncio.wait_for(waiting[2], 10) == "done"
    assert await asyncio.wait_for(hold(0), 10) == "done"


async def test_a_slot_handed_over_in_the_instant_of_cancellation_is_passed_on() -> None:
    limits = Limits(provider="x", concurrency=1)
    await limits.__aenter__()
    turns = [asyncio.create_task(limits.__aenter__()) for _ in range(2)]
    await asyncio.sleep(0)

    await limits.__aexit__()  # hands the slot to the first ...
    turns[0].cancel()  # ... who is cancelled before it can take it

    await asyncio.wait_for(turns[1], 10)


async def test_so_many_a_second(loopback: Loopback) -> None:
    limits = Limits(provider="openai", per_second=50)
    resolve = partial(resolve_model, base_url=loopback.url)
    moa = create_moa(proposers=["m0"] * 9, aggregator="m1", resolve=resolve, limits=[limits])
    started = time.perf_counter()

    result = await moa.ainvoke(QUESTION)

    assert result["run"]["degraded"] is None
    assert time.perf_counter() - started >= 9 / 50  # never faster than allowed, however fast the machine


async def test_waiting_for_a_turn_does_not_count_as_the_models_time(loopback: Loopback) -> None:
    loopback.default = Reply("fine", delay=0.5)
    resolve = partial(resolve_model, base_url=loopback.url)
    limits = Limits(provider="openai", concurrency=1)
    moa = create_moa(proposers=["m"] * 4, aggregator="m", resolve=resolve, limits=[limits], timeout=1.9)

    result = await moa.ainvoke(QUESTION)

    assert [p["status"] for p in result["proposals"]] == ["ok"] * 4


async def test_a_quorum_ends_the_wait_for_a_turn(loopback: Loopback) -> None:
    resolve = partial(resolve_model, base_url=loopback.url)
    limits = Limits(provider="openai", concurrency=1)
    moa = create_moa(proposers=["m"] * 4, aggregator="m", resolve=resolve, limits=[limits], quorum=Quorum(2))

    result = await moa.ainvoke(QUESTION)

    statuses = [p["status"] for p in result["proposals"]]
    assert statuses.count("ok") == 2
    assert {p["calls"] for p in result["proposals"] if p["status"] == "cancelled"} <= {0, 1}
    assert result["messages"][-1].text == "answer of m"


async def test_another_providers_limit_holds_nobody(loopback: Loopback) -> None:
    resolve = partial(resolve_model, base_url=loopback.url)
    limits = Limits(provider="anthropic", concurrency=1)

    async with limits:
        result = await create_moa(proposers=["m"], aggregator="m", resolve=resolve, limits=[limits]).ainvoke(QUESTION)

    assert result["run"]["degraded"] is None


RETRIES: list[tuple[list[Reply], str, int, int | None]] = [
    ([Reply(status=429, headers={"Retry-After": "0", "x-should-retry": "true"}), Reply("fine")], "ok", 2, 1),
    ([Reply(status=429, headers={"Retry-After": "0", "x-should-retry": "true"})] * 9, "rate_limited", 3, 2),
    ([Reply(status=500, headers={"retry-after-ms": "1", "x-should-retry": "true"})] * 9, "error", 3, 2),
    ([Reply("fine")], "ok", 1, 0),
]


@pytest.mark.parametrize(("replies", "status", "requests", "retries"), RETRIES)
@pytest.mark.parametrize("role", ["proposer", "aggregator"])
async def test_only_the_client_retries_and_its_retries_are_told(
    loopback: Loopback, role: str, replies: list[Reply], status: str, requests: int, retries: int
) -> None:
    script = iter(replies)
    loopback.say("shaky", lambda body: next(script))
    resolve = partial(resolve_model, base_url=loopback.url)
    proposers = ["shaky", "m1"] if role == "proposer" else ["m0", "m1"]
    aggregator = "m2" if role == "proposer" else "shaky"

    result = await create_moa(proposers=proposers, aggregator=aggregator, resolve=resolve).ainvoke(QUESTION)

    assert len(loopback.asked("shaky")) == requests
    call = result["proposals"][0] if role == "proposer" else result["run"]["aggregators"][0]
    assert (call["status"], call["retries"]) == (status, retries)


async def test_retry_after_is_honoured(loopback: Loopback) -> None:
    times: list[float] = []

    def script(body: dict[str, Any]) -> Reply:
        times.append(time.perf_counter())
        wait = {"Retry-After": "1", "x-should-retry": "true"}
        return Reply(status=429, headers=wait) if len(times) == 1 else Reply("fine")

    loopback.say("m0", script)
    resolve = partial(resolve_model, base_url=loopback.url)

    result = await create_moa(proposers=["m0"], aggregator="m1", resolve=resolve).ainvoke(QUESTION)

    assert result["proposals"][0]["status"] == "ok"
    assert times[1] - times[0] >= 1.0


async def test_a_model_of_ones_own_has_no_count_of_retries() -> None:
    result = await create_moa(proposers=[ScriptedModel(script="x")], aggregator="offline:words").ainvoke(QUESTION)

    assert result["proposals"][0]["retries"] is None


REFUSED: list[tuple[Any, str]] = [
    (Limits(provider="x"), "found Limits for 'x' without a limit"),
    (Limits(provider="x", concurrency=0), "found concurrency=0 for 'x'"),
    (Limits(provider="x", per_second=0), "found per_second=0 for 'x'"),
    ("x", "found 'x' among limits"),
]


@pytest.mark.parametrize(("limits", "expected"), REFUSED)
def test_wrong_limits_are_refused(limits: Any, expected: str) -> None:
    with pytest.raises(ConfigError, match=expected):
        create_moa(proposers=["offline:words"], aggregator="offline:words", limits=[limits])


def test_failing_after_retries_names_the_reason(loopback: Loopback) -> None:
    loopback.default = Reply(status=429)
    resolve = partial(resolve_model, base_url=loopback.url)

    with pytest.raises(AllProposersFailed, match="m0: rate_limited"):
        create_moa(proposers=["m0"], aggregator="m1", resolve=resolve).invoke(QUESTION)


async def test_a_slot_is_given_back_by_who_was_cancelled_before_its_time_came() -> None:
    limits = Limits(provider="x", concurrency=1, per_second=0.01)
    limits._rate[0].available_tokens = 0

    async def enter() -> None:
        async with limits:
            pass

    waiting = asyncio.create_task(enter())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    assert limits._taken == []


def test_whoever_left_with_its_event_loop_is_passed_over() -> None:
    limits = Limits(provider="x", concurrency=1)
    asyncio.run(limits._take())
    gone = asyncio.new_event_loop()
    limits._waiting.append((gone, gone.create_future()))
    gone.close()

    limits._give_back()

    assert limits._taken == []


async def test_two_limits_in_two_orders_do_not_lock_each_other() -> None:
    provider = type(Crowd(script="")).__module__.partition(".")[0]
    one, other = (Limits(provider=provider, concurrency=1) for _ in range(2))
    model = Crowd(script="x")
    mixtures = [
        create_moa(proposers=[model] * 4, aggregator=model, limits=limits) for limits in ([one, other], [other, one])
    ]

    async with asyncio.timeout(30):
        results = await asyncio.gather(*(moa.ainvoke(QUESTION) for moa in mixtures * 4))

    assert all(result["run"]["stopped"] == "completed" for result in results)


def test_a_mistyped_provider_is_refused_and_another_one_is_not() -> None:
    models: Any = {"proposers": ["offline:words"], "aggregator": "offline:words"}
    create_moa(**models, limits=[Limits(provider="anthropic", concurrency=1)])

    with pytest.raises(ConfigError, match="found Limits for 'ofline'; did you mean 'offline'"):
        create_moa(**models, limits=[Limits(provider="ofline", concurrency=1)])
    with pytest.raises(ConfigError, match="found provider=3"):
        create_moa(**models, limits=[Limits(provider=3, concurrency=1)])  # type: ignore[arg-type]
