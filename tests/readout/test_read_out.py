import pytest
import sympy
import torch

from symtutor import (
    EQUATIONS,
    AffineField,
    Combined,
    Field,
    LibraryField,
    MLPField,
    Quadrature,
    field_angles,
    load_solution_field,
    monomials,
)
from symtutor.fields import Uncharted
from symtutor.readout import is_symmetry, read_out

NAMES = ("x", "t", "u")
SPECIAL = {
    "nkdv": ((("exp", 1, 1 / 50),), (("exp", 1, -1 / 50),)),
    "ckdv": ((("sqrt", 1, 1.0),), (("rsqrt", 1, 1.0),)),
}
BOOSTS = {"nkdv": "50 exp(t/50) ∂x + ∂u", "ckdv": "2 sqrt(1 + t) ∂x + 1/sqrt(1 + t) ∂u"}
FOUND = {
    "nkdv": ["∂x", BOOSTS["nkdv"], "exp(-t/50) ∂t"],
    "ckdv": ["∂x", BOOSTS["ckdv"]],
}
SPREAD, MIDDLE = torch.tensor([30.0, 16.0, 1.0]).double(), torch.tensor([60.0, 70.0, 0.2]).double()


def cloud(count=600, seed=0):
    g = torch.Generator().manual_seed(seed)
    return Quadrature(MIDDLE + SPREAD * (2 * torch.rand(count, 3, generator=g).double() - 1))


def mixed(table, seed=0, points=None):
    """Orthonormal mixtures of known generators, as a spectrum gives them."""
    field = LibraryField.from_generators(table).double()
    points = cloud() if points is None else points
    values = (field(points.points) / SPREAD).movedim(1, -1).flatten(0, 1)
    g = torch.Generator().manual_seed(seed)
    turn = torch.linalg.qr(torch.randn(field.n, field.n, generator=g).double())[0]
    root = torch.linalg.qr(values / len(points.points) ** 0.5)[1]
    return Combined(field, turn @ torch.linalg.inv(root).mT)


class Disturbed(Field):
    """A field plus a random network of relative size eps, in units of the cloud."""

    def __init__(self, field, eps, seed):
        super().__init__(3, field.n, names=NAMES)
        self.field = field
        self.network = MLPField(3, field.n, width=32, seed=seed).double()
        with torch.no_grad():
            for weights in self.network.parameters():
                weights *= 2.5
        self.to(field._one)
        clean = (field.raw(cloud().points) / SPREAD).square().sum(-1).mean(0)
        noise = self.network.raw((cloud().points - MIDDLE) / SPREAD).square().sum(-1).mean(0)
        self.size = eps * (clean / noise).sqrt().detach()[:, None]

    def raw(self, points):
        noise = self.network.raw((points - MIDDLE) / SPREAD)
        return self.field.raw(points) + self.size * noise * SPREAD

    def raw_own(self, points):
        raise NotImplementedError


def lines(found):
    return [line.split(" = ", 1)[1] for line in str(found).splitlines()]


@pytest.mark.parametrize("eps", [0.0, 1e-10, 1e-5, 1e-3, 1e-2])
@pytest.mark.parametrize("name", sorted(EQUATIONS))
def test_algebras_are_read_out_of_mixtures_and_noise(name, eps):
    field = Disturbed(mixed(EQUATIONS[name].algebra), eps, 1)
    terms = monomials(3, 2) + SPECIAL.get(name, ())
    found = read_out(field, terms, cloud(), resamples=20)
    assert lines(found) == FOUND.get(name, ["∂x", "∂t", "t ∂x + ∂u"])
    assert found.angle < 1e-7 + 3 * eps
    assert all(is_symmetry(EQUATIONS[name], parts) for parts in found.expressions())
    assert all(is_symmetry(EQUATIONS[name], parts) for parts in found.generators().values())


@pytest.mark.parametrize("size", [0.06, 0.0])
def test_replicas_tell_small_terms_from_noise(size):
    field = mixed({"V": ((2, 1.0, ()), (2, size, (("power", 2, 1.0),)))})
    estimates = [Disturbed(field, 1e-2, seed) for seed in range(20)]
    alone = read_out(estimates[0], monomials(3, 1), cloud(), resamples=20)
    assert lines(alone) == ["∂u"]
    found = read_out(estimates[0], monomials(3, 1), cloud(), replicas=estimates[1:])
    assert (found.coefficients[0, 3, 2] != 0) == (size > 0)
    assert found.low[0, 3, 2] <= size <= found.high[0, 3, 2]
    assert alone.angle > 1.5 * found.angle or not size


