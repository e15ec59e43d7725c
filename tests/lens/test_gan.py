"""SymmetryGAN and LieGAN: what they move, and who learns from what."""

import math

import jaxtyping
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from symtutor.lens.gan import Discriminator, LieGAN, SymmetryGAN

SHIFT = torch.eye(7, dtype=torch.float64).roll(1, 1)


def batch(gan, seed=1):
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(len(gan.free), gan.batch, 7, generator=random, dtype=torch.float64)
    return x, torch.randn(x.shape[:2], generator=random, dtype=torch.float64)


@pytest.mark.parametrize("slope", [0.0, 0.2])
@pytest.mark.parametrize("glorot", [True, False])
def test_a_discriminator_is_a_row_of_linear_layers(slope, glorot):
    stack = Discriminator(7, (5, 4), slope=slope, glorot=glorot, seeds=(3, 4)).double()
    x = torch.randn(2, 6, 7, dtype=torch.float64)
    for run in range(2):
        expected = x[run]
        for i, (weight, bias) in enumerate(zip(stack.weights, stack.biases, strict=True)):
            expected = F.linear(expected, weight[run].T, bias[run, 0])
            expected = F.leaky_relu(expected, slope) if i < 2 else expected
        assert torch.allclose(stack(x)[run], expected[:, 0], atol=1e-12)
    bound = (6 / 12) ** 0.5 if glorot else 7**-0.5
    assert 0.8 * bound < stack.weights[0].abs().max() <= bound
    assert bool(stack.biases[0].any()) is not glorot
    assert torch.equal(stack(x), stack(x, frozen=True))


@pytest.mark.parametrize("method", [SymmetryGAN, LieGAN])
def test_a_run_of_a_stack_is_the_run_alone_in_losses_and_gradients(method):
    together = method(7, seeds=(5, 6)).double()
    x, z = batch(together)
    for turn in range(method.turns):
        together.zero_grad()
        losses = together.losses(x, z, turn)
        sum(losses).sum().backward()
        for i, seed in enumerate((5, 6)):
            alone = method(7, seeds=(seed,)).double()
            own = alone.losses(x[i : i + 1], z[i : i + 1], turn)
            sum(own).sum().backward()
            for one, many in zip(own, losses, strict=True):
                assert torch.allclose(one[0], many[i], atol=1e-12)
            for name, value in alone.named_parameters():
                stacked = dict(together.named_parameters())[name]
                assert torch.equal(value[0], stacked[i])
                if value.grad is None:
                    assert stacked.grad is None
                else:
                    assert torch.allclose(value.grad[0], stacked.grad[i], atol=1e-12)


@pytest.mark.parametrize("d", range(2, 10))
def test_a_qr_decomposition_gives_the_same_determinant_everywhere(d):
    matrices = SymmetryGAN(d, seeds=range(50)).double().matrices()
    assert torch.allclose(matrices @ matrices.mT, torch.eye(d, dtype=torch.float64), atol=1e-6)
    assert torch.allclose(matrices.det(), matrices.new_tensor((-1.0) ** (d - 1)), atol=1e-6)


def test_symmetry_gan_multiplies_rows_by_its_matrix():
    gan = SymmetryGAN(7, seeds=(0,)).double()
    x, z = batch(gan)
    assert torch.allclose(gan.moved(x, z)[0], x[0] @ gan.matrices()[0])


def test_lie_gan_moves_every_sample_by_its_own_element():
    gan = LieGAN(7, seeds=(0, 1)).double()
    x, z = batch(gan)
    moved = gan.moved(x, z)
    for run, sample in ((0, 3), (1, 17)):
        element = torch.linalg.matrix_exp(z[run, sample] * gan.free[run])
        assert torch.allclose(moved[run, sample], element @ x[run, sample])
    assert torch.allclose(gan.moved(x, torch.zeros_like(z)), x)


def test_lie_gan_starts_with_the_deviation_of_kaiming():
    drawn = torch.stack([LieGAN.initial(7, seed) for seed in range(400)])
    published = nn.init.kaiming_normal_(torch.empty(400, 7, 7))
    assert drawn.std().item() == pytest.approx(published.std().item(), rel=0.03)


@pytest.mark.parametrize("method", [SymmetryGAN, LieGAN])
def test_losses_are_cross_entropies_of_the_discriminators_odds(method):
    gan = method(7, seeds=(0,)).double()
    x, z = batch(gan)
    moved = gan.moved(x, z)
    real, fake = (gan.discriminator(gan.seen(part))[0].sigmoid() for part in (x, moved))
    ones = torch.ones_like(real)
    told = F.binary_cross_entropy(torch.cat([real, fake]), torch.cat([ones, 0 * ones]))
    assert torch.allclose(gan.telling(x, moved)[0], told)
    assert torch.allclose(gan.deceiving(moved)[0], F.binary_cross_entropy(fake, ones))


def test_no_discriminator_tells_whole_orbits_from_shifted_ones():
    gan = SymmetryGAN(7, seeds=range(20)).double()
    x = torch.randn(20, 1, 7, dtype=torch.float64)
    orbit = torch.cat([x.roll(s, -1) for s in range(7)], dim=1)
    told = gan.telling(orbit, orbit @ SHIFT)
    assert (told >= math.log(2)).all()
    assert (gan.telling(orbit, -orbit) < told).any()


