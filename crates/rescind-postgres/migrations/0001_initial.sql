-- Points in time are milliseconds since the Unix epoch, in UTC.

-- One row: what outlives every purge.
CREATE TABLE head (
    id           integer PRIMARY KEY CHECK (id = 1),
    -- The highest `seq` ever given out, and the tag of the batch that wrote it.
    seq          bigint  NOT NULL DEFAULT 0,
    tag          bytea   NOT NULL DEFAULT '\x00000000000000000000000000000000' CHECK (length(tag) = 16),
    -- The highest `seq` that was ever purged.
    purged_seq   bigint  NOT NULL DEFAULT 0,
    keys_version bigint  NOT NULL DEFAULT 0,
    -- Not below the `exp` of any access token ever minted.
    horizon      bigint  NOT NULL DEFAULT 0
) WITH (fillfactor = 10);
INSERT INTO head (id) VALUES (1);

-- Each committed batch that wrote ledger entries.
CREATE TABLE batches (
    last_seq bigint PRIMARY KEY,
    tag      bytea  NOT NULL CHECK (length(tag) = 16),
    at       bigint NOT NULL
);
CREATE INDEX batches_age ON batches (at);

CREATE TABLE ledger (
    seq          bigint PRIMARY KEY,
    kind         text   NOT NULL,
    -- The bytes of a UUID, of a digest, or of a text: a kid, or a jti that is no UUID.
    key          bytea  NOT NULL,
    spelled      boolean NOT NULL,
    -- The tenant whose tokens the mark kills; NULL: everybody's.
    tenant_id    uuid,
    -- The same, but for a tenant's mark that tenant itself: what a tenant's entries are listed by.
    about_tenant uuid,
    user_id      uuid,
    min_version  bigint,
    expires_at   bigint NOT NULL,
    revoked_at   bigint NOT NULL,
    reason       text,
    revoked_by   text   NOT NULL
);
CREATE INDEX ledger_identity ON ledger (key, kind, seq);
CREATE INDEX ledger_expiry ON ledger (expires_at);
CREATE INDEX ledger_tenant ON ledger (about_tenant, seq) WHERE about_tenant IS NOT NULL;
CREATE INDEX ledger_user ON ledger (user_id, seq) WHERE user_id IS NOT NULL;

CREATE TABLE tenants (
    id            uuid    PRIMARY KEY,
    slug          text    NOT NULL CONSTRAINT tenants_slug UNIQUE,
    name          text    NOT NULL,
    suspended     boolean NOT NULL DEFAULT false,
    token_version bigint  NOT NULL,
    session_floor bigint  NOT NULL,
    created_at    bigint  NOT NULL
);
CREATE INDEX tenants_age ON tenants (created_at, id);

-- A deleted user stays as a tombstone, so that its id never comes back with a lower version.
CREATE TABLE users (
    tenant_id       uuid    NOT NULL REFERENCES tenants (id),
    id              uuid    NOT NULL,
    email           text,
    role            text,
    password        text,
    disabled        boolean NOT NULL DEFAULT false,
    token_version   bigint  NOT NULL,
    session_floor   bigint  NOT NULL,
    -- How many sessions were ever opened: the number of the last one.
    sessions_opened bigint  NOT NULL DEFAULT 0,
    created_at      bigint  NOT NULL,
    deleted_at      bigint,
    PRIMARY KEY (tenant_id, id),
    CHECK ((deleted_at IS NULL) = (email IS NOT NULL)),
    CHECK ((deleted_at IS NULL) = (role IS NOT NULL)),
    CHECK (deleted_at IS NULL OR password IS NULL)
) WITH (fillfactor = 85);
-- The collation makes lower() blind to ASCII case and to nothing else, whatever the database's locale.
CREATE UNIQUE INDEX users_email ON users (tenant_id, lower(email COLLATE "C")) WHERE email IS NOT NULL;
CREATE INDEX users_id ON users (id);

-- A deleted client stays as a tombstone, to say how its sessions ended.
CREATE TABLE clients (
    id                      uuid    PRIMARY KEY,
    name                    text    NOT NULL,
    scopes                  text    NOT NULL,
    tenant_id               uuid    REFERENCES tenants (id),
    refresh_requires_secret boolean NOT NULL,
    secret                  bytea   CHECK (length(secret) = 32),
    old_secret              bytea   CHECK (length(old_secret) = 32),
    old_secret_until        bigint,
    created_at              bigint  NOT NULL,
    last_used_at            bigint,
    deleted_at              bigint,
    deleted_by              text,
    CHECK ((deleted_at IS NULL) = (secret IS NOT NULL)),
    CHECK ((deleted_at IS NULL) = (deleted_by IS NULL))
);
CREATE INDEX clients_age ON clients (created_at, id);
CREATE INDEX clients_tenant ON clients (tenant_id, created_at, id) WHERE tenant_id IS NOT NULL;

