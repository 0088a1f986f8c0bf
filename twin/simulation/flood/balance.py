"""The water book of a flood run: what came, what went, what is there, and the difference."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MassBalance:
    """Volumes since the beginning of a run. [m³]"""

    initial: float
    stored: float
    """Water on the grid now."""
    rain: float
    inflow: float
    """From point inflows."""
    edge_in: float
    edge_out: float
    largest: float
    """Largest storage among the times the book was read."""

    @property
    def error(self) -> float:
        """Water that is there without having come; 0 but for rounding. [m³]"""
        return self.stored - self.initial - self.rain - self.inflow - self.edge_in + self.edge_out

    @property
    def relative_error(self) -> float:
        """Error against the largest storage met; 0 where there was never any water. [-]"""
        return self.error / self.largest if self.largest else 0.0

    def as_dict(self) -> dict[str, float]:
        """For reports, units in the names."""
        return {
            "initial_m3": self.initial,
            "stored_m3": self.stored,
            "rain_m3": self.rain,
            "inflow_m3": self.inflow,
            "edge_in_m3": self.edge_in,
            "edge_out_m3": self.edge_out,
            "error_m3": self.error,
            "relative_error": self.relative_error,
        }
