"""SensorThings API 1.1."""
