"""What citizens of the demonstration city reported: every state, duplicates, one late, one dangerous. Made up."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
import shapely
from PIL import Image, ImageDraw, ImageFont

from api.demo.frame import lonlat, seed_of
from twin.cases import photos
from twin.cases.engine import Cases
from twin.cases.personal import VaultData
from twin.cases.photos import Photo
from twin.cases.reports import Reports
from twin.core import Twin
from twin.model.view import CITIZEN, Role, Viewer
from twin.types import Json, LonLat

OFFICER = Viewer("demo:duty_officer", Role.DUTY_OFFICER, person="demo:duty_officer")


@dataclass(frozen=True, slots=True)
class Act:
    """What an officer (or, by ``answer``, the reporter) did, so many hours after the report."""

    after_h: float
    name: str
    changes: dict[str, Json] = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """One report and what became of it; ``u``, ``v`` are metres on the sheet."""

    before_h: float
    category: str
    u: float
    v: float
    text: str
    acts: tuple[Act, ...] = ()
    contact: str = ""
    danger: bool = False
    with_photo: bool = False


def _handled(text: str, *more: Act) -> tuple[Act, ...]:
    return (Act(0.5, "accept", {"public_text": text}), *more)


_UNIT: dict[str, Json] = {"unit": "Đội quản lý hạ tầng đô thị"}
STORIES: Sequence[Story] = (
    Story(
        14 * 24, "XD", 310, -220, "Nhà đang xây lấn ra lề đường, đã báo tổ dân phố.",
        _handled("Công trình xây dựng lấn lề đường", Act(20, "forward", {"unit": "Đội trật tự xây dựng"})),
    ),
    Story(
        9 * 24, "CX", -420, 380, "Cành cây lớn gãy vắt ngang dây điện trước trường học.",
        _handled("Cành cây gãy trước trường học", Act(2, "forward", _UNIT), Act(6, "begin"),
                 Act(20, "resolve", {"answer": "Đã cắt dọn cành gãy và kiểm tra các cây lân cận."}),
                 Act(40, "confirm")),
    ),
    Story(
        75, "MT", 560, 140, "Bãi rác tự phát sau chợ, mùi rất nặng.",
        _handled("Rác tự phát sau chợ", Act(3, "begin"),
                 Act(26, "resolve", {"answer": "Đã thu gom, đặt biển cấm đổ rác."})),
    ),
    Story(
        70, "VH", -150, -330, "Vỉa hè bị chiếm làm chỗ để vật liệu.",
        _handled("Vỉa hè bị chiếm dụng", Act(5, "begin"), Act(22, "resolve", {"answer": "Đã yêu cầu dọn vật liệu."}),
                 Act(30, "reopen", {"reopen_text": "Hôm nay họ lại để vật liệu như cũ."})),
    ),
    Story(
        50, "KH", 900, 600, "Cho hỏi giờ làm việc của trung tâm hành chính công.",
        (Act(1.5, "reject", {"public_reason": "Không phải phản ánh hiện trường; xin hỏi tổng đài 1022."}, "Câu hỏi"),),
    ),
    Story(
        27, "GT", 205, 60, "Ổ gà sâu giữa làn xe máy, tối qua có người ngã.",
        _handled("Ổ gà giữa làn xe máy", Act(2, "forward", _UNIT), Act(4, "begin")),
        contact="0900 000 001", with_photo=True,
    ),
    Story(25, "GT", 215, 66, "Đường có hố to, rất nguy hiểm.", (Act(1, "mark_duplicate", {"duplicate_of": "first"}),)),
    Story(22, "GT", 208, 63, "Ổ gà chưa thấy ai sửa."),
    Story(
        6, "NG", -640, -90, "Mưa chiều nay nước ngập nửa bánh xe, nắp cống bị hở.",
        _handled("Ngập cục bộ, nắp cống hở", Act(0.8, "forward", {"unit": "Công ty thoát nước"})), danger=True,
    ),
    Story(3, "CS", 120, 420, "Cả đoạn đường không có đèn từ hai hôm nay.", contact="bui@example.vn", with_photo=True),
    Story(1.2, "CS", 131, 428, "Đèn đường tắt."),
    Story(0.2, "AT", 30, -140, "Dây điện sà xuống mặt đường.", danger=True),
)  # fmt: skip


def put_reports(t: Twin, birth: datetime) -> int:
    """Report everything of :data:`STORIES` and let it be handled; how many."""
    wall = [birth]
    cases = Cases(t.store, personal=VaultData(t.vault), now=lambda: wall[0])
    reports = Reports(cases, t.vault, t.files)
    first = ""
    for story in STORIES:
        sent_at = wall[0] = birth - timedelta(hours=story.before_h)
        place = shapely.get_coordinates(lonlat([shapely.Point(story.u, story.v)]))[0]
        sent = reports.send(
            CITIZEN,
            category=story.category,
            text=story.text,
            place=LonLat(round(float(place[0]), 6), round(float(place[1]), 6)),
            contact=story.contact,
            danger=story.danger,
            photos=[_photo(story)] if story.with_photo else [],
        )
        first = first if sent.duplicate_of else sent.case.id
        for act in story.acts:
            wall[0] = sent_at + timedelta(hours=act.after_h)
            if wall[0] <= birth:
                _carry_out(reports, sent.case.id, sent.secret, act, first)
        if story.with_photo and story.acts:
            _publish(reports, sent.case.id)
    return len(STORIES)


def _carry_out(reports: Reports, code: str, secret: str, act: Act, first: str) -> None:
    if act.name in ("confirm", "reopen"):
        text = str(act.changes.get("reopen_text", ""))
        reports.answer(CITIZEN, code, secret, confirm=act.name == "confirm", text=text)
        return
    changes: dict[str, Json] = {name: first if name == "duplicate_of" else value for name, value in act.changes.items()}
    seen = reports.cases.get(OFFICER, code).version
    reports.cases.act(OFFICER, code, act.name, seen=seen, reason=act.reason, changes=changes)


def _publish(reports: Reports, code: str) -> None:
    (photo,) = reports.photos(OFFICER, code)
    reports.publish(OFFICER, code, 1, photo.boxes, seen=reports.cases.get(OFFICER, code).version)


def _photo(story: Story) -> Photo:
    """A drawn street with a hole and a parked motorbike's plate, as a telephone would send it."""
    random = np.random.default_rng(seed_of("report", story.category, story.before_h))
    width, height = 640, 480
    sky = np.linspace((150, 175, 205), (205, 210, 215), height // 2)
    road = np.linspace((95, 95, 98), (125, 123, 120), height - height // 2)
    ground = np.repeat(np.concatenate([sky, road])[:, None, :], width, axis=1)
    picture = Image.fromarray(np.clip(ground + random.normal(0, 5, ground.shape), 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((210, 330, 390, 400), fill=(58, 55, 52), outline=(40, 38, 36), width=4)
    draw.rectangle((470, 250, 590, 420), fill=(60, 40, 45))
    draw.rectangle((488, 330, 572, 392), fill=(248, 248, 248), outline=(25, 25, 25), width=3)
    font = ImageFont.load_default(size=22)
    for line, y in (("93-B1", 346), ("000.00", 374)):
        draw.text((530, y), line, fill=(15, 15, 15), font=font, anchor="mm")
    made = io.BytesIO()
    picture.save(made, "JPEG", quality=90)
    return photos.prepare(made.getvalue())
