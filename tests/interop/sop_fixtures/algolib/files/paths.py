"""FR-002: shortest paths (Dijkstra)."""
import heapq

from algolib.errors import NegativeWeightError, UnknownNodeError


def _check(graph):
    for source in sorted(graph):
        for target, weight in sorted(graph[source].items()):
            if target not in graph:
                raise UnknownNodeError(target)
            if weight < 0:
                raise NegativeWeightError(source, target, weight)


def shortest_path(graph, start, goal):
    """The distance and the nodes from start to goal; (None, []) when there is no way.

    Of several shortest ways the one whose nodes come first in sorted order.
    """
    _check(graph)
    for node in (start, goal):
        if node not in graph:
            raise UnknownNodeError(node)
    queue = [(0, [start])]
    done = set()
    while queue:
        distance, path = heapq.heappop(queue)
        node = path[-1]
        if node == goal:
            return distance, path
        if node in done:
            continue
        done.add(node)
        for target, weight in graph[node].items():
            if target not in done:
                heapq.heappush(queue, (distance + weight, path + [target]))
    return None, []
