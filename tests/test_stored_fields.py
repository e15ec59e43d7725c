"""Learned fields read back from their weights alone."""

import pytest
import torch
from safetensors.torch import save_file

from symtutor import MLPField, grid_quadrature
from symtutor.fields import stored
from symtutor.fields.stored import load_field, restored

SQUARE = grid_quadrature([(-1, 1), (-1, 1)], [8, 8])


def field(**options):
    return MLPField(2, 5, **({"width": 16, "quadrature": SQUARE} | options))


@pytest.mark.parametrize(
    "options", [{}, {"head": 0}, {"head": 7, "width": 9}, {"quadrature": None}], ids=str
)
def test_sizes_and_quadrature_are_read_off(options, tmp_path):
    made, z = field(**options), torch.rand(20, 2)
    save_file(made.state_dict(), tmp_path / "field.safetensors")
    found = load_field(tmp_path / "field.safetensors")
    assert torch.equal(found(z), made(z))
    assert (found.n, found.dim, found.head) == (5, 2, made.head)


def test_other_precisions():
    made = field().double()
    assert restored(made.state_dict()).w1.dtype == torch.float64
    half = {key: value.half() for key, value in made.state_dict().items()}
    found = restored(half)
    assert found.w1.dtype == torch.float32
    z = torch.rand(20, 2)
    assert torch.allclose(found(z), made(z.double()).float(), atol=0.02)


def without(name):
    return {key: value for key, value in field().state_dict().items() if key != name}


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({}, "w1 or head_out is missing or misshapen among no tensors"),
        (without("w1"), "w1 or head_out is missing"),
        (without("b2"), "b2 are missing, superfluous or of another shape"),
        (field().state_dict() | {"w3": torch.zeros(1)}, "w3 are missing, superfluous"),
        (field().state_dict() | {"w2": torch.zeros(2, 2)}, "w2 are missing, superfluous"),
        (MLPField(2, 3, periods=(1.0, None), width=4).state_dict(), "w1 .*and its periods"),
    ],
)
def test_weights_of_something_else_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        restored(weights)


def test_files_that_are_no_field_are_refused_by_name(tmp_path):
    path = tmp_path / "field.safetensors"
    with pytest.raises(ValueError, match=r"no learned field at .*field.safetensors; reinstall"):
        load_field(path)
    save_file(field().state_dict(), path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(ValueError, match=r"field.safetensors cannot be read as a learned field"):
        load_field(path)
    save_file(without("b1"), path)
    with pytest.raises(ValueError, match=r"field.safetensors: these weights are no MLPField's: b1"):
        load_field(path)


def test_without_a_path_it_is_the_one_that_comes_with_the_package(tmp_path, monkeypatch):
    path = tmp_path / "shipped.safetensors"
    monkeypatch.setattr(stored, "shipped_field", lambda: path)
    save_file(field().state_dict(), path)
    assert load_field().n == 5


def test_the_shipped_field_has_ten_generators_of_unit_norm():
    shipped = load_field()
    assert (shipped.n, shipped.dim) == (10, 2)
    square = shipped(shipped._points).square().sum(-1)
    assert torch.allclose(shipped._weights @ square, torch.ones(10), atol=1e-3)
