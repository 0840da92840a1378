import pytest

from algolib import NegativeWeightError, UnknownNodeError, shortest_path

GRAPH = {"a": {"b": 1, "c": 4}, "b": {"c": 2, "d": 6}, "c": {"d": 3}, "d": {}, "e": {}}


def test_takes_the_shortest_way():
    assert shortest_path(GRAPH, "a", "d") == (6, ["a", "b", "c", "d"])


def test_start_is_goal():
    assert shortest_path(GRAPH, "a", "a") == (0, ["a"])


def test_no_way():
    assert shortest_path(GRAPH, "a", "e") == (float("inf"), [])


def test_equal_ways_do_not_depend_on_the_order_of_nodes():
    one = {"s": {"b": 1, "a": 1}, "a": {"t": 1}, "b": {"t": 1}, "t": {}}
    other = {"t": {}, "b": {"t": 1}, "a": {"t": 1}, "s": {"a": 1, "b": 1}}
    assert shortest_path(one, "s", "t") == shortest_path(other, "s", "t") == (2, ["s", "a", "t"])


def test_negative_weight_is_named():
    with pytest.raises(NegativeWeightError, match="negative weight -1 from a to b"):
        shortest_path({"a": {"b": -1}, "b": {}}, "a", "b")


def test_unknown_nodes_are_named():
    with pytest.raises(UnknownNodeError, match="unknown node x"):
        shortest_path(GRAPH, "a", "x")
    with pytest.raises(UnknownNodeError, match="unknown node y"):
        shortest_path({"a": {"y": 1}}, "a", "a")
