"""The README's taste of the package runs as it stands, and says what is true."""

import re
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_python_blocks_run_one_after_another_and_say_what_is_true():
    names: dict = {}
    values = []
    for block in re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL):
        *statements, last = block.strip().splitlines()
        exec("\n".join(statements), names)
        values.append(eval(last.split("#")[0], names))
    defect, score, proved, augmented = values
    assert names["turned"].shape == (1, 4, 3, 32, 32)
    assert not names["trusted"].all()
    assert names["st"].load_images("cifar10", "test", source="sample").source == "sample"
    assert defect < 1e-6
    assert (score.value - score.floor).max() < 1
    assert score.contrast > score.floor + 10
    assert names["field"].n == 3
    assert names["formulas"].latex()[2] == r"t\,\partial_x+\partial_u"
    assert proved is True
    assert augmented.shape == names["pictures"].shape
    assert (augmented - names["pictures"]).abs().amax((1, 2, 3)).min() > 0.1


def test_the_picture_exists():
    target = re.search(r"!\[[^\]]{20,}\]\(([^)]+)\)", README.read_text())
    assert target is not None
    assert (README.parent / target[1]).stat().st_size > 10_000
