"""Files that are whole or not there: atomic writes, sealed JSON, tensors with a checksum."""

import errno
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

SEAL = "sha256"


class DamagedError(ValueError):
    """A file is not what was written: missing, truncated, or edited."""


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file so that a reader, or a crash, finds the old content or the new, nothing between.

    The data go to a temporary file in the same folder, are forced to the disk, and are renamed.

    Raises:
        OSError: if the disk is full or read-only; the old file is untouched, no other is left.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Force a rename to the disk, where folders can be opened (not on Windows)."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        except OSError as error:  # mounted network drives know no fsync of a folder
            if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS):
                raise
        finally:
            os.close(descriptor)


def remove_temporaries(folder: Path) -> None:
    """Delete what killed writers have left in a folder."""
    for path in folder.glob(".*.tmp"):
        path.unlink(missing_ok=True)


def canonical(content: Any) -> bytes:
    """The one spelling of a JSON value: sorted keys, no spaces, no infinities.

    Raises:
        ValueError: for what JSON cannot hold, such as nan.

    Example:
        >>> canonical({"b": 1, "a": [0.5]})
        b'{"a":[0.5],"b":1}'
    """
    text = json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )
    return text.encode()


def plain(content: Any) -> Any:
    """A value as it comes back from JSON: tuples are lists.

    Raises:
        TypeError, ValueError: for what JSON cannot hold.

    Example:
        >>> plain({"sizes": (2, 3)})
        {'sizes': [2, 3]}
    """
    return json.loads(canonical(content))


def sha256(data: bytes) -> str:
    """Checksum of bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def write_sealed(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON together with the checksum of its own content, atomically."""
    body = {key: value for key, value in content.items() if key != SEAL}
    sealed = body | {SEAL: sha256(canonical(body))}
    text = json.dumps(sealed, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_bytes(path, text.encode())


def read_sealed(path: Path) -> dict[str, Any]:
    """Read what `write_sealed` wrote.

    Raises:
        DamagedError: if the file is missing, truncated or edited.
    """
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise DamagedError(f"{path} does not exist") from None
    except (ValueError, RecursionError) as error:
        raise DamagedError(f"{path} is truncated or no JSON ({error})") from None
    if not isinstance(content, dict) or SEAL not in content:
        raise DamagedError(f"{path} carries no checksum of itself, so it is no sealed file")
    seal = content.pop(SEAL)
    try:
        found = sha256(canonical(content))
    except ValueError:  # nan, or half a character: Python reads them, but JSON has none
        found = None
    if seal != found:
        raise DamagedError(f"{path} has been edited: its content does not match its checksum")
    return content


def tensor_bytes(tensors: Mapping[str, Tensor]) -> bytes:
    """Tensors as the bytes of a safetensors file; equal tensors give equal bytes.

    Tensors that share memory, such as tied weights, are written once for each name.
    """
    own = {key: t.detach().to("cpu", copy=True).contiguous() for key, t in tensors.items()}
    return safetensors.torch.save(own)


def read_tensors(path: Path, checksum: str) -> dict[str, Tensor]:
    """Tensors of a safetensors file, on the CPU.

    Raises:
        DamagedError: if the file is missing, or its bytes do not match the checksum.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise DamagedError(f"{path} does not exist") from None
    if sha256(data) != checksum:
        raise DamagedError(f"{path} is truncated or has been edited: its checksum is another")
    return safetensors.torch.load(data)
