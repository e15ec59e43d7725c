import math
import subprocess
import sys

import pytest
import torch
from torch import nn

from symtutor import (
    AffineField,
    LibraryField,
    MatrixField,
    MLPField,
    Score,
    act_on_images,
    feature_angle,
    feature_validity,
    grid_quadrature,
    invariance,
    invariant_change,
    load_images,
)


def circle(z):
    return z.square().sum(-1)


def hyperbola(z):
    return z[..., 0] * z[..., 1]


@pytest.fixture
def points(generator):
    return torch.randn(200, 2, generator=generator)


@pytest.fixture(scope="module")
def pictures():
    return load_images("cifar10", "test", source="sample").float()[:6]


def features(images):
    """Three moments of every channel: smooth, and different for different pictures."""
    flat = images.flatten(2)
    weight = torch.linspace(0, 1, flat.shape[2], dtype=flat.dtype)
    return torch.cat([flat.mean(2), flat.square().mean(2), (flat * weight).mean(2)], dim=1)


# --- Score


def test_relative_is_zero_at_the_floor_and_one_at_the_contrast():
    score = Score(torch.tensor([0.2, 1.2, 0.7, 0.1]), floor=0.2, contrast=1.2)
    assert torch.allclose(score.relative, torch.tensor([0.0, 1.0, 0.5, -0.1]))


@pytest.mark.parametrize("contrast", [0.5, 0.4, float("nan")])
def test_a_score_without_contrast_is_refused(contrast):
    with pytest.raises(ValueError, match="cannot tell a symmetry"):
        _ = Score(torch.zeros(1), floor=0.5, contrast=contrast).relative


# --- change of an invariant


def test_closed_forms_of_the_change(dtype, points):
    z, s = points.to(dtype), 0.3
    field = AffineField.named("L5-L6", "L5", "L3+L4", "L1", dtype=dtype)
    change = invariant_change(field, circle, z, s)
    x, y = z.unbind(-1)
    expected = [
        torch.zeros_like(x),
        2 * s * x * y + s**2 * y**2,
        (math.exp(2 * s) - 1) * (x**2 + y**2),
        2 * s * x + s**2,
    ]
    wanted = torch.stack([e.abs().mean() for e in expected])
    assert change.dtype == dtype
    assert torch.allclose(change, wanted, atol=1e-4)  # four RK4 steps


def test_more_steps_come_closer(points):
    z = points.double()
    rotation = AffineField.named("L5-L6", dtype=torch.float64)
    coarse, fine = (invariant_change(rotation, circle, z, 0.5, steps=k)[0] for k in (1, 16))
    assert fine < 1e-7 < coarse


def test_the_hyperbola_is_invariant_under_the_squeeze_only(points):
    matrices = torch.tensor([[[1.0, 0.0], [0.0, -1.0]], [[1.0, 0.0], [0.0, 1.0]]])
    change = invariant_change(MatrixField(matrices), hyperbola, points, 0.4)
    assert change[0] < 1e-4
    assert torch.allclose(change[1], math.expm1(0.8) * hyperbola(points).abs().mean(), rtol=1e-3)


@pytest.mark.parametrize("s", [0.3, torch.tensor(0.3)])
def test_parameters_may_be_numbers_or_tensors(points, s):
    change = invariant_change(AffineField.named("L5"), circle, points, s)
    assert torch.equal(change, invariant_change(AffineField.named("L5"), circle, points, 0.3))


def test_gradient_with_respect_to_the_field_agrees_with_differences(points):
    matrix = torch.tensor([[[0.2, 1.0], [-0.4, -0.1]]], dtype=torch.float64)

    def change(values):
        field = MatrixField(values, trainable=True)
        return field, invariant_change(field, circle, points.double(), 0.4).sum()

    field, value = change(matrix)
    (gradient,) = torch.autograd.grad(value, field.matrix)
    for index in [(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1)]:
        shift = torch.zeros_like(matrix)
        shift[index] = 1e-6
        slope = (change(matrix + shift)[1] - change(matrix - shift)[1]) / 2e-6
        assert torch.allclose(gradient[index], slope, rtol=1e-5)


