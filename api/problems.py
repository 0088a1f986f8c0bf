"""One table from kinds of error to HTTP status, and one shape for every error: RFC 9457 problem documents.

A refusal names what was wrong. What broke inside is told to the log with an id; the caller gets the id only.
Not found is one fixed text for a citizen, so that a hidden thing is answered exactly like one that never was.
"""

from __future__ import annotations

import json
import logging
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from twin.access.audit import request_id
from twin.errors import NotFoundError, ParameterError, TooManyError, TwinError
from twin.types import Json

if TYPE_CHECKING:
    from fastapi import FastAPI

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

STATUS: dict[str, int] = {
    "error": 500,
    "invalid-input": 400,
    "unreadable": 400,
    "unsupported-format": 415,
    "crs": 400,
    "schema": 400,
    "time": 400,
    "parameter": 400,
    "too-large": 413,
    "not-found": 404,
    "conflict": 409,
    "sign-in": 401,
    "second-factor": 401,
    "forbidden": 403,
    "too-many": 429,
    "store": 503,
    "no-twin": 503,
    "store-busy": 503,
    "storage-full": 507,
    "cancelled": 409,
    "limit": 422,
    "broken-off": 409,
    "external": 502,
    "not-offered": 501,
    "internal": 500,
}
"""HTTP status of each kind of :class:`~twin.errors.TwinError`."""

SAID: dict[str, str] = {
    "storage-full": "Đĩa của máy chủ đã đầy; chưa ghi gì. (The server's disk is full; nothing was written.)",
    "store-busy": "Máy chủ đang bận; hãy thử lại sau. (The server is busy; try again later.)",
    "external": "Hệ thống bên ngoài không trả lời. (A system outside does not answer.)",
}
"""What the caller is told of failures that are worth naming; their own text may name what is inside."""

TITLES: dict[str, str] = {
    "error": "Lỗi",
    "invalid-input": "Dữ liệu đưa vào chưa đúng",
    "unreadable": "Không đọc được tệp hoặc bản tin",
    "unsupported-format": "Định dạng chưa được hỗ trợ",
    "crs": "Hệ tọa độ chưa đúng",
    "schema": "Dữ liệu không khớp cấu trúc",
    "time": "Thời gian chưa đúng",
    "parameter": "Tham số chưa đúng",
    "not-found": "Không tìm thấy",
    "conflict": "Đã bị thay đổi hoặc trùng",
    "sign-in": "Cần đăng nhập",
    "second-factor": "Cần mã xác thực thứ hai",
    "forbidden": "Không được phép",
    "too-many": "Quá nhiều yêu cầu",
    "store": "Kho dữ liệu chưa sẵn sàng",
    "no-twin": "Chưa có bản sao số",
    "store-busy": "Kho dữ liệu đang bận",
    "storage-full": "Hết dung lượng lưu trữ",
    "cancelled": "Đã dừng theo yêu cầu",
    "limit": "Vượt giới hạn bộ nhớ hoặc thời gian",
    "broken-off": "Việc bị ngắt giữa chừng",
    "external": "Hệ thống bên ngoài không trả lời",
    "internal": "Lỗi bên trong",
    "not-offered": "Phần này của chuẩn chưa được cung cấp",
    "method": "Phương thức không được dùng ở đây",
    "too-large": "Tệp quá lớn",
}

NOT_FOUND = "Không có, hoặc người hỏi không được xem. (There is none, or none you may see.)"
BROKEN = "Máy chủ không làm được việc này; hãy báo mã lỗi. (The server failed; quote the id.)"


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem document. ``id`` is set where the log has more to say."""

    kind: str
    status: int
    detail: str
    where: str = ""
    hint: str = ""
    id: str = ""
    retry_after_s: int = 0

    def body(self) -> dict[str, Json]:
        """Return the members of RFC 9457 with ours; empty ones are left out."""
        document: dict[str, Json] = {
            "type": f"urn:twin:problem:{self.kind}",
            "title": TITLES.get(self.kind) or HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
        }
        if self.where:
            document["where"] = self.where
        if self.hint:
            document["hint"] = self.hint
        if self.id:
            document["instance"] = f"urn:uuid:{self.id}"
            document["id"] = self.id
        return document

    def response(self, headers: dict[str, str] | None = None) -> Response:
        """Return the document as an HTTP response."""
        text = json.dumps(self.body(), ensure_ascii=False)
        said = dict(headers or {})
        if self.status == HTTPStatus.UNAUTHORIZED:
            said.setdefault("WWW-Authenticate", 'Bearer realm="twin"')
        if self.retry_after_s:
            said["Retry-After"] = str(self.retry_after_s)
        return Response(text, status_code=self.status, media_type=MEDIA_TYPE, headers=said or None)


def problem_of(error: TwinError, *, full: bool = True) -> Problem:
    """Problem of a known error; with ``full`` false (a citizen asks) not-found is the one fixed text."""
    status = STATUS.get(error.kind, 500)
    if isinstance(error, NotFoundError) and not full:
        return Problem(error.kind, status, NOT_FOUND)
    if status >= 500 and error.kind != "not-offered":
        return _logged(error.kind, status, error)
    wait_s = error.retry_after_s if isinstance(error, TooManyError) else 0
    return Problem(error.kind, status, error.message, error.where, error.hint, retry_after_s=wait_s)


def whole_problem(error: TwinError) -> Problem:
    """Problem with all that the error says, for whoever runs the program on this machine."""
    return Problem(error.kind, STATUS.get(error.kind, 500), error.message, error.where, error.hint)


def unexpected(error: BaseException) -> Problem:
    """Problem of an error nobody foresaw: an id, and nothing of what is inside."""
    return _logged("internal", 500, error)


def _logged(kind: str, status: int, error: BaseException) -> Problem:
    identifier = request_id.get() or str(uuid.uuid4())
    log.error("error %s", identifier, exc_info=error)
    return Problem(kind, status, SAID.get(kind, BROKEN), id=identifier)


def install(app: FastAPI) -> None:
    """Answer every error of the application and its framework by a problem document."""
    from fastapi.exceptions import RequestValidationError  # noqa: PLC0415  commands need the table, not the framework

    @app.exception_handler(TwinError)
    async def _twin(request: Request, error: TwinError) -> Response:
        viewer = getattr(request.state, "viewer", None)
        return problem_of(error, full=viewer is not None and viewer.is_staff).response()

    @app.exception_handler(UnicodeEncodeError)
    async def _half_a_character(_: Request, error: UnicodeEncodeError) -> Response:
        if error.reason != "surrogates not allowed":
            return unexpected(error).response()
        # JSON can write half a pair ("\\ud800"), which no text holds.
        return problem_of(ParameterError("a text holds half a character", hint="Send Unicode.")).response()

    @app.exception_handler(RequestValidationError)
    async def _validation(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        return problem_of(ParameterError(str(first["msg"]), where=place)).response()

    @app.exception_handler(HTTPException)
    async def _http(_: Request, error: HTTPException) -> Response:
        if error.status_code == HTTPStatus.NOT_FOUND:
            return Problem("not-found", 404, NOT_FOUND).response()
        kind = {405: "method", 413: "too-large"}.get(error.status_code, "invalid-input")
        headers = dict(error.headers) if error.headers else None
        return Problem(kind, error.status_code, str(error.detail)).response(headers)
