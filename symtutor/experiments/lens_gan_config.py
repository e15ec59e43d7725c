"""The settings of the adversarial baselines."""

from dataclasses import dataclass
from typing import Literal

from ..lens.gan import METHODS
from .base import above_zero, at_least, one_of_its_choices


@dataclass(frozen=True)
class LensGAN:
    """Let SymmetryGAN or LieGAN look for a hidden cyclic shift of seven components.

    Attributes:
        seed: of the samples, the initial weights and the batches.
        method: "symmetrygan" (one orthogonal matrix, by a QR decomposition) or "liegan" (a
            one-parameter group).
        runs: trainings in one stack, each with its own samples and weights.
        samples: of each run; what is left over by the batches of an epoch is left out of it.
        epochs: passes over them; the transformation is judged after every one.
        batch: samples of a step; None: as published, 256 for "symmetrygan" and 64 for "liegan".
        rate_generator: learning rate of the transformation; None: as published, 0.001.
        rate_discriminator: learning rate of the discriminator; None: as published, 0.001 for
            "symmetrygan" and 0.0002 for "liegan".
        w_identity: weight of the mean cosine between a sample and its image, for "liegan" only;
            published are 0.01, 0.1, 1 and 10.
        circular: whether the samples are exactly invariant; False for the published variant.
        centred: whether the mean of all components is taken from the samples, as in the published
            code of the comparison.
    """

    seed: int = 0
    method: Literal["symmetrygan", "liegan"] = "symmetrygan"
    runs: int = 4
    samples: int = 16384
    epochs: int = 32
    batch: int | None = None
    rate_generator: float | None = None
    rate_discriminator: float | None = None
    w_identity: float = 0.01
    circular: bool = True
    centred: bool = True

    def __post_init__(self) -> None:
        one_of_its_choices(self)
        at_least(self, 0, "seed", "w_identity")
        at_least(self, 1, "runs", "samples", "epochs")
        rates = ("rate_generator", "rate_discriminator")
        above_zero(self, *(name for name in rates if getattr(self, name) is not None))
        batch, unit = self.batch_size, METHODS[self.method].unit
        if batch < unit or batch % unit:
            raise ValueError(
                f"a batch of {self.method} is divided by {unit}, got batch={batch}; "
                f"take {max(unit, batch // unit * unit)}"
            )
        if self.samples < batch:
            raise ValueError(
                f"an epoch needs at least one batch of {batch} samples, got samples="
                f"{self.samples}; draw more, or make the batch smaller"
            )

    @property
    def batch_size(self) -> int:
        """Samples of a step."""
        return METHODS[self.method].batch if self.batch is None else self.batch

    @property
    def rates(self) -> tuple[float, float]:
        """Learning rates of the generator and of the discriminator."""
        given = (self.rate_generator, self.rate_discriminator)
        published = METHODS[self.method].rates
        one, two = (p if g is None else g for g, p in zip(given, published, strict=True))
        return one, two
