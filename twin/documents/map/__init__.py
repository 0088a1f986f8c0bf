"""Maps on paper: drawn in a VN-2000 zone, to a true scale."""
