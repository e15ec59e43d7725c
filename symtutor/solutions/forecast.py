"""Predictions fed back to the operator, and the error that the field reports."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor


def rollout(
    model: Callable[[Tensor], Tensor],
    frames: Float[Tensor, "*b seen space"],
    windows: int,
) -> Float[Tensor, "*b time space"]:
    """Predict, feed back, predict: `windows` times as many frames as the operator gives.

    Args:
        model: from the last frames to the next ones, equally many.
        frames: where to start.
        windows: how often to predict.

    Example:
        >>> rollout(lambda frames: frames + 1, torch.zeros(2, 3, 8), 4)[0, :, 0].tolist()
        [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 4.0, 4.0, 4.0]
    """
    found = []
    for _ in range(windows):
        frames = model(frames)
        found.append(frames)
    return torch.cat(found, dim=-2)


def frame_errors(
    predicted: Float[Tensor, "*b time space"], true: Float[Tensor, "*k time space"]
) -> Float[Tensor, "*b time"]:
    r"""$e_\tau=\sum_x(\hat u-u)^2/\sum_xu^2$ of every frame; 1 for a prediction of zeros.

    A prediction that is not finite, from an operator that has blown up, counts as infinite.
    """
    error = (predicted - true).square().sum(-1) / true.square().sum(-1)
    return torch.where(error.isfinite(), error, torch.inf)


def nmse(
    predicted: Float[Tensor, "*b n time space"], true: Float[Tensor, "n time space"]
) -> Float[Tensor, "*b"]:
    r"""Normalised mean square error: the mean over n trajectories, summed over the frames.

    $$\mathrm{NMSE}=\sum_\tau\mathrm{mean}_{\text{trajectories}}
    \frac{\sum_x(\hat u-u)^2}{\sum_xu^2}$$

    (Ko, Kim and Lee 2024; a sum over frames, so that zeros score the number of frames.)

    Example:
        >>> true = torch.rand(4, 100, 16) + 1
        >>> nmse(torch.zeros_like(true), true).item()
        100.0
    """
    return frame_errors(predicted, true).mean(-2).sum(-1)
