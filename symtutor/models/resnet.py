"""Residual networks for small pictures, whose pooled features judge image symmetries."""

import copy
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)

ARCHITECTURES: dict[str, tuple[tuple[int, ...], int]] = {
    "small": ((16, 32, 64, 128), 1),
    "resnet18": ((64, 128, 256, 512), 2),
}


class Block(nn.Module):
    """conv3x3-BN-ReLU-conv3x3-BN, added to the identity or a 1x1-conv+BN shortcut, then ReLU."""

    def __init__(self, inward: int, outward: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inward, outward, 3, stride, 1, bias=False)
        self.bn1: nn.Module = nn.BatchNorm2d(outward)
        self.conv2 = nn.Conv2d(outward, outward, 3, 1, 1, bias=False)
        self.bn2: nn.Module = nn.BatchNorm2d(outward)
        self.shortcut = nn.Sequential()
        if stride != 1 or inward != outward:
            self.shortcut = nn.Sequential(
                nn.Conv2d(inward, outward, 1, stride, bias=False), nn.BatchNorm2d(outward)
            )

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k i j"]:
        """The block's output; its height and width are the input's over the stride."""
        inner = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(inner + self.shortcut(x))


class ResNet(nn.Module):
    r"""A residual network for CIFAR-sized pictures (He et al. 2016), without a first pooling.

    conv3x3-BN-ReLU, then one stage of blocks per width (strides 1, 2, 2, ...), the mean over all
    places, and a linear layer. The features $H(f)$ are the means: non-negative, one per channel of
    the last stage (Ko, Kim and Lee 2024: ResNet-18, 512 features). Pictures come in [0, 1]; the
    network itself subtracts the ImageNet mean and divides by the ImageNet deviation.

    Args:
        widths: channels of the stages.
        blocks: blocks in each stage.
        classes: number of classes.
        seed: of the initial weights (He's normal distribution for convolutions).

    Raises:
        ValueError: if a number is below 1.

    Example:
        >>> net = ResNet((16, 32, 64, 128), 1).eval()
        >>> net.features(torch.rand(2, 3, 32, 32)).shape, net(torch.rand(2, 3, 32, 32)).shape
        (torch.Size([2, 128]), torch.Size([2, 10]))
    """

    def __init__(
        self, widths: Sequence[int], blocks: int, *, classes: int = 10, seed: int = 0
    ) -> None:
        super().__init__()
        if min(*widths, blocks, classes) < 1:
            raise ValueError(
                f"widths, blocks and classes must be at least 1, got {tuple(widths)}, {blocks} "
                f"and {classes}"
            )
        self.widths, self.blocks, self.classes = tuple(widths), blocks, classes
        self.stem = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False)
        self.bn: nn.Module = nn.BatchNorm2d(widths[0])
        stages, inward = [], widths[0]
        for stage, width in enumerate(widths):
            for number in range(blocks):
                stages.append(Block(inward, width, 2 if stage and not number else 1))
                inward = width
        self.stages = nn.Sequential(*stages)
        self.head = nn.Linear(inward, classes)
        self.register_buffer("mean", torch.tensor(MEAN).reshape(3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(STD).reshape(3, 1, 1), persistent=False)
        self.mean: Tensor
        self.std: Tensor
        self._initialise(torch.Generator().manual_seed(seed))

    def _initialise(self, random: torch.Generator) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", generator=random)
        bound = self.head.in_features**-0.5
        with torch.no_grad():
            self.head.weight.uniform_(-bound, bound, generator=random)
            self.head.bias.uniform_(-bound, bound, generator=random)

    @classmethod
    def named(cls, name: str, *, classes: int = 10, seed: int = 0) -> "ResNet":
        """A network by name: "resnet18" as published, or "small" for two CPU cores.

        Raises:
            ValueError: for another name.

        Example:
            >>> sum(p.numel() for p in ResNet.named("resnet18").parameters())
            11173962
        """
        if name not in ARCHITECTURES:
            raise ValueError(f"no network is called {name!r}; there are {', '.join(ARCHITECTURES)}")
        widths, blocks = ARCHITECTURES[name]
        return cls(widths, blocks, classes=classes, seed=seed)

    def features(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b k"]:
        """Pooled features of pictures in [0, 1].

        Raises:
            ValueError: if the pictures do not have three channels.
        """
        if images.ndim != 4 or images.shape[1] != 3:
            raise ValueError(
                f"the network sees pictures of 3 channels, (b, 3, height, width), got "
                f"{tuple(images.shape)}; repeat a grey channel with images.expand(-1, 3, -1, -1)"
            )
        x = (images - self.mean) / self.std
        return self.stages(F.relu(self.bn(self.stem(x)))).mean((2, 3))

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b classes"]:
        """Logits of the classes."""
        return self.head(self.features(images))


def _fuse(conv: nn.Conv2d, norm: nn.Module) -> tuple[nn.Conv2d, nn.Module]:
    assert isinstance(norm, nn.BatchNorm2d)
    return torch.nn.utils.fuse_conv_bn_eval(conv, norm), nn.Identity()


def folded(model: ResNet) -> ResNet:
    """A frozen copy whose batch norms are folded into the convolutions: equal numbers, less work.

    Raises:
        ValueError: if the network is in training mode, where a batch norm depends on the batch.

    Example:
        >>> net, f = ResNet((8, 16), 1).eval(), torch.rand(2, 3, 32, 32)
        >>> torch.allclose(folded(net)(f), net(f), atol=1e-5)
        True
    """
    if model.training:
        raise ValueError("batch norms can be folded in eval mode only; call model.eval() first")
    lean = copy.deepcopy(model).requires_grad_(False)
    lean.stem, lean.bn = _fuse(lean.stem, lean.bn)
    for block in lean.stages:
        assert isinstance(block, Block)
        block.conv1, block.bn1 = _fuse(block.conv1, block.bn1)
        block.conv2, block.bn2 = _fuse(block.conv2, block.bn2)
        if len(block.shortcut):
            conv = block.shortcut[0]
            assert isinstance(conv, nn.Conv2d)
            block.shortcut = nn.Sequential(*_fuse(conv, block.shortcut[1]))
    return lean.to(memory_format=torch.channels_last)
