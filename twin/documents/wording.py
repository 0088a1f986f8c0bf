"""Numbers and times as people here write them."""

from __future__ import annotations

from datetime import datetime

from twin.types import LOCAL

THIN = "\u202f"
"""Narrow space that no line breaks at: between thousands, and between a number and its unit."""


def day_time(moment: datetime) -> str:
    """``dd/MM/yyyy HH:mm``, Vietnamese time."""
    return moment.astimezone(LOCAL).strftime("%d/%m/%Y %H:%M")


def day(moment: datetime) -> str:
    """``dd/MM/yyyy``, Vietnamese time."""
    return moment.astimezone(LOCAL).strftime("%d/%m/%Y")


def number(value: float, decimals: int = 0, unit: str = "") -> str:
    """Decimal comma, thousands apart, unit after a narrow space."""
    text = f"{value:,.{decimals}f}".replace(",", THIN).replace(".", ",").replace("-", "−")
    return f"{text}{THIN}{unit}" if unit else text


def plain(value: float, unit: str = "") -> str:
    """As many decimals as the number has, at most six."""
    text = f"{value:,.6f}".rstrip("0").rstrip(".").replace(",", THIN).replace(".", ",").replace("-", "−")
    return f"{text}{THIN}{unit}" if unit else text


def degrees_minutes(angle: float) -> str:
    """An angle as signed degrees and minutes, for instance ``+0°05,3′``."""
    sign = "−" if angle < 0 else "+"
    tenths = round(abs(angle) * 600)
    return f"{sign}{tenths // 600}°{tenths % 600 // 10:02d},{tenths % 10}′"
