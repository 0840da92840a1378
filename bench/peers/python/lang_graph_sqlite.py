"""langgraph with its checkpointer in a SQLite file: each step is on the disk before the next one
begins (durability "sync"), as in Cadre's journal. What it does is in lang_graph.py."""
import asyncio
import itertools
import pathlib
import tempfile

import aiosqlite
import lang_graph
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver


class Client(lang_graph.Client):
    def __init__(self, url, kind):
        super().__init__(url, kind)
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._threads = itertools.count()
        self._opening = asyncio.Lock()
        self._file = self._kept = None

    async def _open(self):
        async with self._opening:
            if self._kept is None:
                self._file = await aiosqlite.connect(
                    pathlib.Path(self._folder.name) / "checkpoints.db")
                saver = AsyncSqliteSaver(self._file)
                self._kept = (lang_graph.chain(self._model, saver) if self._kind == "chain"
                              else self._single(saver))
        return self._kept

    async def _whole(self, question, agent=None, config=None):
        agent = await self._open()
        thread = config or {"configurable": {"thread_id": f"run-{next(self._threads)}"}}
        state = await agent.ainvoke({"messages": [{"role": "user", "content": question}]}, thread,
                                    durability="sync")
        return state["messages"][-1].content

    async def _streamed(self, question):
        agent = await self._open()
        thread = {"configurable": {"thread_id": f"run-{next(self._threads)}"}}
        text = ""
        async for chunk, _ in agent.astream(
                {"messages": [{"role": "user", "content": question}]}, thread,
                stream_mode="messages", durability="sync"):
            text += chunk.content
        return text

    async def close(self):
        if self._file is not None:
            await self._file.close()

    def session(self):
        self._sessions += 1
        config = {"configurable": {"thread_id": f"session-{self._sessions}"}}

        async def say(text):
            return await self._whole(text, config=config)
        return say


def create(url, kind):
    return Client(url, kind)
