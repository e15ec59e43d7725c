"""What every augmentation by a flow does: draw, integrate, look up once."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float, Shaped
from torch import Tensor
from torchvision import tv_tensors
from torchvision.transforms import v2


class FlowAugment(v2.Transform, ABC):
    r"""Moves every picture by a random element $\exp(\sum_j\beta_jV_j)$ of a group of the plane.

    For each picture, $\beta_j$ is uniform in $[-q, q]$ with $q$ = scale / $\sqrt n$; all n
    generators act together through one field, along which content moves for unit time. Then every
    pixel is looked up once, bilinearly (Ko, Kim and Lee 2024). With orthonormal generators the
    root-mean-square displacement is about scale / $\sqrt3$, where a picture is 2 wide.

    Pictures are uint8, or real in [0, 1], (c, h, w) or (b, c, h, w), plain tensors or
    `tv_tensors.Image`; everything happens on their device, to which the transform moves itself.
    Every picture of a batch has coefficients of its own; a second picture or batch in the same
    call gets those of the first. No gradients are passed on. All of the state is tensors.

    Args:
        n: number of generators.
        scale: size of the displacements; 0 leaves pictures as they are.
        fill: colour of what lies outside of a picture, one number or one per channel, in [0, 1].
            A transform that comes after a `Normalize` with the mean colour needs fill=0.
        generator: of the coefficients. Without one they come from torch's global generator on the
            CPU, as torchvision's own do, so that workers of a data loader draw differently.

    Raises:
        ValueError: if the scale or the fill is out of range.
    """

    SETTINGS: tuple[str, ...] = ("scale",)

    def __init__(
        self,
        n: int,
        scale: float,
        fill: float | Sequence[float],
        generator: torch.Generator | None,
    ) -> None:
        super().__init__()
        self.n, self.scale = n, scale
        self.fill = (fill,) if isinstance(fill, int | float) else tuple(fill)
        self.generator = generator
        if not 0 <= scale < float("inf"):
            raise ValueError(
                f"scale must be finite and at least 0, got {scale}; 0.1 to 0.5 is mild"
            )
        if not self.fill or not all(0 <= part <= 1 for part in self.fill):
            raise ValueError(
                f"fill is a colour in [0, 1], one number or one per channel, got {fill}; divide "
                "bytes by 255"
            )

    @abstractmethod
    def points(
        self, beta: Float[Tensor, "b n"], height: int, width: int
    ) -> Float[Tensor, "b h w 2"]:
        r"""Where each pixel of a moved picture is looked up: $\vartheta_{-1}(x)$ of the flow.

        Args:
            beta: coefficients of the generators, one row per picture, on the transform's device.
            height: of the pictures, in pixels.
            width: likewise.
        """

    def draw(self, count: int) -> Float[Tensor, "count n"]:
        """Random coefficients for so many pictures, on the device of the generator."""
        device = self.generator.device if self.generator is not None else "cpu"
        uniform = torch.rand(count, self.n, generator=self.generator, device=device)
        return (2 * uniform - 1) * (self.scale / self.n**0.5)

    def make_params(self, flat_inputs: list[Any]) -> dict[str, Any]:
        """Coefficients of a call; torchvision asks for them."""
        counts = {1 if image.ndim == 3 else len(image) for image in map(self._checked, flat_inputs)}
        if len(counts) > 1:
            raise ValueError(
                f"the pictures of one call share their coefficients, so they need one batch size, "
                f"got {sorted(counts)}; call the transform once for each"
            )
        return {"beta": self.draw(counts.pop() if counts else 0)}

    def transform(self, inpt: Any, params: dict[str, Any]) -> Any:
        """One input, moved; torchvision calls it."""
        found = self.moved(inpt, params["beta"])
        return tv_tensors.Image(found) if isinstance(inpt, tv_tensors.Image) else found

    @torch.no_grad()
    def moved(
        self, images: Shaped[Tensor, "*b c h w"], beta: Float[Tensor, "k n"]
    ) -> Shaped[Tensor, "*b c h w"]:
        """Pictures moved by given coefficients, one row for each picture.

        Raises:
            ValueError: for other shapes, types or numbers of channels.
        """
        batch = self._checked(images).as_subclass(Tensor)
        batch = batch if images.ndim == 4 else batch[None]
        if beta.shape != (len(batch), self.n):
            raise ValueError(
                f"{len(batch)} pictures need coefficients of shape {(len(batch), self.n)}, got "
                f"{tuple(beta.shape)}; draw them with augment.draw({len(batch)})"
            )
        self.to(batch.device)
        pixels = batch.float() / 255 if batch.dtype == torch.uint8 else batch
        wide = pixels if pixels.dtype in (torch.float32, torch.float64) else pixels.float()
        fill = wide.new_tensor(self.fill)[:, None, None]
        with torch.autocast(batch.device.type, enabled=False):
            where = self.points(beta.to(batch.device).float(), *batch.shape[-2:]).to(wide.dtype)
            found = F.grid_sample(wide - fill, where, align_corners=True) + fill
        low, high = torch.minimum(wide.min(), fill.min()), torch.maximum(wide.max(), fill.max())
        found = found.clamp(low, high)  # means of colours, which rounding may carry beyond them
        if batch.dtype == torch.uint8:
            found = (255 * found).round().clamp(0, 255)
        return found.to(batch.dtype).reshape(images.shape)

    def _checked(self, image: Any) -> Tensor:
        """The input, if it is something that can be moved."""
        name = type(self).__name__
        if not isinstance(image, Tensor):
            raise ValueError(
                f"{name} moves tensors, got {type(image).__name__}; put v2.ToImage() before it"
            )
        if isinstance(image, tv_tensors.TVTensor) and not isinstance(image, tv_tensors.Image):
            raise ValueError(
                f"{name} moves pictures, got {type(image).__name__}; use it on samples of a "
                "picture and a label, whose labels do not depend on where things are"
            )
        if image.ndim not in (3, 4) or min(image.shape[-2:]) < 2:
            raise ValueError(
                f"{name} moves pictures (c, h, w) or (b, c, h, w) of at least 2 x 2 pixels, got "
                f"shape {tuple(image.shape)}; reshape them"
            )
        if len(self.fill) not in (1, image.shape[-3]):
            raise ValueError(
                f"{name} fills with {len(self.fill)} channels, but the pictures have "
                f"{image.shape[-3]}; pass fill as one number, or one per channel"
            )
        if image.dtype != torch.uint8 and not image.is_floating_point():
            raise ValueError(
                f"{name} moves uint8 or real pictures, got {image.dtype}; convert them with "
                "v2.ToDtype(torch.uint8) or v2.ToDtype(torch.float32, scale=True)"
            )
        return image

    def get_extra_state(self) -> Tensor:
        """The settings that belong to the state, as a tensor."""
        return torch.tensor([getattr(self, name) for name in self.SETTINGS], dtype=torch.float64)

    def set_extra_state(self, state: Tensor) -> None:
        """Take up the settings of a state."""
        for name, value in zip(self.SETTINGS, state.tolist(), strict=True):
            setattr(self, name, type(getattr(self, name))(value))
