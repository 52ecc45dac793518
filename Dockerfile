# Rescind in an image of its own: one static program, no shell, no package, and nobody is root.
#
#   docker build --tag rescind .
#   docker run --detach --name rescind --publish 127.0.0.1:8080:8080 --volume rescind:/data \
#     --env RESCIND_ISSUER=http://127.0.0.1:8080 --read-only --cap-drop ALL --security-opt no-new-privileges rescind
#   docker logs rescind        # the operator's first password
#
# Built with BuildKit. How it is checked, and what was not tried: see deploy/README.md.

FROM rust:1.95-slim-bookworm AS builder

# Whatever version of musl-gcc the distribution has: the C library comes with Rust.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends musl-tools \
    && rm -rf /var/lib/apt/lists/* \
    && rustup target add "$(uname -m)-unknown-linux-musl"

WORKDIR /rescind
COPY . .

# The very command that release archives are made by. It fails where the program is not static.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/rescind/target \
    cargo xtask dist --program /image/rescind \
    && mkdir --mode=0700 /image/data

FROM scratch

LABEL org.opencontainers.image.title="Rescind" \
    org.opencontainers.image.description="A token authority: JWTs that can be taken back" \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.licenses="MIT OR Apache-2.0"

# For databases, caches and collectors that are spoken to by TLS.
COPY --from=builder /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=builder /image/rescind /usr/local/bin/rescind
# SQLite's file and the master key; nothing is kept here where the store is PostgreSQL.
COPY --from=builder --chown=65532:65532 /image/data /data

ENV PATH=/usr/local/bin \
    RESCIND_DATA_DIR=/data \
    RESCIND_LISTEN=0.0.0.0:8080

USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8080

# Whether it is alive. Not whether it is ready: one that has lost its database still checks tokens, and must not be restarted for that.
HEALTHCHECK --interval=10s --timeout=7s --start-period=30s --retries=3 CMD ["rescind", "healthcheck"]

ENTRYPOINT ["rescind"]
CMD ["serve"]
