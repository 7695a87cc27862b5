"""Who can read what is known by profiles, and by what servers refused."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langgraph_moa import ConfigError, InputError, Proposer
from langgraph_moa.core.models.servers import SERVERS
from langgraph_moa.core.offline.scripted import ScriptedModel
from langgraph_moa.core.panel.declared import Defaults
from langgraph_moa.core.panel.habits import HABITS
from langgraph_moa.core.panel.seating import seat_layers, seat_of
from langgraph_moa.core.panel.seats import Seat
from langgraph_moa.core.panel.sight import blind_to, check_read, kept_from
from pictures import PICTURE, asking

SOUND: Any = {"type": "audio", "base64": "QQ==", "mime_type": "audio/wav"}
ADDRESS: Any = {"type": "image", "url": "https://example.org/a.png"}


def seat(profile: Any = None, **options: Any) -> Seat:
    model = ScriptedModel(script="x", profile=profile)
    return seat_layers([Proposer(model, **options)], model, None, Defaults()).panel[0][0]


def test_a_profile_says_what_is_read_and_what_it_leaves_open_is_sent() -> None:
    both = [asking(PICTURE, SOUND)]

    assert blind_to(seat(), both) == set()
    assert blind_to(seat({"max_input_tokens": 9}), both) == set()
    assert blind_to(seat({"image_inputs": True, "audio_inputs": False}), both) == {"audio"}
    assert blind_to(seat({"image_inputs": False}), [asking(ADDRESS)]) == {"image_url"}
    assert blind_to(seat({"image_inputs": True, "image_url_inputs": False}), [asking(ADDRESS)]) == {"image_url"}
    assert blind_to(seat({"image_inputs": False}), [HumanMessage("hi")]) == set()


def test_what_a_server_refused_is_not_sent_again() -> None:
    asked = seat()
    try:
        HABITS.learn(asked, frozenset({"images"}))

        assert blind_to(asked, [asking(PICTURE, SOUND)]) == {"image"}
        assert kept_from(asked, [asking(PICTURE)]) == {"image"}
    finally:
        SERVERS.forget()


def test_only_a_proposer_that_is_asked_about_it_is_kept_from_it() -> None:
    blind: Any = {"image_inputs": False}
    earlier: list[Any] = [asking(PICTURE), AIMessage("A cat."), HumanMessage("Whose?")]

    assert kept_from(seat(blind), [asking(PICTURE)]) == {"image"}
    assert kept_from(seat(blind), earlier) == set()
    assert kept_from(seat(blind, unreadable="text"), [asking(PICTURE)]) == set()
    aggregator = seat_of(ScriptedModel(script="x", profile=blind), Defaults(), role="aggregator")
    assert kept_from(aggregator, [asking(PICTURE)]) == set()


def test_too_few_readers_are_refused() -> None:
    seeing, blind, told = seat(), seat({"image_inputs": False}), seat({"image_inputs": False}, unreadable="text")

    check_read([seeing, blind], [asking(PICTURE)])
    check_read([told], [asking(PICTURE)])
    check_read([blind], [HumanMessage("hi")])
    check_read([seeing], [asking(PICTURE)], needed=2)
    with pytest.raises(InputError, match="found a picture in the conversation"):
        check_read([blind], [asking(PICTURE)])
    with pytest.raises(InputError, match="at least 2 models"):
        check_read([seeing, blind], [asking(PICTURE)], needed=2)


def test_another_word_is_refused() -> None:
    with pytest.raises(ConfigError, match="found unreadable='drop' for 'scripted', expected 'skip' or 'text'"):
        seat(unreadable="drop")
