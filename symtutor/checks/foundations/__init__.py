"""Checks of the part Foundations, one module per chapter."""

from . import acting_on_data as acting_on_data
from . import learning_a_generator as learning_a_generator
from . import neural_ode_flows as neural_ode_flows
from . import one_parameter_groups as one_parameter_groups
from . import validity_scores as validity_scores
