"""The demonstration city: Đồng Xoài in miniature, wholly synthetic, built the same way every time."""
