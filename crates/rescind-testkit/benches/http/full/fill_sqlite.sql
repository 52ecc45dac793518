-- A store of a year's use, for a file: {USERS} users with ten sessions each, as many ledger entries as sessions, an audit entry for each of
-- both. Half of the users belong to one tenant of a hundred. Numbers make the ids, so that a page can be asked for by them.
CREATE TEMP TABLE clock AS
    SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) AS now,
           (SELECT password FROM users LIMIT 1) AS password,
           (SELECT seq FROM head) AS seq;

WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100)
INSERT INTO tenants (id, slug, name, token_version, session_floor, created_at)
SELECT unhex(printf('%032x', 1000000 + n)), 'tenant-' || n, 'Tenant ' || n, now - 10000000, now - 10000000, now - 10000000 + n
  FROM n, clock;

WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {USERS})
INSERT INTO users (tenant_id, id, email, role, password, token_version, session_floor, sessions_opened, created_at)
SELECT unhex(printf('%032x', 1000000 + iif(n % 2, 1, n % 100 + 1))), unhex(printf('%032x', 2000000 + n)),
       'person' || n || '@example.com', iif(n = 1, 'admin', 'member'), iif(n <= 3, password, NULL),
       now - 10000000, now - 10000000, 10, now - 10000000 + n
  FROM n, clock;

WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 10)
INSERT INTO sessions (id, tenant_id, user_id, number, user_floor, tenant_floor, audience, claims, user_agent, ip, created_at,
                      last_used_at, idle_expires_at, expires_at, generation, refresh_hash, refresh_salt, refresh_jti,
                      refresh_mac_kid, rotated_at, access_jti)
SELECT randomblob(16), tenant_id, id, n, now - 9000000, now - 9000000, '["rescind"]', '{}',
       'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0', '192.0.2.1', now - 8000000,
       now - 7000000, now + 800000000, now + 900000000, 1, randomblob(32), randomblob(32), randomblob(16),
       'none', now - 8000000, randomblob(16)
  FROM users, n, clock WHERE email LIKE 'person%';

-- One of a thousand is no token's; one of 100,000 was written by a person.
WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {USERS} * 10)
INSERT INTO ledger (seq, kind, key, about_tenant, tenant_id, user_id, expires_at, revoked_at, reason, revoked_by)
SELECT seq + n, iif(n % 1000, 'token', 'session'), randomblob(16),
       unhex(printf('%032x', 1000000 + iif((n % {USERS} + 1) % 2, 1, (n % {USERS} + 1) % 100 + 1))), unhex(printf('%032x', 1000000 + iif((n % {USERS} + 1) % 2, 1, (n % {USERS} + 1) % 100 + 1))),
       unhex(printf('%032x', 2000000 + n % {USERS} + 1)), now + 80000000 + n, now - 10000000 + n, 'signed out',
       iif(n % 100000, 'client:00000000-0000-0000-0000-0000004c4b40', 'user:00000000-0000-0000-0000-0000001e8481')
  FROM n, clock;
INSERT INTO batches (last_seq, tag, at) SELECT (SELECT max(seq) FROM ledger), randomblob(16), now FROM clock;
UPDATE head SET seq = (SELECT max(seq) FROM ledger), tag = (SELECT tag FROM batches ORDER BY last_seq DESC LIMIT 1);

WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {USERS} * 20)
INSERT INTO audit (id, at, action, actor, actor_id, target_kind, target_id, tenant_id, user_id, ip, request_id)
SELECT randomblob(16), now - 10000000 + n / 2, iif(n % 2, 'session.created', 'token.revoked'),
       'client:00000000-0000-0000-0000-0000004c4b40', '00000000-0000-0000-0000-0000004c4b40', 'user',
       printf('00000000-0000-0000-0000-%012x', 2000000 + n % {USERS} + 1),
       unhex(printf('%032x', 1000000 + iif((n % {USERS} + 1) % 2, 1, (n % {USERS} + 1) % 100 + 1))), unhex(printf('%032x', 2000000 + n % {USERS} + 1)),
       '192.0.2.1', printf('request-%x', n)
  FROM n, clock;
DROP TABLE clock;
