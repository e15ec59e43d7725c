import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sample_fields import REAL, ROTATION, equal_weights, near, noise, square, unit

from symtutor import grid_quadrature, lipschitz, losses, nearest


def test_translation_has_ratio_zero_and_scaling_and_rotation_one(dtype, tolerance):
    points = square(dtype=dtype) * 3 + 5
    centred = points - points.mean(0)
    fields = torch.stack([torch.ones_like(points), centred, centred @ ROTATION.to(dtype).mT], dim=1)
    fields = unit(fields, equal_weights(64, dtype))
    for reduce in ("max", "mean"):
        loss = lipschitz(fields, points, nearest(points, 4), 0.0, reduce=reduce)
        assert loss.dtype == dtype
        near(loss, [0.0, 1.0, 1.0], 10 * tolerance)
        near(
            lipschitz(fields, points, nearest(points, 4), 0.25, reduce=reduce),
            [0.0, 0.75, 0.75],
            10 * tolerance,
        )


def test_rotation_of_space_has_the_ratio_of_the_docstring():
    cube = grid_quadrature([(-1, 1)] * 3, [5] * 3, dtype=REAL).points
    rotation = cube @ torch.tensor([[0.0, 1, 0], [-1, 0, 0], [0, 0, 0]], dtype=REAL)
    rotation = unit(rotation[:, None], equal_weights(125))
    loss = lipschitz(rotation, cube, nearest(cube, 6), 0.0)
    near(loss, math.sqrt(1.5))


@given(st.integers(0, 10**6), st.integers(1, 3))
@settings(max_examples=40, deadline=None)
def test_a_field_that_vanishes_at_the_mean_exceeds_every_threshold_below_one(seed, d):
    half = noise(6, d, seed=seed)
    points = torch.cat([torch.zeros(1, d, dtype=REAL), half, -half])
    values = torch.cat([torch.zeros(1, 1, d, dtype=REAL), noise(12, 1, d, seed=seed + 1)])
    centre = torch.zeros(13, 1, dtype=torch.int64)
    values = unit(values, equal_weights(13))
    assert lipschitz(values, points, centre, 0.999).item() > 0
    assert lipschitz(unit(points[:, None], equal_weights(13)), points, centre, 1.001).item() == 0


@given(st.floats(1e-3, 1e3), st.floats(-10, 10))
@settings(max_examples=30, deadline=None)
def test_lipschitz_ignores_the_unit_and_origin_of_the_coordinates(scale, shift):
    points, values = noise(15, 2), noise(15, 3, 2, seed=1)
    neighbours = nearest(points, 3)
    expected = lipschitz(values, points, neighbours, 0.5)
    near(lipschitz(values, points * scale + shift, neighbours, 0.5), expected, 1e-9)


def test_lipschitz_by_hand_max_mean_and_length():
    points = torch.tensor([[0.0], [1.0], [3.0]], dtype=REAL)
    values = torch.tensor([0.0, 3.0, 4.0], dtype=REAL)[:, None, None]
    neighbours = torch.tensor([[1, 2], [0, 2], [0, 1]])
    # ratios 3 (0-1), 4/3 (0-2), 1/2 (1-2); threshold 1
    near(lipschitz(values, points, neighbours, 1.0, 1.0), [(2 + 2 + 1 / 3) / 3])
    mean = lipschitz(values, points, neighbours, 1.0, 1.0, reduce="mean")
    near(mean, [(2 + 1 / 3 + 2 + 0 + 1 / 3 + 0) / 6])
    spread = torch.tensor(math.sqrt(14 / 9), dtype=REAL)
    default = lipschitz(values, points, neighbours, 1.0)
    near(default, lipschitz(values, points, neighbours, 1.0, spread))
    assert abs(default - lipschitz(values, points, neighbours, 1.0, 1.0)).item() > 0.1


@pytest.mark.parametrize("reduce", ["max", "mean"])
def test_lipschitz_gradient(reduce):
    points, values = noise(9, 2), noise(9, 2, 2, seed=1).requires_grad_()
    neighbours = nearest(points, 3)
    assert torch.autograd.gradcheck(
        lambda v: lipschitz(v, points, neighbours, 0.3, reduce=reduce), values
    )


@pytest.mark.parametrize("reduce", ["max", "mean"])
def test_lipschitz_gradient_is_finite_where_values_or_points_coincide(reduce, dtype):
    points = torch.tensor([[0.0], [0.0], [1.0], [2.0]], dtype=dtype).requires_grad_()
    values = torch.tensor([1.0, 1.0, 1.0, 5.0], dtype=dtype)[:, None, None].requires_grad_()
    neighbours = torch.tensor([[1, 2], [0, 2], [1, 3], [2, 3]])
    loss = lipschitz(values, points, neighbours, 0.0, 1.0, reduce=reduce)
    assert loss.item() == pytest.approx(2 if reduce == "max" else 1)
    loss.sum().backward()
    assert values.grad is not None and values.grad.isfinite().all() and values.grad[3] > 0
    assert points.grad is None  # constants, as documented


