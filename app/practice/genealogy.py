"""Genealogies along a chromosome: the sequentially Markov coalescent with recombination (SMC').

The tree of all haplotypes is drawn once; then, moving along the chromosome, recombinations cut a branch and
let it coalesce again further back. Each tree is kept as the one change against the tree before.
Source: Marjoram and Wall, BMC Genetics 2006.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.practice.demography import History

_NOBODY = -1


class Change(NamedTuple):
    """The branch above `node` moves onto the branch above `onto` at `time` (generations)."""

    node: int
    onto: int
    time: float


class Tree:
    """A binary tree of n leaves (0 … n-1) in arrays; inner nodes are n … 2n-2; `top` is the root."""

    def __init__(self, leaves: int) -> None:
        nodes = 2 * leaves - 1
        self.leaves = leaves
        self.parent = np.full(nodes, _NOBODY, dtype=np.int64)
        self.children = np.full((nodes, 2), _NOBODY, dtype=np.int64)
        self.time = np.zeros(nodes)
        self.length = np.zeros(nodes)
        self.population = np.zeros(nodes, dtype=np.int64)
        self.top = nodes - 1

    def copy(self) -> Tree:
        """The same tree, for a second walk."""
        twin = Tree(self.leaves)
        twin.top = self.top
        for name in ("parent", "children", "time", "length", "population"):
            getattr(twin, name)[:] = getattr(self, name)
        return twin

    def join(self, first: int, second: int, node: int, time: float) -> None:
        """Make `node` the parent of two nodes."""
        self.children[node] = first, second
        self.parent[first] = self.parent[second] = node
        self.time[node] = time
        self.population[node] = self.population[first]
        for child in (first, second):
            self.length[child] = time - self.time[child]

    def apply(self, change: Change) -> None:
        """Move a branch; the parent that it leaves is used again for the new place."""
        node, onto, time = change
        joint = int(self.parent[node])
        sibling = self._sibling(node, joint)
        above = int(self.parent[joint])
        self._hang(sibling, above, joint)
        if onto == joint:
            onto = sibling
        over = int(self.parent[onto])
        self._hang(joint, over, onto)
        self.join(node, onto, joint, time)
        if over == _NOBODY:
            self.length[joint] = 0.0
        else:
            self.length[joint] = self.time[over] - time

    def _sibling(self, node: int, joint: int) -> int:
        left, right = self.children[joint]
        return int(right if left == node else left)

    def _hang(self, node: int, above: int, instead_of: int) -> None:
        """Put `node` below `above` where `instead_of` hung; without `above` it becomes the root."""
        self.parent[node] = above
        if above == _NOBODY:
            self.top = node
            self.length[node] = 0.0
            return
        slot = 0 if self.children[above, 0] == instead_of else 1
        self.children[above, slot] = node
        self.length[node] = self.time[above] - self.time[node]

    def below(self, node: int) -> list[int]:
        """The leaves that descend from a node."""
        found, open_nodes = [], [node]
        while open_nodes:
            each = open_nodes.pop()
            if each < self.leaves:
                found.append(each)
            else:
                open_nodes.extend(self.children[each].tolist())
        return found


@dataclass(frozen=True, eq=False)
class Genealogy:
    """The first tree, then at each of `breaks` (Morgans, ascending) a change.

    `lengths[i]` is the total branch length, in generations, of the tree left of break i; the last one is
    that of the tree to the end.
    """

    first: Tree
    breaks: NDArray[np.float64]
    changes: list[Change]
    lengths: NDArray[np.float64]


def draw_genealogy(
    populations: NDArray[np.int64], history: History, morgans: float, random: np.random.Generator
) -> Genealogy:
    """Draw the genealogy of haplotypes of the given populations over a stretch of `morgans`."""
    tree = first_tree(populations, history, random)
    first = tree.copy()
    breaks: list[float] = []
    changes: list[Change] = []
    lengths = [float(tree.length.sum())]
    at = float(random.exponential(1.0 / lengths[-1]))
    while at < morgans:
        change = _recombination(tree, history, random)
        if change is not None:
            tree.apply(change)
            breaks.append(at)
            changes.append(change)
            lengths.append(float(tree.length.sum()))
        at += float(random.exponential(1.0 / lengths[-1]))
    return Genealogy(first, np.array(breaks), changes, np.array(lengths))


def first_tree(populations: NDArray[np.int64], history: History, random: np.random.Generator) -> Tree:
    """The tree of the start: lineages of one population meet two by two."""
    tree = Tree(len(populations))
    tree.population[: len(populations)] = populations
    groups = [np.flatnonzero(populations == p).tolist() for p in range(len(history.times))]
    now, fresh = [0.0] * len(groups), len(populations)
    for _, merged, into in sorted(_mergers(history)):
        until = float(history.joined[merged, into])
        for each in (merged, into):
            fresh = _coalesce(tree, groups[each], each, now[each], until, history, random, fresh)
            now[each] = until
        groups[into] += groups[merged]
        groups[merged] = []
    _coalesce(tree, groups[0], 0, now[0], np.inf, history, random, fresh)
    return tree


def _mergers(history: History) -> list[tuple[float, int, int]]:
    """(when, population, the one that it joins), each but the first joining an earlier one."""
    found = []
    for population in range(1, len(history.joined)):
        into = int(np.argmin(history.joined[population, :population]))
        found.append((float(history.joined[population, into]), population, into))
    return found


def _coalesce(
    tree: Tree,
    group: list[int],
    population: int,
    start: float,
    until: float,
    history: History,
    random: np.random.Generator,
    fresh: int,
) -> int:
    """Let lineages of a population meet until a time; gives the next free node."""
    pace = float(history.pace(population, np.array([start]))[0])
    while len(group) > 1:
        pairs = len(group) * (len(group) - 1) / 2
        pace += float(random.exponential(1.0 / pairs))
        time = history.date(population, pace)
        if time >= until:
            break
        left = _taken(group, random)
        right = _taken(group, random)
        group.append(fresh)
        tree.join(left, right, fresh, time)
        fresh += 1
    return fresh


def _taken(group: list[int], random: np.random.Generator) -> int:
    """Take a lineage out by chance."""
    at = int(random.integers(len(group)))
    group[at], group[-1] = group[-1], group[at]
    return group.pop()


def _recombination(tree: Tree, history: History, random: np.random.Generator) -> Change | None:
    """A point on the tree, uniform by length, and where its branch coalesces again; None: with itself."""
    edges = np.cumsum(tree.length)
    point = random.random() * edges[-1]
    node = min(int(np.searchsorted(edges, point, side="right")), len(edges) - 1)
    height = float(tree.time[node] + (edges[node] - point))
    population = int(tree.population[node])
    begin = np.maximum(tree.time, history.joined[population][tree.population])
    np.maximum(begin, height, out=begin)
    end = tree.time + tree.length
    end[tree.top] = np.inf
    open_branches = np.flatnonzero(begin < end)
    meet = history.pace(population, begin[open_branches])
    meet += random.standard_exponential(len(open_branches))
    meet[meet >= history.pace(population, end[open_branches])] = np.inf
    best = int(np.argmin(meet))
    onto = int(open_branches[best])
    if onto == node:
        return None
    return Change(node, onto, history.date(population, float(meet[best])))
