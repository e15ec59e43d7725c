"""`compare`: our time, a baseline in the same process, the ratio, and the arithmetic floor."""

import statistics
import time
from collections.abc import Callable

import pytest
import torch

ROWS: list[dict] = []


def matmul_flops() -> float:
    """Attained float32 FLOP/s of a large matrix product on this machine, the best of ten."""
    a, b = torch.rand(4096, 512), torch.rand(512, 512)
    times = []
    for _ in range(10):
        start = time.perf_counter()
        a @ b
        times.append(time.perf_counter() - start)
    return 2 * 4096 * 512 * 512 / min(times)


@pytest.fixture(scope="session")
def peak():
    return matmul_flops()


@pytest.fixture
def compare(benchmark, peak):
    """Time `ours` and `baseline` in turns, so that both see the same machine, and keep a row."""

    def run(
        name: str,
        ours: Callable[[], None],
        baseline: Callable[[], None],
        *,
        against: str,
        flop: float,
        rounds: int = 5,
    ) -> None:
        ours(), baseline()  # warm up
        times: dict[str, list[float]] = {"ours": [], "baseline": []}
        for _ in range(rounds):
            for key, function in (("ours", ours), ("baseline", baseline)):
                start = time.perf_counter()
                function()
                times[key].append(time.perf_counter() - start)
        benchmark.pedantic(ours, rounds=1)
        mine, theirs = (statistics.median(times[key]) for key in ("ours", "baseline"))
        row = {
            "row": name,
            "ours_s": mine,
            "against": against,
            "baseline_s": theirs,
            "ratio": theirs / mine,
            "floor_s": flop / peak,
            "utilisation": flop / peak / mine,
        }
        benchmark.extra_info.update(row)
        ROWS.append(row)

    return run


def pytest_terminal_summary(terminalreporter):
    if not ROWS:
        return
    terminalreporter.section("ratios (median of interleaved runs; floor = FLOP / matmul speed)")
    for row in ROWS:
        terminalreporter.write_line(
            f"{row['row']:<34} {row['ours_s']:7.3f} s   x{row['ratio']:.2f} faster than "
            f"{row['against']} ({row['baseline_s']:.3f} s)   floor {row['floor_s']:.3f} s, "
            f"{row['utilisation']:.0%} of matmul speed"
        )
