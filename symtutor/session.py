"""The first and the last line of a notebook: `setup` and `provenance`."""

import platform
import sys
import time
import warnings

import numpy as np
import torch

from . import records
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
    available = ["cpu"]
    if torch.backends.mps.is_available():
        available.insert(0, "mps")
    if torch.cuda.is_available():
        available.insert(0, "cuda")
    name = device or available[0]
    if name.split(":")[0] not in available:
        raise ValueError(
            f"device {name!r} is not available here, only {', '.join(available)}; "
            "leave `device` out to take the first of them"
        )
    _started = time.perf_counter()
    # torch 2.15 warns of its own torch.jit.script when forward-mode differentiation is first used
    warnings.filterwarnings("ignore", r"`torch\.jit\.script` is deprecated", FutureWarning)
    style()
    torch.manual_seed(seed)
    records.forget()
    return torch.device(name)


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
        f" · Python {platform.python_version()}\n{_device_name()} · {seconds:.1f} s"
        f" · peak {'unknown' if peak is None else f'{peak:.0f} MiB'}"
    )
    records.glue("chapter_seconds", round(seconds, 1))
    records.glue("chapter_peak_mib", "unknown" if peak is None else round(peak))


def peak_mib() -> float | None:
    """Largest resident memory of this process so far in MiB; None where it cannot be asked.

    Example:
        >>> peak = peak_mib()
        >>> peak is None or peak > 10
        True
    """
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _device_name() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    threads = torch.get_num_threads()
    return f"CPU, {threads} thread{'s' * (threads != 1)}"
