"""Building models: read from IFC, measured, placed on the map, stored in the twin."""
