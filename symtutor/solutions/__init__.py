"""Solutions as training data: versions moved by a group, windows cut from them, rollouts."""

from .rollout import frame_errors, nmse, rollout
from .versions import Versions, versions
from .windows import Windows

__all__ = ["Versions", "Windows", "frame_errors", "nmse", "rollout", "versions"]