def test_descending_the_change_finds_the_rotation(points):
    """Learning with this score works: a unit skew part appears, the symmetric part goes."""
    quadrature = grid_quadrature([(-1, 1), (-1, 1)], [16, 16])
    field = AffineField(
        torch.tensor([[[0.5, 1.0], [-0.2, -0.4]]]),
        torch.tensor([[0.3, -0.2]]),
        trainable=True,
        quadrature=quadrature,
    )
    optimizer = torch.optim.Adam(field.parameters(), lr=0.02)
    for _ in range(300):
        optimizer.zero_grad()
        invariant_change(field, circle, points, 0.2).sum().backward()
        optimizer.step()
    matrix = (field.matrix * field.scale()[:, None, None]).detach()[0]
    assert (matrix + matrix.T).abs().max() < 0.05 * matrix.abs().max()
    assert invariant_change(field, circle, points, 0.2).item() < 0.02


def test_the_change_compiles_whole():
    """In a process of its own: the type checks of the test run cannot be traced."""
    code = (
        "import torch, symtutor as st\n"
        "field, z, s = st.MLPField(2, 2, width=8, head=4), torch.rand(9, 2), torch.tensor(0.2)\n"
        "def loss(z, s):\n"
        "    return st.invariant_change(field, lambda z: z.square().sum(-1), z, s).sum()\n"
        "whole = torch.compile(loss, fullgraph=True, backend='eager')\n"
        "assert torch.allclose(whole(z, s), loss(z, s))\n"
        "whole(z, s).backward()\n"
        "assert field.w1.grad.abs().max() > 0\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr


def test_invariance_between_floor_and_contrast(points):
    fields = AffineField.named("L5-L6", "L3+L4", "L5")
    for s in (0.2, -0.2, torch.tensor(0.05)):
        score = invariance(fields, circle, points, s, AffineField.named("L3+L4"))
        assert score.floor == 0.0
        rotation, scaling, shear = score.relative.tolist()
        assert rotation < 1e-4
        assert scaling == pytest.approx(1, rel=1e-5)
        assert 0.1 < shear < 1


def test_invariance_is_a_rate(points):
    """Per unit of s: for small s, the mean of |V . grad f|."""
    z = points.double()
    shear = AffineField.named("L5", dtype=torch.float64)
    score = invariance(shear, circle, z, 1e-5, AffineField.named("L1", dtype=torch.float64))
    assert torch.allclose(score.value, (2 * z[:, 0] * z[:, 1]).abs().mean(), rtol=1e-4)
    assert score.contrast == pytest.approx((2 * z[:, 0]).abs().mean().item(), rel=1e-4)


def test_the_contrast_is_averaged_over_its_generators(points):
    both = AffineField.named("L1", "L2")
    contrast = invariance(both, circle, points, 0.2, both).contrast
    assert contrast == pytest.approx(
        invariant_change(both, circle, points, 0.2).mean().item() / 0.2
    )


def test_the_floor_shows_a_function_that_is_noisy(points, generator):
    def noisy(z):
        return circle(z) + 0.1 * torch.randn(z.shape[:-1], generator=generator)

    score = invariance(AffineField.named("L5-L6"), noisy, points, 0.2, AffineField.named("L3+L4"))
    assert score.floor == pytest.approx(0.1 * 2 / math.sqrt(math.pi) / 0.2, rel=0.2)
    assert score.relative.abs().item() < 0.1


def test_a_constant_function_has_no_contrast(points):
    def constant(z):
        return torch.ones_like(z[..., 0])

    score = invariance(AffineField.named("L5"), constant, points, 0.2, AffineField.named("L1"))
    assert score.value.item() == 0
    with pytest.raises(ValueError, match="cannot tell"):
        _ = score.relative


def test_value_carries_a_gradient_and_the_bounds_are_numbers(points):
    field = MLPField(2, 2, width=8, head=4)
    score = invariance(field, circle, points, 0.2, AffineField.named("L1"))
    score.relative.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in field.parameters())
    assert isinstance(score.floor, float) and isinstance(score.contrast, float)


