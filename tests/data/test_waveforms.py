import numpy as np
import pytest
import torch
from scipy import integrate, special

from symtutor.data.waveforms import WAVEFORMS, gaussian, legendre_2_1, legendre_3_1, superpose


def published_legendre(u, order, m):
    """The published sum over powers with its generalised binomial coefficients."""
    z = np.sin(np.pi * np.clip(u, -1, 1) / 2)
    powers = sum(
        special.factorial(k)
        / special.factorial(k - m)
        * special.binom(order, k)
        * special.binom((order + k - 1) / 2, order)
        * z ** (k - m)
        for k in range(m, order + 1)
    )
    return (1 - z**2) ** (m / 2) * powers


@pytest.mark.parametrize(("order", "shape"), [(2, legendre_2_1), (3, legendre_3_1)])
def test_the_closed_forms_are_the_published_sums_and_associated_legendre_functions(order, shape):
    width, offset = 9.0, torch.linspace(-7, 7, 301, dtype=torch.float64)
    u = 2 * offset.numpy() / width
    values = shape(offset, torch.tensor([width], dtype=torch.float64)).numpy()
    np.testing.assert_allclose(values, published_legendre(u, order, 1), atol=1e-14)
    inside = np.abs(u) < 1
    z = np.sin(np.pi * u[inside] / 2)
    textbook = -(2.0**-order) * special.lpmv(1, order, z)
    np.testing.assert_allclose(values[inside], textbook, atol=1e-14)
    assert (values[~inside] == 0).all() and (~inside).any()


def test_the_gaussian_is_a_density():
    t = torch.linspace(-20, 20, 4001, dtype=torch.float64)
    for sigma in (0.2, 2.5):
        values = gaussian(t, torch.tensor([sigma], dtype=torch.float64))
        assert integrate.trapezoid(values.numpy(), t.numpy()) == pytest.approx(1, abs=1e-12)
        second = integrate.trapezoid((values * t**2).numpy(), t.numpy())
        assert second == pytest.approx(sigma**2, rel=1e-10)


@pytest.mark.parametrize("signal", WAVEFORMS)
def test_beyond_its_reach_a_waveform_is_negligible(signal):
    width = torch.tensor([3.0], dtype=torch.float64)
    for waveform in WAVEFORMS[signal]:
        offset = waveform.reach * width * torch.tensor([1.0, 1.01, 2.0], dtype=torch.float64)
        assert waveform.shape(offset, width).abs().max() < 1e-13
        assert waveform.shape(-offset, width).abs().max() < 1e-13
        near = waveform.shape(0.3 * width, width)
        assert near.abs().max() > 1e-3


def moments(signal, d, scale, boundary):
    """Exact mean and covariance of `superpose`, by quadrature over centre and width."""
    t = np.arange(d) - (d - 1) / 2
    span = {"open": 2 * d, "circular": d, "almost circular": d - 1}[boundary]
    centres = span * ((np.arange(4000) + 0.5) / 4000 - 0.5)
    nodes, weights = np.polynomial.legendre.leggauss(24)
    widths = scale[0] + (scale[1] - scale[0]) * (nodes + 1) / 2
    offset = t - centres[:, None]
    if boundary != "open":
        offset = offset - d * np.round(offset / d)
    if boundary == "almost circular":
        offset = np.abs(offset)
    forms = (lambda u: published_legendre(u, 2, 1), lambda u: published_legendre(u, 3, 1))
    if signal == "gaussian":
        forms = (None,)
    chance = 0.5 / len(forms)
    mean, covariance = np.zeros(d), np.zeros((d, d))
    for form in forms:
        first, second = np.zeros(d), np.zeros((d, d))
        for width, weight in zip(widths, weights / 2, strict=True):
            if form is None:
                values = np.exp(-((offset / width) ** 2) / 2) / np.sqrt(2 * np.pi) / width
            else:
                values = form(2 * offset / width)
            first += weight * values.mean(0)
            second += weight * values.T @ values / len(values)
        mean += 5 * chance * first
        covariance += 5 * (chance * (1 + 1 / 12) * second - chance**2 * np.outer(first, first))
    return mean, covariance


@pytest.mark.parametrize(
    ("signal", "d", "scale", "boundary"),
    [
        ("gaussian", 7, (0.2, 1.0), "open"),
        ("gaussian", 33, (0.5, 2.5), "open"),
        ("legendre", 33, (6.0, 15.0), "open"),
        ("gaussian", 7, (0.2, 1.0), "circular"),
        ("gaussian", 7, (0.2, 1.0), "almost circular"),
        ("legendre", 15, (6.0, 12.0), "circular"),
        ("legendre", 15, (6.0, 12.0), "almost circular"),
    ],
)
def test_mean_and_covariance_are_the_exact_ones(signal, d, scale, boundary, generator):
    """Within six standard errors, of which the largest of a thousand entries is about four."""
    n = 40_000
    x = superpose(signal, n, d, scale, boundary, generator)
    mean, covariance = (torch.from_numpy(m) for m in moments(signal, d, scale, boundary))
    assert ((x.mean(0) - mean).abs() < 6 * x.std(0) / n**0.5).all()
    centred = x - mean
    products = centred[:, :, None] * centred[:, None, :]
    error = products.std(0) / n**0.5
    assert ((products.mean(0) - covariance).abs() < 6 * error).all()
    assert error.max() < 0.05 * covariance.diagonal().max()


def test_as_many_samples_are_empty_as_the_binomial_says(generator):
    x = superpose("gaussian", 50_000, 7, (2.0, 2.5), "circular", generator)
    empty = (x == 0).all(1).double().mean().item()
    assert empty == pytest.approx(1 / 32, abs=4 * (1 / 32 / 50_000) ** 0.5)
