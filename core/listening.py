"""Who listens to a call."""

from langchain_core.callbacks import AsyncCallbackManager, BaseCallbackManager
from langchain_core.runnables import RunnableConfig


class Unheard(AsyncCallbackManager):
    """Be the callbacks of a run that nobody listens to, as was found where it began.

    LangChain looks for listeners at each call, for a function around it may have brought some; where there is none
    around it, that costs as much as reading the answer.
    """


def is_heard(config: RunnableConfig) -> bool:
    """Tell whether anybody listens to what is called with a config that was made for it; in doubt, somebody does."""
    manager = config.get("callbacks")
    return not isinstance(manager, BaseCallbackManager) or bool(manager.handlers)
