"""Augmentation by flows: closed forms, the true flow of learned fields, torchvision's manners."""

import copy
import pickle

import pytest
import torch
from safetensors.torch import load, save
from torch.utils.data import DataLoader, TensorDataset
from torchvision import tv_tensors
from torchvision.transforms import v2

from symtutor import (
    AffineField,
    MLPField,
    Quadrature,
    act_on_images,
    grid_quadrature,
    load_images,
    pixel_grid,
    rk4,
)
from symtutor.images import AffineAugment, LearnedAugment
from symtutor.models.resnet import MEAN, STD

SQUARE = grid_quadrature([(-1, 1), (-1, 1)], [32, 32])
CENTRE = Quadrature(SQUARE.points, torch.exp(-2.5 * SQUARE.points.square().sum(-1)))
PIXEL = 2 / 31
SIX = ("L1", "L2", "L3", "L4", "L5", "L6")


@pytest.fixture(scope="module")
def pixels():
    return load_images("cifar10", "test", source="sample").pixels[:4]


@pytest.fixture(scope="module")
def pictures(pixels):
    return pixels.float() / 255


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def affine(**options):
    return AffineAugment(0.5, **options)


def learned(**options):
    return LearnedAugment(AffineField.named(*SIX, quadrature=SQUARE), 0.5, **options)


@pytest.fixture(params=[affine, learned], ids=["affine", "learned"])
def kind(request):
    return request.param


def test_one_generator_acts_as_its_flow_does_on_images(pictures):
    for name, s in (("L1", 0.21), ("L5-L6", 0.4), ("L3", -0.3), ("L6", 0.5)):
        field = AffineField.named(name, quadrature=SQUARE)
        wanted = act_on_images(field, pictures, s, method="exact").data[0]
        beta = torch.full((4, 1), s)
        exact = AffineAugment(names=[name], fill=0).moved(pictures, beta)
        assert torch.allclose(exact, wanted, atol=1e-5), name
        flowed = LearnedAugment(field, fill=0, steps=8).moved(pictures, beta)
        assert torch.allclose(flowed, wanted, atol=2e-4), name


def test_content_moves_along_the_field_and_leaves_the_fill_behind(pixels):
    augment = AffineAugment(names=["L1"], fill=(1.0, 0.0, 0.2))
    found = augment.moved(pixels, torch.full((4, 1), 3 * PIXEL))
    assert torch.equal(found[..., 3:], pixels[..., :-3])
    colour = torch.tensor([255, 0, 51], dtype=torch.uint8)
    assert torch.equal(found[..., :3], colour[:, None, None].expand(4, 3, 32, 3))


def test_all_generators_act_jointly_through_one_field(pictures):
    """exp(sum beta L), not a product of six maps and not one Euler step."""
    beta = affine(generator=seeded()).draw(4)
    augment = affine(fill=0)
    found = augment.moved(pictures, beta)
    field = AffineField.named(*SIX, quadrature=SQUARE)
    matrix = torch.einsum("bn,n,nde->bde", beta, field.scale(), field.matrix).detach()
    shift = torch.einsum("bn,n,nd->bd", beta, field.scale(), field.shift).detach()
    single = act_on_images(AffineField(matrix, shift), pictures, 1.0, method="exact").data
    assert torch.allclose(found, single.diagonal(dim1=0, dim2=1).movedim(-1, 0), atol=1e-5)
    grid = pixel_grid(32, 32)
    euler = grid - torch.einsum("bn,hwnd->bhwd", beta, field(grid).detach())
    assert (augment.points(beta, 32, 32) - euler).abs().max() > PIXEL / 2
    assert (learned().points(beta, 32, 32) - augment.points(beta, 32, 32)).abs().max() < PIXEL / 50


