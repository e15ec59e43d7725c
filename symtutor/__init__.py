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
    Identification,
    Projection,
    bracket_closure,
    catalogue_rows,
    field_angles,
    gram,
    identify,
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
from .experiments.lens_config import LensTraining
from .experiments.lens_fit import LensFit, fit_lens
from .fields import (
    AFFINE_GENERATORS,
    AffineField,
    Charted,
    Combined,
    Field,
    LibraryField,
    MatrixField,
    MLPField,
    Uncharted,
    monomials,
    term_name,
)
from .fields.stored import load_field, load_solution_field, restored
from .files import DamagedError
from .flows import flow, group_law_defect, inverse
from .images import AffineAugment, FlowAugment, LearnedAugment
from .interactive import slider
from .jets import (
    Snapshots,
    characteristic_residual,
    draw_snapshots,
    moved_jet,
    prolong,
    snapshots,
    splatted_jet,
)
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
from .readout import (
    Certificate,
    ReadOut,
    certificate,
    determining_defect,
    is_symmetry,
    read_out,
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
from .spectrum import (
    Replicas,
    Spectrum,
    affine_chance,
    affine_share,
    affineness,
    bootstrap_spectrum,
    colour_spectrum,
    density_spectrum,
    function_spectrum,
    image_spectrum,
    roughness,
    symmetry_spectrum,
)
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
__all__ += ["CKdV", "Certificate", "Chart", "Charted", "CheckResult", "ClaimError", "Combined"]
__all__ += ["DamagedError", "DeviceMemoryError", "Equation", "Field", "FlowAugment", "FlowScore"]
__all__ += ["Heat", "History", "Identification", "Images", "Interval", "KdV", "LearnedAugment"]
__all__ += ["Lens", "LensFit", "LensLoss", "LensTraining", "LensWeights", "LibraryField", "LieGAN"]
__all__ += ["Loss", "MLPField", "MatrixField", "MismatchError", "NKdV", "NonFiniteError"]
__all__ += ["Projection", "Quadrature", "ReadOut", "Record", "Records", "Replicas", "ResNet"]
__all__ += ["ResolvingFilter", "Runtime", "Score", "SignalSet", "SkewGenerator", "Snapshots"]
__all__ += ["Spectrum", "StoppedError", "SymmetryAdapter", "SymmetryGAN", "Trained", "Trajectories"]
__all__ += ["Uncharted", "UnknownNameError", "Versions", "WenoDerivative", "Windows"]
__all__ += ["act_on_colours", "act_on_images", "act_on_solutions", "affine_chance", "affine_share"]
__all__ += ["affineness", "as_pixels", "bilinear", "bootstrap_spectrum", "bracket_closure"]
__all__ += ["catalogue_rows", "certificate", "characteristic_residual", "check", "claim"]
__all__ += ["colour_sensitivity", "colour_spectrum", "colour_table", "colour_validity", "colours"]
__all__ += ["constant", "cosine", "dealias", "deformed_derivatives", "density_spectrum"]
__all__ += ["derivative", "derivatives", "determining_defect", "dirichlet_kernel", "displayed"]
__all__ += ["draw_snapshots", "etdrk4", "execute", "exercise", "exercises", "experiments"]
__all__ += ["fan_out", "feature_angle", "feature_rate", "feature_validity", "field_angles"]
__all__ += ["field_grid", "fit_lens", "flow", "flow_score", "folded", "frame_errors"]
__all__ += ["function_spectrum", "generator", "generator_cosine", "glue", "gram", "grid_quadrature"]
__all__ += ["group_convolution", "group_law_defect", "hidden_generator", "hidden_map", "identify"]
__all__ += ["image_gradient", "image_grid", "image_spectrum", "image_strip", "images"]
__all__ += ["infinitesimal_feature_validity", "infinitesimal_residual", "initial_condition"]
__all__ += ["inner", "inside", "interior_cosine", "invariance", "invariant_change", "inverse"]
__all__ += ["is_symmetry", "killing_form", "lens", "lie_bracket", "linear_weights", "lipschitz"]
__all__ += ["load_extractor", "load_field", "load_images", "load_solution_field", "longest_run"]
__all__ += ["mean_interval", "models", "monomials", "moved_jet", "moved_residual", "nearest"]
__all__ += ["nearest_colour", "nmse", "orbits", "orthonormal", "orthonormality", "piecewise"]
__all__ += ["pixel_grid", "pixel_sensitivity", "project", "prolong", "provenance"]
__all__ += ["pull_back_images", "quiver", "read_out", "recoloured", "record"]
__all__ += ["representation_cosine", "resample", "residual_score", "restored", "rk4", "rk4_step"]
__all__ += ["rollout", "roughness", "setup", "shift_cosines", "signals", "simulate", "slider"]
__all__ += ["snapshots", "sobolev", "solution_graph", "solution_validity", "solution_versions"]
__all__ += ["spacetime", "splatted_jet", "stirring", "structure_constants", "style"]
__all__ += ["symmetry_spectrum", "term_name", "to_colours", "to_pixels", "train", "unresolved"]
__all__ += ["warp", "warped_grid", "waterfall", "weno_derivative", "whittaker_shannon"]
__all__ += ["window_sensitivity"]
