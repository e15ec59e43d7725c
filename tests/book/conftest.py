import shutil
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
for folder in ("tools", "book/_ext"):
    sys.path.insert(0, str(ROOT / folder))

FRONT = """---
jupytext: {formats: "md:myst", text_representation: {extension: .md, format_name: myst}}
kernelspec: {display_name: Python 3, language: python, name: python3}
symtutor: {budget: {seconds: 60, memory_mb: 1500}}
"""

FLOWS = """---

(ch-flows)=
# Flows

A flow moves every point $z$ along a field. More follows.

```{code-cell} ipython3
:tags: [setup, hide-input]
import math
```

```{code-cell} ipython3
:tags: [nbval-check-output]
print(round(math.pi, 3))
```
"""


@pytest.fixture
def root(tmp_path):
    """A repository with a book of three pages: one with code, a glossary, a bibliography."""
    for name in ("_config.yml", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    toc = "format: jb-book\nroot: book/index\nparts:\n- caption: Foundations\n  chapters:\n"
    toc += "  - file: book/foundations/flows\n  - file: book/appendix/bibliography\n"
    (tmp_path / "_toc.yml").write_text(toc)
    pages = {
        "index": "# The book\n\nRead it.\n",
        "foundations/flows": FRONT + FLOWS,
        "appendix/bibliography": "(ch-bibliography)=\n# Bibliography\n\nAll works cited.\n",
    }
    for name, text in pages.items():
        path = tmp_path / "book" / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    bib = "@article{ko2024, author={Ko, A and Kim, B and Lee, C}, title={T}, year={2024}}\n"
    bib += "@book{lee2012, author={Lee, John}, title={U}, year={2012}}\n"
    (tmp_path / "book/references.bib").write_text(bib)
    return tmp_path