def test_the_tabulated_flow_is_that_of_the_network():
    """At the largest published scale, wherever a picture can be seen."""
    field = MLPField(2, 10, width=64, quadrature=CENTRE, seed=1)
    with torch.no_grad():
        field.w1.mul_(3)  # bends over a few pixels
        augment = LearnedAugment(field, 0.5, generator=seeded())
        beta = augment.draw(16)

        def combined(points):
            return torch.einsum("bn,bhwnd->bhwd", -beta, field(points)[..., :6, :])

        wanted = rk4(combined, pixel_grid(32, 32).expand(16, -1, -1, -1), 1.0, steps=16)
    error = (augment.points(beta, 32, 32) - wanted).norm(dim=-1) / PIXEL
    seen = wanted.abs().amax(-1) <= 1 + PIXEL
    moved = (wanted - pixel_grid(32, 32)).norm(dim=-1) / PIXEL
    assert error[seen].max() < 0.03 < 3 < moved.max()
    fine = LearnedAugment(field, 0.5, table=257, steps=8)
    assert (fine.points(beta, 32, 32) - wanted)[seen].norm(dim=-1).max() / PIXEL < 0.003


def test_scale_zero_is_the_identity(kind, pixels, pictures):
    augment = kind()
    augment.scale = 0.0
    assert torch.equal(augment(pixels), pixels)
    assert torch.allclose(augment(pictures), pictures, atol=1e-5)


def test_a_batch_is_its_pictures_one_by_one(kind, pixels, pictures):
    augment = kind(generator=seeded())
    beta = augment.draw(4)
    for given in (pixels, pictures):
        together = augment.moved(given, beta).float()
        single = torch.stack([augment.moved(given[i], beta[i : i + 1]) for i in range(4)])
        grain = 1 if given.dtype == torch.uint8 else 1e-5  # a byte rounds up or down
        assert (together - single.float()).abs().max() <= grain
        assert (together != single).float().mean() < 0.01 or grain < 1
    assert augment(pixels[0]).shape == (3, 32, 32)


def test_every_picture_of_a_batch_moves_differently(kind, pixels):
    same = pixels[:1].expand(4, -1, -1, -1)
    found = kind()(same)
    assert all(not torch.equal(found[i], found[0]) for i in range(1, 4))


def test_coefficients_are_uniform_and_the_scale_sets_the_displacement(kind):
    augment = kind(generator=seeded())
    beta = augment.draw(20000)
    q = 0.5 / 6**0.5
    assert beta.abs().max() <= q
    assert beta.mean(0).abs().max() < 0.02 * q
    assert torch.allclose(beta.var(0), torch.tensor(q**2 / 3), rtol=0.03)
    augment.scale = 0.02
    step = augment.points(augment.draw(2000), 32, 32) - pixel_grid(32, 32)
    assert step.square().sum(-1).mean().sqrt().item() == pytest.approx(0.02 / 3**0.5, rel=0.02)


def test_an_equal_scale_is_an_equal_displacement_on_one_quadrature_only():
    """Named after the published comparison: one arm weighted uniformly, the other by omega."""
    field = AffineField.named(*SIX, quadrature=CENTRE)

    def size(augment):
        unit = augment.points(torch.eye(6) * 1e-3, 32, 32) - pixel_grid(32, 32)
        square = unit.square().sum(-1).flatten(1) @ CENTRE.omega
        return square.sqrt() / 1e-3

    one = torch.ones(6)
    assert torch.allclose(size(LearnedAugment(field)), one, atol=0.01)
    assert torch.allclose(size(AffineAugment(quadrature=CENTRE)), one, atol=0.01)
    assert torch.allclose(
        size(LearnedAugment(AffineField.named(*SIX), quadrature=CENTRE)), one, atol=0.01
    )
    assert (size(AffineAugment())[2:] < 0.8).all()


def test_slots_choose_generators_and_default_to_the_first_six():
    field = MLPField(2, 10, width=16, quadrature=SQUARE)
    assert torch.equal(LearnedAugment(field).table, LearnedAugment(field, slots=range(6)).table)
    picked = LearnedAugment(field, slots=[7, 2])
    assert torch.equal(picked.table, LearnedAugment(field, slots=range(10)).table[[7, 2]])
    assert LearnedAugment(AffineField.named("L1", "L2")).n == 2


