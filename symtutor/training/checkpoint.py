"""Checkpoints: tensors in safetensors, meaning in JSON, the JSON's rename as the commit point."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from .. import files

FORMAT = 1


class MismatchError(ValueError):
    """A file belongs to another configuration or version."""


def write(folder: Path, name: str, tensors: Mapping[str, Tensor], meta: Mapping[str, Any]) -> None:
    """Write a checkpoint; killed at any moment, it leaves the one before or this one.

    The tensors get a file name of their own (step and checksum); only then is the JSON that names
    it put in place, and older tensor files are deleted.
    """
    data = files.tensor_bytes(tensors)
    checksum = files.sha256(data)
    path = folder / f"{name}-{meta['step']}-{checksum[:8]}.safetensors"
    files.write_bytes(path, data)
    pointer = {"format": FORMAT, "tensors": path.name, "tensors_sha256": checksum, **meta}
    files.write_sealed(folder / f"{name}.json", pointer)
    remove(folder, name, keep=path.name)


def remove(folder: Path, name: str, keep: str = "") -> None:
    """Delete the tensor files of one training, except for one, and none of any other training."""
    own = re.compile(re.escape(name) + r"-\d+-[0-9a-f]{8}\.safetensors")
    for path in list(folder.iterdir()):
        if own.fullmatch(path.name) and path.name != keep:
            path.unlink(missing_ok=True)


def read(
    folder: Path, name: str, identity: Mapping[str, Any]
) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """The last checkpoint and its meaning; None if there is none.

    Raises:
        DamagedError: if one of its files is missing, truncated or edited.
        MismatchError: if it was made with another configuration or version.
    """
    path = folder / f"{name}.json"
    if not path.exists():
        return None
    meta = files.read_sealed(path)
    if meta.get("format") != FORMAT or "identity" not in meta:
        raise MismatchError(
            f"{path} is no checkpoint of format {FORMAT} (its format is {meta.get('format')}); "
            "delete the folder or choose another one"
        )
    different = differences(meta["identity"], dict(identity))
    if different:
        raise MismatchError(
            f"{path} was made with another configuration: {'; '.join(different)}. "
            "Choose another folder, or delete this one to start anew"
        )
    tensors = files.read_tensors(folder / meta["tensors"], meta["tensors_sha256"])
    remove(folder, name, keep=meta["tensors"])  # what a writer killed before the JSON has left
    return tensors, meta


def differences(there: Any, here: Any, path: str = "") -> list[str]:
    """Where two JSON values differ, in words: 'config.tau is 1.5 there and 1.25 here'."""
    if isinstance(there, dict) and isinstance(here, dict):
        keys = sorted(there.keys() | here.keys())
        missing = "(not there)"
        return [
            line
            for key in keys
            for line in differences(
                there.get(key, missing), here.get(key, missing), f"{path}.{key}" if path else key
            )
        ]
    return [] if there == here else [f"{path} is {there!r} there and {here!r} here"]


def shapes(tensors: Mapping[str, Tensor]) -> dict[str, str]:
    """What has to agree before tensors are put into a run: names, types and sizes."""
    return {
        key: f"{str(t.dtype).removeprefix('torch.')} {list(t.shape)}"
        for key, t in tensors.items()
        if key.startswith(("module/", "generator/"))
    }


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The optimiser's state as tensors named "index/key"."""
    found = {}
    for index, state in optimizer.state_dict()["state"].items():
        for key, value in state.items():
            if value is None:
                continue
            if not isinstance(value, Tensor):
                raise TypeError(
                    f"the optimiser keeps {key!r} as {type(value).__name__}, which a checkpoint "
                    "cannot hold; use one whose state consists of tensors, such as Adam or SGD"
                )
            found[f"{index}/{key}"] = value
    return found


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Put the state of `optimizer_tensors` back."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in tensors.items():
        index, key = name.split("/", 1)
        state.setdefault(int(index), {})[key] = value
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def module_tensors(modules: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """Parameters and buffers of all modules, named "module/key"."""
    return {
        f"{name}/{key}": value
        for name, module in modules.items()
        for key, value in module.state_dict().items()
    }


def part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    """The tensors below a prefix, without it."""
    start = prefix + "/"
    return {key.removeprefix(start): t for key, t in tensors.items() if key.startswith(start)}
