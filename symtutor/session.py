"""The first and the last line of a notebook: `setup` and `provenance`."""

import platform
import time
import warnings

import numpy as np
import torch

from . import records
from .machine import best_device, device_name, peak_mib
from .plotting import style

_started = time.perf_counter()


def setup(seed: int = 0, device: str | None = None) -> torch.device:
    """Prepare a notebook: figure style, seed, clock; choose where tensors live.

    The seed is for the notebook's own cells; the package draws from generators of its own. Progress
    bars follow the environment variable TQDM_DISABLE, which the build of the book sets.

    Args:
        seed: of torch's global generators, 0 to 2^32 - 1.
        device: "cpu", "cuda" or "mps"; by default the best there is.

    Returns:
        The device.

    Raises:
        ValueError: if the seed is out of range, or the device is unknown or not there.

    Example:
        >>> setup(seed=0, device="cpu")
        device(type='cpu')
    """
    global _started
    if not 0 <= seed < 2**32:
        raise ValueError(f"a seed is an integer from 0 to 2^32 - 1, got {seed}; pass e.g. seed=0")
    chosen = best_device(device)
    _started = time.perf_counter()
    # torch 2.15 warns of its own torch.jit.script when forward-mode differentiation is first used
    warnings.filterwarnings("ignore", r"`torch\.jit\.script` is deprecated", FutureWarning)
    style()
    torch.manual_seed(seed)
    records.forget()
    return chosen


def provenance() -> None:
    """Print versions, device, seconds since `setup` and peak memory; glue the last two.

    The prose finds them as `chapter_seconds` and `chapter_peak_mib`.

    Example:
        >>> provenance()  # doctest: +ELLIPSIS
        symtutor ... · torch ... · numpy ... · Python ...
        ... s · peak ...
    """
    from . import __version__  # the package is complete only now

    seconds = time.perf_counter() - _started
    peak = peak_mib()
    print(
        f"symtutor {__version__} · torch {torch.__version__} · numpy {np.__version__}"
        f" · Python {platform.python_version()}\n{device_name(best_device())} · {seconds:.1f} s"
        f" · peak {'unknown' if peak is None else f'{peak:.0f} MiB'}"
    )
    records.glue("chapter_seconds", round(seconds, 1))
    records.glue("chapter_peak_mib", "unknown" if peak is None else round(peak))
