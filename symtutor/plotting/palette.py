"""The look of the book: colours, markers, matplotlib's defaults."""

from cycler import cycler
from matplotlib import rcParams

# Okabe and Ito's colours, distinguishable with every common form of colour blindness; their yellow
# is left out because it vanishes on white.
_BLUE, _ORANGE, _GREEN, _VERMILION = "#0072B2", "#E69F00", "#009E73", "#D55E00"
_PURPLE, _SKY, _BLACK, _GREY = "#CC79A7", "#56B4E9", "#000000", "#767676"

#: One colour per kind of generator, per method and per level, the same in every chapter.
#: The affine generators have the colour of their kind.
COLOURS: dict[str, str] = {
    "translation": _BLUE,
    "scaling": _GREEN,
    "shear": _ORANGE,
    "rotation": _VERMILION,
    "L1": _BLUE,
    "L2": _BLUE,
    "L3": _GREEN,
    "L4": _GREEN,
    "L3+L4": _GREEN,
    "L5": _ORANGE,
    "L6": _ORANGE,
    "L5-L6": _VERMILION,
    "learned": _PURPLE,
    "true": _BLACK,
    "exact": _BLACK,
    "rk4": _BLUE,
    "euler": _VERMILION,
    "dopri5": _ORANGE,
    "adjoint": _GREEN,
    "floor": _GREY,
    "contrast": _VERMILION,
    "control": _SKY,
    "pullback": _BLUE,
    "splat": _GREEN,
    "hat": _ORANGE,
    "bilinear": _VERMILION,
    "gaussian": _BLUE,
    "legendre": _ORANGE,
}

#: One marker per name of `COLOURS`, so that no figure depends on colour alone.
MARKERS: dict[str, str] = {
    "translation": "o",
    "scaling": "s",
    "shear": "^",
    "rotation": "D",
    "L1": "o",
    "L2": "8",
    "L3": "s",
    "L4": "p",
    "L3+L4": "h",
    "L5": "^",
    "L6": "<",
    "L5-L6": "D",
    "learned": "P",
    "true": "x",
    "exact": "x",
    "rk4": "o",
    "euler": "v",
    "dopri5": "^",
    "adjoint": "s",
    "floor": "_",
    "contrast": "*",
    "control": "d",
    "pullback": "o",
    "splat": "s",
    "hat": "^",
    "bilinear": "v",
    "gaussian": "o",
    "legendre": "^",
}

_CYCLE = [_BLUE, _VERMILION, _GREEN, _PURPLE, _ORANGE, _SKY, _BLACK]


def style() -> None:
    """Set matplotlib's defaults for the book: sizes that read at 720 px, a light background.

    Figures are 6.4 in wide at 150 dpi; text of 11 pt is then 17 px high in a column of 720 px.

    Example:
        >>> style()
        >>> rcParams["figure.facecolor"]
        'white'
    """
    rcParams.update(
        {
            "figure.figsize": (6.4, 3.8),
            "figure.dpi": 150,
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "figure.constrained_layout.use": True,
            "font.size": 11,
            "axes.prop_cycle": cycler(color=_CYCLE),
            "axes.facecolor": "white",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.axisbelow": True,
            "axes.formatter.useoffset": False,
            "lines.linewidth": 1.8,
            "lines.markersize": 6,
            "legend.frameon": False,
            "image.interpolation": "nearest",
            "image.cmap": "gray",
        }
    )
