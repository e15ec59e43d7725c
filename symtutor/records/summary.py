"""A metric over several records, in words."""

import statistics
from collections.abc import Sequence

from .store import Record


def metric_text(name: str, records: Sequence[Record]) -> str:
    """Median and range of a metric with its unit, e.g. 'angle 0.75 (0.6 to 0.96) degree'."""
    values = [record.metrics[name] for record in records]
    unit = records[0].content["metrics"][name]["unit"]
    text = f"{name} {statistics.median(values):.3g}"
    if len(values) > 1:
        text += f" ({min(values):.3g} to {max(values):.3g})"
    return text if unit == "1" else f"{text} {unit}"
