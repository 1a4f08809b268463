"""How fast a room is: `python -m benchmarks.fanout`. README.md says what is measured and how.

Starts each server itself, on a free port of the loopback interface and over a database in a temporary
directory, and ends it. Needs Linux (/proc, CPU affinity) and two cores that are otherwise idle.
"""

import argparse
import asyncio
import gc
import json
import math
import os
import resource
import statistics
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import uvloop

from benchmarks.measures import IDLE, MEASURES, OF_PEERS, Numbers
from benchmarks.servers import CLIENT_CORE, SERVER_CORE, TARGETS, Target, machine, make_people, running

MEASURE_TIMEOUT: Final = 120.0
PEOPLE: Final = IDLE + 50
# From here on the client may be what limits the numbers.
CLIENT_BUSY: Final = 0.9
# A saturated server that got less of its core than this shared it with something else.
SERVER_BUSY: Final = 0.9

Results = dict[str, dict[str, list[float]]]  # target, number, its value in each run


def _thousands(value: float) -> str:
    return f"{value / 1000:,.1f} k"


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _ms(value: float) -> str:
    return f"{value:,.2f} ms" if value < 100 else f"{value:,.0f} ms"


def _share(value: float) -> str:
    return f"{value:.0%}"


ROWS: Final[dict[str, tuple[str, Callable[[float], str]]]] = {
    "deliveries_per_cpu_second": ("deliveries a second of server CPU, saturated", _thousands),
    "messages_per_second": ("messages a second, saturated", _whole),
    "saturated_p50_ms": ("latency, saturated: p50", _ms),
    "saturated_p99_ms": ("latency, saturated: p99", _ms),
    "saturated_server_cpu": ("server's core, saturated", _share),
    "saturated_client_cpu": ("client's core, saturated", _share),
    "saturated_closed": ("connections closed by the server, saturated", _whole),
    "redis_calls": ("scripts and publications of Redis a message, saturated", lambda value: f"{value:.2f}"),
    "redis_commands": ("commands of Redis a message, those within scripts too", lambda value: f"{value:.1f}"),
    "redis_bytes": ("bytes to and from Redis a message", _whole),
    "redis_cpu": ("Redis' share of a core, saturated", _share),
    "steady_p50_ms": ("latency at 300 messages a second: p50", _ms),
    "steady_p99_ms": ("latency at 300 messages a second: p99", _ms),
    "steady_max_ms": ("latency at 300 messages a second: worst", _ms),
    "steady_undelivered": ("deliveries missing at 300 messages a second", _whole),
    "steady_closed": ("connections closed by the server at 300 messages a second", _whole),
    "steady_server_cpu": ("server's core at 300 messages a second", _share),
    "steady_client_cpu": ("client's core at 300 messages a second", _share),
    "joins_per_cpu_second": ("joins a second of server CPU", _whole),
    "joins_per_second": ("joins a second", _whole),
    "full_joins_per_cpu_second": ("joins a second of server CPU, room of 100 messages", _whole),
    "full_joins_per_second": ("joins a second, room of 100 messages", _whole),
    "joins_client_cpu": ("client's core while joining", _share),
    "kb_per_connection": ("KB for an idle connection", lambda value: f"{value:.1f}"),
    "burst_lost": ("lost of 50,000 deliveries in a burst", _whole),
    "burst_out_of_order": ("out of order in a burst", _whole),
    "burst_closed": ("connections closed by the server in a burst", _whole),
    "burst_ms": ("time until the burst has arrived", _ms),
}


async def measure(target: Target, name: str, place: Path, sessions: list[str], seconds: float) -> Numbers:
    """One measurement on a server of its own: nothing is left over from the one before."""
    gc.collect()
    async with asyncio.timeout(MEASURE_TIMEOUT), running(target, place, sessions) as server:
        return await MEASURES[name](server, seconds)


