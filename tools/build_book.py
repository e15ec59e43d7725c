"""Build the HTML book: every chapter is executed (or taken from a cache whose key still holds).

The same as ``jupyter-book build . -W -n --keep-going``, with the time it took and the file to open.
"""

import os
import subprocess
import sys
import time

from bookfacts import ROOT

CLI = "from jupyter_book.cli.main import main; main()"


def main() -> int:
    start = time.monotonic()
    command = [sys.executable, "-c", CLI, "build", ".", "-W", "-n"]
    environment = {"OMP_NUM_THREADS": "1", **os.environ}
    result = subprocess.run([*command, "--keep-going"], cwd=ROOT, env=environment, check=False)
    minutes, seconds = divmod(round(time.monotonic() - start), 60)
    if result.returncode:
        print(f"The book was not built (after {minutes} min {seconds} s): see the warnings above.")
        return result.returncode
    pages = sum(1 for _ in (ROOT / "_build/html/book").rglob("*.html"))
    print(
        f"{pages} pages built in {minutes} min {seconds} s. Open: {ROOT / '_build/html/index.html'}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
