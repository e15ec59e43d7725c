"""The README's taste of the package runs as it stands, and says what is true."""

import re
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"


def test_the_python_block_runs_and_the_defect_is_rounding():
    blocks = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    assert len(blocks) == 1
    *statements, last = blocks[0].strip().splitlines()
    names: dict = {}
    exec("\n".join(statements), names)
    assert names["turned"].shape == (1, 4, 3, 32, 32)
    assert not names["trusted"].all()
    assert names["st"].load_images("cifar10", "test", source="sample").source == "sample"
    assert eval(last.split("#")[0], names) < 1e-6


def test_the_picture_exists():
    target = re.search(r"!\[[^\]]{20,}\]\(([^)]+)\)", README.read_text())
    assert target is not None
    assert (README.parent / target[1]).stat().st_size > 10_000
