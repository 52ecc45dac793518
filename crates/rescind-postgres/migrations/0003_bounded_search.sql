-- What is searched by that would else be found by a walk alone.

CREATE INDEX audit_action ON audit (action, row);
-- Of any tenant.
CREATE INDEX users_address ON users (lower(email COLLATE "C")) WHERE email IS NOT NULL;
