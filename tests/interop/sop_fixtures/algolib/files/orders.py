"""FR-003, FR-004: topological orders and connected components."""
import heapq

from algolib.errors import CycleError, UnknownNodeError


def _neighbours(graph):
    for node in graph:
        for target in graph[node]:
            if target not in graph:
                raise UnknownNodeError(target)
    return {node: sorted(graph[node]) for node in sorted(graph)}


def _find_cycle(neighbours, nodes):
    path = [min(nodes)]
    while True:
        following = next(t for t in neighbours[path[-1]] if t in nodes)
        if following in path:
            return path[path.index(following):] + [following]
        path.append(following)


def topological_order(graph):
    """All nodes, each before those it points to; of the free nodes the smallest comes first."""
    neighbours = _neighbours(graph)
    before = {node: 0 for node in neighbours}
    for targets in neighbours.values():
        for target in targets:
            before[target] += 1
    free = [node for node, count in before.items() if count == 0]
    heapq.heapify(free)
    order = []
    while free:
        node = heapq.heappop(free)
        order.append(node)
        for target in neighbours[node]:
            before[target] -= 1
            if before[target] == 0:
                heapq.heappush(free, target)
    if len(order) < len(neighbours):
        rest = set(neighbours) - set(order)
        # What only hangs behind a cycle has no way back into it.
        while True:
            dead = {n for n in rest if not any(t in rest for t in neighbours[n])}
            if not dead:
                break
            rest -= dead
        raise CycleError(_find_cycle(neighbours, rest))
    return order


def connected_components(graph):
    """The nodes in groups that belong together, whichever way edges point; all sorted."""
    neighbours = _neighbours(graph)
    both = {node: set(targets) for node, targets in neighbours.items()}
    for node, targets in neighbours.items():
        for target in targets:
            both[target].add(node)
    groups, seen = [], set()
    for start in both:
        if start in seen:
            continue
        group, waiting = [], [start]
        seen.add(start)
        while waiting:
            node = waiting.pop()
            group.append(node)
            for target in both[node] - seen:
                seen.add(target)
                waiting.append(target)
        groups.append(sorted(group))
    return groups
