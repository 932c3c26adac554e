"""Rows into ratios, tables, a TSV file and a chart."""
import os
import statistics
import subprocess

from tools import OURS, PEERS

CELLS = """
Each cell is nc-lite's figure divided by the other's in the same round: the
median of the rounds, and half the distance between the quartiles in per cent.
"""


def values(bench, name, tool):
    return {r.round: r.value for r in bench.rows
            if r.measure.name == name and r.tool == tool}


def ratios(bench, name, tool, other):
    mine, theirs = values(bench, name, tool), values(bench, name, other)
    return [mine[n] / theirs[n] for n in mine if theirs.get(n)]


def figure(numbers):
    """Median and spread as text."""
    if not numbers:
        return "-"
    middle = statistics.median(numbers)
    text = f"{middle:.2f}" if middle < 10 else f"{middle:.1f}"
    if len(numbers) < 2:
        return text
    low, _, high = statistics.quantiles(numbers, n=4, method="inclusive")
    return f"{text} ±{50 * (high - low) / middle:.0f}%" if middle else text


def measures(bench):
    return list(dict.fromkeys(r.measure for r in bench.rows))


def best_peer(bench, measure):
    known = [(statistics.median(v.values()), p) for p in PEERS
             if (v := values(bench, measure.name, p))]
    pick = max if measure.better == "more" else min
    return pick(known)[1] if known else None


def table(head, rows):
    """A Markdown table with its columns aligned."""
    rows = [[c.replace("|", "\\|") for c in row] for row in [head, *rows]]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = ["| " + " | ".join(c.ljust(w) for c, w in zip(row, widths)) + " |"
             for row in rows]
    lines.insert(1, "|" + "|".join("-" * (w + 2) for w in widths) + "|")
    return "\n".join(lines)


def limits(bench, measure):
    """What was measured beside the tools."""
    return dict.fromkeys(r.tool for r in bench.rows if r.measure == measure
                         and r.tool not in [OURS, *PEERS])


def ratio_table(bench):
    used = [p for p in PEERS if any(r.tool == p for r in bench.rows)]
    rows = []
    for m in measures(bench):
        cells = [figure(ratios(bench, m.name, OURS, p)) for p in used]
        ends = [f"{t}: {figure(ratios(bench, m.name, OURS, t))}"
                for t in limits(bench, m)]
        rows.append([m.name, m.better, *cells, ", ".join(ends)])
    return table(["nc-lite's ratio to", "better", *used, "limits"], rows)


def share_table(bench):
    """Of datagrams also the share itself, by tool."""
    shares = [m for m in measures(bench) if m.unit == "share"]
    tools = [t for t in [OURS, *PEERS]
             if any(r.tool == t and r.measure in shares for r in bench.rows)]
    rows = [[m.name, *(f"{100 * statistics.median(v.values()):.1f}%"
                       if (v := values(bench, m.name, t)) else "-"
                       for t in tools)] for m in shares]
    return table(["share of datagrams", *tools], rows) if rows else ""


def against(bench, bound):
    """The numbers a bound is about, and the name of what they are against."""
    found = [m for m in measures(bench) if m.name == bound.measure]
    if not found or not values(bench, bound.measure, OURS):
        return [], bound.peer or ""
    if bound.peer is None:
        unit = found[0].unit
        return list(values(bench, bound.measure, OURS).values()), unit
    peer = bound.peer
    if peer == "best peer":
        peer = best_peer(bench, found[0])
    return ratios(bench, bound.measure, OURS, peer), "x " + str(peer)


def verdict(bench, bound, numbers):
    if not numbers:
        return "NOT met: not measured"
    middle = statistics.median(numbers)
    mine = statistics.median(values(bench, bound.measure, OURS).values())
    if bound.op == ">" and middle == 1 and mine == 1:
        return "met: none lost, by the best peer neither"
    good = {">=": middle >= bound.figure, "<=": middle <= bound.figure,
            ">": middle > bound.figure, "<": middle < bound.figure}[bound.op]
    return "met" if good else "NOT met"


def bound_table(bench, bounds):
    rows = []
    for bound in bounds:
        numbers, unit = against(bench, bound)
        rows.append([bound.label, f"{bound.op} {bound.figure} {unit}",
                     figure(numbers), verdict(bench, bound, numbers)])
    return table(["must reach", "bound", "measured", "verdict"], rows)


def text(bench, bounds):
    parts = [CELLS.strip(), ratio_table(bench), share_table(bench),
             bound_table(bench, bounds),
             "\n".join(f"Note: {note}" for note in bench.notes)]
    return "\n\n".join(part for part in parts if part)


def write_tsv(bench, path):
    with open(path, "w") as out:
        out.write("measure\tunit\tbetter\ttool\tround\tvalue\n")
        for measure, tool, number, value in bench.rows:
            out.write(f"{measure.name}\t{measure.unit}\t{measure.better}\t"
                      f"{tool}\t{number}\t{value:.6g}\n")


def bars(bench):
    """(measure, tool, ratio to nc.openbsd) of the TCP throughputs."""
    for m in measures(bench):
        if m.unit == "MiB/s" and m.name.startswith("tcp"):
            for tool in [OURS, *PEERS, *limits(bench, m)]:
                numbers = ratios(bench, m.name, tool, "nc.openbsd")
                if numbers:
                    yield m.name, tool, statistics.median(numbers)


STYLE = """
text { fill: #24292f }
@media (prefers-color-scheme: dark) {
  #gnuplot_canvas > rect { fill: #0d1117 }
  text { fill: #e6edf3 }
  path[stroke="rgb(221, 221, 221)"] { stroke: #30363d }
}
"""


def chart(bench, path, command):
    """Draws the bars with chart.gp, which reads one data file."""
    data, y, labels, last = [], -1, [], None
    for name, tool, ratio in bars(bench):
        if name != last:
            labels.append((name.removeprefix("tcp "), y + 0.4))
            y, last = y + 1.4, name
        kind = 0 if tool == OURS else 1 if tool in PEERS else 2
        data.append(f'{ratio:.3f}\t{y:.1f}\t{kind}\t"{tool}"')
        y += 1
    if os.path.exists(path):
        os.unlink(path)         # never an older run's picture
    if not data:
        return
    source = os.path.splitext(path)[0] + ".dat"
    with open(source, "w") as out:
        out.write("\n".join(data) + "\n")
    heads = " ".join(f'"{name}" {at:.1f}' for name, at in labels)
    subprocess.run(
        ["gnuplot", "-e",
         f"data='{source}'; out='{path}'; heads='{heads}'; rows={y:.1f}; "
         f"command='{command}'",
         os.path.join(bench.root, "tests", "bench", "chart.gp")], check=True)
    style(path)


def style(path):
    """Makes what gnuplot drew legible on a dark page, too."""
    with open(path, encoding="utf-8") as file:
        drawn = file.read()
    with open(path, "w", encoding="utf-8") as file:
        file.write(drawn.replace("<g id=", f"<style>{STYLE}</style>\n<g id=", 1))
