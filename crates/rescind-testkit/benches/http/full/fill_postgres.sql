-- What fill_sqlite.sql makes, in PostgreSQL's words.
CREATE TEMP TABLE clock AS
    SELECT (extract(epoch FROM now()) * 1000)::bigint AS now,
           (SELECT password FROM users LIMIT 1) AS password,
           (SELECT seq FROM head) AS seq;
CREATE FUNCTION pg_temp.id(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT lpad(to_hex(n), 32, '0')::uuid $$;
CREATE FUNCTION pg_temp.tenant(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT pg_temp.id(1000000 + CASE WHEN n % 2 = 1 THEN 1 ELSE n % 100 + 1 END) $$;
CREATE FUNCTION pg_temp.noise(length int) RETURNS bytea LANGUAGE sql AS
    $$ SELECT substr(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), 1, length) $$;

INSERT INTO tenants (id, slug, name, token_version, session_floor, created_at)
SELECT pg_temp.id(1000000 + n), 'tenant-' || n, 'Tenant ' || n, now - 10000000, now - 10000000, now - 10000000 + n
  FROM generate_series(1, 100) AS n, clock;

INSERT INTO users (tenant_id, id, email, role, password, token_version, session_floor, sessions_opened, created_at)
SELECT pg_temp.tenant(n), pg_temp.id(2000000 + n), 'person' || n || '@example.com',
       CASE WHEN n = 1 THEN 'admin' ELSE 'member' END, CASE WHEN n <= 3 THEN password END,
       now - 10000000, now - 10000000, 10, now - 10000000 + n
  FROM generate_series(1, {USERS}) AS n, clock;

INSERT INTO sessions (id, tenant_id, user_id, number, user_floor, tenant_floor, audience, claims, user_agent, ip, created_at,
                      last_used_at, idle_expires_at, expires_at, generation, refresh_hash, refresh_salt, refresh_jti,
                      refresh_mac_kid, rotated_at, access_jti)
SELECT gen_random_uuid(), tenant_id, id, n, now - 9000000, now - 9000000, '["rescind"]', '{}',
       'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0', '192.0.2.1', now - 8000000,
       now - 7000000, now + 800000000, now + 900000000, 1, pg_temp.noise(32), pg_temp.noise(32), gen_random_uuid(),
       'none', now - 8000000, gen_random_uuid()
  FROM users, generate_series(1, 10) AS n, clock WHERE email LIKE 'person%';

INSERT INTO ledger (seq, kind, key, spelled, about_tenant, tenant_id, user_id, expires_at, revoked_at, reason, revoked_by)
SELECT seq + n, CASE WHEN n % 1000 = 0 THEN 'session' ELSE 'token' END, pg_temp.noise(16), false,
       pg_temp.tenant(n % {USERS} + 1), pg_temp.tenant(n % {USERS} + 1), pg_temp.id(2000000 + n % {USERS} + 1), now + 80000000 + n,
       now - 10000000 + n, 'signed out',
       CASE WHEN n % 100000 = 0 THEN 'user:00000000-0000-0000-0000-0000001e8481'
            ELSE 'client:00000000-0000-0000-0000-0000004c4b40' END
  FROM generate_series(1, {USERS} * 10) AS n, clock;
INSERT INTO batches (last_seq, tag, at) SELECT (SELECT max(seq) FROM ledger), pg_temp.noise(16), now FROM clock;
UPDATE head SET seq = (SELECT max(seq) FROM ledger), tag = (SELECT tag FROM batches ORDER BY last_seq DESC LIMIT 1);

INSERT INTO audit (id, at, action, actor, actor_id, target_kind, target_id, tenant_id, user_id, ip, request_id)
SELECT gen_random_uuid(), now - 10000000 + n / 2, CASE WHEN n % 2 = 1 THEN 'session.created' ELSE 'token.revoked' END,
       'client:00000000-0000-0000-0000-0000004c4b40', '00000000-0000-0000-0000-0000004c4b40', 'user',
       pg_temp.id(2000000 + n % {USERS} + 1)::text, pg_temp.tenant(n % {USERS} + 1), pg_temp.id(2000000 + n % {USERS} + 1),
       '192.0.2.1', 'request-' || to_hex(n)
  FROM generate_series(1, {USERS} * 20) AS n, clock;
DROP TABLE clock;
ANALYZE
