# The build stage holds pip and the sources; the image that runs holds neither.
FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements/celery.lock requirements/celery.lock
RUN python -m venv /opt/pulse-mailer \
 && /opt/pulse-mailer/bin/pip install --no-cache-dir --no-deps --require-hashes --requirement requirements/celery.lock
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY frontend frontend
COPY templates templates
COPY migrations migrations
COPY pulse_mailer pulse_mailer
RUN /opt/pulse-mailer/bin/pip install --no-cache-dir --no-deps . \
 && /opt/pulse-mailer/bin/pip uninstall --yes pip

FROM python:3.12-slim
RUN useradd --system --uid 10001 --no-create-home --home-dir /data pulse \
 && install --directory --owner=pulse --group=pulse --mode=0700 /data
COPY --from=build /opt/pulse-mailer /opt/pulse-mailer
ENV PATH=/opt/pulse-mailer/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PULSE_MAILER_DATA_DIR=/data
USER 10001
WORKDIR /data
VOLUME /data
EXPOSE 8025
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8025/healthz/ready', timeout=4)"]
ENTRYPOINT ["pulse-mailer"]
CMD ["serve", "--host", "0.0.0.0"]
