"""Answer from documents, cite them, and have the citations checked: for answers that must be shown to stand.

The evidence is this package's own documentation; `DocsRetriever(docs=[...])` searches yours, and any LangChain
retriever can take its place.
"""

from langchain.messages import HumanMessage
from langgraph_moa import DocsRetriever, create_rag_moa

rag = create_rag_moa(
    retrievers=[DocsRetriever(variant="words", k=2), DocsRetriever(variant="stems", k=2)],
    proposers=["offline:words", "offline:stems", "offline:phrases"],
    aggregator="offline:words",
)
result = rag.invoke({"messages": [HumanMessage("How are layers counted in the paper?")]})

print(result["messages"][-1].text)
for citation in result["citations"]:
    print(f"{citation['id']} is {citation['source']}, problem: {citation['problem']}")
for passage in result["evidence"]:
    print(f"{passage['id']} was found by {passage['found_by']}: {passage['metadata']['heading']}")
