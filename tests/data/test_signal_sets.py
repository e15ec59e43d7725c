import pytest
import torch

from symtutor.data import SIGNALS, hidden_map, signals
from symtutor.data.signal_sets import BLOCK

N = 50_000
SYNTHETIC = [name for name, chosen in SIGNALS.items() if chosen.scale is not None]


def lag_correlations(x):
    """Correlation coefficients at lag 1, 2, ..., each the mean over all pairs."""
    coefficients = torch.corrcoef(x.T.double())
    return [coefficients.diagonal(lag).mean().item() for lag in range(1, len(coefficients))]


def spectrum(x):
    """Smallest and largest eigenvalue of the covariance."""
    values = torch.linalg.eigvalsh(torch.cov(x.T.double()))
    return values[0].item(), values[-1].item()


@pytest.mark.parametrize(
    ("name", "scale", "mean", "lags", "bottom", "top"),
    [
        ("gaussian-33", None, 0.25, [0.316, 0.057], 0.464, 1.83),
        ("gaussian-33", (0.5, 2.5), None, [0.755, 0.417], 0.0366, 4.23),
        (
            *("legendre-33", None, None),
            [0.775, 0.316, -0.075, -0.271, -0.306, -0.253, -0.172, -0.098],
            *(0.0087, 4.20),
        ),
        ("gaussian-7", None, 0.55, [0.281, 0.012, -0.047, -0.059], None, None),
    ],
)
def test_the_statistics_are_those_of_the_published_data(name, scale, mean, lags, bottom, top):
    """Those were measured on 50,000 samples of the published code, so both sides scatter."""
    x = signals(name, N, scale=scale)
    assert x.std().item() == pytest.approx((1 + 0.05**2) ** 0.5, abs=0.001)
    assert lag_correlations(x)[: len(lags)] == pytest.approx(lags, abs=0.01)
    if mean is not None:
        assert x.mean().item() == pytest.approx(mean, abs=0.01)
    if top is not None:
        assert spectrum(x) == (pytest.approx(bottom, rel=0.05), pytest.approx(top, rel=0.02))


def test_a_fifth_of_the_published_rows_shows_nothing_but_noise():
    x = signals("gaussian-33", N)
    assert (x.abs().amax(1) < 4 * 0.05).double().mean().item() == pytest.approx(0.2, abs=0.03)


def covariance_and_error(x):
    centred = x.double() - x.double().mean(0)
    products = centred[:, :, None] * centred[:, None, :]
    return products.mean(0), products.std(0) / len(x) ** 0.5


def circulant_mean(C):
    """The nearest circulant matrix: averages along the wrapped diagonals."""
    d = len(C)
    rolled = torch.stack([C[i].roll(-i) for i in range(d)]).mean(0)
    return torch.stack([rolled.roll(i) for i in range(d)])


def test_the_circulant_set_is_circulant_and_its_published_variant_is_not():
    C, error = covariance_and_error(signals("gaussian-circulant-7", N))
    assert ((C - circulant_mean(C)).abs() < 5 * error).all()
    published = signals("gaussian-circulant-7", N, circular=False)
    C, error = covariance_and_error(published)
    assert ((C - circulant_mean(C)).abs() / error).max() > 30
    variances = [0.59, 1.13, 1.11, 1.11, 1.13, 1.12, 0.61]
    assert published.var(0).tolist() == pytest.approx(variances, abs=0.03)
    lags = lag_correlations(published)
    assert (lags[0], lags[5]) == (pytest.approx(0.258, abs=0.01), pytest.approx(0.109, abs=0.01))
    true = lag_correlations(signals("gaussian-circulant-7", N))
    assert true[0] == pytest.approx(true[5], abs=0.015)


@pytest.mark.parametrize("signal", ["gaussian", "legendre"])
@pytest.mark.parametrize("symmetry", ["permuted", "frequency"])
def test_hidden_sets_are_the_same_signals_behind_the_map(signal, symmetry):
    plain = signals(f"{signal}-33", 500, seed=3)
    hidden = signals(f"{signal}-{symmetry}-33", 500, seed=3)
    expected = (plain.double() @ hidden_map(symmetry, 33)).float()
    torch.testing.assert_close(hidden, expected, rtol=0, atol=2e-6)
    assert (hidden - plain).abs().max() > 0.5


