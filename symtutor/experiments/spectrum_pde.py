"""Symmetries of evolution equations by linear algebra on a library: no network, no training.

Beyond Ko, Kim and Lee (2024): the criterion that their score approximates is linear in the field,
so the best fields of a library are singular vectors of a matrix.
"""

import math
import time
from dataclasses import dataclass
from itertools import product
from typing import Literal

import torch
from torch import Tensor

from ..algebra import field_angles, structure_constants
from ..data.equations import EQUATIONS
from ..data.evolution import Equation, Factor, Generator, Term, U, X
from ..data.trajectories import Trajectories, simulate
from ..fields import Charted, Field, monomials
from ..files import sha256, tensor_bytes
from ..jets import Snapshots, draw_snapshots
from ..numerics.chart import Chart
from ..numerics.random import generator
from ..spectrum import Spectrum, bootstrap_spectrum, symmetry_spectrum
from ..training import Runtime
from ..validity import infinitesimal_residual
from .base import Experiment, Metric, Result, Wanted, at_least, one_of_its_choices
from .pde_judge import cloud, known_field

SHOWN = 12
"""How many of the smallest values a record keeps."""


@dataclass(frozen=True)
class PDESpectrum:
    """Find the symmetries of one equation among the fields of a library.

    Attributes:
        seed: of the data, the rows and the bootstrap.
        equation: "kdv", "ks", "burgers", "nkdv" or "ckdv".
        library: "waves", products of 1, sin and cos of one period in x with powers of t and u:
            symmetries that keep the period; "powers", polynomials of x, t and u: also those that
            change it.
        special: whether the library also has the exponentials and roots of time that generators of
            nKdV and cKdV are made of.
        degree: highest power of t and of u, or of the product in a library of powers.
        trajectories: simulated solutions.
        snapshots: instants of them that are looked at.
        points: grid points of the simulation.
        fine: refinement of the grid on which products are formed.
        replicates: samples of the bootstrap over trajectories.
    """

    seed: int = 0
    equation: Literal["kdv", "ks", "burgers", "nkdv", "ckdv"] = "kdv"
    library: Literal["waves", "powers"] = "waves"
    special: bool = True
    degree: int = 2
    trajectories: int = 16
    snapshots: int = 64
    points: int = 256
    fine: int = 2
    replicates: int = 200

    def __post_init__(self) -> None:
        one_of_its_choices(self)
        at_least(self, 0, "seed", "degree")
        at_least(self, 1, "snapshots", "fine")
        at_least(self, 2, "trajectories", "replicates")
        at_least(self, 16, "points")

    @property
    def target(self) -> dict[str, Generator]:
        """The algebra that such a library can find."""
        equation = EQUATIONS[self.equation]
        return dict(equation.algebra if self.library == "waves" else equation.local_algebra)


def special_functions(equation: Equation) -> tuple[Factor, ...]:
    """What the known generators are made of besides sines, cosines and powers.

    Example:
        >>> special_functions(EQUATIONS["ckdv"])
        (('sqrt', 1, 1.0), ('rsqrt', 1, 1.0))
    """
    tables = equation.local_algebra.values()
    factors = (factor for parts in tables for _, _, term in parts for factor in term)
    return tuple(dict.fromkeys(f for f in factors if f[0] not in ("power", "sin", "cos")))


def terms_of(config: PDESpectrum) -> tuple[Term, ...]:
    """The library of a configuration.

    Example:
        >>> len(terms_of(PDESpectrum())), len(terms_of(PDESpectrum(library="powers")))
        (27, 10)
    """
    equation = EQUATIONS[config.equation]
    special = special_functions(equation) if config.special else ()
    own = [(factor,) for factor in special]
    if config.library == "powers":
        with_special = [(*m, *f) for f in own for m in ((), (X,), (U,))]
        known = [term for parts in config.target.values() for _, _, term in parts]
        known = known if config.special else []
        return tuple(dict.fromkeys((*monomials(3, config.degree), *with_special, *known)))
    wave = 2 * math.pi / equation.length
    in_x: list[Term] = [(), (("sin", 0, wave),), (("cos", 0, wave),)]
    in_t = [*_powers(1, config.degree), *own]
    in_u = _powers(2, config.degree)
    return tuple((*x, *t, *u) for x, t, u in product(in_x, in_t, in_u))


def _powers(coordinate: int, degree: int) -> list[Term]:
    return [(("power", coordinate, float(p)),) if p else () for p in range(degree + 1)]


