"""When one model's answer is sure enough to be the only one: by a check, its tokens' probabilities, or a function."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from typing import Any

from ..checks import check_number
from ..errors import ConfigError
from ..models.capabilities import chat_model_of, map_chat_models, without_bound
from ..panel.declared import Chooser
from ..panel.seats import Likelihood, Seat
from ..panel.stages import Stage

Estimating = Callable[[str, Mapping[str, Any]], float | Awaitable[float]]
"""Say, of a question and a proposal, how likely it is that the proposal is right."""


@dataclass(frozen=True)
class Confident:
    """Say when the one model of a first stage is sure enough of its answer for nobody else to be asked.

        Confident(0.9)                                      # asked in a call of its own whether it is right
        Confident(0.9, model="openai:gpt-6-luna")           # another model is asked that
        Confident(0.8, logprobs="mean")                     # by the probabilities of its tokens
        Confident(0.8, function=my_function, timeout=5)     # by my_function(question, proposal)

    It is for `waves=(1, ...)`. What cannot be found out is unsure, and so is an answer that was cut. Models overrate
    themselves, and a threshold means something else with each of them: try yours with `EarlyStop(shadow=True)`.
    """

    threshold: float
    """From which probability on it is sure."""
    _: KW_ONLY
    model: Chooser | None = None
    """Who is asked whether the answer is right; None is who gave it."""
    logprobs: Likelihood | None = None
    """`mean` or `least` of the probabilities of its answer's tokens, which its server is asked for; no further call."""
    function: Estimating | None = None
    """What returns the probability of a question and a proposal, at once or awaited."""
    timeout: float = 30.0
    """Seconds that your function may take."""

    @property
    def asks(self) -> bool:
        """Tell whether a model is asked, in a call of its own."""
        return self.logprobs is None and self.function is None


def check_confidence(confident: object, stages: Sequence[Stage]) -> None:
    """Refuse a confidence that is none, that nobody could measure, or that nobody asks for.

    Args:
        confident: What was given as one.
        stages: Who is asked together.

    Raises:
        ConfigError: It is wrong.
    """
    if confident is None:
        return
    if not isinstance(confident, Confident):
        raise ConfigError(f"found {confident!r:.80} as the confidence, expected Confident(0.9), or None for none")
    check_number("threshold", confident.threshold, above=0, most=1, where=" for the confidence")
    check_number("timeout", confident.timeout, above=0, where=" for the confidence")
    given = [name for name in ("model", "logprobs", "function") if getattr(confident, name) is not None]
    if len(given) > 1:
        raise ConfigError(f"found {' and '.join(given)} for the confidence, expected one of them; drop the other")
    if confident.logprobs not in (None, "mean", "least"):
        raise ConfigError(f"found logprobs={confident.logprobs!r} for the confidence, expected 'mean' or 'least'")
    if confident.function is not None and not callable(confident.function):
        raise ConfigError(
            f"found {confident.function!r:.80} as the confidence's function, expected one of a question and a proposal"
        )
    if not is_ladder(stages):
        size = len({seat.name for seat in stages[0].seats}) if stages else 0
        raise ConfigError(
            f"found a confidence with a first stage of {size or 'none'}, expected one model that is asked first and "
            "others after it; add waves=(1,), on the command line --waves 1, or drop it"
        )
    _check_asked(confident, stages[0].seats[0])


def _check_asked(confident: Confident, first: Seat) -> None:
    if confident.logprobs and (
        first.transport is None or getattr(chat_model_of(first.model), "use_responses_api", False)
    ):
        raise ConfigError(
            f"found logprobs for the confidence of {first.label}, expected a model that is asked for chat completions "
            "by its name; use Confident(0.9), or a function"
        )
    if confident.asks and confident.model is None and first.takes_state:
        raise ConfigError(
            f"found a confidence without a model for {first.label}, a graph, which would do its work again, expected "
            "one; name it, as Confident(0.9, model='provider:model')"
        )


def is_ladder(stages: Sequence[Stage]) -> bool:
    """Tell whether one model is asked first, and others after it."""
    return bool(stages) and not stages[0].is_last and len({seat.position for seat in stages[0].seats}) == 1


def with_logprobs(seat: Seat, likelihood: Likelihood) -> Seat:
    """Return a seat whose server is asked for the probabilities of its answer's tokens."""
    number = 1 if seat.provider == "together" else True  # there it counts the alternatives of each
    model = map_chat_models(without_bound(seat.model, {"logprobs"}), lambda chat: chat.bind(logprobs=number))
    return replace(seat, model=model, likelihood=likelihood)
