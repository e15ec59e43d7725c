"""The adapter: a step of the symmetry is a shift of the representation."""

import jaxtyping
import pytest
import torch

from symtutor.data.hidden import hidden_map
from symtutor.lens import SymmetryAdapter


def logarithm_of_shift(n):
    """The antisymmetric logarithm of a shift by one place that wraps around, n odd."""
    k = torch.fft.fftfreq(n, 1 / n, dtype=torch.float64)
    waves = torch.fft.fft(torch.eye(n, dtype=torch.complex128))
    s = torch.fft.ifft(-2j * torch.pi * k[:, None] / n * waves, dim=0)
    return s.real


def ideal(symmetry, d=7):
    """The adapter that knows what was hidden."""
    M, n = hidden_map(symmetry, d), 3 * d
    inside = torch.eye(n, dtype=torch.float64)
    inside[d : 2 * d, d : 2 * d] = M
    s = inside.T @ logarithm_of_shift(n) @ inside
    return SymmetryAdapter(s, M.T[:, (d - 1) // 2]), M


def content(d, b=6):
    """Vectors that are zero near both ends."""
    x = torch.zeros(b, d, dtype=torch.float64)
    x[:, 2:-2] = torch.randn(b, d - 4, dtype=torch.float64)
    return x


@pytest.mark.parametrize("symmetry", ["translation", "permuted", "frequency"])
def test_a_step_of_the_hidden_symmetry_shifts_the_representation(symmetry):
    adapter, M = ideal(symmetry)
    z = content(7)
    y, moved = adapter(z @ M), adapter(z.roll(1, -1) @ M)
    assert torch.allclose(moved, y.roll(1, -1)) or torch.allclose(moved, y.roll(-1, -1))
    assert torch.allclose(y.abs().sum(), z.abs().sum())


@pytest.mark.parametrize("symmetry", ["translation", "permuted", "frequency"])
def test_moving_raw_vectors_by_whole_steps_is_the_hidden_shift(symmetry):
    adapter, M = ideal(symmetry)
    z = content(7)
    expected = [z.roll(by, -1) @ M for by in (1, -1)]
    moved = adapter.moved(z @ M, 1.0)
    assert any(torch.allclose(moved, e, atol=1e-10) for e in expected)
    assert torch.allclose(adapter.moved(moved, -1.0), z @ M, atol=1e-10)
    half = adapter.moved(z @ M, 0.5)
    assert not torch.allclose(half, z @ M, atol=1e-2)


def test_back_undoes_the_adapter():
    adapter, _ = ideal("frequency")
    x = torch.randn(4, 7, dtype=torch.float64)
    assert torch.allclose(adapter.back(adapter(x)), x, atol=1e-10)


def test_an_adapter_is_restored_with_its_matrix():
    adapter, _ = ideal("permuted")
    state = adapter.state_dict()
    assert set(state) == {"antisymmetric", "filter"}
    assert torch.equal(SymmetryAdapter(**state).matrix, adapter.matrix)
    assert not list(adapter.parameters())


def test_what_does_not_fit_is_refused(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    turn = torch.tensor([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    with pytest.raises(ValueError, match="antisymmetric"):
        SymmetryAdapter(turn.abs(), torch.ones(3))
    with pytest.raises(ValueError, match="filter is zero"):
        SymmetryAdapter(turn, torch.zeros(3))
    with pytest.raises(ValueError, match="odd"):
        SymmetryAdapter(turn, torch.ones(4))
    with pytest.raises(ValueError, match="fitted to vectors of 3"):
        SymmetryAdapter(turn, torch.ones(3))(torch.ones(2, 5))
