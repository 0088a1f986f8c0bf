"""Documents people keep: typeset, drawn to scale, signed, verifiable without the twin."""
