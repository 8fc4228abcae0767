# syntax=docker/dockerfile:1
# Small, not root, nothing written at run time: it works with a read-only root file system.
FROM python:3.12-slim AS build
WORKDIR /build
COPY requirements/relay.txt requirements/embedded.txt ./requirements/
RUN python -m venv /opt/relay \
    && /opt/relay/bin/pip install --no-cache-dir --require-hashes --requirement requirements/relay.txt
COPY pyproject.toml README.md LICENSE ./
COPY relay ./relay
# The build tool comes from the lock, too, into a place that is not copied.
RUN python -m venv /tmp/builder \
    && /tmp/builder/bin/pip install --no-cache-dir --require-hashes --requirement requirements/embedded.txt \
    && /tmp/builder/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /tmp/wheels . \
    && /opt/relay/bin/pip install --no-cache-dir --no-deps --no-index /tmp/wheels/*.whl

FROM python:3.12-slim
ENV PATH=/opt/relay/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
COPY --from=build /opt/relay /opt/relay
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin relay
USER 10001
WORKDIR /etc/relay
EXPOSE 8080
# Longer than the 30 seconds in which the relay ends after SIGTERM.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ.get('RELAY_HTTP__PORT', '8080')}/live\", timeout=2)"]
ENTRYPOINT ["relay"]
CMD ["run"]
