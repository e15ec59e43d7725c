"""What the setup cell of a notebook installs, and what it leaves alone."""

import subprocess
import tomllib
import types

import install_guard
import pytest
from bookfacts import ROOT, Book
from packaging.requirements import Requirement

SMALL = {"safetensors", "filelock", "tqdm", "tyro", "docstring_parser", "typeguard"}


def test_guard_knows_every_package_that_symtutor_needs(root):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {Requirement(text).name for text in project["dependencies"]}
    machine = {"torch", "torchvision", "numpy", "matplotlib", "pillow", "ipywidgets"}
    machine |= {"sympy"}  # torch itself requires it
    guard = install_guard.guard(Book(root))
    assert machine <= needed
    assert [name for name in needed - machine if f'"{name}":' not in guard] == []


def run_guard(monkeypatch, root, present, returncode=0):
    """Execute the guard where only ``present`` can be imported; the pip commands it gives."""
    commands = []

    def run(command, **_):
        commands.append(command)
        return types.SimpleNamespace(returncode=returncode, stderr="no route to host")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: object() if name in present else None
    )
    exec(install_guard.guard(Book(root)), {})
    return commands


def test_guard_does_nothing_where_all_is_there(monkeypatch, root):
    everything = {"torch", "symtutor", "torchdiffeq", "jaxtyping", "wadler_lindig", *SMALL}
    assert run_guard(monkeypatch, root, everything) == []


def test_guard_installs_only_what_is_missing_without_dependencies(monkeypatch, root):
    (command,) = run_guard(monkeypatch, root, {"torch", "jaxtyping", *SMALL})
    assert "--no-deps" in command
    version, url = Book(root).version, Book(root).url
    wanted = command[command.index("--no-deps") + 1 :]
    assert wanted == [f"symtutor @ git+{url}@v{version}", "torchdiffeq", "wadler_lindig"]


def test_guard_says_what_to_do_when_pip_fails_or_torch_is_missing(monkeypatch, root):
    with pytest.raises(RuntimeError, match=r"(?s)run this cell again.*no route to host"):
        run_guard(monkeypatch, root, {"torch"}, returncode=1)
    with pytest.raises(RuntimeError, match="pip install torch"):
        run_guard(monkeypatch, root, set())
