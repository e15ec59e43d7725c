import matplotlib
import pytest
import torch

matplotlib.use("Agg")

TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-12}


@pytest.fixture(params=[torch.float32, torch.float64], ids=["float32", "float64"])
def dtype(request):
    """Every numerical test that asks for it runs in both precisions."""
    return request.param


@pytest.fixture
def tolerance(dtype):
    return TOLERANCE[dtype]


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(0)
