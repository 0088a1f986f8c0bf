"""Files in a request's body: their name, and the body streamed to disk."""

from __future__ import annotations

import re
from pathlib import Path, PurePath
from urllib.parse import unquote

from fastapi import Request
from fastapi.concurrency import run_in_threadpool

from twin.errors import ParameterError
from twin.files.blobs import Files

_NAME_STAR = re.compile(r"filename\*\s*=\s*UTF-8''([^;]+)", re.IGNORECASE)
_NAME = re.compile(r'filename\s*=\s*"?([^";]+)"?', re.IGNORECASE)
_LONGEST = 200
"""Longest name kept; file systems take 255 of them. [bytes]"""
_SAFE = re.compile(r"[^\w.() -]+")


def file_name(asked: str | None, disposition: str | None) -> str:
    """A plain file name: no folders, no odd characters, not hidden."""
    given = asked or ""
    if not given and disposition:
        star, plain = _NAME_STAR.search(disposition), _NAME.search(disposition)
        given = unquote(star[1]) if star else (plain[1] if plain else "")
    name = _SAFE.sub("_", PurePath(given.replace("\\", "/")).name).lstrip(". ")
    if not name:
        raise ParameterError(
            "the file has no name", where="filename", hint="Give ?filename=…, or a Content-Disposition header."
        )
    while len(name.encode()) > _LONGEST:
        name = name[1:]
    return name


async def keep(request: Request, files: Files, most: int) -> str:
    """Keep the body as a file before anything is done with it; its SHA-256. TooLargeError beyond ``most`` bytes."""
    with files.writer(most=most) as writer:
        async for part in request.stream():
            await run_in_threadpool(writer.write, part)
        if writer.size == 0:
            raise ParameterError("the request has no body", where="body", hint="Send the file as the body.")
        return await run_in_threadpool(writer.keep)


async def receive(request: Request, path: Path, most: int) -> bool:
    """Write the body to a file; False (and nothing more is read) when it is larger than ``most`` bytes."""
    size = 0
    with path.open("wb") as file:
        async for part in request.stream():
            size += len(part)
            if size > most:
                return False
            await run_in_threadpool(file.write, part)
    if size == 0:
        raise ParameterError("the request has no body", where="body", hint="Send the file as the body.")
    return True
