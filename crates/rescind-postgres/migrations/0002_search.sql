-- What people search by.

-- What a request did is found by its id.
CREATE INDEX audit_request ON audit (request_id, row) WHERE request_id IS NOT NULL;
CREATE INDEX ledger_actor ON ledger (revoked_by, seq);
-- Most entries are tokens', and are cut the fastest: they are not in it.
CREATE INDEX ledger_kind ON ledger (kind, seq) WHERE kind <> 'token';
