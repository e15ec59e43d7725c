"""The lines that the notebook generator puts before a chapter's setup cell.

They act only where ``symtutor`` is missing, as in Colab, and then install it (and the small
packages it needs) without their dependencies, so that pip never replaces the machine's own
torch, torchvision, numpy or matplotlib.
"""

from bookfacts import Book

TEMPLATE = """\
# @title Setup
# Where symtutor is missing (Colab), install it without touching torch, numpy or matplotlib.
import importlib.util, subprocess, sys

_sources = {{
    "symtutor": "symtutor @ git+{url}@v{version}",
    "torchdiffeq": "torchdiffeq",
    "jaxtyping": "jaxtyping",
    "wadler_lindig": "wadler_lindig",
    "safetensors": "safetensors",
    "filelock": "filelock",
    "tqdm": "tqdm",
    "tyro": "tyro",
    "docstring_parser": "docstring-parser",
    "typeguard": "typeguard",
}}
_missing = [where for name, where in _sources.items() if importlib.util.find_spec(name) is None]
if importlib.util.find_spec("torch") is None:
    raise RuntimeError("This notebook needs PyTorch: pip install torch torchvision matplotlib")
if _missing:
    _pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", *_missing]
    _done = subprocess.run(_pip, capture_output=True, text=True)
    if _done.returncode:
        raise RuntimeError(
            "Could not install " + ", ".join(_missing) + ". Check that this machine has a network "
            "connection, then run this cell again. pip said:\\n" + _done.stderr[-2000:]
        )
    importlib.invalidate_caches()

"""


def guard(book: Book) -> str:
    """The guard for the book's address and version."""
    return TEMPLATE.format(url=book.url, version=book.version)