def run(config: PDESpectrum, runtime: Runtime) -> Result:
    """Simulate, form the matrix, take it apart, resample; judge on solutions not used."""
    started = time.perf_counter()
    data = solutions(config, "train", config.trajectories, runtime)
    simulated = time.perf_counter()
    rows = draw_snapshots(data, config.snapshots, config.seed, fine=config.fine)
    chart = data.chart()
    found = symmetry_spectrum(terms_of(config), rows, chart)
    solved = time.perf_counter()
    unseen = solutions(config, "test", 4, runtime)
    metrics = {
        **described(found, rows, config),
        **judged(found, unseen, chart, config),
        "seconds_simulation": Metric(simulated - started, "s"),
        "seconds_spectrum": Metric(solved - simulated, "s"),
    }
    tensors = {"values": found.values, "fields": found.field(SHOWN).coefficients.detach()}
    return Result(metrics, tensors, {}, {"solutions": sha256(tensor_bytes({"u": data.u.cpu()}))})


def solutions(config: PDESpectrum, split: str, count: int, runtime: Runtime) -> Trajectories:
    """Simulated solutions on the configured grid."""
    equation = EQUATIONS[config.equation]
    return simulate(
        equation,
        count,
        seed=config.seed,
        split=split,
        points=config.points,
        device=runtime.device,
    )


def size_of(rows: Snapshots) -> float:
    """Root mean square of u_t, in the units of the equation's residual."""
    return (rows.jet["u_t"] * rows.equation.factor(rows.jet["t"])).square().mean().sqrt().item()


def described(found: Spectrum, rows: Snapshots, config: PDESpectrum) -> dict[str, Metric]:
    """Values relative to u_t with intervals, the gap, and how often it falls in the same place."""
    size = size_of(rows)
    replicas = bootstrap_spectrum(found, config.replicates, seed=config.seed)
    intervals = [[i.low / size, i.high / size] for i in replicas.value_intervals()[:SHOWN]]
    return {
        "sqrt_eigenvalues": Metric((found.values[:SHOWN] / size).tolist()),
        "intervals": Metric(intervals),
        "gap": Metric(found.gap.ratio),
        "count": Metric(found.gap.count),
        "count_share": Metric(replicas.count_share()),
        "terms": Metric(found.rank),
    }


def judged(
    found: Spectrum, unseen: Trajectories, chart: Chart, config: PDESpectrum
) -> dict[str, Metric]:
    """Angles to the true algebra, closure, and defects: found, true, approximate generators."""
    judge = cloud(unseen, chart, generator(config.seed, "judge"))
    rows = draw_snapshots(unseen, 24, generator(config.seed, "judged rows"), fine=config.fine)
    first = Charted(found.field(len(config.target)), chart, judge)
    angles = torch.rad2deg(field_angles(first, known_field(config.target, chart), judge))
    approximate = dict(rows.equation.approximate)
    metrics = {
        "angles_deg": Metric(angles.tolist(), "degree"),
        "angle_deg": Metric(angles.max().item(), "degree"),
        "closure_defect": Metric(structure_constants(first, judge).closure_defect),
        "defects_found": Metric(defects(first, rows, chart)),
        "defects_true": Metric(defects(known_field(config.target, chart, judge), rows, chart)),
    }
    if approximate:
        graded = defects(known_field(approximate, chart, judge), rows, chart)
        metrics["defects_approximate"] = Metric(graded)
    return metrics


def defects(field: Field, rows: Snapshots, chart: Chart) -> list[float]:
    """Root mean square residual of every generator, relative to u_t."""
    with torch.no_grad():
        residual: Tensor = infinitesimal_residual(field, rows, chart)
    return (residual.square().mean((-2, -1)).sqrt() / size_of(rows)).tolist()


SPECTRUM_PDE = Experiment(
    name="spectrum-pde",
    summary="symmetries of the five equations by linear algebra on a library, in seconds",
    presets={
        "quick": PDESpectrum(equation="burgers", trajectories=4, snapshots=16, replicates=20),
        "laptop": PDESpectrum(),
    },
    run=run,
    headline=("count", "gap", "angle_deg"),
    threads=1,
    wanted=(
        *(
            Wanted("laptop", ({} if name == "kdv" else {"equation": name}) | extra, (0, 1, 2))
            for name in EQUATIONS
            for extra in ({}, {"library": "powers"})
        ),
        Wanted("laptop", {"equation": "nkdv", "special": False}, (0,)),
        Wanted("laptop", {"equation": "nkdv", "special": False, "degree": 4}, (0,)),
    ),
)
