"""The pages beside the map, walked in Chromium as the people they are for."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyotp
import pytest
from access_support import MACHINE, staff_of
from PIL import Image
from playwright.sync_api import Browser, Page, expect

import twin
from api.access_settings import AccessSettings, default_rates, parse_rate
from api.app import create_app
from api.serve import running
from api.settings import Settings
from tests.web.conftest import PATIENCE_MS, ROOT, Town, Watched
from tests.web.town import LAT, LON, PARCEL, build
from twin.access.signin import SecondFactorFor
from twin.model.view import RIGHTS, Right, Role

pytestmark = pytest.mark.browser

AXE = ROOT / "api" / "web" / "app" / "node_modules" / "axe-core" / "axe.min.js"
PASSWORD = "một câu đủ dài để nhớ 27"
PUBLIC = ["report", "report/list", "law", "law?tab=changes", "law?tab=calendar", "law/land.use_codes", "verify"]
STAFF = [("cases", "duty_officer"), ("jobs", "integrator")]
ADMIN = [f"admin/{part}" for part in ("doctor", "people", "tokens", "policy", "audit", "retention")]


@pytest.fixture
def visit(browser: Browser, town: Town) -> Iterator[object]:
    """Opens a page in a role; at the end none may have complained or asked anyone else."""
    contexts = []
    watched = Watched(town.url)

    def go(path: str, *, role: str = "", width: int = 1280, height: int = 900, complain: bool = True) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="vi-VN")
        contexts.append(context)
        context.set_default_timeout(PATIENCE_MS)
        page = context.new_page()
        if complain:
            watched.watch(page)
        page.goto(town.url + path)
        if role:
            if width < 900:
                page.get_by_role("button", name="Mục lục").click()
            page.get_by_label("Xem với vai trò").select_option(role)
            if width < 900:
                page.get_by_role("button", name="Đóng").click()
        expect(page.locator("main h1, main h2").first).to_be_visible(timeout=PATIENCE_MS)
        page.wait_for_load_state("load")
        return page

    yield go
    for context in contexts:
        context.close()
    assert watched.complaints == []


def photo() -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (640, 480), (120, 130, 120)).save(held, "JPEG")
    return held.getvalue()


def acting(town: Town, role: str) -> httpx.Client:
    return httpx.Client(base_url=town.url, headers={"X-Twin-Role": role}, timeout=60)


def test_a_citizens_report_is_acknowledged_and_followed(visit, town: Town) -> None:  # type: ignore[no-untyped-def]
    page = visit("report", role="citizen", width=360, height=780)
    page.get_by_role("button", name="Gửi phản ánh").click()
    expect(page.get_by_text("Hãy chọn việc gì.")).to_be_visible()
    page.get_by_text("Chiếu sáng").click()
    page.get_by_text("Nhập tọa độ").click()
    page.get_by_label("Vĩ độ").fill(str(LAT))
    page.get_by_label("Kinh độ").fill(str(LON))
    page.get_by_label("Thêm ảnh").set_input_files({"name": "den.jpg", "mimeType": "image/jpeg", "buffer": photo()})
    page.get_by_role("textbox", name="Mô tả").fill("Đèn tắt ba đêm liền trước số nhà 27")
    page.get_by_role("button", name="Gửi phản ánh").click()
    expect(page.get_by_text("Đã nhận phản ánh")).to_be_visible()
    code = page.locator(".receipt__code").inner_text()
    page.get_by_role("link", name="Theo dõi phản ánh").click()
    expect(page.get_by_text("chờ cán bộ tiếp nhận")).to_be_visible()

    desk = visit(f"cases/{code}", role="duty_officer")
    desk.get_by_role("button", name="Tiếp nhận", exact=True).click()
    desk.locator("form").get_by_role("button", name="Tiếp nhận", exact=True).click()
    expect(desk.get_by_text("Đã ghi: Tiếp nhận.")).to_be_visible()
    desk.get_by_role("button", name="Công khai ảnh đã che").click()
    expect(desk.get_by_text("đang công khai")).to_be_visible()

    page.reload()
    expect(page.get_by_role("heading", name="Chiếu sáng")).to_be_visible()
    expect(page.get_by_text("Hẹn xong")).to_be_visible()
    expect(page.get_by_role("img", name="Ảnh 1 của phản ánh")).to_be_visible()


def test_the_slower_officer_keeps_what_was_typed_and_sees_what_changed(visit, town: Town) -> None:  # type: ignore[no-untyped-def]
    with acting(town, "citizen") as citizen:
        sent = citizen.post(
            "app/reports",
            files={"category": (None, "GT"), "text": (None, "Ổ gà"), "lon": (None, str(LON + 0.002)),
                   "lat": (None, str(LAT))},
        ).json()  # fmt: skip
    page = visit(f"cases/{sent['code']}", role="duty_officer", complain=False)
    page.get_by_role("button", name="Không tiếp nhận").click()
    form = page.get_by_role("form", name="Không tiếp nhận")
    form.get_by_role("textbox", name="Lý do").last.fill("Trùng với việc đã làm hôm qua")
    with acting(town, "operator") as other:
        seen = other.get(f"app/cases/{sent['code']}").json()
        body = {"transition": "accept", "seen": seen["version"]}
        assert other.post(f"app/cases/{sent['code']}/act", json=body).status_code == 200
    for box in form.get_by_role("textbox").all():
        if box.input_value() == "":
            box.fill("Đã có người xử lý")
    form.get_by_role("button", name="Không tiếp nhận").click()
    warned = page.get_by_role("alert").filter(has_text="Có người vừa nhanh hơn bạn")
    expect(warned).to_contain_text("Tiếp nhận")
    expect(form.get_by_role("textbox", name="Lý do").last).to_have_value("Trùng với việc đã làm hôm qua")
    page.get_by_role("button", name="Vẫn thực hiện trên bản mới").click()
    form.get_by_role("button", name="Không tiếp nhận").click()
    expect(page.get_by_text("Đã ghi: Không tiếp nhận.")).to_be_visible()


def test_an_imports_progress_ends_in_its_report(visit, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    points = tmp_path / "cot.csv"
    points.write_text("id,ten,lon,lat\n1,Cột 1,106.9,11.53\n2,Cột 2,106.901,11.53\n", encoding="utf-8")
    page = visit("jobs", role="integrator")
    page.get_by_label("Tệp", exact=True).set_input_files(points)
    page.get_by_label("Tên lớp").fill("cot_den")
    page.get_by_label("Cột định danh").fill("id")
    page.get_by_role("button", name="Nạp", exact=True).click()
    expect(page.get_by_role("heading", name=re.compile("cot.csv"))).to_be_visible()
    expect(page.locator(".pagehead").get_by_text(re.compile("^(xong|lỗi)$"))).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("link", name="Về danh sách").click()
    expect(page.get_by_role("link", name=re.compile("cot.csv"))).to_be_visible()


def test_rules_are_found_without_diacritics_and_say_what_changes_when(visit) -> None:  # type: ignore[no-untyped-def]
    page = visit("law")
    page.get_by_role("searchbox", name="Tìm quy định").fill("mat do xay dung")
    link = page.get_by_role("link", name="Mật độ xây dựng thuần tối đa của nhà ở riêng lẻ")
    expect(link).to_be_visible()
    link.click()
    expect(page.get_by_text("QCVN 01:2021/BXD").first).to_be_visible()
    expect(page.get_by_text("Đã đọc trong chính văn bản")).to_be_visible()
    page.goto(page.url.rsplit("/law", 1)[0] + "/law?tab=changes")
    expect(page.get_by_role("heading", name="01/01/2027")).to_be_visible()
    expect(page.get_by_role("heading", name="15/12/2026")).to_be_visible()


def test_a_genuine_paper_is_told_from_an_altered_one(visit, town: Town, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    wanted = {"template": "planning_extract", "inputs": {"lon": PARCEL.centroid.x, "lat": PARCEL.centroid.y}}
    with acting(town, "planner") as planner:
        issued = planner.post("app/documents", json=wanted)
        assert issued.status_code == 201, issued.text
        pdf = planner.get(issued.json()["pdf"].lstrip("/")).content
    page = visit("verify", width=360, height=780)
    send = page.get_by_label("Chọn tệp PDF")
    send.set_input_files({"name": "trich.pdf", "mimeType": "application/pdf", "buffer": pdf})
    expect(page.get_by_role("heading", name="Văn bản thật, còn nguyên vẹn")).to_be_visible()
    expect(page.locator(".verdict")).to_contain_text(issued.json()["id"])
    middle = len(pdf) // 2
    altered = pdf[:middle] + bytes([pdf[middle] ^ 1]) + pdf[middle + 1 :]
    send.set_input_files({"name": "trich.pdf", "mimeType": "application/pdf", "buffer": altered})
    expect(page.get_by_role("heading", name="Nội dung đã bị sửa sau khi phát hành")).to_be_visible()
    scanned = visit(f"verify#{issued.json()['token']}", width=360, height=780)
    expect(scanned.get_by_role("heading", name="Văn bản thật, còn nguyên vẹn")).to_be_visible()
    page.get_by_label("Hoặc dán chuỗi trong mã QR").fill(issued.json()["token"])
    page.get_by_role("button", name="Kiểm tra", exact=True).click()
    expect(page.get_by_role("heading", name="Văn bản thật, còn nguyên vẹn")).to_be_visible()


def test_a_page_that_a_role_may_not_use_names_the_roles_that_may(visit) -> None:  # type: ignore[no-untyped-def]
    page = visit("cases", role="citizen")
    main = page.get_by_role("main")
    expect(main.get_by_role("button", name="Trực ban", exact=True)).to_be_visible()
    expect(main.get_by_role("button", name="Quản trị", exact=True)).to_have_count(0)
    main.get_by_role("button", name="Trực ban", exact=True).click()
    expect(page.get_by_role("heading", name="Hàng chờ")).to_be_visible()


def test_the_page_knows_who_has_a_right_as_the_server_does() -> None:
    text = (ROOT / "api/web/app/src/shell/NoRight.tsx").read_text(encoding="utf-8")
    held = {
        right: re.findall(r'"(\w+)"', roles) for right, roles in re.findall(r"^  (\w+): \[(.*)\],$", text, re.MULTILINE)
    }
    assert held == {right.value: [role.value for role in RIGHTS if right in RIGHTS[role]] for right in Right}


def test_the_planning_answer_is_taken_home_as_a_paper_that_verifies(open_page, town: Town) -> None:  # type: ignore[no-untyped-def]
    middle = PARCEL.centroid
    page = open_page(place=f"#map=17/{middle.y}/{middle.x}&here={middle.x},{middle.y}")
    with page.expect_download() as taken:
        page.get_by_role("button", name="Bản trích (PDF)").click()
    assert re.fullmatch(r"planning_extract-.+[.]pdf", taken.value.suggested_filename)
    told = httpx.post(town.url + "app/verify", content=taken.value.path().read_bytes(), timeout=60).json()
    assert told["outcome"] == "valid"


def test_an_administrator_sees_who_loses_before_a_policy_is_published(visit) -> None:  # type: ignore[no-untyped-def]
    page = visit("admin/policy", role="administrator")
    page.get_by_role("button", name="Sửa", exact=True).click()
    box = page.get_by_label("Chính sách (JSON)")
    policy = json.loads(box.input_value())
    policy["roles"]["citizen"]["except"] = ["parcels"]
    box.fill(json.dumps(policy))
    page.get_by_role("button", name="Chạy thử").click()
    lost = page.get_by_role("row").filter(has_text="Người dân").filter(has_text="parcels")
    expect(lost.first).to_be_visible()


@pytest.mark.parametrize("path", [*PUBLIC, *(p for p, _ in STAFF), *ADMIN])
def test_a_page_fits_a_phone_and_keeps_the_rules_of_access(visit, path: str) -> None:  # type: ignore[no-untyped-def]
    role = dict(STAFF).get(path, "administrator" if path in ADMIN else "")
    page = visit(path, role=role, width=360, height=780)
    page.wait_for_timeout(1200)
    assert page.evaluate("document.scrollingElement.scrollWidth") == 360
    assert AXE.is_file(), "axe-core is not installed: run `make web`"
    page.evaluate(AXE.read_text(encoding="utf-8"))
    tags = json.dumps(["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"])
    found = page.evaluate(f"axe.run(document, {{ runOnly: {tags} }}).then((r) => r.violations)")
    assert [(one["id"], one["nodes"][0]["html"][:160]) for one in found] == []


@pytest.fixture
def closed(town_store: tuple[Path, object], tmp_path: Path) -> Iterator[str]:
    """A closed town with people; the duty officer has a password and a second factor is asked of everybody."""
    path = tmp_path / "closed.duckdb"
    build(path, now=town_store[1])  # type: ignore[arg-type]
    with twin.open(path) as t:
        staff = staff_of(t)
        secret, _ = staff.desk.accounts.start_reset(MACHINE, "duty_officer")
        staff.desk.sign_in.reset_password(secret, PASSWORD)
        wide = {name: parse_rate("100000/second", where=name) for name in default_rates()}
        entry = AccessSettings(rates=wide, second_factor=SecondFactorFor.NOBODY)
        settings = Settings(store=str(path), http_port=0, access="closed", entry=entry)
        assert staff.people[Role.DUTY_OFFICER]
        with running(create_app(t, settings), settings) as url:
            yield url.rstrip("/") + "/"


def test_signing_in_with_a_second_factor_and_out(closed: str, browser: Browser) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 780}, locale="vi-VN")
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()

    def enter(password: str) -> None:
        page.get_by_label("Tài khoản").fill("duty_officer")
        page.get_by_label("Mật khẩu").fill(password)
        page.get_by_role("main").get_by_role("button", name="Đăng nhập").click()

    page.goto(closed + "sign-in?next=account")
    enter("không phải mật khẩu")
    expect(page.get_by_role("alert")).to_contain_text("Tài khoản, mật khẩu hoặc mã không đúng")
    enter(PASSWORD)
    expect(page.get_by_role("heading", name="Người duty_officer")).to_be_visible()
    page.get_by_role("button", name="Thiết lập").click()
    secret = page.locator("form code").inner_text()
    expect(page.get_by_role("img", name="Quét mã này")).to_be_visible()
    page.get_by_label("Mã đang hiện trong ứng dụng").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Xác nhận").click()
    expect(page.get_by_text("Lớp thứ hai đã bật.")).to_be_visible()
    recovery = page.locator(".recovery li").first.inner_text()
    with page.expect_response(lambda answer: answer.request.method == "DELETE"):
        page.get_by_role("button", name="Đăng xuất").click()

    page.goto(closed + "sign-in?next=cases")
    enter(PASSWORD)
    expect(page.get_by_text("Tài khoản này có lớp xác thực thứ hai")).to_be_visible()
    page.get_by_label("Mã lớp hai").fill(recovery)
    page.get_by_role("main").get_by_role("button", name="Đăng nhập").click()
    expect(page.get_by_role("heading", name="Hàng chờ")).to_be_visible()
    context.close()
