-- Words that passed an album while it was on its way: if it is looked for, they are not taken for its photos.
ALTER TABLE outbox ADD COLUMN passed BIGINT[]; -- their message ids; NULL = none