def test_a_record_is_enough():
    field = MLPField(2, 10, width=16, quadrature=CENTRE)

    class Record:
        def weights(self, module):
            return {"field": field.state_dict()}[module]

    augment = LearnedAugment.from_record(Record(), 0.3, slots=[1, 2])
    assert torch.equal(augment.table, LearnedAugment(field, slots=[1, 2]).table)
    assert augment.scale == 0.3


def test_it_stands_among_the_transforms_of_torchvision(kind, pixels):
    chain = v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            kind(),
            v2.RandomErasing(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(MEAN, STD),
        ]
    )
    for given in (pixels, pixels[0], tv_tensors.Image(pixels), tv_tensors.Image(pixels[0])):
        found = chain(given)
        assert found.shape == given.shape and found.dtype == torch.float32
        assert type(found) is type(given)
    labels = torch.arange(4)
    found, same = chain(tv_tensors.Image(pixels), labels)
    assert isinstance(found, tv_tensors.Image) and torch.equal(same, labels)
    found, same = chain(pixels, labels)
    assert found.shape == pixels.shape and torch.equal(same, labels)


def test_the_default_fill_is_zero_for_a_network_that_normalises(pixels):
    augment = AffineAugment(names=["L1"])
    moved = augment.moved(pixels.float() / 255, torch.full((4, 1), 1.0))
    normal = v2.Normalize(MEAN, STD)(moved)
    assert normal[..., :15].abs().max() < 1e-5 < 0.1 < normal[..., 20:].abs().max()


def test_rounding_carries_no_colour_out_of_its_range(kind):
    """Named after the defect: 1.0000001, which everything that asks for [0, 1] refuses."""
    white = torch.ones(64, 3, 32, 32)
    found = kind(fill=(0.485, 0.456, 0.406))(white)
    assert found.max() <= 1 and found.min() >= 0.406
    normal = torch.randn(4, 3, 32, 32)
    assert kind(fill=0)(normal).min() < -1  # but normalised pictures keep theirs


def test_two_pictures_of_one_call_are_moved_alike(pictures):
    image = tv_tensors.Image(pictures)
    one, two = affine()(image, image)
    assert torch.equal(one, two) and not torch.equal(one, image)


def test_all_of_the_state_goes_through_safetensors(kind, pictures):
    augment = kind()
    state = load(save({k: v.contiguous() for k, v in augment.state_dict().items()}))
    beta = augment.draw(4)
    other = kind(**({"names": ["L2", "L1", "L3", "L4", "L5", "L6"]} if kind is affine else {}))
    other.scale = 0.1
    other.load_state_dict(state)
    assert other.scale == 0.5
    assert torch.equal(other.moved(pictures, beta), augment.moved(pictures, beta))


def test_a_learned_augmentation_is_made_from_its_state_alone(pictures):
    field = MLPField(2, 10, width=16)
    augment = LearnedAugment(field, 0.3, slots=[0, 4], table=33, reach=2.0, steps=3)
    again = LearnedAugment.from_state(load(save(augment.state_dict())))
    assert (again.scale, again.reach, again.steps, again.n) == (0.3, 2.0, 3, 2)
    beta = augment.draw(4)
    assert torch.equal(again.moved(pictures, beta), augment.moved(pictures, beta))
    with pytest.raises(ValueError, match=r"has the tensors table .* got matrices, _extra_state"):
        LearnedAugment.from_state(AffineAugment().state_dict())


def test_a_generator_of_its_own_decides_everything(kind, pixels):
    before = torch.get_rng_state()
    one, two = kind(generator=seeded(3)), kind(generator=seeded(3))
    assert torch.equal(one(pixels), two(pixels))
    assert not torch.equal(one(pixels), kind(generator=seeded(4))(pixels))
    assert torch.equal(torch.get_rng_state(), before)


def test_without_one_the_global_generator_decides(kind, pixels):
    found = []
    for seed in (0, 0, 1):
        torch.manual_seed(seed)
        found.append(kind()(pixels))
    assert torch.equal(found[0], found[1]) and not torch.equal(found[0], found[2])


