"""langgraph: its prebuilt agent, its checkpointer in memory for conversations; handoffs as its
guide writes them, by tools that give a Command to the parent graph."""
from typing import Annotated

from langchain_core.messages import ToolMessage
from langchain_core.tools import InjectedToolCallId, tool
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import MemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import InjectedState, create_react_agent
from langgraph.types import Command


@tool
async def get_weather(city: str) -> str:
    """Get the weather in a city."""
    return f"sunny, 22 C in {city}"


def handoff_to(letter):
    name = f"transfer_to_agent_{letter}"

    @tool(name, description=f"Hand over to agent_{letter}.")
    def handoff(state: Annotated[dict, InjectedState],
                call: Annotated[str, InjectedToolCallId]):
        message = ToolMessage(f"Transferred to agent_{letter}", name=name, tool_call_id=call)
        return Command(goto=f"agent_{letter}", graph=Command.PARENT,
                       update={"messages": state["messages"] + [message]})
    return handoff


def chain(model, saver=None):
    graph = StateGraph(MessagesState)
    for letter, after in zip("abcd", "bcd-"):
        agent = create_react_agent(model(f"chain-{letter}"),
                                   [handoff_to(after)] if after != "-" else [],
                                   prompt=f"You are agent {letter}.", name=f"agent_{letter}")
        graph.add_node(f"agent_{letter}", agent,
                       destinations=(f"agent_{after}",) if after != "-" else None)
    return graph.add_edge(START, "agent_a").compile(checkpointer=saver)


class Client:
    def __init__(self, url, kind):
        self._kind = kind
        self._sessions = 0
        self._model = lambda name: ChatOpenAI(model=name, api_key="none", base_url=url,
                                              max_retries=0, timeout=600,
                                              streaming=kind == "stream")
        self._agent = chain(self._model) if kind == "chain" else self._single()
        self.run = self._streamed if kind == "stream" else self._whole

    def _single(self, saver=None):
        return create_react_agent(self._model("mock"),
                                  [get_weather] if self._kind == "tool" else [],
                                  prompt="You are a helpful assistant.", checkpointer=saver)

    async def _whole(self, question, agent=None, config=None):
        state = await (agent or self._agent).ainvoke(
            {"messages": [{"role": "user", "content": question}]}, config)
        return state["messages"][-1].content

    async def _streamed(self, question):
        text = ""
        async for chunk, _ in self._agent.astream(
                {"messages": [{"role": "user", "content": question}]}, stream_mode="messages"):
            text += chunk.content
        return text

    def session(self):
        self._sessions += 1
        agent = self._single(MemorySaver())
        config = {"configurable": {"thread_id": f"session-{self._sessions}"}}

        async def say(text):
            return await self._whole(text, agent, config)
        return say


def create(url, kind):
    return Client(url, kind)
