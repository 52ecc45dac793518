-- What is searched by that would else be found by a walk alone.

CREATE INDEX audit_action ON audit (action);
-- Of any tenant.
CREATE INDEX users_address ON users (email) WHERE email IS NOT NULL;
