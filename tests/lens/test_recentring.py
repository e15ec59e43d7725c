"""A filter beside the middle is seen and moved; one in the middle stays."""

import pytest
import torch
from test_adapter import logarithm_of_shift

from symtutor.data import signals
from symtutor.lens import Lens, group_convolution, recentre
from symtutor.lens.recentring import off_centre


def lens_at(*places, d=7):
    """Lenses that know a shift that wraps around the window, with filters at some places."""
    lens = Lens(d, hidden=8, seeds=range(len(places))).double()
    s = torch.zeros(3 * d, 3 * d, dtype=torch.float64)
    s[d : 2 * d, d : 2 * d] = logarithm_of_shift(d)
    rows, columns = torch.triu_indices(3 * d, 3 * d, 1)
    with torch.no_grad():
        for run, place in enumerate(places):
            lens.generator.theta[run].copy_(s[rows, columns])
            lens.filter.values[run].copy_(2.0 * torch.eye(d)[place])
    return lens


def peaks(lens):
    return [f.abs().argmax().item() for f in lens.filter.values]


@pytest.fixture(scope="module")
def x():
    return signals("gaussian-7", 3 * 5000, scale=(0.8, 1.0)).double().view(3, 5000, 7)


def test_filters_move_to_the_middle(x):
    for places, steps in (((3, 2, 4), [0, 1, -1]), ((1, 5, 3), [2, -2, 0])):
        lens = lens_at(*places)
        assert recentre(lens, x).tolist() in (steps, [-s for s in steps])
        assert peaks(lens) == [3, 3, 3]
        assert [f.norm().item() for f in lens.filter.values] == pytest.approx([2.0] * 3)
        assert recentre(lens, x).tolist() == [0, 0, 0]


def test_the_densities_move_with_the_filter(x):
    """They say of the moved representation what they said of the same components before."""
    lens = lens_at(2)
    with torch.no_grad():
        for p in [*lens.marginals.parameters(), *lens.conditionals.parameters()]:
            p.copy_(torch.randn_like(p))
    before = x[:1, :70] @ group_convolution(lens.generator(), lens.filter())
    old = [net(before)[0] for net in (lens.marginals, lens.conditionals)]
    by = recentre(lens, x[:1]).item()
    after = x[:1, :70] @ group_convolution(lens.generator(), lens.filter())
    assert torch.allclose(after, before.roll(-by, 2), atol=1e-10)  # here the window wraps around
    assert torch.allclose(lens.marginals(after)[0], old[0].roll(-by, 2), atol=1e-10)
    in_turn = after.roll(-by, 1)  # sample b conditions on slot b mod d
    pairs = lens.conditionals(in_turn)[0]
    assert torch.allclose(pairs, old[1].roll((-by, -by), (2, 3)), atol=1e-10)


def test_without_structure_nothing_moves():
    C = torch.eye(7).expand(2, -1, -1)
    assert off_centre(C).tolist() == [0, 0]
    assert off_centre(torch.zeros(1, 7, 7)).tolist() == [0]
    assert off_centre(torch.ones(1, 3, 3)).tolist() == [0]
    twice = torch.eye(7) + torch.diag(torch.tensor([0.1, 0.5, 0.5, 0.5, 0.5, 0.1]), 1)
    assert off_centre(twice[None]).tolist() == [0]
