"""Makes the learner of these tests known to them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
