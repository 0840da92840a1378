"""worker.py PEER runs|history|cold URL [key=value...]: as node/worker.mjs, for Python's peers."""
import asyncio
import importlib
import json
import resource
import sys
import time

QUESTION = "What is the weather in Paris?"
SENTENCE = "The weather in Paris is sunny and 22 C today."


def cpu_now():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return (usage.ru_utime + usage.ru_stime) * 1e6


def percentile(values, share):
    return sorted(values)[int(share * (len(values) - 1))]


async def closed_loop(count, in_flight, each):
    begun = 0

    async def lane():
        nonlocal begun
        while begun < count:
            begun += 1
            await each()

    await asyncio.gather(*(lane() for _ in range(min(count, in_flight))))


async def runs(client, check, options):
    async def run():
        check(await client.run(QUESTION))

    count = int(options.get("n", 500))
    await closed_loop(int(options.get("warm", 100)), 20, run)
    times = []

    async def timed():
        at = time.perf_counter()
        await run()
        times.append((time.perf_counter() - at) * 1e3)

    cpu, begin = cpu_now(), time.perf_counter()
    await closed_loop(count, int(options.get("in_flight", 1)), timed)
    seconds = time.perf_counter() - begin
    return {"runs": count, "runs_s": count / seconds, "cpu_us": (cpu_now() - cpu) / count,
            "p50_ms": percentile(times, 0.5), "p99_ms": percentile(times, 0.99)}


async def history(client, check, options):
    warm = client.session()
    for turn in range(1, 31):
        check(await warm(f"Turn {turn}: {QUESTION}"))
    say = client.session()
    wall, cpu, out = [], [], {}
    for turn in range(1, int(options.get("turns", 500)) + 1):
        cpu_before, begin = cpu_now(), time.perf_counter()
        check(await say(f"Turn {turn}: {QUESTION}"))
        wall.append((time.perf_counter() - begin) * 1e6)
        cpu.append(cpu_now() - cpu_before)
        if turn in (10, 100) or turn % 500 == 0:
            out[f"us_{turn}"] = percentile(wall[-11:], 0.5)
            out[f"cpu_us_{turn}"] = percentile(cpu[-11:], 0.5)
    return out


async def main():
    peer, mode, url = sys.argv[1:4]
    options = dict(word.split("=", 1) for word in sys.argv[4:])
    letters = int(options.get("letters", 0))
    expected = (SENTENCE * (letters // len(SENTENCE) + 1))[:letters] if letters else SENTENCE

    def check(answer):
        if answer != expected:
            raise SystemExit(f"wrong answer: {answer}")

    client = importlib.import_module(peer).create(url, options.get("kind", "tool"))
    try:
        if mode == "cold":
            check(await client.run(QUESTION))
        else:
            measure = {"runs": runs, "history": history}[mode]
            print(json.dumps(await measure(client, check, options)))
    finally:
        if hasattr(client, "close"):
            await client.close()


asyncio.run(main())
