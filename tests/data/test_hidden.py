import numpy as np
import pytest
import torch

from symtutor.data import hidden_generator, hidden_map
from symtutor.data.hidden import SYMMETRIES

# np.random.seed(0); np.random.permutation(33)
PERMUTATION = [
    *(11, 20, 24, 17, 2, 25, 26, 16, 10, 32, 29, 23, 15, 8, 13, 30, 5),
    *(14, 28, 22, 1, 12, 6, 4, 18, 21, 19, 9, 7, 31, 27, 3, 0),
]


def test_the_permutation_is_the_published_one():
    x = torch.arange(33, dtype=torch.float64) + 1
    moved = x @ hidden_map("permuted", 33)
    assert moved[PERMUTATION].tolist() == x.tolist()


def test_the_permutation_leaves_the_global_random_numbers_alone():
    before = np.random.get_state()  # noqa: NPY002
    hidden_map("permuted", 33)
    assert all(map(np.array_equal, before, np.random.get_state()))  # noqa: NPY002


@pytest.mark.parametrize("d", [3, 7, 33])
def test_the_sine_transform_is_orthonormal_symmetric_and_its_own_inverse(d):
    S = hidden_map("frequency", d)
    identity = torch.eye(d, dtype=torch.float64)
    torch.testing.assert_close(S @ S, identity, rtol=0, atol=1e-13)
    torch.testing.assert_close(S @ S.T, identity, rtol=0, atol=1e-13)
    assert (S - identity).abs().max() > 0.1
    S32 = S.float()
    torch.testing.assert_close(S32 @ S32, identity.float(), rtol=0, atol=2e-6)


def test_the_columns_of_the_sine_transform_are_waves_that_vanish_just_outside():
    d = 33
    i = np.arange(-1, d + 1)
    wave = np.sqrt(2 / (d + 1)) * np.sin(np.pi * (i + 1) * 5 / (d + 1))
    assert abs(wave[0]) < 1e-12 and abs(wave[-1]) < 1e-12
    np.testing.assert_allclose(hidden_map("frequency", d)[:, 4].numpy(), wave[1:-1], atol=1e-14)


@pytest.mark.parametrize("symmetry", SYMMETRIES)
@pytest.mark.parametrize("d", [3, 7, 33])
def test_the_generator_moves_the_hidden_signal_by_one_component(symmetry, d, generator):
    x = torch.randn(5, d, generator=generator, dtype=torch.float64)
    M = hidden_map(symmetry, d)
    moved = x.roll(-1, dims=-1)
    if symmetry != "circulant":
        moved[:, -1] = 0
    raw = x @ M
    torch.testing.assert_close(raw @ hidden_generator(symmetry, d).T, moved @ M)


@pytest.mark.parametrize("symmetry", SYMMETRIES)
def test_the_generator_is_similar_to_the_shift(symmetry):
    d = 7
    G = hidden_generator(symmetry, d)
    power = torch.linalg.matrix_power(G, d)
    expected = torch.eye(d, dtype=G.dtype) if symmetry == "circulant" else torch.zeros_like(G)
    torch.testing.assert_close(power, expected, rtol=0, atol=1e-12)
    assert torch.linalg.matrix_rank(G, atol=1e-10) == (d if symmetry == "circulant" else d - 1)
    rest = torch.linalg.matrix_power(G, d - 1)
    assert torch.linalg.matrix_rank(rest, atol=1e-10) == (d if symmetry == "circulant" else 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("translation", 8), "d=7 or d=9"),
        (("translation", 2), "got d=2; pass d=3$"),
        (("frequency", 1), "got d=1; pass d=3$"),
        (("translation", -5), "pass d=3$"),
        (("rotation", 7), "translation, circulant, permuted, frequency"),
    ],
)
def test_bad_requests_name_the_remedy(arguments, message):
    for function in (hidden_map, hidden_generator):
        with pytest.raises(ValueError, match=message):
            function(*arguments)
