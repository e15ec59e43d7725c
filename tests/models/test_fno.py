"""Fourier neural operators: symmetry in x, independence of stacked runs, what is refused."""

import jaxtyping
import pytest
import torch

from symtutor import FNO
from symtutor.models.fno import _waves, spectral_convolution


def small(seeds=(0,), **changes):
    fields = {"width": 6, "modes": 5, "layers": 2} | changes
    return FNO(4, 3, seeds=seeds, **fields).double()


@pytest.mark.parametrize(("n", "modes"), [(16, 5), (16, 9), (15, 8), (16, 1)])
def test_the_two_matrices_are_a_truncated_rfft_and_its_inverse(n, modes):
    u = torch.randn(n, 3, dtype=torch.float64)
    analysis, synthesis = _waves(n, modes, torch.float64, torch.device("cpu"))
    kept = torch.fft.rfft(u, dim=0)[:modes]
    real, imaginary = (analysis @ u).unflatten(0, (modes, 2)).unbind(1)
    found = torch.complex(real, imaginary)
    assert torch.allclose(found, kept, atol=1e-12)
    assert torch.allclose(synthesis @ analysis @ u, torch.fft.irfft(kept, n=n, dim=0), atol=1e-12)


def test_the_spectral_convolution_is_one_complex_matrix_per_mode():
    runs, space, b, width, modes = 2, 12, 3, 4, 5
    x = torch.randn(runs, space, b, width, dtype=torch.float64)
    weight = torch.randn(runs, modes, width, 2 * width, dtype=torch.float64)
    found, synthesis = spectral_convolution(x.flatten(2), weight)
    matrices = torch.complex(*weight.split(width, dim=-1))
    spectrum = torch.einsum("rmbi,rmio->rmbo", torch.fft.rfft(x, dim=1)[:, :modes], matrices)
    expected = torch.fft.irfft(spectrum, n=space, dim=1)
    assert torch.allclose(synthesis @ found, expected.flatten(2), atol=1e-12)


def test_the_published_size_has_the_published_number_of_weights():
    net = FNO(20, 20, modes=2)  # complex numbers count once; 30 of the 32 modes are added by hand
    complex_weights = sum(p.numel() for name, p in net.named_parameters() if "spectral" in name) / 2
    others = sum(p.numel() for name, p in net.named_parameters() if "spectral" not in name)
    assert 16 * complex_weights + others == 10_855_572
    spectral = torch.cat([net.spectral0.flatten(), net.spectral4.flatten()])
    assert spectral.min() >= 0 and spectral.max() <= 256**-2


def test_the_operator_commutes_with_translations_of_the_grid():
    net, frames = small(), torch.randn(1, 2, 4, 16, dtype=torch.float64)
    assert torch.allclose(net(frames.roll(5, -1)), net(frames).roll(5, -1), atol=1e-12)
    assert net(frames).std() > 1e-3


def test_a_run_of_a_stack_is_the_run_alone_in_values_and_gradients():
    frames = torch.randn(3, 2, 4, 16, dtype=torch.float64)
    together = small(seeds=(5, 6, 7))
    together(frames).square().sum().backward()
    for i, seed in enumerate(together.seeds):
        alone = small(seeds=(seed,))
        out = alone(frames[i : i + 1])
        out.square().sum().backward()
        assert torch.allclose(out, together(frames)[i : i + 1], atol=1e-13)
        for name, value in alone.named_parameters():
            own = dict(together.named_parameters())[name]
            assert torch.equal(value[0], own[i])
            assert torch.allclose(value.grad[0], own.grad[i], atol=1e-12)


def test_what_does_not_fit_is_refused(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=r"a stack of 1 operators from 4 frames takes \(1, batch"):
        small()(torch.zeros(2, 1, 4, 16).double())
    with pytest.raises(ValueError, match="5 modes need a grid of at least 8 points, got 6"):
        small()(torch.zeros(1, 1, 4, 6).double())
    with pytest.raises(ValueError, match=r"must be at least 1, got .*layers=2 and 0 seeds"):
        small(seeds=())
