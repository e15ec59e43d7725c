"""What records of the augmentation experiment say about its arms."""

from typing import NamedTuple, Protocol, runtime_checkable

from torch import Tensor

from ..numerics.intervals import Interval, mean_interval
from .augment_config import ARMS
from .base import known


@runtime_checkable
class HasMetrics(Protocol):
    """Records, one per seed: they give a metric of all of them by name."""

    def metric(self, name: str) -> Tensor:
        """A metric of all records: "seeds ..."."""
        ...


class Comparison(NamedTuple):
    """Test accuracies in percent over seeds.

    Attributes:
        accuracies: mean and 95 % interval of every arm.
        gains: mean and 95 % interval of the difference to the baseline, for every other arm. The
            arms of one seed share pictures, order and initial weights, so differences are taken
            seed by seed; their intervals are what a claim has to be read off.
    """

    accuracies: dict[str, Interval]
    gains: dict[str, Interval]


def compared(records: HasMetrics, baseline: str = "none") -> Comparison:
    """Means over seeds of all arms, and of their paired differences to one of them.

    Args:
        records: of cifar-augment, two seeds or more, e.g. `st.record("cifar-augment")`.
        baseline: the arm that the others are compared with.

    Raises:
        UnknownNameError: if there is no such arm.
        ValueError: for fewer than two records.

    Example:
        >>> import torch
        >>> class Two:
        ...     def metric(self, name):
        ...         return torch.tensor([50.0, 60.0]) + 5 * name.endswith("learned")
        >>> print(compared(Two()).gains["learned"])
        5.00 [5.00, 5.00]
    """
    known("arm", baseline, ARMS)
    found = {arm: records.metric(f"test_accuracy_{arm}") for arm in ARMS}
    return Comparison(
        {arm: mean_interval(values) for arm, values in found.items()},
        {arm: mean_interval(found[arm] - found[baseline]) for arm in ARMS if arm != baseline},
    )
