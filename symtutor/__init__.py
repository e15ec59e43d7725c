"""Discover continuous symmetries from data: flows of learned vector fields and validity scores.

The names below are the whole public interface; the book imports them as `import symtutor as st`.
"""

from . import colours, experiments, images, lens, models
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
    orthonormal,
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
    SIGNALS,
    Burgers,
    CKdV,
    Equation,
    Heat,
    Images,
    KdV,
    NKdV,
    SignalSet,
    Trajectories,
    hidden_generator,
    hidden_map,
    initial_condition,
    load_images,
    signals,
    simulate,
)
from .data.loader import Batches
from .experiments import UnknownNameError
from .fields import (
    AFFINE_GENERATORS,
    AffineField,
    Charted,
    Combined,
    Field,
    LibraryField,
    MatrixField,
    MLPField,
    monomials,
    term_name,
)
from .fields.stored import load_field, load_solution_field, restored
from .files import DamagedError
from .flows import flow, group_law_defect, inverse
from .images import AffineAugment, FlowAugment, LearnedAugment
from .interactive import slider
from .jets import Snapshots, characteristic_residual, moved_jet, prolong, snapshots, splatted_jet
from .lens import (
    FlowScore,
    Lens,
    LensLoss,
    LensWeights,
    LieGAN,
    ResolvingFilter,
    SkewGenerator,
    SymmetryAdapter,
    SymmetryGAN,
    flow_score,
    generator_cosine,
    group_convolution,
    interior_cosine,
    representation_cosine,
    shift_cosines,
)
from .losses import lipschitz, nearest, orthonormality, sobolev
from .models import FNO, ResNet, folded, load_extractor
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
from .solutions import (
    Versions,
    Windows,
    frame_errors,
    nmse,
    rollout,
    solution_versions,
)
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

__all__ = ["AFFINE_GENERATORS", "COLOURS", "EQUATIONS", "FNO", "KS", "MARKERS", "SIGNALS", "Acted"]
__all__ += ["AffineAugment", "AffineField", "Algebra", "Band", "Batches", "Burgers", "BusyError"]
__all__ += ["CKdV", "Chart", "Charted", "CheckResult", "ClaimError", "Combined", "DamagedError"]
__all__ += ["DeviceMemoryError", "Equation", "Field", "FlowAugment", "FlowScore", "Heat", "History"]
__all__ += ["Images", "Interval", "KdV", "LearnedAugment", "Lens", "LensLoss", "LensWeights"]
__all__ += ["LibraryField", "LieGAN", "Loss", "MLPField", "MatrixField", "MismatchError", "NKdV"]
__all__ += ["NonFiniteError", "Projection", "Quadrature", "Record", "Records", "ResNet"]
__all__ += ["ResolvingFilter", "Runtime", "Score", "SignalSet", "SkewGenerator", "Snapshots"]
__all__ += ["Spectrum", "StoppedError", "SymmetryAdapter", "SymmetryGAN", "Trained", "Trajectories"]
__all__ += ["UnknownNameError", "Versions", "WenoDerivative", "Windows", "act_on_colours"]
__all__ += ["act_on_images", "act_on_solutions", "as_pixels", "bilinear", "characteristic_residual"]
__all__ += ["check", "claim", "colour_sensitivity", "colour_table", "colour_validity", "colours"]
__all__ += ["constant", "cosine", "dealias", "deformed_derivatives", "derivative", "derivatives"]
__all__ += ["dirichlet_kernel", "displayed", "etdrk4", "execute", "exercise", "exercises"]
__all__ += ["experiments", "fan_out", "feature_angle", "feature_rate", "feature_validity"]
__all__ += ["field_angles", "field_grid", "flow", "flow_score", "folded", "frame_errors"]
__all__ += ["generator", "generator_cosine", "glue", "gram", "grid_quadrature", "group_convolution"]
__all__ += ["group_law_defect", "hidden_generator", "hidden_map", "image_gradient", "image_grid"]
__all__ += ["image_strip", "images", "infinitesimal_feature_validity", "infinitesimal_residual"]
__all__ += ["initial_condition", "inner", "inside", "interior_cosine", "invariance"]
__all__ += ["invariant_change", "inverse", "killing_form", "lens", "lie_bracket", "linear_weights"]
__all__ += ["lipschitz", "load_extractor", "load_field", "load_images", "load_solution_field"]
__all__ += ["longest_run", "mean_interval", "models", "monomials", "moved_jet", "moved_residual"]
__all__ += ["nearest", "nearest_colour", "nmse", "orbits", "orthonormal", "orthonormality"]
__all__ += ["piecewise", "pixel_grid", "pixel_sensitivity", "project", "prolong", "provenance"]
__all__ += ["pull_back_images", "quiver", "recoloured", "record", "representation_cosine"]
__all__ += ["resample", "residual_score", "restored", "rk4", "rk4_step", "rollout", "setup"]
__all__ += ["shift_cosines", "signals", "simulate", "slider", "snapshots", "sobolev"]
__all__ += ["solution_graph", "solution_validity", "solution_versions", "spacetime", "splatted_jet"]
__all__ += ["stirring", "structure_constants", "style", "symmetry_spectrum", "term_name"]
__all__ += ["to_colours", "to_pixels", "train", "unresolved", "warp", "warped_grid", "waterfall"]
__all__ += ["weno_derivative", "whittaker_shannon", "window_sensitivity"]
