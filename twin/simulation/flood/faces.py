"""New fluxes on faces from the old ones: the momentum equation of the local-inertial scheme."""

from __future__ import annotations

import numpy as np

from twin.simulation.component import FloatArray
from twin.simulation.flood.numerics import G, Numerics

_TINY = 1e-300


def face_flux(
    flux: FloatArray,
    before: FloatArray,
    behind: FloatArray,
    across: FloatArray,
    level_a: FloatArray,
    level_b: FloatArray,
    sill: FloatArray,
    drag: FloatArray,
    dt: float,
    dx: float,
    numerics: Numerics,
) -> FloatArray:
    """New flux per width on faces between cells a and b, positive from a to b. [m²/s]

    Parameters
    ----------
    flux, before, behind : array
        Flux of the face and of the faces before and behind it in the same direction. [m²/s]
    across : array
        Mean flux in the other direction around the face. [m²/s]
    level_a, level_b : array
        Water surface of the two cells. [m]
    sill : array
        Higher bed of the two. [m]
    drag : array
        g n² of the face. [m^(1/3)]
    """
    depth = np.maximum(level_a, level_b)
    depth -= sill
    flowing = depth > numerics.min_flow_depth_m
    # Closed faces get a harmless depth so that the division stays finite; they are zeroed at the end.
    np.maximum(depth, numerics.min_flow_depth_m, out=depth)
    total = np.sqrt(flux * flux + across * across)
    along = flux * flux / np.maximum(total, _TINY)
    friction = drag * dt
    friction /= depth * depth * np.cbrt(depth)
    push = level_a - level_b
    push *= depth
    push *= G * dt / dx
    new = friction * along * flux
    new += flux
    new += push
    if numerics.theta < 1:
        smooth = before + behind
        smooth -= 2 * flux
        smooth *= (1 - numerics.theta) / 2
        smooth += new
        new = np.where(smooth * push < 0, new, smooth)
    total += along
    total *= friction
    total += 1.0
    new /= total
    new *= flowing
    return new


def edge_flux(
    leaving: FloatArray,
    depth: FloatArray,
    fall: FloatArray | float,
    roughness: FloatArray,
    dt: float,
    numerics: Numerics,
) -> FloatArray:
    """New flux per width out of the grid, driven by the fall of the surface outward. [m²/s]"""
    flowing = depth > numerics.min_flow_depth_m
    safe = np.where(flowing, depth, 1.0)
    drag = G * dt * roughness**2 * np.abs(leaving) / (safe * safe * np.cbrt(safe))
    return np.where(flowing, (leaving * (1 + drag) + G * dt * safe * fall) / (1 + 2 * drag), 0.0)
