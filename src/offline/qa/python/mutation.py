"""Do the tests notice when a rule goes missing?

Breaks the service in small ways, one at a time: a guard is dropped, a bound or a constant is
shifted by one, < becomes <=, an effect is left out. Then the tests run; a break that no test
notices is a survivor. The rule kill rate says more than coverage does.

    python3 -m tests.mutation --budget-seconds 4 --report reports/mutation.json

Needs a system with fork().
"""

import argparse
import ast
import importlib.abc
import importlib.util
import json
import os
import re
import signal
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The names under which bounds of fields are written in app/schemas.py.
BOUNDS = {
    "ge", "gt", "le", "lt", "min_length", "max_length",
    "least", "most", "above", "below", "shortest", "longest",
}
RULE = re.compile(r"\b([RC]\d+)\b")
SWAPPED = {ast.Lt: "<=", ast.LtE: "<", ast.Gt: ">=", ast.GtE: ">"}


@dataclass(frozen=True)
class Mutant:
    """One break: the bytes of a file that are replaced."""

    file: str
    line: int
    rule: str | None
    description: str
    begin: int
    end: int
    text: str
    rank: int

    def source(self):
        """The file with the break in it."""
        data = (ROOT / self.file).read_bytes()
        return data[: self.begin] + self.text.encode() + data[self.end:]


class Finder(ast.NodeVisitor):
    """Collects the mutants of one file."""

    def __init__(self, file):
        self.file = file
        self.data = (ROOT / file).read_bytes()
        self.lines = self.data.splitlines(keepends=True)
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line))
        self.services = file.startswith("app/services/")
        self.schemas = file in ("app/schemas.py", "app/models.py")
        self.function = None
        self.mutants = []

    def find(self):
        """All mutants of the file, in the order of their lines."""
        self.visit(ast.parse(self.data))
        return self.mutants

    def add(self, node, rule, description, text, rank):
        begin = self.starts[node.lineno - 1] + node.col_offset
        end = self.starts[node.end_lineno - 1] + node.end_col_offset
        mutant = Mutant(self.file, node.lineno, rule, description, begin, end, text, rank)
        if mutant not in self.mutants:
            self.mutants.append(mutant)

    def text_of(self, node):
        begin = self.starts[node.lineno - 1] + node.col_offset
        return self.data[begin:self.starts[node.end_lineno - 1] + node.end_col_offset].decode()

    def visit_FunctionDef(self, node):  # noqa: N802 (the name that ast asks for)
        outer, self.function = self.function, node
        self.generic_visit(node)
        self.function = outer

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_If(self, node):  # noqa: N802
        raised = [part for part in node.body if isinstance(part, ast.Raise)]
        if raised and not self.file.startswith("app/api/"):
            rule = rule_of(raised[0])
            known = rule is not None or self.services
            if known:
                self.add(node.test, rule, "guard dropped", "False", 0)
            if rule is not None:
                self.shift(node.test, rule)
        self.generic_visit(node)

    def shift(self, condition, rule):
        """Comparisons and constants of a guard, also where it names a value set before."""
        names = set()
        for part in ast.walk(condition):
            if isinstance(part, ast.Compare) and len(part.ops) == 1:
                swapped = SWAPPED.get(type(part.ops[0]))
                if swapped:
                    left, right = self.text_of(part.left), self.text_of(part.comparators[0])
                    self.add(part, rule, "comparison swapped", f"{left} {swapped} {right}", 1)
            self.shift_constant(part, rule)
            if isinstance(part, ast.Name):
                names.add(part.id)
        for part in ast.walk(self.function) if self.function else ():
            if isinstance(part, ast.Assign) and isinstance(part.targets[0], ast.Name):
                if part.targets[0].id in names:
                    for inner in ast.walk(part.value):
                        self.shift_constant(inner, rule)

    def shift_constant(self, part, rule):
        if not isinstance(part, ast.Constant) or isinstance(part.value, bool):
            return
        if isinstance(part.value, (int, float)):
            self.add(part, rule, "constant shifted", repr(part.value + 1), 2)

    def visit_Assign(self, node):  # noqa: N802
        if self.services and isinstance(node.targets[0], ast.Attribute):
            self.effect(node)
        self.generic_visit(node)

    def visit_AugAssign(self, node):  # noqa: N802
        if self.services and isinstance(node.target, ast.Attribute):
            self.effect(node)
        self.generic_visit(node)

    def effect(self, node):
        rule = self.rule_nearby(node)
        self.add(node, rule, "effect dropped", "pass", 1)
        for part in ast.walk(node.value):
            self.shift_constant(part, rule)

    def visit_Call(self, node):  # noqa: N802
        if self.schemas:
            for keyword in node.keywords:
                if keyword.arg in BOUNDS:
                    self.bound(keyword.value)
            if self.text_of(node.func).startswith("fields."):
                for argument in node.args:
                    self.bound(argument)
        self.generic_visit(node)

    def bound(self, node):
        rule = self.rule_nearby(node)
        value = node.operand if isinstance(node, ast.UnaryOp) else node
        if isinstance(value, ast.Constant) and isinstance(value.value, (int, float)):
            self.add(value, rule, "bound shifted", repr(value.value + 1), 1)
        elif isinstance(node, ast.Call) and node.args:
            self.add(node, rule, "bound shifted", f"{self.text_of(node)} + 1", 1)

    def rule_nearby(self, node):
        """The rule that a comment on the line, or right above it, names."""
        line = node.lineno - 1
        while line >= 0:
            text = self.lines[line].decode()
            found = RULE.search(text.partition("#")[2])
            if found:
                return found.group(1)
            line -= 1
            if line < 0 or not self.lines[line].decode().lstrip().startswith("#"):
                return None
        return None


