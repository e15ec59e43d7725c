"""Discover continuous symmetries from data: flows of learned vector fields and validity scores.

The names below are the whole public interface; the book imports them as `import symtutor as st`.
"""

from . import colours, experiments, images, models
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
from .colours import (
    act_on_colours,
    colour_table,
    displayed,
    recoloured,
    stirring,
    to_colours,
    to_pixels,
)
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
from .data.loader import Batches
from .experiments import UnknownNameError
from .fields import (
    AFFINE_GENERATORS,
    AffineField,
    Charted,
    Field,
    LibraryField,
    MatrixField,
    MLPField,
    monomials,
    term_name,
)
from .fields.stored import load_field, restored
from .files import DamagedError
from .flows import flow, group_law_defect, inverse
from .images import AffineAugment, FlowAugment, LearnedAugment
from .interactive import slider
from .jets import Snapshots, characteristic_residual, moved_jet, prolong, snapshots
from .losses import lipschitz, nearest, orthonormality, sobolev
from .models import ResNet, folded, load_extractor
from .numerics.chart import Chart
from .numerics.etdrk4 import etdrk4
from .numerics.interpolation import bilinear, inside, pixel_grid
from .numerics.intervals import Interval, mean_interval
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
    field_grid,
    image_grid,
    image_strip,
    orbits,
    quiver,
    spacetime,
    style,
    warped_grid,
    waterfall,
)
from .records import (
    BusyError,
    ClaimError,
    DeviceMemoryError,
    Record,
    Records,
    claim,
    execute,
    glue,
    record,
)
from .session import provenance, setup
from .spectrum import Spectrum, symmetry_spectrum
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
from .validity import (
    Score,
    colour_sensitivity,
    colour_validity,
    feature_angle,
    feature_rate,
    feature_validity,
    image_gradient,
    infinitesimal_feature_validity,
    infinitesimal_residual,
    invariance,
    invariant_change,
    moved_residual,
    nearest_colour,
    pixel_sensitivity,
    residual_score,
    solution_validity,
    window_sensitivity,
)

__version__ = "0.1.0"

__all__ = ["AFFINE_GENERATORS", "COLOURS", "EQUATIONS", "KS", "MARKERS", "Acted", "AffineAugment"]
__all__ += ["AffineField", "Algebra", "Band", "Batches", "Burgers", "BusyError", "CKdV", "Chart"]
__all__ += ["Charted", "CheckResult", "ClaimError", "DamagedError", "DeviceMemoryError", "Equation"]
__all__ += ["Field", "FlowAugment", "Heat", "History", "Images", "Interval", "KdV"]
__all__ += ["LearnedAugment", "LibraryField", "Loss", "MLPField", "MatrixField", "MismatchError"]
__all__ += ["NKdV", "NonFiniteError", "Projection", "Quadrature", "Record", "Records", "ResNet"]
__all__ += ["Runtime", "Score", "Snapshots", "Spectrum", "StoppedError", "Trained", "Trajectories"]
__all__ += ["UnknownNameError", "WenoDerivative", "act_on_colours", "act_on_images"]
__all__ += ["act_on_solutions", "as_pixels", "bilinear", "characteristic_residual", "check"]
__all__ += ["claim", "colour_sensitivity", "colour_table", "colour_validity", "colours", "constant"]
__all__ += ["cosine", "dealias", "deformed_derivatives", "derivative", "derivatives"]
__all__ += ["dirichlet_kernel", "displayed", "etdrk4", "execute", "exercise", "exercises"]
__all__ += ["experiments", "fan_out", "feature_angle", "feature_rate", "feature_validity"]
__all__ += ["field_angles", "field_grid", "flow", "folded", "generator", "glue", "gram"]
__all__ += ["grid_quadrature", "group_law_defect", "image_gradient", "image_grid", "image_strip"]
__all__ += ["images", "infinitesimal_feature_validity", "infinitesimal_residual"]
__all__ += ["initial_condition", "inner", "inside", "invariance", "invariant_change", "inverse"]
__all__ += ["killing_form", "lie_bracket", "linear_weights", "lipschitz", "load_extractor"]
__all__ += ["load_field", "load_images", "longest_run", "mean_interval", "models", "monomials"]
__all__ += ["moved_jet", "moved_residual", "nearest", "nearest_colour", "orbits", "orthonormality"]
__all__ += ["piecewise", "pixel_grid", "pixel_sensitivity", "project", "prolong", "provenance"]
__all__ += ["pull_back_images", "quiver", "recoloured", "record", "resample", "residual_score"]
__all__ += ["restored", "rk4", "rk4_step", "setup", "simulate", "slider", "snapshots", "sobolev"]
__all__ += ["solution_graph", "solution_validity", "spacetime", "stirring", "structure_constants"]
__all__ += ["style", "symmetry_spectrum", "term_name", "to_colours", "to_pixels", "train"]
__all__ += ["unresolved", "warp", "warped_grid", "waterfall", "weno_derivative"]
__all__ += ["whittaker_shannon", "window_sensitivity"]
