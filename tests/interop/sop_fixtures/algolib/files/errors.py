"""What can be wrong with a graph; every error names its cause."""


class GraphError(ValueError):
    """Of all errors here."""


class NegativeWeightError(GraphError):
    def __init__(self, source, target, weight):
        super().__init__(f"negative weight {weight} from {source} to {target}")


class UnknownNodeError(GraphError):
    def __init__(self, node):
        super().__init__(f"unknown node {node}")


class CycleError(GraphError):
    def __init__(self, nodes):
        self.nodes = list(nodes)
        super().__init__("cycle: " + " -> ".join(str(node) for node in self.nodes))
