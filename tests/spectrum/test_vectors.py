import math

import pytest
import torch

from symtutor import (
    MatrixField,
    Quadrature,
    bootstrap_spectrum,
    density_spectrum,
    field_angles,
    function_spectrum,
    hidden_generator,
    monomials,
)


def normal(n, d, seed=0):
    return torch.randn(n, d, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def rotations(d):
    pairs = [(i, j) for i in range(d) for j in range(i)]
    matrices = torch.zeros(len(pairs), d, d, dtype=torch.float64)
    for k, (i, j) in enumerate(pairs):
        matrices[k, i, j], matrices[k, j, i] = 1, -1
    return MatrixField(matrices)


def test_a_radial_function_has_the_rotations():
    z = normal(600, 4)
    found = function_spectrum(monomials(4, 1), z, lambda z: torch.exp(-z.square().sum(-1)))
    assert found.gap.count == 6
    assert found.gap.ratio > 1e8
    assert field_angles(found.field(), rotations(4), Quadrature(z)).max() < 1e-9


def test_a_function_of_several_values_keeps_what_all_of_them_keep():
    z = normal(600, 3)
    both = lambda z: torch.stack([z.square().sum(-1), z[:, 2]], dim=-1)  # noqa: E731
    found = function_spectrum(monomials(3, 1), z, both)
    assert found.gap.count == 1
    about_the_axis = MatrixField(rotations(3).matrix[:1])
    assert field_angles(found.field(), about_the_axis, Quadrature(z)).max() < 1e-9


def test_the_defect_is_the_root_mean_square_derivative():
    z = normal(500, 2)
    found = function_spectrum([(), (("power", 0, 1.0),)], z, lambda z: z[:, 0] ** 2)
    values = found.field(4)(z)  # "n 4 2"
    slopes = values[..., 0] * 2 * z[:, :1]
    assert torch.allclose(slopes.square().mean(0).sqrt(), found.values, atol=1e-9)
    assert torch.allclose(values.square().sum(-1).mean(0), torch.ones(4).double())


def test_a_density_is_invariant_up_to_what_its_sample_shows():
    """An ellipse of samples: the rotation that its covariance defines, and nothing else."""
    stretch = torch.tensor([1.0, 3.0], dtype=torch.float64)
    z = normal(40000, 2) * stretch
    found = density_spectrum(monomials(2, 1), z, monomials(2, 3))
    assert found.gap.count == 1
    turn = torch.tensor([[[0.0, 1 / 3], [-3.0, 0.0]]], dtype=torch.float64)
    angle = field_angles(found.field(), MatrixField(turn), Quadrature(z)).max()
    assert angle < 0.02
    assert found.values[0] < 3 * math.sqrt(9 / len(z))  # nine test functions
    assert found.values[1] > 0.2
    replicas = bootstrap_spectrum(found)
    assert replicas.count_share() > 0.95


def test_the_defect_is_fisher_information_about_the_parameter():
    """Shifts of N(0, 4): one standard deviation is 2, so information per unit is 1/2."""
    z = 2 * normal(100000, 1)
    found = density_spectrum([()], z, monomials(1, 1))
    assert math.isclose(found.values[0], 0.5, rel_tol=0.02)


def test_second_moments_alone_leave_a_gaussian_all_its_rotations():
    """A hidden translation is one of d(d-1)/2 linear symmetries of a Gaussian."""
    d = 5
    step = hidden_generator("circulant", d)
    samples = normal(30000, d)
    samples = samples + samples @ step.mT  # commutes with the step, so its law is invariant
    found = density_spectrum(monomials(d, 1)[1:], samples, monomials(d, 2))
    assert found.gap.count == d * (d - 1) // 2
    assert found.noise[0] > 1e-3  # exact zeros of sample moments count as noise
    flow = torch.fft.fft(torch.eye(d, dtype=torch.complex128))
    angles = 2 * math.pi * torch.fft.fftfreq(d, dtype=torch.float64)
    turn = (flow.mH @ torch.diag(1j * angles) @ flow / d).real  # generates the circular shifts
    assert field_angles(MatrixField(turn[None]), found.field(), Quadrature(samples)).max() < 0.1


def test_skewed_test_functions_see_more():
    z = torch.distributions.Exponential(1.0)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        samples = z.sample((20000, 2)).double() - 1
    linear = monomials(2, 1)[1:]
    blind = density_spectrum(linear, samples, monomials(2, 2))
    seeing = density_spectrum(linear, samples, monomials(2, 3))
    assert blind.gap.count == 1  # covariance 1: rotations look like a symmetry
    assert seeing.values[0] > 10 * blind.values[0]


@pytest.mark.parametrize("spectrum", ["function", "density"])
def test_refusals(spectrum):
    def call(terms, z, tests=((("power", 0, 1.0),),)):
        if spectrum == "function":
            return function_spectrum(terms, z, lambda z: z[:, 0])
        return density_spectrum(terms, z, tests)

    z = normal(300, 2)
    with pytest.raises(ValueError, match="finite points, got 60"):
        call(monomials(2, 1), z[:60])
    with pytest.raises(ValueError, match="finite points"):
        call(monomials(2, 1), torch.full_like(z, math.nan))
    twice = (("power", 0, 1.0), ("power", 0, 1.0))
    with pytest.raises(ValueError, match=r"one combination of x1\^2, x1 x1 is zero"):
        call([(("power", 0, 2.0),), twice], z)
    with pytest.raises(ValueError, match="zero or not finite"):
        call([(("power", 0, -1.0),)], torch.zeros_like(z))
    if spectrum == "density":
        with pytest.raises(ValueError, match="none but the constant"):
            call(monomials(2, 1), z, ((),))
