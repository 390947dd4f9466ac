"""The model of MetaMinimac2 written down as it is defined, one haplotype, plain Python, slow."""

import math

RATE, LEAST, BACKGROUND = 2e-7, 1e-4, 1e-5


def change(before: int, after: int) -> float:
    return max(LEAST, 1 - math.exp(-RATE * (after - before)))


def emission(left_out: float, allele: int) -> float:
    return (left_out if allele == 1 else 1 - left_out) + BACKGROUND


def weights(
    positions: list[int], left_out: list[list[float]], alleles: list[int], start: list[float]
) -> list[list[float]]:
    """Posterior of each panel at each site; `left_out[site][panel]`."""
    panels, sites = len(start), len(positions)
    forward = [[start[k] * emission(left_out[0][k], alleles[0]) for k in range(panels)]]
    for t in range(1, sites):
        r = change(positions[t - 1], positions[t])
        row = []
        for k in range(panels):
            come = sum(forward[-1][j] * (r / panels + (1 - r) * (j == k)) for j in range(panels))
            row.append(come * emission(left_out[t][k], alleles[t]))
        forward.append([each / sum(row) for each in row])
    backward = [[1.0] * panels]
    for t in range(sites - 2, -1, -1):
        r = change(positions[t], positions[t + 1])
        row = []
        for k in range(panels):
            row.append(
                sum(
                    (r / panels + (1 - r) * (j == k))
                    * emission(left_out[t + 1][j], alleles[t + 1])
                    * backward[0][j]
                    for j in range(panels)
                )
            )
        backward.insert(0, [each / sum(row) for each in row])
    posterior = []
    for ahead, behind in zip(forward, backward, strict=True):
        joint = [a * b for a, b in zip(ahead, behind, strict=True)]
        posterior.append([each / sum(joint) for each in joint])
    return posterior


def weight_at(position: int, positions: list[int], posterior: list[list[float]]) -> list[float]:
    """Weights of a variant by linear interpolation in base pairs, constant beyond the ends."""
    if position <= positions[0]:
        return posterior[0]
    for t in range(len(positions) - 1):
        if positions[t] <= position < positions[t + 1]:
            part = (position - positions[t]) / (positions[t + 1] - positions[t])
            both = zip(posterior[t], posterior[t + 1], strict=True)
            return [a * (1 - part) + b * part for a, b in both]
    return posterior[-1]
