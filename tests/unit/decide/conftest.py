"""Makes the hand-made academy importable as a fixture module."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
