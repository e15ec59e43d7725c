"""What the chapters draw is what the experiments say the book wants."""

import ast
import re

import pytest
from bookfacts import ROOT

from symtutor import experiments

CELL = re.compile(r"^```\{code-cell\}.*?\n(.*?)^```", re.MULTILINE | re.DOTALL)
# shows what a missing record looks like
NEVER_MADE = ("how-to-use.md", "toy-symmetry", "laptop", {"width": 1})


def drawn(text):
    """Name, preset and overrides of every st.record call in the cells of a chapter."""
    for cell in CELL.findall(text):
        code = "\n".join(
            line for line in cell.splitlines() if not line.startswith(("%", ":", "---"))
        )
        try:
            tree = ast.parse(code)
        except SyntaxError:  # a cell with a YAML head
            tree = ast.parse(code.split("\n\n", 1)[-1]) if "st.record(" in code else ast.Module([])
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.record":
                given = {word.arg: ast.literal_eval(word.value) for word in node.keywords}
                given.pop("seeds", None)
                yield ast.literal_eval(node.args[0]), given.pop("preset", "laptop"), given


def calls():
    return [
        (path.name, *call)
        for path in sorted((ROOT / "book").rglob("*.md"))
        for call in drawn(path.read_text(encoding="utf-8"))
    ]


def test_the_search_finds_the_calls():
    call = "runs = st.record('a', preset='b', seeds=[0], c=1)"
    text = f"```{{code-cell}} ipython3\n:tags: [x]\n{call}\n```\n"
    assert list(drawn(text)) == [("a", "b", {"c": 1})]
    assert len(calls()) >= 3


@pytest.mark.parametrize("call", [c for c in calls() if c != NEVER_MADE], ids=str)
def test_every_record_a_chapter_draws_is_wanted(call):
    _, name, preset, overrides = call
    experiment = experiments.get(name)
    changed = experiment.overrides(experiment.config(preset, **overrides), preset)
    assert (preset, changed) in [(w.preset, dict(w.overrides)) for w in experiment.wanted]


def test_the_record_that_shows_what_missing_looks_like_is_not_wanted():
    assert NEVER_MADE in calls()
    wanted = [dict(w.overrides) for w in experiments.get("toy-symmetry").wanted]
    assert {"width": 1} not in wanted
