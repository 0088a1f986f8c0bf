"""What cameras detect, in Vietnamese and English, and the makers' vehicle classes in one vocabulary."""

from __future__ import annotations

LABELS: dict[str, tuple[str, str]] = {
    "person": ("Người", "Person"),
    "bicycle": ("Xe đạp", "Bicycle"),
    "motorcycle": ("Xe máy", "Motorcycle"),
    "car": ("Ô tô", "Car"),
    "bus": ("Xe buýt", "Bus"),
    "truck": ("Xe tải", "Truck"),
    "van": ("Xe tải van", "Van"),
    "boat": ("Thuyền", "Boat"),
    "dog": ("Chó", "Dog"),
    "cat": ("Mèo", "Cat"),
    "vehicle": ("Phương tiện", "Vehicle"),
}

# ISAPI vehicleType words as met in messages of integrations → our label.
VEHICLE_TYPES: dict[str, str] = {
    "SUVMPV": "car",
    "vehicle": "car",
    "largeBus": "bus",
    "mediumBus": "bus",
    "bus": "bus",
    "truck": "truck",
    "smallTruck": "truck",
    "pickupTruck": "truck",
    "van": "van",
    "buggy": "van",
    "twoWheelVehicle": "motorcycle",
    "threeWheelVehicle": "vehicle",
    "pedestrian": "person",
}


def titles(label: str) -> tuple[str, str]:
    """Vietnamese and English name; the label itself where it has none."""
    return LABELS.get(label, (label, label))
