# syntax=docker/dockerfile:1
FROM python:3.13-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir "uv==0.13.9"
WORKDIR /app
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN uv venv /app/.venv \
    && uv pip install --python /app/.venv/bin/python --constraints requirements.lock \
        --requirements pyproject.toml
COPY features ./features
COPY training ./training
COPY service ./service
RUN uv pip install --python /app/.venv/bin/python --no-deps .

FROM python:3.13-slim-bookworm AS run
RUN apt-get update \
    && apt-get install --yes --no-install-recommends "libgomp1=12.*" \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 waymark \
    && install --directory --owner=waymark /data /data/mlruns
COPY --from=build /app/.venv /app/.venv
ENV PATH="/app/.venv/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    WAYMARK_HOST=0.0.0.0 \
    WAYMARK_PORT=8000
USER 10001
WORKDIR /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['WAYMARK_PORT'] + '/healthz', timeout=2)"]
ENTRYPOINT ["waymark"]
CMD ["serve"]
