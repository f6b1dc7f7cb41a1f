# Lifeboat's bot: docs/operations.md says how it is run. Build it from this folder:
#
#   docker build -t lifeboat .
FROM python:3.12-slim-trixie AS built
WORKDIR /src
COPY pyproject.toml constraints.txt README.md ./
COPY bot bot
COPY commands commands
COPY storage storage
COPY sandbox sandbox
RUN python -m venv /opt/lifeboat \
 && /opt/lifeboat/bin/pip install --no-cache-dir --disable-pip-version-check -c constraints.txt .

FROM python:3.12-slim-trixie
# The engine needs it with this Python; an older base would only tell when the bot starts.
RUN python -c 'import sqlite3, sys; sys.exit(sqlite3.sqlite_version_info < (3, 42))'
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/lifeboat lifeboat \
 && install -d -o lifeboat -g lifeboat -m 700 /var/lib/lifeboat
COPY --from=built /opt/lifeboat /opt/lifeboat
ENV PATH=/opt/lifeboat/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LIFEBOAT_SETTINGS=/etc/lifeboat/lifeboat.toml \
    LIFEBOAT_HEALTH_PORT=9464
USER 10001
WORKDIR /var/lib/lifeboat
# What is in flight, and the vault if it is a folder: docs/operations.md says what may be lost.
VOLUME /var/lib/lifeboat
# Needs [health] on = true in the settings. It is asked for inside of the container.
HEALTHCHECK --interval=30s --timeout=5s --start-period=90s --retries=3 \
  CMD ["python", "-c", "import http.client as h, os, sys; c = h.HTTPConnection('127.0.0.1', int(os.environ['LIFEBOAT_HEALTH_PORT']), timeout=4); c.request('GET', '/healthz'); a = c.getresponse(); print(a.read().decode()); sys.exit(a.status != 200)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["lifeboat"]
CMD ["run", "--log-format", "json"]
