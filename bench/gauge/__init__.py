"""The parts of `make bench`: one module per concept, the standard library only."""
