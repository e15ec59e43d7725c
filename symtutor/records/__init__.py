"""What the book states: claims checked where they are made, and records of runs made before."""

from .claims import ClaimError, claim, forget, glue
from .library import Records, record
from .runner import BusyError, DeviceMemoryError, execute
from .store import Record

__all__ = [
    "BusyError",
    "ClaimError",
    "DeviceMemoryError",
    "Record",
    "Records",
    "claim",
    "execute",
    "forget",
    "glue",
    "record",
]
