"""A FastAPI endpoint that does nothing but return one body: what the framework alone costs.

`serving.py` starts it with uvicorn; the body is read from the file that BARE_BODY names.
"""

import json
import os
from pathlib import Path
from typing import Any

from fastapi import FastAPI


def create_bare() -> FastAPI:
    """Build the app."""
    app = FastAPI()
    body = json.loads(Path(os.environ["BARE_BODY"]).read_text())

    @app.post("/v1/recommendations")
    async def ask(_asked: dict[str, Any]) -> dict[str, Any]:
        return body

    return app
