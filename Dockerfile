# syntax=docker/dockerfile:1
# Two images of one source. `web` can neither hear audio nor read feeds: it has no speech
# recognition, no ffmpeg and no workers. `worker` has all of it; its ffmpeg comes from the
# locked packages. Neither holds weights: compose's `setup` fetches those that are chosen.

FROM python:3.11-slim-trixie AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ONLY_BINARY=:all: \
    PIP_ROOT_USER_ACTION=ignore \
    HOME=/tmp \
    EARMARK_STORE_URL=/var/lib/earmark/store \
    EARMARK_MODELS_DIR=/var/lib/earmark/models \
    EARMARK_SPOOL_DIR=/tmp/spool
RUN groupadd --gid 10001 earmark \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin earmark \
    && install --directory --owner=earmark --group=earmark \
        /var/lib/earmark /var/lib/earmark/store /var/lib/earmark/models
WORKDIR /srv/earmark

# What pages need of others' scripts, by npm as its lock file pins it.
FROM node:24-trixie-slim AS packages
WORKDIR /packages
COPY app/web/package.json app/web/package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
    && sha256sum package-lock.json > lock.sha256 \
    && mkdir --parents "/installed/$(cut -c 1-12 lock.sha256)" \
    && mv node_modules "/installed/$(cut -c 1-12 lock.sha256)/"

FROM base AS web
ENV EARMARK_PACKAGES_DIR=/usr/local/share/earmark/packages
COPY requirements-web.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements-web.lock
COPY LICENSE README.md pyproject.toml ./
COPY mappings mappings
COPY app app
RUN pip install --no-cache-dir --no-deps .
COPY --from=packages /installed /usr/local/share/earmark/packages
USER 10001:10001
EXPOSE 8000
# One process of many threads, so that /metrics tells of every request.
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--threads", "16", \
     "--limit-request-line", "8190", "--worker-tmp-dir", "/dev/shm", "--no-control-socket", \
     "--access-logfile", "-", \
     "app.web:create_app()"]

FROM base AS worker
COPY requirements.lock ./
RUN pip install --no-cache-dir --require-hashes -r requirements.lock
COPY LICENSE README.md pyproject.toml ./
COPY mappings mappings
COPY app app
COPY workers workers
RUN pip install --no-cache-dir --no-deps .
USER 10001:10001
CMD ["celery", "-A", "workers.celery", "worker", "--loglevel", "INFO", \
     "-Q", "feeds,index,fetch,transcribe,query", "-n", "worker@%h"]
