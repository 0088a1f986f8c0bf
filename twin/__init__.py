"""Urban digital twin: the spatial core. Start with :func:`twin.open`."""
