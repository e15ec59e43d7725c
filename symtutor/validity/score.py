"""A score between its floor and its contrast."""

from typing import NamedTuple

from jaxtyping import Float
from torch import Tensor

from ..flows import Parameter


class Score(NamedTuple):
    """A validity score between its floor and its contrast.

    A score alone says little: 0.3 may be rounding error or ruin. The floor is the score of doing
    nothing, put through the same pipeline; the contrast is that of a known non-symmetry.

    Attributes:
        value: the score of every generator, averaged over the data; 0 is best.
        floor: the score of the identity map.
        contrast: the score of a known non-symmetry, averaged over its generators.
    """

    value: Float[Tensor, " n"]
    floor: float
    contrast: float

    @property
    def relative(self) -> Float[Tensor, " n"]:
        """(value - floor) / (contrast - floor), 0 for doing nothing and 1 for the contrast.

        Raises:
            ValueError: if the contrast does not exceed the floor; such a score cannot tell a
                symmetry from its opposite.

        Example:
            >>> import torch
            >>> Score(torch.tensor([0.1, 0.6]), floor=0.1, contrast=1.1).relative.tolist()
            [0.0, 0.5]
        """
        if not self.contrast > self.floor:
            raise ValueError(
                f"the contrast must exceed the floor, got contrast {self.contrast:g} and floor "
                f"{self.floor:g}; this score cannot tell a symmetry from a known non-symmetry: "
                "take another contrast, a larger s, or another score"
            )
        return (self.value - self.floor) / (self.contrast - self.floor)


def one_number(s: Parameter, zero: bool = False) -> Parameter:
    """A group parameter that is one number, and moves something unless zero is allowed."""
    if isinstance(s, Tensor) and s.ndim:
        raise ValueError(
            f"a validity score is taken at one group parameter s, got shape {tuple(s.shape)}; "
            "call it once for every s"
        )
    if not zero and not s:
        raise ValueError(
            "at s = 0 every map is the identity and there is nothing to score; take s of the size "
            "that the transformation shall have, e.g. 0.1"
        )
    return s
