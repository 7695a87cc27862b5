"""A mixture as a sub-agent of deepagents: the agent hands a task to the panel, and reads the panel's answer.

The agent that hands over is a `ScriptedModel`, which stands for any model. Needs deepagents, in an environment of its
own: what it depends on asks for an older tenacity than langchain-core takes otherwise.
"""

from deepagents import CompiledSubAgent, create_deep_agent
from langchain.messages import AIMessage, HumanMessage
from langgraph_moa import create_moa
from langgraph_moa.core.offline.scripted import ScriptedModel

moa = create_moa(proposers=["offline:words", "offline:stems", "offline:phrases"], aggregator="offline:words")
panel = CompiledSubAgent(name="panel", description="Several models that answer one hard question.", runnable=moa)

task = {"name": "task", "args": {"description": "What is 17 * 24?", "subagent_type": "panel"}, "id": "1"}
model = ScriptedModel(
    script=[AIMessage("", tool_calls=[task]), lambda messages: f"The panel says: {messages[-1].text}"]
)
agent = create_deep_agent(model=model, subagents=[panel])

result = agent.invoke({"messages": [HumanMessage("Please ask the panel what 17 * 24 is.")]})

print([message.type for message in result["messages"]])
print(result["messages"][-1].text)
