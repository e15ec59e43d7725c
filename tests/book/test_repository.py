"""What holds for the repository as a whole: one address, one version, sizes, import direction."""

import ast
import subprocess
import tomllib
from importlib.metadata import PackageNotFoundError, distribution

import derive
import install_guard
import pytest
import yaml
from bookfacts import ROOT, Book
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

import symtutor

LINES, FUNCTION_LINES = 250, 40
# Imports point up this list only; modules of one row may import each other.
LAYERS = (
    ("files", "machine"),
    ("numerics",),
    ("data",),
    ("fields",),
    ("flows",),
    ("jets",),
    ("actions", "colours"),
    ("validity",),
    ("losses",),
    ("algebra",),
    ("spectrum",),
    ("readout",),
    ("lens",),
    ("models",),
    ("images", "solutions"),
    ("training",),
    ("experiments",),
    ("records",),
    ("sweeps",),
    ("cli", "__main__"),
    ("plotting", "interactive", "_slider_html", "checks"),
    ("session",),
)
LEVEL = {name: level for level, row in enumerate(LAYERS) for name in row}
PACKAGE = sorted((ROOT / "symtutor").rglob("*.py"))
CODE = [
    *PACKAGE,
    *sorted((ROOT / "tools").glob("*.py")),
    *sorted((ROOT / "book/_ext").glob("*.py")),
]


def tracked():
    """Text files of the repository, without what is generated."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if not name.startswith("book/notebooks/") and path.is_file():
            try:
                yield name, path.read_text(encoding="utf-8")
            except UnicodeDecodeError:
                continue


def occurrences(names_and_texts, words):
    """Files that contain one of the words outside derived blocks."""
    found = []
    for name, text in names_and_texts:
        outside = derive.BLOCK.sub("", text) if name in derive.FILES else text
        found += [name] if any(word in outside for word in words) else []
    return found


def test_the_address_stands_in_the_configuration_only():
    book = Book()
    words = (book.url, "/".join(book.slug), book.page("").removesuffix(".html"))
    files = list(tracked())
    assert occurrences(files, words) == ["_config.yml"]
    assert occurrences([("x.md", f"see {book.url}")], words) == ["x.md"]


def test_the_version_stands_in_one_place_and_the_notebooks_install_its_tag():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert symtutor.__version__ == version
    assert f"@v{version}" in install_guard.guard(Book())
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == version


def test_a_tag_on_this_commit_names_the_version():
    tags = subprocess.run(
        ["git", "tag", "--points-at", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    assert [tag for tag in tags if tag.startswith("v")] in ([], [f"v{symtutor.__version__}"])


def test_the_locked_versions_meet_the_declared_bounds():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    locked = {pin.name.lower().replace("_", "-"): next(iter(pin.specifier)) for pin in pins}
    assert all(pin.operator == "==" for pin in locked.values())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    for text in [*project["dependencies"], *extras["book"], *extras["test"]]:
        wanted = Requirement(text)
        name = wanted.name.lower().replace("_", "-")
        assert name in locked, f"{name} is not locked"
        assert locked[name].version in wanted.specifier, text


@pytest.mark.parametrize("python", ["3.11.0", "3.12.0", "3.13.0"])
def test_the_locked_versions_install_on_the_first_release_of_each_python(python):
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    for line in lines:
        if not line or line.startswith("#"):
            continue
        name, _, version = line.partition("==")
        try:
            metadata = distribution(name).metadata
        except PackageNotFoundError:
            continue  # of another extra or platform
        if metadata["Version"] == version and "Requires-Python" in metadata:
            assert SpecifierSet(metadata["Requires-Python"]).contains(python), line


def test_the_package_asks_for_lower_bounds_only():
    for text in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]:
        assert {part.operator for part in Requirement(text).specifier} == {">="}, text


def code_lines(function):
    """Lines of a function without its docstring."""
    length = function.end_lineno - function.lineno + 1
    first = function.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        length -= first.end_lineno - first.lineno + 1
    return length


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_stay_small(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert code_lines(node) <= FUNCTION_LINES, node.name


def imported(tree, parts):
    """Top-level modules of the package that a module imports; ``parts`` is its own path."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.startswith("symtutor."):
                    yield alias.name.split(".")[1]
        elif isinstance(node, ast.ImportFrom):
            package = list(parts[: len(parts) - node.level]) if node.level else []
            full = package + (node.module.split(".") if node.module else [])
            if full[:1] == ["symtutor"]:
                names = [full[1]] if len(full) > 1 else [alias.name for alias in node.names]
                yield from (name for name in names if name != "__version__")


def upward(path, tree):
    """Imports of a module that point down the list, or to a module that is not on it."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    own = parts[1]
    return [
        name
        for name in imported(tree, parts)
        if name != own and (name not in LEVEL or LEVEL[name] > LEVEL[own])
    ]


@pytest.mark.parametrize("path", PACKAGE, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_up_the_list(path):
    own = path.relative_to(ROOT).with_suffix("").parts[1]
    if own != "__init__":
        assert own in LEVEL, f"symtutor.{own} has no place in LAYERS; give it one"
        assert upward(path, ast.parse(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "source",
    [
        "from .flows import flow",
        "from . import flows",
        "from symtutor.flows import flow",
        "from symtutor import flows",
        "import symtutor.flows",
        "def late():\n    from .flows import flow",
    ],
)
def test_the_direction_test_sees_every_form_of_import(source):
    assert upward(ROOT / "symtutor/fields.py", ast.parse(source)) == ["flows"]
    assert upward(ROOT / "symtutor/actions.py", ast.parse(source)) == []
