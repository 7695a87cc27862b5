"""What a mixture is made of when it is named on the command line, in a file or in Studio's form."""

import os
from functools import partial
from pathlib import Path
from typing import Any, cast, get_args

from langgraph.cache.base import BaseCache
from langgraph.types import Checkpointer

from ...core.agreement.vote import Vote
from ...core.bounds.budget import Budget
from ...core.bounds.confident import Confident
from ...core.bounds.early_stop import EarlyStop
from ...core.bounds.quorum import Quorum
from ...core.bounds.screen import Screen
from ...core.errors import ConfigError
from ...core.evidence.retrievers import Retriever
from ...core.models.limits import Limits
from ...core.models.presets import load_preset, presets
from ...core.models.prices import Price
from ...core.models.resolve import resolve_for_batches, resolve_model
from ...core.models.servers import served_models, told_names
from ...core.panel.declared import Aggregator, Analyst, Proposer
from ...core.run.state import Graph
from ...core.wire.connections import bare_url
from ...graphs.moa import create_moa
from ...graphs.rag import create_rag_moa
from .caching import response_cache
from .fields import VOTE, AggregatorSpec, Fields
from .seats import aggregator_like, counted_proposers, declared_seat, models_in, seats_in, without_secrets
from .systems import check_system, create_system
from .tables import EARLY_STOPS

_AS_THEY_ARE = (
    "layers samples temperature max_tokens reasoning_effort more_room tier vary timeout max_answer_bytes min_proposals "
    "waves mark_answers context_tokens proposer_prompt aggregator_prompt placement references stream_proposals "
    "stream_reasoning review feedback draft hide_texts"
).split()
"""Settings that are `create_moa`'s options, by the same names."""


_OWN = {"window", "rounds", "debate_if", "moderator", "keep", "group"}
"""Settings that only some systems have."""


_NO_MODEL = (
    "; no language model is asked: set a key, or name a server (--base-url URL) or a file (--proposer gguf:PATH)"
)


