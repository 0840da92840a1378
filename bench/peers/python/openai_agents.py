"""openai-agents over Chat Completions; its tracing is off (it would send to its vendor)."""
from agents import (Agent, OpenAIChatCompletionsModel, RunConfig, Runner, SQLiteSession,
                    function_tool, set_tracing_disabled)
from openai import AsyncOpenAI


@function_tool
async def get_weather(city: str) -> str:
    """Get the weather in a city."""
    return f"sunny, 22 C in {city}"


class Client:
    def __init__(self, url, kind):
        set_tracing_disabled(True)
        self._config = RunConfig(tracing_disabled=True)
        self._sessions = 0
        client = AsyncOpenAI(api_key="none", base_url=url, max_retries=0, timeout=600)

        def model(name):
            return OpenAIChatCompletionsModel(model=name, openai_client=client)

        self._agent = None
        if kind == "chain":
            for letter in "dcba":
                self._agent = Agent(name=f"agent_{letter}",
                                    instructions=f"You are agent {letter}.",
                                    model=model(f"chain-{letter}"),
                                    handoffs=[self._agent] if self._agent else [])
        else:
            self._agent = Agent(name="assistant", instructions="You are a helpful assistant.",
                                model=model("mock"),
                                tools=[get_weather] if kind == "tool" else [])
        self.run = self._streamed if kind == "stream" else self._whole

    async def _whole(self, question, session=None):
        result = await Runner.run(self._agent, question, session=session,
                                  run_config=self._config)
        return result.final_output

    async def _streamed(self, question):
        text = ""
        result = Runner.run_streamed(self._agent, question, run_config=self._config)
        async for event in result.stream_events():
            if (event.type == "raw_response_event"
                    and event.data.type == "response.output_text.delta"):
                text += event.data.delta
        return text

    def session(self):
        self._sessions += 1
        kept = SQLiteSession(f"session-{self._sessions}")  # in memory: no file is named

        async def say(text):
            return await self._whole(text, kept)
        return say


def create(url, kind):
    return Client(url, kind)