def test_an_exact_span_is_read_exactly_among_terms_that_resemble_one_another():
    """Without replicas, at the times of cKdV's data, where its roots are nearly linear."""
    x, t, u = (("power", i, 1.0) for i in range(3))
    root, inverse = ("sqrt", 1, 1.0), ("rsqrt", 1, 1.0)
    terms = [*monomials(3, 1), (root,), (inverse,), (x, root), (x, inverse), (t, root), (u, root)]
    g = torch.Generator().manual_seed(0)
    late = torch.rand(1024, 3, generator=g).double() * torch.tensor([128.0, 56.0, 0.4])
    points = Quadrature(late + torch.tensor([0.0, 44.0, -0.2]).double())
    table = EQUATIONS["ckdv"].local_algebra
    found = read_out(mixed(table, points=points), terms, points)
    assert found.angle < 1e-9
    assert all(is_symmetry(EQUATIONS["ckdv"], v) for v in found.generators().values())


def test_intervals_cover_and_decimals_show_them():
    table = {"V": ((2, 1.0, ()), (2, 0.437, (("power", 2, 1.0),)))}
    field = mixed(table)
    covered = []
    for trial in range(6):
        seeds = range(20 * trial, 20 * trial + 20)
        estimates = [Disturbed(field, 3e-2, seed) for seed in seeds]
        found = read_out(estimates[0], monomials(3, 1), cloud(), replicas=estimates[1:])
        low, high = found.low[0, 3, 2].item(), found.high[0, 3, 2].item()
        covered.append(low <= 0.437 <= high)
        assert 0 < high - low < 0.3
    assert sum(covered) >= 5
    assert lines(found)[0].startswith("(1 + 0.4") and lines(found)[0].endswith("] u) ∂u")
    xi, tau, phi = found.expressions()[0]
    assert (xi, tau) == (0, 0) and phi.subs("u", 0) == 1
    assert float(phi.coeff(sympy.Symbol("u"))) == pytest.approx(0.437, abs=0.1)
    assert found.rounded.keys() == {(0, 0, 2)}


def test_larger_algebras_with_powers_of_x():
    x, t, u = (("power", i, 1.0) for i in range(3))
    table = {
        **EQUATIONS["burgers"].algebra,
        "scaling": ((0, 1.0, (x,)), (1, 2.0, (t,)), (2, -1.0, (u,))),
        "projective": (
            (0, 1.0, (x, t)), (1, 1.0, (("power", 1, 2.0),)), (2, 1.0, (x,)), (2, -1.0, (t, u)),
        ),
    }  # fmt: skip
    found = read_out(mixed(table), monomials(3, 2), cloud(), resamples=20)
    assert lines(found) == [
        "∂x",
        "∂t",
        "t ∂x + ∂u",
        "x ∂x + 2 t ∂t - u ∂u",
        "t x ∂x + t^2 ∂t + (x - t u) ∂u",
    ]
    assert found.latex()[2] == r"t\,\partial_x+\partial_u"
    assert found._repr_latex_().count(r"\\V_") == 4
    again = LibraryField.from_generators(found.generators()).double()
    assert field_angles(again, mixed(table), cloud()).max() < 1e-8
    assert found.angle < 1e-8 and found.residual.max() < 1e-8


@pytest.mark.parametrize("name", ["ks", "nkdv"])
def test_networks_are_read_out_in_physical_units(name):
    network, chart = load_solution_field(name)
    count = len(EQUATIONS[name].algebra)
    points = chart.outward(torch.rand(500, 3, generator=torch.Generator().manual_seed(0)).double())
    field = Uncharted(Combined(network, torch.eye(network.n)[:count]), chart)
    terms = monomials(3, 1) + SPECIAL.get(name, ())
    found = read_out(field, terms, Quadrature(points), resamples=20)
    assert lines(found) == FOUND.get(name, ["∂x", "∂t", "t ∂x + ∂u"])
    assert found.angle < 0.02


def test_generators_kept_as_they_are():
    t = ("power", 1, 1.0)
    table = {"a": ((0, 2.0, ()), (1, 1.0, ())), "b": ((0, -3.0, (t,)), (2, -1.5, ()))}
    field = LibraryField.from_generators(table).double()
    found = read_out(field, monomials(3, 1), cloud(), span=False, resamples=20)
    assert lines(found) == ["∂x + 1/2 ∂t", "2 t ∂x + ∂u"]
    assert lines(read_out(field, monomials(3, 1), cloud(), resamples=20)) != lines(found)
    twice = Combined(field, torch.tensor([[1.0, 0.0], [2.0, 0.0]]))
    pair = read_out(twice, monomials(3, 1), cloud(), span=False, resamples=20)
    assert lines(pair) == ["∂x + 1/2 ∂t"] * 2
    with pytest.raises(ValueError, match="span=False"):
        read_out(twice, monomials(3, 1), cloud())