class Settings(Fields):
    """What makes a mixture: the keys of a settings file, and of the form in Studio; flags win over a file."""

    def choose(self) -> "tuple[Settings, str]":
        """Fill in who sits in the mixture, and return in one line who it is and why.

        Raises:
            ConfigError: The preset is unknown, or the options do not go together.
        """
        if self.proposers is not None:
            chosen, why = self, f"as given, {counted_proposers(self.proposers)}"
            specs, seats = models_in(self.proposers), seats_in(self.proposers)
            if self.aggregator is None and self.layers != 1 and specs:
                chosen = self.model_copy(update={"aggregator": aggregator_like(seats[0])})
                why = f"as given; {specs[0]} aggregates (name another with --aggregator)"
        elif self.base_url and not self.preset:
            model = self._only_model(self.base_url)
            chosen = self.model_copy(update={"proposers": [model], "aggregator": self.aggregator or model})
            why = f"{model}, the only one of {bare_url(self.base_url)}"
        else:
            name, reason = (self.preset, "as asked") if self.preset else self._default()
            preset = load_preset(name)
            aggregator = self.aggregator or preset["aggregator"]
            models = {"preset": name, "proposers": list(preset["proposers"]), "aggregator": aggregator}
            chosen, why = self.model_copy(update=models), f"preset {name!r}, {reason}"
        chosen._check_used()
        return chosen, why

    def _only_model(self, url: str) -> str:
        """Ask a server which models it has, where none was named; it blocks, for some seconds at most.

        Raises:
            ConfigError: It has not exactly one, or does not say.
        """
        unnamed = f"found the server {bare_url(url)!r} but no models, expected --proposer MODEL"
        try:
            names = [served.name for served in served_models(resolve_model("openai:unnamed", base_url=url))]
        except ConfigError as exc:
            raise ConfigError(f"{unnamed}; {exc}") from exc
        if len(names) == 1:
            return names[0]
        raise ConfigError(f"{unnamed}; it serves: {told_names(names) or 'none that answers a chat'}")

    def _aggregators(self) -> list[AggregatorSpec]:
        given = self.aggregator
        return given if isinstance(given, list) else [] if given is None else [given]

    def _check_used(self) -> None:
        specs = [*models_in([*(self.proposers or []), *self.escalate]), *models_in(self._aggregators())]
        offline = [spec.startswith("offline:") for spec in specs]
        if "docs" in self.model_fields_set and not self.docs:
            raise ConfigError("found an empty list of docs, expected documents to answer from; name some, or drop it")
        for key in ("passages", "wrong_citations", "rewriter"):
            if getattr(self, key) is not None and not self.docs:
                raise ConfigError(f"found {key} without docs, expected documents to answer from; add docs, or drop it")
        check_system(self.system, self.model_dump(include=_OWN | {"layers"}), docs=bool(self.docs))
        if self.base_url and all(offline):
            raise ConfigError(
                f"found the server {bare_url(self.base_url)!r} with offline models only, expected one of its models"
            )

    def _default(self) -> tuple[str, str]:
        for name, preset in presets().items():
            if (needs := preset.get("needs")) and os.environ.get(needs):
                return name, f"because {needs} is set"
        keys = ", ".join(p["needs"] for p in presets().values() if "needs" in p)
        return "offline", f"because no key is set ({keys}){_NO_MODEL}"

    def build(
        self, checkpointer: Checkpointer = None, *, cache: BaseCache[Any] | None = None, batched: bool = False
    ) -> Graph:
        """Build the graph of settings that are complete, as `choose` returns them.

        Args:
            checkpointer: Keeps its threads.
            cache: Keeps proposals, in place of the settings' own.
            batched: Whether its models are asked in their providers' batches.

        Raises:
            ConfigError: What `create_moa` refuses.
        """
        declared = [
            [declared_seat(Proposer, p) for p in group] if isinstance(group, list) else declared_seat(Proposer, group)
            for group in self.proposers or []
        ]
        chain = [Vote() if spec == VOTE else declared_seat(Aggregator, spec) for spec in self._aggregators()]
        create, evidence = (create_rag_moa, self._evidence()) if self.docs else (create_moa, {})
        server = {
            "checkpointer": checkpointer,
            **({"cache": answers} if (answers := cache or response_cache(self.cache)) else {}),
            "resolve": partial(
                resolve_for_batches if batched else resolve_model, base_url=self.base_url, transport=self.transport
            ),
        }
        moa = create_system(
            self.system,
            create,
            proposers=declared,
            chain=chain,
            own={key: getattr(self, key) for key in _OWN if getattr(self, key) is not None},
            options={**self._options(), **server, **evidence},
        )
        tags = list(filter(None, [self.preset, self.system]))
        return cast("Graph", moa.with_config(tags=tags) if tags else moa)

    def _options(self) -> dict[str, Any]:
        """Return what was given of `create_moa`'s options, as it takes them."""
        options: dict[str, Any] = {
            "early_stop": self._early_stop(),
            "screen": self._screen(),
            "escalate": [declared_seat(Proposer, spec) for spec in self.escalate],
            "confidence": self._confidence(),
            "analyst": Analyst(self.analyst) if self.analyst else None,
            "quorum": Quorum(**self.quorum.model_dump()) if self.quorum else None,
            "budget": Budget(**self.budget.model_dump()) if self.budget else None,
            "limits": [Limits(**limit.model_dump()) for limit in self.limits],
            "prices": {model: Price(**price.model_dump()) for model, price in self.prices.items()},
            **{option: getattr(self, option) for option in _AS_THEY_ARE},
        }
        given = {key: value for key, value in options.items() if key in self.model_fields_set and value is not None}
        return {**given, **({"early_stop": None} if self.early_stop == "off" else {})}

    def _evidence(self) -> dict[str, Any]:
        """Search the documents in every way there is: where the ways agree, fusing them ranks highest."""
        from ...core.offline.docs_retriever import DocsRetriever
        from ...core.offline.library import Variant

        ways = get_args(Variant)
        given = {key: getattr(self, key) for key in ("passages", "wrong_citations", "rewriter")}
        return {
            "retrievers": [Retriever(DocsRetriever(variant=way, docs=self.docs), name=way) for way in ways],
            **{key: value for key, value in given.items() if value is not None},
        }

    def _early_stop(self) -> EarlyStop | None:
        given = self.early_stop
        options = EARLY_STOPS.get(given) if isinstance(given, str) else given.model_dump()
        return None if options is None else EarlyStop(**options)

    def _confidence(self) -> Confident | None:
        given = self.confidence
        if given is None or isinstance(given, float):
            return None if given is None else Confident(given)
        return Confident(**given.model_dump())

    def _screen(self) -> Screen | None:
        given = self.screen
        return Screen(**({} if given is True else given.model_dump())) if given else None

    def record(self) -> dict[str, Any]:
        """Return what rebuilds this mixture elsewhere: only what was said, paths made absolute, and no credentials.

        A preset is written down by its models, which the name may not stand for any more, and by its name.
        """
        written = self.model_dump(exclude_defaults=True, exclude_unset=True, exclude={"cache"})
        if self.base_url:
            written["base_url"] = bare_url(self.base_url)
        for key in ("proposers", "aggregator", "escalate"):
            if key in written:
                written[key] = without_secrets(written[key])
        if self.docs:
            written["docs"] = [str(Path(path).absolute()) for path in self.docs]
        return written
