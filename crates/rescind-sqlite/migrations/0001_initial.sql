-- Ids are the 16 bytes of a UUID; points in time are milliseconds since the Unix epoch, in UTC.

-- One row: what outlives every purge.
CREATE TABLE head (
    id           INTEGER PRIMARY KEY CHECK (id = 1),
    -- The highest `seq` ever given out, and the tag of the batch that wrote it.
    seq          INTEGER NOT NULL DEFAULT 0,
    tag          BLOB    NOT NULL DEFAULT (zeroblob(16)) CHECK (length(tag) = 16),
    -- The highest `seq` that was ever purged.
    purged_seq   INTEGER NOT NULL DEFAULT 0,
    keys_version INTEGER NOT NULL DEFAULT 0,
    -- The highest `exp` of any access token ever minted.
    horizon      INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO head (id) VALUES (1);

-- Each committed batch that wrote ledger entries.
CREATE TABLE batches (
    last_seq INTEGER PRIMARY KEY,
    tag      BLOB    NOT NULL CHECK (length(tag) = 16),
    at       INTEGER NOT NULL
) STRICT;
CREATE INDEX batches_age ON batches (at);

CREATE TABLE ledger (
    seq          INTEGER PRIMARY KEY,
    kind         TEXT    NOT NULL,
    -- A BLOB for a UUID or a digest, TEXT for a kid or for a jti that is no UUID.
    key          ANY     NOT NULL,
    -- The tenant whose tokens the mark kills; NULL: everybody's.
    tenant_id    BLOB,
    -- The same, but for a tenant's mark that tenant itself: what a tenant's entries are listed by.
    about_tenant BLOB,
    user_id      BLOB,
    min_version  INTEGER,
    expires_at   INTEGER NOT NULL,
    revoked_at   INTEGER NOT NULL,
    reason       TEXT,
    revoked_by   TEXT    NOT NULL
) STRICT;
CREATE INDEX ledger_identity ON ledger (key, kind, tenant_id);
CREATE INDEX ledger_expiry ON ledger (expires_at);
CREATE INDEX ledger_tenant ON ledger (about_tenant) WHERE about_tenant IS NOT NULL;
CREATE INDEX ledger_user ON ledger (user_id) WHERE user_id IS NOT NULL;

CREATE TABLE tenants (
    id            BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    slug          TEXT    NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    suspended     INTEGER NOT NULL DEFAULT 0,
    token_version INTEGER NOT NULL,
    session_floor INTEGER NOT NULL,
    created_at    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX tenants_age ON tenants (created_at);

-- A deleted user stays as a tombstone, so that its id never comes back with a lower version.
CREATE TABLE users (
    tenant_id       BLOB    NOT NULL REFERENCES tenants (id),
    id              BLOB    NOT NULL CHECK (length(id) = 16),
    email           TEXT    COLLATE NOCASE,
    role            TEXT,
    password        TEXT,
    disabled        INTEGER NOT NULL DEFAULT 0,
    token_version   INTEGER NOT NULL,
    session_floor   INTEGER NOT NULL,
    -- How many sessions were ever opened: the number of the last one.
    sessions_opened INTEGER NOT NULL DEFAULT 0,
    created_at      INTEGER NOT NULL,
    deleted_at      INTEGER,
    PRIMARY KEY (tenant_id, id),
    CHECK ((deleted_at IS NULL) = (email IS NOT NULL)),
    CHECK ((deleted_at IS NULL) = (role IS NOT NULL)),
    CHECK (deleted_at IS NULL OR password IS NULL)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_email ON users (tenant_id, email) WHERE email IS NOT NULL;
CREATE INDEX users_id ON users (id);

-- A deleted client stays as a tombstone, to say how its sessions ended.
CREATE TABLE clients (
    id                      BLOB    NOT NULL PRIMARY KEY CHECK (length(id) = 16),
    name                    TEXT    NOT NULL,
    scopes                  TEXT    NOT NULL,
    tenant_id               BLOB    REFERENCES tenants (id),
    refresh_requires_secret INTEGER NOT NULL,
    secret                  BLOB    CHECK (length(secret) = 32),
    old_secret              BLOB    CHECK (length(old_secret) = 32),
    old_secret_until        INTEGER,
    created_at              INTEGER NOT NULL,
    last_used_at            INTEGER,
    deleted_at              INTEGER,
    deleted_by              TEXT,
    CHECK ((deleted_at IS NULL) = (secret IS NOT NULL)),
    CHECK ((deleted_at IS NULL) = (deleted_by IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX clients_age ON clients (created_at);
CREATE INDEX clients_tenant ON clients (tenant_id, created_at) WHERE tenant_id IS NOT NULL;

CREATE TABLE sessions (
    row             INTEGER PRIMARY KEY,
    id              BLOB    NOT NULL UNIQUE CHECK (length(id) = 16),
    tenant_id       BLOB    NOT NULL,
    user_id         BLOB    NOT NULL,
    number          INTEGER NOT NULL,
    client_id       BLOB    REFERENCES clients (id),
    -- The floors that it began under, or was lifted to.
    user_floor      INTEGER NOT NULL,
    tenant_floor    INTEGER NOT NULL,
    -- JSON: an array of texts, an object.
    audience        TEXT    NOT NULL,
    claims          TEXT    NOT NULL,
    device_name     TEXT,
    user_agent      TEXT,
    ip              TEXT,
    created_at      INTEGER NOT NULL,
    last_used_at    INTEGER NOT NULL,
    idle_expires_at INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    generation      INTEGER NOT NULL,
    -- The current refresh token.
    refresh_hash    BLOB    NOT NULL CHECK (length(refresh_hash) = 32),
    refresh_salt    BLOB    NOT NULL CHECK (length(refresh_salt) = 32),
    refresh_jti     BLOB    NOT NULL CHECK (length(refresh_jti) = 16),
    refresh_mac_kid TEXT    NOT NULL,
    rotated_at      INTEGER NOT NULL,
    -- The one that it came from.
    parent_hash     BLOB    CHECK (length(parent_hash) = 32),
    parent_jti      BLOB    CHECK (length(parent_jti) = 16),
    -- Tokens rotated away, newest first, at most 16: each 32 bytes of hash and 8 of time (big-endian).
    recent          BLOB    NOT NULL DEFAULT x'' CHECK (length(recent) % 40 = 0 AND length(recent) <= 640),
    late_generation INTEGER NOT NULL DEFAULT 0,
    late_run        INTEGER NOT NULL DEFAULT 0,
    access_jti      BLOB    NOT NULL CHECK (length(access_jti) = 16),
    revoked_at      INTEGER,
    revoked_reason  TEXT,
    revoked_by      TEXT,
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    CHECK ((revoked_at IS NULL) = (revoked_by IS NULL))
) STRICT;
CREATE UNIQUE INDEX sessions_user ON sessions (tenant_id, user_id, number);
CREATE INDEX sessions_client ON sessions (client_id) WHERE client_id IS NOT NULL;
CREATE INDEX sessions_access_jti ON sessions (access_jti);
CREATE INDEX sessions_refresh_jti ON sessions (refresh_jti);
CREATE INDEX sessions_parent_jti ON sessions (parent_jti) WHERE parent_jti IS NOT NULL;
CREATE INDEX sessions_expiry ON sessions (expires_at);
CREATE INDEX sessions_revoked ON sessions (revoked_at) WHERE revoked_at IS NOT NULL;

-- Why floors were raised: how a session that fell below one was ended. `user_id` NULL: the tenant's floor.
CREATE TABLE floor_raises (
    id        INTEGER PRIMARY KEY,
    tenant_id BLOB    NOT NULL,
    user_id   BLOB,
    floor     INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    reason    TEXT,
    raised_by TEXT    NOT NULL
) STRICT;
CREATE INDEX floor_raises_scope ON floor_raises (tenant_id, user_id, floor);
CREATE INDEX floor_raises_age ON floor_raises (at);

CREATE TABLE keys (
    row         INTEGER PRIMARY KEY,
    kid         TEXT    NOT NULL UNIQUE,
    usage       TEXT    NOT NULL,
    alg         TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    -- The private part, sealed by the master key.
    sealed      BLOB    NOT NULL,
    created_at  INTEGER NOT NULL,
    active_from INTEGER,
    retired_at  INTEGER,
    revoked_at  INTEGER
) STRICT;
CREATE UNIQUE INDEX keys_active ON keys (usage) WHERE state = 'active';

-- In order of commits; nothing here is ever removed.
CREATE TABLE audit (
    row         INTEGER PRIMARY KEY,
    id          BLOB    NOT NULL CHECK (length(id) = 16),
    at          INTEGER NOT NULL,
    action      TEXT    NOT NULL,
    actor       TEXT    NOT NULL,
    -- The id within `actor`, where it has one.
    actor_id    TEXT,
    target_kind TEXT    NOT NULL,
    target_id   TEXT,
    tenant_id   BLOB,
    -- The user whom it concerns.
    user_id     BLOB,
    reason      TEXT,
    ip          TEXT,
    request_id  TEXT
) STRICT;
CREATE INDEX audit_tenant ON audit (tenant_id) WHERE tenant_id IS NOT NULL;
CREATE INDEX audit_user ON audit (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_actor ON audit (actor_id) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_target ON audit (target_id) WHERE target_id IS NOT NULL;
