"""Which raw vectors a lens can be fitted to."""

from jaxtyping import Float
from torch import Tensor

from ..data.hidden import check_dimension


def check_batch(samples: int, d: int, batch: int) -> None:
    """Refuse batches that cannot be made of so many vectors of d components.

    Raises:
        ValueError: if the batch is not a multiple of d, or larger than the samples.

    Example:
        >>> check_batch(63000, 7, 630)
    """
    if batch < d or batch % d:
        raise ValueError(
            f"each sample of a batch conditions on one of {d} components in turn: batch must "
            f"be a multiple of {d}, got {batch}; take {max(d, batch // d * d)}"
        )
    if samples < batch:
        raise ValueError(
            f"{samples} samples do not fill a batch of {batch}; draw more samples or take a "
            "smaller batch"
        )


def check_vectors(x: Float[Tensor, "n d"], batch: int) -> None:
    """Refuse data from which no translation can be learned.

    Raises:
        ValueError: if d is even or below 3, the batch is not a multiple of d or larger than n, an
            entry is not finite, or all entries are the same.

    Example:
        >>> import torch
        >>> check_vectors(torch.rand(100, 7), batch=70)
    """
    check_dimension(x.shape[1])
    check_batch(x.shape[0], x.shape[1], batch)
    bad = x.numel() - int(x.isfinite().sum())
    if bad:
        raise ValueError(
            f"{bad} of {x.numel()} entries are not finite; drop the samples that hold them, such "
            "as by x[x.isfinite().all(1)]"
        )
    if x.amin() == x.amax():
        raise ValueError(
            f"all entries are {x[0, 0].item():g}: constant vectors have every symmetry; "
            "pass vectors that differ"
        )
