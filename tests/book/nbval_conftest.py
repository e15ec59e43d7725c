"""Copied as ``conftest.py`` beside the notebooks for nbval, so that they run as in Jupyter.

* Every cell is counted, as when a reader runs it. nbval by itself runs them uncounted; IPython then
  does not see the semicolon that keeps a last value from being shown.
* Numbers glued for the prose are outputs too, at full precision. What a reader sees is compared;
  the last digits of the raw numbers differ between machines and are not.
"""

from nbval.kernel import RunningKernel
from nbval.plugin import IPyNbFile

GLUED = ("application/papermill.record/text/plain", "application/papermill.record/text/html")
_original = IPyNbFile.__init__


def _without_glued_numbers(self, *arguments, **options):
    _original(self, *arguments, **options)
    self.skip_compare += GLUED


def _execute_counted(self, cell_input, allow_stdin=None):
    return self.kc.execute(cell_input, allow_stdin=allow_stdin, stop_on_error=False)


IPyNbFile.__init__ = _without_glued_numbers
RunningKernel.execute_cell_input = _execute_counted
