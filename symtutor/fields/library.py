"""Fields that are linear combinations of given functions, described by plain tables."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations_with_replacement

import torch
from jaxtyping import Float
from torch import Tensor, nn

from ..data.evolution import Factor, Generator, Term
from ..numerics.quadrature import Quadrature
from .base import Field

FUNCTIONS: dict[str, Callable[[Tensor, float], Tensor]] = {
    "power": lambda x, p: x**p,
    "cos": lambda x, p: torch.cos(p * x),
    "sin": lambda x, p: torch.sin(p * x),
    "exp": lambda x, p: torch.exp(p * x),
    "sqrt": lambda x, p: torch.sqrt(x + p),
    "rsqrt": lambda x, p: torch.rsqrt(x + p),
}


def monomials(dim: int, degree: int) -> tuple[Term, ...]:
    """All monomials of `dim` coordinates up to `degree`, by rising degree; the first is 1.

    Example:
        >>> [term_name(term, ("x1", "x2")) for term in monomials(2, 2)]
        ['1', 'x1', 'x2', 'x1^2', 'x1 x2', 'x2^2']
    """
    return tuple(
        tuple(("power", i, float(picks.count(i))) for i in sorted(set(picks)))
        for order in range(degree + 1)
        for picks in combinations_with_replacement(range(dim), order)
    )


def term_name(term: Term, names: Sequence[str]) -> str:
    """A term in the usual notation, with the given coordinate names.

    Example:
        >>> term_name((("power", 0, 2.0), ("sin", 1, 6.283185307179586)), ("x", "t"))
        'x^2 sin(6.283 t)'
    """

    def factor_name(factor: Factor) -> str:
        function, coordinate, parameter = factor
        name = names[coordinate]
        if function == "power":
            return name if parameter == 1 else f"{name}^{parameter:g}"
        if function in ("sqrt", "rsqrt"):
            root = f"sqrt({name} + {parameter:g})" if parameter else f"sqrt({name})"
            return root if function == "sqrt" else f"1/{root}"
        argument = name if parameter == 1 else f"{parameter:.4g} {name}"
        return f"{function}({argument})"

    return " ".join(map(factor_name, term)) or "1"


class LibraryField(Field):
    r"""Fields $V_i(z) = \sum_k c_{ik}\, g_k(z)$ over a table of scalar terms $g_k$.

    Args:
        terms: products of factors (function, coordinate, parameter), with the functions of
            `FUNCTIONS`: power (x^p), cos, sin and exp (of p x), sqrt and rsqrt (of x + p, and
            its inverse); () is the constant 1.
        coefficients: c, for every generator, term and component.
        names: coordinate names; they also fix the number of coordinates.
        trainable: whether the coefficients are parameters that an optimiser may move.
        labels: generator names.
        quadrature: if given, generators are normalised on it (see `Field`).

    Raises:
        ValueError: for an unknown function, a coordinate out of range, or shapes that do not fit.

    Example:
        >>> terms = monomials(2, 1)  # 1, x1, x2
        >>> shear = torch.tensor([[[0.0, 0.0], [0.0, 0.0], [1.0, 0.0]]])  # x2 in component 1
        >>> LibraryField(terms, shear)(torch.tensor([0.0, 3.0])).tolist()
        [[3.0, 0.0]]
    """

    def __init__(
        self,
        terms: Sequence[Term],
        coefficients: Float[Tensor, "n k d"],
        *,
        names: Sequence[str] | None = None,
        trainable: bool = False,
        labels: Sequence[str] | None = None,
        quadrature: Quadrature | None = None,
    ) -> None:
        n, count, dim = coefficients.shape
        if count != len(terms):
            raise ValueError(
                f"a library of {len(terms)} terms needs coefficients (n, {len(terms)}, d), "
                f"got {tuple(coefficients.shape)}"
            )
        super().__init__(dim, n, names=names, labels=labels, quadrature=quadrature)
        self.terms = tuple(terms)
        for function, coordinate, parameter in (factor for term in terms for factor in term):
            if function not in FUNCTIONS or not 0 <= coordinate < dim:
                raise ValueError(
                    f"cannot build the factor {(function, coordinate, parameter)}: functions are "
                    f"{', '.join(FUNCTIONS)} and coordinates run from 0 to {dim - 1}"
                )
        self.coefficients = nn.Parameter(coefficients.detach().clone(), requires_grad=trainable)
        self.to(coefficients)

    @classmethod
    def from_generators(
        cls,
        generators: Mapping[str, Generator],
        names: Sequence[str] = ("x", "t", "u"),
        quadrature: Quadrature | None = None,
    ) -> "LibraryField":
        """The field of a table such as `Equation.algebra`; the keys become its labels.

        Args:
            generators: for every label the parts (component, coefficient, term) of its field.
            names: coordinate names; they also fix the number of coordinates.
            quadrature: if given, generators are normalised on it (see `Field`).

        Raises:
            ValueError: for no generator, a component out of range, or an impossible term.

        Example:
            >>> boost = {"galilean": ((0, 1.0, (("power", 1, 1.0),)), (2, 1.0, ()))}
            >>> LibraryField.from_generators(boost)(torch.tensor([0.0, 7.0, 0.5])).tolist()
            [[7.0, 0.0, 1.0]]
        """
        terms: list[Term] = list(
            dict.fromkeys(term for parts in generators.values() for _, _, term in parts)
        )
        coefficients = torch.zeros(len(generators), len(terms), len(names))
        if not terms:
            raise ValueError(f"a field needs at least one generator with a part, got {generators}")
        for i, (label, parts) in enumerate(generators.items()):
            for component, coefficient, term in parts:
                if not 0 <= component < len(names):
                    raise ValueError(
                        f"generator {label!r} has component {component}, but the coordinates are "
                        f"{', '.join(names)}; components run from 0 to {len(names) - 1}"
                    )
                coefficients[i, terms.index(term), component] += coefficient
        return cls(terms, coefficients, names=names, labels=list(generators), quadrature=quadrature)

    def basis(self, points: Float[Tensor, "*b d"]) -> Float[Tensor, "*b k"]:
        """The value of every term at every point."""

        def value(term: Term) -> Tensor:
            factors = [FUNCTIONS[f](points[..., i], p) for f, i, p in term]
            return math.prod(factors, start=torch.ones_like(points[..., 0]))

        return torch.stack([value(term) for term in self.terms], dim=-1)

    def raw(self, points: Float[Tensor, "*b d"]) -> Float[Tensor, "*b n d"]:
        """All generators at every point."""
        return torch.einsum("...k,nkd->...nd", self.basis(points), self.coefficients)

    def raw_own(self, points: Float[Tensor, "*b n d"]) -> Float[Tensor, "*b n d"]:
        """Generator i on copy i."""
        return torch.einsum("...nk,nkd->...nd", self.basis(points), self.coefficients)
