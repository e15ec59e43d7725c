"""Solutions as training data: versions moved by a group, windows cut from them, rollouts."""

from .forecast import frame_errors, nmse, rollout
from .versions import Versions, solution_versions
from .windows import Windows

__all__ = ["Versions", "Windows", "frame_errors", "nmse", "rollout", "solution_versions"]