def rule_of(node):
    """The rule="R1" of what is raised."""
    for part in ast.walk(node):
        if isinstance(part, ast.keyword) and part.arg == "rule":
            if isinstance(part.value, ast.Constant) and isinstance(part.value.value, str):
                return part.value.value
    return None


def find_mutants():
    """Every mutant of the service."""
    found = []
    for path in sorted((ROOT / "app").rglob("*.py")):
        found += Finder(path.relative_to(ROOT).as_posix()).find()
    return found


def in_turns(mutants):
    """An order in which each rule comes early: one mutant of each in turn, guards first."""
    groups = defaultdict(list)
    for mutant in sorted(mutants, key=lambda m: (m.rank, m.file, m.begin)):
        groups[mutant.rule or mutant.file].append(mutant)
    order = sorted(groups, key=lambda name: (RULE.fullmatch(name) is None, name))
    turns = max((len(group) for group in groups.values()), default=0)
    return [groups[name][turn] for turn in range(turns) for name in order
            if turn < len(groups[name])]


def index_tests():
    """For each word that a test's name or docstring mentions, the tests; and all test files."""
    by_rule, files = defaultdict(list), []
    for path in sorted((ROOT / "tests").glob("test_*.py")):
        name = path.relative_to(ROOT).as_posix()
        files.append(name)
        for node in ast.parse(path.read_bytes()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for rule in set(RULE.findall(ast.get_docstring(node) or "")):
                    by_rule[rule].append(f"{name}::{node.name}")
    return by_rule, files


def likely(mutant, by_rule, files):
    """The tests that should notice this mutant, to be tried before all others."""
    if mutant.rule in by_rule:
        return by_rule[mutant.rule]
    stem = Path(mutant.file).stem
    if mutant.file == "app/schemas.py":
        return [file for file in files if "validation" in file]
    return [file for file in files if stem in file]


class Served(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports one module from the mutated source instead of its file."""

    def __init__(self, mutant):
        self.name = mutant.file[:-3].replace("/", ".").removesuffix(".__init__")
        self.path = str(ROOT / mutant.file)
        self.mutated = mutant.source()

    def find_spec(self, fullname, path=None, target=None):
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self)

    def create_module(self, spec):
        return None

    def get_source(self, fullname):
        return self.mutated.decode()

    def exec_module(self, module):
        exec(compile(self.mutated, self.path, "exec"), module.__dict__)  # noqa: S102


def run_child(mutant, first, files):
    """In the child: 1 when a test noticed the mutant, 0 when none did."""
    import pytest

    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    sys.meta_path.insert(0, Served(mutant))
    options = ["-x", "-q", "-p", "no:cacheprovider", "--no-header", "--tb=no"]
    for chosen in ([first] if first else []) + [files]:
        code = int(pytest.main([*options, *chosen]))
        if code not in (0, 5):
            return 1
    return 0


class Pool:
    """Children at work, a few at a time, each with a deadline."""

    def __init__(self, size, timeout):
        self.size = size
        self.timeout = timeout
        self.running = {}
        self.results = {}
        self.seconds = []

    def start(self, mutant, first, files):
        """Waits for a free place and starts the child for a mutant."""
        while len(self.running) >= self.size:
            self.wait()
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                code = run_child(mutant, first, files)
            finally:
                os._exit(code)
        self.running[pid] = (mutant, time.monotonic())

    def usual_seconds(self):
        """How long a child has taken so far, on average."""
        return sum(self.seconds) / len(self.seconds) if self.seconds else 0

    def wait(self):
        """Until a child ends; one that takes too long has noticed the mutant."""
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid in self.running:
                mutant, begun = self.running.pop(pid)
                self.seconds.append(time.monotonic() - begun)
                self.results[mutant] = "survived" if status == 0 else "killed"
                return
            for child, (_, begun) in self.running.items():
                if time.monotonic() - begun > self.timeout:
                    os.kill(child, signal.SIGKILL)
            time.sleep(0.005)

    def finish(self):
        """Waits for all."""
        while self.running:
            self.wait()


def row_of(mutant):
    """The mutant as it stands in the report."""
    return {
        "file": mutant.file,
        "line": mutant.line,
        "rule": mutant.rule,
        "description": mutant.description,
    }


def table_of(mutants, results):
    """Per rule: mutants that ran, and those noticed."""
    table = defaultdict(lambda: {"run": 0, "killed": 0, "not_run": 0})
    for mutant in mutants:
        entry = table[mutant.rule or "other"]
        outcome = results.get(mutant)
        entry["not_run" if outcome is None else "run"] += 1
        entry["killed"] += outcome == "killed"
    return dict(sorted(table.items()))


def main(arguments=None):
    """Runs the mutants and writes the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budget-seconds", type=float, default=60)
    parser.add_argument("--timeout-seconds", type=float, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--report", default="reports/mutation.json")
    options = parser.parse_args(arguments)
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.chdir(ROOT)
    begun = time.monotonic()
    # What every child needs is imported once, before they are forked.
    import fastapi  # noqa: F401
    import pytest  # noqa: F401
    import sqlalchemy.orm  # noqa: F401

    mutants = in_turns(find_mutants())
    by_rule, files = index_tests()
    pool = Pool(options.jobs, options.timeout_seconds)
    for mutant in mutants:
        # A child that would end after the budget is not started.
        left = options.budget_seconds - (time.monotonic() - begun)
        if left < pool.usual_seconds():
            break
        pool.start(mutant, likely(mutant, by_rule, files), files)
    pool.finish()
    outcomes = list(pool.results.values())
    report = {
        "mutants": len(outcomes),
        "killed": outcomes.count("killed"),
        "survived": [row_of(m) for m in mutants if pool.results.get(m) == "survived"],
        "not_run": [row_of(m) for m in mutants if m not in pool.results],
        "rules": table_of(mutants, pool.results),
        "seconds": round(time.monotonic() - begun, 2),
    }
    path = Path(options.report)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    print(f"{report['killed']} of {report['mutants']} mutants killed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
