# One image for the API, the worker and the migrations; the command tells them apart. The local stack and the sandbox stay
# out: production has neither.
FROM python:3.11-slim AS build
WORKDIR /app
# The lock first: the layer with the dependencies stays while only our own code changes.
COPY requirements.lock ./
RUN python -m venv /venv \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY certlink certlink
COPY web web
COPY api api
COPY workers workers
COPY domain domain
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin certlink
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    CERTLINK_LOG_FORMAT=json
WORKDIR /tmp
USER certlink
EXPOSE 8000
STOPSIGNAL SIGTERM
ENTRYPOINT ["certlink"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