async def run(options: argparse.Namespace) -> Results:
    """All of it, run by run, so that what disturbs the machine disturbs everything alike."""
    results: Results = {TARGETS[key].name: {} for key in options.targets}
    with tempfile.TemporaryDirectory(prefix="chit-chat-benchmark-") as directory:
        place = Path(directory)
        sessions = make_people(place, PEOPLE)
        for number in range(options.runs):
            for key in options.targets:
                target = TARGETS[key]
                for name in options.measures:
                    if target.peer and name not in OF_PEERS:
                        continue
                    print(f"run {number + 1} of {options.runs}: {target.name}, {name}", file=sys.stderr)
                    found = await measure(target, name, place, sessions, options.seconds)
                    for what, value in found.items():
                        results[target.name].setdefault(what, []).append(value)
    return results


def table(results: Results) -> str:
    """Markdown: the median of the runs, and the least and most of them."""
    names = list(results)
    lines = [f"| | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for what, (label, show) in ROWS.items():
        cells = [_cell(results[name].get(what), show) for name in names]
        if any(cells):
            lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values: list[float] | None, show: Callable[[float], str]) -> str:
    if not values:
        return ""
    if any(math.isnan(value) for value in values):
        return "none arrived"
    median, least, most = show(statistics.median(values)), show(min(values)), show(max(values))
    return median if least == most else f"{median} ({least} to {most})"


def warnings(results: Results) -> list[str]:
    """What makes a number worth less than it looks."""
    found = [
        f"{name}: the client was at {max(values):.0%} of its core ({what}): it may be the limit."
        for name, numbers in results.items()
        for what, values in numbers.items()
        if what.endswith("client_cpu") and max(values) > CLIENT_BUSY
    ]
    # While it waits for its core, messages gather and leave together: that flatters a number per CPU second.
    found += [
        f"{name}: saturated, it had {min(shares):.0%} of its core: something else runs on this machine, "
        "and every number of this report is provisional."
        for name, numbers in results.items()
        if (shares := numbers.get("saturated_server_cpu")) and min(shares) < SERVER_BUSY
    ]
    if SERVER_CORE == CLIENT_CORE:
        found.append("Server and client shared one core.")
    return found


def report(options: argparse.Namespace, around: dict[str, Any], results: Results) -> dict[str, Any]:
    """Everything, for a file."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": around,
        "runs": options.runs,
        "seconds": options.seconds,
        "warnings": warnings(results),
        "results": {
            name: {what: _spread(values) for what, values in numbers.items()}
            for name, numbers in results.items()
        },
    }


def _spread(values: list[float]) -> dict[str, Any]:
    known = [value for value in values if not math.isnan(value)]
    if len(known) < len(values):
        return {"median": None, "min": None, "max": None, "runs": known}
    return {
        "median": statistics.median(values),
        "min": min(values),
        "max": max(values),
        "runs": values,
    }


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fanout", description=__doc__)
    parser.add_argument(
        "--targets",
        nargs="+",
        choices=TARGETS,
        default=list(TARGETS),
        metavar="TARGET",
        help=f"what to measure: {', '.join(TARGETS)} (default: all)",
    )
    parser.add_argument(
        "--measures",
        nargs="+",
        choices=MEASURES,
        default=list(MEASURES),
        metavar="MEASURE",
        help=f"what to measure of it: {', '.join(MEASURES)} (default: all)",
    )
    parser.add_argument(
        "--runs", type=int, choices=range(1, 21), default=3, metavar="1-20", help="default: 3"
    )
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="of each timed load, at most 15 (default: 5)"
    )
    parser.add_argument("--quick", action="store_true", help="one run of 2 seconds each")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything to this file too")
    options = parser.parse_args()
    if options.quick:
        options.runs, options.seconds = 1, 2.0
    # The server pings after 25 s, and a client that only counts does not answer.
    options.seconds = min(max(options.seconds, 0.5), 15.0)
    return options


def main() -> None:
    options = _options()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # which the servers inherit
    around = machine()
    os.sched_setaffinity(0, {CLIENT_CORE})
    gc.disable()  # a pause of the client's would be a latency of the server's
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        results = runner.run(run(options))
    whole = report(options, around, results)
    print(f"{whole['date']}, runs: {options.runs}, of {options.seconds:g} s each; median (least to most)")
    print(", ".join(f"{key} {value}" for key, value in around.items()), end="\n\n")
    print(table(results))
    for warning in whole["warnings"]:
        print(f"\nWARNING: {warning}")
    if options.json:
        options.json.write_text(json.dumps(whole, indent=1) + "\n")


if __name__ == "__main__":
    main()
