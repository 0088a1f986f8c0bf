"""The country on the overview map: a few dozen points drawn by hand, and the names everybody must find there."""

from __future__ import annotations

import shapely

from twin.model.layer import FeatureChange

_MAINLAND = (
    (108.05, 21.5), (107.1, 20.9), (106.75, 20.6), (106.6, 20.2), (106.0, 19.9), (105.85, 19.5), (105.7, 18.9),
    (106.4, 18.1), (106.5, 17.75), (106.7, 17.4), (107.2, 16.9), (107.8, 16.5), (108.3, 16.1), (108.75, 15.4),
    (109.05, 14.6), (109.3, 13.7), (109.4, 12.8), (109.25, 12.2), (109.15, 11.6), (108.5, 11.05), (108.05, 10.85),
    (107.1, 10.4), (106.75, 10.3), (106.7, 9.8), (106.2, 9.4), (105.5, 9.1), (104.75, 8.6), (104.8, 9.3),
    (105.0, 9.9), (104.5, 10.4), (105.05, 10.9), (105.8, 10.95), (105.85, 11.3), (105.9, 11.65), (106.45, 11.7),
    (106.45, 11.98), (107.4, 12.3), (107.55, 12.8), (107.5, 13.6), (107.45, 14.3), (107.5, 14.7), (107.65, 15.3),
    (107.2, 15.8), (107.4, 16.1), (106.7, 16.5), (106.55, 16.7), (106.25, 17.2), (105.75, 17.65), (105.2, 18.3),
    (104.5, 18.8), (103.9, 19.3), (104.6, 19.65), (104.9, 20.2), (104.5, 20.4), (103.7, 20.7), (103.1, 20.85),
    (102.9, 21.3), (102.2, 22.4), (102.9, 22.5), (103.5, 22.75), (103.95, 22.5), (104.7, 22.85), (105.3, 23.35),
    (105.9, 22.95), (106.7, 22.85), (106.7, 22.2), (106.75, 21.95), (107.4, 21.65),
)  # fmt: skip

HOANG_SA, TRUONG_SA = "Quần đảo Hoàng Sa (Đà Nẵng)", "Quần đảo Trường Sa (Khánh Hòa)"

_ISLANDS = {
    "phu-quoc": ("Phú Quốc", "Phu Quoc", ((104.0, 10.2),), 0.16),
    "con-dao": ("Côn Đảo", "Con Dao", ((106.6, 8.69),), 0.07),
    "hoang-sa": (HOANG_SA, "Hoang Sa archipelago (Da Nang)",
                 ((111.6, 16.53), (111.75, 16.45), (112.33, 16.83), (112.3, 16.95), (111.2, 15.78)), 0.07),
    "truong-sa": (TRUONG_SA, "Truong Sa archipelago (Khanh Hoa)",
                  ((111.92, 8.64), (114.33, 9.88), (114.32, 11.43), (114.36, 10.38), (112.92, 8.85), (114.48, 10.72),
                   (113.84, 7.88), (115.8, 9.9)), 0.07),
}  # fmt: skip

_NAMES = (
    ("ha-noi", "Hà Nội", "Hanoi", 105.84, 21.03, 1), ("hue", "Huế", "Hue", 107.59, 16.46, 2),
    ("da-nang", "Đà Nẵng", "Da Nang", 108.2, 16.05, 1), ("khanh-hoa", "Khánh Hòa", "Khanh Hoa", 109.05, 12.25, 2),
    ("tp-hcm", "TP. Hồ Chí Minh", "Ho Chi Minh City", 106.7, 10.78, 1),
    ("can-tho", "Cần Thơ", "Can Tho", 105.78, 10.03, 2),
    ("dong-nai", "Đồng Nai", "Dong Nai", 107.1, 11.15, 2), ("dong-xoai", "Đồng Xoài", "Dong Xoai", 106.89, 11.53, 2),
    ("bien-dong", "Biển Đông", "East Sea", 112.3, 13.6, 1),
    ("hoang-sa", HOANG_SA, "Hoang Sa archipelago (Da Nang)", 112.0, 16.5, 1),
    ("truong-sa", TRUONG_SA, "Truong Sa archipelago (Khanh Hoa)", 114.0, 10.0, 1),
)  # fmt: skip


def provinces_overview() -> list[FeatureChange]:
    """Mainland and islands as schematic areas. [WGS 84]"""
    mainland = shapely.Polygon(_MAINLAND)
    changes = [FeatureChange("viet-nam", mainland, {"name": "Việt Nam", "name_en": "Viet Nam"})]
    for fid, (name, name_en, places, size) in _ISLANDS.items():
        dots = shapely.union_all([shapely.Point(p).buffer(size, quad_segs=3) for p in places])
        changes.append(FeatureChange(fid, dots, {"name": name, "name_en": name_en}))
    return changes


def place_names() -> list[FeatureChange]:
    """Names over the country. [WGS 84]"""
    return [
        FeatureChange(fid, shapely.Point(lon, lat), {"name": name, "name_en": name_en, "rank": rank})
        for fid, name, name_en, lon, lat, rank in _NAMES
    ]
