"""The experiment on spectra of pictures: its tables, its pairing with controls, its records."""

from dataclasses import replace

import jaxtyping
import pytest
import torch

from symtutor import (
    AffineField,
    LibraryField,
    Quadrature,
    Runtime,
    experiments,
    load_images,
    monomials,
    pixel_grid,
    project,
)
from symtutor.experiments import spectrum_image
from symtutor.experiments.spectrum_image_config import CHANGES
from symtutor.experiments.spectrum_image_judge import SHOWN
from symtutor.models.extractors import untrained
from symtutor.records import library, store

IMAGE = experiments.get("spectrum-image")
TINY = replace(IMAGE.presets["quick"], images=6, untrained=2, replicates=6)
COLOUR = replace(TINY, space="colour", untrained=1)
MADE = [path for _, path in library.wanted(["spectrum-image"]) if path.exists()]
AFFINE = ("L1", "L2", "L3", "L4", "L5", "L6")


@pytest.fixture(scope="module")
def found():
    return IMAGE.run(TINY, Runtime())


def judged_again(tensors, judge, suffix, degree):
    """Affine-ness of the recorded fields on the recorded weights, by quadrature."""
    omega, terms = tensors[f"omega/{judge}"], monomials(2, degree)
    weights = Quadrature(pixel_grid(*omega.shape, dtype=torch.float64).reshape(-1, 2))
    weights = Quadrature(weights.points, omega.flatten())
    field = LibraryField(terms, tensors[f"fields{suffix}/{judge}"]).double()
    return project(field, AffineField.named(*AFFINE).double(), weights).affineness


def test_there_is_a_row_for_every_judge_and_a_column_for_every_field(found):
    assert TINY.judges == ("trained", "shuffled", "untrained0", "untrained1")
    for suffix, fields in (("", 20), ("_lower", 12)):
        for change in CHANGES:
            metrics = {
                name: torch.tensor(found.metrics[f"{name}{change}{suffix}"].value)
                for name in ("sqrt_eigenvalues", "affineness", "affine_share", "excess")
            }
            assert metrics["sqrt_eigenvalues"].shape == (4, fields)
            assert metrics["affineness"].shape == (4, min(SHOWN, fields))
            assert metrics["affine_share"].shape == (4,) and metrics["excess"].shape == (3,)
            assert (metrics["sqrt_eigenvalues"].diff() >= -1e-9).all()
            assert 0 <= metrics["affineness"].min() <= metrics["affineness"].max() <= 1
    assert found.metrics["chance"].value == pytest.approx(6 / 20)
    assert found.metrics["chance_lower"].value == pytest.approx(6 / 12)
    assert len(found.metrics["seconds"].value) == 4


@pytest.mark.parametrize("suffix", ["", "_lower"])
def test_the_affineness_is_that_of_the_fields_it_keeps(found, suffix):
    degree = TINY.lower if suffix else TINY.degree
    for row, judge in enumerate(TINY.judges):
        again = judged_again(found.tensors, judge, suffix, degree)[:SHOWN]
        kept = torch.tensor(found.metrics[f"affineness{suffix}"].value[row])
        assert torch.allclose(again.float(), kept, atol=1e-6)


def test_the_fields_it_keeps_have_unit_norm_by_the_root_it_keeps(found):
    fields, root = found.tensors["fields/shuffled"], found.tensors["norm/shuffled"]
    flat = (root @ fields).flatten(1)
    assert torch.allclose(flat @ flat.mT, torch.eye(20).double(), atol=1e-8)


def test_intervals_enclose_most_values_and_excess_is_a_difference(found):
    share = found.metrics["affine_share"].value
    excess = found.metrics["excess"].value
    assert excess == pytest.approx([share[0] - other for other in share[1:]])
    for name in ("affine_share", "excess"):
        for low, high in found.metrics[f"{name}_interval"].value:
            assert low < high


def test_a_control_that_is_the_same_network_is_exceeded_by_nothing(monkeypatch):
    """All judges draw the same pictures in the same replicas, and have the same probes."""
    model = untrained("small", load_images("cifar10", source="sample").pixels[:64])
    monkeypatch.setattr(spectrum_image, "extractor_for", lambda *_: model)
    same = IMAGE.run(TINY, Runtime()).metrics
    assert same["excess"].value == [0.0, 0.0, 0.0]
    assert same["excess_interval"].value == [[0.0, 0.0]] * 3
    assert same["affine_share_interval"].value[0][0] < same["affine_share_interval"].value[0][1]


