"""Why a test of scikit-learn's cannot pass: a reason, and the names of the tests it holds for."""

from __future__ import annotations

import re

REASONS: list[tuple[str, re.Pattern[str]]] = []
