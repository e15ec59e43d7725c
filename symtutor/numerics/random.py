"""Independent random streams from one integer seed, by name."""

import hashlib

import torch


def fan_out(seed: int, name: str) -> int:
    """A seed of its own for every purpose, the same on every machine: SHA-256 of seed and name.

    Args:
        seed: of the whole run.
        name: what the numbers are for, e.g. "data".

    Returns:
        An integer from 0 to 2^63 - 1.

    Example:
        >>> fan_out(0, "data") == fan_out(0, "data"), fan_out(0, "data") == fan_out(1, "data")
        (True, False)
    """
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def generator(seed: int, name: str, device: torch.device | str = "cpu") -> torch.Generator:
    """A private generator for one purpose of a run.

    Example:
        >>> torch.rand(1, generator=generator(0, "data")).shape
        torch.Size([1])
    """
    return torch.Generator(device).manual_seed(fan_out(seed, name))
