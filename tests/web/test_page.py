"""What a person sees and does in the first workspace, in a real browser on a real server."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

import twin
from tests.web.conftest import Open, Town, map_settles, on_screen, rendered, served
from tests.web.town import CAMERA, FLOOD_HOURS, GAUGE, LAT, LEVELS, LON, PARCEL, build, level_at
from twin.model.layer import Source
from twin.model.thing import ObservationIn

pytestmark = pytest.mark.browser

VIETNAM = timezone(timedelta(hours=7))


def comma(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".").replace(".", ",")


def station(page: Page) -> Locator:
    return page.get_by_role("button", name="Cầu 11, Suối Rạt")


def test_opening_the_page_shows_the_city_and_says_what_it_is(open_page: Open, town: Town) -> None:
    page = open_page()
    expect(page).to_have_title("Phố thử")
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    expect(page.get_by_text("dữ liệu tổng hợp").first).to_be_visible()
    expect(page.get_by_text("chế độ mở")).to_be_visible()
    expect(page.get_by_label("Hiện lớp Trạm mực nước")).to_be_checked()
    expect(page.locator(".scale")).to_have_text(re.compile(r"^\d+(,\d)? (m|km)$"))
    expect(page.locator(".src")).to_contain_text("Phố thử · cập nhật")
    assert {road["name"] for road in rendered(page, "roads/line")} == {"Đường Lý Thường Kiệt", "Đường Lê Duẩn"}
    strip = page.get_by_label("Độ mới của các nguồn")
    expect(strip.get_by_role("button", name="Trạm mực nước")).to_contain_text("1/1")


def test_a_gauges_chart_is_read_and_grows_as_readings_come(open_page: Open, town: Town) -> None:
    page = open_page()
    expect(station(page)).to_contain_text(f"{comma(round(level_at(1 / 60), 3))} m")
    station(page).click()
    chart = page.get_by_role("img", name="Mực nước.")
    highest = comma(max(v for h, v in LEVELS.items() if h < 24))
    expect(chart).to_have_attribute("aria-label", re.compile(f"lớn nhất {highest},"))
    expect(chart.locator("canvas")).to_be_visible()
    assert inked_pixels(chart) > 300
    with twin.open(town.path) as t:
        number = t.store.datastreams(t.view(), layer="gauges")[0].id
        reading = ObservationIn(number, town.now + timedelta(seconds=1), 4.2)
        t.store.record_observations([reading], Source("connector", "mqtt"))
    expect(chart).to_have_attribute("aria-label", re.compile("lớn nhất 4,2, cuối 4,2"))
    expect(page.locator(".measure").first).to_contain_text("4,2 m")


def inked_pixels(chart: Locator) -> int:
    """How much of a chart's canvas is of the curve's own colour."""
    count: int = chart.locator("canvas").evaluate(
        """(canvas) => {
          const wanted = getComputedStyle(canvas).getPropertyValue("--accent").trim().match(/\\w\\w/g)
            .map((part) => parseInt(part, 16));
          const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
          let count = 0;
          for (let i = 0; i < data.length; i += 4)
            if (data[i + 3] > 200 && wanted.every((c, k) => Math.abs(c - data[i + k]) < 24)) count += 1;
          return count;
        }"""
    )
    return count


def test_a_parcels_zone_is_found_by_its_number_without_diacritics(open_page: Open) -> None:
    page = open_page()
    page.get_by_label("Tìm trên bản đồ").fill("thua 125 to 14 binh phuoc")
    page.get_by_role("option", name="Thửa 125, tờ 14").click()
    answer = page.get_by_label("Quy hoạch", exact=True)
    expect(answer).to_contain_text("71 % đất ở đô thị, 29 % đường giao thông")
    expect(answer).to_contain_text("hiệu lực từ 12/03/2026")
    rows = answer.locator("tbody").first.locator("tr")
    expect(rows.nth(0)).to_contain_text(re.compile(r"Đất ở đô thị.*71,0"))
    expect(rows.nth(1)).to_contain_text(re.compile(r"Đường giao thông.*29,0"))
    expect(answer).to_contain_text("đồ án không quy định")
    expect(answer).to_contain_text("418/QĐ-UBND")
    expect(answer).not_to_contain_text("chủ sử dụng")


def test_overlapping_features_are_a_list_with_their_sources(open_page: Open) -> None:
    page = open_page()
    x, y = PARCEL.centroid.x, PARCEL.centroid.y
    page.mouse.click(*on_screen(page, x, y))
    listed = page.locator(".found__item")
    # The parcel, both zones (the road's lies within the click's reach) and their plan.
    expect(listed).to_have_count(4)
    expect(page.get_by_text("4 đối tượng")).to_be_visible()
    expect(page.locator(".item")).to_contain_text("bản vẽ tay (tệp)")
    page.locator(".found__row", has_text="Ô quy hoạch").first.click()
    expect(page.locator(".item")).to_contain_text("từ 12/03/2026 00:00 đến nay")
    page.get_by_role("button", name="Xem lịch sử").click()
    expect(page.get_by_text("Chỉ có một bản ghi.")).to_be_visible()


def test_the_cursor_takes_the_whole_city_to_the_past_and_says_so(open_page: Open, town: Town) -> None:
    moment = (town.now - timedelta(hours=12)).astimezone(VIETNAM)
    page = open_page()
    page.get_by_role("button", name="Đến lúc").click()
    page.get_by_role("textbox", name=re.compile("Đến lúc")).fill(moment.strftime("%d/%m/%Y %H:%M"))
    page.keyboard.press("Enter")
    banner = page.get_by_role("status").filter(has_text="không phải hiện tại")
    expect(banner).to_contain_text(f"Bạn đang xem {moment:%d/%m/%Y %H:%M}")
    expect(station(page)).to_contain_text(f"{comma(LEVELS[12])} m")
    page.get_by_role("button", name="lúc đó biết").click()
    expect(banner).to_contain_text("Chỉ hiện những gì lúc đó đã biết")
    expect(page.get_by_text("Chưa có thiết bị nào")).to_be_visible()
    page.keyboard.press("Escape")
    expect(banner).to_be_hidden()
    expect(station(page)).to_be_visible()


def test_the_cursor_moves_by_keyboard_and_home_returns_to_now(open_page: Open) -> None:
    page = open_page()
    slider = page.get_by_role("slider", name="Con trỏ thời gian")
    slider.focus()
    before = int(slider.get_attribute("aria-valuenow") or 0)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_text("không phải hiện tại")).to_be_visible()
    after = int(slider.get_attribute("aria-valuenow") or 0)
    assert 1800 <= before - after <= 3600
    page.keyboard.press("Home")
    expect(page.get_by_text("không phải hiện tại")).to_be_hidden()


def test_a_camera_shows_what_it_sees_and_what_it_saw(open_page: Open, town: Town) -> None:
    page = open_page()
    page.get_by_label("Hiện lớp Camera").check()
    page.wait_for_timeout(300)
    map_settles(page)
    page.mouse.click(*on_screen(page, *CAMERA))
    panel = page.locator(".item")
    expect(panel).to_contain_text("Sự kiện camera ghi nhận")
    expect(panel).to_contain_text("Va chạm")
    expect(panel).to_contain_text("Xe dừng lâu")
    map_settles(page)
    east, west = CAMERA[0] + 0.0003, CAMERA[0] - 0.0003
    assert seen_at(page, east, CAMERA[1])
    assert not seen_at(page, west, CAMERA[1])


def seen_at(page: Page, lon: float, lat: float) -> bool:
    """Whether a field of view is drawn over a place."""
    found: bool = page.evaluate(
        """([lon, lat]) => { const map = document.querySelector(".map__canvas").twinMap;
          const layers = ["fields-of-view/fill"];
          return map.queryRenderedFeatures(map.project([lon, lat]), { layers }).length > 0; }""",
        [lon, lat],
    )
    return found


def test_the_flood_plays_over_the_streets_by_the_time_cursor(open_page: Open, town: Town) -> None:
    begin = town.now.replace(minute=0, second=0)
    dry = begin - timedelta(hours=FLOOD_HOURS[0] + 1)
    page = open_page(place=f"#at={dry:%Y-%m-%dT%H:%M:%SZ}")
    place = (LON - 0.0016, LAT - 0.0020)
    before = colour_at(page, *place)
    shades = []
    for hours in FLOOD_HOURS:
        moment = (begin - timedelta(hours=hours) + timedelta(minutes=20)).astimezone(VIETNAM)
        page.get_by_role("button", name="Đến lúc").click()
        page.get_by_role("textbox", name=re.compile("Đến lúc")).fill(moment.strftime("%d/%m/%Y %H:%M"))
        page.keyboard.press("Enter")
        expect(page.get_by_text(f"Bạn đang xem {moment:%d/%m/%Y %H:%M}")).to_be_visible()
        page.wait_for_timeout(600)
        map_settles(page)
        shades.append(sum(colour_at(page, *place)))
    # One hue, deeper is darker by day, and each step can be told from the one before.
    assert sum(before) > shades[0] > shades[1] > shades[2]
    assert colour_at(page, LON + 0.0016, LAT - 0.0020) == before
    legend = page.get_by_label("Chú giải")
    for word in ("Mắt cá chân", "Đầu gối", "Thắt lưng", "Ngang cửa", "Quá cửa"):
        expect(legend).to_contain_text(word)


def colour_at(page: Page, lon: float, lat: float) -> tuple[int, int, int]:
    """Colour of the map itself at a place, by its most frequent pixel around (patterns are drawn in lines)."""
    pixels: list[list[int]] = page.evaluate(
        """([lon, lat]) => { const box = document.querySelector(".map__canvas"); const map = box.twinMap;
          const ratio = map.getCanvas().width / box.clientWidth; const at = map.project([lon, lat]);
          const copy = new OffscreenCanvas(9, 9).getContext("2d");
          copy.drawImage(map.getCanvas(), at.x * ratio - 4, at.y * ratio - 4, 9, 9, 0, 0, 9, 9);
          const { data } = copy.getImageData(0, 0, 9, 9);
          return Array.from({ length: 81 }, (_, i) => [...data.slice(4 * i, 4 * i + 3)]); }""",
        [lon, lat],
    )
    most = max(map(tuple, pixels), key=[tuple(p) for p in pixels].count)
    return most[0], most[1], most[2]


def test_the_page_turns_to_night_and_to_english_and_remembers(open_page: Open) -> None:
    page = open_page()
    page.get_by_role("button", name="Nền tối").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "night")
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("heading", name="Layers")).to_be_visible()
    expect(page).to_have_title("Test town")
    page.reload()
    expect(page.get_by_role("heading", name="Layers")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("data-theme", "night")


def test_viewing_as_a_citizen_hides_what_is_for_staff(open_page: Open) -> None:
    page = open_page()
    expect(page.get_by_label("Hiện lớp Lớp nội bộ")).to_be_visible()
    page.get_by_label("Xem với vai trò").select_option("citizen")
    expect(page.get_by_label("Hiện lớp Lớp nội bộ")).to_be_hidden()
    expect(page.get_by_label("Hiện lớp Thửa đất")).to_be_visible()


def test_a_phone_needs_no_sideways_scrolling_and_large_enough_targets(open_page: Open) -> None:
    page = open_page(width=360, height=780, has_touch=True, is_mobile=True, device_scale_factor=2)
    page.touchscreen.tap(*on_screen(page, *GAUGE))
    expect(page.get_by_role("img", name="Mực nước.")).to_be_visible()
    assert page.evaluate("document.scrollingElement.scrollWidth") == 360
    wide = page.evaluate(
        """[...document.querySelectorAll(".sheet__body *, .top *, .timebar__head *")].filter((e) =>
          e.getBoundingClientRect().right > 361 && !e.closest(".chart")).map((e) => e.className)"""
    )
    assert wide == []
    small: list[Any] = page.evaluate(
        """[...document.querySelectorAll("button, select, input:not([type=checkbox])")]
          .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height < 43.5)
          .map((e) => e.outerHTML.slice(0, 120))"""
    )
    assert small == []


def test_the_map_is_asked_by_keyboard_alone(open_page: Open) -> None:
    page = open_page(place=f"#map=18/{PARCEL.centroid.y}/{PARCEL.centroid.x}")
    page.get_by_role("region", name="Bản đồ thành phố").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 đối tượng")).to_be_visible()
    page.keyboard.press("/")
    expect(page.get_by_label("Tìm trên bản đồ")).to_be_focused()
    page.keyboard.type("ly thuong")
    expect(page.get_by_role("option", name="Đường Lý Thường Kiệt")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator(".found__item--open")).to_contain_text("Đường Lý Thường Kiệt")


def test_a_lost_server_is_said_in_words_and_the_page_keeps_what_it_has(
    open_page: Open, town_store: tuple[Path, datetime], tmp_path: Path
) -> None:
    path = tmp_path / "lost.duckdb"
    build(path, now=town_store[1])
    with served(path) as (url, server):
        page = open_page(url=url)
        expect(station(page)).to_be_visible()
        server.terminate()
        server.wait(20)
        note = page.get_by_role("status").filter(has_text="đang nối lại")
        expect(note).to_contain_text("Mất luồng trực tiếp từ")
        expect(station(page)).to_be_visible()
        page.mouse.click(*on_screen(page, LON, LAT))
        expect(page.get_by_role("alert").first).to_contain_text("Không gọi được máy chủ")
