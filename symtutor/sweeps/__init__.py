"""Many runs of one experiment, on the cores of this machine or on a cluster, by Dask.

Needs the extra "sweep": pip install "symtutor[sweep]".
"""

from .axes import grid
from .cluster import ClusterError, Slurm
from .conduct import sweep
from .plan import Outcome

__all__ = ["ClusterError", "Outcome", "Slurm", "grid", "sweep"]