def test_a_field_beyond_the_library_says_so():
    table = {"wave": ((0, 1.0, ()), (2, 1.0, (("sin", 0, 0.1),)))}
    field = LibraryField.from_generators(table).double()
    found = read_out(field, monomials(3, 1), cloud(), resamples=20)
    assert found.residual.item() > 0.3 and found.angle > 0.3
    exact = read_out(field, (*monomials(3, 1), (("sin", 0, 0.1),)), cloud(), resamples=20)
    assert lines(exact) == ["∂x + sin(x/10) ∂u"] and exact.angle < 1e-9


def test_weights_and_the_order_of_terms_do_not_matter_to_exact_fields():
    table = EQUATIONS["kdv"].algebra
    g = torch.Generator().manual_seed(3)
    points = Quadrature(cloud().points, torch.rand(600, generator=g).double())
    terms = monomials(3, 2)[::-1]
    found = read_out(mixed(table), terms, points, resamples=20)
    assert lines(found) == ["∂x", "∂t", "t ∂x + ∂u"] and found.terms == terms
    place = terms.index((("power", 1, 1.0),))
    assert found.coefficients[2, place, 0] == 1


def test_planar_fields_with_other_names():
    g = torch.Generator().manual_seed(0)
    points = Quadrature(2 * torch.rand(200, 2, generator=g) - 1)
    found = read_out(AffineField.named("L5-L6", "L1"), monomials(2, 1), points, resamples=20)
    assert lines(found) == ["∂x1", "-x2 ∂x1 + x1 ∂x2"]
    assert found.latex()[0] == r"\partial_{x_{1}}"


def test_dependent_terms_are_named():
    points = torch.rand(50, 3).double()
    points[:, 0] = (points[:, 0] > 0.5).double()
    flat = Quadrature(points)
    field = LibraryField.from_generators(EQUATIONS["kdv"].algebra).double()
    with pytest.raises(ValueError, match=r"x\^2 is a combination of x; leave it out"):
        read_out(field, monomials(3, 2), flat)
    points[:, 2] = 3 * points[:, 0] - 1
    with pytest.raises(ValueError, match="u is a combination of 1, x; leave it out"):
        read_out(field, monomials(3, 1), Quadrature(points))
    points[:, 2] = 0
    with pytest.raises(ValueError, match="u is zero; leave it out"):
        read_out(field, monomials(3, 1), Quadrature(points))


def test_senseless_requests_are_refused():
    field = LibraryField.from_generators(EQUATIONS["kdv"].algebra).double()
    with pytest.raises(ValueError, match="more points"):
        read_out(field, monomials(3, 2), cloud(5))
    with pytest.raises(ValueError, match="level between 0 and 1"):
        read_out(field, monomials(3, 1), cloud(), level=1.0)
    with pytest.raises(ValueError, match="two replicas"):
        read_out(field, monomials(3, 1), cloud(), replicas=[field])
    with pytest.raises(ValueError, match="same 3 generators on 3 coordinates"):
        read_out(field, monomials(3, 1), cloud(), replicas=[mixed({"V": ((0, 1.0, ()),)})] * 2)
    with pytest.raises(ValueError, match=r"1/sqrt\(t \+ -200\) is not finite"):
        read_out(field, ((), (("rsqrt", 1, -200.0),)), cloud())
    zero = LibraryField(((),), torch.zeros(1, 1, 3).double())
    with pytest.raises(ValueError, match="generator 1 is zero"):
        read_out(zero, monomials(3, 1), cloud())


def test_uncharted_undoes_charted():
    network, chart = load_solution_field("kdv")
    network = network.double()
    z = torch.rand(4, 3).double()
    there = Uncharted(network, chart)
    assert torch.allclose(there(chart.outward(z)), chart.pull(network.raw(z)))
    copies = chart.outward(torch.rand(4, network.n, 3).double())
    own = torch.stack([there.raw(copies[:, i])[:, i] for i in range(network.n)], 1)
    assert torch.allclose(there.raw_own(copies), own)
    with pytest.raises(ValueError, match="chart of 3"):
        Uncharted(AffineField.named("L1"), chart)