@pytest.mark.parametrize("s", [0.0, torch.tensor(0.0)])
def test_nothing_is_scored_at_zero(points, pictures, s):
    field = AffineField.named("L1")
    with pytest.raises(ValueError, match="s = 0"):
        invariance(field, circle, points, s, field)
    with pytest.raises(ValueError, match="s = 0"):
        feature_validity(field, pictures, features, s, field)


def test_bad_arguments_of_the_change(points):
    field = AffineField.named("L1")
    with pytest.raises(ValueError, match="one group parameter"):
        invariant_change(field, circle, points, torch.tensor([0.1, 0.2]))
    with pytest.raises(ValueError, match=r"\(200, 2\)"):
        invariant_change(field, lambda z: z, points, 0.1)
    with pytest.raises(ValueError, match="there must be points"):
        invariant_change(field, circle, points[:0], 0.1)
    with pytest.raises(ValueError, match="2 coordinates"):
        invariant_change(field, circle, torch.zeros(4, 3), 0.1)


# --- angle between features


@pytest.mark.parametrize("exponent", range(0, -8, -1))
def test_angles_of_every_size(dtype, exponent):
    angle = 10.0**exponent
    a = torch.tensor([3.0, 0.0], dtype=dtype)
    b = 0.2 * torch.tensor([math.cos(angle), math.sin(angle)], dtype=dtype)
    assert feature_angle(a, b).item() == pytest.approx(
        angle, rel=1e-5 if dtype.itemsize == 4 else 1e-12
    )


def published(a, b):
    cosine = (a * b).sum(-1) / (a.norm(dim=-1) * b.norm(dim=-1))
    return torch.arccos(cosine.clamp(max=1 - 1e-6))


def test_the_published_form_is_blind_below_its_floor():
    floor = math.acos(1 - 1e-6)
    assert floor == pytest.approx(1.41e-3, rel=3e-3)
    for angle in (1e-3, 1e-5):
        a = torch.tensor([1.0, 0.0], dtype=torch.float64)
        b = torch.tensor([math.cos(angle), math.sin(angle)], dtype=torch.float64)
        for form, value, slope in ((published, floor, 0.0), (feature_angle, angle, 1.0)):
            moved = b.clone().requires_grad_()
            got = form(a, moved)
            (gradient,) = torch.autograd.grad(got, moved)
            assert got.item() == pytest.approx(value, rel=1e-9)
            assert gradient.norm().item() == pytest.approx(slope, abs=1e-9)


def test_the_published_form_agrees_above_its_floor(generator):
    a, b = torch.randn(2, 50, 16, generator=generator, dtype=torch.float64)
    assert torch.allclose(feature_angle(a, b), published(a, b), atol=1e-9)


def test_special_angles(dtype):
    e1, e2 = torch.eye(2, dtype=dtype)
    zero = torch.zeros(2, dtype=dtype)
    pairs = [(e1, e1, 0.0), (e1, -e1, math.pi), (e1, e2, math.pi / 2), (zero, e1, math.pi / 2)]
    for a, b, angle in [*pairs, (e1, zero, math.pi / 2), (zero, zero, 0.0)]:
        a, b = a.clone().requires_grad_(), b.clone().requires_grad_()
        got = feature_angle(a, b)
        assert got.item() == pytest.approx(angle, abs=1e-7)
        gradients = torch.autograd.grad(got, (a, b))
        assert all(g.isfinite().all() for g in gradients)
        if angle in (0.0, math.pi):
            assert max(g.abs().max() for g in gradients) == 0


def test_length_does_not_matter(dtype, generator):
    a, b = torch.randn(2, 20, 8, generator=generator).to(dtype)
    tiny, huge = (1e-30, 1e30) if dtype == torch.float32 else (1e-250, 1e250)
    assert torch.allclose(feature_angle(tiny * a, huge * b), feature_angle(a, b), atol=1e-6)


def test_gradient_of_the_angle(generator):
    a, b = torch.randn(2, 5, 4, generator=generator, dtype=torch.float64)
    assert torch.autograd.gradcheck(feature_angle, (a.requires_grad_(), b.requires_grad_()))