def grid_neighbours(size):
    """Four neighbours of each pixel of a square grid, itself where the grid ends."""
    index = torch.arange(size * size).reshape(size, size)
    padded = torch.nn.functional.pad(index[None].double(), (1, 1, 1, 1), value=-1)[0].long()
    four = [padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:]]
    stacked = torch.stack(four, dim=-1)
    return torch.where(stacked < 0, index[..., None], stacked).reshape(-1, 4)


def test_relation_to_the_published_image_loss():
    values = 0.5 * noise(32, 32, 3, 2)
    rows, columns = values.diff(dim=0), values.diff(dim=1)
    edges = torch.cat([rows.reshape(-1, 3, 2), columns.reshape(-1, 3, 2)])
    assert len(edges) == 1984
    published = (edges.norm(dim=-1) - 0.5).clamp(min=0).sum(0)
    ours = lipschitz(
        values.reshape(-1, 3, 2), square(32), grid_neighbours(32), 7.75, 1.0, reduce="mean"
    )
    assert published.min() > 100
    near(2048 * 2 / 31 * ours, published, 1e-10)


def test_relation_to_the_published_pde_loss():
    times, places = 7, 8
    axis = torch.arange(places + 1, dtype=REAL) / places
    u = noise(times, places, 1)
    u = torch.cat([u, u[:, :1]], dim=1)  # the column x = 0 again at x = 1
    x, t = torch.meshgrid(axis, torch.arange(times, dtype=REAL) / times, indexing="xy")
    points = torch.cat([x[..., None], t[..., None], u], dim=-1)
    values = noise(times, places, 2, 3, seed=1)
    values = torch.cat([values, values[:, :1]], dim=1)

    def published(dim, z, v):
        ratio = v.diff(dim=dim).norm(dim=-1) / z.diff(dim=dim).norm(dim=-1)[..., None]
        return (ratio - 3).clamp(min=0).mean((0, 1))

    def ours(dim, z, v):
        index = torch.arange(z[..., 0].numel()).reshape(z.shape[:2])
        following = torch.cat(
            [index.narrow(dim, 1, z.shape[dim] - 1), index.narrow(dim, -1, 1)], dim
        )
        edges = index.numel() - index.shape[1 - dim]
        loss = lipschitz(v.flatten(0, 1), z.flatten(0, 1), following.reshape(-1, 1), 3.0, 1.0)
        return loss * index.numel() / edges

    open_z, open_v = points[:, :-1], values[:, :-1]
    expected = published(0, open_z, open_v) + published(1, points, values)
    assert expected.min() > 0.1
    near(ours(0, open_z, open_v) + ours(1, points, values), expected)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"tau": -0.1}, "at least 0, got -0.1"),
        ({"tau": math.nan}, "at least 0, got nan"),
        ({"length": 0.0}, "positive and finite, got 0"),
        ({"length": math.inf}, "positive and finite, got inf"),
        ({"reduce": "sum"}, "max, mean, got 'sum'"),
        ({"neighbours": torch.zeros(5, 0, dtype=torch.int64)}, "at least one neighbour"),
    ],
)
def test_lipschitz_refuses(arguments, message):
    good = {"neighbours": torch.zeros(5, 1, dtype=torch.int64), "tau": 1.0}
    with pytest.raises(ValueError, match=message):
        lipschitz(noise(5, 1, 2), noise(5, 2), **(good | arguments))


@given(st.integers(2, 30), st.integers(1, 4), st.integers(0, 10**6))
@settings(max_examples=30, deadline=None)
def test_nearest_are_the_closest_other_points_in_order(q, d, seed):
    points, k = noise(q, d, seed=seed), 1 + seed % (q - 1)
    found = nearest(points, k)
    distances = (points[:, None] - points).norm(dim=-1).fill_diagonal_(torch.inf)
    near(distances.gather(1, found), distances.sort(dim=1).values[:, :k])
    assert all(len(set(row)) == k and i not in row for i, row in enumerate(found.tolist()))


def test_nearest_does_not_depend_on_the_blocks_of_rows(monkeypatch):
    points = noise(40, 3)
    whole = nearest(points, 5)
    monkeypatch.setattr(losses, "BLOCK", 7 * 40)
    assert torch.equal(nearest(points, 5), whole)
    monkeypatch.setattr(losses, "BLOCK", 1)
    assert torch.equal(nearest(points, 5), whole)


def test_nearest_tells_close_points_far_from_the_origin_apart():
    # by |a|^2 + |b|^2 - 2ab the distances of 1/8 would drown in single precision
    points = 4096 + torch.arange(40)[:, None] / 8
    assert nearest(points, 2)[1:-1].sort(dim=1).values.tolist() == [
        [i - 1, i + 1] for i in range(1, 39)
    ]


def test_nearest_counts_a_repeated_point_as_another():
    assert nearest(torch.tensor([[0.0], [0.0], [5.0]]), 1)[:2].tolist() == [[1], [0]]


@pytest.mark.parametrize("k", [0, -1, 5, 9])
def test_nearest_refuses_more_neighbours_than_there_are(k):
    with pytest.raises(ValueError, match=f"5 points has from 1 to 4 neighbours, got k = {k}"):
        nearest(noise(5, 2), k)
