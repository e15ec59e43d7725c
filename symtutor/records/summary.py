"""A metric over several records, in words."""

import statistics
from collections.abc import Sequence

from .store import Record


def metric_text(name: str, records: Sequence[Record]) -> str:
    """Median and range of a metric with its unit, e.g. 'angle 0.75 (0.6 to 0.96) degree'.

    Of a metric that is a list, such as one number per slot, the median of every entry.
    """
    values = [record.metrics[name] for record in records]
    unit = records[0].content["metrics"][name]["unit"]
    if isinstance(values[0], list):
        entries = [statistics.median(entry) for entry in zip(*values, strict=True)]
        digits = ".2f" if max(map(abs, entries)) >= 0.1 else ".2g"
        text = f"{name} " + ", ".join(f"{entry:{digits}}" for entry in entries)
        return text if unit == "1" else f"{text} {unit}"
    text = f"{name} {statistics.median(values):.3g}"
    if len(values) > 1:
        text += f" ({min(values):.3g} to {max(values):.3g})"
    return text if unit == "1" else f"{text} {unit}"


def origins(records: Sequence[Record]) -> list[str]:
    """Where records come from: one line for all seeds that were run on one commit and device."""
    groups: dict[tuple[str, str], list[Record]] = {}
    for record in records:
        groups.setdefault(record.origin(), []).append(record)
    return [_line(*origin, group) for origin, group in groups.items()]


def _line(made: str, day: str, group: list[Record]) -> str:
    if len(group) == 1:
        return group[0].line()
    seeds = list(dict.fromkeys(str(record.seed) for record in group))
    who = f"seed{'s' * (len(seeds) > 1)} {', '.join(seeds)}"
    who += f", {len(group)} runs" * (len(group) > len(seeds))
    seconds = [round(record.content["seconds"]) for record in group]
    peaks = [p for p in (record.content["peak_mib"] for record in group) if p is not None]
    peak = f" · peak {max(peaks):.0f} MiB" if peaks else ""
    return f"{who} · {made} · {min(seconds)} to {max(seconds)} s each{peak} · {day}"