# --- features of images


def test_value_floor_and_contrast_of_images(pictures):
    square = grid_quadrature([(-1, 1), (-1, 1)], [32, 32])
    field = AffineField.named("L1", "L5-L6", quadrature=square)
    wave = LibraryField([(("sin", 1, 6.0),)], torch.tensor([[[1.0, 0.0]]]), quadrature=square)
    score = feature_validity(field, pictures, features, 0.2, wave)
    for i, moved in enumerate(act_on_images(field, pictures, 0.2).data):
        wanted = feature_angle(features(moved), features(pictures)).mean()
        assert score.value[i].item() == pytest.approx(wanted.item(), rel=1e-5)
    worst = act_on_images(wave, pictures, 0.2).data[0]
    angle = feature_angle(features(worst), features(pictures)).mean().item()
    assert score.contrast == pytest.approx(angle, rel=1e-5)
    assert score.floor < 1e-5


def test_bytes_and_reals_score_alike(pictures):
    images = load_images("cifar10", "test", source="sample").pixels[:6]
    field = AffineField.named("L1")
    a, b = (feature_validity(field, f, features, 0.2, field) for f in (images, pictures))
    assert torch.equal(a.value, b.value)
    assert a.contrast == pytest.approx(a.value.item(), rel=1e-6)


def test_the_colour_outside_is_chosen(pictures):
    """With the colour of a plain picture outside, a translation changes nothing."""
    plain = torch.tensor([0.2, 0.5, 0.7])[:, None, None].expand(1, 3, 16, 16)
    shift = AffineField.named("L1")
    black = feature_validity(shift, plain, features, 0.3, shift)
    assert black.value.item() > 0.005
    same = feature_validity(shift, plain, features, 0.3, shift, fill=torch.tensor([0.2, 0.5, 0.7]))
    assert same.value.item() < 1e-5
    grey = feature_validity(shift, torch.full((1, 3, 16, 16), 0.5), features, 0.3, shift, fill=0.5)
    assert grey.value.item() < 1e-5


def test_content_outside_the_square_is_the_fill_colour(pictures):
    far = AffineField.named("L1")
    seen = []

    def record(images):
        seen.append(images)
        return features(images)

    feature_validity(far, pictures, record, 5.0, far, fill=0.25)
    assert torch.allclose(seen[1], torch.tensor(0.25))


def test_the_score_of_images_trains_a_field_and_no_network(pictures):
    field = MLPField(2, 3, width=8, head=4, quadrature=grid_quadrature([(-1, 1)] * 2, [8, 8]))
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.SiLU(), nn.Flatten()).requires_grad_(False)
    score = feature_validity(field, pictures, network, 0.2, AffineField.named("L1"))
    assert score.value.shape == (3,)
    score.value.sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in field.parameters())
    assert field.w1.grad.abs().max() > 0


def test_precision_follows_the_field(pictures):
    field = AffineField.named("L5-L6", dtype=torch.float64)
    double = feature_validity(field, pictures, features, 0.2, field)
    assert double.value.dtype == torch.float64
    single = feature_validity(field.float(), pictures, features, 0.2, field)
    assert double.value.item() == pytest.approx(single.value.item(), rel=1e-4)


def test_bad_arguments_of_the_image_score(pictures):
    field = AffineField.named("L1")
    with pytest.raises(ValueError, match="one group parameter"):
        feature_validity(field, pictures, features, torch.tensor([0.1]), field)
    with pytest.raises(ValueError, match="one vector each"):
        feature_validity(field, pictures, lambda f: f, 0.1, field)
    with pytest.raises(ValueError, match="one vector each"):
        feature_validity(field, pictures, lambda f: features(f)[:1], 0.1, field)
    with pytest.raises(ValueError, match="0, 1"):
        feature_validity(field, 255 * pictures, features, 0.1, field)
    with pytest.raises(ValueError, match="acts on 3 coordinates"):
        feature_validity(MatrixField(torch.eye(3)[None]), pictures, features, 0.1, field)
