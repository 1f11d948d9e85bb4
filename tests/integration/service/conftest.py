"""Makes the fixtures of the service's tests known."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from service_fixtures import academy, client, everywhere, settings, settings_on  # noqa: F401
