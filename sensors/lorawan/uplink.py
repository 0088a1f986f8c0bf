"""An uplink freed from its network platform's envelope. Platform readers yield it, device codecs take it."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime

from twin.errors import FormatError

_EUI = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Uplink:
    """What a LoRaWAN device sent.

    Parameters
    ----------
    address
        DevEUI, 16 hexadecimal digits in lower case.
    fport
        LoRaWAN port.
    payload
        The device's own bytes, decrypted.
    time
        When the network received it. [UTC]
    counter
        Uplink frame counter, ``None`` where the platform does not say.
    device_id
        The platform's own name of the device (The Things Stack); ``""`` where it has none.
    """

    address: str
    fport: int
    payload: bytes
    time: datetime
    counter: int | None = None
    device_id: str = ""


def eui(text: str, *, where: str) -> str:
    """A DevEUI in canonical form; separators ``:`` and ``-`` are dropped."""
    cleaned = text.strip().lower().replace(":", "").replace("-", "")
    if not _EUI.fullmatch(cleaned):
        raise FormatError(f"{where} {text!r} is no EUI-64", hint="It has 16 hexadecimal digits.")
    return cleaned


def from_base64(text: str, *, where: str) -> bytes:
    """Bytes from base64, strictly."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise FormatError(f"{where} is not base64: {exc}") from exc


def from_hex(text: str, *, where: str) -> bytes:
    """Bytes from hexadecimal digits, strictly."""
    try:
        return bytes.fromhex(text)
    except ValueError as exc:
        raise FormatError(f"{where} is not hexadecimal: {exc}") from exc