def test_the_identity_costs_what_it_should():
    free, dear = (LieGAN(7, w_identity=w, seeds=(0,)).double() for w in (0.0, 10.0))
    x, z = batch(free)
    nothing = torch.zeros_like(z)  # nobody moves: the mean cosine is 1
    gap = dear.losses(x, nothing, 0)[0] - free.losses(x, nothing, 0)[0]
    assert gap.item() == pytest.approx(10)
    near = F.cosine_similarity(free.moved(x, z), x, dim=-1).mean().abs()
    gap = dear.losses(x, z, 0)[0] - free.losses(x, z, 0)[0]
    assert gap.item() == pytest.approx(10 * near.item())


def two_optimisers(gan):
    usual = {"fused": False, "foreach": False}
    one = torch.optim.Adam([gan.free], lr=gan.rates[0], betas=gan.betas, **usual)
    return one, torch.optim.Adam(gan.discriminator.parameters(), lr=gan.rates[1], **usual)


def published_liegan(gan, x, z, optimisers):
    moved = gan.moved(x, z)
    near = F.cosine_similarity(moved, x, dim=-1).mean().abs()
    optimisers[0].zero_grad()
    (F.softplus(-gan.discriminator(gan.seen(moved))).mean() + gan.w_identity * near).backward()
    optimisers[0].step()
    optimisers[1].zero_grad()
    real = F.softplus(-gan.discriminator(gan.seen(x))).mean()
    fake = F.softplus(gan.discriminator(gan.seen(moved.detach()))).mean()
    ((real + fake) / 2).backward()
    optimisers[1].step()


def published_symmetrygan(gan, x, z, optimisers):
    with torch.no_grad():
        moved = x[:, 64:128] @ gan.matrices()
    odds = gan.discriminator(torch.cat([x[:, :64], moved], dim=1))[0]
    labels = torch.cat([torch.ones(64), torch.zeros(64)]).to(odds)
    optimisers[1].zero_grad()
    F.binary_cross_entropy_with_logits(odds, labels).backward()
    optimisers[1].step()
    odds = gan.discriminator(x[:, 128:] @ gan.matrices())
    optimisers[0].zero_grad()
    F.binary_cross_entropy_with_logits(odds, torch.ones_like(odds)).backward()
    optimisers[0].step()


@pytest.mark.parametrize(
    ("method", "published"), [(SymmetryGAN, published_symmetrygan), (LieGAN, published_liegan)]
)
def test_one_optimiser_with_two_groups_goes_the_way_of_two_published_ones(method, published):
    ours, theirs = (method(7, seeds=(4,)).double() for _ in range(2))
    before = ours.free.detach().clone()
    groups = [
        {"params": [ours.free], "lr": method.rates[0], "betas": method.betas},
        {"params": list(ours.discriminator.parameters()), "lr": method.rates[1]},
    ]
    optimiser, pair = torch.optim.Adam(groups), two_optimisers(theirs)
    for step in range(4):
        x, z = batch(ours, step)
        published(theirs, x, z, pair)
        for turn in range(method.turns):
            optimiser.zero_grad(set_to_none=True)
            sum(ours.losses(x, z, turn)).sum().backward()
            optimiser.step()
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-10)
    assert (ours.free - before).abs().max() > 1e-3


def test_the_discriminators_turn_leaves_the_generator_and_its_moments_alone():
    gan = SymmetryGAN(7, seeds=(0, 1)).double()
    x, z = batch(gan)
    optimiser = torch.optim.Adam(gan.parameters(), lr=0.1)
    kept = [p.detach().clone() for p in gan.parameters()]
    sum(gan.losses(x, z, 0)).sum().backward()
    optimiser.step()
    changed = [not torch.equal(p, k) for p, k in zip(gan.parameters(), kept, strict=True)]
    names = [name for name, _ in gan.named_parameters()]
    assert names[0] == "free" and changed == [False] + [True] * (len(names) - 1)
    assert gan.free not in optimiser.state
    optimiser.zero_grad()
    sum(gan.losses(x, z, 1)).sum().backward()
    assert gan.free.grad is not None
    assert all(p.grad is None for p in gan.discriminator.parameters())


def test_what_does_not_fit_is_refused(monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=r"2 runs on vectors of length 7 takes \(2, batch, 7\)"):
        SymmetryGAN(7, seeds=(0, 1)).losses(torch.zeros(1, 8, 7), torch.zeros(1, 8), 0)
    with pytest.raises(ValueError, match=r"1 discriminators of 7 inputs takes .* got \(7,\)"):
        Discriminator(7, (3,))(torch.zeros(7))
    with pytest.raises(ValueError, match=r"one seed, got 7 inputs.*0 seeds"):
        LieGAN(6, seeds=())
    with pytest.raises(ValueError, match=r"one seed, got 7 inputs.*0 seeds"):
        SymmetryGAN(7, seeds=())
    for method in (SymmetryGAN, LieGAN):
        with pytest.raises(ValueError, match="vectors of length 1; take 2 or more"):
            method(1)
    for weight in (-0.1, math.inf, math.nan):
        with pytest.raises(ValueError, match="w_identity must be finite and at least 0"):
            LieGAN(7, w_identity=weight)