def test_precisions_and_autocast(kind, pictures):
    augment = kind(generator=seeded())
    beta = augment.draw(4)
    wanted = augment.moved(pictures, beta)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(augment.moved(pictures, beta), wanted)
    for dtype, atol in ((torch.float64, 1e-5), (torch.float16, 2e-3), (torch.bfloat16, 2e-2)):
        found = augment.moved(pictures.to(dtype), beta)
        assert found.dtype == dtype and torch.allclose(found.float(), wanted, atol=atol)
    byte = augment.moved((255 * pictures).round().to(torch.uint8), beta)
    assert (byte.float() / 255 - wanted).abs().max() <= 0.5 / 255 + 1e-5


def test_a_picture_need_not_be_square_nor_coloured():
    tall = torch.rand(2, 1, 48, 20)
    augment = AffineAugment(names=["L2"], fill=0.5)
    found = augment.moved(tall, torch.full((2, 1), 2 / 47))
    assert torch.allclose(found[..., 1:, :], tall[..., :-1, :], atol=1e-4)
    assert torch.allclose(found[..., 0, :], torch.tensor(0.5), atol=1e-4)


def test_it_goes_where_data_loaders_and_copies_take_it(kind, pixels):
    augment = kind()
    assert "scale=0.5" in repr(augment)
    for twin in (copy.deepcopy(augment), pickle.loads(pickle.dumps(augment))):
        assert twin.state_dict().keys() == augment.state_dict().keys()
    data = TensorDataset(pixels, torch.arange(4))
    chain = v2.Compose([augment])
    loader = DataLoader(data, 2, collate_fn=lambda rows: chain(torch.stack([r[0] for r in rows])))
    assert [batch.shape for batch in loader] == [(2, 3, 32, 32)] * 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (torch.zeros(32, 32), r"at least 2 x 2 pixels, got shape \(32, 32\)"),
        (torch.zeros(2, 2, 3, 8, 8), r"got shape \(2, 2, 3, 8, 8\); reshape"),
        (torch.zeros(3, 1, 32), r"at least 2 x 2"),
        (torch.zeros(1, 28, 28), "fills with 3 channels, but the pictures have 1; pass fill"),
        (torch.zeros(3, 8, 8, dtype=torch.int64), r"got torch.int64; convert them with v2.ToDtype"),
        (v2.ToPILImage()(torch.zeros(3, 8, 8)), r"put v2.ToImage\(\) before it"),
        (tv_tensors.Mask(torch.zeros(3, 8, 8)), "moves pictures, got Mask"),
        ((tv_tensors.Image(torch.zeros(2, 3, 8, 8)), tv_tensors.Image(torch.zeros(3, 3, 8, 8))),
         r"one batch size, got \[2, 3\]"),
    ],
)  # fmt: skip
def test_what_cannot_be_moved_is_refused(kind, given, message):
    with pytest.raises(ValueError, match=message):
        kind()(given)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: AffineAugment(-0.1), "scale must be finite and at least 0, got -0.1"),
        (lambda: AffineAugment(float("nan")), "scale must be finite"),
        (lambda: AffineAugment(fill=255), r"fill is a colour in \[0, 1\].*got 255; divide"),
        (lambda: AffineAugment(fill=()), "fill is a colour"),
        (lambda: AffineAugment(names=["L9"]), "no affine generator is called L9"),
        (lambda: LearnedAugment(MLPField(3, 6, width=8)), "6 generators on 3 coordinates"),
        (lambda: LearnedAugment(MLPField(2, 6, width=8), slots=[6]), r"slots \(6,\) of a field"),
        (lambda: LearnedAugment(MLPField(2, 6, width=8), slots=[]), r"slots \(\)"),
        (lambda: learned(steps=0), "steps=0"),
        (lambda: learned(reach=0.5), "reach=0.5"),
        (lambda: affine().moved(torch.zeros(2, 3, 8, 8), torch.zeros(3, 6)), r"shape \(2, 6\)"),
    ],
)
def test_settings_out_of_range_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
