from tiny_experiment import results, tiny

__all__ = ["results", "tiny"]
