"""Scenarios that run through both engines, the workflow runner and `mlp run`, with the same assertions on every job's result."""

import pytest

ACT, LOCAL = "act", "mlp run"
both = pytest.mark.parametrize("engine", [ACT, LOCAL], indirect=True)
# The second one costs more than it shows beyond the others.
both_in_full = pytest.mark.parametrize("engine", [ACT, pytest.param(LOCAL, marks=pytest.mark.extra)], indirect=True)
