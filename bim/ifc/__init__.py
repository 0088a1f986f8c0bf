"""The only place that knows the IFC library; what it hands out are plain records."""
