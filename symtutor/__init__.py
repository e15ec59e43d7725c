"""Discover continuous symmetries from data: flows of learned vector fields and validity scores.

The names below are the whole public interface; the book imports them as `import symtutor as st`.
"""

from . import experiments
from .actions import (
    Acted,
    act_on_images,
    act_on_solutions,
    as_pixels,
    pull_back_images,
    solution_graph,
    warp,
)
from .algebra import (
    Algebra,
    Projection,
    field_angles,
    gram,
    inner,
    killing_form,
    lie_bracket,
    project,
    structure_constants,
)
from .checks import CheckResult, check, exercise, exercises
from .data import (
    EQUATIONS,
    KS,
    Burgers,
    CKdV,
    Equation,
    Heat,
    Images,
    KdV,
    NKdV,
    Trajectories,
    initial_condition,
    load_images,
    simulate,
)
from .experiments import UnknownNameError
from .fields import (
    AFFINE_GENERATORS,
    AffineField,
    Field,
    LibraryField,
    MatrixField,
    MLPField,
    monomials,
    term_name,
)
from .files import DamagedError
from .flows import flow, group_law_defect, inverse
from .interactive import slider
from .losses import lipschitz, nearest, orthonormality, sobolev
from .numerics.etdrk4 import etdrk4
from .numerics.interpolation import bilinear, inside, pixel_grid
from .numerics.quadrature import Quadrature, grid_quadrature
from .numerics.random import fan_out, generator
from .numerics.resampling import longest_run, resample
from .numerics.rk4 import rk4, rk4_step
from .numerics.sampling import dirichlet_kernel, whittaker_shannon
from .numerics.spectral import Band, dealias, derivative, derivatives, unresolved
from .numerics.weno import WenoDerivative, deformed_derivatives, linear_weights, weno_derivative
from .plotting import (
    COLOURS,
    MARKERS,
    image_strip,
    orbits,
    quiver,
    spacetime,
    style,
    warped_grid,
    waterfall,
)
from .records import BusyError, ClaimError, Record, Records, claim, execute, glue, record
from .session import provenance, setup
from .training import (
    History,
    Loss,
    MismatchError,
    NonFiniteError,
    Runtime,
    StoppedError,
    Trained,
    constant,
    cosine,
    piecewise,
    train,
)
from .validity import Score, feature_angle, feature_validity, invariance, invariant_change

__version__ = "0.1.0"

__all__ = [
    "AFFINE_GENERATORS",
    "COLOURS",
    "EQUATIONS",
    "KS",
    "MARKERS",
    "Acted",
    "AffineField",
    "Algebra",
    "Band",
    "Burgers",
    "BusyError",
    "CKdV",
    "CheckResult",
    "ClaimError",
    "DamagedError",
    "Equation",
    "Field",
    "Heat",
    "History",
    "Images",
    "KdV",
    "LibraryField",
    "Loss",
    "MLPField",
    "MatrixField",
    "MismatchError",
    "NKdV",
    "NonFiniteError",
    "Projection",
    "Quadrature",
    "Record",
    "Records",
    "Runtime",
    "Score",
    "StoppedError",
    "Trained",
    "Trajectories",
    "UnknownNameError",
    "WenoDerivative",
    "act_on_images",
    "act_on_solutions",
    "as_pixels",
    "bilinear",
    "check",
    "claim",
    "constant",
    "cosine",
    "dealias",
    "deformed_derivatives",
    "derivative",
    "derivatives",
    "dirichlet_kernel",
    "etdrk4",
    "execute",
    "exercise",
    "exercises",
    "experiments",
    "fan_out",
    "feature_angle",
    "feature_validity",
    "field_angles",
    "flow",
    "generator",
    "glue",
    "gram",
    "grid_quadrature",
    "group_law_defect",
    "image_strip",
    "initial_condition",
    "inner",
    "inside",
    "invariance",
    "invariant_change",
    "inverse",
    "killing_form",
    "lie_bracket",
    "linear_weights",
    "lipschitz",
    "load_images",
    "longest_run",
    "monomials",
    "nearest",
    "orbits",
    "orthonormality",
    "piecewise",
    "pixel_grid",
    "project",
    "provenance",
    "pull_back_images",
    "quiver",
    "record",
    "resample",
    "rk4",
    "rk4_step",
    "setup",
    "simulate",
    "slider",
    "sobolev",
    "solution_graph",
    "spacetime",
    "structure_constants",
    "style",
    "term_name",
    "train",
    "unresolved",
    "warp",
    "warped_grid",
    "waterfall",
    "weno_derivative",
    "whittaker_shannon",
]
