"""Graph algorithms over plain dictionaries."""
from algolib.errors import CycleError, GraphError, NegativeWeightError, UnknownNodeError
from algolib.orders import connected_components, topological_order
from algolib.paths import shortest_path

__all__ = [
    "CycleError", "GraphError", "NegativeWeightError", "UnknownNodeError",
    "connected_components", "shortest_path", "topological_order",
]
