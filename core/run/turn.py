"""Read one turn out of the state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

from langchain_core.messages import AnyMessage

from ..errors import InputError
from ..text import question_in
from .cited import Evidence
from .conversation import digest_of
from .disagreement import Disagreement, still_true
from .records import USABLE, Place, Proposal, Report, Verdict, place_of
from .state import MoAState


@dataclass(frozen=True)
class Turn:
    """Hold what this turn has come to so far: nodes read the state through it, and never see another turn's.

    turn = Turn.of(state)
    turn.references(2)      # what layer 2 is shown of layer 1
    """

    id: str
    """The digest of the conversation that is answered: an edited message is another turn, whatever its id."""
    messages: Sequence[AnyMessage]
    run: Report | None
    """The thread's last report, which may be another turn's."""
    _proposals: Sequence[Proposal]
    _verdicts: Sequence[Verdict]
    _evidence: Sequence[Evidence]
    _disagreement: Disagreement | None = None

    @classmethod
    def of(cls, state: MoAState) -> "Turn":
        """Read the turn that answers the last message.

        Raises:
            InputError: There is no message to answer.
        """
        if not state.get("messages"):
            raise InputError(
                "found no messages, expected a conversation; start with {'messages': [('user', 'a question')]}"
            )
        turn = digest_of(state["messages"])
        proposals = [p for p in state.get("proposals", []) if p["turn"] == turn]
        verdicts = [v for v in state.get("verdicts", []) if v["turn"] == turn]
        evidence = cast("list[Evidence]", state.get("evidence") or [])
        compared = state.get("disagreement")
        compared = compared if compared and compared.get("turn") == turn else None
        return cls(turn, state["messages"], state.get("run"), proposals, verdicts, evidence, compared)

    @cached_property
    def _layers(self) -> Mapping[int, list[Proposal]]:
        """Sort the proposals by layer, once for all that a node wants to know of them."""
        layers: dict[int, list[Proposal]] = {}
        for proposal in self._proposals:
            layers.setdefault(proposal["layer"], []).append(proposal)
        return layers

    def proposals(self, layer: int | None = None) -> list[Proposal]:
        """Return the proposals as declared, of one layer or of all."""
        return list(self._proposals if layer is None else self._layers.get(layer, ()))

    def usable(self, layer: int) -> list[Proposal]:
        """Return the usable proposals of a layer."""
        return [p for p in self.proposals(layer) if p["status"] in USABLE]

    def verdicts(self, *, before: int | None = None, wave: int = 1) -> list[Verdict]:
        """Return the verdicts of the layers before one, and of its waves before one; all of them by default."""
        return [v for v in self._verdicts if before is None or (v["layer"], v["wave"]) < (before, wave)]

    def references(self, layer: int) -> list[Proposal]:
        """Return the usable proposals that the last gate before `layer` passed on; none for the first layer."""
        verdicts = self.verdicts(before=layer)
        if not verdicts:
            return []
        source = verdicts[-1]["source"]
        of_source = [v for v in verdicts if v["layer"] == source]
        moderations = [v["moderation"] for v in of_source if v.get("moderation")]
        names = moderations[-1]["kept"] if moderations and moderations[-1] else None
        screening = of_source[-1].get("screening") if of_source else None
        removed = screening["removed"] if screening else ()
        usable = [p for p in self.usable(source) if p["proposer"] not in removed]
        return [p for p in usable if names is None or p["proposer"] in names]

    def disagreement(self, layer: int) -> Disagreement | None:
        """Return what the references of a layer differ on, as far as they are still what was compared."""
        return still_true(self._disagreement, self.references(layer)) if self._disagreement else None

    @property
    def question(self) -> str:
        """Return what the user asked last."""
        questions = map(question_in, reversed(self.messages))
        return next((question for question in questions if question is not None), self.messages[-1].text)

    def evidence(self, sees: Sequence[str] | None = None) -> list[Evidence]:
        """Return the passages that some retrievers found, or all of them did."""
        return [e for e in self._evidence if sees is None or not set(sees).isdisjoint(e["found_by"])]

    def judged(self, verdicts: Sequence[Verdict]) -> "Turn":
        """Return the turn as it is once gates have said this."""
        return replace(self, _verdicts=list(verdicts))

    @property
    def unfinished(self) -> Report | None:
        """Return the report of a run of this turn that has no answer yet."""
        run = self.run
        return run if run and run["turn"] == self.id and run["stopped"] == "running" else None

    def left_behind(self, layer: int) -> dict[Place, Proposal]:
        """Return what a run of this turn that never finished has from a layer, by its place.

        That is so where too few answered, and the run is resumed or the same conversation put to the thread once more.
        """
        return {place_of(p): p for p in self.proposals(layer)} if self.unfinished else {}

    def with_later(self, proposals: Sequence[Proposal]) -> list[Proposal]:
        """Return proposals with those of later layers that a run of this turn left behind.

        A new one would void them; but what was answered was paid for.
        """
        later = [p for p in self._proposals if p["layer"] > proposals[-1]["layer"]]
        return [*proposals, *(later if self.unfinished else [])]

    def check_begun(self, mixture: str) -> None:
        """Refuse to go on with a run that another mixture began, or another version's state, or another conversation.

        Raises:
            InputError: It did; the thread is left as it is.
        """
        begun = self.run.get("mixture") if self.run else None
        if begun != mixture:
            raise InputError(
                f"found a run of another mixture ({begun or 'unknown: an older version wrote it'}), expected {mixture}"
                "; resume it with the mixture that began it, or ask again on another thread; no answer was lost"
            )
        if self.run and self.run["turn"] != self.id:
            raise InputError(
                "found a conversation that is not the one that this run began with, expected no change of it before "
                "the answer; start again with the conversation as it is now"
            )


def check_thread(config: Mapping[str, Any], *, needed: bool) -> None:
    """Refuse a run that will wait for a person where nothing keeps it, before anything is paid for.

    Raises:
        InputError: It has no thread, which a checkpointer would ask for.
    """
    if needed and not config.get("configurable", {}).get("thread_id"):
        raise InputError(
            "found review=True in a run without a thread, expected a checkpointer, of this graph or its parent, and "
            "{'configurable': {'thread_id': ...}}; nothing was asked"
        )
