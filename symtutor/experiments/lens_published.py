"""The published sensitivity study of the lens: 36 settings, and what each reached."""

import torch
from jaxtyping import Float
from torch import Tensor

_ROWS = """
10222312 0.816  30222312 0.955  30220312 0.815  30220310 0.827  30220110 0.943  32220110 0.856
32020110 0.948  32000110 0.843  32000130 0.999  01223221 0.885  21223221 0.988  21223021 0.982
21221021 0.976  21201021 0.997  21201001 0.997  23201001 0.986  23201003 0.997  23001003 0.997
33003220 0.990  33003020 0.999  31003020 0.992  31023020 0.988  31021020 0.987  11021020 0.987
11221020 0.997  11221022 0.994  11221002 0.993  32112222 0.997  32312222 0.994  32312022 0.993
30312022 0.991  30310022 0.994  10310022 0.995  10330022 0.982  10330020 0.987  10330000 0.818
"""


def published_morris() -> tuple[Float[Tensor, "settings factors"], Float[Tensor, " settings"]]:
    """Settings and cosines of Table 6 of Efe and Ozakin (2025), four trajectories of nine.

    The factors are those of `FACTORS` of lens-morris, in that order, in units of their ranges: 0,
    1/3, 2/3 or 1. The ninth cosine, 0.999, disagrees with the paper's own table of effects, which
    it fits as 0.884.

    Example:
        >>> units, cosine = published_morris()
        >>> units.shape, round(cosine.median().item(), 3)
        (torch.Size([36, 8]), 0.988)
    """
    words = _ROWS.split()
    units = [[int(level) / 3 for level in levels] for levels in words[::2]]
    cosines = [float(cosine) for cosine in words[1::2]]
    return torch.tensor(units, dtype=torch.float64), torch.tensor(cosines, dtype=torch.float64)
