"""Measurements as Markdown: medians, and ratios to the best peer."""
import statistics


DURABLE = "durable"  # in the name of a contender that keeps each step on the disk


class Medians:
    def __init__(self, rows):
        self.rows = rows

    def of(self, cell, name, figure):
        found = [row[figure] for row in self.rows
                 if row["cell"] == cell and row["name"] == name and figure in row]
        return statistics.median(found) if found else None

    def failure(self, cell, name):
        for row in self.rows:
            if row["cell"] == cell and row["name"] == name and "failed" in row:
                return row["failed"]
        return None


def shown(value):
    if value is None:
        return "–"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}"


def ours(name):
    return name.startswith("Cadre")


def ratios(title, name, peers, columns, value):
    cells = []
    for _, key, better in columns:
        own = value(name, key)
        others = [v for v in (value(peer, key) for peer in peers) if v is not None]
        if better is None or not own or own <= 0 or not others:
            cells.append("–")
        elif better == "low":
            cells.append(f"**{min(others) / own:.3g}×**")
        else:
            cells.append(f"**{own / max(others):.3g}×**")
    return f"| *{title}* | " + " | ".join(cells) + " |"


def table(title, names, columns, value):
    """columns: (heading, key, better is "low", "high" or None)."""
    lines = [f"### {title}", "", "| | " + " | ".join(heading for heading, _, _ in columns) + " |",
             "| --- |" + " ---: |" * len(columns)]
    for name in names:
        lines.append(f"| {name} | " + " | ".join(
            shown(value(name, key)) for _, key, _ in columns) + " |")
    peers = [name for name in names if not ours(name)]
    for name in filter(ours, names):
        lines.append(ratios(f"{name}: better than the best peer", name, peers, columns, value))
        kept = [peer for peer in peers if DURABLE in peer]
        if DURABLE in name and kept:
            title = f"{name}: better than the peer that is {DURABLE}, too"
            lines.append(ratios(title, name, kept, columns, value))
    return "\n".join(lines) + "\n"


def tables(rows, names, chunks):
    medians = Medians(rows)
    parts = [table("Cold start: spawn to first request, ms; one run, then the end", names,
                   [("first request", "first_ms", "low"), ("CPU ms, whole", "whole_cpu_ms", "low"),
                    ("peak MB", "peak_mb", "low")],
                   lambda name, key: medians.of("cold", name, key))]
    for delay in (0, 200):
        for in_flight in (1, 100, 1000):
            cell = f"runs {in_flight} {delay}"
            ideal = f"; at best {in_flight / 0.4:,g} runs/s, 400 ms" if delay else ""
            parts.append(table(
                f"{in_flight:,} in flight, {delay} ms a model call{ideal}", names,
                [("CPU µs a run", "cpu_us", "low"), ("runs/s", "runs_s", "high"),
                 ("p50 ms", "p50_ms", "low"), ("p99 ms", "p99_ms", "low"),
                 ("peak MB", "peak_mb", "low")],
                lambda name, key, cell=cell: medians.of(cell, name, key)))
    parts.append(table(
        "History: one conversation, a turn's cost, µs", names,
        [(f"{'CPU' if key.startswith('cpu') else 'wall'}, turn {turn}", f"{key}_{turn}", "low")
         for key in ("cpu_us", "us") for turn in (10, 100, 500)],
        lambda name, key: medians.of("history", name, key)))

    def streaming(name, key):
        plain, streamed = (medians.of(cell, name, "cpu_us") for cell in ("plain", "stream"))
        if plain is None or streamed is None:
            return None
        return {"plain": plain, "stream": streamed, "delta": (streamed - plain) / chunks}[key]
    parts.append(table(
        f"Streaming: an answer of {chunks} deltas, CPU µs", names,
        [("run, whole answer", "plain", "low"), ("run, streamed", "stream", "low"),
         ("a delta", "delta", "low")], streaming))
    parts.append(table("Four agents by handoffs, four model calls, 100 in flight, 0 ms", names,
                       [("CPU µs a run", "cpu_us", "low"), ("runs/s", "runs_s", "high"),
                        ("p99 ms", "p99_ms", "low")],
                       lambda name, key: medians.of("chain", name, key)))
    failures = [f"- {row['name']}, {row['cell']}: {row['failed']}" for row in rows
                if "failed" in row]
    if failures:
        parts.append("Not measured:\n\n" + "\n".join(dict.fromkeys(failures)) + "\n")
    return "\n".join(parts)
