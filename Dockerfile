# The bot in one image; the same image also serves as the Chroma server that replicas share (`chroma run`).
#
#   docker build -t agentops:0.1.0 .
#
# A tag can be moved. To build on exactly one base, give the digest that `docker images --digests python` shows after a
# pull: docker build --build-arg BASE=python:3.11-slim@sha256:<64 hexadecimal characters> -t agentops:0.1.0 .
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
WORKDIR /src
RUN python -m venv --without-pip /opt/agentops && python -m venv /opt/build
# What builds and installs stays behind in this stage. Every package is held against a hash.
COPY requirements-setup.lock ./
RUN /opt/build/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements-setup.lock
COPY requirements.lock requirements-dev.lock ./
# What the bot can do without more settings or keys of others: charts in threads (matplotlib), training data and files for
# `agentops drift` in Parquet (polars), MCP servers (mcp), servers of your own that speak chat completions (openai, tiktoken). They
# are extras, so their versions and hashes stand in the larger lock. Clients of other language models stand in no lock:
# add one in an image of your own, FROM this one.
RUN /opt/build/bin/uv pip install --no-cache --python /opt/agentops/bin/python --compile-bytecode --require-hashes \
        -r requirements.lock \
    && /opt/build/bin/uv pip install --no-cache --python /opt/agentops/bin/python --compile-bytecode --require-hashes \
        --constraint requirements-dev.lock $(grep -oE '^(matplotlib|mcp|openai|polars|tiktoken)==[^ ]+' requirements-dev.lock)
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY agents agents
COPY tools tools
COPY incidents incidents
COPY sandbox sandbox
COPY runbooks runbooks
COPY manifests manifests
RUN VIRTUAL_ENV=/opt/build /opt/build/bin/uv build --no-cache --wheel --no-build-isolation --out-dir /tmp/wheel \
    && /opt/build/bin/uv pip install --no-cache --python /opt/agentops/bin/python --compile-bytecode --no-deps \
        /tmp/wheel/agentops-*.whl

FROM ${BASE}
# Numbers, so that Kubernetes can see that this is not root. The data folder is the only one of theirs.
RUN groupadd --gid 10001 agentops \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin agentops \
    && install -d -o 10001 -g 10001 -m 0750 /var/lib/agentops
COPY --from=build /opt/agentops /opt/agentops
# Nothing is written but to the data folder and /tmp: the rest of the file system may be read-only.
ENV PATH=/opt/agentops/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
    AGENTOPS_HOST=0.0.0.0 \
    AGENTOPS_PORT=8080 \
    AGENTOPS_DATA_DIR=/var/lib/agentops
USER 10001:10001
WORKDIR /var/lib/agentops
VOLUME /var/lib/agentops
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=6 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['AGENTOPS_PORT'] + '/healthz', timeout=3)"]
ENTRYPOINT ["agentops"]
CMD ["serve"]
