"""The machine a result was made on: device, versions, commit, memory."""

import ctypes
import functools
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

REPOSITORY = Path(__file__).resolve().parents[1]
LIBRARIES = ("torch", "numpy", "torchvision", "torchdiffeq", "safetensors")


def best_device(name: str | None = None) -> torch.device:
    """The device asked for, or the best there is: CUDA, then Apple's MPS, then the CPU.

    Raises:
        ValueError: if the device is unknown or not there.

    Example:
        >>> best_device("cpu")
        device(type='cpu')
    """
    available = ["cpu"]
    if torch.backends.mps.is_available():
        available.insert(0, "mps")
    if torch.cuda.is_available():
        available.insert(0, "cuda")
    name = name or available[0]
    try:
        device = torch.device(name)
    except RuntimeError:  # torch knows no such device
        device = None
    count = torch.cuda.device_count() if name.startswith("cuda") else 1
    if device is None or device.type not in available or (device.index or 0) >= count:
        raise ValueError(
            f"device {name!r} is not available here, only {', '.join(available)}; "
            "leave it out to take the first of them"
        )
    return device


@contextmanager
def threads(count: int | None) -> Iterator[None]:
    """Let torch use so many CPU threads within the block; None changes nothing."""
    before = torch.get_num_threads()
    torch.set_num_threads(count or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def keep_freed_memory() -> bool:
    """Let the C library keep what is freed, for the next tensors of the same sizes.

    By default glibc hands large blocks back to the system at once, and every step of a training
    pays for getting them again. Nothing else changes. Elsewhere than under glibc nothing is done.

    Returns:
        Whether the C library agreed.

    Example:
        >>> keep_freed_memory() in (True, False)
        True
    """
    trim_threshold, top_pad, mmap_threshold = -1, -2, -3  # settings' names, in malloc.h
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is None:
        return False
    settings = {trim_threshold: 2**31 - 1, top_pad: 2**26, mmap_threshold: 2**25}
    return all([mallopt(name, value) for name, value in settings.items()])


def device_name(device: torch.device, count: int | None = None) -> str:
    """What the device is called, e.g. 'NVIDIA T4' or 'AMD EPYC 9B14, 2 threads'.

    Args:
        device: of a run.
        count: its CPU threads, if they are not those of the moment.
    """
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    count = count or torch.get_num_threads()
    model = _processor() if device.type == "cpu" else "Apple GPU"
    return f"{model}, {count} thread{'s' * (count != 1)}"


@functools.cache
def _processor() -> str:
    """The processor's name; the machine's architecture where it cannot be read."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Versions of Python, of this package and of the libraries a result depends on.

    Example:
        >>> "torch" in versions()
        True
    """
    from . import __version__  # the package is complete only now

    found = {"python": platform.python_version(), "symtutor": __version__}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def commit() -> tuple[str | None, bool | None]:
    """The commit this package runs from and whether its code differs from it; None if unknown.

    An installed wheel knows no commit; its version stands for it.
    """
    if not (REPOSITORY / ".git").exists():
        return None, None
    head = _git("rev-parse", "HEAD")
    changes = _git("status", "--porcelain", "--", "symtutor", "pyproject.toml")
    return (None, None) if head is None or changes is None else (head, bool(changes))


def _git(*arguments: str) -> str | None:
    try:
        command = ["git", "-C", str(REPOSITORY), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return None
    return None if done.returncode else done.stdout.strip()


def peak_mib(device: torch.device | None = None) -> float | None:
    """Most memory used so far, in MiB: allocated on a CUDA device, else resident in this process.

    None where it cannot be asked.

    Example:
        >>> peak = peak_mib()
        >>> peak is None or peak > 10
        True
    """
    if device is not None and device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