@pytest.mark.parametrize("name", SYNTHETIC)
def test_all_samples_are_distinct_across_blocks(name):
    """The published permuted sets repeat one batch 99 times."""
    x = signals(name, 2 * BLOCK + 100)
    assert len(x.unique(dim=0)) == len(x)


def test_blocks_share_no_signals_either():
    x = signals("gaussian-33", 2 * BLOCK, noise=0.0)
    x = x[(x != 0).any(1)]
    assert len(x.unique(dim=0)) == len(x)


@pytest.mark.parametrize("name", ["gaussian-7", "legendre-permuted-33"])
def test_the_seed_decides_everything(name):
    global_state = torch.get_rng_state()
    x = signals(name, 1000, seed=5)
    torch.manual_seed(1)
    assert torch.equal(x, signals(name, 1000, seed=5))
    torch.set_rng_state(global_state)
    signals(name, 10)
    assert torch.equal(global_state, torch.get_rng_state())
    other = signals(name, 1000, seed=6)
    assert not (x == other).all(1).any()
    correlation = torch.corrcoef(torch.stack([x.flatten(), other.flatten()]))[0, 1]
    assert correlation.abs() < 0.1


@pytest.mark.parametrize("name", ["gaussian-33", "gaussian-frequency-33"])
def test_noise_is_white_and_in_units_of_the_signals(name):
    clean = signals(name, 10_000, noise=0.0)
    C, error = covariance_and_error(signals(name, 10_000, noise=0.2) - clean)
    assert ((C - 0.04 * torch.eye(33)).abs() < 6 * error).all()
    assert error.max() < 0.001


def test_the_signals_have_unit_deviation_and_keep_their_mean():
    clean = signals("gaussian-33", 10_000, noise=0.0)
    assert clean.std(correction=0).item() == pytest.approx(1, abs=1e-5)
    assert clean.amin() == 0 and clean.mean() > 0.2


def test_wider_signals_and_another_dimension():
    x = signals("gaussian-33", 20_000, d=15, scale=(0.5, 2.5))
    assert x.shape == (20_000, 15) and x.dtype == torch.float32
    assert lag_correlations(x)[0] > 0.6 > lag_correlations(signals("gaussian-7", 20_000))[0]
    assert signals("gaussian-7", 1).shape == (1, 7)


def test_the_published_sets_are_listed():
    sizes = {name: (chosen.d, 100 * chosen.batch) for name, chosen in SIGNALS.items()}
    assert len(sizes) == 9
    assert all(name == chosen.name for name, chosen in SIGNALS.items())
    assert sizes["gaussian-circulant-7"] == (7, 63_000)
    assert sizes["gaussian-7"] == (7, 252_000)
    assert sizes["mnist-27"] == (27, 1_080_000)
    assert {sizes[name] for name in sizes if name.endswith("33")} == {(33, 1_650_000)}
    assert all(chosen.batch % chosen.d == 0 for chosen in SIGNALS.values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "gaussian-9"}, "gaussian-circulant-7, gaussian-7, mnist-27"),
        ({"n": 0}, "at least one sample, got n=0"),
        ({"d": 8}, "d=7 or d=9"),
        ({"d": 1}, "pass d=3"),
        ({"scale": (0.0, 1.0)}, r"0 < low <= high, got \(0\.0, 1\.0\)"),
        ({"scale": (2.0, 1.0)}, "0 < low <= high"),
        ({"scale": (1.0, float("inf"))}, "0 < low <= high"),
        ({"scale": (float("nan"), 1.0)}, "0 < low <= high"),
        ({"noise": -0.1}, "got -0.1; 0 leaves it out"),
        ({"noise": float("nan")}, "finite"),
        ({"circular": False}, "gaussian-circulant-7, not of gaussian-7"),
        ({"images": torch.ones(1, 4, 4, dtype=torch.uint8)}, "ask mnist-27"),
        ({"name": "mnist-27", "scale": (1.0, 2.0)}, "no range of scales"),
    ],
)
def test_bad_requests_name_the_remedy(arguments, message):
    with pytest.raises(ValueError, match=message):
        signals(**{"name": "gaussian-7", "n": 10, **arguments})
