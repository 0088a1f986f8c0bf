"""Reference systems and measuring on the ellipsoid."""
