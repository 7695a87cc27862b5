"""An answer with a form: proposals are free text, and the aggregator's answer is an object that was checked.

Use it wherever a program, not a person, reads the answer.
"""

from langgraph_moa import ChatMoA, create_moa
from pydantic import BaseModel, Field


class Trip(BaseModel):
    """A trip to a city."""

    days: int = Field(ge=1)
    city: str


moa = create_moa(proposers=["offline:words", "offline:stems", "offline:phrases"], aggregator="offline:words")
model = ChatMoA(moa)

question = "A trip of 3 days to 'Rome', please."

print(repr(model.with_structured_output(Trip).invoke(question)))

whole = model.with_structured_output(Trip, include_raw=True).invoke(question)
print("parsed:", whole["parsed"])
print("model calls:", whole["raw"].response_metadata["moa"]["calls"])
