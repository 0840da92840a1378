import pytest

from algolib import CycleError, UnknownNodeError, connected_components, topological_order


def test_each_node_before_those_it_points_to():
    graph = {"shoes": {}, "socks": {"shoes": 1}, "trousers": {"shoes": 1, "belt": 1}, "belt": {}}
    assert topological_order(graph) == ["socks", "trousers", "belt", "shoes"]


def test_cycle_is_named():
    with pytest.raises(CycleError, match="cycle: a -> b -> c -> a") as caught:
        topological_order({"c": {"a": 1, "z": 1}, "a": {"b": 1}, "b": {"c": 1}, "z": {}})
    assert caught.value.nodes == ["a", "b", "c", "a"]


def test_unknown_node_in_an_order():
    with pytest.raises(UnknownNodeError, match="unknown node q"):
        topological_order({"a": {"q": 1}})


def test_components_whichever_way_edges_point():
    graph = {"d": {}, "b": {"a": 1}, "a": {}, "c": {"b": 1}, "e": {"d": 2}}
    assert connected_components(graph) == [["a", "b", "c"], ["d", "e"]]


def test_no_nodes():
    assert topological_order({}) == []
    assert connected_components({}) == []