CREATE TABLE sessions (
    id              uuid   PRIMARY KEY,
    tenant_id       uuid   NOT NULL,
    user_id         uuid   NOT NULL,
    number          bigint NOT NULL,
    client_id       uuid   REFERENCES clients (id),
    -- The floors that it began under, or was lifted to.
    user_floor      bigint NOT NULL,
    tenant_floor    bigint NOT NULL,
    -- JSON: an array of texts, an object.
    audience        text   NOT NULL,
    claims          text   NOT NULL,
    device_name     text,
    user_agent      text,
    ip              text,
    created_at      bigint NOT NULL,
    last_used_at    bigint NOT NULL,
    idle_expires_at bigint NOT NULL,
    expires_at      bigint NOT NULL,
    generation      bigint NOT NULL,
    -- The current refresh token.
    refresh_hash    bytea  NOT NULL CHECK (length(refresh_hash) = 32),
    refresh_salt    bytea  NOT NULL CHECK (length(refresh_salt) = 32),
    refresh_jti     uuid   NOT NULL,
    refresh_mac_kid text   NOT NULL,
    rotated_at      bigint NOT NULL,
    -- The one that it came from.
    parent_hash     bytea  CHECK (length(parent_hash) = 32),
    parent_jti      uuid,
    -- Tokens rotated away, newest first, at most 16: each 32 bytes of hash and 8 of time (big-endian).
    recent          bytea  NOT NULL DEFAULT '' CHECK (length(recent) % 40 = 0 AND length(recent) <= 640),
    late_generation bigint NOT NULL DEFAULT 0,
    late_run        bigint NOT NULL DEFAULT 0,
    access_jti      uuid   NOT NULL,
    revoked_at      bigint,
    revoked_reason  text,
    revoked_by      text,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX sessions_user ON sessions (tenant_id, user_id, number);
CREATE INDEX sessions_client ON sessions (client_id) WHERE client_id IS NOT NULL;
CREATE INDEX sessions_access_jti ON sessions (access_jti);
CREATE INDEX sessions_refresh_jti ON sessions (refresh_jti);
CREATE INDEX sessions_parent_jti ON sessions (parent_jti) WHERE parent_jti IS NOT NULL;
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

-- Why floors were raised: how a session that fell below one was ended. `user_id` NULL: the tenant's floor.
CREATE TABLE floor_raises (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    tenant_id uuid   NOT NULL,
    user_id   uuid,
    floor     bigint NOT NULL,
    at        bigint NOT NULL,
    reason    text,
    raised_by text   NOT NULL
);
CREATE INDEX floor_raises_scope ON floor_raises (tenant_id, user_id, floor);
CREATE INDEX floor_raises_age ON floor_raises (at);

CREATE TABLE keys (
    row         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kid         text   NOT NULL CONSTRAINT keys_kid UNIQUE,
    usage       text   NOT NULL,
    alg         text   NOT NULL,
    state       text   NOT NULL,
    -- The private part, sealed by the master key.
    sealed      bytea  NOT NULL,
    created_at  bigint NOT NULL,
    active_from bigint,
    retired_at  bigint,
    revoked_at  bigint
);
CREATE UNIQUE INDEX keys_active ON keys (usage) WHERE state = 'active';

-- Nothing here is ever removed.
CREATE TABLE audit (
    row         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id          uuid   NOT NULL,
    at          bigint NOT NULL,
    action      text   NOT NULL,
    actor       text   NOT NULL,
    -- The id within `actor`, where it has one.
    actor_id    text,
    target_kind text   NOT NULL,
    target_id   text,
    tenant_id   uuid,
    -- The user whom it concerns.
    user_id     uuid,
    reason      text,
    ip          text,
    request_id  text
);
CREATE INDEX audit_tenant ON audit (tenant_id, row) WHERE tenant_id IS NOT NULL;
CREATE INDEX audit_user ON audit (user_id, row) WHERE user_id IS NOT NULL;
CREATE INDEX audit_actor ON audit (actor_id, row) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_target ON audit (target_id, row) WHERE target_id IS NOT NULL;