def test_the_judges_are_different_networks(found):
    values = [tuple(row) for row in found.metrics["sqrt_eigenvalues"].value]
    assert len(set(values)) == 4


def test_a_penalty_of_no_weight_changes_nothing_and_alone_it_finds_affine_fields(monkeypatch):
    model = untrained("small", load_images("cifar10", source="sample").pixels[:64])
    monkeypatch.setattr(spectrum_image, "extractor_for", lambda *_: model)
    metrics = IMAGE.run(replace(TINY, penalty=0.0), Runtime()).metrics
    plain, added = metrics["sqrt_eigenvalues"].value, metrics["sqrt_eigenvalues_penalised"].value
    assert added[0] == pytest.approx(plain[0])
    assert min(metrics["affine_share_alone"].value) > 0.9


def test_the_penalised_fields_it_keeps_have_the_share_that_it_tells(found):
    root, fields = found.tensors["norm/trained"], found.tensors["fields_penalised/trained"]
    span = torch.linalg.qr((root @ fields[:6]).flatten(1).mT).Q.unflatten(0, (-1, 2))
    known = torch.linalg.qr(root[:, :3]).Q
    share = torch.einsum("ra,rdk->adk", known, span).square().sum().item() / 6
    assert share == pytest.approx(found.metrics["affine_share_penalised"].value[0], abs=1e-6)


def test_a_run_is_the_same_twice_and_another_with_another_seed(found):
    again = IMAGE.run(TINY, Runtime())
    for name, metric in found.metrics.items():
        if name != "seconds":
            assert metric == again.metrics[name], name
    other = IMAGE.run(replace(TINY, seed=1), Runtime())
    assert other.metrics["affine_share"] != found.metrics["affine_share"]


def test_colours_have_twelve_affine_fields():
    found = IMAGE.run(COLOUR, Runtime())
    assert found.metrics["chance"].value == pytest.approx(12 / 60)
    assert found.metrics["chance_lower"].value == pytest.approx(12 / 30)
    assert found.tensors["fields/trained"].shape == (60, 20, 3)
    assert not any(name.startswith("omega") for name in found.tensors)
    assert all(0 < share < 1 for share in found.metrics["affine_share"].value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"space": "time"},
        {"architecture": "vgg"},
        {"degree": 2},
        {"lower": 1},
        {"images": 1},
        {"untrained": 0},
        {"penalty": float("nan")},
        {"replicates": 1},
        {"seed": -1},
    ],
)
def test_senseless_settings_are_refused_by_name(wrong, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    (name,) = wrong
    with pytest.raises(ValueError, match=name):
        replace(TINY, **wrong)


@pytest.mark.parametrize("path", MADE, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_the_metrics_of_a_committed_record_follow_from_its_tensors(path):
    found = store.read(path)
    config = IMAGE.config("laptop", **found.content["config"])
    shares = torch.tensor(found.metrics["affine_share"])
    assert torch.allclose(shares[0] - shares[1:], torch.tensor(found.metrics["excess"]), atol=1e-6)
    for row, judge in enumerate(config.judges):
        fields, root = found.tensors[f"fields/{judge}"], found.tensors[f"norm/{judge}"]
        span = torch.linalg.qr((root @ fields).flatten(1).mT).Q
        dim = fields.shape[-1]
        known = torch.linalg.qr(root[:, : dim + 1]).Q
        first = dim * (dim + 1)
        inside = torch.einsum("ra,rdk->adk", known, span.unflatten(0, (-1, dim))[..., :first])
        assert inside.square().sum().item() / first == pytest.approx(shares[row].item(), abs=1e-6)
        if config.space == "plane":
            again = judged_again(found.tensors, judge, "", config.degree)[:SHOWN]
            assert again.tolist() == pytest.approx(found.metrics["affineness"][row], abs=1e-6)
    assert found.content["dirty"] is False and len(found.content["commit"]) == 40
